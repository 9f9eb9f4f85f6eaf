"""Finished jobs of long ago go, every night: who needs them looks only at what was done lately."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from huey import crontab
from sqlalchemy import ColumnElement, Text, and_, cast, delete, exists, or_, select
from sqlalchemy.orm import aliased

from app.core import clock, jobs
from app.core.db import db, reading, unit_of_work
from app.core.models import Job

log = logging.getLogger(__name__)
TIDY = "core.tidy_jobs"
KEPT = timedelta(days=7)
AT_ONCE = 2000  # rows of one transaction

_shown: dict[str, Callable[[], set[int]]] = {}


def still_shown(kind: str) -> Callable[[Callable[[], set[int]]], Callable[[], set[int]]]:
    """Register which jobs of `kind` a page looks at for longer; the function returns their ids."""

    def register(function: Callable[[], set[int]]) -> Callable[[], set[int]]:
        _shown[kind] = function
        return function

    return register


@jobs.handler(TIDY)
def tidy(lease: jobs.Lease) -> None:
    """Remove what was done, and failures that were dealt with, some in each transaction."""
    before = clock.now() - KEPT
    with reading():
        kept = set().union(*(function() for function in _shown.values()))
    # Failures first: what tells that one was dealt with goes after it, never before.
    for chosen in (_dealt_with(), _done()):
        after: int | None = 0
        while after is not None:
            lease.check()
            with unit_of_work():
                after = _remove(chosen, before, kept, after)


def _remove(
    chosen: ColumnElement[bool], before: datetime, kept: set[int], after: int
) -> int | None:
    """Remove some above an id; where to go on, None for the end."""
    found = list(
        db.session().scalars(
            select(Job.id)
            .where(Job.id > after, chosen, Job.finished_at < before)
            .order_by(Job.id)
            .limit(AT_ONCE)
        )
    )
    db.session().execute(delete(Job).where(Job.id.in_(set(found) - kept)))
    return found[-1] if len(found) == AT_ONCE else None


def _does_the_same(one: type[Job], other: type[Job]) -> ColumnElement[bool]:
    """Equal keys, or without any the same work on the same thing (given_up.py)."""
    return or_(
        one.key == other.key,
        and_(
            one.key.is_(None),
            other.key.is_(None),
            one.kind == other.kind,
            cast(one.arguments, Text) == cast(other.arguments, Text),
        ),
    )


def _dealt_with() -> ColumnElement[bool]:
    """Failures after which the same was begun anew, or, without a key, succeeded."""
    later = aliased(Job)
    begun = or_(Job.key.is_not(None), later.state == "done")
    is_later = and_(later.id > Job.id, begun, _does_the_same(later, Job))
    return and_(Job.state == "failed", exists().where(is_later))


def _done() -> ColumnElement[bool]:
    """What was done, unless a failure of the same stands: it tells that this one is over."""
    failed = aliased(Job)
    stands = and_(failed.state == "failed", failed.id < Job.id, _does_the_same(failed, Job))
    return and_(Job.state == "done", ~exists().where(stands))


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(hour="18", minute="53"), name="tidy_jobs")  # type: ignore[untyped-decorator]
    def nightly() -> None:
        # In the small hours of the morning in China.
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue(TIDY, key=TIDY)
        except Exception:
            log.exception("old jobs could not be asked to go")
