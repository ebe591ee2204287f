"""What bench/scale.py measures on: any number of documents, of series and of leases, none of them real.

Belongs here: making inputs. Not here: running or measuring anything (scale.py).

Documents are bundled ones with another operator, other numbers and other dates: every size that is printed is
multiplied by one whole number a document, so that each printed rate still follows from the sizes beside it, and every
year is moved back by one number of years. What prints no size, and what only the bundled operator's own layout can
read, is not taken for a model. Each document is a company of its own, so that none restates another.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from bench.lease_portfolios import portfolio

REPORTS = Path(__file__).resolve().parents[1] / "data" / "reports"
# Endings of names, so that a company is told from a place; words that no layout file and no place of places.yaml knows.
FIRST = (
    "Alder", "Amber", "Anvil", "Aspen", "Beacon", "Birch", "Bramble", "Brook", "Cairn", "Cedar", "Cinder", "Clover",
    "Cobalt", "Copper", "Corvid", "Dapple", "Ember", "Fable", "Falcon", "Fennel", "Flint", "Gannet", "Garnet",
    "Gorse", "Granite", "Hazel", "Heron", "Indigo", "Juniper", "Kestrel", "Larch", "Linden", "Lupin", "Magpie",
    "Mallow", "Marram", "Merlin", "Osprey", "Otter", "Petrel", "Plover", "Poplar", "Quill", "Raven", "Rowan",
    "Russet", "Saffron", "Siskin", "Sorrel", "Tansy", "Teal", "Thistle", "Umber", "Velvet", "Walnut", "Willow",
    "Wren", "Yarrow", "Zephyr", "Zinnia",
)  # fmt: skip
SECOND = (
    "Arch", "Bank", "Barn", "Bell", "Bolt", "Bough", "Bower", "Crest", "Crown", "Dale", "Dell", "Drift", "Field",
    "Fold", "Ford", "Forge", "Gate", "Glade", "Grange", "Grove", "Hearth", "Hedge", "Hollow", "Keel", "Knoll",
    "Lantern", "Ledge", "Loft", "Meadow", "Mill", "Moor", "Nest", "Orchard", "Oriel", "Paddock", "Path", "Pillar",
    "Pond", "Quarry", "Reed", "Ridge", "Root", "Shade", "Shelf", "Shore", "Slate", "Spire", "Spring", "Stem", "Stile",
    "Stone", "Thicket", "Tower", "Vale", "Vault", "Walk", "Weir", "Well", "Wharf", "Yard",
)  # fmt: skip
ENDINGS = ("Data Centres", "Data Parks", "Digital Infrastructure", "Colocation", "Server Parks", "Data Halls")
# The last line of a bundled report names where its figures were published; a made one says that it is none.
_SOURCE_LINE = re.compile(r"Figures as published at .*?re-typeset for testing\.", re.S)
_MADE_LINE = "Made for a measurement; no figure here is real."
_YEAR = re.compile(r"\b(20[12]\d)\b")
_SHORT_YEAR = re.compile(r"\b([1-4]Q|[12]H|FY)([12]\d)\b")
# What stands with thousands or before MW is a size; a currency written before it makes it money, which stays.
_SIZE = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+(?![\w.])|\d+(?:\.\d+)?(?=\s*MW\b))")
# Tickers name the bundled operator as well as its name does.
_TICKERS = re.compile(r"\s*\((?:NASDAQ|ASX|HKEX):[^)]*\)", re.I)
_CELL = re.compile(r"<v>([^<]*)</v>")
SIZES_BY = (2, 3, 4, 5, 6, 7)
YEARS_BACK = (0, 1, 2, 3)
# Series: sites an operator, quarters of each, the newest of them. Leases: in place or signed a hall.
SITES, QUARTERS, NEWEST = 5, 16, "2026-03-31"
MARKETS = ("Hong Kong", "Singapore", "Tokyo", "Sydney", "Frankfurt", "London", "Paris", "Amsterdam")
LEASES_A_HALL = 20
SEED = 20260331


@dataclass(frozen=True)
class Model:
    """A bundled document to make others from: what it calls its operator, longest first."""

    file: str
    names: tuple[str, ...]
    encoding: str = "utf-8"


MODELS = (
    Model("gds_2q25_wire.txt", ("GDS Holdings Limited", "GDS", "DayOne")),
    Model("gds_3q19_run_together.txt", ("GDS Holdings Limited", "GDS")),
    Model("nextdc_1h26.html", ("NEXTDC",)),
    Model("vnet_2q24_mw_cabinets.html", ("VNET Group, Inc.", "VNET")),
    Model("interxion_3q19_key_metrics.html", ("Interxion",)),
    Model("keppel_fy25_asia_pacific.html", ("Keppel DC REIT", "Keppel DC")),
    Model("template_chindata_2021_2022.csv", ("Chindata Group", "Chindata")),
    Model("interxion_1q14_data_sheet.xlsx", ("Interxion",)),
)


def company(number: int) -> str:
    """The name of company `number`, each number another name (21,600 of them). Raises ValueError beyond."""
    rest, first = divmod(number, len(FIRST))
    ending, second = divmod(rest, len(SECOND))
    if not 0 <= ending < len(ENDINGS):
        raise ValueError(f"company {number}: there are names for 0 to {len(FIRST) * len(SECOND) * len(ENDINGS) - 1}")
    return f"{FIRST[first]} {SECOND[second]} {ENDINGS[ending]}"


def documents(count: int) -> Iterator[tuple[str, bytes]]:
    """`count` documents as (file name, content), the models in turn; same count, same bytes."""
    for number in range(count):
        model = MODELS[number % len(MODELS)]
        path = REPORTS / model.file
        name = f"made_{number:06d}{path.suffix}"
        times, back = SIZES_BY[number % len(SIZES_BY)], YEARS_BACK[number // len(MODELS) % len(YEARS_BACK)]
        if path.suffix == ".xlsx":
            yield name, _workbook(path.read_bytes(), model, company(number), times, back)
        else:
            text = path.read_text(encoding=model.encoding)
            made = _table(text, model, company(number), times, back) if path.suffix == ".csv" else None
            yield name, (made or _changed(text, model, company(number), times, back)).encode(model.encoding)


def _changed(text: str, model: Model, operator: str, times: int, back: int) -> str:
    text = _TICKERS.sub("", _SOURCE_LINE.sub(_MADE_LINE, text))
    for name in model.names:
        text = re.sub(rf"\b{re.escape(name)}(?!\w)", operator, text)
    text = _YEAR.sub(lambda found: str(int(found[1]) - back), text)
    text = _SHORT_YEAR.sub(lambda found: f"{found[1]}{int(found[2]) - back:02d}", text)
    return _SIZE.sub(lambda found: _times(found[1], times), text)


def _times(number: str, times: int) -> str:
    digits = number.replace(",", "")
    decimals = len(digits.partition(".")[2])
    return f"{float(digits) * times:{',' if ',' in number else ''}.{decimals}f}"


def _table(text: str, model: Model, operator: str, times: int, back: int) -> str:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        day = date.fromisoformat(row["period_end"])
        value = row["value"] if row["unit"] == "pct" else _times(row["value"], times)
        moved = day.replace(year=day.year - back).isoformat()
        writer.writerow({**row, "operator": operator, "period_end": moved, "value": value})
    return out.getvalue() + f"# {_MADE_LINE}\n"


def _workbook(data: bytes, model: Model, operator: str, times: int, back: int) -> bytes:
    """The workbook with its sheets changed: texts, years, and numbers that are no rates."""

    def cell(found: re.Match[str]) -> str:
        number = float(found[1])
        if number in range(2010, 2030):
            return f"<v>{int(number) - back}</v>"
        return f"<v>{number * times if number > 1 else number:g}</v>"

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename.startswith("xl/worksheets/"):
                content = _CELL.sub(cell, _changed(content.decode(), model, operator, times, 0)).encode()
            # A fixed date: the same document each time, whenever it is made.
            after.writestr(zipfile.ZipInfo(part.filename, (2020, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def series_documents(operators: int, quarters: int = QUARTERS) -> Iterator[tuple[str, bytes]]:
    """A template CSV an operator: SITES sites and their sum, `quarters` of capacity in service and utilised, in MW.

    Sites fill at a pace of their own and are extended once, so that models have something to tell apart; each printed
    whole is the exact sum of its sites.
    """
    for number in range(operators):
        rng = np.random.default_rng([SEED, number])
        built = np.round(rng.uniform(4, 30, SITES), 1)
        later = np.round(built * rng.uniform(1.1, 1.3, SITES), 1)
        opens = rng.integers(quarters // 4, quarters, SITES)
        fill = rng.uniform(0.55, 0.85, SITES)[:, None] + np.linspace(0, 0.1, quarters)
        fill = np.clip(fill + rng.normal(0, 0.01, (SITES, quarters)), 0.4, 0.97)
        service = np.where(np.arange(quarters) >= opens[:, None], later[:, None], built[:, None])
        used = np.round(service * fill, 1)
        name, market = company(number), MARKETS[number % len(MARKETS)]
        lines = ["operator,facility,market,period_end,metric,value,unit"]
        for quarter, end in enumerate(pd.date_range(end=NEWEST, periods=quarters, freq="QE")):
            places = [("", service[:, quarter].sum(), used[:, quarter].sum())]
            places += [(f"{name} {site + 1}", service[site, quarter], used[site, quarter]) for site in range(SITES)]
            for place, whole, part in places:
                start = f"{name},{place},{market if place else ''},{end.date()}"
                lines.append(f"{start},capacity_in_service,{whole:.1f},mw")
                lines.append(f"{start},capacity_utilised,{part:.1f},mw")
        yield f"made_{number:06d}.csv", ("\n".join(lines) + "\n").encode()


def write_rent_roll(folder: Path, leases: int) -> None:
    """A rent roll of `leases` leases in place or signed (and those that ended before) as the four CSV files of one."""
    made, _ = portfolio(leases, LEASES_A_HALL, SEED)
    facilities = made.facilities["facility_id"].to_numpy()
    evidence = pd.DataFrame(
        {
            "facility_id": facilities, "evidence_date": "2025-03-31",
            "points_to": np.resize(["mainland", "us"], len(facilities)),
            "strength": "moderate", "statement": "Made for a measurement.", "source": "made",
        }
    )  # fmt: skip
    made_leases = made.leases.assign(
        tenant_name="Tenant " + made.leases["tenant_name"], commenced=np.where(made.leases["commenced"], "yes", "no")
    )
    history = made.history.round({"in_service_mw": 4, "leased_mw": 4, "utilised_mw": 4})
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (
        ("facilities", made.facilities), ("leases", made_leases), ("history_quarterly", history),
        ("stack_evidence", evidence),
    ):  # fmt: skip
        frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
