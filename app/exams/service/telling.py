"""Telling members what happened to their exam. Marks stand on its page, not on a lock screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta

from flask_babel import gettext
from sqlalchemy import select

from app.core import clock
from app.core.addresses import address
from app.core.db import db
from app.exams import rules
from app.exams.models import Attempt, Exam, ExamMarker
from app.exams.queries import exam_view, outcome_seal, probing, released_to, standing_of
from app.exams.service.rewarding import plan_later
from app.learning.service import title_and_theme
from app.notices import service as notices
from app.notices.rules import Kind

NEWS = timedelta(days=7)  # an exam that closed longer ago is not announced any more


def tell_results(exam_id: int, *, most: int = 100, after: int = 0) -> int | None:
    """Tell who waited for the end of an exam that there is a result; to `most` attempts.

    Returns the id to go on `after`, None when there are no more. Who waits for marks is told when
    they are there, see `tell_marked`.
    """
    exam, now = db.session().get_one(Exam, exam_id), clock.now()
    if exam.show_score != rules.Release.AFTER_CLOSE or exam.closes_at is None:
        return None
    if now >= exam.closes_at + NEWS:
        return None
    rows = (
        db.session()
        .scalars(
            select(Attempt)
            .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
            .where(Attempt.waiting == 0, Attempt.id > after)
            .order_by(Attempt.id)
            .limit(most)
        )
        .all()
    )
    known = _knowing(exam, [row.member_id for row in rows])
    for row in rows:
        if row.member_id in known:
            _tell([row], exam, _result_is_there(exam.title), once=f"result:{row.id}")
        else:
            _tell_after_seal(row)
    return rows[-1].id if len(rows) == most else None


def tell_marked(attempt: Attempt, *, was_known: bool) -> None:
    """Tell a member that the last answer has its mark, or that a mark was changed afterwards."""
    exam = db.session().get_one(Exam, attempt.exam_id)
    if attempt.waiting:
        return
    if not _knowing(exam, [attempt.member_id]):
        _tell_after_seal(attempt)
    elif was_known:
        tell_changed([attempt], once=f"marked:{{}}:{clock.epoch():.0f}")
    else:
        _tell([attempt], exam, _result_is_there(exam.title), once=f"result:{attempt.id}")


def tell_later(attempt_id: int) -> None:
    """Tell a member of a result that waited for the end of another exam, if nobody has by now."""
    attempt = db.session().get(Attempt, attempt_id)
    if attempt is None or attempt.exam_id is None or attempt.state != "submitted":
        return
    exam = db.session().get_one(Exam, attempt.exam_id)
    if exam.show_score == rules.Release.AFTER_CLOSE:
        tell_marked(attempt, was_known=False)


def _tell_after_seal(attempt: Attempt) -> None:
    """Look again when the member has ended the other exam that asks the same, if there is one."""
    seal = outcome_seal(attempt, clock.now())
    if seal is not None:
        plan_later("exams.reward", attempt.id, seal)


def tell_changed(
    attempts: Collection[Attempt], *, once: str, reason: str | Callable[[], str] = ""
) -> None:
    """Tell members that the result they know is another one now, and why.

    All attempts are at one exam, or at the quiz of one course. `once` has {} where the id of an
    attempt stands; `reason` may be a function that says it in the language of the moment.
    """
    several = [each for each in attempts if each.state == "submitted" and not each.waiting]
    if not several:
        return
    if several[0].course_id is not None:
        of_quiz = title_and_theme(several[0].course_id)[0]

        def title() -> str:
            return str(gettext("Your result of the quiz “%(title)s” has changed", title=of_quiz))
    else:
        exam = db.session().get_one(Exam, several[0].exam_id)
        known = _knowing(exam, {each.member_id for each in several})
        several = [each for each in several if each.member_id in known]
        of_exam = exam.title

        def title() -> str:
            return str(gettext("Your result of “%(title)s” has changed", title=of_exam))

    while several:  # of a member with several attempts one after the other
        first = {each.member_id: each for each in reversed(several)}
        notices.tell(
            first,
            kind=Kind.EXAM,
            title=title,
            body=reason,
            address={i: address("attempt", attempt=each.id) for i, each in first.items()},
            once_key={i: once.format(each.id) for i, each in first.items()},
        )
        several = [each for each in several if first[each.member_id] is not each]


def tell_void(attempt: Attempt, *, reason: str) -> None:
    """Tell a member that an attempt does not count, and why."""
    _tell_why(
        attempt,
        lambda title: gettext("Your attempt at “%(title)s” does not count", title=title),
        reason=reason,
        once=f"void:{attempt.id}:{clock.epoch():.0f}",
    )


def tell_restored(attempt: Attempt, *, reason: str) -> None:
    """Tell a member that an attempt counts again, and why."""
    _tell_why(
        attempt,
        lambda title: gettext("Your attempt at “%(title)s” counts again", title=title),
        reason=reason,
        once=f"restored:{attempt.id}:{clock.epoch():.0f}",
    )


def tell_reopened(attempt: Attempt, *, reason: str) -> None:
    """Tell a member that they may go on, and why."""
    _tell_why(
        attempt,
        lambda title: gettext("You may go on with “%(title)s”", title=title),
        reason=reason,
        once=f"reopened:{attempt.id}",
    )


def _tell_why(attempt: Attempt, words: Callable[[str], str], *, reason: str, once: str) -> None:
    """Tell a member what was done with an attempt; `words` say it with the title of the exam."""
    exam = db.session().get_one(Exam, attempt.exam_id)
    title = exam.title  # read now: what is said is said when the row may be gone
    _tell([attempt], exam, lambda: words(title), body=reason, once=once)


def tell_message(exam: Exam, attempts: Sequence[Attempt], *, text: str, message_id: int) -> None:
    """Tell who is writing what the invigilator says, beside its place on their page."""
    title = exam.title
    _tell(
        attempts,
        exam,
        lambda: gettext("Message from the invigilator of “%(title)s”", title=title),
        body=text,
        once=f"exam-message:{message_id}",
    )


def _knowing(exam: Exam, member_ids: Collection[int]) -> set[int]:
    """Those of some members whom the page of an exam shows their scores by now.

    No notice that follows from a score goes to anybody else.
    """
    now = clock.now()
    found = released_to(exam, member_ids, now)
    return found - probing(exam.id, found) if found else found


def _result_is_there(title: str) -> Callable[[], str]:
    return lambda: gettext("Your result of “%(title)s” is there", title=title)


def _tell(
    attempts: Iterable[Attempt],
    exam: Exam,
    title: Callable[[], str],
    *,
    body: str = "",
    once: str,
) -> None:
    for attempt in attempts:
        notices.tell(
            [attempt.member_id],
            kind=Kind.EXAM,
            title=title,
            body=body,
            address=address("attempt", attempt=attempt.id)
            if attempt.state != "open"
            else address("exam", exam=exam.id),
            once_key=once,
        )


def tell_appeal(exam: Exam, appeal_id: int, *, member_id: int) -> None:
    """Tell those who mark an exam that somebody disagrees with a mark; not who."""
    title = exam.title
    markers = set(
        db.session().scalars(select(ExamMarker.member_id).where(ExamMarker.exam_id == exam.id))
    )
    notices.tell(
        {exam.author_id, *markers} - {member_id},
        kind=Kind.EXAM,
        title=lambda: gettext("A mark of “%(title)s” is appealed against", title=title),
        address=address("desk_appeal", exam=exam.id, appeal=appeal_id),
        once_key=f"appeal:{appeal_id}",
    )


def tell_answered(
    attempt: Attempt, appeal_id: int, *, number: int, answer: str, is_more: bool
) -> None:
    """Tell a member what came of their appeal; no more than that while marks are held back."""
    exam = db.session().get_one(Exam, attempt.exam_id)
    title = exam.title
    now = clock.now()
    standing = standing_of(attempt.member_id, exam_view(exam, now), now)
    is_shown = standing.shows("answers") and bool(_knowing(exam, [attempt.member_id]))

    def words() -> str:
        if is_more and is_shown:
            return str(
                gettext(
                    "Your appeal was right: more points for question %(n)s of “%(title)s”",
                    n=number,
                    title=title,
                )
            )
        return str(gettext("Your appeal about “%(title)s” has been answered", title=title))

    body = answer if is_shown else ""
    _tell([attempt], exam, words, body=body, once=f"appeal-answered:{appeal_id}")
