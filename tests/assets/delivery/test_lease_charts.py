"""Pictures of leases: what each bar and line stands for must be its number, with its unit, and never markup."""

from __future__ import annotations

import html
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lease_case import AS_OF, ENDS, OPERATORS, lease_tables

from assets.delivery import lease_charts
from assets.delivery.charts import chart_svg

HOSTILE = '<script>alert("x")</script> & "Sons"'
SVG_LIMIT = 400 * 1024


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return lease_tables()


def total(frame: pd.DataFrame, scenario: str | None = None) -> pd.DataFrame:
    rows = frame[frame["level"] == "total"]
    return rows if scenario is None else rows[rows["scenario"] == scenario]


def texts(chart: object) -> list[str]:
    """Every text of the rendered chart."""
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", chart_svg(chart))]


def test_the_standard_set_has_every_kind_and_is_small(tables: dict[str, pd.DataFrame]) -> None:
    """The page and the runs' metadata show this set; a kind that falls out silently would be missed by nobody."""
    pictures = lease_charts.lease_pictures(tables)
    for start in (
        "Expiries by year and sector", "Expiries by year and tier", "Expiries by quarter", "Leased MW by stack",
        "Occupancy by scenario, all", "Occupancy by scenario, US", "Backlog", "Waterfall, hard ban", "Who loses",
        "Tornado, base",
    ):  # fmt: skip
        assert any(title.startswith(start) for title in pictures), start
    for title, chart in pictures.items():
        chart.to_dict(validate=True)
        assert "/" not in title
    assert sum(len(chart_svg(chart)) for chart in pictures.values()) < SVG_LIMIT


def test_no_rows_make_no_pictures(tables: dict[str, pd.DataFrame]) -> None:
    """A rent roll may be there before the first simulation, or no rent roll at all."""
    assert lease_charts.lease_pictures({}) == {}
    assert lease_charts.lease_pictures({name: frame.head(0) for name, frame in tables.items()}) == {}
    assert set(lease_charts.lease_pictures({"lease_expiries": tables["lease_expiries"]})) == {
        "Expiries by year and sector", "Expiries by year and tier", "Expiries by quarter and sector",
        "Leased MW by stack and sector",
    }  # fmt: skip


@pytest.mark.parametrize("illustrative", [True, False])
def test_invented_portfolios_say_so_in_every_picture(illustrative: bool) -> None:
    """A picture travels without its page; only invented figures may be marked as such."""
    for title, chart in lease_charts.lease_pictures(lease_tables(illustrative=illustrative)).items():
        assert any("illustrative, not real" in text for text in texts(chart)) == illustrative, title


def test_expiries_carry_wale_axis_and_sums(tables: dict[str, pd.DataFrame]) -> None:
    """A reader adds up the bars: each has its sum, years without an expiry stay, and WALE stands above."""
    shown = texts(lease_charts.expiries_by_year(tables["lease_expiries"], total(tables["wale"]), "sector"))
    assert "WALE 3.2 years by MW, 2.8 by rent" in shown
    assert lease_charts.EXPIRING in shown
    assert {"6.0", "3.0"} <= set(shown)
    assert {"2026", "2028", "2031"} <= set(shown)
    assert {"government", "cloud provider", "unknown"} <= set(shown)


def test_quarters_show_the_two_years_after_the_leases_date(tables: dict[str, pd.DataFrame]) -> None:
    """A contract that ends in 2031, or that ended on the day itself, is no expiry of the next two years."""
    today = tables["lease_expiries"].head(1).assign(expiry_quarter=AS_OF, mw=99.0)
    expiries = pd.concat([tables["lease_expiries"], today])
    chart = lease_charts.expiries_by_quarter(expiries, tables["wale"].head(0))
    data = chart.to_dict()["datasets"]
    assert {row["when"]: row["mw"] for row in data["sums"]} == {"Q1 26": 1.0, "Q2 26": 5.0, "Q3 27": 3.0}
    assert "Q4 27" in texts(chart)
    with pytest.raises(ValueError, match="no contract ends"):
        lease_charts.expiries_by_quarter(expiries[expiries["mw"] > 50], tables["wale"])


def test_leases_of_an_earlier_date_are_not_added(tables: dict[str, pd.DataFrame]) -> None:
    """A table that keeps two dates holds the same leases twice."""
    now = tables["lease_expiries"]
    both = pd.concat([now, now.assign(as_of=AS_OF - pd.offsets.QuarterEnd(1))])
    sums = [
        lease_charts.lease_pictures({"lease_expiries": one})["Leased MW by stack and sector"].to_dict()["datasets"]
        for one in (now, both)
    ]
    assert sums[0] == sums[1]


def test_fans_begin_at_today_and_name_base_and_what_parts_from_it(tables: dict[str, pd.DataFrame]) -> None:
    """Lines that hang in the air suggest a jump; a line without a name suggests anything."""
    own = total(tables["occupancy_forecast"])
    chart = lease_charts.scenario_fans(own, "All", now=(AS_OF, 0.7))
    data = chart.to_dict()["datasets"]
    assert data["band"][0] == {
        "quarter_end": "2025-12-31",
        "occupancy_p10": 0.7,
        "occupancy_p50": 0.7,
        "occupancy_p90": 0.7,
    }
    assert data["band"][-1]["occupancy_p10"] == pytest.approx(0.70)
    assert data["band"][-1]["occupancy_p90"] == pytest.approx(0.80)
    shown = texts(chart)
    assert lease_charts.OCCUPANCY in shown
    assert {"base (80 % band)", "hard ban", "gov no renewal"} <= set(shown)
    with pytest.raises(ValueError, match="no forecast of scenario 'base'"):
        lease_charts.scenario_fans(own[own["scenario"] != "base"], "All")


def test_many_scenarios_are_grey_beyond_those_that_part_most(tables: dict[str, pd.DataFrame]) -> None:
    """Twenty coloured lines cannot be told apart; how many are grey is said."""
    base = total(tables["occupancy_forecast"], "base")
    copies = [base.assign(scenario=f"s{n:02d}", occupancy_p50=base["occupancy_p50"] - n / 100) for n in range(12)]
    chart = lease_charts.scenario_fans(pd.concat([base, *copies]), "All")
    named = {row["scenario"] for row in chart.to_dict()["datasets"]["named"]}
    assert named == {"s07", "s08", "s09", "s10", "s11"}
    assert "7 closer to base" in texts(chart)


def test_earlier_vintages_of_base_are_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """What was forecast before belongs into the picture."""
    every = tables["occupancy_forecast"]
    old = every.assign(vintage=AS_OF - pd.offsets.QuarterEnd(1))
    pictures = lease_charts.lease_pictures(tables | {"occupancy_forecast": pd.concat([every, old])})
    data = pictures["Occupancy by scenario, all buildings"].to_dict()["datasets"]
    assert {row["vintage"][:10] for row in data["past"]} == {"2025-09-30"}
    assert [row["occupancy"] for row in data["history"]] == pytest.approx([0.55, 0.6, 0.75])


def test_waterfall_steps_lead_from_base_to_the_scenario(tables: dict[str, pd.DataFrame]) -> None:
    """Bars that do not join are not a waterfall; flows are another split of the same difference."""
    chart = lease_charts.waterfall(total(tables["scenario_effects"], "hard_ban"), "Ban")
    bars = chart.to_dict()["datasets"]["bars"]
    assert [(bar["cause"], bar["low"], bar["high"], bar["text"]) for bar in bars] == [
        ("base", 15.0, 15.0, "15.0"), ("ban.early_ends", 11.0, 15.0, "\u22124.0"), ("ban.moves", 11.0, 12.0, "+1.0"),
        ("hard ban", 12.0, 12.0, "12.0"),
    ]  # fmt: skip
    shown = texts(chart)
    assert any(text.startswith("Mean leased MW (commenced), 2027-12-31") for text in shown)
    assert {"\u22124.0", "ban.moves"} <= set(shown)
    with pytest.raises(ValueError, match="kind 'start'"):
        lease_charts.waterfall(total(tables["scenario_effects"], "hard_ban").iloc[1:], "Ban")


def test_waterfall_of_many_shocks_sums_the_smallest(tables: dict[str, pd.DataFrame]) -> None:
    """Nothing is dropped: what has no bar of its own is in one for all of them."""
    count = lease_charts.MOST_STEPS + 5
    rows = [{"kind": "start", "cause": "base", "delta_mw": 100.0}]
    rows += [{"kind": "step", "cause": f"s{n}", "delta_mw": -0.1 * (n + 1)} for n in range(count)]
    rows += [{"kind": "end", "cause": "scenario", "delta_mw": 100.0 - 0.1 * count * (count + 1) / 2}]
    frame = pd.DataFrame(rows).assign(position=range(len(rows)), scenario="many", quarter_end=ENDS[-1])
    bars = lease_charts.waterfall(frame, "Many").to_dict()["datasets"]["bars"]
    assert bars[-2]["cause"] == "5 smaller shocks"
    assert bars[-2]["low"] == pytest.approx(bars[-1]["at"])


def test_tornado_puts_the_widest_first_around_the_centre(tables: dict[str, pd.DataFrame]) -> None:
    """The question is which assumption swings the result most, and to which side."""
    own = total(tables["scenario_sensitivity"], "base").iloc[::-1]
    chart = lease_charts.tornado(own, 15.0, "Base")
    bars = chart.to_dict()["datasets"]["bars"]
    assert [bar["parameter"] for bar in bars[::2]] == ["renewal (0.5 to 0.92)", "absorption (0.05 to 0.25)"]
    assert [(bar["end"], bar["mw"], bar["middle"]) for bar in bars[:2]] == [
        ("at its low", 14.0, 15.0),
        ("at its high", 16.25, 15.0),
    ]
    shown = texts(chart)
    assert {"2.2 MW", "0.4 MW"} <= set(shown)
    assert any(text.startswith(lease_charts.LEASED) for text in shown)
    many = pd.concat([own.assign(parameter=f"p{n}", swing_mw=n) for n in range(20)])
    assert any(text.startswith("the 12 widest of 40") for text in texts(lease_charts.tornado(many, None, "Many")))


def test_centre_is_the_scenarios_own_level(tables: dict[str, pd.DataFrame]) -> None:
    """Bars around another scenario's level would show swings that do not exist."""
    effects = tables["scenario_effects"]
    assert lease_charts.centre_mw(effects, "base") == 15.0
    assert lease_charts.centre_mw(effects, "hard_ban") == 12.0
    assert lease_charts.centre_mw(effects, "another") is None


def test_backlog_columns_are_what_begins_and_what_is_left(tables: dict[str, pd.DataFrame]) -> None:
    """Two meanings of backlog in one colour would be read as one."""
    shown = texts(lease_charts.backlog_runoff(tables["backlog_runoff"], "Backlog"))
    assert {"begins in the quarter", "left at its end", "1.5", "3.0", "Q1 26"} <= set(shown)
    assert any("signed, not commenced" in text for text in shown)


def test_heat_map_shows_unknown_and_empty_classes(tables: dict[str, pd.DataFrame]) -> None:
    """Unknown is a class; a class without a lease is an answer."""
    chart = lease_charts.stack_by_sector(tables["lease_expiries"], "Leased")
    cells = {(row["stack"], row["sector"]): row["mw"] for row in chart.to_dict()["datasets"]["cells"]}
    assert cells["stack unknown", "unknown"] == 1.0
    assert cells["dual stack", "banking"] == 0.0
    assert sum(cells.values()) == pytest.approx(15.0)
    assert "Leased MW (contracted and commenced)" in texts(chart)


def test_losers_and_gainers_stand_on_two_sides(tables: dict[str, pd.DataFrame]) -> None:
    """Who loses and who gains is read from the side of the bar, at eight quarters."""
    names = lease_charts.series_names(tables["facilities"])
    changes = lease_charts.change_by_operator(tables["occupancy_forecast"], "hard_ban", names)
    assert dict(zip(changes["name"], changes["change_mw"], strict=True)) == pytest.approx(
        {OPERATORS[0]: -1.0, OPERATORS[1]: 1.0}
    )
    chart = lease_charts.gains_and_losses(changes, "Ban")
    data = chart.to_dict()["datasets"]
    assert [(row["name"], row["side"]) for row in data["changes"]] == [(OPERATORS[0], "loses"), (OPERATORS[1], "gains")]
    shown = texts(chart)
    assert {"+1.0", "\u22121.0", "Change of median leased MW against base, 2027-12-31"} <= set(shown)


def test_scenarios_that_questions_name_are_always_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """A larger shock of another scenario must not push out what readers ask for."""
    effects = tables["scenario_effects"]
    steps = effects[(effects["scenario"] == "hard_ban") & (effects["level"] == "total")]
    louder = [steps.assign(scenario=f"loud_{n}", delta_mw=steps["delta_mw"] * 9) for n in range(4)]
    shown = lease_charts.shown_scenarios(pd.concat([effects, *louder]))
    assert shown == ["hard_ban", "gov_no_renewal", "loud_0"]


def test_words_of_files_are_escaped(tables: dict[str, pd.DataFrame]) -> None:
    """Names of operators and shocks come from files that anybody may write."""
    effects = total(tables["scenario_effects"], "hard_ban").assign(cause=HOSTILE)
    changes = pd.DataFrame({"series_id": ["a"], "name": [HOSTILE], "change_mw": [1.0], "quarter_end": [ENDS[-1]]})
    expiries = tables["lease_expiries"].assign(sector=HOSTILE, stack=HOSTILE)
    for chart in (
        lease_charts.waterfall(effects, HOSTILE),
        lease_charts.gains_and_losses(changes, HOSTILE),
        lease_charts.expiries_by_year(expiries, tables["wale"].head(0)),
        lease_charts.stack_by_sector(expiries, HOSTILE),
    ):
        svg = chart_svg(chart, HOSTILE)
        assert "<script" not in svg
        assert "&lt;script&gt;" in svg


@given(st.floats(-1e5, 1e5))
def test_signed_megawatts_keep_sign_and_size(value: float) -> None:
    """'-0.0' and a hyphen for a minus are both misread; the number must come back from its text."""
    text = lease_charts.signed(value)
    assert "-" not in text
    assert float(text.replace("\u2212", "-")) == pytest.approx(round(value, 1))
    assert text == "0.0" or text[0] in "+\u2212"
