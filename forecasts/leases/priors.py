"""What is believed of leases before a portfolio's own events speak: the numbers, their ranges, and what stands behind
each.

Belongs here: the shape of the priors and how they are overridden by name. The values themselves are rows of
data/ledger/assumptions.csv (parameters `leases.*`), which the caller reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

PREFIX = "leases."


@dataclass(frozen=True)
class Priors:
    """Probabilities are fractions, rates a quarter, spreads on the logit or log scale; see assumptions.csv for each."""

    renewal: float
    renewal_sd: float
    early_exit: float
    early_exit_sd: float
    shrink: float
    expand: float
    size_events: float
    absorption: float
    absorption_sd: float
    market_sd: float
    elasticity: float
    elasticity_sd: float
    fresh: float
    fresh_sd: float
    pre_lease_share: float
    pre_lease_events: float
    delay: float
    delay_events: float
    delivery_delay: float
    delivery_delay_quarters: float
    tenant_together: float
    sector_drift: float
    stack_drift: float
    demand_drift: float
    hall_weight_mw: float
    market_weight_mw: float

    @staticmethod
    def of(values: Mapping[str, float]) -> Priors:
        """From parameter -> value, parameters named leases.FIELD. Raises KeyError naming the ones that are missing."""
        missing = [PREFIX + field.name for field in fields(Priors) if PREFIX + field.name not in values]
        if missing:
            raise KeyError(f"assumptions lack {', '.join(missing)}; add them to the ledger")
        return Priors(**{field.name: float(values[PREFIX + field.name]) for field in fields(Priors)})
