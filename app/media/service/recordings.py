"""Taking recordings in, trying again, letting go."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, select

from app.core import clock, jobs
from app.core.db import after_commit, db
from app.core.refusals import NoRoom, NotThere
from app.media import ffmpeg, queries
from app.media.disk import BRIM
from app.media.models import CaptionTrack, ChapterList, EarlyVersion, Media, PosterChoice
from app.media.rules import Facts, NothingToRetry, State, clean_name, move, turn
from app.media.service.folder import config, media_folder
from app.media.service.quota import hold_quota


@dataclass(frozen=True)
class Stored:
    """A file that lies in the media folder and has been looked into, but has no row yet."""

    uuid: str
    filename: str
    sha256: str
    size: int
    facts: Facts


def store(*, filename: str, stream: BinaryIO, length: int | None) -> Stored:
    """Write a stream to disk and probe it. Touches no database: call it before the first query.

    `length` in bytes, None when unknown. Raises the refusals of disk.save and ffmpeg.probe; the
    refused file is removed.
    """
    folder = media_folder()
    uuid = secrets.token_hex(16)
    saved = folder.save(stream, uuid, length=length, limit=config().upload_limit)
    try:
        facts = ffmpeg.probe(folder.source(uuid))
    except BaseException:
        folder.drop_upload(uuid)
        raise
    return Stored(uuid, clean_name(filename), saved.sha256, saved.size, facts)


def register(stored: Stored, *, owner_id: int) -> int:
    """Make the row of a stored file and the job that prepares it; returns the media id."""
    facts = stored.facts
    row = Media(
        uuid=stored.uuid,
        owner_id=owner_id,
        filename=stored.filename,
        kind=facts.kind,
        sha256=stored.sha256,
        size=stored.size,
        duration_ms=facts.duration_ms,
        width=facts.width,
        height=facts.height,
        facts=asdict(facts),
        renditions=[],
        posters=[],
        created_at=clock.now(),
    )
    session = db.session()
    session.add(row)
    session.flush()
    enqueue_transcode(row)
    return row.id


def receive(*, owner_id: int, filename: str, stream: BinaryIO, length: int | None) -> int:
    """Store and register an upload; returns the media id. Call it before the first query.

    Raises the refusals of `store`, and QuotaFull.
    """
    stored = store(filename=filename, stream=stream, length=length)
    try:
        hold_quota(owner_id, stored.size)
        return register(stored, owner_id=owner_id)
    except BaseException:
        media_folder().drop_upload(stored.uuid)
        raise


def import_file(path: Path, *, owner_id: int, filename: str) -> int:
    """Take over a file of a course package; a file that is known already keeps its id.

    A known recording whose preparation failed is tried again.
    """
    with path.open("rb") as stream:
        stored = store(filename=filename, stream=stream, length=path.stat().st_size)
    known = db.session().scalar(
        select(Media)
        .where(Media.sha256 == stored.sha256, Media.kind == stored.facts.kind)
        .order_by(Media.id)
    )
    if known is None:
        return register(stored, owner_id=owner_id)
    media_folder().drop_upload(stored.uuid)
    if known.state == State.FAILED:
        retry(known.id)
    return known.id


def enqueue_transcode(row: Media) -> None:
    """Let the worker prepare a recording."""
    jobs.enqueue(
        "media.transcode",
        key=queries.job_key(row.id),
        priority=turn(row.duration_ms, again=row.attempt > 0),
        media_id=row.id,
    )


def retry(media_id: int) -> None:
    """Prepare a failed recording again. Raises NothingToRetry for any other state."""
    if not queue_again(media_id):
        raise NothingToRetry
    enqueue_transcode(row_of(media_id))


def queue_again(media_id: int) -> bool:
    """Let a failed recording wait to be prepared; False when it is no failed one."""
    row = db.session().get(Media, media_id)
    if row is None or row.state != State.FAILED:
        return False
    row.state = move(row.state, State.QUEUED)
    row.error = row.detail = ""
    return True


def retry_where_room_is() -> int:
    """Prepare again what failed on a full disk, as far as there is room by now; returns how many.

    Oldest first, and only what fits with what is begun here: a disk with a little room would let
    all of them fail once more.
    """
    waiting = db.session().scalars(
        select(Media)
        .where(Media.state == State.FAILED, Media.error == str(NoRoom()))
        .order_by(Media.id)
    )
    folder, wanted, count = media_folder(), 0, 0
    for row in waiting.all():
        wanted += row.size
        try:
            folder.look_for_room(2 * wanted + BRIM)
        except NoRoom:
            break
        retry(row.id)
        count += 1
    return count


def discard(media_id: int) -> None:
    """Remove a recording with its captions and files; nothing happens when it is gone already.

    It must not be used by a lesson any more: the database refuses then. A transcode that is
    running notices within seconds and ends quietly.
    """
    uuid = db.session().scalar(select(Media.uuid).where(Media.id == media_id))
    if uuid is None:
        return
    session = db.session()
    for table in (CaptionTrack, EarlyVersion, ChapterList, PosterChoice):
        session.execute(delete(table).where(table.media_id == media_id))
    session.execute(delete(Media).where(Media.id == media_id))
    folder = media_folder()
    after_commit(lambda: folder.drop(uuid))


def row_of(media_id: int) -> Media:
    """The row of a recording, for the service; raises NotThere."""
    row = db.session().get(Media, media_id)
    if row is None:
        raise NotThere
    return row
