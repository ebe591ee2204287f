"""The ledger: claims with their grade and source, and every assumption in force with what it rests on."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import Column, Heading, Link, Para, Row, Section, Table
from assets.delivery.frames import records
from assets.delivery.view import View
from assets.delivery.words import joined, name, say, word


def ledger(view: View) -> Section:
    """Claims first, then assumptions; a claim's row is the evidence of what rests on it."""
    section = Section("claims", say("claims.title")).add(Para(say("claims.about")))
    claims = view.everything["claims"].sort_values("claim_id")
    if claims.empty:
        section.add(Para(say("claims.none"), "none"))
    else:
        rows = [_claim(row) for row in records(claims)]
        columns: tuple[Column, ...] = (
            Column(say("claims.id"), "q"), Column(say("claims.grade"), "q"), Column(say("claims.topic")),
            Column(say("claims.claim"), "w"), Column(say("table.value"), "q"), Column(say("table.period"), "q"),
            Column(say("table.source"), "w"), Column(say("claims.used")), Column(say("claims.found"), "w"),
        )  # fmt: skip
        section.add(Table(say("claims.caption"), columns, rows))
    section.add(Heading(say("assumptions.title"), anchor="assumptions"))
    assumptions = view.everything["assumptions"].sort_values("parameter")
    if assumptions.empty:
        return section.add(Para(say("assumptions.none"), "none"))
    known = set(claims["claim_id"].astype(str))
    columns = (
        Column(say("assumptions.parameter")), Column(say("table.value"), "r"), Column(say("assumptions.range"), "q"),
        Column(say("table.unit")), Column(say("assumptions.basis")), Column(say("assumptions.used")),
        Column(say("assumptions.why"), "w"),
    )  # fmt: skip
    return section.add(
        Table(say("assumptions.caption"), columns, [_assumption(row, known) for row in records(assumptions)])
    )


class Grade:
    """A claim's grade as a letter in a box; what letters mean stands above the table."""

    def __init__(self, grade: str) -> None:
        self.grade = grade

    def __html__(self) -> Markup:
        return Markup('<span class="grade g{}">{}</span>').format(self.grade, self.grade)


def _claim(row: dict[str, Any]) -> Row:
    value = joined([name(row[one], 60) for one in ("value", "unit") if not wording.missing(row[one])], " ")
    cells: tuple[Any, ...] = (
        name(row["claim_id"]), Grade(str(row["grade"])), name(row["topic"], 80), name(row["statement"], 600), value,
        name(row["period"], 60), name(row["source"], 300), name(row["default_use"], 80), name(row["note"], 600),
    )  # fmt: skip
    return Row(cells, anchor=f"claim-{row['claim_id']}")


def _assumption(row: dict[str, Any], claims: set[str]) -> Row:
    low, high = (row[one] for one in ("low", "high"))
    span = "" if wording.missing(low) and wording.missing(high) else f"{short(low)}\u2013{short(high)}"
    basis: Any = word("basis", row["basis"])
    if str(row["basis"]) in claims:
        basis = Link(name(row["basis"]), f"claim-{row['basis']}")
    return Row(
        (
            name(row["parameter"], 80), short(row["value"]), span, name(row["unit"], 40), basis,
            name(row["used_in"], 120), "" if wording.missing(row["note"]) else name(row["note"], 400),
        )
    )  # fmt: skip


def short(value: Any) -> str:
    """A parameter's value as people write it: 0.5, 60, 0.003."""
    return "\u2013" if wording.missing(value) else f"{float(value):.4g}".replace("-", "\u2212")
