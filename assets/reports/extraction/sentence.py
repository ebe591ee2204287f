"""One sentence: which number is of which metric, and of which date.

Belongs here: pairing quantities with metric phrases and dates inside a sentence, metric first or value first, lists,
comparatives, 'respectively'. Does not belong here: what carries over from headings and earlier sentences into the
frame (prose.py gives it in), or what a metric phrase is (vocabulary.py).

A number that cannot be paired without a guess is reported as a problem, never taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from assets.reports.extraction.context import Context
from assets.reports.extraction.periods import DateHit, find_dates, shift_months
from assets.reports.extraction.places import find_sites
from assets.reports.extraction.quantities import (
    CAPACITY_UNITS,
    COUNT,
    GROWTH,
    INCREMENT,
    LEVEL,
    MONEY,
    RATE,
    Quantity,
    find_quantities,
)
from assets.reports.extraction.texts import brackets
from assets.reports.extraction.vocabulary import MetricHit, find_names, find_phrases, is_blocker


@dataclass(frozen=True)
class Figure:
    """A number with its metric and date. `date` is None for the document's main period.

    `comparative` says that words mark it as an earlier figure; `hit` is the phrase that gave the metric.
    """

    quantity: Quantity
    metric: str
    unit: str
    date: DateHit | None
    hit: MetricHit | None
    comparative: bool = False


@dataclass(frozen=True)
class Problem:
    """A number that was recognised and not taken."""

    quantity: Quantity
    rule: str
    reason: str
    metric: str = ""


@dataclass
class SentenceReading:
    """What one sentence gives. `phrases` are its metric phrases, also those without a number."""

    figures: list[Figure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    phrases: list[MetricHit] = field(default_factory=list)
    unlabelled: list[Quantity] = field(default_factory=list)
    dates: list[DateHit] = field(default_factory=list)


@dataclass(frozen=True)
class Carried:
    """What earlier text lends a sentence: the last metric by unit class, its unit, and a metric from headings."""

    metric: str = ""
    unit: str = ""
    hit: MetricHit | None = None
    always: bool = False
    # The metric that the sentence's opening points back to: 'Of that capacity ...'.
    within: str = ""


_JOIN = re.compile(r"\s?(?:,|，|、|/|／|&|\band\b|\bor\b|和|及|与|與|以及|,\s?and)\s?", re.I)
_STRONG = re.compile(
    r"\s*(?:\(|（)?(?:(?:of|the|its|our|that|this|them|these|those|it|all|total|a|an|their|colo|colocation|"
    r"that|which|and|have|had|has|is|are|was|were|"
    r"been|being|remained|stood|as|now|still|currently|already|actually|under|in|fully|customers|clients|"
    r"tenants|net|gross|critical|operating|further|"
    r"more|worth|so far|wholesale|retail|self-built|mature|idc|customer|hyperscale|usable|power|such|then|"
    r"both|yet to be|either|or)\s)*"
    r"(?:的|已|为|為|经|經|获|獲|被|由|客户|客戶|均|都)*\s*",
    re.I,
)
_OF = re.compile(r"^\s*(?:of|on|across|in)\s", re.I)
_OF_BASE = re.compile(
    r"^\s*(?:(?:of|on|in|across)\s)(?:(?:the|its|our|all|that|this|total|their|a|an|group's|overall|"
    r"current|existing)\s)*",
    re.I,
)
_COMPARISON = re.compile(
    r"(?:\bcompar(?:ed?|es|ing|able)(?: figures?| numbers?| level)?(?: (?:with|to|was|of|is))?|\bagainst|"
    r"\bversus|\bvs\.?|\bfrom|\bafter|\bfollowing|\bpreviously|\bhad been|"
    r"(?<!more )(?<!less )(?<!fewer )(?<!better )\bthan|\bearlier|\bbefore|\bago|"
    r"\bformerly|\bhaving been|\bunchanged (?:on|from)|\bstable (?:on|"
    r"from)|\bin line with|\bthe comparative (?:was|is)|"
    r"较|較|比|相比|对比|對比|由|从|從|自|原为|原為|此前为|此前為|上年|去年)"
    r"[\s:：]*(?:(?:the|a|an|its|some|about|around|nearly|over|only|just|level|figure|rate|of|was|were|it|"
    r"with|to|of|at|的|为|為|约|約|末|同期|期末)[\s:：]*){0,5}$",
    re.I,
)
_OF_WHICH = re.compile(r"\b(?:out )?of (?:which|that|this|these|those|it|them)\b|其中|[当當]中", re.I)
# The same level said twice: '327 megawatts, or 88 %, were contracted', '327 MW (88 %) were contracted'.
_APPOSITIVE = re.compile(
    r"^\s?(?:[,，]\s?(?:or|i\.e\.,?|that is,?|equal to|equivalent to|即)\s?|[(（]\s?(?:or\s|i\.e\.,?\s|即)?)"
    r"(?:about\s|some\s|nearly\s|around\s|approximately\s|约|約)?[\d.,]+\s?"
    r"(?:%|％|per cent|percent|MW|megawatts|兆瓦|sqm|square met(?:er|re)s)"
    r"(?:\sof (?:it|that|this|the total))?\s?(?:[,，]|[)）])"
)
_OPENS_APPOSITIVE = re.compile(
    r"[,，]\s?(?:or|i\.e\.,?|that is,?|equal to|equivalent to|即)\s?(?:about\s|some\s|nearly\s|around\s|"
    r"approximately\s|约|約)?$",
    re.I,
)
# What was done in a period is a flow, whatever the words: 'signed leases for 17 MW', 'sold 12 MW in the quarter'.
_FLOW_OBJECT = re.compile(
    r"(?<!had )(?<!have )(?<!has )\b(?:signed|signing|won|booked|closed|agreed)\s(?:[a-z-]+\s){0,3}"
    r"(?:leases?|contracts?|agreements?|deals?|orders?|bookings?|sales)\s(?:for|of|covering|totall?ing|worth|on)\s"
    r"(?:(?:a|some|about|around|over|more than|nearly|total|of|further|another|new)\s)*$",
    re.I,
)
_FLOW_VERB = re.compile(
    r"(?<!were )(?<!was )\b(?:signed|leased|booked|sold|contracted|added|delivered|commissioned|let|handed over|"
    r"moved in|commenced|billed)\s(?:(?:new|another|a|further|additional|some|about|around|over|more than|nearly|"
    r"record|total|of)\s)*$",
    re.I,
)
_IN_SPAN = re.compile(
    r"^[^.;；。\d]{0,60}\b(?:in|during|over|within|throughout) (?:the|this|that) (?:first |second |third |fourth |"
    r"latest |reported )?(?:quarter|half|half[- ]year|year|period|three months|six months|twelve months)\b",
    re.I,
)
# '74 MW more than three months before': the date is of the change, and of no level.
_SINCE = re.compile(
    r"^\s?(?:[a-z]+\s){0,2}?(?:more|less|fewer|higher|lower|greater|above|below|up|down)?\s?"
    r"(?:than|over|on|above|below|from|compared (?:with|to)|versus|against|since)\s"
    r"(?:(?:at|in|on|of|that|the|those)\s){0,3}$",
    re.I,
)
_EVENT_BEFORE = re.compile(
    r"\b(?:open(?:ed|s|ing)?|launch(?:ed|es)?|deliver(?:ed|y)|acquir(?:ed|es)|complet(?:ed|es|ion)|bought|"
    r"purchased|since|start(?:ed|ing|s)?|began|begun|"
    r"commenc(?:ed|es|ing)|signed|listed|expir\w+|due|available|ready|publish(?:ed)?|announced|dated|until|"
    r"before|beyond|founded|built|entered|"
    r"closed|scheduled|sold|held|mature[sd]?|effective|established|deconsolidated|moved|renewed)"
    r"\s(?:(?:in|on|at|by|from|for|during|late|early|the|end of|around|about|it|them|prior to|and)\s){0,4}$",
    re.I,
)
_LEADING = re.compile(
    r"^\W*(?:\b(?:as|at|of|on|in|for|by|the|end|and|quarter|period|half|year|ended|ending|to|close|"
    r"position|levels|status|during|over|with)\b\s?|[截至于於在止末]\s?)*$",
    re.I,
)
_FOLLOWS = re.compile(
    r"^[\s,，)）]*(?:(?:as|at|of|on|in|for|by|the|end|and|quarter|period|half|half-year|year|three|months|"
    r"six|ended|ending|to|both|each|level|reached|recorded|reported|per cent|a month|"
    r"per month|per cabinet|month|in service|in operation|utili[sz]ed|committed|under construction|"
    r"respectively|year-on-year|sqm|MW|cabinets|then|back|seen|being|posted|printed|measured|booked|a|per|"
    r"with|it|load)\b[\s,，(（]*)*$",
    re.I,
)
_ATTACHED = re.compile(
    r"^\s*(?:R\s?)?(?:[:：]|为|為|的|was|were|is|at|had been|it was|the figure was|[,，])?\s*(?:约|"
    r"約|about\s|around\s)?$",
    re.I,
)
_CLAUSE = re.compile(r"[;；]")
_FULL = re.compile(
    r"(?P<hedge>\b(?:effectively|virtually|practically|essentially|almost|nearly|close to|as good as|"
    r"basically|substantially)\s|几乎|幾乎|基本|近乎|接近)?"
    r"(?P<full>\b(?:fully|completely|entirely|wholly)\s(?=(?:occupied|let|leased|utili[sz]ed|committed|"
    r"contracted|taken up|sold)\b)|\bfull(?=(?:y)?(?:\s(?:occupancy|at|as|on)|[.,;]|$))|满租|滿租|全部租出|全数租出|"
    r"全數租出|满载|滿載|全满|全滿)",
    re.I,
)
_IN_OTHER_WORDS = re.compile(
    r"(?:\bi\.e\.|\bor|\bthat is|\bequal to|\bequivalent to|\bwhich is|=|[(（]|即|约合|相当于|"
    r"相當於)\s?(?:about\s|some\s|a\s)?$",
    re.I,
)
_HAS = re.compile(
    r"\b(?:has|have|had|operat(?:es?|ed|ing)|manag(?:es?|ed|ing)|runs?|ran|running|owns?|owned|comprised?|"
    r"comprises|counts?|counted|total of|totall?(?:s|ed|ing)|"
    r"ended [^,;]{0,40}with|there (?:are|were)|its|the company['’]s|our|portfolio of|platform of|across|"
    r"with)\s(?:a total of\s|all\s|the\s|some\s|now\s)?$|"
    r"(?:共有|拥有|擁有|运营|運營|營運|管理|合共|设有|設有)\s?$",
    re.I,
)
_AT_SUBJECT = re.compile(r"\s(?:at|in|for|of|on)\s(?:the\s)?", re.I)
_FAR_FROM_FULL = ("almost", "nearly", "close to", "几乎", "幾乎", "近乎", "接近", "基本")
_NOT_BEFORE = re.compile(
    r"\b(?:not|never|no longer|isn't|wasn't|once|when|until|to be|become|becomes|if|from)\s(?:yet\s)?$|(?:未|不|尚未)$",
    re.I,
)
_SPANS: tuple[tuple[re.Pattern[str], int], ...] = (
    (
        re.compile(
            r"\bquarter[- ](?:on|over)[- ]quarter\b|\bq-?o-?q\b|\b(?:in|during|over|within) the (?:quarter|"
            r"three months)\b|\bsequential(?:ly)?\b|"
            r"\bon the quarter\b|环比|環比|按季|季内|季內|单季|單季",
            re.I,
        ),
        3,
    ),
    (
        re.compile(
            r"\byear[- ](?:on|over)[- ]year\b|\by-?o-?y\b|\b(?:in|during|over|within) (?:the (?:past |"
            r"last )?|a |one )?(?:year|twelve months|12 months)\b|\bon the year\b|同比|按年",
            re.I,
        ),
        12,
    ),
    (
        re.compile(
            r"\bhalf[- ](?:on|over)[- ]half\b|\bh-?o-?h\b|\b(?:in|during|over|within) the (?:half|"
            r"half-year|six months)\b|半年内|半年內|期内由|期內由",
            re.I,
        ),
        6,
    ),
)


def read_sentence(text: str, context: Context, carried: Carried | None = None, unit: str = "") -> SentenceReading:
    """Pair the numbers of one sentence. `unit` is what a heading says bare numbers are in, '' for nothing."""
    carried = carried or Carried()
    phrases = find_phrases(text, context.layout)
    if not any("construction" in p.concepts for p in phrases):
        # 'Total capacity' is what is built and being built together only where the sentence speaks of both.
        # Or it says of which total what is in service is a part.
        parts = [p for p in phrases if p.metric == "capacity_in_service" and _part_of_before(text, p)]
        phrases = [
            p
            for p in phrases
            if p.own
            or p.metric != "capacity_total"
            or "service" in p.concepts
            or any(p.end <= part.start for part in parts)
        ]
    quantities = [q for q in find_quantities(text) if q.kind in (LEVEL, RATE, COUNT, MONEY)] + _worded(text, phrases)
    quantities.sort(key=lambda q: q.start)
    every = find_quantities(text)
    dates = [d for d in find_dates(text, context) if not _EVENT_BEFORE.search(text[max(0, d.start - 40) : d.start])]
    changes = [q for q in every if q.kind in (INCREMENT, GROWTH)]
    dates = [
        d for d in dates if not any(0 <= d.start - q.end <= 60 and _SINCE.match(text[q.end : d.start]) for q in changes)
    ]
    reading = SentenceReading(phrases=phrases, dates=dates)
    if not quantities:
        return reading
    pairing = _Pairing(text, phrases, quantities, dates, carried, unit or context.unit_hint, brackets(text))
    pairing.changes = changes
    pairing.main = context.period_end
    pairing.subjects = [(site.start, site.end) for site in find_sites(text, context.layout)]
    pairing.subjects += [(n.start, n.end) for n in find_names(text, context.layout) if n.kind != "weight"]
    pairing.run(reading)
    return reading


def _part_of_before(text: str, hit: MetricHit) -> bool:
    """Whether a phrase is introduced, in its clause, as part of what was said before: '其中在运营容量'."""
    return bool(
        re.search(
            r"(?:\bof (?:which|that|this)\b|其中)[^.;；。]{0,30}$", text[max(0, hit.start - 40) : hit.start], re.I
        )
    )


def _worded(text: str, phrases: list[MetricHit]) -> list[Quantity]:
    """'effectively fully occupied': 100 % in words, with room below where hedged."""
    found = []
    for match in _FULL.finditer(text):
        if _NOT_BEFORE.search(text[max(0, match.start() - 16) : match.start()]):
            continue
        near = [
            p
            for p in phrases
            if (p.for_unit("pct") and -2 <= p.start - match.end() <= 25) or 0 <= match.start() - p.end <= 30
        ]
        if not any(p.for_unit("pct") for p in near):
            continue
        hedge = (match["hedge"] or "").strip().lower()
        if hedge in _FAR_FROM_FULL:
            # 'nearly full' names no number: whatever we chose would be ours and not the text's.
            continue
        low = 99.0 if hedge else 100.0
        approximate = bool(hedge)
        found.append(
            Quantity(
                match.start(),
                match.end(),
                match.group(),
                100.0,
                "pct",
                low if approximate else None,
                100.0 if approximate else None,
                approximate,
                0.5,
                RATE,
            )
        )
    return found


class _Pairing:
    """The state of pairing one sentence: what is used, what came last."""

    def __init__(
        self,
        text: str,
        phrases: list[MetricHit],
        quantities: list[Quantity],
        dates: list[DateHit],
        carried: Carried,
        unit: str,
        spans: list[tuple[int, int]],
    ) -> None:
        self.text = text
        self.phrases = phrases
        self.quantities = quantities
        self.dates = dates
        self.carried = carried
        self.unit = unit
        self.spans = spans
        self.changes: list[Quantity] = []
        self.main: date | None = None
        self.subjects: list[tuple[int, int]] = []
        self.uses: dict[int, set[str]] = {}
        self.last: Figure | None = None
        self.taken: list[Figure] = []
        self.zipped: list[MetricHit] = []

    def run(self, reading: SentenceReading) -> None:
        """Go through the numbers in order, run by run ('1, 2 and 3' is one run)."""
        runs = self._runs()
        dated = [self._dates_of(group) for group in runs]
        for position in range(len(runs) - 2, -1, -1):
            # 'compared with 29,900 cabinets and 69.8 % three months before': one date for both.
            if dated[position][-1] is None and self._shares_date(runs[position], runs[position + 1]):
                dated[position] = [dated[position + 1][0]] * len(runs[position])
        for group, dates in zip(runs, dated, strict=True):
            hits = self._zip(group) or self._compared_in_order(group)
            if hits is None and self._is_crowded(group, dates):
                for quantity in group:
                    reason = "several numbers in one place and one phrase for them"
                    reading.problems.append(Problem(quantity, "ambiguous", reason))
                continue
            for index, quantity in enumerate(group):
                quantity = self._with_unit(quantity, group)
                hit, metric, problem = self._metric_of(quantity, hits[index] if hits else None, dates[index])
                if problem:
                    self._unsettle(quantity, reading)
                    reading.problems.append(Problem(quantity, problem[0], problem[1], metric))
                    continue
                if not metric:
                    if quantity.kind == LEVEL and quantity.unit in CAPACITY_UNITS:
                        reading.unlabelled.append(quantity)
                    continue
                unit = self._unit_of(quantity, metric, hit)
                if not unit:
                    continue
                if metric == "capacity_committed" and self._is_within_service(quantity, unit):
                    metric = "capacity_committed_in_service"
                when = dates[index]
                compared = self._is_compared(quantity, when)
                if compared and when is None:
                    when = self._span_date()
                if compared and when is None:
                    reason = "an earlier figure without a date: nothing says which period it is of"
                    reading.problems.append(Problem(quantity, "undated_comparative", reason, metric))
                    continue
                if when is None:
                    when = self._sentence_date(quantity)
                figure = Figure(replace(quantity, unit=unit), metric, unit, when, hit, compared)
                self.last = figure
                self.taken.append(figure)
                if hit is not None:
                    self.uses.setdefault(id(hit), set()).add(unit)
                reading.figures.append(figure)

    def _compared_in_order(self, group: list[Quantity]) -> list[MetricHit] | None:
        """'533 MW contracted and 454 MW utilised, against 360 MW and 268 MW a year earlier': by order."""
        count = len(group)
        if count < 2 or not _COMPARISON.search(self._before(group[0])):
            return None
        last = [f for f in self.taken if f.unit == group[-1].unit and not f.comparative]
        if len(last) != count or any(f.hit is None for f in last) or len({f.metric for f in last}) != count:
            return None
        return [f.hit for f in last if f.hit is not None]

    def _is_crowded(self, group: list[Quantity], dates: list[DateHit | None]) -> bool:
        """Whether numbers joined by 'and' are alike in unit and date and set against what is said before."""
        units = {q.unit for q in group}
        days = {d.period_end if d else None for d in dates}
        one = len(group) > 1 and len(units) == 1 and len(days) == 1 and group[0].unit in CAPACITY_UNITS
        return one and len(self.taken) > 1 and bool(_COMPARISON.search(self._before(group[0])))

    def _unsettle(self, quantity: Quantity, reading: SentenceReading) -> None:
        """Take back the number before a phrase of two meanings where another in its unit stands behind that phrase.

        '61.5 MW of capacity in service billed to customers for 49.2 MW': nothing says which of the two is which.
        """
        hit = self._previous(quantity, 0)
        if hit is None or not (hit.concepts & {"service"} and hit.concepts & {"utilised", "committed", "leased"}):
            return
        for figure in [f for f in reading.figures if f.hit is hit and f.quantity.end <= hit.start]:
            if figure.unit == quantity.unit:
                reading.figures.remove(figure)
                reason = "two numbers around one phrase and nothing that tells them apart"
                reading.problems.append(Problem(figure.quantity, "ambiguous", reason, figure.metric))

    def _is_within_service(self, quantity: Quantity, unit: str) -> bool:
        """Whether what is contracted is said to be part of what is in service: '... in service, of which 88 MW ...'."""
        last = self.taken[-1] if self.taken else None
        if last is None:
            return self.carried.within == "capacity_in_service" and self.carried.unit == unit
        if last.metric != "capacity_in_service" or last.unit != unit:
            return False
        return bool(_OF_WHICH.search(self.text[last.quantity.end : quantity.end + 12]))

    def _is_flow(self, quantity: Quantity) -> bool:
        if quantity.unit not in CAPACITY_UNITS:
            return False
        before = self._before(quantity)
        if _FLOW_OBJECT.search(before):
            return True
        return bool(_FLOW_VERB.search(before) and _IN_SPAN.match(self.text[quantity.end :]))

    def _shares_date(self, first: list[Quantity], second: list[Quantity]) -> bool:
        gap = self.text[first[-1].end : second[0].start]
        return bool(_JOIN.fullmatch(gap)) and bool(_COMPARISON.search(self._before(first[0])))

    def _span_date(self) -> DateHit | None:
        """The date a change is measured from: 'quarter on quarter, from 98.3 % to 97.5 %'."""
        if self.main is None:
            return None
        for pattern, months in _SPANS:
            match = pattern.search(self.text)
            if match:
                return DateHit(match.start(), match.end(), shift_months(self.main, -months), "relative", "", months)
        return None

    def _runs(self) -> list[list[Quantity]]:
        runs: list[list[Quantity]] = []
        for quantity in self.quantities:
            if runs:
                last = runs[-1][-1]
                gap = self.text[last.end : quantity.start]
                if len(gap) <= 8 and _JOIN.fullmatch(gap) and _alike(last, quantity):
                    runs[-1].append(quantity)
                    continue
            runs.append([quantity])
        return runs

    def _zip(self, group: list[Quantity]) -> list[MetricHit] | None:
        """Phrases for a run of numbers by order: 'area in service and area utilised were 1 and 2 sqm'."""
        count = len(group)
        if count < 2:
            return None
        unit = group[-1].unit
        inside = self._bracket(group[0].start)
        if inside and len(self.zipped) == count:
            return self.zipped
        before: list[MetricHit] = []
        for hit in reversed([p for p in self.phrases if p.end <= group[0].start and not is_blocker(p)]):
            if any(hit.end <= q.start < group[0].start for q in self.quantities):
                break
            if not hit.for_unit(unit):
                continue
            before.insert(0, hit)
        # The last COUNT phrases, only where they stand in a list of just that length.
        if len(before) == count:
            self.zipped = before
            return before
        after: list[MetricHit] = []
        for hit in [p for p in self.phrases if p.start >= group[-1].end]:
            if any(group[-1].end <= q.start < hit.start for q in self.quantities):
                break
            if hit.for_unit(unit):
                after.append(hit)
        if len(after) == count and not before:
            close = self.text[group[-1].end : after[0].start]
            between = [self.text[a.end : b.start] for a, b in pairwise(after)]
            if _STRONG.fullmatch(close) and all(_JOIN.fullmatch(gap) for gap in between):
                return after
        return None

    def _with_unit(self, quantity: Quantity, group: list[Quantity]) -> Quantity:
        """A bare number in a list takes the unit of the list: '756,992, 630,963 and 462,673 sqm'."""
        if quantity.unit or quantity.kind != COUNT:
            return quantity
        for other in group[group.index(quantity) + 1 :]:
            if other.unit and other.kind in (LEVEL, RATE):
                return replace(quantity, unit=other.unit, kind=other.kind)
        return quantity

    def _bracket(self, position: int) -> tuple[int, int] | None:
        return next((span for span in self.spans if span[0] <= position < span[1]), None)

    def _before(self, quantity: Quantity) -> str:
        start = max((q.end for q in self.quantities if q.end <= quantity.start), default=0)
        return self.text[max(start, quantity.start - 60) : quantity.start]

    def _clause(self, position: int) -> tuple[int, int]:
        start, end = 0, len(self.text)
        for match in _CLAUSE.finditer(self.text):
            if match.start() < position:
                start = match.end()
            else:
                end = match.start()
                break
        return start, end

    def _fits(self, hit: MetricHit, quantity: Quantity) -> str:
        """The metric a phrase has for a number, also a bare one whose unit the phrase or the last figure gives."""
        if quantity.kind == COUNT and not quantity.unit:
            metric = hit.for_unit("")
            if metric:
                return metric
            unit = self._bare_unit(hit)
            return hit.for_unit(unit) if unit and _plausible_bare(quantity) else ""
        return hit.for_unit(quantity.unit)

    def _bare_unit(self, hit: MetricHit | None) -> str:
        if hit is not None and "cabinets" in hit.concepts:
            return "cabinets"
        # '33,253 of them': the unit of the figure before, where the phrase has no unit of its own.
        if self.last is not None and self.last.unit in CAPACITY_UNITS:
            return self.last.unit
        return self.unit or (self.carried.unit if self.carried.unit in CAPACITY_UNITS else "")

    def _unit_of(self, quantity: Quantity, metric: str, hit: MetricHit | None) -> str:
        if metric == "price_mrr_per_cabinet":
            return f"{quantity.unit}/month"
        if metric in ("data_centres", "operators", "interconnections"):
            return "count"
        if quantity.unit:
            return quantity.unit
        return self._bare_unit(hit) if metric.startswith("capacity_") else ""

    def _metric_of(
        self, quantity: Quantity, zipped: MetricHit | None, when: DateHit | None
    ) -> tuple[MetricHit | None, str, tuple[str, str] | None]:
        if zipped is not None:
            return zipped, self._fits(zipped, quantity), None
        if quantity.unit == "pct" and (based := self._share_of_base(quantity)) is not None:
            return None, based, None
        if quantity.unit == "count":
            return None, self._counted(quantity), None
        if self._is_flow(quantity):
            return None, "", None
        clause = self._clause(quantity.start)
        inside = self._bracket(quantity.start)
        low = inside[0] if inside else clause[0]
        high = inside[1] if inside else clause[1]
        previous = self._previous(quantity, low)
        following = self._following(quantity, high)
        if following is not None and is_blocker(following):
            return None, "", None
        if previous is not None and is_blocker(previous):
            if following is not None:
                return following, self._fits(following, quantity), None
            return None, "", None
        if previous is None and following is None and inside and not self._rate_of_last(quantity, inside):
            if self.last is not None and _same_class(self.last, quantity):
                return self.last.hit, self.last.metric, None
            if self.last is None:
                previous = self._previous(quantity, clause[0])
            if previous is None and (beyond := self._beyond_bracket(quantity, inside, clause[1])) is not None:
                return beyond, self._fits(beyond, quantity), None
            if previous is None or is_blocker(previous):
                return None, "", None
        if previous is not None and self._is_base(previous, quantity):
            if following is None:
                return None, "", None
            metric = self._fits(following, quantity)
            if metric == "capacity_committed" and previous.metric == "capacity_in_service":
                metric = "capacity_committed_in_service"
            return following, metric, None
        if inside and previous is None and following is None and (of_last := self._rate_of_last(quantity, inside)):
            return of_last, self._fits(of_last, quantity), None
        alone = previous is None and following is None
        if alone and quantity.unit == "cabinets" and _HAS.search(_unhedged(self._before(quantity))):
            return None, "capacity_in_service", None
        if previous is not None and not self.uses.get(id(previous)):
            if (
                following is not None
                and self._is_free(following, quantity)
                and not _OF.match(self.text[quantity.end :])
            ):
                return following, self._fits(following, quantity), None
            return previous, self._fits(previous, quantity), None
        if following is not None:
            return following, self._fits(following, quantity), None
        if previous is not None and (earlier := self._compared_with(previous, quantity)) is not None:
            return earlier.hit, earlier.metric, None
        if previous is not None:
            metric = self._fits(previous, quantity)
            if quantity.unit not in self.uses[id(previous)] and _IN_OTHER_WORDS.search(self._before(quantity)):
                return previous, metric, None
            if when is not None or _COMPARISON.search(self._before(quantity)) or inside:
                return previous, metric, None
            if self.last is not None and self._goes_on(self.last, quantity):
                return previous, metric, None
            if metric.startswith("capacity_") and self._is_total(quantity):
                return None, "capacity_total", None
            return None, metric, ("ambiguous", "two numbers for one phrase and nothing that tells them apart")
        return self._carry(quantity, when)

    def _compared_with(self, previous: MetricHit, quantity: Quantity) -> Figure | None:
        """The figure a comparative is of: the last in its unit, where the nearest phrase was a figure's in another."""
        if not quantity.unit or quantity.unit in self.uses[id(previous)]:
            return None
        if not _COMPARISON.search(self._before(quantity)):
            return None
        return next((f for f in reversed(self.taken) if f.unit == quantity.unit), None)

    def _is_total(self, quantity: Quantity) -> bool:
        """'... 639 MW in service, 227 MW under construction, 866 MW in all': a sum that adds up is one."""
        parts = {f.metric: f.quantity.value for f in self.taken if f.unit == quantity.unit}
        wanted = ("capacity_in_service", "capacity_under_construction")
        if not all(metric in parts for metric in wanted):
            return False
        return abs(sum(parts[metric] for metric in wanted) - quantity.value) <= 3 * quantity.rounding

    def _is_compared(self, quantity: Quantity, when: DateHit | None) -> bool:
        """Whether words before the number, or before the date it hangs on, set it against another."""
        if _COMPARISON.search(self._before(quantity)):
            return True
        if when is None or when.end > quantity.start:
            return False
        return bool(_COMPARISON.search(self.text[max(0, when.start - 40) : when.start]))

    def _counted(self, quantity: Quantity) -> str:
        """What a number counts by its own noun: '297 data centers', where the sentence says that they are there."""
        if not _HAS.search(_unhedged(self._before(quantity))):
            return ""
        noun = quantity.text.lower()
        if re.search(r"operator|运营商|營運商", noun):
            return "operators"
        if re.search(r"connect", noun):
            return "interconnections"
        return "data_centres"

    def _goes_on(self, last: Figure, quantity: Quantity) -> bool:
        """Whether a second number under one phrase is plainly another's: 'from 1 to 2', '1 at A and 2 at B'."""
        if last.comparative or last.quantity.value == quantity.value:
            return True
        if any(last.quantity.end <= start < quantity.start for start, _ in self.subjects):
            return True
        return any(
            start >= quantity.end and _AT_SUBJECT.fullmatch(self.text[quantity.end : start])
            for start, _ in self.subjects
        )

    def _carry(self, quantity: Quantity, when: DateHit | None) -> tuple[MetricHit | None, str, tuple[str, str] | None]:
        """A number without a phrase of its own: the last metric, where date or words make it a comparative of that."""
        if self._blocked(quantity):
            return None, "", None
        if self.last is not None and _same_class(self.last, quantity):
            if when is not None or _COMPARISON.search(self._before(quantity)) or self._of_another(quantity):
                return self.last.hit, self.last.metric, None
            return None, "", None
        metric, unit = self.carried.metric, self.carried.unit
        if not metric or not _unit_fits(unit, quantity):
            return None, "", None
        if self.carried.always or when is not None or _COMPARISON.search(self._before(quantity)):
            return self.carried.hit, metric, None
        return None, "", None

    def _of_another(self, quantity: Quantity) -> bool:
        """'...; the data centres in the United States stood at 97.4 %': the same of another part of the whole."""
        if self.last is None or not re.search(
            r"(?:\b(?:was|were|is|are|stood|came|ran)(?: at)?|为|為)\s?$", self._before(quantity)
        ):
            return False
        return any(self.last.quantity.end <= start < quantity.start for start, _ in self.subjects)

    def _blocked(self, quantity: Quantity) -> bool:
        before = [p for p in self.phrases if p.end <= quantity.start]
        return bool(before) and is_blocker(before[-1])

    def _previous(self, quantity: Quantity, low: int) -> MetricHit | None:
        """The nearest phrase before the number that fits its unit; a blocker in between stands for itself."""
        for hit in reversed([p for p in self.phrases if low <= p.start and p.end <= quantity.start]):
            if is_blocker(hit):
                if any(hit.end <= q.start < quantity.start for q in [*self.quantities, *self.changes]):
                    continue
                return hit
            if self._fits(hit, quantity):
                return hit
        return None

    def _following(self, quantity: Quantity, high: int) -> MetricHit | None:
        """The phrase right after the number: '332MW in service', '252MW were utilised'."""
        for hit in [p for p in self.phrases if quantity.start <= p.start < high and p.end > quantity.end]:
            gap = self.text[quantity.end : hit.start] if hit.start >= quantity.end else ""
            gap = _APPOSITIVE.sub(" ", gap)
            for start, end in self.subjects:
                # '80 % of MEGA Two was pre-committed': of whom it is said may stand between.
                if quantity.end <= start and end <= hit.start:
                    gap = gap.replace(self.text[start:end], "it")
            if _OPENS_APPOSITIVE.search(self.text[: quantity.start]):
                gap = gap.lstrip(",， ")
            if len(gap) > 60 or not _STRONG.fullmatch(gap):
                return None
            if is_blocker(hit):
                return hit
            return hit if self._fits(hit, quantity) else None
        return None

    def _is_base(self, hit: MetricHit, quantity: Quantity) -> bool:
        """Whether the phrase before a number is the whole it is part of: 'Of the capacity in service 533 MW ...'."""
        gap = self.text[hit.end : quantity.start]
        if re.fullmatch(r"[\s,，]*(?:about|some|around|nearly|over)?\s*", gap) is None:
            return (
                bool(re.match(r"\s?(?:之中|当中|當中|中|里|裡|内|內)[,，]?", gap)) and quantity.unit in CAPACITY_UNITS
            )
        return bool(
            re.search(
                r"(?:^|[,，;；.。]\s?|\band\s)(?:out )?of (?:(?:the|this|that|our|its|all|total)\s)*$",
                self.text[: hit.start],
                re.I,
            )
        )

    def _rate_of_last(self, quantity: Quantity, inside: tuple[int, int]) -> MetricHit | None:
        """'252 MW utilised (75.9 %)': a rate alone in the bracket behind a capacity's phrase is of that phrase."""
        last = self.last
        if last is None or last.hit is None or quantity.unit != "pct" or last.unit not in CAPACITY_UNITS:
            return None
        if self.text[inside[0] + 1 : quantity.start].strip() or self.text[quantity.end : inside[1] - 1].strip():
            return None
        status = last.hit.concepts & {"utilised", "committed", "leased", "precommitted"}
        touching = not self.text[max(last.hit.end, last.quantity.end) : inside[0]].strip()
        return last.hit if status and touching and not last.comparative and self._fits(last.hit, quantity) else None

    def _beyond_bracket(self, quantity: Quantity, inside: tuple[int, int], high: int) -> MetricHit | None:
        """The phrase behind the bracket a number fills: '327 MW (88 %) were contracted'."""
        if self.text[quantity.end : inside[1]].strip() not in (")", "）") or self.last is None:
            return None
        for hit in [p for p in self.phrases if inside[1] <= p.start < high]:
            close = hit.start - inside[1] <= 60 and bool(_STRONG.fullmatch(self.text[inside[1] : hit.start]))
            return hit if close and not is_blocker(hit) and self._fits(hit, quantity) else None
        return None

    def _is_free(self, hit: MetricHit, quantity: Quantity) -> bool:
        """Whether a phrase after a number has no number of its own after it."""
        later = [p for p in self.phrases if p.start >= hit.end]
        stop = later[0].start if later else len(self.text)
        return not any(hit.end <= q.start < stop and q is not quantity for q in self.quantities)

    def _share_of_base(self, quantity: Quantity) -> str | None:
        """'90 % of deployed capacity is used': the base after 'of', the status after it or before the number."""
        rest = self.text[quantity.end :]
        opening = _OF_BASE.match(rest)
        if opening is None:
            return None
        at = quantity.end + opening.end()
        base = next((p for p in self.phrases if quantity.end <= p.start <= at + 14 and p.end > at), None)
        if base is None or is_blocker(base) or base.for_unit("pct"):
            return None
        after = [p for p in self.phrases if p.start >= base.end and p.start - base.end <= 60]
        before = [p for p in self.phrases if p.end <= quantity.start]
        for hit in [*after[:1], *before[-1:]]:
            if is_blocker(hit) or not hit.for_unit("pct"):
                continue
            whole = MetricHit("", 0, 0, "", "", hit.concepts | base.concepts | frozenset({"rate"}), "")
            metric = whole.for_unit("pct")
            if metric:
                return metric
        return ""

    def _dates_of(self, group: list[Quantity]) -> list[DateHit | None]:
        """The date of each number of a run: in its bracket, right after it, or right before it."""
        first, last = group[0], group[-1]
        if len(group) == 1 and (own := self._date_in_bracket_after(last)) is not None:
            return [own]
        low = max((q.end for q in self.quantities if q.end <= first.start), default=0)
        high = min((q.start for q in self.quantities if q.start >= last.end), default=len(self.text))
        inside = self._bracket(first.start)
        if inside:
            low, high = max(low, inside[0]), min(high, inside[1])
        after = [d for d in self.dates if last.end <= d.start < high]
        before = [d for d in self.dates if low <= d.start and d.end <= first.start]
        if not inside:
            opened = [s for s in self.spans if s[0] >= last.end]
            after = [d for d in after if not any(s[0] <= d.start < s[1] for s in opened)]
            before = [d for d in before if self._bracket(d.start) is None]
        count = len(group)
        if count > 1 and len(after) == count and not (self._zip(group)):
            return list(after)
        if count > 1 and len(before) == count and not (self._zip(group)):
            return list(before)
        chosen = self._nearest(first, last, before, after, high, bool(inside))
        return [chosen] * count

    def _date_in_bracket_after(self, quantity: Quantity) -> DateHit | None:
        """The date that alone fills the bracket right behind a number: '49,316 (March 31, 2023)'."""
        for start, end in self.spans:
            if start < quantity.end or self.text[quantity.end : start].strip():
                continue
            within = [d for d in self.dates if start < d.start and d.end < end]
            if len(within) == 1 and not any(start < q.start < end for q in self.quantities):
                return within[0] if self._follows(self.text[start + 1 : within[0].start]) else None
        return None

    def _nearest(
        self, first: Quantity, last: Quantity, before: list[DateHit], after: list[DateHit], high: int, inside: bool
    ) -> DateHit | None:
        if inside and before and not self._taken(before[-1], first):
            return before[-1]
        if before and _ATTACHED.match(self.text[before[-1].end : first.start]):
            return before[-1]
        if after:
            day = after[0]
            gap = self.text[last.end : day.start]
            belongs_to_next = high < len(self.text) and bool(_ATTACHED.match(self.text[day.end : high]))
            clause_end = self._clause(last.start)[1]
            if (
                not (belongs_to_next and re.search(r"[,，、;；]|\band\b|\bwhile\b|和|及|而", gap))
                and day.start < clause_end
                and (inside or self._follows(gap))
            ):
                return day
        if before:
            day = before[-1]
            if not self._taken(day, first):
                return day
        if inside and after:
            return after[0]
        return None

    def _follows(self, gap: str) -> bool:
        if re.search(r"[;；]|较|較|相比|对比|對比|\b(?:against|versus|from|than|compared)\b", gap):
            # The date is of the next statement, or of what the number is compared with.
            return False
        return len(gap) <= 60 and (bool(_FOLLOWS.match(gap)) or len(gap) <= 3 or self._only_phrases(gap))

    def _only_phrases(self, gap: str) -> bool:
        """Between number and date nothing but words: no comma, no other clause."""
        return len(gap) <= 45 and not re.search(r"[,，;；:：(（]|\b(?:and|while|which|after|before|against)\b", gap)

    def _taken(self, day: DateHit, quantity: Quantity) -> bool:
        """A date that an earlier number of the sentence stands right before is that number's."""
        bracket = self._bracket(quantity.start)
        low = bracket[0] if bracket else 0
        earlier = [q for q in self.quantities if low <= q.start and q.end <= day.start]
        if not earlier:
            return False
        return self._follows(self.text[earlier[-1].end : day.start])

    def _sentence_date(self, quantity: Quantity) -> DateHit | None:
        """The date the sentence opens with, or the only one outside brackets; None where it has neither."""
        outer = [d for d in self.dates if self._bracket(d.start) is None]
        if self._bracket(quantity.start) is not None and self.last is not None:
            return self.last.date
        for day in outer[:1]:
            if day.end <= quantity.start and _LEADING.match(self.text[: day.start]):
                return day
        numbers = [q for q in self.quantities if self._bracket(q.start) is None]
        if len(outer) == 1 and numbers and outer[0].start >= numbers[-1].end and outer[0].kind != "relative":
            # '69.2 % from 66.3 % at the end of 2021': the date is of the earlier figure alone.
            return None if _COMPARISON.search(self._before(numbers[-1])) else outer[0]
        return None


def _unhedged(before: str) -> str:
    return re.sub(r"\b(?:about|around|approximately|some|nearly|almost|over|more than|roughly)\s?$", "", before)


def _alike(first: Quantity, second: Quantity) -> bool:
    return first.unit == second.unit or not first.unit


def _plausible_bare(quantity: Quantity) -> bool:
    """A bare number taken for a capacity has at least three digits or a decimal: '2' and '12' are counts or marks."""
    return quantity.value >= 100 or "." in quantity.text


def _same_class(figure: Figure, quantity: Quantity) -> bool:
    return _unit_fits(figure.unit, quantity)


def _unit_fits(unit: str, quantity: Quantity) -> bool:
    if quantity.unit:
        return unit == quantity.unit or unit == f"{quantity.unit}/month"
    return quantity.kind == COUNT and ((unit in CAPACITY_UNITS and _plausible_bare(quantity)) or unit == "count")
