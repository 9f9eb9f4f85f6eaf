"""Alembic's entry point: the app's own engine and tables, on SQLite and PostgreSQL."""

from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

from app.core.db import Base, db, migrating

config = context.config


def only_real_changes(_context, _revision, directives) -> None:
    """Write no migration file when the models and the database agree."""
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        print("The database already looks like the models.")


def plain_types(kind, item, _context):
    """Write our own types as what they are in the database: old migrations never import the app."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


def run() -> None:
    with current_app.app_context(), migrating(), db.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        raw = connection.connection.driver_connection
        if sqlite:
            # Batch mode copies tables; with foreign keys on, dropping the old one would delete
            # what refers to it. The pragma works only outside a transaction, hence the driver.
            raw.execute("PRAGMA foreign_keys=OFF")
        try:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=True,
                compare_type=True,
                process_revision_directives=only_real_changes,
                render_item=plain_types,
                transaction_per_migration=True,
            )
            with context.begin_transaction():
                context.run_migrations()
            if connection.in_transaction():
                connection.commit()
            if sqlite and (broken := raw.execute("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"the migration broke references: {broken[:5]}")
        finally:
            if sqlite:
                raw.execute("PRAGMA foreign_keys=ON")


run()
