"""Streaks over weekends and holidays, and badges that say how they are earned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from flask import Flask

from app.points.rules import GENTLE
from app.points.rules.streaks import BADGES, month, streak
from tests.factories import People
from tests.points.ledger import Ledger, shanghai
from tests.points.test_pages import words
from tests.statements import counted

# 2026-09-28 is a Monday; the first seven days of October are holidays, Saturday the 10th is worked.
BOOK = replace(
    GENTLE,
    holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
    work_days=frozenset({date(2026, 10, 10)}),
)


def days(*texts: str) -> set[date]:
    return {date.fromisoformat(f"2026-{text}") for text in texts}


def test_a_streak_goes_on_over_a_weekend_and_holidays() -> None:
    learnt = days("09-25", "09-28", "09-29", "09-30", "10-08")
    found = streak(learnt, date(2026, 10, 8), BOOK.is_rest)
    assert (found.length, found.longest, found.learnt_today) == (5, 5, True)


def test_learning_on_a_day_of_rest_counts() -> None:
    learnt = days("10-02", "10-03", "10-08")
    assert streak(learnt, date(2026, 10, 8), BOOK.is_rest).length == 3


def test_a_working_day_without_learning_ends_it() -> None:
    learnt = days("09-29", "10-08", "10-09")
    found = streak(learnt, date(2026, 10, 9), BOOK.is_rest)
    assert (found.length, found.longest) == (2, 2)  # the 30th was missed


def test_a_weekend_that_is_worked_is_no_rest() -> None:
    learnt = days("10-09", "10-12")
    assert streak(learnt, date(2026, 10, 12), BOOK.is_rest).length == 1
    assert streak(learnt | days("10-10"), date(2026, 10, 12), BOOK.is_rest).length == 3


def test_today_does_not_end_a_streak_before_it_is_over() -> None:
    learnt = days("10-08", "10-09", "10-10")
    monday = date(2026, 10, 12)
    assert streak(learnt, monday, BOOK.is_rest).length == 3
    assert streak(learnt, monday + timedelta(days=1), BOOK.is_rest).length == 0
    assert streak(learnt, monday + timedelta(days=1), BOOK.is_rest).longest == 3
    assert streak(set(), monday, BOOK.is_rest).length == 0


def test_a_leap_day_and_a_new_year_are_days_like_others() -> None:
    every = {date(2028, 2, 25) + timedelta(days=n) for n in range(10)}
    assert streak(every, date(2028, 3, 5), BOOK.is_rest).length == 10
    over = {date(2026, 12, 30) + timedelta(days=n) for n in range(5)}
    assert streak(over, date(2027, 1, 3), BOOK.is_rest).length == 5


def test_a_month_has_whole_weeks_from_monday() -> None:
    weeks = month(date(2026, 10, 1), days("10-08"), date(2026, 10, 8), BOOK.is_rest)
    assert all(len(week) == 7 and week[0].day.weekday() == 0 for week in weeks)
    inside = [day for week in weeks for day in week if day.in_month]
    assert len(inside) == 31
    assert [day.day.day for day in inside if day.learnt and day.today] == [8]
    assert [day.day.day for day in inside if day.rest][:7] == [1, 2, 3, 4, 5, 6, 7]


def test_the_page_shows_streak_calendar_and_badges(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    for day in (2, 3, 4, 5, 6, 9, 10):  # a Monday to the Tuesday after
        ledger.earn(member, when=shanghai(2026, 3, day), theme=(day % 3 + 1, "T"))
    client = people.client(member)
    told = words(client.get("/points/streak?month=2026-03"))
    assert "Longest streak 7 days" in told
    assert "Seven days Learnt on seven days in a row, rest left out. reached" in told
    assert "First step One lesson is finished. Mar 2, 2026" in told
    assert "Wide view Something is learnt in three themes. reached" in told
    assert "Fifty lessons Fifty lessons are finished. 7 of 50" in told
    assert told.count("(learnt)") == 7
    for odd in ("x", "2026-13", "1000-01", "9999-12", ""):
        assert client.get(f"/points/streak?month={odd}").status_code == 200
    with counted(app) as seen:
        client.get("/points/streak")
    assert len(seen) <= 12
    assert len({badge.name for badge in BADGES}) == len(BADGES)


def test_a_visit_alone_is_no_learning(people: People, ledger: Ledger) -> None:
    member = people.member()
    ledger.earn(member, "sign_in")
    assert "Longest streak 0 days" in words(people.client(member).get("/points/streak"))


def test_what_was_taken_back_wholly_counts_for_no_day_and_no_badge(
    people: People, ledger: Ledger
) -> None:
    member, author = people.member(), people.member("Organizer")
    for day in (2, 3, 4):
        ledger.earn(member, when=shanghai(2026, 3, day), theme=(day - 1, "T"))
    ledger.earn(member, "course", when=shanghai(2026, 3, 5))
    client = people.client(member)

    def page() -> str:
        return words(client.get("/points/streak?month=2026-03"))

    assert "Longest streak 4 days" in page()
    assert "Wide view Something is learnt in three themes. reached" in page()
    entries = ledger.entries(member)
    ledger.correct(entries[0].id, -entries[0].amount + 1, author=author)  # a part
    ledger.correct(entries[2].id, 5, author=author)  # more
    assert "Longest streak 4 days" in page()
    assert "First step One lesson is finished. Mar 2, 2026" in page()
    ledger.correct(entries[1].id, -entries[1].amount, author=author)
    ledger.correct(entries[3].id, -entries[3].amount, author=author)
    told = page()
    assert "Longest streak 1 day " in told
    assert told.count("(learnt)") == 2
    assert "Wide view Something is learnt in three themes. 2 of 3" in told
    assert "First course One course is finished. 0 of 1" in told
    assert "What an organizer has taken back wholly" in told


def test_the_date_of_a_badge_moves_to_what_still_holds(people: People, ledger: Ledger) -> None:
    member, author = people.member(), people.member("Organizer")
    for day in (2, 3):
        ledger.earn(member, when=shanghai(2026, 3, day))
    first = ledger.entries(member)[0]
    ledger.correct(first.id, -first.amount, author=author)
    told = words(people.client(member).get("/points/streak"))
    assert "First step One lesson is finished. Mar 3, 2026" in told


def test_what_gave_nothing_over_the_limit_counts_for_badges(people: People, ledger: Ledger) -> None:
    member = people.member()
    while ledger.earn(member, when=shanghai(2026, 3, 2)):
        pass
    given = ledger.amounts(member)
    assert given[-1] == 0
    told = words(people.client(member).get("/points/streak"))
    assert f"Fifty lessons Fifty lessons are finished. {len(given)} of 50" in told
