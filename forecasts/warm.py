"""Compile the kernels ahead of their first use: `python -m forecasts.warm`, part of setting up.

Belongs here: one small panel that calls every kernel. What is compiled stays beside the code (forecasts.compiling).
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from forecasts.forecaster import learn
from forecasts.members import MEMBERS
from forecasts.panel import Panel, Series
from forecasts.rolling import ask, roll


def small_panel(capped: bool = False) -> Panel:
    """A few seasonal, trending and constant series of 24 quarters."""
    quarters = np.arange(24.0)
    wave = np.tile([1.0, 0.9, 1.1, 1.2], 6)
    figures = (20 + quarters, (30 + quarters) * wave, np.full(24, 7.0), 15 + np.sin(quarters))
    cap = np.full(40, 90.0) if capped else None
    return Panel(tuple(Series(str(at), 150, y, cap) for at, y in enumerate(figures)))


def warm(name: str) -> str:
    """Compile what a member needs, with and without a cap; returns its name."""
    for capped in (False, True):
        ask(small_panel(capped), 2, (name,))
    return name


def main() -> None:
    """Compile everything: members side by side, then what combines them."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(warm, sorted(MEMBERS)))
    learn(roll(small_panel(), 2))


if __name__ == "__main__":
    main()
