"""My own page: who I am, how I want to read, and where staff find their desks."""

from __future__ import annotations

import pytest

from tests.factories import People, csrf


def page_of(people: People, member_id: int) -> str:
    return people.client(member_id).get("/me").get_data(as_text=True)


def test_the_page_says_who_i_am(people: People) -> None:
    branch = people.branch("一支部")
    page = page_of(people, people.member("张三", branch=branch, phone="+8613800138000"))
    for word in ("张三", "Head office › 一支部", "138 0013 8000", "/points", "Sign out"):
        assert word in page


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ({}, set()),
        ({"role": "trainer"}, {"/desk"}),
        ({"organizes": True}, {"/organizer", "/admin/members"}),
        ({"role": "administrator"}, {"/desk", "/organizer", "/admin/members"}),
    ],
)
def test_staff_find_their_desks_and_others_do_not(
    people: People, who: dict, shown: set[str]
) -> None:
    if who.get("organizes"):
        who = {"organizes": people.branch()}
    page = page_of(people, people.member(**who))
    main = page[page.index("<main") : page.index("</main>")]
    links = {"/desk", "/organizer", "/admin/members"}
    assert {link for link in links if f'href="{link}"' in main} == shown


def test_settings_are_kept(people: People) -> None:
    client = people.client(people.member())
    form = {"language": "zh_Hans", "appearance": "dark", "reading": "large"}
    answer = client.post("/me/settings", data=form, headers=csrf(client))
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert '<html lang="zh-Hans" data-bs-theme="dark"' in page
    assert 'data-type="large"' in page
    back = {"language": "auto", "appearance": "auto", "reading": "normal"}
    assert client.post("/me/settings", data=back, headers=csrf(client)).status_code == 303
    page = client.get("/me", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="en"' in page
    assert 'data-type="large"' not in page


@pytest.mark.parametrize(
    "form",
    [
        {"language": "fr", "appearance": "auto", "reading": "normal"},
        {"language": "en", "appearance": "purple", "reading": "normal"},
        {"language": "en", "appearance": "auto", "reading": "tiny"},
        {"language": "", "appearance": "auto", "reading": "normal"},
        {},
    ],
)
def test_a_wrong_setting_is_refused(people: People, form: dict[str, str]) -> None:
    client = people.client(people.member())
    assert client.post("/me/settings", data=form, headers=csrf(client)).status_code == 422


def test_settings_change_nothing_else(people: People) -> None:
    """No field of the table can be set that the page does not show."""
    member = people.member("Anna")
    client = people.client(member)
    form = {
        "language": "en",
        "appearance": "auto",
        "reading": "normal",
        "role": "administrator",
        "name": "Root",
        "branch_id": "99",
        "is_active": "",
        "points": "999",
        "password_hash": "x",
    }
    assert client.post("/me/settings", data=form, headers=csrf(client)).status_code == 303
    reader = people.reader(member)
    assert (reader.name, reader.branch_id) == ("Anna", people.root)
    assert not reader.is_administrator
