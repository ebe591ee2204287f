"""Ours beside its peers on public quarterly panels, scores and cost of one run: `python -m bench.forecasting`.

One table: `forecasts.forecast` (what `colocast forecast` answers), each of our members alone, and statsforecast's
models fitted in the same run on the same cores; a second one holds ours against its targets. Scores are those of
score.py, run as it is. Cost is processor time of this process and its children, one job, without the time in which
numba compiles: every model has answered a few series before. Panels and scorer stand beside the repository
(../shared/bench): they are public competition data and not bundled. Where they are absent this says so.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from forecasts import forecast
from forecasts.engine import AUTO, LEVELS
from forecasts.forecaster import learn
from forecasts.members import MEMBERS
from forecasts.panel import Panel, panel_from_frame, quarter_ends, quarter_ordinals
from forecasts.rolling import roll
from forecasts.widths import TRAITS, TYPICAL

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench"
PANELS = "quarterly_public.parquet"
HORIZON = 8
SEASON = 4
WARM_UP_SERIES = 12
# A fit takes microseconds a series: the quickest of several is free of what else the machine did.
FIT_TIMES = 3
BANDS = ("lo-80", "hi-80", "lo-95", "hi-95")
FIGURES = ("yhat", *BANDS)
SCORES = ("MASE", "sMAPE", "OWA", "sWIS", "cov80", "cov95")
FOUR = ("AutoETS", "AutoTheta", "AutoARIMA", "AutoCES")
SIMPLE = ("SeasonalNaive", "Naive")
OURS, MEAN_OF_FOUR, STOCK_PROPHET = "ours", "mean of the four", "stock Prophet, default"
# Closed ranges that ours has to reach with all series of a panel.
TARGETS: dict[str, dict[str, tuple[float, float]]] = {
    "m3_quarterly": {
        "MASE": (0, 1.07), "OWA": (0, 0.880), "sWIS": (0, 0.540), "cov80": (78, 82), "cov95": (93.5, 96.5),
    },
    "tourism_quarterly": {
        "MASE": (0, 1.48), "OWA": (0, 0.825), "sWIS": (0, 0.710), "cov80": (77, 83), "cov95": (93.5, 97),
    },
}  # fmt: skip
COST = "cost / four"
LARGEST_COST = 0.1
PROPHET_MS = 3.0

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """One panel. train: unique_id, ds, y; truth: unique_id, ds, y, part and panel; horizon: quarters to the last test
    quarter; names: of its series.
    """

    panel: str
    train: pd.DataFrame
    truth: pd.DataFrame
    horizon: int
    names: tuple[object, ...]

    def sample(self, series: int) -> pd.DataFrame:
        """The train part of a few series, evenly spread."""
        chosen = np.unique(np.linspace(0, len(self.names) - 1, series).astype(int))
        return self.train[self.train["unique_id"].isin([self.names[at] for at in chosen])]


@dataclass(frozen=True)
class Row:
    """A model's answer for a case (unique_id, ds, FIGURES; None where only cost was measured) and its cost in processor
    milliseconds a series; fit_ms: of the member's fit alone, without origins, calibration and its companions. lost:
    series that it left without an answer.
    """

    model: str
    answer: pd.DataFrame | None
    ms: float
    fit_ms: float | None = None
    lost: int = 0


# Each panel with its rows and what score.py says of each row (nothing of one without an answer).
Measured = list[tuple[Case, list[Row], list[dict[str, float]]]]


def processor_seconds() -> float:
    """Processor seconds of this process, all its threads, and its ended children: stock Prophet fits in a child."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def read_cases(path: Path, every: int) -> Iterator[Case]:
    """The panels of a file (panel, unique_id, ds, y, part), each with every n-th of its series."""
    for panel, part in pd.read_parquet(path).groupby("panel", sort=True):
        names = tuple(part["unique_id"].unique()[::every])
        truth = part[part["unique_id"].isin(names)]
        # Forecasts count from the last figure, and a row without one may come after it.
        known = truth.dropna(subset=["y"]).assign(quarter=lambda rows: quarter_ordinals(rows["ds"]))
        ends = known.groupby(["part", "unique_id"])["quarter"].max()
        horizon = int((ends["test"] - ends["train"]).max())
        train = truth.loc[truth["part"] == "train", ["unique_id", "ds", "y"]]
        yield Case(str(panel), train, truth, horizon, names)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the libraries' warnings, which tell nothing about a score."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def fit_seconds(panel: Panel, horizon: int, model: str) -> float:
    """Processor seconds of a member's fit with its own quantiles."""
    start = processor_seconds()
    MEMBERS[model].answer(panel, horizon, LEVELS)
    return processor_seconds() - start


def our_row(case: Case, model: str, jobs: int) -> Row:
    """`forecasts.forecast` with a model, and for a member the cost of its fit with its own quantiles."""
    start = processor_seconds()
    answer = forecast(case.train, case.horizon, model, jobs=jobs)
    spent = processor_seconds() - start
    fit_ms = None
    if model != AUTO:
        panel = panel_from_frame(case.train)
        fit_ms = 1e3 * min(fit_seconds(panel, case.horizon, model) for _ in range(FIT_TIMES)) / len(case.names)
    name = OURS if model == AUTO else f"our {model}"
    return Row(name, answer[["unique_id", "ds", *FIGURES]], 1e3 * spent / len(case.names), fit_ms)


def peer_answer(train: pd.DataFrame, horizon: int, name: str) -> pd.DataFrame:
    """What statsforecast's model says: unique_id, ds, FIGURES; NaN where it has no answer."""
    from statsforecast import StatsForecast, models

    season = {} if name == "Naive" else {"season_length": SEASON}
    model: Any = getattr(models, name)(alias=name, **season)
    # Quarters as whole numbers: free of calendars and of the names that pandas gives its frequencies.
    frame = train.dropna(subset=["y"]).assign(ds=lambda rows: quarter_ordinals(rows["ds"]))
    engine = StatsForecast([model], freq=1, n_jobs=1, fallback_model=models.SeasonalNaive(season_length=SEASON))
    said = engine.forecast(df=frame, h=horizon, level=[80, 95])
    said = said.rename(columns={name: "yhat", **{f"{name}-{band}": band for band in BANDS}})
    return said.assign(ds=quarter_ends(said["ds"].to_numpy()))[["unique_id", "ds", *FIGURES]]


def peer_row(case: Case, name: str) -> Row:
    """A statsforecast model; a series that it leaves unanswered takes the last value, and is counted."""
    start = processor_seconds()
    with quiet():
        answer = peer_answer(case.train, case.horizon, name)
    spent = processor_seconds() - start
    empty = answer[list(FIGURES)].isna().any(axis=1)
    lost = int(answer.loc[empty, "unique_id"].nunique())
    if lost:
        last = case.train.dropna(subset=["y"]).groupby("unique_id")["y"].last()
        stand_in = answer.loc[empty, "unique_id"].map(last).to_numpy(dtype=float)
        answer.loc[empty, list(FIGURES)] = np.repeat(stand_in[:, None], len(FIGURES), axis=1)
    return Row(name, answer, 1e3 * spent / len(case.names), lost=lost)


def mean_row(rows: list[Row]) -> Row:
    """Mean of the rows' point forecasts and of the ends of their intervals; its cost is theirs together."""
    answers = [row.answer.set_index(["unique_id", "ds"]) for row in rows if row.answer is not None]
    total = answers[0]
    for answer in answers[1:]:
        total = total + answer
    return Row(MEAN_OF_FOUR, (total / len(answers)).reset_index(), sum(row.ms for row in rows))


def prophet_row(case: Case, series: int) -> Row:
    """Cost of stock Prophet with its default set-up: fit and predict, on a sample. Not scored."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from prophet import Prophet

    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    logging.getLogger("cmdstanpy").disabled = True

    def fit(part: pd.DataFrame) -> None:
        ahead = quarter_ordinals(part["ds"])[-1] + np.arange(1, case.horizon + 1)
        Prophet().fit(part).predict(pd.DataFrame({"ds": quarter_ends(ahead)}))

    groups = [part.dropna() for _, part in case.sample(series).groupby("unique_id")]
    with quiet():
        # The start-up of its solver is left out, as compilation is elsewhere.
        fit(groups[0])
        start = processor_seconds()
        for part in groups:
            fit(part)
    spent = processor_seconds() - start
    return Row(f"{STOCK_PROPHET} ({len(groups)} series)", None, 1e3 * spent / len(groups))


def warm_up(case: Case, peers: Iterable[str], jobs: int) -> None:
    """Let every model answer a few series, so that numba has compiled what will be timed."""
    few = case.sample(WARM_UP_SERIES)
    panel = panel_from_frame(few)
    for model in (AUTO, *MEMBERS):
        forecast(few, case.horizon, model, jobs=jobs)
        if model != AUTO:
            MEMBERS[model].answer(panel, case.horizon, LEVELS)
    with quiet():
        for name in peers:
            peer_answer(few, case.horizon, name)


def measure(case: Case, peers: bool, prophet_series: int, jobs: int, tick: Tick) -> list[Row]:
    """All rows of a case. tick(what) is called as each is begun."""
    tick("warm-up")
    warm_up(case, (*FOUR, *SIMPLE) if peers else (), jobs)
    rows = []
    for model in (AUTO, *MEMBERS):
        tick(model)
        rows.append(our_row(case, model, jobs))
    if peers:
        four = []
        for name in FOUR:
            tick(name)
            four.append(peer_row(case, name))
        rows += [mean_row(four), *four]
        for name in SIMPLE:
            tick(name)
            rows.append(peer_row(case, name))
    if prophet_series:
        tick("stock Prophet")
        rows.append(prophet_row(case, prophet_series))
    return rows


def score(answer: pd.DataFrame, case: Case, scorer: Path) -> dict[str, float]:
    """What score.py says of an answer. Raises RuntimeError with its words where it refuses."""
    with tempfile.TemporaryDirectory() as place:
        said, known = Path(place) / "forecast.parquet", Path(place) / "truth.parquet"
        answer.to_parquet(said)
        case.truth.to_parquet(known)
        command = [sys.executable, str(scorer), str(said), "--panel", case.panel, "--truth", str(known), "--json"]
        found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode:
        raise RuntimeError(f"{scorer.name}: {found.stderr.strip()}")
    return dict(json.loads(found.stdout))


def by_horizon(answer: pd.DataFrame, case: Case) -> pd.DataFrame:
    """By quarters ahead (index 1..horizon): MASE, bias (forecast - outcome, scaled alike), coverages in per cent, and
    per cent of outcomes below and above the 80 % interval. Scales as in score.py; series that never move are left out.
    """
    history = case.train
    changes = history.groupby("unique_id", sort=False)["y"].agg(
        lambda y: y.diff(SEASON).iloc[SEASON:].abs().mean(skipna=False)
    )
    known = history.dropna(subset=["y"]).assign(quarter=lambda rows: quarter_ordinals(rows["ds"]))
    last = known.groupby("unique_id")["quarter"].max()
    test = case.truth.loc[case.truth["part"] == "test", ["unique_id", "ds", "y"]]
    test = test.assign(quarter=quarter_ordinals(test["ds"]))
    said = answer.assign(quarter=quarter_ordinals(answer["ds"])).drop(columns="ds")
    test = test.merge(said, on=["unique_id", "quarter"], how="left")
    scale = test["unique_id"].map(changes)
    test["step"] = test["quarter"] - test["unique_id"].map(last)
    test["MASE"] = (test["yhat"] - test["y"]).abs() / scale
    test["bias"] = (test["yhat"] - test["y"]) / scale
    for share in (80, 95):
        test[f"cov{share}"] = 100.0 * test["y"].between(test[f"lo-{share}"], test[f"hi-{share}"])
    test["below 80"] = 100.0 * (test["y"] < test["lo-80"])
    test["above 80"] = 100.0 * (test["y"] > test["hi-80"])
    counted = test[scale > 0]
    means = counted.groupby("step")[["MASE", "bias", "cov80", "cov95", "below 80", "above 80"]].mean()
    return means.reindex(range(1, case.horizon + 1))


def cost_ratio(row: Row, rows: list[Row]) -> float | None:
    """Cost of a row relative to the four peers of the same run; None where they were not run."""
    four = [each.ms for each in rows if each.model == MEAN_OF_FOUR]
    return row.ms / four[0] if four else None


def shown(value: float | None, digits: int) -> str:
    """A number, or - for none."""
    return "-" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def new_table(title: str, *left: str) -> Table:
    """An empty table with its columns of words, which are never broken."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in left:
        table.add_column(column, no_wrap=True)
    return table


def scores_table(measured: Measured) -> Table:
    """The table of all rows."""
    table = new_table("Forecasts of public quarterly panels", "panel", "model")
    for column in (*SCORES, "ms a series", "fit alone", COST):
        table.add_column(column, justify="right")
    digits = {"sMAPE": 3, "cov80": 2, "cov95": 2}
    for case, rows, scores in measured:
        for row, said in zip(rows, scores, strict=True):
            figures = [shown(said.get(name), digits.get(name, 4)) for name in SCORES]
            cost = [shown(row.ms, 2), shown(row.fit_ms, 3), shown(cost_ratio(row, rows), 4)]
            table.add_row(case.panel, row.model, *figures, *cost, style="bold" if row.model == OURS else None)
        table.add_section()
    return table


def targets_table(measured: Measured, every: int) -> Table:
    """Ours against its targets, on the panels that have some; cost and the Prophet member on every panel."""
    sample = f" (every {every}th series: a sample, and the targets are for all)" if every > 1 else ""
    table = new_table(f"Targets, ours{sample}", "panel", "measure")
    for column in ("target", "reached", "met"):
        table.add_column(column, justify="right")
    for case, rows, scores in measured:
        ours, said = next((row, said) for row, said in zip(rows, scores, strict=True) if row.model == OURS)
        prophet = next(row for row in rows if row.model == "our prophet")
        lines: list[tuple[str, float, float, float | None]] = [
            (name, low, high, said[name]) for name, (low, high) in TARGETS.get(case.panel, {}).items()
        ]
        lines.append((COST, 0, LARGEST_COST, cost_ratio(ours, rows)))
        lines.append(("Prophet member's fit, ms a series", 0, PROPHET_MS, prophet.fit_ms))
        for name, low, high, reached in lines:
            wanted = f"{low:g} to {high:g}" if low else f"<= {high:g}"
            met = "not measured" if reached is None else "yes" if low <= reached <= high else "no"
            table.add_row(case.panel, name, wanted, shown(reached, 2 if name.startswith("cov") else 4), met)
        table.add_section()
    return table


def horizons_table(measured: Measured) -> Table:
    """Where the error sits: ours and the mean of the four by quarters ahead."""
    longest = max(case.horizon for case, _, _ in measured)
    table = new_table("By quarters ahead", "panel", "model", "measure")
    for step in range(1, longest + 1):
        table.add_column(str(step), justify="right")
    for case, rows, _ in measured:
        for row in rows:
            if row.model not in (OURS, MEAN_OF_FOUR) or row.answer is None:
                continue
            for name, values in by_horizon(row.answer, case).items():
                digits = 3 if name in ("MASE", "bias") else 1
                cells = [shown(value, digits) for value in values]
                table.add_row(case.panel, row.model, str(name), *cells)
            table.add_section()
    return table


def widths_table(cases: list[Case]) -> Table:
    """Coefficients of the width of bands that each panel itself teaches, beside those that are taken as typical."""
    table = new_table("What each panel teaches about widths", "trait of a width")
    table.add_column("typical", justify="right")
    learnt = [learn(roll(panel_from_frame(case.train), case.horizon)).width for case in cases]
    for case in cases:
        table.add_column(case.panel, justify="right")
    for at, trait in enumerate(TRAITS):
        table.add_row(trait, shown(float(TYPICAL[at]), 2), *(shown(float(each[at]), 3) for each in learnt))
    return table


def notes(options: argparse.Namespace, measured: Measured) -> list[str]:
    """What a reader has to know to believe the tables."""
    sizes = ", ".join(f"{case.panel} {len(case.names)} series, horizon {case.horizon}" for case, _, _ in measured)
    lines = [
        f"{sizes}. Scores: score.py, all series of the run, nothing left out.",
        f"ms a series: processor time, {options.jobs} thread(s) for ours and one job for each peer, intervals and "
        "weights included; fit alone: ms a series of a member's fit and its own quantiles, without earlier origins and "
        f"calibration, quickest of {FIT_TIMES}.",
        f"Compilation is excluded on both sides: every model answered {WARM_UP_SERIES} series of the panel before.",
        f"Peers: statsforecast, season {SEASON}, levels 80 and 95; four: {', '.join(FOUR)}.",
    ]
    for case, rows, _ in measured:
        lines += [f"{case.panel}, {row.model}: {row.lost} series took the last value." for row in rows if row.lost]
    return lines


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=Path, default=FOLDER / PANELS, help="panel, unique_id, ds, y, part")
    parser.add_argument("--every", type=int, default=1, help="use every n-th series (1: all of them)")
    parser.add_argument("--no-peers", action="store_true", help="do not run statsforecast's models")
    parser.add_argument("--prophet-series", type=int, default=12, help="series for stock Prophet's cost; 0: none")
    parser.add_argument("--jobs", type=int, default=1, help="threads for ours")
    parser.add_argument("--by-horizon", action="store_true", help="print error and coverage by quarters ahead too")
    parser.add_argument("--widths", action="store_true", help="print what each panel teaches about widths too")
    options = parser.parse_args()
    if options.every < 1 or options.jobs < 1:
        parser.error("--every and --jobs: at least 1")
    return options


def main() -> int:
    """Print the tables."""
    options = arguments()
    beside = options.panels.with_name("score.py")
    scorer = beside if beside.exists() else FOLDER / "score.py"
    for needed in (options.panels, scorer):
        if not needed.exists():
            print(f"{needed}: not here; nothing measured. Point --panels at a file with panels, score.py beside it.")
            return 0
    cases = list(read_cases(options.panels, options.every))
    steps = 2 + len(MEMBERS) + (0 if options.no_peers else len(FOUR) + len(SIMPLE)) + bool(options.prophet_series)
    measured: Measured = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("panels", total=len(cases) * steps)
        for at, case in enumerate(cases):

            def tick(what: str, panel: str = case.panel) -> None:
                progress.update(task, description=f"{panel}: {what}")
                progress.advance(task)

            rows = measure(case, not options.no_peers, options.prophet_series, options.jobs, tick)
            scores = [{} if row.answer is None else score(row.answer, case, scorer) for row in rows]
            measured.append((case, rows, scores))
            progress.update(task, completed=(at + 1) * steps)
    console = Console()
    console = Console(width=max(console.width, 140))
    console.print(scores_table(measured))
    console.print(targets_table(measured, options.every))
    if options.by_horizon:
        console.print(horizons_table(measured))
    if options.widths:
        console.print(widths_table(cases))
    for line in notes(options, measured):
        console.print(line, soft_wrap=True, highlight=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
