"""The standings beside the ledger: always its sums, without who left or hides, fair to branches."""

from __future__ import annotations

import csv
import io
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import text

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.service import create_theme, edit_theme
from app.members.models import Member
from app.points import queries, service
from app.points.models import Entry
from app.points.queries.branches import LEAST_PEOPLE, NEIGHBOURS, PRIOR_PEOPLE, TOP
from app.points.rules import Period, Ranking, height, ledger_key, span_of
from tests.factories import People, csrf
from tests.points.ledger import SHANGHAI, Ledger, at, shanghai
from tests.points.test_pages import places, words
from tests.statements import counted

EVER = span_of(Period.ALL, shanghai(2026, 1, 1).date())


def proof(app: Flask) -> queries.Proof:
    with app.app_context():
        found = queries.prove(ledger_key(app.extensions["weike"].secret_key), SHANGHAI)
        db.session.remove()
        return found


def change(app: Flask, member: int, **columns: object) -> None:
    with app.app_context(), unit_of_work() as session:
        row = session.get_one(Member, member)
        for name, value in columns.items():
            setattr(row, name, value)


def run(app: Flask, statement: str) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(text(statement))


@pytest.fixture
def life(app: Flask, people: People, ledger: Ledger) -> list[int]:
    """Two months of a small organisation: entries, corrections, moves, leavers and hiders."""
    luck = random.Random(7)
    branches = [people.branch() for _ in range(3)]
    members = [people.member(branch=luck.choice(branches)) for _ in range(14)]
    start = shanghai(2026, 1, 20)
    for step in range(120):
        when = start + timedelta(hours=11 * step)
        member = luck.choice(members)
        theme = luck.choice((None, (5, "Fire"), (6, "Phishing")))
        ledger.earn(member, luck.choice(("lesson", "quiz")), when=when, theme=theme)
        if step % 9 == 4:
            entry = luck.choice([e for e in ledger.entries(member) if e.reason != "correction"])
            if entry.amount and not any(
                e.corrects_seq == entry.seq for e in ledger.entries(member)
            ):
                ledger.correct(entry.id, -entry.amount, author=members[member == members[0]])
                if step % 2:
                    give_back(app, entry)
        if step % 11 == 3:
            change(app, luck.choice(members), branch_id=luck.choice(branches))
        if step % 17 == 5:
            change(app, luck.choice(members), is_active=luck.random() < 0.5)
        if step % 19 == 6:
            change(app, luck.choice(members), in_rankings=luck.random() < 0.5)
    return members


def give_back(app: Flask, entry: Entry) -> int:
    with app.app_context(), unit_of_work():
        return service.credit(
            member_id=entry.member_id,
            reason=entry.reason,
            source=entry.source.partition(":back:")[0],
            occurred_at=entry.occurred_at,
            anew=True,
        )


def test_what_is_taken_away_and_given_back_leaves_everybody_in_their_place(
    app: Flask, people: People, ledger: Ledger
) -> None:
    """Equal points: first the first one, whose points are gone for a while; and equal branches."""
    branches = [people.branch() for _ in range(2)]
    crowd = [[people.member(branch=branch) for _ in range(5)] for branch in branches]
    one, other = crowd[0][0], crowd[1][0]
    day = shanghai(2026, 3, 2)
    for member in (one, other):
        for number in (1, 2):
            ledger.earn(member, "quiz", f"exam:{number}", when=day, theme=(5, "Fire"))
    with app.app_context():
        before = rows_of_everything()
        db.session.remove()
    assert [place.id for place in before["boards"][0][1]] == branches
    for _ in range(2):
        first, second = [e for e in ledger.entries(one) if e.reason == "quiz"][-2:]
        for entry in (first, second):
            ledger.correct(entry.id, -10, author=other)
        assert proof(app).breaks == []
        change(app, one, branch_id=branches[1])
        # As much as before, though the limit of the day was reached by what is gone.
        assert [give_back(app, entry) for entry in (second, first)] == [10, 10]
        assert give_back(app, first) == 0
        change(app, one, branch_id=branches[0])
    with app.app_context():
        assert rows_of_everything() == before
        db.session.remove()
    with app.app_context():
        span = (shanghai(2026, 3, 2, 0), shanghai(2026, 3, 3, 0))
        today = [queries.earned_in(member, span, span) for member in (one, other)]
        assert [sum(of_day for of_day, _ in each.values()) for each in today] == [20, 20]
        db.session.remove()
    with at(day + timedelta(hours=1)):
        assert ledger.earn(one, "quiz") == 0, "what was given back is no second quiz of the day"
        assert ledger.earn(one, "lesson") == 10
    assert_the_same_when_made_anew(app)


def test_who_earns_it_again_later_stands_behind_those_who_were_there_before(
    app: Flask, people: People, ledger: Ledger
) -> None:
    one, two = people.member(), people.member()
    for member in (one, two):
        ledger.earn(member, "quiz", "exam:1", when=shanghai(2026, 3, 2))
        ledger.earn(member, "quiz", "exam:2", when=shanghai(2026, 3, 2, 13))
    last = ledger.entries(one)[1]
    ledger.correct(last.id, -10, author=two)
    with app.app_context():  # the points that are left count from when they were reached
        high = dict(db.session.execute(text("SELECT member_id, height FROM standing")).all())
        db.session.remove()
    assert high[one] == height(10, ledger.entries(one)[0].id)
    with app.app_context(), at(shanghai(2026, 3, 2, 14)), unit_of_work():
        service.credit(member_id=one, reason="quiz", source="exam:2", anew=True)
    assert ledger.entries(one)[-1].source == "exam:2:again:1"
    with app.app_context():
        board = queries.everyone_board(one, EVER)
        db.session.remove()
    assert [place.id for place in board.top] == [two, one]
    assert proof(app).breaks == []


def test_standings_are_the_sums_of_the_ledger_after_a_whole_life(
    app: Flask, life: list[int]
) -> None:
    assert_the_same_when_made_anew(app)


@pytest.mark.parametrize("many", [1, 2, 5, 8])
def test_the_middle_of_a_branch_is_right_whoever_rises(
    app: Flask, people: People, ledger: Ledger, many: int
) -> None:
    rise(app, people, many)
    assert proof(app).breaks == []


def rise(app: Flask, people: People, many: int) -> None:
    """Members of one branch earn in turns in one month; the last one leaves and comes back."""
    luck = random.Random(many)
    branch = people.branch()
    members = [people.member(branch=branch) for _ in range(many)]
    for part in range(3):
        with app.app_context(), unit_of_work():
            for step in range(40):
                when = shanghai(2026, 5, 4 + part * 3 + step // 20, 12, step)
                with at(when):
                    service.credit(
                        member_id=luck.choice(members),
                        reason=luck.choice(("lesson", "quiz", "practice", "sign_in")),
                        source=f"rise:{part}:{step}",
                    )
        change(app, members[-1], is_active=part != 0)
        assert proof(app).breaks == []


def assert_the_same_when_made_anew(app: Flask) -> None:
    assert proof(app).breaks == []
    with app.app_context():
        kept = rows_of_everything()
        db.session.remove()
        with unit_of_work():
            service.rebuild(SHANGHAI)
        made = rows_of_everything()
        db.session.remove()
    assert made == kept
    assert proof(app).breaks == []


def rows_of_everything() -> dict[str, list]:
    """All standings; those of branches as readers see them, stale ones computed."""
    session = db.session()
    tables = {
        "standing": "SELECT * FROM standing ORDER BY member_id, span, theme_id",
        "share": "SELECT * FROM branch_share ORDER BY span, branch_id, member_id",
        "tie": "SELECT * FROM standing_tie ORDER BY span, theme_id, tie",
        "step": "SELECT * FROM standing_step WHERE members > 0 ORDER BY span, theme_id, step",
    }
    found = {
        name: [tuple(row) for row in session.execute(text(sql))] for name, sql in tables.items()
    }
    spans = session.scalars(text("SELECT DISTINCT span FROM branch_standing ORDER BY span")).all()
    found["boards"] = [(span, queries.branch_board(0, span).top) for span in spans]
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE standing SET points = points + 1 WHERE member_id = 3",
        "UPDATE standing SET height = height + 1 WHERE member_id = 3",
        "UPDATE standing SET shown = NOT shown WHERE member_id = 3",
        "DELETE FROM standing WHERE member_id = 3 AND span > 600000000 - 1",
        "UPDATE branch_share SET points = points + 1 WHERE span = 600000000",
        "UPDATE branch_standing SET median2 = 999, stale = false WHERE span = 600000000",
        "UPDATE branch_standing SET low = low + 1, stale = false WHERE span = 600000000",
        "UPDATE standing_step SET members = members + 1 WHERE span = 600000000",
        "UPDATE standing_tie SET members = members + 1 WHERE span = 600000000",
        "DELETE FROM standing_tie WHERE span = 600000000",
        "UPDATE branch_size SET members = members + 1",
        (
            "INSERT INTO standing SELECT id, 600000000, 77, 5, 5, is_active AND in_rankings "
            "FROM member WHERE id = 3"
        ),
    ],
)
def test_verify_finds_standings_that_are_not_the_ledgers(
    app: Flask, people: People, ledger: Ledger, statement: str
) -> None:
    for _ in range(6):
        member = people.member()
        ledger.earn(member)
        ledger.earn(member, "quiz")
    assert proof(app).breaks == []
    run(app, statement)
    result = app.test_cli_runner().invoke(args=["points", "verify"])
    assert result.exit_code == 1
    assert "standings: " in result.output
    assert "The entries themselves are whole." in result.output
    app.test_cli_runner().invoke(args=["points", "rebuild"])
    assert "branch_size" in statement or proof(app).breaks == []


def test_standings_hold_when_many_earn_at_once(app: Flask, people: People, ledger: Ledger) -> None:
    members = [people.member() for _ in range(8)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: ledger.earn(members[n % 8], source=f"l:{n}"), range(64)))
    assert proof(app).breaks == []
    with app.app_context():
        board = queries.everyone_board(members[0], EVER)
        db.session.remove()
    assert [place.points for place in board.top] == [30] * 8


def test_the_board_of_everyone_equals_the_ledger_sorted_by_hand(
    app: Flask, people: People, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.points.queries.boards.TOP", 3)
    luck = random.Random(3)
    members = [people.member(branch=people.branch()) for _ in range(15)]
    for _ in range(50):
        ledger.earn(luck.choice(members), luck.choice(("lesson", "quiz", "sign_in")))
    change(app, members[2], is_active=False)
    change(app, members[5], in_rankings=False)
    by_hand: dict[int, list[int]] = {}
    with app.app_context():
        for entry in db.session.query(Entry).order_by(Entry.id):
            if entry.amount and entry.member_id not in (members[2], members[5]):
                sums = by_hand.setdefault(entry.member_id, [0, 0])
                sums[0], sums[1] = sums[0] + entry.amount, entry.id
        order = sorted(by_hand, key=lambda m: (-by_hand[m][0], by_hand[m][1]))
        for place, member in enumerate(order, start=1):
            board = queries.everyone_board(member, EVER)
            shown = [*board.top, *board.around_me]
            assert board.me is not None
            assert board.me.place == place
            wanted = [p for p in range(1, len(order) + 1) if p <= 3 or abs(p - place) <= 2]
            assert [each.place for each in shown] == wanted
            assert [each.id for each in shown] == [order[p - 1] for p in wanted]
            assert [each.points for each in shown] == [by_hand[each.id][0] for each in shown]
        for hidden in (members[2], members[5]):
            assert queries.everyone_board(hidden, EVER).me is None
            assert queries.place_of(hidden, EVER) is None
        db.session.remove()


def test_places_hold_where_hundreds_have_equal_points(app: Flask, people: People) -> None:
    members = [people.member() for _ in range(30)]
    luck = random.Random(3)
    rows = [
        {"member": member, "points": luck.choice((5, 10, 10, 10, 20, 21)), "entry": 700 * number}
        for number, member in enumerate(members, 1)
    ]
    with app.app_context(), unit_of_work() as session:
        for row in rows:
            session.execute(
                text("INSERT INTO standing VALUES (:member, :span, 0, :points, :height, true)"),
                {
                    "member": row["member"],
                    "span": EVER,
                    "points": row["points"],
                    "height": height(row["points"], row["entry"]),
                },
            )
    order = sorted(rows, key=lambda row: (-row["points"], row["entry"]))
    with app.app_context():
        places = [(queries.place_of(row["member"], EVER) or (0, 0))[0] for row in order]
        assert len(rows_of_everything()["tie"]) > 20
        db.session.rollback()
    assert places == list(range(1, 31))


def test_who_does_not_want_to_be_listed_is_absent_and_told_so(
    people: People, ledger: Ledger
) -> None:
    ledger.rank(Ranking.EVERYONE)
    ann, bob = people.member("Ann"), people.member("Bob")
    for member in (ann, bob):
        ledger.earn(member)
    client = people.client(ann)
    for of in ("branch", "everyone"):
        assert len(places(client.get(f"/points/leaderboard?of={of}"))) == 2
    headers = csrf(client)
    assert client.post("/me/listed", data={"listed": "no"}, headers=headers).status_code == 303
    for of in ("branch", "everyone"):
        page = client.get(f"/points/leaderboard?of={of}")
        assert len(places(page)) == 1
        assert "Ann" not in " ".join(places(page))
        assert "I have 10 points in this time and do not want to be listed." in words(page)
    client.post("/me/listed", data={"listed": "yes"}, headers=headers)
    assert len(places(client.get("/points/leaderboard?of=everyone"))) == 2


def test_organizers_take_boards_away_without_those_who_are_not_to_be_listed(
    app: Flask, people: People, ledger: Ledger
) -> None:
    ledger.rank(Ranking.EVERYONE)
    home = people.branch("Home")
    ann, bob, eve, zed = (
        people.member(name, branch=home) for name in ("Ann", "=Bob", "Eve", "Zed")
    )
    for member in (ann, bob, eve, zed, bob):
        ledger.earn(member, theme=(5, "Fire"))
    change(app, eve, in_rankings=False)
    change(app, zed, is_active=False)
    chief = people.client(people.member("Olga", branch=home, organizes=home))
    url = "/points/leaderboard/export?period=month&as="
    for of in ("branch", "everyone"):
        for theme in ("", "&theme=5"):
            answer = chief.get(f"{url}csv&of={of}{theme}")
            assert f"{of}-month-" in answer.headers["Content-Disposition"]
            lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
            assert lines[0] == ["Place", "Member", "Branch", "Points"]
            assert lines[1:] == [["1", "'=Bob", "Home", "20"], ["2", "Ann", "Home", "10"]]
    sheet = load_workbook(io.BytesIO(chief.get(f"{url}xlsx&of=branches").data)).active
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    # All five count here; Zed, who left, does not.
    assert found[0][:5] == ["Place", "Branch", "Belongs to", "Members", "Took part"]
    assert found[1:] == []
    people.member(branch=home)
    sheet = load_workbook(io.BytesIO(chief.get(f"{url}exe&of=branches").data)).active
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[1][:7] == [1, "Home", "Head office", 5, 3, 60, 10]
    page = words(chief.get("/points/leaderboard?of=branch"))
    assert ("Home · Week · Printed on" in page, "CSV" in page) == (True, True)
    ledger.rank(Ranking.OFF)
    answer = chief.get(f"{url}csv&of=everyone")
    assert "Ann" not in answer.data.decode("utf-8-sig")
    assert "CSV" not in words(people.client(ann).get("/points/leaderboard"))
    assert people.client(ann).get(f"{url}csv").status_code == 404


def test_without_a_ranking_only_branches_are_compared(people: People, ledger: Ledger) -> None:
    member = people.member("Ann")
    ledger.earn(member)
    client = people.client(member)
    assert "My place this week" in words(client.get("/points"))
    ledger.rank(Ranking.OFF)
    for of in ("", "branch", "everyone", "branches"):
        page = client.get(f"/points/leaderboard?of={of}")
        assert page.status_code == 200
        assert "Ann" not in " ".join(places(page))
        assert "How this is computed" in words(page)
    assert "My place this week" not in words(client.get("/points"))


def test_a_theme_has_standings_of_its_own(people: People, ledger: Ledger) -> None:
    ann, bob = people.member("Ann"), people.member("Bob")
    ledger.earn(ann, theme=(5, "Fire safety"))
    ledger.earn(bob, theme=(6, "Phishing"))
    ledger.earn(bob)
    client = people.client(ann)
    assert len(places(client.get("/points/leaderboard"))) == 2
    assert [n.split()[-1] for n in places(client.get("/points/leaderboard?theme=6"))] == ["Bob"]
    assert "Fire safety" in words(client.get("/points/leaderboard"))
    assert len(places(client.get("/points/leaderboard?theme=77"))) == 2  # unknown: all themes


def test_a_theme_is_called_as_its_reader_calls_it(
    app: Flask, people: People, ledger: Ledger
) -> None:
    said = {"zh_Hans": {"title": "消防安全", "text": "……"}}
    with app.app_context(), unit_of_work():
        theme = create_theme(title="Fire safety", titles=said)
        create_theme(title="Nobody's yet")
    ann = people.member("Ann")
    ledger.earn(ann, theme=(theme, "Fire safety"))
    url, client = "/points/leaderboard", people.client(ann)
    page = words(client.get(url))
    assert ("Fire safety" in page, "Nobody's yet" in page) == (True, False)
    change(app, ann, language="zh_Hans")
    assert "消防安全" in words(client.get(url))
    with app.app_context(), unit_of_work():
        edit_theme(theme, title="Fire", description="", titles={"zh_Hans": {"title": "防火"}})
    assert "防火" in words(client.get(url))
    change(app, ann, language="en")
    assert "Fire safety" not in words(client.get(url))


# --- branches -----------------------------------------------------------------------------


def branch_of(people: People, ledger: Ledger, name: str, points: list[int]) -> int:
    """A branch whose members earn so many lessons each."""
    branch = people.branch(name)
    for lessons in points:
        member = people.member(branch=branch)
        for _ in range(lessons):
            ledger.earn(member)
    return branch


def test_branches_stand_by_participation_times_median(people: People, ledger: Ledger) -> None:
    all_a_little = branch_of(people, ledger, "All", [2, 2, 2, 2, 2])
    branch_of(people, ledger, "One star", [3, 0, 0, 0, 0])
    branch_of(people, ledger, "Half", [2, 2, 3, 0, 0])
    with people.app.app_context():
        board = queries.branch_board(all_a_little, EVER)
        own = queries.computed(all_a_little, EVER)
        db.session.remove()
    assert [place.name for place in board.top] == ["All", "Half", "One star"]
    assert [(p.takers, p.people, p.median, p.value) for p in board.top] == [
        (5, 5, 20, 20),
        (3, 5, 20, 12),
        (1, 5, 30, 6),
    ]
    average = (5 * 20 + 5 * 12 + 5 * 6) / 15
    assert own is not None
    assert own.average == pytest.approx(average)
    assert own.score == pytest.approx((5 * 20 + PRIOR_PEOPLE * average) / (5 + PRIOR_PEOPLE))
    assert board.mine is not None
    assert board.mine.score == pytest.approx(own.score)


def test_a_small_lucky_branch_does_not_pass_a_large_steady_one(
    people: People, ledger: Ledger
) -> None:
    branch_of(people, ledger, "Large", [2] * 16)
    branch_of(people, ledger, "Lucky", [3, 3, 3, 2, 0])
    branch_of(people, ledger, "Idle", [1] + [0] * 15)
    with people.app.app_context():
        top = queries.branch_board(0, EVER).top
        db.session.remove()
    assert [place.name for place in top] == ["Large", "Lucky", "Idle"]
    assert top[1].value > top[0].value


def test_fewer_than_five_people_have_no_place(people: People, ledger: Ledger) -> None:
    small = branch_of(people, ledger, "Small", [3] * (LEAST_PEOPLE - 1))
    client = people.client(people.member("Me", branch=people.branch("Else")))
    assert "No branch has a place in this time yet" in words(
        client.get("/points/leaderboard?of=branches")
    )
    joined = people.member(branch=small)
    page = client.get("/points/leaderboard?of=branches")
    assert [name.split()[0] for name in places(page)] == ["Small"]
    assert "4 of 5 took part · median 30" in words(page)
    change(people.app, joined, is_active=False)
    assert places(client.get("/points/leaderboard?of=branches")) == []


def test_the_board_of_branches_equals_their_values_sorted_by_hand(
    app: Flask, people: People
) -> None:
    luck = random.Random(5)
    branches = [people.branch() for _ in range(70)]
    rows = [
        {
            "branch": branch,
            "people": luck.randrange(4, 12),
            "takers": luck.randrange(1, 4),
            "median2": luck.choice((20, 20, 40)),
            "reached": luck.choice((number, 7)),
        }
        for number, branch in enumerate(branches)
    ]
    with app.app_context(), unit_of_work() as session:
        session.execute(text("INSERT INTO branch_size VALUES (:branch, :people)"), rows)
        session.execute(
            text(
                "INSERT INTO branch_standing "
                "(span, branch_id, takers, movers, points, median2, reached, stale) "
                f"VALUES ({EVER}, :branch, :takers, 0, 1, :median2, :reached, false)"
            ),
            rows,
        )
    average = sum(row["takers"] * row["median2"] / 2 for row in rows) / sum(
        row["people"] for row in rows
    )

    def order(row: dict) -> tuple:
        value = row["takers"] * row["median2"] / 2
        score = (value + PRIOR_PEOPLE * average) / (row["people"] + PRIOR_PEOPLE)
        return -round(score, 9), row["reached"], row["branch"]

    ranked = sorted((row for row in rows if row["people"] >= LEAST_PEOPLE), key=order)
    ids = [row["branch"] for row in ranked]
    last = len(ids)
    assert last > TOP + NEIGHBOURS
    with app.app_context():
        for row in rows:
            board = queries.branch_board(row["branch"], EVER)
            shown = [*board.top, *board.around_mine]
            assert [(each.id, each.place) for each in shown] == [
                (ids[place - 1], place)
                for place in range(1, last + 1)
                if place <= TOP
                or (row in ranked and abs(place - 1 - ranked.index(row)) <= NEIGHBOURS)
            ]
            assert (board.mine is None) == (row not in ranked)
        db.session.remove()


def test_points_stay_with_the_branch_they_were_earned_in(people: People, ledger: Ledger) -> None:
    old, new = branch_of(people, ledger, "Old", [1] * 5), branch_of(people, ledger, "New", [0] * 5)
    mover = people.member(branch=old)
    ledger.earn(mover)
    ledger.earn(mover)
    change(people.app, mover, branch_id=new)
    with people.app.app_context():
        board = queries.branch_board(old, EVER)
        db.session.remove()
    assert [(p.name, p.takers, p.people) for p in board.top] == [("Old", 6, 6)]
    ledger.earn(mover)
    with people.app.app_context():
        board = queries.branch_board(old, EVER)
        db.session.remove()
    assert [(p.name, p.takers, p.people) for p in board.top] == [("Old", 6, 6), ("New", 1, 6)]


def test_who_left_counts_in_no_branch(people: People, ledger: Ledger) -> None:
    branch = branch_of(people, ledger, "B", [1] * 5)
    star = people.member(branch=branch)
    for _ in range(3):
        ledger.earn(star)
    with people.app.app_context():
        before = queries.branch_board(branch, EVER).mine
        db.session.remove()
    change(people.app, star, is_active=False)
    with people.app.app_context():
        after = queries.branch_board(branch, EVER).mine
        db.session.remove()
    assert (before.takers, before.people, after.takers, after.people) == (6, 6, 5, 5)
    assert proof(people.app).breaks == []


@pytest.mark.parametrize("of", ["branch", "everyone", "branches"])
def test_a_board_asks_the_same_however_many_there_are(
    people: People, ledger: Ledger, of: str
) -> None:
    ledger.rank(Ranking.EVERYONE)
    client = people.client(people.member())
    page = f"/points/leaderboard?of={of}&period=month"
    client.get(page)

    def asked() -> int:
        with counted(people.app) as seen:
            assert client.get(page).status_code == 200
        return len(seen)

    few = asked()
    for number in range(30):
        branch_of(people, ledger, f"B{number}", [1])
    assert asked() <= few + (1 if of == "everyone" else 0) <= 12
    assert clock.now()
