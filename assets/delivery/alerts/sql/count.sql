-- Open alerts, and those of them that nobody has been told.
SELECT count(*), count(*) FILTER (WHERE delivered_at IS NULL) FROM alerts WHERE resolved_at IS NULL;
