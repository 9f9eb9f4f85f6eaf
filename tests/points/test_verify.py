"""`flask points verify` finds what somebody did to the file behind the application's back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from tests.conftest import make_config
from tests.factories import People
from tests.points.ledger import Ledger, shanghai

ENTRY = "ledger_entry"


@pytest.fixture
def full(app: Flask, people: People, ledger: Ledger) -> Flask:
    """A ledger with three members: 1 and 2 have six entries each, 3 has one."""
    one, two, three = (people.member() for _ in range(3))
    for day in range(1, 7):
        ledger.earn(one, when=shanghai(2026, 3, day))
        ledger.earn(two, when=shanghai(2026, 3, day, 13), note="课节")
    ledger.earn(three)
    ledger.correct(ledger.entries(two)[2].id, -4, author=one)
    return app


class Copy:
    """A copy of the database, to be tampered with by somebody who has the file but not the key."""

    def __init__(self, app: Flask, folder: Path) -> None:
        if app.extensions["weike"].database_url:
            pytest.skip("it is the file of SQLite that is tampered with")
        self.config = make_config(folder)
        self.config.instance_dir.mkdir(parents=True)
        source = app.extensions["weike"].instance_dir / "weike.sqlite"
        self.path = self.config.instance_dir / "weike.sqlite"
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(self.path)) as new:
            old.backup(new)

    def tamper(self, *statements: str) -> None:
        """Run statements with the triggers out of the way and put back afterwards."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            triggers = db.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
                (ENTRY,),
            ).fetchall()
            for name, _ in triggers:
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement)
            for _, sql in triggers:
                db.execute(sql)

    def verify(self) -> tuple[int, str]:
        return self.run("points", "verify")

    def run(self, *arguments: str) -> tuple[int, str]:
        result = create_app(self.config).test_cli_runner().invoke(args=arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output


@pytest.fixture
def copy(full: Flask, tmp_path: Path) -> Copy:
    return Copy(full, tmp_path / "copy")


def test_an_untouched_ledger_is_whole(copy: Copy) -> None:
    code, told = copy.verify()
    assert code == 0
    assert "The ledger is whole: 14 entries of 3 members, 126 points." in told


def test_an_empty_ledger_is_whole(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["points", "verify"])
    assert result.exit_code == 0
    assert "0 entries" in result.output


@pytest.mark.parametrize(
    ("statements", "kind", "where"),
    [
        (["UPDATE {t} SET amount = 20 WHERE member_id = 2 AND seq = 4"], "edited", 4),
        (["UPDATE {t} SET note = 'other' WHERE member_id = 2 AND seq = 1"], "edited", 1),
        (["UPDATE {t} SET branch_id = 1 + branch_id WHERE member_id = 2 AND seq = 1"], "edited", 1),
        ([("UPDATE {t} SET recorded_at = '2026-03-01 00:00:00.000000' "
          "WHERE member_id = 2 AND seq = 5")], "edited", 5),
        (["UPDATE {t} SET occurred_at = 'yesterday' WHERE member_id = 2 AND seq = 5"],
         "edited", 5),
        (["UPDATE {t} SET seq = 'x' WHERE member_id = 2 AND seq = 7"], "edited", 7),
        (["UPDATE {t} SET amount = 10.5 WHERE member_id = 2 AND seq = 5"], "edited", 5),
        (["UPDATE {t} SET hash = '00' WHERE member_id = 2 AND seq = 2"], "edited", 2),
        (["UPDATE {t} SET prev_hash = '00' WHERE member_id = 2 AND seq = 2"], "edited", 2),
        (["UPDATE {t} SET author_id = 3 WHERE member_id = 2 AND seq = 7"], "edited", 7),
        (["DELETE FROM {t} WHERE member_id = 2 AND seq = 4"], "deleted", 4),
        (["DELETE FROM {t} WHERE member_id = 2 AND seq = 1"], "deleted", 1),
        (["DELETE FROM {t} WHERE member_id = 2 AND seq = 4",
          "UPDATE {t} SET seq = seq - 1 WHERE member_id = 2 AND seq > 4"], "deleted", 4),
        (["DELETE FROM {t} WHERE member_id = 2 AND seq > 5"], "truncated", 6),
        (["DELETE FROM {t} WHERE member_id = 2"], "truncated", 1),
        (["UPDATE {t} SET seq = 99 WHERE member_id = 2 AND seq = 4",
          "UPDATE {t} SET seq = 4 WHERE member_id = 2 AND seq = 5",
          "UPDATE {t} SET seq = 5 WHERE member_id = 2 AND seq = 99"], "reordered", 4),
        (["UPDATE {t} SET id = 1000 WHERE member_id = 2 AND seq = 4"], "reordered", 5),
        (["DELETE FROM ledger_head WHERE member_id = 2"], "forged", 7),
        (["DELETE FROM {t} WHERE member_id = 2 AND seq > 6",
          ("UPDATE ledger_head SET seq = 6, hash = (SELECT hash FROM {t} WHERE member_id = 2 "
          "AND seq = 6) WHERE member_id = 2")], "forged", 6),
        ([("INSERT INTO {t} SELECT 1000, 2, 8, branch_id, 'gift', 1, 500, 'x:1', occurred_at, "
          "recorded_at, '', NULL, NULL, hash, 'made up', 0 FROM {t} WHERE member_id = 2 "
          "AND seq = 7")], "inserted", 8),
        (["UPDATE {t} SET member_id = 2, seq = 8 WHERE member_id = 3"], "inserted", 8),
    ],
)  # fmt: skip
def test_verify_names_the_first_break_and_its_kind(
    copy: Copy, statements: list[str], kind: str, where: int
) -> None:
    assert copy.verify()[0] == 0
    copy.tamper(*(statement.format(t=ENTRY) for statement in statements))
    code, told = copy.verify()
    assert code == 1
    assert f"First break: {kind}: member 2, entry {where}:" in told


def test_an_entry_written_twice_is_found_without_the_constraint(copy: Copy) -> None:
    copy.tamper(
        f"CREATE TABLE kept AS SELECT * FROM {ENTRY}",
        f"DROP TABLE {ENTRY}",
        f"ALTER TABLE kept RENAME TO {ENTRY}",
        f"INSERT INTO {ENTRY} SELECT * FROM {ENTRY} WHERE member_id = 2 AND seq = 3",
    )
    code, told = copy.verify()
    assert code == 1
    assert "duplicated: member 2, entry 3:" in told


def test_a_missing_trigger_is_told(copy: Copy) -> None:
    with closing(sqlite3.connect(copy.path)) as db:
        db.execute("DROP TRIGGER ledger_entry_no_update")
    code, told = copy.verify()
    assert code == 1
    assert "First break: unguarded: the trigger ledger_entry_no_update is missing" in told


@pytest.mark.parametrize(
    "harmless",
    ["BEGIN SELECT 1; END", "WHEN 0 BEGIN SELECT RAISE(ABORT, 'ledger entries are kept'); END"],
)
def test_a_trigger_that_does_nothing_is_no_trigger(copy: Copy, harmless: str) -> None:
    with closing(sqlite3.connect(copy.path)) as db:
        db.execute("DROP TRIGGER ledger_entry_no_delete")
        db.execute(f"CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON {ENTRY} {harmless}")
    code, told = copy.verify()
    assert code == 1
    assert "First break: unguarded: the trigger ledger_entry_no_delete is missing" in told


def test_another_secret_key_is_named_as_the_likely_cause(copy: Copy) -> None:
    object.__setattr__(copy.config, "secret_key", "another " * 8)
    code, told = copy.verify()
    assert code == 1
    assert "another WEIKE_SECRET_KEY" in told


def test_every_broken_member_is_listed(copy: Copy) -> None:
    copy.tamper(f"UPDATE {ENTRY} SET amount = 11 WHERE seq = 1")
    _, told = copy.verify()
    assert told.count("edited: member") == 3
