"""Jobs: at least once, never twice at the same time, never stuck, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.core.models import Job
from app.core.refusals import Refusal
from config import ROOT


class Broken(Refusal):
    sentence = "The file is broken. Send another one."


@pytest.fixture
def done(app: Flask):
    """Handlers of this test only; what they did is in the list."""
    log: list[str] = []
    before = dict(jobs._handlers), dict(jobs._mourners), set(jobs._long)

    @jobs.handler("t.note")
    def note(lease: jobs.Lease, word: str) -> None:
        lease.report(50, "half")
        log.append(word)

    @jobs.handler("t.refuse")
    def refuse(lease: jobs.Lease) -> None:
        raise Broken

    @jobs.handler("t.crash")
    def crash(lease: jobs.Lease) -> None:
        log.append(f"try {lease.attempt}")
        raise OSError("no such luck")

    @jobs.on_failure("t.crash")
    def mourn(error: str, detail: str) -> None:
        log.append(f"mourned: {detail}")

    yield log
    jobs._handlers, jobs._mourners, jobs._long = before


def start(app: Flask, kind: str, **arguments: object) -> int:
    with app.app_context(), unit_of_work():
        return jobs.enqueue(kind, **arguments)


def look(app: Flask, job_id: int) -> Job:
    with app.app_context():
        return db.session().get_one(Job, job_id)


def test_a_job_runs_once_however_often_it_is_delivered(app: Flask, done: list) -> None:
    job = start(app, "t.note", word="a")
    for _ in range(3):
        jobs.run(app, job)
    assert done == ["a"]
    assert look(app, job).state == "done"


def test_delivered_to_many_workers_at_once_it_is_done_by_one(app: Flask, done: list) -> None:
    numbers = [start(app, "t.note", word=str(number)) for number in range(3)]
    together = threading.Barrier(4, timeout=60)

    def deliver() -> None:
        for job in numbers:
            together.wait()
            jobs.run(app, job)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert done == ["0", "1", "2"]


def test_a_rolled_back_transaction_leaves_no_job(app: Flask, done: list) -> None:
    with app.app_context(), pytest.raises(ZeroDivisionError), unit_of_work():
        jobs.enqueue("t.note", word="never")
        raise ZeroDivisionError
    assert jobs.run_pending(app) == 0
    assert app.extensions["huey"].pending_count() == 0


def test_the_same_key_is_one_job_while_it_is_unfinished(app: Flask, done: list) -> None:
    first = start(app, "t.note", key="k", word="a")
    assert start(app, "t.note", key="k", word="b") == first
    jobs.run_pending(app)
    assert start(app, "t.note", key="k", word="c") != first
    jobs.run_pending(app)
    assert done == ["a", "c"]


def test_a_refusal_is_final_and_says_why(app: Flask, done: list) -> None:
    job = start(app, "t.refuse")
    jobs.run(app, job)
    row = look(app, job)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.error == "The file is broken. Send another one."


def test_a_crash_is_tried_three_times_with_pauses_then_mourned(app: Flask, done: list) -> None:
    job = start(app, "t.crash")
    moment = clock.now()
    for _ in range(6):
        with clock.use(lambda: moment):
            jobs.run(app, job)
        moment += timedelta(minutes=2)
    row = look(app, job)
    assert row.state == "failed"
    assert done == ["try 1", "try 2", "try 3", "mourned: OSError: no such luck"]


def test_a_retry_starts_anew(app: Flask, done: list) -> None:
    job = start(app, "t.refuse")
    jobs.run(app, job)
    with app.app_context(), unit_of_work():
        jobs.retry(job)
    assert look(app, job).state == "queued"
    assert look(app, job).error == ""


def test_what_a_dead_worker_held_is_done_by_another(app: Flask, done: list) -> None:
    job = start(app, "t.note", word="again")
    with app.app_context():
        assert jobs._claim(job) is not None  # and then the worker dies
    jobs.run(app, job)
    assert done == []
    app.extensions["huey"].flush()
    with clock.use(lambda: datetime.now(UTC) + jobs.LEASE * 2):
        assert jobs.sweep(app) == 1
        jobs.run(app, job)
    assert done == ["again"]


def test_a_lost_message_of_the_broker_is_posted_again(app: Flask, done: list) -> None:
    job = start(app, "t.note", word="lost")
    app.extensions["huey"].flush()
    assert jobs.sweep(app) == 0  # too young to be called lost
    with clock.use(lambda: look(app, job).created_at + timedelta(seconds=10)):
        assert jobs.sweep(app) == 1
    assert app.extensions["huey"].pending_count() == 1


def test_a_worker_whose_lease_was_taken_leaves_no_trace(app: Flask, done: list) -> None:
    @jobs.handler("t.slow")
    def slow(lease: jobs.Lease) -> None:
        with unit_of_work() as session:  # another worker took it meanwhile
            session.get_one(Job, lease.job_id).lease_token = "somebody else"
        lease.report(10)
        done.append("went on")

    job = start(app, "t.slow")
    jobs.run(app, job)
    assert done == []
    assert look(app, job).lease_token == "somebody else"


def test_a_worker_that_ends_gives_back_what_it_does_and_no_try_is_counted(
    app: Flask, done: list
) -> None:
    @jobs.handler("t.long")
    def long(lease: jobs.Lease) -> None:
        done.append(f"try {lease.attempt}")
        if len(done) <= 5:
            jobs.give_back()  # as when the process ends
            lease.report(50)
            done.append("went on")

    job = start(app, "t.long")
    for number in range(5):
        app.extensions["huey"].flush()
        jobs.run(app, job)
        row = look(app, job)
        assert (row.state, row.attempts, row.lease_token) == ("queued", 0, None), number
        assert app.extensions["huey"].pending_count() == 1  # the next worker begins at once
    jobs.run(app, job)
    assert look(app, job).state == "done"
    jobs.give_back()  # nothing is held any more
    assert look(app, job).state == "done"
    assert done == ["try 1"] * 6


# --- two lanes --------------------------------------------------------------------------------


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """The worker in this process, as `huey_consumer` starts it."""
    signs = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(sign) for sign in signs]
    consumer = app.extensions["huey"].create_consumer(
        workers=2, worker_type="thread", initial_delay=0.05, max_delay=0.1, shutdown_timeout=30
    )
    consumer.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        for sign, what in zip(signs, before, strict=True):
            signal.signal(sign, what)


@pytest.fixture
def long(app: Flask, done: list) -> Iterator[threading.Event]:
    """Long jobs that last until this event."""
    over = threading.Event()

    @jobs.handler("t.long", long=True)
    def wait(lease: jobs.Lease, word: str) -> None:
        done.append(f"{word} begins")
        assert over.wait(60)
        done.append(f"{word} in {threading.current_thread().name[:6]}")

    yield over
    over.set()


def wait_for(what) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_short_jobs_are_done_while_long_ones_fill_their_threads(
    app: Flask, done: list, long: threading.Event
) -> None:
    first, *others = [start(app, "t.long", word=word, priority=-1) for word in ("a", "b", "c")]
    with working(app):
        wait_for(lambda: len(done) == 2)
        short = [start(app, "t.note", word=word) for word in ("mail", "paper", "deadline")]
        wait_for(lambda: all(look(app, job).state == "done" for job in short))
        assert sorted(done) == ["a begins", "b begins", "deadline", "mail", "paper"]
        assert [look(app, job).state for job in others] == ["running", "queued"]
        long.set()
        wait_for(lambda: look(app, others[-1]).state == look(app, first).state == "done")
    assert [line.split()[-1] for line in done if " in " in line] == ["Thread"] * 3  # none of huey's


def test_no_lane_does_the_work_of_the_other(app: Flask, done: list, long: threading.Event) -> None:
    long.set()
    job = start(app, "t.long", word="a", priority=9)
    assert app.extensions["huey"].pending_count() == 0  # no bell for it
    assert not jobs.do_next(app, long=False)
    note = start(app, "t.note", word="b")
    assert app.extensions["huey"].pending_count() == 1
    assert jobs.do_next(app, long=True)
    assert not jobs.do_next(app, long=True)
    assert (look(app, job).state, look(app, note).state) == ("done", "queued")


def test_in_each_lane_the_highest_priority_goes_first_then_the_oldest(
    app: Flask, done: list, long: threading.Event
) -> None:
    """Also what becomes due while others wait, which the broker has never heard of."""
    long.set()
    for word, priority in (("a", 0), ("b", -1), ("c", 3), ("d", 0)):
        start(app, "t.note", word=word, priority=priority)
        start(app, "t.long", word=word, priority=priority)
    start(app, "t.note", word="due", priority=jobs.SOON, delay=timedelta(minutes=1))
    with clock.use(lambda: datetime.now(UTC) + timedelta(minutes=2)):
        while jobs.do_next(app, long=False):
            pass
        assert done == ["due", "c", "a", "d", "b"]
        done.clear()
        while jobs.do_next(app, long=True):
            pass
    assert [line for line in done if "begins" in line] == [f"{word} begins" for word in "cadb"]


def test_a_long_job_of_a_dead_worker_is_done_by_another(
    app: Flask, done: list, long: threading.Event
) -> None:
    long.set()
    job = start(app, "t.long", word="again")
    with app.app_context():
        assert jobs._claim(job) is not None  # and then the worker dies
    assert not jobs.do_next(app, long=True)
    with clock.use(lambda: datetime.now(UTC) + jobs.LEASE * 2):
        jobs.sweep(app)
        assert jobs.do_next(app, long=True)
    assert (look(app, job).state, look(app, job).attempts) == ("done", 2)


def test_of_what_a_worker_died_of_the_short_goes_first_and_waits_for_no_long_one(
    app: Flask, done: list, long: threading.Event
) -> None:
    recording = start(app, "t.long", word="recording", priority=9)
    papers = [start(app, "t.note", word=word) for word in ("deadline", "paper")]
    with app.app_context():
        assert all(jobs._claim(job) for job in (recording, *papers))  # and then the worker dies
    with clock.use(lambda: datetime.now(UTC) + jobs.LEASE * 2):
        jobs.sweep(app)
        assert not jobs.do_next(app, long=True), "the short ones have not been tried"
        assert jobs.do_next(app, long=False)
        assert done == ["deadline"]
        with app.app_context():
            assert jobs._claim(papers[1]) is not None  # in one thread
            assert jobs._claim(recording) is None
            assert jobs._claim(start(app, "t.note", word="new")) is not None
            with unit_of_work() as session:
                session.get_one(Job, papers[1]).state = "done"
            assert jobs._claim(recording) is not None
        again = start(app, "t.note", word="again")
        with app.app_context(), unit_of_work() as session:
            session.get_one(Job, again).detail = jobs.DIED
        assert jobs.do_next(app, long=False)
    assert done == ["deadline", "again"]


def test_of_many_threads_at_one_lane_each_job_is_done_by_one(app: Flask, done: list) -> None:
    for number in range(6):
        start(app, "t.note", word=str(number))
    together = threading.Barrier(4, timeout=60)

    def work() -> None:
        together.wait()
        while jobs.do_next(app, long=False):
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(done) == [str(number) for number in range(6)]


WORKER = """
import sys, time
from pathlib import Path
from app import create_app
from app.core import jobs
from tests.conftest import make_config

app = create_app(make_config(Path(sys.argv[1])))

@jobs.handler("t.sleep")
def sleep(lease, seconds):
    print("started", flush=True)
    time.sleep(seconds)
    print("finished", flush=True)

jobs.run(app, int(sys.argv[2]))
"""


def test_a_killed_worker_process_delays_the_job_and_loses_nothing(app: Flask, tmp_path) -> None:
    job = start(app, "t.sleep", seconds=60)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER), str(tmp_path), str(job)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == b"started\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()
    assert look(app, job).state == "running"
    app.extensions["huey"].flush()
    assert jobs.sweep(app) == 0  # its lease may still be renewed
    assert look(app, job).state == "running"
    with clock.use(lambda: datetime.now(UTC) + jobs.LEASE):
        assert jobs.sweep(app) == 1
    assert look(app, job).state == "queued"


POISON = """
import os, signal, sys, time
from pathlib import Path
from app import create_app
from app.core import jobs
from tests.conftest import make_config

folder = Path(sys.argv[1])
app = create_app(make_config(folder))
began = folder / f"beside-{os.getpid()}"

@jobs.handler("t.poison")
def poison(lease):
    end = time.monotonic() + (30 if lease.attempt == 1 else 2)
    while not began.exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)

@jobs.handler("t.beside")
def beside(lease):
    began.touch()
    for _ in range(20):
        time.sleep(0.1)

@jobs.handler("t.behind")
def behind(lease):
    pass

@jobs.on_failure("t.poison")
def mourn(error, detail):
    (folder / "mourned").write_text(detail)

app.extensions["huey"].create_consumer(
    workers=2, worker_type="thread", initial_delay=0.05, max_delay=0.2
).run()
"""


def test_a_job_that_kills_its_worker_is_given_up_and_takes_no_other_with_it(
    app: Flask, tmp_path
) -> None:
    """Each time the whole process is gone, with what its other thread was doing."""
    poison = start(app, "t.poison", priority=9)
    beside = start(app, "t.beside", priority=5)
    behind = [start(app, "t.behind") for _ in range(3)]
    program = [sys.executable, "-c", textwrap.dedent(POISON), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for attempt in (1, 2, 3):
        worker = subprocess.Popen(program, cwd=ROOT, env=environment)
        try:
            assert worker.wait(timeout=120) == -signal.SIGKILL
        finally:
            worker.kill()
            worker.wait(timeout=30)
        with app.app_context(), unit_of_work() as session:  # as if its lease had run out
            held = session.scalars(select(Job).where(Job.state == "running")).all()
            assert poison in {job.id for job in held}
            for job in held:
                job.lease_until = clock.now() - timedelta(seconds=1)
        assert look(app, poison).attempts == attempt
    worker = subprocess.Popen(program, cwd=ROOT, env=environment)
    try:
        end = time.monotonic() + 120
        others = [beside, *behind]
        while [look(app, job).state for job in (poison, *others)] != ["failed", *["done"] * 4]:
            assert time.monotonic() < end
            assert worker.poll() is None
            time.sleep(0.1)
    finally:
        worker.kill()
        worker.wait(timeout=30)
    dead = look(app, poison)
    assert (dead.state, dead.attempts) == ("failed", 3)
    assert (tmp_path / "mourned").read_text() == dead.detail
    assert jobs.DIED in dead.detail
    assert all(look(app, job).attempts <= 2 for job in others)


def test_every_kind_of_job_that_is_enqueued_has_a_handler(app: Flask) -> None:
    import re

    asked = {
        found
        for path in (ROOT / "app").rglob("*.py")
        for found in re.findall(r"enqueue\(\s*\"([a-z_]+\.[a-z_]+)\"", path.read_text())
    }
    assert asked <= set(jobs._handlers)


def test_the_job_table_names_every_state(app: Flask) -> None:
    from sqlalchemy.exc import IntegrityError

    job = start(app, "t.note", word="x")
    with app.app_context(), pytest.raises(IntegrityError), unit_of_work() as session:
        session.scalars(select(Job).where(Job.id == job)).one().state = "lost"
