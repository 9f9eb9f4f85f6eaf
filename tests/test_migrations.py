"""The migrations make exactly what the models say, and lose nothing on the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.core.db import Base, db
from tests.conftest import make_config


def triggers(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select name, sql from sqlite_master where type = 'trigger'")
        return {name: " ".join(sql.split()) for name, sql in rows}


def test_the_migrated_database_looks_like_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrated_database_has_the_triggers_of_the_models(tmp_path, migrated: Path) -> None:
    app = create_app(make_config(tmp_path))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        db.engine.dispose()
    expected = triggers(tmp_path / "instance" / "weike.sqlite")
    assert expected != {}
    assert triggers(migrated) == expected


def test_operators_have_the_commands_of_migrations(app: Flask) -> None:
    runner = app.test_cli_runner()
    assert "upgrade" in runner.invoke(args=["db", "--help"]).output
    answer = runner.invoke(args=["db", "upgrade"])
    assert answer.exit_code == 0, answer.output


def test_migrating_down_and_up_again_works(tmp_path) -> None:
    app = create_app(make_config(tmp_path))
    with app.app_context():
        upgrade()
        downgrade(revision="base")
        upgrade()
        assert "member" in db.inspect(db.engine).get_table_names()
        db.engine.dispose()
