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


def check(folder: Path) -> int:
    """Print what does not fit; the number of missing values."""
    missing = 0
    for line in csv.DictReader((folder / "MANIFEST.csv").open(encoding="utf-8")):
        path = folder / line["file"]
        rows = list(csv.DictReader((folder / (path.stem + ".expected.csv")).open(encoding="utf-8")))
        if line["expected_outcome"] != "accept":
            continue
        text = printed_text(path)
        joined = re.sub(r"[\s ]+", "", text)
        seen = set()
        for row in rows:
            forms = printed_forms(float(row["value"]))
            found = [
                form for form in forms if re.search(rf"(?<![\d.,]){re.escape(form)}(?![\d])", text) or form in joined
            ]
            seen |= set(found)
            if not found:
                missing += 1
                print(f"{path.name}: {row['metric']} {row['value']} {row['unit']} is expected and not printed")
        body = re.sub(r"(?s)Figures as published at.*", "", text)
        numbers = re.findall(r"\d[\d.,' ]*\d|\d", body)
        left = [number for number in numbers if number not in seen and not re.fullmatch(r"(19|20)\d\d|\d\d?", number)]
        print(f"{path.name} [{len(rows)}]: not expected: {left}")
    return missing


if __name__ == "__main__":
    sys.exit(1 if check(Path(sys.argv[1])) else 0)
