"""Marking the quiz of a course anew: seen beforehand, done in steps, and undone.

A step is one transaction of so many attempts. A quiz that few have taken is done within the
request; of a large one the worker does the steps, and the page shows how far it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, func, select

from app.core import clock, jobs
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.courses.models import Course
from app.exams import queries, rules
from app.exams.models import Attempt, Regrade, RegradeAttempt
from app.exams.service.anew import (
    AT_ONCE,
    Preview,
    asked_in,
    caught_up,
    hold_open,
    newest_of,
    next_asked,
    plan,
    summary,
)
from app.exams.service.following import put_all_back, write_all
from app.members import service as members
from app.members.rules.audit import Act, facts
from app.questions.queries import Question, versions

STEP = 100  # attempts in one transaction; of more the worker does the rest
REGRADE_JOB = "exams.regrade"


def preview_quiz(course_id: int, question_id: int, action: rules.Action) -> Preview:
    """What `regrade_quiz` would do, without doing it; of nobody where nobody was asked."""
    whose = Attempt.course_id == course_id
    changes, unreadable = plan(asked_in(whose, question_id), newest_of(question_id), action)
    return summary(whose, changes, unreadable)


def regrade_quiz(
    course_id: int,
    question_id: int,
    action: rules.Action,
    *,
    actor_id: int,
    reason: str,
    seen: str,
) -> bool:
    """Mark one question of a quiz anew in every submitted attempt; whether all of it is done now.

    `seen` is `queries.quiz_seen` of when the preview was looked at. Of several who ask for the
    same at once, one does it. Raises NeedsAReason, NotThere, NothingWouldChange, MarkingGoesOn,
    MarkedAnewAlready, MarkedAnewMeanwhile.
    """
    reason = rules.a_reason(reason)
    session = db.session()
    course = _stand_in_line(course_id)
    newest = newest_of(question_id)
    if seen != queries.quiz_seen(course_id, newest):
        raise _refusal(course_id, question_id, action)
    _refuse_while_going(course_id)
    hold_open(Attempt.course_id == course_id)
    asked = asked_in(Attempt.course_id == course_id, question_id)
    if not any(_touched(asked, newest, action)):
        raise rules.NothingWouldChange
    attempts = set(asked.values())
    row = Regrade(
        course_id=course_id,
        question_id=question_id,
        version_id=newest.version_id,
        action=action.value,
        state="doing",
        reason=reason,
        author_id=actor_id,
        done_at=clock.now(),
        until_id=max(attempts),
        to_do=len(attempts),
    )
    session.add(row)
    session.flush()
    members.record(
        Act.QUIZ_MARKED_ANEW,
        thing=("course", course_id),
        name=course.title,
        owner_id=course.author_id,
        changes=facts(question=newest.stem, how=action.value, reason=reason),
    )
    return _begin(row)


def undo_quiz(course_id: int, regrade_id: int, *, actor_id: int) -> bool:
    """Put back the marks that stood before the newest regrade of a quiz; whether that is done now.

    Only the newest one that stands: an older one may be what it built upon. Raises Conflict,
    MarkingGoesOn, NotThere.
    """
    session = db.session()
    course = _stand_in_line(course_id)
    _refuse_while_going(course_id)
    hold_open(Attempt.course_id == course_id)
    newest = session.scalar(
        select(Regrade)
        .where(Regrade.course_id == course_id, Regrade.undone_at.is_(None))
        .order_by(Regrade.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if newest is None or newest.id != regrade_id:
        raise Conflict
    newest.undone_at, newest.undone_by, newest.state = clock.now(), actor_id, "undoing"
    newest.reached_id = newest.done = 0
    newest.to_do = len(_changed_by(newest, None))
    session.flush()
    members.record(
        Act.QUIZ_MARKING_UNDONE,
        thing=("course", course_id),
        name=course.title,
        owner_id=course.author_id,
        changes=facts(how=newest.action, reason=newest.reason),
    )
    return _begin(newest)


def regrade_step(regrade_id: int) -> int | None:
    """Do the next attempts of a regrade, or of its undoing; how much is done, or None for all.

    Nothing is done twice: how far it is stands in the row, written with the marks.
    """
    session = db.session()
    held = {"key_share": True}  # members may hand in meanwhile
    row = session.get(Regrade, regrade_id, with_for_update=held, populate_existing=True)
    if row is None or row.state not in {"doing", "undoing"}:
        return None
    ids = _mark_some(row) if row.state == "doing" else _put_some_back(row)
    if len(ids) < STEP:
        row.state = "done" if row.state == "doing" else "undone"
        row.done = row.to_do
        return None
    row.reached_id, row.done = max(ids), row.done + len(ids)
    return min(99, 100 * row.done // max(row.to_do, 1))


def _begin(row: Regrade) -> bool:
    # Counted before: somebody may have handed in since, and more is to do than one step does.
    if row.to_do < STEP and regrade_step(row.id) is None:
        return True
    _ask_for(row)
    return False


def go_on() -> None:
    """Have the worker go on with what it gave up: else the quiz could never be marked anew again.

    What waits or goes on is left alone.
    """
    going = select(Regrade).where(Regrade.state.in_(("doing", "undoing")))
    for row in db.session().scalars(going):
        _ask_for(row)


def _ask_for(row: Regrade) -> None:
    key = queries.job_of(row)
    jobs.enqueue(REGRADE_JOB, key=key, priority=jobs.SOON, regrade_id=row.id)


def _mark_some(row: Regrade) -> list[int]:
    """The next attempts, with all others of their members: whether somebody passes is said once."""
    pinned = versions([row.version_id or 0]).get(row.version_id or 0)
    whose = and_(Attempt.course_id == row.course_id, Attempt.id <= row.until_id)
    ids = next_asked(whose, row.question_id, after=row.reached_id, most=STEP)
    if pinned is None or not ids:
        return []
    of_them = select(Attempt.member_id).where(Attempt.id.in_(ids))
    some = asked_in(and_(whose, Attempt.member_id.in_(of_them)), row.question_id)
    had = caught_up(set(some.values()), [row.id])  # at their end, or with another of the member
    some = {item: each for item, each in some.items() if (row.id, each) not in had}
    if some:
        changes, _unreadable = plan(some, pinned, rules.Action(row.action), hold=True)
        write_all(row, changes)
    return ids


def _put_some_back(row: Regrade) -> list[int]:
    ids = _changed_by(row, STEP)
    if ids:
        put_all_back(row, _with_others(row, ids))
    return ids


def _with_others(row: Regrade, ids: list[int]) -> list[int]:
    """Attempts that a regrade changed, with the others of their members; without those whose member
    had an earlier one, with which they were put back."""
    first = func.min(RegradeAttempt.attempt_id).over(partition_by=Attempt.member_id)
    theirs = (
        select(RegradeAttempt.attempt_id, first.label("first"))
        .join(Attempt, Attempt.id == RegradeAttempt.attempt_id)
        .where(RegradeAttempt.regrade_id == row.id)
        .where(Attempt.member_id.in_(select(Attempt.member_id).where(Attempt.id.in_(ids))))
        .subquery()
    )
    wanted = select(theirs.c.attempt_id).where(theirs.c.first > row.reached_id)
    return list(db.session().scalars(wanted.order_by(theirs.c.attempt_id)))


def _changed_by(row: Regrade, most: int | None) -> list[int]:
    """The attempts that a regrade changed, from where its undoing is."""
    wanted = (
        select(RegradeAttempt.attempt_id)
        .where(RegradeAttempt.regrade_id == row.id, RegradeAttempt.attempt_id > row.reached_id)
        .order_by(RegradeAttempt.attempt_id)
        .limit(most)
    )
    return list(db.session().scalars(wanted))


def _touched(asked: dict[int, int], newest: Question, action: rules.Action) -> Iterator[bool]:
    """Whether a mark changes, by attempts that are read some at a time."""
    ids = sorted(set(asked.values()))
    for start in range(0, len(ids), AT_ONCE):
        part = set(ids[start : start + AT_ONCE])
        some = {item: attempt for item, attempt in asked.items() if attempt in part}
        for change in plan(some, newest, action)[0]:
            yield change.is_changed or change.is_touched


def _stand_in_line(course_id: int) -> Course:
    """One regrade of a quiz after the other: the next one sees what the one before has done."""
    held = {"key_share": True}  # members may begin meanwhile
    course = db.session().get(Course, course_id, with_for_update=held, populate_existing=True)
    if course is None:
        raise NotThere
    return course


def _refuse_while_going(course_id: int) -> None:
    going = select(Regrade.id).where(
        Regrade.course_id == course_id, Regrade.state.in_(("doing", "undoing"))
    )
    if db.session().scalar(going.limit(1)) is not None:
        raise rules.MarkingGoesOn


def _refusal(course_id: int, question_id: int, action: rules.Action) -> Conflict:
    """Why what was looked at is not what would be done any more."""
    same = select(Regrade.id).where(
        *(Regrade.course_id == course_id, Regrade.question_id == question_id),
        *(Regrade.action == action.value, Regrade.undone_at.is_(None)),
    )
    newest = select(Regrade.id).where(Regrade.course_id == course_id).order_by(Regrade.id.desc())
    last = db.session().scalar(newest.limit(1))
    is_same = last is not None and last in set(db.session().scalars(same))
    return rules.MarkedAnewAlready() if is_same else rules.MarkedQuizMeanwhile()
