"""Cutting text: sentences, clauses, brackets, and what is no prose at all (addresses, source lines).

Belongs here: places in a string, nothing about metrics or dates. All functions keep offsets, so that a quote and a
character span stay exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\b[\w.-]+@[\w.-]+\.\w+|\bgithub \S+/\S+(?: \S+/\S+)?")
_SOURCE_LINE = re.compile(
    r"^\W{0,3}(?:figures?|source|sources|numbers?) as (?:published|printed|first published) at\b|"
    r"^illustrative test (?:document|page)",
    re.I,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Inc|Ltd|Co|Corp|No|Nos|approx|sq|vs|cf|ca|c|i\.e|e\.g|etc|St|Dr|Mr|Ms|Mrs|p\.a|Jan|Feb|"
    r"Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|N\.V|S\.A|incl|excl|est|Fig|Pte))\.$",
    re.I,
)
# A row of a table set with leaders ends with its number: 'Capacity in service ...... 12 MW'.
_STOP = re.compile(
    r"\.{4,}\s?[^\s.]\S*(?:\s?(?:MW|kW|GW|%|sqm|years|cabinets)\b)?(?=\s+[A-Z\u4e00-\u9fff(])|\.{3,}|[.!?](?=[\s\"”’)]|[A-Z][a-z]|$)|[。！？]|\n+"
)


@dataclass(frozen=True)
class Span:
    """A piece of a text: start, end (exclusive), and the piece itself."""

    start: int
    end: int
    text: str


def without_addresses(text: str) -> str:
    """The text with web and mail addresses blanked out by spaces, so that offsets stay."""
    return _ADDRESS.sub(lambda m: " " * len(m.group()), text)


def is_source_line(text: str) -> bool:
    """A line that only says where the figures were published."""
    return bool(_SOURCE_LINE.search(text))


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in order. A full stop inside a number, an abbreviation or an initial ends nothing."""
    spans: list[Span] = []
    start = 0
    for match in _STOP.finditer(text):
        end = match.end()
        if re.fullmatch(r"\.{3,}", match.group()):
            continue
        if match.group() == ".":
            if _ABBREVIATION.search(text[max(0, match.start() - 8) : end]) and not _ends_here(text, end):
                continue
            if re.match(r"\s?[a-z]", text[end : end + 2]) and text[end : end + 1] != "":
                continue
        _add(text, start, end, spans)
        start = end
    _add(text, start, len(text), spans)
    return spans


def _ends_here(text: str, end: int) -> bool:
    """'sq. Metres' goes on; '... 12 MW p.a. The ...' ends where a new sentence plainly begins."""
    return bool(re.match(r"\s+(?:The|In|At|As|This|It|Of|For)\s", text[end : end + 8]))


# No sentence of a report is longer; a longer run of text is cut so that reading stays linear.
_LONGEST = 1500


def _add(text: str, start: int, end: int, spans: list[Span]) -> None:
    while end - start > _LONGEST:
        cut = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        cut = cut if cut > start else start + _LONGEST
        _add(text, start, cut, spans)
        start = cut
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append(Span(start, end, text[start:end]))


_OPEN = {"(": ")", "（": "）", "[": "]", "【": "】"}


def brackets(text: str) -> list[tuple[int, int]]:
    """The spans of outermost brackets, the signs included; an unclosed one runs to the end."""
    found: list[tuple[int, int]] = []
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character in _OPEN:
            if depth == 0:
                start = index
            depth += 1
        elif character in _OPEN.values() and depth:
            depth -= 1
            if depth == 0:
                found.append((start, index + 1))
    if depth:
        found.append((start, len(text)))
    return found
