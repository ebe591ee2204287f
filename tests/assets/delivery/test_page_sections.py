"""What sections choose from the tables: what is new, what moved, what was absorbed, who a row is about."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest
from delivery_case import ALPHA_SERIES, Published
from lxml import html

from assets.delivery.page import read_tables
from assets.delivery.scopes import Scopes
from assets.delivery.sections import absorption, changes, track_record

ENDS = pd.date_range("2024-03-31", periods=6, freq="QE")
NO_VINTAGES = pd.Series([], dtype="datetime64[ns]")


def words(element: html.HtmlElement) -> str:
    copy = html.fromstring(html.tostring(element))
    for node in copy.xpath(".//x-zh | .//*[@class='zh']"):
        node.drop_tree()
    return " ".join(" ".join(copy.itertext()).split())


@pytest.fixture(scope="module")
def page(published: Published) -> html.HtmlElement:
    return html.fromstring(published.page.read_text(encoding="utf-8"))


def after(page: html.HtmlElement, anchor: str) -> str:
    """The words of the first table after a heading."""
    return words(page.xpath(f"//*[@id='{anchor}']/following-sibling::*[descendant-or-self::table][1]")[0])


def bridge(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    """forecast_bridge from vintage_from, vintage_to, series and points."""
    frame = pd.DataFrame(rows, columns=["vintage_from", "vintage_to", "series_id", "delta_occupancy_pp"])
    return frame.assign(
        scenario="base", level="operator", quarter_end="2026-12-31", cause="new report", position=1, unit="mw",
        vintage_from=pd.to_datetime(frame["vintage_from"]), vintage_to=pd.to_datetime(frame["vintage_to"]),
    )  # fmt: skip


def test_alerts_that_are_resolved_are_gone(page: html.HtmlElement) -> None:
    """What is over is no news; the gravest comes first, with what to do."""
    told = after(page, "alerts")
    assert told.index("Alert x1") < told.index("Alert x2")
    assert "Alert x3" not in told
    assert "docs/runbook.md#alert-threshold-breach" in told


def test_forecasts_that_moved_name_cause_and_documents(page: html.HtmlElement) -> None:
    """A forecast that moves without a reason is not believed; one that did not move is not listed."""
    told = words(page.get_element_by_id("changes"))
    assert "+2.00 +3.00 \u22121.00" in told
    assert "1 forecasts moved" in told
    links = page.xpath("//section[@id='changes']//td[contains(., 'report.html')]//a/@href")
    assert links
    assert all(link.startswith("#doc-") for link in links)


def test_new_documents_and_restatements_are_those_of_the_newest_run(page: html.HtmlElement) -> None:
    """The newest run brought both documents, one of which restates a figure of another perimeter."""
    told = words(page.get_element_by_id("changes"))
    assert "2 new documents with the run of 2025-11-21" in told
    assert "60.0 MW 90.0 MW another perimeter" in after(page, "restated")


def test_newest_outcomes_say_whether_the_band_held(page: html.HtmlElement) -> None:
    """Alpha's last outcome lay outside its band."""
    told = after(page, "newest-outcomes")
    assert "Alpha Data" in told
    assert "outside" in told


def test_a_revision_comes_after_the_step_to_its_vintage() -> None:
    """The open vintage may be revised by a later run: that is what changed last."""
    step, revision = ("2025-09-30", "2025-12-31", "a", 2.0), ("2025-12-31", "2025-12-31", "a", 0.3)
    older = ("2025-06-30", "2025-09-30", "a", 9.0)
    for rows in permutations([step, revision, older]):
        assert changes.newest_moves(bridge(list(rows)), NO_VINTAGES)["delta_occupancy_pp"].tolist() == [0.3]
    assert changes.newest_moves(bridge([step, older]), NO_VINTAGES)["delta_occupancy_pp"].tolist() == [2.0]
    assert changes.newest_moves(bridge([]), NO_VINTAGES).empty


def test_a_vintage_that_moved_nothing_is_the_newest_all_the_same() -> None:
    """An older change shown as the latest would be news of last year."""
    older = bridge([("2025-06-30", "2025-09-30", "a", 9.0)])
    assert changes.newest_moves(older, pd.Series(pd.to_datetime(["2025-09-30", "2025-12-31"]))).empty
    assert len(changes.newest_moves(older, pd.Series(pd.to_datetime(["2025-09-30"]))))


def test_moves_too_small_to_read_off_are_none() -> None:
    """A median that moved by a hundredth of a point stands where it was."""
    moves = bridge([("2025-09-30", "2025-12-31", "a", 0.01), ("2025-09-30", "2025-12-31", "b", -0.4)])
    assert changes.largest_moves(moves)["series_id"].tolist() == ["b"]


def test_nothing_new_is_said_with_its_date(nothing: Published) -> None:
    """An empty list could also be a broken one."""
    page = html.fromstring(nothing.page.read_text(encoding="utf-8"))
    assert "No run has been recorded" in words(page.get_element_by_id("changes"))


def history(**given: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame({"quarter_end": ENDS, "leased": [50.0, 52, 55, 55, 58, 60], "in_service": [80.0] * 5 + [90.0]})
    return frame.assign(**({"members": 3, "perimeter": "A"} | given))


def test_absorption_is_the_change_between_neighbours_of_one_perimeter() -> None:
    """A series that begins to count another operator, or another set of sites, has absorbed nothing."""
    flows = absorption.reported_flows(history())
    assert flows["absorbed"].tolist()[1:] == [2.0, 3.0, 0.0, 3.0, 2.0]
    assert flows["delivered"].tolist()[1:] == [0.0, 0.0, 0.0, 0.0, 10.0]
    for column, values in (("members", [3, 3, 4, 4, 4, 4]), ("perimeter", ["A", "A", "B", "B", "B", "B"])):
        assert absorption.reported_flows(history(**{column: values}))["absorbed"].isna().tolist()[2]
    apart = absorption.reported_flows(history().drop(index=2))
    assert apart["absorbed"].isna().tolist() == [True, False, True, False, False]


def test_quarters_of_supply_need_a_pace() -> None:
    """30 vacant at 2 a quarter last 15 quarters; without a pace nothing is said."""
    flows = absorption.reported_flows(history())
    assert absorption.quarters_of_supply(flows) == pytest.approx(30.0 / 2.0)
    assert absorption.quarters_of_supply(flows.head(3)) is None
    assert absorption.quarters_of_supply(flows.assign(absorbed=-1.0)) is None


def test_the_horizon_shown_is_a_year_where_there_are_outcomes() -> None:
    """A year ahead is what people plan by; a series too young for it shows what it has."""
    assert track_record.shown_horizon(pd.DataFrame({"horizon": [1, 1, 1, 4, 4]})) == 4
    assert track_record.shown_horizon(pd.DataFrame({"horizon": [1, 1, 2, 2, 4]})) == 1


def test_outside_forecasts_stand_beside_outcome_and_last_value(page: html.HtmlElement) -> None:
    """Theirs missed by 2 points, the last value by 1: who was closer is said."""
    told = words(page.get_element_by_id("accuracy"))
    assert "Mean absolute error over 1 forecasts: theirs 2%, last value 1%" in told
    assert "18% 20% 21%" in told


def test_scopes_tell_who_a_series_is_about(published: Published) -> None:
    """An operator's row is its own; a sum is about everybody it can hold."""
    scopes = Scopes(read_tables(published.database))
    alpha = scopes.series("operator", ALPHA_SERIES)
    assert alpha.operators == {"alpha-data-fictitious"}
    assert alpha.stacks == {"mainland", "unknown"}
    assert "alpha-data-fictitious" in scopes.series("total", "total/mw").operators
    assert scopes.series("stack", "stack/mainland/mw").stacks == {"mainland"}
    assert scopes.series("operator", "nobody/group/mw").operators == frozenset()
    assert "hong-kong" in scopes.markets


def test_scopes_of_a_portfolio_come_from_its_buildings(complete: Published) -> None:
    """Its operators and market can be chosen; another operator's choice hides it."""
    scopes = Scopes(read_tables(complete.database))
    whole = scopes.portfolio("harbour")
    assert whole.markets == {"hong-kong"}
    assert whole.operators == {"harbour-one-fictitious", "harbour-two-fictitious"}
    building = scopes.series("facility", "harbour/H1")
    assert building.operators == {"harbour-one-fictitious"}
    assert scopes.portfolio("harbour", "us").stacks == {"us"}
