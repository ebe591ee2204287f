"""`colocast read`: what would be taken from documents, without any state. COLOCAST_HOME is neither read nor written.

The figures are judged together with the bundled reports, which serve as the history that rules compare with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.commands.console import (
    OK,
    USAGE,
    RefusedError,
    err,
    parse_day,
    print_table,
    progress,
    write_csv,
    write_json,
)
from pipelines.home import LOGGER
from pipelines.settings import Settings

if TYPE_CHECKING:
    from assets.reports.reading import ReadResult
    from assets.reports.verdicts import Judged

COLUMNS = (
    "file",
    "operator",
    "scope",
    "scope_level",
    "facility",
    "period_end",
    "metric",
    "value",
    "value_low",
    "value_high",
    "unit",
    "basis",
    "locator",
    "quote",
    "status",
    "reason",
)
NUMBERS = ("value", "value_low", "value_high")
SHOWN = ("file", "operator", "scope", "facility", "period_end", "metric", "value", "unit", "basis", "status", "reason")


def read_files(files: list[Path], form: str, as_of: str | None) -> int:
    """Read, judge and print; returns the exit code."""
    day = parse_day(as_of, "--as-of") if as_of else None
    missing = [str(path) for path in files if not path.exists() and not path.is_symlink()]
    if missing:
        raise RefusedError(
            f"{', '.join(missing)}: no such file. Check the name; folders go to `colocast run --inbox`.", USAGE
        )
    folders = [str(path) for path in files if path.is_dir()]
    if folders:
        raise RefusedError(
            f"{', '.join(folders)}: a folder; `colocast read` takes files. Write {folders[0]}/* or use "
            "`colocast run --inbox`.",
            USAGE,
        )
    settings = Settings(as_of=day) if day else Settings()
    with progress("Reading ..."):
        rows = rows_of_files(files, settings)
    if form == "csv":
        write_csv(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    elif form == "json":
        write_json(rows)
    else:
        print_table(SHOWN, ([row[name] for name in SHOWN] for row in rows), numbers=["value"])
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            counts[row["status"]] += 1
        err.print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    return OK


def rows_of_files(files: list[Path], settings: Settings) -> list[dict[str, Any]]:
    """One row per figure, COLUMNS, in the order of the files and of their figures; None where there is nothing to say.

    A file that gives no figure has one row with its status and reason.
    """
    import logging

    import pandas as pd

    from assets.reports.operators import load_layouts
    from assets.reports.reading import ReaderPool
    from assets.reports.verdicts import judge
    from pipelines.inbox import list_folder

    log = logging.getLogger(LOGGER)
    with ReaderPool(settings.reader_limits()) as pool:
        results: list[ReadResult] = []
        for number, path in enumerate(files, start=1):
            log.info("Reading %d of %d: %s", number, len(files), path.name)
            results.append(pool.read(path, path.name))
        known = {result.sha256 for result in results}
        bundled: list[ReadResult] = []
        if any(result.extraction and result.extraction.candidates for result in results):
            log.info("Reading the bundled reports to compare with")
            bundled = [pool.read(found.path, found.name) for found in list_folder(settings.bundled_reports).found]
    log.info("Checking the figures")
    together = [*results, *(result for result in bundled if result.sha256 not in known)]
    judged = judge(together, pd.DataFrame(), settings.today, load_layouts())
    by_document = _rows_by_document(judged)
    rows: list[dict[str, Any]] = []
    for path, label, result in zip(files, _labels(files), results, strict=True):
        rows += [{**row, "file": label} for row in by_document.get(result.sha256, [_nothing(result)])]
        log.debug("%s done", path)
    return rows


def _labels(files: list[Path]) -> list[str]:
    """File names, or paths as given where two files share a name."""
    names = [path.name for path in files]
    return [path.name if names.count(path.name) == 1 else str(path) for path in files]


def _rows_by_document(judged: Judged) -> dict[str, list[dict[str, Any]]]:
    """Rows by SHA-256: accepted figures, then held-back ones; one bare row where there is neither."""
    rows: dict[str, list[dict[str, Any]]] = {}
    accepted = _group(judged.accepted.to_dict("records"))
    held = _group(judged.quarantine.to_dict("records"))
    for document in judged.documents.to_dict("records"):
        key = document["document_id"]
        figures = [_row(figure, "accepted", "") for figure in accepted.get(key, [])]
        figures += _held_rows(held.get(key, []))
        if not figures:
            figures = [_row({"operator": document["operator"]}, document["status"], document["reason"])]
        rows[document["sha256"]] = figures
    return rows


def _held_rows(quarantine: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per figure held back, with all its reasons; entries about the document as a whole carry no figure."""
    figures: dict[str, dict[str, Any]] = {}
    reasons: dict[str, list[str]] = defaultdict(list)
    for entry in quarantine:
        if not entry["row_json"]:
            continue
        key = entry["candidate_id"] or entry["quarantine_id"]
        figures.setdefault(key, {**json.loads(entry["row_json"]), "locator": entry["locator"]})
        reasons[key].append(f"{entry['rule']}: {entry['reason']}")
    return [_row(figure, "quarantined", " | ".join(reasons[key])) for key, figure in figures.items()]


def _group(rows: Iterable[dict[Any, Any]]) -> dict[str, list[dict[Any, Any]]]:
    grouped: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["document_id"]].append(row)
    return grouped


def _nothing(result: ReadResult) -> dict[str, Any]:
    return _row({}, "rejected" if result.status == "rejected" else "quarantined", result.reason)


def _row(figure: dict[Any, Any], status: str, reason: str) -> dict[str, Any]:
    row = {name: _known(figure.get(name)) for name in COLUMNS}
    for name in NUMBERS:
        if isinstance(row[name], str):
            row[name] = _number(row[name])
    return {**row, "status": status, "reason": reason or None}


def _known(value: Any) -> Any:
    if value is None or value == "" or value != value:
        return None
    return value.isoformat() if isinstance(value, date) else value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
