"""Capacity in service and occupancy of a series together, and what each member says of both.

Capacity is forecast, percentages follow by division: a member forecasts in-service capacity and used capacity (under
its own forecast of the former as a cap that moves), and the rate is their ratio. Where only rates are known, or a
member cannot fit both, it works on the bounded scale of forecasts.rates. Errors of capacity are taken on the log scale,
errors of rates on the bounded one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasts import rates
from forecasts.members import MEMBERS
from forecasts.panel import Panel, Series
from forecasts.parallel import answer_in_parts
from forecasts.rolling import Said, ask


@dataclass(frozen=True)
class Occupancy:
    """One series: rate (0 to 1) and, where known, in_service (a unit, above 0). Both may have gaps. perimeter: label of
    the perimeter in which the last figures stand.
    """

    rate: Series
    in_service: Series | None = None
    perimeter: str = ""

    @property
    def unique_id(self) -> Hashable:
        """Name of the series."""
        return self.rate.unique_id


def logs(item: Occupancy) -> Series:
    """Capacity in service on the log scale; an empty series where only rates are known."""
    if item.in_service is None:
        return Series(item.unique_id, item.rate.last + 1, np.empty(0), signed=True)
    return Series(item.unique_id, item.in_service.first, np.log(item.in_service.y), signed=True)


def bounded_rates(item: Occupancy) -> Series:
    """The rate on the bounded scale."""
    return Series(item.unique_id, item.rate.first, rates.to_scale(item.rate.y), signed=True)


def used(item: Occupancy) -> Series | None:
    """Used capacity where both operands are known in the last quarter of the rate; None elsewhere."""
    capacity = item.in_service
    if capacity is None or capacity.last != item.rate.last:
        return None
    first = max(capacity.first, item.rate.first)
    product = item.rate.y[first - item.rate.first :] * capacity.y[first - capacity.first :]
    seen = np.flatnonzero(~np.isnan(product))
    if not len(seen):
        return None
    return Series(item.unique_id, first + int(seen[0]), product[seen[0] :])


def capacity_said(items: Sequence[Occupancy], horizon: int, seed: int = 0) -> Said:
    """What the members say of capacity in service, as logarithms; horizons count from the last rate, to which a
    capacity that is known less far is brought by its own forecast. Rate-only series: NaN and not fitted.

    Members see the capacity itself: extrapolated on the log scale it would outgrow the used capacity it is divided by.
    """
    panel = Panel(tuple(_plain(item) for item in items))
    lags = [0 if not len(one.y) else item.rate.last - one.last for item, one in zip(items, panel, strict=True)]
    lag = np.maximum(np.array(lags, dtype=int), 0)
    said = ask(panel, horizon + int(lag.max(initial=0)), seed=seed)
    known = np.array([len(one.y) > 0 for one in panel], dtype=bool)
    ahead = (lag[:, None] + np.arange(horizon))[:, None, :]
    level = np.maximum(np.take_along_axis(said.median, ahead, axis=2), np.finfo(float).tiny)
    naive = level[:, [said.names.index("naive")]]
    deviation = np.take_along_axis(said.deviation, ahead, axis=2) / naive
    median = np.where(known[:, None, None], np.log(level), np.nan)
    return replace(said, median=median, deviation=deviation, fitted=said.fitted & known[:, None])


def _plain(item: Occupancy) -> Series:
    """Capacity in service; an empty series where only rates are known."""
    return item.in_service or Series(item.unique_id, item.rate.last + 1, np.empty(0))


def rate_said(items: Sequence[Occupancy], capacity: Said, seed: int = 0) -> Said:
    """What the members say of the rate, on the bounded scale: by division where used capacity is known and a member
    fits both operands, else straight on that scale. capacity: capacity_said of the same items.
    """
    horizon = capacity.median.shape[2]
    said = ask(Panel(tuple(bounded_rates(item) for item in items)), horizon, seed=seed)
    taken = {at: series for at, item in enumerate(items) if (series := used(item)) is not None}
    places = np.array(list(taken), dtype=int)
    if not len(places):
        return said
    median, fitted = said.median.copy(), said.fitted.copy()
    for position, name in enumerate(MEMBERS):
        ahead = np.exp(capacity.median[places, position])
        panel = Panel(tuple(_capped(items[at], taken[at], caps) for at, caps in zip(places, ahead, strict=True)))
        answer = answer_in_parts(name, panel, horizon, (), seed)
        both = np.array([not reason for reason in answer.reasons]) & capacity.fitted[places, position]
        here = places[both]
        median[here, position] = rates.to_scale(answer.median[both] / ahead[both])
        fitted[here, position] = True
    return replace(said, median=median, fitted=fitted)


def _capped(item: Occupancy, taken: Series, ahead: np.ndarray) -> Series:
    assert item.in_service is not None
    y = item.in_service.y
    # A capacity that is missing amid others stays what it was; y begins with a figure.
    known = np.maximum.accumulate(np.where(np.isnan(y), 0, np.arange(len(y))))
    filled = y[known][taken.first - item.in_service.first :]
    return Series(taken.unique_id, taken.first, taken.y, np.concatenate([filled, ahead]))
