"""The bridge of rent rolls: every cause in its place and by its name, and parts that add up whatever happened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import bridge_case
import duckdb
import pandas as pd
import pytest
from bridge_case import BAN, NEXT, VINTAGE, BridgedHome, World, changed, quarter_end, roll, with_lease
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.outlook import lease_bridge, lease_tables
from assets.outlook.lease_bridge import LEASE_EVENT, MOST_REVISIONS, SINCE, read_publication
from assets.warehouse.publishing import publish
from forecasts.leases.portfolio import Portfolio

ASSUMPTION, MODEL = "assumption or scenario", "model or weights"
FIRST = World()
GROWN = FIRST.harbour(with_lease(roll()))


@pytest.fixture(autouse=True, scope="module")
def few_paths() -> Iterator[None]:
    """Precision is not looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease_tables, "PATHS", 32)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home after its first run, which is published."""
    home = BridgedHome(tmp_path_factory.mktemp("first"))
    said = home.run(FIRST)
    assert (said["bridged"], home.bridge()) == (0, [])
    return home.folder


@pytest.fixture
def home(first: Path, tmp_path: Path) -> BridgedHome:
    """A copy of that home, to go on from."""
    return copy_of(first, tmp_path / "home")


def copy_of(folder: Path, target: Path) -> BridgedHome:
    shutil.copytree(folder, target)
    return BridgedHome(target)


def assert_adds_up(
    home: BridgedHome, before: dict[tuple[Any, ...], tuple[float, float]], start: date, end: date
) -> None:
    """Sums over the causes equal the change of the medians, for every scenario, series and quarter that both have."""
    after, sums = home.medians(end), home.sums(start, end)
    assert set(sums) == set(before) & set(after)
    for key, (leased, points) in sums.items():
        assert leased == pytest.approx(after[key][0] - before[key][0], abs=1e-9), key
        assert points == pytest.approx(100 * (after[key][1] - before[key][1]), abs=1e-9), key


def test_a_lease_that_is_added_is_the_whole_change(home: BridgedHome) -> None:
    """The rent roll alone has changed: with the same seed the old one gives the old medians to the last bit, so no
    other cause may have a part; the hall of the lease names it, and so does a hall that only shares demand with it.
    """
    before = home.medians()
    said = home.run(GROWN)
    assert said["no_bridge"] == ""
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.asked("SELECT DISTINCT cause FROM forecast_bridge") == [(LEASE_EVENT,)]
    words = "lease L900 added: 5 MW at harbour/F1, 2024-03-31 to 2029-06-30"
    for series in ("harbour/total", "harbour/F1", "harbour/o1", "harbour/mainland"):
        assert home.causes(series_id=series) == {LEASE_EVENT: words}
    (other,) = home.causes(series_id="harbour/F3").values()
    assert other == f"nothing of its own, only what is learnt of and shared with the whole portfolio: {words}"
    gained = home.sums(VINTAGE, VINTAGE)["base", "facility", "harbour/F1", quarter_end(1).date()]
    assert gained[0] > 3


def test_an_assumption_that_is_edited_is_named_from_and_to(home: BridgedHome) -> None:
    """An analyst's edit must not be taken for news of the leases, nor for another model."""
    before = home.medians()
    home.run(replace(FIRST, values={"leases.renewal": 0.3}))
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.causes() == {ASSUMPTION: "leases.renewal 0.72 -> 0.3"}
    assert home.causes("ban") == {ASSUMPTION: "leases.renewal 0.72 -> 0.3"}


def test_an_assumption_on_evidence_counts_as_well(home: BridgedHome) -> None:
    """Evidence on a hall reaches the simulation through parameters that are not named after leases."""
    home.run(replace(FIRST, values={"stack.weight.strong": 0.1}))
    assert home.causes(series_id="harbour/us") == {ASSUMPTION: "stack.weight.strong 0.7 -> 0.1"}


def test_an_assumption_of_something_else_moves_nothing(home: BridgedHome) -> None:
    """What the simulation does not read cannot be a cause."""
    home.run(replace(FIRST, values={"history.active_quarters": 4.0}))
    assert home.bridge() == []


def test_a_scenario_that_is_edited_moves_itself_alone(home: BridgedHome) -> None:
    """The file of one scenario says nothing on another one; every heeded key that differs is named."""
    before = home.medians()
    home.run(replace(FIRST, renewal=0.6, dual=0.9))
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.causes() == {}
    words = "dual_stack 0.2 -> 0.9; shock ban.renewals: value 0.05 -> 0.6"
    assert home.causes("ban", "harbour/us") == {ASSUMPTION: words}


def test_another_seed_and_another_code_are_the_model(home: BridgedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the leases nor an analyst has done anything."""
    before = home.medians()
    monkeypatch.setattr(lease_tables, "PATHS", 48)
    home.run(replace(FIRST, seed=4, code="code-2"))
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.causes() == {MODEL: "code code-1 -> code-2; seed 3 -> 4"}


def test_what_nobody_can_see_is_not_put_upon_the_leases(home: BridgedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that no version tells of moves the old rent roll too: that part is not the new lease's."""
    before = home.medians()
    monkeypatch.setattr(lease_tables, "PATHS", 48)
    home.run(GROWN)
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    found = home.causes()
    assert set(found) == {MODEL, LEASE_EVENT}
    assert "nothing that is kept differs" in found[MODEL]


def test_edits_are_told_from_code_that_came_with_them(home: BridgedHome) -> None:
    """The ledger is part of the code's version, so an edit of it always comes with another version. The scenario as it
    was is put together again from the published tables: code that changed nothing must then get nothing.
    """
    before = home.medians()
    home.run(replace(GROWN, values={"leases.renewal": 0.3}, renewal=0.6, dual=0.9, code="code-2"))
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.asked("SELECT DISTINCT cause FROM forecast_bridge ORDER BY 1") == [(ASSUMPTION,), (LEASE_EVENT,)]
    assert "shock ban.renewals: value 0.05 -> 0.6" in home.causes("ban")[ASSUMPTION]


def test_causes_stand_in_their_order(home: BridgedHome) -> None:
    """Each part depends on what was put in place before it, so the order is published with it."""
    home.run(replace(GROWN, values={"leases.renewal": 0.3}, seed=4))
    rows = home.asked("SELECT DISTINCT position, cause, unit, portfolio FROM forecast_bridge ORDER BY position")
    assert rows == [
        (1, MODEL, "mw", "harbour"), (2, ASSUMPTION, "mw", "harbour"), (3, LEASE_EVENT, "mw", "harbour")
    ]  # fmt: skip


def test_a_run_on_equal_inputs_leaves_the_table_as_it_was(home: BridgedHome) -> None:
    """A reader asks why the forecast moved when it last moved; that the pipeline ran again is no answer."""
    home.run(GROWN)
    told = home.bridge()
    assert told
    said = home.run(GROWN)
    assert home.bridge() == told
    assert said == {"bridged": len(told), "no_bridge": ""}


def test_a_run_that_was_not_published_leaves_nothing_behind(home: BridgedHome) -> None:
    """Readers never saw its forecast: once it is undone there is nothing to explain, and no part of it is counted."""
    home.run(GROWN)
    told = home.bridge()
    home.run(FIRST.harbour(changed(roll(), 0, mw=9.0)), published=False)
    assert home.bridge() != told
    home.run(GROWN)
    assert home.bridge() == told


def test_a_later_vintage_is_bridged_from_the_last_state_of_the_one_before(home: BridgedHome) -> None:
    """Over a quarter's turn: the way from v1 to v2 adds up to what v2 says now, after every revision of v2, and names
    what each revision brought; (v2, v2) is the last revision alone; what stood of v1 stays.
    """
    home.run(GROWN)
    within, v1 = home.sums(VINTAGE, VINTAGE), home.medians()
    turned = replace(GROWN.rolls["harbour"], as_of=quarter_end(1))
    home.run(replace(GROWN.harbour(changed(turned, 0, mw=4.0)), vintage=NEXT))
    assert_adds_up(home, v1, VINTAGE, NEXT)
    assert home.sums(NEXT, NEXT) == {}
    ends = {key[3] for key in home.sums(VINTAGE, NEXT)}
    assert (min(ends), max(ends)) == (quarter_end(2).date(), quarter_end(8).date())
    for mw in (5.0, 6.0):
        before = home.medians(NEXT)
        revised = replace(GROWN.harbour(changed(turned, 0, mw=mw)), vintage=NEXT)
        home.run(revised)
        assert_adds_up(home, v1, VINTAGE, NEXT)
        assert_adds_up(home, before, NEXT, NEXT)
    assert home.sums(VINTAGE, VINTAGE) == within
    told = home.asked(
        f"SELECT DISTINCT because FROM forecast_bridge WHERE series_id = 'harbour/total' AND vintage_to = DATE '{NEXT}'"
        f" AND scenario = 'base' AND vintage_from = DATE '{VINTAGE}' AND cause = '{LEASE_EVENT}'"
    )
    ((story,),) = told
    first, *later = story.split(SINCE)
    assert first.startswith("rent roll of 2024-06-30 -> 2024-09-30; ")
    assert [words[words.index("mw") :] for words in later] == ["mw 4 -> 5", "mw 5 -> 6"]
    home.run(replace(revised, values={"leases.renewal": 0.3}))
    assert_adds_up(home, v1, VINTAGE, NEXT)
    assert "harbour: the last publication is of 2024-09-30" in home.run(FIRST)["no_bridge"]


def test_a_quarter_turns_and_nothing_has_changed(home: BridgedHome) -> None:
    """Whoever asks why it moved is told that it did not, and no cause is made up."""
    before = home.medians()
    home.run(replace(FIRST, vintage=NEXT))
    assert_adds_up(home, before, VINTAGE, NEXT)
    found = home.asked("SELECT DISTINCT cause, because, delta_leased, delta_occupancy_pp FROM forecast_bridge")
    assert found == [(LEASE_EVENT, "nothing has changed", 0.0, 0.0)]


def test_an_edit_of_outcomes_is_the_scenarios(home: BridgedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table keeps the outcomes of a scenario; where the base stands still, only its file can have moved it."""
    before = home.medians()
    drawn = BAN.replace("shocks:", "outcomes: {{hard: 0.5, soft: 0.5}}\nshocks:")
    monkeypatch.setattr(bridge_case, "BAN", drawn.replace("eased_by:", "outcome: hard, eased_by:"))
    home.run(FIRST)
    assert_adds_up(home, before, VINTAGE, VINTAGE)
    assert home.causes() == {}
    assert home.causes("ban", "harbour/us") == {ASSUMPTION: "scenario ban: outcomes, or the order of shocks"}


def test_the_words_of_many_revisions_stay_few() -> None:
    """A vintage is open for a quarter and may be revised daily; the first words and the latest are kept."""
    words = "first"
    for number in range(20):
        words = lease_bridge._revised(pd.Series([words, f"revision {number}"]))
    pieces = words.split(SINCE)
    assert pieces == ["first", "earlier revisions", *(f"revision {at}" for at in range(20 - MOST_REVISIONS, 20))]
    assert lease_bridge._revised(pd.Series([words, "revision 19"])) == words


def test_a_vintage_revised_without_publication_is_not_bridged_to_the_next(home: BridgedHome) -> None:
    """What is published of v1 is then not what the publication's rent roll gives: no part would add up."""
    home.run(GROWN, published=False)
    said = home.run(replace(GROWN, vintage=NEXT))
    assert "the warehouse has not the forecast of 2024-06-30 that the last publication has" in said["no_bridge"]
    assert home.sums(VINTAGE, NEXT) == {}


def test_each_rent_roll_has_a_bridge_of_its_own(home: BridgedHome) -> None:
    """One that is new has nothing to be compared with, one that is unchanged keeps what it has, one that is gone
    leaves nothing behind.
    """
    said = home.run(replace(GROWN, rolls={**GROWN.rolls, "other": roll(12)}))
    assert said["no_bridge"] == "other: the last publication has no forecast of it"
    told = home.asked("SELECT * FROM forecast_bridge WHERE portfolio = 'harbour' ORDER BY ALL")
    home.run(replace(GROWN, rolls={**GROWN.rolls, "other": changed(roll(12), 0, mw=7.0)}))
    assert home.asked("SELECT * FROM forecast_bridge WHERE portfolio = 'harbour' ORDER BY ALL") == told
    assert home.asked("SELECT DISTINCT portfolio FROM forecast_bridge ORDER BY 1") == [("harbour",), ("other",)]
    home.run(GROWN)
    assert home.bridge() == told


def test_a_quarter_without_space_in_service_is_left_out(tmp_path: Path) -> None:
    """Occupancy of a hall that is not there yet is nothing, before and after; its later quarters are explained."""
    planned = pd.Timestamp(quarter_end(3))
    coming = roll(halls={"F1": 30.0, "F2": 30.0, "F3": 30.0, "F4": 0.0})
    phases = pd.concat(
        [coming.deliveries, pd.DataFrame({"facility_id": ["F4"], "planned_date": [planned], "mw": [8.0]})]
    )
    coming = replace(coming, deliveries=phases.reset_index(drop=True))
    home = BridgedHome(tmp_path / "home")
    home.folder.mkdir()
    home.run(FIRST.harbour(coming))
    before = home.medians()
    assert ("base", "facility", "harbour/F4", quarter_end(1).date()) not in before
    home.run(FIRST.harbour(with_lease(coming)))
    assert_adds_up(home, before, VINTAGE, VINTAGE)


def test_a_published_file_will_do(home: BridgedHome, tmp_path: Path) -> None:
    """Readers' files have no keys and another order of rows; what is read of one is what the warehouse has."""
    publish(home.warehouse, tmp_path / "real")
    found, same = read_publication(tmp_path / "real" / "occupancy.duckdb"), read_publication(home.published)
    assert found.unusable == ""
    for name in ("leases", "facilities", "history", "deliveries", "evidence"):
        pd.testing.assert_frame_equal(
            getattr(found.portfolios["harbour"].portfolio, name), getattr(same.portfolios["harbour"].portfolio, name)
        )
    pd.testing.assert_frame_equal(found.portfolios["harbour"].forecast, same.portfolios["harbour"].forecast)
    assert (found.assumptions, found.scenarios) == (same.assumptions, same.scenarios)


@pytest.mark.parametrize("fault", ["missing", "damaged", "without a table", "without a column"])
def test_a_publication_that_cannot_be_used_is_told_and_nothing_fails(home: BridgedHome, fault: str) -> None:
    """The forecast is what people wait for; why it moved can be missing, with the reason."""
    home.run(GROWN)
    if fault == "missing":
        home.published.unlink()
    elif fault == "damaged":
        home.published.write_bytes(b"no database" * 1000)
    else:
        statement = "DROP TABLE shocks" if fault == "without a table" else "ALTER TABLE leases DROP renewal_of"
        with duckdb.connect(str(home.published)) as connection:
            connection.execute(statement)
    said = home.run(FIRST)
    assert said["bridged"] == 0
    assert said["no_bridge"].startswith("harbour: ")
    assert re.search(
        "nothing has been published yet" if fault == "missing" else "cannot be compared with", said["no_bridge"]
    )
    assert home.bridge() == []


def test_an_earlier_state_that_todays_code_refuses_is_told(home: BridgedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older version may have taken what this one cannot simulate; its own forecast stands all the same."""

    def refused(*_: object) -> None:
        raise ValueError("mw: found -1; expected more than 0")

    monkeypatch.setattr(lease_bridge, "learn_portfolio", refused)
    said = home.run(GROWN)
    assert "cannot be simulated by this version: ValueError('mw: found -1; expected more than 0')" in said["no_bridge"]


def moved(portfolio: Portfolio, edits: set[str]) -> Portfolio:
    """A rent roll after some of what happens to rent rolls."""
    if "added" in edits:
        portfolio = with_lease(portfolio)
    if "removed" in edits:
        portfolio = replace(portfolio, leases=portfolio.leases.iloc[1:].reset_index(drop=True))
    if "larger" in edits:
        portfolio = changed(portfolio, 2, mw=6.5)
    if "extended" in edits:
        portfolio = changed(portfolio, 3, end_date=quarter_end(16))
    if "phase" in edits:
        later = portfolio.deliveries.assign(planned_date=portfolio.deliveries["planned_date"] + pd.Timedelta(days=200))
        portfolio = replace(portfolio, deliveries=later)
    if "evidence" in edits:
        portfolio = replace(portfolio, evidence=portfolio.evidence.assign(points_to="mainland"))
    if "date" in edits:
        portfolio = replace(portfolio, as_of=quarter_end(1))
    return portfolio


EVENTS = ("added", "removed", "larger", "extended", "phase", "evidence", "date")
OTHERS = ("renewal", "drift", "shock", "multiplier", "seed", "code", "vintage")


@settings(max_examples=6, deadline=None)
@given(edits=st.sets(st.sampled_from(EVENTS + OTHERS), max_size=8))
def test_whatever_happened_the_parts_add_up(
    first: Path, tmp_path_factory: pytest.TempPathFactory, edits: set[str]
) -> None:
    """For every scenario, series and quarter, to 1e-9; and only causes that were there have a part."""
    home = copy_of(first, tmp_path_factory.mktemp("edited") / "home")
    before = home.medians()
    values = {"leases.renewal": 0.4} if "renewal" in edits else {}
    world = World(
        {"harbour": moved(roll(), edits)}, values | ({"leases.demand_drift": 0.3} if "drift" in edits else {}),
        0.4 if "shock" in edits else FIRST.renewal, 0.8 if "multiplier" in edits else FIRST.dual,
        5 if "seed" in edits else FIRST.seed, "code-2" if "code" in edits else FIRST.code,
        NEXT if "vintage" in edits else VINTAGE,
    )  # fmt: skip
    said = home.run(world)
    assert said["no_bridge"] == ""
    if home.bridge() or world.vintage == NEXT:
        assert_adds_up(home, before, VINTAGE, world.vintage)
    else:
        assert home.medians() == before
    allowed = {MODEL} if edits & {"seed"} else set()
    allowed |= {ASSUMPTION} if edits & {"renewal", "drift", "shock", "multiplier"} else set()
    allowed |= {LEASE_EVENT} if edits & set(EVENTS) else set()
    assert set(home.causes()) | set(home.causes("ban")) <= allowed
