"""What the worker does to a recording's row while it prepares it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete

from app.core import clock
from app.core.db import db
from app.media import queries
from app.media.models import EarlyVersion, Media, MediaSecret
from app.media.rules import UNEXPECTED, UNFINISHED, Facts, State, move
from app.media.service.folder import config


@dataclass(frozen=True)
class Task:
    """One try at preparing a recording; its files become version `attempt`."""

    uuid: str
    attempt: int
    facts: Facts
    size: int
    early: Early | None  # what an earlier try has made watchable
    secret: bytes | None = None  # segments are encrypted with keys from it; None: not at all
    poster_ms: int | None = None  # the moment whose picture was chosen


@dataclass(frozen=True)
class Early:
    """The version that is served while the rest is made."""

    version: int


def begin(media_id: int) -> Task | None:
    """Start a try; None when there is nothing to do (discarded, ready or failed already).

    Every try gets a number of its own, so that one that was believed dead can neither write into
    the folder of the next nor become what is served.
    """
    row = db.session().get(Media, media_id)
    if row is None or row.state not in UNFINISHED:
        return None
    row.state = move(row.state, State.TRANSCODING)
    row.attempt += 1
    early = db.session().get(EarlyVersion, media_id)
    return Task(
        row.uuid,
        row.attempt,
        Facts(**row.facts),
        row.size,
        Early(early.version) if early else None,
        secret=_secret(media_id),
        poster_ms=queries.poster_moment(media_id),
    )


def _secret(media_id: int) -> bytes | None:
    """The secret of a recording; once it has one, it keeps it, for all of its versions."""
    session = db.session()
    row = session.get(MediaSecret, media_id)
    if row is None and config().encrypt:
        row = MediaSecret(media_id=media_id, secret=secrets.token_bytes(32), made_at=clock.now())
        session.add(row)
        session.flush()
    return row.secret if row else None


def show_early(
    media_id: int, *, attempt: int, renditions: Sequence[dict[str, Any]], posters: Sequence[str]
) -> int | None:
    """Let members watch what is there already; returns the number to go on under.

    None when the recording is not wanted any more.
    """
    session = db.session()
    row = session.get(Media, media_id)
    if row is None or row.attempt != attempt or row.state != State.TRANSCODING:
        return None
    session.merge(
        EarlyVersion(
            media_id=media_id,
            version=attempt,
            renditions=list(renditions),
            posters=list(posters),
            made_at=clock.now(),
        )
    )
    row.attempt += 1
    return row.attempt


def finish(
    media_id: int, *, attempt: int, renditions: Sequence[dict[str, Any]], posters: Sequence[str]
) -> bool:
    """Serve what a try has published; False when it is not wanted any more."""
    row = db.session().get(Media, media_id)
    if row is None or row.attempt != attempt or row.state != State.TRANSCODING:
        return False
    row.version = attempt
    row.state = move(row.state, State.READY)
    row.renditions = list(renditions)
    row.posters = list(posters)
    row.error = row.detail = ""
    row.ready_at = clock.now()
    _forget_early(media_id)
    return True


def _forget_early(media_id: int) -> None:
    db.session().execute(delete(EarlyVersion).where(EarlyVersion.media_id == media_id))


def fail(media_id: int, *, error: str, detail: str) -> None:
    """Note why a recording could not be prepared; the source stays for another try."""
    row = db.session().get(Media, media_id)
    if row is None or row.state not in UNFINISHED:
        return
    row.state = move(row.state, State.FAILED)
    row.error = error or str(UNEXPECTED)
    _forget_early(media_id)
    row.detail = detail
