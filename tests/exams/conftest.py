"""A moment that stands still, a course with a quiz, and a member who takes it."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core import clock
from tests.exams.taker import Taker
from tests.factories import People
from tests.learning.lessons import Made, Time, make_course, multiple, single, truefalse

QUIZ = (
    single("What comes first?", "CANARY-CORRECT-call for help", ("take the lift", "open windows")),
    multiple(
        "What helps in smoke?",
        {
            "CANARY-CORRECT-stay low": "0.5",
            "CANARY-CORRECT-cover your mouth": "0.5",
            "take the lift": "-0.5",
            "go back": "-0.5",
        },
        explanation="CANARY-EXPLANATION-two",
    ),
    truefalse("Boxes may stand on the stairs.", False),
)


@pytest.fixture
def time():
    time = Time()
    with clock.use(time):
        yield time


@pytest.fixture
def trainer(people: People) -> int:
    return people.member(role="trainer")


@pytest.fixture
def course(app: Flask, trainer: int) -> Made:
    return make_course(app, trainer, quiz=QUIZ)


@pytest.fixture
def taker(people: People, course: Made) -> Taker:
    return Taker(people, course)
