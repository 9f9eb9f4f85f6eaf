"""Reports: over time, members across courses, who needs help, and days of the past."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses.models import Course
from app.learning.service import quiz_passed, quiz_taken_back
from app.members.models import Branch, BranchPast, Member, MemberPast
from app.members.service import move_branch, remove_branch
from app.organisation.rules import NotYet, Step, begins_of, past_day
from tests.home.progress import finished, seen
from tests.learning.lessons import make_course
from tests.organisation.conftest import House
from tests.organisation.test_desk import rows, words
from tests.points.ledger import at, shanghai
from tests.statements import counted


def moved(house: House, member: int, branch: int) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).branch_id = branch


def body(house: House, query: str, client=None) -> str:
    """The report of a day without what is said about today."""
    page = (client or house.client).get(f"/organizer/reports/day?{query}")
    assert page.status_code == 200
    text = words(page)
    return text[text.index("State at the end") :]


# --- the past -------------------------------------------------------------------------------------


@pytest.fixture
def day() -> date:
    """The day on which the house was built."""
    return clock.now().astimezone(shanghai(2027, 1, 1).tzinfo).date()


def later(days: int):
    return at(clock.now() + timedelta(days=days))


def test_the_report_of_a_day_says_what_stood_at_its_end(house: House, day: date) -> None:
    with later(3):
        found = house.client.get(f"/organizer/reports/day?day={day}")
    assert [row[:2] for row in rows(found, 0)] == [["North", "2"], ["Dock", "1"]]
    assert rows(found, 1) == [["Alpha", "1", "1"]]
    assert [row[:4] for row in rows(found, 2)] == [["Ann", "North", "Alpha", "1"]]


def test_the_same_report_of_the_same_day_is_identical_whatever_happened_since(
    house: House, day: date
) -> None:
    with later(1):
        before = body(house, f"day={day}")
    with later(2):
        finished(house.app, house.bob, house.begun)
        finished(house.app, house.ann, house.begun)
        moved(house, house.ann, house.south)
        house.people.member("New", branch=house.north)
        with house.app.app_context(), unit_of_work() as session:
            session.get_one(Member, house.bob).name = "Robert"
            session.get_one(Member, house.organizer).is_active = False
            session.get_one(Branch, house.dock).name = "Harbour"
            session.get_one(Course, house.done.id).title = "Omega"
            session.get_one(Course, house.done.id).state = "withdrawn"
        with house.app.app_context(), unit_of_work():
            move_branch(house.dock, parent_id=house.south)
    with later(3):
        boss = house.people.client(house.people.member(role="administrator"))
        after = body(house, f"day={day}&branch={house.north}", boss)
        today = body(house, f"branch={house.north}", boss)
    assert after == before
    assert "Ann" in after
    assert "Ann" not in today
    assert re.search(r"fingerprint is [0-9a-f]{16}", after)


def test_a_completion_that_was_taken_back_still_stood_on_its_day(house: House, day: date) -> None:
    with later(1):
        before = body(house, f"day={day}")
    with later(2), house.app.app_context(), unit_of_work():
        assert quiz_taken_back(
            member_id=house.ann,
            course_id=house.done.id,
            actor_id=house.organizer,
            reason="wrong",
        )
    with later(3):
        assert body(house, f"day={day}") == before
        assert "Courses done 0" in body(house, "")
    with later(4):
        again = clock.now()
        with house.app.app_context(), unit_of_work():
            quiz_passed(member_id=house.ann, course_id=house.done.id, at=again)
        assert body(house, f"day={day}") == before
        assert "Courses done 1" in body(house, "")


def test_what_is_marked_days_later_does_not_change_the_days_before(house: House, day: date) -> None:
    with later(1):
        handed_in = clock.now()
    with later(2):
        before = [body(house, f"day={day + timedelta(days=n)}") for n in (0, 1)]
    with later(3), house.app.app_context(), unit_of_work():
        quiz_passed(member_id=house.bob, course_id=house.begun.id, at=handed_in)
        quiz_passed(member_id=house.organizer, course_id=house.done.id, at=handed_in)
    with later(4):
        after = [body(house, f"day={day + timedelta(days=n)}") for n in (0, 1)]
        assert "Olga" in body(house, f"day={day + timedelta(days=3)}")
    assert after == before


def test_a_branch_that_came_or_was_removed_since_leaves_the_day_as_it_was(
    house: House, day: date
) -> None:
    shed = house.people.branch("Shed", parent=house.north)
    sam = house.people.member("Sam", branch=shed)
    seen(house.app, sam, house.begun)
    finished(house.app, sam, house.begun, done=False)
    of_south = house.people.member("Other", branch=house.south, organizes=house.south)

    def south(query: str) -> str:
        return body(house, query, house.people.client(of_south))

    with later(1):
        before = [south(f"day={day}"), body(house, f"day={day}&branch={shed}")]
        assert ("Bob" in before[0], "Sam" in before[1]) == (False, True)
        moved(house, sam, house.north)
    with later(2), house.app.app_context(), unit_of_work():
        move_branch(house.dock, parent_id=house.south)
        remove_branch(shed)
    with later(3):
        assert [south(f"day={day}"), body(house, f"day={day}&branch={shed}")] == before
        assert "Dock" in south("")
        client = house.people.client(of_south)
        assert client.get(f"/organizer/reports/day?day={day}&branch={shed}").status_code == 404


def test_who_came_later_is_not_in_it_and_who_left_is(house: House, day: date) -> None:
    with later(2):
        moved(house, house.zoe, house.north)
        moved(house, house.ann, house.south)
    with later(4):
        then = body(house, f"day={day}")
        yesterday = body(house, f"day={day + timedelta(days=3)}")
    assert ("Ann" in then, "Zoe" in then) == (True, False)
    assert ("Ann" in yesterday, "Zoe" in yesterday) == (False, True)


def test_a_day_before_anything_was_begun_says_so(house: House, day: date) -> None:
    with later(2):
        found = house.client.get(f"/organizer/reports/day?day={day - timedelta(days=1)}")
        assert "Nothing had been begun by then" in words(found)


@pytest.mark.parametrize("text", ["2031-01-01", "soon", "0001-01-01", "2027-02-30"])
def test_an_odd_day_is_refused(house: House, text: str) -> None:
    answer = house.client.get(f"/organizer/reports/day?day={text}")
    assert answer.status_code == 422
    assert "Choose a day that is over" in words(answer)
    with pytest.raises(NotYet):
        past_day(text, date(2027, 3, 1))
    assert past_day("", date(2027, 3, 1)) == past_day("2027-03-01", date(2027, 3, 1))


def test_a_neighbours_past_is_not_there(house: House, day: date) -> None:
    for page in ("day", "day/export", "matrix", "help", "help/export", "export", ""):
        url = f"/organizer/reports/{page}".rstrip("/")
        assert house.client.get(f"{url}?branch={house.south}").status_code == 404, url
        assert house.client.get(f"{url}?branch={house.north}").status_code == 200, url
        assert house.people.client(house.ann).get(url).status_code == 404, url


def test_the_file_has_dates_and_numbers_and_the_day_in_its_name(house: House, day: date) -> None:
    answer = house.client.get("/organizer/reports/day/export")
    assert f"report-{day}.xlsx" in answer.headers["Content-Disposition"]
    sheet = load_workbook(BytesIO(answer.get_data())).active
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert lines[0][:4] == ["Ann", "North", "Alpha", 1]
    assert lines[0][5].date() == day


def test_every_change_of_a_member_and_a_branch_is_one_version(house: House) -> None:
    with later(1):
        moved(house, house.ann, house.dock)
    with later(2):
        moved(house, house.ann, house.dock)  # no change
        with house.app.app_context(), unit_of_work() as session:
            session.get_one(Member, house.ann).language = "en"  # not of the past
    with house.app.app_context():
        versions = (
            db.session.query(MemberPast).filter_by(member_id=house.ann).order_by(MemberPast.id)
        ).all()
        assert [v.branch_id for v in versions] == [house.north, house.dock]
        assert versions[0].until == versions[1].since
        assert versions[1].until is None
        places = db.session.query(BranchPast).filter_by(branch_id=house.dock).all()
        assert [p.path for p in places] == [f"/{house.people.root}/{house.north}/{house.dock}/"]
        db.session.rollback()


# --- over time ------------------------------------------------------------------------------------


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    weeks = begins_of(Step.WEEK, date(2027, 3, 10))
    assert (weeks[-1], weeks[0], len(weeks)) == (date(2027, 3, 8), date(2026, 12, 21), 12)
    months = begins_of(Step.MONTH, date(2027, 3, 10))
    assert (months[-1], months[0], len(months)) == (date(2027, 3, 1), date(2026, 4, 1), 12)


def test_what_was_done_stands_in_its_week_and_with_the_branch_of_then(house: House) -> None:
    with at(shanghai(2027, 3, 9)):
        finished(house.app, house.bob, house.done)
        seen(house.app, house.bob, house.begun, number=2)
    with at(shanghai(2027, 3, 10)):
        moved(house, house.bob, house.south)
    with at(shanghai(2027, 3, 17)):
        page = house.client.get("/organizer/reports")
        assert [row[1:] for row in rows(page, 0)[-2:]] == [["1", "1", "1"], ["0", "0", "0"]]
        assert rows(page, 1) == [["North itself", *"0000"], ["Dock", "1", "0", "1", "0"]]
        assert "+1 against the other" in words(house.client.get("/organizer/reports"))
        south = house.people.client(house.people.member(organizes=house.south))
        assert [row[1:] for row in rows(south.get("/organizer/reports"))[-2:]] == [
            ["0", "0", "0"],
            ["0", "0", "0"],
        ]
        months = rows(house.client.get("/organizer/reports?by=month"), 0)
        assert len(months) == 12
        assert months[-1][1] == "1"


def test_any_two_periods_are_compared_by_branch(house: House) -> None:
    with at(shanghai(2027, 3, 9)):
        finished(house.app, house.bob, house.done)
    with at(shanghai(2027, 3, 1)):
        finished(house.app, house.bob, house.begun)
    with at(shanghai(2027, 3, 17)):
        url = "/organizer/reports?one=2027-03-15&other=2027-03-01"
        page = house.client.get(url)
        assert rows(page)[-1] == ["Dock", "0", "1", "0", "0"]
        assert "−1 against the other" in words(page)
        for odd in ("?one=2027-03-16", "?one=x&other=2001-01-01", "?one="):
            assert house.client.get(f"/organizer/reports{odd}").status_code == 200
        neighbour = f"/organizer/reports?branch={house.south}"
        assert house.client.get(neighbour).status_code == 404


def test_figures_over_time_are_taken_away_as_numbers_and_dates(house: House) -> None:
    with at(shanghai(2027, 3, 9)):
        finished(house.app, house.bob, house.done)
        seen(house.app, house.bob, house.begun, number=2)
    with at(shanghai(2027, 3, 17)):
        answer = house.client.get("/organizer/reports/export?as=xlsx")
        assert "weeks-2027-03-17.xlsx" in answer.headers["Content-Disposition"]
        lines = list(load_workbook(BytesIO(answer.data)).active.values)
        assert lines[0] == ("Week from", "Courses done", "Lessons done", "Members who learned")
        assert len(lines) == 13
        assert (lines[11][0].date(), *lines[11][1:]) == (date(2027, 3, 8), 1, 1, 1)
        by_month = house.client.get(
            f"/organizer/reports/export?by=month&as=csv&branch={house.dock}"
        )
        assert by_month.data.decode("utf-8-sig").splitlines()[-1] == '"2027-03-01",1,1,1'
        page = house.client.get("/organizer/reports?by=month").get_data(as_text=True)
        assert "/organizer/reports/export?as=csv&amp;by=month" in page


# --- members and courses --------------------------------------------------------------------------


def test_the_matrix_crosses_members_and_courses(house: House) -> None:
    page = house.client.get("/organizer/reports/matrix")
    found = {row[0].split()[0]: row[1:] for row in rows(page)}
    # done, Alpha, Beta, Gamma (which is only for South)
    assert found["Ann"] == ["1", "", "25 %", "not meant for this member"]
    assert found["Bob"] == ["0", "·", "50 %", "not meant for this member"]
    assert 'aria-label="Done"' in page.get_data(as_text=True)
    below = rows(house.client.get(f"/organizer/reports/matrix?branch={house.dock}"))
    assert [row[0] for row in below] == ["Bob Dock"]


def test_the_matrix_has_pages_of_courses(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.organisation.queries.trends.MATRIX_COLUMNS", 2)
    first = house.client.get("/organizer/reports/matrix")
    assert "Courses, page 1 of 2" in words(first)
    second = words(house.client.get("/organizer/reports/matrix?column=2"))
    assert ("Gamma" in second, "Beta" in second) == (True, False)
    assert "page 2 of 2" in words(house.client.get("/organizer/reports/matrix?column=99"))


# --- who needs help -------------------------------------------------------------------------------


def test_who_stopped_or_never_began_is_named_with_the_reason(house: House) -> None:
    assert "Nobody, as far as the figures tell" in words(
        house.client.get("/organizer/reports/help")
    )
    with later(15):
        found = {row[0]: row[1:] for row in rows(house.client.get("/organizer/reports/help"))}
    assert set(found) == {"Ann", "Bob", "Olga"}
    assert found["Bob"][2].startswith("Beta (")
    assert found["Olga"][3].startswith("member since")
    with later(15):
        answer = house.client.get("/organizer/reports/help/export?as=xlsx")
        lines = {line[0]: line[1:] for line in load_workbook(BytesIO(answer.data)).active.values}
    assert set(lines) == {"Member", "Ann", "Bob", "Olga"}
    assert lines["Bob"][2] == "Beta"
    assert lines["Olga"][3] is not None


# --- how much is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "/matrix", "/help", "/day"])
def test_a_report_asks_the_database_a_fixed_number_of_times(house: House, page: str) -> None:
    client, url = house.client, f"/organizer/reports{page}"

    def asked() -> int:
        with counted(house.app) as statements:
            assert client.get(url).status_code == 200
        return len(statements)

    few = asked()
    author = house.people.member(role="trainer")
    for _ in range(3):
        course = make_course(house.app, author)
        member = house.people.member(branch=house.people.branch(parent=house.north))
        finished(house.app, member, course)
    assert asked() == few <= 18
