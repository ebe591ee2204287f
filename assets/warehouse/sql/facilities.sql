-- Sites of reports, made anew from the documents' mentions: the document received first names a site, and the first that
-- knows its market or jurisdiction places it. Sites of a delivered file (other provenance or no document) stay.
DELETE FROM facilities WHERE facility_id IN (SELECT facility_id FROM internal.facility_mentions)
    OR (document_id IN (SELECT document_id FROM documents) AND provenance = 'observed');

INSERT INTO facilities BY NAME
SELECT
    facility_id,
    min_by(mention.operator, (received_at, document_id)) AS operator,
    min_by(mention.name, (received_at, document_id)) AS name,
    min_by(mention.market, (received_at, document_id)) FILTER (WHERE mention.market IS NOT NULL) AS market,
    min_by(mention.jurisdiction, (received_at, document_id))
        FILTER (WHERE mention.jurisdiction IS NOT NULL) AS jurisdiction,
    min_by(document_id, (received_at, document_id)) AS document_id,
    'observed' AS provenance
FROM internal.facility_mentions AS mention
JOIN documents USING (document_id)
GROUP BY facility_id
ORDER BY facility_id;
