"""Marking the quiz of a course anew, and all that hangs on it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from app.certificates.models import Certificate
from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.core.models import Job
from app.courses.models import CourseQuestion
from app.exams.models import Attempt, Regrade
from app.exams.queries import quiz_seen
from app.exams.rules import Action
from app.exams.service import requizzing
from app.learning import queries as learning
from app.learning import service as paths
from app.learning.models import PathDone
from app.members.models import AuditLine, Member
from app.notices import queries as notices
from app.notices.models import Notice
from app.points import queries as points
from app.points.models import Entry
from app.questions import service as bank
from app.questions.queries import questions
from tests.certificates.test_certificates import Office, done
from tests.exams.examiner import make_exam
from tests.exams.taker import Taker
from tests.exams.test_desk import ranking
from tests.factories import People, csrf
from tests.learning.lessons import Made, Time, make_course, single

WRONG = single("Which number?", "112", ("000", "123"))
RIGHT = single("Which number?", "000", ("112", "123"))


class Desk:
    """The trainer's pages of one quiz."""

    def __init__(self, people: People, member: int, course: Made, question: int) -> None:
        self.client = people.client(member)
        self.headers = csrf(self.client)
        self.list = f"/desk/courses/{course.id}/quiz/answers"
        self.undos = f"/desk/courses/{course.id}/quiz/regrades"
        self.path = f"{self.list}/{question}"

    def look(self, action: str = "new_key") -> str:
        answer = self.client.get(f"{self.path}?action={action}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def mark(self, action: str = "new_key", reason: str = "The key was wrong", seen: str = ""):
        seen = seen or self.seen(action)
        fields = {"action": action, "reason": reason, "seen": seen}
        return self.client.post(self.path, data=fields, headers=self.headers)

    def seen(self, action: str = "new_key") -> str:
        return re.search(r'name="seen" value="([\d.]+)"', self.look(action)).group(1)

    def page(self) -> str:
        return self.client.get(self.list).get_data(as_text=True)

    def undo(self):
        number = re.search(r"/regrades/(\d+)/undo", self.page()).group(1)
        return self.client.post(f"{self.undos}/{number}/undo", headers=self.headers)


def question_of(app: Flask, course: Made) -> int:
    with app.app_context(), unit_of_work() as session:
        return session.query(CourseQuestion.question_id).filter_by(course_id=course.id).one()[0]


def mend(app: Flask, question: int, author: int) -> None:
    with app.app_context(), unit_of_work():
        bank.revise(question, {k: v for k, v in RIGHT.items() if k != "kind"}, author)


def answer(people: People, course: Made, said: str, member: int | None = None) -> Taker:
    taker = Taker(people, course, member)
    taker.start()
    (item,) = taker.paper()
    taker.submit({item.id: item.named(said)})
    return taker


@pytest.fixture
def course(app: Flask, trainer: int) -> Made:
    return make_course(app, trainer, [("reading", 1000)], [WRONG])


@pytest.fixture
def question(app: Flask, course: Made) -> int:
    return question_of(app, course)


@pytest.fixture
def desk(people: People, trainer: int, course: Made, question: int) -> Desk:
    return Desk(people, trainer, course, question)


def standing(app: Flask, taker: Taker) -> tuple[bool, str, int]:
    """(passed by any attempt, state of the course, points)"""
    with app.app_context():
        found = db.session.query(Attempt.passed).filter_by(member_id=taker.member).all()
        progress = learning.course_progress_for(taker.member, [taker.course.id])
        total = points.total(taker.member)
        db.session.rollback()
    return any(p for (p,) in found), str(progress[taker.course.id].state), total


def told(app: Flask, member: int) -> list[tuple[str, str]]:
    with app.app_context():
        rows = notices.notices_of(member, page=1).rows
        db.session.rollback()
    return [(row.title, row.body) for row in rows if row.kind == "exam"]


def certified(app: Flask, member: int) -> list[str]:
    with app.app_context():
        rows = db.session.query(Certificate).filter_by(member_id=member)
        found = [f"{row.kind} {row.state}" for row in rows.order_by(Certificate.id)]
        db.session.rollback()
    return found


def test_a_wrong_key_is_mended_and_all_that_hangs_on_the_quiz_follows_and_goes_back(
    app: Flask, people: People, trainer: int, course: Made, question: int, desk: Desk, time: Time
) -> None:
    office = Office(people)
    office.certify(f"course:{course.id}")
    other = make_course(app, trainer, [("reading", 1000)])
    with app.app_context(), unit_of_work():
        path = paths.make_path(title="First month", branch_id=people.root, author_id=trainer)
        paths.add_step(path, course.id)
        paths.add_step(path, other.id)
        paths.publish_path(path)
    right, wrong = people.member("Li Wei"), people.member("Ann")
    with app.app_context(), unit_of_work():
        for member in (right, wrong):
            done(member, course)
            done(member, other)
            paths.quiz_passed(member_id=member, course_id=other.id, at=clock.now())
    up, down = answer(people, course, "000", right), answer(people, course, "112", wrong)
    twice = answer(people, course, "000", answer(people, course, "112").member)
    before = [standing(app, each) for each in (up, down, twice)]
    order = ranking(app)
    assert (before[0][:2], before[1][:2]) == ((False, "quiz"), (True, "done"))
    assert "No mark would change." in desk.look()

    mend(app, question, trainer)
    assert "changed since" in desk.page()
    seen = desk.look()
    assert "What would change" in seen
    assert "Li Wei" in seen.split("Fail now")[-2]
    assert "Ann" in seen.split("Fail now")[-1]
    assert [standing(app, each) for each in (up, down, twice)] == before, "looking changes nothing"
    assert desk.mark(reason=" ").status_code == 303
    assert [standing(app, each) for each in (up, down, twice)] == before, "a reason is needed"

    assert desk.mark().status_code == 303
    after = [standing(app, each) for each in (up, down, twice)]
    assert (after[0][:2], after[1][:2], after[2][0]) == ((True, "done"), (False, "quiz"), True)
    assert (after[0][2], after[1][2]) == (before[1][2], 0)
    assert after[2][2] == before[2][2], "passed by another attempt: nothing to take back"
    assert "changed since" not in desk.page()
    assert certified(app, up.member) == ["course live"]
    assert certified(app, down.member) == ["course revoked"]
    with app.app_context():
        assert [row.member_id for row in db.session.query(PathDone)] == [up.member]
        notes = db.session.scalars(db.select(Entry.note).where(Entry.amount < 0)).all()
        (line,) = db.session.query(AuditLine).filter_by(act="quiz_marked_anew")
        assert line.actor_id == trainer
        assert line.changes["reason"] == ["The key was wrong"]
        db.session.rollback()
    assert set(notes) == {"The key was wrong"}
    title = f"Your result of the quiz “Course {course.slug.split('-')[1]}” has changed"
    for taker in (up, down):
        assert told(app, taker.member) == [(title, "The key was wrong")]
    assert "Passed" in up.client.get("/attempts/1").get_data(as_text=True)

    desk.undo()
    assert [standing(app, each) for each in (up, down, twice)] == before
    assert ranking(app) == order, "everybody stands where they stood"
    assert certified(app, down.member) == ["course revoked", "course live"]
    assert told(app, up.member)[0] == (title, "A marking anew was undone: The key was wrong")
    assert "undone" in desk.page()


def test_of_equal_requests_at_once_one_is_done_and_an_old_preview_does_nothing(
    app: Flask, people: People, trainer: int, course: Made, question: int, desk: Desk
) -> None:
    taker = answer(people, course, "000")
    seen = desk.seen("full_marks")
    desks = [Desk(people, trainer, course, question) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda each: each.mark("full_marks", seen=seen), desks, timeout=60))
    assert [each.status_code for each in said] == [303] * 4
    assert sum("Nothing was done a second time." in each.page() for each in desks) == 3
    with app.app_context():
        assert db.session.query(Regrade).count() == 1
        assert db.session.query(AuditLine).filter_by(act="quiz_marked_anew").count() == 1
        db.session.rollback()
    assert standing(app, taker)[0]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: each.undo(), desks[:2], timeout=60))
    seen = desk.seen("full_marks")
    mend(app, question, trainer)
    desk.mark("full_marks", seen=seen)
    assert "the key was changed" in desk.look("full_marks")
    assert not standing(app, taker)[0]


def test_a_question_that_is_void_is_given_to_all_or_left_out(
    app: Flask, people: People, trainer: int
) -> None:
    course = make_course(app, trainer, [("reading", 1000)], [WRONG, single("So?", "yes", ("no",))])
    taker = Taker(people, course)
    taker.start()
    first, second = taker.paper()
    if "yes" not in " ".join(second.options):
        first, second = second, first
    taker.submit({first.id: first.named("000"), second.id: second.named("yes")})
    with app.app_context(), unit_of_work() as session:
        rows = session.query(CourseQuestion).filter_by(course_id=course.id)
        question = rows.order_by(CourseQuestion.position).first().question_id
    assert not standing(app, taker)[0]
    desk = Desk(people, trainer, course, question)
    desk.mark("leave_out", "Nobody can know")
    assert "1 of 1 points" in taker.client.get("/attempts/1").get_data(as_text=True)
    assert standing(app, taker)[0]
    desk.undo()
    desk.mark("full_marks", "Nobody can know")
    assert "2 of 2 points" in taker.client.get("/attempts/1").get_data(as_text=True)
    assert standing(app, taker)[0]


def test_a_large_quiz_is_marked_by_the_worker_in_steps_and_a_second_one_waits(
    app: Flask,
    people: People,
    course: Made,
    question: int,
    desk: Desk,
    trainer: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requizzing, "STEP", 2)
    takers = [answer(people, course, said) for said in ("000", "112", "000", "112", "000")]
    mend(app, question, trainer)
    desk.mark()
    assert [standing(app, t)[0] for t in takers] == [False, True, False, True, False]
    assert "Being marked anew" in desk.page()
    desk.mark("full_marks")
    assert "is being marked anew just now" in desk.page()
    with app.app_context(), unit_of_work():
        assert requizzing.regrade_step(1) == 40
    assert [standing(app, t)[0] for t in takers] == [True, False, False, True, False]
    assert "40 %" in desk.client.get(desk.undos).get_data(as_text=True)
    jobs.run_pending(app)
    assert [standing(app, t)[0] for t in takers] == [True, False, True, False, True]
    assert "5 attempts changed" in desk.page()
    desk.undo()
    with app.app_context(), unit_of_work() as session:
        session.get(Member, takers[0].member).language = "zh_Hans"
    jobs.run_pending(app)
    assert [standing(app, t)[0] for t in takers] == [False, True, False, True, False]
    assert [len(told(app, t.member)) for t in takers] == [2] * 5
    undone = ["重新评分已撤销：The key was wrong", "A marking anew was undone: The key was wrong"]
    assert [told(app, takers[n].member)[0][1] for n in (0, 2)] == undone, "each in their language"
    with app.app_context():
        lost = db.session.query(Entry.member_id, Entry.note).filter(Entry.amount < 0).all()
        db.session.rollback()
    assert {(takers[0].member, undone[0]), (takers[2].member, undone[1])} <= set(map(tuple, lost))


@pytest.mark.parametrize("said", [("112", "000"), ("000", "112")])
def test_who_passes_by_another_attempt_before_and_after_keeps_everything(
    app: Flask,
    people: People,
    course: Made,
    question: int,
    desk: Desk,
    trainer: int,
    monkeypatch: pytest.MonkeyPatch,
    said: tuple[str, str],
) -> None:
    monkeypatch.setattr(requizzing, "STEP", 1)
    Office(people).certify(f"course:{course.id}")
    member = people.member()
    with app.app_context(), unit_of_work():
        done(member, course)
    for each in said:
        taker = answer(people, course, each, member)
    mend(app, question, trainer)
    before = standing(app, taker)
    for do in (desk.mark, desk.undo):
        do()
        jobs.run_pending(app)
        assert standing(app, taker) == before
        assert certified(app, member) == ["course live"]
    with app.app_context():
        assert db.session.query(Entry).filter(Entry.amount < 0).count() == 0
        assert [row.state for row in db.session.query(Regrade)] == ["undone"]
        db.session.rollback()


def test_what_one_step_leaves_the_worker_goes_on_with(
    app: Flask, people: People, course: Made, question: int, desk: Desk, trainer: int
) -> None:
    taker = answer(people, course, "000")
    desk.mark("full_marks")
    with app.app_context(), unit_of_work() as session:
        row = session.get(Regrade, 1)
        row.state, row.undone_at, row.undone_by = "undoing", clock.now(), trainer
        row.to_do = 0
        monkey = pytest.MonkeyPatch()
        monkey.setattr(requizzing, "STEP", 1)
        assert not requizzing._begin(row)
        monkey.undo()
    jobs.run_pending(app)
    assert not standing(app, taker)[0]
    assert "undone" in desk.page()


def test_what_the_worker_gave_up_is_said_and_asked_for_again(
    app: Flask,
    people: People,
    course: Made,
    question: int,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requizzing, "STEP", 1)
    takers = [answer(people, course, "000") for _ in range(2)]
    seen = desk.seen("full_marks")
    desk.mark("full_marks")
    before = desk.seen("leave_out")
    with app.app_context(), unit_of_work() as session:
        session.query(Job).filter_by(kind="exams.regrade").one().state = "failed"
        requizzing.regrade_step(1)
    assert len({seen, before, desk.seen("leave_out")}) == 3, "each preview is of its moment"
    page = desk.page()
    assert "goes on within the hour" in page
    assert "every 2s" not in page
    with app.app_context(), unit_of_work():
        jobs.enqueue("exams.tidy")
    jobs.run_pending(app)
    assert all(standing(app, each)[0] for each in takers)
    assert "interrupted" not in desk.page()


def test_a_step_reads_no_more_for_twelve_attempts_than_for_one(
    app: Flask, people: People, trainer: int, course: Made, question: int
) -> None:
    for _ in range(12):
        answer(people, course, "000")
    reads: list[str] = []
    with app.app_context(), unit_of_work() as session:
        seen = quiz_seen(course.id, questions([question])[question])

        def count(*asked: object) -> None:
            reads.extend([str(asked[2])] * str(asked[2]).startswith("SELECT"))

        event.listen(session.get_bind(), "before_cursor_execute", count)
        how = {"actor_id": trainer, "reason": "Void", "seen": seen}
        requizzing.regrade_quiz(course.id, question, Action.LEAVE_OUT, **how)
        session.flush()
        event.remove(session.get_bind(), "before_cursor_execute", count)
        assert session.query(Notice).filter_by(kind="exam").count() == 12
    assert len(reads) < 34, "\n".join(reads)


def test_only_who_may_edit_the_course_sees_and_marks(
    app: Flask, people: People, course: Made, desk: Desk
) -> None:
    taker = answer(people, course, "000")
    seen = desk.seen("full_marks")
    for other in (people.member(role="trainer"), people.member(organizes=people.root)):
        client = people.client(other)
        for path in (desk.list, desk.path, desk.undos):
            assert client.get(path).status_code in {403, 404}
        fields = {"action": "full_marks", "reason": "x", "seen": seen}
        assert client.post(desk.path, data=fields, headers=csrf(client)).status_code in {403, 404}
    assert not standing(app, taker)[0]
    assert desk.mark("full_marks", seen=seen).status_code == 303
    assert standing(app, taker)[0]


def test_while_an_exam_asks_the_question_a_regrade_tells_nobody_anything(
    app: Flask, people: People, trainer: int, course: Made, question: int, desk: Desk, time: Time
) -> None:
    up, down = answer(people, course, "000"), answer(people, course, "112")
    assert (standing(app, up)[2], standing(app, down)[2]) == (0, 10)
    time.moment += timedelta(minutes=5)
    make_exam(app, trainer, [question], closes_at=clock.now() + timedelta(hours=1))
    mend(app, question, trainer)
    desk.mark()
    for number, taker in ((1, up), (2, down)):
        assert not told(app, taker.member)
        page = taker.client.get(f"/attempts/{number}").get_data(as_text=True)
        assert "is told after that exam" in page
        assert "of 1 point" not in page
    assert (standing(app, up)[2], standing(app, down)[2]) == (0, 10)
    time.moment += timedelta(hours=1, seconds=5)
    jobs.run_pending(app)
    assert (standing(app, up)[2], standing(app, down)[2]) == (10, 0)
    for taker in (up, down):
        assert [body for _title, body in told(app, taker.member)] == ["The key was wrong"]


def test_of_two_regrades_while_an_exam_seals_the_last_is_the_reason(
    app: Flask, people: People, trainer: int, course: Made, question: int, desk: Desk, time: Time
) -> None:
    taker = answer(people, course, "000")
    time.moment += timedelta(minutes=5)
    make_exam(app, trainer, [question], closes_at=clock.now() + timedelta(hours=1))
    desk.mark("full_marks", "First")
    desk.mark("leave_out", "Second")
    time.moment += timedelta(hours=1, seconds=5)
    jobs.run_pending(app)
    assert [body for _title, body in told(app, taker.member)] == ["Second"]
