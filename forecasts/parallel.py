"""Fitting a panel in parts, in one process or several, with the same bits whatever the number of processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from forecasts.members import MEMBERS, Answer
from forecasts.panel import Panel

CHUNK = 20

Progress = Callable[[int, int], None]


def _work(task: tuple[str, Panel, int, tuple[float, ...], int]) -> Answer:
    name, panel, horizon, levels, seed = task
    return MEMBERS[name].answer(panel, horizon, levels, seed)


def answer_in_parts(
    name: str,
    panel: Panel,
    horizon: int,
    levels: Sequence[float] = (),
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Answer:
    """The member's answer for the panel. A member that fits each series alone is split into chunks of fixed size,
    so the work of a chunk does not depend on `jobs`; others answer in one piece. progress(done, total)
    counts series.
    """
    if not MEMBERS[name].separate or not len(panel):
        return _work((name, panel, horizon, tuple(levels), seed))
    starts = range(0, len(panel), CHUNK)
    tasks = [(name, Panel(panel.series[at : at + CHUNK]), horizon, tuple(levels), seed) for at in starts]
    answers: list[Answer] = []

    def take(answer: Answer) -> None:
        answers.append(answer)
        if progress is not None:
            progress(min(len(answers) * CHUNK, len(panel)), len(panel))

    if jobs > 1 and len(tasks) > 1:
        # spawn: a forked child would inherit locks of threads that do not exist in it.
        with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn")) as pool:
            for answer in pool.map(_work, tasks):
                take(answer)
    else:
        for task in tasks:
            take(_work(task))
    return Answer(
        np.concatenate([answer.median for answer in answers]),
        np.concatenate([answer.quantiles for answer in answers]),
        tuple(reason for answer in answers for reason in answer.reasons),
    )
