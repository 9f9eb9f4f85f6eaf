"""When an exam can be taken, for how long, which attempt counts, and what is shown when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal, TooOften

LONGEST_TITLE = 120
LONGEST_INSTRUCTIONS = 4_000
LONGEST_MESSAGE = 500
MOST_QUESTIONS = 500
MOST_ADDED_MINUTES = 240
MOST_GRACE_S = 300  # enough for a slow line, too little to think
MOST_EVIDENCE = 200_000  # characters per attempt of what did not count


class State(StrEnum):
    """Where an exam is in its life; only published ones are seen by members."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Phase(StrEnum):
    """What the clock says about an exam."""

    UPCOMING = "upcoming"
    OPEN = "open"
    NO_MORE_STARTS = "no_more_starts"  # who has begun may go on
    CLOSED = "closed"


class Counting(StrEnum):
    """Which of several attempts counts."""

    HIGHEST = "highest"
    FIRST = "first"
    LAST = "last"


class Release(StrEnum):
    """When members see a part of their result."""

    AT_ONCE = "at_once"
    AFTER_CLOSE = "after_close"
    NEVER = "never"


PHASE_NAMES = {
    Phase.UPCOMING: _l("Upcoming"),
    Phase.OPEN: _l("Open now"),
    Phase.NO_MORE_STARTS: _l("No more starts"),
    Phase.CLOSED: _l("Closed"),
}
STATE_NAMES = {
    State.DRAFT: _l("Draft"),
    State.PUBLISHED: _l("Published"),
    State.WITHDRAWN: _l("Withdrawn"),
}
COUNTING_NAMES = {
    Counting.HIGHEST: _l("The best attempt"),
    Counting.FIRST: _l("The first attempt"),
    Counting.LAST: _l("The last attempt"),
}
RELEASE_NAMES = {
    Release.AT_ONCE: _l("At once after submitting"),
    Release.AFTER_CLOSE: _l("After the exam has closed"),
    Release.NEVER: _l("Never"),
}


class NotOpenYet(Refusal):
    sentence = _l("This exam is not open yet.")


class NoMoreStarts(Refusal):
    sentence = _l("The time to start this exam is over.")


class ExamClosed(Refusal):
    sentence = _l("This exam is closed.")


class WrongPassword(Refusal):
    sentence = _l("This is not the password of the exam. The invigilator knows it.")


class CoursesFirst(Refusal):
    sentence = _l("Finish these courses first: %(courses)s.")


class TooSoon(Refusal):
    sentence = _l("You can start the next attempt in %(minutes)s minutes.")


class NotInvited(Refusal):
    sentence = _l("This exam is not meant for you any more.")


class NoTriesLeft(Refusal):
    sentence = _l("You have used all %(allowed)s attempts at this exam.")


class ExamPaused(TooOften):
    """What arrives while all clocks stand still is sent again by the page when they run on.

    Otherwise a pause would be time to think that others do not get.
    """

    sentence = _l(
        "The clock stands still, and nothing can be changed until it runs on. What you wrote stays "
        "on this device and is saved then."
    )


class TimeOver(Conflict):
    """What arrives after the end and the grace: kept as evidence, and not counted."""

    sentence = _l(
        "The time is over. Your saved answers have been handed in. What was sent after the end "
        "does not count; it is kept for the organizer to see."
    )


class GoneOnElsewhere(Conflict):
    """A second sign-in of the same member goes on with the attempt; the older may only read."""

    sentence = _l(
        "You went on with this exam on another device, so nothing can be changed here any more. "
        "Open the page anew to go on here."
    )


class NoWayBack(Conflict):
    sentence = _l("In this exam an earlier question cannot be changed.")


class AttemptVoid(Conflict):
    sentence = _l("This attempt no longer counts. Ask the invigilator.")


class NotADraft(Conflict):
    sentence = _l("The paper of a published exam cannot be changed.")


class ExamHasAttempts(Conflict):
    sentence = _l("Somebody has taken this exam; it can be withdrawn, not removed.")


class NotReady(Refusal):
    sentence = _l("This exam cannot be published yet. Look at the checklist.")


class BadExam(Refusal):
    """A setting that cannot be; `where` names the field."""

    sentence = _l("This cannot be saved yet.")

    def __init__(self, where: str, **facts: Any) -> None:
        super().__init__(**facts)
        self.where = where


class NoTitle(BadExam):
    sentence = _l("Give the exam a title.")


class BadWindow(BadExam):
    sentence = _l("This must be later than the opening.")


class LastStartOutside(BadExam):
    sentence = _l("The last start lies between the opening and the close.")


class NobodyInvited(BadExam):
    sentence = _l("Choose at least one branch, or let everybody take part.")


class BadMark(BadExam):
    sentence = _l("A question is worth from 0.01 to 100 points.")


class BadNumber(BadExam):
    sentence = _l("A draw takes one question or more: write a whole number.")


class TooManyAsked(Refusal):
    sentence = _l("A paper has at most %(most)s questions.")


class EmptyMessage(Refusal):
    sentence = _l("Write what you want to say.")


class BadMinutes(Refusal):
    sentence = _l("Add from 1 to %(most)s minutes, or take as many back.")


class BadAllowance(Refusal):
    sentence = _l("Extra time is from 0 to 300 per cent, extra attempts from 0 to 100.")


class NotPausable(Conflict):
    sentence = _l("The clocks of this exam stand still already, or run already.")


class OnlyVoid(Conflict):
    sentence = _l(
        "Only an attempt that was made void, and that nobody goes on with, can count again."
    )


class OnlySubmitted(Conflict):
    sentence = _l("Only an attempt that was submitted can be reopened.")


class OneIsOpen(Conflict):
    sentence = _l("This member has another attempt open.")


class OverTheMost(Refusal):
    sentence = _l("The mark must be from 0 to %(most)s.")


class OwnAnswer(Refusal):
    sentence = _l("Nobody marks their own answers.")


def phase(
    now: datetime,
    *,
    opens_at: datetime | None,
    last_start_at: datetime | None,
    closes_at: datetime | None,
) -> Phase:
    """What the clock says; a moment belongs to what begins at it."""
    if opens_at is not None and now < opens_at:
        return Phase.UPCOMING
    if closes_at is not None and now >= closes_at:
        return Phase.CLOSED
    if last_start_at is not None and now >= last_start_at:
        return Phase.NO_MORE_STARTS
    return Phase.OPEN


def allowed_s(duration_s: int | None, extra_percent: int) -> int | None:
    """Seconds that a member has, with the extra time that is granted to them."""
    return None if duration_s is None else duration_s * (100 + extra_percent) // 100


def extra_time(duration_s: int, extra_percent: int) -> timedelta:
    """How much longer an attempt may last for a member with extra time."""
    return timedelta(seconds=duration_s * extra_percent // 100)


def deadline(
    started_at: datetime,
    *,
    duration_s: int | None,
    closes_at: datetime | None,
    extra_percent: int = 0,
) -> datetime | None:
    """When an attempt ends: after its duration, or when the exam closes, whichever is first.

    Extra time counts beyond the close as well; else a window that is as long as the exam would
    take it away again.
    """
    whole = allowed_s(duration_s, extra_percent)
    ends = None if whole is None else started_at + timedelta(seconds=whole)
    if closes_at is None:
        return ends
    if duration_s is not None:
        closes_at += extra_time(duration_s, extra_percent)
    return closes_at if ends is None else min(ends, closes_at)


def is_over(now: datetime, deadline_at: datetime | None, grace_s: int) -> bool:
    """Whether nothing can be handed in any more. What is under way at the end has the grace."""
    return deadline_at is not None and now > deadline_at + timedelta(seconds=grace_s)


def remaining_ms(now: datetime, deadline_at: datetime | None) -> int | None:
    """How much time is left, never negative; None without a limit. Pages count this down."""
    if deadline_at is None:
        return None
    return max(0, (deadline_at - now) // timedelta(milliseconds=1))


def takes_over(opened_at: datetime | None, held_since: datetime | None) -> bool:
    """Whether a page of another sign-in goes on with an attempt: the one opened last does.

    The same page keeps it after signing in again. A page that does not say when it was opened is
    taken for a new one.
    """
    return opened_at is None or held_since is None or opened_at >= held_since


def is_released(release: str, *, now: datetime, closes_at: datetime | None, ended: bool) -> bool:
    """Whether a member sees a part of the result. An exam that never closes is closed for a
    member when no attempt is left (`ended`)."""
    if release == Release.AT_ONCE:
        return True
    if release == Release.NEVER:
        return False
    return ended if closes_at is None else now >= closes_at


class Scored(Protocol):
    """What `counts` needs of an attempt; percent is exact."""

    @property
    def number(self) -> int: ...
    @property
    def share(self) -> Any: ...


S = TypeVar("S", bound=Scored)


def counts(attempts: Sequence[S], counting: str) -> S | None:
    """Which of the submitted attempts counts; the earlier of equals."""
    done = sorted((a for a in attempts if a.share is not None), key=lambda a: a.number)
    if not done:
        return None
    if counting == Counting.FIRST:
        return done[0]
    if counting == Counting.LAST:
        return done[-1]
    return max(done, key=lambda a: (a.share, -a.number))


@dataclass(frozen=True)
class Check:
    """One line of the checklist before publishing. `must` stops it, the others only advise."""

    text: Any
    good: bool
    must: bool = True


def _hardness(*, unfair: bool, guessed: bool) -> Check:
    return Check(
        _l("The drawn papers differ in how hard they are")
        if unfair
        else _l("How hard the questions are is known when the first have answered them")
        if guessed
        else _l("The drawn papers are about equally hard"),
        not unfair and not guessed,
        must=False,
    )


def checks(
    *,
    questions: int,
    short_draws: int,
    nobody: bool,
    has_end: bool,
    has_duration: bool,
    closes_in_past: bool,
    unfair: bool,
    guessed: bool = False,
    told: int = 0,
    unready: int = 0,
    seals: bool = False,
    is_drawable: bool = True,
) -> list[Check]:
    """The checklist; an exam can be published when every line that must be good is good."""
    return [
        Check(
            _l("The paper has questions") if questions else _l("Put questions into the paper"),
            questions > 0,
        ),
        Check(
            _l("The paper has at most %(most)s questions", most=MOST_QUESTIONS),
            questions <= MOST_QUESTIONS,
        ),
        Check(
            _l("A draw asks for more questions than the bank has")
            if short_draws
            else _l("The bank has enough questions for every draw"),
            short_draws == 0,
        ),
        Check(
            _l("Say in the settings who takes part") if nobody else _l("Somebody is invited"),
            not nobody,
        ),
        Check(
            _l("The close is in the past: choose a later one")
            if closes_in_past
            else _l("The close is not in the past"),
            not closes_in_past,
        ),
        Check(
            _l("It is said when the exam closes")
            if has_end
            else _l("It is not said yet when the exam closes"),
            has_end,
            must=False,
        ),
        Check(
            _l("The time is limited") if has_duration else _l("The time is not limited"),
            has_duration,
            must=False,
        ),
        *(
            [_hardness(unfair=unfair, guessed=guessed)] if is_drawable else []  # else nobody knows
        ),
        Check(
            _l(
                "Courses ask these questions, too (%(told)s): what is right is not told there "
                "while the exam is open",
                told=told,
            ),
            good=True,
            must=False,
        )
        if told and seals and has_end
        else Check(
            _l(
                "Courses ask these questions, too (%(told)s): "
                "members can look up the answers there",
                told=told,
            )
            if told
            else _l("No course tells the answers"),
            told == 0,
            must=False,
        ),
        Check(
            _l("Chosen questions are not ready in the bank: %(unready)s", unready=unready)
            if unready
            else _l("All chosen questions are ready in the bank"),
            unready == 0,
            must=False,
        ),
    ]
