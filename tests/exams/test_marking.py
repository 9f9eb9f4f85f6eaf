"""Marking by two people who do not see each other's marks, and appeals against marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from app.certificates import service as certificates
from app.certificates.models import Certificate
from app.certificates.rules import Design
from app.core import jobs
from app.core.db import db, unit_of_work
from app.exams import service
from app.exams.models import Appeal, AttemptItem, Exam, GivenMark
from app.members.models import Member
from app.notices import queries as notices
from app.points import queries as points
from tests.exams.examiner import WINDOW, Candidate, Desk, Set, exam_row, make_exam
from tests.factories import People
from tests.learning.lessons import Time, single

ESSAY = {"kind": "essay", "stem": "Why stay low?", "answer": "Smoke rises.", "rubric": []}
DESIGN = Design(title={"en": "Certificate"}, text={"en": "{name} passed {what}"})
KEYED = single("Which number?", "CANARY-CORRECT-112", ("000", "123"))


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@dataclass
class Office:
    """An exam with an essay that one member has written, and three who may mark it."""

    exam: Set
    author: Desk
    second: Desk
    third: Desk
    taker: Candidate

    @property
    def essay(self) -> AttemptItem:
        return next(item for item in self.taker.items() if item.max_mark == 10)

    @property
    def path(self) -> str:
        return f"/{self.exam.id}/marking/{self.exam.questions[0]}"

    def mark(self, who: Desk, given: str, comment: str = "", *, apart: bool = False):
        path = f"{self.path}/apart" if apart else self.path
        return who.post(path, item=self.essay.id, points=given, comment=comment)


def office(
    app: Flask,
    people: People,
    trainer: int,
    essay: dict[str, object] = ESSAY,
    **settings: object,
) -> Office:
    settings = {"second_marking": True, "show_answers": "at_once", **settings}
    exam = make_exam(app, trainer, [essay, KEYED], marks=("10", "2"), **settings)
    others = [people.member(role="trainer"), people.member(role="trainer")]
    with app.app_context():
        names = [db.session.get(Member, i).username for i in others]
        db.session.rollback()
    with app.app_context(), unit_of_work():
        branches = settings.get("branches", ())
        service.change(exam.id, actor_id=trainer, markers="\n".join(names), branches=branches)
    taker = Candidate(people, exam, people.member(branch=branches[0]) if branches else None)
    taker.start()
    written, keyed = sorted(taker.paper(), key=lambda item: bool(item.options))
    taker.submit({written.id: ["Because."], keyed.id: keyed.named("000")})
    desks = [Desk(people, member) for member in (trainer, *others)]
    return Office(exam, *desks, taker)


def history(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.query(GivenMark).order_by(GivenMark.id).all()
        found = [(row.kind, format(row.mark, "f"), row.comment) for row in rows]
        db.session.rollback()
    return found


def told(app: Flask, member: int) -> list[tuple[str, str]]:
    with app.app_context():
        rows = notices.notices_of(member, page=1).rows
        db.session.rollback()
    return [(row.title, row.body) for row in rows]


# --- two markers ----------------------------------------------------------------------------------


def test_two_near_marks_become_their_mean_and_neither_marker_sees_the_other(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer)
    assert "1 to mark" in o.author.get(f"/{o.exam.id}/marking")
    assert o.mark(o.author, "6.25", "CANARY-FIRST-COMMENT").status_code == 303
    assert o.taker.row().waiting == 1
    assert o.essay.mark is None
    # The first has done theirs, and cannot be the second as well.
    assert "1 answer waits for another marker" in o.author.get(o.path)
    assert "1 for another marker" in o.author.get(f"/{o.exam.id}/marking")
    assert o.mark(o.author, "9").status_code == 409
    pages = [o.second.get(o.path), o.second.get(f"/{o.exam.id}/marking")]
    if o.second.client.get(f"/desk/exams/{o.exam.id}/room").status_code == 200:
        pages.append(o.second.get(f"/{o.exam.id}/room"))
    pages.append(o.author.get(f"/{o.exam.id}/room"))
    pages.append(o.author.get(f"/{o.exam.id}/room/{o.taker.attempt}"))
    for page in pages:
        assert "CANARY-FIRST" not in page
        assert "6.25" not in page
    assert "1 to mark" in pages[1]
    assert "Because." in pages[0]
    assert "CANARY-FIRST" not in o.taker.result()
    assert o.mark(o.second, "7.25", "Say more.").status_code == 303
    assert o.essay.mark == Decimal("0.675")
    assert o.essay.comment == "CANARY-FIRST-COMMENT\nSay more."
    assert o.taker.row().waiting == 0
    assert o.taker.row().score == Decimal("6.75")
    assert history(app) == [
        ("first", "0.625", "CANARY-FIRST-COMMENT"),
        ("second", "0.725", "Say more."),
    ]
    assert "First mark" in o.author.get(f"/{o.exam.id}/room/{o.taker.attempt}")


def test_marks_that_differ_are_shown_and_settled_by_a_third_or_by_agreement(
    app: Flask, people: People, trainer: int
) -> None:
    for settler, kind in (("third", "Third mark"), ("author", "Agreed mark")):
        o = office(app, people, trainer)
        o.mark(o.author, "3", "Thin.")
        o.mark(o.second, "9", "Good.")
        assert o.essay.mark is None
        assert o.taker.row().waiting == 1
        assert "1 to settle" in o.author.get(f"/{o.exam.id}/marking")
        # Neither marks it a third time in the ordinary way, nor does anybody else.
        assert o.mark(o.third, "5").status_code == 409
        who = getattr(o, settler)
        page = o.second.get(f"{o.path}/apart")
        assert "6 of 10 points apart" in page
        assert "Thin." in page
        assert "Good." in page
        answer = o.mark(who, "11", apart=True)
        assert answer.status_code == 422
        assert o.mark(who, "7", apart=True).status_code == 303
        assert o.essay.mark == Decimal("0.7")
        assert o.essay.comment == "Thin.\nGood."
        assert o.taker.row().score == 7
        assert kind in o.author.get(f"/{o.exam.id}/room/{o.taker.attempt}")
        assert o.mark(who, "7", apart=True).status_code == 409
        assert "All marks of this question are settled" in o.third.get(f"{o.path}/apart")


def test_a_difference_of_exactly_what_is_allowed_is_near_enough(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer, apart_percent=20)
    o.mark(o.author, "5")
    o.mark(o.second, "7")
    assert o.essay.mark == Decimal("0.6")


def test_a_mark_that_counts_can_be_given_again_and_all_of_them_are_kept(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer, second_marking=False)
    o.mark(o.author, "4")
    o.mark(o.second, "8", "Better read twice.")
    assert o.essay.mark == Decimal("0.8")
    assert [kind for kind, _, _ in history(app)] == ["first", "again"]


def test_a_mark_is_replaced_only_by_who_looks_at_it_again(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer, second_marking=False)
    item = o.essay.id
    given = {"item": item, "points": "4", "comment": "Short.", "first": "1"}
    assert 'name="first"' in o.author.get(o.path)
    assert o.author.post(o.path, **given).status_code == 303
    # The same from a second window is no second mark; another one, or another person's, is refused.
    assert o.author.post(o.path, **given).status_code == 303
    for who, other in ((o.author, "8"), (o.second, "9")):
        answer = who.post(o.path, **{**given, "points": other})
        assert answer.status_code == 409
        assert "it was marked (4 of 10 points)" in answer.text
    assert history(app) == [("first", "0.4", "Short.")]
    # From the list of what they marked last its marker mends it; for others it is not there.
    again = f"{o.path}?again={item}"
    assert again in o.author.get(o.path)
    page = o.author.get(again)
    assert 'value="4"' in page
    assert "Short.</textarea>" in page
    answer = o.author.post(o.path, item=item, points="11", again="1")
    assert answer.status_code == 422
    assert 'name="again"' in answer.text
    assert o.author.post(o.path, item=item, points="6", again="1").status_code == 303
    assert "The new mark counts" in o.author.get(o.path)
    assert o.essay.mark == Decimal("0.6")
    for who, path in ((o.second, again), (o.author, f"{o.path}?again=999")):
        assert who.client.get(f"/desk/exams{path}").status_code == 404
    # What was left out meanwhile is not marked any more.
    o.author.post(f"{o.path.replace('marking', 'regrade')}", action="leave_out", reason="Unclear")
    assert o.author.post(o.path, **given).status_code == 409


def test_how_many_mark_does_not_change_once_somebody_has_marked(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer)
    fields = {name: value for name, value in settings_form(o).items() if name != "second_marking"}
    assert o.author.post(f"/{o.exam.id}/settings", **fields).status_code == 302
    assert not exam_row(app, o.exam.id).second_marking
    fields = {**settings_form(o), "second_marking": "y"}
    assert o.author.post(f"/{o.exam.id}/settings", **fields).status_code == 302
    o.mark(o.author, "4")
    fields = {name: value for name, value in settings_form(o).items() if name != "second_marking"}
    answer = o.author.post(f"/{o.exam.id}/settings", **fields)
    assert answer.status_code == 422
    assert "Marking has begun" in answer.get_data(as_text=True)
    assert exam_row(app, o.exam.id).second_marking


def settings_form(o: Office) -> dict[str, str]:
    page = o.author.get(f"/{o.exam.id}/settings")
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        if name is None or (kind and kind[1] in {"checkbox", "radio"} and " checked" not in tag):
            continue
        found[name[1]] = value[1] if value else ""
    select = r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>'
    for name, inner in re.findall(select, page, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', inner)
        found[name] = chosen[1] if chosen else ""
    area = r'<textarea [^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>'
    found.update(re.findall(area, page, re.DOTALL))
    return found


def test_markers_are_asked_by_name_and_see_nothing_else_of_the_exam(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer)
    assert "Fire safety" in o.second.get("")
    for path in ("", "/settings", "/room", "/results", f"/room/{o.taker.attempt}"):
        found = o.second.client.get(f"/desk/exams/{o.exam.id}{path}")
        assert found.status_code == 404, path
    stranger = Desk(people, people.member(role="trainer"))
    for path in (f"/{o.exam.id}/marking", o.path, f"{o.path}/apart", f"/{o.exam.id}/appeals"):
        assert o.second.client.get(f"/desk/exams{path}").status_code == 200, path
        assert stranger.client.get(f"/desk/exams{path}").status_code == 404, path
    assert o.mark(stranger, "1").status_code == 404
    with app.app_context():
        member = db.session.get(Member, o.taker.member).username
        db.session.rollback()
    for name in ("nobody.at.all", member):
        fields = {**settings_form(o), "markers": name}
        answer = o.author.post(f"/{o.exam.id}/settings", **fields)
        assert answer.status_code == 422
        assert "is not a trainer or organizer here" in answer.get_data(as_text=True)
    assert o.author.post(f"/{o.exam.id}/settings", **settings_form(o)).status_code == 302
    assert o.second.client.get(f"/desk/exams{o.path}").status_code == 200


def test_a_marker_of_the_branch_beside_neither_sees_nor_marks(
    app: Flask, people: People, trainer: int
) -> None:
    """Asked to mark the same question in an exam of the branch beside, with ids that exist."""
    here, beside = people.branch(), people.branch()
    mine = office(app, people, trainer, branches=[here], second_marking=False)
    author = people.member(role="trainer", branch=beside)
    theirs = office(app, people, author, branches=[beside], second_marking=False)
    essay, path = mine.essay, f"/{theirs.exam.id}/marking/{theirs.exam.questions[0]}"
    for who in (theirs.author, theirs.second):
        for part in ("", f"/{mine.exam.questions[0]}", f"/{mine.exam.questions[0]}/apart"):
            found = who.client.get(f"/desk/exams/{mine.exam.id}/marking{part}")
            assert found.status_code == 404, part
        assert mine.mark(who, "1").status_code == 404
        # Through the door of the exam that is theirs, the answer is not there either.
        for door in (path, f"{path}/apart"):
            assert who.post(door, item=essay.id, points="1").status_code in {404, 409}
        for form in (f"{essay.id}/file", f"{essay.id}"):
            taken = who.client.get(f"/desk/exams/{theirs.exam.id}/answers/{form}")
            assert taken.status_code == 404
        assert "Because." in who.get(path)  # of their own taker
    assert history(app) == []
    assert mine.essay.mark is None
    # The same act by whose answer it is to mark.
    assert mine.mark(mine.second, "7").status_code == 303
    assert mine.essay.mark is not None


# --- appeals --------------------------------------------------------------------------------------


def appealed(app: Flask, o: Office, item: AttemptItem, text: str = "I said it rises."):
    return o.taker.client.post(
        f"/attempts/{o.taker.attempt}/appeals",
        data={"item": item.id, "text": text},
        headers=o.taker.headers,
    )


def appeal_id(app: Flask, o: Office) -> int:
    with app.app_context():
        found = db.session.query(Appeal.id).filter_by(exam_id=o.exam.id).scalar()
        db.session.rollback()
    return found


def marked(app: Flask, people: People, trainer: int, **settings: object) -> Office:
    o = office(app, people, trainer, second_marking=False, **settings)
    o.mark(o.author, "6", "Thin.")
    return o


def answered(o: Office, who: Desk, number: int, given: str, answer: str = "You are right."):
    return who.post(f"/{o.exam.id}/appeals/{number}", points=given, answer=answer)


def test_an_appeal_is_answered_by_another_marker_and_its_result_flows_through(
    app: Flask, people: People, trainer: int
) -> None:
    o = marked(app, people, trainer, pass_percent=70)
    with app.app_context(), unit_of_work():
        template = certificates.save_template(None, name="Plain", design=DESIGN)
        certificates.offer(kind="exam", subject_id=o.exam.id, template_id=template)
    assert not o.taker.row().passed
    assert "I see this mark differently" in o.taker.result()
    assert appealed(app, o, o.essay).status_code == 303
    assert "Somebody who has not marked it" in o.taker.result()
    number = appeal_id(app, o)
    assert "1 to answer" in o.author.get(f"/{o.exam.id}/marking")
    assert ("A mark of “Fire safety” is appealed against", "") in told(app, o.second.member)
    # The first marker reads it and cannot answer.
    page = o.author.get(f"/{o.exam.id}/appeals/{number}")
    assert "I said it rises." in page
    assert 'name="points"' not in page
    assert answered(o, o.author, number, "9").status_code == 409
    page = o.second.get(f"/{o.exam.id}/appeals/{number}")
    with app.app_context():
        name = db.session.get(Member, o.taker.member).name
        db.session.rollback()
    assert name not in page
    for given, answer in (("11", "x"), ("5.99", "x"), ("NaN", "x"), ("many", "x"), ("9", " ")):
        assert answered(o, o.second, number, given, answer).status_code == 422, given
    assert answered(o, o.second, number, "9").status_code == 303
    row = o.taker.row()
    assert (row.score, row.passed) == (9, True)
    with app.app_context():
        assert points.total(o.taker.member) > 0
        assert db.session.query(Certificate).filter_by(member_id=o.taker.member).count() == 1
        db.session.rollback()
    assert told(app, o.taker.member)[0] == (
        f"Your appeal was right: more points for question {o.essay.position} of “Fire safety”",
        "You are right.",
    )
    assert "6 points have become 9" in o.taker.result()
    assert history(app)[-1] == ("appeal", "0.9", "You are right.")
    assert answered(o, o.third, number, "10").status_code == 409
    assert appealed(app, o, o.essay).status_code == 409
    # When the score changes and is still enough, a new certificate says so in the old one's place.
    leave_out = f"/{o.exam.id}/regrade/{o.exam.questions[1]}"
    o.author.post(leave_out, action="leave_out", reason="Unclear")
    with app.app_context():
        rows = db.session.query(Certificate).order_by(Certificate.id).all()
        said = [(row.state, row.facts["score"]) for row in rows]
        assert rows[1].replaces_id == rows[0].id
        db.session.rollback()
    assert said == [("replaced", "75 %"), ("live", "90 %")]
    assert ("Your certificate for “Fire safety” was issued anew", "Unclear") in told(
        app, o.taker.member
    )
    assert "Leave the question out" in o.author.get(f"/{o.exam.id}/results/questions")


def test_an_appeal_that_is_not_upheld_changes_nothing_but_is_answered(
    app: Flask, people: People, trainer: int
) -> None:
    o = marked(app, people, trainer)
    appealed(app, o, o.essay)
    answer = answered(o, o.second, appeal_id(app, o), "6", "The reason is missing.")
    assert answer.status_code == 303
    assert o.essay.mark == Decimal("0.6")
    assert "The mark stays" in o.taker.result()
    assert told(app, o.taker.member)[0] == (
        "Your appeal about “Fire safety” has been answered",
        "The reason is missing.",
    )


def test_a_mark_by_the_key_can_be_appealed_against_too(
    app: Flask, people: People, trainer: int
) -> None:
    o = marked(app, people, trainer)
    keyed = next(item for item in o.taker.items() if item.max_mark == 2)
    appealed(app, o, keyed, "In our office it is 000.")
    page = o.author.get(f"/{o.exam.id}/appeals/{appeal_id(app, o)}")
    assert "marked by the key" in page
    assert f"/desk/exams/{o.exam.id}/regrade/{o.exam.questions[1]}" in page
    # Who only marks cannot mark anew for everybody.
    assert "/regrade/" not in o.second.get(f"/{o.exam.id}/appeals/{appeal_id(app, o)}")
    answered(o, o.author, appeal_id(app, o), "1")
    assert o.taker.row().score == 7


def test_appeals_are_made_only_while_the_exam_says_so(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    o = marked(app, people, trainer, show_answers="after_close", appeal_days=3)
    item = o.essay
    assert appealed(app, o, item).status_code == 409  # the answers are not shown yet
    time.moment += WINDOW + timedelta(days=2)
    o.taker = Candidate(people, o.exam, o.taker.member)  # signed in anew
    assert "I see this mark differently" in o.taker.result()
    assert appealed(app, o, item, "  ").status_code == 422
    time.moment += timedelta(days=1)
    o.taker = Candidate(people, o.exam, o.taker.member)
    assert "I see this mark differently" not in o.taker.result()
    answer = appealed(app, o, item)
    assert answer.status_code == 422
    assert "The time to appeal is over" in answer.get_data(as_text=True)
    none = marked(app, people, trainer, appeal_days=0)
    assert "I see this mark differently" not in none.taker.result()
    assert appealed(app, none, none.essay).status_code == 409
    waiting = office(app, people, trainer)
    assert appealed(app, waiting, waiting.essay).status_code == 409


def test_appeals_of_others_are_not_there(app: Flask, people: People, trainer: int) -> None:
    o, other = marked(app, people, trainer), marked(app, people, trainer)
    # An answer of another attempt, an attempt of another member, an appeal of another exam.
    assert appealed(app, o, other.essay).status_code == 404
    client = other.taker.client
    answer = client.post(
        f"/attempts/{o.taker.attempt}/appeals",
        data={"item": o.essay.id, "text": "Mine!"},
        headers=other.taker.headers,
    )
    assert answer.status_code == 404
    with app.app_context():
        assert db.session.query(Appeal).count() == 0
        db.session.rollback()
    appealed(app, o, o.essay)
    number = appeal_id(app, o)
    assert answered(other, other.second, number, "9").status_code == 404
    # A right answer, and nothing that was never asked.
    assert (
        other.second.client.get(f"/desk/exams/{other.exam.id}/appeals/{number}").status_code == 404
    )
    with app.app_context():
        assert db.session.get(Exam, o.exam.id) is not None
        db.session.rollback()


def test_nobody_answers_their_own_appeal(app: Flask, people: People, trainer: int) -> None:
    o = marked(app, people, trainer)
    own = Candidate(people, o.exam, o.third.member)
    own.start()
    essay, keyed = sorted(own.paper(), key=lambda item: bool(item.options))
    own.submit({essay.id: ["Mine."], keyed.id: keyed.named("000")})
    mine = Office(o.exam, o.author, o.second, o.third, own)
    mine.mark(o.author, "2")
    assert appealed(app, mine, mine.essay).status_code == 303
    assert answered(mine, o.third, appeal_id(app, mine), "10").status_code == 422
    assert mine.essay.mark == Decimal("0.2")


# --- criteria -------------------------------------------------------------------------------------

BY_CRITERIA = {
    **ESSAY,
    "rubric": [
        {"text": "Says why", "share": "0.333333333333"},
        {"text": "Gives an example", "share": "0.333333333333"},
        {"text": "Is clear", "share": "0.333333333334"},
    ],
}


def test_an_answer_is_marked_criterion_by_criterion(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer, essay=BY_CRITERIA, apart_percent=20)
    page = o.author.get(o.path)
    assert page.count('name="part"') == 3
    assert 'name="points"' not in page
    assert "from 0 to 3.33" in page
    refused = {
        ("3.33", "2"): "others now",
        ("3.33", "3.34", "1"): "For “Gives an example” the points must be from 0 to 3.33.",
        ("3", "-1", "1"): "For “Gives an example”",
        ("3", "nan", "1"): "For “Gives an example”",
        ("3", "", "1"): "Give the points as a number.",
    }
    for parts, sentence in refused.items():
        answer = o.author.post(o.path, item=o.essay.id, part=list(parts))
        assert answer.status_code in {409, 422}, parts
        assert sentence in answer.get_data(as_text=True), parts
    assert history(app) == []
    # What is rounded as the page shows it is all there was.
    o.author.post(o.path, item=o.essay.id, part=["3,33", "3.33", "2.5"])
    assert "Says why" not in o.taker.result()
    o.second.post(o.path, item=o.essay.id, part=["3.33", "2.33", "2.5"])
    assert o.taker.row().waiting == 0
    first, second = (Decimal(mark) for _, mark, _ in history(app))
    assert first == Decimal("0.91667")
    assert o.essay.mark == pytest.approx((first + second) / 2, abs=Decimal("0.0001"))
    told_parts = o.taker.result()
    for text, brought in (("Says why", "3.33"), ("Gives an example", "2.83"), ("Is clear", "2.5")):
        assert f"<dt>{text}</dt><dd><strong>{brought}</strong> / 3.33" in told_parts
    assert "3.33 + 3.33 + 2.5" in o.author.get(f"/{o.exam.id}/room/{o.taker.attempt}")


def test_a_mark_from_elsewhere_leaves_no_old_points_of_criteria(
    app: Flask, people: People, trainer: int
) -> None:
    o = office(app, people, trainer, essay=BY_CRITERIA, second_marking=False)
    o.author.post(o.path, item=o.essay.id, part=["1", "1", "1"])
    assert "<strong>1</strong> / 3.33" in o.taker.result()
    o.author.post(o.path, item=o.essay.id, points="8")
    assert o.essay.mark == Decimal("0.8")
    assert "Says why" not in o.taker.result()


def test_what_a_mark_changes_waits_while_its_member_sits_an_exam_with_the_same_question(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    at = office(app, people, trainer, second_marking=False)
    at.mark(at.author, "10")

    def total() -> int:
        with app.app_context():
            found = points.total(at.taker.member)
            db.session.rollback()
        return found

    before = total()
    assert before > 0
    sitting = make_exam(app, trainer, [at.exam.questions[0]])
    Candidate(people, sitting, at.taker.member).start()
    at.mark(at.author, "0", "Not so")
    assert not at.taker.row().passed
    jobs.run_pending(app)
    assert total() == before
    time.moment += timedelta(hours=1, minutes=10)
    jobs.run_pending(app)
    time.moment += timedelta(minutes=5)
    jobs.run_pending(app)
    assert total() == 0
