"""Rent rolls: facilities, leases, stack evidence, planned deliveries and quarterly history, from files to typed frames.

Belongs here: recognising the five kinds of tables by their headers (headers.yaml, codes.yaml), taking messy tenancy
schedules apart, typing cells, and holding back what cannot be taken with place and remedy. Not here: what must hold of
the figures (expectations/rent_roll.py), simulation (forecasts/leases), storing (assets/warehouse).
"""

from __future__ import annotations
