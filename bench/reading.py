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
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from assets.reports.candidates import CANDIDATE_COLUMNS
from assets.reports.operators import Layouts, load_layouts

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FOLDERS = (ROOT.parent / "shared" / "reports", ROOT / "tests" / "corpus")
MANIFEST = "MANIFEST.csv"
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
    """Read and judge every document of the manifest, each by itself."""
    scores: dict[str, Score] = defaultdict(Score)
    with (folder / MANIFEST).open(encoding="utf-8", newline="") as handle:
        manifest = list(csv.DictReader(handle))
    for entry in manifest:
        score = scores[entry["layout_class"]]
        path = folder / entry["file"]
        status, reason, rows = _judged(path, layouts)
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


def _judged(path: Path, layouts: Layouts) -> tuple[str, str, list[dict[str, Any]]]:
    """Status, reason and accepted figures of one document."""
    import pandas as pd

    from assets.reports.reading import read_here
    from assets.reports.verdicts import judge

    result = read_here(path.read_bytes(), path.name)
    judged = judge([result], pd.DataFrame(columns=list(CANDIDATE_COLUMNS)), AS_OF, layouts)
    document = judged.documents.iloc[0]
    rows = [{str(key): value for key, value in row.items()} for row in judged.accepted.to_dict("records")]
    return str(document["status"]), str(document["reason"]), rows


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
    for folder in folders:
        if not (folder / MANIFEST).exists():
            print(f"{folder}: no {MANIFEST} there; give a folder of documents with expected figures.", file=sys.stderr)
            return 2
        scores = read_folder(folder, layouts)
        print(f"\n{folder}")
        print("\n".join(table(scores)))
        for score in scores.values():
            for line in score.wrong_outcomes:
                print(f"  outcome   {line}")
            if options.misses:
                for mark, rows in (("missed", score.missed), ("spurious", score.spurious)):
                    for file, key in rows:
                        print(f"  {mark:9} {file}: {' | '.join(key[1:])}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
