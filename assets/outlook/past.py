"""What members say at past quarters, each quarter read and asked once however many vintages learn from it.

Belongs here: which past quarters a vintage learns from, and the memory of their answers during one run. Reading is in
reading.py; what is learnt from the answers, in models.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import duckdb
import pandas as pd

from assets.outlook.drawing import Answers
from assets.outlook.reading import Items, known_for, read_vintage
from forecasts.backtest import Answered, Vintage, answered_each
from forecasts.parallel import FanOut, in_turn

Progress = Callable[[int, int], None]

# Past quarters that are backtested: older ones would cost time and say little of today.
BACKTEST_QUARTERS = 60


class Past:
    """Answers of past quarters by quarter end and the day on which its vintage was last open.

    items: every series that was read on the way; now: what members say of series as a vintage knows them; fan_out: who
    asks the members, a quarter a part.
    """

    def __init__(self, horizon: int, seed: int, fan_out: FanOut = in_turn) -> None:
        self.horizon, self.seed, self.fan_out = horizon, seed, fan_out
        self.items = Items()
        self.now = Answers(seed)
        self._answers: dict[tuple[date, date], Answered] = {}

    def answers(
        self,
        connection: duckdb.DuckDBPyConnection,
        oldest: date,
        vintage: date,
        known_by: date,
        progress: Progress | None = None,
    ) -> list[Answered]:
        """Answers at each quarter end from `oldest`, at most BACKTEST_QUARTERS back, up to the vintage, none with more
        than what was known_by. progress(done, total) counts quarters. Needs read_members before (same connection), and
        leaves the temporary tables as known for some quarter.
        """
        first = max((pd.Timestamp(vintage) - pd.offsets.QuarterEnd(BACKTEST_QUARTERS)).date(), oldest)
        ends = [end.date() for end in pd.date_range(first, vintage, freq="QE")]
        keys = [(end, known_for(end, known_by)) for end in ends]
        unread: dict[tuple[date, date], Vintage] = {
            key: read_vintage(connection, key[0], known_by, self.items) for key in keys if key not in self._answers
        }
        told = answered_each(list(unread.values()), self.horizon, self.seed, self.fan_out)
        for done, (key, answers) in enumerate(zip(unread, told, strict=True), start=1 + len(keys) - len(unread)):
            self._answers[key] = answers
            if progress is not None:
                progress(done, len(keys))
        if progress is not None and not unread:
            progress(len(keys), len(keys))
        return [self._answers[key] for key in keys]
