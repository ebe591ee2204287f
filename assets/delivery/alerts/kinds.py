"""The kinds of alert, each a plain function: a rule and the rows it looks at in, facts out.

Belongs here: when something is worth telling, and the words for it. Not here: reading the rows (reading.py), what has
been raised before (raising.py). The order of rows never matters: equal rows, equal facts.

A fact is known by (rule, subject, fact) alone. Its value may move afterwards without making it another one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from assets.delivery.alerts.rules import Rule
from assets.delivery.wording import capacity, metric_name, missing, plain, rate, unit_name

# The share of outcomes that the 80 % band is made to hold.
NOMINAL = 0.8
OLDER, ALREADY_BELOW, OTHER_PERIMETER, UNDATED = "older", "already below", "another perimeter", "without a date"


@dataclass(frozen=True)
class Fact:
    """Something a rule finds worth telling. `subject` and `fact` say what and which, apart from any value.

    `since`: the day the fact is of. `recent` False: too old to be raised anew, though it still holds. value and
    limit_value are in the unit named by `unit`; series_id and level are None where no series is meant.
    """

    rule: Rule
    subject: str
    fact: str
    since: date
    message: str
    value: float | None
    limit_value: float | None
    unit: str | None
    level: str | None = None
    series_id: str | None = None
    document_id: str | None = None
    recent: bool = True


@dataclass(frozen=True)
class Judged:
    """What a rule came to. `passed_over`: reason -> facts not told for it; `notes`: what it cannot do as written."""

    facts: tuple[Fact, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def threshold_breach(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Series whose forecast falls below a threshold with a probability over the rule's: one fact a series, scenario,
    threshold and vintage, at the first quarter that is over it.

    rows: those of sql/threshold_breach.sql. A series already below today crosses nothing (only_crossing).
    """
    notes = _unknown(rule, rows, {"scenarios": "scenario", "thresholds": "threshold"})
    wanted = rows[
        rows["scenario"].isin(rule["scenarios"])
        & rows["level"].isin(rule["levels"])
        & _among(rows["threshold"], rule["thresholds"])
        & (rows["quarters_ahead"] <= rule["quarters_ahead_at_most"])
        & (rows["probability"] > rule["probability_over"])
    ]
    facts: list[Fact] = []
    passed: Counter[str] = Counter()
    keys = ["scenario", "level", "series_id", "threshold"]
    firsts = wanted.sort_values([*keys, "quarter_end"]).drop_duplicates(keys)
    for row in _each(firsts):
        today = None if missing(row.last_value) else float(row.last_value)
        if rule["only_crossing"] and today is not None and today < row.threshold:
            passed[ALREADY_BELOW] += 1
            continue
        last, vintage = _day(row.last_quarter), _day(row.vintage)
        assert vintage is not None
        now = f"now {rate(today)} ({last})" if today is not None else "its level today is not known"
        invented = " Its portfolio is illustrative: the figures are invented." if row.illustrative else ""
        message = (
            f"{_named(row.name, row.unit)}, {row.level}: occupancy falls below {rate(row.threshold)} with a "
            f"probability of {rate(row.probability)} by {_day(row.quarter_end)} (limit "
            f"{rate(rule['probability_over'])}); {now}. Forecast of vintage {vintage}, scenario {row.scenario}, series "
            f"{row.series_id}.{invented}"
        )
        facts.append(
            Fact(
                rule,
                f"{row.level} {row.series_id} below {row.threshold:g} under {row.scenario}",
                f"vintage {vintage}",
                vintage,
                message,
                float(row.probability),
                rule["probability_over"],
                "probability",
                str(row.level),
                str(row.series_id),
                recent=last is not None and _recent(rule, last, as_of),
            )
        )
    return Judged(_sorted(facts), dict(passed), notes)


def report_late(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Operators whose next report is late by more than the rule's days: one fact an operator and missing period.

    rows: operator, label, next_period, due_on (ISO dates), days_late, periods_missing, state, last_period.
    """
    facts = []
    for row in _each(rows[(rows["state"] == "late") & (rows["days_late"] > rule["days_late_over"])]):
        due = _day(row.due_on)
        assert due is not None
        missing_more = f" {row.periods_missing} periods are missing." if row.periods_missing > 1 else ""
        facts.append(
            Fact(
                rule,
                str(row.operator),
                f"{row.label} to {_day(row.next_period)}",
                due,
                f"{plain(row.operator)}: the report on {row.label} (to {_day(row.next_period)}) was due on {due} and "
                f"had not come {row.days_late} days later, on {as_of} (limit {rule['days_late_over']} days). The last "
                f"period reported ends {_day(row.last_period)}.{missing_more}",
                float(row.days_late),
                float(rule["days_late_over"]),
                "days",
                "operator",
                recent=_recent(rule, due, as_of),
            )
        )
    return Judged(_sorted(facts))


def document_quarantined(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Documents held back: one fact a content. rows: those of sql/document_quarantined.sql."""
    facts = []
    for row in _each(rows):
        received = _day(row.received_on)
        assert received is not None
        whose = "" if missing(row.operator) else f" of {plain(row.operator)}"
        facts.append(
            Fact(
                rule,
                str(row.document_id),
                "quarantined",
                received,
                f"{plain(row.file_name)}{whose}, received {received}, is held back: {plain(row.reason)} "
                f"(document {row.document_id}).",
                None,
                None,
                None,
                document_id=str(row.document_id),
                recent=_recent(rule, received, as_of),
            )
        )
    return Judged(_sorted(facts))


def restatement(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Restated figures that differ by more than the rule's part of the earlier value: one fact a figure and new value.

    rows: those of sql/restatement.sql; unit and metric are equal on both sides there. A restatement is an event: it is
    no fact any more once it is older than newer_than_days.
    """
    passed: Counter[str] = Counter()
    found: dict[tuple[str, str], Fact] = {}
    wanted = rows[rows["metric"].isin(rule["metrics"])]
    order = ["known_at_after", "observation_id_before", "observation_id_after"]
    for row in _each(wanted.sort_values(order)):
        change = _relative(row.value_before, row.value_after)
        if not abs(change) > rule["relative_over"]:
            continue
        other = row.perimeter_before != row.perimeter_after
        known = _day(row.known_at_after)
        if known is None or (other and rule["other_perimeter"] == "leave_out"):
            passed[UNDATED if known is None else OTHER_PERIMETER] += 1
            continue
        subject = f"{row.operator}, {row.scope}: {row.metric} in {row.unit} at {_day(row.period_end)}"
        fact = f"{row.value_after:.12g} in perimeter {row.perimeter_after or '-'}"
        if (subject, fact) in found:
            continue
        by = f"{change:+.1%}".replace("-", "\u2212") if math.isfinite(change) else "from nothing"
        why = (
            f"Another perimeter: {row.perimeter_before or 'unnamed'} before, {row.perimeter_after or 'unnamed'} now."
            if other
            else "The perimeter is the same."
        )
        found[subject, fact] = Fact(
            rule,
            subject,
            fact,
            known,
            f"{plain(row.operator)}, {plain(row.scope)}: {metric_name(row.metric)} at {_day(row.period_end)} was "
            f"restated from {capacity(row.value_before, row.unit)} to {capacity(row.value_after, row.unit)} ({by}, "
            f"limit {rate(rule['relative_over'])}), known {known}. {why} Source: {_place(row)}.",
            change if math.isfinite(change) else None,
            rule["relative_over"],
            "fraction",
            None if missing(row.level) else str(row.level),
            None if missing(row.series_id) else str(row.series_id),
            str(row.document_id),
            recent=_recent(rule, known, as_of),
        )
    old = sum(not fact.recent for fact in found.values())
    if old:
        passed[OLDER] = old
    return Judged(_sorted(fact for fact in found.values() if fact.recent), dict(passed))


def coverage(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Levels whose 80 % band held too few or too many outcomes over the last vintages: one fact a level and newest
    vintage with an outcome.

    rows: those of sql/coverage.sql. One quarter of one series is one outcome, however many vintages forecast it: their
    errors are hardly independent. A share outside low to high raises only where a band that holds 80 % would leave it
    with a probability below chance_below by luck, so that few outcomes do not cry wolf.
    """
    facts = []
    passed: Counter[str] = Counter()
    for level in rule["levels"]:
        own = rows[rows["level"] == level]
        newest = sorted(pd.to_datetime(own["vintage"]).unique())[-rule["vintages"] :]
        own = own[pd.to_datetime(own["vintage"]).isin(newest)]
        outcomes = len(own.drop_duplicates(["series_id", "quarter_end"]))
        if not outcomes:
            continue
        share = float(own["inside_80"].astype(float).mean())
        if rule["low"] <= share <= rule["high"]:
            continue
        chance = chance_of(share, outcomes)
        if outcomes < rule["outcomes_at_least"] or chance >= rule["chance_below"]:
            passed["too few outcomes to tell from luck"] += 1
            continue
        limit, word = (rule["low"], "few") if share < rule["low"] else (rule["high"], "many")
        last, first = _day(newest[-1]), _day(newest[0])
        assert last is not None
        since = _day(pd.to_datetime(own["known_at"]).max()) or last
        facts.append(
            Fact(
                rule,
                f"coverage of the 80 % band, level {level}",
                f"vintage {last}",
                since,
                f"Forecasts of level {level}: the 80 % band held {rate(share)} of outcomes, too {word} (band of the "
                f"rule {rate(rule['low'])} to {rate(rule['high'])}), over {len(own)} forecasts of {outcomes} outcomes, "
                f"vintages {first} to {last}. By luck alone that has a probability of {chance:.1%}. Source: "
                f"forecast_scores, last outcome known {since}.",
                share,
                limit,
                "fraction",
                str(level),
                recent=_recent(rule, since, as_of),
            )
        )
    return Judged(_sorted(facts), dict(passed))


def source_disagreement(rule: Rule, rows: pd.DataFrame, as_of: date) -> Judged:
    """Two sources further apart than the rule's limit at the newest date they can be compared: one fact a market,
    metric, pair of sources and pair of dates.

    rows: those of sql/source_disagreement.sql. Rates differ in points (points_over), capacities by the larger one
    (relative_over).
    """
    newest: dict[tuple[str, str, str, str], Any] = {}
    for row in _each(rows[rows["metric"].isin(rule["metrics"])]):
        # Which sites stand behind an operator's figure follows a colon; the pair of sources is the same without it.
        pair = (str(row.market), str(row.metric), str(row.source_a), str(row.source_b).split(": ")[0])
        if pair not in newest or _dates(row) > _dates(newest[pair]):
            newest[pair] = row
    facts = []
    passed: Counter[str] = Counter()
    for (market, metric, source_a, source_b), row in newest.items():
        is_rate = metric == "vacancy_rate"
        distance = abs(row.value_a - row.value_b)
        apart = 100 * distance if is_rate else distance / max(abs(row.value_a), abs(row.value_b), 1e-9)
        limit = rule["points_over"] if is_rate else rule["relative_over"]
        if not round(apart, 9) > limit:
            continue
        known = _day(row.known_on) or max(
            (d for d in (_day(row.period_end), _day(row.period_end_b)) if d), default=None
        )
        if known is None:
            passed[UNDATED] += 1
            continue
        said = [
            f"{plain(source)} says {rate(value) if is_rate else capacity(value, 'mw')} ({_day(day) or 'undated'})"
            for source, value, day in (
                (row.source_a, row.value_a, row.period_end),
                (row.source_b, row.value_b, row.period_end_b),
            )
        ]
        by = f"{apart:.1f} points, limit {limit:g}" if is_rate else f"{rate(apart)} apart, limit {rate(limit)}"
        remark = "" if missing(row.remark) else f" {plain(row.remark)}."
        facts.append(
            Fact(
                rule,
                f"{market}, {metric}: {source_a} and {source_b}",
                f"{_day(row.period_end) or 'undated'} and {_day(row.period_end_b) or 'undated'}",
                known,
                f"{plain(market)}, {metric_name(metric)}: {'; '.join(said)} - {by}. Known since {known}.{remark} "
                "Source: source_disagreements, with both definitions.",
                float(apart),
                limit,
                "points" if is_rate else "fraction",
                "market",
                document_id=None if missing(row.document_id) else str(row.document_id),
                recent=_recent(rule, known, as_of),
            )
        )
    return Judged(_sorted(facts), dict(passed))


Kind = Callable[[Rule, pd.DataFrame, date], Judged]
KINDS: Mapping[str, Kind] = {
    "threshold_breach": threshold_breach,
    "report_late": report_late,
    "document_quarantined": document_quarantined,
    "restatement": restatement,
    "coverage": coverage,
    "source_disagreement": source_disagreement,
}


def chance_of(share: float, outcomes: int, nominal: float = NOMINAL) -> float:
    """Probability that a band which holds `nominal` of outcomes leaves so small (or so large) a share of `outcomes`
    independent ones inside, or a more extreme one. Shares that are no whole count are taken towards `nominal`.
    """
    if share < nominal:
        counts = range(math.ceil(round(share * outcomes, 9)) + 1)
    else:
        counts = range(math.floor(round(share * outcomes, 9)), outcomes + 1)
    log_total = math.lgamma(outcomes + 1)
    parts = (
        log_total - math.lgamma(k + 1) - math.lgamma(outcomes - k + 1)
        + k * math.log(nominal) + (outcomes - k) * math.log1p(-nominal)
        for k in counts
    )  # fmt: skip
    return min(1.0, math.fsum(math.exp(part) for part in parts))


def _unknown(rule: Rule, rows: pd.DataFrame, columns: Mapping[str, str]) -> tuple[str, ...]:
    # A rule that names what the tables do not hold would stay silent for ever.
    notes = []
    for key, column in columns.items():
        known = sorted(rows[column].unique())
        for value in rule[key]:
            if known and not _among(pd.Series(known), [value]).any():
                notes.append(
                    f"rule {rule.id}: {key} names {value}, which no row has; there are {', '.join(map(str, known))}"
                )
    return tuple(notes)


def _each(rows: pd.DataFrame) -> Iterable[Any]:
    # Columns come from SQL: what a row holds is known there, and not to the type checker.
    return rows.itertuples()


def _among(values: pd.Series, wanted: Any) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values):
        return values.round(9).isin([round(float(one), 9) for one in wanted])
    return values.isin(list(wanted))


def _relative(before: float, after: float) -> float:
    return math.copysign(math.inf, after) if before == 0 and after != 0 else (after - before) / abs(before or 1)


def _recent(rule: Rule, since: date, as_of: date) -> bool:
    return (as_of - since).days <= rule.newer_than_days


def _day(value: Any) -> date | None:
    return None if missing(value) else pd.Timestamp(value).date()


def _dates(row: Any) -> tuple[Any, ...]:
    # Newest first; what follows only makes the choice the same whatever the order of rows.
    days = sorted((d for d in (_day(row.period_end), _day(row.period_end_b)) if d), reverse=True)
    return ([d.toordinal() for d in days], float(row.value_a), float(row.value_b), str(row.source_b))


def _named(name: Any, unit: Any) -> str:
    return plain(name) if missing(unit) or unit == "pct" else f"{plain(name)} ({unit_name(str(unit))})"


def _place(row: Any) -> str:
    file = "a file no longer known" if missing(row.file_name) else plain(row.file_name)
    return f"{file}, {plain(row.locator)}, document {row.document_id}"


def _sorted(facts: Any) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: (fact.subject, fact.fact)))
