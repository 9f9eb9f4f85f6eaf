"""The ledger on PostgreSQL: migrations, triggers, proof and standings, where a server is there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.core.db import Base, db, unit_of_work
from app.points import queries, service
from app.points.rules import ledger_key
from config import Config
from tests import postgresql
from tests.conftest import make_config
from tests.factories import People
from tests.points.ledger import SHANGHAI, Ledger, at, shanghai
from tests.points.test_standings import assert_the_same_when_made_anew, life, proof, rise

__all__ = ["life"]  # a fixture


@pytest.fixture
def config(server: str, migrated_there: str, tmp_path: Path) -> Iterator[Config]:
    with postgresql.database(server, like=migrated_there) as address:
        yield make_config(tmp_path, database_url=address)


def guards(connection) -> dict[str, str]:
    """The triggers of all tables and what their functions do."""
    rows = connection.execute(
        text(
            """SELECT tgname, pg_get_triggerdef(t.oid) || ' ' || p.prosrc FROM pg_trigger AS t
            JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE NOT tgisinternal"""
        )
    )
    return {name: " ".join(words.split()) for name, words in rows}


def test_the_migrations_make_what_the_models_say_and_go_down_and_up_again(
    server: str, app: Flask, tmp_path: Path
) -> None:
    with postgresql.database(server) as address:
        bare = create_app(make_config(tmp_path / "bare", database_url=address))
        with bare.app_context():
            Base.metadata.create_all(db.engine)
            with db.engine.connect() as connection:
                expected = guards(connection)
            db.engine.dispose()
    with app.app_context():
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
            assert guards(connection) == expected
        downgrade(revision="base")
        assert db.inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        with db.engine.connect() as connection:
            assert guards(connection) == expected


FINAL = (
    "UPDATE ledger_entry SET amount = 999",
    "DELETE FROM ledger_entry WHERE seq = 1",
    "TRUNCATE ledger_entry CASCADE",
    "UPDATE rule_book SET note = 'x'",
    "DELETE FROM rule_book WHERE number > 1",
    "TRUNCATE rule_book CASCADE",
)


def test_the_database_refuses_to_change_what_is_final(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member)
    for statement in FINAL:
        with app.app_context(), pytest.raises(IntegrityError), unit_of_work() as session:
            session.execute(text(statement))
    assert ledger.amounts(member) == [10]
    assert proof(app).breaks == []


def test_standings_are_kept_and_made_anew_alike(
    app: Flask, people: People, life: list[int]
) -> None:
    rise(app, people, 6)
    assert_the_same_when_made_anew(app)


class Undone(Exception):
    """Takes a tampering back."""


TAMPERED = [
    (
        "UPDATE ledger_entry SET amount = 900 WHERE member_id = 1 AND seq = 2",
        "edited: member 1, entry 2",
    ),
    (
        (
            "UPDATE ledger_entry SET occurred_at = occurred_at - interval '1 day' "
            "WHERE member_id = 1 AND seq = 2"
        ),
        "edited: member 1, entry 2",
    ),
    ("DELETE FROM ledger_entry WHERE member_id = 1 AND seq = 2", "deleted: member 1, entry 2"),
    (
        "DELETE FROM ledger_entry WHERE member_id = 1 AND seq = 4",
        "truncated: member 1, entry 4",
    ),
    (
        (
            "UPDATE ledger_entry SET seq = 99 WHERE member_id = 1 AND seq = 2;"
            "UPDATE ledger_entry SET seq = 2 WHERE member_id = 1 AND seq = 3;"
            "UPDATE ledger_entry SET seq = 3 WHERE member_id = 1 AND seq = 99"
        ),
        "reordered: member 1, entry 2",
    ),
    (
        (
            "ALTER TABLE ledger_entry DROP CONSTRAINT pk_ledger_entry CASCADE;"
            "ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_member_id_seq CASCADE;"
            "ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_member_id_reason_source;"
            "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE member_id = 1 AND seq = 3"
        ),
        "duplicated: member 1, entry 3",
    ),
    ("UPDATE ledger_head SET seal = 'x' WHERE member_id = 1", "forged: member 1"),
    ("DELETE FROM ledger_seal", "truncated: the seal of 2026-03-01 was given out"),
    ("UPDATE ledger_seal SET entries = 3", "forged: the seal of 2026-03-01"),
    ("UPDATE standing SET points = points + 1 WHERE member_id = 1", "standings: member 1"),
    ("DROP TRIGGER ledger_entry_no_delete ON ledger_entry", "unguarded"),
]


def test_verify_names_what_was_done_behind_the_back_of_the_application(
    app: Flask, people: People, ledger: Ledger
) -> None:
    one, two = people.member(), people.member()
    for day in range(1, 5):
        ledger.earn(one, when=shanghai(2026, 3, day))
        ledger.earn(two, when=shanghai(2026, 3, day, 13), note="课节")
    with at(shanghai(2026, 3, 5)), app.app_context(), unit_of_work():
        service.seal_days()
    whole = app.test_cli_runner().invoke(args=["points", "verify"])
    assert whole.exit_code == 0, whole.output
    assert "8 entries of 2 members, 80 points. Sealed days: 4." in whole.output
    key = ledger_key(app.extensions["weike"].secret_key)
    for tampering, says in TAMPERED:
        with app.app_context(), suppress(Undone), unit_of_work() as session:
            abroad = {seal.day: seal.seal for seal in queries.seals()}
            session.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))
            for statement in tampering.split(";"):
                session.execute(text(statement))
            session.execute(text("ALTER TABLE ledger_entry ENABLE TRIGGER USER"))
            first = queries.prove(key, SHANGHAI, abroad).breaks[0]
            raise Undone
        where = f"member {first.member_id}, " if first.member_id else ""
        where += f"entry {first.seq}: " if first.seq else ""
        assert says in f"{first.kind}: {where}{first.text}", tampering
    assert proof(app).breaks == []


def test_two_hundred_at_once_are_one_and_no_limit_is_passed(
    app: Flask, people: People, ledger: Ledger
) -> None:
    members = [people.member() for _ in range(3)]
    with ThreadPoolExecutor(10) as pool:
        same = list(pool.map(lambda _: ledger.earn(members[0], source="lesson:1"), range(200)))
        list(pool.map(lambda n: ledger.earn(members[n % 3], source=f"lesson:{n}"), range(2, 32)))
    assert sorted(same) == [0] * 199 + [10]
    assert [ledger.total(member) for member in members] == [30, 30, 30]  # the limit of a day
    assert proof(app).breaks == []
