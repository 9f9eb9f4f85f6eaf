"""Lists of members: every fault is told by its row, and a file is taken in whole or not at all."""

from __future__ import annotations

import html
import json
import re
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook
from werkzeug.test import TestResponse

from app.core.db import reading, unit_of_work
from app.members import queries, service
from app.members.models import ActivationCode, Branch, Member, RoleGrant
from app.members.rules.roster import read_roster
from app.members.service import signing
from tests.factories import People, csrf
from tests.members.conftest import is_in, rename

HEADER = "username,name,branch,email,phone,role\n"
GOOD = (
    "用户名,姓名,支部,邮箱,手机,角色\n"
    "0042,张三,总部/一支部,Zhang@Example.org,13800138000,讲师\n"
    "lisi,李四,二支部,,,\n"
    'wang,"王五, 组长",一支部,,,组织员\n'
)


@pytest.fixture
def house(people: People) -> dict[str, int]:
    """Head office 总部 with 一支部 and 二支部."""
    root = people.root
    with people.app.app_context(), unit_of_work():
        service.rename_branch(root, "总部")
    return {"总部": root, "一支部": people.branch("一支部"), "二支部": people.branch("二支部")}


@pytest.fixture
def admin(people: People, house: dict[str, int]) -> FlaskClient:
    return people.client(people.member("Admin", role="administrator", branch=house["总部"]))


def preview(client: FlaskClient, data: bytes | str, **form: str) -> TestResponse:
    body = data.encode() if isinstance(data, str) else data
    return client.post(
        "/admin/members/import",
        data={"file": (BytesIO(body), "members.csv"), **form},
        headers=csrf(client),
        content_type="multipart/form-data",
    )


def confirm(client: FlaskClient, shown: TestResponse, **form: str) -> TestResponse:
    page = shown.get_data(as_text=True)
    table = html.unescape(re.search(r'name="table"[^>]* value="([^"]*)"', page)[1])
    if 'name="create_branches" value="y"' in page:
        form["create_branches"] = "y"
    return client.post(
        "/admin/members/import/confirm",
        data={"table": table, **form},
        headers=csrf(client),
        content_type="multipart/form-data",
    )


def problems(shown: TestResponse) -> list[tuple[int, str]]:
    """(row, column) of every problem that the preview lists."""
    return [
        (int(row), column)
        for row, column in re.findall(
            r'<th scope="row">Row (\d+)</th><td data-label="Column">([^<]*)</td>',
            shown.get_data(as_text=True),
        )
    ]


def figures(shown: TestResponse) -> list[int]:
    """New, changed, as they are, problems."""
    found = re.findall(r'stat-value">(\d+)<', shown.get_data(as_text=True))
    return [int(n) for n in found]


def snapshot(people: People) -> dict[str, tuple]:
    """Everything that an import could change."""
    with people.app.app_context(), unit_of_work() as session:
        rows = {
            m.username: (m.name, m.branch.name, m.email, m.phone, m.is_active)
            for m in session.query(Member)
        }
        roles = sorted((g.member_id, g.role, g.branch_id) for g in session.query(RoleGrant))
        return {
            **rows,
            "roles": tuple(roles),
            "branches": tuple(b.path for b in session.query(Branch).order_by(Branch.id)),
            "codes": (session.query(ActivationCode).count(),),
        }


# --- the whole way --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_is_looked_at_then_taken_in(
    people: People, admin: FlaskClient, encoding: str, delimiter: str
) -> None:
    before = snapshot(people)
    text = GOOD.replace(",", delimiter).replace(f"王五{delimiter}", "王五,")
    shown = preview(admin, text.encode(encoding))
    assert shown.status_code == 200
    assert figures(shown) == [3, 0, 0, 0]
    assert snapshot(people) == before
    done = confirm(admin, shown)
    assert done.status_code == 200
    page = done.get_data(as_text=True)
    assert page.count('class="slip"') == 3
    after = snapshot(people)
    assert after["0042"] == ("张三", "一支部", "zhang@example.org", "+8613800138000", True)
    assert after["lisi"] == ("李四", "二支部", None, None, True)
    assert after["wang"][0] == "王五, 组长"
    assert sorted(role for _, role, _ in after["roles"]) == [
        *("administrator", "organizer", "trainer")
    ]


def test_a_code_from_the_sheet_opens_the_account(people: People, admin: FlaskClient) -> None:
    page = confirm(admin, preview(admin, GOOD)).get_data(as_text=True)
    code = re.search(r'slip-code">([^<]*)<', page)[1]
    client = people.client()
    password = "four quiet words 四个词"
    form = {"code": code, "password": password, "repeat": password, "language": "en"}
    form["reading"] = "normal"
    assert client.post("/activate", data=form, headers=csrf(client)).status_code == 303
    assert is_in(client)


def test_the_same_file_again_changes_nothing(people: People, admin: FlaskClient) -> None:
    confirm(admin, preview(admin, GOOD))
    before = snapshot(people)
    shown = preview(admin, GOOD.replace("lisi", "ＬＩＳＩ").replace("Zhang@", "zhang@"))
    assert figures(shown) == [0, 0, 3, 0]
    done = confirm(admin, shown)
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/members")
    assert snapshot(people) == before


def test_filled_cells_change_and_empty_cells_keep(people: People, admin: FlaskClient) -> None:
    confirm(admin, preview(admin, GOOD))
    shown = preview(admin, HEADER + "0042,张三丰,,,13900139000,\nlisi,李四,一支部,,,trainer\n")
    assert figures(shown) == [0, 2, 0, 0]
    confirm(admin, shown)
    after = snapshot(people)
    assert after["0042"] == ("张三丰", "一支部", "zhang@example.org", "+8613900139000", True)
    assert after["lisi"] == ("李四", "一支部", None, None, True)
    assert len(after["roles"]) == 4  # nobody lost one


def test_no_password_is_hashed_for_an_import(
    people: People, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "_hasher", None)
    assert confirm(admin, preview(admin, GOOD)).status_code == 200


def test_an_excel_file_is_taken_in_with_its_leading_zeros(
    people: People, admin: FlaskClient
) -> None:
    book = Workbook()
    book.active.append(["工号", "姓名", "所属支部", "手机号码"])
    book.active.append([42, "张三", "一支部", 13800138000])
    book.active["A2"].number_format = "00000"
    book.active.append(["0007", "李四", "二支部", None])
    out = BytesIO()
    book.save(out)
    confirm(admin, preview(admin, out.getvalue()))
    after = snapshot(people)
    assert after["00042"][3] == "+8613800138000"
    assert "0007" in after


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",张三,一支部,,,", "username"),
        ("a b,张三,一支部,,,", "username"),
        ("=cmd|x,张三,一支部,,,", "username"),
        ("zhang,,一支部,,,", "name"),
        ('zhang,"=HYPERLINK(""x"")",一支部,,,', "name"),
        ("zhang,@SUM,一支部,,,", "name"),
        ("zhang," + "张" * 81 + ",一支部,,,", "name"),
        ("zhang,张三,,,,", "branch"),
        ("zhang,张三,九支部,,,", "branch"),
        ("zhang,张三,总部/一支部/没有,,,", "branch"),
        ("zhang,张三,=1+1,,,", "branch"),
        ("zhang,张三,一支部,nobody,,", "email"),
        ("zhang,张三,一支部,BORIS@example.org,,", "email"),
        ("zhang,张三,一支部,,1.38E+10,", "phone"),
        ("zhang,张三,一支部,,139-0013-9000,", "phone"),
        ("zhang,张三,一支部,,,king", "role"),
        ("13900139000,张三,一支部,,,", "username"),
    ],
)
def test_a_wrong_cell_is_told_and_nothing_is_taken_in(
    people: People, admin: FlaskClient, row: str, column: str
) -> None:
    people.member("Boris", email="boris@example.org", phone="+8613900139000")
    before = snapshot(people)
    shown = preview(admin, f"{HEADER}good,李四,一支部,,,\n{row}\n")
    assert shown.status_code == 422
    assert (3, column) in problems(shown)
    assert 'name="table"' not in shown.get_data(as_text=True)
    # Sent to be taken in all the same, past the page:
    table = json.dumps([HEADER.strip().split(","), [["good", "李四", "一支部", "", "", ""], ["x"]]])
    forced = admin.post("/admin/members/import/confirm", data={"table": table}, headers=csrf(admin))
    assert forced.status_code == 303
    assert snapshot(people) == before


def test_all_faults_are_told_at_once(people: People, admin: FlaskClient) -> None:
    text = HEADER + (
        "anna,Anna,一支部,anna@example.org,13800138000,\n"
        "ANNA,Again,一支部,,,\n"
        "\n"
        "boris,,九支部,ANNA@Example.org,+86 138 0013 8000,\n"
    )
    shown = preview(admin, text)
    assert problems(shown) == [
        (3, "username"),
        (5, "name"),
        (5, "email"),
        (5, "phone"),
    ]
    assert "row 2 already" in shown.get_data(as_text=True)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("username,name,email", [(1, "branch")]),
        ("name,branch", [(1, "username")]),
        ("username,name,branch,姓名", [(1, "name")]),
        ("a,b,c", [(1, "username"), (1, "name"), (1, "branch")]),
    ],
)
def test_a_missing_or_doubled_column_is_told(
    people: People, admin: FlaskClient, header: str, found: list
) -> None:
    shown = preview(admin, f"{header}\nx,y,一支部\n")
    assert shown.status_code == 422
    assert problems(shown) == found


def test_columns_that_mean_nothing_are_named(people: People, admin: FlaskClient) -> None:
    shown = preview(admin, "姓名*,User Name,支部 (必填),星座\n张三,zhang,一支部,狮子\n")
    assert figures(shown) == [1, 0, 0, 0]
    assert "星座" in shown.get_data(as_text=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04rubbish", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99],
)
def test_what_is_no_table_is_refused_beside_the_field(
    people: People, admin: FlaskClient, data: bytes
) -> None:
    shown = preview(admin, data)
    assert shown.status_code == 422
    assert 'id="file-error"' in shown.get_data(as_text=True)


def test_too_many_rows_are_refused(people: People, admin: FlaskClient) -> None:
    rows = "".join(f"u{n},名{n},一支部,,,\n" for n in range(2_001))
    shown = preview(admin, HEADER + rows)
    assert shown.status_code == 422
    assert "more than 2000 rows" in shown.get_data(as_text=True)


def test_a_row_that_became_wrong_meanwhile_takes_nothing_in(
    people: People, admin: FlaskClient
) -> None:
    shown = preview(admin, GOOD)
    people.member("Somebody", phone="+8613800138000")
    before = snapshot(people)
    assert confirm(admin, shown).status_code == 303
    assert snapshot(people) == before


@pytest.mark.parametrize("table", ["", "no json", "[1,2]", "{}", "[[],[]]", '[["a"],"b"]', "null"])
def test_what_no_preview_has_sent_is_refused(
    people: People, admin: FlaskClient, table: str
) -> None:
    before = snapshot(people)
    answer = admin.post("/admin/members/import/confirm", data={"table": table}, headers=csrf(admin))
    assert answer.status_code in {303, 422}
    assert snapshot(people) == before


# --- branches -------------------------------------------------------------------------------------


def test_missing_branches_are_made_only_when_asked_for(people: People, admin: FlaskClient) -> None:
    text = HEADER + "zhang,张三,总部/三支部/第一小组,,,\nli,李四,三支部,,,\n"
    refused = preview(admin, text)
    assert problems(refused) == [(2, "branch"), (3, "branch")]
    assert "tick “Make branches that are missing”" in refused.get_data(as_text=True)
    shown = preview(admin, text, create_branches="y")
    assert "三支部/第一小组" in shown.get_data(as_text=True)
    assert confirm(admin, shown).status_code == 200
    after = snapshot(people)
    assert (after["zhang"][1], after["li"][1]) == ("第一小组", "三支部")
    assert len(after["branches"]) == 5


# --- organizers -----------------------------------------------------------------------------------


def test_an_organizer_imports_only_into_the_own_subtree(
    people: People, house: dict[str, int]
) -> None:
    own, other = house["一支部"], house["二支部"]
    organizer = people.client(people.member("O", branch=own, organizes=own))
    rename(people.app, people.member("T", branch=own, role="trainer"), "trainer")
    rename(people.app, people.member("X", branch=other), "stranger")
    shown = preview(organizer, HEADER + "zhang,张三,一支部,,,\n")
    assert confirm(organizer, shown).status_code == 200
    assert snapshot(people)["zhang"][1] == "一支部"
    wrong = preview(
        organizer,
        HEADER
        + "a1,张三,二支部,,,\n"
        + "a2,张三,一支部,,,administrator\n"
        + "trainer,张三,一支部,,,\n"
        + "stranger,张三,一支部,,,\n"
        + "a3,张三,总部,,,\n"
        + "a4,张三,二支部/新,,,\n",
        create_branches="y",
    )
    assert problems(wrong) == [
        (2, "branch"),
        (3, "role"),
        (4, "username"),
        (5, "username"),
        (6, "branch"),
        (7, "branch"),
    ]
    below = preview(organizer, HEADER + "b1,张三,一支部/新小组,,,\n", create_branches="y")
    assert confirm(organizer, below).status_code == 200
    assert snapshot(people)["b1"][1] == "新小组"


# --- many -----------------------------------------------------------------------------------------


def test_two_thousand_rows_are_planned_with_few_questions(
    people: People, house: dict[str, int]
) -> None:
    """The plan asks the database a handful of times, however long the list is."""
    from sqlalchemy import event

    from app.core.db import db

    rows = [[f"u{n}", f"名{n}", "一支部", "", f"138{n:08}", ""] for n in range(2_000)]
    roster = read_roster(HEADER.strip().split(","), rows)
    assert len(roster.wishes) == 2_000
    asked = []
    with people.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        with reading():
            assert service.plan(roster).count("new") == 2_000
        assert len(asked) < 10
        with unit_of_work():
            _, given = service.take_in(roster)
        assert len(set(given.values())) == 2_000
        with reading():
            assert len(queries.members_below("/")) == 2_000


def test_the_example_file_can_be_taken_in(people: People, admin: FlaskClient) -> None:
    answer = admin.get("/admin/members/import/template.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=members.csv"
    assert answer.mimetype == "text/csv"
    assert figures(preview(admin, answer.data)) == [1, 0, 0, 0]
