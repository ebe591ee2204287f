"""What stands around a table: its caption, the headings over it and the footnotes its marks point to.

Belongs here: which texts before and after a table speak for it. Not here: what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.reports.document import Block, Document, Table
from assets.reports.extraction.table_values import fold

_CAPTION_LENGTH = 160
_LOOK_BACK = 4


@dataclass(frozen=True)
class Surroundings:
    """Texts that speak for one table. `captions`: nearest first, its own caption, then the blocks right before it.

    `headings`: the headings over it, innermost first. `marks` are the footnote marks of the nearest caption.
    `shared` tells that the captions were taken over from the table before (nothing stands between the two).
    """

    captions: tuple[str, ...]
    headings: tuple[str, ...]
    marks: tuple[str, ...] = ()
    shared: bool = False


def surroundings_of(document: Document) -> list[tuple[Table, Surroundings]]:
    """Every table of a document with what stands around it, in reading order."""
    result: list[tuple[Table, Surroundings]] = []
    headings: list[tuple[int, str]] = []
    before: list[Block] = []
    previous = Surroundings((), ())
    for part in document.parts:
        if isinstance(part, Block):
            if part.kind in ("heading", "title"):
                level = part.level or 1
                headings = [item for item in headings if item[0] < level]
                headings.append((level, fold(part.text)))
                before = []
            if part.kind != "note":
                before.append(part)
            continue
        found = _captions(part, before)
        over = tuple(text for _, text in reversed(headings))
        if found:
            marks = next(
                (block.notes for block in reversed(before) if block.notes and fold(block.text) == found[-1]), ()
            )
            marks = marks or (before[-1].notes if before else ())
            previous = Surroundings(tuple(found), over, marks)
        else:
            previous = Surroundings(previous.captions, over, previous.marks, shared=True)
        result.append((part, previous))
        before = []
    return result


def _captions(table: Table, before: list[Block]) -> list[str]:
    texts = [fold(table.caption)] if table.caption.strip() else []
    for block in reversed(before[-_LOOK_BACK:]):
        text = fold(block.text)
        if 0 < len(text) <= _CAPTION_LENGTH:
            texts.append(text)
        if block.kind in ("heading", "title"):
            break
    return texts


def note_text(document: Document, table: Table, mark: str) -> str:
    """The footnote a mark of a table points to: the first of that mark behind the table, else before; '' without."""
    behind = False
    earlier = ""
    for part in document.parts:
        if part is table:
            behind = True
        if isinstance(part, Block) and part.kind == "note" and part.notes and part.notes[0] == mark:
            if behind:
                return part.text
            earlier = part.text
    return earlier
