"""More like this, and being told of what is new in a kept search."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.core.db import db
from app.core.jobs import run_pending
from app.home.jobs import tell_of_new
from app.notices.models import Notice
from tests.factories import People, csrf
from tests.search.things import put


def fire(app: Flask, people: People) -> int:
    """Texts about fire, one of them for a branch of its own, whose id comes back."""
    north = people.branch("North")
    put(app, "a", "Fire drill", "Fire extinguishers and hydrants are inspected every month.")
    put(app, "b", "Hydrants", "How hydrants and extinguishers are inspected after a fire.")
    put(app, "c", "Holidays", "How to ask for a free day in the office.", "And the month of it.")
    put(
        app,
        "d",
        "Secret hydrants",
        "Hydrants, extinguishers and fire, inspected in the north.",
        audience=frozenset({north}),
    )
    run_pending(app)
    return north


def test_what_shares_the_telling_words_is_proposed_with_them(
    app: Flask, people: People, lose_index: Callable[[], None]
) -> None:
    north = fire(app, people)
    member = people.client(people.member())
    text = member.get("/search/like/document/a").get_data(as_text=True)
    assert "Hydrants" in text
    about = text.partition("both are about: ")[2].partition("<")[0].split(", ")
    # as they are written most often, not their stems
    assert set(about) <= {"Fire", "extinguishers", "hydrants", "inspected"}, about
    assert len(about) == 3
    assert "Holidays" not in text
    assert "Secret" not in text
    assert "Fire drill" not in text
    theirs = people.client(people.member(branch=north))
    assert "Secret" in theirs.get("/search/like/document/a").get_data(as_text=True)
    part = {"HX-Request": "true"}
    for path in ("document/d", "document/none", "nothing/a"):  # not yours is not there
        assert member.get(f"/search/like/{path}", headers=part).get_data().strip() == b""
    lose_index()
    assert member.get("/search/like/document/a", headers=part).get_data().strip() == b""
    assert "Nothing is like it yet" in member.get("/search/like/document/a").get_data(as_text=True)


def told(app: Flask) -> list[tuple[int, str]]:
    with app.app_context():
        tell_of_new()
        rows = [(row.member_id, row.body) for row in db.session.query(Notice).order_by(Notice.id)]
        db.session.rollback()
    return rows


def test_members_are_told_once_of_what_is_new_in_their_searches(app: Flask, people: People) -> None:
    me = people.member()
    client = people.client(me)
    client.post("/search/kept", data={"q": "hydrants"}, headers=csrf(client))
    assert told(app) == []
    put(app, "x", "Hydrants for all")
    put(app, "y", "Hydrants for others", audience=frozenset({people.branch("North")}))
    assert told(app) == []  # the index does not know of it yet
    run_pending(app)
    assert told(app) == [(me, "Hydrants for all")]
    assert told(app) == [(me, "Hydrants for all")]
