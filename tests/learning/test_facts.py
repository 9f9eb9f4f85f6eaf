"""A finished course and a finished theme are facts of the ledger, each once, in their theme."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Course
from app.learning import service
from app.points.models import Entry, LedgerTheme
from tests.factories import People
from tests.learning.lessons import MINUTE, Player, Time, make_course, watch


def facts(app: Flask, member: int) -> list[tuple[str, int]]:
    """(reason, theme) of a member's entries, in their order."""
    with app.app_context():
        rows = db.session.execute(
            select(Entry.reason, Entry.theme_id)
            .where(Entry.member_id == member)
            .order_by(Entry.seq)
        ).all()
        db.session.remove()
    return [tuple(row) for row in rows]


def test_the_last_course_of_a_theme_finishes_the_theme(
    app: Flask, people: People, time: Time
) -> None:
    trainer, member = people.member(role="trainer"), people.member()
    elsewhere = people.branch()
    one = make_course(app, trainer, [("video", MINUTE)])
    with app.app_context():
        theme = db.session.get(Course, one.id).theme_id
        db.session.remove()
    two = make_course(app, trainer, [("video", MINUTE)], theme_id=theme)
    # Neither a draft nor a course for others keeps a theme from being finished.
    make_course(app, trainer, [("video", MINUTE)], theme_id=theme, branch=elsewhere)
    make_course(app, trainer, [("video", MINUTE)], theme_id=theme, state="draft")
    client = people.client(member)
    watch(Player(client, one), time, 0, 60)
    assert facts(app, member) == [("lesson", theme), ("course", theme)]
    time.go_on(60)
    watch(Player(client, two), time, 0, 60)
    assert facts(app, member)[2:] == [("lesson", theme), ("course", theme), ("theme", theme)]
    with app.app_context(), unit_of_work() as session:
        assert session.get(LedgerTheme, theme).title.startswith("Theme ")


def test_a_course_and_a_theme_are_taken_back_with_the_quiz_and_given_again(
    app: Flask, people: People, time: Time
) -> None:
    trainer, member = people.member(role="trainer"), people.member()
    course = make_course(app, trainer, [("video", MINUTE)])
    watch(Player(people.client(member), course), time, 0, 60)

    def take_back() -> None:
        with app.app_context(), unit_of_work():
            assert service.quiz_taken_back(
                member_id=member, course_id=course.id, actor_id=trainer, reason="Key was wrong"
            )

    def entries() -> list[tuple[str, str, int]]:
        with app.app_context():
            rows = db.session.execute(
                select(Entry.reason, Entry.source, Entry.amount)
                .where(Entry.member_id == member)
                .order_by(Entry.seq)
            ).all()
            db.session.remove()
        return [tuple(row) for row in rows]

    given = entries()
    assert [reason for reason, _, _ in given] == ["lesson", "course", "theme"]
    take_back()
    # What gave no points by the rules is taken back as well: it counted for badges.
    assert [(reason, amount) for reason, _, amount in entries()[3:]] == [
        ("correction", -amount) for _, _, amount in given[1:]
    ]
    told = people.client(member).get("/points/streak").get_data(as_text=True)
    assert "0 of 1" in told
    with app.app_context(), unit_of_work():
        service.quiz_passed(member_id=member, course_id=course.id, at=clock.now())
        service.quiz_passed(member_id=member, course_id=course.id, at=clock.now())
    assert [source for _, source, _ in entries()[5:]] == [
        f"{source}:again:1" for _, source, _ in given[1:]
    ]
    take_back()
    with app.app_context(), unit_of_work():
        service.quiz_passed(member_id=member, course_id=course.id, at=clock.now())
    assert [source for _, source, _ in entries()[9:]] == [
        f"{source}:again:2" for _, source, _ in given[1:]
    ]
