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
from assets.reports.extraction.wording import entire, load_words, searched
from assets.reports.operators import Layout

EXPIRY = "lease_expiry_share"
"""A lease-expiry label: the weight (area or rent) completes the metric's name."""

# Their qualifier may stand in parentheses: 'Contracted (in service)'.
_QUALIFIED = (
    "capacity_committed_in_service",
    "capacity_committed_not_utilised",
    "capacity_total",
    "capacity_under_construction_plus_planned",
)
_WORDS = load_words("labels")
_TERSE_PATTERNS = tuple((searched(entry["patterns"]), entry["metric"]) for entry in _WORDS["measures"])
_EXACT_PATTERNS = tuple((entire(entry["patterns"]), entry["metric"]) for entry in _WORDS["whole_labels"])
# Longer texts in cells are paragraphs.
_LONGEST_LABEL = 600
_BARRED = searched(_WORDS["barred"])
_RENT_WEIGHT = searched(_WORDS["weights"]["rent"])
_AREA_WEIGHT = searched(_WORDS["weights"]["area"])
_LESSEE = searched([_WORDS["lessee"]])
_PRO_FORMA = re.compile(r"pro[- ]?forma|备考|備考", re.IGNORECASE)
_RESTATED = re.compile(r"\brestated\b|\bre-?presented\b|\brevised\b|\brestatement\b|\(R\)|重述|重列", re.IGNORECASE)
_ESTIMATE = re.compile(r"\bestimate[ds]?\b|\best\.|预[计計]|預[计計]|估[计計]", re.IGNORECASE)
_FORECAST = re.compile(
    r"\bforecasts?\b|\bprojected\b|\bprojections?\b|\bexpected\b|\boutlook\b|预[测測]|預[测測]", re.IGNORECASE
)
_SCALED = re.compile(
    r"['’]\s?000|\(\s?000s?\s?\)|\b000s\b|\bthousands?\b|\bmillions?\b|\([km]\)|[千万萬]\s?[)）]", re.IGNORECASE
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
    if not text or len(text) > _LONGEST_LABEL:
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


def is_lessee(text: str) -> bool:
    """True for a text of the accounts of a lessee: lease liabilities, discount rates."""
    return _LESSEE.search(text) is not None


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
    own = _own_metric(folded, layout)
    if own and own != "capacity_in_service":
        return own
    # An operator's word for its space ('CSF') names what a status word beside it ('CSF utilised') is of.
    general = _general_metric(folded) or _phrase_metric(text, layout)
    return general if own in ("", general) or general not in ("", "capacity_in_service") else own


def _own_metric(folded: str, layout: Layout | None) -> str:
    if layout is None:
        return ""
    own = [(phrase, metric) for phrase, metric in layout.words.items() if phrase.casefold() in folded]
    return max(own, key=lambda item: len(item[0]))[1] if own else ""


def _general_metric(folded: str) -> str:
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
    return ""


def _phrase_metric(text: str, layout: Layout | None) -> str:
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
        return "", find_scale(text) if _SCALED.search(text) else 1.0
    inside = [hit for hit in hits if _inside_parentheses(text, hit.start)]
    strong = [hit for hit in inside or hits if hit.unit != "cabinets"] or inside or hits
    return strong[-1].unit, strong[-1].factor
