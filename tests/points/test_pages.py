"""My points, the leaderboards and the first visit of the day, as members see them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.members.models import Member
from app.points import queries
from app.points.models import Entry
from app.points.rules import REASONS, Period, span_of
from tests.factories import People, csrf
from tests.points.ledger import Ledger, at, shanghai
from tests.statements import counted

MOST_STATEMENTS = 13  # of any page about points, however long its list is; one is the bell


def words(answer) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", text)


def places(answer) -> list[str]:
    """The names on a leaderboard, from the top."""
    rows = re.findall(r'<th scope="row">(.*?)</th>', answer.get_data(as_text=True), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


# --- mine ---------------------------------------------------------------------------------


def test_a_new_member_is_told_how_points_come(people: People) -> None:
    told = words(people.client(people.member()).get("/points"))
    assert "No points yet" in told
    assert "A lesson would still give 10 points. A quiz would still give 10 points." in told
    assert "0 of 58" in told


def test_today_says_what_was_earned_and_what_is_still_possible(
    people: People, ledger: Ledger
) -> None:
    member = people.member()
    client = people.client(member)
    for _ in range(3):
        ledger.earn(member)
    told = words(client.get("/points"))
    assert "30 of 58" in told
    assert "Finished a lesson 30 of 30" in told
    assert "A quiz would still give 10 points." in told
    assert "A lesson would still give" not in told
    ledger.earn(member, "quiz")
    ledger.earn(member, "quiz")
    for _ in range(3):
        ledger.earn(member, "practice")
    assert "That is all for today." in words(client.get("/points"))


def test_yesterday_is_not_today(people: People, ledger: Ledger) -> None:
    member = people.member()
    ledger.earn(member, when=clock.now() - timedelta(days=1))
    told = words(people.client(member).get("/points"))
    assert "0 of 58" in told
    assert "All points 10" in told


def test_every_entry_stands_there_with_its_reason(people: People, ledger: Ledger) -> None:
    member, author = people.member(), people.member("Wang Fang")
    ledger.earn(member, note="Phishing & <b>passwords</b>")
    ledger.correct(ledger.entries(member)[0].id, -10, author=author, reason="counted twice")
    page = people.client(member).get("/points")
    assert "Phishing &amp; &lt;b&gt;passwords&lt;/b&gt;" in page.get_data(as_text=True)
    told = words(page)
    assert "Correction of entry no. 1 counted twice · Wang Fang" in told
    assert "taken back wholly" in told


def test_what_the_cap_took_is_said(people: People, ledger: Ledger) -> None:
    member = people.member()
    client = people.client(member)
    for _ in range(3):
        ledger.earn(member)
    assert "limit of the day reached" not in words(client.get("/points"))
    ledger.earn(member)
    assert "limit of the day reached" in words(client.get("/points"))


def test_an_entry_of_a_rule_that_is_gone_still_stands_there(
    people: People, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = people.member()
    ledger.earn(member, "quiz", note="An old course")
    monkeypatch.delitem(REASONS, "quiz")
    told = words(people.client(member).get("/points"))
    assert "quiz An old course" in told


def test_entries_come_in_pages(people: People, ledger: Ledger) -> None:
    member = people.member()
    for number in range(25):
        ledger.earn(member, note=f"lesson number {number}!")
    client = people.client(member)
    first, second = words(client.get("/points")), words(client.get("/points?page=2"))
    assert "lesson number 24!" in first
    assert "lesson number 0!" not in first
    assert "lesson number 0!" in second
    assert "There are no more entries" in words(client.get("/points?page=3"))
    for odd in ("0", "-1", "x", "9" * 30):
        assert client.get(f"/points?page={odd}").status_code == 200


def test_other_members_entries_are_not_shown(people: People, ledger: Ledger) -> None:
    ledger.earn(people.member(), note="a secret lesson")
    assert "secret" not in words(people.client(people.member()).get("/points"))


# --- the first visit of the day -----------------------------------------------------------


def test_the_visit_is_entered_by_a_button_without_scripts(people: People, ledger: Ledger) -> None:
    member = people.member()
    client = people.client(member)
    assert "Enter today's visit" in client.get("/points").get_data(as_text=True)
    answer = client.post("/points/check-in", data={"back": "points"}, headers=csrf(client))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/points")
    assert "Enter today's visit" not in client.get("/points").get_data(as_text=True)
    assert ledger.amounts(member) == [2]


def test_the_visit_is_entered_once_however_often_it_is_sent(people: People, ledger: Ledger) -> None:
    member = people.member()
    client = people.client(member)
    for _ in range(3):
        assert client.post("/points/check-in", headers=csrf(client)).status_code == 302
    assert ledger.amounts(member) == [2]


def test_with_scripts_the_card_comes_back(people: People) -> None:
    client = people.client(people.member())
    headers = csrf(client) | {"HX-Request": "true"}
    answer = client.post("/points/check-in", data={"back": "home"}, headers=headers)
    assert words(answer).strip().startswith("My points today 2 of 58")
    assert "<html" not in answer.get_data(as_text=True)
    assert "HX-Refresh" not in answer.headers
    answer = client.post("/points/check-in", data={"back": "points"}, headers=headers)
    assert answer.headers["HX-Refresh"] == "true"


def test_in_the_easy_mode_the_number_in_the_button_follows_the_first_visit(people: People) -> None:
    client = people.client(people.member())
    headers = csrf(client)
    client.post("/me/reading", data={"reading": "easy"}, headers=headers)
    home = client.get("/").get_data(as_text=True)
    assert '<span id="points-earned">0</span>' in home
    assert 'name="back" value="easy"' in home
    answer = client.post(
        "/points/check-in", data={"back": "easy"}, headers=headers | {"HX-Request": "true"}
    )
    assert '<span id="points-earned" hx-swap-oob="true">2</span>' in answer.get_data(as_text=True)


def test_the_visit_needs_the_token_of_our_page(people: People, ledger: Ledger) -> None:
    member = people.member()
    client = people.client(member)
    assert client.post("/points/check-in").status_code == 400
    assert ledger.amounts(member) == []
    assert client.post("/points/check-in", headers=csrf(client)).status_code == 302
    assert ledger.amounts(member) == [2]


# --- leaderboards -------------------------------------------------------------------------


def test_members_stand_by_points_and_equal_points_by_who_was_first(
    people: People, ledger: Ledger
) -> None:
    ann, bob, cy, dan = (people.member(name) for name in ("Ann", "Bob", "Cy", "Dan"))
    ledger.earn(ann, "lesson")
    ledger.earn(bob, "lesson")
    ledger.earn(bob, "lesson")
    ledger.earn(cy, "lesson")
    ledger.earn(ann, "quiz")  # Ann reaches 20 after Bob
    page = people.client(dan).get("/points/leaderboard")
    assert [name.split()[-1] for name in places(page)] == ["Bob", "Ann", "Cy"]
    assert "I have no points in this time yet" in words(page)


def test_an_entry_of_nothing_does_not_cost_a_place(people: People, ledger: Ledger) -> None:
    ann, bob = people.member("Ann"), people.member("Bob")
    for member in (ann, ann, ann, bob, bob, bob):
        ledger.earn(member)
    assert ledger.earn(ann) == 0  # over the cap, later than Bob's last points
    assert places(people.client(ann).get("/points/leaderboard"))[0].startswith("A Ann")


def test_disabled_members_and_other_branches_are_absent(people: People, ledger: Ledger) -> None:
    here, there = people.branch(), people.branch()
    below = people.branch(parent=here)
    me, gone = people.member("Me", branch=here), people.member("Gone", branch=here)
    for member in (me, gone, people.member("Far", branch=there), people.member("B", branch=below)):
        ledger.earn(member)
    client = people.client(me)
    assert len(places(client.get("/points/leaderboard"))) == 2
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, gone).is_active = False
    page = client.get("/points/leaderboard?period=all")
    assert len(places(page)) == 1
    assert "Gone" not in words(page)


def test_a_week_begins_on_monday_and_a_month_on_the_first_in_shanghai(
    people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member, when=shanghai(2026, 3, 31, 23, 59, 59))  # a Tuesday
    ledger.earn(member, when=shanghai(2026, 4, 1, 0, 0))
    ledger.earn(member, when=shanghai(2026, 3, 29, 23, 59, 59))  # the Sunday before
    zone = people.app.extensions["weike"].zone
    with people.app.app_context(), at(shanghai(2026, 4, 2)):
        sums = {
            period: queries.points_in(member, queries.span_now(period, zone)) for period in Period
        }
        db.session.remove()
    assert sums == {
        Period.DAY: 0,
        Period.WEEK: 20,
        Period.MONTH: 10,
        Period.QUARTER: 10,
        Period.YEAR: 30,
        Period.ALL: 30,
    }


def test_my_place_stands_below_the_top_with_its_neighbours(
    people: People, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.points.queries.boards.TOP", 3)
    members = [people.member(f"M{number:02}") for number in range(12)]
    for member in members:
        ledger.earn(member)
    names = [n.split()[1] for n in places(people.client(members[8]).get("/points/leaderboard"))]
    assert names == ["M00", "M01", "M02", "M06", "M07", "M08", "M09", "M10"]
    # Near the top the two parts touch without a member standing there twice.
    names = [n.split()[1] for n in places(people.client(members[3]).get("/points/leaderboard"))]
    assert names == ["M00", "M01", "M02", "M03", "M04", "M05"]


def test_a_board_without_points_says_so_and_odd_words_are_harmless(
    people: People, ledger: Ledger
) -> None:
    client = people.client(people.member())
    assert "Nobody has points in this time yet" in words(client.get("/points/leaderboard"))
    for query in ("?period=century", "?of=planets", "?of=branches&period=' OR 1=1"):
        assert client.get(f"/points/leaderboard{query}").status_code == 200


def test_the_board_equals_the_ledger_added_up_by_hand(
    app: Flask, people: People, ledger: Ledger
) -> None:
    members = [people.member() for _ in range(7)]
    for number, member in enumerate(members):
        for _ in range(number % 4):
            ledger.earn(member, "quiz" if number % 2 else "lesson")
    with app.app_context():
        board = queries.member_board(people.root, members[0], span_of(Period.ALL, date(2026, 1, 1)))
        entries = db.session.query(Entry).order_by(Entry.id).all()
        db.session.remove()
    by_hand: dict[int, list[int]] = {}
    for entry in entries:
        if entry.amount:
            sums = by_hand.setdefault(entry.member_id, [0, 0])
            sums[0], sums[1] = sums[0] + entry.amount, entry.id
    order = sorted(by_hand.items(), key=lambda item: (-item[1][0], item[1][1]))
    assert [(p.id, p.points) for p in board.top] == [(m, sums[0]) for m, sums in order]


@pytest.mark.parametrize(
    "page", ["/points", "/points/leaderboard", "/points/leaderboard?of=branches&period=all"]
)
def test_a_page_asks_the_database_a_fixed_number_of_times(
    app: Flask, people: People, ledger: Ledger, page: str
) -> None:
    def asked() -> int:
        with counted(app) as seen:
            assert client.get(page).status_code == 200
        return len(seen)

    me = people.member()
    client = people.client(me)
    ledger.earn(me)
    few = asked()
    for _ in range(12):
        member = people.member(branch=people.branch())
        ledger.earn(member)
        ledger.earn(people.member())
        ledger.earn(me)
    assert asked() == few <= MOST_STATEMENTS
