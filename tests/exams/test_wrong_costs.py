"""A wrong answer may cost: who loses what, said before, shown afterwards, kept by a regrade."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.db import db, unit_of_work
from app.exams import queries, rules, service
from app.exams.service import laying
from app.questions import service as bank
from app.questions import types
from tests.exams.examiner import QUESTIONS, Candidate, Desk, make_exam
from tests.factories import People
from tests.learning.lessons import Time, multiple

THIRD = next(share for share in rules.COST_NAMES if 0.3 < share < 0.4)


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@pytest.mark.parametrize(
    ("kind", "mark", "is_blank", "share", "most", "points"),
    [
        ("single", 0, False, "0.25", 4, "-1"),
        ("truefalse", 0, False, "1", 2, "-2"),
        ("multiple", 0, False, "0.5", 3, "-1.5"),
        ("single", 0, False, THIRD, 3, "-1"),  # a third of three is one, and not almost one
        ("single", 0, True, "0.25", 4, "0"),  # left empty
        ("multiple", "0.5", False, "0.25", 4, "2"),  # partly right
        ("single", 1, False, "1", 4, "4"),
        ("single", 0, False, "0", 4, "0"),  # as in every exam before
        ("short", 0, False, "1", 4, "0"),  # written: nothing is offered to guess from
        ("matching", 0, False, "1", 4, "0"),
        ("numeric", 0, False, "1", 4, "0"),
        ("essay", 0, False, "1", 4, "0"),
        ("file", 0, False, "1", 4, "0"),
    ],
)
def test_what_a_wrong_answer_costs(
    kind: str, mark: object, is_blank: bool, share: object, most: int, points: str
) -> None:
    found = rules.with_cost(
        Decimal(str(mark)),
        rules.cost(share),
        is_guessed=kind in types.GUESSED,
        is_blank=is_blank,
    )
    assert rules.points(found, Decimal(most)) == Decimal(points)


def test_a_paper_never_comes_to_less_than_nothing() -> None:
    items = [(Decimal(-1), Decimal(4)), (Decimal(1), Decimal(3))]
    assert rules.score(items) == 0
    assert rules.score([*items, (Decimal(1), Decimal(2))]) == 1


@pytest.mark.parametrize("share", ["-0.1", "1.01", "NaN", "Infinity", "a half", ""])
def test_a_share_that_cannot_be_is_refused(share: str) -> None:
    with pytest.raises(rules.BadCost):
        rules.cost(share)


@pytest.mark.parametrize("table", ["exam", "attempt"])
def test_the_database_refuses_it_too(app: Flask, people: People, trainer: int, table: str) -> None:
    exam = make_exam(app, trainer, wrong_costs="0.25")
    Candidate(people, exam).start()
    with app.app_context(), pytest.raises(IntegrityError), unit_of_work() as session:
        session.execute(text(f"update {table} set wrong_costs = '1.5'"))


def test_from_the_door_to_the_marks_that_a_new_key_leaves(
    app: Flask, people: People, trainer: int
) -> None:
    both = multiple(
        "Which two help?",
        {"CANARY-CORRECT-a": "0.5", "CANARY-CORRECT-b": "0.5", "c": "-1", "d": "-1"},
    )
    exam = make_exam(
        app,
        trainer,
        [*QUESTIONS, both],
        marks=("4", "4", "2", "2"),
        shuffle_questions=False,
        show_answers="at_once",
        wrong_costs="0.25",
    )
    taker = Candidate(people, exam)
    said = "a wrong one costs a quarter of the points of the question"
    assert said in taker.client.get(taker.door).text
    taker.start()
    page = taker.page()
    assert said in page
    assert page.count("data-clear") == 4
    first, second, third, fourth = taker.paper()
    wrong = {
        first.id: first.named("take the lift"),
        second.id: second.named("CANARY-CORRECT-112"),
        third.id: third.named("True"),
        fourth.id: fourth.named("CANARY-CORRECT-a"),
    }
    taker.save(wrong)
    taker.save({third.id: []})  # taken back
    taker.submit({third.id: []})
    assert [item.mark for item in taker.items()] == [
        Decimal("-0.25"),
        Decimal(1),
        Decimal(0),
        Decimal("0.5"),
    ]
    assert taker.row().score == 4  # -1 + 4 + 0 + 1
    result = taker.result()
    assert "Wrong: −1 of 4" in result
    assert "No answer" in result

    unlucky = Candidate(people, exam)
    unlucky.start()
    unlucky.submit(unlucky.wrong())
    assert unlucky.row().score == 0
    assert unlucky.row().passed is False

    with app.app_context():
        book = queries.book_of(exam.id)
        # Slot by slot as they were given, so that the total of the formulas is below 0, too.
        assert sorted(map(sum, book.marks)) == [Decimal(-3), Decimal(4)]
        figures = book.statistics()
        assert figures.slots[0].facility == -0.25
        assert figures.mean == 0.5
        assert queries.facilities([exam.questions[0]]) == {exam.questions[0]: 0}
        db.session.rollback()
    desk = Desk(people, trainer)
    assert "−25 % of the marks" in desk.get(f"/{exam.id}/results/questions")
    export = desk.client.get(f"/desk/exams/{exam.id}/results/export").text
    assert ",-1," in export.replace(".00000", "").replace('"', "")

    # Left out, the question costs nothing either; undone, it costs again.
    with app.app_context(), unit_of_work():
        done = service.regrade(
            exam.id,
            exam.questions[0],
            rules.Action.LEAVE_OUT,
            actor_id=trainer,
            reason="unclear",
        )
    assert taker.row().score == 5
    with app.app_context():
        regrade = queries.regrades_of(exam.id)[0].id
        db.session.rollback()
    assert done.changed == 2
    with app.app_context(), unit_of_work():
        service.undo(exam.id, regrade, actor_id=trainer)
    assert taker.row().score == 4


@pytest.mark.parametrize("part", ["paper", "key"])
def test_a_printed_paper_says_it_too(app: Flask, part: str) -> None:
    exams = [laying.Exam("Fire", 60, costs) for costs in (Decimal("0.25"), Decimal(0))]
    with app.test_request_context():
        said, unsaid = (
            [block.text for block in laying.blocks_of(part, exam, "A", [])] for exam in exams
        )
        rule = str(rules.cost_rule(Decimal("0.25")))
    assert "costs a quarter of the points" in rule
    assert [text for text in said if text not in unsaid] == [rule]


def test_a_later_setting_is_for_those_who_begin_later(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    early = Candidate(people, exam)
    early.start()
    with app.app_context(), unit_of_work():
        service.change(exam.id, actor_id=trainer, wrong_costs="1")
    late = Candidate(people, exam)
    late.start()
    for taker in (early, late):
        taker.submit(taker.wrong())
    assert [item.mark for item in early.items()] == [0, 0, 0]
    assert [item.mark for item in late.items()] == [-1, -1, -1]
    assert "costs" not in early.result()
    assert "costs all of the points" in late.result()


def test_a_new_key_and_the_old_rule(app: Flask, people: People, trainer: int) -> None:
    """What was right becomes wrong by the new key, and costs what it cost when they began."""
    exam = make_exam(app, trainer, wrong_costs=str(THIRD), shuffle_questions=False)
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right())
    assert taker.row().score == 3
    with app.app_context(), unit_of_work():
        body = {k: v for k, v in QUESTIONS[2].items() if k != "kind"}
        bank.revise(exam.questions[2], body={**body, "answer": True}, author_id=trainer)
    with app.app_context(), unit_of_work():
        seen = service.preview(exam.id, exam.questions[2], rules.Action.NEW_KEY)
        assert (seen.changed, seen.down) == (1, 1)
        service.regrade(
            exam.id,
            exam.questions[2],
            rules.Action.NEW_KEY,
            actor_id=trainer,
            reason="wrong key",
        )
    assert [rules.points(item.mark, item.max_mark) for item in taker.items()][2] == Decimal(
        "-0.33333"
    )
    assert taker.row().score == Decimal("1.66667")
