-- Years by MW of each portfolio as a whole, at the newest date.
SELECT 'WALE by MW, years, ' || series_id AS name, wale_mw_years AS value
FROM wale
WHERE level = 'total'
QUALIFY as_of = max(as_of) OVER (PARTITION BY series_id);
