"""Rows of frames as plain dictionaries, with text as keys, for the code that writes pages."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One dictionary a row, in order."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def one_of_each(frame: pd.DataFrame, columns: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """The groups of `frame` by `columns`, keys as text, in order of the keys."""
    return [(tuple(str(part) for part in key), group) for key, group in frame.groupby(columns)]
