"""A small portfolio of leases as the published tables hold it, made by hand: two buildings, two operators, two
scenarios beside base.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

AS_OF = pd.Timestamp("2025-12-31")
ENDS = pd.date_range(AS_OF, periods=9, freq="QE")[1:]
SCENARIOS = ("base", "gov_no_renewal", "hard_ban")
OPERATORS = ("Harbour One (fictitious)", "Harbour Two (fictitious)")
QUANTILES = {"p05": -0.06, "p10": -0.05, "p25": -0.02, "p50": 0.0, "p75": 0.02, "p90": 0.05, "p95": 0.06}


def lease_tables(portfolio: str = "harbour", illustrative: bool = True, word: str = "") -> dict[str, pd.DataFrame]:
    """Every base table that a portfolio fills; `word` stands in each name that people see."""
    halls = [f"{portfolio}/H1", f"{portfolio}/H2"]
    keys = dict(zip(OPERATORS, (f"{portfolio}/harbour-{number}-fictitious" for number in ("one", "two")), strict=True))
    return {
        "portfolios": pd.DataFrame(
            {
                "portfolio": [portfolio], "as_of": AS_OF, "illustrative": illustrative, "facilities": 2, "leases": 4,
                "documents": "roll-1",
            }
        ),
        "facilities": pd.DataFrame(
            {
                "facility_id": halls, "operator": list(OPERATORS), "name": [f"Pier 1 {word}", "Pier 2"],
                "market": "Hong Kong", "provenance": "assumed",
            }
        ),
        "leases": _leases(portfolio, halls, word),
        "portfolio_history": pd.DataFrame(
            {
                "portfolio": portfolio, "facility_id": halls * 3,
                "quarter_end": np.repeat(pd.date_range(end=AS_OF, periods=3, freq="QE"), 2), "in_service_mw": 10.0,
                "leased_mw": [5.0, 6.0, 6.0, 6.0, 8.0, 7.0], "document_id": "roll-1", "locator": "row 2",
            }
        ),
        "stack_shares": pd.DataFrame(
            {
                "level": "facility", "series_id": halls, "as_of": AS_OF, "mainland_share": [0.9, 0.0],
                "us_share": [0.0, 0.5], "dual_share": 0.0, "unknown_share": [0.1, 0.5], "grade": "observed",
                "evidence_count": 2,
            }
        ),
        "stack_evidence": pd.DataFrame(
            [
                {
                    "evidence_id": f"{portfolio}-s", "facility_id": halls[0], "evidence_date": AS_OF,
                    "provenance": "assumed", "points_to": "mainland", "strength": "strong",
                    "statement": "Invented statement", "source": "roll",
                }
            ]
        ),
        "occupancy_forecast": _forecast(portfolio, halls, keys),
        "breach_probability": _breaches(halls),
        "lease_expiries": _expiries(portfolio),
        "wale": pd.DataFrame(
            [
                {"as_of": day, "level": level, "series_id": key, "wale_mw_years": years, "wale_rent_years": years - 0.5}
                for day, years in ((AS_OF - pd.offsets.QuarterEnd(1), 3.5), (AS_OF, 3.25))
                for level, key in zip(
                    ("total", "operator", "facility"), (f"{portfolio}/total", keys[OPERATORS[0]], halls[0]), strict=True
                )
            ]
        ),
        "backlog_runoff": pd.DataFrame(
            {
                "vintage": AS_OF, "scenario": "base", "level": "total", "series_id": f"{portfolio}/total",
                "quarter_end": ENDS, "horizon": range(1, 9), "commencing_mw": [1.5, 0.5] + [0.25] * 6,
                "backlog_mw": [3.0, 2.5, 2.25, 2.0, 1.75, 1.5, 1.25, 1.0],
            }
        ),
        "scenario_effects": _effects(portfolio, keys),
        "scenario_sensitivity": pd.DataFrame(
            {
                "vintage": AS_OF, "scenario": ["base", "base", "hard_ban"], "level": "total",
                "series_id": f"{portfolio}/total", "quarter_end": ENDS[-1],
                "parameter": ["renewal", "absorption", "ban.early_ends"],
                "basis": ["C20", "analyst_prior", "analyst_prior"],
                "low": [0.5, 0.05, 0.5], "high": [0.92, 0.25, 0.95], "low_mw": [14.0, 14.8, 12.5],
                "high_mw": [16.25, 15.2, 11.5], "swing_mw": [2.25, 0.4, 1.0], "swing_pp": [11.25, 2.0, 5.0],
            }
        ),
        "lease_estimates": pd.DataFrame(
            [
                {
                    "vintage": AS_OF, "portfolio": portfolio, "estimate": "renewal", "applies_to": "sector.government",
                    "value": 0.739, "low": 0.573, "high": 0.857, "prior": 0.72, "events": 7.0, "trials": 9.0,
                    "effective_events": 7.0, "from_data": 0.81, "note": word,
                }
            ]
        ),
    }  # fmt: skip


def scenario_tables(word: str = "") -> dict[str, pd.DataFrame]:
    """scenarios and shocks: base, and two that act on government leases."""
    return {
        "scenarios": pd.DataFrame(
            {
                "scenario": list(SCENARIOS), "title": ["Base", "No renewal", f"Hard ban {word}"],
                "description": "Words.", "includes": "", "lock_in": [0.0, 0.0, 0.3], "dual_stack": 0.0,
                "shocks": [0, 1, 2], "file": "scenario.yaml",
            }
        ),
        "shocks": pd.DataFrame(
            {
                "scenario": ["gov_no_renewal", "hard_ban", "hard_ban"],
                "shock_id": ["government.no_renewal", "ban.early_ends", "ban.moves"],
                "acts_on": ["renewal_probability", "early_end_probability", "moves_share"], "value": [0.0, 0.8, 0.85],
                "low": [0.0, 0.5, 0.6], "high": [0.2, 0.95, 1.0], "basis": ["analyst_prior", "analyst_prior", "C09"],
                "where_json": ['{"sector": ["government"]}', '{"sector": ["government"], "stack": ["us"]}', "{}"],
                "from_quarter": [1, 1, 2], "full_quarter": [1, 1, 8], "to_quarter": [None, 4, None], "note": word,
            }
        ),
    }  # fmt: skip


def insert(database: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Rows of the frames into the tables of their names."""
    with duckdb.connect(str(database)) as connection:
        for name, frame in tables.items():
            connection.register("given_rows", frame)
            connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM given_rows')
            connection.unregister("given_rows")


def _leases(portfolio: str, halls: list[str], word: str) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [
        ("L1", halls[0], "T1", f"Bureau {word}", "government", "restricted", 5.0, "2026-06-30", "mainland"),
        ("L2", halls[0], "T2", "Bank", "banking", "confidential", 3.0, "2027-09-30", "us"),
        ("L3", halls[1], "T3", "Cloud", "cloud_provider", "internal", 6.0, "2031-03-31", "us"),
        ("L4", halls[1], "T4", None, "unknown", "unknown", 1.0, "2026-01-31", "unknown"),
    ]
    names = [
        "lease_id",
        "facility_id",
        "tenant_id",
        "tenant_name",
        "sector",
        "sensitivity_tier",
        "mw",
        "end_date",
        "stack",
    ]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        portfolio=portfolio, start_date="2021-01-01", commencement_date="2021-01-01", commenced=True,
        renewal_options="none", document_id="roll-1", locator="row 2", provenance="assumed",
    )  # fmt: skip


def _forecast(portfolio: str, halls: list[str], keys: dict[str, str]) -> pd.DataFrame:
    """Occupancy of 75 % under base, five points less under no renewal, ten less under a ban; total 20 MW in service."""
    series: list[tuple[str, str, str | None, float]] = [
        ("total", f"{portfolio}/total", None, 20.0),
        ("facility", halls[0], None, 10.0),
        ("facility", halls[1], None, 10.0),
    ]
    series += [("operator", key, None, 10.0) for key in keys.values()]
    series += [("stack", f"{portfolio}/{stack}", stack, 5.0) for stack in ("mainland", "us", "unknown")]
    rows = []
    for scenario, less in zip(SCENARIOS, (0.0, 0.05, 0.10), strict=True):
        for level, key, stack, space in series:
            # The second operator gains what the first loses under the ban.
            sign = -1 if scenario == "hard_ban" and key == keys[OPERATORS[1]] else 1
            for horizon, end in enumerate(ENDS, 1):
                middle = 0.75 - sign * less
                rows.append(
                    {
                        "vintage": AS_OF, "scenario": scenario, "level": level, "series_id": key, "stack": stack,
                        "quarter_end": end, "horizon": horizon, "unit": "mw", "in_service_p50": space,
                        "occupancy_mean": middle, "model": "leases",
                        **{f"occupancy_{name}": middle + by for name, by in QUANTILES.items()},
                        **{f"leased_{name}": space * (middle + by) for name, by in QUANTILES.items()},
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def _breaches(halls: list[str]) -> pd.DataFrame:
    chances = {("base", halls[0]): 0.04, ("gov_no_renewal", halls[0]): 0.34, ("gov_no_renewal", halls[1]): 0.002}
    return pd.DataFrame(
        [
            {
                "vintage": AS_OF, "scenario": scenario, "level": "facility", "series_id": hall, "quarter_end": ENDS[3],
                "horizon": 4, "threshold": 0.7, "probability": chance,
            }
            for (scenario, hall), chance in chances.items()
        ]
    )  # fmt: skip


def _expiries(portfolio: str) -> pd.DataFrame:
    rows = [
        ("mainland", "government", "restricted", "2026-06-30", 5.0),
        ("us", "banking", "confidential", "2027-09-30", 3.0),
        ("us", "cloud_provider", "internal", "2031-03-31", 6.0),
        ("unknown", "unknown", "unknown", "2026-03-31", 1.0),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["stack", "sector", "sensitivity_tier", "expiry_quarter", "mw"])
    frame["expiry_quarter"] = pd.to_datetime(frame["expiry_quarter"])
    return frame.assign(
        as_of=AS_OF, level="total", series_id=f"{portfolio}/total", leases=1, share_of_leased=frame["mw"] / 15.0
    )


def _effects(portfolio: str, keys: dict[str, str]) -> pd.DataFrame:
    """A ban of -4 and +1 MW in total from 15; the first operator loses 4 by early ends, 3 move to the second."""
    steps = {
        "hard_ban": [
            ("start", "base", 15.0), ("step", "ban.early_ends", -4.0), ("step", "ban.moves", 1.0),
            ("end", "scenario", 12.0),
        ],
        "gov_no_renewal": [("start", "base", 15.0), ("step", "government.no_renewal", -1.0), ("end", "scenario", 14.0)],
    }  # fmt: skip
    rows = [("total", f"{portfolio}/total", scenario, *step) for scenario, own in steps.items() for step in own]
    rows += [("total", f"{portfolio}/total", "hard_ban", "flow", "early_end", -4.0)]
    rows += [("total", f"{portfolio}/total", "hard_ban", "flow", "moved", 3.0)]
    first, second = keys.values()
    rows += [
        ("operator", first, "hard_ban", "start", "base", 8.0),
        ("operator", first, "hard_ban", "end", "scenario", 4.0),
    ]
    rows += [("operator", first, "hard_ban", "flow", "early_end", -4.0)]
    rows += [
        ("operator", second, "hard_ban", "start", "base", 7.0),
        ("operator", second, "hard_ban", "end", "scenario", 10.0),
    ]
    rows += [("operator", second, "hard_ban", "flow", "moved", 3.0)]
    frame = pd.DataFrame(rows, columns=["level", "series_id", "scenario", "kind", "cause", "delta_mw"])
    frame["position"] = frame.groupby(["level", "series_id", "scenario"]).cumcount()
    return frame.assign(vintage=AS_OF, quarter_end=ENDS[-1])
