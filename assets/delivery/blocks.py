"""What sections of the page are made of: headings, sentences, tables, cards with charts, and parts shown on demand.

Belongs here: the shape of a part and how a cell becomes markup. Does not belong here: what stands in a part
(sections/), how parts look (templates/blocks.html, page.css).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from markupsafe import Markup, escape

from assets.delivery.charts.kit import Picture
from assets.delivery.words import Said, Text, both


class Scope(NamedTuple):
    """Which markets, stacks and operators a row or card is about, as slugs; filters go by these."""

    markets: frozenset[str] = frozenset()
    stacks: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()

    def __html__(self) -> Markup:
        """Attributes for the opening tag. What belongs to no market is still told apart from what no filter is for."""
        return Markup("").join(
            Markup(' data-{}="{}"').format(letter, " ".join(sorted(names)))
            for letter, names in (("m", self.markets), ("s", self.stacks), ("o", self.operators))
        )

    def __or__(self, other: Scope) -> Scope:
        return Scope(*(mine | theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Number:
    """A number as printed and the anchor of its evidence; `anchor` is empty only for dashes and plain counts."""

    words: Text
    anchor: str = ""
    flagged: bool = False

    def __html__(self) -> Markup:
        shown = escape(self.words)
        if not self.anchor:
            return shown
        flag = Markup("<sup>\u2020</sup>") if self.flagged else ""
        return Markup('<a class="n" href="#{}">{}</a>{}').format(self.anchor, shown, flag)


DASH = Number("\u2013")


@dataclass(frozen=True)
class Link:
    """Words that lead to another part of the page."""

    words: Any
    anchor: str

    def __html__(self) -> Markup:
        if not self.anchor:
            return escape(self.words)
        return Markup('<a href="#{}">{}</a>').format(self.anchor, self.words)


class Column(NamedTuple):
    """One column of a table. kind: '' short words, 'r' numbers, 'w' long words, 'q' what must not break."""

    words: Text
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """One row: the first cell names it. Cells are texts, numbers, links or markup."""

    cells: tuple[Any, ...]
    scope: Scope | None = None
    anchor: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    block: ClassVar[str] = "heading"
    words: Text
    level: int = 3
    anchor: str = ""
    badge: Text = ""


@dataclass(frozen=True)
class Para:
    """A sentence or more. kind: '' plain, 'faint' beside the point, 'none' why nothing stands here, 'warned'."""

    block: ClassVar[str] = "para"
    words: Any
    kind: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """A table that can be sorted and filtered; one without rows says `none` in its place."""

    block: ClassVar[str] = "table"
    caption: Any
    head: tuple[Column, ...]
    rows: Sequence[Row]
    none: Text = ""
    wide: bool = False


@dataclass(frozen=True)
class Card:
    """A chart with its caption; `more` is shown on demand, `below` is a second chart of the same series."""

    block: ClassVar[str] = "card"
    picture: Picture
    scope: Scope | None = None
    below: Picture | None = None
    more: tuple[Any, ...] = ()
    more_words: Text = ""


@dataclass(frozen=True)
class Cards:
    """Charts side by side. scenarios: names to choose one from, where the charts have scenarios."""

    block: ClassVar[str] = "cards"
    cards: Sequence[Card]
    scenarios: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Fold:
    """What is shown on demand."""

    block: ClassVar[str] = "fold"
    words: Text
    blocks: tuple[Any, ...]
    anchor: str = ""


@dataclass(frozen=True)
class Tile:
    """A figure to see at once: what it is of, the number, what stands beside it."""

    words: Text
    number: Any
    beside: tuple[Any, ...] = ()
    scope: Scope | None = None
    mood: str = ""


@dataclass(frozen=True)
class Tiles:
    """Figures side by side under a heading of their own."""

    block: ClassVar[str] = "tiles"
    tiles: Sequence[Tile]
    words: Text = ""


@dataclass(frozen=True)
class Items:
    """A list of short findings, each with a mark for its weight: '', 'good', 'bad' or 'note'."""

    block: ClassVar[str] = "items"
    items: Sequence[tuple[str, Any]]


@dataclass
class Section:
    """One section of the page, in the order of its blocks."""

    key: str
    title: Text
    blocks: list[Any] = field(default_factory=list)
    title_beside: Text = ""

    def add(self, *blocks: Any) -> Section:
        """Append blocks; returns the section."""
        self.blocks += [block for block in blocks if block is not None]
        return self


def words_of(part: Any) -> Said:
    """A text, number or link as a Said, for use inside a sentence."""
    if isinstance(part, Said):
        return part
    return Said(part, part) if hasattr(part, "__html__") else both(part)
