"""What every section of the page sees: the published tables, the newest forecast, evidence and scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.cells import series_label
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import records
from assets.delivery.scopes import Scopes
from assets.delivery.words import Said

SCENARIO = "base"
# A series without a figure for two years stands apart: its last value says nothing about now.
RECENT_QUARTERS = 8


@dataclass(frozen=True)
class View:
    """everything: the published tables by name. reported: the same without rows of simulated portfolios. links:
    document_id -> link to the archived bytes.
    """

    everything: Mapping[str, pd.DataFrame]
    reported: Mapping[str, pd.DataFrame]
    book: EvidenceBook
    scopes: Scopes
    links: Mapping[str, str]

    @cached_property
    def history(self) -> pd.DataFrame:
        """occupancy_history of reported series."""
        return self.reported["occupancy_history"]

    @cached_property
    def base(self) -> pd.DataFrame:
        """Every vintage of reported series' forecasts in the base scenario."""
        forecast = self.reported["occupancy_forecast"]
        return forecast.loc[forecast["scenario"] == SCENARIO]

    @cached_property
    def forecast(self) -> pd.DataFrame:
        """The newest vintage of them."""
        return newest_vintage(self.base)

    @cached_property
    def documents(self) -> dict[str, dict[str, Any]]:
        """Documents by identifier."""
        return {str(row["document_id"]): row for row in records(self.reported["documents"])}

    @cached_property
    def _histories(self) -> dict[tuple[str, str], pd.DataFrame]:
        ordered = self.history.sort_values("quarter_end")
        return {(str(key[0]), str(key[1])): own for key, own in ordered.groupby(["level", "series_id"])}

    @cached_property
    def _vintages(self) -> dict[tuple[str, str], pd.DataFrame]:
        ordered = self.base.sort_values(["vintage", "quarter_end"])
        return {(str(key[0]), str(key[1])): own for key, own in ordered.groupby(["level", "series_id"])}

    def history_of(self, level: str, series_id: str) -> pd.DataFrame:
        """The history of one series, in order of quarter."""
        return self._histories.get((level, series_id), self.history.head(0))

    def vintages_of(self, level: str, series_id: str) -> pd.DataFrame:
        """Every vintage of one series in the base scenario, in order."""
        return self._vintages.get((level, series_id), self.base.head(0))

    def ahead_of(self, level: str, series_id: str) -> pd.DataFrame:
        """The newest vintage of one series; empty where that vintage lacks it."""
        own = self.vintages_of(level, series_id)
        return own[own["vintage"] == self.forecast["vintage"].max()] if len(own) else own

    def past_of(self, level: str, series_id: str) -> pd.DataFrame:
        """The earlier vintages of one series."""
        own = self.vintages_of(level, series_id)
        return own[own["vintage"] != self.forecast["vintage"].max()] if len(own) else own

    def label(self, level: str, series_id: str) -> Said:
        """A series' name with its unit."""
        return series_label(self.book.series_words(level, series_id), str(series_id).rsplit("/", 1)[-1])

    def latest(self, levels: tuple[str, ...]) -> list[dict[str, Any]]:
        """The latest quarter with an occupancy of every series of `levels`, in order of level, unit and name."""
        shown = self.history.loc[self.history["level"].isin(levels) & self.history["occupancy"].notna()]
        last = shown.sort_values("quarter_end").groupby(["level", "series_id"], sort=False).tail(1)
        return records(last.sort_values(["level", "unit", "series_name", "series_id"]))

    def is_recent(self, quarter_end: Any) -> bool:
        """Does a quarter lie within RECENT_QUARTERS of the newest quarter of any series?"""
        oldest = pd.Timestamp(self.history["quarter_end"].max()) - pd.offsets.QuarterEnd(RECENT_QUARTERS)
        return bool(pd.Timestamp(quarter_end) >= oldest)


def newest_vintage(forecast: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest vintage."""
    return forecast.loc[forecast["vintage"] == forecast["vintage"].max()] if len(forecast) else forecast


def same(one: Any, other: Any) -> bool:
    """Equal, with missing equal to missing."""
    return bool(one == other) or (wording.missing(one) and wording.missing(other))
