"""Which unit fits which metric, and what a measure's name becomes under another unit.

Belongs here: the pairs of metric and unit the ledger allows (data/ledger/metrics.csv). Not here: finding either.
"""

from __future__ import annotations

CAPACITY_UNITS = ("mw", "kw", "sqm", "sqft", "cabinets")

CAPACITIES = (
    "capacity_in_service",
    "capacity_utilised",
    "capacity_committed",
    "capacity_committed_in_service",
    "capacity_committed_not_utilised",
    "capacity_under_construction",
    "capacity_planned",
    "capacity_under_construction_plus_planned",
    "capacity_total",
)
RATES = (
    "utilisation_rate",
    "commitment_rate",
    "pre_commitment_rate",
    "occupancy_rate",
    "vacancy_rate",
    "lease_expiry_share_by_area",
    "lease_expiry_share_by_rent",
)
UNITS_OF_METRIC: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(CAPACITIES, CAPACITY_UNITS),
    **dict.fromkeys(RATES, ("pct",)),
    "customer_it_load": ("kw", "mw"),
    "wale_years": ("years",),
    "price_mrr_per_cabinet": (
        "RMB/month",
        "USD/month",
        "HKD/month",
        "SGD/month",
        "EUR/month",
        "GBP/month",
        "AUD/month",
    ),
    "data_centres": ("count",),
    "operators": ("count",),
    "interconnections": ("count",),
}
"""The units a metric of the ledger may have."""

FLOW_METRICS = (
    "churn_full_year",
    "churn_quarter",
    "commitment_rate_incl_ioi",
    "commitment_rate_incl_ioi_total",
    "net_absorption_full_year",
    "net_absorption_half_year",
    "net_absorption_quarter",
    "new_lease_signings_quarter",
    "new_supply_full_year",
    "pipeline_capacity",
    "portfolio_reversion",
    "power_capacity_delivered",
    "price_mrc",
    "renewal_rent_change_cash_full_year",
    "share_of_4_market_supply",
)
"""Further published measures a compilation may carry: kept as printed, in any unit, and outside every series."""

_RATE_OF_CAPACITY = {
    "capacity_utilised": "utilisation_rate",
    "capacity_committed": "commitment_rate",
    "capacity_committed_in_service": "commitment_rate",
}
_CAPACITY_OF_RATE = {
    "utilisation_rate": "capacity_utilised",
    "occupancy_rate": "capacity_utilised",
    "commitment_rate": "capacity_committed",
}


def metric_for_unit(metric: str, unit: str) -> str:
    """The metric a name means under a printed unit ('Utilisation' in MW is a capacity, in % a rate); '' for none.

    An unknown unit ('') leaves the name alone.
    """
    if not unit or unit in UNITS_OF_METRIC.get(metric, (unit,)):
        return metric
    if unit == "pct":
        return _RATE_OF_CAPACITY.get(metric, "")
    if unit in CAPACITY_UNITS:
        return _CAPACITY_OF_RATE.get(metric, "")
    if unit == "count" and metric in CAPACITIES:
        return ""
    return ""


def implied_unit(metric: str) -> str:
    """The one unit a metric can have, '' where it could have several."""
    units = UNITS_OF_METRIC.get(metric, ())
    return units[0] if len(units) == 1 else ""
