"""Looking after members: who sees whom, who may change whom, and the last administrator."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.core.db import db, reading, unit_of_work
from app.members import queries
from app.members.models import ActivationCode, Member, RoleGrant
from tests.factories import People, csrf
from tests.members.conftest import is_in, rename


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def post(client: FlaskClient, path: str, **form: object) -> TestResponse:
    return client.post(path, data=form, headers=csrf(client))


def wish(people: People, **changes: object) -> dict[str, object]:
    return {
        "name": "张三",
        "username": "zhangsan",
        "branch_id": people.root,
        "phone": "138 0013 8000",
        "email": "Zhang@Example.org",
        **changes,
    }


def roles_of(people: People, member_id: int) -> list[str]:
    with people.app.app_context(), unit_of_work() as session:
        rows = session.query(RoleGrant).filter_by(member_id=member_id).order_by(RoleGrant.id)
        return [row.role for row in rows]


def member_called(people: People, username: str) -> Member | None:
    with people.app.app_context(), unit_of_work() as session:
        return session.query(Member).filter_by(username=username).one_or_none()


@pytest.fixture
def admin(people: People) -> FlaskClient:
    return people.client(people.member("Admin", role="administrator"))


@pytest.fixture
def branch(people: People) -> int:
    return people.branch("一支部")


@pytest.fixture
def organizer(people: People, branch: int) -> FlaskClient:
    return people.client(people.member("Organizer", branch=branch, organizes=branch))


# --- the list -------------------------------------------------------------------------------------


def test_administrators_see_everybody_and_organizers_their_subtree(
    people: People, admin: FlaskClient, organizer: FlaskClient, branch: int
) -> None:
    people.member("Below", branch=people.branch(parent=branch))
    people.member("Elsewhere", branch=people.branch())
    assert {"Below", "Elsewhere"} <= set(names_on(admin.get("/admin/members")))
    assert names_on(organizer.get("/admin/members")) == ["Below", "Organizer"]


def names_on(answer: TestResponse) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', text(answer))


def test_members_are_found_by_every_name(people: People, admin: FlaskClient) -> None:
    rename(people.app, people.member("Anna Müller", email="am@example.org"), "anna_m")
    people.member("张三丰", phone="+8613800138000")
    people.member("100% Boris")
    for needle, found in {
        "anna": "Anna Müller",
        "ＡＮＮＡ_M": "Anna Müller",
        "müller": "Anna Müller",
        "am@example": "Anna Müller",
        "三丰": "张三丰",
        "138 0013 8000": "张三丰",
        "100%": "100% Boris",
    }.items():
        assert names_on(admin.get("/admin/members", query_string={"q": needle})) == [found]
    for needle in ("%", "_", "' or 1=1 --", "\\", "x" * 5000):
        found = names_on(admin.get("/admin/members", query_string={"q": needle}))
        assert len(found) <= 1, needle


def test_the_list_has_filters_and_pages(people: People, admin: FlaskClient, branch: int) -> None:
    for number in range(52):
        people.member(f"M{number:02}", branch=branch)
    people.member("Gone", branch=branch, active=False)
    first = admin.get("/admin/members", query_string={"branch": branch})
    assert len(names_on(first)) == 50
    assert f"branch={branch}" in text(first)
    second = admin.get("/admin/members", query_string={"branch": branch, "page": 2})
    assert len(names_on(second)) == 3
    assert names_on(admin.get("/admin/members?state=disabled")) == ["Gone"]
    assert names_on(admin.get("/admin/members?state=administrator")) == ["Admin"]
    for odd in ("page=-5", "page=x", "page=99999999999", "branch=x", "branch=99", "state=<x>"):
        assert admin.get(f"/admin/members?{odd}").status_code == 200


def test_an_organizer_cannot_filter_into_other_branches(
    people: People, organizer: FlaskClient
) -> None:
    elsewhere = people.branch()
    people.member("Elsewhere", branch=elsewhere)
    assert names_on(organizer.get(f"/admin/members?branch={elsewhere}")) == []
    assert names_on(organizer.get(f"/admin/members?branch={people.root}")) == ["Organizer"]


# --- adding and editing ---------------------------------------------------------------------------


def test_a_new_member_gets_a_slip_with_a_code_that_is_shown_once(
    people: People, admin: FlaskClient
) -> None:
    answer = post(admin, "/admin/members/new", **wish(people))
    assert answer.status_code == 200
    page = text(answer)
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page)[0]
    assert 'src="data:image/svg+xml' in page
    added = member_called(people, "zhangsan")
    assert (added.name, added.email, added.phone) == (
        *("张三", "zhang@example.org"),
        "+8613800138000",
    )
    assert code not in text(admin.get(f"/admin/members/{added.id}"))
    new = "four quiet words 四个词"
    client = people.client()
    chosen = {"language": "en", "reading": "normal"}
    form = {"code": code, "password": new, "repeat": new, **chosen}
    assert client.post("/activate", data=form, headers=csrf(client)).status_code == 303
    assert is_in(client)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": "ANNA"}, "Another member has the user name"),
        ({"username": "13900139000"}, "Another member has the user name"),
        ({"email": "ANNA@example.org"}, "Another member has the e-mail"),
        ({"phone": "+86 139 0013 9000"}, "Another member has the phone"),
        ({"phone": "13700137000"}, "Another member has the phone"),
        ({"username": "a b"}, "letters or digits"),
        ({"phone": "12"}, "is no phone number"),
        ({"email": "no"}, "is no e-mail"),
        ({"name": "\u200b"}, "A name has"),
        ({"branch_id": "999"}, 'id="branch_id-error"'),
        ({"branch_id": "x"}, 'id="branch_id-error"'),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    people: People, admin: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    anna = people.member("Anna", email="anna@example.org", phone="+8613900139000")
    rename(people.app, anna, "anna")
    rename(people.app, people.member(), "13700137000")
    answer = post(admin, "/admin/members/new", **wish(people, **changes))
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert member_called(people, "zhangsan") is None


def test_a_member_is_edited(people: People, admin: FlaskClient, branch: int) -> None:
    anna = people.member("Anna")
    path = f"/admin/members/{anna}"
    assert post(admin, path, **wish(people, branch_id=branch)).status_code == 303
    page = text(admin.get(path))
    for value in ("张三", "zhangsan", "+8613800138000", "zhang@example.org"):
        assert f'value="{value}"' in page
    assert people.reader(anna).branch_id == branch
    # The same again is no conflict with oneself; empty fields are emptied.
    assert post(admin, path, **wish(people, phone="", email="")).status_code == 303
    assert member_called(people, "zhangsan").phone is None


def test_an_organizer_changes_only_plain_members_of_the_own_subtree(
    people: People, organizer: FlaskClient, branch: int
) -> None:
    own = people.member("Own", branch=branch)
    trainer = people.member("Trainer", branch=branch, role="trainer")
    stranger = people.member("Stranger", branch=people.branch())
    form = wish(people, branch_id=branch)
    assert post(organizer, f"/admin/members/{own}", **form).status_code == 303
    for what in ("", "/disable", "/enable", "/code"):
        assert post(organizer, f"/admin/members/{stranger}{what}", **form).status_code == 404
        found = post(organizer, f"/admin/members/{trainer}{what}", **form).status_code
        assert found == (422 if what == "" else 403)
        assert "Trainer" in text(organizer.get(f"/admin/members/{trainer}"))
    assert organizer.get(f"/admin/members/{stranger}").status_code == 404
    assert people.reader(stranger).name == "Stranger"
    with people.app.app_context(), unit_of_work() as session:
        assert session.query(ActivationCode).count() == 0


def test_an_organizer_moves_nobody_out_of_the_own_subtree(
    people: People, organizer: FlaskClient, branch: int
) -> None:
    own = people.member("Own", branch=branch)
    form = wish(people, branch_id=people.root)
    assert post(organizer, f"/admin/members/{own}", **form).status_code == 422
    assert post(organizer, "/admin/members/new", **form).status_code == 422
    form["branch_id"] = branch
    assert post(organizer, f"/admin/members/{own}", **form).status_code == 303
    assert people.reader(own).branch_id == branch


# --- disabling ------------------------------------------------------------------------------------


def test_a_disabled_member_is_out_everywhere_and_stays_out_until_enabled(
    people: People, admin: FlaskClient
) -> None:
    anna = people.member("Anna")
    client = people.client(anna)
    assert post(admin, f"/admin/members/{anna}/disable").status_code == 303
    assert not is_in(client)
    assert post(admin, f"/admin/members/{anna}/enable").status_code == 303
    assert not is_in(client)  # old sign-ins do not come back
    assert is_in(people.client(anna))


# --- roles ----------------------------------------------------------------------------------------


def test_roles_are_given_and_taken_away_and_the_member_signs_in_again(
    people: People, admin: FlaskClient, branch: int
) -> None:
    anna = people.member("Anna")
    client = people.client(anna)
    path = f"/admin/members/{anna}/roles"
    assert post(admin, path, role="trainer").status_code == 303
    assert not is_in(client)
    assert post(admin, path, role="organizer", branch_id=branch).status_code == 303
    assert roles_of(people, anna) == ["trainer", "organizer"]
    client = people.client(anna)
    with people.app.app_context(), unit_of_work() as session:
        grant = session.query(RoleGrant).filter_by(member_id=anna, role="trainer").one().id
    assert post(admin, f"{path}/{grant}/revoke").status_code == 303
    assert not is_in(client)
    assert roles_of(people, anna) == ["organizer"]


@pytest.mark.parametrize("form", [{"role": "king"}, {}, {"role": "organizer", "branch_id": "99"}])
def test_no_other_roles_are_given(people: People, admin: FlaskClient, form: dict) -> None:
    anna = people.member("Anna")
    assert post(admin, f"/admin/members/{anna}/roles", **form).status_code == 303
    assert roles_of(people, anna) == []


def test_a_role_is_held_once(people: People, admin: FlaskClient) -> None:
    anna = people.member("Anna", role="trainer")
    assert post(admin, f"/admin/members/{anna}/roles", role="trainer").status_code == 422
    assert roles_of(people, anna) == ["trainer"]


def test_a_grant_is_revoked_only_under_its_own_member(people: People, admin: FlaskClient) -> None:
    anna, boris = people.member(role="trainer"), people.member()
    with people.app.app_context(), unit_of_work() as session:
        grant = session.query(RoleGrant).filter_by(member_id=anna).one().id
    assert post(admin, f"/admin/members/{boris}/roles/{grant}/revoke").status_code == 404
    assert roles_of(people, anna) == ["trainer"]


def test_the_last_administrator_stays(people: People, admin: FlaskClient) -> None:
    with people.app.app_context(), unit_of_work() as session:
        row = session.query(RoleGrant).one()
        grant, own = row.id, row.member_id
    people.member("Disabled", role="administrator", active=False)
    revoke = f"/admin/members/{own}/roles/{grant}/revoke"
    answer = post(admin, revoke)
    assert answer.status_code == 422
    assert "last administrator" in text(answer)
    assert roles_of(people, own) == ["administrator"]
    people.member("Second", role="administrator")
    assert post(admin, revoke).status_code == 303
    assert roles_of(people, own) == []


def test_nobody_disables_the_own_account(people: People, admin: FlaskClient) -> None:
    with people.app.app_context(), unit_of_work() as session:
        own = session.query(RoleGrant).one().member_id
    second = people.member("Second", role="administrator")
    assert "/disable" not in text(admin.get(f"/admin/members/{own}"))
    assert "/disable" in text(admin.get(f"/admin/members/{second}"))
    answer = post(admin, f"/admin/members/{own}/disable")
    assert answer.status_code == 422
    assert "You cannot disable your own account." in text(answer)
    assert admin.get("/admin/members").status_code == 200  # still signed in
    assert post(admin, f"/admin/members/{second}/disable").status_code == 303


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "@SUM", " +1", "\u200b=1", "－1"])
def test_a_name_like_a_formula_is_refused_on_the_page_as_in_a_file(
    people: People, admin: FlaskClient, name: str
) -> None:
    answer = post(admin, "/admin/members/new", **{**wish(people), "name": name})
    assert answer.status_code == 422
    assert 'id="name-error"' in text(answer)
    assert "look like a formula" in text(answer)
    file = {
        "file": (
            BytesIO(
                f'username,name,branch\nzhang,"{name.replace(chr(34), chr(34) * 2)}",x\n'.encode()
            ),
            "m.csv",
        )
    }
    shown = admin.post("/admin/members/import", data=file, headers=csrf(admin))
    assert shown.status_code == 422
    assert "look like a formula" in text(shown)
    assert post(admin, "/admin/branches", name=name, parent_id=people.root).status_code == 422
    assert (
        post(admin, "/admin/members/new", **{**wish(people), "name": "Anna =x"}).status_code == 200
    )


def test_an_organizer_gives_no_roles(people: People, organizer: FlaskClient, branch: int) -> None:
    own = people.member(branch=branch)
    assert post(organizer, f"/admin/members/{own}/roles", role="trainer").status_code == 404
    extra = wish(people, branch_id=branch, role="administrator", roles="administrator")
    assert post(organizer, f"/admin/members/{own}", **extra).status_code == 303
    assert roles_of(people, own) == []


# --- sheets of codes ------------------------------------------------------------------------------


def test_a_sheet_holds_a_code_for_each_who_waits(
    people: People, organizer: FlaskClient, branch: int
) -> None:
    people.member("Waiting One", branch=branch)
    people.member("Waiting Two", branch=people.branch(parent=branch))
    people.member("Active", branch=branch, password_hash="x")
    people.member("Trainer", branch=branch, role="trainer")
    people.member("Elsewhere", branch=people.branch())
    page = text(post(organizer, "/admin/members/codes", branch=""))
    assert page.count('class="slip"') == 2
    assert {"Waiting One", "Waiting Two"} <= set(re.findall(r"<strong>([^<]*)</strong>", page))
    assert len(set(re.findall(r'slip-code">([^<]*)<', page))) == 2


def test_links_on_slips_use_the_address_the_operator_has_set(
    people: People, admin: FlaskClient
) -> None:
    anna = people.member("Anna")
    answer = admin.post(
        f"/admin/members/{anna}/code",
        headers={**csrf(admin), "X-Forwarded-Host": "evil.example"},
        base_url="http://localhost",
    )
    assert "http://127.0.0.1:8000/activate" in text(answer)
    assert "evil.example" not in text(answer)
    assert "Phones cannot open" in text(answer)


def test_slips_that_phones_can_open_carry_no_warning(app: Flask) -> None:
    config = replace(app.extensions["weike"], base_url="http://192.0.2.7:8000")
    people = People(create_app(config))
    admin = people.client(people.member("Admin", role="administrator"))
    page = text(post(admin, f"/admin/members/{people.member('Anna')}/code"))
    assert "http://192.0.2.7:8000/activate" in page
    assert "Phones cannot open" not in page


# --- what other rooms ask -------------------------------------------------------------------------


def test_names_and_branches_for_other_rooms(people: People, branch: int) -> None:
    below = people.branch("第一小组", parent=branch)
    anna = people.member("Anna", branch=below)
    boris = people.member("Boris", branch=people.root)
    gone = people.member("Gone", branch=branch, active=False)
    with people.app.app_context(), reading():
        assert queries.member_names([anna, gone, 999]) == {anna: "Anna", gone: "Gone"}
        assert queries.branch_choices() == [
            (people.root, "Head office"),
            (branch, "\u3000一支部"),
            (below, "\u3000\u3000第一小组"),
        ]
        assert set(queries.branch_ids_below(branch)) == {branch, below}
        assert queries.branch_ids_below(999) == []
        path = queries.branches()[1].path
        assert [p.id for p in queries.members_below(path)] == [anna]
        assert {p.id for p in queries.members_below("/")} == {anna, boris}


def test_chinese_names_stand_in_the_order_of_their_pinyin(people: People) -> None:
    branch = people.branch()
    names = ["赵敏", "曾毅", "阿依努尔", "李雷", "Bob Lee", "单田芳", "张伟", "张维", "重阳"]
    for name in names:
        people.member(name, branch=branch)
    boss = people.client(people.member("周管理", role="administrator"))
    page = boss.get(f"/admin/members?branch={branch}").get_data(as_text=True)
    main = page[page.index("<main") :]
    shown = sorted(names, key=main.index)
    assert shown == [
        *("阿依努尔", "Bob Lee", "重阳", "李雷", "单田芳"),
        *("曾毅", "张维", "张伟", "赵敏"),
    ]


def test_a_new_name_takes_its_new_place(app: Flask, people: People) -> None:
    member = people.member("赵敏")
    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).name = "安敏"
    with app.app_context():
        assert db.session().get_one(Member, member).sorted_name.startswith("an1 min3 ")
        db.session.rollback()
