-- Those of the table that were made after their quarter, from what was known then.
SELECT 'vintages made later' AS name, count(*) FILTER (WHERE origin = 'backfill') AS value FROM vintages;
