INSERT INTO alerts BY NAME
SELECT
    $alert_id AS alert_id, $raised_at AS raised_at, $vintage AS vintage, $kind AS kind, $severity AS severity,
    $level AS level, $series_id AS series_id, $message AS message, $rule AS rule, $subject AS subject, $fact AS fact,
    $since AS since, $value AS value, $limit_value AS limit_value, $unit AS unit, $document_id AS document_id,
    $runbook AS runbook;
