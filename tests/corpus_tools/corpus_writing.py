"""How a test document and its expected file reach the disk: the expected-figure notation, a PDF writer, the manifest.

What the documents say belongs into the modules beside this one. Nothing here may import the code under test: the
corpus examines it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXPECTED_COLUMNS = [
    "operator",
    "scope",
    "scope_level",
    "period_end",
    "metric",
    "value",
    "unit",
    "basis",
    "source_url",
    "value_low",
    "value_high",
]
MANIFEST_COLUMNS = [
    "file",
    "operator",
    "period_end",
    "published_on",
    "media_type",
    "layout_class",
    "hazards",
    "expected_outcome",
    "reason",
    "expected_rows",
    "source_urls",
]
MEDIA_TYPES = {
    ".html": "text/html",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
BASES = {
    "ar": "as_reported",
    "py": "prior_year_comparative",
    "pq": "prior_quarter_comparative",
    "ph": "prior_half_comparative",
    "rc": "restated_comparative",
    "pf": "pro_forma",
    "es": "estimate",
    "fc": "forecast",
}
# Short name in a specification -> (metric, unit; empty: the unit of the block).
METRICS = {
    "in_service": ("capacity_in_service", ""),
    "utilised": ("capacity_utilised", ""),
    "committed": ("capacity_committed", ""),
    "committed_is": ("capacity_committed_in_service", ""),
    "backlog": ("capacity_committed_not_utilised", ""),
    "uc": ("capacity_under_construction", ""),
    "planned": ("capacity_planned", ""),
    "uc_planned": ("capacity_under_construction_plus_planned", ""),
    "total": ("capacity_total", ""),
    "load": ("customer_it_load", ""),
    "utilisation": ("utilisation_rate", "pct"),
    "commitment": ("commitment_rate", "pct"),
    "precommit": ("pre_commitment_rate", "pct"),
    "occupancy": ("occupancy_rate", "pct"),
    "vacancy": ("vacancy_rate", "pct"),
    "wale": ("wale_years", "years"),
    "expiry_area": ("lease_expiry_share_by_area", "pct"),
    "expiry_rent": ("lease_expiry_share_by_rent", "pct"),
    "mrr": ("price_mrr_per_cabinet", "RMB/month"),
    "mrr_usd": ("price_mrr_per_cabinet", "USD/month"),
    "sites": ("data_centres", "count"),
    "operators": ("operators", "count"),
    "interconnections": ("interconnections", "count"),
}


def expected_rows(specification: str, source: str) -> list[dict[str, str]]:
    """Read the notation: a line `= operator | scope | level | unit` opens a block, every other line is
    `date basis name value [low..high]; name value ...`. A line `> address` changes the source of what follows.
    """
    rows: list[dict[str, str]] = []
    operator = scope = level = block_unit = ""
    for line in specification.strip().splitlines():
        line = line.strip()
        if not line:
            continue
        if line.startswith(">"):
            source = line[1:].strip()
            continue
        if line.startswith("="):
            operator, scope, level, block_unit = (part.strip() for part in line[1:].split("|"))
            continue
        period_end, basis, rest = line.split(" ", 2)
        for part in rest.split(";"):
            if not part.strip():
                continue
            name, value, *bounds = part.split()
            metric, unit = METRICS[name]
            low, high = bounds[0].split("..") if bounds else ("", "")
            rows.append(
                {
                    "operator": operator,
                    "scope": scope,
                    "scope_level": level,
                    "period_end": period_end,
                    "metric": metric,
                    "value": value,
                    "unit": unit or block_unit,
                    "basis": BASES[basis],
                    "source_url": source,
                    "value_low": low,
                    "value_high": high,
                }
            )
    return rows


@dataclass
class Corpus:
    """The folder being written; `add` writes one document and its expected file, `close` the manifest."""

    folder: Path
    lines: list[dict[str, str]] = field(default_factory=list)

    def add(
        self,
        name: str,
        content: str | bytes,
        *,
        operator: str,
        layout: str,
        hazards: str,
        expected: str = "",
        period_end: str = "",
        published_on: str = "",
        sources: tuple[str, ...] = (),
        outcome: str = "accept",
        reason: str = "",
    ) -> None:
        """Write NAME and its expected file. Text is written as UTF-8; give bytes for any other encoding."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        path = self.folder / name
        path.write_bytes(data)
        rows = expected_rows(expected, sources[0] if sources else "")
        with path.with_suffix("").with_suffix(".expected.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, EXPECTED_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        self.lines.append(
            {
                "file": name,
                "operator": operator,
                "period_end": period_end,
                "published_on": published_on,
                "media_type": MEDIA_TYPES[path.suffix],
                "layout_class": layout,
                "hazards": hazards,
                "expected_outcome": outcome,
                "reason": reason,
                "expected_rows": str(len(rows)),
                "source_urls": " | ".join(sources),
            }
        )

    def close(self) -> None:
        """Write MANIFEST.csv over everything added."""
        with (self.folder / "MANIFEST.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, MANIFEST_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.lines)


def ending(*sources: str) -> str:
    """The closing sentence every document of real figures carries."""
    return f"Figures as published at {' and '.join(sources)}; re-typeset for testing."


def workbook(book: Any) -> bytes:
    """The bytes of an openpyxl workbook, the same in every run: dates of writing are set to one day."""
    buffer = io.BytesIO()
    book.save(buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as written, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as steady:
        for name in written.namelist():
            data = written.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2026-01-01T00:00:00Z", data)
            steady.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


FICTITIOUS = "Illustrative test document about a fictitious operator."


@dataclass(frozen=True)
class Line:
    """One run of text on a PDF page: left edge and baseline in points from the lower left corner."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "F1"


# F1 Helvetica, F2 Helvetica bold, F3 Courier, F4 simplified Chinese (a reader substitutes a face; text is extractable).
_FONTS = {
    "F1": b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "F2": b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    "F3": b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    "F4": b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts ["
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) "
    b"/Ordering (GB1) /Supplement 4 >> /DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light "
    b"/Flags 4 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> "
    b">> ] >>",
}


def _shown(line: Line) -> bytes:
    if line.font == "F4":
        return b"<" + line.text.encode("utf-16-be").hex().encode() + b">"
    raw = line.text.encode("cp1252")
    return b"(" + raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


def pdf(pages: list[list[Line]], *, password: str = "", landscape: bool = False) -> bytes:
    """A plain PDF 1.4 of text lines, one list a page. `password` encrypts it (standard handler, revision 2)."""
    width, height = (842, 595) if landscape else (595, 842)
    objects: list[bytes] = [b"", b""]
    fonts = {}
    for name, body in _FONTS.items():
        objects.append(body)
        fonts[name] = len(objects)
    resources = b" ".join(b"/%s %d 0 R" % (name.encode(), number) for name, number in fonts.items())
    kids = []
    streams: dict[int, bytes] = {}
    for lines in pages:
        content = b"\n".join(
            b"BT /%s %g Tf 1 0 0 1 %g %g Tm %s Tj ET" % (line.font.encode(), line.size, line.x, line.y, _shown(line))
            for line in lines
        )
        objects.append(b"")
        streams[len(objects)] = content
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font << %s >> >> /Contents %d 0 R >>"
            % (width, height, resources, len(objects))
        )
        kids.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    identity = hashlib.md5(b"colocast corpus").digest()
    key = b""
    encryption = 0
    if password:
        owner, user, key = _standard_handler(password, identity)
        objects.append(
            b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (owner.hex().encode(), user.hex().encode())
        )
        encryption = len(objects)
    for number, content in streams.items():
        if key:
            content = _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], content)
        objects[number - 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    extra = b" /ID [<%s> <%s>]" % (identity.hex().encode(), identity.hex().encode())
    return assemble(objects, extra + (b" /Encrypt %d 0 R" % encryption if encryption else b""))


def assemble(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF file of `objects` (the first is the catalogue), with cross-reference table and trailer."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _rc4(key: bytes, data: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def _standard_handler(password: str, identity: bytes) -> tuple[bytes, bytes, bytes]:
    """Owner entry, user entry and file key of PDF 1.7 (ISO 32000-1, 7.6.3), revision 2."""
    padded = (password.encode("latin-1") + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + identity).digest()[:5]
    return owner, _rc4(key, _PADDING), key


def flowing(
    text: str, *, x: float = 60, top: float = 780, step: float = 14, size: float = 10, font: str = "F1"
) -> list[Line]:
    """The lines of `text` from the top downwards; an empty line leaves a gap."""
    return [
        Line(x, top - step * index, line, size, font)
        for index, line in enumerate(text.strip("\n").splitlines())
        if line.strip()
    ]
