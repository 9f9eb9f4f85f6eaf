"""A course once more, as a draft of its own: the same recordings and questions, nobody's past."""

from __future__ import annotations

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.courses import rules
from app.courses.models import Checkpoint, Course, CourseBranch, CourseQuestion, Lesson
from app.courses.rules.titles import Titles
from app.courses.service.publishing import locked, touch


def duplicate(course_id: int, *, author_id: int, title: str) -> int:
    """Copy a course to a new draft of this author; returns its id.

    Recordings and questions are the same ones, not copies: they take no space twice, and a question
    that is changed later becomes a new version in the bank for both. Raises NotThere.
    """
    session = db.session()
    first = locked(course_id)
    title = rules.title_of(title[: rules.LONGEST_TITLE])
    now = clock.now()
    copy = Course(
        slug=rules.first_free(
            rules.slug_of(title) or "course", session.scalars(select(Course.slug)).all()
        ),
        title=title,
        titles=_marked(first.titles, title.removeprefix(first.title)),
        author_id=author_id,
        created_at=now,
        changed_at=now,
        **{name: getattr(first, name) for name in COPIED},
    )
    session.add(copy)
    session.flush()
    for branch in session.scalars(select(CourseBranch).where(CourseBranch.course_id == course_id)):
        session.add(CourseBranch(course_id=copy.id, branch_id=branch.branch_id))
    lessons = select(Lesson).where(Lesson.course_id == course_id, Lesson.removed_at.is_(None))
    for lesson in session.scalars(lessons.order_by(Lesson.position)):
        twin = Lesson(
            course_id=copy.id,
            **{
                name: getattr(lesson, name)
                for name in ("kind", "title", "titles", "body", "media_id", "length_ms", "position")
            },
        )
        session.add(twin)
        session.flush()
        for asked in session.scalars(select(Checkpoint).where(Checkpoint.lesson_id == lesson.id)):
            session.add(
                Checkpoint(
                    lesson_id=twin.id,
                    question_id=asked.question_id,
                    at_ms=asked.at_ms,
                    counts=asked.counts,
                )
            )
    quiz = select(CourseQuestion).where(CourseQuestion.course_id == course_id)
    for line in session.scalars(quiz):
        session.add(
            CourseQuestion(course_id=copy.id, question_id=line.question_id, position=line.position)
        )
    touch(copy)
    return copy.id


def _marked(titles: Titles, mark: str) -> dict[str, dict[str, str]]:
    """Titles in other languages, with what the copy's own title has at its end."""
    most = rules.LONGEST_TITLE - len(mark)
    return {
        language: {
            part: f"{words[:most]}{mark}" if part == "title" else words
            for part, words in one.items()
        }
        for language, one in titles.items()
    }


COPIED = (
    *("theme_id", "summary", "language", "length_ms", "completion_percent", "pass_percent"),
    *("attempts_allowed", "open_to_all", "cover_image_id"),
)
