-- Outcomes of frozen vintages and whether the 80 % band held them. Needs the variables `vintage` and `as_of`.
SELECT level, vintage, series_id, quarter_end, known_at, inside_80
FROM forecast_scores
WHERE vintage <= getvariable('vintage') AND (known_at IS NULL OR known_at <= getvariable('as_of'))
ORDER BY ALL;
