"""Finished jobs go after a week; what still tells somebody something stays."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import insert, select, text

from app.core import clock, given_up, jobs, old_jobs
from app.core.db import reading, unit_of_work
from app.core.models import Job

LONG_AGO = timedelta(days=8)


def job(state: str, *, kind: str = "search.index", key: str | None = None, **more: object) -> dict:
    """A row of the table as it stood long ago, or lately with `ago`."""
    then = clock.now() - more.pop("ago", LONG_AGO)
    ended = None if state in {"queued", "running"} else then
    return {
        "kind": kind,
        "key": key,
        "arguments": more,
        "state": state,
        "created_at": then,
        "run_after": then,
        "finished_at": ended,
    }


def night(app: Flask, *rows: dict) -> set[int]:
    """Which of these rows, counted from 1, are there after it."""
    with app.app_context(), unit_of_work() as session:
        session.execute(insert(Job), list(rows))
        tidying = jobs.enqueue(old_jobs.TIDY)
    jobs.run(app, tidying)
    with app.app_context(), reading() as session:
        assert session.get_one(Job, tidying).state == "done"
        return set(session.scalars(select(Job.id).where(Job.id != tidying)))


def test_what_was_done_long_ago_goes_and_what_is_not_done_stays(app: Flask) -> None:
    left = night(
        app,
        job("done"),
        job("done", ago=timedelta(days=6)),
        job("queued", key="waits"),
        job("running", key="works"),
        job("done", key="waits"),
    )
    assert left == {2, 3, 4}


def test_a_failure_stays_until_it_is_dealt_with_and_so_does_what_tells_of_its_end(
    app: Flask,
) -> None:
    left = night(
        app,
        job("failed", key="a"),  # 1: nobody has tried again
        job("failed", key="b"),  # 2: begun anew since
        job("done", key="b"),  # 3
        job("failed", subject_id=1),  # 4: the same succeeded since
        job("done", subject_id=1),  # 5
        job("failed", kind="home.certify", subject_id=2),  # 6: only another one did
        job("done", kind="home.certify", subject_id=3),  # 7
        job("failed", key="c", ago=timedelta(days=1)),  # 8: dealt with, and not long ago
        job("done", key="c"),  # 9
    )
    assert left == {1, 6, 8, 9}
    with app.app_context(), reading():
        assert {one.id for one in given_up.given_up()} == {1, 6}


def test_the_last_replacement_of_a_lesson_stays_as_its_page_tells_of_it(app: Flask) -> None:
    def look(lesson: int, turn: int) -> dict:
        key = f"replace:{lesson}:5:{turn}"
        return job("done", kind="courses.replace", key=key, lesson_id=lesson, turn=turn)

    assert night(app, look(1, 0), look(1, 1), look(2, 0), look(1, 2)) == {3, 4}


def test_many_old_rows_hold_up_nobody_and_are_gone_after_a_night(app: Flask) -> None:
    rows = [
        job("done", key=None if n % 2 else f"library:{n}", kind=f"t.kind{n % 20}", n=n)
        for n in range(2 * old_jobs.AT_ONCE + 1)
    ]
    with app.app_context(), unit_of_work() as session:
        session.execute(insert(Job), rows)
    with app.app_context(), reading() as session:
        if session.get_bind().dialect.name == "sqlite":  # however much the machine has to do
            for statement in (
                "SELECT id FROM job WHERE key = 'hearing:7' ORDER BY id DESC LIMIT 1",
                "SELECT id FROM job WHERE kind = 'search.index' AND state = 'queued' LIMIT 1",
                "SELECT id FROM job WHERE kind = 'courses.replace' AND key LIKE 'replace:1:%'",
                "SELECT id FROM job WHERE state = 'running' AND lease_until < '2027-01-01'",
            ):
                plan = session.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all()
                assert plan[0][3].startswith("SEARCH"), (statement, plan)
    assert night(app, job("failed", key="x")) == {len(rows) + 1}
