"""Lessons: add, edit, replace, order, remove, put back; never more than twenty minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from app.core import clock, jobs, markdown
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.courses import rules
from app.courses.models import Course, Lesson
from app.courses.rules import LessonKind, State
from app.courses.rules.titles import Titles, typed
from app.courses.service.publishing import locked, other_titles, touch
from app.media import queries as media
from app.media.service import can_hear

HEARING_PRIORITY = -300  # it takes long: whatever else is to be done goes first


def add_reading(course_id: int, *, title: str, body: str, titles: Titles | None = None) -> int:
    """Add a text at the end of a course; returns the lesson id.

    Raises BadTitle, EmptyReading, ReadingTooLong, TooManyLessons, CourseTooLong, NotThere.
    """
    body, length = _reading(body)
    return _add(course_id, LessonKind.READING, title, length, body=body, titles=titles)


def add_recording(
    course_id: int, *, title: str, media_id: int, titles: Titles | None = None
) -> int:
    """Add a video or a sound recording at the end of a course; returns the lesson id.

    Raises BadTitle, WrongRecording, TooManyLessons, CourseTooLong, NotThere.
    """
    found = media.recording(media_id)
    if found is None:
        raise rules.WrongRecording
    kind, length = LessonKind(found.kind), found.duration_ms
    return _add(course_id, kind, title, length, media_id=media_id, titles=titles)


def edit_reading(
    lesson_id: int,
    *,
    title: str,
    body: str,
    titles: Titles | None = None,
    seen: int | None = None,
) -> None:
    """Change a text; `titles` None leaves those in other languages.

    `seen` is the revision that the editor showed; Conflict when it is old. Raises BadTitle,
    BadLanguage, EmptyReading, ReadingTooLong, CourseTooLong, NotThere.
    """
    course, lesson = _held(lesson_id)
    if lesson.kind != LessonKind.READING:
        raise NotThere
    _check_seen(lesson, seen)
    title = rules.title_of(title)
    body, length = _reading(body)
    others = _others(course, lesson, title, titles)
    if (title, body, others) == (lesson.title, lesson.body, lesson.titles):
        return
    _make_room(course, lesson.id, title, length)
    lesson.title, lesson.body, lesson.length_ms = title, body, length
    lesson.titles = others
    lesson.revision += 1
    touch(course)


def rename_lesson(
    lesson_id: int, *, title: str, titles: Titles | None = None, seen: int | None = None
) -> None:
    """Give a lesson another title; `titles` None leaves those in other languages.

    Raises BadTitle, BadLanguage, Conflict, NotThere.
    """
    course, lesson = _held(lesson_id)
    _check_seen(lesson, seen)
    title = rules.title_of(title)
    others = _others(course, lesson, title, titles)
    if (title, others) == (lesson.title, lesson.titles):
        return
    lesson.title, lesson.titles = title, others
    lesson.revision += 1
    touch(course)


def replace_recording(lesson_id: int, *, media_id: int) -> int | None:
    """Put another recording of the same kind in; members keep their place in the course.

    Returns the media id of the old one when no lesson uses it any more. Raises WrongRecording,
    CourseTooLong, NotThere.
    """
    course, lesson = _held(lesson_id)
    found = media.recording(media_id)
    if found is None or found.kind != lesson.kind:
        raise rules.WrongRecording
    old = lesson.media_id
    if old == media_id:
        return None
    _make_room(course, lesson.id, lesson.title, found.duration_ms)
    lesson.media_id, lesson.length_ms = media_id, found.duration_ms
    lesson.revision += 1
    touch(course)
    used = db.session().scalar(select(Lesson.id).where(Lesson.media_id == old).limit(1))
    return old if used is None else None


def check_length(lesson_id: int, *, media_id: int) -> int | None:
    """Whether another recording could be put in; returns the media id of the one that is there.

    Raises WrongRecording, CourseTooLong, NotThere.
    """
    course, lesson = _held(lesson_id)
    found = media.recording(media_id)
    if found is None or found.kind != lesson.kind:
        raise rules.WrongRecording
    before = course.length_ms
    _make_room(course, lesson.id, lesson.title, found.duration_ms)
    course.length_ms = before
    return lesson.media_id


def captions_changed(lesson_id: int) -> None:
    """Captions of a lesson's recording were added or replaced: let search know."""
    course, _ = _held(lesson_id)
    touch(course)


def hear_captions(lesson_id: int, *, language: str) -> None:
    """Have the captions of a recording written from what is said in it.

    Raises NotThere where the site cannot, for a text, and when there are captions that people made.
    """
    _course, lesson = _held(lesson_id)
    there = {t.language: t for t in media.caption_tracks(lesson.media_id or 0)}
    made_by_people = language in there and not there[language].by_machine
    if (
        lesson.media_id is None
        or language not in rules.CAPTION_LANGUAGES
        or made_by_people
        or not can_hear()
    ):
        raise NotThere
    jobs.enqueue(
        "courses.hear",
        key=media.hearing_key(lesson.media_id),
        priority=HEARING_PRIORITY,
        attempts=2,
        lesson_id=lesson_id,
        media_id=lesson.media_id,
        language=language,
    )


def move_lesson(lesson_id: int, *, by: int) -> None:
    """Move a lesson up (by=-1) or down (by=1) one place; at the end nothing happens."""
    course, lesson = _held(lesson_id)
    rows = _in_order(course.id)
    at = rows.index(lesson)
    to = at + (1 if by > 0 else -1)
    if 0 <= to < len(rows):
        rows.insert(to, rows.pop(at))
        _number(rows)
        touch(course)


def order_lessons(course_id: int, lesson_ids: Sequence[int]) -> None:
    """Put the lessons in this order. Conflict when these are not exactly the course's lessons."""
    course = locked(course_id)
    rows = {row.id: row for row in _in_order(course_id)}
    if len(lesson_ids) != len(rows) or set(lesson_ids) != set(rows):
        raise Conflict
    _number([rows[lesson_id] for lesson_id in lesson_ids])
    touch(course)


def remove_lesson(lesson_id: int) -> None:
    """Take a lesson out; it can be put back. Raises LastLesson, NotThere."""
    course, lesson = _held(lesson_id)
    if course.state == State.PUBLISHED and len(_in_order(course.id)) == 1:
        raise rules.LastLesson
    lesson.removed_at = clock.now()
    db.session().flush()
    rows = _in_order(course.id)
    _number(rows)
    course.length_ms = rules.whole_length((row.title, row.length_ms) for row in rows)
    touch(course)


def restore_lesson(lesson_id: int) -> None:
    """Put a removed lesson back at the end. Raises CourseTooLong, TooManyLessons, NotThere."""
    session = db.session()
    lesson = session.get(Lesson, lesson_id)
    if lesson is None or lesson.removed_at is None:
        raise NotThere
    course = locked(lesson.course_id)
    _make_room(course, lesson.id, lesson.title, lesson.length_ms)
    lesson.position = _next_position(course)
    lesson.removed_at = None
    touch(course)


# --- all at once ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A lesson as a package says it."""

    kind: str
    title: str
    length_ms: int
    body: str = ""
    media_id: int | None = None
    titles: Titles = field(default_factory=dict)


def wanted_reading(title: str, body: str, *, titles: Titles | None = None) -> Wanted:
    """A text. Raises BadTitle, EmptyReading, ReadingTooLong."""
    body, length = _reading(body)
    title = rules.title_of(title)
    return Wanted(LessonKind.READING.value, title, length, body=body, titles=titles or {})


def wanted_recording(title: str, media_id: int, *, titles: Titles | None = None) -> Wanted:
    """A recording. Raises BadTitle, WrongRecording."""
    found = media.recording(media_id)
    if found is None:
        raise rules.WrongRecording
    title = rules.title_of(title)
    return Wanted(found.kind, title, found.duration_ms, media_id=media_id, titles=titles or {})


def set_lessons(course_id: int, wanted: Sequence[Wanted]) -> None:
    """Give a course exactly these lessons, in this order. Raises CourseTooLong, TooManyLessons.

    A lesson of the same kind with the same title, or the same content, stays the same lesson, and
    members keep their progress in it; others are removed.
    """
    if len(wanted) > rules.MOST_LESSONS:
        raise rules.TooManyLessons(most=rules.MOST_LESSONS)
    course = locked(course_id)
    course.length_ms = rules.whole_length((one.title, one.length_ms) for one in wanted)
    session = db.session()
    free = _in_order(course_id)
    kept: dict[int, Lesson] = {}
    for is_same in (_same_title, _same_content):
        for number, one in enumerate(wanted):
            row = next((r for r in free if number not in kept and is_same(r, one)), None)
            if row is not None:
                kept[number] = row
                free.remove(row)
    for row in free:
        row.removed_at = clock.now()
    for number, one in enumerate(wanted):
        row = kept.get(number)
        if row is None:
            row = Lesson(course_id=course_id, kind=one.kind, position=number + 1)
            session.add(row)
        elif not (_same_title(row, one) and _same_content(row, one)):
            row.revision += 1
        row.title, row.body, row.media_id = one.title, one.body, one.media_id
        row.titles = other_titles(one.titles, own=one.title, language=course.language)
        row.length_ms, row.position = one.length_ms, number + 1
    touch(course)


def _same_title(row: Lesson, one: Wanted) -> bool:
    return (row.kind, row.title) == (one.kind, one.title)


def _same_content(row: Lesson, one: Wanted) -> bool:
    return (row.kind, row.body, row.media_id) == (one.kind, one.body, one.media_id)


# --- inside ---------------------------------------------------------------------------------------


def _add(
    course_id: int,
    kind: LessonKind,
    title: str,
    length_ms: int,
    *,
    body: str = "",
    media_id: int | None = None,
    titles: Titles | None = None,
) -> int:
    title = rules.title_of(title)
    course = locked(course_id)
    position = _next_position(course)
    _make_room(course, None, title, length_ms)
    row = Lesson(
        course_id=course_id,
        kind=kind.value,
        title=title,
        titles=other_titles(titles or {}, own=title, language=course.language),
        body=body,
        media_id=media_id,
        length_ms=length_ms,
        position=position,
    )
    session = db.session()
    session.add(row)
    session.flush()
    touch(course)
    return row.id


def _others(
    course: Course, lesson: Lesson, title: str, titles: Titles | None
) -> dict[str, dict[str, str]]:
    """Its titles in other languages, as they are to be kept; None leaves what somebody wrote."""
    given = typed(lesson.titles) if titles is None else titles
    return other_titles(given, own=title, language=course.language)


def _next_position(course: Course) -> int:
    number, last = (
        db.session()
        .execute(
            select(func.count(), func.max(Lesson.position)).where(
                Lesson.course_id == course.id, Lesson.removed_at.is_(None)
            )
        )
        .one()
    )
    if number >= rules.MOST_LESSONS:
        raise rules.TooManyLessons(most=rules.MOST_LESSONS)
    return int(last or 0) + 1


def _make_room(course: Course, lesson_id: int | None, title: str, length_ms: int) -> None:
    """Set the length of a course with one lesson new or changed; raises CourseTooLong.

    The course is locked, and the other lessons are summed here, so that two at once cannot both
    fit into the same minutes.
    """
    others = select(Lesson.title, Lesson.length_ms).where(
        Lesson.course_id == course.id, Lesson.removed_at.is_(None)
    )
    if lesson_id is not None:
        others = others.where(Lesson.id != lesson_id)
    rows = [(str(name), int(ms)) for name, ms in db.session().execute(others)]
    course.length_ms = rules.whole_length([*rows, (title, length_ms)])


def _held(lesson_id: int) -> tuple[Course, Lesson]:
    """A lesson that is not removed, and its course, locked first."""
    session = db.session()
    course_id = session.scalar(select(Lesson.course_id).where(Lesson.id == lesson_id))
    if course_id is None:
        raise NotThere
    course = locked(course_id)
    lesson = session.get(Lesson, lesson_id, populate_existing=True)
    if lesson is None or lesson.removed_at is not None:
        raise NotThere
    return course, lesson


def _in_order(course_id: int) -> list[Lesson]:
    return list(
        db.session().scalars(
            select(Lesson)
            .where(Lesson.course_id == course_id, Lesson.removed_at.is_(None))
            .order_by(Lesson.position, Lesson.id)
        )
    )


def _number(rows: Sequence[Lesson]) -> None:
    for position, row in enumerate(rows, 1):
        row.position = position
    db.session().flush()


def _reading(body: str) -> tuple[str, int]:
    """A text, trimmed, and its reading time in ms."""
    body = body.replace("\r\n", "\n").strip()
    if len(body) > rules.LONGEST_READING:
        raise rules.ReadingTooLong(length=len(body), most=rules.LONGEST_READING)
    length = rules.reading_ms(markdown.plain(body))
    if not length:
        raise rules.EmptyReading
    return body, length


def _check_seen(lesson: Lesson, seen: int | None) -> None:
    if seen is not None and seen != lesson.revision:
        raise Conflict
