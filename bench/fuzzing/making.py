"""Makes inputs: changed copies of small sound documents, and texts put together from words that the readers look for.

Everything follows from the random generator that is handed in, so that a seed makes the same input again.
"""

from __future__ import annotations

import functools
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

from bench.hostile.pdfs import sound as sound_pdf
from bench.hostile.workbook_file import workbook, zipped

REPORTS = Path(__file__).resolve().parents[2] / "data" / "reports"
LARGEST_SEED = 60_000
LARGEST_INPUT = 200_000

_NUMBERS = (
    "12.5",
    "87.5",
    "1,244",
    "1.244,5",
    "12 600",
    "0",
    "-5",
    "(7.4)",
    "100",
    "174",
    "1e400",
    "nan",
    "９５",
    "٩٥",
    "9" * 30,
    "0.874",
    "1/2",
    "12,600",
    "12,6",
    "1,2,3",
    "9..5",
    ".5",
    "5.",
    "'000",
    "½",
    "十二",
    "二零二五",
    "九成",
)
_UNITS = (
    "%",
    "％",
    " per cent",
    " MW",
    "MW",
    " kW",
    " sqm",
    " sq ft",
    " square metres",
    " cabinets",
    " racks",
    "平方米",
    "兆瓦",
    "个机柜",
    " years",
    "万平方米",
    " percentage points",
    " million",
    "bn",
    "k",
    " '000 sqm",
    " GW",
    "²",
    " m²",
    " bps",
    " data centres",
)
_DATES = (
    "June 30, 2025",
    "30 June 2025",
    "2025-06-30",
    "30/06/2025",
    "Q2 2025",
    "2Q25",
    "1H26",
    "FY2025",
    "FY24/25",
    "February 31, 2025",
    "2025年6月30日",
    "二零二五年六月三十日",
    "year-end 2024",
    "the second quarter of 2025",
    "the same period last year",
    "a year earlier",
    "期末",
    "Jun-25",
    "45838",
    "9999-12-31",
    "0000-00-00",
    "31 December 2031",
    "the first half",
    "mid-2025",
)
_WORDS = (
    "The utilization rate",
    "Capacity in service",
    "area utilised",
    "Occupancy",
    "commitment rate",
    "area under construction",
    "was",
    "were",
    "stood at",
    "reached",
    "increased by",
    "rose to",
    "to",
    "from",
    "about",
    "nearly",
    "more than",
    "up to",
    "approximately",
    "compared with",
    "respectively",
    "and",
    "of",
    "in",
    "at",
    "as of",
    "GDS Holdings Limited",
    "NEXTDC",
    "Total",
    "Group",
    "per",
    "restated",
    "运营面积",
    "使用率",
    "约",
    "增加",
    "同比",
    "截至",
    "Hong Kong",
    "pre-commitment rate",
    "WALE",
    "WALE (years)",
    "lease expiry",
    "guidance",
    "expects",
    "pro forma",
    "(",
    ")",
    ";",
    ".",
    ",",
    ":",
    "-",
    "–",
    "|",
    "\n",
    "\n\n",
    "\t",
    "  ",
    "   ",
    "\u200b",
    "\u202e",
    "\xa0",
    "\x00",
    "\ue000",
    "\ue001",
    "¹",
    "*",
    "#",
    '"',
    "'",
    "<b>",
    "</td>",
    "&nbsp;",
    "=",
    "+",
)
_TOKENS: dict[str, tuple[bytes, ...]] = {
    "html": (
        b"<table>",
        b"</table>",
        b"<tr>",
        b"<td>",
        b'<td rowspan="9999">',
        b'<td colspan="9999">',
        b"<th>",
        b"<div>",
        b"</div>",
        b"<p>",
        b"<br>",
        b"<sup>1</sup>",
        b"<ul><li>",
        b"<pre>",
        b"<dl><dt>",
        b"<dd>",
        b"<del>",
        b"<style>.a{display:none}</style>",
        b'class="a"',
        b"<!--",
        b"-->",
        b"&#8238;",
        b"&#0;",
        b"<DOCUMENT><TYPE>",
        b"<h1>",
        b"<svg>",
        b"<![CDATA[",
        b"<caption>",
    ),
    "csv": (
        b",",
        b";",
        b"\t",
        b"|",
        b'"',
        b'""',
        b"\n",
        b"\r",
        b"\x00",
        b"sep=;\n",
        b"#",
        b"=1+1",
        b"nan",
        b"1e400",
        b"\xef\xbb\xbf",
        b"metric",
        b"value",
        b"unit",
    ),
    "text": (b"\n", b"\n\n", b"   ", b"\t", b"|", b"---", b"\x0c", b"- ", b"# ", b"\xe2\x80\xae", b"1 2 3 4", b"....."),
    "pdf": (
        b"<<",
        b">>",
        b"[",
        b"]",
        b"(",
        b")",
        b"/",
        b"stream\n",
        b"endstream",
        b"endobj",
        b"0 R",
        b"BT",
        b"ET",
        b"Tj",
        b"TJ",
        b"Tm",
        b"cm",
        b"re S",
        b"1e30",
        b"-1",
        b"null",
        b"/Filter /LZWDecode",
        b"/Kids",
        b"/Count 99999",
        b"/MediaBox",
        b"xref",
        b"trailer",
        b"%%EOF",
        b"q",
        b"Do",
    ),
    "xlsx": (
        b"<row>",
        b"</row>",
        b"<c>",
        b'<c r="A1">',
        b'<c t="s">',
        b"<v>",
        b"</v>",
        b"<v>-1</v>",
        b"<v>1e308</v>",
        b"<v>nan</v>",
        b"<f>1</f>",
        b'r="99999999"',
        b's="7"',
        b'hidden="1"',
        b'<mergeCell ref="A1:XFD1048576"/>',
        b"<!DOCTYPE x>",
        b"&x;",
        b'formatCode="0,,,"',
        b"<is><t>",
        b'date1904="1"',
        b"<si/>",
    ),
}
_SHARED_TOKENS = tuple(text.encode() for text in (*_NUMBERS, *_UNITS, *_DATES, *_WORDS))

KINDS = tuple(_TOKENS)
ENDINGS = {"html": "html", "csv": "csv", "text": "txt", "pdf": "pdf", "xlsx": "xlsx"}


def prose(random_: random.Random) -> str:
    """A text of words, numbers, units and dates that the readers look for, mostly in no sensible order."""
    pieces: list[str] = []
    for _ in range(random_.randint(1, 40)):
        kind = random_.random()
        if kind < 0.25:
            pieces.append(random_.choice(_NUMBERS) + random_.choice(_UNITS))
        elif kind < 0.4:
            pieces.append(random_.choice(_DATES))
        elif kind < 0.95:
            pieces.append(random_.choice(_WORDS))
        else:
            pieces.append(
                chr(
                    random_.choice(
                        (random_.randint(32, 0x2FF), random_.randint(0x2000, 0x20FF), random_.randint(0x4E00, 0x9FFF))
                    )
                )
            )
    return random_.choice((" ", " ", "")).join(pieces)


def document(kind: str, random_: random.Random, bundled: bool = True) -> bytes:
    """An input for the reader of a kind. `bundled` also takes the bundled reports as a start, which are larger."""
    if kind == "text" and random_.random() < 0.4:
        return prose(random_).encode("utf-8", "surrogatepass")
    if kind == "html" and random_.random() < 0.3:
        return _page(random_).encode("utf-8", "surrogatepass")
    if kind == "csv" and random_.random() < 0.4:
        return _rows(random_).encode("utf-8", "surrogatepass")
    seeds = _seeds(kind, bundled)
    seed = seeds[random_.randrange(len(seeds))]
    change = functools.partial(mutated, kind=kind, random_=random_, other=seeds[random_.randrange(len(seeds))])
    if kind == "xlsx" and random_.random() < 0.85:
        return _inside_archive(seed, change, random_)
    return change(seed)


def mutated(data: bytes, kind: str, random_: random.Random, other: bytes = b"") -> bytes:
    """A copy with one to eight changes: bytes flipped, cut, doubled, put elsewhere, or words put in between."""
    out = bytearray(data)
    for _ in range(random_.choice((1, 1, 2, 3, 5, 8))):
        _change(out, kind, random_, other)
    return bytes(out[:LARGEST_INPUT])


def _change(out: bytearray, kind: str, random_: random.Random, other: bytes) -> None:
    at = random_.randint(0, len(out))
    length = min(len(out) - at, random_.choice((1, 2, 4, 16, 64, 512)))
    what = random_.randrange(8)
    if what == 0 and length:
        out[at] ^= 1 << random_.randrange(8)
    elif what == 1:
        del out[at : at + length]
    elif what == 2:
        out[at:at] = bytes(out[at : at + length]) * random_.choice((1, 2, 8, 64))
    elif what == 3:
        out[at:at] = random_.choice(_TOKENS[kind]) * random_.choice((1, 1, 2, 30))
    elif what == 4:
        out[at:at] = random_.choice(_SHARED_TOKENS)
    elif what == 5 and other:
        start = random_.randint(0, len(other))
        out[at : at + length] = other[start : start + random_.choice((8, 64, 1_024))]
    elif what == 6 and random_.random() < 0.2:
        del out[at:]
    else:
        # Digits are what matters most: one is put in place of another.
        places = [place for place in range(at, min(len(out), at + 2_000)) if 48 <= out[place] <= 57]
        if places:
            out[random_.choice(places)] = random_.choice(b"0123456789.,-eO ")


def _inside_archive(data: bytes, change: Callable[[bytes], bytes], random_: random.Random) -> bytes:
    """One entry of a container changed and everything packed again, so that its checksums stay true."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = random_.choice([name for name in parts if name.endswith((".xml", ".rels"))])
    parts[name] = change(parts[name])
    return zipped(parts)


def _page(random_: random.Random) -> str:
    pieces = []
    for _ in range(random_.randint(1, 25)):
        tag = random_.choice(
            (
                "p",
                "td",
                "tr",
                "table",
                "div",
                "li",
                "ul",
                "h2",
                "sup",
                "b",
                "span",
                "dl",
                "dt",
                "dd",
                "pre",
                "th",
                "caption",
            )
        )
        pieces.append(random_.choice((f"<{tag}>", f"</{tag}>", f"<{tag}>{prose(random_)[:120]}</{tag}>")))
    return "<html><body>" + "".join(pieces)


def _rows(random_: random.Random) -> str:
    header = [
        "operator",
        "facility",
        "period_end",
        "metric",
        "value",
        "unit",
        "basis",
        "scope",
        "value_low",
        "value_high",
    ]
    random_.shuffle(header)
    rows = [header[: random_.randint(3, 10)]]
    for _ in range(random_.randint(1, 8)):
        makers = {
            "operator": lambda: random_.choice(("GDS", "Example Data Centres Ltd", "", prose(random_)[:40])),
            "period_end": lambda: random_.choice(_DATES),
            "metric": lambda: random_.choice(("capacity_in_service", "utilisation_rate", "Occupancy", "x")),
            "value": lambda: random_.choice(_NUMBERS) + random_.choice(("", "", random_.choice(_UNITS))),
            "unit": lambda: random_.choice((*_UNITS, "mw", "pct", "fraction", "sqm")),
        }
        rows.append(
            [makers.get(name, lambda: random_.choice(("", random_.choice(_NUMBERS), "x")))() for name in rows[0]]
        )
    separator = random_.choice(",,,;\t|")
    return "\n".join(separator.join(row) for row in rows) + "\n"


@functools.cache
def _seeds(kind: str, bundled: bool) -> tuple[bytes, ...]:
    """Sound documents of a kind, the smallest first."""
    made: dict[str, list[bytes]] = {
        "html": [
            b"<html><body><h1>GDS Holdings Limited Reports Second Quarter 2025 Results</h1>"
            b"<p>The utilization rate was 87.5% as of June 30, 2025, compared with 75.1% as of June 30, 2024.</p>"
            b"<table><tr><th>MW</th><th>Q1 2025</th><th>Q2 2025</th></tr><tr><td>Capacity in service (MW)</td>"
            b"<td>46.0</td><td>48.5</td></tr><tr><td>Utilization rate</td><td>74%</td><td>75%</td></tr></table>"
        ],
        "text": [
            b"Example Data Centres Ltd Reports\n\nQuarter ended June 30, 2025\n\n"
            b"Area in service was 22,400 sqm as of June 30, 2025, an increase of 3.2%.\n\n"
            b"Utilization rate      74.1%   75.2%\nCapacity (MW)         46.0    48.5\n"
        ],
        "csv": [
            b"operator,facility,period_end,metric,value,unit\n"
            b"Example Data Centres Ltd,,2025-06-30,capacity_in_service,12.5,mw\n"
            b"Example Data Centres Ltd,,2025-06-30,utilisation_rate,74,pct\n"
        ],
        "pdf": [sound_pdf("example.pdf")],
        "xlsx": [
            workbook(
                [
                    ["Example Data Centres Ltd"],
                    ["Metric", "Q1 2025", "Q2 2025"],
                    ["Capacity in service (MW)", 46.0, 48.5],
                    ["Utilization rate", 0.741, 0.752],
                ]
            )
        ],
    }
    found = made[kind]
    if bundled and REPORTS.is_dir():
        paths = sorted(REPORTS.glob(f"*.{ENDINGS[kind]}"), key=lambda path: path.stat().st_size)
        found = found + [path.read_bytes() for path in paths if path.stat().st_size <= LARGEST_SEED]
    return tuple(found)
