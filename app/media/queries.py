"""Reads about recordings, captions and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select

from app.core import jobs
from app.core.db import Base, db
from app.core.models import Job
from app.media.models import (
    CaptionTrack,
    ChapterList,
    EarlyVersion,
    Image,
    Media,
    MediaSecret,
    PosterChoice,
    Sound,
)
from app.media.rules import NOT_HEARD, UNFINISHED, Cue
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


def chapters(media_id: int) -> list[tuple[int, str]]:
    """The chapters of a recording (start ms, title): a trainer's, else those of its file."""
    own = own_chapters(media_id)
    if own is not None:
        return own
    facts = db.session().scalar(select(Media.facts).where(Media.id == media_id)) or {}
    return [(start, title) for start, title in facts.get("chapters", ()) if title]


def own_chapters(media_id: int) -> list[tuple[int, str]] | None:
    """The chapters that a trainer wrote; None where nobody did."""
    found = db.session().get(ChapterList, media_id)
    return None if found is None else [(start, title) for start, title in found.chapters]


def poster_moment(media_id: int) -> int | None:
    """The moment (ms) whose picture somebody chose for a video; None: ours is taken."""
    found = db.session().get(PosterChoice, media_id)
    return None if found is None else found.at_ms


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


def image_uuids() -> set[str]:
    """The public names of all pictures."""
    return set(db.session().scalars(select(Image.uuid)))


def sound_uuids() -> set[str]:
    """The public names of all short sounds."""
    return set(db.session().scalars(select(Sound.uuid)))


def is_cover(uuid: str) -> bool:
    """Whether a row of any table of a room above refers to a picture: everybody may see covers.

    What is only named in a text is no cover.
    """
    mine = select(Image.id).where(Image.uuid == uuid).scalar_subquery()
    columns = (
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.target_fullname == "image.id" for key in column.foreign_keys)
    )
    named = [exists().where(column == mine) for column in columns]
    return bool(db.session().scalar(select(or_(false(), *named))))


def owns_clip(member_id: int, uuid: str) -> bool:
    """Whether a member has sent a picture or a short sound."""
    sent = (exists().where(t.uuid == uuid, t.owner_id == member_id) for t in (Image, Sound))
    return bool(db.session().scalar(select(or_(*sent))))


@dataclass(frozen=True)
class Clip:
    """A picture or a short sound to be put into a text: its address and how to find it again."""

    url: str
    name: str
    small: str  # the address of a small picture; "" for a sound
    created_at: datetime


def clips_of(owner_id: int, *, most: int = 60) -> tuple[list[Clip], list[Clip]]:
    """The last pictures and the last sounds of an author, the newest first."""
    session = db.session()
    images = session.scalars(
        select(Image).where(Image.owner_id == owner_id).order_by(Image.id.desc()).limit(most)
    )
    sounds = session.scalars(
        select(Sound).where(Sound.owner_id == owner_id).order_by(Sound.id.desc()).limit(most)
    )
    return (
        [
            Clip(
                f"/media/images/{row.uuid}/{row.widths[-1]}.webp",
                f"{row.width} × {row.height}",
                f"/media/images/{row.uuid}/{row.widths[0]}.webp",
                row.created_at,
            )
            for row in images
        ],
        [Clip(sound_url(row.uuid), row.name, "", row.created_at) for row in sounds],
    )


def sound_url(uuid: str) -> str:
    return f"/media/sounds/{uuid}.m4a"


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


@dataclass(frozen=True)
class Track:
    """One caption track, without its cues."""

    language: str
    label: str
    cues: int
    skipped: int
    changed_at: datetime
    by_machine: bool = False


def caption_tracks(media_id: int) -> list[Track]:
    """The caption tracks of a recording, by language."""
    rows = db.session().scalars(
        select(CaptionTrack)
        .where(CaptionTrack.media_id == media_id)
        .order_by(CaptionTrack.language)
    )
    return [
        Track(r.language, r.label, len(r.cues), r.skipped, r.changed_at, r.by_machine) for r in rows
    ]


def hearing_key(media_id: int) -> str:
    """The key of the job that writes captions from what is said in a recording."""
    return f"hearing:{media_id}"


@dataclass(frozen=True)
class Hearing:
    """How far the machine's captions are. `error` is a sentence, `detail` for the operator."""

    is_over: bool
    failed: bool
    progress: int
    error: str
    detail: str


def hearing(media_id: int) -> Hearing | None:
    """The last time that captions were asked of the machine; None for never."""
    job = jobs.latest(hearing_key(media_id))
    if job is None:
        return None
    return Hearing(
        is_over=job.state in {"done", "failed"},
        failed=job.state == "failed",
        progress=job.progress,
        error=gettext(job.error or str(NOT_HEARD)) if job.state == "failed" else "",
        detail=job.detail,
    )


def cues(media_id: int, *, language: str | None = None) -> list[Cue]:
    """The cues of a recording in order of time; of all languages unless one is named."""
    query = select(CaptionTrack).where(CaptionTrack.media_id == media_id)
    if language is not None:
        query = query.where(CaptionTrack.language == language)
    rows = db.session().scalars(query.order_by(CaptionTrack.language)).all()
    return sorted(Cue(start, end, text, r.language) for r in rows for start, end, text in r.cues)


def secret(media_id: int) -> bytes | None:
    """The secret that the segments of a recording are encrypted with; None when they are not."""
    return db.session().scalar(select(MediaSecret.secret).where(MediaSecret.media_id == media_id))


def in_plain() -> list[int]:
    """Recordings that are served without encryption, oldest first."""
    query = select(Media.id).where(Media.state == "ready")
    safe = select(MediaSecret.media_id)
    return list(db.session().scalars(query.where(Media.id.not_in(safe)).order_by(Media.id)))


def secret_by_uuid(uuid: str) -> bytes | None:
    """The same, by the recording's public name."""
    return db.session().scalar(
        select(MediaSecret.secret)
        .join(Media, Media.id == MediaSecret.media_id)
        .where(Media.uuid == uuid)
    )


def cues_by_uuid(uuid: str, language: str) -> list[Cue] | None:
    """The cues of one track by the recording's public name; None when there is no such track."""
    row = db.session().scalar(
        select(CaptionTrack)
        .join(Media, Media.id == CaptionTrack.media_id)
        .where(Media.uuid == uuid, CaptionTrack.language == language)
    )
    if row is None:
        return None
    return [Cue(start, end, text, row.language) for start, end, text in row.cues]


@dataclass(frozen=True)
class Picture:
    """A picture of ours: addresses of a small and a large file, and the pixels of the large one."""

    small: str
    large: str
    width: int
    height: int

    @property
    def srcset(self) -> str:
        return f"{self.small} 480w, {self.large} {self.width}w"


def pictures(ids: Iterable[int | None]) -> dict[int, Picture]:
    """Pictures by id; None and unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.session().scalars(select(Image).where(Image.id.in_(wanted)))
    return {
        row.id: Picture(
            small=f"/media/images/{row.uuid}/{row.widths[0]}.webp",
            large=f"/media/images/{row.uuid}/{row.widths[-1]}.webp",
            width=row.width,
            height=row.height,
        )
        for row in rows
    }


def image_url(image_id: int | None) -> str:
    """The address of the large file of a picture; "" when there is none."""
    found = pictures([image_id])
    return next((p.large for p in found.values()), "")
