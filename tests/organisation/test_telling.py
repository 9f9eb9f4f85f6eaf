"""What members are told about assignments, and organizers about a month."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from app.core import jobs
from app.core.db import db, unit_of_work
from app.learning import service as learning
from app.learning.rules import Duty, Word, word_of
from app.notices.models import Notice
from app.points import queries
from app.points import service as points
from tests.factories import People, csrf
from tests.home.progress import finished
from tests.organisation.conftest import House
from tests.organisation.test_assignments import assign
from tests.points.ledger import at, shanghai


def told(app: Flask, member: int) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.query(Notice).filter_by(member_id=member).order_by(Notice.id)
        found = [(row.title, row.body, row.address) for row in rows]
        db.session.rollback()
    return found


def titles(house: House, member: int) -> list[str]:
    return [title for title, _body, _address in told(house.app, member)]


def work(house: House, kind: str) -> None:
    with house.app.app_context(), unit_of_work():
        jobs.enqueue(kind, key=kind)
    jobs.run_pending(house.app)


@pytest.fixture
def asked(house: House) -> int:
    """Olga asked North on March 1 for Beta until the 31st."""
    with at(shanghai(2027, 3, 1)), house.app.app_context(), unit_of_work():
        return learning.assign(
            branch_id=house.north,
            due_on=date(2027, 3, 31),
            today=date(2027, 3, 1),
            author_id=house.organizer,
            course_id=house.begun.id,
            note="For the audit",
        )


def test_members_are_told_at_once_what_is_asked_of_them(house: House) -> None:
    with at(shanghai(2027, 3, 10)):
        assert assign(house).status_code == 302
        jobs.run_pending(house.app)
    title, body, address = told(house.app, house.bob)[0]
    assert title == "New to do: “Beta” until Mar 31, 2027"
    assert body == "For the audit\nAsked by Olga, North"
    assert address == f"/courses/{house.begun.slug}"
    assert told(house.app, house.zoe) == []


def test_reminders_come_seven_three_and_one_day_before_and_once_after(
    house: House, asked: int
) -> None:
    for day in (2, 23, 24, 25, 28, 30, 31):
        with at(shanghai(2027, 3, day)):
            work(house, "learning.remind")
            work(house, "learning.remind")
    for day in (1, 2):
        with at(shanghai(2027, 4, day)):
            work(house, "learning.remind")
    assert titles(house, house.bob) == [
        "New to do: “Beta” until Mar 31, 2027",
        *["“Beta” has to be done until Mar 31, 2027"] * 3,
        "“Beta” is overdue; the last day was Mar 31, 2027",
    ]
    assert "At most 7 days are left." in told(house.app, house.bob)[1][1]


def test_who_is_done_or_exempt_is_not_reminded(house: House, asked: int) -> None:
    finished(house.app, house.ann, house.begun)
    with at(shanghai(2027, 3, 29)):
        with house.app.app_context(), unit_of_work():
            learning.relieve(
                asked,
                [house.bob],
                reason="Ill",
                author_id=house.organizer,
                today=date(2027, 3, 29),
                due_on=date(2027, 4, 30),
            )
        work(house, "learning.remind")
    assert titles(house, house.ann) == []
    assert titles(house, house.bob) == []
    with at(shanghai(2027, 4, 24)):
        work(house, "learning.remind")
    assert titles(house, house.bob) == ["“Beta” has to be done until Apr 30, 2027"]


def test_what_is_said_follows_from_the_day() -> None:
    assert word_of(Duty.DUE, 20, is_new=True) == (Word.NEW, 0)
    assert word_of(Duty.DUE, 20, is_new=False) is None
    assert word_of(Duty.DUE, 2, is_new=True) == (Word.SOON, 3)
    assert word_of(Duty.OVERDUE, -1, is_new=False) == (Word.OVER, 0)
    assert word_of(Duty.EXEMPT, 1, is_new=True) is None


def test_organizers_get_the_month_once_with_the_seal_of_the_ledger(house: House) -> None:
    with at(shanghai(2026, 1, 20)):
        member = house.people.member("May", branch=house.north)
        house.ledger.earn(member, when=shanghai(2026, 1, 20))
    with at(shanghai(2027, 2, 1, 8)):
        with house.app.app_context(), unit_of_work():
            points.seal_days()
        work(house, "organisation.month")
        work(house, "organisation.month")
    (title, body, address), *more = told(house.app, house.organizer)
    assert more == []
    assert title == "What January 2027 has brought to your branches"
    assert "0 of 4 members finished something (the month before: 0)." in body
    assert "Seal of the ledger of points on " in body
    assert address == "/organizer/reports/day?day=2027-01-31"
    with at(shanghai(2027, 2, 1, 9)):
        assert house.client.get(address).status_code == 200
    assert told(house.app, house.ann) == []


def test_the_seal_of_a_day_goes_to_organizers_once_where_that_is_wanted(
    house: House, people: People
) -> None:
    with at(shanghai(2027, 3, 2)), house.app.app_context(), unit_of_work():
        points.credit(member_id=house.ann, reason="lesson", source="lesson:1")
    with at(shanghai(2027, 3, 3, 8, 20)):
        work(house, "points.seal")
        work(house, "organisation.seal")
        assert titles(house, house.organizer) == []
        boss = people.client(people.member(role="administrator"))
        chosen = {"highest_speed": "200", "mail_seals": "y"}
        headers = csrf(boss)
        answer = boss.post("/admin/organisation/ways", data=chosen, headers=headers)
        assert answer.status_code == 303
        work(house, "organisation.seal")
        work(house, "organisation.seal")
    (title, body, address) = told(house.app, house.organizer)[0]
    assert title == "Seal of the points of Mar 2, 2027"
    with house.app.app_context():
        seal = queries.newest_seal().seal
        db.session.rollback()
    assert f"Entries: 1. Seal: {seal}" in body
    assert address == "/points/seals"
    assert len(told(house.app, house.organizer)) == 1
    assert [title for title in titles(house, house.ann) if "Seal" in title] == []
