"""Rules as data: what they mean, how they are written and published, and what they would change."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db, unit_of_work
from app.core.refusals import Conflict
from app.points import queries, service
from app.points.rules import (
    GENTLE,
    HISTORIC,
    BadRules,
    Book,
    Rule,
    TooEarly,
    Why,
    checked,
    from_json,
    to_json,
)
from app.points.rules.book import QUIET
from tests.factories import People, csrf
from tests.points.ledger import SHANGHAI, Ledger, at, shanghai
from tests.points.test_pages import words

NIGHT_OFF = replace(GENTLE, quiet=QUIET)


def publish(app: Flask, book: Book, day: date) -> int:
    with app.app_context(), unit_of_work():
        return service.publish(from_day=day, author_id=None, book=book)


# --- what a book means --------------------------------------------------------------------


@pytest.mark.parametrize("book", [GENTLE, HISTORIC])
def test_a_book_comes_back_from_the_database_as_it_was(book: Book) -> None:
    rule = Rule("lesson", 3, 9, 20, date(2026, 10, 1), date(2026, 10, 7), (4, 9))
    whole = replace(book, rules=(*book.rules, rule), holidays=frozenset({date(2026, 10, 1)}))
    assert from_json(book.number, to_json(whole)) == whole


@pytest.mark.parametrize(
    ("hour", "minute", "rests"),
    [(22, 59, False), (23, 0, True), (0, 0, True), (5, 59, True), (6, 0, False), (12, 0, False)],
)
def test_points_rest_from_eleven_to_six_also_over_midnight(
    hour: int, minute: int, rests: bool
) -> None:
    here = shanghai(2026, 3, 8, hour, minute)
    assert NIGHT_OFF.is_quiet(here) is rests
    decision = NIGHT_OFF.decide("lesson", here, (), earned_day=0, earned_week=0)
    assert (decision.amount, decision.why) == ((0, Why.QUIET) if rests else (10, None))


def test_the_rule_that_gives_most_on_a_day_and_in_a_branch_counts() -> None:
    book = replace(
        GENTLE,
        rules=(
            Rule("lesson", 5, 20),
            Rule("lesson", 8, 20, branches=(7,)),
            Rule("lesson", 9, 20, begins=date(2026, 10, 1), ends=date(2026, 10, 7)),
        ),
    )

    def gives(day: date, path: tuple[int, ...]) -> int:
        rule = book.rule_for("lesson", day, path)
        assert rule is not None
        return rule.amount

    assert gives(date(2026, 9, 30), (1, 2)) == 5
    assert gives(date(2026, 9, 30), (1, 7, 12)) == 8  # a branch counts with all below it
    assert gives(date(2026, 10, 1), (1, 2)) == gives(date(2026, 10, 7), (1, 7)) == 9
    assert gives(date(2026, 10, 8), (1, 2)) == 5
    assert book.rule_for("quiz", date(2026, 10, 8), (1,)) is None


@given(st.integers(0, 40), st.integers(0, 200), st.integers(1, 20))
def test_no_limit_is_ever_passed(earned_day: int, more: int, amount: int) -> None:
    rule = Rule("lesson", amount, 20 + amount, 60 + amount)
    book = replace(GENTLE, rules=(rule,), quiet=None)
    earned_week = earned_day + more
    got = book.decide(
        "lesson", shanghai(2026, 3, 8), (), earned_day=earned_day, earned_week=earned_week
    ).amount
    assert 0 <= got <= amount
    assert got == 0 or (earned_day + got <= rule.cap and earned_week + got <= rule.week_cap)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule("lesson", 10, 5), "less than what one gives"),
        (Rule("lesson", 10, 30, 20), "less than that of a day"),
        (Rule("lesson", -1, 5), "whole numbers from 0"),
        (Rule("lesson", 10**9, 10**9), "whole numbers from 0"),
        (Rule("dancing", 1, 5), "not said what earns"),
        (Rule("quiz", 1, 5, 0, date(2026, 2, 2), date(2026, 2, 1)), "before the first"),
    ],
)
def test_a_bad_rule_is_named_by_its_line(rule: Rule, says: str, app: Flask) -> None:
    good = Rule("lesson", 10, 30)
    assert checked(replace(GENTLE, rules=(good, good)))
    with app.test_request_context(), pytest.raises(BadRules) as caught:
        checked(replace(GENTLE, rules=(good, rule)))
    assert caught.value.line == 2
    with app.test_request_context():
        assert says in str(caught.value.reason)


# --- credit and display from one table ----------------------------------------------------


def test_credits_and_offers_follow_the_published_book(
    app: Flask, people: People, ledger: Ledger
) -> None:
    book = replace(
        GENTLE, quiet=None, rules=(Rule("lesson", 7, 12), Rule("course", 9, 9), GENTLE.rules[-1])
    )
    number = publish(app, book, clock.today(SHANGHAI))
    member = people.member()
    client = people.client(member)
    assert "0 of 23" in words(client.get("/points"))
    assert ledger.earn(member) == 7
    told = words(client.get("/points"))
    assert "7 of 23" in told
    assert "A lesson would still give 5 points. A finished course would still give 9" in told
    assert ledger.earn(member) == 5
    assert ledger.earn(member) == 0
    assert ledger.earn(member, "quiz") == 0
    told = words(client.get("/points"))
    assert "limit of the day reached" in told
    assert {entry.rule_version for entry in ledger.entries(member)} == {number}
    how = words(client.get("/points/how"))
    assert "A lesson is finished" in how
    assert "At most a day" in how


def test_a_week_limit_counts_from_monday(app: Flask, people: People, ledger: Ledger) -> None:
    publish(app, replace(GENTLE, quiet=None, rules=(Rule("lesson", 10, 20, 30),)), date(2026, 1, 1))
    member = people.member()
    got = [
        ledger.earn(member, when=shanghai(2026, 3, day))
        for day in (2, 2, 2, 4, 8, 9)  # Monday … Sunday, then the next Monday
    ]
    assert got == [10, 10, 0, 10, 0, 10]


def test_at_night_things_are_done_but_give_nothing(
    app: Flask, people: People, ledger: Ledger
) -> None:
    publish(app, NIGHT_OFF, date(2026, 1, 1))
    member = people.member()
    assert ledger.earn(member, when=shanghai(2026, 3, 8, 22, 59)) == 10
    assert ledger.earn(member, when=shanghai(2026, 3, 8, 23, 0)) == 0
    client = people.client(member)
    with at(shanghai(2026, 3, 9, 0, 30)), app.app_context():
        with unit_of_work():
            assert service.check_in(member) == 0
        today = queries.today(member, SHANGHAI)
        db.session.remove()
    assert today.is_quiet
    assert today.checked_in  # nothing is offered that would give nothing
    assert ledger.amounts(member) == [10, 0]
    with at(shanghai(2026, 3, 9, 7)), app.app_context(), unit_of_work():
        assert service.check_in(member) == 2
    assert "while points rest" in words(client.get("/points"))
    assert "Points rest from 23:00 to 06:00" in words(client.get("/points/how"))


# --- publishing ---------------------------------------------------------------------------


def test_a_day_has_one_set_of_rules(app: Flask, people: People, ledger: Ledger) -> None:
    member = people.member()
    ledger.earn(member)
    today = clock.today(SHANGHAI)
    with pytest.raises(TooEarly):
        publish(app, HISTORIC, today)
    number = publish(app, HISTORIC, today + timedelta(days=1))
    assert ledger.earn(member) == 10
    tomorrow = clock.now() + timedelta(days=1)
    with at(tomorrow.astimezone(SHANGHAI).replace(hour=12)):
        assert ledger.earn(member, when=clock.now()) == 2
    assert ledger.entries(member)[-1].rule_version == number
    with pytest.raises(TooEarly):
        publish(app, GENTLE, today)


@pytest.mark.parametrize(
    "statement", ["UPDATE rule_book SET note = 'x'", "DELETE FROM rule_book WHERE number > 1"]
)
def test_a_published_book_never_changes(app: Flask, statement: str) -> None:
    with app.app_context(), pytest.raises(IntegrityError), unit_of_work() as session:
        session.execute(text(statement))


def test_two_windows_do_not_overwrite_each_others_draft(app: Flask) -> None:
    with app.app_context():
        with unit_of_work():
            first = service.save_draft(GENTLE, author_id=None, revision=0)
        with unit_of_work():
            service.save_draft(HISTORIC, author_id=None, revision=first)
        with pytest.raises(Conflict), unit_of_work():
            service.save_draft(GENTLE, author_id=None, revision=first)
        assert queries.draft()[0].rules == HISTORIC.rules
        db.session.remove()


def fields(page) -> dict[str, str]:
    """What the form of rules would send as it stands."""
    form = page.get_data(as_text=True).split('action="/points/rules"', 1)[1].split("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]+>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and not ("checkbox" in tag and "checked" not in tag):
            found[name[1]] = value[1] if value else ""
    for name, body in re.findall(
        r'<select[^>]+name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    for name, body in re.findall(
        r'<textarea[^>]+name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL
    ):
        found[name] = body.strip()
    return found


def test_an_administrator_writes_replays_and_publishes(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member("Ann")
    last_month = clock.now().astimezone(SHANGHAI).replace(day=1, hour=12) - timedelta(days=5)
    for _ in range(2):
        ledger.earn(member, when=last_month)
    client = people.client(people.member(role="administrator"))
    headers = csrf(client)
    page = client.get("/points/rules")
    form = fields(page)
    assert form["rules-0-amount"] == "10"
    last = len(GENTLE.rules) - 1
    form |= {"rules-0-amount": "4", f"rules-{last}-remove": "y"}
    form["holidays"] = "2026-10-01..2026-10-07"
    bad = client.post("/points/rules", data=form | {"rules-0-cap": "3"}, headers=headers)
    assert bad.status_code == 422
    assert "less than what one gives" in words(bad)
    added = client.post("/points/rules", data=form | {"add": "1"}, headers=headers)
    assert f"rules-{last + 1}-amount" in added.get_data(as_text=True)
    saved = client.post("/points/rules", data=form | {"simulate": "1"}, headers=headers)
    assert saved.headers["Location"] == "/points/rules/simulation"
    told = words(client.get("/points/rules/simulation"))
    assert "under their own rules all 2 entries come out exactly as they were" in told
    assert "Points before 20 Points after 8 −12" in told
    assert "Ann 20 8 −12" in told
    late = client.post(
        "/points/rules/publish", data={"from_day": "2001-01-01", "note": "n"}, headers=headers
    )
    assert late.status_code == 422
    tomorrow = clock.today(SHANGHAI) + timedelta(days=1)
    done = client.post(
        "/points/rules/publish",
        data={"from_day": tomorrow.isoformat(), "note": "Less for more"},
        headers=headers,
    )
    assert done.status_code == 303
    assert "Less for more" in words(client.get("/points/how"))
    with app.app_context():
        book = queries.book_at(clock.now() + timedelta(days=2))
        db.session.remove()
    assert [(r.reason, r.amount) for r in book.rules] == [
        ("lesson", 4),
        *((r.reason, r.amount) for r in GENTLE.rules[1:last]),
    ]
    assert len(book.holidays) == 7


def test_presets_and_the_ranking_are_chosen_on_the_page(people: People, ledger: Ledger) -> None:
    client = people.client(people.member(organizes=people.root))
    headers = csrf(client)
    assert client.post("/points/rules/preset", data={"preset": "historic"}, headers=headers)
    assert fields(client.get("/points/rules"))["rules-0-cap"] == "24"
    assert client.post("/points/rules/drop", headers=headers).status_code == 303
    assert fields(client.get("/points/rules"))["rules-0-cap"] == "30"
    answer = client.post("/points/rules/ranking", data={"ranking": "everyone"}, headers=headers)
    assert answer.status_code == 303
    assert "Everyone" in words(client.get("/points/leaderboard"))
    assert (
        client.post("/points/rules/preset", data={"preset": "x"}, headers=headers).status_code
        == 404
    )


def test_who_organizes_a_part_cannot_write_the_rules_of_the_whole(people: People) -> None:
    part = people.client(people.member(organizes=people.branch()))
    whole = people.client(people.member(organizes=people.root))
    for page in ("/points/rules", "/points/rules/simulation"):
        assert part.get(page).status_code == 404
        assert whole.get(page).status_code == 200
    for action in ("", "/preset", "/drop", "/publish", "/ranking"):
        assert part.post(f"/points/rules{action}", headers=csrf(part)).status_code == 404


# --- the simulator ------------------------------------------------------------------------


def test_unchanged_rules_reproduce_every_balance_exactly(
    app: Flask, people: People, ledger: Ledger
) -> None:
    members = [people.member() for _ in range(4)]
    publish(
        app,
        replace(NIGHT_OFF, rules=(Rule("lesson", 10, 30, 70), *GENTLE.rules[1:])),
        date(2026, 1, 1),
    )
    for hour in range(0, 24 * 40, 5):  # from the middle of February on, at every hour
        when = shanghai(2026, 2, 20) + timedelta(hours=hour)
        ledger.earn(members[hour % 4], ("lesson", "quiz")[hour % 3 == 0], when=when)
        if hour == 24 * 20 + 20 or hour == 24 * 20 + 15:
            with at(when):
                publish(
                    app, replace(HISTORIC, quiet=(time(12), time(13))), when.date() + timedelta(2)
                )
    ledger.correct(ledger.entries(members[0])[0].id, -10, author=members[1])
    with at(shanghai(2026, 4, 10)), app.app_context():
        start, end = queries.last_month(SHANGHAI)
        told = queries.simulate(None, start, end, SHANGHAI)
        again = queries.simulate(GENTLE, start, end, SHANGHAI)
        db.session.remove()
    assert (start, end) == (date(2026, 3, 1), date(2026, 4, 1))
    assert told.entries > 100
    assert told.unlike == again.unlike == 0
    assert told.balances
    assert all(before == after for before, after in told.balances.values())
    by_hand = {
        member: sum(
            e.amount
            for e in ledger.entries(member)
            if e.reason != "correction" and start <= e.occurred_at.astimezone(SHANGHAI).date() < end
        )
        for member in members
    }
    assert {m: before for m, (before, _) in told.balances.items()} == by_hand
    assert again.after != again.before


def test_the_simulator_never_writes(app: Flask, people: People, ledger: Ledger) -> None:
    member = people.member()
    ledger.earn(member, when=clock.now() - timedelta(days=31))
    before = ledger.entries(member)[0].hash
    client = people.client(people.member(role="administrator"))
    assert client.get("/points/rules/simulation").status_code == 200
    assert [entry.hash for entry in ledger.entries(member)] == [before]
