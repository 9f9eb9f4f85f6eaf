"""Where a question is taught: shown after a wrong answer, to whoever may watch it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Lesson
from app.questions import queries
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


def test_where_it_is_taught_travels_in_our_own_format_and_others_say_that_it_stays(
    app: Flask, people: People, trainer: int, course: Made, tmp_path: Path
) -> None:
    desk, run = people.client(trainer), app.test_cli_runner()
    (question, *_), document = course.questions, "d" * 32
    sent = {"state": "ready", "recording": recording_of(app, course.lessons[0])}
    desk.post(
        f"/desk/questions/{question}/sort",
        data={**sent, "from": "00:12", "until": "0:40"},
        headers=csrf(desk),
    )
    with app.app_context(), unit_of_work():
        bank.place_page(question, by=trainer, document=document, anchor="p7", said=("", ""))
    path = tmp_path / "bank.yaml"
    told = json.loads(run.invoke(args=["questions", "export", str(path), "--json"]).stdout)
    assert told["losses"] == []
    back = ["questions", "import", str(path), "--json", "--again"]
    report = json.loads(run.invoke(args=back).stdout)
    assert (report["errors"], report["notes"]) == ([], [])
    made = report["imported"][0]["question_id"]
    with app.app_context():
        for read in (queries.places, queries.page_places):
            found = read([question, made])
            assert found[question] == found[made]
            assert len(found) == 2
        db.session().rollback()

    other = path.read_text().replace("from: 00:12", "from: 12 o'clock", 1)
    path.write_text(other)
    assert "12 o'clock" in json.loads(run.invoke(args=back).stdout)["errors"][0]["what"]
    text = tmp_path / "bank.xml"
    told = json.loads(run.invoke(args=["questions", "export", str(text), "--json"]).stdout)
    assert any("where it is taught" in loss["what"] for loss in told["losses"])


def test_a_recording_of_another_site_is_told(
    app: Flask, trainer: int, tmp_path: Path, people: People
) -> None:
    path = tmp_path / "bank.yaml"
    path.write_text(
        "# weike-questions: 1\nquestions:\n- {kind: truefalse, stem: So, answer: true, watch: "
        f"{{recording: {'e' * 32}, from: 00:01}}}}\n"
    )
    client = people.client(trainer)
    answer = client.post(
        "/desk/questions/import",
        data={"file": (path.open("rb"), "bank.yaml")},
        headers=csrf(client),
        content_type="multipart/form-data",
        follow_redirects=True,
    )
    page = answer.get_data(as_text=True)
    assert "The recording that teaches it is not on this site." in page
