"""While an exam is open, nothing elsewhere tells what is right in its questions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.core import clock, jobs
from app.core.db import unit_of_work
from app.core.models import Job
from app.courses import service as courses
from app.courses.models import CourseQuestion
from app.exams.models import Exam
from app.exams.queries import Seal
from app.exams.service.rewarding import plan_later
from app.learning.models import CheckpointAnswer
from app.notices.queries import latest_of
from app.points.models import Entry
from app.practice import rules as practice
from tests.certificates.test_certificates import Office, all_of
from tests.exams.examiner import Candidate, Desk, Set, exam_row, make_exam
from tests.exams.taker import Taker
from tests.exams.test_clips import seen, send
from tests.factories import People
from tests.learning.lessons import Made, Time, make_course, single
from tests.learning.lessons import Player as Watcher
from tests.learning.test_checkpoints import make_asked, say
from tests.learning.test_checkpoints import watch as watch_lesson
from tests.practice.test_practice import Learner, Player
from tests.statements import counted

HOUR = timedelta(hours=1)


@pytest.fixture
def exam(app: Flask, trainer: int, course: Made, time: Time) -> Set:
    """It opens in an hour, for two hours, with all that the quiz of the course asks."""
    opens = time.moment + HOUR
    return make_exam(
        app,
        trainer,
        questions_of(app, course),
        opens_at=opens,
        closes_at=opens + 2 * HOUR,
        duration_s=1800,
    )


def questions_of(app: Flask, course: Made) -> list[int]:
    with app.app_context(), unit_of_work() as session:
        rows = session.query(CourseQuestion.question_id).filter_by(course_id=course.id)
        return [question for (question,) in rows.order_by(CourseQuestion.position)]


def earned(app: Flask, member: int) -> list[int]:
    """The points that quizzes have brought."""
    with app.app_context(), unit_of_work() as session:
        rows = session.query(Entry.amount).filter_by(member_id=member, reason="quiz")
        return [amount for (amount,) in rows]


def test_a_quiz_goes_on_and_counts_and_what_came_out_is_told_after_the_exam(
    app: Flask, people: People, course: Made, exam: Set, time: Time
) -> None:
    taker = Taker(people, course)
    page = f"/courses/{course.slug}"
    taker.start()
    old = taker.attempt
    taker.submit({})
    assert "CANARY-EXPLANATION" in taker.client.get(f"/attempts/{old}").get_data(as_text=True)
    time.moment += HOUR

    before = taker.client.get(f"/attempts/{old}").get_data(as_text=True)
    assert "shown again after that exam, from" in before
    assert "0 of 3 points" in before, "that was known before"
    assert "CANARY" not in before
    door = taker.page()
    assert "it counts; your result and the answers are told when" in door
    assert "What is right is shown after you submit" not in door
    taker.start()
    new = taker.attempt
    done = taker.submit(taker.right_answers())
    assert done.headers["Location"] == f"/attempts/{new}"
    told = taker.client.get(f"/attempts/{new}").get_data(as_text=True)
    assert "Your result counts, and is told after that exam" in told
    for text in (told, taker.page(), taker.client.get(page).get_data(as_text=True)):
        words = ("100 %", "3 of 3", "Passed", "point for you", "You have passed")
        assert not [word for word in words if word in text]
        assert "CANARY" not in text
    assert not earned(app, taker.member)

    time.moment += 2 * HOUR + timedelta(seconds=5)
    jobs.run_pending(app)
    again = people.client(taker.member)
    assert "3 of 3 points" in again.get(f"/attempts/{new}").get_data(as_text=True)
    assert "CANARY-EXPLANATION" in again.get(f"/attempts/{old}").get_data(as_text=True)
    assert earned(app, taker.member)


def test_an_exam_with_more_time_and_a_longer_window_keeps_the_seal_and_a_withdrawn_one_breaks_it(
    app: Flask, people: People, trainer: int, course: Made, exam: Set, time: Time
) -> None:
    taker, desk = Taker(people, course), Desk(people, trainer)
    writer = Candidate(people, exam)
    time.moment += HOUR
    taker.start()
    attempt = f"/attempts/{taker.attempt}"
    taker.submit(taker.right_answers())
    writer.start()
    desk.post(f"/{exam.id}/room/time", minutes=200)
    time.moment += 2 * HOUR + timedelta(seconds=5)
    jobs.run_pending(app)
    assert exam_row(app, exam.id).closes_at < time.moment
    other = Learner(people, taker.member)
    assert "told when that exam is over" in other.get(attempt), "somebody is still writing"
    writer = Candidate(people, exam, writer.member)
    writer.submit()
    assert "3 of 3 points" in other.get(attempt)
    time.moment += timedelta(minutes=6)
    jobs.run_pending(app)
    assert earned(app, taker.member)


def test_an_exam_that_is_paused_over_its_close_keeps_the_seal(
    app: Flask, people: People, trainer: int, course: Made, exam: Set, time: Time
) -> None:
    taker, desk = Taker(people, course), Desk(people, trainer)
    time.moment += 3 * HOUR - timedelta(minutes=10)
    desk.post(f"/{exam.id}/room/pause")
    time.moment += timedelta(minutes=20)  # nobody has begun; all may when it goes on
    taker.start()
    attempt = f"/attempts/{taker.attempt}"
    taker.submit(taker.right_answers())
    jobs.run_pending(app)
    assert "told when that exam is over" in taker.client.get(attempt).get_data(as_text=True)
    assert not earned(app, taker.member)
    desk.post(f"/{exam.id}/room/resume")
    time.moment += timedelta(minutes=21)
    jobs.run_pending(app)
    again = people.client(taker.member)
    assert "3 of 3 points" in again.get(attempt).get_data(as_text=True)
    assert earned(app, taker.member)


def test_no_list_tells_the_score_of_an_exam_that_asks_what_one_is_asked_just_now(
    app: Flask, people: People, trainer: int
) -> None:
    probe = make_exam(app, trainer, attempts_allowed=0, show_score="at_once", seals=False)
    real = make_exam(app, trainer, probe.questions, title="The real one")
    prober = Candidate(people, probe)
    prober.start()
    prober.submit(prober.right())
    pages = ("/exams", prober.door)
    for page in pages:
        assert "100 %" in prober.client.get(page).get_data(as_text=True)
    writer = Candidate(people, real, prober.member)
    writer.start()
    for page in pages:
        assert "100 %" not in prober.client.get(page).get_data(as_text=True)
    writer.submit()
    for page in pages:
        assert "100 %" in prober.client.get(page).get_data(as_text=True)


def test_points_and_certificate_of_an_exam_wait_while_one_takes_another_with_its_questions(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    real = make_exam(app, trainer, seals=False, title="The real one", duration_s=1800)
    probe = make_exam(app, trainer, real.questions, seals=False, show_score="at_once")
    Office(people).certify(f"exam:{probe.id}")
    takers = [Candidate(people, probe), Candidate(people, probe)]
    Candidate(people, real, takers[0].member).start()
    for taker in takers:
        taker.start()
        taker.submit(taker.right())
    both = [taker.member for taker in takers]
    assert [len(earned(app, member)) for member in both] == [0, 1]
    assert [len(all_of(app, member)) for member in both] == [0, 1]
    time.moment += timedelta(seconds=1800 + 62)
    for _ in range(3):  # handed in for them; then looked at again
        jobs.run_pending(app)
        time.moment += timedelta(minutes=6)
    assert [len(earned(app, member)) for member in both] == [1, 1]
    assert [len(all_of(app, member)) for member in both] == [1, 1]


def test_who_takes_another_exam_with_its_questions_is_told_of_a_result_after_that(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    first = make_exam(app, trainer, show_score="after_close", seals=False, title="The first")
    second = make_exam(
        *(app, trainer, first.questions),
        closes_at=None, duration_s=8 * 3600, seals=False, title="The second",
    )  # fmt: skip
    takers = [Candidate(people, first), Candidate(people, first)]
    for taker in takers:
        taker.start()
        taker.submit()
    writer = Candidate(people, second, takers[0].member)

    def told() -> list[bool]:
        with app.app_context(), unit_of_work():
            titles = [[row.title for row in latest_of(each.member, 20)] for each in takers]
        return ["Your result of “The first” is there" in each for each in titles]

    with app.app_context(), unit_of_work() as session:
        closes_at = session.get_one(Exam, first.id).closes_at
    assert closes_at is not None
    time.moment = closes_at - timedelta(minutes=5)
    writer.start()
    time.moment = closes_at + timedelta(minutes=5)
    jobs.run_pending(app)
    assert told() == [False, True]
    writer.submit()
    time.moment += timedelta(hours=8)
    jobs.run_pending(app)
    assert told() == [True, True]


def test_who_is_in_no_exam_pays_one_short_read(app: Flask, people: People, course: Made) -> None:
    taker = Taker(people, course)
    taker.start()
    url = f"/attempts/{taker.attempt}"
    taker.submit({})
    with counted(app) as seen_statements:
        assert taker.client.get(url).status_code == 200
    sealing = [each for each in seen_statements if "exam.seals" in each]
    assert len(sealing) == 2, "the page and where it stands with the quiz"
    assert not [each for each in seen_statements if "FROM exam_section" in each]


def test_inside_a_recording_any_answer_goes_on_and_nothing_tells_what_it_was_worth(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    asked = make_asked(app, people, counts=True)
    make_exam(app, trainer, [asked.question])
    for text in ("At home", "CANARY-RIGHT"):
        member = people.member()
        player = Watcher(people.client(member), asked.course)
        watch_lesson(player, time, 0, 60)
        assert not player.state["complete"]
        page = say(player.client, asked, text).get_data(as_text=True)
        assert "what is right is not told until that exam is over" in page
        assert "data-settled" in page
        assert "Because." not in page
        assert player.report()["complete"]
    with app.app_context(), unit_of_work() as session:
        kept = session.query(CheckpointAnswer.right, CheckpointAnswer.sealed).all()
    assert sorted(map(tuple, kept)) == [(False, True), (True, True)]
    lesson = f"/courses/{asked.course.slug}/lessons/{asked.course.lesson}"
    during = player.client.get(lesson).get_data(as_text=True)
    assert "&#34;done&#34;: true" in during or '"done": true' in during
    time.moment += 3 * HOUR
    later = people.client(people.member())
    assert "Not right yet" in say(later, asked, "At home").get_data(as_text=True)
    # Once more for whoever was told nothing; what is complete stays so.
    client = people.client(member)
    after = client.get(lesson).get_data(as_text=True)
    assert '"done": false' in after
    assert "still to be answered" not in after
    assert "Because." in say(client, asked, "CANARY-RIGHT").get_data(as_text=True)
    assert '"done": true' in client.get(lesson).get_data(as_text=True)


def test_pictures_of_explanations_are_sealed_by_address_too(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    asked, told = send(app, trainer, "teal"), send(app, trainer, "red")
    body = single(f"What is this?\n\n![A sign]({asked})", "CANARY-CORRECT", ("go", "wait"))
    course = make_course(
        app,
        trainer,
        [("video", 60_000)],
        quiz=[body | {"explanation": f"![Why]({told})"}],
        attempts_allowed=0,
    )
    taker = Taker(people, course)
    taker.start()
    taker.submit({})
    question = questions_of(app, course)
    assert seen(taker.client, asked, told) == [200, 200]
    with app.app_context(), unit_of_work():
        courses.add_checkpoint(course.lesson, question_id=question[0], at_ms=30_000, counts=True)
    make_exam(app, trainer, question)
    assert seen(taker.client, asked, told) == [200, 404]
    taker.start()
    assert seen(taker.client, asked, told) == [200, 404]
    taker.submit({})
    time.moment += 2 * HOUR
    assert seen(people.client(taker.member), asked, told) == [200, 200]


def test_a_duel_that_was_begun_before_tells_nothing_of_what_an_exam_asks_by_now(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    bodies = [single(f"Number {n}?", f"right {n}", (f"false {n}", f"other {n}")) for n in range(6)]
    course = make_course(app, trainer, quiz=bodies, attempts_allowed=0)
    one, two = Player(people), Player(people)
    assert one.join() == two.join()
    time.go_on(3.1)
    make_exam(app, trainer, questions_of(app, course))
    for _ in range(practice.QUESTIONS):
        one.play()
        two.play(right=False)
        for player in (one, two):
            page = player.get(player.table)
            assert "what is right is not told until that exam is over" in page
            assert "choice-good" not in page
            assert [p["right"] for p in player.state()["players"]] == [0, 0]
        time.go_on(3.1)
    assert "CANARY" not in one.get(one.table)
    assert Player(people).post("/practice/duels", size=2).status_code >= 400
    time.go_on(10)
    assert one.points() != [], "it counts as played"


def test_a_duel_that_waits_draws_nothing_that_an_exam_seals_since(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    bodies = [single(f"Number {n}?", f"right {n}", (f"false {n}", f"other {n}")) for n in range(8)]
    course = make_course(app, trainer, quiz=bodies, attempts_allowed=0)
    ids = questions_of(app, course)
    one = Player(people)
    one.join()
    make_exam(app, trainer, ids[:3])
    one.post(f"{one.table}/begin")
    time.go_on(3.1)
    page = one.get(one.table)
    assert "Number" in page
    assert not any(f"Number {n}?" in page for n in range(3))


def test_the_desk_sets_the_grace_and_the_seal(
    app: Flask, people: People, trainer: int, course: Made, exam: Set, time: Time
) -> None:
    desk = Desk(people, trainer)
    page = desk.get(f"/{exam.id}/settings")
    assert 'name="grace_s"' in page
    fields = {
        "title": "Fire safety",
        "attempts_allowed": 1,
        "delay_minutes": 0,
        "counting": "highest",
        "pass_percent": 60,
        "show_score": "at_once",
        "show_answers": "after_close",
        "show_explanations": "after_close",
        "apart_percent": 10,
        "wrong_costs": "0",
        "appeal_days": 7,
        "audience": "all",
        "minutes": 30,
    }
    for wrong in ("-1", "301", "x", ""):
        assert desk.post(f"/{exam.id}/settings", **fields, grace_s=wrong).status_code == 422
    assert exam_row(app, exam.id).grace_s == 60
    assert exam_row(app, exam.id).seals
    assert desk.post(f"/{exam.id}/settings", **fields, grace_s="0").status_code == 302
    row = exam_row(app, exam.id)
    assert (row.grace_s, row.seals) == (0, False)
    assert "members can look up the answers there" in desk.get(f"/{exam.id}")
    taker = Candidate(people, exam)
    taker.start()
    right = taker.right(1)
    time.moment += timedelta(minutes=30, seconds=1)
    assert taker.save(right).get_json()["reason"] == "TimeOver", "there is no grace any more"


def test_what_has_waited_long_for_the_end_of_a_seal_is_looked_at_less_often(
    app: Flask, time: Time
) -> None:
    with app.app_context(), unit_of_work() as session:
        now = clock.now()
        for hours in (0, 20, 900):
            since = now - timedelta(hours=hours)
            plan_later("exams.reward", hours, Seal(since, None, is_mine=True))
        rows = session.query(Job).filter_by(kind="exams.reward").order_by(Job.id)
        assert [row.run_after - now for row in rows] == [
            timedelta(minutes=minutes) for minutes in (5, 20, 60)
        ]
