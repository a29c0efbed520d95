"""The store over SQL, by SQLAlchemy Core: SQLite and PostgreSQL; only `main` may import it."""

from gatewright.store.sql.opening import migrate, open_store

__all__ = ["migrate", "open_store"]
