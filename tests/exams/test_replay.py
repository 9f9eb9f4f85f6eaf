"""Where a question is taught: shown after a wrong answer, to whoever may watch it."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Lesson
from app.questions import service as bank
from tests.exams.taker import Taker
from tests.factories import People, csrf
from tests.learning.lessons import Made, make_course, truefalse


def recording_of(app: Flask, lesson: int) -> int:
    with app.app_context():
        found = db.session().get_one(Lesson, lesson).media_id
        db.session().rollback()
    assert found is not None
    return found


def test_a_wrong_answer_offers_the_replay_and_a_right_one_does_not(
    app: Flask, people: People, trainer: int, course: Made, taker: Taker
) -> None:
    desk = people.client(trainer)
    media = recording_of(app, course.lessons[0])
    for question in course.questions:
        answer = desk.post(
            f"/desk/questions/{question}/sort",
            data={"state": "ready", "recording": media, "from": "00:12", "until": "0:40"},
            headers=csrf(desk),
        )
        assert answer.status_code == 302
    page = desk.get(f"/desk/questions/{course.questions[0]}").get_data(as_text=True)
    assert 'value="00:12"' in page
    assert "00:12–00:40" in page  # who changed what

    taker.start()
    right = taker.right_answers()
    first = next(iter(right))
    item = next(item for item in taker.paper() if item.id == first)
    wrong = next(name for name in item.options.values() if name not in right[first])
    done = taker.submit({**right, first: [wrong]})
    page = taker.client.get(done.headers["Location"]).get_data(as_text=True)
    link = f'/courses/{course.slug}/lessons/{course.lessons[0]}?t=12"'
    assert page.count(link) == 1
    assert "Replay 00:12–00:40" in page
    with app.app_context(), unit_of_work():
        db.session().get_one(Lesson, course.lessons[0]).removed_at = clock.now()
    page = taker.client.get(done.headers["Location"]).get_data(as_text=True)
    assert link not in page  # a removed lesson is not there


def test_a_recording_that_the_member_cannot_watch_is_not_offered(
    app: Flask, people: People, trainer: int, course: Made, taker: Taker
) -> None:
    closed = make_course(
        app, trainer, quiz=(truefalse("Closed?", False),), branch=people.branch("Closed")
    )
    media = recording_of(app, closed.lessons[0])
    with app.app_context(), unit_of_work():
        for question in course.questions:
            bank.place(question, by=trainer, media_id=media, start_ms=5_000)
    taker.start()
    done = taker.submit({})
    page = taker.client.get(done.headers["Location"]).get_data(as_text=True)
    assert "answer-head" in page
    assert "?t=5" not in page


@pytest.mark.parametrize(
    "given",
    [
        {"from": "1:99", "until": ""},
        {"from": "02:00", "until": "01:00"},
        {"from": "-1", "until": ""},
        {"from": "9" * 40, "until": ""},
        {"recording": "999999", "from": "", "until": ""},
    ],
)
def test_a_place_that_makes_no_sense_changes_nothing(
    app: Flask, people: People, trainer: int, course: Made, given: dict[str, str]
) -> None:
    desk = people.client(trainer)
    media = recording_of(app, course.lessons[0])
    url = f"/desk/questions/{course.questions[0]}"
    data = {"state": "ready", "recording": media} | given
    answer = desk.post(f"{url}/sort", data=data, headers=csrf(desk))
    assert answer.status_code in {302, 404}
    page = desk.get(url).get_data(as_text=True)
    assert '<option value="" selected' in page or f'value="{media}" selected' not in page


def test_the_bank_shows_how_questions_have_done(
    people: People, trainer: int, course: Made, taker: Taker
) -> None:
    taker.start()
    taker.submit(taker.right_answers())
    desk = people.client(trainer)
    ids = ",".join(map(str, course.questions))
    page = desk.get(f"/desk/question-figures?ids={ids},x,99999999999").get_data(as_text=True)
    assert page.count("1 answer · 100 % right on average") == 3
    assert page.count('href="/desk/questions/') == 3
