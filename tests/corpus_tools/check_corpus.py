"""Second look at a corpus folder: is every expected value printed, and which printed numbers does nobody expect?

Run it after writing documents. It reads with generic tools only (tags stripped, words of a PDF page, cells), never
with the code under test.
"""

from __future__ import annotations

import csv
import html
import re
import sys
from pathlib import Path


def printed_text(path: Path) -> str:
    """Everything printed in a document, as loosely as possible."""
    if path.suffix == ".pdf":
        import pdfplumber

        with pdfplumber.open(path) as document:
            return "\n".join(page.extract_text() or "" for page in document.pages)
    if path.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.load_workbook(path)
        cells = (cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None)
        return "\n".join(str(cell) for cell in cells)
    raw = path.read_bytes()
    marks = (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if raw.startswith(marks) else ("utf-8-sig", "gb18030", "big5", "cp1252"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if path.suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", "", text)))
    return text


def printed_forms(value: float) -> set[str]:
    """How a value may look: thousands, ten-thousands, fractions, millions, decimal comma."""
    forms: set[str] = set()
    for scaled in (value, value / 1000, value / 10000, value / 1e6, value / 100, value * 1000):
        for digits in range(6):
            text = f"{scaled:,.{digits}f}"
            if abs(float(text.replace(",", "")) - scaled) < 1e-9 * max(1, abs(scaled)):
                plain = text.replace(",", "")
                forms |= {text, plain, plain.replace(".", ","), text.replace(",", " "), text.replace(",", "'")}
                forms.add(text.replace(",", "_").replace(".", ",").replace("_", "."))
    return forms


def missing_values(path: Path, text: str) -> list[dict[str, str]]:
    """The expected rows of `path` whose value is printed nowhere in `text`."""
    # Chunk numbers stand inside split words and numbers; without them the parts meet again.
    joined = re.sub(r"\s+", "", re.sub(r"(?m)^\[?\d+[\].]\s", "", text))
    with path.with_suffix("").with_suffix(".expected.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return [row for row in rows if not any(form in joined for form in printed_forms(float(row["value"])))]


def unexpected_numbers(path: Path, text: str) -> list[str]:
    """Printed numbers that are no expected value, no year and no day: for a reader's eyes."""
    with path.with_suffix("").with_suffix(".expected.csv").open(encoding="utf-8") as handle:
        seen = {form for row in csv.DictReader(handle) for form in printed_forms(float(row["value"]))}
    numbers = re.findall(r"\d[\d.,']*\d|\d", re.sub(r"(?s)Figures as published at.*", "", text))
    return [number for number in numbers if number not in seen and not re.fullmatch(r"(19|20)\d\d|\d\d?", number)]


def check(folder: Path) -> int:
    """Print what does not fit; the number of missing values."""
    missing = 0
    with (folder / "MANIFEST.csv").open(encoding="utf-8") as handle:
        lines = [line for line in csv.DictReader(handle) if line["expected_outcome"] == "accept"]
    for line in lines:
        path = folder / line["file"]
        text = printed_text(path)
        for row in missing_values(path, text):
            missing += 1
            print(f"{path.name}: {row['metric']} {row['value']} {row['unit']} is expected and not printed")
        print(f"{path.name} [{line['expected_rows']}]: not expected: {unexpected_numbers(path, text)}")
    return missing


if __name__ == "__main__":
    sys.exit(1 if check(Path(sys.argv[1])) else 0)
