"""What people look at: the report page, charts and exports. Reads the published file; decides nothing."""
