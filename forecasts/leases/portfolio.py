"""A portfolio of buildings and leases as it was known on a day: the five frames, their columns, and their vocabulary.

Belongs here: names of columns and codes, and what must hold before anything is computed. Not here: reading files
(assets/rent_roll), rules that only warn (expectations/rent_roll.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

SECTORS = (
    "government", "state_linked", "critical_infrastructure", "banking", "insurance", "multinational", "cloud_provider",
    "telecom", "sme", "unknown",
)  # fmt: skip
TIERS = ("restricted", "confidential", "internal", "public", "unknown")
STACKS = ("mainland", "us", "dual", "unknown")
STRENGTHS = ("weak", "moderate", "strong")

FACILITY_COLUMNS = (
    "facility_id", "operator", "name", "district", "market", "ready_for_service", "capacity_mw", "latitude",
    "longitude",
)  # fmt: skip
LEASE_COLUMNS = (
    "lease_id", "facility_id", "tenant_id", "tenant_name", "sector", "sensitivity_tier", "mw", "start_date",
    "end_date",
    "commencement_date", "commenced", "monthly_rent_hkd_per_kw", "stack", "stack_weight_mainland", "renewal_options",
    "renewal_of",
)  # fmt: skip
EVIDENCE_COLUMNS = ("facility_id", "evidence_date", "points_to", "strength", "statement", "source")
HISTORY_COLUMNS = ("facility_id", "quarter_end", "in_service_mw", "leased_mw", "utilised_mw")
DELIVERY_COLUMNS = ("facility_id", "planned_date", "mw")


@dataclass(frozen=True)
class Portfolio:
    """What is known on `as_of`, a quarter end.

    facilities: FACILITY_COLUMNS, one row a building. leases: LEASE_COLUMNS, one row a lease, dates as datetime64, mw in
    MW, commenced bool; renewal_of "" where it renews nothing. evidence: EVIDENCE_COLUMNS, history: HISTORY_COLUMNS (MW
    at quarter ends), deliveries: DELIVERY_COLUMNS (phases under construction at the date last announced); the last
    three may be empty.
    """

    facilities: pd.DataFrame
    leases: pd.DataFrame
    evidence: pd.DataFrame
    history: pd.DataFrame
    deliveries: pd.DataFrame
    as_of: pd.Timestamp
