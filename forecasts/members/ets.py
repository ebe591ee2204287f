"""Exponential smoothing (ETS): the model set, the choice by AICc and the forecasts.

Belongs here: which models there are, from where they are searched, how they are chosen or averaged and what they
forecast. One model's fit is in forecasts.members.ets_filter. Formulas: Hyndman, Koehler, Ord and Snyder (2008),
"Forecasting with Exponential Smoothing", chapters 5 (likelihood), 6 (variances) and 7 (AICc). Weights of an average:
Burnham and Anderson (2002), "Model Selection and Multimodel Inference"; Kolassa (2011), "Combining exponential
smoothing forecasts using Akaike weights", International Journal of Forecasting 27.
"""

from __future__ import annotations

import numpy as np

from forecasts.compiling import compiled
from forecasts.members.compiled import Compiled
from forecasts.members.ets_filter import (
    ADDITIVE,
    ALPHA,
    BETA,
    DAMPED,
    FACTOR,
    GAMMA,
    HIGH,
    JACOBIAN,
    LAST,
    LEVEL,
    LOW,
    MOVE,
    MULTIPLICATIVE,
    NONE,
    PARAMETERS,
    PHI,
    ROOM,
    ROWS,
    SEASON,
    SEASON_1,
    START,
    STATES,
    VECTORS,
    columns_of,
    minus_twice_log,
    search,
    step,
    sweep,
)

FEW_FIGURES = 1
NO_FIT = 2
REASONS = {
    FEW_FIGURES: "exponential smoothing needs at least five figures",
    NO_FIT: "no exponential smoothing model could be fitted",
}
LEAST_FIGURES = 5
LEAST_SEASONAL = 13  # figures below which four seasonal states cannot be told from chance
LEAST_PER_QUARTER = 2

# error, trend, season; both errors of a trend and season follow each other, because they share their starts
MODELS = np.array(
    [
        (error, trend, season)
        for season in (NONE, ADDITIVE, MULTIPLICATIVE)
        for trend in (NONE, ADDITIVE, DAMPED)
        for error in (ADDITIVE, MULTIPLICATIVE)
        if (error, season) != (ADDITIVE, MULTIPLICATIVE)
    ]
)
COUNT = len(MODELS)
NAMES = tuple("-AM"[error] + ("N", "A", "Ad")[trend] + "NAM"[season] for error, trend, season in MODELS)

EDGE = 1e-4
PHI_LOW, PHI_HIGH = 0.8, 0.98
# Upper limits of beta and gamma as statsforecast has them in effect: its start value of alpha, which depends on the
# season length, caps beta of that model and of all models it fits afterwards. With beta up to 1 the validation MASE of
# public quarterly series was 8 % (M3) and 2 % (Tourism) worse.
BETA_WIDE = EDGE + 0.2 * (1 - 2 * EDGE)
BETA_NARROW = EDGE + 0.05 * (1 - 2 * EDGE)
GAMMA_HIGH = 1.0 - BETA_NARROW

# The likelihood has several optima, at small and large alpha, beta and gamma: alpha, beta, gamma, phi of all starts
# that are looked at, of which the best TRIES are searched from.
STARTS = np.array(
    [
        (alpha, beta, gamma, 0.97)
        for alpha, beta in ((0.1, 0.01), (0.5, 0.01), (0.95, 0.01), (0.05, 0.1), (0.5, 0.1))
        for gamma in (0.05, 0.6)
    ]
)
LEAST_BETA, LEAST_GAMMA = 0.01, 0.05  # a model without that parameter has the starts at these values alone
TRIES = 2
SMALLEST_INDEX = 0.05  # of a seasonal factor to start from

# How much worse an AICc may get before a search is given up. In an average a model this much worse has a weight of
# 5 % beside the best; for the best alone it only makes up for the coarse guess of what a search is still good for.
MARGIN_AVERAGE = 6.0
MARGIN_BEST = 0.5


@compiled
def fill_limits(model: int, room: np.ndarray) -> None:
    """Puts the box of a model's parameters into room."""
    low, high = room[VECTORS, LOW], room[VECTORS, HIGH]
    for i in range(STATES):
        low[i], high[i] = -np.inf, np.inf
    wide = MODELS[model, 0] == ADDITIVE and MODELS[model, 2] == NONE
    low[ALPHA], high[ALPHA] = EDGE, 1.0 - EDGE
    low[BETA], high[BETA] = EDGE, BETA_WIDE if wide else BETA_NARROW
    low[GAMMA], high[GAMMA] = EDGE, GAMMA_HIGH
    low[PHI], high[PHI] = PHI_LOW, PHI_HIGH


@compiled
def solve_states(
    y: np.ndarray,
    season: int,
    start: np.ndarray,
    x: np.ndarray,
    place: np.ndarray,
    columns: np.ndarray,
    count: int,
    states: int,
    room: np.ndarray,
) -> float:
    """Sum of squares of a model with additive errors and season, with smoothing parameters start (4,) and the initial
    states best for them; both are left in x (9,).
    """
    low, high, move = room[VECTORS, LOW], room[VECTORS, HIGH], room[VECTORS, MOVE]
    for i in range(PARAMETERS):
        x[i] = 0.0
    x[LEVEL] = y[0]
    x[PHI] = 1.0
    for i in range(states, count):
        at = columns[i]
        x[at] = min(max(start[at - STATES], low[at]), high[at])
        place[at] = -1
    squares, _ = sweep(y, ADDITIVE, season, x, place, states, room[ROWS], room[JACOBIAN], room[VECTORS, LAST])
    squares -= step(x, columns, states, states, room[JACOBIAN], room[FACTOR], 0.0, low, high, move)
    for i in range(states):
        x[columns[i]] += move[i]
    for i in range(states, count):
        place[columns[i]] = i
    return squares


@compiled
def seasonal_factors(y: np.ndarray) -> np.ndarray:
    """Four factors of mean 1: mean ratio of y (n,) to its centred yearly average, y[0] being of the first quarter."""
    n = len(y)
    total, number = np.zeros(SEASON), np.zeros(SEASON)
    for t in range(2, n - 2):
        level = 0.5 * (y[t - 2] + y[t + 2]) + y[t - 1] + y[t] + y[t + 1]
        if level > 0.0:  # false in a gap
            total[t % SEASON] += y[t] * SEASON / level
            number[t % SEASON] += 1.0
    for k in range(SEASON):
        total[k] = max(total[k] / number[k], SMALLEST_INDEX) if number[k] > 0.0 else 1.0
    return total / total.mean()


@compiled
def fill_bank(y: np.ndarray, model: int, bank: np.ndarray, worth: np.ndarray, room: np.ndarray) -> int:
    """Starts of the models with the trend and season of `model` into bank (starts, 9); returns how many.

    worth (starts,): their sums of squares with additive errors. Starts of a multiplicative season are those of the
    figures without it.
    """
    trend, season = MODELS[model, 1], MODELS[model, 2]
    place, columns = np.empty(PARAMETERS, np.int64), np.empty(PARAMETERS, np.int64)
    ratio = season == MULTIPLICATIVE
    linear = NONE if ratio else season
    count, states = columns_of(trend, linear, place, columns)
    fill_limits(model, room)
    figures, factors = y, np.ones(SEASON)
    if ratio:
        factors = seasonal_factors(y)
        figures = np.empty(len(y))
        for t in range(len(y)):
            figures[t] = y[t] / factors[t % SEASON]
    used = 0
    for i in range(len(STARTS)):
        again = STARTS[i, 2] > LEAST_GAMMA
        if (trend == NONE and STARTS[i, 1] > LEAST_BETA) or (season == NONE and again):
            continue
        x = bank[used]
        if ratio and again:
            for k in range(PARAMETERS):
                x[k] = bank[used - 1, k]
        else:
            worth[used] = solve_states(figures, linear, STARTS[i], x, place, columns, count, states, room)
        if ratio:
            x[GAMMA] = STARTS[i, 2]
            for k in range(1, SEASON):
                x[SEASON_1 + k - 1] = factors[k]
        used += 1
    return used


@compiled
def fit(
    y: np.ndarray,
    seen: int,
    model: int,
    bank: np.ndarray,
    worth: np.ndarray,
    used: int,
    found: np.ndarray,
    enough: float,
    room: np.ndarray,
) -> float:
    """-2 log L of a model (up to a constant), searched from the best of the `used` starts in bank, its parameters left
    in found (9,). The optima with additive errors are put behind the starts, for the model with multiplicative errors.
    """
    error, trend, season = MODELS[model]
    low, high, x = room[VECTORS, LOW], room[VECTORS, HIGH], room[VECTORS, START]
    place, columns = np.empty(PARAMETERS, np.int64), np.empty(PARAMETERS, np.int64)
    fill_limits(model, room)
    if error == MULTIPLICATIVE:
        for i in range(PARAMETERS):
            place[i] = -1
        for i in range(used):
            squares, logs = sweep(y, error, season, bank[i], place, 0, room[ROWS], room[JACOBIAN], room[VECTORS, LAST])
            worth[i] = minus_twice_log(squares, logs, seen)
    count, states = columns_of(trend, season, place, columns)
    best = np.inf
    for attempt in range(min(TRIES, used)):
        at = 0
        for i in range(used):
            if worth[i] < worth[at]:
                at = i
        if not worth[at] < np.inf:
            break
        worth[at] = np.inf
        for k in range(PARAMETERS):
            x[k] = bank[at, k]
            if k >= STATES and place[k] >= 0:
                x[k] = min(max(x[k], low[k]), high[k])
        value = search(y, seen, error, season, x, place, columns, count, states, min(enough, best), room)
        if value < best:
            best = value
            for k in range(PARAMETERS):
                found[k] = x[k]
        if error == ADDITIVE:
            for k in range(PARAMETERS):
                bank[used + attempt, k] = x[k]
    return best


@compiled
def parameters(model: int) -> int:
    """Number of parameters of a model, the variance among them."""
    trend, season = MODELS[model, 1], MODELS[model, 2]
    return 3 + 2 * (trend != NONE) + (trend == DAMPED) + SEASON * (season != NONE)


@compiled
def penalty(model: int, seen: int) -> float:
    """What AICc adds to -2 log L; infinite where there are too few figures."""
    k = parameters(model)
    if seen - k - 1 <= 0:
        return np.inf
    return 2.0 * k * seen / (seen - k - 1.0)


@compiled
def nature(y: np.ndarray) -> tuple[int, bool, bool, bool]:
    """Figures seen, whether all are equal, whether all are above zero, whether a season can be fitted."""
    counts = np.zeros(SEASON, np.int64)
    seen, constant, positive = 0, True, True
    for i in range(len(y)):
        if not np.isnan(y[i]):
            seen += 1
            counts[i % SEASON] += 1
            constant = constant and y[i] == y[0]
            positive = positive and y[i] > 0.0
    return seen, constant, positive, seen >= LEAST_SEASONAL and counts.min() >= LEAST_PER_QUARTER


@compiled
def fit_all(y: np.ndarray, margin: float, found: np.ndarray, score: np.ndarray, room: np.ndarray) -> None:
    """AICc (up to a constant) of each model into score (15,), inf where it is not for this series, its parameters into
    found (15, 9). A model more than `margin` worse than one before it may be left short of its optimum.
    """
    seen, _, positive, seasonal = nature(y)
    bank, worth = np.zeros((len(STARTS) + TRIES, PARAMETERS)), np.empty(len(STARTS) + TRIES)
    best = np.inf
    used = 0
    for model in range(COUNT):
        error, season = MODELS[model, 0], MODELS[model, 2]
        score[model] = np.inf
        extra = penalty(model, seen)
        if not extra < np.inf or (season != NONE and not seasonal) or (error == MULTIPLICATIVE and not positive):
            continue
        if error == ADDITIVE or season == MULTIPLICATIVE:
            used = fill_bank(y, model, bank, worth, room)
        else:
            used += min(TRIES, used)
        value = fit(y, seen, model, bank, worth, used, found[model], best + margin - extra, room)
        score[model] = value + extra
        best = min(best, score[model])


@compiled
def forecast(
    y: np.ndarray, seen: int, model: int, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, room: np.ndarray
) -> None:
    """Fills mean and variance (horizon,) of the figures to come under a model with parameters x (9,).

    Exact for additive errors (class 1) and for multiplicative errors without multiplicative season (class 2); with it
    (class 3) the approximation of chapter 6.3, which takes level and season as independent.
    """
    error, season = MODELS[model, 0], MODELS[model, 2]
    horizon = len(mean)
    final = room[VECTORS, LAST]
    place = np.full(PARAMETERS, -1)
    squares, _ = sweep(y, error, season, x, place, 0, room[ROWS], room[JACOBIAN], final)
    sigma2 = squares / (seen - parameters(model) - 1.0)
    alpha, beta, gamma, phi = x[ALPHA], x[BETA], x[GAMMA], x[PHI]
    # answer: what an error of one quarter adds h quarters on; moment: second moment of the figure without a factor
    answer, moment = np.empty(horizon), np.empty(horizon)
    sum_phi, power, growth = 0.0, 1.0, 1.0
    for h in range(horizon):
        power *= phi
        sum_phi += power
        mu = final[0] + sum_phi * final[1]
        answer[h] = alpha + beta * sum_phi
        factor = 1.0
        year_on = (h + 1) % SEASON == 0
        if season == ADDITIVE:
            mu += final[2 + h % SEASON]
            answer[h] += gamma if year_on else 0.0
        elif season == MULTIPLICATIVE:
            factor = final[2 + h % SEASON]
        spread = 0.0
        for j in range(h):
            spread += answer[j] ** 2 * (moment[h - 1 - j] if error == MULTIPLICATIVE else 1.0)
        mean[h] = mu * factor
        if error == ADDITIVE:
            variance[h] = sigma2 * (1.0 + spread)
        else:
            moment[h] = mu * mu + sigma2 * spread
            variance[h] = factor * factor * ((1.0 + sigma2) * moment[h] * growth - mu * mu)
            if season == MULTIPLICATIVE and year_on:
                growth *= 1.0 + gamma * gamma * sigma2


@compiled
def panel_forecasts(
    flat: np.ndarray, offsets: np.ndarray, horizon: int, average: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See forecasts.members.compiled. average: all models by their Akaike weights instead of the best alone."""
    margin = MARGIN_AVERAGE if average else MARGIN_BEST
    count = len(offsets) - 1
    median, deviation = np.zeros((count, horizon)), np.zeros((count, horizon))
    status = np.zeros(count, np.int64)
    room = np.zeros(ROOM)
    found, score = np.zeros((COUNT, PARAMETERS)), np.empty(COUNT)
    mean, variance = np.empty(horizon), np.empty(horizon)
    for i in range(count):
        y = flat[offsets[i] : offsets[i + 1]]
        seen, constant, _, _ = nature(y)
        if seen < LEAST_FIGURES:
            status[i] = FEW_FIGURES
            continue
        if constant:
            median[i] = y[0]
            continue
        fit_all(y, margin, found, score, room)
        best = score.min()
        if not best < np.inf:
            status[i] = NO_FIT
            continue
        total = 0.0
        for model in range(COUNT):
            if not (score[model] <= best + margin if average else score[model] == best):
                continue
            forecast(y, seen, model, found[model], mean, variance, room)
            weight = np.exp(0.5 * (best - score[model]))
            total += weight
            for h in range(horizon):
                median[i, h] += weight * mean[h]
                deviation[i, h] += weight * (variance[h] + mean[h] ** 2)
            if not average:
                break
        for h in range(horizon):
            median[i, h] /= total
            deviation[i, h] = np.sqrt(max(deviation[i, h] / total - median[i, h] ** 2, 0.0))
            if not (np.isfinite(median[i, h]) and np.isfinite(deviation[i, h])):
                status[i] = NO_FIT
    return median, deviation, status


@compiled
def candidates(y: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every model of one series y (n,), none given up: AICc (15,), up to the constant -2 log L that the book leaves out
    too, parameters (15, 9), mean and variance (15, horizon); inf, and zeros, where a model is not for the series.
    """
    room = np.zeros(ROOM)
    found, score = np.zeros((COUNT, PARAMETERS)), np.empty(COUNT)
    mean, variance = np.zeros((COUNT, horizon)), np.zeros((COUNT, horizon))
    fit_all(y, np.inf, found, score, room)
    seen = nature(y)[0]
    for model in range(COUNT):
        if score[model] < np.inf:
            forecast(y, seen, model, found[model], mean[model], variance[model], room)
    return score, found, mean, variance


@compiled
def kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The model of the least AICc; see forecasts.members.compiled."""
    return panel_forecasts(flat, offsets, horizon, False)


@compiled
def average_kernel(flat: np.ndarray, offsets: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The models weighted by exp(-AICc / 2); see forecasts.members.compiled."""
    return panel_forecasts(flat, offsets, horizon, True)


ETS = Compiled("ets", kernel, REASONS)
ETS_AVERAGE = Compiled("ets_average", average_kernel, REASONS)
