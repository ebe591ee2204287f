"""The section on leases: portfolios of rent rolls with their pictures and tables, and the scenarios in force.

Belongs here: the section's order, and the cut that keeps portfolios of leases out of the sections about reporting
operators. Does not belong here: which pictures there are (lease_charts.py), the small tables (lease_tables.py).

A number counted from a rent roll leads to the paragraph that names its documents; a simulated one to the paragraph on
the simulation; a scenario's parameter to the claim it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from assets.delivery import wording
from assets.delivery.blocks import Card, Cards, Fold, Heading, Link, Para, Scope, Section, Table, words_of
from assets.delivery.evidence import EvidenceBook
from assets.delivery.frames import records
from assets.delivery.lease_charts import (
    BASE,
    PICTURED_TABLES,
    STACKS,
    lease_pictures,
    newest,
    series_label,
    series_names,
)
from assets.delivery.sections import lease_tables as tables_of
from assets.delivery.sections.lease_tables import ESTIMATES, METHOD, PRIORS
from assets.delivery.view import View
from assets.delivery.words import Said, joined, name, say, word

# Tables and views of the published file that the section reads, beside those of the rest of the page.
LEASE_TABLES = tuple(
    dict.fromkeys(
        (
            *PICTURED_TABLES, "breach_probability", "lease_estimates", "scenarios", "shocks", "tenant_concentration",
            "stack_mismatches", "contiguous_space",
        )
    )
)  # fmt: skip
# Tables of the page in which a simulated portfolio's rows stand beside reported ones, by the column that tells.
SHARED = {
    "occupancy_history": "series_id", "occupancy_forecast": "series_id", "breach_probability": "series_id",
    "forecast_scores": "series_id", "stack_shares": "series_id", "stack_evidence": "facility_id",
    "facilities": "facility_id",
}  # fmt: skip
MOST_PORTFOLIOS = 5


def reported_only(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables without the rows of simulated portfolios: those whose key begins with a name of `portfolios`."""
    names = set(tables["portfolios"]["portfolio"].astype(str))
    out = dict(tables)
    for table, column in SHARED.items():
        if names and table in out and len(out[table]):
            out[table] = out[table][~_portfolio_of(out[table][column]).isin(names)]
    return out


def leases(view: View) -> Section:
    """Real portfolios first; without a rent roll the section says so."""
    portfolios = view.everything["portfolios"].sort_values(["illustrative", "portfolio"])
    invented = bool(len(portfolios)) and bool(portfolios["illustrative"].all())
    section = Section("leases", say("leases.title"), title_beside=say("leases.all_invented") if invented else "")
    if portfolios.empty:
        return section.add(Para(say("leases.none"), "none"))
    links = {
        "estimates": Link(say("leases.word_estimates"), ESTIMATES),
        "scenarios": Link(say("leases.word_scenarios"), "lease-scenarios"),
        "assumptions": Link(say("leases.word_assumptions"), "assumptions"),
    }  # fmt: skip
    inside = {key: words_of(link) for key, link in links.items()}
    section.add(Para(say("leases.method", **inside), anchor=METHOD))
    section.add(
        Para(say("leases.estimates", priors=words_of(Link(say("leases.word_priors"), "assumptions"))), anchor=ESTIMATES)
    )
    for number, row in enumerate(records(portfolios.head(MOST_PORTFOLIOS)), start=1):
        section.add(*_roll(view, row, number))
    if len(portfolios) > MOST_PORTFOLIOS:
        section.add(Para(say("leases.further", n=len(portfolios) - MOST_PORTFOLIOS), "faint"))
    return section.add(*_scenarios(view))


def document_anchors(view: View) -> set[str]:
    """Anchors of the documents that the section names: the page must not leave these out."""
    listed = view.everything["portfolios"]["documents"].astype(str)
    named = {part.strip() for text in listed for part in text.split(",")}
    return {anchor for anchor in map(view.book.document, named) if anchor}


def _roll(view: View, row: dict[str, Any], number: int) -> list[Any]:
    portfolio = str(row["portfolio"])
    own = of_portfolio(view.everything, portfolio)
    key = f"leases-{number}"
    counted = f"{key}-counted"
    scope = view.scopes.portfolio(portfolio)
    out: list[Any] = [
        Heading(
            say("leases.portfolio", name=name(portfolio, 80)), anchor=key,
            badge=say("leases.badge") if row["illustrative"] else "",
        )
    ]  # fmt: skip
    if row["illustrative"]:
        out.append(Para(say("leases.invented"), "warned"))
    out.append(
        Para(
            say(
                "leases.counted", day=wording.day(row["as_of"]), buildings=int(row["facilities"]),
                leases=int(row["leases"]), documents=_documents(view.book, row),
            ),
            anchor=counted,
        )
    )  # fmt: skip
    called = series_names(own["facilities"])
    forecast = newest(own["occupancy_forecast"])
    pictures = lease_pictures(own)
    if not pictures:
        out.append(Para(say("leases.no_picture"), "none"))
    fans = {title: one for title, one in pictures.items() if title.startswith("Occupancy by scenario")}
    if fans:
        scenarios = tuple(str(one) for one in sorted(forecast["scenario"].astype(str).unique()) if one != BASE)
        cards = [Card(one, _fan_scope(view, portfolio, title)) for title, one in fans.items()]
        out.append(Cards(cards, scenarios, key))
    out.append(tables_of.stacks(own["portfolio_stack_evidence"], forecast, counted))
    rest = [Card(one, scope) for title, one in pictures.items() if title not in fans]
    if rest:
        out.append(Cards(rest))
    for table in (
        tables_of.breaches(newest(own["breach_probability"]), forecast, called),
        tables_of.wale(own["wale"], called, counted),
        tables_of.backlog(newest(own["backlog_runoff"]), called),
        tables_of.blocks(newest(own["contiguous_space"]), called),
        tables_of.tenants(own["tenant_concentration"], counted),
        tables_of.mismatches(own["stack_mismatches"], called, counted),
        tables_of.ban(newest(own["scenario_effects"]), called),
        tables_of.estimates(newest(own["lease_estimates"])),
    ):
        out += table if isinstance(table, list) else [table]
    scopes = {series_label(called, key): view.scopes.series("facility", f"{portfolio}/{key}") for key in called}
    scopes |= {
        one: view.scopes.series("operator", f"{portfolio}/{key}")
        for key, one in called.items()
        if key in view.scopes.operators
    }
    return [scoped(block, scopes, scope) for block in out]


def scoped(block: Any, by_name: Mapping[str, Scope], otherwise: Scope) -> Any:
    """The same block; each row of its tables is about the building or operator it names, else about the portfolio."""
    if isinstance(block, Fold):
        return replace(block, blocks=tuple(scoped(one, by_name, otherwise) for one in block.blocks))
    if not isinstance(block, Table):
        return block
    rows = []
    for row in block.rows:
        named = [by_name[str(cell)] for cell in row.cells[:3] if isinstance(cell, Said) and str(cell) in by_name]
        rows.append(replace(row, scope=row.scope or (named[0] if named else otherwise)))
    return replace(block, rows=rows)


def _fan_scope(view: View, portfolio: str, title: str) -> Scope:
    for stack in STACKS:
        if title.endswith(f", {word('stack', stack)}"):
            return view.scopes.portfolio(portfolio, stack)
    return view.scopes.portfolio(portfolio)


def _documents(book: EvidenceBook, row: Mapping[str, Any]) -> Markup:
    listed = [part.strip() for part in str(row["documents"]).split(",") if part.strip()]
    names = {str(one["document_id"]): one["file_name"] for one in records(book.tables["documents"])}
    parts = [Link(name(names.get(one, one), 120), book.document(one)).__html__() for one in listed]
    return Markup(", ").join(parts)


def _scenarios(view: View) -> list[Any]:
    head = Heading(say("leases.in_force"), anchor="lease-scenarios")
    about = Para(say("leases.priors", claim=words_of(Link(say("leases.word_claim"), "claims"))), anchor=PRIORS)
    found = view.everything["scenarios"].sort_values("scenario")
    if found.empty:
        return [head, about, Para(say("leases.no_scenario"), "none")]
    claims = set(view.everything["claims"]["claim_id"].astype(str))
    out: list[Any] = [head, about]
    for row in records(found):
        shocks = view.everything["shocks"]
        own = shocks[shocks["scenario"] == row["scenario"]] if len(shocks) else shocks
        words = say("leases.scenario", name=name(row["scenario"], 60), title=name(row["title"], 120), n=len(own))
        told = [name(row["description"], 800)]
        if not wording.missing(row["includes"]) and str(row["includes"]):
            told.append(say("leases.includes", names=name(row["includes"])))
        lock_in, dual = (words_of(tables_of.prior(row[one])) for one in ("lock_in", "dual_stack"))
        told.append(say("leases.weakened", lock_in=lock_in, dual=dual))
        out.append(Fold(words, (Para(joined(told, " ")), tables_of.shocks(own, claims, str(row["scenario"])))))
    return out


def of_portfolio(tables: Mapping[str, pd.DataFrame], portfolio: str) -> dict[str, pd.DataFrame]:
    """Rows of LEASE_TABLES that belong to one portfolio, by its column or by the key they begin with."""
    out = {}
    for table in LEASE_TABLES:
        frame = tables[table]
        by_key = next((column for column in ("series_id", "facility_id") if column in frame), None)
        if by_key is not None:
            frame = frame[_portfolio_of(frame[by_key]) == portfolio]
        elif "portfolio" in frame:
            frame = frame[frame["portfolio"].astype(str) == portfolio]
        out[table] = frame
    return out


def _portfolio_of(keys: pd.Series) -> pd.Series:
    """The part of 'portfolio/series' before the first stroke."""
    return keys.astype(str).str.split("/", n=1).str[0]
