"""HTML: press releases in the manner of SEC exhibits, investor pages, tables and cards of annual reports.

Layout tables (one bullet a table, page furniture) become blocks, tables of figures become tables. Nothing is
fetched, no entity of a document type is expanded, and hidden or struck-out text does not count as printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assets.reports.document import Unreadable
from assets.reports.formats.grid import Source, build
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import Parts, check_table_size
from assets.reports.formats.text import read_text
from assets.reports.formats.wording import (
    MARK_CLOSE,
    MARK_OPEN,
    TURNED,
    fold,
    looks_like_heading,
    settle_marks,
    split_glued,
)
from assets.reports.formats.wrapping import BULLET, join_lines, paragraphs, wrap_width

_DROPPED = frozenset(
    re.split(
        " ",
        "script style template noscript svg math select option datalist input textarea button iframe object embed "
        "canvas video audio map head ix:header ix:hidden",
    )
)
_STRUCK = frozenset(("del", "s", "strike"))
_BLOCKS = frozenset(
    re.split(
        " ",
        "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "
        "form header hgroup html legend main nav p section summary caption tbody thead tfoot tr td th hr page",
    )
)
_LISTS = frozenset(("ul", "ol", "dir", "menu"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SEC_HEADER = re.compile(r"<(?:TYPE|SEQUENCE|FILENAME|DESCRIPTION)>[^\n<]*", re.I)
_SEC_WRAPPER = re.compile(r"</?(?:DOCUMENT|TEXT|PAGE|SEC-DOCUMENT|SEC-HEADER)\b[^>]*>", re.I)
_SEC_BINARY = re.compile(r"<DOCUMENT>\s*<TYPE>(?:GRAPHIC|ZIP|EXCEL|XML|JSON|EX-101\S*|PDF)\b", re.I)
_SEC_END = re.compile(r"</DOCUMENT>", re.I)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$)", re.I
)
_RAISED = re.compile(
    r"vertical-align\s*:\s*(?:super|text-top)|position\s*:\s*relative\s*;[^\"]{0,200}top\s*:\s*-", re.I
)
_TURNING = re.compile(r"unicode-bidi\s*:\s*(?:isolate-|bidi-)override", re.I)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|bolder|[6-9]00)|text-decoration[^;]{0,200}underline", re.I)
_NOT_BOLD = re.compile(r"font-weight\s*:\s*(?:normal|[1-4]00)", re.I)
_SYMBOL_FONT = re.compile(r"(?:symbol|wingdings|webdings)", re.I)
_BRACE = re.compile(r"[{}]")
_GLYPH_CELL = re.compile(r"[•·●▪■◦○‣⁃∙►▶➢✓*\uf0b7\uf0a7–—-]|o")
_ENUMERATOR_CELL = re.compile(r"\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[).]")
_INNER_GLYPHS = frozenset("o◦○")
_BREAK = "\x0b"
_OWN_MARKS = re.compile(f"[{MARK_OPEN}{MARK_CLOSE}{TURNED}{_BREAK}]")


def read_html(text: str, parts: Parts, limits: Limits) -> str:
    """Adds the parts of a page and returns its title; raises Unreadable for pages built to exhaust a reader."""
    from lxml import etree

    text = _without_attachments(text)
    text = _SEC_WRAPPER.sub(" ", _SEC_HEADER.sub(" ", text)).replace("\x00", "")
    if not re.search(r"<(?:html|body|p|div|table|br|b|h\d|ul|span|font)\b", text, re.I):
        read_text(re.sub(r"<[^<>]{1,200}>", " ", text), parts)
        return ""
    parser = etree.HTMLParser(
        recover=True, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("rejected", f"the page cannot be parsed as HTML ({error.msg})") from error
    if root is None:
        raise Unreadable("rejected", "the page has no content")
    for entry in parser.error_log:
        if re.search(r"depth|huge|too long", entry.message, re.I):
            raise Unreadable("quarantined", f"the page is built beyond what is read ({fold(entry.message)})")
    title = fold(root.findtext(".//title") or "")
    _Walker(parts, limits, _hiding_classes(root)).read(root)
    return title


def _without_attachments(text: str) -> str:
    """A submission to the SEC without the pictures and tables of data that stand in it beside the report."""
    pieces: list[str] = []
    start = 0
    for found in _SEC_BINARY.finditer(text):
        if found.start() < start:
            continue
        end = _SEC_END.search(text, found.end())
        if end is None:
            break
        pieces.append(text[start : found.start()])
        start = end.end()
    return " ".join([*pieces, text[start:]])


def _style_rules(sheet: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) of every rule of a style sheet that holds no other rule, those of @media left out."""
    opened: list[tuple[str, int, bool]] = []
    last = media = 0
    for brace in _BRACE.finditer(sheet):
        at = brace.start()
        if brace[0] == "{":
            selectors = sheet[last:at]
            of_media = "@media" in selectors.lower()
            media += of_media
            opened.append((selectors, at + 1, of_media))
        elif opened:
            selectors, start, of_media = opened.pop()
            media -= of_media
            if start == last and not media and not of_media:
                yield selectors, sheet[start:at]
        last = at + 1


def _hiding_classes(root: Any) -> frozenset[str]:
    """Class names that a style sheet of the page itself hides on screen."""
    hidden: set[str] = set()
    for style in root.iter("style"):
        for selectors, body in _style_rules(style.text or ""):
            if _HIDING.search(body):
                hidden.update(re.findall(r"(?:^|,)\s*\w*\.([\w-]+)\s*(?=,|$)", selectors.strip()))
    return frozenset(hidden)


def _tag(element: Any) -> str:
    return element.tag.lower() if isinstance(element.tag, str) else ""


def _is_turned(element: Any) -> bool:
    """Whether an element is shown in another order than it is stored."""
    if _tag(element) == "bdo":
        return (element.get("dir") or "").lower() == "rtl"
    style = element.get("style")
    return bool(style and _TURNING.search(style))


def _span(element: Any, name: str) -> int:
    found = re.match(r"\s*(\d{1,12})", element.get(name) or "")
    return max(1, int(found[1])) if found else 1


@dataclass
class _Piece:
    text: str
    bold: bool


@dataclass(frozen=True)
class _Context:
    """What the text being collected belongs to."""

    kind: str = "paragraph"
    level: int = 0
    depth: int = 0
    bold: bool = False


class _Walker:
    """One pass over the tree in document order; text gathers in a buffer until a block ends."""

    def __init__(self, parts: Parts, limits: Limits, hiding: frozenset[str]) -> None:
        self.parts = parts
        self.limits = limits
        self.hiding = hiding
        self.buffer: list[_Piece] = []
        self.outer_glyph = ""

    def read(self, root: Any) -> None:
        self._walk(root, _Context(), 0)
        self._flush(_Context())

    # -- walking ------------------------------------------------------------------------------------------------

    def _hidden(self, element: Any) -> bool:
        tag = _tag(element)
        if not tag or tag in _DROPPED or element.get("hidden") is not None:
            return True
        style = element.get("style")
        if style and _HIDING.search(style):
            return True
        classes = element.get("class")
        if classes and self.hiding and not self.hiding.isdisjoint(classes.split()):
            return True
        if tag in _STRUCK or (style and "line-through" in style):
            struck = fold("".join(element.itertext()))
            if struck:
                self.parts.remark(f"struck-out text was left out: '{struck[:80]}'")
            return True
        return False

    def _walk(self, element: Any, context: _Context, nesting: int) -> None:
        if nesting > self.limits.nesting:
            raise Unreadable("quarantined", f"elements are nested more than {self.limits.nesting} deep")
        self._add(element.text, context)
        for child in element:
            if not self._hidden(child):
                if _is_turned(child):
                    self.buffer.append(_Piece(TURNED, context.bold))
                self._enter(child, context, nesting + 1)
            self._add(child.tail, context)

    def _enter(self, child: Any, context: _Context, nesting: int) -> None:
        tag = _tag(child)
        style = child.get("style") or ""
        if tag == "br":
            self.buffer.append(_Piece(_BREAK, context.bold))
        elif tag == "sup" or _RAISED.search(style):
            self.buffer.append(_Piece(f"{MARK_OPEN}{self._plain(child)}{MARK_CLOSE}", context.bold))
        elif tag in _HEADINGS:
            self._flush(context)
            inner = _Context("heading", _HEADINGS[tag], context.depth)
            self._walk(child, inner, nesting)
            self._flush(inner)
        elif tag in _LISTS:
            self._flush(context)
            inner = _Context("bullet", context.depth, context.depth + 1)
            self._walk(child, inner, nesting)
            self._flush(inner)
        elif tag == "li":
            self._flush(context)
            inner = _Context("bullet", max(0, context.depth - 1), max(1, context.depth))
            self._walk(child, inner, nesting)
            self._flush(inner)
        elif tag == "table":
            self._flush(context)
            self._table(child, context, nesting)
        elif tag == "dl" and self._definition_list(child, context):
            pass
        elif tag == "pre":
            self._flush(context)
            read_text("".join(self._pre_texts(child)), self.parts, first_is_title=False)
        elif tag in _BLOCKS:
            self._flush(context)
            if not self._label_rows(child):
                inner = self._restyled(tag, style, context)
                self._walk(child, inner, nesting)
                self._flush(inner)
        else:
            self._walk(child, self._restyled(tag, style, context), nesting)

    def _restyled(self, tag: str, style: str, context: _Context) -> _Context:
        bold = context.bold or tag in ("b", "strong", "u") or bool(_BOLD.search(style))
        if _NOT_BOLD.search(style):
            bold = False
        if bold == context.bold:
            return context
        return _Context(context.kind, context.level, context.depth, bold)

    def _pre_texts(self, element: Any) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if not self._hidden(child):
                if _tag(child) == "br":
                    yield "\n"
                yield from self._pre_texts(child)
            yield child.tail or ""

    # -- text ---------------------------------------------------------------------------------------------------

    def _add(self, text: str | None, context: _Context) -> None:
        if text:
            self.buffer.append(_Piece(_OWN_MARKS.sub("", text), context.bold))

    def _flush(self, context: _Context) -> None:
        """Ends the block being collected: line breaks split it where they were meant, marks go into notes."""
        pieces, self.buffer = self.buffer, []
        if not any(piece.text.strip() for piece in pieces):
            return
        lines: list[list[_Piece]] = [[]]
        for piece in pieces:
            if piece.text == _BREAK:
                lines.append([])
            else:
                lines[-1].append(piece)
        texts = [re.sub(r"\s+", " ", "".join(piece.text for piece in line)).strip() for line in lines]
        if context.kind in ("heading", "title"):
            self._block(" ".join(filter(None, texts)), context, all_bold=False)
            return
        start = 0
        for chunk in self._chunks(texts):
            bold = [self._all_bold(lines[start + offset]) for offset in range(len(chunk))]
            position = 0
            filled = [text for text in chunk if text]
            flags = [flag for flag, text in zip(bold, chunk, strict=True) if text]
            for group in self._groups(filled, flags):
                self._block(join_lines(group), context, all_bold=all(flags[position : position + len(group)]))
                position += len(group)
            start += len(chunk)

    @staticmethod
    def _chunks(texts: list[str]) -> list[list[str]]:
        """Lines parted at empty ones (two line breaks in a row); empty lines stay at a chunk's end."""
        chunks: list[list[str]] = [[]]
        for text in texts:
            chunks[-1].append(text)
            if not text:
                chunks.append([])
        return [chunk for chunk in chunks if chunk]

    @staticmethod
    def _groups(texts: list[str], bold: list[bool]) -> list[list[str]]:
        groups: list[list[str]] = []
        start = 0
        for end in range(1, len(texts) + 1):
            if end == len(texts) or bold[end] != bold[start]:
                groups += paragraphs(texts[start:end], wrap_width(texts) if len(texts) > 3 else 0)
                start = end
        return groups

    @staticmethod
    def _all_bold(line: list[_Piece]) -> bool:
        return all(piece.bold or not piece.text.strip(" \xa0\t\n") or MARK_OPEN in piece.text for piece in line)

    def _block(self, text: str, context: _Context, all_bold: bool) -> None:
        kind, level = context.kind, context.level
        bullet = BULLET.match(text) if kind != "heading" else None
        if bullet and kind == "paragraph" and not re.match(r"[–—-]\s*[\d.]+\s*$", text):
            kind, level = "bullet", self._glyph_level(bullet["glyph"])
            text = text[bullet.end() :]
        elif kind == "paragraph":
            self.outer_glyph = ""
        for piece in split_glued(text) if kind != "heading" else [text]:
            body, notes, lead = settle_marks(piece)
            if kind == "paragraph" and all_bold and _reads_as_heading(body):
                self.parts.block("heading", body, 4, notes)
            elif kind == "paragraph" and piece != text and looks_like_heading(body):
                self.parts.block("heading", body, 5, notes)
            else:
                self.parts.block(kind, body, level, notes, lead_mark=lead)

    def _glyph_level(self, glyph: str) -> int:
        if glyph in _INNER_GLYPHS or (glyph in "-–—" and self.outer_glyph and self.outer_glyph not in "-–—"):
            return 1
        self.outer_glyph = glyph
        return 0

    def _plain(self, element: Any) -> str:
        """Visible text of an element on one line, superscripts marked."""
        pieces: list[str] = [element.text or ""]
        for child in element:
            if not self._hidden(child):
                tag = _tag(child)
                inner = self._plain(child)
                if _is_turned(child):
                    inner = TURNED + inner
                if tag == "br" or tag in _BLOCKS or tag == "li" or tag in _HEADINGS:
                    pieces += [" ", inner, " "]
                elif tag == "sup" or _RAISED.search(child.get("style") or ""):
                    pieces.append(f"{MARK_OPEN}{inner.strip()}{MARK_CLOSE}" if MARK_OPEN not in inner else inner)
                elif (
                    _SYMBOL_FONT.search((child.get("style") or "") + (child.get("face") or ""))
                    and len(inner.strip()) == 1
                ):
                    pieces.append("•")
                else:
                    pieces.append(inner)
            pieces.append(child.tail or "")
        return "".join(pieces)

    # -- tables -------------------------------------------------------------------------------------------------

    def _rows(self, table: Any) -> list[tuple[Any, bool]]:
        """The table's own rows with whether they stand in its head, those of its foot last."""
        head: list[tuple[Any, bool]] = []
        body: list[tuple[Any, bool]] = []
        foot: list[tuple[Any, bool]] = []
        for child in table:
            tag = _tag(child)
            if self._hidden(child):
                continue
            if tag == "tr":
                body.append((child, False))
            elif tag in ("thead", "tbody", "tfoot"):
                target = {"thead": head, "tbody": body, "tfoot": foot}[tag]
                target += [(row, tag == "thead") for row in child if _tag(row) == "tr" and not self._hidden(row)]
        return head + body + foot

    def _table(self, table: Any, context: _Context, nesting: int) -> None:
        rows = self._rows(table)
        if len(rows) > self.limits.table_rows:
            raise Unreadable(
                "quarantined",
                f"a table of {len(rows):,} rows; at most {self.limits.table_rows:,} are read, none were taken",
            )
        cells = [
            ([cell for cell in row if _tag(cell) in ("td", "th") and not self._hidden(cell)], in_head)
            for row, in_head in rows
        ]
        check_table_size(1, max((len(row) for row, _in_head in cells), default=0), self.limits)
        texts = [[self._plain(cell) for cell in row] for row, _in_head in cells]
        captions = [fold(self._plain(child)) for child in table if _tag(child) == "caption" and not self._hidden(child)]
        if self._is_layout(table, [row for row, _in_head in cells], texts):
            for caption in captions:
                self.parts.block("heading", settle_marks(caption)[0], 5)
            self._layout(cells, texts, context, nesting)
            return
        sources: list[list[Source]] = []
        for (row, in_head), row_texts in zip(cells, texts, strict=True):
            line: list[Source] = []
            for cell, text in zip(row, row_texts, strict=True):
                settled, notes, _lead = settle_marks(text)
                header = in_head or _tag(cell) == "th"
                line.append(Source(settled, notes, _span(cell, "rowspan"), _span(cell, "colspan"), header))
            sources.append(line)
        built, row_count, column_count = build(sources, self.limits)
        self.parts.table(built, row_count, column_count, settle_marks(" ".join(captions))[0])

    def _is_layout(self, table: Any, rows: list[list[Any]], texts: list[list[str]]) -> bool:
        """Whether a table only places text on the page: bullets, one cell a row, or cells that hold blocks."""
        filled = [
            [(cell, fold(text)) for cell, text in zip(row, row_texts, strict=True) if fold(text)]
            for row, row_texts in zip(rows, texts, strict=True)
        ]
        filled = [row for row in filled if row]
        if not filled:
            return False
        if table.get("role") in ("presentation", "none"):
            return True
        if any(_tag(inner) == "table" for row in filled for cell, _text in row for inner in cell.iterdescendants()):
            return True
        if all(len(row) == 1 for row in filled):
            return True
        if all(_is_bullet_row([text for _cell, text in row]) for row in filled):
            return True
        everything = [(cell, text) for row in filled for cell, text in row]
        figures = sum(bool(re.search(r"\d", text)) and len(text) < 40 for _cell, text in everything)
        holds_blocks = any(
            _tag(inner) in _LISTS or (_tag(inner) in _HEADINGS and len(text) > 120)
            for cell, text in everything
            for inner in cell.iterdescendants()
        )
        if holds_blocks and figures < 0.3 * len(everything):
            return True
        return len(filled) == 1 and len(everything) <= 4 and sum(len(text) > 150 for _cell, text in everything) >= 1

    def _layout(
        self, cells: list[tuple[list[Any], bool]], texts: list[list[str]], context: _Context, nesting: int
    ) -> None:
        for (row, _in_head), row_texts in zip(cells, texts, strict=True):
            filled = [(cell, fold(text)) for cell, text in zip(row, row_texts, strict=True) if fold(text)]
            inner = context
            if _is_bullet_row([text for _cell, text in filled]):
                marker = filled[0][1]
                filled = filled[1:]
                if _ENUMERATOR_CELL.fullmatch(marker) and "(" in marker:
                    self.buffer.append(_Piece(marker + " ", False))
                depth = self._glyph_level(marker[0]) if _GLYPH_CELL.fullmatch(marker) else 0
                inner = _Context("bullet", context.depth + depth, context.depth + depth + 1)
            for cell, _text in filled:
                if not self._label_rows(cell):
                    self._walk(cell, inner, nesting + 1)
                    self._flush(inner)

    def _definition_list(self, element: Any, context: _Context) -> bool:
        """A list of terms with one short value each becomes a table of two columns; others are walked as blocks."""
        pairs: list[list[Source]] = []
        for child in element.iter("dt", "dd"):
            if self._hidden(child):
                continue
            text, notes, _lead = settle_marks(self._plain(child))
            if len(text) > 160:
                return False
            if _tag(child) == "dt":
                pairs.append([Source(text, notes)])
            elif pairs and len(pairs[-1]) == 1:
                pairs[-1].append(Source(text, notes))
            else:
                return False
        if not pairs or any(len(pair) != 2 for pair in pairs):
            return False
        self._flush(context)
        self.parts.table(*build(pairs, self.limits))
        return True

    def _label_rows(self, element: Any) -> bool:
        """Cards made of boxes: children that each hold exactly two short boxes (label, value) become a table."""
        children = [child for child in element if not self._hidden(child)]
        if len(children) < 2 or (element.text or "").strip():
            return False
        pairs: list[list[Source]] = []
        for child in children:
            if (
                _tag(child) not in ("div", "p", "li", "section")
                or (child.tail or "").strip()
                or (child.text or "").strip()
            ):
                return False
            boxes = [box for box in child if not self._hidden(box)]
            if len(boxes) != 2 or any((box.tail or "").strip() for box in boxes):
                return False
            if any(_tag(box) not in ("div", "span", "p", "b", "strong", "em", "label") for box in boxes):
                return False
            if any(_tag(inner) in _BLOCKS or _tag(inner) in _LISTS for box in boxes for inner in box.iterdescendants()):
                return False
            settled = [settle_marks(self._plain(box)) for box in boxes]
            if not all(text and len(text) <= 120 for text, _notes, _lead in settled):
                return False
            pairs.append([Source(text, notes) for text, notes, _lead in settled])
        if not any(re.search(r"\d", pair[0].text + pair[1].text) for pair in pairs):
            return False
        self.parts.table(*build(pairs, self.limits))
        return True


def _reads_as_heading(text: str) -> bool:
    return looks_like_heading(text) or (len(text) <= 60 and text.endswith(".") and not re.search(r"\d", text))


def _is_bullet_row(texts: list[str]) -> bool:
    if len(texts) < 2:
        return False
    marker, rest = texts[0], texts[1:]
    if _GLYPH_CELL.fullmatch(marker):
        return len(rest) == 1 or all(len(text) > 40 for text in rest)
    return bool(_ENUMERATOR_CELL.fullmatch(marker)) and len(rest) == 1 and len(rest[0]) > 40
