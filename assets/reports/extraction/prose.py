"""Sentences and bullets to candidates: what headings, parent bullets and earlier sentences lend to each sentence.

Belongs here: walking the blocks, scope and site of a figure, basis words (pro forma, expected, restated), quote and
locator. Does not belong here: pairing inside a sentence (sentence.py) and tables (tables.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from assets.reports.candidates import ESTIMATE, FORECAST, Candidate, Rejection
from assets.reports.document import Block, Document, Place
from assets.reports.extraction.context import Context
from assets.reports.extraction.periods import DateHit, find_dates, month_end, quarter_end
from assets.reports.extraction.places import SiteHit, find_sites, site_of_heading
from assets.reports.extraction.quantities import LEVEL, MONEY, RATE, Quantity, find_quantities
from assets.reports.extraction.sentence import Carried, Figure, SentenceReading, read_sentence
from assets.reports.extraction.texts import Span, is_source_line, sentences, without_addresses
from assets.reports.extraction.vocabulary import MetricHit, NameHit, find_metrics, find_names, find_phrases, is_blocker

_FORECAST = re.compile(
    r"\b(?:expect(?:s|ed|ing|ation)?|forecasts?|guid(?:ance|es|ed)|targets?|targeting|targeted|aims?|"
    r"plans? to|project(?:s|ed|ions?)\b(?! finance)|anticipat(?:es?|ed)|"
    r"should (?:reach|be|rise|stand)|will (?:reach|be|rise|stand|have|grow|exceed)|is set to|on track to|"
    r"outlook|ambition|intends?|hopes?|"
    r"is likely to|are likely to|could (?:reach|rise)|may reach)\b|预计|預計|预期|預期|指引|目标|"
    r"目標|料将|料將|有望|展望|预测|預測|拟于|計劃於",
    re.I,
)
_ESTIMATE = re.compile(
    r"\b(?:estimat(?:es?|ed|ion)|by our (?:count|reckoning)|we (?:reckon|think|believe)|analysts? (?:put|"
    r"see|reckon))\b|估计|估計|估算|估测",
    re.I,
)
_PRO_FORMA = re.compile(
    r"\bpro[- ]?forma\b|\bas if\b|\bwould (?:be|have been|stand at|have stood|come to|rise to|reach)\b|"
    r"\badjusted for\b|\bon a like[- ]for[- ]like basis\b|"
    r"备考|備考|模拟|模擬|假设|假設",
    re.I,
)
_NOT_PRO_FORMA = re.compile(r"\b(?:not|no|without|before any) pro[- ]?forma", re.I)
_ANAPHORA = re.compile(
    r"^\W*(?:this|that|it|these|those|the figure|the number|the rate|the ratio|the level|the same|"
    r"the comparable|the comparative|comparatives?|a year|one year|twelve|in the|"
    r"in [^\W\d][\w ]{1,30}?,? (?:it|this|that|the (?:rate|figure|ratio|number)) (?:was|were|is|stood)|"
    r"at the|for the|at|as of|on|by|compared|against|versus|up from|down from|after|previously|before|the|"
    r"three months|six months|last|in figures|"
    r"其中|该|該|上年|去年|而|较|較|同期|对比|對比|于|在|截至|上季|此前)",
    re.I,
)
_OF_THESE = re.compile(r"^\W*(?:of|among|out of|from)\s(?:these|those|this|that|them|which|it)\b|^\W*其中", re.I)
_THERE = re.compile(
    r"\b(?:there|it|the (?:site|building|facility|campus|asset|property|data cent(?:re|er)))\b|该(?:园区|数据中心|"
    r"项目)|該(?:園區|數據中心|項目)",
    re.I,
)
_SKIP_SECTION = re.compile(
    r"\b(?:safe harbou?r|forward[- ]looking|conference call|webcast|about (?:the company|us)|disclaimer|"
    r"non-gaap|use of non|investor (?:relations|contacts?)|contacts?|"
    r"balance sheet|income statement|cash flows?|financial statements|glossary|definitions?)\b|免责|免責|安全港|"
    r"前瞻性|电话会议|電話會議|释义|釋義",
    re.I,
)
_GROUP_WORDS = re.compile(
    r"\b(?:group|portfolio|overall|company|total|consolidated|in all|altogether|compound|whole)\b|"
    r"整体|整體|集团|集團|合计|合計|全部",
    re.I,
)
_THE_FIGURE = re.compile(
    r"\b(?:the|that|this) (?:average|rate|figure|ratio|level|number|share|measure)\b|该比率|該比率|该数字|該數字", re.I
)


@dataclass
class _Frame:
    """What a heading or a bullet says for everything under it."""

    level: int
    heading: bool
    segment: str = ""
    cohort: str = ""
    market: str = ""
    region: str = ""
    site: SiteHit | None = None
    day: DateHit | None = None
    metric: str = ""
    unit: str = ""
    basis: str = ""
    text: str = ""


@dataclass
class _Walk:
    """The state of the walk over a document's blocks."""

    frames: list[_Frame] = field(default_factory=list)
    last: Figure | None = None
    last_block: int = -1
    last_site: SiteHit | None = None
    day: DateHit | None = None
    market: str = ""
    place: tuple[str, str, str, str] | None = None
    place_block: int = -1
    segment: str = ""
    segment_block: int = -1


def extract_prose(
    document: Document, context: Context, known: Iterable[Candidate] = (), skip: frozenset[int] = frozenset()
) -> Iterator[Candidate | Rejection | str]:
    """Candidates, rejections and unknown phrases (plain texts) of a document's running text, in order of place.

    `known` are figures already taken from tables: they give the metric of a sentence that only names a site. `skip`
    are block numbers another extractor has read.
    """
    walk = _Walk(market=_document_market(document, context))
    facts = list(known)
    blocks = [part for part in document.parts if isinstance(part, Block)]
    restated = _restated_dates(blocks, context)
    marks = _marks(blocks)
    for passage in _passages([b for b in blocks if b.place.block not in skip]):
        block, text = passage.block, passage.text
        if is_source_line(text):
            continue
        clean = without_addresses(text)
        if block.kind in ("title", "heading"):
            _open_heading(walk, block, clean, context)
            if not any(q.kind in (LEVEL, RATE) for q in find_quantities(clean)):
                continue
        elif block.kind == "bullet":
            _close_bullets(walk, block.level)
        elif block.kind == "paragraph":
            _close_bullets(walk, 0)
            if _labels_section(clean):
                _open_heading(walk, replace(block, level=6), clean, context)
                continue
        if _in_skipped_section(walk) and not find_metrics(clean, context.layout):
            continue
        note = " ".join(marks[m] for m in block.notes if m in marks)
        yield from _read_block(walk, passage, clean, context, facts, restated, note)


@dataclass(frozen=True)
class _Passage:
    """Running text to read as one: a block, or several that a page or a layout has torn apart.

    `pieces` are (offset in text, block): a locator must name the block a number really stands in.
    """

    block: Block
    text: str
    pieces: tuple[tuple[int, Block], ...]

    def place(self, start: int, end: int) -> Place:
        offset, block = next((offset, block) for offset, block in reversed(self.pieces) if offset <= start)
        return replace(block.place, start=start - offset, end=end - offset)


def _passages(blocks: list[Block]) -> list[_Passage]:
    """Blocks as passages: a lone number with its lone label, and sentences torn apart, are joined."""
    result: list[_Passage] = []
    for block in blocks:
        last = result[-1] if result else None
        glue = _glue_between(last, block) if last is not None else None
        if last is not None and glue is not None:
            offset = len(last.text) + len(glue)
            # The joined text is running text, whatever its first part looked like.
            kind = "paragraph" if last.block.kind in ("title", "heading") else last.block.kind
            result[-1] = _Passage(
                replace(last.block, kind=kind, notes=last.block.notes + block.notes),
                f"{last.text}{glue}{block.text}",
                (*last.pieces, (offset, block)),
            )
        else:
            result.append(_Passage(block, block.text, ((0, block),)))
    return result


_TORN_LABEL = re.compile(r"\s*(?:[(（][^)）]{0,40}[)）]\s*)?[~≈<>]?\s?\d")


def _glue_between(last: _Passage, block: Block) -> str | None:
    """What joins a block to the passage before it, or None where it stands for itself."""
    if block.kind in ("note", "bullet") or last.block.kind == "note":
        return None
    here, there = (_lone(last.text), _lone(block.text)) if len(last.pieces) == 1 else ("", "")
    if (here, there) == ("number", "label"):
        return " "
    if (here, there) == ("label", "number"):
        return ": "
    if block.kind != "paragraph":
        return None
    before, after = last.text.rstrip(), block.text
    if before.endswith((":", "：")) and _TORN_LABEL.match(after):
        return " "
    unfinished = not re.search(r"[.。!?！？:：;；)）]$", before)
    measured = any(q.kind in (LEVEL, RATE) for q in find_quantities(before))
    if unfinished and measured and re.match(r"[(（](?=[^)）]*\d)|[,，;；]|[a-z]{2,}\s", after):
        return " "
    return None


def _lone(text: str) -> str:
    """'number' for a block that is one quantity with a unit, 'label' for a short metric phrase without a number."""
    stripped = text.strip()
    if len(stripped) > 110:
        return ""
    quantities = [q for q in find_quantities(stripped) if q.kind in (LEVEL, RATE) and q.unit]
    if (
        len(quantities) == 1
        and not stripped[: quantities[0].start].strip(" ~c.约約:")
        and not stripped[quantities[0].end :].strip(" .+*")
    ):
        return "number"
    if (
        not quantities
        and len(stripped) <= 110
        and not re.search(r"\d", stripped)
        and not stripped.endswith((".", "。"))
    ):
        return "label" if [h for h in find_metrics(stripped) if h.metric] else ""
    return ""


def _labels_section(text: str) -> bool:
    """A paragraph that is a short heading in all but style: 'Wholesale IDC', 'Operating highlights:'."""
    stripped = text.strip()
    return (
        len(stripped) <= 60
        and not re.search(r"\d", stripped)
        and (stripped.endswith((":", "：")) or not re.search(r"[.。!?,，]", stripped))
    )


def _in_skipped_section(walk: _Walk) -> bool:
    """Whether the nearest heading is of legal text, calls or statements."""
    headings = [frame for frame in walk.frames if frame.heading]
    return bool(headings) and bool(_SKIP_SECTION.search(headings[-1].text))


def _open_heading(walk: _Walk, block: Block, text: str, context: Context) -> None:
    level = block.level or 1
    walk.frames = [frame for frame in walk.frames if frame.heading and frame.level < level]
    frame = _Frame(level, True, text=text)
    _describe(frame, text, context)
    walk.frames.append(frame)


def _close_bullets(walk: _Walk, level: int) -> None:
    walk.frames = [frame for frame in walk.frames if frame.heading or frame.level < level]


def _describe(frame: _Frame, text: str, context: Context) -> None:
    """Read scope, site, date, metric and outlook out of a heading or a bullet that introduces others."""
    names = find_names(text, context.layout)
    frame.segment = next((n.name for n in names if n.kind == "segment"), "")
    frame.cohort = next((n.name for n in names if n.kind == "cohort"), "")
    frame.market = next((n.name for n in names if n.kind == "market"), "")
    # A heading that is a region's name is about it; one that mentions a region ('extract: Asia Pacific') need not be.
    frame.region = next((n.name for n in names if n.kind == "region" and len(text) - (n.end - n.start) <= 24), "")
    frame.site = site_of_heading(text, context.layout)
    days = [d for d in find_dates(text, context) if d.kind != "relative"]
    frame.day = days[0] if len(days) == 1 and _dates_section(days[0], context) else None
    hits = find_metrics(text, context.layout)
    if len(hits) == 1 and not any(is_blocker(h) for h in find_phrases(text, context.layout)):
        frame.metric = hits[0].metric
    if _FORECAST.search(text):
        frame.basis = FORECAST
    if re.search(r"pro[- ]?forma|备考|備考", text, re.I):
        frame.basis = "pro_forma"


def _dates_section(day: DateHit, context: Context) -> bool:
    """Whether a heading's date is of the figures under it, and not the day or month it was written in."""
    if day.period_end == context.published_on or day.kind in ("month", "year"):
        return False
    return day.kind in ("quarter", "half") or day.period_end == month_end(day.period_end.year, day.period_end.month)


def _read_block(
    walk: _Walk,
    passage: _Passage,
    text: str,
    context: Context,
    facts: list[Candidate],
    restated: _Restated,
    note: str,
) -> Iterator[Candidate | Rejection | str]:
    block = passage.block
    number = block.place.block or 0
    own = _Frame(block.level, False, text=text)
    _describe(own, text, context)
    day: DateHit | None = None
    first_metric: tuple[str, str] | None = None
    for span in sentences(text):
        if (segment := _run_in_segment(span.text, context)) != "":
            walk.segment, walk.segment_block = segment, number
            continue
        day = _stated_for_all(span.text, context) or day
        carried = _carried(walk, number, span.text, context, facts)
        reading = read_sentence(span.text, context, carried, _noun_unit(walk))
        if not reading.figures and not reading.problems and not reading.unlabelled:
            sites = find_sites(span.text, context.layout)
            walk.last_site = sites[-1] if sites else walk.last_site
            continue
        told: dict[tuple[str, ...], float] = {}
        for figure in reading.figures:
            made = _candidate(walk, passage, span, figure, reading, context, day, restated, note)
            if isinstance(made, Candidate):
                key = (made.scope, made.facility, made.period_end, made.metric, made.unit, made.basis)
                if abs(told.setdefault(key, made.value) - made.value) > made.rounding:
                    # One sentence does not say two things of one figure: the second is of something we did not see.
                    reason = f"the same sentence already gives {told[key]:g} for this"
                    yield Rejection("ambiguous", reason, made.locator, made.quote, made.metric, figure.quantity.text)
                    continue
                facts.append(made)
            yield made
            if figure.unit == "pct" and first_metric is None:
                first_metric = (figure.metric, figure.unit)
        for problem in reading.problems:
            yield Rejection(
                problem.rule,
                problem.reason,
                _locator(passage, span, problem.quantity),
                _printed(passage, span),
                problem.metric,
                problem.quantity.text,
            )
        for quantity in reading.unlabelled:
            if not any(is_blocker(p) for p in reading.phrases):
                yield _around(span.text, quantity)
        if reading.figures:
            walk.last, walk.last_block = reading.figures[-1], number
    if block.kind == "bullet":
        # What a bullet is about holds for the bullets under it.
        if first_metric:
            own.metric, own.unit = first_metric
        own.day = own.day if len(text) <= 80 else None
        own.site = own.site if len(text) <= 80 else None
        if len(text) > 80:
            own.market = ""
        walk.frames.append(own)
    elif block.kind == "paragraph" and day is not None:
        walk.day = day


def _run_in_segment(text: str, context: Context) -> str:
    """The segment a paragraph opens with for all of it: 'Retail. 52,131 cabinets in service; ...'."""
    bare = text.strip(" .。:：—–-")
    if len(bare) > 40 or bare == text or re.search(r"\d", bare):
        return ""
    names = find_names(bare, context.layout, ("segment",))
    return names[0].name if names and len(bare) - (names[0].end - names[0].start) <= 12 else ""


_NOUN_UNITS = (
    (
        "cabinets",
        re.compile(
            r"(?:number of |total )?(?:cabinets?|racks?)(?: \((?:number|units?|count)\))?|"
            r"(?:机柜|機櫃|机架|機架)(?:数量?|數量?)?(?:[(（][个個][)）])?",
            re.I,
        ),
    ),
    (
        "mw",
        re.compile(
            r"(?:it |power |critical )?(?:capacity |power |load )?\(?(?:in )?(?:MW|megawatts)\)?|"
            r"容量?[(（](?:MW|兆瓦)[)）]",
            re.I,
        ),
    ),
    (
        "sqm",
        re.compile(
            r"(?:floor )?(?:area |space )?\(?(?:in )?(?:sqm|square met(?:er|re)s)\)?|面[积積][(（](?:平方米|平米)[)）]",
            re.I,
        ),
    ),
)


def _noun_unit(walk: _Walk) -> str:
    """The unit that the bullet or heading above, being no more than a unit's name, gives the bare numbers below."""
    for frame in reversed(walk.frames):
        text = frame.text.strip(" .:：")
        for unit, pattern in _NOUN_UNITS:
            if pattern.fullmatch(text):
                return unit
        if frame.heading:
            break
    return ""


_FOR_ALL = re.compile(
    r"\b(?:all|every|unless|otherwise|levels?|figures|data|numbers|everything|"
    r"balances)\b[^.]{0,60}\b(?:are|is|as of|as at|at|refer)\b|均指|均为|均為|除另有|除非|如无特别|如無特別",
    re.I,
)


def _stated_for_all(text: str, context: Context) -> DateHit | None:
    """'All levels are as of June 30, 2024.': the date of what follows; a sentence with figures states none."""
    if not _FOR_ALL.search(text) or any(q.kind in (LEVEL, RATE) for q in find_quantities(text)):
        return None
    days = [d for d in find_dates(text, context) if d.kind != "relative"]
    return days[-1] if len(days) == 1 else None


def _carried(walk: _Walk, number: int, text: str, context: Context, facts: list[Candidate]) -> Carried:
    """The metric a sentence without one may borrow: from its site's figures, its parent bullet, the sentence before."""
    if _named_metrics(text, context) and not _only_scope(text, context):
        if walk.last is not None and walk.last_block == number and _ANAPHORA.match(text):
            return Carried(walk.last.metric, walk.last.unit, walk.last.hit)
        near = walk.last is not None and (walk.last_block == number or bool(_OF_THESE.match(text)))
        if walk.last is None or not near:
            return Carried()
        return Carried(unit=walk.last.unit, within=walk.last.metric if _OF_THESE.match(text) else "")
    sites = find_sites(text, context.layout)
    if sites:
        metrics = {(c.metric, c.unit) for c in facts if c.facility == sites[0].name and c.unit == "pct"}
        if len(metrics) == 1:
            metric, unit = next(iter(metrics))
            return Carried(metric, unit, None, always=True)
    for frame in reversed(walk.frames):
        if frame.metric:
            unit = frame.unit or (
                "pct" if frame.metric.endswith("_rate") else "years" if frame.metric == "wale_years" else ""
            )
            if frame.metric.startswith("price_"):
                money = next((q.unit for q in find_quantities(text) if q.kind == MONEY and q.unit), "")
                unit = f"{money}/month" if money else ""
            if unit:
                return Carried(frame.metric, unit, None, always=True)
            break
        if not frame.heading:
            break
    if walk.last is not None and walk.last_block == number and _ANAPHORA.match(text):
        whole = (
            bool(find_names(text, context.layout)) or bool(_GROUP_WORDS.search(text)) or bool(_THE_FIGURE.search(text))
        )
        return Carried(walk.last.metric, walk.last.unit, walk.last.hit, always=whole)
    return Carried()


def _named_metrics(text: str, context: Context) -> list[MetricHit]:
    """The metrics a text names; 'data centres' alone is what a figure is of, and no metric."""
    return [hit for hit in find_metrics(text, context.layout) if hit.concepts != {"data_centres"}]


def _only_scope(text: str, context: Context) -> bool:
    """Whether the metric words of a text lie inside its scope's name: 'mature capacity', 'ramp-up cabinets'."""
    names = find_names(text, context.layout)
    return all(any(n.start <= h.start and h.end <= n.end for n in names) for h in find_metrics(text, context.layout))


def _around(text: str, quantity: Quantity) -> str:
    start = max(0, text.rfind(" ", 0, max(0, quantity.start - 40)) + 1)
    return text[start : quantity.end + 30].strip()


@dataclass(frozen=True)
class _Restated:
    """Which earlier figures a document says it has restated: all of them, or those of some dates."""

    everything: bool = False
    days: frozenset[date] = frozenset()

    def covers(self, day: date) -> bool:
        return self.everything or day in self.days


def _restated_dates(blocks: list[Block], context: Context) -> _Restated:
    if not context.restated:
        return _Restated()
    days: set[date] = set()
    everything = False
    for block in blocks:
        for span in sentences(block.text):
            if not re.search(r"restat|revis|re-?present|recast|重列|重述|追溯", span.text, re.I) or re.search(
                r"\bnot\b|\bmarked\b|\bR\s?=", span.text
            ):
                continue
            named = [d.period_end for d in find_dates(span.text, context) if d.kind in ("date", "quarter", "month")]
            earlier = {d for d in named if context.period_end and d < context.period_end}
            days |= earlier
            if not earlier and re.search(
                r"comparativ|prior|previous|earlier|last year|figures|numbers|比较|比較|上年|去年|往期|以前",
                span.text,
                re.I,
            ):
                everything = True
    return _Restated(everything, frozenset(days))


def _marks(blocks: list[Block]) -> dict[str, str]:
    """Footnotes by mark."""
    return {mark: block.text for block in blocks if block.kind == "note" for mark in block.notes}


def _document_market(document: Document, context: Context) -> str:
    """The one market a market source's page is about: named in its title or a heading, alone."""
    if not context.is_market_source:
        return ""
    for part in document.parts:
        if isinstance(part, Block) and part.kind in ("title", "heading"):
            names = {n.name for n in find_names(part.text, None, ("market",))}
            if len(names) == 1:
                return next(iter(names))
    names = {n.name for n in find_names(document.title, None, ("market",))}
    return next(iter(names)) if len(names) == 1 else ""


def _candidate(
    walk: _Walk,
    passage: _Passage,
    span: Span,
    figure: Figure,
    reading: SentenceReading,
    context: Context,
    day: DateHit | None,
    restated: _Restated,
    note: str,
) -> Candidate | Rejection:
    quantity, text, quote = figure.quantity, span.text, _printed(passage, span)
    locator = _locator(passage, span, quantity)
    heading_basis = next((f.basis for f in reversed(walk.frames) if f.basis), "")
    pro_forma = _is_pro_forma(text, quantity) or heading_basis == "pro_forma" or _is_pro_forma_note(note)
    outlook = "" if pro_forma else _outlook(text, quantity, heading_basis)
    hit = figure.date or day or _frame_day(walk) or walk.day
    if pro_forma and figure.date is None:
        dates = [d for d in reading.dates if d.kind == "date"]
        hit = dates[-1] if dates else hit
    when = hit.period_end if hit is not None else context.period_end
    if outlook and len(re.findall(r"\d[\d,.]*", quantity.text)) > 1:
        return Rejection("outlook_range", "an expected range is no level", locator, quote, figure.metric, quantity.text)
    if outlook == FORECAST and (
        hit is None or (context.period_end is not None and hit.period_end <= context.period_end)
    ):
        hit = None
    if outlook and hit is None:
        return Rejection(
            "outlook_without_date", "an expected figure without a date", locator, quote, figure.metric, quantity.text
        )
    if when is None:
        return Rejection(
            "no_period",
            "neither the sentence nor the document says of which date",
            locator,
            quote,
            figure.metric,
            quantity.text,
        )
    if not pro_forma:
        when = _period_of(when, hit, context)
    latest = context.published_on or context.period_end or when
    if not pro_forma and not outlook and hit is not None and when > latest + timedelta(days=1):
        # No report knows a level of a day after its own.
        outlook = FORECAST
    scope, level, facility, market = _scope(walk, span, figure, context, passage.block.place.block or 0)
    if not scope:
        reason = "several places are named and nothing says which of them the figure is of"
        return Rejection("no_market", reason, locator, quote, figure.metric, quantity.text)
    if context.is_market_source and level == "portfolio":
        reason = "a market figure without a market: neither the sentence nor a heading names one"
        return Rejection("no_market", reason, locator, quote, figure.metric, quantity.text)
    if figure.metric in ("net_absorption_full_year", "new_supply_full_year") and not _spans_year_or_half(text, hit):
        return Rejection("no_span", "a flow of no stated year or half", locator, quote, figure.metric, quantity.text)
    metric = _period_metric(figure.metric, text, hit)
    suffix = hit.suffix if hit is not None else ""
    return context.candidate(
        metric=metric,
        value=quantity.value,
        unit=figure.unit,
        period_end=when,
        basis=context.basis(when, suffix, restated=restated.covers(when), pro_forma=pro_forma, outlook=outlook),
        locator=locator,
        quote=quote,
        scope=_weighted(scope, metric, text),
        scope_level=level,
        facility=facility,
        market=market,
        value_low=quantity.low,
        value_high=quantity.high,
        rounding=quantity.rounding,
    )


def _printed(passage: _Passage, span: Span) -> str:
    """What the document prints there, addresses included; sentences are read without them."""
    return passage.text[span.start : span.end]


def _locator(passage: _Passage, span: Span, quantity: Quantity) -> str:
    start = span.start + quantity.start
    return str(passage.place(start, start + quantity.end - quantity.start))


def _frame_day(walk: _Walk) -> DateHit | None:
    return next((f.day for f in reversed(walk.frames) if f.day is not None), None)


def _period_of(when: date, hit: DateHit | None, context: Context) -> date:
    """A day inside a quarter ('as of 9 September') speaks of the last quarter that had ended, or of the main period."""
    if when == month_end(when.year, when.month) or (hit is not None and hit.kind != "date"):
        return when
    main = context.period_end
    if main is not None and main < when <= main + timedelta(days=100):
        return main
    previous = quarter_end(date(when.year, when.month, 1) - timedelta(days=1))
    return previous if previous < when else quarter_end(previous - timedelta(days=100))


def _is_pro_forma(text: str, quantity: Quantity) -> bool:
    """Whether words make the number a supposed one; 'it would have been 98 %' says so of what follows alone."""
    if _NOT_PRO_FORMA.search(text):
        return False
    for match in _PRO_FORMA.finditer(text):
        gap, rest = text[quantity.end : match.start()], text[match.end() :]
        elsewhere = match.start() > quantity.end and re.search(r"[,，;；]|\b(?:and|while|but)\b", gap)
        if not (elsewhere and re.search(r"\d", rest)):
            return True
    return False


def _is_pro_forma_note(note: str) -> bool:
    return bool(re.search(r"pro[- ]?forma|备考|備考", note, re.I)) and not _NOT_PRO_FORMA.search(note)


def _outlook(text: str, quantity: Quantity, heading: str) -> str:
    """'forecast' or 'estimate' where such words stand before the number in its clause, or head the section."""
    if heading == FORECAST:
        return FORECAST
    start = max(text.rfind(sign, 0, quantity.start) for sign in (";", "；", "。"))
    before = text[start + 1 : quantity.start]
    after = text[quantity.end : quantity.end + 30]
    if _FORECAST.search(before) or re.match(
        r"[^,;.]{0,20}\b(?:is|are|was|were) (?:expected|forecast|targeted|projected|planned)\b", after
    ):
        return FORECAST
    return ESTIMATE if _ESTIMATE.search(before) else ""


def _scope(walk: _Walk, span: Span, figure: Figure, context: Context, number: int) -> tuple[str, str, str, str]:
    """Scope name, scope level, facility and market of a figure: its own sentence first, then bullets and headings."""
    text, quantity = span.text, figure.quantity
    sites = find_sites(text, context.layout)
    site = _nearest_site(sites, text, quantity)
    if site is None and walk.last_site is not None and _THERE.search(text[: quantity.start]) and walk.last_site.known:
        site = walk.last_site
    names = find_names(text, context.layout)
    if site is None and not _names_whole(text, names, quantity):
        site = next((f.site for f in reversed(walk.frames) if f.site is not None), None)
    if site is not None:
        walk.last_site = site
        return site.name, "facility", site.name, site.market
    segment = _nearest(names, "segment", quantity, text) or _inherited(walk, "segment")
    if segment:
        walk.segment, walk.segment_block = segment, number
    elif walk.segment_block == number and not _GROUP_WORDS.search(text):
        # A paragraph that speaks of a segment goes on speaking of it until it says otherwise.
        segment = walk.segment
    cohort = _nearest(names, "cohort", quantity, text) or _inherited(walk, "cohort")
    market = _nearest(names, "market", quantity, text)
    if context.is_market_source and _of_several(names, market, text):
        region = _nearest(names, "region", quantity, text) or _inherited(walk, "region") or _document_region(context)
        return (region, "region", "", "") if region else ("", "portfolio", "", "")
    if context.is_market_source:
        market = market or _inherited(walk, "market") or walk.market
        own = _nearest(names, "market", quantity, text)
        region = _nearest(names, "region", quantity, text) or _inherited(walk, "region")
        if not own and not region and walk.place_block == number and walk.place:
            return walk.place
        if region and not own:
            walk.place, walk.place_block = (region, "region", "", ""), number
            return walk.place
        if market:
            walk.place, walk.place_block = (market, "market", "", market), number
        return (market, "market", "", market) if market else ("", "portfolio", "", "")
    home = context.layout.market if context.layout else ""
    nearer = _later_than(names, "region", "market", quantity)
    if market and market != home and not segment and not nearer and _qualifies(names, market, text, figure):
        if _of_several(names, market, text):
            return "", "portfolio", "", ""
        part = f"{market} portfolio"
        if context.layout and part in context.layout.scopes.values():
            return part, _segment_level(part), "", ""
        return market, "market", "", market
    region = _nearest(names, "region", quantity, text) or _inherited(walk, "region")
    if region and not segment:
        return region, "region", "", ""
    if segment and cohort and cohort[:7].casefold() not in segment.casefold():
        return f"{segment}, {cohort}", "portfolio", "", ""
    if cohort and not segment:
        idcs = "IDCs" if re.search(r"\bIDCs?\b", text) else ""
        return f"{cohort} {idcs}".strip(), "portfolio", "", ""
    if segment:
        return segment, _segment_level(segment), "", ""
    return context.group_scope, "portfolio", "", ""


def _later_than(names: list[NameHit], kind: str, other: str, quantity: Quantity) -> bool:
    """Whether of two kinds of names before a number the last is of `kind`: that place is the number's."""
    before = [n for n in names if n.end <= quantity.start and n.kind in (kind, other)]
    return bool(before) and before[-1].kind == kind


_SEVERAL = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|all|both|[2-9])\s(?:\w+\s)?(?:markets|cities|metros|countries)\b|"
    r"[两兩二三四五六七八](?:大|个|個)?(?:市场|市場|城市)",
    re.I,
)
_LISTED = re.compile(r"\s*(?:,|，|、|&|/|和|及|与|與|,?\s?\band\b|,?\s?\bplus\b)\s*(?:the\s)?", re.I)


def _of_several(names: list[NameHit], market: str, text: str) -> bool:
    """Whether the market found is one of a list said to be together: 'across Tokyo, Sydney and Hong Kong'."""
    if _SEVERAL.search(text):
        return True
    places = [n for n in names if n.kind == "market"]
    return any(
        market in (a.name, b.name) and a.name != b.name and bool(_LISTED.fullmatch(text[a.end : b.start]))
        for a, b in pairwise(places)
    )


def _document_region(context: Context) -> str:
    """The one region the document's title or first heading names, '' where it names none or several."""
    document = context.document
    heads = [document.title] if document else []
    heads += [
        p.text for p in (document.parts if document else ()) if isinstance(p, Block) and p.kind in ("title", "heading")
    ]
    for head in heads:
        names = {n.name for n in find_names(head, None, ("region",))}
        if names:
            return next(iter(names)) if len(names) == 1 else ""
    return ""


def _segment_level(segment: str) -> str:
    """A segment named after a part of the world is a region; one named after a business is part of the portfolio."""
    named = find_names(segment, None, ("region", "market"))
    return "region" if named else "portfolio"


def _nearest_site(sites: list[SiteHit], text: str, quantity: Quantity) -> SiteHit | None:
    for site in sites:
        gap = text[quantity.end : site.start] if site.start >= quantity.end else None
        if gap is not None and re.fullmatch(r"[^,;.\d]{0,30}\b(?:at|in|for|of|on)\s(?:the\s)?", gap):
            return site
    before = [site for site in sites if site.end <= quantity.start]
    return before[-1] if before else None


def _names_whole(text: str, names: list[NameHit], quantity: Quantity) -> bool:
    return bool(_GROUP_WORDS.search(text[: quantity.start])) or any(n.kind in ("segment", "cohort") for n in names)


def _nearest(names: list[NameHit], kind: str, quantity: Quantity, text: str) -> str:
    """The name right after the number ('78 % in EMEA'), else the last before it, else one a little after it."""
    for name in names:
        gap = text[quantity.end : name.start] if name.kind == kind and name.start >= quantity.end else ""
        if re.fullmatch(r"\s(?:in|for|at|across|of)\s(?:the\s)?", gap):
            return name.name
    before = [n for n in names if n.kind == kind and n.end <= quantity.start]
    if before:
        return before[-1].name
    after = [n for n in names if n.kind == kind and n.start >= quantity.end]
    if (
        after
        and not re.search(r"[,;，；]|\d", text[quantity.end : after[0].start])
        and after[0].start - quantity.end <= 45
    ):
        return after[0].name
    return ""


def _inherited(walk: _Walk, kind: str) -> str:
    for frame in reversed(walk.frames):
        value = getattr(frame, kind)
        if value:
            return str(value)
    return ""


def _qualifies(names: list[NameHit], market: str, text: str, figure: Figure) -> bool:
    """Whether a city narrows the figure ('in Singapore, occupancy was', 'the Tokyo portfolio') or is only mentioned."""
    for name in names:
        if name.kind != "market" or name.name != market:
            continue
        before, after = text[: name.start], text[name.end : name.end + 14]
        touching = name.end < figure.quantity.start and not text[name.end : figure.quantity.start].strip(" ,:：")
        if touching and re.search(r"\b(?:in|for|across|at)\s(?:the\s)?$", before, re.I):
            return True
        if re.search(r"(?:^|\b(?:in|for|of|across|at)\s(?:the\s)?)$", before, re.I) and re.match(
            r"\s*(?:,|it |this |was|were|is|stood|had|occupancy|portfolio|:|：)", after, re.I
        ):
            return True
        if re.match(
            r"\s*(?:portfolio|assets|sites|facilities|data cent|properties|campus|occupancy|utili|vacancy|"
            r"capacity|的|地区|地區)",
            after,
            re.I,
        ):
            return True
    return False


def _weighted(scope: str, metric: str, text: str) -> str:
    """The weight of an average term, as a scope's measure: 'portfolio (by rental income)'."""
    if metric != "wale_years":
        return scope
    weight = next((n.name for n in find_names(text, None, ("weight",))), "")
    return f"{scope} ({weight})" if weight else scope


def _spans_year_or_half(text: str, hit: DateHit | None) -> bool:
    if hit is not None and hit.kind in ("half", "year"):
        return True
    return bool(re.search(r"\b(?:full[- ]year|annual|for the year|in the year)\b|全年|年度|上半年|下半年", text, re.I))


def _period_metric(metric: str, text: str, hit: DateHit | None) -> str:
    """Metrics of a span of time carry it in their name: churn_quarter, churn_full_year."""
    if metric.endswith("_full_year") and hit is not None and hit.kind == "half":
        return metric.replace("_full_year", "_half_year")
    if metric == "churn_quarter" and (
        re.search(r"\b(?:full[- ]year|annual|for the year|twelve months)\b|全年|年度", text, re.I)
        or (hit and hit.kind == "year")
    ):
        return "churn_full_year"
    return metric
