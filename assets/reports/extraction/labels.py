"""What a terse label says: the metric, unit, weight, marks and what bars it. For tables, cards and boxes.

Belongs here: the short forms tables use ('Utilised', 'NLA (sq ft)', 'UC') and the words that make a row none of ours
(growth, ownership, money). Not here: phrases of running text (vocabulary.py), whose engine is asked where no short
form fits, and periods (table_periods.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assets.reports.extraction.table_values import find_scale, find_units, fold, is_money
from assets.reports.extraction.vocabulary import find_metrics
from assets.reports.operators import Layout

EXPIRY = "lease_expiry_share"
"""A lease-expiry label: the weight (area or rent) completes the metric's name."""

# The first pattern that matches decides, so the qualified forms stand before the plain ones.
_TERSE: tuple[tuple[str, str], ...] = (
    (r"weighted[- ]average (?:unexpired )?(?:remaining )?(?:lease|contract|term|unexpired)|\bwa[lu][el]?t?\b|\bwale\b|加[权權]平均(?:剩[余餘])?租|平均剩[余餘]租", "wale_years"),
    (r"(?:lease|contract|tenancy|term)s?[- ](?:expir|maturit|year end|roll)|expir(?:y|ies|ing|ation)|租[约約]到期|合[约約同]到期|到期", EXPIRY),
    (r"(?:mrr|monthly recurring revenue|monthly recurring charge|月度?[经經]常性收入|每月[经經]常性收入).*(?:cabinet|rack|机柜|機櫃)", "price_mrr_per_cabinet"),
    (r"(?:cabinet|rack|机柜|機櫃).*(?:\bmrr\b|monthly recurring revenue|月度?[经經]常性收入|月均收入)", "price_mrr_per_cabinet"),
    (r"\bit load\b.*(?:contracted|customer|client|tenant)|(?:contracted|customer|client|tenant)\S* it load|客[户戶]it[负負][载載]", "customer_it_load"),
    (r"total (?:area |capacity |space )?(?:committed|contracted) (?:and|&|\+|plus) pre[- ]?committed|committed (?:and|&|\+) pre[- ]?committed|签约及预签约|簽約及預簽約|已签约和预签约", "capacity_committed"),
    (r"pre[- ]?commit|pre[- ]?leas|pre[- ]?let\b|预签[约約]|預[签簽]約|预租|預租", "pre_commitment_rate"),
    (r"vacan|空置", "vacancy_rate"),
    (r"(?:under construction|u/?c)\s*(?:and|&|/|\+|plus)\s*planned|在建及[规規][划劃]", "capacity_under_construction_plus_planned"),
    (r"(?:in service|operational|built|existing|live)\s*(?:and|&|\+|plus)\s*(?:area |capacity )?(?:under construction|uc\b|under development)", "capacity_total"),
    (r"under[- ](?:construction|development|build)|being built|in construction|\bu/?c\b|construction in progress|在建|建[设設]中|施工中", "capacity_under_construction"),
    (r"\bplanned\b|in planning|[规規][划劃](?:容量|面[积積]|中)?|待建", "capacity_planned"),
    (r"(?:forward )?order ?book|\bbacklog\b|(?:contracted|committed|signed|booked|leased)[, ]+(?:but )?(?:not|yet)(?: yet)?(?: to be)? (?:bill|utili|commenc|in use|occup|moved|deliver)|not yet (?:billing|commenced|utili[sz]ed)|已[签簽][约約]未", "capacity_committed_not_utilised"),
    (r"commitment (?:rate|ratio|level)|(?:committed|contracted|contract) (?:rate|ratio)|[签簽][约約]率", "commitment_rate"),
    (r"contracted utili[sz]ation|utili[sz]ation[, (]+contracted", "capacity_committed"),
    (r"(?:committed|contracted|leased)\W+(?:\w+\W+){0,3}in[- ]service|in[- ]service\W+(?:\w+\W+){0,2}(?:committed|contracted)", "capacity_committed_in_service"),
    (r"occupan|occupied|出租率|租用率|入住率|占用率|佔用率", "occupancy_rate"),
    (r"(?:billing|billed) utili[sz]ation|utili[sz]ation[, (]+bill(?:ing|ed)", "capacity_utilised"),
    (r"utili[sz]ation|上架率|使用率|利用率", "utilisation_rate"),
    (r"utili[sz]ed|revenue[- ]generating|take[- ]?up|\bin use\b|\bbilling\b|\bbilled\b|\bused\b|已?上架|[计計][费費](?:面[积積]|机柜|容量)?|已使用|已利用", "capacity_utilised"),
    (r"\bcommitted\b|\bcontracted\b|已?[签簽][约約]", "capacity_committed"),
    (r"%\s*leased|percent(?:age)? leased|leased\s*\(?%|\bleased\b", "commitment_rate"),
    (r"in[- ]service|in operation|operational|\boperating (?:capacity|area|portfolio|space|mw)|\bbuilt\b|\blive\b|existing (?:supply|capacity|stock|inventory)|equipped|fitted[- ](?:out|space)"
     r"|lettable|leasable|rentable|\bnla\b|\bnra\b|\bgla\b|\bnrsf\b|\bcrsf\b|installed (?:capacity|power)|cabinets under management|cabinet capacity|(?:total|number of|no\. of|available) (?:cabinets|racks)"
     r"|[运運][营營](?:容量|面[积積]|机柜|機櫃|中)|[营營][运運]|在[运運][营營]|可(?:出)?租[赁賃]?面[积積]|已投[产產运運]|服[务務](?:容量|面[积積]|中)|投[运運][容面]", "capacity_in_service"),
    (r"interconnection|cross[- ]connect|互[联聯][连連]接|交叉[连連]接", "interconnections"),
)  # fmt: skip
# Their qualifier may stand in parentheses: 'Contracted (in service)'.
_QUALIFIED = (
    "capacity_committed_in_service",
    "capacity_committed_not_utilised",
    "capacity_total",
    "capacity_under_construction_plus_planned",
)
_EXACT: tuple[tuple[str, str], ...] = (
    (r"(?:number of |no\. of |total |# of )?(?:operational |operating |live |owned )?(?:data cent(?:er|re)s?|facilities|sites)(?: count| \(?(?:number|no\.?|count|#)\)?)?|[数數]据中心(?:[数數][量目]|[个個][数數])", "data_centres"),
    (r"(?:number of |no\. of |total |# of )?(?:colo(?:cation)? )?operators|[运運][营營]商(?:[数數][量目]|[个個][数數])", "operators"),
    (r"(?:total |it |power |total it |design |critical it |it power |critical )?(?:capacity|power|power capacity|supply|inventory|stock|load|it load)|(?:floor |net floor |data hall |white )?(?:area|space)|cabinets|racks|容量|面[积積]|机柜[数數]?量?|機櫃[数數]?量?", "capacity_in_service"),
)  # fmt: skip
_TERSE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), metric) for pattern, metric in _TERSE)
_EXACT_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), metric) for pattern, metric in _EXACT)
_BARRED = re.compile(
    r"growth|\bincreases?\b|\bdecreases?\b|\bchanges?\b|\bchg\b|varian|\by[- /]?o[- /]?y\b|\bq[- /]?o[- /]?q\b|\bh[- /]?o[- /]?h\b|\bpp\b|\bppts?\b|\bbps\b|percentage points?"
    r"|absorption|new supply|net add|additions?\b|\bdelivered\b|\bdeliveries\b|signings?|signed in|interest held|\bheld\b(?! (?:constant))|\bownership|\bstake\b|effective interest|equity interest|\binterest\b(?! in)"
    r"|% of (?:total|portfolio|group|nla|gri|rent)|share of (?:portfolio|total|group)|contribution|revenue(?![- ]generating)|\bturnover\b|\bsales\b|\bebitda|\bnpi\b|\bnet property\b|profit|earnings|valuation|\bvalues?\b|\bcapex\b"
    r"|\bcosts?\b|expens|\bdebt\b|leverage|gearing|\bdpu\b|\bdividend|\byields?\b|\bcap rate|\bmargin|tenants?\b(?! it load)|number of (?:customers|clients|leases)|^customers?$|^clients?$|employees|headcount|\bpue\b|\bwue\b"
    r"|year (?:built|of)|\bfloors?$|storeys|\bcompletion\b|completed|\bchurn|reversion|\btargets?\b|guidance|\bbudget|\bland\b|\btenure\b|tenor|purchase|acquisition|\bshare price|\bunits? in issue|market share|gross building|gross floor|\bgfa\b|(?:site|land|plot) area|energy|electricity|renewable|emission"
    r"|average rent|rent per|asking rent|\bpsf\b|增[长長]|增[幅加]|同比|[环環]比|[变變][动動化]|收入|利[润潤]|持股|[权權]益|[资資][产產][价價]值|估值|[净淨]吸[纳納]|新增",
    re.IGNORECASE,
)
_RENT_WEIGHT = re.compile(
    r"rental income|annuali[sz]ed (?:base )?rent|base rent|gross rent|gri\b|\brent(?:s|al)?\b|\brevenue\b|\bincome\b|租金",
    re.IGNORECASE,
)
_AREA_WEIGHT = re.compile(
    r"lettable area|leased area|let area|floor area|\bnla\b|\bnra\b|\bnrsf\b|net rentable|rentable|\barea\b|square f|square m|sq\.? ?(?:ft|m)|\bsqft\b|\bspace\b|by capacity|\bmw\b|\bkw\b|面[积積]",
    re.IGNORECASE,
)
_PRO_FORMA = re.compile(r"pro[- ]?forma|备考|備考", re.IGNORECASE)
_RESTATED = re.compile(r"\brestated\b|\bre-?presented\b|\brevised\b|\brestatement\b|\(R\)|重述|重列", re.IGNORECASE)
_ESTIMATE = re.compile(r"\bestimate[ds]?\b|\best\.|预[计計]|預[计計]|估[计計]", re.IGNORECASE)
_FORECAST = re.compile(
    r"\bforecasts?\b|\bprojected\b|\bprojections?\b|\bexpected\b|\boutlook\b|预[测測]|預[测測]", re.IGNORECASE
)
_CURRENCIES = (
    (r"RMB|CNY|人民[币幣]|¥|￥|(?<![美港欧歐])元", "RMB"),
    (r"US\$|USD|美元", "USD"),
    (r"HK\$|HKD|港[元币幣]", "HKD"),
    (r"S\$|SGD|新元", "SGD"),
    (r"A\$|AUD|澳元", "AUD"),
    (r"€|EUR|欧元|歐元", "EUR"),
    (r"£|GBP", "GBP"),
    (r"\$", "USD"),
)


@dataclass(frozen=True)
class LabelFacts:
    """What one label says. Empty strings and False where it says nothing of the kind.

    `metric` may be EXPIRY, or a capacity's name where the unit decides (metric_units.metric_for_unit). `barred` tells
    that the label names something that is no operating figure, or a change of one.
    """

    metric: str = ""
    unit: str = ""
    factor: float = 1.0
    currency: str = ""
    weight: str = ""
    barred: bool = False
    pro_forma: bool = False
    restated: bool = False
    estimate: bool = False
    forecast: bool = False


@lru_cache(maxsize=4096)
def read_label(text: str, layout: Layout | None = None) -> LabelFacts:
    """The facts of one label, case and full-width forms aside."""
    text = fold(text)
    if not text:
        return LabelFacts()
    metric = _metric(text, layout)
    unit, factor = _unit(text)
    money = is_money(text)
    weight = "rent" if _RENT_WEIGHT.search(text) else "area" if _AREA_WEIGHT.search(text) else ""
    if metric.startswith(EXPIRY):
        metric, weight = EXPIRY, "area" if metric.endswith("area") else "rent" if metric.endswith("rent") else weight
    barred = metric not in ("price_mrr_per_cabinet", "customer_it_load") and _is_barred(text, metric, money)
    return LabelFacts(
        metric="" if barred else metric,
        unit=unit,
        factor=factor,
        currency=next((code for pattern, code in _CURRENCIES if re.search(pattern, text)), "") if money else "",
        weight=weight,
        barred=barred,
        pro_forma=_PRO_FORMA.search(text) is not None,
        restated=_RESTATED.search(text) is not None,
        estimate=_ESTIMATE.search(text) is not None,
        forecast=_FORECAST.search(text) is not None,
    )


def _is_barred(text: str, metric: str, money: bool) -> bool:
    if metric in (EXPIRY, "wale_years"):
        # An expiry profile may name rent or tenants: they are its weight.
        return re.search(r"growth|change|number of|\bno\. of|varian", text, re.IGNORECASE) is not None
    if money:
        return True
    match = _BARRED.search(text)
    if match is None:
        return False
    # 'Occupancy (based on rental income)', 'NLA (interest held)': a qualifier in parentheses does not bar a metric.
    return not (metric and _inside_parentheses(text, match.start()) and not _is_change(match.group()))


def _is_change(word: str) -> bool:
    return (
        re.search(r"growth|chang|chg|varian|o[- /]?y|o[- /]?q|pp|bps|increase|增|比|变|變", word, re.IGNORECASE)
        is not None
    )


def _inside_parentheses(text: str, position: int) -> bool:
    return text.rfind("(", 0, position) > text.rfind(")", 0, position)


def _metric(text: str, layout: Layout | None) -> str:
    folded = text.casefold()
    if layout is not None:
        own = [(phrase, metric) for phrase, metric in layout.words.items() if phrase.casefold() in folded]
        if own:
            return max(own, key=lambda item: len(item[0]))[1]
    bare = re.sub(r"\(.*?\)|（.*?）", " ", folded)
    outside = re.sub(r"\s+", " ", _without_units(bare)).strip(" ,:;-")
    for pattern, metric in _EXACT_PATTERNS:
        if pattern.fullmatch(outside):
            return metric
    flat = re.sub(r"[()（）]", " ", folded)
    for pattern, metric in _TERSE_PATTERNS:
        if metric in _QUALIFIED and pattern.search(flat):
            return metric
    for candidate in (bare, folded):
        for pattern, metric in _TERSE_PATTERNS:
            if pattern.search(candidate):
                return metric
    hits = [hit for hit in find_metrics(text, layout) if hit.metric not in ("data_centres", "operators")]
    return max(hits, key=lambda hit: hit.end - hit.start).metric if hits else ""


def _without_units(text: str) -> str:
    for hit in reversed(find_units(text)):
        if hit.unit != "cabinets":
            text = text[: hit.start] + " " + text[hit.end :]
    return re.sub(r"['’]\s?000s?|\b(?:thousands?|millions?)(?: of)?\b", " ", text)


def _unit(text: str) -> tuple[str, float]:
    """The unit a label names for its values: in parentheses first, else the last of a kind; cabinets count least."""
    hits = find_units(text)
    if not hits:
        return "", find_scale(text) if re.fullmatch(r".*(?:'000|thousands?).*", text, re.IGNORECASE) else 1.0
    inside = [hit for hit in hits if _inside_parentheses(text, hit.start)]
    strong = [hit for hit in inside or hits if hit.unit != "cabinets"] or inside or hits
    return strong[-1].unit, strong[-1].factor
