"""Facts about a member in a course, and the budget that all reports of an account share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.courses.models import Course, CourseQuestion, Lesson, Theme
from app.courses.queries import seen_by
from app.learning import rules
from app.learning.models import CompletionUndone, CourseProgress, LessonProgress, WatchBudget
from app.learning.service.certifying import give_certificate, take_certificate
from app.learning.service.paths import settle_paths, unsettle_paths
from app.members.queries import reader_for
from app.points import service as points

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def in_ms(moment: datetime) -> int:
    """ms since 1970. By timedelta: a float of seconds would round."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def quiz_passed(*, member_id: int, course_id: int, at: datetime) -> bool:
    """Note that the quiz of a course was passed; returns whether the course is done by it.

    The first time counts; passing again changes nothing. `at` is when it was handed in, which may
    be days ago when somebody marks it.
    """
    lock(member_id)
    facts = _facts(member_id, course_id)
    if facts.quiz_passed_at is None:
        facts.quiz_passed_at = at
        db.session().flush()
    return settle(member_id, course_id, at)


def quiz_taken_back(*, member_id: int, course_id: int, actor_id: int, reason: str) -> bool:
    """Forget that a quiz was passed, because its marks were wrong; whether the course was done.

    What was watched stays as it is. What a course, its theme and its paths brought when they were
    done goes with them.
    """
    lock(member_id)
    facts = db.session().scalar(
        select(CourseProgress).where(
            CourseProgress.member_id == member_id, CourseProgress.course_id == course_id
        )
    )
    if facts is None:
        return False
    was_done = facts.completed_at is not None
    if facts.completed_at is not None:
        db.session().add(
            CompletionUndone(
                member_id=member_id,
                course_id=course_id,
                completed_at=facts.completed_at,
                known_at=facts.known_at,
                undone_at=clock.now(),
            )
        )
        unsettle_paths(member_id, course_id, actor_id=actor_id, reason=reason)
        take_certificate(
            member_id=member_id,
            kind="course",
            subject_id=course_id,
            title=title_and_theme(course_id)[0],
            reason=_("The quiz was marked anew."),
        )
        theme_id, _title = title_and_theme(course_id)[1]
        for what, which in (("course", course_id), ("theme", theme_id)):
            points.take_back(
                member_id=member_id,
                reason=what,
                source=f"{what}:{which}",
                author_id=actor_id,
                note=reason,
            )
    facts.quiz_passed_at = facts.completed_at = facts.known_at = None
    db.session().flush()
    return was_done


def settle(member_id: int, course_id: int, now: datetime) -> bool:
    """Store that a course is done when it is; returns whether it became so just now."""
    session = db.session()
    facts = _facts(member_id, course_id)
    if facts.completed_at is not None:
        return False
    lessons, done = session.execute(
        select(func.count(Lesson.id), func.count(LessonProgress.completed_at))
        .outerjoin(
            LessonProgress,
            (LessonProgress.lesson_id == Lesson.id) & (LessonProgress.member_id == member_id),
        )
        .where(Lesson.course_id == course_id, Lesson.removed_at.is_(None))
    ).one()
    has_quiz = session.scalar(
        select(CourseQuestion.question_id).where(CourseQuestion.course_id == course_id).limit(1)
    )
    if not rules.is_course_done(
        lessons=lessons,
        lessons_done=done,
        has_quiz=has_quiz is not None,
        passed=facts.quiz_passed_at is not None,
    ):
        return False
    facts.completed_at, facts.known_at = now, clock.now()
    session.flush()
    title, theme = title_and_theme(course_id)
    points.credit(
        member_id=member_id,
        reason="course",
        source=f"course:{course_id}",
        note=title,
        theme=theme,
        anew=True,
    )
    theme_id, theme_title = theme
    if _is_theme_done(member_id, theme_id):
        points.credit(
            member_id=member_id,
            reason="theme",
            source=f"theme:{theme_id}",
            note=theme_title,
            theme=theme,
            anew=True,
        )
    give_certificate(
        member_id=member_id, kind="course", subject_id=course_id, title=title, earned_at=now
    )
    settle_paths(member_id, course_id, now)
    return True


def _is_theme_done(member_id: int, theme_id: int) -> bool:
    """Whether the member has done every course of a theme that the member can see."""
    reader = reader_for(member_id)
    if reader is None:
        return False
    done = exists().where(
        CourseProgress.course_id == Course.id,
        CourseProgress.member_id == member_id,
        CourseProgress.completed_at.is_not(None),
    )
    left = select(Course.id).where(Course.theme_id == theme_id, seen_by(reader), ~done).limit(1)
    return db.session().scalar(left) is None


def title_and_theme(course_id: int) -> tuple[str, tuple[int, str]]:
    """The title of a course, and the id and title of its theme, as the ledger keeps them."""
    row = (
        db.session()
        .execute(
            select(Course.title, Theme.id, Theme.title.label("theme"))
            .join(Theme, Theme.id == Course.theme_id)
            .where(Course.id == course_id)
        )
        .one()
    )
    return row.title, (row.id, row.theme)


def _facts(member_id: int, course_id: int) -> CourseProgress:
    """The row of facts about a member in a course; made when there is none. Needs `lock`."""
    session = db.session()
    facts = session.scalar(
        select(CourseProgress).where(
            CourseProgress.member_id == member_id, CourseProgress.course_id == course_id
        )
    )
    if facts is None:
        facts = CourseProgress(member_id=member_id, course_id=course_id, started_at=clock.now())
        session.add(facts)
        session.flush()
    return facts


def lock(member_id: int) -> WatchBudget:
    """The account's budget, locked until the end of the transaction; made when there is none."""
    session = db.session()
    found = session.get(WatchBudget, member_id, with_for_update=True, populate_existing=True)
    if found is not None:
        return found
    fresh = rules.Budget.fresh(in_ms(clock.now()))
    try:
        with session.begin_nested():
            found = WatchBudget(
                member_id=member_id,
                live_ms=fresh.live_ms,
                whole_ms=fresh.whole_ms,
                counted_at=fresh.counted_at,
                trims_in_a_row=0,
            )
            session.add(found)
    except IntegrityError:  # another request of this account was first (PostgreSQL only)
        return session.get_one(WatchBudget, member_id, with_for_update=True, populate_existing=True)
    return found
