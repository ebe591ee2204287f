"""Reconciliation on sums of public quarterly series: `python -m bench.reconciliation`.

The public panels have no hierarchy, so one is made: in each draw 60 series of one panel, cut to the same last quarters
and scaled to comparable size, are the bottoms, put into 12 groups and one total by a seeded choice. Everything is
learnt from earlier origins of the bottoms' train part, as the product learns from operators' own series; the sums are
forecast by what was learnt there; the test part is read for scoring alone. Printed, one table a panel: MASE, coverage
of the 80 % band in per cent, and its width in scales of the series, by level, mean over draws. Made-up sums of
unrelated series show whether levels agree and bands hold; they say nothing about how related facilities are.

Methods, all from the same jointly drawn paths (forecasts.paths: shared shocks with the share learnt from earlier
errors, sums drawn with their members):

base: each node by its own forecast; nothing adds up.
bottom-up: the bottoms' paths added up.
medians moved: what the product does (forecasts.coherence): the bottoms' medians moved by the minimum trace projection,
their paths moved to them, and added up.
by covariance: the same with the drawn covariance in place of the nodes' variances alone.
path by path: each path projected with the drawn covariance and held at zero, then added up.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasts import reconciliation
from forecasts.calibration import Calibration
from forecasts.coherence import LARGEST_MOVE
from forecasts.forecaster import Forecaster, learn
from forecasts.panel import Panel, Series, quarter_ordinals
from forecasts.paths import PATHS, Shocks, offsets_at, shared_share
from forecasts.rolling import ask, roll

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench"
HORIZON, SEASON = 8, 4
LENGTH, BOTTOMS, GROUPS = 40, 60, 12
# Share of the variance of a sum's own forecast that its members do not have: two forecasts of the same thing differ.
OWN_SHARE = 0.1


@dataclass(frozen=True)
class Hierarchy:
    """One draw: train (nodes, LENGTH) and test (nodes, HORIZON) of all nodes, S, and the nodes' names and levels."""

    train: np.ndarray
    test: np.ndarray
    s: np.ndarray
    names: tuple[str, ...]
    levels: tuple[str, ...]
    last: int

    def panel(self, nodes: slice) -> Panel:
        """Some nodes as a panel, nothing of the test part in it."""
        first = self.last - LENGTH + 1
        pairs = zip(self.names[nodes], self.train[nodes], strict=True)
        return Panel(tuple(Series(name, first, y) for name, y in pairs))


def make(table: pd.DataFrame, seed: int) -> Hierarchy:
    """A seeded hierarchy of one panel's long series; their last train quarters are taken as the same ones."""
    parts = table.sort_values("ds").groupby(["part", "unique_id"])["y"]
    figures = {(str(part), str(name)): y.to_numpy(dtype=float) for (part, name), y in parts}
    long = sorted(name for (part, name), y in figures.items() if part == "train" and len(y) >= LENGTH)
    generator = np.random.default_rng(seed)
    chosen = generator.choice(long, BOTTOMS, replace=False)
    past = np.array([figures["train", name][-LENGTH:] for name in chosen])
    future = np.array([figures["test", name][:HORIZON] for name in chosen])
    size = np.exp(generator.normal(0, 0.7, BOTTOMS)) / past.mean(axis=1)
    past, future = past * size[:, None], future * size[:, None]
    group = generator.permutation(np.arange(BOTTOMS) % GROUPS)
    names = [f"bottom {at}" for at in range(BOTTOMS)]
    sums = ["total", *(f"group {at}" for at in range(GROUPS))]
    weights: dict[str, dict[str, float]] = {name: {} for name in sums}
    for at, name in enumerate(names):
        weights["total"][name] = weights[f"group {group[at]}"][name] = 1.0
    s = reconciliation.summing([*sums, *names], names, weights)
    levels = ("total", *["group"] * GROUPS, *["bottom"] * BOTTOMS)
    last = int(quarter_ordinals(pd.Series(pd.to_datetime(["2020-12-31"])))[0])
    return Hierarchy(s @ past, s @ future, s, (*sums, *names), levels, last)


def said(learnt: Forecaster, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Bounded medians and widths (series, horizon)."""
    answers = ask(panel, HORIZON)
    return panel.bounded(learnt.median(panel, answers)[0]), learnt.widths(panel, answers)


def at_courses(normal: np.ndarray, median: np.ndarray, width: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Paths (paths, horizon) from standard normal courses, held at zero as the members' answers are."""
    return np.asarray(np.maximum(median + width * offsets_at(normal, calibration.offsets), 0.0))


def drawn(one: Hierarchy, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Medians (nodes, horizon) and joint paths (paths, nodes, horizon) of all nodes, and the share of shared shocks."""
    sums = len(one.s) - BOTTOMS
    below, above = one.panel(slice(sums, None)), one.panel(slice(0, sums))
    rolled = roll(below, HORIZON)
    learnt = learn(rolled)
    z = (rolled.outcome - learnt.median(rolled.panel, rolled.said)[0]) / learnt.widths(rolled.panel, rolled.said)
    share = shared_share(rolled, z)
    median, width = (np.concatenate(both) for both in zip(said(learnt, above), said(learnt, below), strict=True))
    shocks = Shocks(one.last + 1, one.last + HORIZON, seed)
    paths = np.empty((PATHS, len(one.s), HORIZON))
    for at in range(sums, len(one.s)):
        course = shocks.standard(one.names[at], one.last, HORIZON, share)[0]
        paths[:, at] = at_courses(course, median[at], width[at], learnt.calibration)
    for at in range(sums):
        members = np.tensordot(paths[:, sums:], one.s[at], axes=(1, 0))
        noise = shocks.own(one.names[at], HORIZON)[0]
        course = np.sqrt(1 - OWN_SHARE) * normal_scores(members) + np.sqrt(OWN_SHARE) * noise
        paths[:, at] = at_courses(course, median[at], width[at], learnt.calibration)
    return median, paths, share


def normal_scores(paths: np.ndarray) -> np.ndarray:
    """Ranks of the paths within each horizon as standard normal values, shape as given; ties share their mean rank, so
    that what does not vary stands at 0.
    """
    count = len(paths)
    table = np.array([NormalDist().inv_cdf((rank + 0.5) / count) for rank in range(count)])
    answer = np.empty_like(paths)
    for step in range(paths.shape[1]):
        _, group, size = np.unique(paths[:, step], return_inverse=True, return_counts=True)
        ends = np.cumsum(size)
        total = np.concatenate([[0.0], np.cumsum(table)])
        answer[:, step] = ((total[ends] - total[ends - size]) / size)[group]
    return answer


def added(bottoms: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Paths of all nodes (paths, nodes, horizon) from those of the bottoms."""
    return np.asarray(np.einsum("nb,pbh->pnh", s, bottoms))


def covariance_of(s: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """Covariance (horizon, nodes, nodes) of the joint paths, repeated sums left without a say."""
    deviation = paths - paths.mean(axis=0)
    return reconciliation.without_repeats(s, np.einsum("pih,pjh->hij", deviation, deviation) / len(paths))


def by_covariance(s: np.ndarray, median: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """Medians of the bottoms by the minimum trace of the drawn covariance."""
    covariance = covariance_of(s, paths)
    found = [reconciliation.mint(s, each) @ median[:, step] for step, each in enumerate(covariance)]
    return np.array(found).T[len(s) - s.shape[1] :]


def moved(s: np.ndarray, median: np.ndarray, paths: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Paths of all nodes, the bottoms moved to the medians found in proportion, as forecasts.coherence moves
    capacity.
    """
    sums = len(s) - s.shape[1]
    own = median[sums:]
    held = np.clip(found, own / LARGEST_MOVE, own * LARGEST_MOVE)
    growth = np.where(own > 0, held / np.where(own > 0, own, 1.0), 1.0)
    return added(paths[:, sums:] * growth, s)


def path_by_path(s: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """Paths of all nodes, each projected by the minimum trace of their covariance, bottoms held at zero."""
    sums = len(s) - s.shape[1]
    covariance = covariance_of(s, paths)
    bottoms = np.empty((len(paths), s.shape[1], paths.shape[2]))
    for step in range(paths.shape[2]):
        bottoms[:, :, step] = paths[:, :, step] @ reconciliation.mint(s, covariance[step])[sums:].T
    return added(np.maximum(bottoms, 0.0), s)


def scores(one: Hierarchy, seed: int) -> list[dict[str, object]]:
    """One row a method and level: MASE, coverage and width of the 80 % band, share of shared shocks."""
    median, paths, share = drawn(one, seed)
    methods = {
        "base": paths,
        "bottom-up": added(paths[:, -BOTTOMS:], one.s),
        "medians moved": moved(one.s, median, paths, reconciliation.medians(one.s, median, paths.var(axis=0))[0]),
        "by covariance": moved(one.s, median, paths, by_covariance(one.s, median, paths)),
        "path by path": path_by_path(one.s, paths),
    }
    scale = np.abs(one.train[:, SEASON:] - one.train[:, :-SEASON]).mean(axis=1, keepdims=True)
    rows: list[dict[str, object]] = []
    for method, own in methods.items():
        low, middle, high = np.quantile(own, (0.1, 0.5, 0.9), axis=0)
        if method == "base":
            middle = median
        error = np.abs(one.test - middle) / scale
        inside = (one.test >= low) & (one.test <= high)
        for level in dict.fromkeys(one.levels):
            at = np.array([label == level for label in one.levels])
            rows.append(
                {
                    "method": method,
                    "level": level,
                    "MASE": error[at].mean(),
                    "cov80": 100 * inside[at].mean(),
                    "width": ((high - low) / scale)[at].mean(),
                    "share": share,
                }
            )
    return rows


def main() -> int:
    """Print one table a panel: methods by level, mean over the draws."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder with quarterly_public.parquet")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source = options.folder / "quarterly_public.parquet"
    if not source.exists():
        print(f"{options.folder}: no panels here; nothing measured. Point --folder at them.")
        return 0
    for panel, table in pd.read_parquet(source).groupby("panel"):
        rows = []
        for seed in range(options.seed, options.seed + options.draws):
            rows += scores(make(table, seed), seed)
        found = pd.DataFrame(rows)
        values = ["MASE", "cov80", "width"]
        shown = found.pivot_table(index="method", columns="level", values=values, sort=False)[values]
        print(f"\n{panel}: {options.draws} draws of {BOTTOMS} bottoms, {GROUPS} groups and a total, {LENGTH} quarters")
        print(shown.round({name: 1 if name[0] == "cov80" else 3 for name in shown.columns}).to_string())
        print(f"share of shared shocks, learnt: {found['share'].mean():.2f} on average")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
