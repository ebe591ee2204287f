"""docs/scenarios.md as an analyst follows it: the files it shows load beside the bundled ones and say what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assets.outlook.portfolios import scenarios_in_force
from assets.outlook.scenarios import FiledScenario


@pytest.fixture
def in_force(repository: Path, tmp_path: Path) -> dict[str, FiledScenario]:
    """The bundled scenarios and those of the page, as a run takes them."""
    page = (repository / "docs" / "scenarios.md").read_text(encoding="utf-8")
    own = tmp_path / "scenarios"
    own.mkdir()
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.S)):
        (own / f"example_{number}.yaml").write_text(block, encoding="utf-8")
    return scenarios_in_force(repository / "data" / "scenarios", own)


def test_the_first_example_adds_to_the_hard_ban(in_force: dict[str, FiledScenario]) -> None:
    """Includes, an own multiplier and an own shock are what the page teaches with it."""
    ban, own = in_force["hard_ban"], in_force["my_ban"]
    assert [one.shock_id for one in own.shocks] == [*(one.shock_id for one in ban.shocks), "my_ban.insurers"]
    assert own.dual_stack == 0.5
    assert own.lock_in == ban.lock_in
    assert own.shocks[-1].eased_by == ("dual_stack",)


def test_the_second_example_is_swept(in_force: dict[str, FiledScenario]) -> None:
    """Each value of a sweep is a forecast of its own; the page names one."""
    sweep = in_force["fewer_renewals"].sweep
    assert sweep is not None
    assert 0.4 in sweep.values


def test_every_bundled_scenario_is_described(repository: Path, in_force: dict[str, FiledScenario]) -> None:
    """A scenario that the page does not name is one that nobody asks for."""
    page = (repository / "docs" / "scenarios.md").read_text(encoding="utf-8")
    bundled = {path.stem for path in (repository / "data" / "scenarios").glob("*.yaml")}
    assert bundled
    assert {name for name in bundled if f"`{name}`" not in page} == set()
