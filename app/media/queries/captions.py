"""Reads about captions, chapters and what the machine hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from app.core import jobs
from app.core.db import db
from app.media.models import (
    CaptionTrack,
    ChapterList,
    Media,
)
from app.media.rules import NOT_HEARD, Cue


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
