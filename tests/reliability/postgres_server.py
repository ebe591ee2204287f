"""The Postgres that tests start for themselves; it lives in bench/, whose tables need it as well."""

from bench.postgres_server import missing_postgres, postgres_server

__all__ = ["missing_postgres", "postgres_server"]
