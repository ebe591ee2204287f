"""The leases that every layout in these tests must give back."""

from __future__ import annotations

import datetime as dt

# facility, lease, tenant, sector, kW, start, end, commencement, stack
LEASES = (
    ("AA1", "T-1", "North Bank", "banking", 300, dt.date(2022, 7, 13), dt.date(2027, 7, 12), dt.date(2022, 8, 1), "us"),
    ("AA1", "T-2", "Total Cloud", "cloud_provider", 1250, dt.date(2023, 1, 1), dt.date(2030, 12, 31),
     dt.date(2023, 1, 1), "dual"),
    ("AA1", "T-3", "City Bureau", "government", 450, dt.date(2024, 3, 31), dt.date(2029, 3, 30), dt.date(2024, 4, 15),
     "mainland"),
    ("BB2", "T-4", "Hill Insurance", "insurance", 800, dt.date(2021, 5, 6), dt.date(2028, 5, 5), dt.date(2021, 5, 6),
     "unknown"),
    ("BB2", "T-5", "Lake Trading", "sme", 75, dt.date(2025, 2, 28), dt.date(2027, 2, 27), dt.date(2025, 2, 28), "us"),
)  # fmt: skip
