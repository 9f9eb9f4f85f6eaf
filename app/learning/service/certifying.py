"""Certificates for those who had finished a course or a path before it was certified."""

from __future__ import annotations

from sqlalchemy import select

from app.certificates import service as certificates
from app.core.db import db
from app.courses.models import Course
from app.learning.models import CourseProgress, LearningPath, PathDone


def certify_due(kind: str, subject_id: int, *, most: int = 100, after: int = 0) -> int | None:
    """Certify a course or a path to `most` members who have done it, by their ids.

    Returns the id to go on `after`, None when there are no more. Doing it twice gives once.
    """
    session = db.session()
    if kind == "course":
        title = session.scalar(select(Course.title).where(Course.id == subject_id))
        done = select(CourseProgress.member_id, CourseProgress.completed_at).where(
            CourseProgress.course_id == subject_id, CourseProgress.completed_at.is_not(None)
        )
        key = CourseProgress.member_id
    else:
        title = session.scalar(select(LearningPath.title).where(LearningPath.id == subject_id))
        done = select(PathDone.member_id, PathDone.done_at).where(PathDone.path_id == subject_id)
        key = PathDone.member_id
    if title is None:
        return None
    rows = session.execute(done.where(key > after).order_by(key).limit(most)).all()
    for member_id, at in rows:
        assert at is not None
        certificates.award(
            member_id=member_id, kind=kind, subject_id=subject_id, title=title, earned_at=at
        )
    return int(rows[-1][0]) if len(rows) == most else None
