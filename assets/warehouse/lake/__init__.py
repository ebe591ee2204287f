"""The lake: what is published, for more than one machine. A DuckLake of Parquet files with its catalogue in Postgres.

Belongs here: where the lake is (address.py), opening it (connecting.py), one writer after the other (locking.py), what
a publication writes (publishing.py, parts.py, views.py), what a reader gets (reading.py), what is kept (keeping.py).
Not here: the pipeline's own warehouse, which stays an embedded file per writer, and whether something may be published.
"""

from assets.warehouse.lake.address import LakeAddress, LakeError, parse_address
from assets.warehouse.lake.publishing import Sent, identity, publish_to_lake
from assets.warehouse.lake.reading import LakeSnapshot, list_snapshots, snapshot_file

__all__ = [
    "LakeAddress",
    "LakeError",
    "LakeSnapshot",
    "Sent",
    "identity",
    "list_snapshots",
    "parse_address",
    "publish_to_lake",
    "snapshot_file",
]
