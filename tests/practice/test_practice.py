"""Practice: the server draws, marks and keeps the time; the key comes only after the answer."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import clock
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.courses.models import CourseQuestion
from app.members.models import AuditLine
from app.points.models import Entry
from app.practice import rules
from app.practice.models import (
    Duel,
    DuelAnswer,
    DuelSeat,
    NotebookEntry,
    PracticeItem,
    PracticeRun,
)
from app.questions import queries
from app.questions import service as bank
from app.questions.models import Category, Question, QuestionVersion
from tests.exams.examiner import Candidate, make_exam
from tests.exams.taker import Taker
from tests.exams.test_clips import send
from tests.factories import People, csrf
from tests.learning.lessons import Time, make_course, single

STEMS = [f"Question number {n}?" for n in range(12)]
QUIZ = [
    {
        **single(stem, f"right answer {n}", (f"false answer {n}", f"other answer {n}")),
        "explanation": f"CANARY-EXPLANATION-{n}",
    }
    for n, stem in enumerate(STEMS)
]
_OPTION = re.compile(
    r'type="radio" name="(q\d+)" value="([^"]+)"[^>]*>\s*<span[^>]*>(.*?)</span>', re.DOTALL
)


@pytest.fixture
def time():
    time = Time()
    with clock.use(time):
        yield time


@pytest.fixture
def course(app: Flask, people: People, time: Time):
    trainer = people.member(role="trainer")
    return make_course(app, trainer, quiz=QUIZ, attempts_allowed=0)


class Learner:
    """A member who practises through the pages."""

    def __init__(self, people: People, member: int | None = None) -> None:
        self.app = people.app
        self.people = people
        self.member = member or people.member()
        self.sign_in()
        self.run = 0

    def sign_in(self) -> None:
        self.client = self.people.client(self.member)
        self.headers = csrf(self.client)

    def post(self, path: str, **fields: object):
        return self.client.post(path, data=fields, headers=self.headers)

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def start(self, mode: str, **fields: object):
        answer = self.post("/practice/start", mode=mode, **fields)
        if answer.status_code == 303:
            self.run = int(answer.headers["Location"].split("?")[0].rsplit("/", 1)[1])
        return answer

    @property
    def url(self) -> str:
        return f"/practice/runs/{self.run}"

    def page(self) -> str:
        return self.get(self.url)

    def item(self) -> int:
        return int(re.search(r'name="item" value="(\d+)"', self.page()).group(1))

    def choose(self, right: bool = True) -> dict[str, str]:
        """The form of the open question, filled in."""
        page = self.page()
        options = _OPTION.findall(page)
        wanted = "right" if right else "false"
        name, value = next((n, v) for n, v, text in options if wanted in text)
        return {"item": name[1:], name: value}

    def answer(self, right: bool = True):
        return self.post(f"{self.url}/answer", **self.choose(right))

    def row(self) -> PracticeRun:
        return self.rows(PracticeRun, id=self.run)[0]

    def rows(self, table: type, **values: object) -> list:
        with self.app.app_context():
            found = db.session.query(table).filter_by(**values).all()
            db.session.expunge_all()
            db.session.rollback()
        return found

    def points(self) -> list[tuple[str, int]]:
        rows = self.rows(Entry, member_id=self.member, reason="practice")
        return [(row.source, row.amount) for row in rows]


@pytest.fixture
def learner(people: People, course) -> Learner:
    return Learner(people)


def test_without_questions_the_page_says_where_they_come_from(people: People) -> None:
    page = Learner(people).get("/practice")
    assert "Nothing to practise yet" in page


def test_five_a_day_brings_points_once_and_the_key_comes_after_the_answer(
    learner: Learner, time: Time
) -> None:
    learner.start("daily")
    for number in range(5):
        page = learner.page()
        assert "CANARY-EXPLANATION" not in page
        assert "choice-good" not in page
        done = learner.answer(right=number > 0)
        feedback = learner.get(done.headers["Location"])
        assert "CANARY-EXPLANATION" in feedback
    assert "4 of 5 right" in learner.page()
    assert learner.points() == [(f"practice:daily:{_day(learner.app)}", 2)]
    assert "Done for today" in learner.get("/practice")
    assert learner.start("daily").status_code >= 400
    time.go_on(86_400)
    learner.sign_in()
    assert learner.start("daily").status_code == 303


def _day(app: Flask) -> str:
    with app.app_context():
        return clock.today(app.extensions["weike"].zone).isoformat()


def test_the_same_answer_sent_again_or_another_one_changes_nothing(learner: Learner) -> None:
    learner.start("daily")
    wrong, right = learner.choose(right=False), learner.choose(right=True)
    first = learner.post(f"{learner.url}/answer", **wrong)
    again = learner.post(f"{learner.url}/answer", **right)
    assert first.headers["Location"] == again.headers["Location"]
    row = learner.row()
    assert (row.answered, row.right) == (1, 0)


def test_twenty_parallel_answers_are_one(learner: Learner) -> None:
    learner.start("daily")
    forms = [learner.choose(right=n % 2 == 0) for n in range(2)]
    clients = []
    for _ in range(8):
        client = learner.app.test_client()
        for cookie in ("sid",):
            client.set_cookie(cookie, learner.client.get_cookie(cookie).value)
        clients.append(client)
    gate = threading.Barrier(len(clients))
    codes: list[int] = []

    def send(number: int) -> None:
        gate.wait()
        codes.append(
            clients[number]
            .post(f"{learner.url}/answer", data=forms[number % 2], headers=learner.headers)
            .status_code
        )

    threads = [threading.Thread(target=send, args=(n,)) for n in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * len(clients)
    row = learner.row()
    assert row.answered == 1
    items = learner.rows(PracticeItem, run_id=row.id)
    assert [item.answered_at is None for item in items] == [False, True]


def test_forged_ids_and_runs_of_others_are_not_there(
    people: People, course, learner: Learner
) -> None:
    learner.start("daily")
    form = learner.choose()
    stranger = Learner(people)
    stranger.start("daily")
    assert stranger.client.get(learner.url).status_code == 404
    for path, fields in (
        (f"{learner.url}/answer", form),
        (f"{stranger.url}/answer", form),
        (f"{learner.url}/end", {}),
        (f"{stranger.url}/answer", {"item": "999999"}),
        (f"{stranger.url}/answer", {"item": "x"}),
    ):
        assert stranger.post(path, **fields).status_code == 404, (path, fields)
    item = stranger.item()
    bad = stranger.post(f"{stranger.url}/answer", **{"item": item, f"q{item}": "zzzzzz"})
    assert bad.status_code == 422
    assert learner.row().answered == stranger.row().answered == 0
    for mode in ("", "exam", "theme", "category"):
        assert stranger.start(mode, subject=77).status_code == 404


def test_a_question_that_is_not_yet_asked_has_no_feedback(learner: Learner) -> None:
    learner.start("daily")
    for after in (1, 2, -1, "x"):
        assert "CANARY-EXPLANATION" not in learner.get(f"{learner.url}?after={after}")


def test_a_challenge_ends_with_the_first_mistake_and_brings_points_from_five(
    learner: Learner,
) -> None:
    learner.start("challenge")
    for _ in range(5):
        learner.answer()
    learner.answer(right=False)
    row = learner.row()
    assert (row.state, row.right, row.answered) == ("done", 5, 6)
    assert [amount for _, amount in learner.points()] == [2]
    learner.start("challenge")
    learner.answer(right=False)
    assert len(learner.points()) == 1


def test_a_sprint_ends_by_the_clock_of_the_server(learner: Learner, time: Time) -> None:
    learner.start("sprint")
    learner.answer()
    time.go_on(61)
    with learner.app.app_context():
        item = db.session.query(PracticeItem).filter_by(run_id=learner.run, mark=None).one()
        item_id, name = item.id, item.options[0][0]
        db.session.rollback()
    time.go_on(2)
    late = learner.post(f"{learner.url}/answer", item=item_id, **{f"q{item_id}": name})
    assert late.status_code == 303
    row = learner.row()
    assert (row.state, row.answered) == ("done", 1)
    after = learner.post(f"{learner.url}/answer", item=item_id, **{f"q{item_id}": name})
    assert after.status_code == 404


def test_a_mistake_comes_again_after_a_pause_until_it_was_known_three_times(
    learner: Learner, time: Time
) -> None:
    learner.start("daily")
    learner.answer(right=False)
    learner.post(f"{learner.url}/end")
    assert learner.start("notebook").status_code >= 400
    for days, left in ((1, 1), (3, 1), (7, 0)):
        time.go_on(days * 86_400 + 60)
        learner.sign_in()
        assert learner.start("notebook").status_code == 303, days
        learner.answer()
        (entry,) = learner.rows(NotebookEntry, member_id=learner.member)
        assert entry.out == (left == 0)
    time.go_on(30 * 86_400)
    learner.sign_in()
    assert learner.start("notebook").status_code >= 400


def test_mistakes_are_looked_up_with_what_is_right_and_when_they_come_again(
    people: People, learner: Learner, time: Time
) -> None:
    notebook = "/practice/notebook"
    assert "No mistakes here" in learner.get(notebook)
    learner.start("daily")
    learner.answer(right=False)
    assert "Known 0 of 3 times" in learner.get(f"{learner.url}?after=1")
    (entry,) = learner.rows(NotebookEntry, member_id=learner.member)
    page = learner.get(notebook)
    assert page.count("CANARY-EXPLANATION") == page.count("your answer, wrong") == 1
    assert "It is due now" not in page
    assert "No mistakes here" in Learner(people).get(notebook)
    time.go_on(86_460)
    learner.sign_in()
    assert "It is due now" in learner.get(notebook)
    # A question that an exam asks now is not told here either.
    exam = make_exam(people.app, people.member(role="trainer"), [entry.question_id])
    assert Candidate(people, exam, learner.member).start().status_code == 303
    assert "CANARY-EXPLANATION" not in learner.get(notebook)
    for number in (0, -1, 2, 10**30, "x"):
        assert learner.client.get(f"{notebook}?page={number}").status_code == 200


def test_a_mistake_in_a_duel_is_not_told_before_the_duel_is_over(
    table: tuple[Player, Player], time: Time
) -> None:
    one, _two = table
    one.play(right=False)
    assert "CANARY" not in one.get("/practice/notebook")
    time.go_on(200)
    assert one.get("/practice/notebook").count("CANARY-EXPLANATION") == 1


def test_a_round_does_not_tell_what_a_running_duel_asks(
    app: Flask, table: tuple[Player, Player], time: Time
) -> None:
    one, _two = table
    with app.app_context():
        asked = db.session().scalars(select(Duel)).one().questions
        bodies = db.session().scalars(
            select(QuestionVersion.body).where(QuestionVersion.id.in_([v for v, _options in asked]))
        )
        held = {body["explanation"] for body in bodies}
    subject = re.search(r'name="subject" value="(\d+)"', one.get("/practice")).group(1)
    assert one.start("theme", subject=subject).status_code == 303
    told = ""
    for _n in range(rules.ROUND):
        told += one.get(one.answer(right=False).headers["Location"])
    told += one.page()
    found = set(re.findall(r"CANARY-EXPLANATION-\d+", told))
    assert found
    assert not found & held
    time.go_on(200)
    assert set(re.findall(r"CANARY-EXPLANATION-\d+", one.page())) & held


def test_days_in_a_row_what_is_known_and_the_way_on(learner: Learner, time: Time) -> None:
    for day in range(2):
        learner.start("daily")
        for _ in range(5):
            learner.answer()
        page = learner.get("/practice")
        assert ("2 days in a row" in page) == (day == 1)
        assert f"{5 * (day + 1)} of 12 known" in page
        time.go_on(86_400)
        learner.sign_in()
    subject = int(re.search(r'name="subject" value="(\d+)"', page).group(1))
    for mode, again in (("theme", f'name="subject" value="{subject}"'), ("challenge", "Your best")):
        learner.start(mode, subject=subject)
        learner.answer()
        learner.post(f"{learner.url}/end")
        end = learner.page()
        assert again in end
        assert "Once more" in end


def test_a_right_answer_before_the_pause_is_over_does_not_count() -> None:
    from tests.certificates.test_certificates import NOW

    box = rules.boxed(None, right=False, now=NOW)
    assert rules.boxed(box, right=True, now=NOW + timedelta(hours=1)) == box
    moved = rules.boxed(box, right=True, now=NOW + timedelta(days=1))
    assert (moved.spaced, moved.due_at) == (1, NOW + timedelta(days=4))
    assert rules.boxed(moved, right=False, now=NOW + timedelta(days=9)).spaced == 0
    assert rules.boxed(None, right=True, now=NOW) is None


def test_what_went_wrong_in_the_quiz_of_a_course_is_in_the_notebook(
    people: People, course, time: Time
) -> None:
    taker = Taker(people, course)
    taker.start()
    taker.submit({})
    time.go_on(10)
    learner = Learner(people, taker.member)
    assert learner.start("notebook").status_code >= 303
    assert len(learner.row().queue) == rules.ROUND


def test_questions_of_a_quiz_that_is_being_taken_cannot_be_practised(
    people: People, course
) -> None:
    taker = Taker(people, course)
    taker.start()
    learner = Learner(people, taker.member)
    assert learner.start("daily").status_code >= 400
    assert "Nothing to practise yet" in learner.get("/practice")


def test_what_an_exam_asks_just_now_is_told_nowhere_else(
    app: Flask, people: People, course, learner: Learner
) -> None:
    taker = Taker(people, course, learner.member)
    taker.start()
    result = f"/attempts/{taker.attempt}"
    taker.submit({})
    learner.start("daily")
    learner.answer(right=False)
    with app.app_context():
        asked = select(CourseQuestion.question_id).where(CourseQuestion.course_id == course.id)
        ids = list(db.session.scalars(asked))
        exam = make_exam(app, people.member(role="trainer"), ids, seals=False)
    feedback = f"{learner.url}?after=1"
    assert "CANARY-EXPLANATION" in learner.get(result)
    assert "CANARY-EXPLANATION" in learner.get(feedback)

    candidate = Candidate(people, exam, learner.member)
    assert candidate.start().status_code == 303
    refused = learner.answer(right=True)
    assert refused.status_code >= 400
    assert "An exam asks this question just now" in refused.get_data(as_text=True)
    assert learner.row().state == "done", "nothing was left to ask"
    assert "Nothing to practise yet" in learner.get("/practice")
    assert "CANARY-EXPLANATION" not in learner.get(result) + learner.get(feedback)
    learner.post(f"{learner.url}/end")
    assert "CANARY-EXPLANATION" not in learner.page()

    candidate.submit()
    for page in (result, learner.url):
        assert "CANARY-EXPLANATION" in learner.get(page)


def test_quizzes_with_few_tries_are_closed_until_they_are_passed(
    app: Flask, people: People, time: Time
) -> None:
    make_course(app, people.member(role="trainer"), quiz=QUIZ, attempts_allowed=2)
    assert Learner(people).start("daily").status_code >= 400


def test_questions_of_other_branches_and_of_the_bank_are_closed_until_a_category_opens(
    app: Flask, people: People, time: Time
) -> None:
    trainer = people.member(role="trainer")
    make_course(
        *(app, trainer),
        quiz=QUIZ,
        attempts_allowed=0,
        branch=people.branch(),
    )
    with app.app_context(), unit_of_work() as session:
        top = Category(name="Safety", path="")
        session.add(top)
        session.flush()
        top.path = f"/{top.id}/"
        for number in range(4):
            body = single(f"Bank {number}?", "right", ("false",))
            question = bank.create(
                kind="single",
                body={k: v for k, v in body.items() if k != "kind"},
                author_id=trainer,
            )
            session.get_one(Question, question).category_id = top.id
        category = top.id
    learner = Learner(people)
    assert learner.start("category", subject=category).status_code == 404
    author = Learner(people, trainer)
    assert author.post("/desk/practice", category=category).status_code == 303
    assert learner.start("category", subject=category).status_code == 303
    assert len(learner.row().queue) == 4
    assert learner.points() == []
    other = Learner(people, people.member(role="trainer"))
    page = other.get("/desk/practice")
    assert "disabled" in page
    assert "an administrator decides" in page
    refused = other.post("/desk/practice", shown=category)
    assert (refused.status_code, "holds questions of others" in refused.text) == (403, True)
    assert other.post("/desk/practice").status_code == 303, "nothing was shown, nothing closes"
    assert learner.start("category", subject=category).status_code == 303
    author.post("/desk/practice", shown=category)
    assert learner.start("category", subject=category).status_code == 404
    assert other.post("/desk/practice", category=category).status_code == 403
    office = Learner(people, people.member(role="administrator"))
    assert office.post("/desk/practice", category=category).status_code == 303
    lines = [row for row in learner.rows(AuditLine) if row.thing == "category"]
    assert [(row.act, row.actor_id, row.name) for row in lines] == [
        ("practice_opened", trainer, "Safety"),
        ("practice_closed", trainer, "Safety"),
        ("practice_opened", office.member, "Safety"),
    ]


def test_the_quiz_of_the_week_is_the_same_for_all(people: People, course, learner: Learner) -> None:
    other = Learner(people)
    learner.start("weekly")
    other.start("weekly")
    assert learner.row().queue == other.row().queue
    assert len(learner.row().queue) == rules.WEEKLY


# --- duels ----------------------------------------------------------------------------------------


class Player(Learner):
    duel = 0

    def join(self, size: int = 2) -> int:
        answer = self.post("/practice/duels", size=size)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        self.duel = int(answer.headers["Location"].rsplit("/", 1)[1])
        return self.duel

    @property
    def table(self) -> str:
        return f"/practice/duels/{self.duel}"

    def state(self) -> dict:
        return self.client.get(f"{self.table}/state").get_json()

    def play(self, right: bool = True, number: int | None = None):
        options = _OPTION.findall(self.get(self.table))
        wanted = "right" if right else "false"
        name, value = next((n, v) for n, v, text in options if wanted in text)
        return self.post(
            f"{self.table}/answer",
            **{"number": name[1:] if number is None else number, name: value},
        )


@pytest.fixture
def table(people: People, course, time: Time) -> tuple[Player, Player]:
    """Two at a table whose first question is asked."""
    one, two = Player(people), Player(people)
    assert one.join() == two.join()
    time.go_on(3.1)
    return one, two


def test_two_play_the_same_questions_and_the_better_one_is_first(
    table: tuple[Player, Player], time: Time
) -> None:
    one, two = table
    for number in range(rules.QUESTIONS):
        page = one.get(one.table)
        assert "CANARY" not in page
        assert "choice-good" not in page
        one.play()
        assert one.state()["version"] == f"asking.{number + 1}.1.0"
        assert "choice-good" not in one.get(one.table)
        two.play(right=number == 0)
        assert "choice-good" in one.get(one.table)
        time.go_on(3.1)
    assert "Well played" in one.get(one.table)
    assert "Look at these again" not in one.get(one.table)
    end = two.get(two.table)
    assert "place 2" in end
    assert "2 points for you" in end
    assert end.count("CANARY-EXPLANATION") == 4, "what went wrong, with why"
    assert [p["right"] for p in one.state()["players"]] == [5, 1]
    assert [amount for _, amount in one.points()] == [2]
    assert [amount for _, amount in two.points()] == [2]


def test_state_and_stream_tell_neither_questions_nor_keys(table: tuple[Player, Player]) -> None:
    one, _two = table
    for path in ("state", "events"):
        answer = one.client.get(f"{one.table}/{path}", buffered=False)
        text = next(iter(answer.response)) if path == "events" else answer.get_data(as_text=True)
        text = text.decode() if isinstance(text, bytes) else text
        answer.close()
        for word in ("right answer", "false answer", "Question number", "CANARY"):
            assert word not in text
        assert "asking.1" in text


def test_others_answers_do_not_tell_whether_they_were_right_before_the_question_is_over(
    table: tuple[Player, Player],
) -> None:
    one, two = table
    two.play()
    assert [p["right"] for p in one.state()["players"]] == [0, 0]
    assert [p["answered"] for p in one.state()["players"]] == [False, True]


def test_only_the_question_of_now_is_answered_and_only_once(
    table: tuple[Player, Player], time: Time
) -> None:
    one, two = table
    for number in (0, 2, 3, 99):
        assert one.play(number=number).status_code in {404, 409, 422}, number
    one.play(right=False)
    answers = one.rows(DuelAnswer, duel_id=one.duel)
    one.post(f"{one.table}/answer", number=1, q1="zzz")
    assert len(one.rows(DuelAnswer, duel_id=one.duel)) == len(answers) == 1
    time.go_on(20)
    late = two.post(f"{two.table}/answer", number=1)
    assert late.status_code >= 400


def test_who_does_not_sit_at_the_table_sees_nothing(
    people: People, table: tuple[Player, Player]
) -> None:
    one, _two = table
    stranger = Player(people)
    stranger.duel = one.duel
    for path in ("", "/state", "/events"):
        assert stranger.client.get(one.table + path).status_code == 404
    for path in ("/answer", "/begin", "/leave"):
        assert stranger.post(one.table + path, number=1).status_code == 404


def test_the_bot_plays_when_nobody_is_there_and_a_duel_goes_on_without_its_player(
    people: People, course, time: Time
) -> None:
    one = Player(people)
    one.join(4)
    assert "Waiting for others" in one.get(one.table)
    one.post(f"{one.table}/begin")
    one.post(f"{one.table}/begin")
    assert len(one.rows(DuelSeat, duel_id=one.duel)) == 4
    time.go_on(3.1)
    for number in range(1, 4):
        for _ in range(20):  # the bots take their time
            if one.state()["version"].startswith(f"asking.{number}."):
                break
            time.go_on(3)
        one.play()
    time.go_on(200)
    assert one.state()["version"].startswith("over")
    with one.app.app_context(), unit_of_work() as session:
        from app.core.models import Job

        for job in session.query(Job):
            job.run_after = clock.now()
    run_pending(one.app)
    run_pending(one.app)
    assert [amount for _, amount in one.points()] == [2]
    assert one.rows(Duel, id=one.duel)[0].settled


def test_three_play_and_the_bot_takes_the_fourth_seat(people: People, course, time: Time) -> None:
    three = [Player(people) for _ in range(3)]
    assert len({player.join(4) for player in three}) == 1
    one, two, last = three
    assert last.state()["version"].startswith("waiting")
    two.post(f"{two.table}/begin")
    seats = one.rows(DuelSeat, duel_id=one.duel)
    members = [seat.member_id for seat in sorted(seats, key=lambda seat: seat.seat)]
    assert members == [one.member, two.member, last.member, None]
    assert Player(people).join(4) != one.duel  # nobody sits down at a table that plays

    def until(version: str) -> None:
        for _ in range(60):
            if one.state()["version"].startswith(version):
                return
            time.go_on(1)
        raise AssertionError((version, one.state()))

    for number in range(1, rules.QUESTIONS + 1):
        until(f"asking.{number}.")
        pages = [player.get(player.table) for player in three]
        assert all("CANARY" not in page and "choice-good" not in page for page in pages)
        one.play()
        two.play(right=number < 3)
        last.play(right=False)
        # While others are still thinking, nobody learns from the list who was right.
        if one.state()["version"].startswith(f"asking.{number}."):
            known = [player["right"] for player in one.state()["players"]]
            assert max(known) <= number - 1
    until("over")
    told = [player.state()["players"] for player in three]
    assert [player["right"] for player in told[0]][:3] == [5, 2, 0]
    assert 0 <= told[0][3]["right"] <= rules.QUESTIONS
    assert [[p["right"] for p in each] for each in told] == [[p["right"] for p in told[0]]] * 3
    assert all([amount for _, amount in player.points()] == [2] for player in three)
    assert len(one.rows(DuelAnswer, duel_id=one.duel)) == 4 * rules.QUESTIONS


def test_pictures_of_questions_come_with_the_question_and_those_of_explanations_after_it(
    app: Flask, people: People, time: Time
) -> None:
    trainer = people.member(role="trainer")
    quiz = []
    for one in QUIZ[:5]:
        asked, told = send(app, trainer, "teal"), send(app, trainer, "red")
        quiz.append(
            {**one, "stem": f"![Asked]({asked}) {one['stem']}", "explanation": f"![Told]({told})"}
        )
    make_course(app, trainer, quiz=quiz, attempts_allowed=0)
    pictures = re.compile(r"/media/images/[0-9a-f]{32}/[0-9]+[.]webp")
    every = set(pictures.findall(str(quiz)))

    def given(client: FlaskClient) -> set[str]:
        found = set()
        for url in every:
            with client.get(url) as answer:
                found |= {url} if answer.status_code == 200 else set()
        return found

    learner = Learner(people)
    assert given(learner.client) == set()
    learner.start("daily")
    first = set(pictures.findall(learner.page()))
    assert given(learner.client) == first
    assert len(first) == 1
    learner.answer()
    told = set(pictures.findall(learner.get(f"{learner.url}?after=1")))
    assert len(told) == 2
    assert given(learner.client) >= first | told

    one, two = Player(people), Player(people)
    assert one.join() == two.join()
    time.go_on(3.1)
    asked = set(pictures.findall(one.get(one.table)))
    assert len(asked) == 1
    assert given(one.client) == given(two.client) == asked
    one.play()
    two.play()
    assert len(given(one.client)) == 2
    assert given(Learner(people).client) == set()


def test_a_second_duel_is_not_begun_while_one_goes_on(
    people: People, table: tuple[Player, Player], time: Time
) -> None:
    one, _two = table
    first = one.duel
    assert one.join() == first
    time.go_on(300)
    assert one.join() != first


def test_who_leaves_a_duel_may_begin_another_with_other_questions(
    app: Flask, people: People, time: Time
) -> None:
    quiz = [single(f"Number {n}?", "right", ("false",)) for n in range(2 * rules.QUESTIONS)]
    make_course(app, people.member(role="trainer"), quiz=quiz, attempts_allowed=0)
    one, two = Player(people), Player(people)
    first = one.join()
    assert two.join() == first
    sizes = 'class="practice-sizes"'
    assert sizes not in two.get("/practice")
    assert two.post(f"{two.table}/leave").status_code == 303
    page = two.get("/practice")
    assert f"/practice/duels/{first}" in page
    assert sizes in page
    second = two.join()
    assert second != first
    assert sizes not in two.get("/practice")
    assert two.post(f"{two.table}/begin").status_code == 303
    with app.app_context():
        asked = [
            {version for version, _options in db.session().get_one(Duel, duel).questions}
            for duel in (first, second)
        ]
    assert not asked[0] & asked[1]
    assert two.post(f"{two.table}/leave").status_code == 303
    assert two.join() in {first, second}, "nothing is left for a third"


def test_a_table_has_only_questions_that_all_may_practise(
    app: Flask, people: People, course, time: Time
) -> None:
    branch = people.branch()
    quiz = [single(f"Secret {n}?", "right", ("false",)) for n in range(6)]
    make_course(
        *(app, people.member(role="trainer")),
        quiz=quiz,
        attempts_allowed=0,
        branch=branch,
    )
    insider = Player(people, people.member(branch=branch))
    outsider = Player(people)
    assert insider.join() == outsider.join()
    time.go_on(3.1)
    for _ in range(rules.QUESTIONS):
        assert "Secret" not in outsider.get(outsider.table)
        time.go_on(23)


def test_a_timeline_waits_for_everybody_and_no_longer() -> None:
    from tests.certificates.test_certificates import NOW

    def given(seat: int, number: int, seconds: float, **more: object) -> rules.Given:
        return rules.Given(seat, number, NOW + timedelta(seconds=seconds), True, **more)

    answers = [given(1, 1, 4), given(2, 1, 0, after=timedelta(seconds=9))]
    times, known = rules.timeline(NOW, 2, answers)
    assert times[0] == (NOW, NOW + timedelta(seconds=9))
    assert times[1][0] == NOW + timedelta(seconds=12)
    assert [a.at for a in known] == [NOW + timedelta(seconds=s) for s in (4, 9)]
    at = rules.moment(NOW, 2, answers, NOW + timedelta(seconds=10))
    assert (at.phase, at.number) == (rules.Phase.PAUSE, 1)
    over = rules.moment(NOW, 2, answers, NOW + rules.LONGEST)
    assert over.phase is rules.Phase.OVER


def test_nobody_waits_for_those_who_have_gone_and_who_comes_back_goes_on(
    people: People, course, time: Time
) -> None:
    one, two = Player(people), Player(people)
    assert one.join() == two.join()
    page = re.search(r'data-beat="([^"]+)"', one.get(one.table)).group(1)

    def beat(*players: Player) -> None:
        for player in players:
            assert player.post(page).status_code == 204

    beat(one, two)
    time.go_on(3.1)
    beat(one, two)
    one.play()  # two closes the page now
    time.go_on(9)
    beat(one)
    assert one.state()["version"] == "asking.1.1.0", "two may only have a weak connection"
    assert one.state()["remaining_ms"] > 10_000, "of twenty seconds nine have gone"
    time.go_on(1.1)
    assert one.state()["version"] == "pause.1.1.0"
    assert [p["there"] for p in one.state()["players"]] == [True, False]
    beat(two)
    assert two.post(f"{two.table}/answer", number=1).status_code == 422, "it stays over"
    assert two.post(f"{two.table}/leave").status_code == 303
    time.go_on(3.1)
    beat(one)
    assert one.state()["version"] == "asking.2.0.0"
    one.play()
    assert one.state()["version"].startswith("pause.2."), "at once: nobody else is there"
    time.go_on(3.1)
    beat(one, two)
    one.play()
    assert one.state()["version"] == "asking.3.1.0", "two has come back and is waited for"
    two.play()
    assert one.state()["version"].startswith("pause.3.")
    time.go_on(3.1)
    beat(one, two)
    assert two.post(f"{two.table}/leave").status_code == 303
    one.play()
    assert one.state()["version"].startswith("pause.4."), "two has left"
    assert one.table in two.get("/practice"), "the seat is kept"
    time.go_on(3.1)
    beat(one, two)
    one.play()
    time.go_on(9)
    beat(one)
    assert one.points() == [], "two may still answer"
    time.go_on(1.1)
    beat(one)
    assert [amount for _, amount in one.points()] == [2]
    time.go_on(3.1)
    assert [p["right"] for p in one.state()["players"]] == [5, 1]
    assert two.points() == []


def test_a_table_that_was_left_while_it_waited_is_not_joined(
    people: People, course, time: Time
) -> None:
    one, two, three = Player(people), Player(people), Player(people)
    one.join()
    one.post(f"{one.table}/beat")
    time.go_on(9)
    two.join()
    assert two.duel == one.duel
    time.go_on(200)
    two.join()
    two.post(f"{two.table}/beat")
    time.go_on(11)
    assert three.join() != two.duel


def test_a_word_that_comes_late_changes_nothing_that_was_over() -> None:
    from tests.certificates.test_certificates import NOW

    def at(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    answers = [rules.Given(1, 1, at(4), True)]
    until = {1: [(at(0), at(30))], 2: [(at(-5), at(10))]}
    ends = rules.timeline(NOW, 2, answers, until)[0][0][1]
    assert ends == at(10)
    again = {**until, 2: [*until[2], (at(11), at(21))]}
    assert rules.timeline(NOW, 2, answers, again)[0][0][1] == ends
    # Of whom nothing was heard before is waited for until then.
    first = {1: until[1], 2: [(at(11), at(21))]}
    assert rules.timeline(NOW, 2, answers, first)[0][0][1] == at(20)
    # When everybody has gone, questions take their time: nobody is held up.
    nobody = {1: [(at(0), at(5))], 2: [(at(0), at(3))]}
    assert rules.timeline(NOW, 2, [], nobody)[0][0][1] == at(20)
    bot = rules.Given(2, 1, NOW, True, after=timedelta(seconds=6))
    alone = rules.timeline(NOW, 2, [bot], {1: [(at(0), at(3))]})[0][0][1]
    assert alone == at(20)
    back = {1: [(at(0), at(5)), (at(12), at(22))], 2: [(at(0), at(8))]}
    assert rules.timeline(NOW, 2, answers, back)[0][0][1] == at(12)


def test_home_leads_to_practice_and_says_when_the_day_is_done(
    people: People, course: object, time: Time
) -> None:
    learner = Learner(people)
    home = learner.get("/")
    assert 'href="/practice"' in home
    assert "A few questions a day" in home
    learner.start("daily")
    for _number in range(rules.DAILY):
        learner.answer()
    assert "Done for today" in learner.get("/")


# --- languages ------------------------------------------------------------------------------------


@pytest.fixture
def two_languages(app: Flask, people: People, time: Time):
    """A course with twelve questions in English and eight in Chinese."""
    chinese = [
        single(f"第{n}题应该怎么做？", f"right answer {n}", (f"false answer {n}", "别的"))
        for n in range(8)
    ]
    trainer = people.member(role="trainer")
    return make_course(app, trainer, quiz=[*QUIZ, *chinese], attempts_allowed=0)


def spoken(who: Learner, language: str) -> None:
    who.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language


def stems(who: Learner, ids: list[int]) -> list[bool]:
    """Whether each of the questions is Chinese."""
    with who.app.app_context():
        found = queries.languages_of(ids)
    return [found[i] == "zh" for i in ids]


@pytest.mark.usefixtures("two_languages")
def test_practice_asks_in_the_readers_language_first(people: People) -> None:
    english, chinese, traditional = Learner(people), Learner(people), Learner(people)
    spoken(english, "en"), spoken(chinese, "zh-CN"), spoken(traditional, "zh-TW")
    for mode, size in (("daily", rules.DAILY), ("sprint", 20), ("weekly", rules.WEEKLY)):
        english.start(mode)
        assert stems(english, english.row().queue[:10]).count(True) == 0
        for who in (chinese, traditional):
            who.start(mode)
            queue = who.row().queue
            # The others come only when the eight that the reader understands are all asked.
            assert len(queue) == size
            assert stems(who, queue)[:8] == [True] * min(8, size)
    assert chinese.row().queue == traditional.row().queue


@pytest.mark.usefixtures("two_languages")
def test_a_table_asks_in_the_language_of_its_players(people: People) -> None:
    players = [Player(people) for _ in range(4)]
    for who, language in zip(players, ("zh-CN", "zh-TW", "zh-CN", "en"), strict=True):
        spoken(who, language)
        who.join()
    assert players[0].duel == players[1].duel
    assert players[2].duel == players[3].duel
    with people.app.app_context():
        same, mixed = db.session.query(Duel).order_by(Duel.id)
        versions = [version for version, _options in same.questions]
        ids = [
            row.question_id
            for row in db.session.query(QuestionVersion).filter(QuestionVersion.id.in_(versions))
        ]
        assert (same.language, mixed.language) == ("zh", "any")
    assert stems(players[0], ids) == [True] * 5
