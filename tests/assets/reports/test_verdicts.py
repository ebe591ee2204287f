"""A verdict decides what readers see: bad documents must leave nothing behind but a reason, good ones lose nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pytest

from assets.reports.candidates import CANDIDATE_COLUMNS, Candidate, Extraction, Rejection
from assets.reports.operators import Layouts, load_layouts
from assets.reports.verdicts import (
    ACCEPTED_COLUMNS,
    DOCUMENT_COLUMNS,
    QUARANTINE_COLUMNS,
    Judged,
    judge,
)

EXAMPLE = "Example Data Centres Ltd (fictitious)"
GDS = "GDS Holdings"
AS_OF = date(2026, 6, 30)
NOTHING = pd.DataFrame()


@dataclass(frozen=True)
class Reading:
    """The fields of a reading that a verdict looks at."""

    file_name: str
    sha256: str
    extraction: Extraction | None
    status: str = "read"
    reason: str = ""
    size: int = 100
    media_type: str = "text/html"


@pytest.fixture(scope="module")
def layouts() -> Layouts:
    return load_layouts()


def figure(metric: str, value: float, unit: str, period_end: str = "2026-03-31", **more: Any) -> Candidate:
    fields: dict[str, Any] = {
        "operator": EXAMPLE,
        "scope": "group",
        "scope_level": "portfolio",
        "facility": "",
        "market": "",
        "period_end": period_end,
        "cadence": "quarterly",
        "metric": metric,
        "value": float(value),
        "unit": unit,
        "basis": "as_reported",
        "locator": f"{metric} {period_end}",
        "quote": f"{metric} {value:,.10g} {unit}",
    }
    return Candidate(**(fields | more))


def reading(name: str, *candidates: Candidate, rejections: tuple[Rejection, ...] = (), **more: Any) -> Reading:
    operator = candidates[0].operator if candidates else ""
    extraction = Extraction(operator, "general", "", "", tuple(candidates), rejections)
    return Reading(name, hashlib.sha256(name.encode()).hexdigest(), extraction, **more)


def run(layouts: Layouts, *readings: Reading, reference: pd.DataFrame = NOTHING) -> Judged:
    return judge(list(readings), reference, AS_OF, layouts)  # type: ignore[arg-type]


SUMMARY = {"operator": GDS, "tier": "summary", "trust": 0.3}
BAD = {
    "utilisation 174": (
        [figure("capacity_in_service", 12.6, "mw"), figure("utilisation_rate", 174, "pct")],
        "utilisation_rate 174 % is impossible",
    ),
    "negative area": (
        [figure("capacity_in_service", -61092, "sqm"), figure("capacity_utilised", 37898, "sqm")],
        "-61,092 sqm is negative",
    ),
    "rate contradicts areas": (
        [
            figure("capacity_in_service", 60000, "sqm"),
            figure("capacity_utilised", 43440, "sqm"),
            figure("utilisation_rate", 82.4, "pct"),
        ],
        "printed utilisation_rate 82.4 % but 43,440 / 60,000 = 72.4 %",
    ),
    "third-party mislabel": (
        [
            figure("capacity_in_service", 630963, "sqm", "2024-06-30", **SUMMARY),
            figure("utilisation_rate", 92.5, "pct", "2024-06-30", **SUMMARY),
            figure("capacity_utilised", 462673, "sqm", "2024-06-30", **SUMMARY),
        ],
        "92.5 % but 462,673 / 630,963 = 73.3 %",
    ),
    "unit slip": (
        [
            figure("capacity_in_service", value, "mw", end)
            for value, end in (
                (12.1, "2025-03-31"),
                (12.1, "2025-06-30"),
                (12.4, "2025-09-30"),
                (12.6, "2025-12-31"),
                (12600, "2026-03-31"),
            )
        ],
        "12,600 mw is 1,029 times the 12.25 mw",
    ),
    "zero for a missing value": (
        [
            figure("utilisation_rate", value, "pct", end)
            for value, end in (
                (82.0, "2025-06-30"),
                (82.6, "2025-09-30"),
                (83.1, "2025-12-31"),
                (0.0, "2026-03-31"),
            )
        ],
        "a missing value written as zero",
    ),
    "future": ([figure("capacity_in_service", 12, "mw", "2091-03-31")], "days after"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_document_alone_leaves_no_figure_and_a_reason(name: str, layouts: Layouts) -> None:
    candidates, words = BAD[name]
    judged = run(layouts, reading(name, *candidates))
    document = judged.documents.iloc[0]
    assert not judged.report.broken
    assert (document["status"], document["rows_accepted"]) == ("quarantined", 0)
    assert document["rows_quarantined"] == len(candidates)
    assert words in document["reason"]
    assert "expected" in document["reason"]
    assert "remedy" in document["reason"]
    assert judged.accepted.empty
    assert set(judged.quarantine["candidate_id"].map(bool)) == {True}


def test_a_good_document_loses_nothing_beside_bad_ones(layouts: Layouts) -> None:
    good = [
        figure("capacity_in_service", 630963, "sqm", "2024-06-30", operator=GDS, tier="company", trust=0.9),
        figure("commitment_rate", 92.5, "pct", "2024-06-30", operator=GDS, tier="company", trust=0.9),
        figure("capacity_utilised", 462673, "sqm", "2024-06-30", operator=GDS, tier="company", trust=0.9),
    ]
    judged = run(layouts, reading("good", *good), *(reading(name, *BAD[name][0]) for name in BAD))
    assert set(judged.accepted["document"]) == {"good"}
    assert len(judged.accepted) == 3
    document = judged.documents.set_index("file_name").loc["third-party mislabel"]
    assert "first-hand source's commitment rate" in document["reason"]


def test_columns_are_those_promised(layouts: Layouts) -> None:
    for judged in (run(layouts), run(layouts, reading("one", figure("capacity_in_service", 12, "mw")))):
        assert tuple(judged.documents) == DOCUMENT_COLUMNS
        assert tuple(judged.accepted) == ACCEPTED_COLUMNS
        assert tuple(judged.quarantine) == QUARANTINE_COLUMNS


def test_a_compilation_loses_only_the_source_that_fails(layouts: Layouts) -> None:
    judged = run(
        layouts,
        reading(
            "compilation.csv",
            figure("utilisation_rate", 174, "pct", source="https://a.example"),
            figure("capacity_in_service", 12, "mw", source="https://a.example"),
            figure("capacity_in_service", 20, "mw", source="https://b.example"),
            figure("capacity_in_service", 30, "mw", source="https://a.example", operator="Another Operator"),
        ),
    )
    assert sorted(judged.accepted["value"]) == [20, 30]
    document = judged.documents.iloc[0]
    assert (document["status"], document["rows_accepted"], document["rows_quarantined"]) == ("accepted", 2, 2)
    assert "174 % is impossible" in document["reason"]


def test_a_row_failing_by_itself_takes_no_other_with_it(layouts: Layouts) -> None:
    judged = run(
        layouts, reading("one", figure("capacity_in_service", 12, "mw"), figure("speed", 3, "mw", locator="block 9"))
    )
    assert list(judged.accepted["metric"]) == ["capacity_in_service"]
    row = judged.quarantine.iloc[0]
    assert (row["rule"], row["severity"], row["locator"]) == ("R02_metric_known", "quarantine", "block 9")
    assert json.loads(row["row_json"])["value"] == 3
    assert set(json.loads(row["row_json"])) == set(CANDIDATE_COLUMNS)


def test_duplicates_are_kept_once_and_listed(layouts: Layouts) -> None:
    twice = figure("capacity_in_service", 12, "mw")
    judged = run(layouts, reading("one", twice, twice))
    assert len(judged.accepted) == 1
    assert list(judged.quarantine["rule"]) == ["R16_duplicate"]
    assert judged.quarantine["severity"].iloc[0] == "warn"


def test_warnings_flag_a_figure_and_keep_it(layouts: Layouts) -> None:
    judged = run(layouts, reading("one", figure("capacity_in_service", 12, "mw", quote="fourteen MW")))
    assert list(judged.accepted["flags"]) == ["R24_quote_shows_value"]
    assert judged.quarantine.empty


def test_rejections_of_the_reader_become_quarantine_rows(layouts: Layouts) -> None:
    rejection = Rejection("no_date", "a rate without a date", "block 4", "was 81.6%", "utilisation_rate", "81.6")
    judged = run(layouts, reading("one", figure("capacity_in_service", 12, "mw"), rejections=(rejection, rejection)))
    assert list(judged.quarantine["rule"]) == ["no_date", "no_date"]
    assert judged.quarantine["quarantine_id"].is_unique
    assert json.loads(judged.quarantine["row_json"].iloc[0])["quote"] == "was 81.6%"
    assert judged.documents["rows_quarantined"].iloc[0] == 2
    assert judged.documents["status"].iloc[0] == "accepted"
    only = run(layouts, reading("two", rejections=(rejection,)))
    assert only.documents["status"].iloc[0] == "quarantined"
    assert "a rate without a date" in only.documents["reason"].iloc[0]


def test_a_document_without_a_figure_says_what_to_do(layouts: Layouts) -> None:
    judged = run(layouts, reading("leaflet.html"))
    document = judged.documents.iloc[0]
    assert document["status"] == "quarantined"
    assert document["reason"].startswith("no operating figure recognised")
    assert list(judged.quarantine["rule"]) == ["no_figure"]
    assert judged.report["R00_rows"].state == "failed"


@pytest.mark.parametrize("status", ["rejected", "quarantined"])
def test_a_document_that_cannot_be_read_keeps_status_and_reason(status: str, layouts: Layouts) -> None:
    unread = Reading("empty.html", "ab" * 32, None, status=status, reason="file has no content")
    judged = run(layouts, unread)
    document = judged.documents.iloc[0]
    assert (document["status"], document["reason"]) == (status, "file has no content")
    assert (document["document_id"], document["rows_quarantined"]) == ("ab" * 8, 0)
    assert list(judged.quarantine["rule"]) == ["unreadable"]


def test_the_same_batch_in_any_order_gives_the_same_verdicts(layouts: Layouts) -> None:
    readings = [reading(name, *BAD[name][0]) for name in BAD]
    one, other = run(layouts, *readings), run(layouts, *reversed(readings))
    for name in ("documents", "accepted", "quarantine"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.quarantine["quarantine_id"].is_unique


def test_the_same_content_under_two_names_counts_once(layouts: Layouts) -> None:
    first = reading("a.csv", figure("capacity_in_service", 12, "mw"))
    second = Reading("b.csv", first.sha256, first.extraction)
    judged = run(layouts, second, first)
    assert list(judged.documents["file_name"]) == ["a.csv"]
    assert "b.csv" in judged.documents["reason"].iloc[0]
    assert len(judged.accepted) == 1


def test_a_document_is_not_its_own_history(layouts: Layouts) -> None:
    one = reading("one", figure("capacity_in_service", 12, "mw"), figure("capacity_utilised", 9, "mw"))
    earlier = run(layouts, one).accepted.rename(columns={"candidate_id": "observation_id", "facility": "facility_id"})
    again = run(layouts, one, reference=earlier)
    pd.testing.assert_frame_equal(again.accepted, run(layouts, one).accepted)


def test_a_later_slip_is_judged_by_what_was_accepted_before(layouts: Layouts) -> None:
    first = reading("one", figure("capacity_in_service", 12, "mw", "2025-12-31"))
    earlier = run(layouts, first).accepted.rename(columns={"candidate_id": "observation_id"})
    judged = run(layouts, reading("two", figure("capacity_in_service", 12600, "mw")), reference=earlier)
    assert "unit slip" in judged.documents["reason"].iloc[0]


def test_a_compilation_of_several_operators_is_nobodys(layouts: Layouts) -> None:
    """A document list that gave a compilation to its first operator would send people to the wrong layout file."""
    compiled = reading(
        "compiled.csv",
        figure("capacity_in_service", 12.6, "mw"),
        figure("capacity_in_service", 600000, "sqm", operator=GDS),
    )
    own = reading("own.html", figure("capacity_in_service", 13.6, "mw"))
    rows = run(layouts, compiled, own).documents.set_index("file_name")
    assert (rows.loc["compiled.csv", "operator"], rows.loc["compiled.csv", "layout"]) == ("several (2)", "general")
    assert rows.loc["own.html", "operator"] == EXAMPLE
