-- What rows carried over from a file of an earlier version lack. `published` is that file.

-- Version 1 had no column portfolio: it told series of rent rolls by their first part. Left empty, they would pass for
-- reported series.
UPDATE occupancy_forecast SET portfolio = split_part(series_id, '/', 1)
WHERE portfolio IS NULL AND split_part(series_id, '/', 1) IN (SELECT portfolio FROM published.main.portfolios);

UPDATE breach_probability SET portfolio = split_part(series_id, '/', 1)
WHERE portfolio IS NULL AND split_part(series_id, '/', 1) IN (SELECT portfolio FROM published.main.portfolios);
