"""Messy tenancy schedules: whatever the layout, the same leases come out, and what is taken out is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rent_roll_samples import LEASES

from assets.rent_roll.problems import RentRollError
from assets.rent_roll.reading import read_folder_or_files
from assets.rent_roll.roll import RentRoll

Write = Callable[..., Path]
BUILDINGS = {"AA1": "Harbour House", "BB2": "Hill Court"}


def expect_leases(roll: RentRoll) -> None:
    assert roll.problems.empty, roll.problems.to_dict("records")
    frame = roll.frames["leases"]
    assert frame["facility_id"].tolist() == [row[0] for row in LEASES]
    assert frame["lease_id"].tolist() == [row[1] for row in LEASES]
    assert frame["tenant_name"].tolist() == [row[2] for row in LEASES]
    assert frame["mw"].tolist() == pytest.approx([row[4] / 1000 for row in LEASES])
    for column, position in (("start_date", 5), ("end_date", 6)):
        assert frame[column].dt.date.tolist() == [row[position] for row in LEASES]


def blocks(
    head: Sequence[Sequence[Any]], line: Callable[[tuple[Any, ...], bool], list[Any]], power: int
) -> list[list[Any]]:
    """Head rows, then for each building a heading, its leases and a subtotal."""
    rows = [list(row) for row in head]
    for code, name in BUILDINGS.items():
        own = [lease for lease in LEASES if lease[0] == code]
        rows.append([f"{code} - {name}"])
        rows += [line(lease, position == 0) for position, lease in enumerate(own)]
        total: list[Any] = [None] * len(rows[-1])
        total[0], total[power] = f"Sub-total {code}", sum(lease[4] for lease in own)
        rows += [total, []]
    return rows


def test_two_header_rows_headings_and_codes_on_first_rows(workbook: Write) -> None:
    """The layout of a property manager: group headings above, the building's code once a block."""
    head: list[list[Any]] = [
        ["Invented portfolio - tenancy schedule"],
        ["As at", dt.datetime(2026, 6, 30)],
        [],
        ["Unit", "Site Code", "Contract", None, "Lessee", "IT load", "Term", None, "Rent"],
        ["Suite", None, "Agreement No.", "Sector", "Name", "Let (kW)", "From", "To", "HK$/kW p.c.m."],
    ]

    def line(lease: tuple[Any, ...], first: bool) -> list[Any]:
        return [
            "S1",
            lease[0] if first else None,
            lease[1],
            lease[3].upper(),
            lease[2],
            lease[4],
            lease[5],
            lease[6],
            1500,
        ]

    rows = blocks(head, line, 5)
    rows += [
        ["Grand total", None, None, None, None, sum(lease[4] for lease in LEASES)],
        [],
        ["All names are invented."],
    ]
    roll = read_folder_or_files([workbook({"Schedule": rows}, merges={"Schedule": ["A1:I1", "C4:D4", "G4:H4"]})])
    expect_leases(roll)
    assert roll.valuation_date == dt.date(2026, 6, 30)
    assert roll.frames["leases"]["monthly_rent_hkd_per_kw"].tolist() == [1500] * 5
    said = " ".join(roll.remarks)
    for words in ("2 heading rows", "3 subtotal or total rows", "1 note row", "divided by 1000", "Unit Suite"):
        assert words in said


def test_another_order_other_words_and_dates_as_text(workbook: Write) -> None:
    """Tenant first, day/month text dates, MW, one header row, no headings."""
    header = ["Tenant", "Expiry", "Commencement", "Power (MW)", "Building", "Lease No", "Start"]
    rows = [
        [
            lease[2],
            f"{lease[6]:%d/%m/%Y}",
            f"{lease[7]:%d %b %Y}",
            lease[4] / 1000,
            lease[0],
            lease[1],
            f"{lease[5]:%d/%m/%Y}",
        ]
        for lease in LEASES
    ]
    roll = read_folder_or_files([workbook({"Sheet1": [header, *rows]})])
    expect_leases(roll)
    assert roll.frames["leases"]["commencement_date"].dt.date.tolist() == [lease[7] for lease in LEASES]


def test_serial_dates_a_unit_row_and_no_column_for_the_building(workbook: Write) -> None:
    """Serial numbers for dates, units in a row of their own, the building only in headings."""
    head: list[list[Any]] = [
        ["Valuation date: 30 June 2026"],
        ["Occupier", "Lease Ref", "Industry", "Contracted Power", "Lease From", "Lease To"],
        [None, None, None, "(kW)", "(dd/mm/yyyy)", "(dd/mm/yyyy)"],
    ]

    def line(lease: tuple[Any, ...], first: bool) -> list[Any]:
        serial = [(day - dt.date(1899, 12, 30)).days for day in lease[5:7]]
        return [lease[2], lease[1], lease[3].replace("_", " ").title(), lease[4], *serial]

    expect_leases(read_folder_or_files([workbook({"Roll": blocks(head, line, 3)})]))


def test_a_schedule_as_delimited_text(text_file: Callable[[str, str], Path]) -> None:
    """The same layout saved as text with semicolons and decimal commas."""
    lines = ["Tenancy schedule;;;;;", "", "Facility;Lessee;Contract Ref;Power (MW);Start;End"]
    seen = set()
    for lease in LEASES:
        code = "" if lease[0] in seen else lease[0]
        seen.add(lease[0])
        power = f"{lease[4] / 1000:.3f}".replace(".", ",")
        lines.append(f"{code};{lease[2]};{lease[1]};{power};{lease[5]:%d.%m.%Y};{lease[6]:%d.%m.%Y}")
    lines.append(f"Total;;;{sum(lease[4] for lease in LEASES) / 1000:.3f}".replace(".", ",") + ";;")
    roll = read_folder_or_files([text_file("schedule.csv", "\n".join(lines))])
    expect_leases(roll)
    assert roll.frames["leases"]["locator"].tolist()[0] == "schedule.csv, line 4"


def plain_rows() -> list[list[Any]]:
    header = ["Property", "Lease Ref", "Tenant", "kW", "Start", "End"]
    return [header, *[[*lease[:3], *lease[4:7]] for lease in LEASES]]


def test_a_subtotal_that_is_not_the_sum_is_a_problem(workbook: Write) -> None:
    """A row that was deleted or hidden shows itself only here; the rows that are there are still taken."""
    rows = plain_rows()
    rows.append(["Total", None, None, 9999, None, None])
    roll = read_folder_or_files([workbook({"S": rows})])
    assert len(roll.frames["leases"]) == len(LEASES)
    problem = roll.problems.iloc[0]
    assert (problem["rule"], problem["locator"]) == ("subtotal", "sheet S, row 7")
    assert "9999" in problem["found"]
    assert "2875" in problem["expected"]


def test_vacant_space_is_no_lease_and_counts_in_a_total(workbook: Write) -> None:
    """Schedules list empty suites with their size; totals may include them."""
    rows = plain_rows()
    rows += [["BB2", None, "VACANT", 125, None, None], ["Total", None, None, 3000, None, None]]
    roll = read_folder_or_files([workbook({"S": rows})])
    expect_leases(roll)
    assert any("1 row of vacant space" in remark for remark in roll.remarks)


def test_a_broken_lease_is_a_problem_and_never_a_heading(workbook: Write) -> None:
    """A lease whose dates are missing must not vanish among headings and notes."""
    rows = plain_rows()
    rows.insert(3, ["AA1", "T-9", "Dateless Ltd", 100, None, None])
    roll = read_folder_or_files([workbook({"S": rows})])
    assert len(roll.frames["leases"]) == len(LEASES)
    assert set(roll.problems["rule"]) == {"missing"}
    assert "Dateless Ltd" in roll.problems["row_json"].iloc[0]


def test_a_tenant_called_total_stays(workbook: Write) -> None:
    """A word alone does not make a subtotal of a lease with dates."""
    roll = read_folder_or_files([workbook({"S": plain_rows()})])
    assert "Total Cloud" in roll.frames["leases"]["tenant_name"].tolist()


def test_a_missing_code_in_a_full_column_is_not_filled_from_above(workbook: Write) -> None:
    """Where each row has its code a blank is a hole, and filling it would be a guess."""
    rows = plain_rows()
    rows[3][0] = None
    roll = read_folder_or_files([workbook({"S": rows})])
    assert roll.problems["column"].tolist() == ["facility_id"]
    assert len(roll.frames["leases"]) == len(LEASES) - 1


def test_a_code_is_not_carried_over_a_subtotal(workbook: Write) -> None:
    """The row after a subtotal belongs to another building; which one, nobody knows."""
    head = ["Property", "Lease Ref", "Tenant", "kW", "Start", "End"]
    one, two = ([*lease[:3], *lease[4:7]] for lease in LEASES[:2])
    rows = [head, one, ["Subtotal", None, None, one[3]], [None, *two[1:]]]
    roll = read_folder_or_files([workbook({"S": rows})])
    assert roll.problems["rule"].tolist() == ["missing"]
    assert roll.frames["leases"]["lease_id"].tolist() == ["T-1"]


def test_repeated_headers_are_dropped_and_counted(workbook: Write) -> None:
    """Printed schedules repeat the header on each page."""
    rows = plain_rows()
    rows.insert(4, rows[0])
    roll = read_folder_or_files([workbook({"S": rows})])
    expect_leases(roll)
    assert any("1 repeated header row" in remark for remark in roll.remarks)


def test_two_columns_for_the_end_are_refused(workbook: Write) -> None:
    """Which of two different ends holds is for a person to say."""
    rows = plain_rows()
    rows[0] = [*rows[0], "Lease Expiry"]
    rows[1:] = [[*row, dt.date(2040, 1, 1)] for row in rows[1:]]
    with pytest.raises(RentRollError, match="two columns for end_date") as caught:
        read_folder_or_files([workbook({"S": rows})])
    assert caught.value.remedy


def test_a_power_column_without_a_unit_is_held_back_or_read_by_the_title(workbook: Write) -> None:
    """Contracted 300 is 300 kW or 300 MW; a line above the table may say which."""
    rows = plain_rows()
    rows[0][3] = "Contracted"
    roll = read_folder_or_files([workbook({"S": rows})])
    assert set(roll.problems["rule"]) == {"unit"}
    assert len(roll.problems) == len(LEASES)
    roll = read_folder_or_files([workbook({"S": [["All capacities in kW"], *rows]}, name="stated.xlsx")])
    expect_leases(roll)


def test_the_legend_explains_codes_of_its_own(workbook: Write) -> None:
    """A workbook may bring its own list of codes."""
    rows = [[*row, code] for row, code in zip(plain_rows(), ["Tech stack", "W", "D", "E", "zz", "W"], strict=True)]
    legend = [["Code", "Meaning"], ["W", "US technology stack"], ["E", "mainland technology stack"], ["D", "both"]]
    roll = read_folder_or_files([workbook({"S": rows, "Legend": legend})])
    assert roll.frames["leases"]["stack"].tolist() == ["us", "dual", "mainland", "us"]
    assert roll.problems["rule"].tolist() == ["unknown_code"]


def test_the_sample_schedule_gives_the_sample_leases(shared_roll: Path) -> None:
    """The messy workbook and the plain file are the same rent roll."""
    plain = read_folder_or_files([shared_roll / "leases.csv"])
    messy = read_folder_or_files([shared_roll / "leases_msci_style.xlsx"])
    assert messy.problems.empty
    assert messy.valuation_date == dt.date(2026, 6, 30)
    left_out = ["commenced", "renewal_of", "locator"]
    pd.testing.assert_frame_equal(
        plain.frames["leases"].drop(columns=left_out), messy.frames["leases"].drop(columns=left_out)
    )


@pytest.fixture
def shared_roll(repository: Path) -> Path:
    folder = repository.parent / "shared" / "rent_roll"
    if not folder.is_dir():
        pytest.skip("the shared samples are not here")
    return folder
