"""From readings to portfolios: what is accepted, what is held back, and that nothing gets lost between the two."""

from __future__ import annotations

import json
from datetime import datetime

import pandas as pd
import pytest

from assets.rent_roll import judging
from assets.rent_roll.judging import JudgedRolls, Received, judge_rolls
from assets.rent_roll.reading import rent_roll_of
from assets.reports.formats import Limits, read_document
from assets.reports.reading import ReadResult, read_here
from assets.warehouse.names import portfolio_name
from expectations import Report, RuleResult
from expectations.rent_roll import RENT_ROLL_RULES

FACILITIES = (
    "facility_id,operator,name,district,market,ready_for_service,capacity_mw\n"
    "AA1,Harbour Halls,North Hall,North,Hong Kong,2018-01-01,10\n"
    "BB2,Harbour Halls,South Hall,South,Hong Kong,2018-01-01,5\n"
)
LEASES = (
    "lease_id,facility_id,tenant_id,sector,sensitivity_tier,mw,start_date,end_date,commencement_date,stack\n"
    "L1,AA1,T1,banking,internal,2.0,2022-01-01,2026-12-31,2022-01-01,us\n"
    "L2,AA1,T2,government,restricted,1.0,2021-04-01,2026-03-31,2021-04-01,mainland\n"
    "L3,BB2,T1,banking,internal,3.0,2023-07-01,2028-06-30,2023-07-01,dual\n"
)
HISTORY = (
    "facility_id,quarter_end,in_service_mw,leased_mw,utilised_mw\n"
    "AA1,2025-03-31,10,3.0,2.0\nBB2,2025-03-31,5,3.0,2.0\n"
    "AA1,2025-06-30,10,3.0,2.1\nBB2,2025-06-30,5,3.0,2.1\n"
)
GOOD = {"facilities.csv": FACILITIES, "leases.csv": LEASES, "history.csv": HISTORY}


def received(files: dict[str, str], portfolio: str = "harbour", day: int = 1) -> list[Received]:
    out = []
    for name, text in files.items():
        roll = rent_roll_of(read_document(text.encode(), name, Limits()))
        assert roll is not None, name
        result = ReadResult(name, read_here(text.encode(), name).sha256, len(text), "text/csv")
        out.append(Received(result, roll, portfolio, datetime(2025, 7, day)))
    return out


def status_of(judged: JudgedRolls) -> dict[str, str]:
    return dict(zip(judged.documents["file_name"], judged.documents["status"], strict=True))


def test_a_sound_rent_roll_is_accepted_whole() -> None:
    """Three files of one folder are one portfolio as of its history's last quarter, with every row's origin."""
    judged = judge_rolls(received(GOOD))
    portfolio = judged.portfolios["harbour"]
    assert portfolio.as_of == pd.Timestamp("2025-06-30")
    assert not portfolio.illustrative
    assert len(portfolio.frames["leases"]) == 3
    assert portfolio.frames["leases"]["document_id"].nunique() == 1
    assert portfolio.frames["leases"]["locator"].notna().all()
    assert portfolio.frames["leases"]["commenced"].tolist() == [True, True, True]
    assert set(status_of(judged).values()) == {"accepted"}
    assert judged.quarantine.empty


def test_a_bad_row_is_quarantined_with_place_and_cells_and_the_rest_stands() -> None:
    """End before start cannot be; the row stays to be read, in quarantine."""
    judged = judge_rolls(received({**GOOD, "leases.csv": LEASES.replace("2028-06-30", "2020-06-30")}))
    held = judged.quarantine[judged.quarantine["row_json"].str.contains("L3", regex=False)]
    assert len(held) >= 1
    assert held["locator"].str.len().min() > 0
    assert "remedy" in held["reason"].iloc[0]
    assert "L3" not in set(judged.portfolios["harbour"].frames["leases"]["lease_id"])
    assert judged.report.failing().shape[0] >= 1


def test_a_building_let_beyond_its_space_goes_with_all_its_rows() -> None:
    """MW in place above in service cannot be true: which lease is wrong nobody knows, so none of the building
    counts.
    """
    full = HISTORY.replace("BB2,2025-06-30,5,3.0,2.1", "BB2,2025-06-30,2,2.0,2.0")
    judged = judge_rolls(received({**GOOD, "history.csv": full}))
    frames = judged.portfolios["harbour"].frames
    assert set(frames["facilities"]["facility_id"]) == {"AA1"}
    assert set(frames["leases"]["facility_id"]) == {"AA1"}
    assert set(frames["history"]["facility_id"]) == {"AA1"}
    taken_along = judged.quarantine[judged.quarantine["reason"].str.startswith("held back with its building BB2")]
    assert taken_along["row_json"].str.contains("L3", regex=False).any()


def test_a_portfolio_of_which_nothing_is_left_is_not_simulated() -> None:
    """Where every building is held back there is nothing to forecast, and every document says so."""
    full = HISTORY.replace("AA1,2025-06-30,10,3.0,2.1", "AA1,2025-06-30,1,1.0,1.0").replace(
        "BB2,2025-06-30,5,3.0,2.1", "BB2,2025-06-30,2,2.0,2.0"
    )
    judged = judge_rolls(received({**GOOD, "history.csv": full}))
    assert judged.portfolios == {}
    assert set(status_of(judged).values()) == {"quarantined"}
    assert len(judged.quarantine) > 3


def test_of_the_same_row_the_document_received_later_stands() -> None:
    """A corrected lease replaces the one before; the others of the earlier file stay."""
    first = received(GOOD)
    later = LEASES.splitlines()[0] + "\n" + LEASES.splitlines()[1].replace("2026-12-31", "2029-12-31") + "\n"
    judged = judge_rolls([*first, *received({"correction.csv": later}, day=2)])
    leases = judged.portfolios["harbour"].frames["leases"].set_index("lease_id")
    assert leases.loc["L1", "end_date"] == pd.Timestamp("2029-12-31")
    assert len(leases) == 3


@pytest.mark.parametrize(
    ("missing", "words"), [("facilities.csv", "facilities"), ("leases.csv", "leases"), ("history.csv", "date")]
)
def test_an_incomplete_portfolio_says_what_is_missing(missing: str, words: str) -> None:
    """Half a rent roll is nothing to simulate; its documents wait and name what to add."""
    judged = judge_rolls(received({name: text for name, text in GOOD.items() if name != missing}))
    assert judged.portfolios == {}
    assert set(status_of(judged).values()) == {"quarantined"}
    assert judged.documents["reason"].str.contains(words).all()
    assert len(judged.quarantine) == 2


def test_a_portfolio_that_calls_itself_fictitious_is_illustrative() -> None:
    """Invented figures must never look like real ones."""
    invented = FACILITIES.replace("North Hall", "North Hall (fictitious)")
    assert judge_rolls(received({**GOOD, "facilities.csv": invented})).portfolios["harbour"].illustrative


def test_two_folders_are_two_portfolios() -> None:
    """Both may have an AA1."""
    other = {name: text.replace("Harbour Halls", "Other Halls") for name, text in GOOD.items()}
    judged = judge_rolls([*received(GOOD), *received(other, "other")])
    assert set(judged.portfolios) == {"harbour", "other"}


def test_a_portfolio_is_named_by_its_folder() -> None:
    """The name is what people chose for the folder, and a plain one at the top of the inbox."""
    assert portfolio_name("inbox/Harbour East") == "harbour-east"
    assert portfolio_name("inbox") == "rent-roll"
    assert portfolio_name("portfolios/illustrative_hong_kong") == "illustrative-hong-kong"
    assert portfolio_name("inbox/GDS Holdings", {"gds-holdings"}) == "gds-holdings-rent-roll"


@pytest.fixture
def without_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that find nothing: for what does not depend on them, since they take most of a second."""
    passed = [RuleResult(rule.id, rule.title, rule.severity, True, 1) for rule in RENT_ROLL_RULES]
    monkeypatch.setattr(judging, "check_rent_roll", lambda frames, as_of: Report(passed))


# Ways to spoil a lease: what is found in its line, and what is written instead.
SPOILT = {
    "unreadable size": (",{mw},", ",many,"), "no size": (",{mw},", ",,"), "unknown building": (",{hall},", ",ZZ9,"),
    "end before start": (",{end},", ",1999-12-31,"), "no such stack": (",{stack}", ",orbital"),
}  # fmt: skip


# Few cases, since the rules take most of a second.
@pytest.mark.parametrize(
    "damage",
    [
        ("unreadable size", "unknown building", None), (None, "end before start", "no such stack"),
        ("no size", "no size", "end before start"),
    ],
)  # fmt: skip
def test_no_lease_gets_lost(damage: tuple[str | None, ...]) -> None:
    """However leases are spoilt, each is taken or stands in quarantine with its cells, and never both."""
    header, *lines = LEASES.splitlines()
    for at, kind in enumerate(damage):
        cells = dict(zip(header.split(","), lines[at].split(","), strict=True))
        if kind is not None:
            words = {"mw": cells["mw"], "hall": cells["facility_id"], "end": cells["end_date"], "stack": cells["stack"]}
            found, instead = SPOILT[kind]
            assert found.format(**words) in lines[at]
            lines[at] = lines[at].replace(found.format(**words), instead, 1)
    judged = judge_rolls(received({**GOOD, "leases.csv": "\n".join([header, *lines]) + "\n"}))
    taken = set()
    for portfolio in judged.portfolios.values():
        taken |= set(portfolio.frames["leases"]["lease_id"])
    held = {json.loads(text).get("lease_id") for text in judged.quarantine["row_json"] if text}
    assert taken | held >= {"L1", "L2", "L3"}
    assert not taken & held


def test_an_unreadable_cell_stands_in_quarantine_as_it_was_written() -> None:
    """What a person reads there has to be what the file says, and where."""
    ended = "L9,AA1,T9,banking,internal,many,2019-01-01,2020-12-31,2019-01-01,us\n"
    judged = judge_rolls(received({**GOOD, "leases.csv": LEASES + ended}))
    assert len(judged.quarantine) == 1
    row = judged.quarantine.iloc[0]
    assert row["rule"] == "rent_roll_bad_number"
    assert row["severity"] == "quarantine"
    assert row["locator"] == "row 5"
    cells = json.loads(str(row["row_json"]))
    assert (cells["lease_id"], cells["mw"], cells["end_date"]) == ("L9", "many", "2020-12-31")
    assert "mw" in row["reason"]
    assert "many" in row["reason"]
    assert len(judged.portfolios["harbour"].frames["leases"]) == 3


def test_documents_count_what_was_taken_and_held_back() -> None:
    """Counts per document are how people see that a file was read whole."""
    ended = "L9,AA1,T9,banking,internal,1,2019-01-01,2018-12-31,2019-01-01,us\n"
    judged = judge_rolls(received({**GOOD, "leases.csv": LEASES + ended}))
    rows = judged.documents.set_index("file_name")
    assert rows["rows_accepted"].to_dict() == {"facilities.csv": 2, "leases.csv": 3, "history.csv": 4}
    per_document = judged.quarantine.groupby("document_id").size()
    for document, name in zip(rows["document_id"], rows.index, strict=True):
        assert rows["rows_quarantined"].to_dict()[name] == per_document.get(document, 0), name
    assert "held back" in str(rows["reason"].to_dict()["leases.csv"])
    assert rows["layout"].unique().tolist() == ["rent roll"]


def test_a_document_of_which_a_later_one_repeats_every_row_says_so(without_rules: None) -> None:
    """Nothing of it counts any more, yet nothing is wrong with it."""
    judged = judge_rolls([*received({**GOOD}), *received({"again.csv": LEASES + "\n"}, day=2)])
    rows = judged.documents.set_index("file_name")
    assert rows["rows_accepted"].to_dict() == {"facilities.csv": 2, "history.csv": 4, "leases.csv": 0, "again.csv": 3}
    assert rows["status"].unique().tolist() == ["accepted"]
    assert "received later" in str(rows["reason"].to_dict()["leases.csv"])


def test_the_order_in_which_documents_are_handed_in_does_not_matter(without_rules: None) -> None:
    """What stands depends on when a document came, not on how a folder lists its files."""
    changed = LEASES.replace("2026-12-31", "2029-12-31")
    documents = [*received(GOOD), *received({"correction.csv": changed}, day=2), *received(GOOD, "other", day=3)]
    one, two = judge_rolls(documents), judge_rolls(documents[::-1])
    pd.testing.assert_frame_equal(one.documents, two.documents)
    for name, portfolio in one.portfolios.items():
        for kind, frame in portfolio.frames.items():
            pd.testing.assert_frame_equal(frame, two.portfolios[name].frames[kind])


def test_what_is_wrong_with_one_portfolio_leaves_the_others() -> None:
    """A half rent roll in one folder must not cost another its forecast."""
    judged = judge_rolls([*received(GOOD), *received({"leases.csv": LEASES + "\n"}, "half")])
    assert set(judged.portfolios) == {"harbour"}
    assert len(judged.portfolios["harbour"].frames["leases"]) == 3
    assert judged.documents["status"].tolist().count("quarantined") == 1


@pytest.mark.parametrize(
    ("name", "illustrative"),
    [
        ("North Hall (illustrative)", True), ("SYNTHETIC North", True), ("Invented Hall", True), ("North Hall", False),
        ("Illustrator Street", False), ("Photosynthetic Park", False),
    ],
)  # fmt: skip
def test_whole_words_tell_invented_portfolios(name: str, illustrative: bool, without_rules: None) -> None:
    """A real street that only sounds alike must not be marked as invented."""
    files = {**GOOD, "facilities.csv": FACILITIES.replace("North Hall", name)}
    assert judge_rolls(received(files)).portfolios["harbour"].illustrative is illustrative
