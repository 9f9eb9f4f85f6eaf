"""PostgreSQL, where many write at once: nobody waits for ever, and who comes second is told so."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from flask import request
from sqlalchemy import text
from sqlalchemy.exc import NotSupportedError

from app import create_app
from app.core import clock
from app.core import db as core
from app.core.access import PUBLIC, access
from app.core.db import db, unit_of_work
from app.core.models import Setting
from app.library import service as library
from app.library.rules import TooDeep
from app.members import service as members
from app.members.models import Branch
from app.members.rules.refusals import WrongCode
from tests import postgresql
from tests.conftest import make_config
from tests.factories import People, csrf


def test_who_waits_for_a_row_is_told_that_the_server_is_busy(
    server: str, migrated_there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "BUSY_TIMEOUT_MS", 300)
    with postgresql.database(server, like=migrated_there) as address:
        app = create_app(make_config(tmp_path, database_url=address))

        @app.post("/t/change", endpoint="t.change")
        @access(PUBLIC)
        def change() -> str:
            db.session().get_one(Setting, "held").value = {"n": 2}
            return "changed"

        with app.app_context(), unit_of_work() as session:
            session.add(Setting(key="held", value={"n": 1}, changed_at=clock.now()))
        visitor = app.test_client()
        with psycopg.connect(address.replace("+psycopg", "")) as holder:
            holder.execute("SELECT 1 FROM setting FOR UPDATE")
            answer = visitor.post("/t/change", headers=csrf(visitor))
            assert answer.status_code == 503
            assert "busy" in answer.text
            assert answer.headers["Retry-After"]
        assert visitor.post("/t/change", headers=csrf(visitor)).text == "changed"
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("seen_by", ["flush", "commit"])
def test_of_two_who_add_the_same_at_once_the_later_is_asked_again(
    server: str, migrated_there: str, tmp_path: Path, seen_by: str
) -> None:
    with postgresql.database(server, like=migrated_there) as address:
        app = create_app(make_config(tmp_path, database_url=address))

        @app.post("/t/add", endpoint="t.add")
        @access(PUBLIC)
        def add() -> str:
            if db.session().get(Setting, "one") is not None:
                return "another was first"
            if request.form.get("late") == "yes":
                with psycopg.connect(address.replace("+psycopg", "")) as other:
                    other.execute(
                        "INSERT INTO setting (key, value, changed_at) VALUES ('one', '{}', now())"
                    )
            db.session().add(Setting(key="one", value={"n": 1}, changed_at=clock.now()))
            if seen_by == "flush":
                db.session().flush()
            return "added"

        visitor = app.test_client()
        headers = csrf(visitor)
        # A body that is no form may be used up: then nothing is done twice.
        late = {"late": "yes"}
        answer = visitor.post(
            "/t/add", headers=headers, data=late, content_type="multipart/form-data"
        )
        assert answer.status_code == 409
        assert "changed in another window" in answer.text
        with app.app_context(), unit_of_work() as session:
            session.delete(session.get_one(Setting, "one"))
        answer = visitor.post("/t/add", headers=headers, data=late)
        assert (answer.status_code, answer.text) == (200, "another was first")
        with app.app_context(), unit_of_work() as session:
            assert session.get_one(Setting, "one").value == {}
            session.delete(session.get_one(Setting, "one"))
        assert visitor.post("/t/add", headers=headers).text == "added"
        with app.app_context():
            assert db.session.get_one(Setting, "one").value == {"n": 1}
            db.session.remove()
            db.engine.dispose()


def test_trees_stay_trees_and_codes_good_for_one_however_many_come_at_once(
    server: str, migrated_there: str, tmp_path: Path
) -> None:
    """Each of these begins while another transaction is just doing the opposite."""
    with postgresql.database(server, like=migrated_there) as address:
        app = create_app(make_config(tmp_path, database_url=address))
        people = People(app)
        north, south = people.branch("North"), people.branch("South")
        member = people.member()
        with app.app_context(), unit_of_work():
            code = members.issue_codes([member])[member]
            one, two = library.add_collection("One"), library.add_collection("Two")

        moved = f"UPDATE branch SET parent_id = {south}, path = '/1/{south}/{north}/'"
        added = postgresql.meanwhile(
            app,
            address,
            f"SELECT id FROM branch FOR UPDATE; {moved} WHERE id = {north}",
            lambda: members.add_branch("East", parent_id=north),
        )
        with app.app_context():
            assert db.session.get_one(Branch, added).path == f"/1/{south}/{north}/{added}/"
        refused = postgresql.meanwhile(
            app,
            address,
            f"UPDATE library_collection SET parent_id = {two}, path = '/{two}/{one}/' "
            f"WHERE id = {one}",
            lambda: library.change_collection(two, name="Two", parent_id=one),
        )
        assert isinstance(refused, TooDeep)
        refused = postgresql.meanwhile(
            app,
            address,
            "UPDATE activation_code SET used_at = now()",
            lambda: members.activate(code, new_hash="x"),
        )
        assert isinstance(refused, WrongCode)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_what_is_prepared_outlives_reading_and_goes_with_an_error(
    server: str, migrated_there: str, tmp_path: Path
) -> None:
    """Each request ends a reading transaction with a rollback, at which psycopg forgets all."""
    with postgresql.database(server, like=migrated_there) as address:
        app = create_app(make_config(tmp_path, database_url=address))

        @app.get("/t/read", endpoint="t.read")
        @access(PUBLIC)
        def read() -> str:
            return str(db.session().get_one(Setting, "read").value["n"])

        def prepared() -> int:
            known = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%setting%'"
            with app.app_context(), unit_of_work() as session:
                return int(session.scalar(text(known)) or 0)

        with app.app_context(), unit_of_work() as session:
            session.add(Setting(key="read", value={"n": 1}, changed_at=clock.now()))
        visitor = app.test_client()
        for _ in range(8):
            assert visitor.get("/t/read").text == "1"
        assert prepared() == 1
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("ALTER TABLE setting ALTER COLUMN value TYPE jsonb")
        # It does not fit its table any more, and is not met again.
        with pytest.raises(NotSupportedError):
            visitor.get("/t/read")
        assert visitor.get("/t/read").text == "1"
        assert prepared() == 0
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
