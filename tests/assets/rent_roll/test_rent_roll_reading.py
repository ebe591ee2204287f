"""Files, folders and documents to rent rolls and portfolios, with errors that say what to do."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rent_roll_samples import LEASES

from assets.rent_roll.problems import RentRollError
from assets.rent_roll.reading import load_portfolio, read_folder_or_files, rent_roll_of
from assets.rent_roll.roll import RentRoll
from assets.reports.formats import read_document
from forecasts.leases.portfolio import LEASE_COLUMNS

TextFile = Callable[[str, str], Path]
FACILITIES = """facility_id,operator,name,district,market,ready_for_service,capacity_mw,latitude,longitude
AA1,Operator A (fictitious),Harbour House,Kwai Chung,Hong Kong,2020-01-01,6.00,22.3,114.1
BB2,Operator A (fictitious),Hill Court,Sha Tin,Hong Kong,2020-01-01,4.00,22.4,114.2
"""
HISTORY = """facility_id,quarter_end,in_service_mw,leased_mw,utilised_mw
AA1,2026-03-31,6.00,2.00,1.50
AA1,2026-06-30,6.00,2.00,1.50
"""
HEADER = "facility_id,lease_id,tenant_name,sector,mw,start_date,end_date,commencement_date,stack"


def lease_lines(rows: Any = LEASES) -> str:
    lines = [",".join(map(str, (*row[:4], row[4] / 1000, *row[5:]))) for row in rows]
    return "\n".join([HEADER, *lines]) + "\n"


@pytest.fixture
def files(text_file: TextFile) -> dict[str, Path]:
    return {
        "facilities": text_file("facilities.csv", FACILITIES),
        "leases": text_file("leases.csv", lease_lines()),
        "history": text_file("history.csv", HISTORY),
    }


def test_a_folder_holds_each_kind(files: dict[str, Path], tmp_path: Path) -> None:
    """A rent roll arrives as a folder; what is no table of it is remarked on."""
    (tmp_path / "README.md").write_text("words", encoding="utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    roll = read_folder_or_files([tmp_path])
    assert {kind: len(frame) for kind, frame in roll.frames.items()} == {"facilities": 2, "leases": 5, "history": 2}
    assert sum("left out" in remark for remark in roll.remarks) == 2


def test_a_workbook_with_a_sheet_a_kind(workbook: Callable[..., Path]) -> None:
    """All tables may stand in one file."""
    sheets = {
        "Facilities": [line.split(",") for line in FACILITIES.splitlines()],
        "Leases": [line.split(",") for line in lease_lines().splitlines()],
        "Notes": [["Invented."]],
    }
    path = workbook(sheets)
    assert set(read_folder_or_files([path]).frames) == {"facilities", "leases"}
    portfolio, problems = load_portfolio(path, path, as_of=dt.date(2026, 6, 30))
    assert (len(portfolio.leases), len(problems)) == (5, 0)


def test_a_portfolio_of_files(files: dict[str, Path]) -> None:
    """The portfolio is complete, dated by its history, and `commenced` follows from the date."""
    portfolio, problems = load_portfolio(files["facilities"], files["leases"], history=files["history"])
    assert problems.empty
    assert portfolio.as_of == pd.Timestamp("2026-06-30")
    assert list(portfolio.leases) == list(LEASE_COLUMNS)
    assert portfolio.leases["commenced"].dtype == bool
    assert portfolio.leases["commenced"].all()
    assert len(portfolio.evidence) == len(portfolio.deliveries) == 0


def test_what_was_not_known_at_the_date_is_left_out_and_said(files: dict[str, Path]) -> None:
    """A simulation of the past must not see the quarters after it."""
    portfolio, problems = load_portfolio(
        files["facilities"], files["leases"], history=files["history"], as_of=dt.date(2026, 3, 31)
    )
    assert portfolio.history["quarter_end"].max() == pd.Timestamp("2026-03-31")
    assert problems["rule"].tolist() == ["after_as_of"]


def test_a_schedule_may_date_the_portfolio(files: dict[str, Path], workbook: Callable[..., Path]) -> None:
    """Without a history the valuation date holds; without either the command must ask."""
    rows = [line.split(",") for line in lease_lines().splitlines()]
    path = workbook({"S": [["Valuation date: 30 June 2026"], *rows]})
    assert load_portfolio(files["facilities"], path)[0].as_of == pd.Timestamp("2026-06-30")
    with pytest.raises(RentRollError, match="Give --as-of"):
        load_portfolio(files["facilities"], files["leases"])
    with pytest.raises(RentRollError, match="quarter end"):
        load_portfolio(files["facilities"], files["leases"], as_of=dt.date(2026, 5, 1))


def test_buildings_called_by_name_get_their_id(files: dict[str, Path], text_file: TextFile) -> None:
    """A schedule may know a building only by its name."""
    text = lease_lines().replace("\nAA1,", "\nHarbour House,")
    portfolio, _problems = load_portfolio(files["facilities"], text_file("named.csv", text), as_of=dt.date(2026, 6, 30))
    assert portfolio.leases["facility_id"].tolist() == [lease[0] for lease in LEASES]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty.csv", "", "an empty file"),
        ("words.csv", "dear all\nplease find attached\n", "no header of a rent roll"),
        ("short.csv", lease_lines().replace("end_date", "remark"), "line 1: found a header without end_date"),
        ("facilities2.csv", FACILITIES, "a table of facilities"),
        ("bad.xlsx", "PK\x03\x04 cut", "damaged"),
        ("quote.csv", HEADER + '\n"AA1,T-1\n' + "x" * 140_000, "closed"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(
    files: dict[str, Path], text_file: TextFile, name: str, text: str, words: str
) -> None:
    """One sentence with file, place, found, expected and remedy instead of a traceback."""
    path = text_file(name, text)
    with pytest.raises(RentRollError, match=words) as caught:
        load_portfolio(files["facilities"], path, as_of=dt.date(2026, 6, 30))
    assert str(caught.value).startswith(name)
    assert caught.value.expected
    assert caught.value.remedy


def test_a_file_that_is_not_there(files: dict[str, Path], tmp_path: Path) -> None:
    """A mistyped path is the commonest mistake of a command line."""
    with pytest.raises(RentRollError, match="cannot be read"):
        load_portfolio(files["facilities"], tmp_path / "nowhere.csv")


def test_lines_are_counted_as_an_editor_does(text_file: TextFile) -> None:
    """Comments, blank lines and quoted line breaks must not shift the line a problem names."""
    text = lease_lines().replace("North Bank", '"North\nBank"').replace("City Bureau", "City, Bureau")
    text = "# a comment\n\n" + text.replace("BB2,T-4", "\nBB2,T-4").replace(
        "T-5,Lake Trading,sme", "T-5,Lake Trading,circus"
    )
    roll = read_folder_or_files([text_file("leases.csv", text)])
    lines = text.split("\n")
    found = dict(zip(roll.problems["rule"], roll.problems["locator"], strict=True))
    cut = next(number for number, line in enumerate(lines, start=1) if "City" in line)
    circus = next(number for number, line in enumerate(lines, start=1) if "circus" in line)
    assert found == {"cut_row": f"line {cut}", "unknown_code": f"line {circus}"}
    assert roll.frames["leases"]["locator"].tolist()[0] == "leases.csv, line 4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """Spreadsheets save text in what the machine's language suggests."""
    path = tmp_path / "leases.csv"
    path.write_bytes(lease_lines().replace("North Bank", "数据中心运营公司的业务").encode(encoding))
    roll = read_folder_or_files([path])
    assert roll.frames["leases"]["tenant_name"].tolist()[0] == "数据中心运营公司的业务"


def test_a_document_and_its_way_through_json(workbook: Callable[..., Path]) -> None:
    """The limited child hands a rent roll over as JSON; nothing may change on the way."""
    rows = [line.split(",") for line in lease_lines().splitlines()]
    rows[2][4] = "much"
    path = workbook({"S": [["Valuation date: 30 June 2026"], *rows]})
    roll = rent_roll_of(read_document(path.read_bytes(), path.name))
    assert roll is not None
    back = RentRoll.from_json(json.loads(json.dumps(roll.to_json())))
    pd.testing.assert_frame_equal(back.frames["leases"], roll.frames["leases"])
    pd.testing.assert_frame_equal(back.problems, roll.problems)
    assert (back.remarks, back.valuation_date) == (roll.remarks, dt.date(2026, 6, 30))


def test_bundled_reports_are_no_rent_rolls(bundled_reports: Path) -> None:
    """A report that is taken for a rent roll loses all its figures."""
    for path in bundled_reports.iterdir():
        if path.suffix in (".csv", ".xlsx"):
            assert rent_roll_of(read_document(path.read_bytes(), path.name)) is None


def test_a_report_of_sites_is_no_rent_roll(workbook: Callable[..., Path]) -> None:
    """Operators print site tables; only a table that calls the building's code a code is a rent roll's."""
    rows = [["Site", "Quarter", "In service (MW)", "Leased (MW)"], ["Tower", "2026-06-30", 6.0, 5.0]]
    path = workbook({"Portfolio": rows})
    assert rent_roll_of(read_document(path.read_bytes(), path.name)) is None


def test_worlds_and_samples_read_without_a_problem(repository: Path) -> None:
    """The clean samples must lose no row."""
    shared = repository.parent / "shared"
    folders = sorted((shared / "worlds").glob("world_*"))
    if not folders:
        pytest.skip("the shared samples are not here")
    for folder in folders:
        roll = read_folder_or_files([folder])
        assert len(roll.frames) == 5
        assert roll.problems.empty
        lines = sum(1 for _line in (folder / "leases.csv").open(encoding="utf-8")) - 1
        assert len(roll.frames["leases"]) == lines
