-- Columns of views without a comment, each with the comment of the column of that name in the table the view shows.
SELECT view_column.table_name, view_column.column_name, min_by(shown.comment, shown.position) AS comment
FROM duckdb_columns() AS view_column
JOIN duckdb_views() AS view
    ON view.view_name = view_column.table_name
    AND view.database_name = view_column.database_name
    AND view.schema_name = view_column.schema_name
JOIN (
    SELECT *, array_position([
        'observations', 'occupancy_history', 'occupancy_forecast', 'breach_probability', 'leases', 'portfolios', 'facilities', 'portfolio_history'
    ], table_name) AS position
    FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = 'main' AND comment IS NOT NULL
) AS shown
    ON shown.column_name = view_column.column_name
    AND contains(view.sql, shown.table_name)
WHERE view_column.database_name = current_database()
    AND view_column.schema_name = 'main'
    AND NOT view.internal
    AND view_column.comment IS NULL
    AND shown.position IS NOT NULL
GROUP BY ALL
ORDER BY ALL;
