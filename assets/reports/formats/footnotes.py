"""Footnotes: finds the blocks that explain a mark used earlier, splits those that hold several, labels them `note`.

Runs over the drafts of a whole document, whatever its format, since only then the marks in use are known.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assets.reports.formats.parts import Draft, DraftBlock, DraftTable

# Digits before a unit or currency are a value, not a mark: '2 MW were added'.
_LEAD = re.compile(
    r"(?P<mark>[(\[]\d{1,2}[)\]]|\d{1,2}(?=[.:)]?\s)|[(\[][a-z][)\]]|[*†‡§]{1,3})[.:)]?\s*"
    r"(?!MW|GW|kW|KW|US\$|RMB|HK\$|sq)(?=[A-Z\"“'‘(\u4e00-\u9fff])"
)
_INNER = r"(?<=[.;。；)])\s*{mark}[.:)]?\s+(?!MW|GW|kW|KW|US\$|RMB|HK\$|sq)(?=[A-Z\"“'‘\u4e00-\u9fff])"
_TRAILING = re.compile(r"\s*[(\[](\d{1,2})[)\]]$")


def settle_footnotes(drafts: list[Draft]) -> list[Draft]:
    """Drafts with footnote paragraphs split by mark and labelled; marks printed in brackets after a heading lifted."""
    explained = {_bare(lead["mark"]) for draft in drafts if (lead := _lead(draft)) and lead["mark"][0] in "(["}
    used: set[str] = set()
    for draft in drafts:
        if isinstance(draft, DraftTable):
            used.update(mark for cell in draft.cells for mark in cell.notes)
            continue
        trailing = _TRAILING.search(draft.text)
        if trailing and trailing[1] in explained and draft.kind in ("heading", "title"):
            draft.text = draft.text[: trailing.start()]
            draft.notes = (*draft.notes, trailing[1])
        if not draft.lead_mark:
            used.update(draft.notes)
    settled: list[Draft] = []
    for draft in drafts:
        settled.extend(_split(draft, used))
    return settled


def _lead(draft: Draft) -> re.Match[str] | None:
    if isinstance(draft, DraftTable) or draft.kind in ("heading", "title"):
        return None
    return _LEAD.match(draft.text)


def _bare(mark: str) -> str:
    return mark.strip("()[]")


def _split(draft: Draft, used: set[str]) -> list[Draft]:
    if isinstance(draft, DraftTable) or draft.kind in ("heading", "title"):
        return [draft]
    if draft.lead_mark:
        return [replace(draft, kind="note")]
    lead = _LEAD.match(draft.text)
    if lead is None or _bare(lead["mark"]) not in used:
        return [draft]
    pieces: list[Draft] = []
    mark, text = _bare(lead["mark"]), draft.text[lead.end() :]
    bracketed = lead["mark"][0] in "(["
    while mark.isdigit():
        following = str(int(mark) + 1)
        if following not in used:
            break
        pattern = re.escape(f"({following})") if bracketed else following
        inner = re.search(_INNER.format(mark=pattern), text)
        if inner is None:
            break
        pieces.append(replace(draft, kind="note", text=text[: inner.start()].strip(), notes=(mark, *draft.notes)))
        mark, text = following, text[inner.end() :]
    pieces.append(replace(draft, kind="note", text=text.strip(), notes=(mark, *draft.notes)))
    return [piece for piece in pieces if isinstance(piece, DraftBlock) and piece.text]
