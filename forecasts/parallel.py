"""Fitting a panel in parts on several threads, with the same bits whatever their number.

Members' kernels release Python's lock, so threads share one process and its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from forecasts.members import MEMBERS, Answer
from forecasts.panel import Panel

CHUNK = 500

Progress = Callable[[int, int], None]


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
    member = MEMBERS[name]
    if not member.separate or len(panel) <= CHUNK:
        answer = member.answer(panel, horizon, levels, seed)
        if progress is not None:
            progress(len(panel), len(panel))
        return answer
    parts = [Panel(panel.series[at : at + CHUNK]) for at in range(0, len(panel), CHUNK)]
    answers: list[Answer] = []
    with ThreadPoolExecutor(jobs) as pool:
        for answer in pool.map(lambda part: member.answer(part, horizon, levels, seed), parts):
            answers.append(answer)
            if progress is not None:
                progress(min(len(answers) * CHUNK, len(panel)), len(panel))
    return Answer(
        np.concatenate([answer.median for answer in answers]),
        np.concatenate([answer.quantiles for answer in answers]),
        tuple(reason for answer in answers for reason in answer.reasons),
    )
