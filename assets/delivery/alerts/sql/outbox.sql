-- Who was told what (SQLite). Addresses are known by kind and a short salted hash; no address itself stands here.
CREATE TABLE IF NOT EXISTS about (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS addresses (
    address    TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    first_seen TEXT NOT NULL
) STRICT;

-- A message is composed once for an address and stays as it is, however often it has to be tried.
CREATE TABLE IF NOT EXISTS messages (
    message_id   TEXT NOT NULL,
    address      TEXT NOT NULL,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    severity     TEXT NOT NULL,
    composed_at  TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_try_at  TEXT NOT NULL,
    last_problem TEXT,
    delivered_at TEXT,
    PRIMARY KEY (message_id, address)
) STRICT;

-- Which message tells an alert at an address; without a message the address came after the alert had been told.
CREATE TABLE IF NOT EXISTS parts (
    alert_id   TEXT NOT NULL,
    address    TEXT NOT NULL,
    message_id TEXT,
    PRIMARY KEY (alert_id, address)
) STRICT;
