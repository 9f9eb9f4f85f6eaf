"""Transactions: when writes happen, what a failure leaves behind, what follows a commit."""

from __future__ import annotations

import threading

import pytest
from flask import Flask, abort
from sqlalchemy import event, select

from app.core import clock
from app.core.access import PUBLIC, access
from app.core.db import WriteOutsideTransaction, after_commit, db, unit_of_work
from app.core.models import Setting


def put(key: str) -> None:
    db.session().add(Setting(key=key, value={"n": 1}, changed_at=clock.now()))


def stored(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session().scalars(select(Setting.key).order_by(Setting.key)))


@pytest.fixture
def doors(app: Flask) -> Flask:
    """Routes of this test only: one that works, one that fails after writing, one lazy GET."""
    done = app.extensions["done"] = []

    @app.post("/t/good", endpoint="t.good")
    @access(PUBLIC)
    def good() -> str:
        put("good")
        after_commit(lambda: done.append("good"))
        return "ok"

    @app.post("/t/bad", endpoint="t.bad")
    @access(PUBLIC)
    def bad() -> str:
        put("bad")
        db.session().flush()
        after_commit(lambda: done.append("bad"))
        abort(422)

    @app.get("/t/get", endpoint="t.get")
    @access(PUBLIC)
    def get() -> str:
        put("get")
        db.session().flush()
        return "written"

    app.config["WTF_CSRF_ENABLED"] = False
    return app


def test_a_good_request_is_committed_and_a_failing_one_leaves_nothing(doors: Flask) -> None:
    client = doors.test_client()
    assert client.post("/t/good").status_code == 200
    assert client.post("/t/bad").status_code == 422
    assert stored(doors) == ["good"]
    assert doors.extensions["done"] == ["good"]


def test_a_get_cannot_write(doors: Flask) -> None:
    with pytest.raises(WriteOutsideTransaction):
        doors.test_client().get("/t/get")
    assert stored(doors) == []


def test_a_failing_unit_of_work_forgets_its_effects(app: Flask) -> None:
    done: list[str] = []
    with app.app_context():
        with pytest.raises(ZeroDivisionError), unit_of_work():
            put("x")
            after_commit(lambda: done.append("x"))
            raise ZeroDivisionError
        with unit_of_work():
            put("y")
            after_commit(lambda: done.append("y"))
    assert stored(app) == ["y"]
    assert done == ["y"]


def test_eight_threads_adding_to_one_row_lose_nothing(app: Flask) -> None:
    """Read-then-write loses updates unless the transaction begins as a writer."""
    with app.app_context(), unit_of_work():
        put("sum")
    failures: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(25):
                with app.app_context(), unit_of_work() as session:
                    row = session.get_one(Setting, "sum")
                    row.value = {"n": row.value["n"] + 1}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert failures == []
        assert db.session().get_one(Setting, "sum").value["n"] == 1 + 8 * 25


def test_the_pragmas_are_in_force(app: Flask) -> None:
    with app.app_context():
        read = lambda name: db.session().execute(db.text(f"PRAGMA {name}")).scalar()  # noqa: E731
        assert read("journal_mode") == "wal"
        assert read("synchronous") == 2
        assert read("foreign_keys") == 1
        assert read("trusted_schema") == 0


def test_a_naive_datetime_is_refused(app: Flask) -> None:
    from sqlalchemy.exc import StatementError

    with app.app_context(), pytest.raises(StatementError), unit_of_work() as session:
        naive = clock.now().replace(tzinfo=None)
        session.add(Setting(key="k", value={}, changed_at=naive))


def test_a_full_disk_is_said_plainly_and_heals(app: Flask, doors: Flask) -> None:
    with app.app_context():
        connection = db.session().connection().connection.driver_connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    limit = {"pages": pages}

    def squeeze(connection, _record, _proxy) -> None:
        connection.execute(f"PRAGMA max_page_count={limit['pages']}")

    with app.app_context():
        event.listen(db.engine, "checkout", squeeze)
        db.session.remove()

    client = doors.test_client()
    statuses = []
    for n in range(60):
        doors.view_functions["t.good"] = _filler(f"fill-{n}")
        statuses.append(client.post("/t/good").status_code)
        if statuses[-1] != 200:
            break
    assert statuses[-1] == 507
    limit["pages"] = pages + 1000
    assert client.post("/t/good").status_code == 200


def _filler(key: str):
    @access(PUBLIC)
    def fill() -> str:
        db.session().add(Setting(key=key, value={"x": "x" * 3000}, changed_at=clock.now()))
        return "ok"

    return fill
