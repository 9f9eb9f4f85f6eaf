"""The past of a row: one version per change, and what held at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from app.core import clock
from app.core.dated import at
from app.core.db import db, unit_of_work
from app.members.models import Branch, BranchPast
from tests.factories import People

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def named(app: Flask, branch: int, name: str, days: float) -> None:
    with (
        clock.use(lambda: START + timedelta(days=days)),
        app.app_context(),
        unit_of_work() as session,
    ):
        session.get_one(Branch, branch).name = name


def names_at(app: Flask, branch: int, days: float) -> list[str]:
    with app.app_context():
        found = db.session.scalars(
            db.select(BranchPast.name).where(
                BranchPast.branch_id == branch, at(BranchPast, START + timedelta(days=days))
            )
        ).all()
        db.session.rollback()
    return list(found)


def test_each_moment_has_exactly_the_version_that_held(app: Flask, people: People) -> None:
    with clock.use(lambda: START):
        branch = people.branch("North")
    named(app, branch, "Dock", 10)
    named(app, branch, "Dock", 15)  # nothing changes
    named(app, branch, "Harbour", 20)
    assert names_at(app, branch, 0) == []
    assert names_at(app, branch, 1) == ["North"]
    assert names_at(app, branch, 10) == ["North"]  # just before the change
    assert names_at(app, branch, 12) == ["Dock"]
    assert names_at(app, branch, 100) == ["Harbour"]
    with app.app_context():
        assert db.session.query(BranchPast).filter_by(branch_id=branch).count() == 3
        db.session.rollback()


def test_what_is_rolled_back_leaves_no_version(app: Flask, people: People) -> None:
    branch = people.branch("North")
    with app.app_context():
        try:
            with unit_of_work() as session:
                session.get_one(Branch, branch).name = "Never"
                session.flush()
                raise RuntimeError("stop")
        except RuntimeError:
            pass
        assert db.session.query(BranchPast).filter_by(name="Never").count() == 0
        db.session.rollback()
