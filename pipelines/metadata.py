"""What operators see beside an asset in Dagster: row counts, column schema, column lineage, previews and charts.

Plain values in, Dagster metadata out. Everything is remembered as JSON with its stage (steps/), so that a run with
nothing new shows the same without opening the warehouse.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.catalogue import Entry
from pipelines.checks import table
from pipelines.findings import plain

CHART_LIMIT_BYTES = 400_000


def schema_of(columns: list[Mapping[str, Any]]) -> dg.TableSchema:
    """Column schema from rows of name, type, comment, nullable."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=str(column["name"]),
                type=str(column["type"]).lower(),
                description=str(column.get("comment") or "") or None,
                constraints=dg.TableColumnConstraints(nullable=bool(column.get("nullable", True))),
            )
            for column in columns
        ]
    )


def lineage_of(entry: Entry) -> dg.TableColumnLineage | None:
    """Column lineage of an asset, None where no column is made from another asset's."""
    if not entry.lineage:
        return None
    return dg.TableColumnLineage(
        deps_by_column={
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(source), column_name=name) for source, name in deps]
            for column, deps in entry.lineage.items()
        }
    )


def table_metadata(entry: Entry, seen: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata of a warehouse table from what steps.tables.describe_tables saw: rows, columns, preview."""
    metadata: dict[str, Any] = {
        "dagster/row_count": int(seen["rows"]),
        "dagster/column_schema": schema_of(seen["columns"]),
        "dagster/table_name": f"main.{entry.name}",
    }
    lineage = lineage_of(entry)
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    if seen["preview"]:
        metadata["preview"] = table(seen["preview"], list(seen["preview"][0]))
    return metadata


def facts(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Scalars of a summary as metadata; anything larger is left to tables."""
    return {
        name: value
        for name, value in plain(summary).items()
        if isinstance(value, str | int | float | bool) and value != ""
    }


def charts(folder: Path) -> dict[str, Any]:
    """Charts that a stage left as image files, as markdown with the image inside; the file's stem is the label."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        kind = {".png": "image/png", ".svg": "image/svg+xml"}.get(path.suffix)
        if kind is None or path.stat().st_size > CHART_LIMIT_BYTES:
            continue
        data = base64.b64encode(path.read_bytes()).decode()
        label = path.stem.replace("_", " ")
        found[label] = dg.MetadataValue.md(f"![{label}](data:{kind};base64,{data})")
    return found
