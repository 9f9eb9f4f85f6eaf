"""A long recording becomes a series of drafts; a new recording waits until it can be watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select

from app.core import jobs
from app.core.db import db
from app.core.models import Job
from app.core.refusals import NotThere
from app.courses import queries, rules
from app.courses.models import Lesson
from app.courses.service.editing import create_course
from app.courses.service.lessons import add_recording, check_length, replace_recording
from app.media import queries as media
from app.media import service as media_service
from app.media.rules import parts_of

LOOK_SECONDS = (3, 5, 10, 20, 30, 60)  # between two looks at a recording that is being prepared


def split_recording(
    media_id: int,
    *,
    cuts: Sequence[int],
    titles: Sequence[str],
    author_id: int,
    theme: Callable[[], int],
    language: str,
    again: bool = False,
) -> list[int] | queries.Series:
    """Make a draft course of every part of a recording; returns their ids in order.

    The same cuts once more (a second window, a second press) make nothing: the series that there
    is comes back. Other cuts of the same content are asked about first, unless `again`. `theme` is
    asked only when something is made. Raises PartsMade, BadCuts, PartTooLong, PartTooShort,
    TooManyParts, BadTitle, BadLanguage and NotThere; nothing is made then.
    """
    found = media.recording(media_id)
    if found is None:
        raise NotThere
    parts = parts_of(found.duration_ms, cuts)
    names = [rules.title_of(title) for title in titles]
    if len(names) != len(parts):
        raise rules.BadTitle(most=rules.LONGEST_TITLE)
    media_service.take_turns(found.owner_id)  # who pressed twice at once is answered in turn
    before = queries.series_of(media_id)
    if before and (same := before.with_parts(parts)):
        return same
    if before and not again:
        raise rules.PartsMade(series=before)
    theme_id = theme()
    made = []
    for (start, end), title in zip(parts, names, strict=True):
        course_id = create_course(
            author_id=author_id, title=title, theme_id=theme_id, language=language
        )
        part = media_service.cut_out(media_id, start_ms=start, end_ms=end)
        add_recording(course_id, title=title, media_id=part)
        made.append(course_id)
    return made


def trim_recording(lesson_id: int, *, start_ms: int, end_ms: int) -> None:
    """Cut off the beginning and the end of a lesson's recording; members keep the old one until
    the new one can be watched. Raises BadCuts, WrongRecording and NotThere.
    """
    media_id = db.session().scalar(select(Lesson.media_id).where(Lesson.id == lesson_id))
    if media_id is None:
        raise NotThere
    part = media_service.cut_out(media_id, start_ms=start_ms, end_ms=end_ms)
    plan_replacement(lesson_id, media_id=part)


def plan_replacement(lesson_id: int, *, media_id: int) -> int | None:
    """Put another recording in as soon as it can be watched; at once when the old one cannot.

    What was planned before is forgotten. Returns the media id of the old one when it was replaced
    at once and no lesson uses it any more. Raises WrongRecording, CourseTooLong, NotThere.
    """
    found = media.recording(media_id)
    old = check_length(lesson_id, media_id=media_id)
    if found is None or old == media_id:
        return None
    before = media.recording(old) if old is not None else None
    if found.is_playable or before is None or not before.is_playable:
        return replace_recording(lesson_id, media_id=media_id)
    _look(lesson_id, media_id, 0)
    return None


def replace_when_ready(lesson_id: int, *, media_id: int, turn: int, job_id: int = 0) -> int | None:
    """Replace, or look again later; returns the media id of the old one when it is unused."""
    if _newer_than(job_id, lesson_id):
        return None  # the trainer has chosen another one since
    found = media.recording(media_id)
    if found is None or found.state == "failed":
        return None
    if not found.is_playable:
        _look(lesson_id, media_id, turn + 1)
        return None
    try:
        return replace_recording(lesson_id, media_id=media_id)
    except (rules.CourseTooLong, rules.WrongRecording, NotThere):
        return None  # the course has changed meanwhile, and the old recording stays


def _look(lesson_id: int, media_id: int, turn: int) -> None:
    wait = LOOK_SECONDS[min(turn, len(LOOK_SECONDS) - 1)]
    jobs.enqueue(
        "courses.replace",
        key=f"replace:{lesson_id}:{media_id}:{turn}",
        delay=timedelta(seconds=wait),
        lesson_id=lesson_id,
        media_id=media_id,
        turn=turn,
    )


def _newer_than(job_id: int, lesson_id: int) -> bool:
    newest = db.session().scalar(
        select(Job.id)
        .where(Job.kind == "courses.replace", Job.key.startswith(f"replace:{lesson_id}:"))
        .order_by(Job.id.desc())
        .limit(1)
    )
    return newest is not None and newest > job_id


def planned_replacement(lesson_id: int) -> int | None:
    """The media id of the recording that is waiting to be put in; None for none."""
    row = db.session().scalar(
        select(Job)
        .where(Job.kind == "courses.replace", Job.key.startswith(f"replace:{lesson_id}:"))
        .order_by(Job.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    media_id = int(row.arguments["media_id"])
    found = media.recording(media_id)
    waiting = row.state in {"queued", "running"} or (found is not None and found.state == "failed")
    current = db.session().scalar(select(Lesson.media_id).where(Lesson.id == lesson_id))
    return media_id if found is not None and waiting and current != media_id else None


def newest_replacements() -> set[int]:
    """The ids of the last job of each lesson that has, or had, a recording waiting."""
    rows = db.session().execute(select(Job.id, Job.arguments).where(Job.kind == "courses.replace"))
    newest: dict[int, int] = {}
    for job_id, arguments in rows:
        lesson_id = int(arguments["lesson_id"])
        newest[lesson_id] = max(job_id, newest.get(lesson_id, 0))
    return set(newest.values())
