"""When something has to be done: due, overdue, exempt; and what may be asked of whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

REMINDER_DAYS = (7, 3, 1)  # before the last day
LONGEST_TERM = timedelta(days=730)
LONGEST_REASON = 300  # characters


class Duty(StrEnum):
    """How a member stands with an assignment."""

    DONE = "done"
    LATE = "late"  # done, after the last day
    EXEMPT = "exempt"
    OVERDUE = "overdue"
    DUE = "due"

    @property
    def is_open(self) -> bool:
        return self in {Duty.DUE, Duty.OVERDUE}


class BadDay(Refusal):
    """The last day lies in the past, or too far ahead."""

    sentence = _l("Choose a day from today on, within the next two years.")


class NothingToAssign(Refusal):
    """Not one course, theme or learning path was named."""

    sentence = _l("Choose a course, a theme or a learning path.")


class NeedsAWhy(Refusal):
    """An exemption or another day without a reason."""

    sentence = _l("Say why; the member will read it.")


class NotConcerned(Refusal):
    """The assignment does not ask this member for anything."""

    sentence = _l("This assignment is not for that member.")


class NotBefore(Refusal):
    """A course would need itself, through others."""

    sentence = _l("“%(title)s” already builds on this course; it cannot come before it.")


def checked_day(due_on: date, today: date) -> date:
    """The last day of an assignment. Raises BadDay."""
    if not today <= due_on <= today + LONGEST_TERM:
        raise BadDay
    return due_on


def checked_reason(text: str) -> str:
    """A reason of some words. Raises NeedsAWhy."""
    reason = " ".join(text.split())[:LONGEST_REASON]
    if not reason:
        raise NeedsAWhy
    return reason


def duty(*, due_on: date, done_on: date | None, exempt: bool, today: date) -> Duty:
    """How somebody stands; `done_on` is when the last course was done, None while one is open."""
    if done_on is not None:
        return Duty.DONE if done_on <= due_on else Duty.LATE
    if exempt:
        return Duty.EXEMPT
    return Duty.OVERDUE if today > due_on else Duty.DUE


class Word(StrEnum):
    """What a member is told about an assignment; each once."""

    NEW = "new"
    SOON = "soon"  # with how many days are left
    OVER = "over"


def word_of(duty: Duty, days_left: int, *, is_new: bool) -> tuple[Word, int] | None:
    """What there is to tell today, and the REMINDER_DAYS it is about (0 for the other words)."""
    if duty is Duty.OVERDUE:
        return Word.OVER, 0
    near = reminder(days_left) if duty is Duty.DUE else None
    if near is not None:
        return Word.SOON, near
    return (Word.NEW, 0) if is_new and duty is Duty.DUE else None


def reminder(days_left: int) -> int | None:
    """The nearest of REMINDER_DAYS that has been reached; None before the first of them."""
    return min((d for d in REMINDER_DAYS if 0 <= days_left <= d), default=None)


@dataclass(frozen=True)
class Asked:
    """What one assignment asks one member for: ids of courses; empty when nothing is meant."""

    courses: tuple[int, ...]
    done: int
    done_on: date | None  # of the last of them; None while one is open

    @property
    def is_open(self) -> bool:
        return self.done_on is None


def asked(courses: Iterable[int], done_on: Mapping[int, date]) -> Asked:
    """What is asked for, and how much of it is done. `done_on` says when a course was."""
    wanted = tuple(courses)
    days = [done_on[course] for course in wanted if course in done_on]
    last = max(days) if wanted and len(days) == len(wanted) else None
    return Asked(wanted, len(days), last)


def comes_round(needs: Mapping[int, Iterable[int]], course: int, needed: int) -> bool:
    """Whether `course` would come before itself if it needed `needed` too."""
    open_ends, met = [needed], set[int]()
    while open_ends:
        at = open_ends.pop()
        if at == course:
            return True
        if at not in met:
            met.add(at)
            open_ends += needs.get(at, ())
    return False
