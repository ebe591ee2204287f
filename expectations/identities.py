"""Rules between figures of one statement: rates against their operands, parts against wholes.

A statement is what one source says in one document about one operator, scope, date, perimeter and class of basis
(figures.STATEMENT). Each printed value stands for the interval of its rounding, or for its own low and high.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from expectations.figures import STATEMENT, Figures
from expectations.report import QUARANTINE_DOCUMENT, WARN
from expectations.rule import Computed, Rule, at_least, between

# Beyond rounding, rates are recomputed from operands in other units or with small exclusions: GDS and VNET agree to
# 0.1 point over 117 printed rates (README of the published figures).
MARGIN_POINTS = 0.1
CONTRADICTION_POINTS = 3.0
# A statement has one value a metric; a document that gives hundreds for one must not cost their product in time.
MOST_OPERANDS = 12
RATES = ("utilisation_rate", "commitment_rate", "pre_commitment_rate", "occupancy_rate", "vacancy_rate")


@dataclass(frozen=True)
class Span:
    """An interval with the words that say where it comes from."""

    low: float
    high: float
    words: str = ""

    def distance(self, other: Span) -> float:
        """How far apart the two intervals are; 0 where they touch."""
        return max(self.low - other.high, other.low - self.high, 0.0)


Statement = dict[str, list[tuple[int, str, Span]]]
Operands = dict[str, list[Span]]


def statements(figures: Figures) -> Iterator[Statement]:
    """Each statement as metric -> [(row, unit, span)]; rows without a value or date are left out."""
    frame = figures.frame
    usable = frame[frame["value"].notna() & frame["period_end"].notna() & np.isfinite(frame["value"])]
    groups: dict[tuple[object, ...], Statement] = {}
    keys = zip(*(usable[name] for name in STATEMENT), strict=True)
    for key, row, metric, unit, low, high, value in zip(
        keys,
        usable.index,
        usable["metric"],
        usable["unit"],
        usable["lower"],
        usable["upper"],
        usable["value"],
        strict=True,
    ):
        statement = groups.setdefault(key, defaultdict(list))
        statement[str(metric)].append((int(row), str(unit), Span(low, high, f"{value:,.10g}")))
    yield from groups.values()


def recomputed(metric: str, statement: Statement) -> list[Span]:
    """The values a rate could have by the capacities of its statement, in per cent; empty where nothing says.

    Utilisation is used / in service. Occupancy is leased / in service, where a landlord's leased area may be printed as
    committed in service or as used; vacancy the rest. Commitment is committed in service / in service. A total
    commitment may include space under construction: then the pre-commitment is taken off, or bounds what is left.
    """
    spans: list[Span] = []
    for unit in sorted({unit for rows in statement.values() for _, unit, _ in rows if unit != "pct"}):
        spans.extend(_recomputed_in(metric, _operands(statement, unit)))
    return spans


def _operands(statement: Statement, unit: str) -> Operands:
    """By metric the distinct values of a statement in a unit, rates in per cent besides."""
    out: dict[str, dict[tuple[float, float], Span]] = defaultdict(dict)
    for metric, rows in statement.items():
        for _, row_unit, span in rows:
            if len(out[metric]) < MOST_OPERANDS and (row_unit == unit or (row_unit == "pct" and metric in RATES)):
                out[metric].setdefault((span.low, span.high), span)
    return defaultdict(list, {metric: list(spans.values()) for metric, spans in out.items()})


def _recomputed_in(metric: str, operands: Operands) -> Iterable[Span]:
    for whole in operands["capacity_in_service"]:
        if whole.low <= 0:
            continue
        if metric == "utilisation_rate":
            yield from (_share(part, whole) for part in operands["capacity_utilised"])
        elif metric in ("occupancy_rate", "vacancy_rate"):
            for part in operands["capacity_committed_in_service"] + operands["capacity_utilised"]:
                share = _share(part, whole)
                yield (
                    share
                    if metric == "occupancy_rate"
                    else Span(100 - share.high, 100 - share.low, f"100 % - {share.words}")
                )
        elif metric == "commitment_rate":
            yield from (_share(part, whole) for part in operands["capacity_committed_in_service"])
            if not operands["capacity_committed_in_service"]:
                for committed in operands["capacity_committed"]:
                    yield from _commitment(committed, whole, operands)
    if metric == "pre_commitment_rate":
        for building in operands["capacity_under_construction"]:
            for committed in operands["capacity_committed"]:
                for inside in operands["capacity_committed_in_service"]:
                    if building.low > 0 and committed.high > inside.low:
                        ahead = Span(
                            committed.low - inside.high,
                            committed.high - inside.low,
                            f"({committed.words} - {inside.words})",
                        )
                        yield _share(ahead, building)


def _commitment(committed: Span, whole: Span, operands: Operands) -> Iterable[Span]:
    """Commitment in service out of a commitment that may include space under construction."""
    yield _share(committed, whole)
    building = operands["capacity_under_construction"]
    ahead = operands["pre_commitment_rate"]
    for area in building:
        for rate in ahead:
            off = Span(area.low * rate.low / 100, area.high * rate.high / 100)
            rest = Span(
                committed.low - off.high,
                committed.high - off.low,
                f"({committed.words} - {rate.words} % of {area.words})",
            )
            yield _share(rest, whole)
    if building and ahead:
        return
    # How much is pre-committed is not printed: at most all that is being built, at least nothing.
    most = max((area.high for area in building), default=committed.high)
    bound = Span(max(committed.low - most, 0.0), committed.high, f"at most {committed.words}")
    yield _share(bound, whole)


def _share(part: Span, whole: Span) -> Span:
    return Span(part.low / whole.high * 100, part.high / whole.low * 100, f"{part.words} / {whole.words}")


def recomputes(statement: Statement) -> bool:
    """Whether some printed rate of the statement follows from its capacities: they then belong together."""
    for metric in RATES:
        spans = recomputed(metric, statement) if metric in statement else []
        for _, unit, printed in statement.get(metric, []):
            if unit == "pct" and any(printed.distance(span) <= MARGIN_POINTS for span in spans):
                return True
    return False


def _rates(figures: Figures) -> Computed:
    excess = pd.Series(np.nan, index=figures.frame.index)
    nearest: dict[int, Span] = {}
    for statement in statements(figures):
        for metric in RATES:
            spans = recomputed(metric, statement) if metric in statement else []
            for row, unit, printed in statement.get(metric, []):
                if not spans or unit != "pct":
                    continue
                best = min(spans, key=printed.distance)
                # Room for the rounding of numbers with more digits than they show.
                excess[row] = max(round(printed.distance(best) - MARGIN_POINTS, 9), 0.0)
                nearest[row] = best

    def explain(i: int) -> tuple[str, str]:
        frame, span = figures.frame, nearest[i]
        found = f"printed {frame.at[i, 'metric']} {frame.at[i, 'value']:g} % but {span.words} = {_percent(span)}"
        return found, f"{_percent(span)} as recomputed from the capacities of the same statement"

    over_limit = excess > CONTRADICTION_POINTS
    return Computed(pd.DataFrame({"points_off": excess, "small_points_off": excess.mask(over_limit)}), explain)


def _percent(span: Span) -> str:
    # Rounding alone moves the middle by less than a point; a wider span is a bound and shown as one.
    if span.high - span.low < 1:
        return f"{(span.low + span.high) / 2:.1f} %"
    return f"{span.low:.1f} to {span.high:.1f} %"


def _pairs(figures: Figures, part: str, whole: str) -> Iterator[tuple[int, Span, Span, Operands]]:
    """(row of the part, part, largest whole, operands) for each part with a whole in the same unit."""
    for statement in statements(figures):
        operands = {unit: _operands(statement, unit) for unit in {unit for _, unit, _ in statement.get(part, [])}}
        largest = {
            unit: max(spans[whole], key=lambda span: span.high) for unit, spans in operands.items() if spans[whole]
        }
        for row, unit, span in statement.get(part, []):
            if unit in largest and largest[unit].high > 0:
                yield row, span, largest[unit], operands[unit]


def _utilised_within(figures: Figures) -> Computed:
    return _within(figures, _pairs(figures, "capacity_utilised", "capacity_in_service"))


def _committed_within(figures: Figures) -> Computed:
    rows = list(_pairs(figures, "capacity_committed_in_service", "capacity_in_service"))
    for row, span, whole, operands in _pairs(figures, "capacity_committed", "capacity_in_service"):
        # What is being built can be committed too: where it is printed, it belongs to the whole.
        if operands["capacity_total"]:
            whole = max(operands["capacity_total"], key=lambda total: total.high)
        elif operands["capacity_under_construction"]:
            most = max(operands["capacity_under_construction"], key=lambda building: building.high)
            whole = Span(whole.low + most.low, whole.high + most.high, f"{whole.words} + {most.words}")
        rows.append((row, span, whole, operands))
    return _within(figures, rows)


def _within(figures: Figures, rows: Iterable[tuple[int, Span, Span, Operands]]) -> Computed:
    # Positions are labels: prepare() gives the frame a RangeIndex. Arrays, since a frame takes a hundred times as long.
    most, least = np.full(len(figures.frame), np.nan), np.full(len(figures.frame), np.nan)
    words: dict[int, tuple[str, str]] = {}
    for row, part, whole, _ in rows:
        unit = figures.frame.at[row, "unit"]
        most[row], least[row] = whole.high, part.low
        found = f"{figures.frame.at[row, 'metric']} {part.words} {unit} above {whole.words} {unit}"
        words[row] = (found, f"at most {whole.words} {unit}, the space there is")
    columns = pd.DataFrame({"whole_at_most": most, "part_at_least": least}, index=figures.frame.index)
    return Computed(columns, lambda i: words[i])


def _sums(figures: Figures) -> Computed:
    """Totals against their parts, where all are printed in one statement and unit."""
    off = pd.Series(np.nan, index=figures.frame.index)
    words: dict[int, tuple[str, str]] = {}
    identities = (
        ("capacity_total", "capacity_in_service", "capacity_under_construction", 1),
        ("capacity_under_construction_plus_planned", "capacity_under_construction", "capacity_planned", 1),
        ("capacity_committed_not_utilised", "capacity_committed", "capacity_utilised", -1),
    )
    for statement in statements(figures):
        for total, first, second, sign in identities:
            sums: dict[str, list[Span]] = {}
            for row, unit, printed in statement.get(total, []):
                if unit not in sums:
                    operands = _operands(statement, unit)
                    sums[unit] = [_sum(a, b, sign) for a in operands[first] for b in operands[second]]
                if sums[unit]:
                    best = min(sums[unit], key=printed.distance)
                    off[row] = round(printed.distance(best), 9)
                    middle = (best.low + best.high) / 2
                    words[row] = (f"{total} {printed.words} {unit}", f"{best.words} = {middle:,g} {unit}")
    return Computed(pd.DataFrame({"off": off}), lambda i: words[i])


def _sum(one: Span, other: Span, sign: int) -> Span:
    if sign > 0:
        return Span(one.low + other.low, one.high + other.high, f"{one.words} + {other.words}")
    return Span(one.low - other.high, one.high - other.low, f"{one.words} - {other.words}")


def _let_and_empty(figures: Figures) -> Computed:
    """Occupancy against what the vacancy of the same statement leaves, and the other way round."""
    off = pd.Series(np.nan, index=figures.frame.index)
    words: dict[int, tuple[str, str]] = {}
    for statement in statements(figures):
        for metric, other in (("occupancy_rate", "vacancy_rate"), ("vacancy_rate", "occupancy_rate")):
            rests = [
                Span(100 - span.high, 100 - span.low, span.words)
                for _, unit, span in statement.get(other, [])[:MOST_OPERANDS]
                if unit == "pct"
            ]
            for row, unit, printed in statement.get(metric, []):
                if unit == "pct" and rests:
                    best = min(rests, key=printed.distance)
                    off[row] = max(round(printed.distance(best) - MARGIN_POINTS, 9), 0.0)
                    words[row] = (
                        f"{metric} {printed.words} % beside {other} {best.words} %",
                        f"{_percent(best)}, so that the two sum to 100 %",
                    )
    return Computed(pd.DataFrame({"off": off}), lambda i: words[i])


RULES = (
    Rule(
        id="R10_rate_recomputes",
        title="Printed rates agree with the printed capacities",
        severity=QUARANTINE_DOCUMENT,
        means=f"A rate is within {CONTRADICTION_POINTS:g} points of what the capacities beside it give.",
        why="A rate ten points off its own areas means that one of three numbers is wrong, and nobody can say which. "
        "Summaries print the commitment rate under the name of utilisation.",
        remedy="Compare rate and capacities with the original; correct the wrong one and send the document again.",
        test=_rates,
        expectations=(between("points_off", low=0, high=CONTRADICTION_POINTS),),
    ),
    Rule(
        id="R11_rate_recomputes_closely",
        title="Printed rates agree with the printed capacities to rounding",
        severity=WARN,
        means=f"As R10, within the rounding of all numbers and {MARGIN_POINTS:g} point.",
        why="A small gap is often a definition: other sites in the rate than in the areas.",
        remedy="Read the footnotes for what the rate leaves out; nothing is held back.",
        test=_rates,
        expectations=(between("small_points_off", low=0, high=0),),
    ),
    Rule(
        id="R12_committed_within",
        title="No more is committed than there is",
        severity=WARN,
        means="Committed is at most what is in service, with what is under construction where that is printed.",
        why="Above it, the figure includes space not yet being built, or another perimeter. It can be real.",
        remedy="Check whether the figure includes pre-commitments on planned space.",
        test=_committed_within,
        expectations=(at_least("whole_at_most", "part_at_least"),),
    ),
    Rule(
        id="R13_utilised_within",
        title="No more is used than there is",
        severity=QUARANTINE_DOCUMENT,
        means="Used capacity is at most what is in service, rounding aside.",
        why="Nobody bills space that does not exist: the columns are swapped or a number is misread.",
        remedy="Compare both numbers with the original, correct them and send the document again.",
        test=_utilised_within,
        expectations=(at_least("whole_at_most", "part_at_least"),),
    ),
    Rule(
        id="R14_sums",
        title="Totals are the sum of their parts",
        severity=WARN,
        means="Total = in service + under construction; backlog = committed - used; pipeline = building + planned.",
        why="A total that does not add up shows a part of another perimeter or date.",
        remedy="Compare the three numbers with the original.",
        test=_sums,
        expectations=(between("off", low=0, high=0),),
    ),
    Rule(
        id="R28_occupancy_and_vacancy",
        title="What is let and what is vacant make the whole",
        severity=QUARANTINE_DOCUMENT,
        means=f"Occupancy and vacancy of one scope and date sum to 100 % within rounding and {MARGIN_POINTS:g} point.",
        why="The two are one number printed twice: where they do not sum, one of them is misread or of another place.",
        remedy="Compare both rates with the original, correct the wrong one and send the document again.",
        test=_let_and_empty,
        expectations=(between("off", low=0, high=0),),
    ),
)
