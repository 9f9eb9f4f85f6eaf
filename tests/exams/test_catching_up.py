"""Who still writes, is reopened or void while a question is marked anew is marked so, too."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from app.core import jobs
from app.core.db import db, unit_of_work
from app.exams.models import Attempt, AttemptItem, ExamEvent, RegradeAttempt
from app.exams.service import requizzing
from tests.exams.examiner import Candidate, Desk, make_exam
from tests.exams.taker import Taker
from tests.exams.test_requizzing import WRONG, answer, mend, question_of, standing
from tests.exams.test_requizzing import Desk as QuizDesk
from tests.factories import People
from tests.learning.lessons import Time, make_course


def most(app: Flask) -> list[str]:
    """Points that can be had in each attempt that counts, beside the sum of those of its items."""
    with app.app_context():
        rows = db.session.query(Attempt).filter_by(state="submitted").order_by(Attempt.id).all()
        found = []
        for row in rows:
            items = db.session.query(AttemptItem.max_mark).filter_by(attempt_id=row.id)
            assert row.out_of == sum(mark for (mark,) in items)
            found.append(str(row.out_of))
        db.session.rollback()
    return found


def undo_of(page: str) -> str:
    return re.search(r"/regrades/\d+/undo", page).group(0)


def test_whoever_hands_in_after_a_regrade_is_marked_as_those_before(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    exam, desk = make_exam(app, trainer), Desk(people, trainer)
    early, late, timed, shut, again, later = (Candidate(people, exam) for _ in range(6))
    for taker in (early, late, timed, shut, again):
        taker.start()
    early.submit(early.right())
    again.submit(again.right())
    desk.post(f"/{exam.id}/room/{again.attempt}", act="void", reason="By mistake")
    time.moment += timedelta(minutes=5)
    path = f"/{exam.id}/regrade/{exam.questions[1]}"
    assert "What is not handed in yet is marked so, too" in desk.get(f"{path}?action=leave_out")
    desk.post(path, action="leave_out", reason="Unclear")
    time.moment += timedelta(minutes=5)
    later.start()
    later.submit(later.right())
    late.submit(late.right())
    desk.post(f"/{exam.id}/room/{shut.attempt}", act="hand_in", reason="Left")
    desk.post(f"/{exam.id}/room/{again.attempt}", act="restore", reason="Back")
    time.moment += timedelta(minutes=55)
    jobs.run_pending(app)
    with app.app_context():
        acts = db.session.query(ExamEvent).filter_by(act="regrade").all()
        assert {e.attempt_id for e in acts} == {
            None,
            *(t.attempt for t in (late, timed, shut, again)),
        }
        db.session.rollback()
    assert timed.row().ended_by == "time"
    assert most(app) == ["2", "2", "2", "2", "2", "3"], "the last one began afterwards"
    assert late.row().score == 2
    assert "A question was marked anew" in late.result()
    assert desk.get(f"/{exam.id}/room?log=all").count("<strong>regraded</strong>") == 5
    assert desk.get(f"/{exam.id}/room").count("<strong>regraded</strong>") == 1
    desk.post(f"/{exam.id}" + undo_of(desk.get(f"/{exam.id}/results/questions")))
    assert most(app) == ["3"] * 6
    assert late.row().score == 3


def test_who_goes_on_after_a_regrade_is_marked_so_at_the_end_and_put_back_with_it(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    exam, desk = make_exam(app, trainer), Desk(people, trainer)
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right())
    time.moment += timedelta(minutes=1)
    desk.post(f"/{exam.id}/regrade/{exam.questions[1]}", action="leave_out", reason="Unclear")
    first = taker.attempt
    desk.post(f"/{exam.id}/room/{first}", act="reopen", minutes="5", reason="Crash")
    assert taker.attempt != first
    assert taker.row().out_of == 3
    taker.submit()
    assert (taker.row().score, taker.row().out_of) == (2, 2)
    desk.post(f"/{exam.id}" + undo_of(desk.get(f"/{exam.id}/results/questions")))
    assert (taker.row().score, taker.row().out_of) == (3, 3)


def test_handing_in_while_a_regrade_is_done_leaves_nobody_out(
    app: Flask, people: People, trainer: int
) -> None:
    exam, desk = make_exam(app, trainer), Desk(people, trainer)
    takers = [Candidate(people, exam) for _ in range(5)]
    for taker in takers:
        taker.start()
    takers[0].submit(takers[0].right())
    path = f"/{exam.id}/regrade/{exam.questions[1]}"
    ready = [(taker, taker.right()) for taker in takers[1:]]
    with ThreadPoolExecutor(5) as pool:
        going = [pool.submit(taker.submit, answers) for taker, answers in ready[:2]]
        done = pool.submit(desk.post, path, action="leave_out", reason="Unclear")
        going += [pool.submit(taker.submit, answers) for taker, answers in ready[2:]]
        assert {each.result(60).status_code for each in (done, *going)} <= {302, 303}
    assert most(app) == ["2"] * 5
    with app.app_context():
        assert db.session.query(RegradeAttempt).count() == 5
        db.session.rollback()
    desk.post(f"/{exam.id}" + undo_of(desk.get(f"/{exam.id}/results/questions")))
    assert most(app) == ["3"] * 5


def test_who_hands_in_a_quiz_between_two_steps_of_its_regrade_is_marked_once(
    app: Flask, people: People, trainer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requizzing, "STEP", 2)
    course = make_course(app, trainer, [("reading", 1000)], [WRONG])
    question = question_of(app, course)
    desk = QuizDesk(people, trainer, course, question)
    first, between = Taker(people, course), Taker(people, course)
    first.start()
    answers = [answer(people, course, "000") for _ in range(2)]
    between.start()
    answers += [answer(people, course, "000") for _ in range(2)]
    mend(app, question, trainer)
    desk.mark()
    with app.app_context(), unit_of_work():
        assert requizzing.regrade_step(1) == 50
    for taker in (first, between):
        (item,) = taker.paper()
        taker.submit({item.id: item.named("000")})
        assert standing(app, taker)[0], "by the new key"
    jobs.run_pending(app)
    assert [standing(app, each)[0] for each in (first, between, *answers)] == [True] * 6
    with app.app_context():
        assert db.session.query(RegradeAttempt).count() == 6
        db.session.rollback()
    desk.undo()
    jobs.run_pending(app)
    assert [standing(app, each)[0] for each in (first, between, *answers)] == [False] * 6
