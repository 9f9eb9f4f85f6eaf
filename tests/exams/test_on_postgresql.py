"""What only PostgreSQL may refuse, told whole: two markers, an appeal, a certificate, a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.exams.rules import Action
from app.exams.service import regrade
from config import Config
from tests import postgresql
from tests.conftest import make_config
from tests.exams import (
    test_attacks,
    test_catching_up,
    test_clips,
    test_desk,
    test_exams,
    test_marking,
    test_requizzing,
)
from tests.exams.examiner import Candidate, Set, make_exam
from tests.exams.test_desk import written
from tests.factories import People
from tests.learning.lessons import Time, make_course

__all__ = ["written"]  # a fixture


@pytest.fixture
def config(server: str, migrated_there: str, tmp_path: Path) -> Iterator[Config]:
    with postgresql.database(server, like=migrated_there) as address:
        yield make_config(tmp_path, database_url=address)


@pytest.mark.usefixtures("time")
def test_marks_that_differ_an_appeal_and_its_certificate(
    app: Flask, people: People, trainer: int
) -> None:
    args = (app, people, trainer)
    test_marking.test_marks_that_differ_are_shown_and_settled_by_a_third_or_by_agreement(*args)
    test_marking.test_an_appeal_is_answered_by_another_marker_and_its_result_flows_through(*args)


def test_a_picture_while_it_is_asked(app: Flask, people: People, trainer: int, time: Time) -> None:
    pictures = (test_clips.send(app, trainer, "teal"), test_clips.send(app, trainer, "red"))
    test_clips.test_a_picture_is_shown_while_it_is_asked_and_again_when_answers_are_released(
        app, people, trainer, *pictures, time
    )


@pytest.mark.usefixtures("time")
def test_two_questions_marked_anew_at_the_same_moment_both_count(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.wrong())
    assert taker.row().score == 0
    given = (
        f"UPDATE attempt SET score = 1 WHERE id = {taker.attempt};"
        "UPDATE attempt_item SET mark = 1 FROM question_version "
        f"WHERE question_version.id = version_id AND question_id = {exam.questions[0]}"
    )
    postgresql.meanwhile(
        app,
        app.extensions["weike"].database_url,
        given,
        lambda: regrade(
            exam.id, exam.questions[1], Action.FULL_MARKS, actor_id=trainer, reason="Two right"
        ),
    )
    assert taker.row().score == 2
    assert sum(item.mark or 0 for item in taker.items()) == 2


@pytest.mark.usefixtures("time")
def test_equal_regrades_at_once(
    app: Flask, people: People, trainer: int, written: tuple[Set, list[Candidate]]
) -> None:
    test_desk.test_of_equal_regrades_at_once_one_is_done_and_the_others_are_told(
        app, people, trainer, written
    )


@pytest.mark.usefixtures("time")
def test_a_quiz_is_marked_anew_in_steps(
    app: Flask, people: People, trainer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make_course(app, trainer, [("reading", 1000)], [test_requizzing.WRONG])
    question = test_requizzing.question_of(app, course)
    desk = test_requizzing.Desk(people, trainer, course, question)
    test_requizzing.test_a_large_quiz_is_marked_by_the_worker_in_steps_and_a_second_one_waits(
        app, people, course, question, desk, trainer, monkeypatch
    )


def test_two_hundred_parallel_submits_and_a_pause_in_between(
    app: Flask, people: People, trainer: int
) -> None:
    test_exams.test_two_hundred_parallel_submits_are_one(app, people, make_exam(app, trainer))
    test_attacks.test_while_some_hand_in_the_exam_is_paused_and_nothing_is_lost(
        app, people, trainer
    )


@pytest.mark.usefixtures("time")
def test_handing_in_while_questions_are_marked_anew(
    app: Flask, people: People, trainer: int
) -> None:
    test_catching_up.test_handing_in_while_a_regrade_is_done_leaves_nobody_out(app, people, trainer)


def test_who_hands_in_between_two_steps(
    app: Flask, people: People, trainer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_catching_up.test_who_hands_in_a_quiz_between_two_steps_of_its_regrade_is_marked_once(
        app, people, trainer, monkeypatch
    )
