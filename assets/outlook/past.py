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
from forecasts.backtest import Answered, answered

Progress = Callable[[int, int], None]

# Past quarters that are backtested: older ones would cost time and say little of today.
BACKTEST_QUARTERS = 60


class Past:
    """Answers of past quarters by quarter end and the day on which its vintage was last open.

    items: every series that was read on the way; now: what members say of series as a vintage knows them.
    """

    def __init__(self, horizon: int, seed: int) -> None:
        self.horizon, self.seed = horizon, seed
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
        found = []
        for done, end in enumerate(ends, start=1):
            key = (end, known_for(end, known_by))
            if key not in self._answers:
                read = read_vintage(connection, end, known_by, self.items)
                self._answers[key] = answered(read, self.horizon, self.seed)
            found.append(self._answers[key])
            if progress is not None:
                progress(done, len(ends))
        return found
