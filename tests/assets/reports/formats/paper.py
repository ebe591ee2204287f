"""Writes small PDF and XLSX files for the reader tests, so that no test needs a file it does not show."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from bench.hostile.pdfs import file_of


@dataclass
class Sheet:
    """One page: text at places, rules, and whatever else a content stream may hold. Heights count from the top."""

    width: float = 595.0
    height: float = 842.0
    operations: list[str] = field(default_factory=list)

    def text(self, x: float, top: float, text: str, size: float = 9.0, bold: bool = False, rise: float = 0.0) -> Sheet:
        """Text with its baseline at `top`."""
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        font = "F2" if bold else "F1"
        self.operations.append(
            f"BT /{font} {size} Tf {rise} Ts 1 0 0 1 {x} {self.height - top} Tm ({escaped}) Tj 0 Ts ET"
        )
        return self

    def lines(self, x: float, top: float, texts: list[str], size: float = 9.0, pitch: float = 13.0) -> Sheet:
        """Texts under each other."""
        for number, text in enumerate(texts):
            if text:
                self.text(x, top + number * pitch, text, size)
        return self

    def rotated(self, x: float, top: float, text: str) -> Sheet:
        """Text that runs upwards."""
        self.operations.append(f"BT /F1 9 Tf 0 1 -1 0 {x} {self.height - top} Tm ({text}) Tj ET")
        return self

    def rule(self, x0: float, top0: float, x1: float, top1: float) -> Sheet:
        """A thin line."""
        self.operations.append(f"0.5 w {x0} {self.height - top0} m {x1} {self.height - top1} l S")
        return self


def pdf(*sheets: Sheet, packed: bool = True) -> bytes:
    """A whole PDF 1.4 file with two standard fonts."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for sheet in sheets:
        stream = "\n".join(sheet.operations).encode("cp1252")
        filters = b""
        if packed:
            stream, filters = zlib.compress(stream), b"/Filter /FlateDecode "
        objects.append(b"<< %s/Length %d >>\nstream\n%s\nendstream" % (filters, len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (sheet.width, sheet.height, len(objects))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return file_of(objects)
