"""Rules on a figure by itself: is everything there, named and dated as it must be. No comparison with other figures."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from expectations.figures import CLASS_BY_BASIS, REPORTED, SCOPE_LEVELS, Figures
from expectations.metrics import Metric, load_catalogue
from expectations.printed import shows_value
from expectations.report import QUARANTINE, QUARANTINE_DOCUMENT, WARN
from expectations.rule import Computed, Expectation, Rule, between, in_set, matches, not_null, pairs_in_set

REQUIRED = (
    "candidate_id",
    "document_id",
    "document",
    "operator",
    "scope",
    "scope_level",
    "period_end",
    "metric",
    "value",
    "unit",
    "basis",
    "locator",
    "quote",
)


def unit_set(metric: Metric) -> str:
    """The units a metric may have, as one text: the first half of a pair whose second is the unit it has."""
    return "|".join(metric.units)


# From the catalogue, which is data. Sets stay small: the engine copies an expectation's arguments a hundred times.
_METRICS = [*load_catalogue().metrics.values(), *load_catalogue().with_detail.values()]
FAMILIES = sorted({metric.family for metric in _METRICS})
PAIRS = sorted({(unit_set(metric), unit) for metric in _METRICS for unit in metric.units})

ISO_DATE = r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$"
ISO_DATE_OR_PART = r"^\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$"


def _some_rows(figures: Figures) -> Computed:
    return Computed(pd.DataFrame(index=figures.frame.index), lambda i: ("no figure", "at least one figure"))


def _required(figures: Figures) -> Computed:
    columns = figures.frame[list(REQUIRED)]

    def explain(i: int) -> tuple[str, str]:
        missing = [name for name in REQUIRED if pd.isna(columns.at[i, name])]
        raw = figures.frame.at[i, "raw_value"]
        found = f"{', '.join(missing)} missing"
        if "value" in missing and raw is not None and not pd.isna(raw) and str(raw).strip():
            found += f" (value reads {str(raw)!r}, which is no number)"
        return found, f"a value in each of {', '.join(missing)}"

    return Computed(columns, explain)


def _metric_known(figures: Figures) -> Computed:
    names = figures.frame["metric"]
    families = figures.frame["family"].fillna("unknown").where(names.notna()).astype(object)
    return Computed(
        pd.DataFrame({"family": families}),
        lambda i: (
            f"metric {names[i]!r}",
            f"one of the {len(_METRICS)} names in expectations/metrics.yaml",
        ),
    )


def _unit_fits(figures: Figures) -> Computed:
    frame = figures.frame
    allowed = [m and unit_set(m) for m in frame["metric"].map(figures.catalogue.find)]

    def explain(i: int) -> tuple[str, str]:
        metric = figures.catalogue.find(frame.at[i, "metric"])
        units = ", ".join(metric.units) if metric else ""
        return f"{frame.at[i, 'metric']} in {frame.at[i, 'unit']}", f"{frame.at[i, 'metric']} in one of: {units}"

    sets = pd.Series(allowed, index=frame.index, dtype=object)
    return Computed(pd.DataFrame({"units": sets, "unit": frame["unit"]}), explain)


def _iso_dates(figures: Figures) -> Computed:
    frame = figures.frame
    # 2024-02-30 has the form of a date and is none.
    impossible = frame["period_end"].notna() & frame["period"].isna()
    period_end = frame["period_end"].mask(impossible, frame["period_end"].astype(str) + " is no date")

    def explain(i: int) -> tuple[str, str]:
        found = f"period_end {frame.at[i, 'period_end']!r}"
        if frame.at[i, "published_on"] is not None:
            found += f", published_on {frame.at[i, 'published_on']!r}"
        return found, "dates of the calendar as YYYY-MM-DD (a publication date may be a month, YYYY-MM, or a year)"

    return Computed(pd.DataFrame({"period_end": period_end, "published_on": frame["published_on"]}), explain)


def _future(figures: Figures) -> Computed:
    frame = figures.frame
    as_of = pd.Timestamp(figures.as_of)
    latest = frame["published"].where(frame["published"] < as_of, as_of)
    days = (frame["period"] - latest).dt.days
    reported = frame["basis_class"] == REPORTED

    def explain(i: int) -> tuple[str, str]:
        limit = latest[i].date().isoformat()
        kind = "the publication" if latest[i] != as_of else "the day of checking"
        found = f"{frame.at[i, 'basis']} figure for {frame.at[i, 'period_end']}, {int(days[i])} days after {kind}"
        return found, f"a period end on or before {limit}"

    return Computed(pd.DataFrame({"days_ahead": figures.where(reported, days)}), explain)


def _quarter_end(figures: Figures, pro_forma: bool) -> Computed:
    frame = figures.frame
    year_end = frame["fiscal_year_end_month"].where(frame["fiscal_year_end_month"].between(1, 12), 12).astype(int)
    period = frame["period"]
    days_to_month_end = (period + pd.offsets.MonthEnd(0) - period).dt.days
    # Whole months between the period end and the next quarter end of the operator's own calendar: 0, 1 or 2.
    months_to_quarter_end = (year_end - period.dt.month) % 3
    events = frame["metric"].map(lambda name: bool((m := figures.catalogue.find(name)) and m.event)).astype(bool)
    applies = period.notna() & ~events & ((frame["basis_class"] == "pro_forma") == pro_forma)
    off = days_to_month_end + 31 * months_to_quarter_end

    def explain(i: int) -> tuple[str, str]:
        month = pd.Timestamp(2000, int(year_end[i]), 1).strftime("%B")
        return f"period end {frame.at[i, 'period_end']}", f"a quarter end of a calendar whose year ends in {month}"

    return Computed(pd.DataFrame({"days_off": figures.where(applies, off)}), explain)


def _interval(figures: Figures) -> Computed:
    frame = figures.frame

    def explain(i: int) -> tuple[str, str]:
        low, value, high = (frame[name][i] for name in ("value_low", "value", "value_high"))
        return f"value_low {low:g}, value {value:g}, value_high {high:g}", "value_low <= value <= value_high"

    spans = pd.DataFrame(
        {
            "above_low": frame["value"] - frame["value_low"],
            "below_high": frame["value_high"] - frame["value"],
            "width": frame["value_high"] - frame["value_low"],
        }
    )
    return Computed(spans, explain)


def _quote_shows_value(figures: Figures) -> Computed:
    frame = figures.frame
    shown = [
        None
        if quote is None or pd.isna(value) or basis == "derived"
        else float(shows_value(quote, value, half, "" if unit is None else unit))
        for quote, value, half, unit, basis in zip(
            frame["quote"], frame["value"], frame["half"], frame["unit"], frame["basis"], strict=True
        )
    ]

    def explain(i: int) -> tuple[str, str]:
        quote = re.sub(r"\s+", " ", frame["quote"][i])[:120]
        return f"quote {quote!r}", f"a quote that shows {frame.at[i, 'value']:g} {frame.at[i, 'unit']}"

    return Computed(pd.DataFrame({"shown": pd.Series(shown, index=frame.index, dtype=float)}), explain)


def _member(column: str, allowed: tuple[str, ...]) -> Callable[[Figures], Computed]:
    def test(figures: Figures) -> Computed:
        values = figures.frame[column]
        return Computed(
            pd.DataFrame({column: values}),
            lambda i: (f"{column} {values[i]!r}", f"one of {', '.join(allowed)}"),
        )

    return test


RULES = (
    Rule(
        id="R00_rows",
        title="There are figures to check",
        severity=WARN,
        means="The batch has at least one candidate figure.",
        why="Rules over an empty frame pass; green with no data is how a dead source stays unnoticed.",
        remedy="Look at the documents of this run: each says in its status and reason why nothing was read from it.",
        test=_some_rows,
        expectations=(Expectation("ExpectTableRowCountToBeBetween", {"min_value": 1}),),
    ),
    Rule(
        id="R01_required",
        title="No figure lacks a required part",
        severity=QUARANTINE,
        means="Operator, scope, date, metric, value, unit, basis, place and quote are all there.",
        why="A figure without date or place cannot enter a series or be traced back; nulls pass all other rules.",
        remedy="Read the place named; add what is missing at the document's source, or in the operator's layout file.",
        test=_required,
        expectations=tuple(not_null(name) for name in REQUIRED),
    ),
    Rule(
        id="R02_metric_known",
        title="The metric is one the catalogue knows",
        severity=QUARANTINE,
        means="The metric's name stands in expectations/metrics.yaml.",
        why="An unknown name has no unit, no bounds and no meaning that a reader could rely on.",
        remedy="Correct the name, or add the metric with family, units and bounds to expectations/metrics.yaml.",
        test=_metric_known,
        expectations=(in_set("family", FAMILIES),),
    ),
    Rule(
        id="R03_unit_fits",
        title="The unit is one the metric can have",
        severity=QUARANTINE,
        means="Rates are in per cent, capacities in mw, kw, sqm, sqft or cabinets, and so on for each metric.",
        why="A rate labelled MW, or an area labelled per cent, is a misread column.",
        remedy="Look at the column head at the place named and correct the unit there; units are never guessed.",
        test=_unit_fits,
        expectations=(pairs_in_set("units", "unit", PAIRS),),
    ),
    Rule(
        id="R18_future",
        title="No reported figure is dated after its publication",
        severity=QUARANTINE_DOCUMENT,
        means="A reported figure's period ends on or before its publication and the day of checking.",
        why="Nobody reports what has not happened yet: the date, or the label as reported, is wrong. "
        "Forecasts, estimates and pro forma figures are exempt.",
        remedy="Correct the date, or label the figure forecast, estimate or pro forma; then send the document again.",
        test=_future,
        expectations=(between("days_ahead", high=0),),
    ),
    Rule(
        id="R19_quarter_end",
        title="Periods end with a quarter of the operator's calendar",
        severity=QUARANTINE,
        means="The period end is the last day of a month, whole quarters from the operator's year end.",
        why="Series are quarterly; a date inside a quarter is a meeting, a signing or a misread figure.",
        remedy="Check the date at the place named, and fiscal_year_end_month in the operator's layout file.",
        test=lambda figures: _quarter_end(figures, pro_forma=False),
        expectations=(between("days_off", low=0, high=0),),
    ),
    Rule(
        id="R20_quarter_end_pro_forma",
        title="Pro forma figures end with a quarter, too",
        severity=WARN,
        means="As R19, for pro forma figures, which may carry the date of a deal.",
        why="A pro forma figure between quarter ends is usual after a large signing and never enters a series.",
        remedy="Nothing to do, unless the figure was meant as reported.",
        test=lambda figures: _quarter_end(figures, pro_forma=True),
        expectations=(between("days_off", low=0, high=0),),
    ),
    Rule(
        id="R22_interval",
        title="Bounds enclose the value",
        severity=QUARANTINE,
        means="value_low <= value <= value_high where bounds are given.",
        why="Bounds that do not enclose the value come from two different figures.",
        remedy="Read the quote and correct the bounds or the value.",
        test=_interval,
        expectations=(between("above_low", low=0), between("below_high", low=0), between("width", low=0)),
    ),
    Rule(
        id="R23_iso_dates",
        title="Dates are dates",
        severity=QUARANTINE,
        means="period_end is a day of the calendar as YYYY-MM-DD; published_on may also be a month or a year.",
        why="A date in another form is read differently by different people: 03/04/2025.",
        remedy="Write the date as YYYY-MM-DD.",
        test=_iso_dates,
        expectations=(matches("period_end", ISO_DATE), matches("published_on", ISO_DATE_OR_PART)),
    ),
    Rule(
        id="R24_quote_shows_value",
        title="The quote shows the number",
        severity=WARN,
        means="The figure, as printed or scaled (thousands, 万), stands in its quote. Derived figures are exempt.",
        why="A quote without the number cannot prove it.",
        remedy="Open the document at the place named and compare; report a wrong place as an error of the reader.",
        test=_quote_shows_value,
        expectations=(between("shown", low=1),),
    ),
    Rule(
        id="R25_scope_level",
        title="The scope level is known",
        severity=QUARANTINE,
        means="scope_level is portfolio, region, market or facility.",
        why="Levels decide what is summed with what.",
        remedy="Correct scope_level to one of these.",
        test=_member("scope_level", SCOPE_LEVELS),
        expectations=(in_set("scope_level", list(SCOPE_LEVELS)),),
    ),
    Rule(
        id="R26_basis",
        title="The basis is known",
        severity=QUARANTINE,
        means="basis says: reported, a comparative, restated, derived, an estimate, a forecast or pro forma.",
        why="Only reported figures enter a series; an unknown basis cannot be placed.",
        remedy="Correct the basis to one that assets/reports/candidates.py names.",
        test=_member("basis", tuple(CLASS_BY_BASIS)),
        expectations=(in_set("basis", list(CLASS_BY_BASIS)),),
    ),
)
