"""Charts from frames: altair in, SVG text out. Used by the report page and as metadata of runs.

Belongs here: what a picture shows and how it names its axes. Does not belong here: reading the database, page layout.
altair and vl-convert are imported inside functions, since every process that loads the definitions would pay for them.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
from typing import Any

import pandas as pd

from assets.delivery.frames import records

# Plain colours, legible on white. On a page each is replaced by the style-sheet variable of the same role, so that
# a reader's dark mode also darkens the charts.
INK = "#1c2733"
FAINT = "#8a97a6"
GRID = "#e2e7ec"
LINE = "#1f5f99"
BAND_80 = "#7fb2dd"
BAND_95 = "#c4dcf0"
OBSERVED = "#22764a"
ESTIMATED = "#c98a1b"
ASSUMED = "#b5402f"
VARIABLES = {
    INK: "--ink",
    FAINT: "--faint",
    GRID: "--grid",
    LINE: "--line",
    BAND_80: "--band80",
    BAND_95: "--band95",
    OBSERVED: "--observed",
    ESTIMATED: "--estimated",
    ASSUMED: "--assumed",
}
EVIDENCE_CLASSES = ("observed", "estimated", "assumed")
OCCUPANCY_AXIS = "Occupancy (leased / in service)"


def chart_svg(chart: Any, description: str = "", themed: bool = False) -> str:
    """The SVG text of an altair chart, safe to stand several times in one page.

    `description` becomes its title for people who cannot see it. `themed` replaces the palette by the style-sheet
    variables in VARIABLES; without it the colours are fixed, for places without that style sheet.
    """
    import vl_convert

    # Validation against the schema would take longer than drawing; the tests draw every kind of chart.
    svg = str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False), vl_version=_vegalite_version()))
    # The renderer numbers identifiers through its whole life; numbered by content the same chart is the same text.
    names = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg)))
    bare = re.sub(r'\bid="[^"]+"|url\(#[^)]+\)|\bxlink:href="#[^"]+"', "", svg)
    prefix = "c" + hashlib.sha256((bare + description).encode()).hexdigest()[:8]
    own = {name: f"{prefix}-{index}" for index, name in enumerate(names)}
    svg = re.sub(r'(\bid="|url\(#|\bxlink:href="#)([^")]+)', lambda found: found[1] + own.get(found[2], found[2]), svg)
    if description:
        label = html.escape(description, quote=True)
        svg = re.sub(r"<svg\b", f'<svg role="img" aria-label="{label}"', svg, count=1)
        svg = re.sub(r"(<svg\b[^>]*>)", rf"\1<title>{_for_replacement(label)}</title>", svg, count=1)
    else:
        svg = re.sub(r"<svg\b", '<svg aria-hidden="true"', svg, count=1)
    if themed:
        for colour, variable in VARIABLES.items():
            svg = re.sub(rf'="{colour}"', f'="var({variable})"', svg, flags=re.IGNORECASE)
        svg = re.sub(r'font-family="[^"]*"', 'font-family="inherit"', svg)
    return svg


def history_with_fan(
    history: pd.DataFrame,
    forecast: pd.DataFrame,
    title: str = "",
    axis: str = OCCUPANCY_AXIS,
    past: pd.DataFrame | None = None,
    width: int = 430,
    height: int = 220,
) -> Any:
    """Occupancy by quarter with the forecast as a fan: median, 80 % and 95 % band.

    history: quarter_end, occupancy (fraction), optional observed_share, estimated_share, assumed_share (the point's
    shape tells which prevails). forecast: quarter_end, occupancy_p05, _p10, _p50, _p90, _p95 (fractions); may be empty.
    past: vintage, quarter_end, occupancy_p50 of earlier vintages, drawn as thin lines.
    Raises ValueError where neither history nor forecast has an occupancy.
    """
    import altair as alt

    actual = history.loc[history["occupancy"].notna()].sort_values("quarter_end")
    actual = actual.assign(evidence=prevailing_evidence(actual))
    ahead = forecast.loc[forecast["occupancy_p50"].notna()] if len(forecast) else forecast
    if actual.empty and ahead.empty:
        raise ValueError(f"Chart {title!r}: neither a history nor a forecast with an occupancy; leave the chart out.")
    ahead = _joined_to_last_actual(actual, ahead)
    days = pd.to_datetime(pd.concat([frame["quarter_end"] for frame in (actual, ahead) if len(frame)]))
    x = alt.X("quarter_end:T", title="Quarter end", axis=year_axis(days))
    scale = alt.Scale(domain=_domain(actual, ahead), nice=False, clamp=True)
    y_axis = alt.Axis(format=".0%", tickCount=5)

    def y(column: str) -> Any:
        return alt.Y(f"{column}:Q", title=axis, scale=scale, axis=y_axis)

    layers = []
    data = {}
    if len(ahead):
        data["ahead"] = dated_rows(ahead, [f"occupancy_{name}" for name in ("p05", "p10", "p50", "p90", "p95")])
        base = alt.Chart(alt.NamedData("ahead"))
        layers.append(base.mark_area(color=BAND_95).encode(x=x, y=y("occupancy_p05"), y2="occupancy_p95:Q"))
        layers.append(base.mark_area(color=BAND_80).encode(x=x, y=y("occupancy_p10"), y2="occupancy_p90:Q"))
        layers.append(base.mark_line(color=LINE, strokeDash=[4, 3]).encode(x=x, y=y("occupancy_p50")))
    if past is not None and len(past):
        data["past"] = dated_rows(past.assign(vintage=past["vintage"].astype(str)), ["vintage", "occupancy_p50"])
        thin = alt.Chart(alt.NamedData("past")).mark_line(color=FAINT, strokeWidth=0.8)
        layers.append(thin.encode(x=x, y=y("occupancy_p50"), detail="vintage:N"))
    if len(actual):
        data["actual"] = dated_rows(actual, ["occupancy", "evidence"])
        base = alt.Chart(alt.NamedData("actual"))
        legend = None if (actual["evidence"] == "observed").all() else alt.Legend(title=None, orient="bottom")
        shapes = alt.Scale(domain=list(EVIDENCE_CLASSES), range=["circle", "square", "triangle-up"])
        colours = alt.Scale(domain=list(EVIDENCE_CLASSES), range=[OBSERVED, ESTIMATED, ASSUMED])
        layers.append(base.mark_line(color=LINE, strokeWidth=1.6).encode(x=x, y=y("occupancy")))
        layers.append(
            base.mark_point(filled=True, size=22, opacity=1).encode(
                x=x,
                y=y("occupancy"),
                shape=alt.Shape("evidence:N", scale=shapes, legend=legend),
                color=alt.Color("evidence:N", scale=colours, legend=legend),
            )
        )
    return dressed(alt.layer(*layers), data, title, width, height)


def evidence_share(history: pd.DataFrame, title: str = "", width: int = 430, height: int = 90) -> Any:
    """How much of each quarter's capacity is observed, estimated and assumed, stacked to 100 %.

    history: quarter_end, observed_share, estimated_share, assumed_share (fractions that sum to 1).
    """
    import altair as alt

    long = history.melt(
        id_vars="quarter_end",
        value_vars=[f"{name}_share" for name in EVIDENCE_CLASSES],
        var_name="evidence",
        value_name="share",
    )
    long["evidence"] = long["evidence"].str.removesuffix("_share")
    y_axis = alt.Axis(format=".0%", tickCount=3)
    colours = alt.Scale(domain=list(EVIDENCE_CLASSES), range=[OBSERVED, ESTIMATED, ASSUMED])
    bar = max(1.0, width / max(1, history["quarter_end"].nunique()))
    chart = (
        alt.Chart(alt.NamedData("shares"))
        .mark_bar(size=bar, clip=True)
        .encode(
            x=alt.X("quarter_end:T", title="Quarter end", axis=year_axis(pd.to_datetime(history["quarter_end"]))),
            y=alt.Y("share:Q", stack="zero", title="Share", axis=y_axis, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("evidence:N", scale=colours, legend=alt.Legend(title=None, orient="bottom")),
        )
    )
    return dressed(chart, {"shares": dated_rows(long, ["evidence", "share"])}, title, width, height)


# Lines people compare; every other model is one of the members behind them.
COMPARED = ("chosen", "combination", "naive", "prophet")


def accuracy_by_horizon(accuracy: pd.DataFrame, title: str = "", width: int = 430, height: int = 170) -> Any:
    """Mean absolute error by horizon, one line a model; members beside those of COMPARED are drawn faintly.

    accuracy: model, horizon (quarters ahead), mae_pp (percentage points), one level.
    """
    import altair as alt

    shown = accuracy.loc[accuracy["mae_pp"].notna(), ["model", "horizon", "mae_pp"]]
    named = shown["model"].isin(COMPARED)
    # Axis titles of layers are joined unless all but one are silent.
    x, y = alt.X("horizon:O", title="Quarters ahead"), alt.Y("mae_pp:Q", title="MAE (points of occupancy)")
    members = alt.Chart(alt.NamedData("members")).mark_line(color=FAINT, opacity=0.6, strokeWidth=1)
    errors = alt.Chart(alt.NamedData("errors")).mark_line(point=True)
    chart = members.encode(x=x, y=y, detail="model:N") + errors.encode(
        x=x,
        y=y,
        color=alt.Color("model:N", legend=alt.Legend(title=None, orient="bottom", columns=4)),
        strokeDash=alt.StrokeDash("model:N", legend=None),
    )
    frames = {"members": records(shown[~named]), "errors": records(shown[named] if named.any() else shown)}
    return dressed(chart, frames, title, width, height)


def coverage_by_horizon(accuracy: pd.DataFrame, title: str = "", width: int = 430, height: int = 110) -> Any:
    """Share of outcomes inside the published bands by horizon, with lines at what they promise.

    accuracy: horizon (quarters ahead), coverage_80, coverage_95 (fractions), one model and level.
    """
    import altair as alt

    names = {"coverage_80": "80 % band", "coverage_95": "95 % band"}
    long = accuracy.rename(columns=names).melt(["horizon"], list(names.values()), "band", "inside").dropna()
    colours = alt.Scale(domain=list(names.values()), range=[LINE, OBSERVED])
    base = alt.Chart(alt.NamedData("inside")).mark_line(point=True)
    lines = base.encode(
        x=alt.X("horizon:O", title="Quarters ahead"),
        y=alt.Y("inside:Q", title="Outcomes inside", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0.5, 1.0])),
        color=alt.Color("band:N", scale=colours, legend=alt.Legend(title=None, orient="bottom")),
    )
    promised = alt.Chart(alt.NamedData("promised")).mark_rule(strokeDash=[4, 3])
    rules = promised.encode(y="share:Q", color=alt.Color("band:N", scale=colours))
    data = {
        "inside": records(long[["horizon", "band", "inside"]]),
        "promised": [{"share": 0.8, "band": "80 % band"}, {"share": 0.95, "band": "95 % band"}],
    }
    return dressed(lines + rules, data, title, width, height)


def source_dots(pairs: pd.DataFrame, title: str = "", width: int = 430) -> Any:
    """What sources state for one metric, a row a market: dots for the values, a rule from the lowest to the highest.

    pairs: market, source, value (fraction), one metric.
    """
    import altair as alt

    x_axis = alt.Axis(format=".0%")
    y = alt.Y("market:N", title=None)
    base = alt.Chart(alt.NamedData("pairs"))
    rules = base.mark_rule(color=FAINT).encode(y=y, x=alt.X("min(value):Q", title=title or "Value"), x2="max(value):Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        y=y,
        x=alt.X("value:Q", title=title or "Value", axis=x_axis, scale=alt.Scale(zero=False)),
        color=alt.Color("source:N", legend=alt.Legend(title=None, orient="bottom", columns=2)),
        shape=alt.Shape("source:N", legend=None),
    )
    data = {"pairs": records(pairs[["market", "source", "value"]])}
    return dressed(alt.layer(rules, dots), data, "", width, 26 * max(2, pairs["market"].nunique()))


def sparkline(history: pd.DataFrame, width: int = 96, height: int = 20) -> str:
    """The course of occupancy as a small SVG without axes, for a table cell beside its last value; themed.

    history: quarter_end, occupancy (fraction), at least two rows with a value. Drawn here, since a league table has
    a hundred of them and a chart library takes a tenth of a second each.
    """
    shown = history.loc[history["occupancy"].notna()].sort_values("quarter_end")
    days = pd.to_datetime(shown["quarter_end"]).map(pd.Timestamp.toordinal)
    values = shown["occupancy"].astype(float)
    long, high = max(1, int(days.max() - days.min())), max(1e-9, float(values.max() - values.min()))
    xs = 2 + (days - days.min()) / long * (width - 4)
    ys = height - 2 - (values - values.min()) / high * (height - 4)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return (
        f'<svg aria-hidden="true" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<polyline points="{path}" fill="none" stroke="var(--line)" stroke-width="1.3"/>'
        f'<circle cx="{xs.iloc[-1]:.1f}" cy="{ys.iloc[-1]:.1f}" r="2" fill="var(--line)"/></svg>'
    )


def prevailing_evidence(history: pd.DataFrame) -> pd.Series:
    """observed, estimated or assumed for each row: the largest share; observed where no shares are given."""
    columns = [f"{name}_share" for name in EVIDENCE_CLASSES]
    if not set(columns) <= set(history.columns):
        return pd.Series("observed", index=history.index, dtype=object)
    if history.empty:
        return pd.Series(dtype=object)
    return history[columns].fillna(0.0).idxmax(axis=1).str.removesuffix("_share")


def _joined_to_last_actual(actual: pd.DataFrame, ahead: pd.DataFrame) -> pd.DataFrame:
    """Let the fan open at the last actual value instead of hanging in the air."""
    if actual.empty or ahead.empty:
        return ahead
    before = actual.loc[pd.to_datetime(actual["quarter_end"]) < pd.to_datetime(ahead["quarter_end"]).min()]
    if before.empty:
        return ahead
    last = before.iloc[-1]
    start = {column: last["occupancy"] for column in ahead.columns if column.startswith("occupancy_p")}
    return pd.concat([pd.DataFrame([{"quarter_end": last["quarter_end"], **start}]), ahead], ignore_index=True)


def dated_rows(frame: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Rows with quarter_end as ISO text: altair's own way through a frame takes far longer than drawing it."""
    days = pd.to_datetime(frame["quarter_end"]).dt.strftime("%Y-%m-%d")
    return [
        dict(zip(["quarter_end", *columns], row, strict=True))
        for row in zip(days, *(frame[name].tolist() for name in columns), strict=True)
    ]


def year_axis(days: pd.Series) -> Any:
    """Labels at the turn of the year, at most ten of them."""
    import altair as alt

    years = int(days.max().year - days.min().year) + 1
    interval = {"interval": "year", "step": max(1, math.ceil(years / 10))}
    return alt.Axis(format="%Y", tickCount=interval)


def _domain(actual: pd.DataFrame, ahead: pd.DataFrame) -> list[float]:
    """From a little under the lowest to a little above the highest, at least ten points high and never above 100 %
    unless a value is.
    """
    values = [actual["occupancy"]] if len(actual) else []
    if len(ahead):
        values += [ahead["occupancy_p05"], ahead["occupancy_p95"]]
    joined = pd.concat(values).dropna() if values else pd.Series([0.0, 1.0])
    low, high = float(joined.min()), float(joined.max())
    room = max(0.02, (0.10 - (high - low)) / 2)
    return [max(0.0, low - room), max(high, min(1.0, high + room))]


def dressed(chart: Any, data: dict[str, list[dict[str, Any]]], title: str, width: int, height: int) -> Any:
    """Size, house style and data, set once: every altair method would copy all rows again."""
    chart.width, chart.height = width, height
    if title:
        chart.title = title
    chart.datasets = data
    chart.config = {
        "background": "transparent",
        "font": "sans-serif",
        "aria": False,
        "view": {"stroke": None},
        "title": {
            "color": INK,
            "subtitleColor": FAINT,
            "fontSize": 13,
            "anchor": "start",
            "fontWeight": "bold",
            "limit": width,
        },
        "axis": {
            "labelColor": INK,
            "titleColor": INK,
            "gridColor": GRID,
            "domainColor": FAINT,
            "tickColor": FAINT,
            "titleFontWeight": "normal",
            "labelFontSize": 11,
            "titleFontSize": 11,
        },
        "legend": {"labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "labelFontSize": 11},
    }
    return chart


def _vegalite_version() -> str:
    import altair as alt

    return "v" + "_".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def _for_replacement(text: str) -> str:
    return text.replace("\\", r"\\")
