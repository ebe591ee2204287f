"""The newest vintage, which is made again whenever something new is known, until the next quarter has ended.

Belongs here: the order of the steps, and the comparison of models that goes with the newest vintage. How a vintage is
made is in build.py; past ones are in vintages.py.
"""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from assets.outlook.bridge import bridge, state_before, write_bridge
from assets.outlook.build import (
    RUN,
    Made,
    check_vintage,
    make,
    read_known,
    rows_of,
    summary_of,
    write_accuracy,
    write_vintage,
)
from assets.outlook.drawing import HORIZON
from assets.outlook.models import accuracy_table
from assets.outlook.past import Past, Progress
from assets.outlook.reading import known_for
from assets.outlook.vintages import previous
from assets.warehouse.history import build_history
from forecasts.parallel import FanOut


def build_outlook(
    connection: duckdb.DuckDBPyConnection,
    vintage: date,
    as_of: date,
    seed: int,
    code_version: str = "",
    progress: Progress | None = None,
    rewrite: bool = False,
    past: Past | None = None,
) -> dict[str, Any]:
    """Forecast every series with at least MIN_POINTS figures, and the sums, HORIZON quarters ahead; write the tables.

    vintage: quarter end on or before as_of, the history as known on as_of. Used are figures known by as_of, and at the
    latest by the end of the quarter after the vintage: a vintage knows nothing that came after its time. Horizons count
    from a series' last figure, those of a sum from the latest figure in its unit. Rows of the same vintage are
    replaced, other vintages stay. Once the next quarter has ended a vintage that is there is frozen: nothing is written
    unless `rewrite`. The bridge is written from the vintage before, and from what this vintage said before.
    code_version goes into `vintages`; past: answers shared with other vintages of this run, and who asks;
    progress(done, total) counts per cent of the backtest.

    Returns a summary: written (bool), reason, series, sums, rows, clipped and draws (draws held at 0, at what is in
    service or at 100 %), clipped_share, why_occupancy and why_capacity (what is published at which horizon, and why),
    correlation, shared_shocks, origins, reconciled_<unit>, bridged (rows), seconds. Raises
    ValueError where vintage is no quarter end or lies after as_of.
    """
    started = time.monotonic()
    check_vintage(vintage, as_of)
    present = rows_of(connection, vintage)
    closed = known_for(vintage, date.max)
    if present and as_of > closed and not rewrite:
        reason = f"vintage {vintage} is frozen since {closed}; it keeps its {present} rows"
        return {"written": False, "reason": reason, "rows": present}
    past = past or Past(HORIZON, seed)
    before = [state_before(connection, one, past) for one in (previous(vintage), vintage)]
    if any(before):
        build_history(connection, as_of)
    made = make(connection, read_known(connection, vintage, as_of, past.items), past, _half(progress, 0))
    accuracy = _accuracy(made, seed, past.fan_out, _half(progress, 1))
    write_vintage(connection, made, as_of, seed, code_version, RUN)
    write_accuracy(connection, accuracy)
    bridged = 0
    for state in before:
        if state is not None:
            rows = bridge(connection, state, made, past, code_version)
            write_bridge(connection, rows, state.vintage, vintage)
            bridged += len(rows)
    return {
        **summary_of(made),
        "bridged": bridged,
        "seconds": round(time.monotonic() - started, 2),
    }


def _half(progress: Progress | None, second: int) -> Progress | None:
    """Progress over one of two halves, in per cent of both."""
    return None if progress is None else lambda done, total: progress(50 * second + 50 * done // max(total, 1), 100)


def _accuracy(made: Made, seed: int, fan_out: FanOut, progress: Progress | None) -> pd.DataFrame:
    if made.learnt is None:
        return pd.DataFrame()
    used = made.known.used
    levels, units, owners = ([getattr(one, name) for one in used] for name in ("level", "unit", "operator"))
    return accuracy_table(made.learnt, levels, units, owners, seed, progress, fan_out)
