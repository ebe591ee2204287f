"""The operators' own data files: names, calendars, words, perimeters, facilities.

Belongs here: loading and checking `layouts/*.yaml`, and finding the layout a name or a text means. Does not belong
here: how any figure is recognised (extraction/), and anything about a single document.

A new operator is a new file in `layouts/`. A wrong key fails the load and says which file, which key, which keys
are allowed and what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

LAYOUTS_FOLDER = Path(__file__).parent / "layouts"

KINDS = ("operator", "market_source")
CADENCES = ("quarterly", "half_yearly", "yearly")
TIERS = (
    "company",
    "filing",
    "newswire",
    "annual_report",
    "annual_report_extracted",
    "broker",
    "transcript",
    "press",
    "summary",
)

_KEYS = {
    "operator",
    "slug",
    "kind",
    "aliases",
    "fiscal_year_end_month",
    "cadence",
    "reporting_lag_days",
    "group_scope",
    "market",
    "jurisdictions",
    "words",
    "scopes",
    "perimeters",
    "facilities",
    "part_of",
    "tier",
}
_REQUIRED = {"operator", "slug", "kind", "aliases"}
_PERIMETER_KEYS = {"id", "first_period", "last_period", "description"}
_FACILITY_KEYS = {"market", "jurisdiction", "aliases"}


class LayoutError(ValueError):
    """A layout file that cannot be used. The message names file, key, what is allowed and the remedy."""


@dataclass(frozen=True)
class Perimeter:
    """What an operator's group figures cover, for period ends from first_period to last_period (ISO, '' = open)."""

    id: str
    first_period: str
    last_period: str
    description: str


@dataclass(frozen=True)
class Facility:
    """One site: `market` is its city, `jurisdiction` the law it stands under, `aliases` other printed names."""

    name: str
    market: str = ""
    jurisdiction: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Layout:
    """One operator's or market source's data file.

    `words` maps the operator's own phrases to metrics, `scopes` its phrases to scope names, `part_of` a scope to the
    scope it is part of. `jurisdictions` maps a jurisdiction to the share of the group's capacity there (they sum to
    1), empty where none is known. `group_scope` is the scope name of the whole: 'group' or 'portfolio'.
    """

    operator: str
    slug: str
    kind: str = "operator"
    aliases: tuple[str, ...] = ()
    fiscal_year_end_month: int = 12
    cadence: str = "quarterly"
    reporting_lag_days: int = 60
    group_scope: str = "group"
    market: str = ""
    jurisdictions: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    perimeters: tuple[Perimeter, ...] = ()
    facilities: Mapping[str, Facility] = field(default_factory=dict)
    part_of: Mapping[str, str] = field(default_factory=dict)
    tier: str = ""

    def perimeter_of(self, period_end: str) -> str:
        """The id of the perimeter a figure of `period_end` (ISO) had when first printed, '' without one."""
        for perimeter in self.perimeters:
            if (perimeter.first_period or "0000") <= period_end <= (perimeter.last_period or "9999"):
                return perimeter.id
        return ""

    def facility(self, name: str) -> Facility | None:
        """The site meant by a printed name (alias, case, accents and footnote marks aside), or None."""
        return _facility_index(self).get(fold(name)) if name else None


@dataclass(frozen=True, eq=False)
class Layouts:
    """All layouts. Iterates in order of operator name."""

    items: tuple[Layout, ...]

    def __iter__(self) -> Iterator[Layout]:
        return iter(self.items)

    def by_operator(self, operator: str) -> Layout | None:
        """The layout whose canonical operator name is exactly `operator`."""
        return next((item for item in self.items if item.operator == operator), None)

    def find(self, name: str) -> Layout | None:
        """The layout a printed name means: canonical name, alias or slug, case and corporate suffix aside."""
        index = _name_index(self)
        folded = fold(name)
        return index.get(folded) or index.get(_strip_suffix(folded))

    def mentions(self, text: str) -> list[tuple[int, int, Layout]]:
        """Every mention of a known operator in `text`: (start, end, layout), leftmost and longest first."""
        found = []
        for match in _mention_pattern(self).finditer(text):
            layout = _name_index(self).get(fold(match.group()))
            if layout is not None:
                found.append((match.start(), match.end(), layout))
        return found


def fold(name: str) -> str:
    """A name for comparison: NFKC, no accents, lower case, single spaces, trailing footnote marks off."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name.replace("ß", "ss").replace("¹", "")))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", text).strip(" \t*†‡:,.").casefold()


_SUFFIX = re.compile(
    r"[\s,]+(?:holdings?|limited|ltd|inc|corp|corporation|plc|n\.?v|s\.?a|group|company|co|pte|trust|"
    r"控股有限公司|控股|有限公司|集团|集團)\.?$"
)


def _strip_suffix(folded: str) -> str:
    previous = ""
    while previous != folded:
        previous, folded = folded, _SUFFIX.sub("", folded).strip(" ,.")
    return folded


@lru_cache(maxsize=8)
def _name_index(layouts: Layouts) -> dict[str, Layout]:
    index: dict[str, Layout] = {}
    for layout in layouts:
        for name in (layout.operator, layout.slug, *layout.aliases):
            index.setdefault(fold(name), layout)
    for layout in layouts:
        for name in (layout.operator, *layout.aliases):
            index.setdefault(_strip_suffix(fold(name)), layout)
    return index


@lru_cache(maxsize=8)
def _mention_pattern(layouts: Layouts) -> re.Pattern[str]:
    names = sorted({n for item in layouts for n in (item.operator, *item.aliases)}, key=lambda n: (-len(n), n))
    parts = []
    for name in names:
        body = re.escape(name).replace(r"\ ", r"\s+")
        # A short name that is all capitals (a ticker) counts only as printed; longer names in any case.
        body = body if name.isupper() and len(name) <= 6 else f"(?i:{body})"
        left = r"(?<![A-Za-z0-9])" if name[0].isascii() else ""
        right = r"(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
        parts.append(left + body + right)
    return re.compile("|".join(parts) or r"(?!)")


@lru_cache(maxsize=128)
def _facilities_of(items: tuple[tuple[str, Facility], ...]) -> dict[str, Facility]:
    index: dict[str, Facility] = {}
    for name, facility in items:
        for known in (name, *facility.aliases):
            index.setdefault(fold(known), facility)
    return index


def _facility_index(layout: Layout) -> dict[str, Facility]:
    return _facilities_of(tuple(layout.facilities.items()))


def load_layouts(folder: Path | None = None) -> Layouts:
    """Read every `*.yaml` of `folder` (default: the bundled layouts), sorted by operator.

    Raises LayoutError for an unreadable file, an unknown, missing or ill-typed key, or two files of one operator.
    """
    folder = folder or LAYOUTS_FOLDER
    items: dict[str, Layout] = {}
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yaml")):
        layout = _read_layout(path)
        for key in (layout.operator, layout.slug):
            if key in files:
                raise LayoutError(
                    f"{path}: '{key}' is already described in {files[key]}. Keep one file for each operator."
                )
            files[key] = path
        items[layout.operator] = layout
    return Layouts(tuple(items[name] for name in sorted(items)))


def _read_layout(path: Path) -> Layout:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise LayoutError(f"{path}{where}: not readable as YAML ({error}). Correct the file; see README.") from error
    if not isinstance(data, dict):
        raise LayoutError(f"{path}: expected keys and values, found {type(data).__name__}. Write `operator: NAME`.")
    _check_keys(path, "", data, _KEYS, _REQUIRED)
    _check_choice(path, "kind", data["kind"], KINDS)
    _check_choice(path, "cadence", data.get("cadence", "quarterly"), CADENCES)
    _check_choice(path, "group_scope", data.get("group_scope", "group"), ("group", "portfolio"))
    if data.get("tier"):
        _check_choice(path, "tier", data["tier"], TIERS)
    month = data.get("fiscal_year_end_month", 12)
    if not isinstance(month, int) or not 1 <= month <= 12:
        raise LayoutError(f"{path}: fiscal_year_end_month is {month!r}; expected a whole number from 1 to 12.")
    lag = data.get("reporting_lag_days", 60)
    if not isinstance(lag, int) or lag < 0:
        raise LayoutError(f"{path}: reporting_lag_days is {lag!r}; expected a whole number of days, 0 or more.")
    return Layout(
        operator=_text(path, "operator", data["operator"]),
        slug=_text(path, "slug", data["slug"]),
        kind=data["kind"],
        aliases=_texts(path, "aliases", data["aliases"]),
        fiscal_year_end_month=month,
        cadence=data.get("cadence", "quarterly"),
        reporting_lag_days=lag,
        group_scope=data.get("group_scope", "group"),
        market=str(data.get("market") or ""),
        jurisdictions=_shares(path, data.get("jurisdictions")),
        words=_mapping(path, "words", data.get("words")),
        scopes=_mapping(path, "scopes", data.get("scopes")),
        perimeters=tuple(_perimeter(path, row) for row in data.get("perimeters") or ()),
        facilities=_facilities(path, data.get("facilities")),
        part_of=_mapping(path, "part_of", data.get("part_of")),
        tier=data.get("tier") or "",
    )


def _check_keys(path: Path, place: str, data: Mapping[Any, Any], allowed: set[str], required: set[str]) -> None:
    for key in data:
        if key not in allowed:
            line = _line_of(path, str(key))
            raise LayoutError(
                f"{path}, line {line}: unknown key '{key}'{place}. Allowed keys: {', '.join(sorted(allowed))}. "
                "Correct the spelling or remove the line."
            )
    for key in sorted(required - set(data)):
        raise LayoutError(f"{path}: the key '{key}'{place} is missing. Add `{key}: ...`.")


def _line_of(path: Path, key: str) -> int:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if re.match(rf"[\s{{,-]*['\"]?{re.escape(key)}['\"]?\s*:", line) or f"{key}:" in line:
            return number
    return 1


def _check_choice(path: Path, key: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise LayoutError(f"{path}, line {_line_of(path, key)}: {key} is {value!r}; allowed: {', '.join(allowed)}.")


def _text(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise LayoutError(f"{path}, line {_line_of(path, key)}: {key} is {value!r}; expected a text.")
    return value.strip()


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise LayoutError(
            f"{path}, line {_line_of(path, key)}: {key} is {value!r}; expected a list of texts "
            "(put names made of digits in quotes)."
        )
    return tuple(item.strip() for item in value)


def _mapping(path: Path, key: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        raise LayoutError(f"{path}, line {_line_of(path, key)}: {key} must map texts to texts, found {value!r}.")
    return dict(value)


def _shares(path: Path, value: Any) -> dict[str, float]:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, int | float) and 0 <= v <= 1 for v in value.values()):
        raise LayoutError(
            f"{path}, line {_line_of(path, 'jurisdictions')}: jurisdictions must map a jurisdiction to a share "
            f"from 0 to 1, found {value!r}."
        )
    total = sum(value.values())
    if value and abs(total - 1) > 1e-6:
        raise LayoutError(
            f"{path}, line {_line_of(path, 'jurisdictions')}: the shares of jurisdictions sum to {total:g}; "
            "expected 1. Add `unknown: REST` for what is not known."
        )
    return {str(k): float(v) for k, v in value.items()}


def _perimeter(path: Path, row: Any) -> Perimeter:
    if not isinstance(row, dict):
        raise LayoutError(f"{path}: an entry of perimeters is {row!r}; expected keys {sorted(_PERIMETER_KEYS)}.")
    _check_keys(path, " in perimeters", row, _PERIMETER_KEYS, {"id", "description"})
    return Perimeter(
        str(row["id"]), str(row.get("first_period") or ""), str(row.get("last_period") or ""), str(row["description"])
    )


def _facilities(path: Path, value: Any) -> dict[str, Facility]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LayoutError(f"{path}, line {_line_of(path, 'facilities')}: facilities must map a name to its keys.")
    result = {}
    for name, row in value.items():
        if not isinstance(name, str) or not isinstance(row, dict):
            raise LayoutError(f"{path}: facility {name!r} must be a quoted name with keys {sorted(_FACILITY_KEYS)}.")
        _check_keys(path, f" of facility '{name}'", row, _FACILITY_KEYS, set())
        aliases = _texts(path, "aliases", row.get("aliases", []))
        result[name] = Facility(name, str(row.get("market") or ""), str(row.get("jurisdiction") or ""), aliases)
    return result
