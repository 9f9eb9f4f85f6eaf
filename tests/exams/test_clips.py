"""Pictures in questions are as free as the question: nobody sees one by knowing its name."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.core.db import db, unit_of_work
from app.courses import service as courses
from app.exams import service
from app.media import queries as media
from app.media import service as media_service
from app.media.models import Image as Stored
from app.members.models import Member
from tests.exams.examiner import Candidate, Desk, make_exam
from tests.factories import People
from tests.learning.lessons import Time, make_course, single


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


def send(app: Flask, owner: int, colour: str) -> str:
    data = BytesIO()
    Image.new("RGB", (40, 30), colour).save(data, "PNG")
    data.seek(0)
    with app.app_context(), unit_of_work():
        return media.image_url(media_service.receive_image(owner_id=owner, stream=data))


@pytest.fixture
def asked(app: Flask, trainer: int) -> str:
    return send(app, trainer, "teal")


@pytest.fixture
def told(app: Flask, trainer: int) -> str:
    return send(app, trainer, "red")


def question(asked: str, told: str, right: str = "stop") -> dict:
    body = single(
        f"What says this?\n\n![A sign]({asked})", f"CANARY-CORRECT-{right}", ("go", "wait")
    )
    return body | {"explanation": f"![Why]({told})"}


def seen(client: FlaskClient, *urls: str) -> list[int]:
    """Status of each; what is given to one reader is kept by no browser."""
    found = []
    for url in urls:
        with client.get(url) as answer:
            found.append(answer.status_code)
            assert answer.status_code != 200 or answer.headers["Cache-Control"] == "no-store"
    return found


def test_a_picture_is_shown_while_it_is_asked_and_again_when_answers_are_released(
    app: Flask, people: People, trainer: int, asked: str, told: str, time: Time
) -> None:
    exam = make_exam(app, trainer, [question(asked, told)])
    taker, other = Candidate(people, exam), Candidate(people, exam)
    assert seen(taker.client, asked, told) == [404, 404]
    taker.start()
    assert asked in taker.page()
    assert seen(taker.client, asked, told) == [200, 404]
    assert seen(other.client, asked, told) == [404, 404]
    assert seen(app.test_client(), asked) != [200]
    taker.submit(taker.right())
    assert seen(taker.client, asked, told) == [404, 404]
    time.moment += timedelta(hours=2, minutes=1)
    assert told in taker.result()
    assert seen(taker.client, asked, told) == [200, 200]
    assert seen(other.client, asked, told) == [404, 404]


def test_a_picture_is_not_shown_when_the_time_is_over_though_nobody_has_handed_in(
    app: Flask, people: People, trainer: int, asked: str, told: str, time: Time
) -> None:
    taker = Candidate(people, make_exam(app, trainer, [question(asked, told)]))
    taker.start()
    time.moment += timedelta(seconds=3659)
    assert seen(taker.client, asked) == [200]
    time.moment += timedelta(seconds=2)
    assert seen(taker.client, asked) == [404]


def test_without_a_way_back_only_the_picture_of_this_question_is_shown(
    app: Flask, people: People, trainer: int, asked: str, told: str
) -> None:
    second = send(app, trainer, "blue")
    exam = make_exam(
        app,
        trainer,
        [question(asked, told), question(second, told, "halt")],
        no_going_back=True,
        shuffle_questions=False,
    )
    taker = Candidate(people, exam)
    taker.start()
    assert seen(taker.client, asked, second) == [200, 404]
    taker.save({}, go="2")
    assert seen(taker.client, asked, second) == [404, 200]


def test_who_reads_the_bank_or_looks_after_the_exam_sees_its_pictures(
    app: Flask, people: People, trainer: int, asked: str, told: str
) -> None:
    far = people.branch("Far away")
    organizer = people.member(organizes=people.root)
    elsewhere = people.member(branch=far, organizes=far)
    exam = make_exam(app, trainer, [question(asked, told)])
    assert seen(people.client(trainer), asked, told) == [200, 200]
    assert seen(people.client(people.member(role="trainer")), asked, told) == [200, 200]
    assert seen(Desk(people, organizer).client, asked, told) == [200, 200]
    helper = people.client(elsewhere)
    assert seen(helper, asked, told) == [404, 404]
    with app.app_context(), unit_of_work() as session:
        name = session.get_one(Member, elsewhere).username
        service.change(exam.id, actor_id=trainer, markers=name)
    assert seen(helper, asked, told) == [200, 200]


def test_a_picture_of_a_quiz_is_shown_to_its_takers_and_a_cover_to_everybody(
    app: Flask, people: People, trainer: int, asked: str, told: str
) -> None:
    made = make_course(app, trainer, quiz=[question(asked, told)])
    member = people.member()
    client = people.client(member)
    assert seen(client, asked, told) == [404, 404]
    with app.app_context(), unit_of_work():
        service.start(member_id=member, course_id=made.id)
    assert seen(client, asked, told) == [200, 404]

    cover = send(app, trainer, "green")
    assert seen(client, cover) == [404]
    with app.app_context(), unit_of_work() as session:
        image = session.scalars(db.select(Stored).order_by(Stored.id.desc())).first()
        courses.set_cover(made.id, image.id)
    with client.get(cover) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
