"""Reads about recordings: how far they are, whose they are, what of them is served."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from app.core.db import Base, db
from app.core.models import Job
from app.media.models import (
    CaptionTrack,
    ChapterList,
    EarlyVersion,
    Media,
    MediaSecret,
    PosterChoice,
)
from app.media.rules import UNFINISHED
from app.members.models import Branch, Member
from app.members.queries import organized_by
from app.members.rules import Reader


@dataclass(frozen=True)
class Recording:
    """A recording as other rooms see it. `bytes` is the size of the source file.

    `progress` is per cent while it is transcoded, `stage` what is being done (a code), and
    `left_seconds` how long that takes, 0 for unknown; `error` is one sentence in the reader's
    language, `detail` the last lines of ffmpeg. `state` is "playable" when something of it can be
    watched while the rest is being made.
    """

    id: int
    uuid: str
    owner_id: int
    filename: str
    kind: str
    duration_ms: int
    width: int
    height: int
    bytes: int
    state: str
    version: int
    progress: int
    stage: str
    error: str
    detail: str
    created_at: datetime
    ready_at: datetime | None
    left_seconds: int = 0

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    @property
    def is_playable(self) -> bool:
        """Whether members can watch it now, perhaps not yet in every quality."""
        return self.state in {"ready", PLAYABLE}

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens by itself: it is ready, or it has failed."""
        return self.state in {"ready", "failed"}


PLAYABLE = "playable"


def shown_state() -> ColumnElement[str]:
    """The state of a recording in a query on Media: as in its row, or "playable"."""
    early = exists().where(EarlyVersion.media_id == Media.id)
    return case((and_(Media.state.in_(UNFINISHED), early), PLAYABLE), else_=Media.state)


@dataclass(frozen=True)
class Served:
    """The version of a recording that members get."""

    version: int
    renditions: list[Any]
    posters: list[Any]


def served(row: Media) -> Served | None:
    """What of a recording can be watched now; None for nothing yet."""
    if row.state == "ready":
        return Served(row.version, row.renditions, row.posters)
    early = db.session().get(EarlyVersion, row.id) if row.state in UNFINISHED else None
    return Served(early.version, early.renditions, early.posters) if early else None


def job_key(media_id: int) -> str:
    """The key of the job that prepares a recording."""
    return f"media:{media_id}"


def recording(media_id: int) -> Recording | None:
    """One recording; None when it is not there."""
    return recordings([media_id]).get(media_id)


def recordings(ids: Iterable[int]) -> dict[int, Recording]:
    """Recordings by id; those that are not there are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = db.session().scalars(select(Media).where(Media.id.in_(wanted))).all()
    return {row.id: found for row, found in zip(rows, _shown(rows), strict=True)}


def recording_for(reader: Reader, media_id: int) -> Recording | None:
    """A recording that the reader may look after: their own, or any for an administrator."""
    found = recording(media_id)
    if found is None or not (reader.is_administrator or found.owner_id == reader.id):
        return None
    return found


def looked_after(reader: Reader, media_id: int) -> Recording | None:
    """A recording whose preparation the reader may follow: their own, those of members whom they
    organize, any for an administrator."""
    query = select(Media.id).where(Media.id == media_id, _after(reader))
    found = db.session().scalar(query.join(Member, Member.id == Media.owner_id).join(Branch))
    return None if found is None else recording(found)


def _after(reader: Reader) -> ColumnElement[bool]:
    """Of a query that has joined the owner and their branch; see `looked_after`."""
    own = Media.owner_id == reader.id
    return or_(own, organized_by(reader)) if reader.is_organizer else own


@dataclass(frozen=True)
class Failure:
    """A recording that could not be prepared, whose it is, and when it was given up."""

    recording: Recording
    owner_name: str
    branch_name: str
    at: datetime


def failures(reader: Reader, *, limit: int) -> list[Failure]:
    """Recordings that failed and that the reader looks after, the latest first."""
    rows = (
        db.session()
        .execute(
            select(Media, Member.name, Branch.name)
            .join(Member, Member.id == Media.owner_id)
            .join(Branch, Branch.id == Member.branch_id)
            .where(Media.state == "failed", _after(reader))
            .order_by(Media.id.desc())
            .limit(limit)
        )
        .all()
    )
    keys = {job_key(row.id) for row, _, _ in rows}
    ends = dict(
        db.session()
        .execute(
            select(Job.key, func.max(Job.finished_at)).where(Job.key.in_(keys)).group_by(Job.key)
        )
        .all()
    )
    found = [
        Failure(shown, owner, branch, ends.get(job_key(shown.id)) or shown.created_at)
        for shown, (_, owner, branch) in zip(_shown([row for row, _, _ in rows]), rows, strict=True)
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def failure_count(reader: Reader) -> int:
    """How many recordings that the reader looks after have failed."""
    query = select(func.count()).select_from(Media).where(Media.state == "failed", _after(reader))
    return db.session().scalar(query.join(Member, Member.id == Media.owner_id).join(Branch)) or 0


def all_recordings(*, state: str | None = None, limit: int | None = 200) -> list[Recording]:
    """The newest recordings, for the operator."""
    query = select(Media).order_by(Media.id.desc()).limit(limit)
    if state:
        query = query.where(Media.state == state)
    return _shown(db.session().scalars(query).all())


def recordings_of(owner_id: int, *, limit: int) -> list[Recording]:
    """The newest recordings of a member."""
    query = select(Media).where(Media.owner_id == owner_id).order_by(Media.id.desc()).limit(limit)
    return _shown(db.session().scalars(query).all())


def is_there(media_id: int) -> bool:
    """Whether a recording has not been discarded."""
    return db.session().scalar(select(Media.id).where(Media.id == media_id)) is not None


def media_uuids(media_ids: Iterable[int]) -> dict[int, str]:
    """The public names of recordings by id; unknown ids are left out."""
    rows = select(Media.id, Media.uuid).where(Media.id.in_(set(media_ids)))
    return dict(db.session().execute(rows).all())


def media_ids(uuids: Iterable[str]) -> dict[str, int]:
    """Recordings by their public names; unknown names are left out."""
    rows = select(Media.uuid, Media.id).where(Media.uuid.in_(set(uuids)))
    return dict(db.session().execute(rows).all())


def media_id_of(uuid: str, *, owner_id: int) -> int | None:
    """The id of a member's own recording by its public name."""
    return db.session().scalar(
        select(Media.id).where(Media.uuid == uuid, Media.owner_id == owner_id)
    )


def stored_bytes(owner_id: int) -> int:
    """Bytes of the sources that a member keeps."""
    total = select(func.coalesce(func.sum(Media.size), 0)).where(Media.owner_id == owner_id)
    return int(db.session().scalar(total) or 0)


def versions_by_uuid() -> dict[str, set[int]]:
    """The versions that are served of every recording, by its public name."""
    rows = db.session().execute(
        select(Media.uuid, Media.version, EarlyVersion.version.label("early")).outerjoin(
            EarlyVersion, EarlyVersion.media_id == Media.id
        )
    )
    return {row.uuid: {row.version, row.early or 0} - {0} for row in rows}


_OWN = (CaptionTrack, EarlyVersion, ChapterList, MediaSecret, PosterChoice)
OWN_TABLES = {one.__tablename__ for one in _OWN}


def unattached(*, before: datetime) -> list[int]:
    """Recordings made before a moment that no row of any table refers to.

    Which tables refer to recordings is read from the schema: rooms above are not known here.
    """
    query = select(Media.id).where(Media.created_at < before)
    for table in Base.metadata.tables.values():
        if table.name in OWN_TABLES:
            continue
        for column in table.columns:
            if any(key.target_fullname == "media.id" for key in column.foreign_keys):
                query = query.where(~exists().where(column == Media.id))
    return list(db.session().scalars(query))


def _shown(rows: Iterable[Media]) -> list[Recording]:
    rows = list(rows)
    keys = {job_key(row.id) for row in rows if row.state in UNFINISHED}
    jobs = {}
    if keys:
        newest = select(func.max(Job.id)).where(Job.key.in_(keys)).group_by(Job.key)
        found = db.session().execute(
            select(Job.key, Job.progress, Job.stage, Job.state).where(Job.id.in_(newest))
        )
        jobs = {key: (progress, stage, state) for key, progress, stage, state in found}
    early = set(
        db.session().scalars(
            select(EarlyVersion.media_id).where(
                EarlyVersion.media_id.in_([row.id for row in rows if row.state in UNFINISHED])
            )
        )
        if keys
        else ()
    )
    shown = []
    for row in rows:
        progress, stage, job_state = jobs.get(job_key(row.id), (0, "", ""))
        if row.state == "transcoding" and job_state == "queued":
            stage = "again"  # a try failed, or the worker died; the next one is on its way
        stage, _, left = stage.partition(" ")
        shown.append(
            Recording(
                id=row.id,
                uuid=row.uuid,
                owner_id=row.owner_id,
                filename=row.filename,
                kind=row.kind,
                duration_ms=row.duration_ms,
                width=row.width,
                height=row.height,
                bytes=row.size,
                state=PLAYABLE if row.id in early else row.state,
                version=row.version,
                progress=100 if row.state == "ready" else progress,
                stage=stage,
                error=gettext(row.error) if row.error else "",
                detail=row.detail,
                created_at=row.created_at,
                ready_at=row.ready_at,
                left_seconds=int(left) if left.isdigit() else 0,
            )
        )
    return shown
