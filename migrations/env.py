"""Alembic's entry point: the app's own engine and tables, on SQLite and PostgreSQL."""

from alembic import context
from flask import current_app

from app.core.db import Base, db, migrating

config = context.config


def only_real_changes(_context, _revision, directives) -> None:
    """Write no migration file when the models and the database agree."""
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        print("The database already looks like the models.")


def run() -> None:
    with current_app.app_context(), migrating(), db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            compare_server_default=True,
            process_revision_directives=only_real_changes,
            user_module_prefix="app.core.db.",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
