"""Charts that operators see in Dagster beside the forecast: history with fan per stack, errors and coverage by horizon,
as SVG files in the home.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.steps.work import Work, log

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

# A chart is some 30 KiB inside every materialisation event: the widest-based series suffice for the eye.
CHARTS = 8


def draw_charts(work: Work, connection: duckdb.DuckDBPyConnection) -> int:
    """Draw the stack-level series with the most members; returns how many. Earlier charts are removed first."""
    from assets.delivery.charts import chart_svg, history_with_fan
    from assets.delivery.wording import unit_name

    folder = work.home.charts
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    series = connection.execute(
        "SELECT series_id, any_value(series_name), any_value(unit) FROM occupancy_history"
        " WHERE level IN ('stack', 'total') AND occupancy IS NOT NULL GROUP BY series_id"
        " ORDER BY max(members) DESC, count(*) DESC, series_id LIMIT ?",
        [CHARTS],
    ).fetchall()
    for series_id, name, unit in series:
        own = connection.execute(
            "SELECT * FROM occupancy_history WHERE level IN ('stack', 'total') AND series_id = ? ORDER BY quarter_end",
            [series_id],
        ).df()
        every = connection.execute(
            "SELECT * FROM occupancy_forecast WHERE level IN ('stack', 'total') AND series_id = ? AND scenario = 'base'"
            " ORDER BY vintage, quarter_end",
            [series_id],
        ).df()
        newest = every["vintage"].max() if len(every) else None
        ahead, past = every[every["vintage"] == newest], every[every["vintage"] != newest]
        picture = history_with_fan(own, ahead, f"{name} ({unit_name(unit)})", past=past)
        (folder / f"{series_id.replace('/', ' ')}.svg").write_text(chart_svg(picture), encoding="utf-8")
    log.info("Drew %d charts", len(series))
    return len(series)


def draw_leases(work: Work, connection: duckdb.DuckDBPyConnection) -> int:
    """Draw the standard pictures of every simulated portfolio; returns how many. Earlier ones are removed first."""
    from assets.delivery.charts import chart_svg
    from assets.delivery.lease_charts import PICTURED_TABLES, lease_pictures

    folder = work.home.lease_charts
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    drawn = 0
    for (portfolio,) in connection.execute("SELECT portfolio FROM portfolios ORDER BY portfolio").fetchall():
        tables = {name: _of_portfolio(connection, name, portfolio) for name in PICTURED_TABLES}
        for title, picture in lease_pictures(tables).items():
            name = f"{portfolio} {title}".replace("/", " ")
            (folder / f"{name}.svg").write_text(chart_svg(picture), encoding="utf-8")
            drawn += 1
    return drawn


def _of_portfolio(connection: duckdb.DuckDBPyConnection, table: str, portfolio: str) -> pd.DataFrame:
    """Rows of a table or view that belong to one portfolio, by its column or by its series."""
    columns = {
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND schema_name = 'main'"
            " AND database_name = current_database()",
            [table],
        ).fetchall()
    }
    where = ""
    if "portfolio" in columns:
        where = " WHERE portfolio = ?"
    elif "series_id" in columns:
        where = " WHERE split_part(series_id, '/', 1) = ?"
    return connection.execute(f'SELECT * FROM main."{table}"{where} ORDER BY ALL', [portfolio] if where else []).df()


def draw_accuracy(work: Work, connection: duckdb.DuckDBPyConnection) -> int:
    """Draw errors and coverage by horizon, two charts a level; returns how many. Earlier ones are removed first."""
    from assets.delivery.charts import accuracy_by_horizon, chart_svg, coverage_by_horizon

    folder = work.home.accuracy_charts
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    table = connection.execute("SELECT * FROM backtest_accuracy WHERE mae_pp IS NOT NULL ORDER BY ALL").df()
    drawn = 0
    for level, own in table.groupby("level", sort=True):
        published = own[own["model"] == "chosen"]
        pictures = {f"{level} error": accuracy_by_horizon(own, f"Error by horizon, level {level}")}
        if len(published):
            title = f"Outcomes inside the published bands, level {level}"
            pictures[f"{level} coverage"] = coverage_by_horizon(published, title)
        for name, picture in pictures.items():
            (folder / f"{name}.svg").write_text(chart_svg(picture), encoding="utf-8")
            drawn += 1
    return drawn
