"""Whose document it is, of which period, published when, by what kind of source.

Belongs here: reading title, headings, datelines and cues into a Context. Does not belong here: any figure.
"""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from assets.reports.document import Block, Document, Table
from assets.reports.extraction.context import Context
from assets.reports.extraction.periods import DateHit, find_dates, month_end
from assets.reports.extraction.quantities import unit_in
from assets.reports.extraction.texts import is_source_line, without_addresses
from assets.reports.operators import Layout, Layouts

# Tiers by what the document calls itself; the first that matches.
_TIERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "summary",
        re.compile(
            r"\b(?:automatic(?:ally)?|automated|robots?|bots?|algorithms?|machine|AI|LLM|"
            r"chatbot)\b[^.]{0,30}\b(?:summar|digest|compil|generat|written|recap|overview|extract)|"
            r"\b(?:summar(?:y|ies|ised)|digest|compiled|recap|written|"
            r"generated)\b[^.]{0,30}\bby (?:an? )?(?:robot|machine|model|bot|AI|LLM|algorithm|chatbot|"
            r"language model|software)\b|"
            r"\bAI[- ](?:generated|digest|summary|written)|\b(?:machine|"
            r"auto(?:matically)?)[- ](?:generated|written|made|summari[sz]ed)|"
            r"\bnot (?:produced|issued|written|prepared|endorsed|published|made|checked) by (?:the|"
            r"any) (?:company|issuer|operator|trust|manager)|"
            r"\b(?:unofficial|third[- ]party|crowd[- ]?sourced) (?:summary|digest|recap|overview)|"
            r"\bdigest of (?:filings|results|reports)|"
            r"(?:AI|人工智能|智能|自动|自動|机器|機器)(?:生成|摘要|整理)|非(?:公司|官方)(?:发布|發布|编制|編製|出具)",
            re.I,
        ),
    ),
    (
        "transcript",
        re.compile(
            r"\b(?:earnings|results|conference) call (?:transcript|extract)|\btranscript\b|电话会议?(?:纪要|记录|"
            r"實錄|实录)|電話會議(?:紀要|記錄)",
            re.I,
        ),
    ),
    (
        "filing",
        re.compile(
            r"\bform (?:6-K|8-K|10-Q|10-K|20-F)\b|\bexhibit 99\.|\bEX-99|securities and exchange commission", re.I
        ),
    ),
    ("newswire", re.compile(r"\b(?:PR ?Newswire|GlobeNewswire|Business ?Wire|/PRNewswire/|美通社)\b", re.I)),
    ("annual_report", re.compile(r"\bannual report\b|年报|年報", re.I)),
)
_PERIOD_CUE = re.compile(
    r"(?:\b(?:quarter|months|half|half[- ]?year|year|period|weeks)\b[^.;]{0,25}?\b(?:ended|ending|ends|to|"
    r"closed on|closing|through|closed)|"
    r"\b(?:as of|as at|at|position at|levels? (?:are |is )?(?:as )?(?:of|at)|end(?:ed|ing)?)|截至|截止|均指|为|"
    r"為)\s?(?:the end of\s?)?[:：]?\s?$",
    re.I,
)
_END_OF = re.compile(r"\b(?:end|close|ended|ending|to|at|as of)(?: of)?\s?$", re.I)
_PUBLISHED_CUE = re.compile(
    r"(?:\b(?:published|released?|issued|dated?|posted|announced|filed|updated)(?: on)?|发布日期?|發布日期?|发布于|"
    r"發佈(?:日期?|於)?|公告日期?|刊發日期?|日期|讯|訊)\s?[:：,]?\s?$",
    re.I,
)
_FICTITIOUS = re.compile(
    r"([^\n,;:：—–|()（）]{2,60}?(?:,\s(?:Inc|Ltd|Limited|LLC|Corp|plc|Co|N\.V|S\.A)\b\.?)?)\s?[(（]fictitious[)）]",
    re.I,
)
_CORPORATE = (
    r"(?:Limited|Ltd\.?|Inc\.?|plc|PLC|N\.V\.|NV|S\.A\.|AG|ASA|AB|SE|GmbH|Corp(?:oration|\.)?|Co\.?|"
    r"Pte\.? Ltd\.?|Bhd|Holdings?|Group|REIT|Trust|"
    r"Technolog(?:y|ies)|Networks?|Systems|Partners|Colocation|Hosting|Data ?Cent(?:re|er)s?|Datacent(?:re|"
    r"er)s?|Internet|Telecom|Digital|Racks|Cloud)"
)
_NAME = re.compile(
    rf"\b((?:[A-Z][\w&'’.-]{{0,60}}|[A-Z]{{2,60}})(?:\s(?:of|and|&|de|the|[A-Z][\w&'’.-]{{0,60}}|"
    rf"\d{{1,3}})){{0,6}}?\s{_CORPORATE}(?:\s{_CORPORATE}){{0,3}})(?![a-z])"
)
_NAME_ZH = re.compile(
    r"([\u4e00-\u9fff]{2,14}?(?:股份有限公司|控股有限公司|集团有限公司|集團有限公司|有限公司|控股|"
    r"集团|集團|数据中心|數據中心|信托|信託))"
)
_PUBLISHER = re.compile(r"\b(?:publisher|published by|source|author|research by)\s?[:：]\s?([^.;\n]{2,60})", re.I)
_YEAR_END_TEXT = re.compile(
    r"\b(?:financial|fiscal|reporting)[- ]year(?:s)?\b[^.]{0,30}?\b(?:ends?|ending|ended|closes?|"
    r"runs? to)\b[^.]{0,15}?(?:\d{1,2}\s)?"
    r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december)\b|"
    r"(?P<month2>january|february|march|april|may|june|july|august|september|october|november|"
    r"december)\s(?:financial |fiscal )?year[- ]end|"
    r"(?:财年|財年|财政年度|財政年度)[^。]{0,8}?(?:截至|止于|止於|于|於|结束于|至)[^。]{0,4}?(?P<zh>\d{1,2})月",
    re.I,
)
_MONTHS = tuple(month_name.casefold() for month_name in calendar.month_name[1:])
_HALF_YEARLY = re.compile(r"\bhalf[- ]year|\b[12]H\s?(?:FY)?\d{2}|\bsix months\b|\binterim\b|半年度?|中期", re.I)
_RESTATED = re.compile(
    r"\b(?:has|have|had|was|were|are|is|been)\s(?:also\s|all\s)?(?:restated|revised|re-?presented|recast|"
    r"re-?stated|adjusted retrospectively)\b|\brestated (?:to|for|comparatives?|figures?)\b|"
    r"重列|经重述|經重述|追溯调整|追溯調整|重述",
    re.I,
)
_NOT_RESTATED = re.compile(
    r"\b(?:not|never|no) (?:been |yet )?(?:restated|revised|recast)|\bmarked\b|\bR\s?=|未(?:经)?重[列述]", re.I
)


# A dateline opens its line; and what a document is about stands at the start of its lines.
_DATELINE_WITHIN = 300
_LINE_LENGTH = 2000


@dataclass(frozen=True)
class _Line:
    text: str
    weight: float
    index: int
    kind: str


def identify(document: Document, layouts: Layouts) -> Context:
    """The Context of a document. Fields stay empty where the text does not say; nothing is guessed from a file name."""
    lines = _lines(document)
    layout, operator = _operator(lines, document, layouts)
    month = layout.fiscal_year_end_month if layout else _year_end_month(lines)
    frame = Context(layout=layout, layouts=layouts, operator=operator, fiscal_year_end_month=month)
    published = _published_on(lines, frame)
    period = _period_end(lines, document, frame, published)
    tier = layout.tier if layout and layout.tier else ""
    text = "\n".join(line.text for line in lines[:14]) + "\n" + "\n".join(line.text for line in lines[-3:])
    for name, pattern in _TIERS:
        if pattern.search(text) and (not tier or name == "summary"):
            tier = name
            break
    return Context(
        layout=layout,
        layouts=layouts,
        operator=operator,
        period_end=period,
        published_on=published,
        language=document.language,
        fiscal_year_end_month=month,
        cadence=layout.cadence if layout else _cadence(lines),
        kind=layout.kind if layout else "operator",
        tier=tier or ("company" if layout else "press"),
        restated=any(_RESTATED.search(line.text) and not _NOT_RESTATED.search(line.text) for line in lines),
        unit_hint=_unit_hint(lines),
        first_hand=tier != "summary",
        document=document,
    )


def _lines(document: Document) -> list[_Line]:
    lines = [_Line(without_addresses(document.title[:_LINE_LENGTH]), 3.0, -1, "title")] if document.title else []
    for index, part in enumerate(document.parts):
        if isinstance(part, Block) and not is_source_line(part.text):
            heading = part.kind in ("title", "heading")
            early = 3.0 if index < 4 else 1.5 if index < 14 else 0.5
            lines.append(
                _Line(without_addresses(part.text[:_LINE_LENGTH]), early * (1.5 if heading else 1.0), index, part.kind)
            )
        elif isinstance(part, Table) and part.caption:
            lines.append(_Line(part.caption, 1.0, index, "caption"))
    return lines


def _operator(lines: list[_Line], document: Document, layouts: Layouts) -> tuple[Layout | None, str]:
    head = "\n".join(line.text for line in lines[:6])
    fictitious = _FICTITIOUS.search("\n".join(line.text for line in lines)) or _FICTITIOUS.search(document.title)
    if fictitious:
        name = _clean_name(fictitious[1])
        return None, f"{name} (fictitious)"
    for line in lines:
        publisher = _PUBLISHER.search(line.text)
        if publisher:
            found = layouts.mentions(publisher[1])
            if found:
                return found[0][2], found[0][2].operator
    scores: dict[str, float] = defaultdict(float)
    seen: dict[str, Layout] = {}
    for line in lines:
        for start, _, layout in layouts.mentions(line.text):
            seen[layout.operator] = layout
            scores[layout.operator] += line.weight * (1.5 if start < 4 else 1.0)
    named = next((m for line in lines[:4] if (m := _company_name(line))), "")
    if scores:
        best = max(scores, key=lambda name: (scores[name], name))
        strongest = scores[best]
        if strongest >= 3.0 or not named:
            return seen[best], best
    if named:
        return None, named
    if scores:
        return seen[best], best
    table_text = "\n".join(cell.text for part in document.parts if isinstance(part, Table) for cell in part.cells[:12])
    found = layouts.mentions(table_text[:4000])
    if found:
        return found[0][2], found[0][2].operator
    match = _NAME.search(head) or _NAME_ZH.search(head)
    return None, _clean_name(match[1]) if match else ""


def _company_name(line: _Line) -> str:
    match = _NAME.search(line.text) or _NAME_ZH.search(line.text)
    return _clean_name(match[1]) if match else ""


# The full stop of an abbreviation is part of a name: 'Inc.', 'Pte. Ltd.', 'N.V.'.
_ABBREVIATED = re.compile(r"\b(?:Inc|Ltd|Co|Corp|Cos|Bros|Bhd|[A-Z]\.[A-Z])\.$")


def _clean_name(text: str) -> str:
    """A printed name without a dateline or an opening word: 'About X', 'Results of X'."""
    name = re.sub(r"\s+", " ", text).strip(" \"'“”-–—").lstrip(".")
    if not _ABBREVIATED.search(name):
        name = name.rstrip(" .")
    name = re.sub(r"^(?:[A-Z][a-z]+ \d{1,2} [A-Z][a-z]+ \d{4}\s)", "", name)
    pieces = re.split(
        r"(?:(?<!\bCo)(?<!\bSt)(?<!\bInc)(?<!\bLtd)(?<!\bCorp)(?<!\bPte)(?<!\bSdn)\.\s|--|—|\bby\s|\bof\s(?=[A-Z])|\bAbout\s|\bfrom\s)",
        name,
    )
    return pieces[-1].strip() or name


def _year_end_month(lines: list[_Line]) -> int:
    for line in lines:
        match = _YEAR_END_TEXT.search(line.text)
        if match:
            if match["zh"]:
                return min(12, max(1, int(match["zh"])))
            return _MONTHS.index((match["month"] or match["month2"]).lower()) + 1
    return 12


def _cadence(lines: list[_Line]) -> str:
    return "half_yearly" if any(_HALF_YEARLY.search(line.text) for line in lines[:5]) else "quarterly"


def _published_on(lines: list[_Line], frame: Context) -> date | None:
    """The dateline: a full date alone in its line, after a city, or after 'published'. '' where none stands out."""
    for line in lines[:12] + lines[-4:]:
        for hit in find_dates(line.text, frame):
            if hit.kind != "date":
                continue
            if hit.start > _DATELINE_WITHIN:
                break
            before, after = line.text[: hit.start], line.text[hit.end : hit.end + 40]
            if _PUBLISHED_CUE.search(before):
                return hit.period_end
            if _PERIOD_CUE.search(before):
                continue
            alone = re.fullmatch(r"[\W_]*", before) and re.match(r"\s*(?:[.。|/—–\-,(（]|$|代码|代號|\d{4}\.)", after)
            dateline = re.fullmatch(
                r"(?:.{0,120}?[.:：。)）]\s?)?(?:[A-Z][A-Za-z'’ ]{2,25},?\s?(?:[A-Z][A-Za-z. ]{1,14},\s?)?|"
                r"[\u4e00-\u9fff]{2,4}\s?[,，]?\s?|\()",
                before,
            )
            if alone or (dateline and line.index < 8 and not _is_month_end_of_period(hit, after)):
                return hit.period_end
    return None


def _is_month_end_of_period(hit: DateHit, after: str) -> bool:
    day = hit.period_end
    return day == month_end(day.year, day.month) and day.month % 3 == 0 and not re.match(r"\s*(?:--|—|–|/|\()", after)


def _period_end(lines: list[_Line], document: Document, frame: Context, published: date | None) -> date | None:
    """The main period: what title, headings and 'quarter ended ...' name most, never after publication."""
    scores: dict[date, float] = defaultdict(float)
    for line in lines:
        heading = line.kind in ("title", "heading", "caption")
        for hit in find_dates(line.text, frame):
            before = line.text[max(0, hit.start - 60) : hit.start]
            if hit.kind == "relative" or hit.suffix in ("E", "F", "P") or hit.period_end == published:
                continue
            if hit.kind == "date" and not heading and not _PERIOD_CUE.search(before):
                weight = 0.2
            elif hit.kind == "year" and not heading:
                weight = 0.5
            else:
                weight = line.weight * (2.0 if heading else 1.0)
            in_brackets = before.rfind("(") > before.rfind(")") or before.rfind("（") > before.rfind("）")
            if in_brackets and not heading:
                weight *= 0.3
            if hit.period_end != month_end(hit.period_end.year, hit.period_end.month):
                weight *= 0.2
            if hit.kind == "month" and not _END_OF.search(before):
                # 'August 2014' over a text is when it was written.
                weight *= 0.02
            scores[hit.period_end] += weight
    if not scores:
        for part in document.parts:
            if isinstance(part, Table):
                for cell in part.cells[:40]:
                    for hit in find_dates(cell.text, frame):
                        if hit.kind != "relative" and hit.suffix not in ("E", "F", "P"):
                            scores[hit.period_end] += 1.0
        return max(scores, default=None)
    known = {d: s for d, s in scores.items() if published is None or published - timedelta(days=500) <= d <= published}
    pool = known or scores
    best = max(pool.values())
    # Among dates named about as often the latest is the report's own; earlier ones are its comparatives.
    return max(d for d, s in pool.items() if s >= 0.55 * best)


def _unit_hint(lines: list[_Line]) -> str:
    """A unit stated once for all: '面积单位:平方米', 'all areas in square metres'."""
    for line in lines:
        match = re.search(
            r"(?:单位|單位)\s?(?:均|皆)?\s?(?:为|為|是|[:：])\s?([^\s,，。;；)）]{1,12})|"
            r"\b(?:areas?|capacit(?:y|ies)|figures|space)\s(?:are\s|is\s)?(?:all\s)?(?:in|stated in|"
            r"given in|measured in)\s"
            r"((?:thousands? of )?(?:square met(?:er|re)s|sqm|square feet|sq ft|MW|megawatts|kW))",
            line.text,
            re.I,
        )
        if match:
            found = unit_in(match[1] or match[2])
            if found and found[1] == 1.0 and found[0] in ("mw", "kw", "sqm", "sqft", "cabinets"):
                return found[0]
    return ""
