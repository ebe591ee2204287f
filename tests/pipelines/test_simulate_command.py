"""`colocast simulate` is a contract: files in, four Parquet tables out, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.settings import REPOSITORY

FOLDER = REPOSITORY / "data" / "portfolios" / "illustrative_hong_kong"
TABLES = {
    "occupancy_forecast": "vintage scenario level series_id stack quarter_end horizon unit in_service_p50 leased_p05"
    " leased_p10 leased_p25 leased_p50 leased_p75 leased_p90 leased_p95 occupancy_p05 occupancy_p10 occupancy_p25"
    " occupancy_p50 occupancy_p75 occupancy_p90 occupancy_p95 occupancy_mean model occupancy_p025 occupancy_p975",
    "breach_probability": "vintage scenario level series_id quarter_end horizon threshold probability",
    "lease_expiries": "as_of level series_id stack sector sensitivity_tier expiry_quarter leases mw share_of_leased",
    "wale": "as_of level series_id wale_mw_years wale_rent_years",
}


def called(out: Path, *more: str, leases: Path = FOLDER / "leases.csv") -> tuple[int, str]:
    """Exit code and everything printed."""
    arguments = [
        "simulate", "--facilities", str(FOLDER / "facilities.csv"), "--leases", str(leases), "--evidence",
        str(FOLDER / "stack_evidence.csv"), "--history", str(FOLDER / "history_quarterly.csv"), "--horizon", "4",
        "--paths", "60", "--out", str(out), *more,
    ]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_it_writes_the_four_tables_of_the_contract(tmp_path: Path) -> None:
    """Every building, both scenarios, a joint one and a threshold asked for are answered, never with a gap."""
    code, said = called(
        tmp_path, "--scenario", "base", "--scenario", "hard_ban+supply_wave", "--threshold", "0.85", "--jobs", "1"
    )
    assert code == 0, said
    for name, columns in TABLES.items():
        assert list(pd.read_parquet(tmp_path / f"{name}.parquet").columns) == columns.split(), name
    forecast = pd.read_parquet(tmp_path / "occupancy_forecast.parquet")
    assert set(forecast["scenario"]) == {"base", "hard_ban+supply_wave"}
    halls = forecast[(forecast["level"] == "facility") & (forecast["scenario"] == "base")]
    assert halls["series_id"].nunique() == 24
    assert len(halls) == 24 * 4
    assert not halls.filter(like="occupancy_").isna().any().any()
    assert set(pd.read_parquet(tmp_path / "breach_probability.parquet")["threshold"]) == {0.85}
    assert not (tmp_path / "problems.parquet").exists()


def test_same_seed_same_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    """A forecast that cannot be repeated cannot be checked."""
    for name, jobs, seed in (("one", "1", "7"), ("two", "2", "7"), ("other", "1", "8")):
        assert called(tmp_path / name, "--jobs", jobs, "--seed", seed)[0] == 0
    one, two, other = (
        (tmp_path / name / "occupancy_forecast.parquet").read_bytes() for name in ("one", "two", "other")
    )
    assert one == two
    assert one != other


def test_a_workbook_answers_like_the_csv(tmp_path: Path) -> None:
    """The same leases give the same answer however they are handed in."""
    book = tmp_path / "leases.xlsx"
    pd.read_csv(FOLDER / "leases.csv", keep_default_na=False).to_excel(book, index=False)
    assert called(tmp_path / "csv")[0] == 0
    assert called(tmp_path / "xlsx", leases=book)[0] == 0
    first, second = (pd.read_parquet(tmp_path / kind / "occupancy_forecast.parquet") for kind in ("csv", "xlsx"))
    pd.testing.assert_frame_equal(first, second)


def test_rows_that_cannot_be_taken_are_told_and_kept(tmp_path: Path) -> None:
    """A bad row costs itself and is told with place, found, expected and remedy; nothing is dropped silently."""
    lines = (FOLDER / "leases.csv").read_text(encoding="utf-8").splitlines()
    lines[5] = lines[5].replace(lines[5].split(",")[6], "many", 1)
    bad = tmp_path / "leases.csv"
    bad.write_text("\n".join(lines), encoding="utf-8")
    code, said = called(tmp_path / "out", leases=bad)
    assert code == 0, said
    problems = pd.read_parquet(tmp_path / "out" / "problems.parquet")
    row = problems[problems["column"] == "mw"].iloc[0]
    assert row["found"].strip("'\"") == "many"
    assert "line 6" in row["locator"]
    assert row["expected"]
    assert "many" in said


def test_leases_of_an_unknown_building_are_told_and_left_out(tmp_path: Path) -> None:
    """A slip in an id must not end in a traceback, nor vanish."""
    leases = pd.read_csv(FOLDER / "leases.csv", dtype=str, keep_default_na=False)
    leases.loc[3, "facility_id"] = "HK99"
    leases.to_csv(tmp_path / "leases.csv", index=False)
    code, said = called(tmp_path / "out", leases=tmp_path / "leases.csv")
    assert code == 0, said
    problems = pd.read_parquet(tmp_path / "out" / "problems.parquet")
    held = problems[problems["rule"] == "unknown_facility"]
    assert held["found"].tolist() == ["HK99"]
    assert leases.loc[3, "lease_id"] in held["row_json"].iloc[0]


def test_a_share_of_government_is_swept_where_sectors_are_unknown(tmp_path: Path) -> None:
    """Nobody knows how much of such a portfolio is government: the answer is given for 0 to 30 %, never rising."""
    leases = pd.read_csv(FOLDER / "leases.csv", dtype=str, keep_default_na=False).assign(sector="unknown")
    leases.to_csv(tmp_path / "leases.csv", index=False)
    code, said = called(tmp_path / "out", "--scenario", "gov_no_renewal", leases=tmp_path / "leases.csv")
    assert code == 0, said
    forecast = pd.read_parquet(tmp_path / "out" / "occupancy_forecast.parquet")
    total = forecast[(forecast["level"] == "total") & (forecast["horizon"] == 4)].set_index("scenario")[
        "occupancy_mean"
    ]
    assert len(total) == 8
    assert total["gov_no_renewal@0"] == pytest.approx(total["gov_no_renewal"])
    assert total["gov_no_renewal@0.3"] < total["gov_no_renewal@0"] - 0.005


def test_a_missing_column_is_named_with_its_file(tmp_path: Path) -> None:
    """Without sizes nothing can be simulated: the refusal says which file, what it has and what is needed."""
    leases = pd.read_csv(FOLDER / "leases.csv", dtype=str, keep_default_na=False).drop(columns="mw")
    leases.to_csv(tmp_path / "sizeless.csv", index=False)
    code, said = called(tmp_path / "out", leases=tmp_path / "sizeless.csv")
    assert code == 2, said
    assert "sizeless.csv" in said
    assert "mw" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_bad_date_is_told_with_place_found_and_expected(tmp_path: Path) -> None:
    """A day that no calendar has is a slip, not the end of the run, nor a guess at another day."""
    leases = pd.read_csv(FOLDER / "leases.csv", dtype=str, keep_default_na=False)
    leases.loc[7, "end_date"] = "2031-02-30"
    leases.to_csv(tmp_path / "leases.csv", index=False)
    code, said = called(tmp_path / "out", leases=tmp_path / "leases.csv")
    assert code == 0, said
    problems = pd.read_parquet(tmp_path / "out" / "problems.parquet")
    row = problems[problems["column"] == "end_date"].iloc[0]
    assert row["file"] == "leases.csv"
    assert "2031-02-30" in row["found"]
    assert "9" in row["locator"]
    assert "date" in row["expected"]
    assert leases.loc[7, "lease_id"] in row["row_json"]
    assert "2031-02-30" in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--scenario", "no_such"), ("no_such", "base", "hard_ban")),
        (("--as-of", "2026-05-15"), ("2026-05-15", "quarter end")),
        (("--threshold", "85"), ("85", "fraction")),
        (("--facilities", "nowhere.csv"), ("nowhere.csv",)),
        (("--facilities", str(FOLDER / "stack_evidence.csv")), ("stack_evidence.csv", "facilities")),
    ],
)
def test_wrong_usage_is_refused_with_what_is_expected(
    more: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    """A mistake ends with exit 2 and a sentence, never with a traceback or a guess."""
    code, said = called(tmp_path, *more)
    flat = " ".join(said.split())
    assert code == 2, said
    assert all(word in flat for word in words), said
    assert "Traceback" not in said
