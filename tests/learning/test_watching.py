"""What browsers report, what the server believes, and what peers got wrong about it."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.db import db
from app.learning import queries
from app.learning.models import CourseProgress, TrimmedReport, Visit, WatchBudget
from app.points import queries as points
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, Made, Player, Time, make_course, truefalse, watch


@pytest.fixture
def trainer(people: People) -> int:
    return people.member(role="trainer")


@pytest.fixture
def course(app: Flask, trainer: int) -> Made:
    return make_course(app, trainer, [("video", 10 * MINUTE)])


@pytest.fixture
def member(people: People) -> int:
    return people.member()


@pytest.fixture
def player(people: People, member: int, course: Made) -> Player:
    return Player(people.client(member), course)


def total(app: Flask, member: int) -> int:
    with app.app_context():
        found = points.total(member)
        db.session.rollback()
    return found


def lesson_progress(app: Flask, member: int, course: Made) -> queries.LessonProgress:
    with app.app_context():
        found = queries.lesson_progress_for(member, course.lessons)[course.lesson]
        db.session.rollback()
    return found


def course_progress(app: Flask, member: int, course: Made) -> queries.CourseProgress:
    with app.app_context():
        found = queries.course_progress_for(member, [course.id])[course.id]
        db.session.rollback()
    return found


# --- honest watching ------------------------------------------------------------------------------


def test_watching_nine_tenths_completes_a_lesson_and_earns_its_points(
    app: Flask, player: Player, member: int, course: Made, time: Time
) -> None:
    watch(player, time, 0, 530)
    assert player.state["complete"] is False
    assert player.state["percent"] == 88
    watch(player, time, 530, 540)
    assert player.state["complete"] is True
    assert player.state["points"] == 10
    assert player.state["courseDone"] is True
    assert player.state["coursePercent"] == 100
    assert total(app, member) == 10
    found = course_progress(app, member, course)
    assert (found.percent, found.lessons_done, found.state) == (100, 1, "done")


def test_a_lesson_completes_once_and_earns_once(
    app: Flask, player: Player, member: int, time: Time
) -> None:
    watch(player, time, 0, 540)
    assert player.state["points"] == 10
    watch(player, time, 540, 600)
    assert player.state["points"] == 0
    assert total(app, member) == 10


@pytest.mark.parametrize("rate", [0.5, 1, 1.5, 2])
def test_every_offered_speed_is_believed(player: Player, time: Time, rate: float) -> None:
    watch(player, time, 0, 120, rate)
    assert player.seen() == 120
    assert player.state["trimmed"] == ""


def test_the_highest_speed_is_the_organisations_and_player_and_server_follow(
    app: Flask, people: People, member: int, course: Made, time: Time
) -> None:
    boss = people.client(people.member(role="administrator"))
    choose = {"highest_speed": "125"}
    wrong = {"highest_speed": "1600"}
    headers = csrf(boss)
    assert boss.post("/admin/organisation/ways", data=wrong, headers=headers).status_code == 422
    assert boss.post("/admin/organisation/ways", data=choose, headers=headers).status_code == 303
    client = people.client(member)
    page = client.get(f"/courses/{course.slug}/lessons/{course.lessons[0]}").get_data(as_text=True)
    assert '"highestSpeed": 1.25' in page
    player = Player(client, course)
    watch(player, time, 0, 100, 1.25)
    assert player.state["trimmed"] == ""
    assert player.seen() == 100
    watch(player, time, 100, 300, 2)
    assert player.state["trimmed"] == "clock"
    assert 200 <= player.seen() <= 100 + 125 + 2 + 1


def test_each_course_sets_its_own_share(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    easy = make_course(app, trainer, [("audio", MINUTE)], completion_percent=50)
    player = Player(people.client(member), easy)
    watch(player, time, 0, 29)
    assert player.state["complete"] is False
    watch(player, time, 29, 30)
    assert player.state["complete"] is True


def test_progress_goes_on_on_another_device(
    app: Flask, people: People, member: int, course: Made, time: Time
) -> None:
    phone = Player(people.client(member), course)
    watch(phone, time, 0, 195)
    computer = Player(people.client(member), course)
    computer.open()
    assert computer.seen() == 195
    assert computer.state["position"] == 195_000
    assert lesson_progress(app, member, course).resume_ms == 195_000
    watch(computer, time, 195, 540)
    assert computer.state["complete"] is True


def test_a_break_of_any_length_costs_nothing(player: Player, time: Time) -> None:
    watch(player, time, 0, 60)
    time.go_on(3600)
    watch(player, time, 60, 120)
    assert player.seen() == 120


@pytest.mark.parametrize("seed", range(3))
def test_who_loses_a_fifth_of_the_reports_gets_ninety_five_per_cent(
    player: Player, time: Time, seed: int
) -> None:
    """The answer, or the report itself, is lost on the way; the page sends again what it kept."""
    chance = random.Random(seed)
    player.open()
    unsent, kept = [], False
    for at in range(0, 600, 10):
        time.go_on(10)
        unsent.append((at, at + 10))
        lost = chance.random()
        if lost < 0.1:  # never arrived
            kept = True
            continue
        answer = player.send(player.body(*unsent, kept=kept))
        assert answer.status_code == 200
        if lost < 0.2:  # arrived, but the page does not know
            kept = True
            continue
        player.state = answer.get_json()
        if not player.state["applied"]:
            player.report(*unsent, kept=kept)
        unsent, kept = [], False
    assert player.seen() >= 0.95 * 600
    assert player.state["complete"] is True


def test_an_outage_is_credited_for_the_time_it_lasted(player: Player, time: Time) -> None:
    watch(player, time, 0, 60)
    time.go_on(180)
    player.report((60, 240), kept=True)
    assert player.seen() == 240


# --- what forged reports get ----------------------------------------------------------------------


def test_one_forged_call_does_not_complete_a_lesson(player: Player, time: Time) -> None:
    """PlayEdu: one call with the whole length finished the lesson."""
    player.open()
    state = player.report((0, 600), rate=2)
    assert state["complete"] is False
    assert player.seen() <= 2
    assert state["trimmed"] == "clock"


def test_many_forged_calls_do_not_beat_the_clock(player: Player, time: Time) -> None:
    player.open()
    for _ in range(40):
        time.go_on(0.25)
        player.report((0, 600), rate=2)
    assert player.seen() <= 2 * 10 + 2
    assert player.state["complete"] is False


def test_seeking_to_the_end_is_not_watching(player: Player, time: Time) -> None:
    """Frappe and Open edX: being near the end was enough."""
    player.open()
    time.go_on(2)
    state = player.report((598, 600), position=600_000)
    assert state["complete"] is False
    assert state["percent"] == 0


def test_watching_one_half_twice_is_half(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    """Kolibri added up play time: 30 of 60 seconds watched twice finished it."""
    short = make_course(app, trainer, [("video", MINUTE)])
    player = Player(people.client(member), short)
    watch(player, time, 0, 30)
    watch(player, time, 0, 30)
    assert player.state["percent"] == 50
    assert player.state["complete"] is False
    assert total(app, member) == 0


def test_changing_the_speed_and_reloading_finishes_nothing_early(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    """Kolibri added up time at the new speed again after a reload."""
    short = make_course(app, trainer, [("video", MINUTE)])
    for rate, start in ((1, 0), (2, 10), (0.5, 10), (2, 0)):
        page = Player(people.client(member), short)
        watch(page, time, start, start + 20, rate)
    assert page.state["seen"] == [[0, 30_000]]
    assert page.state["percent"] == 50


def test_four_tabs_earn_no_more_than_one(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    """Mentingo: the bound was per video, so that n tabs earned n times."""
    players = []
    for _ in range(4):
        made = make_course(app, trainer, [("video", 10 * MINUTE)])
        players.append(Player(people.client(member), made))
    for player in players:
        player.open()
    for step in range(12):
        time.go_on(10)
        for player in players:
            player.report((step * 50, step * 50 + 50), rate=2)
    earned = sum(player.seen() for player in players)
    assert 200 <= earned <= 120 * 2 + 2


def test_four_devices_share_one_clock(
    people: People, member: int, course: Made, time: Time
) -> None:
    players = [Player(people.client(member), course) for _ in range(4)]
    for player in players:
        player.open()
    time.go_on(10)
    for number, player in enumerate(players):
        player.report((number * 150, number * 150 + 150), rate=2)
    players[0].report()
    assert players[0].seen() <= 22


def test_ten_minutes_of_silence_do_not_buy_twenty(player: Player, time: Time) -> None:
    """Mentingo: silence counted at full speed."""
    watch(player, time, 0, 10)
    time.go_on(600)
    state = player.report((10, 600), rate=2)
    assert state["trimmed"] == "silence"
    assert player.seen() <= 10 + 32


def test_a_claim_of_having_been_offline_is_worth_the_time_that_passed(
    player: Player, time: Time
) -> None:
    watch(player, time, 0, 10)
    time.go_on(200)
    player.report((10, 600), rate=2, kept=True)
    # The first minute may have been played fast from the buffer.
    assert player.seen() <= 10 + 200 + 60


def test_offline_claims_from_several_tabs_share_one_clock(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    players = []
    for _ in range(5):
        made = make_course(app, trainer, [("video", 10 * MINUTE)])
        players.append(Player(people.client(member), made))
        players[-1].open()
    time.go_on(200)
    for player in players:
        player.report((0, 600), rate=2, kept=True)
    assert sum(player.seen() for player in players) <= 2 * 200 + 2


def test_a_visit_opened_ahead_brings_what_was_watched_hours_later(
    player: Player, time: Time
) -> None:
    player.open(ahead=True)
    time.go_on(5 * 3600)
    state = player.report((0, 600), kept=True)
    assert state["complete"] is True
    assert player.seen() == 600


def test_visits_opened_ahead_share_what_one_outage_may_bring(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    players = [
        Player(people.client(member), make_course(app, trainer, [("video", 15 * MINUTE)]))
        for _ in range(3)
    ]
    for player in players:
        player.open(ahead=True)
    time.go_on(5 * 3600)
    for player in players:
        player.report((0, 900), kept=True)
    assert sum(player.seen() for player in players) <= 21 * 60 + 2


def test_a_visit_opened_ahead_does_not_move_where_a_member_stopped(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    first = Player(people.client(member), make_course(app, trainer, [("video", 10 * MINUTE)]))
    watch(first, time, 0, 30)
    heard = lesson_progress(app, member, first.course).heard_at
    time.go_on(60)
    first.open(ahead=True)
    assert lesson_progress(app, member, first.course).heard_at == heard


@pytest.mark.parametrize("ahead", ["yes", 1, None])
def test_ahead_is_true_or_false(player: Player, ahead: object) -> None:
    player.open(422, ahead=ahead)
    player.open(201, ahead=False)


def test_opening_visits_again_and_again_earns_nothing(
    people: People, member: int, course: Made, time: Time
) -> None:
    player = Player(people.client(member), course)
    for number in range(20):
        player.open()
        player.report((number * 10, number * 10 + 10), rate=2)
    assert player.seen() <= 2


def test_the_clock_of_the_browser_is_never_asked(player: Player, time: Time) -> None:
    player.open()
    refused = player.send({**player.body((0, 2)), "at": "2031-01-01T00:00:00Z"})
    assert refused.status_code == 422
    assert player.send(player.body((0, 2))).status_code == 200


# --- tokens ---------------------------------------------------------------------------------------


def test_a_report_sent_again_and_again_counts_once(player: Player, time: Time) -> None:
    player.open()
    time.go_on(10)
    body = player.body((0, 10))
    first = player.send(body).get_json()
    assert first["applied"] is True
    for _ in range(100):
        time.go_on(10)
        again = player.send(body).get_json()
    assert again["applied"] is False
    assert again["seen"] == [[0, 10_000]]
    assert (again["seq"], again["token"]) == (first["seq"], first["token"])


def test_a_repeated_report_does_not_count_as_having_been_heard(player: Player, time: Time) -> None:
    """Else replays would keep the clock of a visit running."""
    player.open()
    time.go_on(10)
    body = player.body((0, 10))
    player.send(body)
    time.go_on(10)
    state = player.send(body).get_json()
    player.state = state
    assert player.report((10, 20))["seen"] == [[0, 20_000]]


@pytest.mark.parametrize("change", [{"token": "0" * 24}, {"seq": 7}, {"seq": 0}])
def test_a_guessed_token_or_number_changes_nothing(
    player: Player, time: Time, change: dict
) -> None:
    player.open()
    time.go_on(10)
    player.report((0, 10))
    time.go_on(10)
    state = player.send({**player.body((10, 20)), **change}).get_json()
    assert state["applied"] is False
    assert state["seen"] == [[0, 10_000]]
    assert player.report((10, 20))["seen"] == [[0, 20_000]]


def test_the_token_of_another_visit_is_worth_nothing(
    people: People, member: int, course: Made, time: Time
) -> None:
    one, two = Player(people.client(member), course), Player(people.client(member), course)
    one.open()
    two.open()
    time.go_on(10)
    state = two.send({**two.body((0, 10)), "token": one.state["token"]}).get_json()
    assert state["applied"] is False


def test_a_visit_of_somebody_else_is_not_there(
    people: People, player: Player, course: Made, time: Time
) -> None:
    player.open()
    time.go_on(10)
    body = player.body((0, 10))
    thief = Player(people.client(people.member()), course)
    assert thief.send(body, visit=player.state["visit"]).status_code == 404
    assert thief.send(body, visit=999_999).status_code == 404
    assert player.send(body).get_json()["seen"] == [[0, 10_000]]


def test_a_visit_ends_after_half_a_day_and_the_page_opens_another(
    player: Player, time: Time
) -> None:
    player.open()
    time.go_on(12 * 3600 + 1)
    # The sign-in of a member who was away for that long has ended too; it is renewed here.
    with player.client.session_transaction() as session:
        session["seen"] = int(time().timestamp())
    assert player.send(player.body((0, 10))).status_code == 409
    player.open()
    time.go_on(10)
    assert player.report((0, 10))["applied"] is True


def test_what_a_closed_page_kept_is_credited_up_to_three_days_later(
    player: Player, time: Time
) -> None:
    """The phone watched five minutes in the train, and was opened again the day after."""
    watch(player, time, 0, 60)
    time.go_on(26 * 3600)
    with player.client.session_transaction() as session:
        session["seen"] = int(time().timestamp())
    assert player.send(player.body((60, 360))).status_code == 409
    player.report((60, 360), kept=True)
    assert player.seen() == 360
    time.go_on(3 * 24 * 3600)
    with player.client.session_transaction() as session:
        session["seen"] = int(time().timestamp())
    assert player.send(player.body((360, 370), kept=True)).status_code == 409


def test_a_day_away_is_worth_no_more_than_twenty_minutes(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    made = make_course(app, trainer, [("video", 20 * MINUTE)] * 3, length_ms=20 * MINUTE)
    players = [Player(people.client(member), made, lesson) for lesson in made.lessons]
    for player in players:
        player.open()
    time.go_on(11 * 3600)
    for player in players:
        with player.client.session_transaction() as session:
            session["seen"] = int(time().timestamp())
        player.report((0, 1200), kept=True)
    assert sum(player.seen() for player in players) <= 20 * 60 + 60 + 2


# --- the shape of requests ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"NaN",
        b"\xff\xfe",
        b"[" * 1000,
        b'{"token": "x", "seq": 0, "spans": [[0, NaN, 1]]}',
        b'{"token": "x", "seq": 0, "spans": [[0, 1e999, 1]]}',
        b'{"token": "x", "seq": 0, "spans": [[0, ' + b"9" * 1500 + b", 1]]}",
        b'{"token": "x", "seq": 0, "spans": [[0, 600001, 1]]}',
        b'{"token": "x", "seq": 0, "spans": [[9, 8, 1]]}',
        b'{"token": "x", "seq": 0, "spans": [[0, 8, 16]]}',
        b'{"token": "x", "seq": 0, "spans": [[0, 8, 1]], "points": 1000}',
    ],
    ids=lambda raw: raw[:40].decode("latin-1"),
)
def test_what_is_no_report_is_refused_and_a_report_after_it_is_taken(
    player: Player, time: Time, raw: bytes
) -> None:
    player.open()
    time.go_on(10)
    url = f"/learning/visits/{player.state['visit']}/spans"
    answer = player.client.post(
        url, data=raw, headers=player.headers, content_type="application/json"
    )
    assert answer.status_code == 422
    assert answer.get_json()["reason"] == "BadReport"
    assert player.report((0, 10))["seen"] == [[0, 10_000]]


def test_a_report_has_at_most_two_kilobytes(player: Player, time: Time) -> None:
    player.open()
    url = f"/learning/visits/{player.state['visit']}/spans"
    body = json.dumps(player.body((0, 2)))
    for filler, status in ((2048 - len(body), 200), (2049 - len(body), 413)):
        body = json.dumps(player.body((0, 2)))
        answer = player.client.post(
            url,
            data=body + " " * filler,
            headers=player.headers,
            content_type="application/json",
        )
        assert answer.status_code == status
        if status == 200:
            player.state = answer.get_json()


def test_a_closing_page_may_send_its_report_as_a_form(player: Player, time: Time) -> None:
    player.open()
    time.go_on(10)
    url = f"/learning/visits/{player.state['visit']}/spans"
    form = {"report": json.dumps(player.body((0, 10)))}
    site = {"Sec-Fetch-Site": "same-origin"}
    assert player.client.post(url, data=form, headers=site).status_code == 400  # no token
    form["csrf_token"] = player.headers["X-CSRFToken"]
    assert (
        player.client.post(url, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    assert player.client.post(url, data={**form, "more": "1"}, headers=site).status_code == 422
    answer = player.client.post(url, data=form, headers=site)
    assert answer.status_code == 200
    assert answer.get_json()["seen"] == [[0, 10_000]]


def test_reports_are_not_taken_faster_than_a_player_sends_them(
    app: Flask, player: Player, time: Time
) -> None:
    from dataclasses import replace

    app.extensions["weike"] = replace(app.extensions["weike"], limits=True)
    player.open()
    answers = [player.send(player.body((0, 1))).status_code for _ in range(60)]
    assert answers.count(200) == 40
    late = player.send(player.body((0, 1)))
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) >= 1


# --- who may watch --------------------------------------------------------------------------------


def test_only_readers_of_a_course_open_visits(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    branch = people.branch()
    closed = make_course(app, trainer, branch=branch)
    insider = Player(people.client(people.member(branch=branch)), closed)
    outsider = Player(people.client(people.member()), closed)
    assert insider.open()["seen"] == []
    assert outsider.open(status=404)["reason"] == "NotThere"


def test_the_lesson_of_another_course_is_not_there(
    app: Flask, people: People, trainer: int, member: int
) -> None:
    one, two = make_course(app, trainer), make_course(app, trainer)
    assert Player(people.client(member), one, lesson=one.lesson).open()
    Player(people.client(member), one, lesson=two.lesson).open(status=404)


def test_a_preview_earns_nothing(app: Flask, people: People, trainer: int, time: Time) -> None:
    draft = make_course(app, trainer, state="draft")
    assert Player(people.client(trainer), draft).open(status=422)["reason"] == "OnlyAPreview"
    Player(people.client(people.member()), draft).open(status=404)


def test_a_video_that_is_not_ready_cannot_be_watched(
    app: Flask, people: People, trainer: int, member: int
) -> None:
    waiting = make_course(app, trainer, ready=False)
    Player(people.client(member), waiting).open(status=404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"course": "x"},
        {"course": 5, "lesson": 1},
        {"course": "x", "lesson": "1"},
        {"course": "x", "lesson": True},
        {"course": "x", "lesson": 1, "member": 2},
        [],
    ],
    ids=str,
)
def test_a_visit_is_opened_by_naming_a_lesson_and_nothing_else(
    player: Player, body: object
) -> None:
    assert player.open()
    answer = player.client.post("/learning/visits", json=body, headers=player.headers)
    assert answer.status_code == 422


def test_half_a_sign_in_json_is_not_understood(player: Player) -> None:
    body = {"course": "\ud800", "lesson": 1}
    answer = player.client.post("/learning/visits", json=body, headers=player.headers)
    assert answer.status_code == 400
    assert "not understood" in answer.json["error"]


# --- never falling --------------------------------------------------------------------------------


def test_progress_never_falls_and_a_finished_lesson_is_not_rewound(
    app: Flask, player: Player, member: int, course: Made, time: Time
) -> None:
    """W9: watching the start again must not rewind what is finished."""
    watch(player, time, 0, 560)
    before = lesson_progress(app, member, course)
    watch(player, time, 0, 30)
    after = lesson_progress(app, member, course)
    assert after.spans == before.spans
    assert after.position_ms == before.position_ms == 560_000
    assert after.completed_at == before.completed_at
    assert after.resume_ms == 0  # who opens it again starts from the beginning


def test_what_an_offline_phone_sends_later_does_not_move_the_position_back(
    app: Flask, people: People, member: int, course: Made, time: Time
) -> None:
    phone, computer = Player(people.client(member), course), Player(people.client(member), course)
    watch(phone, time, 0, 30)
    watch(computer, time, 30, 90)
    time.go_on(1)
    phone.report((30, 60), kept=True)
    assert lesson_progress(app, member, course).position_ms == 90_000


def test_a_replaced_shorter_video_keeps_only_what_is_still_in_it(
    app: Flask, player: Player, member: int, course: Made, time: Time
) -> None:
    from app.core.db import unit_of_work
    from app.courses.models import Lesson

    watch(player, time, 300, 590)
    with app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, course.lesson).length_ms = 5 * MINUTE
    state = player.open()
    assert state["seen"] == []
    assert state["length"] == 5 * MINUTE


# --- evidence -------------------------------------------------------------------------------------


def test_trimmed_reports_are_kept_with_their_reason_and_three_in_a_row_are_flagged(
    app: Flask, player: Player, member: int, time: Time
) -> None:
    player.open()
    for number in range(3):
        time.go_on(5)
        player.report((number * 100, number * 100 + 100), rate=2)
        with app.app_context():
            flags = queries.flags([member])
            db.session.rollback()
        assert bool(flags) is (number == 2)
    assert flags[0].trims == 3
    assert flags[0].trimmed_ms >= 250_000
    with app.app_context():
        rows = db.session.query(TrimmedReport).order_by(TrimmedReport.id).all()
        assert [row.reason for row in rows] == ["clock"] * 3
        assert all(row.credited_ms < row.claimed_ms for row in rows)
        assert rows[0].spans == [[0, 100_000, 2.0]]
        db.session.rollback()


def test_an_honest_report_between_forged_ones_breaks_the_row(
    app: Flask, player: Player, member: int, time: Time
) -> None:
    player.open()
    for number in range(6):
        time.go_on(10)
        forged = number % 3 != 2
        start = number * 90
        player.report((start, start + (90 if forged else 5)), rate=2)
    with app.app_context():
        assert queries.flags([member]) == []
        db.session.rollback()


# --- at the same time -----------------------------------------------------------------------------


def test_fifty_reports_of_one_span_at_the_same_time_are_one(
    app: Flask, people: People, member: int, course: Made, time: Time
) -> None:
    player = Player(people.client(member), course)
    player.open()
    time.go_on(10)
    body = player.body((0, 10))
    clients = [people.client(member) for _ in range(8)]
    heads = [{**csrf(client), "Accept": "application/json"} for client in clients]
    url = f"/learning/visits/{player.state['visit']}/spans"

    def send(number: int) -> tuple[int, bool]:
        answer = clients[number % 8].post(url, json=body, headers=heads[number % 8])
        return answer.status_code, answer.get_json()["applied"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(50)))
    assert {status for status, _ in answers} == {200}
    assert sum(applied for _, applied in answers) == 1
    assert lesson_progress(app, member, course).spans == [[0, 10_000]]


def test_parallel_tabs_with_different_spans_lose_nothing_and_gain_nothing(
    app: Flask, people: People, member: int, course: Made, time: Time
) -> None:
    """Read, merge, write is one transaction: each tab's span is there, within the one budget."""
    players = [Player(people.client(member), course) for _ in range(8)]
    for player in players:
        player.open()
    time.go_on(15)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda p: p.report((players.index(p) * 10, players.index(p) * 10 + 3)), players
            )
        )
    found = lesson_progress(app, member, course)
    assert found.spans == [[n * 10_000, n * 10_000 + 3_000] for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda p: p.report((100, 600), rate=2), players))
    assert lesson_progress(app, member, course).seen_ms <= 15_000 * 2 + 2_000


def test_a_request_that_waited_for_its_turn_uses_the_clock_of_its_turn(
    app: Flask, player: Player, member: int, time: Time
) -> None:
    """Taken before the lock, two moments could be counted twice."""
    player.open()
    time.go_on(10)
    player.report((0, 10))
    with app.app_context():
        budget = db.session.get(WatchBudget, member)
        assert budget.counted_at == int(time().timestamp() * 1000)
        db.session.rollback()


# --- any requests at all --------------------------------------------------------------------------

_span = st.tuples(st.integers(0, 590), st.integers(1, 600)).map(
    lambda pair: (pair[0], min(600, pair[0] + pair[1]))
)
_requests = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.3, 5, 12, 45, 400, 4000])),
    st.tuples(st.just("open"), st.integers(0, 1)),
    st.tuples(
        *(st.just("report"), st.integers(0, 9), st.lists(_span, min_size=1, max_size=3)),
        *(st.booleans(), st.sampled_from([0.25, 1, 2])),
    ),
    st.tuples(st.just("replay"), st.integers(0, 99), st.booleans()),
    st.tuples(st.just("parallel"), st.integers(0, 9), st.booleans()),
)


@settings(
    max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=st.lists(_requests, min_size=3, max_size=12))
def test_no_sequence_of_requests_earns_more_than_the_clock(
    app: Flask, people: People, course: Made, trainer: int, time: Time, story: list
) -> None:
    """New reports, old ones again, out of order, backdated as kept, from many tabs, in parallel."""
    member = people.member()
    client, courses = people.client(member), [course, make_course(app, trainer)]
    tabs = [Player(client, course)]
    tabs[0].open()
    began, sent = time(), []

    def send(tab: Player, body: dict) -> None:
        sent.append((tab, body))
        answer = tab.send(body)
        assert answer.status_code in {200, 409, 422}, answer.get_data(as_text=True)
        if answer.status_code == 200:
            tab.state = answer.get_json()

    for act in story:
        match act:
            case ("wait", seconds):
                time.go_on(seconds)
                with client.session_transaction() as session:
                    session["seen"] = int(time().timestamp())
            case ("open", which):
                tabs.append(Player(client, courses[which]))
                tabs[-1].open()
            case ("report", which, spans, kept, rate):
                tab = tabs[which % len(tabs)]
                send(tab, tab.body(*spans, kept=kept, rate=rate))
            case ("replay", which, freshly) if sent:
                tab, body = sent[which % len(sent)]
                fresh = {"token": tab.state["token"], "seq": tab.state["seq"]} if freshly else {}
                send(tab, {**body, **fresh, "kept": True})
            case ("parallel", which, kept):
                tab = tabs[which % len(tabs)]
                body = tab.body((0, tab.state["length"] / 1000), kept=kept, rate=2)
                others = [people.client(member) for _ in range(3)]
                heads = [{**csrf(one), "Accept": "application/json"} for one in others]
                url = f"/learning/visits/{tab.state['visit']}/spans"
                with ThreadPoolExecutor(3) as pool:
                    answers = list(
                        pool.map(
                            lambda pair, url=url, body=body: pair[0].post(
                                url, json=body, headers=pair[1]
                            ),
                            zip(others, heads, strict=True),
                        )
                    )
                good = [a.get_json() for a in answers if a.status_code == 200]
                assert sum(state["applied"] for state in good) <= 1
                if good:
                    tab.state = max(good, key=lambda state: state["seq"])
    passed = (time() - began).total_seconds()
    with app.app_context():
        lessons = [lesson for made in courses for lesson in made.lessons]
        found = queries.lesson_progress_for(member, lessons)
        db.session.rollback()
    assert sum(one.seen_ms for one in found.values()) / 1000 <= 2 * passed + 2


# --- texts ----------------------------------------------------------------------------------------


def test_a_text_is_complete_when_it_was_open_long_enough_and_its_end_was_reached(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    made = make_course(app, trainer, [("reading", 2 * MINUTE)])
    player = Player(people.client(member), made)
    assert player.open()["length"] == MINUTE  # half of the estimate counts
    for start in range(0, 60, 10):
        time.go_on(10)
        player.report((start, start + 10))
    assert player.state["percent"] == 99
    assert player.state["complete"] is False
    time.go_on(1)
    assert player.report(end=True, position=60_000)["complete"] is True
    assert total(app, member) == 10


def test_scrolling_to_the_end_at_once_is_not_reading(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    made = make_course(app, trainer, [("reading", 2 * MINUTE)])
    player = Player(people.client(member), made)
    player.open()
    time.go_on(2)
    state = player.report((0, 60), end=True)
    assert state["complete"] is False
    assert player.seen() <= 4


# --- courses --------------------------------------------------------------------------------------


def test_a_course_with_a_quiz_waits_for_it(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    from app.core.db import unit_of_work
    from app.learning import service

    made = make_course(
        app, trainer, [("video", MINUTE), ("reading", MINUTE)], [truefalse("So?", True)]
    )
    assert course_progress(app, member, made).state == "new"
    player = Player(people.client(member), made)
    watch(player, time, 0, 60)
    assert player.state["courseDone"] is False
    assert course_progress(app, member, made).state == "started"
    reading = Player(people.client(member), made, lesson=made.lessons[1])
    watch(reading, time, 0, 30)
    time.go_on(1)
    assert reading.report(end=True)["courseDone"] is False
    found = course_progress(app, member, made)
    assert (found.state, found.percent, found.lessons_done) == ("quiz", 99, 2)
    with app.app_context(), unit_of_work():
        assert service.quiz_passed(member_id=member, course_id=made.id, at=time()) is True
        assert service.quiz_passed(member_id=member, course_id=made.id, at=time()) is False
    found = course_progress(app, member, made)
    assert (found.state, found.percent) == ("done", 100)
    assert found.completed_at == found.quiz_passed_at == time()


def test_a_lesson_added_later_does_not_undo_a_finished_course(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    from app.core.db import unit_of_work
    from app.courses.models import Lesson

    made = make_course(app, trainer)
    watch(Player(people.client(member), made), time, 0, 60)
    with app.app_context(), unit_of_work() as session:
        session.add(
            Lesson(
                course_id=made.id,
                kind="reading",
                title="More",
                body="More words.",
                media_id=None,
                length_ms=MINUTE,
                position=2,
            )
        )
    found = course_progress(app, member, made)
    assert (found.state, found.percent, found.lessons, found.lessons_done) == ("done", 100, 2, 1)


def test_a_course_is_done_at_the_next_visit_when_its_last_open_lesson_was_removed(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    from app.core.db import unit_of_work
    from app.courses.models import Lesson

    made = make_course(app, trainer, [("video", MINUTE), ("video", MINUTE)])
    player = Player(people.client(member), made)
    watch(player, time, 0, 60)
    assert course_progress(app, member, made).state == "started"
    with app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, made.lessons[1]).removed_at = time()
    assert player.open()["courseDone"] is True
    assert course_progress(app, member, made).state == "done"


def test_passing_the_quiz_first_is_allowed(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    from app.core.db import unit_of_work
    from app.learning import service

    made = make_course(app, trainer, [("video", MINUTE)], [truefalse("So?", True)])
    with app.app_context(), unit_of_work():
        assert service.quiz_passed(member_id=member, course_id=made.id, at=time()) is False
    player = Player(people.client(member), made)
    watch(player, time, 0, 60)
    assert player.state["courseDone"] is True


def test_facts_about_a_course_are_one_row_per_member(
    app: Flask, people: People, trainer: int, member: int, time: Time
) -> None:
    made = make_course(app, trainer)
    for _ in range(3):
        Player(people.client(member), made).open()
    with app.app_context():
        assert db.session.query(CourseProgress).count() == 1
        assert db.session.query(Visit).count() == 3
        visit = db.session.query(Visit).first()
        assert visit.heard_at - visit.started_at == timedelta(0)
        db.session.rollback()
