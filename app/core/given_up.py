"""Work that was given up after its tries: which, why, and another try."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core import jobs
from app.core.db import db
from app.core.models import Job
from app.core.refusals import NoRoom, NotThere

MOST_READ = 500  # failed rows, the newest first
FULL = ("No space left", "disk is full", "Disk quota exceeded")

_names: dict[str, Callable[..., str]] = {}
_again: dict[str, Callable[..., None]] = {}


@dataclass(frozen=True)
class GivenUp:
    """One piece of work that failed for good. `detail` holds a tool's last lines."""

    id: int
    kind: str
    name: str  # of what it was done for; "" where it is done for everybody
    reason: str
    detail: str
    attempts: int
    at: datetime


def name_of(*kinds: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register what the thing is called that jobs of these kinds are done for; "" when it is gone.

    The function gets the job's arguments.
    """

    def register(function: Callable[..., str]) -> Callable[..., str]:
        _names.update(dict.fromkeys(kinds, function))
        return function

    return register


def before_again(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what has to be so again before a job of `kind` can begin anew.

    It is called in the same transaction, with the job's arguments; what is as it should be, or has
    gone meanwhile, it leaves alone.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _again[kind] = function
        return function

    return register


def given_up() -> list[GivenUp]:
    """What nobody does any more, the latest first.

    What has been begun anew since, or has succeeded since, is not among it, and of work that is
    the same each time only the last failure is.
    """
    rows = (
        db.session()
        .scalars(
            select(Job)
            .where(Job.state == "failed")
            .order_by(Job.finished_at.desc(), Job.id.desc())
            .limit(MOST_READ)
        )
        .all()
    )
    begun, done = _begun_since(rows), _done_since(rows)
    found, seen = [], set()
    for row in rows:
        same = _same(row)
        later = begun.get(row.key, 0) if row.key else done.get(same, 0)
        if same not in seen and later <= row.id:
            found.append(_shown(row))
        seen.add(same)
    return found


def _same(row: Job) -> tuple[str, str]:
    """Equal for jobs that do the same."""
    return row.kind, row.key or json.dumps(row.arguments, sort_keys=True)


def _begun_since(rows: Sequence[Job]) -> dict[str | None, int]:
    """The id of the newest job of each key."""
    keys = {row.key for row in rows if row.key}
    newest = select(Job.key, func.max(Job.id)).where(Job.key.in_(keys)).group_by(Job.key)
    return dict(db.session().execute(newest).all()) if keys else {}


def _done_since(rows: Sequence[Job]) -> dict[tuple[str, str], int]:
    """Of work without keys, the newest that succeeded."""
    found: dict[tuple[str, str], int] = {}
    for kind in {row.kind for row in rows if not row.key}:
        done = (
            select(Job)
            .where(Job.kind == kind, Job.key.is_(None), Job.state == "done")
            .order_by(Job.id.desc())
            .limit(MOST_READ)
        )
        for row in db.session().scalars(done):
            found.setdefault(_same(row), row.id)
    return found


def _shown(row: Job) -> GivenUp:
    name = _names[row.kind](**row.arguments) if row.kind in _names else ""
    return GivenUp(
        row.id,
        row.kind,
        name,
        reason(row),
        row.detail,
        row.attempts,
        row.finished_at or row.created_at,
    )


def reason(row: Job) -> str:
    """Why a job failed, in one sentence in the reader's language."""
    if row.error:
        return str(_(row.error))  # stored in English, see the rules of the rooms
    if any(words in row.detail for words in FULL):
        return str(NoRoom())
    if row.detail.startswith(jobs.DIED):
        return str(_("The worker ended while it was doing this, on every try."))
    return str(_("Something unexpected happened on every try. The details say what."))


def try_again(job_id: int) -> GivenUp:
    """Begin one of them anew, with its tries counted from the start. Raises NotThere."""
    wanted = next((one for one in given_up() if one.id == job_id), None)
    row = db.session().get(Job, job_id, with_for_update=True)
    if wanted is None or row is None or row.state != "failed":
        raise NotThere
    if row.kind in _again:
        _again[row.kind](**row.arguments)
    jobs.retry(job_id)
    return wanted
