# ruff: noqa: E501
"""Documents that must not become figures: damaged, empty, not a report, impossible or contradictory values."""

from __future__ import annotations

from corpus_writing import FICTITIOUS, Corpus

EXAMPLE = "Example Data Centres Ltd (fictitious)"


def first(corpus: Corpus) -> None:
    """The bad documents of the first batch."""
    corpus.add(
        "bad_server_error_500.html",
        "<html><head><title>500 Internal Server Error</title></head><body><center><h1>500 Internal Server Error</h1></center><hr>"
        f"<p>The request could not be completed. Incident 88-174-92. Retry after 120 seconds.</p><center>nginx</center><p>{FICTITIOUS}</p></body></html>",
        operator=EXAMPLE,
        layout="bad_error_page",
        hazards="HTTP 500 body saved as a report;carries digits",
        outcome="reject",
        reason="error page instead of a report",
    )
    corpus.add(
        "bad_utilised_above_in_service.csv",
        "operator,facility,period_end,metric,value,unit\n"
        f"{EXAMPLE},Site 3,2025-12-31,capacity_in_service,18.0,mw\n{EXAMPLE},Site 3,2025-12-31,capacity_utilised,14.4,mw\n"
        f"{EXAMPLE},Site 3,2026-03-31,capacity_in_service,18.0,mw\n{EXAMPLE},Site 3,2026-03-31,capacity_utilised,24.4,mw\n# {FICTITIOUS}\n",
        operator=EXAMPLE,
        period_end="2026-03-31",
        layout="bad_internal_contradiction",
        hazards="more capacity in use than in service",
        outcome="quarantine",
        reason="utilised 24.4 MW exceeds 18.0 MW in service",
    )
