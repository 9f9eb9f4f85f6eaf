"""The ledger takes each fact once, keeps the caps, and is never edited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db, unit_of_work
from app.core.refusals import NotThere
from app.members.models import Member
from app.points import queries, service
from app.points.models import Entry
from app.points.rules import (
    GENTLE,
    CorrectedAlready,
    IsACorrection,
    NeedsAReason,
    NotANumberOfPoints,
    OwnPoints,
    TakesTooMuch,
)
from tests.factories import People, csrf
from tests.points.ledger import SHANGHAI, Ledger, at, shanghai

LESSON, QUIZ = GENTLE.rules[0], GENTLE.rules[1]


def test_the_same_source_is_credited_once(people: People, ledger: Ledger) -> None:
    member = people.member()
    assert ledger.earn(member, "lesson", "lesson:1") == LESSON.amount
    assert ledger.earn(member, "lesson", "lesson:1") == 0
    assert ledger.amounts(member) == [LESSON.amount]


def test_the_same_source_counts_for_another_reason_and_another_member(
    people: People, ledger: Ledger
) -> None:
    one, other = people.member(), people.member()
    assert ledger.earn(one, "lesson", "x:1") == LESSON.amount
    assert ledger.earn(one, "quiz", "x:1") == QUIZ.amount
    assert ledger.earn(other, "lesson", "x:1") == LESSON.amount


def test_over_the_cap_an_entry_of_nothing_tells_why(people: People, ledger: Ledger) -> None:
    member = people.member()
    for _ in range(LESSON.cap // LESSON.amount):
        assert ledger.earn(member) == LESSON.amount
    assert ledger.earn(member, "lesson", "lesson:late") == 0
    assert ledger.total(member) == LESSON.cap
    assert ledger.entries(member)[-1].amount == 0
    # It is decided: the next day does not pay for it.
    assert ledger.earn(member, "lesson", "lesson:late", when=clock.now() + timedelta(days=1)) == 0


def test_each_reason_has_its_own_cap(people: People, ledger: Ledger) -> None:
    member = people.member()
    for _ in range(9):
        ledger.earn(member, "lesson")
    assert ledger.earn(member, "quiz") == QUIZ.amount


def test_the_day_of_the_cap_ends_at_midnight_in_shanghai(people: People, ledger: Ledger) -> None:
    member = people.member()
    before = shanghai(2026, 3, 8, 23, 59, 59)  # 15:59:59 in UTC: the same UTC day as what follows
    for _ in range(LESSON.cap // LESSON.amount):
        assert ledger.earn(member, when=before) == LESSON.amount
    assert ledger.earn(member, when=before) == 0
    assert ledger.earn(member, when=shanghai(2026, 3, 9, 0, 0, 0)) == LESSON.amount


def test_a_late_entry_uses_the_cap_of_its_own_day(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    yesterday, today = shanghai(2026, 3, 8), shanghai(2026, 3, 9, 0, 5)
    for _ in range(3):
        ledger.earn(member, when=yesterday)
    with app.app_context(), at(today), unit_of_work():
        late = service.credit(
            member_id=member, reason="lesson", source="late", occurred_at=yesterday
        )
        fresh = service.credit(member_id=member, reason="lesson", source="fresh")
    assert (late, fresh) == (0, LESSON.amount)


def test_nothing_is_earned_in_the_future(app: Flask, people: People, ledger: Ledger) -> None:
    member, now = people.member(), shanghai(2026, 3, 8)
    with app.app_context(), at(now), unit_of_work():
        service.credit(
            member_id=member,
            reason="lesson",
            source="lesson:1",
            occurred_at=now + timedelta(days=400),
        )
    assert ledger.entries(member)[0].occurred_at == now


def test_the_first_visit_counts_once_a_day(app: Flask, people: People) -> None:
    member = people.member()
    credited = []
    for moment in (
        shanghai(2026, 3, 8, 0, 1),
        shanghai(2026, 3, 8, 23, 59),
        shanghai(2026, 3, 9, 0, 0),
    ):
        with app.app_context(), at(moment), unit_of_work():
            credited.append(service.check_in(member))
    assert credited == [2, 0, 2]


def test_an_entry_keeps_the_branch_of_its_time(people: People, ledger: Ledger) -> None:
    first, second = people.branch(), people.branch()
    member = people.member(branch=first)
    ledger.earn(member)
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).branch_id = second
    ledger.earn(member)
    assert [entry.branch_id for entry in ledger.entries(member)] == [first, second]


def test_numbers_are_contiguous_per_member(people: People, ledger: Ledger) -> None:
    one, other = people.member(), people.member()
    for member in (one, other, one, one, other):
        ledger.earn(member)
    assert [entry.seq for entry in ledger.entries(one)] == [1, 2, 3]
    assert [entry.seq for entry in ledger.entries(other)] == [1, 2]


def test_the_order_is_that_of_the_ledger_when_the_clock_jumps_back(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member, source="first", when=shanghai(2026, 3, 8, 12))
    ledger.earn(member, source="second", when=shanghai(2026, 3, 8, 10))
    with app.app_context():
        lines = queries.entries(member).rows
        db.session.remove()
    assert [line.seq for line in lines] == [2, 1]


def test_an_unknown_member_or_reason_is_refused(people: People, ledger: Ledger) -> None:
    with pytest.raises(NotThere):
        ledger.earn(999)
    with pytest.raises(KeyError):
        ledger.earn(people.member(), "dancing")
    with pytest.raises(ValueError):
        ledger.earn(people.member(), "lesson", "x" * 121)


# --- many at once -------------------------------------------------------------------------


def test_two_hundred_identical_credits_at_once_are_one(people: People, ledger: Ledger) -> None:
    member = people.member()
    with ThreadPoolExecutor(50) as pool:
        credited = list(pool.map(lambda _: ledger.earn(member, "lesson", "lesson:1"), range(200)))
    assert sorted(credited)[-2:] == [0, LESSON.amount]
    assert ledger.amounts(member) == [LESSON.amount]


def test_the_cap_holds_when_many_lessons_end_at_once(people: People, ledger: Ledger) -> None:
    member = people.member()
    with ThreadPoolExecutor(24) as pool:
        credited = list(pool.map(lambda n: ledger.earn(member, "lesson", f"l:{n}"), range(48)))
    assert sum(credited) == LESSON.cap
    assert ledger.total(member) == LESSON.cap
    assert [entry.seq for entry in ledger.entries(member)] == list(range(1, 49))


def test_the_cap_holds_when_midnight_passes_in_the_middle(people: People, ledger: Ledger) -> None:
    member = people.member()
    moments = [
        shanghai(2026, 3, 8, 23, 59, 59) + timedelta(milliseconds=100 * n) for n in range(20)
    ]  # ten before midnight, ten from midnight on
    ticking = iter(moments)
    with clock.use(lambda: next(ticking)), ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda n: _credit_now(ledger.app, member, n), range(20)))
    by_day: dict[object, int] = {}
    for entry in ledger.entries(member):
        day = entry.occurred_at.astimezone(SHANGHAI).date()
        by_day[day] = by_day.get(day, 0) + entry.amount
    assert list(by_day.values()) == [LESSON.cap, LESSON.cap]


def _credit_now(app: Flask, member: int, number: int) -> None:
    with app.app_context(), unit_of_work():
        service.credit(member_id=member, reason="lesson", source=f"l:{number}")


def test_only_one_of_many_corrections_at_once_counts(people: People, ledger: Ledger) -> None:
    member, author = people.member(), people.member()
    ledger.earn(member)
    entry = ledger.entries(member)[0].id

    def correct(_: int) -> bool:
        try:
            ledger.correct(entry, -5, author=author)
        except CorrectedAlready:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(correct, range(24))) == 1
    assert ledger.total(member) == LESSON.amount - 5


# --- corrections --------------------------------------------------------------------------


def test_a_correction_is_an_entry_that_names_what_it_corrects(
    people: People, ledger: Ledger
) -> None:
    member, author = people.member(), people.member("Wang Fang")
    ledger.earn(member, when=shanghai(2026, 3, 2))
    original = ledger.entries(member)[0]
    ledger.correct(original.id, -10, author=author, reason="counted\ntwice \x00")
    kept, correction = ledger.entries(member)
    assert kept.amount == LESSON.amount
    assert (correction.amount, correction.corrects_seq) == (-10, 1)
    assert (correction.author_id, correction.note) == (author, "counted twice")
    # It takes the points from the day and branch that got them, and says when it was made.
    assert correction.occurred_at == original.occurred_at
    assert correction.branch_id == original.branch_id
    assert correction.recorded_at > correction.occurred_at
    assert ledger.total(member) == 0


def test_an_entry_is_corrected_once_and_a_correction_never(people: People, ledger: Ledger) -> None:
    member, author = people.member(), people.member()
    ledger.earn(member)
    entry = ledger.entries(member)[0].id
    correction = ledger.correct(entry, -10, author=author)
    with pytest.raises(CorrectedAlready):
        ledger.correct(entry, -1, author=author)
    with pytest.raises(IsACorrection):
        ledger.correct(correction, 10, author=author)
    assert ledger.amounts(member) == [10, -10]


@pytest.mark.parametrize(
    "amount", [0, 2**63, -(2**63), 10_001, float("nan"), float("inf"), -1.0, True, "-5", None]
)
def test_only_whole_numbers_of_points_are_taken(
    people: People, ledger: Ledger, amount: object
) -> None:
    member, author = people.member(), people.member()
    ledger.earn(member)
    entry = ledger.entries(member)[0].id
    with pytest.raises(NotANumberOfPoints):
        ledger.correct(entry, amount, author=author)
    assert ledger.correct(entry, -5, author=author)


def test_no_correction_takes_more_than_the_entry_gave(people: People, ledger: Ledger) -> None:
    member, author = people.member(), people.member()
    ledger.earn(member)
    ledger.earn(member)
    entry = ledger.entries(member)[0].id
    with pytest.raises(TakesTooMuch):
        ledger.correct(entry, -11, author=author)
    assert ledger.correct(entry, -10, author=author)


def test_nobody_corrects_their_own_points_or_without_a_reason(
    people: People, ledger: Ledger
) -> None:
    member, author = people.member(), people.member()
    ledger.earn(member)
    entry = ledger.entries(member)[0].id
    with pytest.raises(OwnPoints):
        ledger.correct(entry, 5, author=member)
    with pytest.raises(NeedsAReason):
        ledger.correct(entry, 5, author=author, reason=" \n\x00 ")
    with pytest.raises(NotThere):
        ledger.correct(999, 5, author=author)
    assert ledger.correct(entry, 5, author=author)


# --- the database itself refuses ----------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount = 999",
        "UPDATE ledger_entry SET note = 'x' WHERE seq = 1",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_entry WHERE seq = 1",
        (
            "INSERT OR REPLACE INTO ledger_entry SELECT id, member_id, seq, branch_id, reason,"
            " rule_version, 999, source, occurred_at, recorded_at, note, corrects_seq, author_id,"
            " prev_hash, hash, theme_id FROM ledger_entry WHERE seq = 1"
        ),
        (
            "INSERT OR REPLACE INTO ledger_entry SELECT 77, member_id, seq, branch_id, reason,"
            " rule_version, 999, 'other', occurred_at, recorded_at, note, corrects_seq, author_id,"
            " prev_hash, hash, theme_id FROM ledger_entry WHERE seq = 1"
        ),
    ],
)
def test_the_database_refuses_to_change_an_entry(
    app: Flask, people: People, ledger: Ledger, statement: str
) -> None:
    if "OR REPLACE" in statement and app.extensions["weike"].database_url:
        pytest.skip("only SQLite knows this")
    member = people.member()
    ledger.earn(member, note="a")
    ledger.earn(member, note="b")
    with (
        app.app_context(),
        pytest.raises(IntegrityError, match="ledger entries are never"),
        unit_of_work() as session,
    ):
        session.execute(text(statement))
    assert [(e.amount, e.note) for e in ledger.entries(member)] == [(10, "a"), (10, "b")]


def test_the_session_cannot_change_an_entry_either(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member)
    with app.app_context(), pytest.raises(IntegrityError), unit_of_work() as session:
        session.query(Entry).filter_by(member_id=member).one().amount = 999
    assert ledger.total(member) == LESSON.amount


# --- through the pages --------------------------------------------------------------------


def test_points_in_a_form_are_ignored(people: People, ledger: Ledger) -> None:
    member, other = people.member(), people.member()
    client = people.client(member)
    forged = {
        "points": "999",
        "amount": "999",
        "total": "999",
        "member_id": str(other),
        "reason": "lesson",
        "occurred_at": "2020-01-01",
    }
    client.post("/points/check-in", data=forged, headers=csrf(client))
    client.post("/me", data=forged, headers=csrf(client))
    assert ledger.amounts(member) == [GENTLE.rules[2].amount]
    assert ledger.amounts(other) == []
