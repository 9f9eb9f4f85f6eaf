"""Discussions below lessons: who sees them, who may do what, and what they bring."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.community.models import Post, PostReport
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.courses.models import Course
from app.courses.service import refresh_search
from app.notices.models import Notice
from app.points.models import Entry
from app.points.queries import diary
from tests.factories import People, csrf
from tests.learning.lessons import Made, make_course
from tests.library.conftest import Librarian


@dataclass
class Room:
    """North's course with Ann and Bob; Zoe is of South, Olga organizes North."""

    app: Flask
    people: People
    north: int
    course: Made
    trainer: int
    ann: int
    bob: int
    zoe: int
    olga: int

    def post(self, member: int, path: str, **data: str):
        client = self.people.client(member)
        return client.post(path, data=data, headers=csrf(client))

    def page(self, member: int, path: str) -> str:
        answer = self.people.client(member).get(path)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    @property
    def below(self) -> str:
        return f"/discussions/lessons/{self.course.lesson}"

    def ask(self, member: int, body: str = "Why this valve?", **more: str) -> int:
        answer = self.post(member, self.below, body=body, **more)
        assert answer.status_code == 303
        return int(answer.headers["Location"].rsplit("/", 1)[1])

    def answer(self, member: int, question: int, body: str = "Because of the pressure.") -> int:
        answer = self.post(member, f"/discussions/{question}", body=body)
        assert answer.status_code == 303
        return int(re.search(r"#post-(\d+)$", answer.headers["Location"]).group(1))

    def told(self, member: int) -> list[str]:
        with self.app.app_context():
            found = db.session.query(Notice.title).filter_by(member_id=member).order_by(Notice.id)
            titles = [title for (title,) in found]
            db.session.rollback()
        return titles

    def choose(self, **chosen: str) -> None:
        boss = self.people.member(role="administrator")
        answer = self.post(boss, "/admin/organisation/ways", highest_speed="200", **chosen)
        assert answer.status_code == 303


@pytest.fixture
def room(app: Flask, people: People) -> Room:
    north, south = people.branch("North"), people.branch("South")
    trainer = people.member("Tina", branch=north, role="trainer")
    return Room(
        app=app,
        people=people,
        north=north,
        course=make_course(app, trainer, branch=north),
        trainer=trainer,
        ann=people.member("Ann", branch=north),
        bob=people.member("Bob", branch=north),
        zoe=people.member("Zoe", branch=south),
        olga=people.member("Olga", branch=north, organizes=north),
    )


def test_a_question_is_asked_answered_and_what_helped_is_said(room: Room) -> None:
    question = room.ask(room.ann)
    assert room.told(room.trainer) == ["A question about “Lesson 1”"]
    answer = room.answer(room.bob, question)
    assert room.told(room.ann) == ["An answer about “Lesson 1”"]
    assert room.told(room.bob) == []
    page = room.page(room.ann, f"/discussions/{question}")
    assert "Because of the pressure." in page
    assert "This helped" in page
    assert room.post(room.ann, f"/discussions/posts/{answer}/helpful").status_code == 303
    assert room.told(room.bob) == ["Your answer about “Lesson 1” helped"]
    assert "one of them helped" in room.page(room.bob, room.below)
    lesson = room.page(room.bob, f"/courses/{room.course.slug}/lessons/{room.course.lesson}")
    assert f'hx-get="{room.below}/newest"' in lesson
    assert "Why this valve?" in room.page(room.bob, f"{room.below}/newest")


def test_everybody_is_told_with_the_title_of_the_lesson_in_their_language(room: Room) -> None:
    lesson = f"/desk/lessons/{room.course.lesson}"
    named = room.post(room.trainer, lesson, title="Lesson 1", title_zh_Hans="第一课")
    assert named.status_code == 302
    mei = room.people.member("Mei", branch=room.north, language="zh_Hans")
    answer = room.answer(mei, room.ask(room.ann))
    assert room.told(room.ann) == ["An answer about “Lesson 1”"]
    room.post(room.ann, f"/discussions/posts/{answer}/helpful")
    assert "第一课" in room.told(mei)[0]
    with room.app.app_context():
        assert [e.note for e in db.session.query(Entry).filter_by(reason="answer")] == ["Lesson 1"]
        db.session.rollback()
    room.post(room.ann, f"/discussions/posts/{answer}/report", reason="Unkind")
    judge = room.people.member(branch=room.north, organizes=room.north, language="zh_Hans")
    assert "第一课" in room.page(judge, "/desk/discussions")


def test_who_does_not_see_the_lesson_sees_nothing_of_what_is_said_below_it(room: Room) -> None:
    question = room.ask(room.ann)
    answer = room.answer(room.bob, question)
    client = room.people.client(room.zoe)
    for path in (room.below, f"{room.below}/newest", f"/discussions/{question}"):
        assert client.get(path).status_code == 404
        assert room.people.client(room.bob).get(path).status_code == 200
    for path in (
        *(room.below, f"/discussions/{question}", f"/discussions/posts/{answer}/helpful"),
        *(f"/discussions/posts/{answer}/report", f"/discussions/posts/{answer}/withdraw"),
    ):
        assert room.post(room.zoe, path, body="Hello", reason="x").status_code == 404
    with room.app.app_context(), unit_of_work() as session:
        assert session.query(Post).count() == 2
        session.get_one(Course, room.course.id).state = "withdrawn"
    assert room.people.client(room.bob).get(f"/discussions/{question}").status_code == 404


def test_members_who_no_longer_see_the_lesson_are_not_told(room: Room) -> None:
    question = room.ask(room.ann)
    with room.app.app_context(), unit_of_work() as session:
        session.execute(
            db.text("UPDATE member SET is_active = :no WHERE id = :id"),
            {"no": False, "id": room.ann},
        )
    room.answer(room.bob, question)
    assert room.told(room.ann) == []
    assert room.told(room.trainer)[1:] == ["An answer about “Lesson 1”"]


def test_only_the_asker_and_the_trainer_say_what_helped_and_nobody_of_themselves(
    room: Room,
) -> None:
    question = room.ask(room.ann)
    answers = {who: room.answer(who, question, f"From {who}") for who in (room.ann, room.bob)}
    answers[room.trainer] = room.answer(room.trainer, question, "From the trainer")

    def mark(by: int, of: int) -> int:
        return room.post(by, f"/discussions/posts/{answers[of]}/helpful").status_code

    assert mark(room.olga, room.bob) == 403
    assert mark(room.bob, room.bob) == 403
    assert mark(room.ann, room.ann) == 403
    assert mark(room.trainer, room.trainer) == 403
    assert mark(room.trainer, room.bob) == 303
    assert mark(room.ann, room.trainer) == 303
    assert mark(room.ann, room.bob) == 303  # once more changes nothing
    assert room.post(room.ann, f"/discussions/posts/{question}/helpful").status_code == 404
    with room.app.app_context():
        entries = db.session.query(Entry).filter_by(reason="answer").order_by(Entry.id).all()
        assert [(e.member_id, e.amount) for e in entries] == [(room.bob, 0), (room.trainer, 0)]
        db.session.rollback()


def test_five_helpful_answers_are_the_badge_of_those_who_help(room: Room) -> None:
    for number in range(5):
        question = room.ask(room.ann, f"Question {number}")
        answer = room.answer(room.bob, question)
        room.post(room.ann, f"/discussions/posts/{answer}/helpful")
        with room.app.app_context():
            found = diary(room.bob, room.app.extensions["weike"].zone)
            badge = next(each for each in found.badges if each.badge.name == "helper")
            db.session.rollback()
        assert badge.count == number + 1
        assert badge.reached is (number == 4)
    assert found.streak.length == 0  # that others were helped is no day of learning
    assert "Helps others" in room.page(room.bob, "/points/streak")


def test_what_is_reported_is_hidden_by_trainers_and_organizers_of_the_author(room: Room) -> None:
    question = room.ask(room.ann)
    answer = room.answer(room.bob, question, "Something rude")
    stranger = room.people.member(organizes=room.people.branch("East"))
    for _ in range(2):
        reported = room.post(room.ann, f"/discussions/posts/{answer}/report", reason="Rude")
        assert reported.status_code == 303
    assert room.told(room.trainer)[-1] == "A post about “Lesson 1” was reported"
    for who in (room.trainer, room.olga):
        page = room.page(who, "/desk/discussions")
        assert "Something rude" in page
        assert "1 report" in page
    assert "Something rude" not in room.page(stranger, "/desk/discussions")
    decide = f"/desk/discussions/{answer}"
    assert room.post(stranger, decide, do="hide", reason="x").status_code == 404
    assert room.post(room.bob, decide, do="show").status_code == 404
    room.post(room.olga, decide, do="hide", reason=" ")
    assert "Something rude" in room.page(room.ann, f"/discussions/{question}")
    assert room.post(room.olga, decide, do="hide", reason="Be kind").status_code == 303
    assert "Something rude" not in room.page(room.ann, f"/discussions/{question}")
    assert "No reply yet" in room.page(room.ann, room.below)
    assert "Be kind" in room.page(room.bob, f"/discussions/{question}")
    assert room.told(room.bob)[-1] == "Something you wrote was hidden"
    helped = room.post(room.ann, f"/discussions/posts/{answer}/helpful")
    assert helped.status_code == 404
    assert room.post(room.trainer, decide, do="show").status_code == 303
    assert "Something rude" in room.page(room.ann, f"/discussions/{question}")
    with room.app.app_context():
        (report,) = db.session.query(PostReport).all()
        assert report.settled_at is not None
        db.session.rollback()


def test_answers_to_a_hidden_question_are_hidden_with_it(room: Room) -> None:
    question = room.ask(room.ann)
    answer = room.answer(room.bob, question)
    room.post(room.trainer, f"/desk/discussions/{question}", do="hide", reason="Off topic")
    client: FlaskClient = room.people.client(room.bob)
    assert client.get(f"/discussions/{question}").status_code == 404
    assert client.get(f"/discussions/{answer}").status_code == 404
    assert room.post(room.bob, f"/discussions/{question}", body="More").status_code == 404
    assert room.post(room.ann, f"/discussions/{question}", body="More").status_code == 404


def test_one_takes_back_ones_own_words_but_no_question_that_was_answered(room: Room) -> None:
    question = room.ask(room.ann)
    answer = room.answer(room.bob, question)
    assert room.post(room.ann, f"/discussions/posts/{question}/withdraw").status_code == 409
    assert room.post(room.ann, f"/discussions/posts/{answer}/withdraw").status_code == 404
    assert room.post(room.bob, f"/discussions/posts/{answer}/withdraw").status_code == 303
    assert room.post(room.ann, f"/discussions/posts/{question}/withdraw").status_code == 303
    assert "Nobody has asked yet" in room.page(room.bob, room.below)


def test_a_second_press_of_the_button_asks_once(room: Room) -> None:
    assert room.ask(room.ann) == room.ask(room.ann)
    assert room.ask(room.ann, "Another one") != room.ask(room.bob, "Another one")
    assert len(room.told(room.trainer)) == 3


@pytest.mark.parametrize(
    "body", ["", "  \n ", "\u202e\u200f", "x" * 2001, "x" + " " * 300_000 + "x", "\u0300\u0301"]
)
def test_what_says_nothing_or_too_much_is_refused_beside_its_field(room: Room, body: str) -> None:
    answer = room.post(room.ann, room.below, body=body)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.get_data(as_text=True)
    question = room.ask(room.ann)
    assert room.post(room.bob, f"/discussions/{question}", body=body).status_code == 422


def test_words_stay_words(room: Room) -> None:
    tower = "Z" + "\u0301" * 40
    question = room.ask(room.ann, f"<img src=x onerror=alert(1)>\r\n\u202egnp.exe {tower}")
    page = room.page(room.bob, f"/discussions/{question}")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\u0301" * 4 not in page


def test_a_quotation_from_a_document_comes_along(room: Room) -> None:
    quoted = f"{room.below}?quote=Valve+B+is+closed.&source=/library/5"
    assert "Valve B is closed." in room.page(room.ann, quoted)
    question = room.ask(room.ann, quote="Valve B is closed.", source="/library/5")
    page = room.page(room.bob, f"/discussions/{question}")
    assert "Valve B is closed." in page
    assert 'href="/library/5"' in page
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"):
        asked = room.ask(room.ann, f"About {evil}", quote="Q", source=evil)
        assert f'href="{evil}"' not in room.page(room.bob, f"/discussions/{asked}")


def test_who_comes_from_a_document_chooses_among_lessons_of_late(room: Room) -> None:
    start = "/discussions/new?quote=Valve+B&source=/library/5"
    assert "No lesson to ask below yet" in room.page(room.ann, start)
    client = room.people.client(room.ann)
    opened = client.post(
        "/learning/visits",
        json={"course": room.course.slug, "lesson": room.course.lesson},
        headers=csrf(client),
    )
    assert opened.status_code == 201
    page = room.page(room.ann, start)
    assert "Valve B" in page
    lesson = str(room.course.lesson)
    data = {"body": "Is this still so?", "quote": "Valve B", "source": "/library/5"}
    assert room.post(room.ann, "/discussions/new", lesson=lesson, **data).status_code == 303
    assert "Is this still so?" in room.page(room.bob, room.below)
    other = make_course(room.app, room.trainer, branch=room.people.branch("West"))
    wrong = room.post(room.ann, "/discussions/new", lesson=str(other.lesson), **data)
    assert wrong.status_code == 422


def test_words_of_a_document_become_a_question_and_lead_back_to_their_place(room: Room) -> None:
    librarian = Librarian(room.app, room.people)
    document = librarian.upload("第一条 支部应当定期组织学习。".encode(), "办法.txt")
    client = room.people.client(room.ann)
    headers = csrf(client)
    visit = {"course": room.course.slug, "lesson": room.course.lesson}
    assert client.post("/learning/visits", json=visit, headers=headers).status_code == 201
    text = room.page(room.ann, document)
    assert 'formaction="/discussions/new"' in text
    source = re.search(r'name="source" value="([^"]+)"', text).group(1)
    words = "支部应当定期组织学习" * 70  # 700 characters are 6 300 bytes in an address
    form = {"quote": words, "source": source, "text": "Since when?", "anchor": "a1"}
    page = client.post("/discussions/new", data=form, headers=headers).get_data(as_text=True)
    assert words[:600] in page
    assert words[:601] not in page
    assert "Since when?" in page
    kept = dict(re.findall(r'name="(quote|source)" type="hidden" value="([^"]*)"', page))
    assert kept == {"quote": words[:600], "source": source}
    asked = client.post(
        "/discussions/new",
        data={**kept, "body": "Since when?", "lesson": str(room.course.lesson)},
        headers=headers,
    )
    assert asked.status_code == 303
    thread = client.get(asked.location).get_data(as_text=True)
    assert words[:600] in thread
    assert f'href="{source}"' in thread
    answer = client.get(source, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.request.path == document
    evil = {**form, "source": "https://evil.example"}
    page = client.post("/discussions/new", data=evil, headers=headers).get_data(as_text=True)
    assert "evil.example" not in page


def test_long_lists_have_pages(room: Room) -> None:
    for number in range(21):
        question = room.ask(room.ann, f"Question {number}.")
    first = room.page(room.bob, room.below)
    assert "Question 20." in first
    assert "Question 0." not in first
    assert "Question 0." in room.page(room.bob, f"{room.below}?page=2")
    answers = [room.answer(room.bob, question, f"Answer {number}.") for number in range(21)]
    assert "Answer 20." not in room.page(room.ann, f"/discussions/{question}")
    room.post(room.ann, f"/discussions/posts/{answers[20]}/helpful")
    assert "Answer 20." in room.page(room.ann, f"/discussions/{question}")  # what helped is first


def test_discussions_can_be_switched_off(room: Room) -> None:
    question = room.ask(room.ann)
    lesson = f"/courses/{room.course.slug}/lessons/{room.course.lesson}"
    room.choose()
    for path in (room.below, f"/discussions/{question}"):
        assert room.people.client(room.ann).get(path).status_code == 404
    assert room.people.client(room.olga).get("/desk/discussions").status_code == 404
    assert room.post(room.ann, room.below, body="Hello?").status_code == 404
    assert "newest" not in room.page(room.ann, lesson)
    room.choose(discussions="y")
    assert "Why this valve?" in room.page(room.ann, f"/discussions/{question}")
    assert "newest" in room.page(room.ann, lesson)


def test_too_many_questions_in_an_hour_wait(tmp_path, migrated) -> None:
    """Limits are off in tests; here they are on."""
    import shutil

    from app import create_app
    from tests.conftest import make_config

    config = make_config(tmp_path, limits=True)
    config.instance_dir.mkdir(parents=True)
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    people = People(app)
    course = make_course(app, people.member(role="trainer"))
    client = people.client(people.member())
    headers = csrf(client)
    codes = [
        client.post(
            f"/discussions/lessons/{course.lesson}", data={"body": f"{n}?"}, headers=headers
        ).status_code
        for n in range(21)
    ]
    assert codes == [303] * 20 + [429]
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_what_was_said_is_found_by_whoever_finds_the_lesson(room: Room) -> None:
    def finds(member: int, words: str) -> str:
        run_pending(room.app)
        return room.page(member, f"/search?q={words}").partition("<main")[2]

    with room.app.app_context(), unit_of_work():
        refresh_search(room.course.id)
    question = room.ask(room.ann, "Why this manometer?")
    answer = room.answer(room.bob, question, "It shows the barometric pressure.")
    for words in ("manometer", "barometric"):
        assert f"/discussions/{question}" in finds(room.ann, words)
        assert f"/discussions/{question}" not in finds(room.zoe, words)
        assert "Discussions" not in finds(room.zoe, words)
    assert f"/discussions/{answer}" in finds(room.ann, "barometric")
    assert "Bob" not in finds(room.ann, "barometric")
    # What is hidden or taken back is gone, and so is everything with its course.
    room.post(room.trainer, f"/desk/discussions/{answer}", do="hide", reason="No.")
    assert f"/discussions/{question}" not in finds(room.ann, "barometric")
    room.post(room.trainer, f"/desk/courses/{room.course.id}/withdraw")
    assert "/discussions/" not in finds(room.ann, "manometer")
    assert "/discussions/" not in finds(room.trainer, "manometer")
    room.post(room.trainer, f"/desk/courses/{room.course.id}/publish")
    assert f"/discussions/{question}" in finds(room.ann, "manometer")
    assert f"/discussions/{question}" not in finds(room.zoe, "manometer")
    room.choose()
    assert "/discussions/" not in finds(room.ann, "manometer")
