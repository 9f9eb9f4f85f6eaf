"""The index in PostgreSQL, for those who outgrow one machine: tsvector, GIN and pg_trgm."""

from app.search.index.postgresql.store import PostgresIndex

__all__ = ["PostgresIndex"]
