"""Drawing: scales, axes, marks and legends as short SVG text, shared by every chart.

Belongs here: how a chart is put together. Does not belong here: what a chart shows, which data it takes.
Marks carry classes, no colours: templates/charts.css gives each class its colour from the variables of the page, so
that charts follow light, dark and print. Texts stand in both languages (words.py). Drawn here and not by a chart
library, since a page has a hundred charts, each with many past vintages: one costs milliseconds and a few kilobytes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from assets.delivery.words import Said, Text, both, name, say

WIDTH = 400
LEFT, RIGHT = 44, 14
LETTER = 6.0
ROW = 16
_STYLE = Path(__file__).parents[1] / "templates" / "charts.css"
_LIGHT = (
    ":root{--paper:#fff;--card:#fff;--ink:#18212b;--faint:#566472;--grid:#e3e8ed;--line:#1d5f9e;--band80:#9cc3e6;"
    "--band95:#d3e4f4;--past:#93a1af;--observed:#1d7446;--estimated:#8a5a08;--assumed:#b23b2a;--gain:#2b7a4b;"
    "--fill-observed:#3a9763;--fill-estimated:#c4912f;--fill-assumed:#c65a48;"
    "--loss:#b9432f;--level:#74818e;--k0:#2f6fae;--k1:#d0741c;--k2:#3b8a57;--k3:#b3443c;--k4:#7a5ba6;--k5:#1f9097;"
    "--k6:#a8841a;--k7:#87573f;--k8:#bd5a90;--k9:#8a95a0;--heat:#2a5f8f}"
)


@dataclass(frozen=True)
class Picture:
    """A finished chart. body: SVG elements in a box of width x height. summary: what it shows, for those who cannot
    see it. head and rows: its numbers as a small table, where no table beside it holds them.
    """

    title: Text
    width: float
    height: float
    body: str
    note: Text = ""
    summary: Text = ""
    head: tuple[Text, ...] = ()
    rows: tuple[tuple[Text, ...], ...] = ()

    @property
    def key(self) -> str:
        """An identifier by content: the same chart has the same in every page."""
        told = f"{both(self.title).en}|{both(self.note).en}|{self.body}"
        return "c" + hashlib.sha256(told.encode()).hexdigest()[:10]

    def __html__(self) -> Markup:
        """The chart alone for a page: its caption stands beside it under the id `key`, its summary under `key`-s."""
        described = f' aria-describedby="{self.key}-s"' if self.summary else ""
        return Markup(
            f'<svg class="c" role="img" aria-labelledby="{self.key}"{described} viewBox="0 0 {num(self.width)}'
            f' {num(self.height)}">{self.body}</svg>'
        )


def chart_svg(picture: Picture, description: str = "") -> str:
    """A chart as a file of its own: English, light colours, its title inside. `description` names it for people who
    cannot see it; the title does where there is none.
    """
    lines = [both(one) for one in (picture.title, picture.note) if one]
    top = 6 + ROW * len(lines)
    heads = "".join(text(4, ROW * (at + 1) - 2, line, "tt" if at == 0 else "tf") for at, line in enumerate(lines))
    label = escape(description or str(picture.title))
    style = _LIGHT + _STYLE.read_text(encoding="utf-8") + ".zh{display:none}svg{background:var(--card)}"
    wide, high = num(picture.width), num(picture.height + top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="c" role="img" aria-label="{label}" width="{wide}"'
        f' height="{high}" viewBox="0 0 {wide} {high}">'
        f"<title>{label}</title><style>{style}</style>{heads}"
        f'<g transform="translate(0 {num(top)})">{picture.body}</g></svg>'
    )


def num(value: float) -> str:
    """One decimal at most, none where it is 0: 12.0 -> '12'."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def text(x: float, y: float, content: Text, kind: str = "", anchor: str = "") -> str:
    """A line of text. anchor: '' starts at x, 'm' is centred on it, 'r' ends there."""
    inner = content.svg() if isinstance(content, Said) else str(escape(content))
    classes = " ".join(filter(None, (kind, anchor)))
    named = f' class="{classes}"' if classes else ""
    return f'<text x="{num(x)}" y="{num(y)}"{named}>{inner}</text>'


def line(points: Iterable[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    return f'<path class="{kind}" d="M{"L".join(f"{num(x)} {num(y)}" for x, y in points)}"/>'


def area(xs: Sequence[float], low: Sequence[float], high: Sequence[float], kind: str) -> str:
    """The space between two courses."""
    forth = [f"{num(x)} {num(y)}" for x, y in zip(xs, high, strict=True)]
    back = [f"{num(x)} {num(y)}" for x, y in zip(reversed(xs), reversed(low), strict=True)]
    return f'<path class="{kind}" d="M{"L".join(forth + back)}Z"/>'


def rect(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    """A filled box; `tip` is shown on pointing at it."""
    wide, high = num(max(width, 0.5)), num(max(height, 0.5))
    box = f'<rect class="{kind}" x="{num(x)}" y="{num(y)}" width="{wide}" height="{high}"'
    return f"{box}><title>{escape(tip)}</title></rect>" if tip else f"{box}/>"


def dot(x: float, y: float, kind: str, shape: str = "circle", tip: str = "", size: float = 3.0) -> str:
    """A mark: circle, square, triangle, wedge, diamond or cross, so that no meaning hangs on colour alone."""
    told = f"<title>{escape(tip)}</title>" if tip else ""
    if shape == "circle":
        start, name_of = f'<circle class="{kind}" cx="{num(x)}" cy="{num(y)}" r="{num(size)}"', "circle"
    else:
        moves = {
            "square": f"M{num(x - size)} {num(y - size)}h{num(2 * size)}v{num(2 * size)}h{num(-2 * size)}Z",
            "triangle": f"M{num(x)} {num(y - 1.2 * size)}l{num(1.2 * size)} {num(2.1 * size)}h{num(-2.4 * size)}Z",
            "diamond": f"M{num(x)} {num(y - 1.4 * size)}l{num(1.4 * size)} {num(1.4 * size)}"
            f"l{num(-1.4 * size)} {num(1.4 * size)}l{num(-1.4 * size)} {num(-1.4 * size)}Z",
            "wedge": f"M{num(x)} {num(y + 1.2 * size)}l{num(1.2 * size)} {num(-2.1 * size)}h{num(-2.4 * size)}Z",
            "cross": f"M{num(x - size)} {num(y - size)}l{num(2 * size)} {num(2 * size)}"
            f"m0 {num(-2 * size)}l{num(-2 * size)} {num(2 * size)}",
        }
        start, name_of = f'<path class="{kind}" d="{moves[shape]}"', "path"
    return f"{start}>{told}</{name_of}>" if told else f"{start}/>"


def letters(content: Text) -> float:
    """The width of a text in pixels, the wider language of both; wide letters count twice."""
    told = both(content)
    return max(
        sum(2.0 if ord(letter) > 0x2E7F else 1.0 for letter in one.striptags()) * LETTER for one in (told.en, told.zh)
    )


def fitted(content: Any, width: float) -> Said:
    """Words of a file, cut so that they fit into `width` pixels."""
    return name(content, max(4, int(width / LETTER)))


@dataclass
class Legend:
    """What marks mean: rows of swatch and words, as many a row as fit."""

    items: list[tuple[str, str, Text]] = field(default_factory=list)

    def add(self, kind: str, shape: str, words: Text) -> None:
        """shape: line, box, or a shape of `dot`."""
        self.items.append((kind, shape, words))

    def draw(self, width: float, left: float = 4.0) -> tuple[str, float]:
        """SVG text and its height."""
        out, x, row = [], left, 0
        for kind, shape, words in self.items:
            wide = 20 + letters(words) + 10
            if x + wide > width and x > left:
                x, row = left, row + 1
            y = 10 + row * ROW
            if shape == "line":
                out.append(line([(x, y), (x + 14, y)], kind))
            elif shape == "box":
                out.append(rect(x + 2, y - 5, 10, 10, kind))
            else:
                out.append(dot(x + 7, y, kind, shape, size=3.4))
            out.append(text(x + 19, y + 4, words))
            x += wide
        return "".join(out), (ROW * (row + 1) + 4 if self.items else 0)


@dataclass
class Scale:
    """A straight scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Any) -> float:
        """The pixel of a value."""
        span = self.high - self.low
        return self.start + (float(value) - self.low) / (span or 1.0) * (self.end - self.start)

    def held(self, value: Any) -> float:
        """As the scale, values beyond its ends put at its ends."""
        return self(min(max(float(value), self.low), self.high))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two ends, about `most` of them."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    raw = span / max(1, most)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * at, 10) for at in range(first, math.floor(high / step + 1e-9) + 1)]


def day_number(day: Any) -> int:
    """A date as a number that scales take."""
    return int(pd.Timestamp(day).toordinal())


def rate_domain(values: pd.Series, least: float = 0.10) -> tuple[float, float]:
    """From a little under the lowest to a little above the highest, at least `least` high, above 100 % only where a
    value is.
    """
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = max(0.02, (least - (high - low)) / 2)
    return max(0.0, low - room), max(high, min(1.0, high + room))


def y_axis(scale: Scale, right: float, write: Any, title: Text, most: int = 5) -> str:
    """Grid lines with their values on the left, the title above the axis, as words that need no turned head."""
    out = []
    for value in ticks(scale.low, scale.high, most):
        y = scale(value)
        out.append(line([(LEFT, y), (right, y)], "g"))
        out.append(text(LEFT - 5, y + 4, write(value), "", "r"))
    out.append(text(4, scale.end - 9, title, "tf"))
    return "".join(out)


def quarter_axis(days: pd.Series, scale: Scale, y: float, title: Text | None = None) -> str:
    """Labels by quarter where there are few, else by year; `days` are all dates shown."""
    first, last = pd.Timestamp(days.min()), pd.Timestamp(days.max())
    span = (last.year - first.year) * 4 + last.quarter - first.quarter + 1
    out = [line([(scale.start, y), (scale.end, y)], "a")]
    if span <= 14:
        step = max(1, math.ceil(span * 44 / max(1.0, scale.end - scale.start)))
        shown = [(day, quarter_label(day)) for day in pd.date_range(first, last, freq="QE")[::-1][::step]]
    else:
        years = last.year - first.year + 1
        step = max(1, math.ceil(years / 9))
        shown = [
            (pd.Timestamp(year, 1, 1), str(year))
            for year in range(first.year, last.year + 1)
            if pd.Timestamp(year, 1, 1) >= first and year % step == 0
        ]
    for day, label in shown:
        x = scale(day_number(day))
        out.append(line([(x, y), (x, y + 4)], "a"))
        out.append(text(min(x, scale.end - 8), y + 16, label, "", "m"))
    if title is not None:
        out.append(text(scale.end, y + 31, title, "tf", "r"))
    return "".join(out)


def quarter_label(day: Any) -> str:
    """2026-09-30 -> 'Q3 26'."""
    when = pd.Timestamp(day)
    return f"Q{when.quarter} {when.year % 100:02d}"


def per_cent(value: float) -> str:
    """0.8 -> '80%'."""
    return f"{round(100 * value, 1):g}%"


def plain_number(value: float) -> str:
    """1200000 -> '1.2M', 12500 -> '12.5k', 0.5 -> '0.5', with a true minus sign."""
    size = abs(value)
    for part, sign in ((1e6, "M"), (1e3, "k")):
        if size >= part * 1.0:
            return f"{value / part:.4g}{sign}".replace("-", "\u2212")
    return f"{value:.4g}".replace("-", "\u2212")


def quarter_end_title() -> Said:
    """The title of an axis of quarters."""
    return say("chart.quarter_end")


def safe(svg: str) -> Markup:
    """SVG text of this kit as markup."""
    return Markup(svg)
