-- The Parquet files of every table at snapshot $snapshot, from the catalogue's own tables as the DuckLake specification
-- names them (in braces, filled in by lake/reading.py), and whether rows of the file are marked as deleted.
SELECT
    owner.schema_name,
    of_table.table_name,
    CASE WHEN file.path_is_relative
        THEN CASE WHEN of_table.path_is_relative
            THEN CASE WHEN owner.path_is_relative THEN base.value ELSE '' END || owner.path ELSE '' END || of_table.path
        ELSE ''
    END || file.path AS path,
    marked.data_file_id IS NOT NULL AS has_rows_marked
FROM {data_file} AS file
JOIN {table} AS of_table USING (table_id)
JOIN {schema} AS owner USING (schema_id)
CROSS JOIN (SELECT value FROM {metadata} WHERE key = 'data_path' AND scope IS NULL) AS base
LEFT JOIN (
    SELECT DISTINCT data_file_id FROM {delete_file}
    WHERE begin_snapshot <= $snapshot AND (end_snapshot IS NULL OR end_snapshot > $snapshot)
) AS marked ON marked.data_file_id = file.data_file_id
WHERE file.begin_snapshot <= $snapshot AND (file.end_snapshot IS NULL OR file.end_snapshot > $snapshot)
    AND of_table.begin_snapshot <= $snapshot AND (of_table.end_snapshot IS NULL OR of_table.end_snapshot > $snapshot)
    AND owner.begin_snapshot <= $snapshot AND (owner.end_snapshot IS NULL OR owner.end_snapshot > $snapshot)
ORDER BY ALL;
