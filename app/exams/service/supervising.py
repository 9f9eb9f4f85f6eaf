"""What invigilators do while an exam is on. Every act is written down and stays."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotAllowed, NotThere
from app.exams import rules
from app.exams.models import Accommodation, Attempt, AttemptItem, Exam, ExamEvent, ExamMessage
from app.exams.queries import items_of, standing_still
from app.exams.service.anew import most_at_first
from app.exams.service.finishing import finish_by_staff, keep_up, plan_finish, plan_open
from app.exams.service.noting import note
from app.exams.service.rewarding import reward, take_back
from app.exams.service.telling import tell_message, tell_reopened, tell_restored, tell_void


def add_time(exam_id: int, *, minutes: int, actor_id: int, attempt_id: int | None = None) -> int:
    """Move the deadline of one open attempt, or of all; returns how many it was moved for.

    Attempts whose deadline is past, but which nobody has finished yet, count from now. Negative
    minutes take back what was added, and leave everybody at least one.
    """
    if minutes == 0 or abs(minutes) > rules.MOST_ADDED_MINUTES:
        raise rules.BadMinutes(most=rules.MOST_ADDED_MINUTES)
    exam = _locked(exam_id)
    now = clock.now()
    still = standing_still(exam.paused_at, now)
    given = 0
    for attempt in _open(exam_id, attempt_id):
        if attempt.deadline_at is None:
            continue
        before = max(attempt.deadline_at, still)
        moved = timedelta(minutes=minutes)
        if minutes < 0:
            left = max(timedelta(0), before - still - timedelta(minutes=1))
            moved = -min(-moved, timedelta(seconds=attempt.added_s), left)
            if not moved:
                continue
        attempt.deadline_at = before + moved
        attempt.added_s += int(moved.total_seconds())
        given += 1
    note(
        *(exam_id, "add_time"), attempt_id=attempt_id, actor_id=actor_id, minutes=minutes, to=given
    )
    db.session().flush()
    plan_open(exam_id)
    return given


def pause(exam_id: int, *, actor_id: int) -> None:
    """Stop all clocks of an exam: a power cut, a fire alarm. Raises NotPausable."""
    exam = _locked(exam_id)
    if exam.paused_at is not None:
        raise rules.NotPausable
    exam.paused_at = clock.now()
    note(exam_id, "pause", actor_id=actor_id)


def resume(exam_id: int, *, actor_id: int) -> None:
    """Let the clocks run on: every open attempt, and the window, end later by the pause."""
    exam = _locked(exam_id)
    if exam.paused_at is None:
        raise rules.NotPausable
    now = clock.now()
    for attempt in _open(exam_id):
        if attempt.deadline_at is not None:
            attempt.deadline_at += now - max(exam.paused_at, attempt.started_at)
    pause_s = int((now - exam.paused_at).total_seconds())
    if exam.closes_at is not None and exam.closes_at > exam.paused_at:
        exam.closes_at += now - exam.paused_at
    if exam.last_start_at is not None and exam.last_start_at > exam.paused_at:
        exam.last_start_at += now - exam.paused_at
    exam.paused_at = None
    note(exam_id, "resume", actor_id=actor_id, seconds=pause_s)
    db.session().flush()
    plan_open(exam_id)


def say(exam_id: int, *, text: str, actor_id: int, attempt_id: int | None = None) -> None:
    """Show a sentence on the page of one taker, or of all, within fifteen seconds."""
    text = " ".join(text.split())[: rules.LONGEST_MESSAGE]
    if not text:
        raise rules.EmptyMessage
    if attempt_id is not None:
        _attempt(exam_id, attempt_id)
    message = ExamMessage(
        exam_id=exam_id,
        attempt_id=attempt_id,
        text=text,
        author_id=actor_id,
        sent_at=clock.now(),
    )
    db.session().add(message)
    db.session().flush()
    exam = db.session().get_one(Exam, exam_id)
    tell_message(exam, _open(exam_id, attempt_id), text=text, message_id=message.id)
    note(exam_id, "message", attempt_id=attempt_id, actor_id=actor_id, text=text)


def hand_in(exam_id: int, attempt_id: int, *, actor_id: int, reason: str) -> None:
    """Finish an open attempt for its member, with the answers that are saved."""
    reason = _reason(reason)
    attempt = _attempt(exam_id, attempt_id)
    if attempt.state != "open":
        raise rules.AlreadySubmitted
    finish_by_staff(attempt)
    note(exam_id, "hand_in", attempt_id=attempt_id, actor_id=actor_id, reason=reason)


def void(exam_id: int, attempt_id: int, *, actor_id: int, reason: str) -> None:
    """Let an attempt count for nothing; what was answered stays to be looked at."""
    reason = _reason(reason)
    attempt = _attempt(exam_id, attempt_id)
    if attempt.state == "void":
        return
    before = attempt.state
    attempt.state = "void"
    db.session().flush()
    take_back(attempt, actor_id=actor_id, reason=reason)
    tell_void(attempt, reason=reason)
    note(*(exam_id, "void"), attempt_id=attempt_id, actor_id=actor_id, reason=reason, before=before)


def restore(exam_id: int, attempt_id: int, *, actor_id: int, reason: str) -> None:
    """Let an attempt that was made void count again, as it was; what it brought is given again.

    One that goes on in a later attempt stays void: OnlyVoid. An open one goes on, and is over when
    its time is over by now. Raises OneIsOpen.
    """
    reason = _reason(reason)
    session = db.session()
    exam = _locked(exam_id)
    attempt = _attempt(exam_id, attempt_id)
    made_void = session.scalar(
        select(ExamEvent)
        .where(ExamEvent.attempt_id == attempt_id, ExamEvent.act == "void")
        .order_by(ExamEvent.id.desc())
        .limit(1)
    )
    goes_on = session.scalar(select(Attempt.id).where(Attempt.goes_on_from == attempt_id).limit(1))
    if attempt.state != "void" or made_void is None or goes_on is not None:
        raise rules.OnlyVoid
    before = str(made_void.facts["before"])
    if before == "open" and any(o.member_id == attempt.member_id for o in _open(exam_id)):
        raise rules.OneIsOpen
    attempt.state = before
    session.flush()
    if before == "submitted":
        keep_up(attempt, since=made_void.at)
    reward(attempt)
    tell_restored(attempt, reason=reason)
    note(*(exam_id, "restore"), attempt_id=attempt_id, actor_id=actor_id, reason=reason)
    if before == "open" and attempt.deadline_at is not None:
        plan_finish(exam, attempt.deadline_at)
    session.flush()


def reopen(exam_id: int, attempt_id: int, *, minutes: int, actor_id: int, reason: str) -> int:
    """Let a member go on with a submitted attempt; returns the id of the attempt that goes on.

    A submitted attempt never opens again: it becomes void, and a new one takes over its paper and
    its answers, with the time that was left and `minutes` more. Raises OnlySubmitted, OneIsOpen.
    """
    reason = _reason(reason)
    if not 0 <= minutes <= rules.MOST_ADDED_MINUTES:
        raise rules.BadMinutes(most=rules.MOST_ADDED_MINUTES)
    session = db.session()
    exam = _locked(exam_id)
    old = _attempt(exam_id, attempt_id)
    if old.state != "submitted":
        raise rules.OnlySubmitted
    if any(other.member_id == old.member_id for other in _open(exam_id)):
        raise rules.OneIsOpen
    now = clock.now()
    deadline_at = None
    if old.deadline_at is not None and old.submitted_at is not None:
        left = max(timedelta(0), old.deadline_at - old.submitted_at)
        deadline_at = now + left + timedelta(minutes=minutes)
    last = session.scalar(
        select(Attempt.number)
        .where(Attempt.exam_id == exam_id, Attempt.member_id == old.member_id)
        .order_by(Attempt.number.desc())
        .limit(1)
    )
    old.state = "void"
    session.flush()
    take_back(old, actor_id=actor_id, reason=reason)
    new = Attempt(
        member_id=old.member_id,
        exam_id=exam_id,
        number=(last or 0) + 1,
        state="open",
        seed=old.seed,
        pass_percent=old.pass_percent,
        wrong_costs=old.wrong_costs,
        questions=old.questions,
        out_of=old.out_of,
        started_at=old.started_at,
        deadline_at=deadline_at,
        added_s=old.added_s + minutes * 60,
        heard_at=now,
        left=old.left,
        address=old.address,
        reached=old.reached,
        goes_on_from=old.id,
    )
    session.add(new)
    session.flush()
    at_first = most_at_first(old.id)
    for item in items_of(old.id):
        # What was marked anew is marked so once more at its end, and undone with the others.
        most = at_first.get(item.id, item.max_mark)
        new.out_of += most - item.max_mark
        session.add(
            AttemptItem(
                attempt_id=new.id,
                response=item.response,
                max_mark=most,
                **{
                    name: getattr(item, name)
                    for name in (
                        *("position", "section", "version_id", "options", "saved", "saved_at"),
                        "flagged",
                    )
                },
            )
        )
    note(
        *(exam_id, "reopen"),
        attempt_id=new.id,
        actor_id=actor_id,
        reason=reason,
        minutes=minutes,
        before=old.id,
    )
    session.flush()
    tell_reopened(new, reason=reason)
    if deadline_at is not None:
        plan_finish(exam, deadline_at)
    return new.id


def accommodate(
    member_id: int,
    *,
    extra_percent: int,
    extra_attempts: int,
    large_type: bool = False,
    reason: str,
    actor_id: int,
    exam_id: int,
    everywhere: bool = False,
) -> None:
    """Grant a member more time or attempts in an exam, or in all exams; zeros take it back.

    Written down in `exam_id` either way. Nobody grants it to themselves: NotAllowed. Applies from
    the next start on; for an attempt under way there is `add_time`.
    """
    if not 0 <= extra_percent <= 300 or not 0 <= extra_attempts <= 100:
        raise rules.BadAllowance
    if member_id == actor_id:
        raise NotAllowed
    session = db.session()
    where = None if everywhere else exam_id
    row = session.scalar(
        select(Accommodation).where(
            Accommodation.member_id == member_id,
            Accommodation.exam_id.is_(None) if everywhere else Accommodation.exam_id == exam_id,
        )
    )
    if row is None:
        row = Accommodation(member_id=member_id, exam_id=where)
        session.add(row)
    row.extra_percent, row.extra_attempts = extra_percent, extra_attempts
    row.large_type = large_type
    row.reason = " ".join(reason.split())[:300]
    row.set_by, row.set_at = actor_id, clock.now()
    session.flush()
    note(
        *(exam_id, "accommodate"),
        actor_id=actor_id,
        member=member_id,
        percent=extra_percent,
        large_type=large_type,
        attempts=extra_attempts,
        everywhere=everywhere,
    )


def _reason(text: str) -> str:
    reason = " ".join(text.split())[:300]
    if not reason:
        raise rules.NeedsAReason
    return reason


def _locked(exam_id: int) -> Exam:
    row = db.session().get(Exam, exam_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotThere
    return row


def _attempt(exam_id: int, attempt_id: int) -> Attempt:
    row = db.session().get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if row is None or row.exam_id != exam_id:
        raise NotThere
    return row


def _open(exam_id: int, attempt_id: int | None = None) -> list[Attempt]:
    wanted = select(Attempt).where(Attempt.exam_id == exam_id, Attempt.state == "open")
    if attempt_id is not None:
        wanted = wanted.where(Attempt.id == attempt_id)
    found = list(
        db.session().scalars(wanted.with_for_update().execution_options(populate_existing=True))
    )
    if attempt_id is not None and not found:
        raise NotThere
    return found
