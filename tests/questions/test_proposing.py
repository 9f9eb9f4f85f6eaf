"""Questions proposed from a text: from sentences that define something, always as drafts."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Lesson
from app.media.models import CaptionTrack
from app.questions import queries, service
from app.questions.formats import proposing
from app.questions.models import QuestionImport
from tests.factories import People, csrf
from tests.learning.lessons import make_course


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("灭火器是指能够扑灭初起火灾的器具。", "[[灭火器]]是指能够扑灭初起火灾的器具。"),
        (
            "A fire door is a door that resists fire.",
            "A [[fire door]] is a door that resists fire.",
        ),
    ],
)
def test_a_definition_gives_a_gap_and_a_statement(app: Flask, text: str, stem: str) -> None:
    with app.test_request_context():
        gap, statement = proposing.propose(
            [proposing.Passage("Course 07:12", f"Good morning. {text}")]
        ).items
    assert (gap.kind, gap.body["stem"]) == ("cloze", stem)
    assert (statement.kind, statement.body["answer"]) == ("truefalse", True)
    assert gap.facts == {"source": "Course 07:12"}


@pytest.mark.parametrize(
    "text",
    [
        "这是一种很好的办法，大家都可以试试看。",
        "It is a door that resists fire.",
        "灭火器是指什么样的东西呢？",
        "好。",
        "a" * 90_000,
    ],
)
def test_other_sentences_give_nothing(app: Flask, text: str) -> None:
    with app.test_request_context():
        assert proposing.propose([proposing.Passage("", text)]).items == []


def test_proposals_become_drafts_whatever_is_asked(app: Flask, people: People) -> None:
    trainer = people.member(role="trainer")
    with app.app_context(), unit_of_work():
        paper = proposing.propose([proposing.Passage("p. 3", "灭火器是指能够扑灭初起火灾的器具。")])
        made = service.take_import(service.open_import(paper, filename="x", author_id=trainer))
        found = queries.questions(made)
        assert {q.state for q in found.values()} == {"draft"}
        assert {q.source for q in found.values()} == {"p. 3"}


def test_captions_of_a_lesson_open_in_the_import_doctor(app: Flask, people: People) -> None:
    trainer = people.member(role="trainer")
    made = make_course(app, trainer)
    with app.app_context(), unit_of_work() as session:
        lesson = session.get_one(Lesson, made.lessons[0])
        cues = [[12_000, 14_000, "灭火器是指能够扑灭"], [14_000, 16_000, "初起火灾的器具。"]]
        session.add(
            CaptionTrack(
                media_id=lesson.media_id,
                language="zh-Hans",
                label="中文",
                cues=cues,
                changed_at=clock.now(),
            )
        )
    desk = people.client(trainer)
    url = f"/desk/lessons/{made.lessons[0]}"
    assert f"{url}/propose" in desk.get(url).get_data(as_text=True)
    answer = desk.post(f"{url}/propose", headers=csrf(desk))
    assert answer.status_code == 303
    page = desk.get(answer.headers["Location"]).get_data(as_text=True)
    assert "器具" in page
    other = people.client(people.member(role="trainer"))
    assert other.post(f"{url}/propose", headers=csrf(other)).status_code == 404
    with app.app_context():
        row = db.session().get_one(QuestionImport, 1)
        assert row.items[0]["facts"] == {
            "source": "Lesson 1 00:12",
            "places": [{"kind": "recording", "ref": "1", "start": 12_000, "finish": 16_000}],
        }
