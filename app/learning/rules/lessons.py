"""How a lesson counts, when it is complete, where to go on, and how far a course is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import NotAllowed, Refusal
from app.learning.rules.budget import USUAL_SPEED
from app.learning.rules.spans import missing

READING_SPEED = 100  # per cent: a page is open for a second per second
READING_SHARE = 50  # per cent of the estimated reading time; many read faster than the estimate
READING_LEAST_MS = 3_000
END_SLACK_MS = 1_000  # the last second need not be seen even at 100 %: players end early
NEAR_START_MS = 5_000  # nobody needs to be told that 0:03 is where they stopped
NEAR_END_MS = 3_000


class OnlyAPreview(Refusal):
    """A course that is not published earns nothing."""

    sentence = _l("This is a preview: nothing is counted until the course is published.")


class NeedsOthers(NotAllowed):
    """Another course has to be done first."""

    sentence = _l("First finish “%(title)s”; this course builds on it.")


@dataclass(frozen=True)
class Measure:
    """How a lesson is measured: its length and what is needed of it, in ms; `speed` bounds it,
    per cent of the clock."""

    length_ms: int
    needed_ms: int
    speed: int
    needs_end: bool


def measure_of(
    kind: str, length_ms: int, completion_percent: int, speed: int = USUAL_SPEED
) -> Measure:
    """How a lesson counts. A recording: unique ms, at the highest `speed` allowed; a text: time
    while visible, and its end reached.

    A text is measured against READING_SHARE of the estimated reading time: the estimate is for
    slow readers, and the end must be reached besides.
    """
    if kind == "reading":
        needed = max(READING_LEAST_MS, length_ms * READING_SHARE // 100)
        return Measure(needed, needed, READING_SPEED, needs_end=True)
    needed = -(-length_ms * completion_percent // 100)
    if length_ms > 10 * END_SLACK_MS:
        needed = min(needed, length_ms - END_SLACK_MS)
    return Measure(length_ms, needed, speed, needs_end=False)


def percent_seen(seen_ms: int, length_ms: int, *, complete: bool) -> int:
    """How far a lesson is, 0 to 100, rounded down; 100 only when it is complete."""
    if complete:
        return 100
    if length_ms <= 0:
        return 0
    return min(99, seen_ms * 100 // length_ms)


def next_position(before: int, reported: int, *, complete: bool) -> int:
    """Where to go on; a finished lesson is not rewound by looking at its beginning again."""
    return max(before, reported) if complete else reported


def resume_at(
    position_ms: int, spans: Sequence[Sequence[int]], length_ms: int, *, complete: bool
) -> int:
    """Where the player starts: where the member stopped; at the end, the first part not yet seen.

    0 for a finished lesson, and for one that was hardly begun.
    """
    if complete or length_ms <= 0:
        return 0
    if position_ms >= length_ms - NEAR_END_MS:
        gaps = [gap for gap in missing(spans, length_ms) if gap[1] - gap[0] > END_SLACK_MS]
        position_ms = gaps[0][0] if gaps else 0
    return position_ms if position_ms >= NEAR_START_MS else 0


class CourseState(StrEnum):
    """How far a member is in a course."""

    NEW = "new"
    STARTED = "started"
    QUIZ = "quiz"  # every lesson is done, the quiz is not passed yet
    DONE = "done"


def course_state(
    *, started: bool, lessons: int, lessons_done: int, has_quiz: bool, passed: bool, done: bool
) -> CourseState:
    """The state of a course; once done it stays done, also when lessons are added later."""
    if done:
        return CourseState.DONE
    if has_quiz and not passed and 0 < lessons == lessons_done:
        return CourseState.QUIZ
    return CourseState.STARTED if started or passed else CourseState.NEW


def is_course_done(*, lessons: int, lessons_done: int, has_quiz: bool, passed: bool) -> bool:
    """All lessons complete, and the quiz passed when there is one."""
    return 0 < lessons == lessons_done and (passed or not has_quiz)


def course_percent(total: int, weight: int, *, done: bool) -> int:
    """How far a course is: `total` is the sum of length × percent of its lessons, `weight` of the
    lengths. 100 only when the course is done."""
    if done:
        return 100
    return min(99, total // weight) if weight else 0
