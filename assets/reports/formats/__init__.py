"""Readers: the bytes of a report into a Document, one module a format, all behind `read_document`.

Nothing here knows a metric or an operator. Bounds on a document's content are kept here; bounds on processor time,
memory and wall clock are kept by reading.py, which runs this in a limited child process.
"""

from __future__ import annotations

import hashlib

from assets.reports.document import Block, Document, Part, Unreadable
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import Parts

__all__ = ["Limits", "read_document"]

_DEFAULT = Limits()


def read_document(data: bytes, file_name: str, limits: Limits = _DEFAULT) -> Document:
    """Reads a report of any supported format (HTML, plain text, CSV, PDF, XLSX), told apart by content.

    Raises Unreadable with status `rejected` (never a report: empty, damaged, an error page, another kind of file) or
    `quarantined` (a person can still do something: encrypted, scanned, too large, encoding unclear).
    """
    from assets.reports.formats import error_pages, sniffing
    from assets.reports.formats.footnotes import settle_footnotes
    from assets.reports.formats.language import detect_language

    if len(data) > limits.document_bytes:
        raise Unreadable("quarantined", f"the file has {len(data):,} bytes; at most {limits.document_bytes:,} are read")
    parts = Parts(limits)
    title = encoding = text = ""
    sniffed = sniffing.sniff_binary(data, file_name)
    if sniffed is None:
        from assets.reports.formats.encodings import decode

        decoded = decode(data)
        text, encoding = decoded.text, decoded.encoding
        sniffed = sniffing.sniff_text(text, file_name)
        for remark in decoded.remarks:
            parts.remark(remark)
    for remark in sniffed.remarks:
        parts.remark(remark)
    try:
        title = _read_as(sniffed.media_type, data, text, parts, limits)
        parts.drafts = settle_footnotes(parts.drafts)
        found = parts.finish()
        error_pages.refuse_error_page(found, title)
        if not found:
            raise Unreadable("rejected", "the document holds no text")
    except Unreadable as error:
        error.details.setdefault("media_type", sniffed.media_type)
        raise
    return Document(
        file_name=file_name,
        media_type=sniffed.media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        parts=found,
        title=title or _first_heading(found),
        language=detect_language(_all_text(found)),
        encoding=encoding,
        remarks=tuple(parts.remarks),
    )


def _read_as(media_type: str, data: bytes, text: str, parts: Parts, limits: Limits) -> str:
    """Adds the parts of a document of a known media type and returns its title; imports one format's reader alone."""
    from assets.reports.formats import sniffing

    if media_type == sniffing.PDF:
        from assets.reports.formats.pdf import read_pdf

        return read_pdf(data, parts, limits)
    if media_type == sniffing.XLSX:
        from assets.reports.formats.xlsx import read_xlsx

        read_xlsx(data, parts, limits)
        return ""
    if media_type == sniffing.HTML:
        from assets.reports.formats.html import read_html

        return read_html(text, parts, limits)
    if media_type == sniffing.CSV:
        from assets.reports.formats.csv_ import read_csv

        read_csv(text, parts, limits)
        return ""
    from assets.reports.formats.text import read_text

    read_text(text, parts)
    return ""


def _first_heading(parts: tuple[Part, ...]) -> str:
    first = parts[0]
    if isinstance(first, Block) and len(first.text) <= 120:
        return first.text
    for part in parts[:20]:
        if isinstance(part, Block) and part.kind in ("title", "heading"):
            return part.text
    return ""


def _all_text(parts: tuple[Part, ...]) -> str:
    pieces: list[str] = []
    for part in parts:
        if isinstance(part, Block):
            pieces.append(part.text)
        else:
            pieces.extend(cell.text for cell in part.cells[:2_000])
    return "\n".join(pieces)
