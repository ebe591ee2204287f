"""`colocast forecast`: any quarterly panel in, quantiles out. Checks the file; the models are in forecasts/."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.commands.console import OK, USAGE, RefusedError, err

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("unique_id", "ds", "y")


def read_panel(path: Path) -> pd.DataFrame:
    """The panel from a Parquet file, columns unique_id (text), ds (date), y (number), optional cap (number).

    Raises RefusedError with the file, what was found, what is expected and the remedy.
    """
    import pandas as pd

    if not path.is_file():
        raise RefusedError(f"{path}: no such file. Give a Parquet file with the columns {', '.join(NEEDED)}.", USAGE)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:
        raise RefusedError(f"{path}: not readable as Parquet ({error}).", USAGE) from error
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise RefusedError(
            f"{path}: the columns {', '.join(missing)} are missing; found {', '.join(map(str, frame.columns))}. "
            f"Expected {', '.join(NEEDED)} and, where known, cap. Rename the columns.",
            USAGE,
        )
    if frame.empty:
        raise RefusedError(f"{path}: the panel has no rows; expected at least one series.", USAGE)
    if pd.api.types.infer_dtype(frame["unique_id"], skipna=True) == "mixed":
        ids = enumerate(frame["unique_id"])
        place = next((at for at, value in ids if value is not None and not isinstance(value, str)), 0)
        raise RefusedError(
            f"{path}, row {place + 1}: unique_id is {str(frame['unique_id'].iloc[place])[:60]!r}; expected the name of "
            "a series as text.",
            USAGE,
        )
    for name in [name for name in ("y", "cap") if name in frame.columns]:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        wrong = frame[name].notna() & numbers.isna()
        if wrong.any():
            place = int(wrong.to_numpy().argmax())
            raise RefusedError(
                f"{path}, row {place + 1}: {name} is {frame[name].iloc[place]!r}; expected a number or nothing.", USAGE
            )
        frame[name] = numbers.astype(float)
    dates = pd.to_datetime(frame["ds"], errors="coerce")
    if dates.isna().any():
        place = int(dates.isna().to_numpy().argmax())
        raise RefusedError(
            f"{path}, row {place + 1}: ds is {frame['ds'].iloc[place]!r}; expected a date (a quarter end).", USAGE
        )
    frame["ds"] = dates
    return frame


def forecast_panel(
    panel: Path, horizon: int, out: Path, model: str, jobs: int, seed: int, why: Path | None = None
) -> int:
    """Forecast and write; returns the exit code. Each output replaces an earlier file by rename.

    why: where to write the members' weights and reasons of each series.
    """
    frame = read_panel(panel)
    for option, path in (("--out", out), ("--why", why)):
        if path is not None and path.is_dir():
            raise RefusedError(f"{option} {path} is a folder; expected the name of a Parquet file to write.", USAGE)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from forecasts.engine import explained
    from pipelines.fan_out import fan_out
    from pipelines.settings import Settings

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with (
        fan_out(Settings().dask) as spread,
        Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bars,
    ):
        task = bars.add_task("Forecasting", total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        try:
            result = explained(frame, horizon, model=model, seed=seed, jobs=jobs, progress=show, fan_out=spread)
        except ValueError as error:
            raise RefusedError(f"{panel}: {error}", USAGE) from error
    result.forecast.attrs["evidence"] = result.evidence
    _write(result.forecast, out)
    if why is not None:
        _write(result.choice, why)
    err.print(f"{result.forecast['unique_id'].nunique()} series, {horizon} quarters ahead: {out}")
    err.print(str(result.evidence["reason"]))
    return OK


def _write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        frame.to_parquet(unfinished, index=False)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
