"""An organisation with two neighbouring branches, an organizer of one, and a little learning."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import People
from tests.home.progress import finished, seen
from tests.learning.lessons import MINUTE, Made, make_course, truefalse
from tests.points.ledger import Ledger


@dataclass
class House:
    """Branch "North" with "Dock" below it, and its neighbour "South"."""

    app: Flask
    people: People
    ledger: Ledger
    north: int
    dock: int
    south: int
    organizer: int
    ann: int  # of North
    bob: int  # of Dock
    zoe: int  # of South
    done: Made
    begun: Made
    only_south: Made

    @property
    def client(self) -> FlaskClient:
        """The organizer of North."""
        return self.people.client(self.organizer)


@pytest.fixture
def house(app: Flask, people: People) -> House:
    """Ann has done one course and begun another, Bob has begun one, Zoe has done one."""
    north, south = people.branch("North"), people.branch("South")
    dock = people.branch("Dock", parent=north)
    author = people.member("Trainer", role="trainer", branch=people.branch("Training"))
    made = House(
        app=app,
        people=people,
        ledger=Ledger(app),
        north=north,
        dock=dock,
        south=south,
        organizer=people.member("Olga", branch=north, organizes=north),
        ann=people.member("Ann", branch=north),
        bob=people.member("Bob", branch=dock),
        zoe=people.member("Zoe", branch=south),
        done=make_course(app, author, title="Alpha", quiz=[truefalse("Is it?", True)]),
        begun=make_course(app, author, [("video", MINUTE)] * 2, title="Beta"),
        only_south=make_course(app, author, title="Gamma", branch=south),
    )
    for member in (made.ann, made.zoe):
        seen(app, member, made.done)
        finished(app, member, made.done)
        made.ledger.earn(member, note="Alpha 1")
    seen(app, made.ann, made.begun, percent=50)
    seen(app, made.bob, made.begun, percent=100)
    seen(app, made.zoe, made.only_south)
    made.ledger.earn(made.bob, "quiz")
    return made
