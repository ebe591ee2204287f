-- What the writers of a lake tell each other, beside their tables; see docs/lake.md. A row's file holds one writer alone,
-- so that replacing a writer's rows replaces whole files.

CREATE SCHEMA lake.colocast;

-- Who publishes here; position 1 has been there longest and goes first where two speak of the same thing.
CREATE TABLE lake.colocast.writers (
    writer       VARCHAR NOT NULL,
    position     INTEGER NOT NULL,
    home         VARCHAR NOT NULL,
    published_at TIMESTAMP NOT NULL,
    vintage      VARCHAR,
    run_id       VARCHAR
);
ALTER TABLE lake.colocast.writers SET PARTITIONED BY (writer);

-- What stands of each writer: a table, or a vintage of one that grows with every vintage.
CREATE TABLE lake.colocast.parts (
    writer      VARCHAR NOT NULL,
    table_name  VARCHAR NOT NULL,
    part        VARCHAR NOT NULL,
    definition  VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    rows        BIGINT NOT NULL
);
ALTER TABLE lake.colocast.parts SET PARTITIONED BY (writer);

-- Meaning and unit of every table, view and column (column_name null for the table itself): DuckLake keeps no comment on
-- the column of a view (duckdb/ducklake issue 1239).
CREATE TABLE lake.colocast.comments (
    table_name  VARCHAR NOT NULL,
    column_name VARCHAR,
    comment     VARCHAR NOT NULL
);
