SELECT 'disagreements' AS name, count(*) AS value FROM source_disagreements;
