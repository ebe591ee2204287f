"""Theta and CES beside statsforecast on the public quarterly panels: `python -m bench.theta_ces_reference`.

The last eight figures of each train part are held back; the test parts are not read. One table: for each model the
share of series whose minimised objective is above, equal to or below the reference's (n log SSE, equal within 0.01),
how far the forecasts lie apart where it is equal (as a share of the largest figure), and the MASE of both. Theta
models are compared with the initial level left free, as the reference leaves it; the members hold it (see
forecasts.members.theta).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from statsforecast.ces import auto_ces, forecast_ces
from statsforecast.theta import auto_theta, forecast_theta

from forecasts.members import ces, theta

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench"
HORIZON = 8
SAME = 0.01
THETA_FITS, CES_FITS = "four theta fits", "four CES fits"
THETAS = {"STM": (theta.STATIC, theta.HALF), "OTM": (theta.STATIC, np.nan), "DSTM": (theta.DYNAMIC, theta.HALF),
          "DOTM": (theta.DYNAMIC, np.nan)}  # fmt: skip
Fit = tuple[float, np.ndarray]  # n log SSE (or AICc), forecasts (HORIZON,), both of figures of magnitude 1


def own_theta(y: np.ndarray, model: str) -> Fit:
    """Our fit of one theta model to y (n,), of magnitude 1."""
    adjusted, index, moments = y.copy(), np.zeros(theta.SEASON), np.zeros(5)
    kind = theta.deseasonalise(adjusted, index)
    lines, path, spread = np.empty((2, len(y))), np.empty(HORIZON), np.empty(HORIZON)
    theta.running_lines(adjusted, lines, moments)
    dynamic, fixed = THETAS[model]
    best = np.zeros(2)
    sse = theta.variant(adjusted, lines, moments, len(y), dynamic, fixed, np.inf, path, spread, best)
    season = index[(len(y) + np.arange(HORIZON)) % theta.SEASON]
    path = path * season if kind == theta.MULTIPLICATIVE else path + season if kind == theta.ADDITIVE else path
    return len(y) * float(np.log(max(sse, ces.NOTHING))), path


def reference_theta(y: np.ndarray, model: str) -> Fit:
    """The reference's fit, on the figures as they are printed: its tolerance is not free of scale."""
    found = auto_theta(y, theta.SEASON, model=model)
    adjusted = y / np.abs(y).max()
    theta.deseasonalise(adjusted, np.zeros(theta.SEASON))
    sse = found["mse"] * np.abs(adjusted).mean() / np.abs(y).max()
    return len(y) * float(np.log(max(sse, ces.NOTHING))), forecast_theta(found, HORIZON)["mean"] / np.abs(y).max()


def own_ces(y: np.ndarray) -> tuple[list[Fit], np.ndarray]:
    """Our fits of N, S, P, F to y (n,), of magnitude 1, and their AICc (4,), infinite where y is too short."""
    xs, states, sses, criteria = np.zeros((4, 4)), np.zeros((4, 10)), np.zeros(4), np.zeros(4)
    ces.fit_models(y, True, False, xs, states, sses, criteria)
    fits = []
    for kind in range(ces.KINDS):
        path, response = np.full(HORIZON, np.nan), np.empty(HORIZON)
        if np.isfinite(criteria[kind]):
            ces.extrapolate(len(y), kind, xs[kind], states[kind], path, response)
        fits.append((len(y) * float(np.log(max(sses[kind], ces.NOTHING))), path))
    return fits, criteria


def reference_ces(y: np.ndarray, model: str) -> tuple[Fit, float]:
    """The reference's fit and AICc, brought to figures of magnitude 1."""
    found, top = auto_ces(y, ces.SEASON, model=model), np.abs(y).max()
    shift = 2 * len(y) * float(np.log(top))
    return (-2 * found["loglik"] - shift, forecast_ces(found, HORIZON)["mean"] / top), found["aicc"] - shift


def row(panel: str, model: str, pairs: list[tuple[Fit, Fit, float, np.ndarray]]) -> dict[str, object]:
    """One line of the table from (own, reference, scale of the MASE, figures held back) a series."""
    gap = np.array([own[0] - reference[0] for own, reference, _, _ in pairs])
    apart = np.array([np.abs(own[1] - reference[1]).max() for own, reference, _, _ in pairs])
    same = np.abs(gap) <= SAME
    errors = [[np.abs(fit[1] - held).mean() / scale for fit in (own, ref)] for own, ref, scale, held in pairs if scale]
    own_mase, reference_mase = np.mean(errors, axis=0)
    return {
        "panel": panel, "model": model, "series": len(pairs), "above %": 100 * np.mean(gap > SAME),
        "equal %": 100 * same.mean(), "below %": 100 * np.mean(gap < -SAME), "apart median": np.median(apart[same]),
        "apart 95 %": np.quantile(apart[same], 0.95), "MASE": own_mase, "MASE reference": reference_mase,
    }  # fmt: skip


def member_row(panel: str, name: str, paths: np.ndarray, held: np.ndarray, scales: np.ndarray) -> dict[str, object]:
    """The line of a member: its MASE alone. paths, held: (series, HORIZON), scales (series,)."""
    errors = np.abs(paths - held).mean(axis=1)[scales > 0] / scales[scales > 0]
    return {"panel": panel, "model": f"member {name}", "series": len(paths), "MASE": errors.mean()}


def quickest(work: Callable[[], object], times: int) -> float:
    """Least processor seconds of several calls."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> int:
    """Print the table, and milliseconds a fit of each member and of the references."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder with quarterly_public.parquet")
    parser.add_argument("--every", type=int, default=1, help="use every n-th series (1: all of them)")
    options = parser.parse_args()
    if not (options.folder / "quarterly_public.parquet").exists():
        print(f"{options.folder}: no panels here; nothing measured. Point --folder at them.")
        return 0
    warnings.filterwarnings("ignore")
    table = pd.read_parquet(options.folder / "quarterly_public.parquet")
    table = table[table["part"] == "train"].sort_values(["panel", "unique_id", "ds"])
    rows: list[dict[str, object]] = []
    for panel, part in table.groupby("panel"):
        groups = list(part.groupby("unique_id"))[:: options.every]
        printed = [group["y"].to_numpy(float)[:-HORIZON] for _, group in groups]
        units = [y / np.abs(y).max() for y in printed]
        held = np.array([group["y"].to_numpy(float)[-HORIZON:] for _, group in groups])
        held /= np.array([np.abs(y).max() for y in printed])[:, None]
        scales = np.array([np.abs(y[4:] - y[:-4]).mean() for y in units])
        seconds = {THETA_FITS: 0.0, CES_FITS: 0.0}
        pairs: dict[str, list[tuple[Fit, Fit, float, np.ndarray]]] = {}
        for y, unit, scale, after in zip(printed, units, scales, held, strict=True):
            start = time.process_time()
            thetas = [reference_theta(y, model) for model in THETAS]
            seconds[THETA_FITS] += time.process_time() - start
            fits = [own_theta(unit, model) for model in THETAS]
            for model, fit, reference in zip(THETAS, fits, thetas, strict=True):
                pairs.setdefault(model, []).append((fit, reference, scale, after))
            best, reference = min(fits, key=lambda fit: fit[0]), min(thetas, key=lambda fit: fit[0])
            pairs.setdefault("theta by SSE", []).append((best, reference, scale, after))
            own, criteria = own_ces(unit)
            start = time.process_time()
            others = [reference_ces(y, model) for model in "NSPF"]
            seconds[CES_FITS] += time.process_time() - start
            for kind, model in enumerate("NSPF"):
                if np.isfinite(criteria[kind]):
                    pairs.setdefault(f"CES {model}", []).append((own[kind], others[kind][0], scale, after))
            chosen, other = int(np.argmin(criteria)), int(np.argmin([criterion for _, criterion in others]))
            pairs.setdefault("CES by AICc", []).append(
                ((criteria[chosen], own[chosen][1]), (others[other][1], others[other][0][1]), scale, after)
            )
        rows += [row(str(panel), model, found) for model, found in pairs.items()]
        flat, offsets = np.concatenate(units), np.concatenate([[0], np.cumsum([len(y) for y in units])])
        for member in (theta.THETA, theta.AUTO_THETA, theta.DOTM, ces.CES, ces.CES_WEIGHTED):
            paths = member.kernel(flat, offsets, HORIZON)[0]
            rows.append(member_row(str(panel), member.name, paths, held, scales))

            def work(member: theta.Compiled = member, flat: np.ndarray = flat, at: np.ndarray = offsets) -> object:
                return member.kernel(flat, at, HORIZON)

            rows[-1]["ms a fit"] = 1e3 * quickest(work, 5) / len(units)
        for name, spent in seconds.items():
            rows.append({"panel": str(panel), "model": f"reference {name}", "ms a fit": 1e3 * spent / len(units)})
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="-"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
