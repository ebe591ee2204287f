"""check_publication(): what must hold of the tables before readers may see them (write, audit, publish).

Every rule here blocks: the last good publication stands until the tables are right. Tables arrive as frames with the
columns of the published contract; rates are fractions 0 to 1 in occupancy tables, per cent in observations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from expectations.metrics import load_catalogue
from expectations.outcomes import broken_result, result_of
from expectations.report import BLOCK, Report, RuleResult
from expectations.rule import Computed, Expectation, between, in_set, not_null
from expectations.suite import column_name, run_suite

Tables = Mapping[str, pd.DataFrame]

HORIZONS = 8
# Quantiles and shares are computed in floating point and stored as doubles.
SLACK = 1e-6
# What the table documents calls the layout of a rent roll's files.
RENT_ROLL = "rent roll"
QUANTILES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")
KEYS = {
    "documents": ("document_id",),
    "observations": ("observation_id",),
    "quarantine": ("quarantine_id",),
    "stack_shares": ("level", "series_id", "as_of"),
    "occupancy_history": ("level", "series_id", "stack", "unit", "quarter_end"),
    "occupancy_forecast": ("vintage", "scenario", "level", "series_id", "stack", "unit", "quarter_end"),
    "breach_probability": ("vintage", "scenario", "level", "series_id", "unit", "quarter_end", "threshold"),
}


@dataclass(frozen=True)
class TableRule:
    """A rule over one table; severity is always block. The words are as in rule.Rule."""

    id: str
    table: str
    title: str
    means: str
    why: str
    remedy: str
    test: Callable[[pd.DataFrame, Tables], Computed]
    expectations: tuple[Expectation, ...]
    severity: str = BLOCK


def check_publication(tables: Tables, rules: tuple[TableRule, ...] | None = None) -> Report:
    """Check the tables to publish, by name, against `rules` (all by default). Neither raises nor changes them.

    A table that a rule needs and that is missing, or lacks a column, makes the rule broken. In `failing`, candidate_id
    holds the key of the row and locator the table.
    """
    started = time.perf_counter()
    rules = TABLE_RULES if rules is None else rules
    results: dict[str, RuleResult] = {}
    for name in dict.fromkeys(rule.table for rule in rules):
        of_table = [rule for rule in rules if rule.table == name]
        if name not in tables:
            for rule in of_table:
                results[rule.id] = broken_result(
                    rule, f"table {name} is not among the tables to publish: {sorted(tables)}"
                )
            continue
        results.update(_check_table(tables[name].reset_index(drop=True), of_table, tables))
    return Report([results[rule.id] for rule in rules], time.perf_counter() - started)


def _check_table(frame: pd.DataFrame, rules: list[TableRule], tables: Tables) -> dict[str, RuleResult]:
    results: dict[str, RuleResult] = {}
    tested: dict[str, Computed] = {}
    columns: dict[str, pd.Series] = {}
    for rule in rules:
        try:
            tested[rule.id] = rule.test(frame, tables)
        except KeyError as error:
            results[rule.id] = broken_result(rule, f"table {rule.table} has no column {error}")
        except Exception as error:  # whatever is wrong with one rule must not hide what the others say
            results[rule.id] = broken_result(rule, f"{type(error).__name__}: {error}")
        else:
            for name in tested[rule.id].columns:
                columns[column_name(rule.id, str(name))] = tested[rule.id].columns[name]
    runnable = [(rule.id, rule.expectations) for rule in rules if rule.id in tested]
    outcomes = run_suite(pd.DataFrame(columns, index=frame.index), runnable)
    for rule in rules:
        if rule.id in tested:
            row = partial(_failing_row, frame, rule, tested[rule.id])
            results[rule.id] = result_of(rule, outcomes[rule.id], row)
    return results


def _failing_row(frame: pd.DataFrame, rule: TableRule, tested: Computed, i: int) -> dict[str, str]:
    found, expected = tested.explain(i)
    key = ", ".join(f"{name} {frame.at[i, name]}" for name in KEYS[rule.table] if name in frame)
    return {
        "candidate_id": key,
        "document_id": str(frame.at[i, "document_id"]) if "document_id" in frame else "",
        "document": "",
        "locator": f"table {rule.table}, row {i + 1}",
        "quote": "",
        "found": found,
        "expected": expected,
        "remedy": rule.remedy,
    }


def _table_rows(frame: pd.DataFrame, tables: Tables) -> Computed:
    return Computed(pd.DataFrame(index=frame.index), lambda i: ("no row", "at least one row"))


def _document_figures(frame: pd.DataFrame, tables: Tables) -> Computed:
    # A rent roll alone is worth publishing; beside an accepted report it must not hide that the report's figures are
    # missing.
    accepted = frame["status"] == "accepted"
    rolls = accepted & (frame["layout"] == RENT_ROLL)
    observed = frame["document_id"].map(tables["observations"]["document_id"].value_counts()).fillna(0.0)
    alone = bool((rolls == accepted).all())
    figures = np.where(rolls & alone, frame["rows_accepted"], observed)
    return Computed(pd.DataFrame({"figures": figures}), lambda i: ("no figure", "at least one"))


def _history_rows(frame: pd.DataFrame, tables: Tables) -> Computed:
    # Judged by observations: only a batch with plain reported rates must show up in the history.
    observations = tables["observations"]
    plain = observations["basis"].isin(["as_reported", "prior_year_comparative", "prior_quarter_comparative"])
    rates = observations["metric"].isin(["utilisation_rate", "occupancy_rate"]) & observations["value_low"].isna()
    if (plain & rates).any() and not len(frame):
        raise ValueError(f"no row, though {int((plain & rates).sum())} observations are reported rates")
    return Computed(pd.DataFrame({"series_id": frame["series_id"]}), lambda i: ("series_id missing", "a series_id"))


def _unique(table: str) -> Callable[[pd.DataFrame, Tables], Computed]:
    def test(frame: pd.DataFrame, tables: Tables) -> Computed:
        names = [name for name in KEYS[table] if name in frame or name not in ("unit", "stack")]
        key = _joined([frame[name].astype(str) for name in names]) if len(frame) else pd.Series([], dtype=object)
        # A series over all stacks, or of a market, has no stack.
        missing = frame[[name for name in names if name != "stack"]].isna().sum(axis=1).astype(float)
        return Computed(
            pd.DataFrame({"key": key, "missing": missing}, index=frame.index),
            lambda i: (f"{key[i]}, more than once or incomplete", f"one row for each {', '.join(names)}"),
        )

    return test


def _joined(parts: list[pd.Series]) -> pd.Series:
    """Texts side by side, column by column: row by row takes thirty times as long."""
    key = parts[0]
    for part in parts[1:]:
        key = key + " | " + part
    return key


def _columns(*names: str, expected: str) -> Callable[[pd.DataFrame, Tables], Computed]:
    def test(frame: pd.DataFrame, tables: Tables) -> Computed:
        columns = frame[list(names)]

        def explain(i: int) -> tuple[str, str]:
            return ", ".join(f"{name} {columns.at[i, name]!r}" for name in names), expected

        return Computed(columns.mask(columns.isin([""])), explain)

    return test


def _known_document(frame: pd.DataFrame, tables: Tables) -> Computed:
    known = frame["document_id"].isin(set(tables["documents"]["document_id"])).astype(float)
    return Computed(
        pd.DataFrame({"known": known}),
        lambda i: (f"document_id {frame.at[i, 'document_id']!r}", "a document in the table documents"),
    )


def _percent(frame: pd.DataFrame, tables: Tables) -> Computed:
    catalogue = load_catalogue()
    rates = frame["metric"].map(lambda name: bool((m := catalogue.find(name)) and m.family == "rate")).astype(bool)
    return Computed(
        pd.DataFrame({"percent": frame["value"].astype(float).where(rates)}),
        lambda i: (f"{frame.at[i, 'metric']} {frame.at[i, 'value']} {frame.at[i, 'unit']}", "between 0 and 100 pct"),
    )


def _division(frame: pd.DataFrame, tables: Tables) -> Computed:
    in_service = frame["in_service"].astype(float)
    # Rounded operands can pass 1 by a hair; the published rate stops there.
    share = (frame["leased"].astype(float) / in_service.where(in_service > 0)).clip(upper=1)
    off = (frame["occupancy"].astype(float) - share).abs()
    return Computed(
        pd.DataFrame({"off": off}),
        lambda i: (f"occupancy {frame.at[i, 'occupancy']:.6f}", f"leased / in_service = {share[i]:.6f}"),
    )


def _sums_to_one(*names: str) -> Callable[[pd.DataFrame, Tables], Computed]:
    def test(frame: pd.DataFrame, tables: Tables) -> Computed:
        parts = frame[list(names)].astype(float)
        total = parts.sum(axis=1).where(parts.notna().any(axis=1))
        return Computed(
            pd.DataFrame({"total": total, "least": parts.min(axis=1)}),
            lambda i: (f"{' + '.join(names)} = {total[i]:.6f}", "1, each part between 0 and 1"),
        )

    return test


def _ordered(frame: pd.DataFrame, tables: Tables) -> Computed:
    least = pd.Series(np.inf, index=frame.index)
    for prefix in ("occupancy", "leased"):
        names = [f"{prefix}_{q}" for q in QUANTILES if f"{prefix}_{q}" in frame]
        # A median of the rate must be there; leased quantiles are null for rate-only series.
        steps = frame[names].astype(float).diff(axis=1).iloc[:, 1:]
        scale = frame[names].astype(float).abs().max(axis=1).clip(lower=1)
        step = steps.min(axis=1).fillna(np.inf) / scale
        least = least.where(least <= step, step)
    words = ", ".join(QUANTILES)
    return Computed(
        pd.DataFrame({"least_step": least.where(np.isfinite(least))}),
        lambda i: (f"a quantile lies {abs(least[i]):.3g} below the one before it", f"{words} in rising order"),
    )


def _eight_horizons(frame: pd.DataFrame, tables: Tables) -> Computed:
    names = [name for name in ("vintage", "scenario", "level", "series_id", "stack", "unit") if name in frame]
    horizon = pd.to_numeric(frame["horizon"], errors="coerce")
    inside = frame.assign(inside=horizon.where(horizon.between(1, HORIZONS)))
    count = inside.groupby(names, dropna=False)["inside"].transform("nunique") if len(frame) else horizon
    first = ~frame.duplicated(names)
    return Computed(
        pd.DataFrame({"horizons": count.astype(float).where(first)}),
        lambda i: (f"series {frame.at[i, 'series_id']} has {int(count[i])} horizons", f"horizons 1 to {HORIZONS}"),
    )


def _fractions(*names: str) -> Callable[[pd.DataFrame, Tables], Computed]:
    return _columns(*names, expected="fractions between 0 and 1")


def _within_one(*names: str) -> tuple[Expectation, ...]:
    return tuple(between(name, low=-SLACK, high=1 + SLACK) for name in names)


_UNIQUE = (Expectation("ExpectColumnValuesToBeUnique", {"column": "key"}), between("missing", low=0, high=0))
_KEY_REMEDY = "Look for a statement that loads the same rows twice; rebuild the table, then publish again."
_HISTORY_RATES = ("occupancy", "utilisation_rate", "commitment_rate")
_FORECAST_RATES = tuple(f"occupancy_{q}" for q in (*QUANTILES, "mean"))
_STACKS = ("mainland_share", "us_share", "dual_share", "unknown_share")
_EVIDENCE = ("observed_share", "estimated_share", "assumed_share")


def _unique_rule(number: int, table: str) -> TableRule:
    return TableRule(
        id=f"P{number:02d}_{table}_unique",
        table=table,
        title=f"Each row of {table} stands once",
        means=f"One row for each {', '.join(KEYS[table])}.",
        why="A row that stands twice counts twice in every sum a reader makes.",
        remedy=_KEY_REMEDY,
        test=_unique(table),
        expectations=_UNIQUE,
    )


TABLE_RULES: tuple[TableRule, ...] = (
    TableRule(
        id="P01_documents_rows",
        table="documents",
        title="There are documents",
        means="The table documents has at least one row.",
        why="A publication without a document says nothing, and would replace one that does.",
        remedy="Check that the inbox and the archive are where settings say; the last publication stands.",
        test=_table_rows,
        expectations=(Expectation("ExpectTableRowCountToBeBetween", {"min_value": 1}),),
    ),
    _unique_rule(2, "documents"),
    TableRule(
        id="P03_documents_status",
        table="documents",
        title="Each document has a status",
        means="status is accepted, quarantined or rejected.",
        why="A document without one was lost between reading and loading.",
        remedy="Run again; if it stays, look at the document's entry in the archive.",
        test=_columns("status", expected="accepted, quarantined or rejected"),
        expectations=(not_null("status"), in_set("status", ["accepted", "quarantined", "rejected"])),
    ),
    TableRule(
        id="P04_documents_figures",
        table="documents",
        title="Some document gave figures",
        means="There are observations; or every accepted document is a rent roll's, and one of them has rows.",
        why="If every document failed, the page would be empty and green.",
        remedy="See the documents and their reasons: colocast status, table quarantine.",
        test=_document_figures,
        expectations=(Expectation("ExpectColumnMaxToBeBetween", {"column": "figures", "min_value": 1}),),
    ),
    _unique_rule(5, "observations"),
    TableRule(
        id="P06_observations_evidence",
        table="observations",
        title="Each observation has document, place and quote",
        means="document_id, locator and quote are filled.",
        why="A figure without its source is the one thing an analyst never forgives.",
        remedy="Find the reader that left the place out (the document's layout says which); read the document again.",
        test=_columns("document_id", "locator", "quote", expected="document, place and quote"),
        expectations=(not_null("document_id"), not_null("locator"), not_null("quote")),
    ),
    TableRule(
        id="P07_observations_document",
        table="observations",
        title="Each observation's document is listed",
        means="document_id stands in the table documents.",
        why="A link to a document that is not there cannot be followed.",
        remedy="Rebuild the warehouse from the archive: colocast rebuild.",
        test=_known_document,
        expectations=(between("known", low=1),),
    ),
    TableRule(
        id="P08_observations_percent",
        table="observations",
        title="Observed rates lie between 0 and 100 per cent",
        means="Rates of the catalogue are parts of a whole.",
        why="Such a figure should have been quarantined; something went round the checks.",
        remedy="Find how the row was loaded; rules R05 to R11 hold such figures back.",
        test=_percent,
        expectations=(between("percent", low=0, high=100),),
    ),
    _unique_rule(9, "quarantine"),
    TableRule(
        id="P10_quarantine_reason",
        table="quarantine",
        title="Each quarantined figure says why",
        means="rule and reason are filled.",
        why="What nobody can act on stays in quarantine for ever.",
        remedy="Find the rule that gives no reason and add one.",
        test=_columns("rule", "reason", expected="a rule and a reason"),
        expectations=(not_null("rule"), not_null("reason")),
    ),
    TableRule(
        id="P11_history_rows",
        table="occupancy_history",
        title="Reported rates reach the history",
        means="Where observations hold plainly reported rates, occupancy_history has rows.",
        why="An empty history under full observations is a broken statement, and would publish an empty page.",
        remedy="Run the history statement by hand on the warehouse and read its error.",
        test=_history_rows,
        expectations=(not_null("series_id"),),
    ),
    _unique_rule(12, "occupancy_history"),
    TableRule(
        id="P13_history_rates",
        table="occupancy_history",
        title="Rates in the history are fractions",
        means="occupancy and utilisation_rate lie in [0, 1]; commitment_rate is not negative (R12 warns above 1).",
        why="Per cent read as a fraction is wrong by a factor of 100 in every chart.",
        remedy="Find the observation behind the row and the division that made it.",
        test=_fractions(*_HISTORY_RATES),
        expectations=(*_within_one("occupancy", "utilisation_rate"), between("commitment_rate", low=0)),
    ),
    TableRule(
        id="P14_history_division",
        table="occupancy_history",
        title="Occupancy is leased / in service",
        means="Where leased and in_service are there, their ratio is the printed occupancy.",
        why="Capacity is kept and percentages are derived; a rate that does not follow mixes perimeters.",
        remedy="See which perimeter each operand came from.",
        test=_division,
        expectations=(between("off", high=SLACK),),
    ),
    TableRule(
        id="P15_history_evidence",
        table="occupancy_history",
        title="Shares of evidence sum to one",
        means="observed_share + estimated_share + assumed_share = 1 where given.",
        why="A lender reads from them how much of a figure is known.",
        remedy="Find the aggregation that lost or doubled a part.",
        test=_sums_to_one(*_EVIDENCE),
        expectations=(between("total", low=1 - SLACK, high=1 + SLACK), between("least", low=-SLACK)),
    ),
    _unique_rule(16, "stack_shares"),
    TableRule(
        id="P17_stack_shares",
        table="stack_shares",
        title="Stack shares sum to one",
        means="mainland + us + dual + unknown = 1, each in [0, 1].",
        why="Unknown is a class: what is not known must be shown, not spread over the others.",
        remedy="Look at the evidence of the series: table stack_evidence.",
        test=_sums_to_one(*_STACKS),
        expectations=(between("total", low=1 - SLACK, high=1 + SLACK), between("least", low=-SLACK)),
    ),
    _unique_rule(18, "occupancy_forecast"),
    TableRule(
        id="P19_forecast_median",
        table="occupancy_forecast",
        title="Each forecast has a median",
        means="occupancy_p50 is never null.",
        why="A series must be answered, by the last value if by nothing better.",
        remedy="See the model named in the row; its fallback did not act.",
        test=_columns("occupancy_p50", expected="a median occupancy"),
        expectations=(not_null("occupancy_p50"),),
    ),
    TableRule(
        id="P20_forecast_rates",
        table="occupancy_forecast",
        title="Forecast occupancy is a fraction",
        means="Every occupancy quantile and the mean lie in [0, 1].",
        why="No building is more than full.",
        remedy="Capacity and use were forecast apart without the cap; see the model named in the row.",
        test=_fractions(*_FORECAST_RATES),
        expectations=_within_one(*_FORECAST_RATES),
    ),
    TableRule(
        id="P21_forecast_ordered",
        table="occupancy_forecast",
        title="Quantiles are in order",
        means="p05 <= p10 <= p25 <= p50 <= p75 <= p90 <= p95, of occupancy and of leased.",
        why="Crossing quantiles give bands with negative width.",
        remedy="Sort or recalibrate the quantiles of the model named in the row.",
        test=_ordered,
        expectations=(between("least_step", low=-SLACK),),
    ),
    TableRule(
        id="P22_forecast_horizons",
        table="occupancy_forecast",
        title="Each series is forecast eight quarters ahead",
        means="Horizons 1 to 8 for each vintage, scenario and series.",
        why="A planner asks for two years; a gap in the fan is read as certainty.",
        remedy="Run the forecast of that vintage again.",
        test=_eight_horizons,
        expectations=(between("horizons", low=HORIZONS),),
    ),
    _unique_rule(23, "breach_probability"),
    TableRule(
        id="P24_breach_probability",
        table="breach_probability",
        title="Probabilities lie between 0 and 1",
        means="probability is never null and in [0, 1].",
        why="A covenant question is answered with this number.",
        remedy="See the forecast rows of the same series.",
        test=_fractions("probability"),
        expectations=(not_null("probability"), *_within_one("probability")),
    ),
)
