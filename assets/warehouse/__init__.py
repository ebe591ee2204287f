"""From accepted figures to the published DuckDB file: archive, schema, history, stack shares, publication."""
