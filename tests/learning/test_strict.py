"""Watching in order, being asked who is there, one lesson at a time; what trainers see of it."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.db import db, unit_of_work
from app.learning import queries, rules, service
from app.learning.models import TrimmedReport
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, Made, Player, Time, make_course, watch
from tests.statements import counted


@pytest.fixture
def trainer(people: People) -> int:
    return people.member(role="trainer")


@pytest.fixture
def course(app: Flask, trainer: int) -> Made:
    return make_course(app, trainer, [("video", 10 * MINUTE), ("video", 10 * MINUTE)])


@pytest.fixture
def member(people: People) -> int:
    return people.member()


@pytest.fixture
def player(people: People, member: int, course: Made) -> Player:
    return Player(people.client(member), course)


def strict(app: Flask, course: Made, **asked: bool) -> None:
    wanted = {"in_order": False, "presence": False, "alone": False, **asked}
    with app.app_context(), unit_of_work():
        service.set_watching(course.id, **wanted)


def reasons(app: Flask) -> list[str]:
    with app.app_context():
        found = [row.reason for row in db.session.query(TrimmedReport).order_by(TrimmedReport.id)]
        db.session.rollback()
    return found


# --- in order -------------------------------------------------------------------------------------


def test_a_jump_ahead_counts_only_where_it_is_allowed(
    app: Flask, player: Player, course: Made, time: Time
) -> None:
    watch(player, time, 300, 310)
    assert player.seen() == 10
    strict(app, course, in_order=True)
    player.open()
    time.go_on(10)
    state = player.report((400, 410))
    assert (state["trimmed"], player.seen()) == ("ahead", 10)
    assert reasons(app) == ["ahead"]


def test_in_order_means_from_inside_or_from_the_edge_of_what_was_seen(
    app: Flask, player: Player, course: Made, time: Time
) -> None:
    strict(app, course, in_order=True)
    watch(player, time, 0, 60)
    time.go_on(10)
    assert player.report((61.5, 70))["trimmed"] == ""  # the player rounded a little
    time.go_on(10)
    assert player.report((30, 40), (68, 75))["trimmed"] == ""
    time.go_on(10)
    assert player.report((78, 88))["trimmed"] == "ahead"
    assert player.state["seen"] == [[0, 60_000], [61_500, 75_000]]


def test_after_completing_once_one_may_jump(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    short = make_course(app, trainer, [("video", MINUTE)])
    strict(app, short, in_order=True)
    player = Player(people.client(member), short)
    watch(player, time, 0, 55)
    assert player.state["complete"]
    time.go_on(10)
    assert player.report((57.5, 60))["trimmed"] == ""


def test_jumping_ahead_is_no_reason_to_be_flagged(
    app: Flask, player: Player, member: int, course: Made, time: Time
) -> None:
    strict(app, course, in_order=True)
    player.open()
    for number in range(5):
        time.go_on(10)
        player.report((100 * number + 50, 100 * number + 60))
    with app.app_context():
        assert queries.flags([member]) == []
        db.session.rollback()


# --- who is there ---------------------------------------------------------------------------------


def asked_within(player: Player, time: Time, seconds: int) -> int | None:
    """Watch on until asked; returns after how many seconds."""
    for at in range(0, seconds, 10):
        time.go_on(10)
        if player.report((at, at + 10))["presence"] is not None:
            return at + 10
    return None


def test_a_member_is_asked_at_a_moment_between_two_and_six_minutes(
    app: Flask, player: Player, course: Made, time: Time
) -> None:
    player.open()
    assert asked_within(player, time, 400) is None
    strict(app, course, presence=True)
    player.open()
    assert 120 <= (asked_within(player, time, 400) or 0) <= 370
    assert player.state["presence"] == 60_000


def present(player: Player) -> int:
    url = f"/learning/visits/{player.state['visit']}/present"
    return player.client.post(url, json={}, headers=player.headers).status_code


def test_without_an_answer_the_clock_stops_and_with_one_it_goes_on(
    app: Flask, player: Player, course: Made, time: Time
) -> None:
    strict(app, course, presence=True)
    player.open()
    at = asked_within(player, time, 400) or 0
    for step in range(6):  # the minute of grace counts
        time.go_on(10)
        player.report((at + step * 10, at + step * 10 + 10))
    assert player.state["presence"] == 0
    before = player.seen()
    assert before == at + 60
    for step in range(6, 10):
        time.go_on(10)
        state = player.report((at + step * 10, at + step * 10 + 10))
        assert state["trimmed"] == "absent"
    assert player.seen() == before
    assert present(player) == 204
    time.go_on(10)
    state = player.report((before, before + 10))
    assert (state["presence"], player.seen()) == (None, before + 10)


def test_only_the_member_answers_for_a_visit(
    app: Flask, people: People, player: Player, course: Made, time: Time
) -> None:
    player.open()
    other = Player(people.client(people.member()), course)
    url = f"/learning/visits/{player.state['visit']}/present"
    assert other.client.post(url, json={}, headers=other.headers).status_code == 404
    assert present(player) == 204


# --- one at a time --------------------------------------------------------------------------------


def test_only_the_lesson_that_was_opened_last_counts(
    app: Flask, people: People, player: Player, member: int, course: Made, time: Time
) -> None:
    other = Player(people.client(member), course, lesson=course.lessons[1])
    player.open()
    other.open()
    time.go_on(10)
    assert player.report((0, 5))["trimmed"] == ""  # not strict: two at once share one clock
    strict(app, course, alone=True)
    player.open()
    other.open()
    time.go_on(10)
    assert player.report((5, 10))["trimmed"] == "elsewhere"
    assert other.report((0, 10))["trimmed"] == ""
    player.open()  # "Go on here"
    time.go_on(10)
    assert player.report((5, 15))["trimmed"] == ""
    time.go_on(1)
    assert other.report((10, 20))["trimmed"] == "elsewhere"


def test_what_was_watched_offline_before_the_other_lesson_was_opened_counts(
    app: Flask, people: People, player: Player, member: int, course: Made, time: Time
) -> None:
    strict(app, course, alone=True)
    watch(player, time, 0, 10)
    time.go_on(60)  # in the train
    other = Player(people.client(member), course, lesson=course.lessons[1])
    other.open()
    time.go_on(300)
    player.report((10, 310), kept=True)
    assert 60 <= player.seen() - 10 <= 120


# --- the trainer's page ---------------------------------------------------------------------------


def test_a_trainer_says_how_strictly_a_course_counts(
    app: Flask, people: People, trainer: int, course: Made
) -> None:
    before = make_course(app, trainer, title="Basics")
    client = people.client(trainer)
    url = f"/desk/courses/{course.id}/watching"
    data = {"in_order": "y", "alone": "y", "needs": str(before.id)}
    assert client.post(url, data=data, headers=csrf(client)).status_code == 302
    with app.app_context():
        assert queries.strictness_of(course.id) == queries.Strictness(True, False, True)
        assert queries.needs_of(course.id) == [before.id]
        db.session.rollback()
    page = client.get(url).get_data(as_text=True)
    assert page.count("checked") == 3
    back = {"needs": str(course.id)}
    answer = client.post(f"/desk/courses/{before.id}/watching", data=back, headers=csrf(client))
    assert answer.status_code == 422
    assert "already builds on this course" in answer.get_data(as_text=True)
    other = people.client(people.member(role="trainer"))
    assert other.get(url).status_code == 404
    assert other.post(url, data=data, headers=csrf(other)).status_code == 404
    assert people.client(people.member()).get(url).status_code == 404


def test_a_strict_lesson_says_so(app: Flask, player: Player, course: Made) -> None:
    url = f"/courses/{course.slug}/lessons/{course.lesson}"
    assert "No jumping ahead" not in player.client.get(url).get_data(as_text=True)
    strict(app, course, in_order=True, presence=True, alone=True)
    text = player.client.get(url).get_data(as_text=True)
    for words in ("No jumping ahead", "asked whether you are there", "Only one lesson counts"):
        assert words in text
    assert 'id="presence"' in text


# --- the curve ------------------------------------------------------------------------------------


def test_a_curve_counts_viewers_of_each_part_and_who_played_it_again() -> None:
    parts = rules.curve(
        10_000,
        [[[0, 10_000]], [[0, 5_000]], [[0, 4_400], [9_000, 10_000]]],
        [[[2_000, 4_000]]],
    )
    assert [part.viewers for part in parts] == [3, 3, 3, 3, 2, 1, 1, 1, 1, 2]
    assert [part.again for part in parts] == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    lost = rules.steepest(parts)
    assert lost is not None
    assert lost.start in {4_000, 5_000}
    assert rules.most_repeated(parts) == [(2_000, 4_000)]
    assert rules.curve(0, [], []) == []


@pytest.mark.parametrize("length", [1, 999, 60_000, 119_001, 600_000, 1_200_000])
def test_a_curve_has_at_most_a_hundred_and_twenty_parts_and_who_saw_all_is_in_each(
    length: int,
) -> None:
    parts = rules.curve(length, [[[0, length]]], [])
    assert len(parts) <= 120
    assert {part.viewers for part in parts} == {1}
    assert (parts[0].start, parts[-1].end) == (0, length)


def test_what_is_played_again_is_noticed_and_a_repeated_report_is_not(
    app: Flask, people: People, player: Player, course: Made, trainer: int, time: Time
) -> None:
    watch(player, time, 0, 60)
    body = player.body((50, 60))
    watch(player, time, 20, 30)
    player.send(body)
    time.go_on(10)
    player.report((40, 50), kept=True)  # sent again after an outage
    found = retention(app, people, trainer, course)
    assert [part.start for part in found.parts if part.again] == [20_000, 25_000]
    assert found.parts[0].viewers == 1
    assert found.parts[-1].viewers == 0


def retention(app: Flask, people: People, trainer: int, course: Made) -> queries.Retention:
    from app.courses.queries import own_course

    reader = people.reader(trainer)
    with app.app_context():
        found = queries.retention(own_course(reader, course.id).lessons[0])
        db.session.rollback()
    return found


def test_who_is_stuck_is_named_after_a_week(
    app: Flask, people: People, trainer: int, course: Made, time: Time
) -> None:
    ann, bob = people.member("Ann Able"), people.member("Bob Best")
    watch(Player(people.client(ann), course), time, 0, 60)
    url = f"/desk/courses/{course.id}/watching/{course.lesson}"
    time.go_on(6 * 86400)
    watch(Player(people.client(bob), course), time, 0, 30)
    time.go_on(86400 + 60)
    text = people.client(trainer).get(url).get_data(as_text=True)
    assert "Ann Able" in text
    assert "Bob Best" not in text
    assert "Show as a table" in text
    assert people.client(people.member(role="trainer")).get(url).status_code == 404
    stranger = f"/desk/courses/{course.id}/watching/99999"
    assert people.client(trainer).get(stranger).status_code == 404


def test_the_pages_ask_the_same_for_few_and_many_viewers(
    app: Flask, people: People, trainer: int, course: Made, time: Time
) -> None:
    client = people.client(trainer)
    for url in (
        f"/desk/courses/{course.id}/watching",
        f"/desk/courses/{course.id}/watching/{course.lesson}",
    ):
        numbers = []
        for _ in range(2):
            watch(Player(people.client(people.member()), course), time, 0, 10)
            with counted(app) as statements:
                assert client.get(url).status_code == 200
            numbers.append(len(statements))
        assert numbers[0] == numbers[1] <= 20
