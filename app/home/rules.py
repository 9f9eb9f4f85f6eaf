"""What a course page offers first, and how the day is greeted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What the one large button of a course says."""

    START = "start"
    CONTINUE = "continue"
    QUIZ = "quiz"  # every lesson is done, the quiz is next
    RETRY = "retry"  # the quiz was not passed yet and may be tried again
    DONE = "done"
    WAIT = "wait"  # the next lesson is still being prepared
    STUCK = "stuck"  # the quiz was not passed and no attempt is left
    EMPTY = "empty"  # a course without lessons, in a preview


@dataclass(frozen=True)
class LessonState:
    """One lesson as far as the next step is concerned; `heard` orders by when it was last open."""

    id: int
    is_ready: bool
    is_done: bool
    heard: float = 0.0  # 0: never


@dataclass(frozen=True)
class NextStep:
    """The step and the lesson it leads to, if it is a lesson."""

    step: Step
    lesson_id: int | None = None


def next_step(
    lessons: Sequence[LessonState],
    *,
    done: bool,
    has_quiz: bool = False,
    passed: bool = False,
    tried: bool = False,
    may_try: bool = True,
) -> NextStep:
    """Where a member goes on in a course: the lesson left last, else the first open one, the quiz.

    `tried` is whether the quiz has been submitted before, `may_try` whether an attempt is left.
    """
    if done:
        return NextStep(Step.DONE)
    if not lessons:
        return NextStep(Step.EMPTY)
    if any(not lesson.is_done for lesson in lessons):
        return _next_lesson(lessons)
    if not has_quiz or passed:
        return NextStep(Step.DONE)
    if not may_try:
        return NextStep(Step.STUCK)
    return NextStep(Step.RETRY if tried else Step.QUIZ)


def _next_lesson(lessons: Sequence[LessonState]) -> NextStep:
    ready = [lesson for lesson in lessons if lesson.is_ready and not lesson.is_done]
    if not ready:
        return NextStep(Step.WAIT)
    last = max(ready, key=lambda lesson: lesson.heard)
    target = last if last.heard else ready[0]
    begun = any(lesson.heard or lesson.is_done for lesson in lessons)
    return NextStep(Step.CONTINUE if begun else Step.START, target.id)


class DayPart(StrEnum):
    """The part of the day that a greeting names."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


def day_part(hour: int) -> DayPart:
    """The part of the day at an hour (0-23) of the organisation's clock."""
    if 5 <= hour < 12:
        return DayPart.MORNING
    if 12 <= hour < 18:
        return DayPart.AFTERNOON
    return DayPart.EVENING if 18 <= hour < 23 else DayPart.NIGHT
