-- What made the file, as a number that readers can ask for. {version} is SCHEMA_VERSION of database.py.
CREATE OR REPLACE VIEW schema_version AS SELECT {version}::INTEGER AS version;
COMMENT ON VIEW schema_version IS 'One row: the version of tables, views and columns in this file; docs/upgrading.md says what each version changed.';
COMMENT ON COLUMN schema_version.version IS 'Whole number; files from before version 3 have no such view.';
