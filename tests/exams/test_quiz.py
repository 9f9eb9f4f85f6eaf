"""Attempts at a quiz: one paper, one submission, one score, and no key before it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Course, CourseQuestion
from app.exams import queries
from app.exams.models import Accommodation, Attempt, AttemptItem
from app.learning import queries as learning
from app.points import queries as points
from app.questions import service as questions
from tests.exams.taker import Taker, form_of, read_paper
from tests.factories import People, csrf
from tests.learning.lessons import (
    MINUTE,
    Made,
    Player,
    Time,
    make_course,
    multiple,
    single,
    truefalse,
    watch,
)


def rows(app: Flask, model: type) -> list:
    with app.app_context():
        found = db.session.query(model).all()
        db.session.expunge_all()
        db.session.rollback()
    return found


def total(app: Flask, member: int) -> int:
    with app.app_context():
        found = points.total(member)
        db.session.rollback()
    return found


def score(app: Flask, taker: Taker) -> Decimal:
    with app.app_context():
        found = queries.attempts_of(taker.member, taker.course.id)[0].score
        db.session.rollback()
    return found


# --- passing --------------------------------------------------------------------------------------


def test_right_answers_pass_and_earn_points(app: Flask, taker: Taker) -> None:
    taker.start()
    answer = taker.submit(taker.right_answers())
    assert answer.status_code == 303
    page = taker.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Passed" in page
    assert "100%" in page
    assert "10 points for you" in page
    assert score(app, taker) == 3
    assert total(app, taker.member) == 10


def test_a_course_is_done_when_its_lessons_and_its_quiz_are(
    app: Flask, people: People, taker: Taker, time: Time
) -> None:
    taker.start()
    page = taker.client.get(taker.submit(taker.right_answers()).headers["Location"])
    assert "0 of 1 are" in page.get_data(as_text=True)
    watch(Player(taker.client, taker.course), time, 0, 60)
    assert "You have passed this quiz and finished the course" in taker.page()
    with app.app_context():
        done = learning.course_progress_for(taker.member, [taker.course.id])[taker.course.id]
        db.session.rollback()
    assert done.state == "done"


def test_a_missed_quiz_can_be_tried_again_and_the_best_attempt_counts(
    app: Flask, taker: Taker
) -> None:
    for answers in ({}, taker.right_answers, {}):
        taker.start()
        taker.submit(answers() if callable(answers) else answers)
    with app.app_context():
        state = queries.quiz_state_for(taker.member, taker.course.id, clock.now())
        db.session.rollback()
    assert [a.percent for a in state.attempts] == [0, 100, 0]
    assert state.best.number == 2
    assert state.is_passed
    assert total(app, taker.member) == 10


def test_passing_twice_earns_once(app: Flask, taker: Taker) -> None:
    for _ in range(2):
        taker.start()
        taker.submit(taker.right_answers())
    assert total(app, taker.member) == 10


# --- marking --------------------------------------------------------------------------------------


def test_a_blank_paper_is_zero(app: Flask, taker: Taker) -> None:
    """LearnHouse gave credit for boxes that were rightly left empty."""
    taker.start()
    taker.submit({item.id: [] for item in taker.paper()})
    assert score(app, taker) == 0
    assert total(app, taker.member) == 0


def test_large_type_that_is_granted_everywhere_is_there_in_quizzes_too(
    app: Flask, taker: Taker
) -> None:
    taker.start()
    assert "paper-large" not in taker.page()
    with app.app_context(), unit_of_work() as session:
        granted = {"set_by": taker.member, "set_at": clock.now(), "large_type": True}
        session.add(Accommodation(member_id=taker.member, exam_id=None, **granted))
    assert "paper-large" in taker.page()


@pytest.mark.parametrize(
    ("ticked", "mark"),
    [
        (("stay low",), "0.5"),
        (("stay low", "cover your mouth"), "1"),
        (("stay low", "take the lift"), "0"),
        (("stay low", "cover your mouth", "go back"), "0.5"),
        (("stay low", "cover your mouth", "go back", "take the lift"), "0"),
        (("go back", "take the lift"), "0"),
    ],
)
def test_several_answers_are_worth_the_sum_of_their_shares(
    app: Flask, taker: Taker, ticked: tuple[str, ...], mark: str
) -> None:
    taker.start()
    second = taker.paper()[1]
    taker.submit({second.id: second.named(*ticked)})
    assert score(app, taker) == Decimal(mark)


def test_the_parts_make_the_whole_and_the_pass_mark_is_exact(
    app: Flask, people: People, trainer: int
) -> None:
    """Thirds: 1/3 + 1/3 + 1/3 is 1, and 59.99 % is not 60 %."""
    thirds = {"a": "0.33333", "b": "0.33333", "c": "0.33333", "d": "0"}
    made = make_course(app, trainer, quiz=[multiple("Three?", thirds)], pass_percent=67)
    taker = Taker(people, made)
    for texts, passed, shown in ((("a", "b"), False, 66), (("a", "b", "c"), True, 100)):
        taker.start()
        item = taker.paper()[0]
        taker.submit({item.id: item.named(*texts)})
        with app.app_context():
            last = queries.attempts_of(taker.member, made.id)[0]
            db.session.rollback()
        assert (last.passed, last.percent) == (passed, shown)
    items = [i for i in rows(app, AttemptItem) if i.attempt_id == last.id]
    assert sum(i.mark for i in items) == last.score == 1


def test_a_quiz_of_a_hundred_questions_is_marked(app: Flask, people: People, trainer: int) -> None:
    made = make_course(app, trainer, quiz=[truefalse(f"So {n}?", n % 2 == 0) for n in range(100)])
    taker = Taker(people, made)
    taker.start()
    taker.submit(
        {
            item.id: item.named("True" if number % 2 == 0 else "False")
            for number, item in enumerate(taker.paper())
        }
    )
    assert score(app, taker) == 100


def test_a_course_without_questions_has_no_quiz(
    app: Flask, people: People, trainer: int, taker: Taker
) -> None:
    none = Taker(people, make_course(app, trainer))
    assert none.client.get(none.url).status_code == 404
    assert none.start().status_code == 422
    assert taker.start().status_code == 303


def test_an_essay_in_a_quiz_does_not_stand_in_the_way(
    app: Flask, people: People, trainer: int
) -> None:
    essay = {"kind": "essay", "stem": "Why?", "answer": "", "rubric": []}
    taker = Taker(people, make_course(app, trainer, quiz=[truefalse("So?", True), essay]))
    taker.start()
    first, second = taker.paper()
    taker.submit({first.id: first.named("True"), second.id: ["Because."]})
    (attempt,) = rows(app, Attempt)
    assert (attempt.score, attempt.out_of, attempt.passed, attempt.waiting) == (1, 1, True, 0)


# --- one attempt, one submission, one score -------------------------------------------------------


def test_start_pressed_twenty_times_at_once_makes_one_attempt(
    app: Flask, people: People, course: Made
) -> None:
    member = people.member()
    takers = [Taker(people, course, member) for _ in range(5)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: takers[n % 5].start().status_code, range(20)))
    assert set(answers) == {303}
    assert len(rows(app, Attempt)) == 1
    papers = [taker.paper() for taker in takers]
    assert all(paper == papers[0] for paper in papers)
    assert len(rows(app, AttemptItem)) == 3


def test_one_attempt_left_is_one_attempt_however_often_it_is_asked_for(
    app: Flask, people: People, trainer: int
) -> None:
    made = make_course(app, trainer, quiz=[truefalse("So?", True)], attempts_allowed=2)
    member = people.member()
    takers = [Taker(people, made, member) for _ in range(4)]
    takers[0].start()
    takers[0].submit({})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: takers[n % 4].start(), range(20)))
    assert len(rows(app, Attempt)) == 2
    takers[0].submit({})
    refused = takers[0].start()
    assert refused.status_code == 422
    assert "used all 2 attempts" in refused.get_data(as_text=True)
    assert "Start" not in re.sub(r"<head>.*</head>", "", takers[0].page(), flags=re.DOTALL)
    assert len(rows(app, Attempt)) == 2


def test_two_hundred_parallel_submits_are_one(app: Flask, people: People, course: Made) -> None:
    member = people.member()
    takers = [Taker(people, course, member) for _ in range(8)]
    takers[0].start()
    attempt, answers = takers[0].attempt, takers[0].right_answers()

    def submit(number: int) -> tuple[int, str]:
        answer = takers[number % 8].submit(answers, attempt=attempt)
        return answer.status_code, answer.headers["Location"]

    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(submit, range(200)))
    assert results == {(303, f"/attempts/{attempt}")}
    (row,) = rows(app, Attempt)
    assert (row.state, row.score, row.passed) == ("submitted", Decimal(3), True)
    assert total(app, member) == 10
    pages = {
        re.search(r"<code>(.*?)</code>", t.client.get(f"/attempts/{attempt}").text).group(1)
        for t in takers
    }
    assert pages == {row.receipt}


def test_a_quiz_posted_twice_keeps_its_first_answers(app: Flask, taker: Taker) -> None:
    taker.start()
    attempt, right = taker.attempt, taker.right_answers()
    first = taker.submit({}, attempt=attempt)
    second = taker.submit(right, attempt=attempt)
    assert first.headers["Location"] == second.headers["Location"]
    assert score(app, taker) == 0
    assert rows(app, Attempt)[0].passed is False


def test_an_answer_that_comes_after_the_submission_is_not_taken(app: Flask, taker: Taker) -> None:
    taker.start()
    attempt, right = taker.attempt, taker.right_answers()
    taker.submit({}, attempt=attempt)
    late = taker.save(right, attempt=attempt)
    assert late.status_code == 409
    assert late.get_json()["reason"] == "AlreadySubmitted"
    assert score(app, taker) == 0
    assert all(item.response is None for item in rows(app, AttemptItem))


# --- answers on their way -------------------------------------------------------------------------


def test_saved_answers_are_there_on_another_device_and_are_marked(
    app: Flask, people: People, taker: Taker
) -> None:
    taker.start()
    right = taker.right_answers()
    for item, names in right.items():
        assert taker.save({item: names}).get_json() == {"saved": {str(item): 1}}
    other = Taker(people, taker.course, taker.member)
    assert {item.id: sorted(item.ticked) for item in other.paper()} == {
        item: sorted(names) for item, names in right.items()
    }
    other.submit({})
    assert score(app, taker) == 3


def test_an_empty_payload_erases_nothing_and_an_empty_answer_does(taker: Taker) -> None:
    taker.start()
    first = taker.paper()[0]
    taker.save({first.id: first.named("take the lift")})
    assert taker.save({}).status_code == 200
    assert taker.paper()[0].ticked == first.named("take the lift")
    taker.save({first.id: []})
    assert taker.paper()[0].ticked == []


def test_without_a_script_the_form_itself_is_saved(taker: Taker) -> None:
    taker.start()
    first = taker.paper()[0]
    answer = taker.client.post(
        f"/attempts/{taker.attempt}/answers",
        data={**form_of({first.id: first.named("take the lift")}), f"v{first.id}": "0"},
        headers=taker.headers,
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/courses/{taker.course.slug}"
    assert taker.paper()[0].ticked == first.named("take the lift")


def test_a_stale_window_does_not_overwrite_a_newer_answer(people: People, taker: Taker) -> None:
    taker.start()
    other = Taker(people, taker.course, taker.member)
    first = taker.paper()[0]
    newer, older = first.named("call for help"), first.named("take the lift")
    assert other.save({first.id: newer}, **{f"v{first.id}": "0"}).status_code == 200
    stale = taker.save({first.id: older}, **{f"v{first.id}": "0"})
    assert stale.status_code == 200
    told = stale.get_json()
    assert (told["saved"], told["stale"]) == ({str(first.id): 1}, [first.id])
    assert "newer answer" in told["error"]
    form = {**form_of({first.id: older}), f"v{first.id}": "0"}
    plain = taker.client.post(
        f"/attempts/{taker.attempt}/answers", data=form, headers=taker.headers
    )
    assert plain.status_code == 409
    assert "newer answer" in plain.text
    page = taker.submit({first.id: older}, **{f"v{first.id}": "0"})
    assert page.status_code == 409
    shown = read_paper(page.get_data(as_text=True))[0]
    assert (shown.ticked, shown.saved) == (newer, 1)
    # The same answer from both windows is no quarrel.
    assert taker.save({first.id: newer}, **{f"v{first.id}": "0"}).status_code == 200


# --- what does not belong to the paper ------------------------------------------------------------


def test_answers_to_other_questions_are_refused_and_nothing_is_lost(
    app: Flask, people: People, taker: Taker
) -> None:
    taker.start()
    other = Taker(people, taker.course)
    other.start()
    mine, foreign = taker.paper(), other.paper()
    good = {mine[0].id: mine[0].named("call for help")}
    for bad in (
        {foreign[0].id: foreign[0].named("call for help")},  # of another attempt
        {999_999: ["x"]},
        {mine[0].id: mine[1].named("stay low")},  # an option of another question
        {mine[0].id: ["nothing"]},
        {mine[0].id: ["x" * 100_000]},
        {mine[0].id: list(mine[0].options.values())},  # two options of a single choice
        {mine[1].id: mine[1].named("stay low") * 2},  # one option twice
    ):
        assert taker.save(bad).status_code == 422, bad
        answer = taker.submit({**good, **bad})
        assert answer.status_code == 422, bad
        if next(iter(bad)) != mine[0].id:
            # The page comes back with what was ticked.
            assert read_paper(answer.text)[0].ticked == good[mine[0].id]
    assert all(item.response is None for item in rows(app, AttemptItem))
    assert taker.submit(good).status_code == 303
    assert score(app, taker) == 1


@pytest.mark.parametrize(
    "field",
    [
        {"score": "3"},
        {"passed": "true"},
        {"q1x": "y"},
        {"q": "y"},
        {"q-1": "y"},
        {"q1e3": "y"},
        {"vNaN": "1"},
        {"timeup": "1"},
    ],
    ids=str,
)
def test_unknown_fields_are_refused(taker: Taker, field: dict[str, str]) -> None:
    taker.start()
    right = taker.right_answers()
    assert taker.save(right, **field).status_code == 422
    assert taker.submit(right, **field).status_code == 422
    assert taker.save(right).status_code == 200


@pytest.mark.parametrize("value", ["", "-1", "1.5", "NaN", "1e999", "9" * 400, "x"])
def test_a_number_of_changes_is_a_number(taker: Taker, value: str) -> None:
    taker.start()
    first = taker.paper()[0]
    answers = {first.id: first.named("take the lift")}
    assert taker.save(answers, **{f"v{first.id}": value}).status_code == 422
    assert taker.save(answers, **{f"v{first.id}": "0"}).status_code == 200


def test_megabytes_and_bad_letters_are_refused_and_the_answers_stay(taker: Taker) -> None:
    taker.start()
    first = taker.paper()[0]
    taker.save({first.id: first.named("call for help")})
    url = f"/attempts/{taker.attempt}/answers"
    large = taker.client.post(url, data={f"q{first.id}": "x" * 4_500_000}, headers=taker.headers)
    assert large.status_code == 413
    assert taker.save({first.id: ["x" * 1_100_000]}).status_code == 422
    bad = taker.client.post(
        url,
        data=b"q%d=\xff\xfe" % first.id,
        headers=taker.headers,
        content_type="application/x-www-form-urlencoded",
    )
    assert bad.status_code == 422
    many = "&".join(f"q{n}=" for n in range(1, 4100))
    crowd = taker.client.post(
        url,
        data=many,
        headers=taker.headers,
        content_type="application/x-www-form-urlencoded",
    )
    assert crowd.status_code == 413
    assert taker.paper()[0].ticked == first.named("call for help")


def test_repeating_one_easy_question_does_not_fill_the_total(app: Flask, taker: Taker) -> None:
    """Frappe added up whatever rows were sent."""
    taker.start()
    first = taker.paper()[0]
    name = first.named("call for help")[0]
    body = "&".join([f"q{first.id}={name}"] * 3)
    answer = taker.client.post(
        f"/attempts/{taker.attempt}/submit",
        data=body,
        headers=taker.headers,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 422
    taker.submit({first.id: [name]})
    assert score(app, taker) == 1


# --- whose it is ----------------------------------------------------------------------------------


def test_attempts_of_others_are_not_there(app: Flask, people: People, taker: Taker) -> None:
    taker.start()
    attempt, right = taker.attempt, taker.right_answers()
    thief = Taker(people, taker.course)
    for role in (None, "trainer", "administrator"):
        other = Taker(people, taker.course, people.member(role=role)) if role else thief
        assert other.save(right, attempt=attempt).status_code == 404
        assert other.submit(right, attempt=attempt).status_code == 404
        assert other.client.get(f"/attempts/{attempt}").status_code == 404
    assert all(item.response is None for item in rows(app, AttemptItem))
    taker.submit(right, attempt=attempt)
    assert thief.client.get(f"/attempts/{attempt}").status_code == 404
    assert taker.client.get(f"/attempts/{attempt}").status_code == 200


def test_the_quiz_of_a_course_for_another_branch_is_not_there(
    app: Flask, people: People, trainer: int
) -> None:
    branch = people.branch()
    made = make_course(app, trainer, quiz=[truefalse("So?", True)], branch=branch)
    insider = Taker(people, made, people.member(branch=branch))
    outsider = Taker(people, made)
    assert insider.start().status_code == 303
    assert outsider.start().status_code == 404
    assert outsider.client.get(outsider.url).status_code == 404


def test_a_preview_has_no_attempts_and_members_have_no_preview(
    app: Flask, people: People, trainer: int
) -> None:
    draft = make_course(app, trainer, quiz=[truefalse("So?", True)], state="draft")
    author = Taker(people, draft, trainer)
    assert "This is a preview" in author.page()
    assert author.start().status_code == 422
    member = Taker(people, draft)
    assert member.client.get(member.url).status_code == 404
    assert member.start().status_code == 404
    assert rows(app, Attempt) == []


def test_what_was_begun_in_a_course_can_be_ended_after_it_was_withdrawn(
    app: Flask, taker: Taker
) -> None:
    taker.start()
    attempt, right = taker.attempt, taker.right_answers()
    with app.app_context(), unit_of_work() as session:
        session.get_one(Course, taker.course.id).state = "withdrawn"
    assert taker.save(right, attempt=attempt).status_code == 200
    assert taker.submit({}, attempt=attempt).status_code == 303
    assert taker.client.get(f"/attempts/{attempt}").status_code == 200
    assert taker.start().status_code == 404


# --- the paper stays the paper --------------------------------------------------------------------


def test_an_attempt_keeps_the_versions_and_the_order_it_was_given(
    app: Flask, taker: Taker, trainer: int
) -> None:
    taker.start()
    before = taker.paper()
    with app.app_context(), unit_of_work() as session:
        body = single("What comes first now?", "take the lift", ("CANARY-CORRECT-call for help",))
        del body["kind"]
        questions.revise(taker.course.questions[0], body, trainer)
        session.delete(
            session.get_one(CourseQuestion, (taker.course.id, taker.course.questions[2]))
        )
        session.get_one(Course, taker.course.id).pass_percent = 100
    assert taker.paper() == before
    first, second, third = before
    taker.submit(
        {first.id: first.named("call for help"), second.id: [], third.id: third.named("False")}
    )
    assert score(app, taker) == 2
    row = rows(app, Attempt)[0]
    assert (row.passed, row.pass_percent) == (True, 60)
    taker.start()
    assert len(taker.paper()) == 2


def test_a_paper_can_be_made_again_from_its_seed(app: Flask, taker: Taker) -> None:
    from app.exams import rules

    taker.start()
    (attempt,) = rows(app, Attempt)
    for item in rows(app, AttemptItem):
        bank = sorted(o for _, o in item.options)
        again = rules.shuffled(attempt.seed, item.position, bank)
        assert sorted(n for n, _ in again) == sorted(n for n, _ in item.options)


def test_where_the_right_option_stands_is_chance() -> None:
    """Chi-squared over a thousand papers, 4 places: 3 degrees of freedom, p = 0.01 at 11.34."""
    from app.exams import rules

    places = [0, 0, 0, 0]
    for seed in range(1000):
        order = [o for _, o in rules.shuffled(seed, 1, ["right", "b", "c", "d"])]
        places[order.index("right")] += 1
    assert sum((n - 250) ** 2 / 250 for n in places) < 11.34


def test_names_of_options_differ_between_attempts(people: People, course: Made) -> None:
    papers = []
    for _ in range(2):
        taker = Taker(people, course)
        taker.start()
        papers.append({name for item in taker.paper() for name in item.options.values()})
    assert papers[0].isdisjoint(papers[1])


# --- the key stays here ---------------------------------------------------------------------------


def test_no_byte_of_any_answer_tells_the_key_before_submission(
    app: Flask, people: People, trainer: int
) -> None:
    """xzs sent the key with the paper. Right and wrong options must look alike everywhere."""
    quiz = [
        single("S?", "CANARY-A", ("CANARY-B", "CANARY-C")),
        multiple("M?", {"CANARY-D": "0.3", "CANARY-E": "0.7", "CANARY-F": "-0.41"}),
        truefalse("T?", True),
    ]
    for question in quiz:
        question["explanation"] = "CANARY-EXPLANATION"
    made = make_course(app, trainer, quiz=quiz)
    taker = Taker(people, made)
    seen = []

    def note(answer) -> None:
        seen.append(answer.get_data() + str(answer.headers).encode())

    note(taker.client.get(taker.url))
    note(taker.start())
    note(taker.client.get(taker.url))
    attempt, saved = taker.attempt, set()
    for item in taker.paper():
        for name in item.options.values():
            answer = taker.save({item.id: [name]})
            note(answer)
            saved.add(re.sub(rb"\d+", b"n", answer.get_data()))
            note(taker.client.get(taker.url))
    assert saved == {b'{"saved":{"n":n}}\n'}  # whatever was answered
    note(taker.save({999: ["x"]}))
    note(taker.submit({999: ["x"]}))
    note(taker.client.get(f"/attempts/{attempt}"))
    for page in ("/", "/courses", f"/courses/{made.slug}", "/points", "/search?q=CANARY"):
        note(taker.client.get(page))
    everything = b"\n".join(seen)
    assert b"CANARY-A" in everything
    for secret in (b"CANARY-EXPLANATION", b"0.7", b"0.41", b"fraction", b"is_right"):
        assert secret not in everything, secret
    for item in rows(app, AttemptItem):
        for _, option_id in item.options:
            assert option_id.encode() not in everything, "ids of the bank must not leave"
    # The options of a question differ in their names and texts, and in nothing else.
    page = taker.page()
    for block in re.findall(r'<label class="choice">.*?</label>', page, re.DOTALL):
        bare = re.sub(r'value="[^"]*"|CANARY-.|True|False| checked|lang="en"', "", block)
        assert re.sub(r"\s+|q\d+|radio|checkbox", "", bare) == (
            '<labelclass="choice"><inputclass="form-check-input"type=""name=""'
            'autocomplete="off"><span></span></label>'
        )
    taker.submit({})
    assert b"CANARY-EXPLANATION" in taker.client.get(f"/attempts/{attempt}").get_data()


def test_old_results_are_sealed_while_another_attempt_is_open(taker: Taker) -> None:
    taker.start()
    first = taker.attempt
    taker.submit({}, attempt=first)
    url = f"/attempts/{first}"
    assert "CANARY-EXPLANATION-two" in taker.client.get(url).text
    taker.start()
    sealed = taker.client.get(url).text
    assert "CANARY-EXPLANATION-two" not in sealed
    assert "right answer" not in sealed
    assert "hidden while another attempt" in sealed
    taker.submit({})
    assert "CANARY-EXPLANATION-two" in taker.client.get(url).text


def test_pages_of_a_quiz_are_not_kept_by_browsers(taker: Taker) -> None:
    taker.start()
    assert taker.client.get(taker.url).headers["Cache-Control"] == "no-store"
    attempt = taker.attempt
    taker.submit({})
    assert taker.client.get(f"/attempts/{attempt}").headers["Cache-Control"] == "no-store"
    # Who presses Back after submitting comes to the start, not to an old paper.
    assert "<fieldset" not in taker.page()


def test_the_result_of_an_open_attempt_leads_back_to_the_paper(taker: Taker) -> None:
    taker.start()
    answer = taker.client.get(f"/attempts/{taker.attempt}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == taker.url


def test_saving_is_limited_far_above_what_a_person_does(
    app: Flask, taker: Taker, time: Time
) -> None:
    taker.start()
    attempt, first = taker.attempt, taker.paper()[0]
    app.extensions["weike"] = replace(app.extensions["weike"], limits=True)
    names = list(first.options.values())
    answers = [
        taker.save({first.id: [names[n % 2]]}, attempt=attempt).status_code for n in range(130)
    ]
    assert answers == [200] * 120 + [429] * 10


def test_the_database_itself_allows_one_open_attempt(app: Flask, taker: Taker) -> None:
    from sqlalchemy.exc import IntegrityError

    taker.start()
    with pytest.raises(IntegrityError), app.app_context(), unit_of_work() as session:
        row = session.query(Attempt).one()
        session.add(
            Attempt(
                member_id=row.member_id,
                course_id=row.course_id,
                number=2,
                seed=1,
                pass_percent=60,
                questions=1,
                started_at=row.started_at,
            )
        )


def test_a_signed_out_browser_is_told_so(people: People, taker: Taker) -> None:
    taker.start()
    visitor = people.client()
    answer = visitor.post(
        f"/attempts/{taker.attempt}/answers",
        data={},
        headers={**csrf(visitor), "Accept": "application/json"},
    )
    assert answer.status_code == 401
    assert MINUTE == 60_000
