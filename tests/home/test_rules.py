"""What a course page offers first, and how the day is greeted."""

from __future__ import annotations

import pytest

from app.home.rules import DayPart, LessonState, NextStep, Step, day_part, next_step


def lessons(*marks: str) -> list[LessonState]:
    """One lesson per mark: "." open, "x" done, "w" waiting for its media, "3" heard third."""
    return [
        LessonState(
            id=number,
            is_ready=mark != "w",
            is_done=mark == "x",
            heard=float(mark) if mark.isdigit() else 0.0,
        )
        for number, mark in enumerate(marks, 1)
    ]


@pytest.mark.parametrize(
    ("marks", "step", "lesson"),
    [
        ("...", Step.START, 1),
        ("x..", Step.CONTINUE, 2),
        ("1..", Step.CONTINUE, 1),
        ("1.2", Step.CONTINUE, 3),
        ("x2x", Step.CONTINUE, 2),
        ("w..", Step.START, 2),
        ("xww", Step.WAIT, None),
        ("w", Step.WAIT, None),
        ("xxx", Step.DONE, None),
        ("", Step.EMPTY, None),
    ],
)
def test_the_lesson_left_last_comes_first_then_the_first_open_one(
    marks: str, step: Step, lesson: int | None
) -> None:
    assert next_step(lessons(*marks), done=False) == NextStep(step, lesson)


@pytest.mark.parametrize(
    ("quiz", "step"),
    [
        ({}, Step.QUIZ),
        ({"tried": True}, Step.RETRY),
        ({"tried": True, "may_try": False}, Step.STUCK),
        ({"passed": True}, Step.DONE),
    ],
)
def test_the_quiz_comes_when_every_lesson_is_done(quiz: dict, step: Step) -> None:
    assert next_step(lessons("x", "x"), done=False, has_quiz=True, **quiz).step is step
    assert next_step(lessons("x", "."), done=False, has_quiz=True, **quiz).step is Step.CONTINUE


def test_a_done_course_stays_done_when_a_lesson_is_added() -> None:
    assert next_step(lessons("x", "."), done=True, has_quiz=True).step is Step.DONE


@pytest.mark.parametrize(
    ("hours", "part"),
    [
        (range(5, 12), DayPart.MORNING),
        (range(12, 18), DayPart.AFTERNOON),
        (range(18, 23), DayPart.EVENING),
        ((23, 0, 1, 2, 3, 4), DayPart.NIGHT),
    ],
)
def test_each_hour_has_its_greeting(hours, part: DayPart) -> None:
    assert {day_part(hour) for hour in hours} == {part}
