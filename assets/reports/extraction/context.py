"""What every extractor knows about the document it reads: operator, calendar, main period, default basis.

Belongs here: the Context and how a figure's basis, scope name and quote follow from it. Does not belong here: finding
out who the operator is and which period the document is of (identity.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from assets.reports.candidates import Candidate
from assets.reports.document import Document
from assets.reports.extraction.basis import basis_of
from assets.reports.operators import Layout, Layouts


@dataclass(frozen=True)
class Context:
    """One document's frame. `layout` is None for an operator without a data file.

    `period_end` is the end of the main period, `published_on` the day of publication, None where the text gives none.
    `restated` says that the document marks its comparatives as restated throughout. `unit_hint` is the unit a heading
    states for the whole document ('面积单位:平方米'), '' without one. `first_hand` is False for a digest by others.
    """

    layout: Layout | None
    layouts: Layouts
    operator: str
    period_end: date | None = None
    published_on: date | None = None
    language: str = "en"
    fiscal_year_end_month: int = 12
    cadence: str = "quarterly"
    kind: str = "operator"
    tier: str = "company"
    restated: bool = False
    unit_hint: str = ""
    first_hand: bool = True
    document: Document | None = None

    @property
    def group_scope(self) -> str:
        """The scope name of the whole operator."""
        return self.layout.group_scope if self.layout else "group"

    @property
    def is_market_source(self) -> bool:
        """Whether the publisher writes about markets and not about itself."""
        return self.kind == "market_source"

    def basis(
        self, period_end: date, suffix: str = "", *, restated: bool = False, pro_forma: bool = False, outlook: str = ""
    ) -> str:
        """The basis of a figure of `period_end`: see basis.basis_of."""
        return basis_of(
            period_end,
            self.period_end,
            suffix,
            cadence=self.cadence,
            restated=restated,
            pro_forma=pro_forma,
            outlook=outlook,
        )

    def candidate(
        self,
        *,
        metric: str,
        value: float,
        unit: str,
        period_end: date,
        basis: str,
        locator: str,
        quote: str,
        scope: str = "",
        scope_level: str = "portfolio",
        facility: str = "",
        market: str = "",
        value_low: float | None = None,
        value_high: float | None = None,
        rounding: float = 0.0,
    ) -> Candidate:
        """A candidate of this document's operator; what the document settles (trust, tier ...) is filled in later."""
        return Candidate(
            operator=self.operator,
            scope=scope or facility or self.group_scope,
            scope_level=scope_level,
            facility=facility,
            market=market,
            period_end=period_end.isoformat(),
            cadence="",
            metric=metric,
            value=value,
            unit=unit,
            basis=basis,
            locator=locator,
            quote=quote,
            value_low=value_low,
            value_high=value_high,
            rounding=rounding,
        )
