"""Score of forecast() on the public quarterly panels, as a measured reference: `python -m bench.forecasting`.

Panels and scorer stand beside the repository (../shared/bench). Where they are absent this says so: the panels are
public competition data and not bundled.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from forecasts import forecast

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench"
HORIZON = 8
MODELS = ("auto", "prophet", "naive")


def score(answer: pd.DataFrame, truth: pd.DataFrame, panel: str, folder: Path) -> dict[str, float]:
    """What score.py says of an answer, over the series in `truth`."""
    with tempfile.TemporaryDirectory() as place:
        said, known = Path(place) / "forecast.parquet", Path(place) / "truth.parquet"
        answer.to_parquet(said)
        truth.to_parquet(known)
        command = [
            sys.executable,
            str(folder / "score.py"),
            str(said),
            "--panel",
            panel,
            "--truth",
            str(known),
            "--json",
        ]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout))


def main() -> int:
    """Print one table: model, panel, scores, seconds and milliseconds a series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder with quarterly_public.parquet and score.py")
    parser.add_argument("--every", type=int, default=10, help="use every n-th series (1: all of them)")
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if not (options.folder / "score.py").exists():
        print(f"{options.folder}: no panels here; nothing measured. Point --folder at them.")
        return 0
    table = pd.read_parquet(options.folder / "quarterly_public.parquet")
    rows = []
    for panel, part in table.groupby("panel"):
        chosen = sorted(part["unique_id"].unique())[:: options.every]
        truth = part[part["unique_id"].isin(chosen)]
        train = truth.loc[truth["part"] == "train", ["unique_id", "ds", "y"]]
        for model in options.models:
            started = time.perf_counter()
            answer = forecast(train, HORIZON, model, jobs=options.jobs)
            seconds = time.perf_counter() - started
            scores = score(answer, truth, str(panel), options.folder)
            named = f"{model} ({answer.attrs['choice']['model']})" if model == "auto" else model
            timing = {"seconds": round(seconds, 1), "ms_per_series": round(1000 * seconds / len(chosen), 1)}
            rows.append({"model": named, **scores, **timing})
    print(pd.DataFrame(rows).to_string(index=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
