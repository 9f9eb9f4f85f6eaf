"""What only the second engine can do wrong: losing its server, its tables, or its place."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app import create_app
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.search import queries, service
from app.search.index import Busy, PostgresIndex
from app.search.jobs import watch
from config import Config
from tests.factories import People
from tests.search.things import everybody, find, in_another_process, later, put, titles


def index_of(app: Flask) -> PostgresIndex:
    found: PostgresIndex = app.extensions["search"]
    return found


def tables(app: Flask) -> set[str]:
    with index_of(app).engine.connect() as connection:
        asked = text("select nspname from pg_namespace where nspname like 'weike_search_%'")
        return set(connection.execute(asked).scalars())


def change(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(sql))


def _drop_the_terms(index: PostgresIndex) -> None:
    change(index.engine, f"drop table {index.snapshot().schema}.term")


def _drop_the_passages(index: PostgresIndex) -> None:
    change(index.engine, f"drop table {index.snapshot().schema}.passage")


def _drop_the_pointer(index: PostgresIndex) -> None:
    change(index.engine, "drop schema weike_search cascade")


def _point_elsewhere(index: PostgresIndex) -> None:
    change(index.engine, "update weike_search.live set build = 'pg_catalog; drop table x'")


def _empty(index: PostgresIndex) -> None:
    change(index.engine, "truncate weike_search.about")


@pytest.mark.parametrize(
    "harm", [_drop_the_terms, _drop_the_passages, _drop_the_pointer, _point_elsewhere, _empty]
)
def test_damaged_tables_are_said_answered_without_and_rebuilt(
    app: Flask, people: People, harm: Callable[[PostgresIndex], None]
) -> None:
    put(app, "a", "灭火器的用法", "pull the pin")
    run_pending(app)
    client = people.client(people.member())
    harm(index_of(app))
    answer = client.get("/search?q=pull+pin").get_data(as_text=True)
    assert "/library/a" in answer
    assert "being rebuilt" in answer
    watch(app)
    run_pending(app)
    answer = client.get("/search?q=滅火器").get_data(as_text=True)
    assert "/library/a" in answer
    assert "being rebuilt" not in answer


@pytest.mark.parametrize(
    "death",
    [
        "PostgresIndex.writing",  # before anything is written
        "copy",  # the old passages are deleted, in a transaction that never ends
        "PostgresIndex.write_to",  # the lock of writers is held
    ],
)
def test_nothing_is_lost_when_the_worker_dies(
    app: Flask, people: People, config: Config, death: str
) -> None:
    put(app, "before", "Before", "ladder")
    run_pending(app)
    put(app, "lost", "Nearly lost", "ladder")
    with app.app_context(), unit_of_work():
        service.remove(kind="document", ref="before")
    dead = in_another_process(
        config,
        f"""
        import os, signal
        from app.search.index.postgresql import store
        from app.search.index.postgresql.store import PostgresIndex
        {"store." if death == "copy" else ""}{death} = lambda *a, **k: os.kill(
            os.getpid(), signal.SIGKILL
        )
        run_pending(app)
        """,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert titles(app, people, "ladder") == set()  # withdrawn at once; the other not yet indexed
    assert waiting(app) == 2
    later(app)
    assert titles(app, people, "ladder") == {"Nearly lost"}
    assert waiting(app) == 0


def test_what_the_index_has_already_is_taken_up_again_without_harm(
    app: Flask, people: People, config: Config
) -> None:
    """The worker dies between the commit of the index and the end of the outbox."""
    put(app, "a", "Ladder", "steps")
    dead = in_another_process(
        config,
        """
        import os, signal
        from app.search import service
        service.forget = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        run_pending(app)
        """,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert titles(app, people, "ladder") == {"Ladder"}
    assert waiting(app) == 1
    later(app)
    assert waiting(app) == 0
    assert find(app, everybody(people), "ladder").total == 1
    assert index_of(app).figures()["passages"] == 1


def test_a_rebuild_that_dies_leaves_the_live_index(
    app: Flask, people: People, config: Config
) -> None:
    put(app, "a", "Ladder", "steps")
    run_pending(app)
    before = index_of(app).figures()["name"]
    dead = in_another_process(
        config,
        """
        import os, signal
        from app.core.db import unit_of_work
        from app.core import jobs
        from app.search.index.postgresql.store import Building
        Building.go_live = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        with app.app_context(), unit_of_work():
            jobs.enqueue("search.rebuild", key="search.rebuild")
        run_pending(app)
        """,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert index_of(app).figures()["name"] == before
    assert titles(app, people, "ladder") == {"Ladder"}
    later(app)  # done again, and what the dead one left is cleared away
    assert index_of(app).figures()["name"] != before
    assert len(tables(app)) == 2
    assert titles(app, people, "ladder") == {"Ladder"}


def waiting(app: Flask) -> int:
    with app.app_context():
        count = queries.change_count()
        db.session.rollback()
    return count


def test_without_its_server_the_database_answers(app: Flask, config: Config) -> None:
    put(app, "a", "Ladder", "pull the pin")
    run_pending(app)
    nowhere = "postgresql+psycopg://weike@127.0.0.1:1/weike"
    lost = create_app(replace(config, search_database=nowhere))
    client = People(lost).client(People(lost).member())
    answer = client.get("/search?q=pull+pin").get_data(as_text=True)
    assert "/library/a" in answer
    assert "being rebuilt" in answer
    assert client.get("/search/suggest?q=lad").status_code == 200
    watch(lost)  # says so and goes on


def test_a_rebuild_goes_live_in_one_step_and_clears_away(app: Flask, people: People) -> None:
    put(app, "a", "Ladder", "text")
    run_pending(app)
    runner = app.test_cli_runner()
    for _ in range(3):
        assert "1 passages" in runner.invoke(args=["search", "rebuild"]).output
    assert len(tables(app)) == 2  # the one before stays for readers who are at it
    index = index_of(app)
    with index.rebuilding() as fresh:
        fresh.add({})
        with pytest.raises(Busy), index.rebuilding():
            pass
    assert len(tables(app)) == 2  # what did not go live is gone
    assert titles(app, people, "ladder") == {"Ladder"}


def test_what_is_counted_follows_every_change(app: Flask, people: People) -> None:
    """Rarity and suggestions rest on counts that are kept beside the passages."""

    def counted() -> dict[str, int]:
        index = index_of(app)
        with index.engine.connect() as connection:
            rows = connection.execute(text(f"select * from {index.snapshot().schema}.term"))
            return dict(rows.all())

    for ref in ("a", "b"):
        put(app, ref, "Ladder", "灭火器 pin pin", "second page")
    run_pending(app)
    for number in range(3):
        put(app, "a", f"Ladder {number}", f"hydrant {number}")
    run_pending(app)
    kept = counted()
    app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert counted() == kept
    assert kept["gladder"] == 3
    assert find(app, everybody(people), "灭火器").total == 1


def test_of_very_many_the_best_still_come_first(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.index.postgresql.scanning.MOST_RANKED", 8)
    for number in range(30):
        put(app, f"n{number}", f"Filler {number}", "a ladder, once, among many other words here")
    put(app, "often", "Other", "ladder ladder ladder")
    put(app, "title", "The ladder", "something else")
    run_pending(app)
    found = find(app, everybody(people), "ladder")
    assert found.total == 32
    assert {str(row.title.striptags()) for row in found.page.rows[:2]} == {"The ladder", "Other"}


def test_what_comes_with_a_new_label_within_a_search_is_found_by_the_next(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels are read before passages: who may see what is not known of one that comes between."""
    reader, index = everybody(people), index_of(app)
    put(app, "a", "Ladder", "ladder")
    run_pending(app)
    assert find(app, reader, "ladder").total == 1
    before = index.snapshot()
    put(app, "b", "Ladder of others", "ladder", audience=frozenset({people.branch()}))
    put(app, "c", "Ladder of all", "ladder", kind="course")
    run_pending(app)
    with monkeypatch.context() as within:
        within.setattr(index, "snapshot", lambda: before)
        assert find(app, reader, "ladder").total == 1
    assert find(app, reader, "ladder").total == 2
