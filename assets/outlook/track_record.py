"""The track record: vintages against the outcomes that came, and others' forecasts beside them.

Belongs here: the order of scoring and the table forecast_accuracy. What counts as an outcome stands in
sql/forecast_scores.sql and sql/outside_forecasts.sql, the scores themselves in forecasts/scores.py.
"""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd

from assets.outlook.build import ACCURACY_COLUMNS
from assets.warehouse.database import insert, sql_text, transaction
from forecasts.backtest import BANDS, CHOSEN, SEASON, score_table
from forecasts.forecaster import NAIVE
from forecasts.panel import quarter_ordinals


def score_vintages(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    """Make forecast_scores, outside_forecasts and forecast_accuracy anew from vintages and what is known on as_of.

    occupancy_history has to be as known on as_of. Returns forecast_accuracy: ACCURACY_COLUMNS, errors in percentage
    points, coverage 0 to 1, None where a model has no band or no scale.
    """
    connection.execute("SET VARIABLE as_of = ?::DATE", [as_of])
    connection.execute(sql_text("macros"))
    with transaction(connection):
        connection.execute(sql_text("forecast_scores"))
        connection.execute(sql_text("outside_forecasts"))
        scores = connection.execute("SELECT * FROM forecast_scores ORDER BY ALL").df()
        history = connection.execute(
            "SELECT level, series_id, quarter_end, occupancy FROM occupancy_history WHERE occupancy IS NOT NULL"
            " ORDER BY ALL"
        ).df()
        table = accuracy_of(scores, history)
        connection.execute("DELETE FROM forecast_accuracy")
        insert(connection, "forecast_accuracy", table)
    return table


def accuracy_of(scores: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Rows of forecast_accuracy from rows of forecast_scores and of occupancy_history (level, series_id, quarter_end,
    occupancy), which gives the scale of MASE and sWIS: the mean absolute change on the year before, up to the quarter
    the forecast starts from.
    """
    if not len(scores):
        return pd.DataFrame(columns=list(ACCURACY_COLUMNS))
    common = pd.DataFrame(
        {
            "level": scores["level"], "period": scores["vintage"], "horizon": scores["horizon"],
            "outcome": scores["occupancy"], "scale": _scales(scores, history),
        }
    )  # fmt: skip
    bands = scores[["occupancy_p025", "occupancy_p10", "occupancy_p90", "occupancy_p975"]].astype(float)
    chosen = common.assign(
        model=CHOSEN, median=scores["occupancy_p50"], **dict(zip(BANDS, bands.to_numpy().T, strict=True))
    )
    naive = common.assign(model=NAIVE, median=scores["last_value"], **dict.fromkeys(BANDS, np.nan))
    # Skill compares like with like: a series without a last value is in neither row.
    both = chosen["median"].notna() & naive["median"].notna()
    table = score_table(pd.concat([chosen[both], naive[both]], ignore_index=True))
    return table[list(ACCURACY_COLUMNS)].replace({np.nan: None})


def _scales(scores: pd.DataFrame, history: pd.DataFrame) -> np.ndarray:
    """Mean absolute change of occupancy on the year before, up to the origin of each score; 0 where none is known."""
    if not len(scores):
        return np.empty(0)
    of_series: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    for (level, name), own in history.groupby(["level", "series_id"]):
        quarter = quarter_ordinals(own["quarter_end"].reset_index(drop=True))
        values = dict(zip(quarter.tolist(), own["occupancy"].to_numpy(dtype=float).tolist(), strict=True))
        ends = np.array([at for at in values if at - SEASON in values], dtype=int)
        of_series[str(level), str(name)] = (
            ends,
            np.array([abs(values[at] - values[at - SEASON]) for at in ends.tolist()]),
        )
    origins = quarter_ordinals(scores["quarter_end"]) - scores["horizon"].to_numpy(dtype=int)
    answer = np.zeros(len(scores))
    for row, (level, name, origin) in enumerate(zip(scores["level"], scores["series_id"], origins, strict=True)):
        ends, changes = of_series.get((level, name), (np.empty(0, dtype=int), np.empty(0)))
        seen = changes[ends <= origin]
        answer[row] = float(seen.mean()) if len(seen) else 0.0
    return answer
