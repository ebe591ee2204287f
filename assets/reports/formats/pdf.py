"""PDF with a text layer: checks that the file is whole, then pages into headings, paragraphs, bullets and tables.

Lines, columns and tables are found in pdf_lines.py, pdf_columns.py and pdf_tables.py. Pictures are not read: a page
without text is named in a remark, and a document without any is quarantined for OCR or manual entry.
"""

from __future__ import annotations

import io
import itertools
import logging
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from assets.reports.document import Place, Unreadable
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import Draft, DraftBlock, Parts
from assets.reports.formats.pdf_columns import reading_order
from assets.reports.formats.pdf_lines import Glyph, PageLine, PageRun, build_lines, page_glyphs
from assets.reports.formats.pdf_tables import between, horizontal_rules, ruled_tables, table_spans, unruled
from assets.reports.formats.wording import looks_like_heading, restore_spaces, settle_marks, split_glued
from assets.reports.formats.wrapping import (
    BULLET,
    display_width,
    ends_sentence,
    first_word,
    join_chunks,
    join_lines,
    runs_on,
    starts_item,
    strip_running_numbers,
)

_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite|第)?\s*[-–—|]?\s*\d{1,4}\s*[-–—|]?\s*(?:(?:of|/)\s*\d{1,4})?\s*(?:页|頁)?(?:\s*共\s*\d+\s*[页頁])?",
    re.I,
)
_MARGIN = 0.09
# A line this full that ends no sentence was wrapped, even where the next word would just have fitted.
_NEARLY_FULL = 0.85
_REFERENCE = re.compile(rb"\b(\d{1,10})\s+\d{1,5}\s+obj\s+(\d{1,10})\s+\d{1,5}\s+R\s+endobj")
_UNPACKED_STEP = 1 << 20
_NO_TEXT = "no text can be extracted; needs OCR or manual entry"


@dataclass
class _Page:
    number: int
    height: float
    lines: list[PageLine]
    rules: list[float] = field(default_factory=list)


def read_pdf(data: bytes, parts: Parts, limits: Limits) -> str:
    """Adds the parts of a PDF and returns the title its metadata give, if a real one."""
    _check_whole(data)
    _check_references(data)
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        document = pdfplumber.open(io.BytesIO(data))
        count = len(document.pages)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        causes = (error, error.__cause__, error.__context__, *getattr(error, "args", ()))
        if any(isinstance(cause, (PDFPasswordIncorrect, PDFEncryptionError)) for cause in causes):
            raise Unreadable("quarantined", "the PDF is encrypted; it cannot be read without a password") from error
        raise Unreadable("rejected", f"the PDF is damaged: {_said(error)}") from error
    with document:
        if count == 0 or not _has_pages(document):
            raise Unreadable("rejected", "the PDF is damaged: it has no pages")
        if count > limits.pages:
            raise Unreadable("quarantined", f"the PDF has {count:,} pages; at most {limits.pages:,} are read")
        pages, empty = _read_pages(document, count, limits)
        metadata = document.metadata or {}
        title = " ".join(str(metadata.get("Title") or "").split())
    _check_text(pages, empty, count, parts)
    _drop_running_heads(pages, count)
    for page in pages:
        _add_page(page, parts)
    _join_over_pages(parts)
    _set_title(parts)
    # Programs put 'report' or a file name there; a title of several words was written by a person.
    return title if len(title.split()) >= 3 and not title.lower().startswith("microsoft word") else ""


def _has_pages(document: Any) -> bool:
    """Whether the document lists pages. Without a list the parser takes any page it finds, also one nobody is shown."""
    from pdfminer.pdftypes import resolve1

    tree = resolve1(document.doc.catalog.get("Pages"))
    return isinstance(tree, dict) and bool(resolve1(tree.get("Kids")))


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:160] if text and text != "None" else type(error).__name__


def _check_whole(data: bytes) -> None:
    """A PDF ends with its cross-reference address and an end mark; one that does not was cut."""
    tail = data[-4096:]
    if b"%%EOF" not in tail and b"startxref" not in tail:
        raise Unreadable(
            "rejected",
            f"the PDF is damaged: cut after {len(data):,} bytes, no cross-reference table, no end mark; fetch it again",
        )


def _check_references(data: bytes) -> None:
    """Objects that are nothing but a reference, in the end to themselves: the parser would follow for ever."""
    follows = {int(one): int(other) for one, other in _REFERENCE.findall(data)}
    ends: set[int] = set()
    for start in follows:
        walked: set[int] = set()
        at = start
        while at in follows and at not in ends:
            if at in walked:
                raise Unreadable("rejected", f"the PDF is damaged: its object {at} refers to itself")
            walked.add(at)
            at = follows[at]
        ends |= walked


def _read_pages(document: Any, count: int, limits: Limits) -> tuple[list[_Page], list[int]]:
    pages: list[_Page] = []
    empty: list[int] = []
    for number in range(1, count + 1):
        try:
            page = document.pages[number - 1]
            _check_streams(page, limits)
            glyphs = page_glyphs(page)
            if sum(not glyph.text.isspace() for glyph in glyphs) == 0:
                empty.append(number)
                page.close()
                continue
            pages.append(_page(page, number, glyphs))
            page.close()
        except (MemoryError, RecursionError, Unreadable):
            raise
        except Exception as error:
            if any(isinstance(cause, MemoryError) for cause in (error.__cause__, error.__context__, *error.args)):
                raise MemoryError from error
            # Any of pdfminer's many error types: half a report must not pass as a whole one.
            raise Unreadable(
                "rejected", f"the PDF is damaged on page {number}: {_said(error)}", f"page {number}"
            ) from error
    return pages, empty


def _check_streams(page: Any, limits: Limits) -> None:
    """Refuses a page whose compressed content is cut, altered or a bomb; the parser would read on in silence."""
    from pdfminer.pdftypes import resolve1

    for stream in page.page_obj.contents or ():
        stream = resolve1(stream)
        content = getattr(stream, "rawdata", None)
        if content is None or getattr(stream, "decipher", None) is not None:
            continue
        names = [getattr(name, "name", "") for name, _parameters in stream.get_filters()]
        if not names or not set(names) <= {"FlateDecode", "Fl"}:
            continue
        for _ in names:
            content = _unpacked(content, page.page_number, limits)


def _unpacked(packed: bytes, number: int, limits: Limits) -> bytes:
    unpacker = zlib.decompressobj()
    pieces: list[bytes] = []
    size = 0
    try:
        while packed and not unpacker.eof:
            pieces.append(unpacker.decompress(packed, _UNPACKED_STEP))
            packed = unpacker.unconsumed_tail
            size += len(pieces[-1])
            if size > limits.page_bytes:
                raise Unreadable(
                    "quarantined",
                    f"a bomb: the content of page {number} unpacks to more than {limits.page_bytes:,} bytes",
                    f"page {number}",
                )
    except zlib.error as error:
        raise Unreadable("rejected", f"the PDF is damaged: the content of page {number} is broken") from error
    if not unpacker.eof:
        raise Unreadable("rejected", f"the PDF is damaged: the content of page {number} is cut short")
    return b"".join(pieces)


def _page(page: Any, number: int, glyphs: list[Glyph]) -> _Page:
    tables = ruled_tables(page, glyphs)
    loose = [glyph for glyph in glyphs if not any(_inside(glyph, box) for box, _table in tables)]
    lines = build_lines(loose)
    for box, table in tables:
        placeholder = PageLine(box[3], 1.0, False, [PageRun("", box[0], box[2])], box[1], table)
        placeholder.baseline = box[1] + 1.0
        lines.append(placeholder)
    lines.sort(key=lambda line: line.baseline)
    return _Page(number, float(page.height), lines, horizontal_rules(page))


def _inside(glyph: Glyph, box: tuple[float, float, float, float]) -> bool:
    x, y = (glyph.x0 + glyph.x1) / 2, glyph.baseline - 0.3 * glyph.size
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _check_text(pages: list[_Page], empty: list[int], count: int, parts: Parts) -> None:
    text = " ".join(line.text for page in pages for line in page.lines)
    cells = sum(len(line.table[0]) for page in pages for line in page.lines if line.table is not None)
    letters = sum(character.isalnum() for character in text)
    if not pages or (
        letters < 25 * count and cells == 0 and len(empty) + len(pages) == count and letters < 60 and empty
    ):
        raise Unreadable("quarantined", _NO_TEXT)
    undecoded = len(re.findall(r"\(cid:\d+\)", text)) + text.count("\ufffd")
    if undecoded > 0.2 * max(1, letters):
        raise Unreadable("quarantined", f"the letters of its fonts cannot be decoded: {_NO_TEXT}")
    if undecoded:
        parts.remark(f"{undecoded} character(s) could not be decoded")
    if empty:
        shown = ", ".join(map(str, empty[:10])) + (" ..." if len(empty) > 10 else "")
        parts.remark(f"page(s) {shown} have no text layer and were not read")


def _drop_running_heads(pages: list[_Page], count: int) -> None:
    """Takes page numbers and lines repeated at the edge of most pages out of the flow."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_shape(line) for line in page.lines if _at_edge(line, page)})
    for page in pages:
        page.lines = [
            line
            for line in page.lines
            if line.table is not None
            or not _at_edge(line, page)
            or not (
                _PAGE_NUMBER.fullmatch(line.text.strip()) or (count >= 2 and seen[_shape(line)] >= max(2, 0.5 * count))
            )
        ]


def _at_edge(line: PageLine, page: _Page) -> bool:
    return line.top < _MARGIN * page.height or line.baseline > (1 - _MARGIN) * page.height


def _shape(line: PageLine) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.split()))


def _add_page(page: _Page, parts: Parts) -> None:
    place = Place(page=page.number)
    body = _body_size(page.lines)
    for region in reading_order(page.lines):
        _add_region(region, page, body, parts, place)


def _body_size(lines: list[PageLine]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _add_region(lines: list[PageLine], page: _Page, body: float, parts: Parts, place: Place) -> None:
    stripped, numbered = strip_running_numbers([line.text for line in lines])
    if numbered:
        parts.remark("running line numbers were taken off and the cut lines joined")
        _add_lines(lines[: numbered[0]], page, body, parts, place)
        _add_text(join_chunks([stripped[index] for index in numbered]), "paragraph", 0, parts, place)
        _add_lines(lines[numbered[-1] + 1 :], page, body, parts, place)
        return
    _add_lines(lines, page, body, parts, place)


def _add_lines(lines: list[PageLine], page: _Page, body: float, parts: Parts, place: Place) -> None:
    start = 0
    for first, end in [*table_spans(lines), (len(lines), len(lines))]:
        _add_flow(lines[start:first], body, parts, place)
        if first < end:
            stretch = lines[first:end]
            rules = between(page.rules, stretch[0].top, stretch[-1].baseline)
            cells, rows, columns = unruled(stretch, rules)
            parts.table(cells, rows, columns, place=place)
        start = end


def _add_flow(lines: list[PageLine], body: float, parts: Parts, place: Place) -> None:
    """Lines of text, with ruled tables among them, into headings, bullets and paragraphs."""
    group: list[PageLine] = []
    pitch = _pitch(lines)
    width = _full_width(lines)
    for line in lines:
        if line.table is not None:
            _add_group(group, body, parts, place)
            group = []
            cells, rows, columns = line.table
            parts.table(cells, rows, columns, place=place)
            continue
        if group and _starts_group(group, line, pitch, width):
            _add_group(group, body, parts, place)
            group = []
        group.append(line)
    _add_group(group, body, parts, place)


def _pitch(lines: list[PageLine]) -> float:
    """The usual distance between lines, in multiples of the type size."""
    ratios = sorted(
        (after.baseline - before.baseline) / before.size
        for before, after in itertools.pairwise(lines)
        if before.table is None and after.table is None and abs(after.size - before.size) < 0.1 * before.size
        if 0.8 < (after.baseline - before.baseline) / before.size < 2.6
    )
    return ratios[len(ratios) // 3] if ratios else 1.2


def _full_width(lines: list[PageLine]) -> float:
    """The right edge that lines are wrapped at; one line set wider than the rest does not move it."""
    ends = sorted(line.x1 for line in lines if line.table is None)
    if not ends:
        return 0.0
    left = min(line.x0 for line in lines)
    typical = ends[int(0.8 * (len(ends) - 1))]
    return max(end for end in ends if end - left <= 1.1 * (typical - left) + 1)


def _starts_group(group: list[PageLine], line: PageLine, pitch: float, width: float) -> bool:
    last = group[-1]
    gap = (line.baseline - last.baseline) / max(last.size, 1.0)
    if gap > 1.25 * pitch + 0.05 or gap < 0:
        return True
    if abs(line.size - last.size) > 0.12 * last.size or line.bold != last.bold:
        return True
    if starts_item(line.text):
        return True
    so_far = " ".join(member.text for member in group)
    per_column = (line.x1 - line.x0) / max(1, display_width(line.text))
    wrapped = last.x1 + per_column * (display_width(first_word(line.text)) + 1) > width
    left = min(member.x0 for member in group)
    nearly_full = last.x1 - left > _NEARLY_FULL * (width - left) and not ends_sentence(last.text)
    return not (wrapped or nearly_full) and not runs_on(so_far, line.text)


def _add_group(group: list[PageLine], body: float, parts: Parts, place: Place) -> None:
    if not group:
        return
    text = join_lines([line.text for line in group])
    first = group[0]
    bullet = BULLET.match(text)
    if bullet:
        _add_text(text[bullet.end() :], "bullet", 0, parts, place)
        return
    large = first.size > 1.12 * body
    if (large or all(line.bold for line in group)) and looks_like_heading(settle_marks(text)[0]):
        ratio = first.size / body
        level = 1 if ratio >= 1.6 else 2 if ratio >= 1.25 else 3
        body_text, notes, _lead = settle_marks(text)
        parts.block("heading", restore_spaces(body_text), level, notes, place)
        return
    _add_text(text, "paragraph", 0, parts, place)


def _add_text(text: str, kind: str, level: int, parts: Parts, place: Place) -> None:
    pieces = split_glued(text)
    for piece in pieces:
        settled, notes, lead = settle_marks(piece)
        settled = restore_spaces(settled)
        heading = len(pieces) > 1 and kind == "paragraph" and looks_like_heading(settled)
        parts.block("heading" if heading else kind, settled, 4 if heading else level, notes, place, lead)


def _join_over_pages(parts: Parts) -> None:
    """Joins a paragraph cut by the end of a page with its rest on the next."""
    joined: list[Draft] = []
    for draft in parts.drafts:
        last = joined[-1] if joined else None
        if (
            isinstance(draft, DraftBlock)
            and isinstance(last, DraftBlock)
            and draft.kind == "paragraph"
            and last.kind in ("paragraph", "bullet")
            and draft.place.page != last.place.page
            and not draft.lead_mark
            and (draft.text[:1].islower() or runs_on(last.text, draft.text))
            and last.text[-1] not in ".!?。！？:："
        ):
            last.text = join_lines([last.text, draft.text])
            last.notes = (*last.notes, *draft.notes)
        else:
            joined.append(draft)
    parts.drafts = joined


def _set_title(parts: Parts) -> None:
    for draft in parts.drafts[:2]:
        if isinstance(draft, DraftBlock) and draft.kind == "heading":
            draft.kind, draft.level = "title", 1
            return
        if not isinstance(draft, DraftBlock):
            return
