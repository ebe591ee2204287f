"""Forecasts and simulations on Dask workers: the same bits as one process, and nothing lost with a worker.

A cluster that gives other bits, or loses a part, would publish other figures than the machine beside it. Two worker
processes serve all tests here. The same code runs at full size by `python -m bench.fan_out`.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.outlook import lease_tables
from bench.fan_out import SEED, kill_in_the_middle, same_bits, walk, works
from forecasts import parallel
from forecasts.parallel import in_turn
from pipelines.fan_out import DaskFanOut, FanOutError, fan_out, resource_config

SERIES, CHUNK, OPERATORS, SCENARIOS, PATHS = 24, 10, 5, 3, 64


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskFanOut]:
    """Two worker processes, started from an environment with a place and a secret in it."""
    home = str(tmp_path_factory.mktemp("place") / "home")
    before = dict(os.environ)
    os.environ |= {"COLOCAST_HOME": home, "COLOCAST_POSTGRES": "postgresql://u:secret@h/b"}
    try:
        with fan_out("local:2") as found:
            assert isinstance(found, DaskFanOut)
            found.client.wait_for_workers(2, timeout=120)
            yield found
    finally:
        os.environ.clear()
        os.environ |= before


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["panel", "past quarters", "scenarios"])
def test_two_workers_give_the_bits_of_one_process(
    spread: DaskFanOut, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of a panel, quarters of the backtest and scenarios of a portfolio."""
    monkeypatch.setattr(parallel, "CHUNK", CHUNK)
    work = next(islice(works(SERIES, OPERATORS, SCENARIOS, PATHS), kind, None))
    assert work.parts >= 3
    asked: list[int] = []

    def counted(function: Any, shared: Any, parts: Any) -> Any:
        asked.append(len(parts))
        return spread(function, shared, parts)

    assert same_bits(work.run(in_turn), work.run(counted))
    assert max(asked) >= 3


def test_the_lease_tables_of_the_main_job_are_the_same_bits(
    spread: DaskFanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main job tells more of a scenario than `colocast simulate`: what explains it, samples, sensitivities."""
    from assets.outlook.portfolios import learn_portfolio, scenarios_in_force
    from assets.rent_roll.reading import load_portfolio
    from assets.warehouse.ledger import bundled_assumptions
    from bench.fan_out import PORTFOLIO, SCENARIOS

    files = [PORTFOLIO / name for name in ("facilities.csv", "leases.csv", "stack_evidence.csv")]
    portfolio, _ = load_portfolio(*files, PORTFOLIO / "history_quarterly.csv", None, None)
    values = bundled_assumptions()
    monkeypatch.setattr(lease_tables, "BACKTEST_PATHS", 16)
    runs = lease_tables.Runs.of(learn_portfolio(portfolio, values), values, SEED)
    given = lease_tables._Given(runs, {"renewal": (0.5, 0.9, "analyst_prior")}, values)
    known = scenarios_in_force(SCENARIOS)
    wanted = [known["base"], known["export_easing"]]
    here = [pair for found in in_turn(lease_tables._scenario, given, wanted) for pair in found]
    there = [pair for found in spread(lease_tables._scenario, given, wanted) for pair in found]
    assert [name for name, _ in here] == [name for name, _ in there]
    assert same_bits([frame for _, frame in here], [frame for _, frame in there])
    assert b"warehouse.duckdb" not in pickle.dumps((given, wanted))


def test_the_part_of_a_killed_worker_is_done_again(spread: DaskFanOut, tmp_path: Path) -> None:
    """kill -9 in the middle of a part: the results are complete, in order, and the bits of one process."""
    parts = list(range(8))
    tried, results = kill_in_the_middle(spread, walk, SEED, parts, 1, tmp_path)
    assert tried.kills == 1
    assert tried.started > len(parts)
    assert len(results) == len(parts)
    assert all(np.array_equal(walk(SEED, part), found) for part, found in zip(parts, results, strict=True))


def test_workers_know_no_place_and_no_secret(spread: DaskFanOut) -> None:
    """Who has no path of the warehouse cannot write it."""
    for seen in spread.client.run(lambda: dict(os.environ)).values():
        assert seen["COLOCAST_HOME"] == ""
        assert not any("secret" in value for value in seen.values())


def test_nobody_else_can_speak_to_the_local_cluster(spread: DaskFanOut) -> None:
    """Whoever reaches a scheduler can run code: without the cluster's own certificate nobody gets that far."""
    from distributed import Client
    from distributed.security import Security

    address = spread.client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")
    with pytest.raises((OSError, TypeError)), Client(address, security=Security.temporary(), timeout=5):
        pass


def end_oneself(given: None, part: int) -> None:
    """A part that no worker survives."""
    os._exit(9)


def test_a_part_that_no_worker_survives_is_told(spread: DaskFanOut, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must neither hang nor be left out."""
    monkeypatch.setattr(spread.client.cluster.scheduler, "allowed_failures", 0)
    with pytest.raises(FanOutError, match=r"end oneself|end_oneself.*ended every worker"):
        list(spread(end_oneself, None, [1]))


def test_a_cluster_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that end and do not come back leave nobody to wait for."""
    monkeypatch.setattr("pipelines.fan_out._LOOK_S", 0.2)
    monkeypatch.setattr("pipelines.fan_out.WITHOUT_WORKERS_S", 1.0)
    with fan_out("local:1") as own:
        assert isinstance(own, DaskFanOut)
        assert list(own(itself, None, [1, 2])) == [1, 2]
        own.client.cluster.scale(0)
        with pytest.raises(FanOutError, match="has had no worker for 1 s"):
            list(own(itself, None, [3]))


def itself(given: None, part: int) -> int:
    """A part that is done at once."""
    return part


def fail(given: None, part: int) -> None:
    """A part that is wrong."""
    raise ValueError(f"part {part} is wrong")


def test_an_error_of_a_part_is_raised_as_it_is(spread: DaskFanOut) -> None:
    """Its message names what is to be mended, and is no trouble of the cluster."""
    with pytest.raises(ValueError, match="part 3 is wrong"):
        list(spread(fail, None, [3]))


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("local:none", "expected a number of worker processes"),
        ("local:0", "expected a number of worker processes"),
        ("tcp://scheduler:8786", "expected a tls:// address"),
        ("nowhere.yaml", "cannot be read"),
    ],
)
def test_a_wrong_place_is_told_with_what_is_expected(where: str, told: str) -> None:
    """Before anything starts."""
    with pytest.raises(FanOutError, match=told), fan_out(where):
        pass


def test_other_kinds_of_clusters_come_from_a_file(tmp_path: Path) -> None:
    """Every cluster that dagster-dask knows can be had, by its own words."""
    file = tmp_path / "dask.yaml"
    file.write_text("cluster:\n  kube:\n    n_workers: 4\n", encoding="utf-8")
    assert resource_config(str(file)) == {"cluster": {"kube": {"n_workers": 4}}}
    file.write_text("workers: 4\n", encoding="utf-8")
    with pytest.raises(FanOutError, match="cluster or client"):
        resource_config(str(file))
    assert resource_config("tls://scheduler:8786") == {"client": {"address": "tls://scheduler:8786"}}


def test_without_a_setting_nothing_is_started() -> None:
    """The embedded way needs no Dask."""
    with fan_out(" ") as found:
        assert found is None


class HandedOverError(Exception):
    """Says who was given the parts of a step."""


@pytest.mark.parametrize("step", ["outlook", "freeze", "leases"])
def test_the_steps_of_a_run_hand_their_parts_over(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that does not reach the work would go unnoticed: the figures are the same."""
    import dagster as dg

    from assets.outlook import lease_bridge, newest, unpublished, vintages
    from assets.outlook import lease_tables as tables
    from assets.warehouse import database
    from pipelines.resources import Workplace
    from pipelines.steps import leases, outlook

    def tell(*given: Any, **named: Any) -> None:
        found = [one for one in (*given, *named.values()) if isinstance(one, DaskFanOut) or hasattr(one, "fan_out")]
        raise HandedOverError(getattr(found[-1], "fan_out", found[-1]))

    for module in (outlook, leases):
        monkeypatch.setattr(module, "need", lambda *_: "mark")
    monkeypatch.setattr(database, "connect", lambda *_: nullcontext())
    monkeypatch.setattr(lease_bridge, "read_publication", lambda *_: None)
    monkeypatch.setattr(unpublished, "take_back", lambda *_: [])
    monkeypatch.setattr(vintages, "missing_vintages", lambda *_: [])
    for module, name in ((newest, "build_outlook"), (vintages, "backfill"), (tables, "build_lease_tables")):
        monkeypatch.setattr(module, name, tell)
    monkeypatch.setenv("COLOCAST_DASK", "local:2")
    with Workplace().yield_for_execution(dg.build_init_resource_context()) as place:
        work = place.work("a run")
        asked = {
            "outlook": lambda: outlook.outlook(work),
            "freeze": lambda: outlook.freeze(work, [date(2020, 3, 31)]),
            "leases": lambda: leases.leases(work),
        }
        with pytest.raises(HandedOverError) as told:
            asked[step]()
        assert isinstance(told.value.args[0], DaskFanOut)
        assert told.value.args[0] is work.fan_out
