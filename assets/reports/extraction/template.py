"""Reads the plain figure template: one figure a row, or one metric a column, in CSV or any other table.

Belongs here: what the cells of a template say (operator, scope, date, metric, value, unit, basis) and how a wrong cell
is reported. Not here: recognising the header row (template_columns.py), statistical tables (tables.py).

Every row with a value becomes a Candidate or a Rejection that names row, column, the value found, what was expected
and the remedy. Nothing is guessed; values out of range are taken as they are, the expectations judge them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from assets.reports.candidates import (
    AS_REPORTED,
    DERIVED,
    ESTIMATE,
    FORECAST,
    PRIOR_HALF,
    PRIOR_QUARTER,
    PRIOR_YEAR,
    PRO_FORMA,
    RESTATED,
    Candidate,
    Rejection,
)
from assets.reports.document import Cell, Document, Place, Table
from assets.reports.extraction.approximation import widen
from assets.reports.extraction.context import Context
from assets.reports.extraction.entities import segment_scope
from assets.reports.extraction.labels import EXPIRY, read_label
from assets.reports.extraction.metric_units import FLOW_METRICS, UNITS_OF_METRIC, implied_unit, metric_for_unit
from assets.reports.extraction.table_periods import excel_date, read_period
from assets.reports.extraction.table_values import (
    find_units,
    fold,
    is_nil,
    read_text_value,
    uses_decimal_comma,
)
from assets.reports.extraction.template_columns import Template, find_template
from assets.reports.extraction.vocabulary import find_metrics
from assets.reports.operators import Layout

_LEVELS = ("portfolio", "region", "market", "facility")
_MARKET_LEVELS = ("market", "region")
_TIERS = (
    "company", "filing", "newswire", "annual_report", "annual_report_extracted", "broker", "transcript", "press",
    "summary",
)  # fmt: skip
# First words of a basis -> class. The first that matches counts, so the qualified ones stand first.
_BASES = (
    (r"forecast|.*;\s*forecast", FORECAST),
    (r"estimate", ESTIMATE),
    (r"derived", DERIVED),
    (r"pro[ _-]?forma", PRO_FORMA),
    (r"prior[ _]year|year[- ]ago", PRIOR_YEAR),
    (r"prior[ _]quarter", PRIOR_QUARTER),
    (r"prior[ _]half", PRIOR_HALF),
    (r"restated|as[ _]restated", RESTATED),
    (
        r"as[ _](?:reported|stated|printed|published)|reported|actual|chart[ _]digiti[sz]ed|按报告|實際|实际|已披露",
        AS_REPORTED,
    ),
    (r"预测|預測", FORECAST),
    (r"预计|預計|估计|估計", ESTIMATE),
    (r"上年同期|去年同期", PRIOR_YEAR),
    (r"上季度?", PRIOR_QUARTER),
    (r"重述|经重述|經重述", RESTATED),
)
_HEDGED = re.compile(
    r"chart[ _]digiti[sz]ed|approx|\babout\b|\bnearly\b|\balmost\b|\baround\b|\bcirca\b"
    r"|(?<![-\w])over\b(?![-\w])|more than|less than|\bat least\b|约|約|近",
    re.IGNORECASE,
)
_HEDGE_WORD = re.compile(
    r"(?<![-\w])(nearly|almost|more than|less than|at least|over|under|below|above)\b(?![-\w])", re.IGNORECASE
)
_BOUNDS = {
    **dict.fromkeys(("more than", "at least", "over", "above"), "low"),
    **dict.fromkeys(("nearly", "almost", "less than", "under", "below"), "high"),
}
_UNIT_NAMES = {
    "count": "count", "number": "count", "no.": "count", "#": "count", "nos": "count", "个": "count", "個": "count",
    "座": "count", "家": "count", "间": "count", "間": "count", "面": "count", "台": "count",
    "pct": "pct", "percent": "pct", "per cent": "pct", "%": "pct", "百分比": "pct", "percentage": "pct",
    "fraction": "fraction", "ratio": "fraction", "share": "fraction", "decimal": "fraction",
    "rmb": "RMB/month", "cny": "RMB/month", "元": "RMB/month", "人民币元": "RMB/month", "人民幣元": "RMB/month",
    "元/月": "RMB/month", "元/柜/月": "RMB/month", "rmb/month": "RMB/month", "rmb per month": "RMB/month",
    "rmb/cabinet/month": "RMB/month", "cny/month": "RMB/month", "usd/month": "USD/month", "us$/month": "USD/month",
    "usd per month": "USD/month", "hkd/month": "HKD/month", "sgd/month": "SGD/month", "eur/month": "EUR/month",
    "aud/month": "AUD/month", "gbp/month": "GBP/month",
}  # fmt: skip
_WHOLE = re.compile(
    r"^(?:group|portfolio|total|overall|global|worldwide|company|consolidated|whole|集团|集團|整体|整體"
    r"|合计|合計|总计|總計|全部)?$",
    re.IGNORECASE,
)
_COUNTRIES = re.compile(
    r"^(?:mainland china|china|prc|usa?|united states|united kingdom|uk|australia|japan|germany|netherlands"
    r"|ireland|malaysia|中国|中國)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Row:
    """One template row: texts by role, and where each cell stands."""

    texts: dict[str, str]
    cells: dict[str, Cell]
    place: Place
    number: int

    def text(self, role: str) -> str:
        return self.texts.get(role, "")

    def locator(self, role: str) -> str:
        cell = self.cells.get(role)
        return str(replace(self.place, block=None, row=self.number, column=cell.column if cell is not None else None))

    def quote(self) -> str:
        return " | ".join(text for text in (cell.text.strip() for cell in self.cells.values()) if text)


class _BadCellError(Exception):
    """A cell that cannot be taken: the column's role, what was found, what was expected, and the remedy."""

    def __init__(self, role: str, found: str, expected: str, remedy: str) -> None:
        super().__init__(role, found, expected, remedy)
        self.role, self.found, self.expected, self.remedy = role, found, expected, remedy


def extract_template(document: Document, context: Context) -> Iterator[Candidate | Rejection]:
    """Candidates and Rejections of every table of `document` that follows the template, in reading order."""
    for part in document.parts:
        if not isinstance(part, Table):
            continue
        grid = part.grid()
        template = find_template(grid, lambda text: bool(known_metric(text, context.layout)))
        if template is not None:
            yield from _read_table(part, grid, template, context)


def known_metric(text: str, layout: Layout | None) -> str:
    """The metric a name means: a ledger code ('capacity_in_service_mw') or a phrase ('Occupancy'); '' for none."""
    code = re.sub(r"[\s\-]+", "_", fold(text).casefold()).strip("_")
    code = (
        code.replace("utilization", "utilisation")
        .replace("utilized", "utilised")
        .replace("data_centers", "data_centres")
    )
    bare = re.sub(r"\[.*\]$", "", code)
    for name in (bare, re.sub(r"_(?:mw|kw|sqm|sqft|cabinets|pct|percent|years|count|rmb)$", "", bare)):
        if name in UNITS_OF_METRIC or name in FLOW_METRICS:
            return code if "[" in code else name
    hits = [hit for hit in find_metrics(text, layout) if hit.metric]
    if hits:
        return max(hits, key=lambda hit: hit.end - hit.start).metric
    facts = read_label(text, layout)
    return (
        f"{EXPIRY}_by_{facts.weight}" if facts.metric == EXPIRY and facts.weight else facts.metric.replace(EXPIRY, "")
    )


def _read_table(
    table: Table, grid: list[list[Cell | None]], template: Template, context: Context
) -> Iterator[Candidate | Rejection]:
    value_columns = [template.columns["value"]] if "value" in template.columns else list(template.metrics)
    body = grid[template.header_row + 1 :]
    decimal_comma = uses_decimal_comma(
        cell.text for row in body for column in value_columns if (cell := row[column]) is not None
    )
    for offset, row in enumerate(body):
        number = template.header_row + 2 + offset
        filled = [cell for cell in row if cell is not None and cell.text.strip()]
        if not filled or filled[0].text.lstrip().startswith("#"):
            continue
        cells = {role: cell for role, column in template.columns.items() if (cell := row[column]) is not None}
        texts = {role: fold(cell.text) for role, cell in cells.items()}
        if all(
            fold(cell.text) == fold(head.text)
            for cell, head in zip(row, grid[template.header_row], strict=True)
            if cell and head
        ):
            continue
        doubt = _contradiction(row, cells, template)
        if doubt is not None:
            role, other = doubt
            yield Rejection(
                rule="template_cell",
                reason=(
                    f"row {number}: the table has several columns {role}, here {texts[role]!r} and {other!r}; "
                    "expected one column, or the same in each. Take one of the columns out."
                ),
                locator=_Row(texts, cells, table.place, number).locator(role),
                quote=" | ".join(fold(cell.text) for cell in filled),
                metric=texts.get("metric", ""),
                value=texts.get("value", ""),
            )
            continue
        if not template.wide:
            yield _read_figure(_Row(texts, cells, table.place, number), context, decimal_comma)
            continue
        for column, header in template.metrics.items():
            cell = row[column]
            if cell is None or is_nil(cell.text):
                continue
            wide_texts = {**texts, "metric": header, "value": fold(cell.text)}
            yield _read_figure(_Row(wide_texts, {**cells, "value": cell}, table.place, number), context, decimal_comma)


def _contradiction(row: list[Cell | None], cells: dict[str, Cell], template: Template) -> tuple[str, str] | None:
    """A role that stands over several columns with another text in one of them: (role, that text)."""
    for role, column in template.again:
        other = row[column]
        if other is not None and role in cells and other.text.strip() and fold(other.text) != fold(cells[role].text):
            return role, fold(other.text)
    return None


def _read_figure(row: _Row, context: Context, decimal_comma: bool) -> Candidate | Rejection:
    try:
        return _candidate(row, context, decimal_comma)
    except _BadCellError as bad:
        return Rejection(
            rule="template_cell",
            reason=(f"row {row.number}, column {bad.role}: found {bad.found!r}, expected {bad.expected}. {bad.remedy}"),
            locator=row.locator(bad.role),
            quote=row.quote(),
            metric=row.text("metric"),
            value=row.text("value"),
        )


def _candidate(row: _Row, context: Context, decimal_comma: bool) -> Candidate:
    layout = _layout(row, context)
    operator = layout.operator if layout is not None else row.text("operator") or context.operator
    if not operator:
        raise _BadCellError("operator", "", "the operator's name", "Fill the operator in.")
    term = row.text("reported_term")
    basis = _basis(row.text("basis"), term)
    scope, level, facility, market, perimeter = _scope(row, layout)
    tier = row.text("tier").casefold().replace(" ", "_")
    if tier and tier not in _TIERS:
        raise _BadCellError(
            "tier", row.text("tier"), f"one of {', '.join(_TIERS)}", "Correct the tier or leave it blank."
        )
    period_end = _period(row, layout, level, tier)
    metric, value, unit, step, approximate, bounds = _figure(row, layout, decimal_comma)
    published = read_period(row.text("reported_on"))
    hedged = any(_HEDGED.search(row.text(role)) for role in ("basis", "reported_term"))
    low, high = _bounds(row, decimal_comma) or bounds
    if (approximate or hedged) and low is None and high is None:
        low, high = widen(value, unit, _bound(row))
    if (low is not None and low > value) or (high is not None and high < value):
        raise _BadCellError(
            "value",
            row.text("value"),
            f"a value within its bounds ({row.text('value_low') or 'any'} to {row.text('value_high') or 'any'})",
            "Correct the value or the bounds.",
        )
    return Candidate(
        operator=operator,
        scope=scope,
        scope_level=level,
        facility=facility,
        market=market,
        period_end=period_end,
        cadence="",
        metric=metric,
        value=value,
        unit=unit,
        basis=basis,
        locator=row.locator("value"),
        quote=row.quote(),
        value_low=low,
        value_high=high,
        rounding=step,
        perimeter=perimeter,
        tier=tier,
        published_on=published.period_end.isoformat() if published is not None else "",
        source=row.text("source"),
    )


def _layout(row: _Row, context: Context) -> Layout | None:
    name = row.text("operator")
    if not name:
        return context.layout
    return context.layouts.find(name)


def _basis(text: str, term: str) -> str:
    """The class of a basis text; '' is as reported, and printed E and F in the term decide 'as printed'."""
    if not text:
        return AS_REPORTED
    if re.match(r"as[ _]printed", text, re.IGNORECASE) and (suffix := re.search(r"\(([EF])\)\s*$", term)):
        return ESTIMATE if suffix.group(1) == "E" else FORECAST
    for pattern, basis in _BASES:
        if re.match(pattern, text, re.IGNORECASE):
            return basis
    raise _BadCellError(
        "basis", text, "a basis such as as_reported, restated_comparative, estimate or forecast", "Correct it."
    )


def _scope(row: _Row, layout: Layout | None) -> tuple[str, str, str, str, str]:
    """scope, scope_level, facility, market and perimeter of a row."""
    text, level = row.text("scope"), row.text("scope_level").casefold()
    facility_text, market = row.text("facility"), row.text("market")
    if level and level not in _LEVELS:
        raise _BadCellError(
            "scope_level", row.text("scope_level"), f"one of {', '.join(_LEVELS)}", "Correct the level."
        )
    perimeter = row.text("perimeter")
    bracket = re.search(r"\s*\[perimeter\s+([^:;\]]+)[^\]]*\]", text, re.IGNORECASE)
    if bracket is not None:
        perimeter = perimeter or bracket.group(1).strip()
        text = (text[: bracket.start()] + text[bracket.end() :]).strip()
        text = re.sub(r"^group continuing operations$", "group", text, flags=re.IGNORECASE)
    if level == "facility" and not facility_text:
        facility_text, text = text, ""
    if facility_text and (level in ("", "facility")):
        return _facility_scope(facility_text, market, layout, perimeter)
    whole = layout.group_scope if layout is not None else "group"
    if layout is not None and layout.kind == "market_source":
        scope = text or market or facility_text
        if not scope:
            raise _BadCellError("market", "", "the market the figure is of", "Fill the market or the scope in.")
        return scope, level or "market", "", market or (scope if (level or "market") == "market" else ""), perimeter
    if text and level in _MARKET_LEVELS:
        return text, level, "", market or (text if level == "market" else ""), perimeter
    if _WHOLE.match(text):
        named = text if text.casefold() in ("group", "portfolio") else whole
        return named, level or "portfolio", "", market, perimeter
    plain = re.fullmatch(r"(group|portfolio)\s+\((?!by |in )[^)]*\)", text, re.IGNORECASE)
    if plain is not None:
        return plain.group(1).casefold(), level or "portfolio", "", market, perimeter
    return _segment(text, layout), level or "portfolio", "", market, perimeter


def _facility_scope(text: str, market: str, layout: Layout | None, perimeter: str) -> tuple[str, str, str, str, str]:
    known = layout.facility(text) if layout is not None else None
    inside = re.fullmatch(r"(?P<name>.*\S)\s+\((?P<place>[^()]+)\)", text)
    if known is None and inside is not None:
        text = inside.group("name")
        known = layout.facility(text) if layout is not None else None
        places = [place.strip() for place in inside.group("place").split(",")]
        named = [place for place in places if not _COUNTRIES.match(place)] or places
        market = market or named[-1]
    name = known.name if known is not None else text
    market = known.market if known is not None and known.market else market
    return name, "facility", name, market, perimeter


def _segment(text: str, layout: Layout | None) -> str:
    if layout is not None:
        for phrase, scope in layout.scopes.items():
            if phrase.casefold() == text.casefold():
                return scope
    return segment_scope(text) or text


def _period(row: _Row, layout: Layout | None, level: str, tier: str) -> str:
    text = row.text("period_end")
    if not text:
        if level in _MARKET_LEVELS and tier == "broker":
            return ""
        raise _BadCellError(
            "period_end",
            "",
            "a date such as 2025-03-31",
            "Fill the date in; only broker figures of a market may lack it.",
        )
    cell = row.cells.get("period_end")
    if cell is not None and cell.number is not None and re.fullmatch(r"\d{5}(?:\.0+)?", text):
        day = excel_date(cell.number)
        if day is not None:
            return day.isoformat()
    label = read_period(text, layout.fiscal_year_end_month if layout is not None else 12)
    if label is None:
        raise _BadCellError("period_end", text, "a date such as 2025-03-31", "Write the date as year-month-day.")
    return label.period_end.isoformat()


def _figure(
    row: _Row, layout: Layout | None, decimal_comma: bool
) -> tuple[str, float, str, float, bool, tuple[float | None, float | None]]:
    """metric, value, unit, rounding, approximate and bounds of a row."""
    name = row.text("metric")
    if not name:
        raise _BadCellError("metric", "", "the name of a metric", "Fill the metric in.")
    metric = known_metric(name, layout)
    if not metric:
        raise _BadCellError(
            "metric", name, "a metric of the ledger (data/ledger/metrics.csv)", "Correct the name of the metric."
        )
    cell = row.cells.get("value")
    printed = row.text("value")
    read = read_text_value(printed, decimal_comma)
    if read is None:
        expected = "a number" if printed else "a number, not a blank"
        raise _BadCellError(
            "value", printed, expected, "Correct the cell; leave the row out where nothing is published."
        )
    value, step = read.value, read.step
    unit_text = row.text("unit") or _unit_in_name(name)
    unit, factor = _unit(unit_text, metric, read.unit)
    if read.unit and unit != read.unit and unit in (*UNITS_OF_METRIC["capacity_in_service"], "pct", "years"):
        raise _BadCellError(
            "value", printed, f"a value in {unit_text}, as the column unit says", "Correct the value or the unit."
        )
    if cell is not None and cell.number is not None and "%" in cell.number_format and "%" not in printed:
        value, step = round(value * 100, 9), step * 100
    if unit == "fraction":
        unit, factor = "pct", 100.0
    value, step = round(value * factor, 6), step * factor
    if metric in UNITS_OF_METRIC:
        fitting = metric_for_unit(metric, unit)
        is_code = fold(name).casefold() == metric
        if not fitting or (is_code and fitting != metric):
            expected = "one of " + ", ".join(UNITS_OF_METRIC[metric])
            raise _BadCellError(
                "unit", unit_text or read.unit, f"{expected} for {metric}", "Correct the unit or the metric."
            )
        metric = fitting
    return metric, value, unit, step, read.approximate, (None, None)


def _unit_in_name(name: str) -> str:
    code = re.search(r"_(mw|kw|gw|sqm|sqft|cabinets|pct|percent|years|count)$", fold(name).casefold())
    if code is not None:
        return code.group(1)
    hits = find_units(fold(name))
    return fold(name)[max(0, hits[-1].start - 12) :] if hits else ""


def _unit(text: str, metric: str, printed_unit: str) -> tuple[str, float]:
    """The contract unit a unit cell names and the factor to it. Money and compound units of flows stay as written."""
    folded = fold(text)
    key = folded.casefold()
    if not key:
        unit = printed_unit or implied_unit(metric)
        if not unit:
            raise _BadCellError("unit", "", "the unit of the value", "Fill the unit in; units are never guessed.")
        return unit, 1.0
    if key in _UNIT_NAMES:
        unit = _UNIT_NAMES[key]
        if unit == "count" and metric.startswith("capacity_"):
            # 个 counts cabinets where a Chinese template gives a capacity: areas and power have units of their own.
            return ("cabinets" if key in ("个", "個", "面", "台") else unit), 1.0
        return unit, 1.0
    hits = find_units(folded)
    if metric in FLOW_METRICS or "[" in metric:
        return (hits[0].unit if len(hits) == 1 and re.fullmatch(r"\w+|%", folded) else folded), 1.0
    if len({hit.unit for hit in hits}) == 1 and hits[0].unit:
        return hits[0].unit, 1.0 if printed_unit == hits[0].unit else hits[0].factor
    raise _BadCellError(
        "unit", text, "a unit such as mw, kw, sqm, sqft, cabinets, pct, years or count", "Correct the unit."
    )


def _bounds(row: _Row, decimal_comma: bool) -> tuple[float | None, float | None] | None:
    low = read_text_value(row.text("value_low"), decimal_comma)
    high = read_text_value(row.text("value_high"), decimal_comma)
    if low is None and high is None:
        return None
    return (low.value if low is not None else None), (high.value if high is not None else None)


def _bound(row: _Row) -> str:
    """Which end a hedge fixes, as `widen` takes it: the basis speaks first, then the printed term, then the value."""
    said = next((row.text(role) for role in ("basis", "reported_term") if _HEDGED.search(row.text(role))), "")
    word = _HEDGE_WORD.search(said or row.text("value"))
    return _BOUNDS[word.group().casefold()] if word is not None else ""
