"""Delimited text: one table of text cells, comment lines as notes. Numbers and dates are typed later, never here."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from assets.reports.document import Cell, Place, Unreadable
from assets.reports.formats.limits import Limits
from assets.reports.formats.parts import Parts, check_table_size
from assets.reports.formats.wording import fold

SEPARATORS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"[-+(]?\s*\d[\d\s.,]*\)?\s*%?|\d{4}-\d{2}-\d{2}")
_LONGEST_FIELD = 131_072


def looks_like_csv(text: str, expected: bool) -> bool:
    """Whether lines split into the same number of fields, two or more, by one separator.

    `expected` (the name says CSV) accepts two columns and a single row; without it three columns over three rows are
    asked for, so that prose with commas stays prose.
    """
    sample = _content_lines(text[:100_000])
    if not sample:
        return expected
    separator, columns, share = _best_separator(sample)
    if not separator:
        return False
    if expected:
        return share >= 0.5
    if separator == "|":
        # Tables typed with pipes stand among paragraphs; the text reader takes both.
        return False
    if len(sample) < 3 or columns < 3 or share < (0.6 if columns >= 4 else 0.9):
        return False
    rows = list(csv.reader(sample[:200], delimiter=separator))
    fields = [field for row in rows for field in row]
    short = sum(len(field) <= 60 for field in fields) / len(fields)
    numbers = sum(bool(_NUMBER.fullmatch(field.strip())) for field in fields[columns:]) / max(1, len(fields) - columns)
    header = rows[0]
    spaced = sum(field[:1] == " " for row in rows for field in row[1:]) / max(1, len(fields) - len(rows))
    return short > 0.8 and numbers > 0.1 and len(set(header)) == len(header) and (separator != "," or spaced < 0.5)


def read_csv(text: str, parts: Parts, limits: Limits) -> None:
    """Adds one table (row 1 a header when it looks like one) and the comment lines (#...) as notes."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    comments, body, declared = _without_comments(text)
    lines = [line for line in body.split("\n")[:5_000] if line.strip()]
    separator = declared or _best_separator(lines)[0]
    if not separator:
        longest = max((len(line) for line in lines), default=0)
        if longest > _LONGEST_FIELD:
            raise Unreadable(
                "quarantined",
                f"a line of {longest:,} characters that cannot be split into fields; a field has at most "
                f"{_LONGEST_FIELD:,}",
            )
        raise Unreadable("rejected", "no separator (comma, semicolon, tab or pipe) parts the lines into columns")
    rows = _rows(body, separator, limits)
    if not rows:
        raise Unreadable("rejected", "the file has comments alone and no rows")
    if len(rows) == 1 and not any(re.search(r"\d", field) for field in rows[0]):
        raise Unreadable("rejected", "the file has a header and no rows; fill in a row for each figure")
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    columns = max(map(len, rows))
    check_table_size(len(rows), columns, limits)
    ragged = [number for number, row in enumerate(rows, start=1) if len(row) != usual]
    if ragged:
        first = ragged[0]
        parts.remark(
            f"{len(ragged)} row(s) do not have {usual} fields; the first is row {first} with {len(rows[first - 1])}"
        )
    header = _is_header(rows)
    cells = [
        Cell(fold(field), row_number, column, header=header and row_number == 1)
        for row_number, row in enumerate(rows, start=1)
        for column, field in enumerate(row, start=1)
        if field.strip()
    ]
    parts.table(cells, len(rows), columns)
    for number, comment in comments:
        parts.block("note", fold(comment), place=Place(row=number))


def _content_lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line for line in lines if line.strip() and not line.lstrip('\ufeff "').startswith("#")][:500]


def _without_comments(text: str) -> tuple[list[tuple[int, str]], str, str]:
    """Comment lines with their line numbers, the other lines, and the separator an Excel 'sep=;' line declares."""
    comments: list[tuple[int, str]] = []
    kept: list[str] = []
    declared = ""
    quoted = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not quoted and number == 1 and re.fullmatch(r"sep=[,;|\t]", line.strip("\r")):
            declared = line[4]
            continue
        bare = line.strip().strip('",;\t|').strip()
        if not quoted and (line.lstrip().startswith("#") or bare.startswith("#")):
            comments.append((number, bare.lstrip("#").strip()))
            continue
        if line.count('"') % 2:
            quoted = not quoted
        kept.append(line)
    return comments, "\n".join(kept), declared


def _best_separator(lines: list[str]) -> tuple[str, int, float]:
    """(separator, usual number of fields, share of lines that have it); ('', 1, 0.0) where none parts the lines."""
    best = ("", 1, 0.0)
    for separator in SEPARATORS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        except csv.Error:
            continue
        counts.pop(1, None)
        if not counts:
            continue
        columns, agreeing = counts.most_common(1)[0]
        share = agreeing / len(lines)
        # A comma inside decimal numbers splits some lines; the separator that splits every line alike wins.
        in_first = separator in lines[0]
        if (round(share, 2), in_first, columns) > (round(best[2], 2), bool(best[0]) and best[0] in lines[0], best[1]):
            best = (separator, columns, share)
    return best


def _rows(body: str, separator: str, limits: Limits) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows: list[list[str]] = []
    cells = 0
    reader = csv.reader(io.StringIO(body), delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            if not any(field.strip() for field in row):
                continue
            rows.append(row)
            cells += len(row)
            if cells > limits.cells:
                raise Unreadable("quarantined", f"the table has more than {limits.cells:,} cells; none were taken")
    except csv.Error as error:
        raise Unreadable(
            "quarantined", f"line {reader.line_num:,} cannot be split into fields ({error}); look for an unclosed quote"
        ) from error
    return rows


def _is_header(rows: list[list[str]]) -> bool:
    first = [field.strip() for field in rows[0]]
    named = [field for field in first if field]
    if len(rows) < 2 or not named or len(set(named)) != len(named):
        return False
    return not any(_NUMBER.fullmatch(field) and not re.fullmatch(r"(?:19|20)\d{2}", field) for field in named)
