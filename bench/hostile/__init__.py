"""Generated bad files, by kind: what is handed in, and what at most may come of it. Nothing here reads a file.

Each module makes the cases of one kind; `all_cases` puts them together. Files are made anew each time and are the same
each time, so that none is kept in the repository. The measuring is in bench/hostile_input.py.
"""

from __future__ import annotations

from bench.hostile.case import Case

__all__ = ["Case", "all_cases"]


def all_cases() -> list[Case]:
    """Every case, in an order that does not change; file names are unique."""
    from bench.hostile import archives, encodings, figures, files, pages, pdfs, tables, texts, workbooks

    modules = (archives, workbooks, pages, pdfs, tables, texts, figures, encodings, files)
    return [case for module in modules for case in module.cases()]
