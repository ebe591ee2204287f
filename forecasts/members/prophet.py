"""Prophet, set up for short quarterly series. Stock Prophet objects; the set-up and the guards live here, nothing else.

Why not the default: Prophet's default has 25 changepoints and yearly seasonality of order 10, 47 parameters on four
dates a year. Here the number of changepoints grows with the figures (one in eight, at most four), seasonality is off
unless the series is long and shows it, growth is logistic under a cap that varies in time where the panel gives one and
linear otherwise. MAP only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecasts.members.base import Answer, bounded, collect, last_value, scaled, series_seed
from forecasts.panel import Panel, Series, quarter_ends

MIN_POINTS = 6
POINTS_PER_CHANGEPOINT = 8
MAX_CHANGEPOINTS = 4
SEASON = 4
MIN_POINTS_FOR_SEASON = 4 * SEASON
SAMPLES = 400


def is_seasonal(y: np.ndarray) -> bool:
    """True where a year's pattern is proven: lag-4 autocorrelation of the quarterly changes above the 95 % limit.

    The limit is Bartlett's, 1.96 sqrt((1 + 2 sum r_k^2) / n) with k = 1..3, as in the Naive2 rule of the M competitions
    (Makridakis et al., 2000) but on changes, so that a trend is not taken for a season, and at 95 %. A series with
    gaps, or with fewer than MIN_POINTS_FOR_SEASON figures, is not tested.
    """
    if np.isnan(y).any() or len(y) < MIN_POINTS_FOR_SEASON:
        return False
    change = np.diff(y)
    centred = change - change.mean()
    power = float(centred @ centred)
    if power <= 0:
        return False
    n = len(centred)
    r = np.array([centred[lag:] @ centred[:-lag] / power for lag in range(1, SEASON + 1)])
    return bool(r[-1] > 1.96 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / n))


def build(series: Series) -> Any:
    """An unfitted Prophet object with this project's set-up for the series."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from prophet import Prophet

    logging.getLogger("prophet").setLevel(logging.CRITICAL)
    # cmdstanpy puts its level back to INFO whenever it asks for its logger, so a level would not last.
    logging.getLogger("cmdstanpy").disabled = True
    count = len(series.observed)
    model = Prophet(
        growth="linear" if series.cap is None else "logistic",
        n_changepoints=min(MAX_CHANGEPOINTS, count // POINTS_PER_CHANGEPOINT),
        yearly_seasonality=False,
        weekly_seasonality=False,
        daily_seasonality=False,
        uncertainty_samples=SAMPLES,
    )
    if is_seasonal(series.y):
        # Order 2 spans every pattern that four dates a year can hold.
        model.add_seasonality(name="yearly", period=365.25, fourier_order=2)
    return model


def _refusal(series: Series) -> str:
    """Why Prophet is not tried on the series; '' where it is."""
    count = len(series.observed)
    if count < MIN_POINTS:
        return f"{count} figures, prophet needs {MIN_POINTS}"
    values = series.y[series.observed]
    if values.min() == values.max():
        return "all figures equal"
    if series.cap is not None:
        if (series.cap <= 0).any():
            return "a capacity cap of zero"
        if values.min() < 0:
            return "figures below zero under a capacity cap"
    return ""


class ProphetMember:
    """Prophet's MAP trend (and season where proven), re-anchored at the last figure.

    The fitted curve passes beside the last figure, and on short quarterly series that gap is most of the error, so the
    residual of the last figure is carried forward in full: what is used of Prophet is its change from the origin on.
    """

    name = "prophet"
    separate = True

    def answer(self, panel: Panel, horizon: int, levels: Sequence[float] = (), seed: int = 0) -> Answer:
        """See forecasts.members.base.Member. Quantiles come from Prophet's own samples (numpy seeded per series)."""
        return collect([self._one(series, horizon, levels, seed) for series in panel], horizon, levels)

    def _one(
        self, series: Series, horizon: int, levels: Sequence[float], seed: int
    ) -> tuple[np.ndarray, np.ndarray, str]:
        reason = _refusal(series)
        if not reason:
            try:
                median, quantiles = self._fit(series, horizon, levels, seed)
            except (RuntimeError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
                reason = f"prophet did not fit: {type(error).__name__}"
            else:
                if np.isfinite(median).all() and np.isfinite(quantiles).all():
                    return bounded(median, series, horizon), bounded(quantiles, series, horizon), ""
                reason = "prophet's answer was not finite"
        return (*last_value(series, horizon, levels), reason)

    @staticmethod
    def _fit(series: Series, horizon: int, levels: Sequence[float], seed: int) -> tuple[np.ndarray, np.ndarray]:
        unit, top = scaled(series.y)
        n = len(unit)
        own_seed = series_seed(series, seed)
        ends = quarter_ends(np.arange(series.first, series.first + n + horizon))
        table = pd.DataFrame({"ds": ends})
        if series.cap is not None:
            table["cap"] = np.concatenate([series.cap[:n], series.future_cap(horizon)]) / top
        model = build(series)
        try:
            model.fit(table.iloc[:n].assign(y=unit), seed=own_seed % 2**31)
            future = model.setup_dataframe(table.iloc[n - 1 :].copy())
            curve = model.predict_trend(future)
            if model.seasonalities:
                curve = curve + model.predict_seasonal_components(future)["additive_terms"].to_numpy()
            curve = np.asarray(curve, dtype=float)
            median = curve[1:] + (unit[-1] - curve[0])
            quantiles = np.empty((horizon, 0))
            if len(levels):
                # Prophet draws from numpy's global generator; it is put back so that nobody else's draws change.
                state = np.random.get_state()
                np.random.seed(own_seed)
                try:
                    samples = model.predictive_samples(table.iloc[n:].copy())["yhat"]
                finally:
                    np.random.set_state(state)
                centred = samples - np.median(samples, axis=1, keepdims=True)
                quantiles = (np.quantile(centred, list(levels), axis=1) + median).T
        finally:
            model.stan_backend.cleanup()
        with np.errstate(over="ignore"):
            return median * top, quantiles * top
