"""What a file is, by its bytes. The name is compared afterwards: a mismatch is a remark, never a decision.

Formats that cannot be read are refused here with a reason; damage inside a readable format is its reader's matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from assets.reports.document import Unreadable

HTML = "text/html"
TEXT = "text/plain"
CSV = "text/csv"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_BY_EXTENSION = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".txt": TEXT,
    ".text": TEXT,
    ".md": TEXT,
    ".csv": CSV,
    ".tsv": CSV,
    ".tab": CSV,
    ".pdf": PDF,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
}
_NAMES = {HTML: "HTML", TEXT: "plain text", CSV: "CSV", PDF: "PDF", XLSX: "XLSX"}

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAMS = ("Workbook".encode("utf-16-le"), b"B\x00o\x00o\x00k\x00\x00")
_REFUSED = (
    (b"\x7fELF", "rejected", "an executable file, no report"),
    (b"\xfe\xed\xfa", "rejected", "an executable file, no report"),
    (b"\xcf\xfa\xed\xfe", "rejected", "an executable file, no report"),
    (b"\xca\xfe\xba\xbe", "rejected", "a compiled program, no report"),
    (b"#!", "rejected", "an executable script, no report"),
    (b"\x89PNG", "quarantined", "an image (PNG): no text can be extracted; needs OCR or manual entry"),
    (b"\xff\xd8\xff", "quarantined", "an image (JPEG): no text can be extracted; needs OCR or manual entry"),
    (b"GIF8", "quarantined", "an image (GIF): no text can be extracted; needs OCR or manual entry"),
    (b"II*\x00", "quarantined", "an image (TIFF): no text can be extracted; needs OCR or manual entry"),
    (b"MM\x00*", "quarantined", "an image (TIFF): no text can be extracted; needs OCR or manual entry"),
    (b"\x1f\x8b", "rejected", "a gzip archive; unpack it and hand in the report itself"),
    (b"7z\xbc\xaf\x27\x1c", "rejected", "a 7-Zip archive; unpack it and hand in the report itself"),
    (b"Rar!", "rejected", "a RAR archive; unpack it and hand in the report itself"),
    (b"BZh", "rejected", "a bzip2 archive; unpack it and hand in the report itself"),
    (b"\xfd7zXZ", "rejected", "an xz archive; unpack it and hand in the report itself"),
    (b"{\\rtf", "rejected", "an RTF document; save it as PDF or HTML"),
    (b"SQLite format 3", "rejected", "a SQLite database, no report"),
    (b"PAR1", "rejected", "a Parquet file, no report"),
)
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body|document|sec-document|title|meta"
    r"|table|div|p|h[1-6]|ul|ol|span|font|center|article|section|main|base|link|style|script)\b",
    re.I | re.S,
)
_HTML_TAGS = re.compile(r"</?(?:p|div|table|tr|td|li|ul|br|b|strong|h[1-6]|span|font|html|body)\b[^<>]{0,300}>", re.I)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")


@dataclass(frozen=True)
class Sniffed:
    """The media type by content, and a remark where the file name promises another."""

    media_type: str
    remarks: tuple[str, ...] = ()


def sniff_binary(data: bytes, file_name: str) -> Sniffed | None:
    """The media type of a binary format, or None for anything to be decoded as text; raises Unreadable."""
    if not data:
        raise Unreadable("rejected", "the file has no content (0 bytes)")
    if not data.strip(b" \t\r\n\x0c\x00\xef\xbb\xbf"):
        raise Unreadable("rejected", f"the file has no content ({len(data):,} bytes of white space or zeros)")
    if b"%PDF-" in data[:1024]:
        return _compared(PDF, file_name)
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _compared(XLSX, file_name)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _compound_file(data)
    if data.startswith(b"MZ") and (b"PE\x00\x00" in data[:1024] or _share_of_controls(data) > 0.05):
        raise Unreadable("rejected", "an executable file, no report")
    for start, status, reason in _REFUSED:
        if data.startswith(start):
            raise Unreadable(status, reason)
    if _share_of_controls(data) > 0.02 and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        from assets.reports.formats.encodings import utf16_without_mark

        if not utf16_without_mark(data):
            raise Unreadable("rejected", "binary data in no known format, no report")
    return None


def sniff_text(text: str, file_name: str) -> Sniffed:
    """HTML, CSV or plain text, by content; raises Unreadable('rejected') for bytes that are no text at all."""
    from assets.reports.formats.csv_ import looks_like_csv

    controls = len(_CONTROL.findall(text[:200_000]))
    if controls > 0.01 * min(len(text), 200_000) + 1:
        raise Unreadable("rejected", "binary data in no known format, no report")
    head = text[:20_000].lstrip("\ufeff")
    if _HTML_START.match(head):
        return _compared(HTML, file_name)
    if re.match(r"\s*<\?xml|\s*<svg", head):
        raise Unreadable(
            "rejected", "an XML file that is no HTML page; hand in the report as HTML, PDF, XLSX, CSV or text"
        )
    named = _BY_EXTENSION.get(_extension(file_name))
    if looks_like_csv(text, expected=named == CSV):
        return _compared(CSV, file_name)
    if len(_HTML_TAGS.findall(text[:200_000])) > max(4, len(text[:200_000]) // 2000):
        return _compared(HTML, file_name)
    if re.match(r"\s*[{\[]", head) and re.search(r"\"\s*:\s*", head) and re.search(r"[}\]]\s*$", text):
        raise Unreadable("rejected", "JSON data, no report; hand in the report as HTML, PDF, XLSX, CSV or text")
    return _compared(TEXT, file_name)


def _compared(media_type: str, file_name: str) -> Sniffed:
    named = _BY_EXTENSION.get(_extension(file_name))
    if named is None or named == media_type:
        return Sniffed(media_type)
    return Sniffed(
        media_type,
        (f"the name ends in {_extension(file_name)} but the content is {_NAMES[media_type]}, read as such",),
    )


def _extension(file_name: str) -> str:
    return PurePath(file_name).suffix.lower()


def _compound_file(data: bytes) -> Unreadable:
    if _ENCRYPTED_PACKAGE in data:
        return Unreadable("quarantined", "the workbook is encrypted; it cannot be read without a password")
    if any(stream in data for stream in _WORKBOOK_STREAMS):
        return Unreadable(
            "quarantined", "a legacy Excel workbook (.xls, possibly encrypted), which is not read; save it as .xlsx"
        )
    return Unreadable("rejected", "an OLE compound file (Office 97-2003), no report in a format that is read")


def _share_of_controls(data: bytes) -> float:
    sample = data[:4096]
    return sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in sample) / len(sample)
