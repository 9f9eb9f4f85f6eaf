"""Making, supervising, marking and regrading exams at the desk."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.exams import queries, rules
from app.exams.models import (
    Attempt,
    AttemptItem,
    Exam,
    ExamEvent,
    ExamSection,
    ExamSlot,
    Regrade,
)
from app.points import queries as points
from app.points.models import Entry
from app.questions import service as bank
from app.questions.models import Question
from tests.exams.examiner import QUESTIONS, Candidate, Desk, Set, exam_row, make_exam
from tests.exams.taker import form_of, read_paper
from tests.factories import People
from tests.learning.lessons import Time, make_course, multiple, single, truefalse
from tests.statements import counted

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SETTINGS = {
    "title": "Fire safety",
    "minutes": "300",
    "attempts_allowed": "1",
    "delay_minutes": "0",
    "apart_percent": "10",
    "wrong_costs": "0",
    "appeal_days": "7",
    "grace_s": "60",
    "counting": "highest",
    "pass_percent": "60",
    "show_score": "at_once",
    "show_answers": "never",
    "show_explanations": "never",
    "audience": "all",
}


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@pytest.fixture
def desk(people: People, trainer: int) -> Desk:
    return Desk(people, trainer)


def ranking(app: Flask) -> list[tuple[int, ...]]:
    """Everybody with points in every ranking, with what decides their places."""
    rows = "SELECT span, theme_id, height, member_id FROM standing WHERE points > 0"
    with app.app_context():
        found = sorted(tuple(row) for row in db.session.execute(text(rows)))
        db.session.rollback()
    return found


def earned(app: Flask, member: int) -> int:
    with app.app_context():
        found = points.total(member)
        db.session.rollback()
    return found


def acts(app: Flask, exam: int) -> list[str]:
    with app.app_context():
        found = [e.act for e in db.session.query(ExamEvent).filter_by(exam_id=exam)]
        db.session.rollback()
    return found


# --- making ---------------------------------------------------------------------------------------


def test_an_exam_is_made_and_published_at_the_desk(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    made = desk.post("", title="Autumn exam")
    exam = int(re.search(r"/desk/exams/(\d+)", made.headers["Location"]).group(1))
    page = desk.get(f"/{exam}")
    assert "Put questions into the paper" in page
    assert f'action="/desk/exams/{exam}/publish"' not in page
    assert desk.post(f"/{exam}/publish").status_code == 422
    with app.app_context(), unit_of_work():
        body = truefalse("Is it so?", True)
        body.pop("kind")
        question = bank.create(kind="truefalse", body=body, author_id=trainer)
        section = db.session.query(ExamSection).filter_by(exam_id=exam).one().id
    choose = f"/{exam}/sections/{section}/pick"
    assert "Is it so?" in desk.get(choose)
    more = desk.post(f"{choose}?q=it+so&page=1", question=question, more="1")
    assert more.headers["Location"].endswith("/pick?q=it+so&page=1")  # goes on where it was
    assert "1 question is added." in desk.get(choose)
    emptied = desk.client.get(f"/desk/exams{choose}?q=it+so&page=7")
    assert emptied.headers["Location"].endswith("/pick?q=it+so&kind=")
    desk.post(f"/{exam}/sections/{section}", title="Part one")
    saved = desk.post(
        f"/{exam}/settings",
        title="Autumn exam",
        opens_at="2026-03-02T09:00",
        closes_at="2026-03-02T12:00",
        minutes="45",
        attempts_allowed="1",
        delay_minutes="0",
        apart_percent="10",
        wrong_costs="0.25",
        appeal_days="7",
        grace_s="60",
        counting="highest",
        pass_percent="60",
        show_score="at_once",
        show_answers="after_close",
        show_explanations="never",
        audience="all",
        shuffle_sections="y",
    )
    assert saved.status_code == 302, saved.text
    row = exam_row(app, exam)
    # Nine o'clock on the wall in Shanghai.
    assert (row.opens_at.hour, row.duration_s, row.shuffle_options) == (1, 2700, False)
    assert (row.shuffle_sections, row.shuffle_questions) == (True, False)
    assert row.wrong_costs == Decimal("0.25")
    assert 'selected value="0.25"' in desk.get(f"/{exam}/settings")
    assert desk.post(f"/{exam}/publish").status_code == 303
    assert "Autumn exam" in people.client(people.member()).get("/exams").text
    # The paper is fixed now.
    assert desk.post(f"/{exam}/sections").status_code == 409
    assert desk.post(f"/{exam}/edit").status_code == 303
    assert desk.post(f"/{exam}/sections", title="Part two").status_code == 303


def paper_of(app: Flask, exam: int) -> list[tuple]:
    """Sections in order, with what is in them in order."""
    with app.app_context():
        sections = db.session.query(ExamSection).filter_by(exam_id=exam)
        found = [
            (
                section.title,
                [
                    (slot.question_id, slot.number, slot.kind, slot.difficulty, slot.mark)
                    for slot in db.session.query(ExamSlot)
                    .filter_by(section_id=section.id)
                    .order_by(ExamSlot.position)
                ],
            )
            for section in sections.order_by(ExamSection.position)
        ]
        db.session.rollback()
    return found


def taken_out(desk: Desk, path: str, **fields: object) -> str:
    """Take something out; returns where the Undo of the next page leads."""
    exam = path.split("/")[1]
    assert desk.post(path, **fields).status_code == 303
    page = desk.get(f"/{exam}")
    assert "Taken out of the paper." in page
    return re.search(rf'action="/desk/exams(/{exam}/taken-out/\d+)"', page).group(1)


def test_what_is_taken_out_of_a_paper_is_put_back_where_it_was(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, marks=("1", "2.5", "3"), publish=False)
    with app.app_context(), unit_of_work() as session:
        first = session.query(ExamSection).filter_by(exam_id=exam.id).one().id
        slot = session.query(ExamSlot).filter_by(question_id=exam.questions[1]).one().id
    draw = {"number": 2, "kind": "single", "difficulty": "4", "tag": "", "mark": "2"}
    assert desk.post(f"/{exam.id}/sections/{first}/draws", **draw).status_code == 303
    desk.post(f"/{exam.id}/sections/{first}", title="Part one")
    desk.post(f"/{exam.id}/sections", title="Part two")
    whole = paper_of(app, exam.id)
    assert [len(slots) for _title, slots in whole] == [4, 0]
    undo = taken_out(desk, f"/{exam.id}/slots/{slot}", to="drop")
    assert [len(slots) for _title, slots in paper_of(app, exam.id)] == [3, 0]
    for _ in range(2):  # pressed twice, it is there once
        assert desk.post(undo).status_code == 303
        assert paper_of(app, exam.id) == whole
    undo = taken_out(desk, f"/{exam.id}/sections/{first}", drop="1")
    assert paper_of(app, exam.id) == [("Part two", [])]
    # Chosen again meanwhile, a question is in the paper once.
    with app.app_context():
        second = db.session.query(ExamSection).filter_by(exam_id=exam.id).one().id
        db.session.rollback()
    desk.post(f"/{exam.id}/sections/{second}/pick", question=exam.questions[2])
    assert desk.post(undo).status_code == 303
    asked = [[row[0] for row in slots] for _title, slots in paper_of(app, exam.id)]
    assert asked == [[*exam.questions[:2], None], [exam.questions[2]]]
    # The last section is only emptied, and filled again.
    undo = taken_out(desk, f"/{exam.id}/sections/{second}", drop="1")
    others = paper_of(app, exam.id)
    assert others[0] == ("Part one", [whole[0][1][0], whole[0][1][1], whole[0][1][3]])
    assert acts(app, exam.id)[-2:] == ["put_back", "take_out"]
    # Neither in another exam, nor by another trainer, nor in a paper that is fixed.
    stranger = Desk(people, people.member(role="trainer"))
    assert stranger.post(undo).status_code == 404
    other = make_exam(app, trainer, publish=False)
    assert desk.post(undo.replace(f"/{exam.id}/", f"/{other.id}/")).status_code == 404
    assert desk.post(f"/{exam.id}/taken-out/1").status_code == 404
    assert desk.post(f"/{exam.id}/slots/{slot_of(app, exam.id)}", mark="1").status_code == 303
    assert "took something out of the paper" in desk.get(f"/{exam.id}/room")
    with app.app_context(), unit_of_work() as session:
        session.get_one(Exam, exam.id).published_at = clock.now()
        session.get_one(Exam, exam.id).state = "published"
    assert desk.post(undo).status_code == 409
    assert paper_of(app, exam.id)[0][0] == "Part one"


def test_entries_and_sections_move_and_a_section_gets_its_points_at_once(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    """From the edge of a section an entry goes on into the one beside it."""
    exam = make_exam(app, trainer, marks=("1", "2.5", "3"), publish=False)
    desk.post(f"/{exam.id}/sections", title="Two")
    with app.app_context():
        one, two = (s.id for s in db.session.query(ExamSection).order_by(ExamSection.id))
        last = db.session.query(ExamSlot).filter_by(question_id=exam.questions[2]).one().id
        db.session.rollback()
    a, b, c = exam.questions[:3]

    def asked() -> list[list[int]]:
        return [[row[0] for row in slots] for _title, slots in paper_of(app, exam.id)]

    moved = desk.post(f"/{exam.id}/slots/{last}", to="down")
    assert moved.location.endswith(f"#entry-{last}")
    assert asked() == [[a, b], [c]]
    desk.post(f"/{exam.id}/slots/{last}", to="down")  # there is nothing below
    assert asked() == [[a, b], [c]]
    desk.post(f"/{exam.id}/sections/{two}", to="up")
    assert asked() == [[c], [a, b]]
    desk.post(f"/{exam.id}/slots/{last}", to="up")
    assert asked() == [[c], [a, b]]
    desk.post(f"/{exam.id}/slots/{last}", to="down")
    assert asked() == [[], [c, a, b]]
    assert "6.5 points" in desk.get(f"/{exam.id}")
    assert desk.post(f"/{exam.id}/sections/{one}", each="2,5").status_code == 303
    assert "2 entries have other points now." in desk.get(f"/{exam.id}")
    assert "7.5 points" in desk.get(f"/{exam.id}")
    for wrong in ("", "-1", "0", "101", "nan", "many"):
        assert desk.post(f"/{exam.id}/sections/{one}", each=wrong).status_code == 422
    stranger = Desk(people, people.member(role="trainer"))
    assert stranger.post(f"/{exam.id}/sections/{one}", to="down").status_code == 404
    assert asked() == [[], [c, a, b]]


def test_a_draw_takes_another_number_of_questions(app: Flask, desk: Desk, trainer: int) -> None:
    exam = make_exam(app, trainer, publish=False)
    with app.app_context():
        section = db.session.query(ExamSection.id).scalar()
        chosen = slot_of(app, exam.id)
    draw = {"number": 2, "kind": "single", "difficulty": "", "tag": "", "mark": "2"}
    desk.post(f"/{exam.id}/sections/{section}/draws", **draw)

    def drawn() -> list[tuple[int, Decimal]]:
        with app.app_context():
            rows = db.session.query(ExamSlot).filter_by(question_id=None).all()
            db.session.rollback()
            return [(row.number, row.mark) for row in rows]

    with app.app_context():
        slot = db.session.query(ExamSlot.id).filter_by(question_id=None).scalar()
        db.session.rollback()
    assert desk.post(f"/{exam.id}/slots/{slot}", number="3", mark="1.5").status_code == 303
    assert drawn() == [(3, Decimal("1.5"))]
    for wrong in ("0", "-1", "", "many", str(rules.MOST_QUESTIONS)):
        assert desk.post(f"/{exam.id}/slots/{slot}", number=wrong, mark="9").status_code == 422
    assert drawn() == [(3, Decimal("1.5"))]
    desk.post(f"/{exam.id}/slots/{chosen}", number="7", mark="1")  # one is chosen, and stays one
    with app.app_context():
        assert db.session.get(ExamSlot, chosen).number == 1
        db.session.rollback()


def test_a_paper_is_previewed_as_takers_see_it(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    """Without a key, and without an attempt; other takers get other papers."""
    exam = make_exam(app, trainer, publish=False)

    def previewed(query: str = "") -> list[list[str]]:
        page = desk.get(f"/{exam.id}/preview{query}")
        assert "<form" not in page.split('class="paper"')[1].split("</main>")[0]
        return [list(item.options) for item in read_paper(page)]

    first = previewed()
    assert len(first) == len(exam.questions)
    assert previewed("?paper=1") == previewed("?paper=-9") == first
    assert previewed("?paper=2") != first
    with app.app_context():
        assert db.session.query(Attempt).count() == 0
        db.session.rollback()
    assert (
        Desk(people, people.member(role="trainer"))
        .client.get(f"/desk/exams/{exam.id}/preview")
        .status_code
        == 404
    )
    desk.post(f"/{exam.id}/publish")
    assert "question-1" in desk.get(f"/{exam.id}/preview")


def slot_of(app: Flask, exam: int) -> int:
    with app.app_context():
        found = db.session.query(ExamSlot.id).join(ExamSection).filter_by(exam_id=exam).first()
        db.session.rollback()
    return found[0]


LONG_PAGES = (
    *("", "?page=2", "/settings", "/room", "/marking", "/results", "/results?questions=12"),
    *("/results/questions", "/results/questions?page=25", "/results/patterns", "/print"),
)


ONE_WAY = ({"no_going_back": True}, 20_000)


def test_a_paper_has_five_hundred_questions_at_most(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    """It is started, saved, handed in as one form with a file in it, and marked."""
    asked = [
        multiple(
            f"Number {n}?",
            {
                "CANARY-CORRECT-a": "0.25",
                "CANARY-CORRECT-b": "0.25",
                "CANARY-CORRECT-c": "0.5",
                "d": "-1",
            },
        )
        for n in range(rules.MOST_QUESTIONS - 1)
    ]
    file = {"kind": "file", "stem": "Bring the plan.", "endings": ["pdf"]}
    exam = make_exam(app, trainer, [*asked, file], publish=False)
    with app.app_context(), unit_of_work() as session:
        section = session.query(ExamSection).filter_by(exam_id=exam.id).one().id
        body = truefalse("One more?", True)
        body.pop("kind")
        more = bank.create(kind="truefalse", body=body, author_id=trainer)
    draw = {"number": 1, "kind": "", "difficulty": "", "tag": "", "mark": "1"}
    for path, fields in (
        (f"sections/{section}/pick", {"question": more}),
        (f"sections/{section}/draws", draw),
    ):
        refused = desk.post(f"/{exam.id}/{path}", **fields)
        assert refused.status_code == 422
        assert "500" in refused.text
    assert sum(len(slots) for _title, slots in paper_of(app, exam.id)) == rules.MOST_QUESTIONS
    assert desk.post(f"/{exam.id}/publish").status_code == 303
    taker = Candidate(people, exam)
    assert taker.start().status_code == 303
    paper = {item.id: item for item in read_paper(taker.page())}
    right = {i: [paper[i].options[t] for t in paper[i].options if "CANARY" in t] for i in paper}
    some = dict(list(right.items())[:60])
    assert taker.save(some).status_code == 200
    plan = next(i for i in paper if not paper[i].options)
    form: dict[str, object] = {**form_of(right), f"q{plan}": (BytesIO(PDF), "plan.pdf")}
    for item in read_paper(taker.page()):
        form |= {f"v{item.id}": str(item.saved), f"f{item.id}": "1"}
    done = taker.client.post(
        f"/attempts/{taker.attempt}/submit",
        data=form,
        headers=taker.headers,
        content_type="multipart/form-data",
    )
    assert done.status_code == 303, done.text
    row = taker.row()
    assert (row.questions, row.out_of, row.score, row.passed) == (500, 500, 499, None)
    with app.app_context():
        marks = [m for (m,) in db.session.query(AttemptItem.mark).filter_by(attempt_id=row.id)]
        db.session.rollback()
    assert sorted(map(str, marks)) == [*["1"] * 499, "None"]
    for path, (most, kilobytes) in {
        **{f"/desk/exams/{exam.id}{each}": (30, 60) for each in LONG_PAGES},
        f"/desk/exams/{exam.id}/results/export": (16, 500),
    }.items():
        with counted(app) as asked_of:
            page = desk.client.get(path)
        assert page.status_code == 200, path
        assert len(asked_of) <= most, (path, len(asked_of))
        assert len(page.data) <= kilobytes * 1024, (path, len(page.data))
    for what in ("A-paper-pdf", "B-key-docx"):
        assert desk.post(f"/{exam.id}/print", what=what).status_code == 303
    with counted(app) as asked_of:
        jobs.run_pending(app)
    assert len(asked_of) <= 160, len(asked_of)  # the most of them say how far it is
    assert desk.get(f"/{exam.id}/printed").count("</a>") == 2
    assert "Number 498?" in desk.get(f"/{exam.id}?page=10")
    assert "Number 498?" in desk.get(f"/{exam.id}/results?questions=99")
    # A taker has all of it at once: the paper goes on without a connection.
    other = Candidate(people, exam)
    other.start()
    for settings, size in (
        ({"one_by_one": False}, 1_000_000),
        ({"one_by_one": True}, 1_000_000),
        ONE_WAY,
    ):
        with app.app_context(), unit_of_work() as session:
            session.query(Exam).filter_by(id=exam.id).update(settings)
        with counted(app) as asked_of:
            page = other.client.get(f"/attempts/{other.attempt}/paper")
        assert page.status_code == 200
        assert len(asked_of) <= 12, settings
        assert len(page.data) <= size, settings


def test_a_draw_that_the_bank_cannot_fill_stops_publishing(
    app: Flask, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    with app.app_context():
        section = db.session.query(ExamSection).filter_by(exam_id=exam.id).one().id
        db.session.rollback()
    desk.post(
        f"/{exam.id}/sections/{section}/draws",
        number=4,
        kind="truefalse",
        difficulty="",
        tag="",
        mark="2",
    )
    assert "only 1 fit" in desk.get(f"/{exam.id}")
    assert desk.post(f"/{exam.id}/publish").status_code == 422


def test_the_checklist_says_which_questions_courses_ask_too(
    app: Flask, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    assert "No course tells the answers" in desk.get(f"/{exam.id}")
    made = make_course(app, trainer, quiz=[truefalse("Ladders are checked.", True)])
    told = make_exam(app, trainer, [*made.questions, *QUESTIONS], publish=False)
    assert "Courses ask these questions, too (1)" in desk.get(f"/{told.id}")
    assert desk.post(f"/{told.id}/publish").status_code == 303, "it is a hint, no more"


def test_a_draw_takes_a_category_with_all_below_it(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    with app.app_context(), unit_of_work():
        above = bank.create_category("Safety", parent_id=None)
        below = bank.create_category("Fire", parent_id=above)
        other = bank.create_category("Office", parent_id=None)
        for number, category in enumerate((above, below, below, other)):
            body = truefalse(f"Category question {number}?", True)
            body.pop("kind")
            made = bank.create(kind="truefalse", body=body, author_id=trainer)
            db.session.get_one(Question, made).category_id = category
        section = db.session.query(ExamSection).filter_by(exam_id=exam.id).one().id
    page = desk.get(f"/{exam.id}")
    assert f'<option value="{below}">Safety/Fire</option>' in page
    draw = {"number": 2, "kind": "", "difficulty": "", "tag": "", "mark": "1"}
    path = f"/{exam.id}/sections/{section}/draws"
    assert desk.post(path, **draw, category=above).status_code == 303
    page = desk.get(f"/{exam.id}")
    assert "any kind · Safety ·" in page
    assert "3 fit" in page
    assert desk.post(path, **draw, category=999).status_code == 422
    assert desk.post(f"/{exam.id}/publish").status_code == 303
    taker = Candidate(people, Set(exam.id, exam.questions))
    for _ in range(3):
        taker.start()
        page = taker.page()
        assert page.count("Category question") >= 2
        assert "Category question 3?" not in page


def test_bad_settings_come_back_with_the_reason_beside_the_field(
    app: Flask, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    good = {
        "title": "X",
        "attempts_allowed": "1",
        "delay_minutes": "0",
        "apart_percent": "10",
        "wrong_costs": "0",
        "appeal_days": "7",
        "grace_s": "0",
        "counting": "last",
        "pass_percent": "50",
        "show_score": "never",
        "show_answers": "never",
        "show_explanations": "never",
        "audience": "all",
    }
    assert desk.post(f"/{exam.id}/settings", **good).status_code == 302
    for bad, words in (
        ({"opens_at": "2026-03-02T09:00", "closes_at": "2026-03-02T09:00"}, "later than"),
        ({"audience": "branches"}, "at least one branch"),
        ({"pass_percent": "0"}, "between 1 and 100"),
        ({"seen": "1"}, "another window"),
        ({"title": " "}, "field-error"),
    ):
        answer = desk.post(f"/{exam.id}/settings", **{**good, **bad})
        assert answer.status_code == 422, bad
        assert words in answer.text, bad


def in_zone(app: Flask, name: str) -> None:
    app.extensions["weike"] = replace(app.extensions["weike"], time_zone=name)


def typed(page: str, name: str) -> str:
    """What a field of the page holds."""
    tag = re.search(rf'<input[^>]* name="{name}"[^>]*>', page).group(0)
    found = re.search(r' value="([^"]*)"', tag)
    return found.group(1) if found else ""


def test_a_window_over_the_end_of_summer_time_is_as_long_as_it_is(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    """In Berlin the hour from two to three comes twice on 25 October 2026."""
    in_zone(app, "Europe/Berlin")
    opens = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    closes = opens + timedelta(hours=4)
    time.moment = opens - timedelta(seconds=1)
    desk = Desk(people, trainer)
    exam = make_exam(app, trainer, publish=False)
    window = {"opens_at": "2026-10-25T00:30", "closes_at": "2026-10-25T03:30"}
    assert desk.post(f"/{exam.id}/settings", **SETTINGS, **window).status_code == 302
    row = exam_row(app, exam.id)
    assert (row.opens_at, row.closes_at) == (opens, closes)
    assert desk.post(f"/{exam.id}/publish").status_code == 303
    taker = Candidate(people, exam)
    assert taker.start().status_code == 422
    time.moment = opens
    assert taker.start().status_code == 303
    assert taker.row().deadline_at == closes
    told = taker.save({}).get_json()["clock"]
    assert told["remaining_ms"] == 4 * 3_600_000
    # The organisation moves to another zone: what is under way goes on as it was.
    in_zone(app, "Asia/Urumqi")
    time.go_on(3600)
    assert taker.save({}).get_json()["clock"]["remaining_ms"] == 3 * 3_600_000
    page = desk.get(f"/{exam.id}/settings")
    assert typed(page, "closes_at") == "2026-10-25 08:30:00"
    time.moment = closes - timedelta(seconds=1)
    assert taker.save(taker.right()).status_code == 200
    time.moment = closes + timedelta(seconds=61)
    assert taker.save(taker.wrong()).status_code == 409
    assert (taker.row().score, taker.row().submitted_at) == (3, closes)


def test_settings_saved_as_they_are_shown_move_no_moment(
    app: Flask, desk: Desk, trainer: int
) -> None:
    in_zone(app, "Europe/Berlin")
    second_time = datetime(2026, 10, 25, 1, 45, 30, tzinfo=UTC)  # 02:45 for the second time
    opens = second_time - timedelta(hours=3)
    exam = make_exam(app, trainer, publish=False, opens_at=opens, closes_at=second_time)
    page = desk.get(f"/{exam.id}/settings")
    names = ("opens_at", "closes_at", "zone", "seen")
    shown = {name: typed(page, name) for name in names}
    assert shown["closes_at"] == "2026-10-25 02:45:30"
    shown["closes_at"] = "2026-10-25T02:45"  # as browsers send it
    # Between the two, somebody has moved the organisation: nobody knows which hour is meant.
    in_zone(app, "Asia/Shanghai")
    refused = desk.post(f"/{exam.id}/settings", **SETTINGS, **shown)
    assert refused.status_code == 422
    assert "another window" in refused.text
    assert exam_row(app, exam.id).closes_at == second_time
    in_zone(app, "Europe/Berlin")
    assert desk.post(f"/{exam.id}/settings", **SETTINGS, **shown).status_code == 302
    row = exam_row(app, exam.id)
    assert (row.opens_at, row.closes_at) == (opens, second_time)
    # An hour that the clock leaves out is the one after it.
    shown |= {"opens_at": "2027-03-28T02:30", "closes_at": "2027-03-28T04:00"}
    shown["seen"] = typed(desk.get(f"/{exam.id}/settings"), "seen")
    assert desk.post(f"/{exam.id}/settings", **SETTINGS, **shown).status_code == 302
    assert exam_row(app, exam.id).opens_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert typed(desk.get(f"/{exam.id}/settings"), "opens_at") == "2027-03-28 03:30:00"


def test_exams_of_others_are_not_there(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    branch, other = people.branch(), people.branch()
    exam = make_exam(app, trainer, branches=[branch])
    near = Desk(people, people.member(organizes=branch))
    far = Desk(people, people.member(organizes=other))
    stranger = Desk(people, people.member(role="trainer"))
    assert near.client.get(f"/desk/exams/{exam.id}/room").status_code == 200
    for who in (far, stranger):
        for path in ("", "/settings", "/room", "/room/list", "/results", "/marking"):
            assert who.client.get(f"/desk/exams/{exam.id}{path}").status_code == 404
        for path in ("/publish", "/room/pause", "/room/time", "/withdraw"):
            assert who.post(f"/{exam.id}{path}", minutes=5).status_code == 404
    assert exam_row(app, exam.id).paused_at is None


def test_a_copy_has_the_paper_and_no_dates(app: Flask, desk: Desk, trainer: int) -> None:
    exam = make_exam(app, trainer, marks=("1", "2", "3"))
    copied = desk.post(f"/{exam.id}/copy").headers["Location"]
    new = int(re.search(r"/desk/exams/(\d+)/", copied).group(1))
    row = exam_row(app, new)
    assert (row.state, row.opens_at, row.duration_s) == ("draft", None, 3600)
    with app.app_context():
        marks = [
            slot.mark
            for slot in db.session.query(ExamSlot).join(ExamSection).filter_by(exam_id=new)
        ]
        db.session.rollback()
    assert marks == [1, 2, 3]


# --- the exam room --------------------------------------------------------------------------------


def test_the_room_shows_who_is_writing_and_how_far_they_are(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam, people.member("Anna Li"))
    taker.start()
    taker.save(taker.right(2), away="1")
    page = desk.get(f"/{exam.id}/room/list")
    assert "Anna Li" in page
    assert "2 / 3" in page
    assert "60 min" in page
    time.moment += timedelta(seconds=50)
    assert "not heard of" in desk.get(f"/{exam.id}/room/list")
    assert "Anna Li" in desk.get(f"/{exam.id}/room/list?only=silent&q=anna&page=9")
    for others in ("only=submitted", "only=kept", "q=Bert", "only=writing&q=%25"):
        assert "Anna Li" not in desk.get(f"/{exam.id}/room/list?{others}")
    taker.save({})
    assert "not heard of" not in desk.get(f"/{exam.id}/room/list").split("<table")[1]
    assert "Anna Li" not in desk.get(f"/{exam.id}/room/list?only=silent")


def test_a_message_reaches_the_page_of_the_taker_and_of_nobody_else(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    one, two = Candidate(people, exam), Candidate(people, exam)
    one.start()
    two.start()
    desk.post(f"/{exam.id}/room/message", text="Ten more minutes")
    desk.post(f"/{exam.id}/room/message", text="Sit down", attempt=one.attempt)
    texts = [[m["text"] for m in t.save({}).get_json()["messages"]] for t in (one, two)]
    assert texts == [["Ten more minutes", "Sit down"], ["Ten more minutes"]]
    assert "Sit down" in one.page()


def test_a_void_attempt_counts_for_nothing_and_its_points_go(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right())
    assert earned(app, taker.member) == 10
    void = f"/{exam.id}/room/{taker.attempt}"
    assert desk.post(void, act="void", reason=" ").status_code == 303
    assert taker.row().state == "submitted"
    desk.post(void, act="void", reason="Somebody else wrote it")
    assert (taker.row().state, earned(app, taker.member)) == ("void", 0)
    assert "no longer counts" in taker.result()
    # It does not use up an attempt either.
    assert taker.start().status_code == 303


def test_what_was_made_void_by_mistake_counts_again_with_all_that_it_brought(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    writing = Candidate(people, exam)
    writing.start()
    taker.submit(taker.right())
    before = taker.row()
    for one in (taker, writing):
        seat = f"/{exam.id}/room/{one.attempt}"
        desk.post(seat, act="void", reason="The wrong seat")
        assert one.row().state == "void"
        assert "Let it count again" in desk.get(seat)
        assert desk.post(seat, act="restore", reason=" ").status_code == 303
        assert one.row().state == "void"
        time.moment += timedelta(seconds=1)
        desk.post(seat, act="restore", reason="It was the seat beside")
    after = taker.row()
    assert (after.state, after.receipt, after.score) == ("submitted", before.receipt, before.score)
    assert earned(app, taker.member) == 10
    assert "let an attempt count again" in desk.get(f"/{exam.id}/room")
    assert writing.save(writing.right()).status_code == 200
    # What counts cannot be restored, nor what goes on elsewhere.
    desk.post(f"/{exam.id}/room/{taker.attempt}", act="reopen", reason="More time", minutes="5")
    assert taker.row(before.id).state == "void"
    desk.post(f"/{exam.id}/room/{before.id}", act="restore", reason="Both")
    assert taker.row(before.id).state == "void"
    assert taker.row().state == "open"


def test_minutes_added_by_mistake_are_taken_back_and_no_more_than_these(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    begun = taker.row().deadline_at
    room = f"/{exam.id}/room/time"
    desk.post(room, minutes="30")
    assert taker.row().deadline_at == begun + timedelta(minutes=30)
    desk.post(room, minutes="−20")
    assert taker.row().deadline_at == begun + timedelta(minutes=10)
    desk.post(room, minutes="-20")
    assert (taker.row().deadline_at, taker.row().added_s) == (begun, 0)
    desk.post(room, minutes="-5")
    assert taker.row().deadline_at == begun
    # Nobody's time is over at once.
    desk.post(room, minutes="10")
    time.moment = begun + timedelta(minutes=5)
    desk.post(room, minutes="-10")
    assert taker.row().deadline_at == time.moment + timedelta(minutes=1)
    until = taker.row().deadline_at
    for wrong in ("0", "x", "99999", ""):
        desk.post(room, minutes=wrong)
        assert "Add from 1 to 240 minutes" in desk.get(f"/{exam.id}/room"), wrong
    assert taker.row().deadline_at == until


def test_reopening_makes_a_new_attempt_with_the_same_answers(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    first, end = taker.attempt, taker.row().deadline_at
    taker.save(taker.right(2))
    time.moment += timedelta(minutes=40)
    taker.submit()
    time.moment += timedelta(minutes=30)
    desk.post(f"/{exam.id}/room/{first}", act="reopen", minutes=5, reason="Pressed by mistake")
    assert taker.attempt != first
    assert taker.row(first).state == "void"
    assert taker.row().deadline_at == time() + (end - timedelta(minutes=30) - time()) + timedelta(
        minutes=35
    ) + timedelta(minutes=30)
    assert [i.ticked != [] for i in taker.paper()] == [True, True, False]
    taker.submit(taker.right(3))
    assert taker.row().score == 3
    assert earned(app, taker.member) == 10


def test_what_was_done_is_written_down_for_ever(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    desk.post(f"/{exam.id}/room/time", minutes=10)
    desk.post(f"/{exam.id}/room/pause")
    desk.post(f"/{exam.id}/room/resume")
    desk.post(f"/{exam.id}/room/{taker.attempt}", act="hand_in", reason="Fell ill")
    assert acts(app, exam.id) == [
        *("create", "publish", "start", "add_time", "pause", "resume", "hand_in"),
    ]
    assert (taker.row().ended_by, taker.row().state) == ("staff", "submitted")
    own, everything = (desk.get(f"/{exam.id}/room{more}") for more in ("", "?log=all"))
    assert "Fell ill" in own
    assert ("<strong>began" in own, "<strong>began" in everything) == (False, True)
    for statement in ("UPDATE exam_event SET act = 'x'", "DELETE FROM exam_event"):
        with pytest.raises(DatabaseError), app.app_context(), unit_of_work() as session:
            session.execute(db.text(statement))


def test_late_answers_can_be_read_by_the_invigilator(
    app: Flask, people: People, desk: Desk, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer)
    taker = Candidate(people, exam)
    taker.start()
    right = taker.right(1)
    time.moment += timedelta(hours=1, minutes=2)
    taker.save(right)
    page = desk.get(f"/{exam.id}/room/{taker.attempt}")
    assert "after the end" in page
    assert "Question" in page.split("after the end")[1]


# --- marking by hand ------------------------------------------------------------------------------

ESSAY = {
    "kind": "essay",
    "stem": "Why are stairs kept free?",
    "answer": "To get out.",
    "rubric": [],
}


def test_essays_are_marked_without_names_and_then_the_result_is_known(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, [single("A?", "CANARY-CORRECT-x"), ESSAY], marks=("1", "3"))
    taker = Candidate(people, exam, people.member("Wang Secret"))
    taker.start()
    items = {i.position: i for i in taker.items()}
    essay = next(i for i in items.values() if not i.options)
    right = {i: n for i, n in taker.right(2).items() if n}
    taker.submit({**right, essay.id: ["So that people get out."]})
    row = taker.row()
    assert (row.state, row.waiting, row.passed, row.score) == ("submitted", 1, None, 1)
    assert "still being marked" in taker.result()
    question = exam.questions[1]
    page = desk.get(f"/{exam.id}/marking/{question}")
    assert "So that people get out." in page
    assert "Wang" not in page
    for bad in ("4", "-1", "x", "NaN"):
        answer = desk.post(f"/{exam.id}/marking/{question}", item=essay.id, points=bad)
        assert answer.status_code == 422, bad
    desk.post(f"/{exam.id}/marking/{question}", item=essay.id, points="1", comment="Say more.")
    row = taker.row()
    assert (row.waiting, row.score, row.passed) == (0, 2, False)
    # Marked again: the last mark counts, exactly.
    desk.post(f"/{exam.id}/marking/{question}", item=essay.id, points="2", comment="Better.")
    assert (taker.row().score, taker.row().passed) == (3, True)
    assert earned(app, taker.member) == 10
    assert "All answers to this question are marked" in desk.get(f"/{exam.id}/marking/{question}")


def test_a_comment_is_used_again_for_other_answers_to_the_same_question(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, [ESSAY])
    takers = [Candidate(people, exam) for _ in range(3)]
    for number, taker in enumerate(takers):
        taker.start()
        taker.submit({taker.items()[0].id: [f"Answer {number}"]})
    path = f"/{exam.id}/marking/{exam.questions[0]}"
    assert 'name="ready"' not in desk.get(path)
    said = '<b>Say "more".</b>'
    desk.post(path, item=takers[0].items()[0].id, points="1", comment=said)
    page = desk.get(path)
    assert 'name="ready"' in page
    assert "<b>" not in page
    second = takers[1].items()[0].id
    desk.post(path, item=second, points="1", ready=said, comment="And where?")
    assert takers[1].items()[0].comment == f"{said}\nAnd where?"
    # What was only ever said in an exam of others is not offered here.
    other = make_exam(app, people.member(role="trainer"), [ESSAY])
    lone = Candidate(people, other)
    lone.start()
    lone.submit({lone.items()[0].id: ["x"]})
    with app.app_context():
        assert queries.comments_of(other.id, other.questions[0]) == []
        db.session.rollback()


def test_nobody_marks_their_own_answer(app: Flask, people: People, desk: Desk) -> None:
    exam = make_exam(app, desk.member, [ESSAY])
    taker = Candidate(people, exam, desk.member)
    taker.start()
    item = taker.items()[0]
    taker.submit({item.id: ["Mine"]})
    answer = desk.post(f"/{exam.id}/marking/{exam.questions[0]}", item=item.id, points="1")
    assert answer.status_code == 422
    assert taker.row().waiting == 1


# --- results and regrades -------------------------------------------------------------------------


@pytest.fixture
def written(app: Flask, people: People, trainer: int) -> tuple[Set, list[Candidate]]:
    """Three takers with 3, 2 and 0 right of three."""
    exam = make_exam(app, trainer)
    takers = []
    for number in (3, 2, 0):
        taker = Candidate(people, exam)
        taker.start()
        taker.submit({**taker.wrong(), **taker.right(number)})
        takers.append(taker)
    return exam, takers


def test_results_count_slots_of_the_paper_and_not_places_on_the_screen(
    app: Flask, desk: Desk, written: tuple[Set, list[Candidate]]
) -> None:
    exam, takers = written
    page = desk.get(f"/{exam.id}/results")
    assert "What comes first?" in page
    run = app.test_cli_runner().invoke(args=["exams", "statistics", str(exam.id), "--json"])
    told = json.loads(run.output)
    assert (told["attempts"], told["max_mark"], told["mean"]) == (3, 3.0, 5 / 3)
    by_question: dict[int, Decimal] = {}
    with app.app_context():
        from app.exams import queries

        book = queries.book_of(exam.id)
        db.session.rollback()
    assert book.question_ids == tuple(exam.questions)
    for slot, column in enumerate(zip(*book.marks, strict=True)):
        by_question[slot] = sum(column) / 3
    assert [s["facility"] for s in told["slots"]] == [float(v) for v in by_question.values()]
    missing = app.test_cli_runner().invoke(args=["exams", "statistics", "999"])
    assert missing.exit_code == 1
    export = desk.client.get(f"/desk/exams/{exam.id}/results/export")
    assert export.get_data().decode("utf-8-sig").count("\r\n") == 4
    assert takers[0].row().receipt in export.text


def test_a_question_that_was_left_out_counts_in_no_figure_of_the_paper(
    app: Flask, desk: Desk, written: tuple[Set, list[Candidate]]
) -> None:
    exam, _ = written

    def figures() -> tuple[float, list[float | None]]:
        run = app.test_cli_runner().invoke(args=["exams", "statistics", str(exam.id), "--json"])
        told = json.loads(run.output)
        return told["max_mark"], [slot["facility"] for slot in told["slots"]]

    most, before = figures()
    assert most == 3
    assert None not in before
    regrade = f"/{exam.id}/regrade/{exam.questions[1]}"
    desk.post(regrade, action="leave_out", reason="Unclear")
    assert figures() == (2, [before[0], None, before[2]])


def test_a_draft_in_the_paper_is_pointed_out_before_publishing(
    app: Flask, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    assert "All chosen questions are ready in the bank" in desk.get(f"/{exam.id}")
    with app.app_context(), unit_of_work():
        bank.sort(exam.questions[:1], by=trainer, state="draft")
    page = desk.get(f"/{exam.id}")
    assert "Chosen questions are not ready in the bank: 1" in page
    assert page.count("chip-warn") == 1


def test_a_regrade_is_seen_first_then_done_then_undone(
    app: Flask, desk: Desk, trainer: int, written: tuple[Set, list[Candidate]]
) -> None:
    """The key of the second question was wrong: 000 is right, not 112."""
    exam, takers = written
    question = exam.questions[1]
    scores = [t.row().score for t in takers]
    before = [earned(app, t.member) for t in takers]
    order = ranking(app)
    with app.app_context(), unit_of_work():
        body = single("Which number?", "000", ("CANARY-CORRECT-112", "123"))
        body.pop("kind")
        bank.revise(question, body, trainer)
    page = desk.get(f"/{exam.id}/regrade/{question}?action=new_key")
    assert "What would change" in page
    assert "What is not handed in yet is marked so, too" in page, "the exam is open"
    assert [t.row().score for t in takers] == scores, "looking changes nothing"
    path = f"/{exam.id}/regrade/{question}"
    assert desk.post(path, action="new_key", reason="").status_code == 303
    assert [t.row().score for t in takers] == scores, "a reason is needed"
    desk.post(path, action="new_key", reason="The key was wrong")
    after = [t.row().score for t in takers]
    assert after[0] == 2
    assert after != scores
    for taker in takers:
        row = taker.row()
        assert row.passed is rules.is_passed(row.score, row.out_of, 60)
        assert earned(app, taker.member) == (10 if row.passed else 0)
    assert "A question was marked anew" in takers[0].result()
    page = desk.get(f"/{exam.id}/results/questions")
    regrade = int(re.search(r"/regrades/(\d+)/undo", page).group(1))
    desk.post(f"/{exam.id}/regrades/{regrade}/undo")
    assert [t.row().score for t in takers] == scores
    assert [earned(app, t.member) for t in takers] == before
    assert ranking(app) == order, "everybody stands where they stood"
    assert "undone" in desk.get(f"/{exam.id}/results/questions")
    with app.app_context():  # what was given by it went for another reason than it was given for
        notes = db.session.scalars(db.select(Entry.note).where(Entry.amount < 0)).all()
        db.session.rollback()
    assert set(notes) <= {"The key was wrong", "A marking anew was undone: The key was wrong"}


def test_of_equal_regrades_at_once_one_is_done_and_the_others_are_told(
    app: Flask, people: People, trainer: int, written: tuple[Set, list[Candidate]]
) -> None:
    exam, takers = written
    path = f"/{exam.id}/regrade/{exam.questions[0]}"
    desks = [Desk(people, trainer) for _ in range(5)]
    page = desks[0].get(f"{path}?action=full_marks")
    seen = re.search(r'name="seen" value="([\d.]+)"', page).group(1)
    given = {"action": "full_marks", "reason": "Misprint", "seen": seen}
    with ThreadPoolExecutor(5) as pool:
        said = list(pool.map(lambda desk: desk.post(path, **given), desks, timeout=120))
    assert [answer.status_code for answer in said] == [303] * 5
    told = sorted(desk.get(f"/{exam.id}/results/questions") for desk in desks)
    assert sum("Nothing was done a second time." in page for page in told) == 4
    assert sum("attempts changed." in page or "attempt changed." in page for page in told) == 1
    with app.app_context():
        (row,) = db.session.query(Regrade).all()
        number = row.id
        db.session.rollback()
    assert acts(app, exam.id).count("regrade") == 1
    assert "No mark would change." in desks[0].get(f"{path}?action=full_marks")
    # Two who undo it, and one who still looks at what would have changed before.
    undo = f"/{exam.id}/regrades/{number}/undo"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda desk: desk.post(undo), desks[:2], timeout=120))
    assert acts(app, exam.id).count("undo_regrade") == 1
    desks[0].post(path, **given)
    assert "Look at what would change now." in desks[0].get(f"{path}?action=full_marks")
    assert [taker.row().score for taker in takers] == [3, 2, 0]


@pytest.mark.parametrize(
    ("action", "scores", "out_of"),
    [("full_marks", None, 3), ("leave_out", None, 2)],
)
def test_a_question_can_be_given_to_all_or_left_out(
    app: Flask,
    desk: Desk,
    written: tuple[Set, list[Candidate]],
    action: str,
    scores: None,
    out_of: int,
) -> None:
    exam, takers = written
    assert scores is None
    desk.post(f"/{exam.id}/regrade/{exam.questions[0]}", action=action, reason="Misprint")
    last = takers[2].row()
    assert (last.score, last.out_of) == (1 if action == "full_marks" else 0, out_of)
    first = takers[0].row()
    assert (first.score, first.passed) == (out_of, True)
    assert acts(app, exam.id)[-1] == "regrade"


def test_who_fails_by_a_regrade_loses_the_points_by_an_entry_that_says_why(
    app: Flask, people: People, desk: Desk, trainer: int
) -> None:
    exam = make_exam(app, trainer, [single("A?", "CANARY-CORRECT-x")])
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right(1))
    assert earned(app, taker.member) == 10
    with app.app_context(), unit_of_work():
        body = single("A?", "that", ("CANARY-CORRECT-x",))
        body.pop("kind")
        bank.revise(exam.questions[0], body, trainer)
    desk.post(f"/{exam.id}/regrade/{exam.questions[0]}", action="new_key", reason="Wrong key")
    assert earned(app, taker.member) == 0
    assert "Wrong key" in taker.client.get("/points").text
    assert exam_row(app, exam.id).state == Exam(state="published").state
