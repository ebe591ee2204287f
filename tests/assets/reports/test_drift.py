"""A renamed line looks like one the operator stopped printing: drift must name what is missing, new, moved, unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from assets.reports.candidates import Candidate, Extraction, to_frame
from assets.reports.drift import RULE_ID, drift_result, layout_diff, place_kind, predecessor
from expectations import WARN

METRICS = ("capacity_in_service", "capacity_utilised", "utilisation_rate")


def said(metric: str, period_end: str = "2024-06-30", locator: str = "block 4", **more: Any) -> Candidate:
    fields: dict[str, Any] = {
        "operator": "Example",
        "scope": "group",
        "scope_level": "portfolio",
        "facility": "",
        "market": "",
        "cadence": "quarterly",
        "value": 1.0,
        "unit": "mw",
        "basis": "as_reported",
        "quote": "1 MW",
    }
    return Candidate(**(fields | {"metric": metric, "period_end": period_end, "locator": locator} | more))


def frame(*candidates: Candidate, document: str = "d1") -> pd.DataFrame:
    return to_frame(candidates).assign(document_id=document)


def test_missing_new_moved_and_unknown_are_told_apart() -> None:
    before = frame(said("capacity_in_service"), said("capacity_utilised"), said("commitment_rate"))
    now = frame(
        said("capacity_in_service", locator="table 2, row 3, column 4"),
        said("capacity_utilised"),
        said("pre_commitment_rate"),
    )
    diff = layout_diff(now, before, ["power take-up", "power take-up"])
    assert list(zip(diff["kind"], diff["metric"], strict=True)) == [
        ("missing", "commitment_rate"),
        ("new", "pre_commitment_rate"),
        ("moved", "capacity_in_service"),
        ("unknown", ""),
    ]
    assert "power take-up" in diff["found"].iloc[3]
    assert "a table (table 2, row 3, column 4)" in diff["found"].iloc[2]


def test_the_same_figures_in_the_same_places_give_nothing() -> None:
    same = frame(said("capacity_in_service"), said("utilisation_rate", basis="prior_year_comparative"))
    assert layout_diff(same, same).empty


def test_years_in_expiry_buckets_are_no_drift() -> None:
    before = frame(said("lease_expiry_share_by_rent", scope="expiring 2026"))
    now = frame(said("lease_expiry_share_by_rent", scope="expiring >=2031"))
    assert layout_diff(now, before).empty


def test_a_new_layout_that_moves_everything_is_told_once() -> None:
    before = frame(*(said(m) for m in METRICS))
    now = frame(*(said(m, locator=f"table 1, row {i}") for i, m in enumerate(METRICS, start=2)))
    diff = layout_diff(now, before)
    assert list(diff["metric"]) == [", ".join(METRICS)]


def test_places_are_sheets_tables_or_running_text() -> None:
    assert place_kind("sheet Key metrics, table 1, row 2") == "sheet Key metrics"
    assert place_kind("page 2, table 1, row 3") == "a table"
    assert place_kind("page 2, block 7, characters 3-9") == "running text"


def test_the_document_before_is_the_latest_earlier_one_of_its_kind() -> None:
    own = frame(*(said(m) for m in METRICS), document="now")
    known = pd.concat(
        [
            own,
            frame(*(said(m, "2023-12-31") for m in METRICS), document="older"),
            frame(*(said(m, "2024-03-31") for m in METRICS), document="before"),
            frame(*(said(m, "2024-09-30") for m in METRICS), document="later"),
            frame(*(said(m, "2024-03-31", scope="Site 1", scope_level="facility") for m in METRICS), document="site"),
            frame(said("utilisation_rate", "2024-03-31"), document="a note with one figure"),
        ]
    )
    assert set(predecessor(own, known)["document_id"]) == {"before"}


class Reading:
    """The fields of a reading that drift looks at."""

    def __init__(self, document: str, layout: str, unknown: tuple[str, ...] = ()) -> None:
        self.file_name, self.sha256, self.status = f"{document}.html", document.ljust(64, "0"), "read"
        self.extraction = Extraction("Example", layout, "", "", (), unknown_phrases=unknown)


def test_result_warns_and_names_document_and_remedy() -> None:
    before = frame(*(said(m, "2024-03-31") for m in METRICS), document="before".ljust(16, "0"))
    now = frame(*(said(m) for m in METRICS[:2]), document="now".ljust(16, "0"))
    result = drift_result([Reading("now", "example")], now, before)  # type: ignore[list-item]
    assert (result.rule_id, result.severity, result.passed, result.checked) == (RULE_ID, WARN, False, 1)
    row = result.failing.iloc[0]
    assert row["document"] == "now.html"
    assert row["found"].startswith("missing: utilisation_rate group")
    assert row["remedy"]


def test_neither_compilations_nor_summaries_are_the_document_before() -> None:
    now = frame(*(said(m) for m in METRICS[:2]), document="now".ljust(16, "0"))
    compilation = frame(
        *(said(m, "2024-03-31") for m in METRICS), said("wale_years", "2024-03-31", operator="Another"), document="c"
    )
    summary = frame(*(said(m, "2024-03-31", tier="summary") for m in METRICS), document="s")
    earlier = pd.concat([compilation, summary], ignore_index=True)
    assert drift_result([Reading("now", "example")], now, earlier).passed  # type: ignore[list-item]


def test_documents_without_a_layout_are_not_compared() -> None:
    result = drift_result([Reading("now", "general", ("odd words",))], frame(), pd.DataFrame())  # type: ignore[list-item]
    assert (result.passed, result.checked) == (True, 0)


def test_operators_can_look_the_check_up(repository: Path) -> None:
    assert f"### Rule {RULE_ID}" in (repository / "docs" / "runbook.md").read_text(encoding="utf-8")
