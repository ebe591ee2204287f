"""No package comes into the locks under a licence that binds its users, or in a version that is known to be unsafe."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench import audit


def test_every_locked_package_has_an_allowed_licence(tmp_path: Path) -> None:
    """A new dependency of a dependency may bring GPL code without anybody noticing."""
    found = audit.licences(audit.locked(), audit.read("licences.yaml"))
    assert len(found) > 150
    assert [f"{one.package} {one.problem}" for one in found if one.problem] == []
    # For whoever asks what the service is made of.
    audit.write_licences(found, tmp_path / "licences.csv")
    with (tmp_path / "licences.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["package"] for row in rows] == [one.package for one in found]
    assert next(row for row in rows if row["package"] == "duckdb")["licence"].startswith("MIT")


def test_no_locked_version_is_named_by_a_known_advisory() -> None:
    """The snapshot is compared offline; how far it reaches stands in its head."""
    found = audit.vulnerable(audit.locked(), audit.read("advisories.yaml")["advisories"])
    assert [f"{one.package} {one.version}: {one.advisory}" for one in found] == []


def test_a_forbidden_licence_and_a_missing_one_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy is a list of what may be: what is not on it is told, and with the way out."""
    policy = {"allowed": ["MIT"], "packages": {}, "elsewhere": {}}
    for stated, words in (["MIT", "GPL-3.0-only"], "is under GPL-3.0-only"), ([], "no stated licence"):
        monkeypatch.setattr(audit, "stated_licences", lambda _, stated=stated: stated)
        (one,) = audit.licences({"some": ("1.0",)}, policy)
        assert words in one.problem
        assert "drop it, or decide" in one.problem
    monkeypatch.undo()
    (one,) = audit.licences({"no-such-package-here": ("1.0",)}, policy)
    assert "not installed" in one.problem


def test_an_affected_version_is_found_also_as_a_pre_release() -> None:
    """Specifiers leave pre-releases out unless told."""
    advisory = [{"package": "urllib3", "id": "CVE-0", "affected": [">=2.6.0,<2.7.0", "<1.26.18"], "summary": "x"}]
    for version, expected in (("2.6.3", 1), ("2.7.0", 0), ("1.26.17", 1), ("1.26.18", 0), ("2.6.1rc1", 1)):
        assert len(audit.vulnerable({"urllib3": (version,)}, advisory)) == expected, version


def test_the_advisories_say_how_far_they_reach() -> None:
    """A list without its date and source would pass for a proof that nothing is known."""
    told = audit.read("advisories.yaml")
    assert told["reviewed_on"]
    assert {one["source"] for one in told["advisories"]} == set(told["sources"])
    assert all(one["affected"] for one in told["advisories"])
