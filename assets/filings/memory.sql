-- What collecting remembers (memory.py). Times are seconds since 1970, UTC.

CREATE TABLE IF NOT EXISTS sources (
    name TEXT PRIMARY KEY,
    due_at REAL NOT NULL,
    failures INTEGER NOT NULL,
    digest TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- ETag and Last-Modified of lists and watched pages, with the digest of the entry they were worked through with.
CREATE TABLE IF NOT EXISTS validators (
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    digest TEXT NOT NULL,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    PRIMARY KEY (source, url)
);

-- Found on lists: wanted (to be asked for, not before next_try), done, or refused (no use asking again).
CREATE TABLE IF NOT EXISTS items (
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    step TEXT NOT NULL,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    published TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'wanted',
    failures INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, url)
);

CREATE TABLE IF NOT EXISTS contents (
    sha256 TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    url TEXT NOT NULL,
    kept_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS hosts (
    name TEXT PRIMARY KEY,
    hold_until REAL NOT NULL,
    reason TEXT NOT NULL,
    failures INTEGER NOT NULL
);
