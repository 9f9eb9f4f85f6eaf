"""The database: our declarative base, transactions, and what happens after a commit.

One request or one job step is one transaction. It is committed here, after a successful unsafe
request or at the end of `unit_of_work()`, and nowhere else. A GET never writes.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, event, exc
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from app.core.checkpoints import LONGEST_LOG, Checkpoints
from app.core.turns import NoTurn, Turns

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BUSY_TIMEOUT_MS = 10_000
CONNECTIONS = 16  # kept open by each process: as many as it has threads
BEGUN_AGAIN_MOST = 5  # times that one request is done once more
_TURN = "turn"  # in the record of a connection that may write

# Named by convention so that a migration can name what it drops, on every database.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC; naive values are refused, and what comes back is aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database; use core.clock.now()")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    # A registry of our own, because flask-sqlalchemy copies this class and can copy only that.
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON},
    )


# Rows stay readable after a commit: what runs then must not open another transaction.
db = SQLAlchemy(
    model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False}
)
_writing: ContextVar[bool] = ContextVar("writing", default=False)


class WriteOutsideTransaction(RuntimeError):
    """Code tried to write in a GET request or outside `unit_of_work()`."""


def init_app(app: Flask) -> None:
    """Bind the database to the app and put the transaction rules in place."""
    db.init_app(app)
    app.before_request(_mark_intent)
    # Registered first, so that it runs after every other after_request function.
    app.after_request(_commit_if_good)
    app.teardown_request(_forget)
    with app.app_context():
        _prepare(db.engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "connect")
        def patience(connection: Any, record: object) -> None:
            # Of itself PostgreSQL waits for ever for whoever holds a row and has gone silent.
            connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
            connection.commit()

        _keep_prepared(engine)
        return

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, record: object) -> None:
        # The driver's own transaction handling lost updates in trials: we say BEGIN ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"wal_autocheckpoint={LONGEST_LOG}",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    turns = Turns(Path(f"{engine.url.database}-turns"))
    checkpoints = Checkpoints(Path(str(engine.url.database)))

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if not _writing.get():
            connection.exec_driver_sql("BEGIN")
            return
        if _TURN not in connection.info:
            try:
                turns.take(BUSY_TIMEOUT_MS / 1000)
            except NoTurn:
                busy = sqlite3.OperationalError("database is locked")
                raise exc.OperationalError("BEGIN IMMEDIATE", None, busy) from None
            connection.info[_TURN] = True
        # A deferred transaction that reads, then writes, fails with "locked" at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def returned(_: object, record: Any) -> None:
        # After the commit has returned, or the rollback: only then has SQLite let go.
        if record.info.pop(_TURN, False):
            turns.give_back()
            checkpoints.written()


def _keep_prepared(engine: Engine) -> None:
    """Let PostgreSQL keep its prepared statements when what was only read ends with a rollback.

    psycopg drops all of them at every rollback, and each request has one: then every statement
    would be parsed and planned anew each time, which costs as much as all that it does. After an
    error they are dropped as ever, so that one that no longer fits its table goes.
    """
    from psycopg.pq import ExecStatus, TransactionStatus

    dropping = engine.dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        link = connection.pgconn
        is_well = link.transaction_status == TransactionStatus.INTRANS
        if not (is_well and link.exec_(b"ROLLBACK").status == ExecStatus.COMMAND_OK):
            dropping(connection)

    engine.dialect.do_rollback = do_rollback  # type: ignore[assignment, method-assign]


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, *_: object) -> None:
    if not _writing.get():
        raise WriteOutsideTransaction("writing needs an unsafe request or core.db.unit_of_work()")


def after_commit(action: Callable[[], None]) -> None:
    """Do `action` once the current transaction is safely committed; forgotten on rollback."""
    db.session().info.setdefault("after_commit", []).append(action)


def on_rollback(action: Callable[[], None]) -> None:
    """Do `action` when the current transaction is given up; forgotten when it is committed.

    For what a request has put outside of the database before anybody could refuse it.
    """
    db.session().info.setdefault("on_rollback", []).append(action)


def keep_though_refused() -> None:
    """Commit this request's transaction although its answer is a refusal (status 4xx).

    For the rare refusal that must leave a trace: an answer that came too late is not counted, and
    is kept as evidence. Call it when nothing half-done is in the session.
    """
    db.session().info["keep"] = True


def _finish(session: Session) -> None:
    session.info.pop("keep", None)
    # Forgotten already here: of a commit that fails nobody knows whether it arrived.
    session.info.pop("on_rollback", None)
    session.commit()
    if has_request_context():
        g.is_committed = True
    actions: list[Callable[[], None]] = session.info.pop("after_commit", [])
    for action in actions:
        action()


def _abandon(session: Session) -> None:
    session.info.pop("after_commit", None)
    session.info.pop("keep", None)
    try:
        session.rollback()
    except exc.OperationalError as error:
        # On a full disk SQLite has rolled back already and answers ROLLBACK with an error.
        log.warning("rollback was not needed: %s", error)
        session.close()
    actions: list[Callable[[], None]] = session.info.pop("on_rollback", [])
    for action in actions:
        action()


def begin_again() -> bool:
    """Forget what this request has done, so that it can be done once more; False when it cannot.

    It cannot when it is committed already, or when its body was a stream that is used up.
    """
    _abandon(db.session())
    forms = {"", "application/x-www-form-urlencoded", "application/json"}
    if g.get("is_committed") or request.mimetype not in forms:
        return False
    g.begun_again = g.get("begun_again", 0) + 1
    return bool(g.begun_again <= BEGUN_AGAIN_MOST)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One write transaction for jobs, commands and tests: committed at the end of the block."""
    if has_request_context():
        raise RuntimeError("a request is a unit of work already")
    token = _writing.set(True)
    session = db.session()
    session.rollback()  # a read transaction begun before cannot be turned into a writing one
    try:
        yield session
        _finish(session)
    except BaseException:
        _abandon(session)
        raise
    finally:
        _writing.reset(token)


@contextmanager
def migrating() -> Iterator[None]:
    """Let Alembic's own transaction write: it reads first, so it must begin as a writer."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def reading() -> Iterator[Session]:
    """A short read inside any request, ended at once so that it holds no lock afterwards.

    Used to find out who is asking before the body of an unsafe request is read: an upload that
    takes minutes must not hold the write lock for minutes.
    """
    token = _writing.set(False)
    session = db.session()
    try:
        yield session
    finally:
        session.rollback()
        _writing.reset(token)


@contextmanager
def noting() -> Iterator[Session]:
    """The one write of a GET: the line in the log which says that something was taken away.

    Called before the first byte is sent: when the line cannot be written, nothing is handed out.
    The reading transaction ends here, and rows with it; what is read afterwards begins another.
    """
    token = _writing.set(True)
    session = db.session()
    session.rollback()
    try:
        yield session
        session.commit()
    except BaseException:
        _abandon(session)
        raise
    finally:
        _writing.reset(token)


def _mark_intent() -> None:
    g.write_token = _writing.set(request.method not in SAFE_METHODS)


def _commit_if_good(response: Response) -> Response:
    session = db.session()
    refused = response.status_code >= (500 if session.info.get("keep") else 400)
    if request.method in SAFE_METHODS or refused:
        _abandon(session)
        return response
    try:
        _finish(session)
    except exc.DBAPIError as error:
        # Flask looks for error handlers only around views; a commit fails after the view. The
        # handler may have asked the view again: then that is what is to be committed.
        _abandon(session)
        response = current_app.make_response(current_app.handle_user_exception(error))
        return response if g.get("is_committed") else _commit_if_good(response)
    return response


def _forget(error: BaseException | None) -> None:
    if error is not None:
        _abandon(db.session())
    token = g.pop("write_token", None)
    if token is not None:
        _writing.reset(token)
