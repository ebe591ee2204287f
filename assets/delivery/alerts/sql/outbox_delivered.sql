-- When each alert was first taken by an address.
SELECT alert_id, min(delivered_at)
FROM parts
JOIN messages USING (message_id, address)
WHERE state = 'delivered'
GROUP BY alert_id
ORDER BY alert_id;
