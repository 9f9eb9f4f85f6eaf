"""What happens at the same time, in another order, or from the branch beside."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from app.core import clock
from app.core.db import unit_of_work
from app.exams import service
from app.members.models import Member
from app.points.queries import total as points_of
from tests.exams.examiner import Candidate, Desk, Set, make_exam
from tests.factories import People
from tests.learning.lessons import Time, single

ESSAY = {"kind": "essay", "stem": "Why stay low?", "answer": "Smoke rises.", "rubric": []}


@pytest.fixture
def exam(app: Flask, trainer: int) -> Set:
    return make_exam(app, trainer, attempts_allowed=1)


def test_the_organizer_of_the_branch_beside_finds_no_door(
    app: Flask, people: People, trainer: int
) -> None:
    """Every page and every act of the desk of an exam, with ids that exist."""
    here, beside = people.branch(), people.branch()
    exam = make_exam(app, trainer, branches=[here])
    taker = Candidate(people, exam, people.member(branch=here))
    taker.start()
    taker.submit(taker.right(1))
    known = {
        "exam_id": exam.id,
        "attempt_id": taker.attempt,
        "question_id": exam.questions[0],
        "item_id": taker.items()[0].id,
        "member_id": taker.member,
    }
    stranger = people.member(branch=beside, organizes=beside)
    desk = Desk(people, stranger)
    tried = 0
    urls = app.url_map.bind("localhost")
    rules = [r for r in app.url_map.iter_rules() if r.rule.startswith("/desk/exams/<int:exam")]
    for rule in rules:
        values = {name: known.get(name, 1) for name in rule.arguments}
        path = urls.build(rule.endpoint, values)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = desk.client.open(path, method=method, headers=desk.headers)
            assert answer.status_code in {403, 404}, (method, path, answer.status_code)
            tried += 1
    assert tried > 40
    assert taker.row().state == "submitted"
    # The same doors are open to whose exam it is.
    assert Desk(people, trainer).get(f"/{exam.id}/room")


def test_an_undone_regrade_keeps_what_was_marked_since(
    app: Flask, people: People, trainer: int
) -> None:
    keyed = single("Which number?", "112", ("000", "123"))
    exam = make_exam(app, trainer, [ESSAY, keyed], pass_percent=60)
    taker, desk = Candidate(people, exam), Desk(people, trainer)
    taker.start()
    essay, choice = sorted(taker.paper(), key=lambda item: bool(item.options))
    taker.submit({essay.id: ["Because."], choice.id: choice.named("000")})
    desk.post(f"/{exam.id}/regrade/{exam.questions[1]}", action="full_marks", reason="Misprint")
    assert (taker.row().score, taker.row().waiting) == (1, 1)
    page = desk.get(f"/{exam.id}/marking/{exam.questions[0]}")
    place = re.search(r'action="/desk/exams(/[^"]*/mark[^"]*)"', page)
    field = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    field.pop("csrf_token")
    path = place.group(1) if place else f"/{exam.id}/marking/{exam.questions[0]}"
    assert desk.post(path, **field, points="1", comment="Good.").status_code == 303
    assert (taker.row().score, taker.row().waiting, taker.row().passed) == (2, 0, True)
    page = desk.get(f"/{exam.id}/results/questions")
    regrade = re.search(r"/regrades/(\d+)/undo", page).group(1)
    desk.post(f"/{exam.id}/regrades/{regrade}/undo")
    row = taker.row()
    assert (row.score, row.out_of, row.waiting, row.passed) == (1, 2, 0, False)
    assert row.score == sum((item.mark or 0) * item.max_mark for item in taker.items())


def test_regrades_are_undone_from_the_newest_one_back(
    app: Flask, people: People, trainer: int
) -> None:
    questions = [single(f"{n}?", "right", ("wrong", "other")) for n in range(3)]
    exam = make_exam(app, trainer, questions, pass_percent=60)
    taker, desk = Candidate(people, exam), Desk(people, trainer)
    taker.start()
    taker.submit({item.id: item.named("wrong") for item in taker.paper()})
    first = exam.questions[0]
    scores = [(taker.row().score, taker.row().out_of)]
    for question, action in ((first, "full_marks"), (first, "leave_out"), (first, "full_marks")):
        path = f"/{exam.id}/regrade/{question}"
        assert desk.post(path, action=action, reason="Misprint").status_code == 303
        scores.append((taker.row().score, taker.row().out_of))
    for back in (3, 2, 1):
        older = desk.post(f"/{exam.id}/regrades/{1 if back > 1 else 99}/undo")
        assert older.status_code in {303, 404, 409}
        assert (taker.row().score, taker.row().out_of) == scores[back], "only the newest one"
        desk.post(f"/{exam.id}/regrades/{back}/undo")
        assert (taker.row().score, taker.row().out_of) == scores[back - 1]


def test_more_time_granted_while_one_writes_counts_from_the_next_start(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    organizer = people.member(organizes=people.root)
    exam = make_exam(app, trainer, attempts_allowed=2)
    taker, desk = Candidate(people, exam), Desk(people, trainer)
    taker.start()
    end = taker.row().deadline_at
    with app.app_context(), unit_of_work():
        service.accommodate(
            *(taker.member,),
            extra_percent=50,
            extra_attempts=0,
            large_type=True,
            reason="Certificate",
            actor_id=organizer,
            exam_id=exam.id,
        )
    assert taker.row().deadline_at == end
    assert len(taker.paper()) == 3
    desk.post(f"/{exam.id}/room/time", minutes="10", attempt=str(taker.attempt))
    assert taker.row().deadline_at >= end
    taker.submit(taker.right())
    assert taker.row().score == 3
    time.moment += timedelta(minutes=1)
    taker.start()
    assert taker.row().deadline_at - taker.row().started_at == timedelta(minutes=90)


def test_while_some_hand_in_the_exam_is_paused_and_nothing_is_lost(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer)
    takers = [Candidate(people, exam) for _ in range(8)]
    desk = Desk(people, trainer)
    answers = []
    for taker in takers:
        taker.start()
        answers.append(taker.right())
        assert taker.save(answers[-1]).status_code == 200

    def act(number: int) -> int:
        if number == 4:
            return desk.post(f"/{exam.id}/room/pause").status_code
        at = number if number < 4 else number - 1
        return takers[at].submit(answers[at]).status_code

    with ThreadPoolExecutor(9) as pool:
        codes = list(pool.map(act, range(9)))
    assert set(codes) <= {303, 409, 429}, codes
    for taker, said in zip(takers, [*codes[:4], *codes[5:]], strict=True):
        assert (taker.row().state == "submitted") == (said == 303), said
    desk.post(f"/{exam.id}/room/resume")
    for taker, sent in zip(takers, answers, strict=True):
        assert taker.submit(sent).status_code == 303
        assert (taker.row().state, taker.row().score) == ("submitted", 3)


def test_the_key_waits_for_those_who_write_beyond_the_close(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    """Extra or added time, a pause and the grace go beyond the close; the answers wait for them."""
    exam = make_exam(app, trainer, attempts_allowed=1, closes_at=clock.now() + timedelta(hours=1))
    quick, slow, desk = Candidate(people, exam), Candidate(people, exam), Desk(people, trainer)
    quick.start()
    slow.start()
    quick.submit(quick.right())
    desk.post(f"/{exam.id}/room/time", minutes="30", attempt=str(slow.attempt))
    time.moment += timedelta(minutes=70)
    page = quick.result()
    assert "Passed" in page
    assert "choice-good" not in page
    assert "is still writing" in page
    assert slow.save(slow.right(1)).status_code == 200
    slow.submit()
    assert "choice-good" in quick.result()


def test_an_attempt_that_nobody_has_finished_after_its_grace_holds_nothing_back(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    exam = make_exam(app, trainer, attempts_allowed=1, closes_at=clock.now() + timedelta(hours=1))
    quick, slow = Candidate(people, exam), Candidate(people, exam)
    quick.start()
    slow.start()
    quick.submit(quick.right())
    time.moment += timedelta(minutes=60, seconds=30)
    assert "choice-good" not in quick.result()
    assert slow.save(slow.right(1)).status_code == 200
    time.moment += timedelta(seconds=31)
    assert "choice-good" in quick.result()


def test_who_is_not_invited_any_more_finishes_what_was_begun_and_begins_nothing(
    app: Flask, people: People, trainer: int
) -> None:
    here, beside = people.branch(), people.branch()
    exam = make_exam(app, trainer, branches=[here], attempts_allowed=3)
    taker = Candidate(people, exam, people.member(branch=here))
    assert taker.start().status_code == 303
    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, taker.member).branch_id = beside
    assert taker.start().status_code == 303
    assert taker.save(taker.right(1)).status_code == 200
    assert taker.submit().status_code == 303
    answer = taker.start()
    assert answer.status_code == 422
    assert "not meant for you any more" in answer.get_data(as_text=True)
    assert f"{taker.door}/start" not in taker.client.get(taker.door).get_data(as_text=True)
    assert (taker.row().number, taker.row().state) == (1, "submitted")


def test_points_tell_no_score_before_the_last_attempt_at_an_exam_that_never_closes(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer, attempts_allowed=2, closes_at=None, show_score="after_close")
    taker = Candidate(people, exam)

    def points() -> int:
        with app.app_context():
            return points_of(taker.member)

    taker.start()
    taker.submit(taker.right())
    assert points() == 0
    assert "Passed" not in taker.result()
    taker.start()
    taker.submit(taker.wrong())
    assert points() > 0
    assert "Passed" in taker.client.get(f"/attempts/{taker.attempt - 1}").get_data(as_text=True)


def test_nobody_waits_for_ever_for_what_an_exam_without_an_end_brings(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer, attempts_allowed=0, closes_at=None, show_score="after_close")
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right())
    assert "Passed" in taker.result()
    with app.app_context():
        assert points_of(taker.member) > 0
