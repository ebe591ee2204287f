"""Recognises the plain figure template by its header row, in any column order, language and width.

Belongs here: the names a template's columns go by, in English and Chinese, and the long and wide forms. Not here:
what the rows say (template.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assets.reports.document import Cell
from assets.reports.extraction.table_values import fold
from assets.reports.extraction.wording import load_words

_ROLES = {name: role for role, names in load_words("template").items() for name in names}

# Two columns of these with different texts make two figures of a row, and nothing tells which is meant.
_DECIDING = ("operator", "period_end", "metric", "value", "unit")


@dataclass(frozen=True)
class Template:
    """Where a template keeps what. `columns` maps a role to a 0-based column; `metrics` are wide metric columns.

    `header_row` is 0-based. A long template has `metric` and `value`, a wide one a column for each metric. `again`:
    further columns (role, column) under the very name of one that decides a figure.
    """

    header_row: int
    columns: dict[str, int]
    metrics: dict[int, str]
    again: tuple[tuple[str, int], ...] = ()

    @property
    def wide(self) -> bool:
        """True where each metric has a column of its own."""
        return bool(self.metrics)


def column_name(text: str) -> str:
    """A header for comparison: folded, lower case, underscores and hyphens as blanks."""
    return re.sub(r"[\s_\-]+", " ", fold(text).casefold()).strip(" :*")


def find_template(grid: list[list[Cell | None]], is_metric: Callable[[str], bool]) -> Template | None:
    """The template a table's grid follows, None where its header row is not one of a template.

    Long: a period, a metric and a value column. Wide: an operator and a period column, and metric columns by name.
    `is_metric` tells whether a header names a metric.
    """
    for index, row in enumerate(grid[:10]):
        names = [column_name(cell.text) if cell is not None else "" for cell in row]
        columns: dict[str, int] = {}
        again: list[tuple[str, int]] = []
        for column, name in enumerate(names):
            role = _ROLES.get(name) or _ROLES.get(re.sub(r"\s*\(.*?\)", "", name))
            if role and role not in columns:
                columns[role] = column
            elif role in _DECIDING and name == names[columns[role]] and row[column] is not row[columns[role]]:
                again.append((role, column))
        if {"period_end", "metric", "value"} <= set(columns):
            return Template(index, columns, {}, tuple(again))
        if {"operator", "period_end"} <= set(columns):
            taken = set(columns.values())
            metrics = {
                column: fold(row_cell.text)
                for column, (name, row_cell) in enumerate(zip(names, row, strict=True))
                if row_cell is not None and column not in taken and name and is_metric(fold(row_cell.text))
            }
            if metrics:
                return Template(index, columns, metrics, tuple(again))
    return None
