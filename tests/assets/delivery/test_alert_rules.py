"""Rules of alerts: the bundled ones hold, a person's own change and add, and a slip is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.delivery.alerts.kinds import KINDS
from assets.delivery.alerts.rules import KEYS, RulesError, load_rules

BUNDLED = Path(__file__).resolve().parents[3] / "data" / "alerts" / "rules.yaml"
LATE = "rules:\n- id: late\n  kind: report_late\n  severity: info\n  days_late_over: 3\n  newer_than_days: 30\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "alerts.yaml"


def test_every_kind_has_a_bundled_rule_and_a_function():
    """A kind without a rule would never tell anybody anything."""
    assert {rule.kind for rule in load_rules(BUNDLED).rules} == set(KEYS) == set(KINDS)


def test_own_rules_change_keys_add_rules_and_turn_rules_off(own: Path):
    """A person changes one number without copying the whole file."""
    own.write_text(
        "delivery: {digest_over: 9}\nrules:\n- {id: report-late, days_late_over: 1}\n"
        "- {id: document-quarantined, enabled: false}\n"
        "- {id: mine, kind: document_quarantined, severity: info, newer_than_days: 3, runbook: 'https://wiki/x'}\n"
    )
    before, after = load_rules(BUNDLED), load_rules(BUNDLED, own)
    by_id = {rule.id: rule for rule in after.rules}
    old = {rule.id: rule for rule in before.rules}
    assert by_id["report-late"]["days_late_over"] == 1
    assert by_id["report-late"].newer_than_days == old["report-late"].newer_than_days
    assert set(by_id) == (set(old) - {"document-quarantined"}) | {"mine"}
    assert by_id["mine"].runbook == "https://wiki/x"
    assert old["report-late"].runbook == "docs/runbook.md#alert-report-late"
    assert (after.delivery.digest_over, after.delivery.first_wait_s) == (9, before.delivery.first_wait_s)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules:\n- {id: report-late, days_late_over: soon}\n", ["report-late", "days_late_over", "'soon'", "a whole"]),
        ("rules:\n- {id: report-late, days_late_over: true}\n", ["days_late_over", "True", "a whole number"]),
        ("rules:\n- {id: report-late, days: 3}\n", ["report-late", "key days", "found 3", "days_late_over"]),
        ("rules:\n- {id: report-late, kind: coverage}\n", ["report-late", "key kind", "report_late, as in"]),
        ("rules:\n- {id: new, severity: info}\n", ["rule new", "key kind", "found nothing", "report_late"]),
        ("rules:\n- {id: new, kind: lateness}\n", ["rule new", "'lateness'", "source_disagreement"]),
        (
            "rules:\n- {id: x, kind: report_late, severity: info, newer_than_days: 1}\n",
            ["x", "days_late_over", "nothing"],
        ),
        ("rules:\n- {id: report-late, severity: high}\n", ["'high'", "info, warning, critical"]),
        ("rules:\n- {id: occupancy-below-80, thresholds: [80]}\n", ["thresholds", "[80]", "between 0 and 1"]),
        ("rules:\n- {id: occupancy-below-80, levels: [hall]}\n", ["levels", "['hall']", "facility, operator"]),
        ("rules:\n- {id: coverage-of-the-80-band, low: 0.9}\n", ["low and high", "0.9 to 0.95", "round 0.8"]),
        (
            "rules:\n- {id: sources-disagree, metrics: [capacity_in_service]}\n",
            ["relative_over", "capacity_in_service"],
        ),
        ("rules:\n- {id: level-restated, metrics: [capacity]}\n", ["key metrics", "['capacity']", "metrics.yaml"]),
        ("rules:\n- {id: A B}\n", ["key id", "'A B'", "small letters"]),
        ("rules:\n- {id: a, kind: x}\n- {id: a, kind: x}\n", ["rule a", "no other rule"]),
        ("rules: late\n", ["rules", "'late'", "a list"]),
        ("rules:\n- late\n", ["rule 1", "'late'", "keys and values"]),
        ("rule: []\n", ["found rule", "rules (a list) and delivery"]),
        ("delivery: {digest: 3}\n", ["delivery", "key digest", "digest_over"]),
        (
            "delivery: {first_wait_s: 100, longest_wait_s: 10}\n",
            ["longest_wait_s", "found 10", "at least first_wait_s"],
        ),
        ("rules: [\n", [":2", "not YAML"]),
        ("rules: []\nrules: []\n", [":2", "the key rules stands here twice"]),
    ],
)
def test_what_cannot_be_used_is_named_with_file_rule_key_found_and_expected(own: Path, text: str, words: list[str]):
    """Whoever mends the file has to find the place from the message alone."""
    own.write_text(text)
    with pytest.raises(RulesError) as caught:
        load_rules(BUNDLED, own)
    for word in [str(own), *words]:
        assert word in str(caught.value)


def test_every_key_is_explained(repository: Path):
    """Who writes a rule has the page on alerts, and not the code."""
    text = (repository / "docs" / "alerts.md").read_text(encoding="utf-8")
    keys = {key for kind in KEYS.values() for key in kind} | set(KEYS)
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_a_file_that_is_not_utf_8_or_missing_says_so(own: Path, tmp_path: Path):
    """A file saved in another encoding must not come as a traceback, nor a missing one pass as no rules."""
    own.write_bytes("rules: [é]".encode("latin-1"))
    with pytest.raises(RulesError, match="not UTF-8"):
        load_rules(BUNDLED, own)
    with pytest.raises(RulesError, match="found no such file"):
        load_rules(tmp_path / "none.yaml")


def test_rules_alone_in_a_file_are_enough(tmp_path: Path):
    """The bundled file can be replaced by another (COLOCAST_ALERT_RULES) without a delivery part."""
    (tmp_path / "rules.yaml").write_text(LATE)
    rules = load_rules(tmp_path / "rules.yaml")
    assert [rule.id for rule in rules.rules] == ["late"]
    assert rules.delivery.digest_over == 5
