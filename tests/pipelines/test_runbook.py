"""Whoever sees a red check or gets a message finds what it means and what to do, and the check says where."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import dagster as dg
import pytest

from assets.delivery.alerts.rules import KEYS
from pipelines.checks import rule_specs, runbook_metadata
from pipelines.definitions import build_defs
from pipelines.runbook import RUNBOOK, address, rule_section

SITE = "https://docs.example/colocast/"


def sections(repository: Path) -> dict[str, str]:
    """The runbook's sections of the third level: anchor -> text."""
    page = (repository / RUNBOOK).read_text(encoding="utf-8")
    parts = re.split(r"^### (.+)$", page, flags=re.M)[1:]
    return {head.strip().lower().replace(" ", "-"): text for head, text in zip(parts[::2], parts[1::2], strict=True)}


def checks() -> list[dg.AssetCheckSpec]:
    """Every check of the code location."""
    found = [
        spec for one in build_defs().assets or () if isinstance(one, dg.AssetsDefinition) for spec in one.check_specs
    ]
    assert len(found) > 80
    return found


def test_every_check_links_a_section_that_says_what_to_do(repository: Path) -> None:
    """A link to nothing is worse than none: the operator stands before a red check at night."""
    there = sections(repository)
    for spec in checks():
        assert spec.description is not None
        link = re.search(rf"Runbook: {re.escape(RUNBOOK)}#(\S+)$", spec.description)
        assert link is not None, spec.name
        assert link[1] in there, spec.name
        assert "**What it means:**" in there[link[1]], spec.name
        assert "**What to do:**" in there[link[1]], spec.name


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_alert_has_a_section_that_says_what_to_do(repository: Path, kind: str) -> None:
    """A message that interrupts somebody has to say what for."""
    section = sections(repository)[f"alert-{kind.replace('_', '-')}"]
    assert "**What it means:**" in section
    assert "**What to do:**" in section


def test_every_reason_of_a_reader_is_explained(repository: Path) -> None:
    """A figure in quarantine under a name that stands nowhere stays there for ever."""
    names = set()
    for path in (repository / "assets" / "reports" / "extraction").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Rejection", "Problem", "rejection"}:
                given = [*node.args, *(word.value for word in node.keywords if word.arg == "rule")]
                words = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                names.update(word for word in words[:1] if re.fullmatch(r"[a-z_]+", word))
    assert len(names) > 8
    section = sections(repository)["rule-of-a-single-figure"]
    assert {name for name in names if f"`{name}`" not in section} == set()


def test_links_lead_to_the_site_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up once, a click in the UI opens the section; without a site the text says where it is."""
    from expectations.checking import CANDIDATE_RULES

    rule = CANDIDATE_RULES[0]
    assert address(rule_section("R05_rate_range")) == "docs/runbook.md#rule-r05_rate_range"
    assert isinstance(runbook_metadata(rule.id, ""), dg.TextMetadataValue)
    monkeypatch.setenv("COLOCAST_DOCS_URL", SITE)
    (spec,) = rule_specs([rule], "observations")
    expected = f"{SITE}runbook.html#{rule_section(rule.id)}"
    assert spec.description is not None
    assert spec.description.endswith(f"Runbook: {expected}")
    assert spec.metadata["runbook"] == dg.MetadataValue.url(expected)
