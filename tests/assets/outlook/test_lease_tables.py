"""The lease tables of a small portfolio: all of them written, under keys of the portfolio, and nothing else touched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from assets.outlook import lease_tables
from assets.outlook.lease_tables import BY_PORTFOLIO, BY_SERIES, OF_TODAY, build_lease_tables, series_key
from assets.outlook.portfolios import hall_evidence, scenarios_in_force, simulate_portfolio
from assets.outlook.scenarios import FiledScenario
from assets.rent_roll.judging import JudgedPortfolio
from assets.reports.operators import load_layouts
from assets.warehouse.database import connect, create_schema
from assets.warehouse.ledger import bundled_assumptions, load_ledger
from assets.warehouse.loading import load_operators
from assets.warehouse.rent_rolls import load_rent_rolls, read_portfolio
from forecasts.leases.outcomes import THRESHOLDS
from forecasts.leases.portfolio import STACKS, Portfolio

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "forecasts" / "leases"))
from portfolios import AS_OF, made, quarter_end, standing_leases

PATHS, ASKED = 64, ("renewal", "absorption")
VINTAGE, KNOWN = date(2024, 6, 30), date(2024, 9, 15)
SCENARIOS = {
    "base.yaml": "name: base\ntitle: Base\ndescription: What history says.\n",
    "ban.yaml": """name: ban
title: Ban
description: Tenants leave US-stack space.
multipliers:
  dual_stack: {value: 0.2, low: 0.0, high: 0.5, basis: C12}
shocks:
  - {id: ban.renewals, acts_on: renewal_probability, value: 0.05, low: 0, high: 0.2, basis: analyst_prior,
     where: {stack: [us]}, eased_by: [dual_stack]}
  - {id: ban.demand, acts_on: demand, value: 0.5, low: 0, high: 1, basis: analyst_prior, where: {stack: [us]}}
sweep:
  shock: ban.demand
  values: [0.0, 1.0]
""",
}
# What a reported operator has in the same tables, in the same vintage.
REPORTED = (
    "INSERT INTO occupancy_forecast (vintage, scenario, level, series_id, quarter_end, horizon, unit, occupancy_p50,"
    " model) VALUES (DATE '2024-06-30', 'base', 'operator', 'alpha/mw', DATE '2024-09-30', 1, 'mw', 0.8, 'panel')",
    "INSERT INTO breach_probability (vintage, scenario, level, series_id, quarter_end, horizon, threshold, probability)"
    " VALUES (DATE '2024-06-30', 'base', 'operator', 'alpha/mw', DATE '2024-09-30', 1, 0.9, 0.75)",
)
TABLES = (*BY_SERIES, *BY_PORTFOLIO, *OF_TODAY, "scenarios", "shocks", "ladder_forecast")


def judged(portfolio: Portfolio) -> JudgedPortfolio:
    """The portfolio as if it had been read from one document."""
    frames = {}
    for kind in ("facilities", "leases", "evidence", "history", "deliveries"):
        frame = getattr(portfolio, kind).copy()
        places = [f"{kind} {at}" for at in range(len(frame))]
        frames[kind] = frame.assign(document_id="d" * 16, locator=pd.Series(places, index=frame.index, dtype=object))
    return JudgedPortfolio(frames, portfolio.as_of, illustrative=True)


def small(seed: int) -> Portfolio:
    """Three halls of 30 MW with 24 leases, a phase that is under construction, and one statement on a hall's stack."""
    phases = [("F2", quarter_end(1) + pd.Timedelta(days=40), 6.0)]
    halls = {"F1": 30.0, "F2": 30.0, "F3": 30.0}
    portfolio = made(standing_leases(seed, 24, 3, signed=0.3), halls, phases, quarters=6)
    portfolio.evidence.loc[0] = ["F1", pd.Timestamp("2024-01-31"), "us", "strong", "Nodes of a US cloud.", "a page"]
    portfolio.evidence["evidence_date"] = pd.to_datetime(portfolio.evidence["evidence_date"])
    return portfolio


def built(connection: duckdb.DuckDBPyConnection, vintage: date = VINTAGE, seed: int = 3) -> dict[str, Any]:
    return build_lease_tables(connection, vintage, KNOWN, seed, scenarios_of(connection))


def scenarios_of(connection: duckdb.DuckDBPyConnection) -> dict[str, FiledScenario]:
    """The scenarios' files, beside the warehouse."""
    found = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = current_database()")
    row = found.fetchone()
    assert row is not None
    folder = Path(row[0]).parent / "scenarios"
    folder.mkdir(exist_ok=True)
    for name, text in SCENARIOS.items():
        (folder / name).write_text(text)
    return scenarios_in_force(folder)


def contents(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in TABLES}


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Few paths, and two priors instead of all that are asked about: each of them is learnt with twice anew."""
    patch.setattr(lease_tables, "PATHS", PATHS)
    patch.setattr(lease_tables, "EXPLAINING_PATHS", 32)
    patch.setattr(lease_tables, "ASKED_PRIORS", ASKED)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A warehouse with two small rent rolls, figures of a reported operator, and the lease tables of one vintage."""
    path = tmp_path_factory.mktemp("leases") / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        with connect(path) as connection:
            create_schema(connection)
            layouts = load_layouts()
            load_operators(connection, layouts)
            load_ledger(connection, layouts)
            load_rent_rolls(connection, {"harbour": judged(small(1)), "other": judged(small(2))})
            for statement in REPORTED:
                connection.execute(statement)
            built(connection)
        yield path


@pytest.fixture
def warehouse(kept: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built warehouse, to be read only."""
    with duckdb.connect(str(kept), read_only=True) as connection:
        yield connection


@pytest.fixture
def copied(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the built warehouse, to be changed."""
    make_quick(monkeypatch)
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(kept.read_bytes())
    with connect(copy) as connection:
        yield connection


def test_every_lease_table_is_written_for_every_portfolio(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A table that stays empty is a page without answers."""
    for name in (*BY_SERIES, *OF_TODAY):
        keys = warehouse.execute(
            f"SELECT DISTINCT split_part(series_id, '/', 1) FROM {name} WHERE series_id <> 'alpha/mw' ORDER BY 1"
        ).fetchall()
        assert keys == [("harbour",), ("other",)], name
    for name in BY_PORTFOLIO:
        found = warehouse.execute(f"SELECT DISTINCT portfolio FROM {name} ORDER BY 1").fetchall()
        assert found == [("harbour",), ("other",)], name


def test_keys_begin_with_the_portfolio_and_are_readable(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two rent rolls may both have an F1 and an operator O1; facilities are those of the table of facilities."""
    keys = warehouse.execute(
        "SELECT level, list(DISTINCT series_id ORDER BY series_id) FROM lease_forecast WHERE portfolio = 'harbour'"
        " GROUP BY level"
    ).fetchall()
    assert dict(keys) == {
        "facility": ["harbour/F1", "harbour/F2", "harbour/F3"], "operator": ["harbour/o1"], "market": ["harbour/m1"],
        "stack": ["harbour/dual", "harbour/mainland", "harbour/unknown", "harbour/us"], "total": ["harbour/total"],
    }  # fmt: skip
    strange = warehouse.execute(
        "SELECT count(*) FROM lease_forecast WHERE level = 'facility' AND series_id NOT IN (SELECT facility_id FROM"
        " facilities)"
    ).fetchall()
    assert strange == [(0,)]
    assert series_key("harbour", "operator", "Bay & Co. (fictitious)") == "harbour/bay-co-fictitious"


def test_scenarios_and_shocks_say_what_the_files_say(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Whoever reads an answer must find the assumption behind it, with its range and basis."""
    rows = warehouse.execute("SELECT scenario, lock_in, dual_stack, shocks, file FROM scenarios ORDER BY 1").fetchall()
    assert rows == [("ban", 0.0, 0.2, 2, "ban.yaml"), ("base", 0.0, 0.0, 0, "base.yaml")]
    shocks = warehouse.execute("SELECT shock_id, value, low, high, basis FROM shocks ORDER BY 1").fetchall()
    assert shocks == [
        ("ban.demand", 0.5, 0.0, 1.0, "analyst_prior"), ("ban.renewals", 0.05, 0.0, 0.2, "analyst_prior")
    ]  # fmt: skip


def test_every_scenario_and_swept_value_is_answered_at_every_horizon(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Eight quarters from the rent roll's own date, each with every threshold."""
    rows = warehouse.execute(
        "SELECT scenario, count(*), count(DISTINCT horizon), min(quarter_end), max(quarter_end) FROM lease_forecast"
        " WHERE series_id = 'harbour/total' GROUP BY scenario ORDER BY 1"
    ).fetchall()
    ends = (quarter_end(1).date(), quarter_end(8).date())
    assert rows == [(name, 8, 8, *ends) for name in ("ban", "ban@0", "ban@1", "base")]
    breaches = warehouse.execute(
        "SELECT scenario, count(*), count(DISTINCT threshold) FROM breach_probability"
        " WHERE series_id = 'harbour/total' GROUP BY scenario ORDER BY 1"
    ).fetchall()
    assert breaches == [
        (name, 8 * len(THRESHOLDS), len(THRESHOLDS)) for name in ("ban", "ban@0", "ban@1", "base")
    ]  # fmt: skip


def test_a_swept_value_is_the_scenario_with_that_value(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Paths share their luck: less demand can only lower what is let, and the scenario's own value lies between."""
    means = dict(
        warehouse.execute(
            "SELECT scenario, occupancy_mean FROM lease_forecast WHERE series_id = 'harbour/total' AND horizon = 8"
        ).fetchall()
    )
    assert means["ban@0"] < means["ban"] < means["ban@1"]
    assert means["ban@1"] <= means["base"]


def test_effects_lead_from_base_to_the_scenario(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A waterfall that does not add up explains nothing."""
    rows = warehouse.execute(
        "SELECT kind, cause, delta_mw FROM scenario_effects WHERE series_id = 'harbour/total' AND kind <> 'flow'"
        " ORDER BY position"
    ).fetchall()
    assert [(kind, cause) for kind, cause, _ in rows] == [
        ("start", "base"), ("step", "ban.renewals"), ("step", "ban.demand"), ("end", "scenario")
    ]  # fmt: skip
    mw = [value for _, _, value in rows]
    assert mw[0] + mw[1] + mw[2] == pytest.approx(mw[3])
    flows = warehouse.execute(
        "SELECT sum(delta_mw) FROM scenario_effects WHERE series_id = 'harbour/total' AND kind = 'flow'"
    ).fetchall()
    assert flows[0][0] == pytest.approx(mw[3] - mw[0], abs=1e-3)


def test_every_sensitivity_names_its_basis(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Of base the stated priors are asked about, of a scenario its shocks and multipliers."""
    rows = warehouse.execute(
        "SELECT scenario, parameter, basis FROM scenario_sensitivity WHERE series_id = 'harbour/total'"
    ).fetchall()
    assert {name for scenario, name, _ in rows if scenario == "ban"} == {"ban.demand", "ban.renewals", "dual_stack"}
    base = {name for scenario, name, _ in rows if scenario == "base"}
    assert base == {f"leases.{name}" for name in ASKED}
    assert all(basis for _, _, basis in rows)


def test_expiries_and_wale_agree_with_the_leases_in_place(warehouse: duckdb.DuckDBPyConnection) -> None:
    """What needs no model is counted from the rows that are published beside it."""
    for level in ("total", "operator"):
        found = warehouse.execute(
            "SELECT sum(leases), sum(mw) FROM lease_expiries WHERE level = ? AND split_part(series_id, '/', 1) ="
            " 'harbour'",
            [level],
        ).fetchall()
        counted = warehouse.execute(
            "SELECT count(*), sum(mw) FROM leases_in_place WHERE portfolio = 'harbour'"
        ).fetchall()
        assert found[0][0] == counted[0][0]
        assert found[0][1] == pytest.approx(counted[0][1])
    years = warehouse.execute(
        "SELECT sum(mw * (date_diff('day', as_of, end_date))) / sum(mw) / 365.25 FROM leases_in_place"
        " WHERE portfolio = 'harbour'"
    ).fetchall()[0][0]
    stated = warehouse.execute(
        "SELECT wale_mw_years FROM wale WHERE series_id = 'harbour/total' AND as_of = ?", [AS_OF.date()]
    ).fetchall()
    assert len(stated) == 1
    # A contract's last day counts or does not.
    assert stated[0][0] == pytest.approx(years, abs=2 / 365)


def test_path_samples_are_joint(warehouse: duckdb.DuckDBPyConnection) -> None:
    """On each sampled path the halls add up to the total, or the samples are of no use for sums."""
    rows = warehouse.execute(
        "SELECT max(abs(halls - total)), count(*) FROM (SELECT scenario, quarter_end, path,"
        " sum(leased_mw) FILTER (level = 'facility') AS halls, sum(leased_mw) FILTER (level = 'total') AS total"
        " FROM path_samples WHERE series_id LIKE 'harbour/%' GROUP BY ALL)"
    ).fetchall()
    assert rows[0][0] < 1e-3
    # Two scenarios, four quarters.
    assert rows[0][1] == 2 * 4 * PATHS


def test_figures_of_reported_operators_stay(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The panel's forecasts stood in the same tables and vintage before the build, and no rent roll may cost them."""
    query = "SELECT occupancy_p50, model FROM occupancy_forecast WHERE series_id = 'alpha/mw'"
    assert warehouse.execute(query).fetchall() == [(0.8, "panel")]
    query = "SELECT probability FROM breach_probability WHERE series_id = 'alpha/mw'"
    assert warehouse.execute(query).fetchall() == [(0.75,)]
    assert warehouse.execute("SELECT DISTINCT series_id FROM latest_forecast").fetchall() == [("alpha/mw",)]


def test_building_again_changes_nothing(copied: duckdb.DuckDBPyConnection) -> None:
    """Same rows, same seed, same tables: a second build may neither double nor alter anything."""
    before = contents(copied)
    built(copied)
    after = contents(copied)
    assert [name for name in TABLES if before[name] != after[name]] == []


def test_another_vintage_stands_beside_the_first(copied: duckdb.DuckDBPyConnection) -> None:
    """A vintage is frozen: the next one adds rows and leaves those before as they are."""
    before = contents(copied)
    later = date(2024, 9, 30)
    summary = built(copied, later, seed=4)
    assert summary["portfolios"] == 2
    after = contents(copied)
    for name in (*BY_SERIES, *BY_PORTFOLIO):
        assert set(before[name]) <= set(after[name]), name
        assert len(after[name]) > len(before[name]), name
    newest = copied.execute("SELECT DISTINCT vintage FROM lease_forecast").fetchall()
    assert newest == [(later,)]


def test_a_rent_roll_that_is_gone_leaves_its_expiries(copied: duckdb.DuckDBPyConnection) -> None:
    """Today's tables speak of today's rent rolls."""
    load_rent_rolls(copied, {"harbour": judged(small(1))})
    built(copied)
    for name in OF_TODAY:
        keys = copied.execute(f"SELECT DISTINCT split_part(series_id, '/', 1) FROM {name}").fetchall()
        assert keys == [("harbour",)], name


def test_the_command_and_the_warehouse_give_the_same_figures(copied: duckdb.DuckDBPyConnection) -> None:
    """`colocast simulate` and the main job answer alike: same rows, same seed, same paths, same bits."""
    simulated = simulate_portfolio(
        read_portfolio(copied, "harbour"), bundled_assumptions(), scenarios_of(copied).values(), 8, PATHS, 3
    ).tables["occupancy_forecast"]
    simulated = simulated[simulated["level"] == "facility"].sort_values(["scenario", "series_id", "horizon"])
    published = copied.execute(
        "SELECT scenario, series_id, horizon, leased_p50, occupancy_mean FROM lease_forecast"
        " WHERE portfolio = 'harbour' AND level = 'facility' ORDER BY scenario, series_id, horizon"
    ).df()
    for column in published.columns:
        assert published[column].tolist() == simulated[column].tolist(), column


def test_without_a_rent_roll_nothing_is_written(copied: duckdb.DuckDBPyConnection) -> None:
    """Most users have none; the job must pass through."""
    load_rent_rolls(copied, {})
    summary = built(copied, date(2024, 9, 30))
    assert (summary["portfolios"], summary["leases"]) == (0, 0)
    assert copied.execute("SELECT count(*) FROM lease_forecast").fetchall() == [(0,)]
    assert copied.execute("SELECT count(*) FROM scenarios").fetchall() == [(2,)]


def test_evidence_on_a_hall_reaches_the_simulation(copied: duckdb.DuckDBPyConnection) -> None:
    """Vacant space of the hall with evidence counts to the US stack, that of the others stays unknown."""
    shares = hall_evidence(read_portfolio(copied, "harbour"), bundled_assumptions())
    assert shares["facility_id"].tolist() == ["harbour/F1", "harbour/F2", "harbour/F3"]
    assert shares["us"].iloc[0] > 0.5
    assert shares["unknown"].tolist()[1:] == pytest.approx([1.0, 1.0])
    assert shares[list(STACKS)].sum(axis=1).tolist() == pytest.approx([1.0] * 3)
