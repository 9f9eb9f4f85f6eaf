"""Reads of what was marked anew, in exams and in quizzes, and of the questions of a quiz."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, select

from app.core import jobs
from app.core.db import db
from app.courses.queries import quiz_of
from app.exams.models import Attempt, AttemptItem, Regrade, RegradeAttempt
from app.exams.queries.attempts import course_title
from app.members.models import Member
from app.questions.models import QuestionVersion
from app.questions.queries import Question, questions


@dataclass(frozen=True)
class RegradeView:
    """One regrade as it is listed."""

    id: int
    question_id: int
    stem: str
    action: str
    state: str
    reason: str
    author: str
    done_at: datetime
    undone_at: datetime | None
    attempts: int
    percent: int  # how much is done, or put back, while that goes on
    may_undo: bool
    has_stopped: bool  # the worker gave it up; it is asked to go on every hour

    @property
    def goes_on(self) -> bool:
        return self.state in {"doing", "undoing"}


def regrades_of(exam_id: int | None = None, *, course_id: int | None = None) -> list[RegradeView]:
    """The regrades of an exam, or of the quiz of a course, the newest first; only the newest one
    that stands can be undone."""
    number = (
        select(RegradeAttempt.regrade_id, func.count().label("number"))
        .group_by(RegradeAttempt.regrade_id)
        .subquery()
    )
    rows = (
        db.session()
        .execute(
            select(Regrade, Member.name, number.c.number)
            .join(Member, Member.id == Regrade.author_id)
            .outerjoin(number, number.c.regrade_id == Regrade.id)
            .where(_of(exam_id, course_id))
            .order_by(Regrade.id.desc())
        )
        .all()
    )
    standing = [row.id for row, *_rest in rows if row.undone_at is None]
    is_quiet = all(row.state in {"done", "undone"} for row, *_rest in rows)
    stems = questions({row.question_id for row, *_rest in rows})
    return [
        RegradeView(
            id=row.id,
            question_id=row.question_id,
            stem=stems[row.question_id].stem if row.question_id in stems else "",
            action=row.action,
            state=row.state,
            reason=row.reason,
            author=name,
            done_at=row.done_at,
            undone_at=row.undone_at,
            attempts=attempts or 0,
            percent=min(99, 100 * row.done // max(row.to_do, 1)),
            may_undo=is_quiet and bool(standing) and row.id == standing[0],
            has_stopped=row.state in {"doing", "undoing"} and _is_given_up(row),
        )
        for row, name, attempts in rows
    ]


def regrades_seen(exam_id: int | None = None, *, course_id: int | None = None) -> str:
    """Changes with every regrade of an exam or a quiz, with every step of one, and with every one
    that is undone."""
    goes_on = case((Regrade.state.in_(("doing", "undoing")), Regrade.done + 1), else_=0)
    seen = (
        db.session()
        .execute(
            select(
                func.coalesce(func.max(Regrade.id), 0),
                func.count(Regrade.undone_at),
                func.coalesce(func.sum(goes_on), 0),
            ).where(_of(exam_id, course_id))
        )
        .one()
    )
    return ".".join(str(each) for each in seen)


def job_of(row: Regrade) -> str:
    """The key of the job that does, or undoes, a regrade in steps."""
    return f"exams.regrade:{row.id}:{row.state}"


def _is_given_up(row: Regrade) -> bool:
    job = jobs.latest(job_of(row))
    return job is not None and job.state == "failed"


def quiz_seen(course_id: int, question: Question) -> str:
    """Changes with every regrade of a quiz, and when the key of the question does."""
    return f"{regrades_seen(course_id=course_id)}.{question.version_id}"


def regraded_at(attempt_id: int) -> datetime | None:
    """When an attempt's score was last changed by a regrade that stands."""
    return db.session().scalar(
        select(func.max(Regrade.done_at))
        .join(RegradeAttempt, RegradeAttempt.regrade_id == Regrade.id)
        .where(RegradeAttempt.attempt_id == attempt_id, Regrade.undone_at.is_(None))
        .where(RegradeAttempt.score_before != RegradeAttempt.score_after)
    )


def title_of_regrade(regrade_id: int) -> str:
    """What the course is called whose quiz is marked anew; "" when it is gone."""
    course_id = db.session().scalar(select(Regrade.course_id).where(Regrade.id == regrade_id))
    return course_title(course_id) if course_id else ""


@dataclass(frozen=True)
class QuizQuestion:
    """One question that a quiz asks or has asked."""

    question: Question
    asked: int  # in so many submitted attempts
    share: Decimal | None  # of its marks that were reached; None until somebody answered it
    is_asked: bool  # it still belongs to the quiz
    has_newer_key: bool  # some attempts were given another version, and not marked by this one


def quiz_questions(course_id: int) -> list[QuizQuestion]:
    """The questions of a quiz in its order, then those that were taken out of it."""
    paper = quiz_of(course_id)
    now = paper.question_ids if paper else ()
    rows = db.session().execute(
        select(
            QuestionVersion.question_id,
            AttemptItem.version_id,
            AttemptItem.mark,
            func.count(),
        )
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.course_id == course_id, Attempt.state == "submitted")
        .group_by(QuestionVersion.question_id, AttemptItem.version_id, AttemptItem.mark)
        .order_by(QuestionVersion.question_id)
    )
    asked: dict[int, int] = {}
    marks: dict[int, Decimal] = {}
    given: dict[int, set[int]] = {}
    for question_id, version_id, mark, times in rows:
        asked[question_id] = asked.get(question_id, 0) + times
        marks[question_id] = marks.get(question_id, Decimal(0)) + (mark or 0) * times
        given.setdefault(question_id, set()).add(version_id)
    applied = set(
        db.session().scalars(
            select(Regrade.version_id)
            .where(Regrade.course_id == course_id, Regrade.undone_at.is_(None))
            .where(Regrade.action == "new_key")
        )
    )
    order = [*now, *(each for each in asked if each not in set(now))]
    found = questions(order)
    return [
        QuizQuestion(
            question=found[each],
            asked=asked.get(each, 0),
            share=marks[each] / asked[each] if each in asked else None,
            is_asked=each in now,
            has_newer_key=found[each].version_id not in applied
            and bool(given.get(each, set()) - {found[each].version_id}),
        )
        for each in order
        if each in found
    ]


def _of(exam_id: int | None, course_id: int | None) -> ColumnElement[bool]:
    return Regrade.exam_id == exam_id if exam_id is not None else Regrade.course_id == course_id
