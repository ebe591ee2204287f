"""Pictures of leases: what each bar and line stands for must be its number, with its unit, and never markup."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lease_case import AS_OF, ENDS, OPERATORS, lease_tables

from assets.delivery import lease_charts
from assets.delivery.charts import Picture, chart_svg, fans, flows, holdings, scenarios

HOSTILE = '<script>alert("x")</script> & "Sons"'
SVG_LIMIT = 200 * 1024


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return lease_tables()


def total(frame: pd.DataFrame, scenario: str | None = None) -> pd.DataFrame:
    rows = frame[frame["level"] == "total"]
    return rows if scenario is None else rows[rows["scenario"] == scenario]


def texts(picture: Picture) -> list[str]:
    """Every English text of a chart, its title and note first."""
    root = ElementTree.fromstring(chart_svg(picture))
    for parent in root.iter():
        for child in [one for one in parent if one.get("class") == "zh"]:
            parent.remove(child)
    return ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("}text")]


def told(picture: Picture) -> list[tuple[str, ...]]:
    """The numbers beside a chart, in English."""
    return [tuple(str(cell) for cell in row) for row in picture.rows]


def test_the_standard_set_has_every_kind_and_is_small(tables: dict[str, pd.DataFrame]) -> None:
    """The page and the runs' metadata show this set; a kind that falls out silently would be missed by nobody."""
    pictures = lease_charts.lease_pictures(tables)
    for start in (
        "Expiries by year and sector", "Expiries by year and tier", "Expiries by quarter", "Leased MW by stack",
        "Occupancy by scenario, all", "Occupancy by scenario, US", "Absorption", "Backlog", "Waterfall, hard ban",
        "Who loses", "Tornado, base",
    ):  # fmt: skip
        assert any(title.startswith(start) for title in pictures), start
    assert not any("/" in title for title in pictures)
    assert all(picture.summary for picture in pictures.values())
    assert sum(len(picture.body) for picture in pictures.values()) < SVG_LIMIT


def test_no_rows_make_no_pictures(tables: dict[str, pd.DataFrame]) -> None:
    """A rent roll may be there before the first simulation, or no rent roll at all."""
    assert lease_charts.lease_pictures({}) == {}
    assert lease_charts.lease_pictures({key: frame.head(0) for key, frame in tables.items()}) == {}
    assert set(lease_charts.lease_pictures({"lease_expiries": tables["lease_expiries"]})) == {
        "Expiries by year and sector", "Expiries by year and tier", "Expiries by quarter and sector",
        "Leased MW by stack and sector",
    }  # fmt: skip


@pytest.mark.parametrize("illustrative", [True, False])
def test_invented_portfolios_say_so_in_every_picture(illustrative: bool) -> None:
    """A picture travels without its page; only invented figures may be marked as such."""
    for title, picture in lease_charts.lease_pictures(lease_tables(illustrative=illustrative)).items():
        assert any("illustrative, not real" in text for text in texts(picture)) == illustrative, title


def test_expiries_carry_wale_axis_and_sums(tables: dict[str, pd.DataFrame]) -> None:
    """A reader adds up the bars: each has its sum, years without an expiry stay, and WALE stands above."""
    picture = holdings.expiries_by_year(tables["lease_expiries"], total(tables["wale"]), "sector")
    shown = texts(picture)
    assert {"WALE 3.2 years by MW, 2.8 by rent", "Expiring MW (in place, no options)", "6.0", "3.0"} <= set(shown)
    assert {"2026", "2028", "2031", "government", "cloud provider", "unknown"} <= set(shown)
    sums = {row[0]: row[-1] for row in told(picture)}
    assert sums == {"2026": "6.0", "2027": "3.0", "2028": "0.0", "2029": "0.0", "2030": "0.0", "2031": "6.0"}


def test_quarters_show_the_two_years_after_the_leases_date(tables: dict[str, pd.DataFrame]) -> None:
    """A contract that ends in 2031, or that ended on the day itself, is no expiry of the next two years."""
    today = tables["lease_expiries"].head(1).assign(expiry_quarter=AS_OF, mw=99.0)
    expiries = pd.concat([tables["lease_expiries"], today])
    picture = holdings.expiries_by_quarter(expiries, tables["wale"].head(0))
    sums = {row[0]: row[-1] for row in told(picture) if row[-1] != "0.0"}
    assert sums == {"Q1 26": "1.0", "Q2 26": "5.0", "Q3 27": "3.0"}
    assert [row[0] for row in told(picture)][-1] == "Q4 27"
    with pytest.raises(ValueError, match="no contract ends"):
        holdings.expiries_by_quarter(expiries[expiries["mw"] > 50], tables["wale"])


def test_leases_of_an_earlier_date_are_not_added(tables: dict[str, pd.DataFrame]) -> None:
    """A table that keeps two dates holds the same leases twice."""
    now = tables["lease_expiries"]
    both = pd.concat([now, now.assign(as_of=AS_OF - pd.offsets.QuarterEnd(1))])
    sums = [
        told(lease_charts.lease_pictures({"lease_expiries": one})["Leased MW by stack and sector"])
        for one in (now, both)
    ]
    assert sums[0] == sums[1]


def test_fans_begin_at_today_and_name_base_and_what_parts_from_it(tables: dict[str, pd.DataFrame]) -> None:
    """Lines that hang in the air suggest a jump; a line without a name suggests anything."""
    own = total(tables["occupancy_forecast"])
    picture = fans.scenario_fans(own, "All", now=(AS_OF, 0.7))
    assert {"Occupancy (leased MW / in-service MW)", "base, 80 % band", "hard ban", "gov no renewal"} <= set(
        texts(picture)
    )
    assert ("base", "75.0%", "70.0%", "80.0%") in told(picture)
    begin = {group.split('d="M')[2].split("L")[0] for group in picture.body.split("<g data-sc=")[1:3]}
    assert len(begin) == 1
    with pytest.raises(ValueError, match="no forecast of scenario 'base'"):
        fans.scenario_fans(own[own["scenario"] != "base"], "All")


def test_every_scenario_is_a_group_with_a_band_of_its_own(tables: dict[str, pd.DataFrame]) -> None:
    """The page shows one scenario beside base without a server: all it needs must be in the picture."""
    body = fans.scenario_fans(total(tables["occupancy_forecast"]), "All").body
    for scenario in ("gov_no_renewal", "hard_ban"):
        group = body.split(f'<g data-sc="{scenario}">')[1].split("</g>")[0]
        assert group.startswith('<path class="bs"')
    assert '<g data-sc="base"><path class="sb"' in body


def test_many_scenarios_are_grey_beyond_those_that_part_most(tables: dict[str, pd.DataFrame]) -> None:
    """Twenty coloured lines cannot be told apart; how many are grey is said."""
    base = total(tables["occupancy_forecast"], "base")
    copies = [base.assign(scenario=f"s{n:02d}", occupancy_p50=base["occupancy_p50"] - n / 100) for n in range(12)]
    shown = texts(fans.scenario_fans(pd.concat([base, *copies]), "All"))
    assert {one for one in shown if one.startswith("s")} == {"s06", "s07", "s08", "s09", "s10", "s11"}
    assert "6 closer to base" in shown


def test_earlier_vintages_of_base_are_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """What was forecast before belongs into the picture."""
    every = tables["occupancy_forecast"]
    old = every.assign(vintage=AS_OF - pd.offsets.QuarterEnd(1))
    picture = lease_charts.lease_pictures(tables | {"occupancy_forecast": pd.concat([every, old])})
    assert "1 earlier vintages" in texts(picture["Occupancy by scenario, all buildings"])
    assert picture["Occupancy by scenario, all buildings"].body.count('class="p v"') == 2


def test_absorption_compares_neighbouring_quarters_alone(tables: dict[str, pd.DataFrame]) -> None:
    """A gap in the history, or a building that is no longer listed, is no absorption."""
    history = tables["portfolio_history"]
    flows_of = lease_charts.portfolio_flows(history)
    assert flows_of["absorbed"].tolist()[1:] == pytest.approx([1.0, 3.0])
    assert flows_of["vacancy"].tolist() == pytest.approx([0.45, 0.4, 0.25])
    gone = history[~((history["quarter_end"] == AS_OF) & history["facility_id"].str.endswith("H2"))]
    assert lease_charts.portfolio_flows(gone)["absorbed"].isna().tolist() == [True, False, True]
    apart = history[history["quarter_end"] != sorted(history["quarter_end"].unique())[1]]
    assert lease_charts.portfolio_flows(apart)["absorbed"].isna().all()


def test_waterfall_steps_lead_from_base_to_the_scenario(tables: dict[str, pd.DataFrame]) -> None:
    """Bars that do not join are not a waterfall; flows are another split of the same difference."""
    picture = scenarios.waterfall(total(tables["scenario_effects"], "hard_ban"), "Ban")
    assert told(picture) == [
        ("base", "15.0"), ("ban.early_ends", "\u22124.0"), ("ban.moves", "+1.0"), ("hard ban", "12.0"),
    ]  # fmt: skip
    shown = texts(picture)
    assert any(text.startswith("Mean leased MW (commenced), 2027-12-31") for text in shown)
    assert {"\u22124.0", "ban.moves"} <= set(shown)
    with pytest.raises(ValueError, match="kind 'start'"):
        scenarios.waterfall(total(tables["scenario_effects"], "hard_ban").iloc[1:], "Ban")


def test_waterfall_of_many_shocks_sums_the_smallest() -> None:
    """Nothing is dropped: what has no bar of its own is in one for all of them."""
    count = scenarios.MOST_STEPS + 5
    rows = [{"kind": "start", "cause": "base", "delta_mw": 100.0}]
    rows += [{"kind": "step", "cause": f"s{n}", "delta_mw": -0.1 * (n + 1)} for n in range(count)]
    rows += [{"kind": "end", "cause": "scenario", "delta_mw": 100.0 - 0.1 * count * (count + 1) / 2}]
    frame = pd.DataFrame(rows).assign(position=range(len(rows)), scenario="many", quarter_end=ENDS[-1])
    bars = scenarios.steps(frame)
    assert str(bars[-2][0]) == "5 smaller shocks"
    assert sum(change for _, kind, change in bars if kind != "end") == pytest.approx(bars[-1][2])


def test_tornado_puts_the_widest_first_around_the_centre(tables: dict[str, pd.DataFrame]) -> None:
    """The question is which assumption swings the result most, and to which side."""
    own = total(tables["scenario_sensitivity"], "base").iloc[::-1]
    picture = scenarios.tornado(own, 15.0, "Base")
    assert told(picture) == [
        ("renewal", "0.5 \u2026 0.92", "14.0", "16.2", "2.2"),
        ("absorption", "0.05 \u2026 0.25", "14.8", "15.2", "0.4"),
    ]  # fmt: skip
    assert "Mean leased MW (commenced), 2027-12-31" in texts(picture)
    many = pd.concat([own.assign(parameter=f"p{n}", swing_mw=n) for n in range(20)])
    assert any(text.startswith("the 12 widest of 40") for text in texts(scenarios.tornado(many, None, "Many")))


def test_centre_is_the_scenarios_own_level(tables: dict[str, pd.DataFrame]) -> None:
    """Bars around another scenario's level would show swings that do not exist."""
    effects = tables["scenario_effects"]
    assert lease_charts.centre_mw(effects, "base") == 15.0
    assert lease_charts.centre_mw(effects, "hard_ban") == 12.0
    assert lease_charts.centre_mw(effects, "another") is None


def test_backlog_columns_are_what_begins_and_what_is_left(tables: dict[str, pd.DataFrame]) -> None:
    """Two meanings of backlog in one colour would be read as one."""
    picture = flows.backlog_runoff(tables["backlog_runoff"], "Backlog")
    assert {"begins in the quarter", "left at its end", "1.5", "3.0", "Q1 26"} <= set(texts(picture))
    assert told(picture)[0] == ("Q1 26", "1.5", "3.0")


def test_heat_map_shows_unknown_and_empty_classes(tables: dict[str, pd.DataFrame]) -> None:
    """Unknown is a class; a class without a lease is an answer."""
    picture = holdings.stack_by_sector(tables["lease_expiries"], "Leased")
    head = [str(one) for one in picture.head]
    cells = {(row[0], stack): float(mw) for row in told(picture) for stack, mw in zip(head[1:], row[1:], strict=True)}
    assert cells["unknown", "unknown"] == 1.0
    assert cells["banking", "dual"] == 0.0
    assert sum(cells.values()) == pytest.approx(15.0)
    assert "Leased MW (contracted and commenced)" in texts(picture)


def test_losers_and_gainers_stand_on_two_sides(tables: dict[str, pd.DataFrame]) -> None:
    """Who loses and who gains is read from the side of the bar, at eight quarters."""
    names = lease_charts.series_names(tables["facilities"])
    changes = lease_charts.change_by_operator(tables["occupancy_forecast"], "hard_ban", names)
    assert dict(zip(changes["name"], changes["change_mw"], strict=True)) == pytest.approx(
        {OPERATORS[0]: -1.0, OPERATORS[1]: 1.0}
    )
    picture = scenarios.gains_and_losses(changes, "Ban")
    assert told(picture) == [(OPERATORS[0], "\u22121.0"), (OPERATORS[1], "+1.0")]
    assert (picture.body.count('class="down"'), picture.body.count('class="up"')) == (1, 1)
    assert "Change of median leased MW against base, 2027-12-31" in texts(picture)


def test_scenarios_that_questions_name_are_always_drawn(tables: dict[str, pd.DataFrame]) -> None:
    """A larger shock of another scenario must not push out what readers ask for."""
    effects = tables["scenario_effects"]
    steps = effects[(effects["scenario"] == "hard_ban") & (effects["level"] == "total")]
    louder = [steps.assign(scenario=f"loud_{n}", delta_mw=steps["delta_mw"] * 9) for n in range(4)]
    shown = lease_charts.shown_scenarios(pd.concat([effects, *louder]))
    assert shown == ["hard_ban", "gov_no_renewal", "loud_0"]


def test_words_of_files_are_escaped(tables: dict[str, pd.DataFrame]) -> None:
    """Names of operators, shocks and scenarios come from files that anybody may write."""
    effects = total(tables["scenario_effects"], "hard_ban").assign(cause=HOSTILE)
    changes = pd.DataFrame({"series_id": ["a"], "name": [HOSTILE], "change_mw": [1.0], "quarter_end": [ENDS[-1]]})
    expiries = tables["lease_expiries"].assign(sector=HOSTILE, stack=HOSTILE)
    forecast = total(tables["occupancy_forecast"]).replace({"scenario": {"hard_ban": HOSTILE}})
    for picture in (
        scenarios.waterfall(effects, HOSTILE),
        scenarios.gains_and_losses(changes, HOSTILE),
        holdings.expiries_by_year(expiries, tables["wale"].head(0)),
        holdings.stack_by_sector(expiries, HOSTILE),
        fans.scenario_fans(forecast, HOSTILE),
    ):
        svg = chart_svg(picture, HOSTILE)
        assert "<script" not in svg
        assert "&lt;script&gt;" in svg
        ElementTree.fromstring(svg)


@given(st.floats(-1e5, 1e5))
def test_signed_megawatts_keep_sign_and_size(value: float) -> None:
    """'-0.0' and a hyphen for a minus are both misread; the number must come back from its text."""
    text = scenarios.signed(value)
    assert "-" not in text
    assert float(text.replace("\u2212", "-")) == pytest.approx(round(value, 1))
    assert text == "0.0" or text[0] in "+\u2212"
