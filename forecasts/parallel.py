"""Work in parts: who does them is given from outside, and the bits are the same whoever it is and however many.

Belongs here: what a fan-out is, the two that need nothing but this process, and fitting a panel in parts. Others, over
processes and machines, are given by who calls (pipelines/fan_out.py). Members' kernels release Python's lock, so
threads share one process and its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import numpy as np

from forecasts.members import MEMBERS, Answer
from forecasts.panel import Panel

CHUNK = 500

Progress = Callable[[int, int], None]
# Name of a member, horizon, levels, seed.
_Asked = tuple[str, int, tuple[float, ...], int]


class FanOut(Protocol):
    """Calls function(shared, part) for every part and yields the results in the order of the parts.

    function: of a module, so that another process finds it; shared, part and result: frames, arrays and plain values,
    never a connection or a path. A part may be done twice, where a worker was lost on the way.
    """

    def __call__(self, function: Callable[[Any, Any], Any], shared: Any, parts: Sequence[Any]) -> Iterator[Any]:
        """Results in the order of the parts."""
        ...


def in_turn(function: Callable[[Any, Any], Any], shared: Any, parts: Sequence[Any]) -> Iterator[Any]:
    """The fan-out that does one part after the other, here."""
    for part in parts:
        yield function(shared, part)


def threads(count: int) -> FanOut:
    """The fan-out over threads of this process."""
    if count == 1:
        return in_turn

    def spread(function: Callable[[Any, Any], Any], shared: Any, parts: Sequence[Any]) -> Iterator[Any]:
        with ThreadPoolExecutor(count) as pool:
            yield from pool.map(partial(function, shared), parts)

    return spread


def answer_in_parts(
    name: str,
    panel: Panel,
    horizon: int,
    levels: Sequence[float] = (),
    seed: int = 0,
    fan_out: FanOut = in_turn,
    progress: Progress | None = None,
) -> Answer:
    """The member's answer for the panel. A member that fits each series alone is split into chunks of fixed size,
    so the work of a chunk does not depend on who does it; others answer in one piece. progress(done, total)
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
    asked: _Asked = (name, horizon, tuple(levels), seed)
    for answer in fan_out(_answer, asked, parts):
        answers.append(answer)
        if progress is not None:
            progress(min(len(answers) * CHUNK, len(panel)), len(panel))
    return Answer(
        np.concatenate([answer.median for answer in answers]),
        np.concatenate([answer.quantiles for answer in answers]),
        tuple(reason for answer in answers for reason in answer.reasons),
    )


def _answer(asked: _Asked, part: Panel) -> Answer:
    name, horizon, levels, seed = asked
    return MEMBERS[name].answer(part, horizon, levels, seed)
