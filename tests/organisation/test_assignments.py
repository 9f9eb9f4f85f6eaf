"""What organizers ask of their branches, who is behind, and what members see of it."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.core.db import unit_of_work
from app.courses.models import Course
from app.learning import rules, service
from app.learning.models import Assignment
from app.members.models import Member
from tests.factories import csrf
from tests.home.progress import finished
from tests.learning.lessons import make_course
from tests.organisation.conftest import House
from tests.organisation.test_desk import rows, words
from tests.points.ledger import at, shanghai
from tests.statements import counted

TODAY = date(2027, 3, 10)


@pytest.fixture(autouse=True)
def today():
    with at(shanghai(2027, 3, 10)):
        yield


def assign(house: House, client=None, **data: object):
    """Olga asks North for the course Beta until the end of the month."""
    client = client or house.client
    form = {
        "what": f"course:{house.begun.id}",
        "branch": house.north,
        "due_on": "2027-03-31",
        "note": "For the audit",
        **data,
    }
    return client.post("/organizer/assignments/new", data=form, headers=csrf(client))


def made(house: House, **data: object) -> str:
    answer = assign(house, **data)
    assert answer.status_code == 302, words(answer)
    return answer.headers["Location"]


def home(house: House, member: int) -> str:
    return words(house.people.client(member).get("/"))


def to_do(house: House, member: int) -> str:
    text = home(house, member)
    return text.split("To do", 1)[1].split("Continue")[0] if "To do" in text else ""


# --- asking ---------------------------------------------------------------------------------------


def test_members_of_the_branch_and_below_see_it_first_with_its_day(house: House) -> None:
    made(house)
    for member in (house.ann, house.bob, house.organizer):
        assert "Beta until Mar 31, 2027 For the audit" in to_do(house, member)
    assert to_do(house, house.zoe) == ""
    page = house.people.client(house.ann).get("/").get_data(as_text=True)
    assert page.index("to-do-title") < page.index("continue-title")


@pytest.mark.parametrize(
    ("days", "said"),
    [(8, ""), (7, "7 days left"), (3, "3 days left"), (1, "1 day left"), (0, "Last day today")],
)
def test_reminders_begin_seven_days_before(house: House, days: int, said: str) -> None:
    made(house, due_on=(TODAY + timedelta(days=days)).isoformat())
    text = to_do(house, house.bob)
    assert said in text
    assert ("left" in text or "today" in text) is bool(said)


def test_what_is_done_is_no_longer_to_do(house: House) -> None:
    url = made(house)
    finished(house.app, house.bob, house.begun)
    assert to_do(house, house.bob) == ""
    found = {row[0]: row[2:4] for row in rows(house.client.get(url))}
    assert found["Bob"] == ["Done", "1 / 1"]
    assert found["Ann"] == ["until Mar 31, 2027", "0 / 1"]


def test_a_theme_asks_for_each_course_that_is_meant_for_a_member(house: House) -> None:
    author = house.people.member(role="trainer")
    more = [
        make_course(house.app, author, title="Delta"),
        make_course(house.app, author, title="Only South", branch=house.south),
        make_course(house.app, author, title="Draft", state="draft"),
    ]
    with house.app.app_context(), unit_of_work() as session:
        theme = session.get_one(Course, house.begun.id).theme_id
        for one in more:
            session.get_one(Course, one.id).theme_id = theme
    url = made(house, what=f"theme:{theme}")
    assert {row[3] for row in rows(house.client.get(url))} == {"0 / 2"}
    finished(house.app, house.ann, house.begun)
    assert "1 of 2 courses done; next: Delta" in to_do(house, house.ann)


@pytest.mark.parametrize(
    "wrong",
    [
        {"due_on": "2027-03-09"},
        {"due_on": "2031-01-01"},
        {"due_on": "soon"},
        {"due_on": ""},
        {"what": "course:99999"},
        {"what": "lesson:1"},
        {"what": ""},
        {"note": "x" * 301},
    ],
    ids=str,
)
def test_an_odd_assignment_is_refused_and_a_good_one_after_it_stands(
    house: House, wrong: dict
) -> None:
    assert assign(house, **wrong).status_code == 422
    assert to_do(house, house.ann) == ""
    made(house)
    assert "Beta" in to_do(house, house.ann)


def test_nobody_assigns_to_a_neighbour_or_to_those_above(house: House) -> None:
    for branch in (house.south, house.people.root, 99999):
        assert assign(house, branch=branch).status_code == 422
    assert made(house, branch=house.dock)
    assert to_do(house, house.ann) == ""
    assert "Beta" in to_do(house, house.bob)


def test_the_same_thing_asked_again_only_moves_the_day(house: House) -> None:
    assert made(house) == made(house, due_on="2027-04-30")
    with house.app.app_context(), unit_of_work() as session:
        assert session.query(Assignment).count() == 1
    assert "Apr 30, 2027" in to_do(house, house.ann)


def test_who_comes_later_is_asked_but_not_after_the_last_day(house: House) -> None:
    made(house)
    with at(shanghai(2027, 3, 20)):
        new = house.people.member("Nina", branch=house.north)
        assert "Beta" in to_do(house, new)
    with at(shanghai(2027, 4, 2)):
        late = house.people.member("Lena", branch=house.north)
        assert to_do(house, late) == ""
        assert "2 days overdue" in to_do(house, new)


def test_a_withdrawn_course_or_assignment_is_asked_of_nobody(house: House) -> None:
    url = made(house)
    client = house.client
    assert client.post(f"{url}/withdraw", headers=csrf(client)).status_code == 302
    assert to_do(house, house.ann) == ""
    assert house.client.get(url).status_code == 404


# --- from above -----------------------------------------------------------------------------------


def test_what_is_asked_from_above_is_seen_with_own_members_and_not_changed(house: House) -> None:
    boss = house.people.client(house.people.member(role="administrator"))
    url = assign(house, boss, branch=house.people.root).headers["Location"]
    page = house.client.get(url)
    assert {row[0] for row in rows(page)} == {"Ann", "Bob", "Olga"}
    assert "A branch above yours asks for this" in words(page)
    client = house.client
    head = csrf(client)
    assert client.post(f"{url}/withdraw", headers=head).status_code == 404
    data = {"due_on": "2027-05-01", "note": ""}
    assert client.post(url, data=data, headers=head).status_code == 404
    assert boss.post(url, data=data, headers=csrf(boss)).status_code == 302
    south = house.people.client(house.people.member(organizes=house.south))
    assert {row[0] for row in rows(south.get(url))} == {"Zoe"}


def test_a_neighbours_assignment_is_not_there(house: House) -> None:
    url = made(house)
    south = house.people.client(house.people.member(organizes=house.south))
    head = csrf(south)
    assert south.get(url).status_code == 404
    assert south.get(f"{url}/export").status_code == 404
    assert south.get(f"{url}/members/{house.ann}").status_code == 404
    data = {"kind": "exempt", "reason": "x"}
    assert south.post(f"{url}/members/{house.ann}", data=data, headers=head).status_code == 404
    assert south.post(f"{url}/withdraw", headers=head).status_code == 404
    assert house.people.client(house.ann).get(url).status_code == 404
    assert house.client.get(url).status_code == 200


# --- exceptions -----------------------------------------------------------------------------------


def relieve(house: House, url: str, member: int, **data: str):
    client = house.client
    return client.post(f"{url}/members/{member}", data=data, headers=csrf(client))


def test_an_exempt_member_has_nothing_to_do_and_the_reason_is_kept(house: House) -> None:
    url = made(house)
    assert relieve(house, url, house.ann, kind="exempt", reason="On leave").status_code == 302
    assert to_do(house, house.ann) == ""
    found = {row[0]: row for row in rows(house.client.get(url))}
    assert (found["Ann"][2], found["Ann"][5]) == ("Exempt", "On leave")
    client = house.client
    again = client.post(f"{url}/members/{house.ann}/restore", headers=csrf(client))
    assert again.status_code == 302
    assert "Beta" in to_do(house, house.ann)


def test_another_day_is_the_members_own(house: House) -> None:
    url = made(house)
    done = relieve(house, url, house.ann, kind="later", due_on="2027-04-15", reason="Travelling")
    assert done.status_code == 302
    assert "until Apr 15, 2027 · your own day: Travelling" in to_do(house, house.ann)
    assert "until Mar 31, 2027" in to_do(house, house.bob)
    with at(shanghai(2027, 4, 5)):
        assert "5 days overdue" in to_do(house, house.bob)
        assert "until Apr 15" in to_do(house, house.ann)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "exempt", "reason": ""},
        {"kind": "exempt", "reason": "   "},
        {"kind": "later", "reason": "x", "due_on": ""},
        {"kind": "later", "reason": "x", "due_on": "2027-03-01"},
        {"kind": "odd", "reason": "x"},
    ],
    ids=str,
)
def test_an_exception_needs_a_reason_and_a_day(house: House, data: dict) -> None:
    url = made(house)
    assert relieve(house, url, house.ann, **data).status_code == 422
    assert "until Mar 31" in to_do(house, house.ann)
    assert relieve(house, url, house.ann, kind="exempt", reason="x").status_code == 302


def test_all_who_are_overdue_get_another_day_at_once(house: House) -> None:
    url = made(house)
    finished(house.app, house.bob, house.begun)
    with at(shanghai(2027, 4, 2)):
        assert "2 days overdue" in to_do(house, house.ann)
        client = house.client
        data = {"kind": "later", "due_on": "2027-04-20", "reason": "Second round"}
        assert client.post(f"{url}/make-up", data=data, headers=csrf(client)).status_code == 302
        assert "your own day: Second round" in to_do(house, house.ann)
        assert client.get(f"{url}/make-up").status_code == 404  # nobody is overdue now
        finished(house.app, house.ann, house.begun)
        found = {row[0]: row[2] for row in rows(client.get(url))}
        assert found == {"Ann": "Done", "Bob": "Done", "Olga": "18 days left"} or found["Ann"] in {
            "Done",
            "Done late",
        }


# --- who is behind --------------------------------------------------------------------------------


def test_one_assignment_is_taken_away_as_it_is_filtered(house: House) -> None:
    url = made(house)
    finished(house.app, house.ann, house.begun)

    def lines(state: str) -> list[list[str]]:
        answer = house.client.get(f"{url}/export?as=csv&state={state}")
        return [line.split(",")[:5] for line in answer.get_data(as_text=True).splitlines()[1:]]

    assert ['"Ann"', '"North"', '"Done"', "1", "1"] in lines("")
    assert [line[0] for line in lines("done")] == ['"Ann"']


def test_the_overdue_are_listed_and_exported_with_types(house: House) -> None:
    made(house)
    assert "Nobody is overdue" in words(house.client.get("/organizer/overdue"))
    with at(shanghai(2027, 4, 2)):
        found = rows(house.client.get("/organizer/overdue"))
        assert [row[:4] for row in found] == [
            ["Ann", "North", "Beta", "2 days overdue"],
            ["Olga", "North", "Beta", "2 days overdue"],
            ["Bob", "Dock", "Beta", "2 days overdue"],
        ]
        below = house.client.get(f"/organizer/overdue?branch={house.dock}")
        assert [row[0] for row in rows(below)] == ["Bob"]
        assert house.client.get(f"/organizer/overdue?branch={house.south}").status_code == 404
        file = house.client.get("/organizer/overdue/export").get_data()
    sheet = load_workbook(BytesIO(file)).active
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert lines[0][:3] == ["Ann", "North", "Beta"]
    assert lines[0][3].date() == date(2027, 3, 31)
    assert lines[0][4:7] == [2, 0, 1]


def test_disabled_members_are_not_asked(house: House) -> None:
    url = made(house)
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.ann).is_active = False
    assert "Ann" not in {row[0] for row in rows(house.client.get(url))}


@pytest.mark.parametrize("page", ["/organizer/assignments", "/organizer/overdue", "{url}", "/"])
def test_a_page_asks_the_database_the_same_for_few_and_for_many(house: House, page: str) -> None:
    address = page.format(url=made(house))
    client = house.client

    def asked() -> int:
        with counted(house.app) as statements:
            assert client.get(address).status_code == 200
        return len(statements)

    few = asked()
    for _ in range(4):
        made(house, branch=house.people.branch(parent=house.north))
        house.people.member(branch=house.dock)
    assert asked() == few


# --- what comes before ----------------------------------------------------------------------------


def test_a_course_that_builds_on_another_waits_for_it(house: House) -> None:
    with house.app.app_context(), unit_of_work():
        service.set_needs(house.begun.id, [house.done.id])
    new = house.people.member(branch=house.north)
    client = house.people.client(new)
    lesson = f"/courses/{house.begun.slug}/lessons/{house.begun.lesson}"
    assert client.get(lesson).headers["Location"] == f"/courses/{house.begun.slug}"
    page = words(client.get(f"/courses/{house.begun.slug}"))
    assert "First finish: Alpha" in page
    wish = {"course": house.begun.slug, "lesson": house.begun.lesson}
    head = {**csrf(client), "Accept": "application/json"}
    answer = client.post("/learning/visits", json=wish, headers=head)
    assert answer.status_code == 403
    assert answer.get_json()["reason"] == "NeedsOthers"
    quiz = f"/courses/{house.begun.slug}/quiz/start"
    assert client.post(quiz, headers=csrf(client)).status_code == 403
    finished(house.app, new, house.done)
    assert client.post(quiz, headers=csrf(client)).status_code == 422  # no quiz here
    assert client.get(lesson).status_code == 200
    assert client.post("/learning/visits", json=wish, headers=head).status_code == 201


def test_who_began_before_a_course_built_on_another_goes_on(house: House) -> None:
    client = house.people.client(house.people.member(branch=house.north))
    wish = {"course": house.begun.slug, "lesson": house.begun.lesson}
    head = {**csrf(client), "Accept": "application/json"}
    assert client.post("/learning/visits", json=wish, headers=head).status_code == 201
    with house.app.app_context(), unit_of_work():
        service.set_needs(house.begun.id, [house.done.id])
    assert client.post("/learning/visits", json=wish, headers=head).status_code == 201


def test_courses_cannot_wait_for_each_other(house: House) -> None:
    with house.app.app_context(), unit_of_work():
        service.set_needs(house.begun.id, [house.done.id])
        service.set_needs(house.only_south.id, [house.begun.id])
    for course, needed in (
        (house.done, house.begun),
        (house.done, house.only_south),
        (house.done, house.done),
    ):
        with (
            pytest.raises(rules.NotBefore),
            house.app.app_context(),
            unit_of_work(),
        ):
            service.set_needs(course.id, [needed.id])
