"""What a figure's date makes of it: reported, comparative, pro forma, estimate, forecast.

Belongs here: the one rule from dates and marks to `basis`. Does not belong here: finding dates or marks in a text.
"""

from __future__ import annotations

from datetime import date

from assets.reports.candidates import (
    AS_REPORTED,
    ESTIMATE,
    FORECAST,
    PRIOR_HALF,
    PRIOR_QUARTER,
    PRIOR_YEAR,
    PRO_FORMA,
    RESTATED,
)
from assets.reports.extraction.periods import months_between


def basis_of(
    period_end: date,
    main: date | None,
    suffix: str = "",
    *,
    cadence: str = "quarterly",
    restated: bool = False,
    pro_forma: bool = False,
    outlook: str = "",
) -> str:
    """The basis of a figure of `period_end` in a document whose main period ends on `main`.

    `suffix` is the mark printed at the date: E estimate, F and P forecast, R restated. `outlook` is 'estimate' or
    'forecast' where the words around the figure say so. An earlier date is a comparative: twelve months (or whole
    years) back the prior year, six months back the prior half of a half-yearly reporter, else an earlier quarter.
    """
    if pro_forma:
        return PRO_FORMA
    if suffix == "E" or outlook == ESTIMATE:
        return ESTIMATE
    if suffix in ("F", "P") or outlook == FORECAST:
        return FORECAST
    if main is None or period_end >= main:
        return RESTATED if suffix == "R" else AS_REPORTED
    if restated or suffix == "R":
        return RESTATED
    months = months_between(period_end, main)
    if months == 0:
        return AS_REPORTED
    if months % 12 == 0:
        return PRIOR_YEAR
    if months == 6 and cadence == "half_yearly":
        return PRIOR_HALF
    return PRIOR_QUARTER
