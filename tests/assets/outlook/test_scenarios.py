"""Scenario files: the bundled ones hold what they promise, and what is wrong in one is told with place and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.outlook.scenarios import (
    HEEDS,
    SCENARIO_COLUMNS,
    SHOCK_COLUMNS,
    FiledScenario,
    ScenarioError,
    chosen,
    load_scenarios,
    reserved_claims,
    scenario_rows,
    shock_rows,
    unmatched_names,
    with_multipliers,
)
from forecasts.leases.scenario import ACTS_ON, WHERE

REPOSITORY = Path(__file__).resolve().parents[3]
CLAIMS = {"C04", "C06", "C10"}
HEAD = "name: mine\ntitle: Mine\ndescription: A test.\n"
SHOCK = "  - {id: one, acts_on: renewal_odds, value: 0.5, low: 0.2, high: 1, basis: C04}\n"
ONE = HEAD + "shocks:\n" + SHOCK


@pytest.fixture(scope="module")
def bundled() -> dict[str, FiledScenario]:
    claims = pd.read_csv(REPOSITORY / "data" / "ledger" / "claims.csv", keep_default_na=False)
    return load_scenarios(REPOSITORY / "data" / "scenarios", set(claims["claim_id"]), reserved=reserved_claims(claims))


def load(folder: Path, *texts: str, reserved: dict[str, str] | None = None) -> dict[str, FiledScenario]:
    """Scenarios of a folder with these files, named 1.yaml and on."""
    for at, text in enumerate(texts, start=1):
        (folder / f"{at}.yaml").write_text(text, encoding="utf-8")
    return load_scenarios(folder, CLAIMS, reserved=reserved)


def told(folder: Path, *texts: str, reserved: dict[str, str] | None = None) -> str:
    """The message with which these files are refused."""
    with pytest.raises(ScenarioError) as error:
        load(folder, *texts, reserved=reserved)
    return str(error.value)


def test_every_scenario_that_was_promised_is_bundled(bundled: dict[str, FiledScenario]) -> None:
    """Commands and documents name these."""
    assert set(bundled) >= {
        "base", "tiered_reallocation", "press_narrative", "hard_ban", "export_tightening", "export_easing",
        "ascend_enforcement", "cert_withdrawal", "supply_wave", "anchor_failure", "gov_no_renewal",
    }  # fmt: skip
    assert bundled["base"].shocks == ()
    assert all(scenario.shocks for name, scenario in bundled.items() if name != "base")


def test_claims_of_grade_d_act_only_where_they_are_named(bundled: dict[str, FiledScenario]) -> None:
    """An unfounded figure must not reach a forecast by a back door."""
    claims = pd.read_csv(REPOSITORY / "data" / "ledger" / "claims.csv", keep_default_na=False)
    weak = set(reserved_claims(claims))
    users = {name for name, scenario in bundled.items() if {shock.basis for shock in scenario.shocks} & weak}
    assert weak
    assert users == {"press_narrative"}


def test_scenarios_are_signed_in_both_directions(bundled: dict[str, FiledScenario]) -> None:
    """A set of scenarios that only ever takes away would be an opinion."""
    demand = [shock.value for scenario in bundled.values() for shock in scenario.shocks if shock.acts_on == "demand"]
    assert min(demand) < 1 < max(demand)


def test_published_rows_hold_every_scenario_and_shock(bundled: dict[str, FiledScenario]) -> None:
    """Readers find behind every parameter its claim or prior."""
    rows, shocks = scenario_rows(bundled), shock_rows(bundled)
    assert tuple(rows.columns) == SCENARIO_COLUMNS
    assert tuple(shocks.columns) == SHOCK_COLUMNS
    assert rows["shocks"].sum() == len(shocks)
    assert (shocks["basis"] != "").all()
    assert (shocks["low"] <= shocks["value"]).all()
    assert (shocks["value"] <= shocks["high"]).all()
    assert all(set(json.loads(text)) <= set(WHERE) for text in shocks["where_json"])
    assert not shocks.duplicated(["scenario", "shock_id"]).any()


def test_rows_of_scenarios_without_shocks_keep_their_columns(tmp_path: Path) -> None:
    """An empty table must still load into the warehouse."""
    frame = shock_rows(load(tmp_path, HEAD))
    assert tuple(frame.columns) == SHOCK_COLUMNS
    assert frame.empty


def test_bundled_multipliers_are_bounded_and_rest_on_their_claims(bundled: dict[str, FiledScenario]) -> None:
    """Lock-in is C10's and dual-stack redundancy C12's, between no effect and full effect."""
    stated = [(name, found) for scenario in bundled.values() for name, found in scenario.multipliers.items()]
    assert {name: found.basis for name, found in stated} == {"lock_in": "C10", "dual_stack": "C12"}
    assert all(0 <= found.low <= found.value <= found.high <= 1 for _, found in stated)


def test_the_sweep_of_the_government_share_goes_to_thirty_per_cent(bundled: dict[str, FiledScenario]) -> None:
    """Where sectors are unknown the answer is a curve and not a point."""
    sweep = bundled["gov_no_renewal"].sweep
    assert sweep is not None
    assert (sweep.over, sweep.name, sweep.values[0], sweep.values[-1]) == ("portfolio", "government_share", 0.0, 0.3)


def test_what_is_heeded_is_stated_for_every_kind_of_shock() -> None:
    """A kind of shock without an entry could not be read from a file."""
    assert set(HEEDS) == set(ACTS_ON)
    assert all(set(heeds.where) <= set(WHERE) for heeds in HEEDS.values())


WRONG = {
    "key of a scenario": (HEAD + "shoks: []\n", 4, "shoks", "multipliers"),
    "key of a shock": (ONE.replace("value:", "valu:"), 5, "valu", "from_quarter"),
    "kind of shock": (ONE.replace("renewal_odds", "occupancy"), 5, "occupancy", "rival_mw"),
    "claim": (ONE.replace("C04", "C99"), 5, "C99", "analyst_prior"),
    "value above high": (ONE.replace("0.5", "1.5"), 5, "1.5", "to high, 1"),
    "value below low": (ONE.replace("0.5", "0.1"), 5, "0.1", "from low, 0.2"),
    "low above high": (ONE.replace("low: 0.2", "low: 2"), 5, "low", "at most high"),
    "no number": (ONE.replace("0.5", "half"), 5, "half", "a number"),
    "quoted number": (ONE.replace("0.5", "'0.5'"), 5, "0.5", "a number"),
    "not finite": (ONE.replace("0.5", ".nan"), 5, ".nan", "a number"),
    "missing key": (ONE.replace(", basis: C04", ""), 5, "basis", "needed"),
    "code": (ONE.replace("C04}", "C04, where: {sector: [goverment]}}"), 5, "goverment", "banking"),
    "attribute": (ONE.replace("C04}", "C04, where: {tier: [x]}}"), 5, "tier", "sensitivity_tier"),
    "attribute not heeded": (
        ONE.replace("C04}", "C04, where: {complete_below: 0.3}}"), 5, "complete_below", "operator",
    ),
    "quarter before the first": (ONE.replace("C04}", "C04, from_quarter: 0}"), 5, "0", "from 1"),
    "ends before it begins": (
        ONE.replace("C04}", "C04, from_quarter: 4, to_quarter: 2}"), 5, "to_quarter", "from 4",
    ),
    "part of a quarter": (ONE.replace("C04}", "C04, to_quarter: 1.5}"), 5, "1.5", "whole number"),
    "stack without a move": (ONE.replace("C04}", "C04, to_stack: us}"), 5, "to_stack", "renewal_odds"),
    "multiplier's name": (ONE.replace("C04}", "C04, eased_by: [lockin]}"), 5, "lockin", "dual_stack"),
    "multiplier above 1": (
        HEAD + "multipliers:\n  lock_in: {value: 1.2, low: 0, high: 2, basis: C10}\n", 5, "1.2", "from 0 to 1",
    ),
    "move to nowhere": (
        ONE.replace("renewal_odds", "moves_share"), 5, "to_stack", "means nothing without",
    ),
    "window without end": (
        ONE.replace("renewal_odds", "early_end_probability"), 5, "to_quarter", "without it",
    ),
    "probability above 1": (
        ONE.replace("renewal_odds", "renewal_probability").replace("high: 1", "high: 1.1"),
        5, "1.1", "from 0 to 1",
    ),
    "one id twice": (ONE + SHOCK, 6, "one", "no other shock"),
    "one key twice": (HEAD + "title: Again\n", 4, "title", "once"),
    "unknown include": (HEAD + "includes: [nobody]\n", 4, "nobody", "mine"),
    "itself": (HEAD + "includes: [mine]\n", 4, "mine", "no circle"),
    "name": (HEAD.replace("mine", "My scenario"), 1, "My scenario", "small letters"),
    "no title": ("name: mine\ndescription: A test.\n", 1, "title", "needed"),
    "a list for keys": ("- name: mine\n", 1, "a list", "keys with values"),
    "shocks that are keys": (HEAD + "shocks: {one: 1}\n", 4, "shocks", "a list"),
    "swept value outside": (
        ONE + "sweep: {shock: one, values: [0.2, 3]}\n", 6, "3", "range of one",
    ),
    "swept nothing": (HEAD + "sweep: {values: [1]}\n", 4, "[]", "shock, assumption, portfolio"),
    "swept assumption": (HEAD + "sweep: {assumption: leases.renewl, values: [1]}\n", 4, "renewl", "leases.renewal"),
    "syntax": (HEAD + "shocks: [\n", 5, "not YAML", "correct"),
    "nothing": ("# nothing\n", 1, "empty file", "title"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_line_value_and_remedy(case: str, tmp_path: Path) -> None:
    """A user who adds a scenario has the message and nothing else."""
    text, line, found, allowed = WRONG[case]
    message = told(tmp_path, text)
    assert message.startswith(f"{tmp_path / '1.yaml'}:{line}: ")
    assert found in message
    assert allowed in message


def test_bytes_that_are_not_text_are_told(tmp_path: Path) -> None:
    """A file saved in another encoding is refused with the remedy and not with a traceback."""
    (tmp_path / "1.yaml").write_bytes(HEAD.encode() + b"# \xff\xfe\n")
    with pytest.raises(ScenarioError, match="UTF-8"):
        load_scenarios(tmp_path, CLAIMS)


def test_deep_nesting_is_told(tmp_path: Path) -> None:
    """A hostile file ends in a message too."""
    assert "1.yaml" in told(tmp_path, "[" * 3000)


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_scenarios_or_a_message(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever somebody saves there, the answer is never a bare traceback."""
    folder = tmp_path_factory.mktemp("any")
    try:
        outcome = " ".join(load(folder, HEAD + text))
    except ScenarioError as error:
        outcome = str(error)
    assert outcome == "mine" or "1.yaml" in outcome


def test_a_claim_of_grade_d_is_refused_outside_its_scenario(tmp_path: Path) -> None:
    """The rule follows the claim's own default use, whatever claim and scenario it names."""
    text = ONE
    assert "grade D" in told(tmp_path, text, reserved={"C04": "other_reading only"})
    assert load(tmp_path, text, reserved={"C04": "mine only"})["mine"].shocks[0].basis == "C04"


def test_grades_are_read_from_the_claims() -> None:
    """Only grade D is held back; its default use says for whom."""
    claims = pd.DataFrame(
        {"claim_id": ["A", "B"], "grade": ["D", "A"], "default_use": ["mine only", "base"]},
    )
    assert reserved_claims(claims) == {"A": "mine only"}


def test_included_shocks_come_first_and_once(tmp_path: Path) -> None:
    """A shock that reaches a scenario by two ways must not act twice."""
    low = HEAD.replace("mine", "low") + "shocks:\n" + SHOCK
    left = HEAD.replace("mine", "left") + "includes: [low]\n"
    right = HEAD.replace("mine", "right") + "includes: low\nshocks:\n" + SHOCK.replace("one", "two")
    top = HEAD + "includes: [left, right]\nshocks:\n" + SHOCK.replace("one", "three")
    found = load(tmp_path, top, left, right, low)
    assert [shock.shock_id for shock in found["mine"].shocks] == ["one", "two", "three"]
    assert [shock.shock_id for shock in chosen(found, ["left", "right"]).shocks] == ["one", "two"]


def test_one_id_for_two_shocks_is_refused_where_they_meet(tmp_path: Path) -> None:
    """A tornado or a user who names the id would move both."""
    one = ONE
    two = HEAD.replace("mine", "other") + "shocks:\n" + SHOCK.replace("0.5", "0.6")
    with pytest.raises(ScenarioError, match="rename one"):
        chosen(load(tmp_path, one, two), ["mine+other"])
    assert "an id of its own" in told(tmp_path, one + "includes: [other]\n", two)


def test_names_compose_and_unknown_ones_list_the_known(bundled: dict[str, FiledScenario]) -> None:
    """`--scenario a --scenario b`, `--scenario a+b` and the order of the base mean the same."""
    both = chosen(bundled, ["hard_ban", "supply_wave"])
    assert both == chosen(bundled, ["base", "hard_ban + supply_wave"])
    assert both.name == "hard_ban+supply_wave"
    assert both.shocks == bundled["hard_ban"].shocks + bundled["supply_wave"].shocks
    assert both.dual_stack == max(bundled["hard_ban"].dual_stack, bundled["supply_wave"].dual_stack)
    assert chosen(bundled, ["base"]) == bundled["base"]
    with pytest.raises(ScenarioError, match=r"'hard_bann'.*known are .*hard_ban"):
        chosen(bundled, ["hard_bann"])
    with pytest.raises(ScenarioError, match="no scenario is named"):
        chosen(bundled, [])


def test_a_stated_multiplier_replaces_the_included_one(tmp_path: Path) -> None:
    """Who includes a scenario may weaken its easing; without a word the strongest holds."""
    multiplier = "multipliers:\n  lock_in: {{value: {}, low: 0, high: 1, basis: C10}}\n"
    one = HEAD.replace("mine", "one") + multiplier.format(0.6)
    two = HEAD.replace("mine", "two") + multiplier.format(0.4)
    silent = HEAD.replace("mine", "silent") + "includes: [one, two]\n"
    found = load(tmp_path, HEAD + "includes: [one, two]\n" + multiplier.format(0.1), one, two, silent)
    assert (found["mine"].lock_in, found["silent"].lock_in) == (0.1, 0.6)


def test_a_users_own_folder_adds_to_the_bundled_one(tmp_path: Path) -> None:
    """A user adds a scenario without touching the installation, and cannot silently replace one of it."""
    theirs, own = tmp_path / "theirs", tmp_path / "own"
    theirs.mkdir()
    own.mkdir()
    (theirs / "a.yaml").write_text(ONE, encoding="utf-8")
    (own / "b.yml").write_text(HEAD.replace("mine", "more") + "includes: [mine]\n", encoding="utf-8")
    found = load_scenarios(theirs, CLAIMS, own)
    assert found["more"].shocks == found["mine"].shocks
    assert set(load_scenarios(theirs, CLAIMS, tmp_path / "absent")) == {"mine"}
    (own / "c.yaml").write_text(HEAD, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"c\.yaml:1: name: .*a\.yaml:1"):
        load_scenarios(theirs, CLAIMS, own)


def test_a_folder_without_scenarios_is_told(tmp_path: Path) -> None:
    """An empty list of scenarios would look like a forecast without any policy."""
    with pytest.raises(ScenarioError, match="found no scenario file"):
        load_scenarios(tmp_path, CLAIMS)


def test_a_users_multipliers_stay_within_their_bounds(bundled: dict[str, FiledScenario]) -> None:
    """Beyond 0 to 1 a multiplier would turn an effect round."""
    assert with_multipliers(bundled["hard_ban"], dual_stack=0.9).dual_stack == 0.9
    with pytest.raises(ScenarioError, match=r"lock_in 1\.5"):
        with_multipliers(bundled["hard_ban"], lock_in=1.5)


def test_names_that_a_portfolio_lacks_are_told(bundled: dict[str, FiledScenario]) -> None:
    """A misspelt market gives a scenario without effect, which looks like good news."""
    assert len(unmatched_names(bundled["export_easing"], ["A"], ["Singapore"])) == len(bundled["export_easing"].shocks)
    assert unmatched_names(bundled["export_easing"], ["A"], ["Hong Kong", "Singapore"]) == []
