"""Prophet, set up for short quarterly series: the member, and stock Prophet objects of the same set-up to compare with.

Why not the default: Prophet's default has 25 changepoints and yearly seasonality of order 10, 47 parameters on four
dates a year. Here the number of changepoints grows with the figures (one in eight, at most four) and seasonality is
off unless the series shows it. Growth is linear without a cap and logistic under one, which may vary in time. MAP
only: prophet_map and prophet_logistic maximise Prophet's own posterior; that stock Prophet, which stops short, finds
no better point is measured in bench.prophet_reference.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from forecasts.members import prophet_logistic, prophet_map
from forecasts.members.base import Answer, scaled
from forecasts.members.compiled import Compiled, Kernel
from forecasts.panel import Panel, Series

# A cap that lies farther above the figures, in multiples of the largest, bends nothing any more.
FARTHEST_CAP = 1e6


def build(series: Series, logs: bool = False) -> Any:
    """An unfitted stock Prophet object with this project's set-up for the series.

    logs: for the logarithms of the figures, which stand between 0 and 1 there (figures: largest magnitude 1).
    """
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from prophet import Prophet

    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    # cmdstanpy puts its level back to INFO whenever it asks for its logger, so a level would not last.
    logging.getLogger("cmdstanpy").disabled = True
    wanted = len(series.observed) // prophet_map.POINTS_PER_CHANGEPOINT
    common = {"weekly_seasonality": False, "daily_seasonality": False, "yearly_seasonality": False}
    if series.cap is None:
        model = Prophet(
            n_changepoints=max(1, min(prophet_map.MAX_CHANGEPOINTS, wanted)),
            changepoint_range=prophet_map.CHANGEPOINT_SHARE,
            changepoint_prior_scale=prophet_map.TAU,
            scaling="minmax" if logs else "absmax",
            **common,
        )
    else:
        model = Prophet(
            growth="logistic",
            n_changepoints=max(1, min(prophet_map.MAX_CHANGEPOINTS, wanted)),
            changepoint_range=prophet_logistic.CHANGEPOINT_SHARE,
            changepoint_prior_scale=prophet_logistic.TAU,
            **common,
        )
    if prophet_map.is_seasonal(scaled(series.y)[0]):
        # Order 2 spans every pattern that four dates a year can hold.
        model.add_seasonality(name="yearly", period=365.25, fourier_order=2)
    return model


def linear_kernel(panel: Panel) -> Kernel:
    """The kernel of linear growth for these series: Prophet's time and season stand on their dates."""

    def kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return prophet_map.kernel(flat, offsets, panel.firsts, horizon)

    return kernel


def logistic_kernel(panel: Panel) -> Kernel:
    """The kernel of logistic growth for these series, which all have a cap."""

    def kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = [np.empty(0)]
        for series in panel:
            assert series.cap is not None
            whole = np.concatenate([series.cap[: len(series.y)], series.future_cap(horizon)])
            top = scaled(series.y)[1]
            parts.append(np.minimum(whole, top * FARTHEST_CAP) / top)
        return prophet_logistic.kernel(flat, offsets, panel.firsts, np.concatenate(parts), horizon)

    return kernel


class ProphetMember:
    """Prophet's MAP trend (and season where proven), re-anchored at the origin.

    The fitted curve passes beside the last figures, and on short quarterly series that gap is most of the error, so it
    is carried forward (prophet_map.smoothing). What is used of Prophet is its change from the origin on, damped.
    """

    name = "prophet"
    separate = True

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """See forecasts.members.base.Member. Nothing is drawn: the quantiles are normal."""
        median, quantiles = np.empty((len(panel), horizon)), np.empty((len(panel), horizon, len(levels)))
        reasons = [""] * len(panel)
        for capped in (False, True):
            places = [at for at, series in enumerate(panel) if (series.cap is not None) == capped]
            if not places:
                continue
            part = Panel(tuple(panel.series[at] for at in places))
            kernel = logistic_kernel(part) if capped else linear_kernel(part)
            answer = Compiled(self.name, kernel, prophet_logistic.REASONS).answer(part, horizon, levels)
            median[places], quantiles[places] = answer.median, answer.quantiles
            for at, reason in zip(places, answer.reasons, strict=True):
                reasons[at] = reason
        return Answer(median, quantiles, tuple(reasons))
