"""How far members are, straight into the tables of learning."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from app.core import clock
from app.core.db import unit_of_work
from app.courses.models import Lesson
from app.learning.models import CourseProgress, LessonProgress
from tests.learning.lessons import Made


def seen(
    app: Flask,
    member: int,
    course: Made,
    number: int = 1,
    percent: int = 100,
    *,
    ago: timedelta = timedelta(0),
) -> None:
    """A member has watched so much of the lesson with this number; from 90 % it is complete."""
    with app.app_context(), unit_of_work() as session:
        lesson = session.get_one(Lesson, course.lessons[number - 1])
        moment = clock.now() - ago
        ms = lesson.length_ms * percent // 100
        session.add(
            LessonProgress(
                member_id=member,
                lesson_id=lesson.id,
                course_id=course.id,
                spans=[[0, ms]],
                seen_ms=ms,
                length_ms=lesson.length_ms,
                position_ms=ms,
                started_at=moment,
                heard_at=moment,
                completed_at=moment if percent >= 90 else None,
            )
        )


def finished(
    app: Flask,
    member: int,
    course: Made,
    at: datetime | None = None,
    *,
    passed: bool = True,
    done: bool = True,
) -> None:
    """A member has passed the quiz of a course, and done all of it."""
    moment = at or clock.now()
    with app.app_context(), unit_of_work() as session:
        session.add(
            CourseProgress(
                member_id=member,
                course_id=course.id,
                started_at=moment,
                quiz_passed_at=moment if passed else None,
                completed_at=moment if done else None,
            )
        )
