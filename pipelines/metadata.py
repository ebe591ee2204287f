"""What operators see beside an asset in Dagster: numbers over time, lists, columns and lineage, previews and charts.

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

# One event row holds them all; a picture beyond this would make the UI slow.
CHART_LIMIT_BYTES = 200_000


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
    """Metadata of a warehouse table from what steps.tables.describe_tables saw: rows, columns, preview, numbers, lists.

    Dagster plots every int and float from run to run, so a number keeps its name for as long as it means the same.
    """
    metadata: dict[str, Any] = {
        "dagster/row_count": int(seen["rows"]),
        "dagster/column_schema": schema_of(seen["columns"]),
        "dagster/table_name": f"main.{entry.name}",
    }
    lineage = lineage_of(entry)
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    # Summaries remembered from before these were kept have neither.
    metadata.update(seen.get("numbers", {}))
    metadata.update({title: table(rows, list(rows[0])) for title, rows in seen.get("lists", {}).items()})
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
    """Charts that a step left as SVG files, as one markdown text with the pictures inside; {} where there is none."""
    pictures = []
    for path in sorted(folder.glob("*.svg")) if folder.is_dir() else ():
        if path.stat().st_size <= CHART_LIMIT_BYTES:
            data = base64.b64encode(path.read_bytes()).decode()
            pictures.append(f"![{path.stem}](data:image/svg+xml;base64,{data})")
    return {"charts": dg.MetadataValue.md("\n\n".join(pictures))} if pictures else {}
