"""What an organizer sees of their branches, and that neighbours see nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import unit_of_work
from app.members.models import Member
from tests.factories import csrf
from tests.learning.lessons import make_course
from tests.organisation.conftest import House
from tests.points.ledger import at, shanghai
from tests.statements import counted

MOST_STATEMENTS = {
    "/organizer": 9,
    "/organizer/completion": 18,
    "/organizer/members": 11,
    "/organizer/members/{ann}": 19,
}


def words(answer) -> str:
    """What a page says, without its tags."""
    text = answer.get_data(as_text=True).split("<main", 1)[-1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def rows(answer, table: int = -1) -> list[list[str]]:
    """The cells of a table of a page, as text."""
    found = re.findall(r"<tbody>(.*?)</tbody>", answer.get_data(as_text=True), re.DOTALL)
    if not found:
        return []
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", found[table], re.DOTALL)
    ]


# --- the desk -----------------------------------------------------------------------------


def test_the_desk_counts_each_branch_with_all_below_it(house: House) -> None:
    found = rows(house.client.get("/organizer"))
    # name, members, active, done this week, done in all, points per member
    assert [row[:6] for row in found] == [
        ["North", "3", "2 · 67 %", "1", "1", "6.7"],
        ["Dock", "1", "1 · 100 %", "0", "0", "10"],
    ]
    told = words(house.client.get("/organizer"))
    assert "South" not in told
    assert "Points this week 20" in told


def test_last_week_is_not_this_week(house: House) -> None:
    with at(clock.now() + timedelta(days=8)):
        found = rows(house.client.get("/organizer"))
    assert found[0][:6] == ["North", "3", "0 · 0 %", "0", "1", "0"]


def test_a_week_begins_on_monday_in_shanghai(house: House) -> None:
    house.ledger.earn(house.bob, when=shanghai(2027, 3, 7, 23, 59))  # Sunday
    house.ledger.earn(house.bob, when=shanghai(2027, 3, 8, 0, 0))  # Monday
    with at(shanghai(2027, 3, 10)):
        assert "Points this week 10" in words(house.client.get("/organizer"))


def test_an_administrator_sees_the_whole_tree(house: House) -> None:
    client = house.people.client(house.people.member(role="administrator"))
    names = [row[0] for row in rows(client.get("/organizer"))]
    assert names == ["Head office", "North", "Dock", "South", "Training"]


def test_disabled_members_are_not_counted(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.ann).is_active = False
    found = rows(house.client.get("/organizer"))
    assert found[0][:6] == ["North", "2", "1 · 50 %", "0", "0", "5"]
    assert "Ann" not in words(house.client.get("/organizer/completion"))


def test_who_organizes_nothing_finds_nothing(house: House) -> None:
    for url in (
        "/organizer",
        "/organizer/completion",
        "/organizer/completion/export",
        "/organizer/members",
        f"/organizer/members/{house.ann}",
    ):
        assert house.client.get(url).status_code == 200, url
        assert house.people.client(house.ann).get(url).status_code == 404, url
        assert house.people.client().get(url).status_code == 302, url


# --- completion ---------------------------------------------------------------------------


def test_the_table_shows_each_member_and_each_course_meant_for_them(house: House) -> None:
    found = rows(house.client.get("/organizer/completion"))
    today = found[1][5]
    assert [row[:5] for row in found] == [
        ["Ann", "North", "Alpha", "100 %", "Done"],
        ["Olga", "North", "Alpha", "0 %", "Not begun"],
        ["Bob", "Dock", "Alpha", "0 %", "Not begun"],
        ["Ann", "North", "Beta", "25 %", "Begun"],
        ["Olga", "North", "Beta", "0 %", "Not begun"],
        ["Bob", "Dock", "Beta", "50 %", "Begun"],
    ]
    assert today == "–"
    assert found[0][5] != "–"


def test_the_table_is_also_summed_by_course(house: House) -> None:
    page = house.client.get("/organizer/completion")
    assert rows(page, 0) == [
        ["Alpha", "3", "1 · 33 %", "0", "2"],
        ["Beta", "3", "0 · 0 %", "2", "1"],
    ]
    assert "1 of 6 done" in words(page)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?branch={dock}", ["Bob Alpha", "Bob Beta"]),
        ("?course={done}", ["Ann Alpha", "Olga Alpha", "Bob Alpha"]),
        ("?course={done}&state=done", ["Ann Alpha"]),
        ("?state=started", ["Ann Beta", "Bob Beta"]),
        ("?state=new&branch={dock}", ["Bob Alpha"]),
        ("?state=quiz", []),
        ("?course={only_south}", []),
        ("?course=99999", []),
        ("?theme=99999", []),
        ("?state=odd&course={done}", ["Ann Alpha", "Olga Alpha", "Bob Alpha"]),
    ],
)
def test_the_table_is_filtered(house: House, query: str, shown: list[str]) -> None:
    made = {
        "dock": house.dock,
        "done": house.done.id,
        "only_south": house.only_south.id,
    }
    found = rows(house.client.get("/organizer/completion" + query.format(**made)))
    assert [f"{row[0]} {row[2]}" for row in found] == shown


def test_a_neighbours_branch_is_not_there(house: House) -> None:
    south = house.people.client(house.people.member(organizes=house.south))
    for url in (
        f"/organizer/completion?branch={house.south}",
        f"/organizer/completion/export?branch={house.south}",
        f"/organizer/members?branch={house.south}",
        f"/organizer/members/{house.zoe}",
        f"/organizer/completion?branch={house.people.root}",
    ):
        assert house.client.get(url).status_code == 404, url
        if f"={house.people.root}" not in url:
            assert south.get(url).status_code == 200, url
    assert house.client.get("/organizer/completion?branch=99999").status_code == 404
    assert house.client.get("/organizer/members/99999").status_code == 404


def test_a_course_that_moved_away_keeps_the_members_who_began_it(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.zoe).branch_id = house.dock
    found = rows(house.client.get(f"/organizer/completion?course={house.only_south.id}"))
    assert [row[0] for row in found] == ["Zoe"]


def test_rows_come_in_pages_that_keep_the_filter(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisation.queries.tables.ROWS_PER_PAGE", 2)
    url = f"/organizer/completion?course={house.done.id}"
    page = house.client.get(url)
    assert [row[0] for row in rows(page)] == ["Ann", "Olga"]
    assert f'course={house.done.id}&amp;page=2"' in page.get_data(as_text=True).replace(
        f"page=2&amp;course={house.done.id}", f"course={house.done.id}&amp;page=2"
    )
    assert [row[0] for row in rows(house.client.get(f"{url}&page=2"))] == ["Bob"]


def test_a_table_that_is_too_large_is_refused_with_advice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisation.queries.tables.MOST_ROWS", 5)
    answer = house.client.get("/organizer/completion")
    assert answer.status_code == 422
    assert "Choose fewer, or take all as a file." in words(answer)
    assert 'href="/organizer/completion/export?as=csv"' in answer.text
    # A file is sent while it is read, however long it is.
    assert house.client.get("/organizer/completion/export").status_code == 200
    assert house.client.get(f"/organizer/completion?branch={house.dock}").status_code == 200


def test_an_empty_organisation_says_so(people) -> None:
    branch = people.branch()
    client = people.client(people.member(branch=branch, organizes=branch))
    assert "Nothing to show yet" in words(client.get("/organizer/completion"))
    assert client.get("/organizer").status_code == 200
    assert client.get("/organizer/members").status_code == 200


# --- members ------------------------------------------------------------------------------


def test_the_list_of_members_says_what_they_have_done(house: House) -> None:
    page = house.client.get("/organizer/members")
    found = {row[0].split()[0]: row[1:4] for row in rows(page)}
    assert found == {
        "Ann": ["North", "1", "10"],
        "Bob": ["Dock", "0", "10"],
        "Olga": ["North", "0", "0"],
    }
    assert [row[0].split()[0] for row in rows(house.client.get("/organizer/members?q=an"))] == [
        "Ann"
    ]
    below = house.client.get(f"/organizer/members?branch={house.dock}")
    assert [row[0].split()[0] for row in rows(below)] == ["Bob"]
    assert "Nobody found" in words(house.client.get("/organizer/members?q=zoe"))


def test_a_member_shows_courses_and_every_entry(house: House) -> None:
    page = house.client.get(f"/organizer/members/{house.ann}")
    assert [row[0] for row in rows(page, 0)] == ["Alpha", "Beta"]
    assert rows(page, 1)[0][1] == "Finished a lesson: Alpha 1"
    told = words(page)
    assert "Courses done 1 of 2" in told
    assert "All points 10" in told


# --- corrections --------------------------------------------------------------------------


def correction(house: House, member: int, **data: str):
    entry = house.ledger.entries(member)[0].id
    client = house.client
    return client.post(
        f"/organizer/members/{member}/entries/{entry}", data=data, headers=csrf(client)
    )


def test_an_organizer_corrects_points_with_a_reason(house: House) -> None:
    answer = correction(house, house.ann, amount="-10", reason="The lesson was wrong")
    assert answer.status_code == 302
    assert house.ledger.amounts(house.ann) == [10, -10]
    told = words(house.people.client(house.ann).get("/points"))
    assert "The lesson was wrong · Olga" in told
    notice = words(house.people.client(house.ann).get("/notices"))
    assert "Your points were corrected: -10" in notice
    assert "The lesson was wrong" in notice
    again = correction(house, house.ann, amount="-1", reason="again")
    assert again.status_code == 409
    assert house.ledger.amounts(house.ann) == [10, -10]


def test_what_gave_no_points_is_taken_back_with_none(house: House) -> None:
    while house.ledger.earn(house.ann):
        pass
    entry = house.ledger.entries(house.ann)[-1]
    assert entry.amount == 0
    url, client = f"/organizer/members/{house.ann}/entries/{entry.id}", house.client
    page = client.get(url).get_data(as_text=True)
    assert 'value="0"' in page
    assert "with 0 it counts for no streak" in page
    more = client.post(url, data={"amount": "-1", "reason": "x"}, headers=csrf(client))
    assert more.status_code == 422
    done = client.post(url, data={"amount": "0", "reason": "Not seen"}, headers=csrf(client))
    assert done.status_code == 302
    assert house.ledger.entries(house.ann)[-1].corrects_seq == entry.seq
    ann = house.people.client(house.ann)
    assert "taken back wholly" in words(ann.get("/points"))
    assert "An entry of yours that gave no points was taken back" in words(ann.get("/notices"))
    assert (
        client.post(url, data={"amount": "0", "reason": "x"}, headers=csrf(client)).status_code
        == 409
    )


@pytest.mark.parametrize(
    "amount", ["", "0", "1.5", "NaN", "inf", "ten", "9223372036854775808", "-11", "10001", "1e3"]
)
def test_odd_amounts_are_refused_beside_the_field(house: House, amount: str) -> None:
    answer = correction(house, house.ann, amount=amount, reason="a reason")
    assert answer.status_code == 422
    assert 'id="amount-error"' in answer.get_data(as_text=True)
    assert house.ledger.amounts(house.ann) == [10]
    assert correction(house, house.ann, amount="-9", reason="a reason").status_code == 302


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_correction_needs_a_reason_of_some_words(house: House, reason: str) -> None:
    answer = correction(house, house.ann, amount="-1", reason=reason)
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.get_data(as_text=True)
    assert house.ledger.amounts(house.ann) == [10]


def test_nobody_corrects_neighbours_or_themselves(house: House) -> None:
    assert correction(house, house.zoe, amount="-1", reason="x").status_code == 404
    house.ledger.earn(house.organizer)
    assert correction(house, house.organizer, amount="5", reason="x").status_code == 403
    assert house.ledger.amounts(house.organizer) == [10]
    foreign = house.ledger.entries(house.zoe)[0].id
    client = house.client
    answer = client.post(
        f"/organizer/members/{house.ann}/entries/{foreign}",
        data={"amount": "-1", "reason": "x"},
        headers=csrf(client),
    )
    assert answer.status_code == 404
    assert house.ledger.amounts(house.zoe) == [10]
    assert correction(house, house.bob, amount="-1", reason="x").status_code == 302


def test_the_form_says_what_is_corrected_and_when_nothing_can_be(house: House) -> None:
    entry = house.ledger.entries(house.ann)[0].id
    url = f"/organizer/members/{house.ann}/entries/{entry}"
    page = house.client.get(url).get_data(as_text=True)
    assert 'value="-10"' in page
    assert "Alpha 1" in page
    correction(house, house.ann, amount="-10", reason="why")
    assert "has been corrected already" in words(house.client.get(url))


# --- how much is asked --------------------------------------------------------------------


@pytest.mark.parametrize("page", list(MOST_STATEMENTS))
def test_a_page_asks_the_database_a_fixed_number_of_times(house: House, page: str) -> None:
    client = house.client
    url = page.format(ann=house.ann)

    def asked() -> int:
        with counted(house.app) as statements:
            assert client.get(url).status_code == 200
        return len(statements)

    few = asked()
    for _ in range(5):
        branch = house.people.branch(parent=house.north)
        house.ledger.earn(house.people.member(branch=branch))
        house.ledger.earn(house.ann)
        make_course(house.app, house.zoe)
    assert asked() == few <= MOST_STATEMENTS[page]


# --- the tabs of the desk, and what can be printed ------------------------------------------


@pytest.mark.parametrize(
    ("url", "here", "is_printed"),
    [
        ("/organizer", "Branches", False),
        ("/organizer/completion", "Completion", True),
        ("/organizer/assignments", "Assignments", False),
        ("/organizer/overdue", "Assignments", False),  # nobody is
        ("/organizer/members", "Members", False),
        ("/organizer/reports", "Reports", True),
        ("/organizer/reports/matrix", "Reports", True),
        ("/organizer/reports/help", "Reports", False),  # nobody does yet
        ("/organizer/reports/day", "Reports", True),
        ("/organizer/certificates", "Certificates", False),
        ("/desk/discussions", "Reported posts", False),
    ],
)
def test_every_page_of_the_desk_has_its_tabs(
    house: House, url: str, here: str, *, is_printed: bool
) -> None:
    page = house.client.get(url).get_data(as_text=True)
    tabs = page.split('class="tabs" aria-label="Organizer’s desk"')[1].split("</nav>")[0]
    names = re.findall(r"<a [^>]*>([^<]+)</a>", tabs)
    assert [name.strip() for name in names] == [
        *("Branches", "Completion", "Assignments", "Members", "Reports", "Certificates"),
        "Reported posts",
    ]
    current = re.search(r'aria-current="page">([^<]+)<', tabs)
    assert current is not None
    assert current[1].strip() == here
    assert ("data-print" in page) is is_printed


def test_a_trainer_who_organizes_nothing_sees_no_tabs_of_the_desk(house: House) -> None:
    trainer = house.people.member(role="trainer")
    page = house.people.client(trainer).get("/desk/discussions").get_data(as_text=True)
    assert "Reported posts" in page
    assert 'class="tabs" aria-label="Organizer’s desk"' not in page
