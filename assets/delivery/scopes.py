"""Who and where a series is: the markets, stacks and operators that filters go by, worked out from published tables.

A sum is about everything it can hold: choosing an operator leaves the sums that it is in. Knows frames alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.delivery import wording
from assets.delivery.blocks import Scope
from assets.delivery.frames import records
from assets.warehouse.names import slug

STACKS = ("mainland", "us", "dual", "unknown")


class Scopes:
    """Scopes of series, documents and portfolios, and the choices that filters offer.

    tables: the published tables by name, portfolios included.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.markets: dict[str, str] = {}
        self.operators: dict[str, str] = {}
        self._places: dict[str, set[str]] = defaultdict(set)
        self._shares: dict[tuple[str, str], frozenset[str]] = {}
        self._portfolios = set(tables["portfolios"]["portfolio"].astype(str))
        self._buildings: dict[str, Scope] = {}
        for row in records(tables["stack_shares"].sort_values("as_of")):
            held = frozenset(stack for stack in STACKS if float(row[f"{stack}_share"]) > 0)
            self._shares[str(row["level"]), str(row["series_id"])] = held
        for row in records(tables["facilities"]):
            self._meet(row["operator"], row["market"])
            key = str(row["facility_id"])
            stacks = self._shares.get(("facility", key), frozenset({"unknown"}))
            self._buildings[key] = Scope(self._slugs(row["market"]), stacks, self._slugs(row["operator"]))
        for table in ("source_disagreements", "outside_forecasts"):
            for row in records(tables[table]):
                self._meet(row.get("source"), row["market"], settled=False)
        history = tables["occupancy_history"]
        self._latest = records(history.sort_values("quarter_end").groupby(["level", "series_id"]).tail(1))
        for row in self._latest:
            self._meet(row["operator"], row["market"])
        self._by_series = {(str(row["level"]), str(row["series_id"])): row for row in self._latest}
        self._known: dict[tuple[str, str], Scope] = {}
        self._held_by: dict[str, set[str]] = defaultdict(set)
        for row in self._latest:
            if row["level"] in ("operator", "facility"):
                series = (str(row["level"]), str(row["series_id"]))
                for own in self._slugs(row["operator"]):
                    self._held_by[own] |= self._shares.get(series, frozenset({str(row["stack"])}))
        self._of_portfolio: dict[str, list[Scope]] = defaultdict(list)
        for building, scope in self._buildings.items():
            self._of_portfolio[building.split("/", 1)[0]].append(scope)

    def series(self, level: str, series_id: str) -> Scope:
        """The scope of a reported series or of a series of a portfolio."""
        key = (str(level), str(series_id))
        if key not in self._known:
            portfolio = key[1].split("/", 1)[0]
            self._known[key] = self._held(*key) if portfolio in self._portfolios else self._reported(*key)
        return self._known[key]

    def operator(self, operator: Any) -> Scope:
        """The scope of an operator as a whole: a document of it, a figure held back."""
        own = self._slugs(operator)
        stacks = frozenset().union(*(self._held_by.get(one, set()) for one in own))
        return Scope(self._markets_of(own), stacks & frozenset(STACKS), own & self.operators.keys())

    def market(self, market: Any, *operators: Any) -> Scope:
        """The scope of a market and the sources that speak of it."""
        told = {slug(wording.plain(one).split(":")[0]) for one in operators if not wording.missing(one)}
        return Scope(self._slugs(market) & set(self.markets), frozenset(), frozenset(told & set(self.operators)))

    def portfolio(self, portfolio: str, stack: str = "") -> Scope:
        """The scope of a whole portfolio, or of one stack of it."""
        return self._held("stack", f"{portfolio}/{stack}") if stack else self._held("total", f"{portfolio}/total")

    def _meet(self, operator: Any, market: Any, settled: bool = True) -> None:
        """Offer an operator and a market. settled: the operator has a site there; a source only speaks of it."""
        if not wording.missing(operator):
            self.operators.setdefault(slug(str(operator)), wording.plain(operator, 80))
        if not wording.missing(market):
            self.markets.setdefault(slug(str(market)), wording.plain(market, 80))
            if settled and not wording.missing(operator):
                self._places[slug(str(operator))].add(slug(str(market)))

    def _slugs(self, text: Any) -> frozenset[str]:
        return frozenset() if wording.missing(text) or not str(text) else frozenset({slug(str(text))})

    def _markets_of(self, operators: frozenset[str]) -> frozenset[str]:
        return frozenset().union(*(self._places.get(one, set()) for one in operators))

    def _reported(self, level: str, series_id: str) -> Scope:
        row = self._by_series.get((level, series_id))
        if row is None:
            return Scope()
        stack = self._slugs(row["stack"]) & frozenset(STACKS)
        if level in ("operator", "facility"):
            own = self._slugs(row["operator"])
            places = self._slugs(row["market"])
            if level == "operator":
                places |= self._markets_of(own)
            return Scope(places, self._shares.get((level, series_id), stack or frozenset({"unknown"})), own)
        members = self._members(row)
        joined = _joined([self.series(str(member["level"]), str(member["series_id"])) for member in members])
        if level == "stack":
            return Scope(joined.markets, stack, joined.operators)
        if level == "market":
            return Scope(self._slugs(row["market"]), joined.stacks, joined.operators | self._slugs(row["operator"]))
        return joined

    def _members(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The series that a sum of this unit, and of this market or stack, can hold."""
        out = []
        for other in self._latest:
            if other["level"] not in ("operator", "facility") or other["unit"] != row["unit"]:
                continue
            if wording.missing(other["in_service"]):
                continue
            key = (str(other["level"]), str(other["series_id"]))
            held = self._shares.get(key, frozenset({str(other["stack"])}))
            if row["level"] == "stack" and str(row["stack"]) not in held:
                continue
            if row["level"] == "market" and (not wording.missing(row["operator"]) or other["market"] != row["market"]):
                continue
            out.append(other)
        return out

    def _held(self, level: str, series_id: str) -> Scope:
        portfolio, key = series_id.split("/", 1)
        own = self._of_portfolio.get(portfolio, [])
        if level == "facility":
            return self._buildings.get(series_id, Scope())
        if level == "operator":
            own = [scope for scope in own if key in scope.operators]
        if level == "market":
            own = [scope for scope in own if key in scope.markets]
        joined = _joined(own)
        stacks = frozenset({key}) if level == "stack" else frozenset(STACKS)
        return Scope(joined.markets, stacks, joined.operators)


def _joined(scopes: list[Scope]) -> Scope:
    """What any of the scopes is about. All at once: one after another would copy what is joined so far each time."""
    return Scope(*(frozenset().union(*parts) for parts in zip(*scopes, strict=True)))
