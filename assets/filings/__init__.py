"""Getting reports: new filings from regulators, exchanges and operators' own pages into the inbox.

Belongs here: which sources are asked (sources.py), how a site is asked politely and safely (client.py, addresses.py),
what each kind of site answers (kinds/), what has been seen (memory.py), what is kept (keeping.py), and the course of
one collection (collecting.py). Not here: reading what was fetched (assets/reports), schedules and commands (pipelines).
"""
