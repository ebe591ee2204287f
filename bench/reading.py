"""How well reports are read: precision and recall by layout class over folders of documents with expected figures.

Run: python -m bench.reading [FOLDER...] [--misses] (default: ../shared/reports and tests/corpus, where present).
A folder holds documents, STEM.expected.csv for each, and MANIFEST.csv with file, layout_class and expected_outcome.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.reports.candidates import CANDIDATE_COLUMNS
from assets.reports.operators import Layout, Layouts, load_layouts

if TYPE_CHECKING:
    from assets.reports.reading import ReadResult

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FOLDERS = (ROOT.parent / "shared" / "reports", ROOT / "tests" / "corpus")
MANIFEST = "MANIFEST.csv"
# Parts an operator's name from the document it was read in; no printed name holds it.
MARK = "\x1f"
# Documents are judged by what is impossible as of a day; the corpora hold dates up to 2026.
AS_OF = date(2026, 9, 30)

Key = tuple[str, ...]


@dataclass
class Score:
    """Counts over documents of one layout class."""

    documents: int = 0
    expected: int = 0
    accepted: int = 0
    matched: int = 0
    outcomes_right: int = 0
    missed: list[tuple[str, Key]] = field(default_factory=list)
    spurious: list[tuple[str, Key]] = field(default_factory=list)
    wrong_outcomes: list[str] = field(default_factory=list)


def basis_class(basis: str) -> str:
    """The class two bases are compared by: all kinds of comparative are one."""
    if basis.endswith("_comparative"):
        return "comparative"
    return next((name for name in ("pro_forma", "estimate", "forecast") if basis.startswith(name)), "as_reported")


def key_of(row: dict[str, Any]) -> Key:
    """What a figure is matched by. A facility is compared by its name without accents and case."""
    from assets.reports.operators import fold

    level = str(row["scope_level"])
    facility = fold(str(row.get("facility") or row["scope"])) if level == "facility" else ""
    value = f"{float(row['value']):.6g}"
    return (
        fold(str(row["operator"])),
        level,
        facility,
        str(row["period_end"]),
        str(row["metric"]),
        str(row["unit"]),
        value,
        basis_class(str(row["basis"])),
    )


def read_folder(folder: Path, layouts: Layouts) -> dict[str, Score]:
    """Read every document of the manifest and judge each by itself."""
    scores: dict[str, Score] = defaultdict(Score)
    with (folder / MANIFEST).open(encoding="utf-8", newline="") as handle:
        manifest = list(csv.DictReader(handle))
    verdicts = _judged([folder / entry["file"] for entry in manifest], layouts)
    for entry in manifest:
        score = scores[entry["layout_class"]]
        path = folder / entry["file"]
        status, reason, rows = verdicts[path]
        expected = Counter(key_of(row) for row in _expected(path))
        found = Counter(key_of(row) for row in rows) if status == "accepted" else Counter[Key]()
        both = expected & found
        score.documents += 1
        score.expected += sum(expected.values())
        score.accepted += sum(found.values())
        score.matched += sum(both.values())
        wanted = {"accept": "accepted", "quarantine": "quarantined", "reject": "rejected"}[entry["expected_outcome"]]
        if status == wanted:
            score.outcomes_right += 1
        else:
            score.wrong_outcomes.append(f"{entry['file']}: {status} ({reason}), expected {wanted}")
        score.missed += [(entry["file"], key) for key in (expected - both).elements()]
        score.spurious += [(entry["file"], key) for key in (found - both).elements()]
    return scores


def _expected(path: Path) -> list[dict[str, str]]:
    file = path.with_name(f"{path.stem}.expected.csv")
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@dataclass(frozen=True, eq=False)
class _Apart(Layouts):
    """Layouts for operators whose names are marked with their document (see _marked)."""

    def by_operator(self, operator: str) -> Layout | None:
        return super().by_operator(operator.split(MARK)[0])


def _judged(paths: list[Path], layouts: Layouts) -> dict[Path, tuple[str, str, list[dict[str, Any]]]]:
    """Status, reason and accepted figures of each document, read and judged as if it were the only one.

    One run of the rules costs about a second whatever it checks, so all documents are checked at once. No rule
    compares figures of different operators; an operator's name therefore carries a mark of the document meanwhile.
    """
    import pandas as pd

    from assets.reports.reading import read_here
    from assets.reports.verdicts import judge

    results = {path: read_here(path.read_bytes(), path.name) for path in paths}
    marked = [_marked(result) for result in results.values()]
    judged = judge(marked, pd.DataFrame(columns=list(CANDIDATE_COLUMNS)), AS_OF, _Apart(layouts.items))
    documents = {row["sha256"]: row for row in judged.documents.to_dict("records")}
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in judged.accepted.to_dict("records"):
        rows[row["document_id"]].append({**row, "operator": row["operator"].split(MARK)[0]})
    verdicts = {}
    for path, result in results.items():
        document = documents[result.sha256]
        verdicts[path] = (str(document["status"]), str(document["reason"]), rows[document["document_id"]])
    return verdicts


def _marked(result: ReadResult) -> ReadResult:
    if result.extraction is None:
        return result
    # A figure without operator stays without: that it has none is what a rule finds.
    candidates = tuple(
        replace(c, operator=f"{c.operator}{MARK}{result.sha256}") if c.operator else c
        for c in result.extraction.candidates
    )
    return replace(result, extraction=replace(result.extraction, candidates=candidates))


def table(scores: dict[str, Score]) -> list[str]:
    """The table's lines: one a layout class, then the total."""
    total = Score()
    lines = [f"{'layout':46} {'docs':>4} {'exp':>5} {'acc':>5} {'hit':>5} {'prec':>6} {'rec':>6} {'outcome':>8}"]
    for name, score in sorted(scores.items()):
        lines.append(_line(name, score))
        for key in ("documents", "expected", "accepted", "matched", "outcomes_right"):
            setattr(total, key, getattr(total, key) + getattr(score, key))
    lines.append(_line("total", total))
    return lines


def _line(name: str, score: Score) -> str:
    precision = f"{score.matched / score.accepted:.3f}" if score.accepted else "-"
    recall = f"{score.matched / score.expected:.3f}" if score.expected else "-"
    outcome = f"{score.outcomes_right}/{score.documents}"
    return (
        f"{name:46} {score.documents:4d} {score.expected:5d} {score.accepted:5d} {score.matched:5d} "
        f"{precision:>6} {recall:>6} {outcome:>8}"
    )


def main(arguments: Iterable[str] | None = None) -> int:
    """Print one table for each folder. Exit 2 where a folder holds no manifest."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--misses", action="store_true", help="list missed and spurious figures and wrong outcomes")
    options = parser.parse_args(None if arguments is None else list(arguments))
    folders = options.folders or [folder for folder in DEFAULT_FOLDERS if (folder / MANIFEST).exists()]
    layouts = load_layouts()
    totals = []
    for folder in folders:
        if not (folder / MANIFEST).exists():
            print(f"{folder}: no {MANIFEST} there; give a folder of documents with expected figures.", file=sys.stderr)
            return 2
        scores = read_folder(folder, layouts)
        print(f"\n{folder}")
        print("\n".join(table(scores)))
        totals.append(f"{table(scores)[-1]}  {folder}")
        for score in scores.values():
            for line in score.wrong_outcomes:
                print(f"  outcome   {line}")
            if options.misses:
                for mark, rows in (("missed", score.missed), ("spurious", score.spurious)):
                    for file, key in rows:
                        print(f"  {mark:9} {file}: {' | '.join(key[1:])}")
    print("\n" + "\n".join(totals))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
