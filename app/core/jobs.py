"""Work off the request: a job table with leases, in two lanes, swept when a worker dies.

Short jobs are done by the threads of huey, whose messages are only a bell: each means that the job
whose turn it is may be taken out of the table. The long ones, like a transcode, have threads of
their own that look there themselves (lanes.py), so that nothing short ever waits for them.

A job is at-least-once. A handler registers with `@handler("media.transcode")`, receives a `Lease`
and the job's arguments, and must be able to run again from the start after a kill at any point.
"""

from __future__ import annotations

import atexit
import logging
import secrets
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.core import acting, clock, settings
from app.core.db import after_commit, db, unit_of_work
from app.core.models import Job
from app.core.refusals import Refusal

# huey takes psycopg along wherever it is installed, and with it 10 MB; our queue is SQLite always.
_psycopg = sys.modules.get("psycopg")
sys.modules["psycopg"] = None  # type: ignore[assignment]
from huey import SqliteHuey  # noqa: E402 - see above

del sys.modules["psycopg"]
if _psycopg:
    sys.modules["psycopg"] = _psycopg

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
HEARTBEAT_SECONDS = 4.0
UNHEARD_SECONDS = 5.0  # a queued job this old has lost its message to the broker
BACK_OFF_SECONDS = (2, 10, 60)
SOON = 5  # the priority of what somebody waits for
LONGEST_DETAIL = 4000  # characters
DIED = "the worker died while doing this"  # in `detail`, until a try ends in another way

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}
_mourners: dict[str, Handler] = {}
_long: set[str] = set()  # kinds that can take minutes
_held: set[Lease] = set()  # of this process, now


class LeaseLost(Exception):
    """Another worker has taken the job over: stop at once and leave no trace."""


class Lease:
    """The right to work on one job, kept alive by a heartbeat thread."""

    def __init__(self, app: Flask, job_id: int, token: str, attempt: int, last: bool) -> None:
        self.app = app
        self.job_id = job_id
        self.token = token
        self.attempt = attempt  # 1 for the first try
        self.last = last  # whether a failure now is final
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"lease-{job_id}")

    @property
    def lost(self) -> bool:
        return self._lost.is_set()

    def check(self) -> None:
        """Raise LeaseLost when the job is no longer ours; call it in every long loop."""
        if self.lost:
            raise LeaseLost

    def report(self, progress: int, stage: str = "") -> None:
        """Store how far the job is (per cent, 0-100) and what it is doing."""
        self._touch(progress=max(0, min(100, progress)), stage=stage)
        self.check()

    def __enter__(self) -> Self:
        _held.add(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        _held.discard(self)

    def give_back(self) -> None:
        """Let another worker do the job from the start. This was no failed try of it."""
        with self.app.app_context(), unit_of_work() as session:
            job = session.get_one(Job, self.job_id)
            if job.lease_token == self.token:
                job.state, job.attempts, job.run_after = "queued", job.attempts - 1, clock.now()
                job.lease_token = job.lease_until = None
                _ring_for(job)
        self._lost.set()

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self.app.app_context():
                self._touch()

    def _touch(self, **values: Any) -> None:
        try:
            with unit_of_work() as session:
                held = session.execute(
                    update(Job)
                    .where(Job.id == self.job_id, Job.lease_token == self.token)
                    .where(Job.state == "running")
                    .values(lease_until=clock.now() + LEASE, **values)
                )
                if held.rowcount == 0:  # type: ignore[attr-defined]
                    self._lost.set()
        except Exception:
            # A busy database must not end hours of work; the lease itself says when it is over.
            log.exception("job %s: the lease could not be renewed", self.job_id)


@atexit.register
def give_back() -> None:
    """What this process is doing while it ends in good order, as when a worker is restarted.

    Without this a long transcode that meets three restarts in a row would count as failed.
    """
    for lease in list(_held):
        try:
            lease.give_back()
        except Exception:
            log.exception("job %s could not be given back", lease.job_id)  # its lease runs out


def handler(kind: str, *, long: bool = False) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of `kind` ("room.verb").

    `long` is said of what can take more than a minute or two: it has threads of its own.
    """

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        if long:
            _long.add(kind)
        return function

    return register


def on_failure(kind: str) -> Callable[[Handler], Handler]:
    """Register what to do, in the same transaction, when a job of `kind` has failed for good.

    The function gets `error` (one sentence, may be empty), `detail`, and the job's arguments.
    """

    def register(function: Handler) -> Handler:
        _mourners[kind] = function
        return function

    return register


def init_app(app: Flask) -> None:
    """Make the broker; its file is disposable, since the job table is the truth."""
    config = app.extensions["weike"]
    huey = SqliteHuey("weike", filename=str(config.queue_path), fsync=False)
    app.extensions["huey"] = huey
    app.extensions["bell"] = huey.task(name="run_job")(lambda *_: do_next(app, long=False))


def enqueue(
    kind: str,
    *,
    key: str | None = None,
    priority: int = 0,
    attempts: int = 3,
    delay: timedelta = timedelta(0),
    **arguments: Any,
) -> int:
    """Add a job to the current transaction and return its id; it starts after the commit.

    With a `key`, an unfinished job of the same key is returned instead of a second one.
    """
    session = db.session()
    if key is not None:
        waiting = session.scalar(
            select(Job.id).where(Job.key == key, Job.state.in_(("queued", "running")))
        )
        if waiting is not None:
            return waiting
    job = Job(
        kind=kind,
        key=key,
        arguments=arguments,
        priority=priority,
        attempts_allowed=attempts,
        created_at=clock.now(),
        run_after=clock.now() + delay,
    )
    session.add(job)
    session.flush()
    if not delay:
        _ring_for(job)
    return job.id


def retry(job_id: int) -> None:
    """Start a failed job again, with its tries counted anew."""
    job = db.session().get(Job, job_id)
    if job is None or job.state != "failed":
        return
    job.state, job.attempts, job.error, job.detail = "queued", 0, "", ""
    job.progress, job.finished_at, job.run_after = 0, None, clock.now()
    _ring_for(job)


def latest(key: str) -> Job | None:
    """The newest job with this key, for showing its progress."""
    return db.session().scalar(select(Job).where(Job.key == key).order_by(Job.id.desc()).limit(1))


def run(app: Flask, job_id: int) -> bool:
    """Claim and do one job; nothing happens when somebody else has it or it is done.

    Returns whether it was ours to do.
    """
    with app.app_context():
        settings.look_now_and_then()
        claim = _claim(job_id)
        if claim is None:
            return False
        kind, arguments, token, attempt, last = claim
        with Lease(app, job_id, token, attempt, last) as lease:
            try:
                with acting.as_worker():
                    _handlers[kind](lease, **arguments)
            except LeaseLost:
                log.warning("job %s (%s): taken over by another worker", job_id, kind)
            except Refusal as refusal:
                # A named refusal is the same on every try.
                _fail(job_id, token, str(refusal), getattr(refusal, "detail", ""), final=True)
            except Exception as error:
                log.exception("job %s (%s): try %s failed", job_id, kind, attempt)
                _fail(job_id, token, "", f"{type(error).__name__}: {error}", final=last)
            else:
                _settle(job_id, token, state="done", progress=100, stage="", error="", detail="")
    return True


def run_pending(app: Flask, *, limit: int = 1000) -> int:
    """Do every job that is due, here and now, one after another (tests and commands).

    Returns how many ran. Jobs that jobs enqueue are done too.
    """
    for done in range(limit):
        job_id = _next(app)
        if job_id is None:
            return done
        run(app, job_id)
    raise RuntimeError(f"more than {limit} jobs: one of them enqueues itself for ever")


def do_next(app: Flask, *, long: bool) -> bool:
    """Do the job of one lane whose turn it is, if there is any; whether there was."""
    lane = Job.kind.in_(_long) if long else Job.kind.not_in(_long)
    while (job_id := _next(app, lane)) is not None:
        if run(app, job_id):
            return True  # else another thread was quicker
    return False


def _next(app: Flask, *of: ColumnElement[bool]) -> int | None:
    """The job that is due and whose turn it is."""
    with app.app_context():
        return db.session().scalar(
            select(Job.id)
            .where(_may_begin(clock.now()), *of)
            .order_by(Job.priority.desc(), Job.id)
            .limit(1)
        )


def sweep(app: Flask) -> int:
    """Bring back what a dead worker held and what the broker lost; returns for how many it rang."""
    with app.app_context(), unit_of_work() as session:
        now = clock.now()
        for job in session.scalars(
            select(Job).where(Job.state == "running", Job.lease_until < now)
        ).all():
            job.lease_token = job.lease_until = None
            if job.attempts >= job.attempts_allowed:
                job.state, job.finished_at = "failed", now
                job.detail = f"{DIED}, on every try"
                _mourn(job)
            else:
                job.state, job.run_after, job.detail = "queued", now, DIED
        due = session.scalars(
            select(Job.id)
            .where(Job.state == "queued", Job.run_after <= now, Job.kind.not_in(_long))
            .where(
                or_(
                    Job.run_after <= now - timedelta(seconds=UNHEARD_SECONDS),
                    Job.attempts > 0,
                )
            )
            .limit(50)
        ).all()
        waiting = app.extensions["huey"].pending_count()
        if waiting:
            # The broker still has messages: what looks unheard is only waiting its turn.
            return 0
        for _ in due:
            after_commit(_ring)
        return len(due)


def _ring_for(job: Job) -> None:
    """Tell a worker of a job once it is committed; long ones are looked for without a bell."""
    if job.kind not in _long:
        after_commit(_ring)


def _ring() -> None:
    try:
        current_app.extensions["huey"].enqueue(current_app.extensions["bell"].s())
    except Exception:
        # The row is committed; the sweeper of the worker will find it.
        log.exception("the broker could not be told of a job")


def _may_begin(now: datetime) -> ColumnElement[bool]:
    """Which jobs may be done now.

    Of jobs that a worker died of, one is done at a time: one of them may be what kills it, and
    whoever is done beside that one each time would be given up without having any part in it.
    Short ones go first, and none of them waits for a long one.
    """
    other = aliased(Job)
    suspect = exists().where(other.detail == DIED, other.id != Job.id)
    running, is_short = other.state == "running", other.kind.not_in(_long)
    due = and_(other.state == "queued", other.run_after <= now)
    alone = case(
        (Job.kind.not_in(_long), ~suspect.where(running, is_short)),
        else_=~suspect.where(or_(running, and_(due, is_short))),
    )
    return and_(Job.state == "queued", Job.run_after <= now, or_(Job.detail != DIED, alone))


def _claim(job_id: int) -> tuple[str, dict[str, Any], str, int, bool] | None:
    """The right to do a job; None when it is not to be had now."""
    token = secrets.token_hex(16)
    now = clock.now()
    with unit_of_work() as session:
        claimed = session.execute(
            update(Job)
            .where(Job.id == job_id, _may_begin(now))
            .values(
                state="running",
                lease_token=token,
                lease_until=now + LEASE,
                attempts=Job.attempts + 1,
                progress=0,
            )
        )
        if claimed.rowcount == 0:  # type: ignore[attr-defined]
            return None
        job = session.get_one(Job, job_id, populate_existing=True)
        last = job.attempts >= job.attempts_allowed
        return job.kind, dict(job.arguments), token, job.attempts, last


def _settle(job_id: int, token: str, **values: Any) -> None:
    with unit_of_work() as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id, Job.lease_token == token, Job.state == "running")
            .values(lease_token=None, lease_until=None, finished_at=clock.now(), **values)
        )


def _fail(job_id: int, token: str, error: str, detail: str, *, final: bool) -> None:
    with unit_of_work() as session:
        job = session.get_one(Job, job_id)
        if job.lease_token != token:
            return
        job.lease_token = job.lease_until = None
        job.error, job.detail = error, _last_lines(detail)
        if final:
            job.state, job.finished_at = "failed", clock.now()
            _mourn(job)
            return
        wait = BACK_OFF_SECONDS[min(job.attempts, len(BACK_OFF_SECONDS)) - 1]
        job.state, job.run_after = "queued", clock.now() + timedelta(seconds=wait)


def _last_lines(text: str) -> str:
    """As much of a tool's words as is kept, whole lines where it has some."""
    kept = text[-LONGEST_DETAIL:]
    return kept if kept == text else kept.partition("\n")[2] or kept


def _mourn(job: Job) -> None:
    mourner = _mourners.get(job.kind)
    if mourner is not None:
        mourner(error=job.error, detail=job.detail, **job.arguments)
