"""One table with what all its numbers share, and how a number of it is evidenced.

Belongs here: the Frame every reader of a table is handed, locators, quotes, footnotes and rejections. Not here: any
decision on metric, unit, date or subject.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from assets.reports.candidates import Rejection
from assets.reports.document import Document, Table
from assets.reports.extraction import entities
from assets.reports.extraction.context import Context
from assets.reports.extraction.labels import LabelFacts, read_label
from assets.reports.extraction.surroundings import Surroundings, note_text
from assets.reports.extraction.table_shapes import Slot

Value = TypeVar("Value")

# Headers of label columns: what kind of words stand under them.
NAME_STUB = re.compile(
    r"propert|facilit|data ?cent|site|asset|building|campus|name|segment|market|region|location|[设設]施"
    r"|[数數]据中心|物[业業]|[项項]目",
    re.IGNORECASE,
)
OTHER_STUB = re.compile(
    r"tenure|title|ownership|interest|\btype|built|opened|acquired|contract|tenant|client|customer|complet"
    r"|year|address|grade|tier|note|ref|operator|status|description|valuer|use",
    re.IGNORECASE,
)
PERIOD_STUB = re.compile(
    r"^(?:(?:calendar|financial|fiscal|full|reporting) )?(?:years?|quarters?|half[- ]?years?|periods?|dates?)"
    r"(?:[- ]?end(?:ed|ing)?)?(?: \(.*\))?$|^(?:as (?:at|of)|at|when)$|^(?:年[份度]?|季度|期末|日期|期[间間])$",
    re.IGNORECASE,
)
UNIT_STUB = re.compile(r"^(?:units?|uom|unit of measure|[单單]位)$", re.IGNORECASE)


@dataclass(frozen=True)
class Frame:
    """One table with what every number of it shares: what stands around it, and on which axes its measures are."""

    table: Table
    around: Surroundings
    context: Context
    document: Document
    slots: tuple[Slot, ...]
    expiry: bool
    lessee: bool
    row_metrics: bool
    column_metrics: bool
    section_metrics: bool
    _kept: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, compute: Callable[[], Value], key: str = "") -> Value:
        """What `compute` gives for this table, computed once for each `name` and `key`: numbers of a table share it."""
        if (name, key) not in self._kept:
            self._kept[name, key] = compute()
        return cast(Value, self._kept[name, key])

    @property
    def header_texts(self) -> frozenset[str]:
        """Every header over a number."""
        return self.once("headers", lambda: frozenset(label.text for slot in self.slots for label in slot.headers))

    @property
    def label_texts(self) -> frozenset[str]:
        """Every row label beside a number."""
        return self.once("labels", lambda: frozenset(label.text for slot in self.slots for label in slot.labels))

    @property
    def section_stacks(self) -> frozenset[tuple[str, ...]]:
        """Every stack of section rows over a number, outermost first."""
        return self.once(
            "sections", lambda: frozenset(tuple(label.text for label in slot.sections) for slot in self.slots)
        )

    @property
    def rows(self) -> dict[int, list[Slot]]:
        """The numbers of each row."""
        return self.once("rows", lambda: _grouped(self.slots, lambda slot: slot.row))

    @property
    def columns(self) -> dict[int, list[Slot]]:
        """The numbers of each column."""
        return self.once("columns", lambda: _grouped(self.slots, lambda slot: slot.column))

    def facts(self, text: str) -> LabelFacts:
        """What a label says, names of the whole and of cohorts left out as measures."""
        return self.once("facts", lambda: self._facts(text), text)

    def _facts(self, text: str) -> LabelFacts:
        facts = read_label(text, self.context.layout)
        # 'Total operating properties' and 'Fully-fitted' name whom a figure is of, whatever their words mean elsewhere.
        named = facts.metric and (entities.is_whole(text) or entities.is_cohort(text))
        return replace(facts, metric="") if named else facts


def _grouped(slots: tuple[Slot, ...], key: Callable[[Slot], int]) -> dict[int, list[Slot]]:
    groups: dict[int, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(key(slot), []).append(slot)
    return groups


def notes_of(frame: Frame, slot: Slot) -> list[str]:
    """The footnotes the marks of a slot, its labels and its caption point to."""
    marks = [
        *slot.cell.notes,
        *(mark for label in (*slot.labels, *slot.headers, *slot.sections) for mark in label.notes),
    ]
    marks += frame.around.marks
    return [note_text(frame.document, frame.table, mark) for mark in dict.fromkeys(marks)]


def says_pro_forma(text: str) -> bool:
    """True where a footnote calls its figure pro forma, and does not say that it leaves such figures out."""
    match = re.search(r"(?:\b(\w+)\s+)?pro[- ]?forma", text, re.IGNORECASE)
    return match is not None and (match.group(1) or "").casefold() not in ("excluding", "excludes", "no", "not")


def locator_of(frame: Frame, slot: Slot) -> str:
    """Where the value of a slot stands: page or sheet, table, row and column."""
    return str(replace(frame.table.place, block=None, row=slot.row, column=slot.column))


def quote_of(slot: Slot) -> str:
    """Section, labels, headers and the cell's own text of a slot, as printed."""
    parts = [*(label.text for label in slot.sections[-1:]), *(label.text for label in slot.labels)]
    parts += [label.text for label in slot.headers]
    return " | ".join([*dict.fromkeys(part for part in parts if part), slot.cell.text.strip()])


def rejection(frame: Frame, slot: Slot, rule: str, reason: str, metric: str) -> Rejection:
    """A number that was recognised and not taken, with the rule, the reason and the remedy."""
    remedy = "Name it in the label, the caption or the operator's layout."
    return Rejection(
        rule, f"{reason}. {remedy}", locator_of(frame, slot), quote_of(slot), metric, slot.cell.text.strip()
    )


def no_date(frame: Frame, slot: Slot, metric: str) -> Rejection:
    """The rejection of a figure without a period."""
    reason = "no label, caption or date line tells the period of the figure"
    return rejection(frame, slot, "period_unknown", reason, metric)
