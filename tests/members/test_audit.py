"""The log of acts: written with the act, seen by those it concerns, and final."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, exc, insert, select, text
from werkzeug.test import TestResponse

from app.core import acting, clock, jobs
from app.core.db import db, reading, unit_of_work
from app.members import service
from app.members.models import AuditLine, Member
from app.members.rules.audit import KINDS, Act, differences
from tests.factories import People, csrf
from tests.members.conftest import Hand, sign_in
from tests.statements import counted

OFFICE = {"REMOTE_ADDR": "203.0.113.77"}


def post(client: FlaskClient, path: str, **form: object) -> TestResponse:
    return client.post(path, data=form, headers=csrf(client), environ_base=OFFICE)


def page(client: FlaskClient, path: str = "/admin/log") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def lines(app: Flask) -> list[AuditLine]:
    with app.app_context(), reading() as session:
        # The rules of points of every test are published when its database is made.
        rows = session.scalars(
            select(AuditLine).where(AuditLine.thing != "rules").order_by(AuditLine.id)
        ).all()
        session.expunge_all()
        return list(rows)


def acts(app: Flask) -> list[str]:
    return [line.act for line in lines(app)]


class House:
    """A head office with two branches side by side; each has an organizer."""

    def __init__(self, people: People) -> None:
        self.people, self.app = people, people.app
        self.north, self.south = people.branch("北支部"), people.branch("南支部")
        self.admin_id = people.member("管理员甲", role="administrator")
        self.admin = people.client(self.admin_id)
        self.organizer = people.client(people.member("北组织员", organizes=self.north))
        self.neighbour = people.client(people.member("南组织员", organizes=self.south))
        self.somebody = people.member("张三", branch=self.north)


@pytest.fixture
def house(people: People) -> House:
    return House(people)


def test_giving_a_role_is_written_with_all_that_is_known_of_it(house: House) -> None:
    where = f"/admin/members/{house.somebody}/roles"
    post(house.admin, where, role="organizer", branch_id=house.south)
    (line,) = lines(house.app)
    assert (line.act, line.via, line.actor_id) == ("role_given", "page", house.admin_id)
    assert (line.actor_name, line.name, line.branch_name) == ("管理员甲", "张三", "北支部")
    assert line.changes == {"role": ["organizer"], "role_branch": ["南支部"]}
    assert line.address == "203.0.113.0/24"
    assert re.fullmatch(r"[0-9a-f]{16}", line.request)
    assert abs(clock.now() - line.at) < timedelta(minutes=1)
    found = page(house.admin)
    for words in ("Role given", "管理员甲", "张三", "Organizer", "南支部", "203.0.113.0/24"):
        assert words in found
    # Both branches' organizers are told: hers, and the one that she looks after from now on.
    assert "Role given" in page(house.organizer)
    assert "Role given" in page(house.neighbour)


def test_a_neighbours_organizer_sees_nothing(house: House) -> None:
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    assert "张三" in page(house.organizer)
    found = page(house.neighbour)
    assert "张三" not in found
    assert "Nothing yet" in found
    asked = f"/admin/log?member={house.somebody}"
    assert house.neighbour.get(asked).status_code == 404
    assert "No line fits" in page(house.neighbour, "/admin/log?q=张三")
    table = house.neighbour.get("/admin/log/export?as=csv").get_data(as_text=True)
    assert "张三" not in table
    member = house.people.client(house.people.member(branch=house.north))
    assert member.get("/admin/log").status_code == 404


def test_moving_a_member_is_seen_where_they_went_and_where_they_came_from(house: House) -> None:
    form = {"name": "张三", "username": "zhangsan", "branch_id": house.south}
    post(house.admin, f"/admin/members/{house.somebody}", **form)
    (line,) = lines(house.app)
    assert line.act == "member_moved"
    assert line.changes["branch"] == ["北支部", "南支部"]
    assert "张三" in page(house.organizer)
    assert "张三" in page(house.neighbour)


def test_of_personal_data_only_that_it_changed_is_kept(house: House) -> None:
    form = {"name": "张三丰", "username": "zsf", "branch_id": house.north}
    secret = {"phone": "13800138000", "email": "zhang@example.org"}
    post(house.organizer, f"/admin/members/{house.somebody}", **form, **secret)
    (line,) = lines(house.app)
    assert line.act == "member_changed"
    assert line.name == "张三丰"
    assert line.changes["name"] == ["张三", "张三丰"]
    assert line.changes["phone"] == line.changes["email"] == []
    post(house.organizer, f"/admin/members/{house.somebody}", **form, **secret)
    assert acts(house.app) == ["member_changed"]  # the second time nothing changed


def test_codes_are_printed_and_never_written_down(house: House) -> None:
    answer = post(house.organizer, f"/admin/members/{house.somebody}/code")
    code = re.search(r"[A-Z0-9]{4}(?:-[A-Z0-9]{4})+", answer.get_data(as_text=True))
    assert code is not None
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.somebody).password_hash = "x"
    post(house.organizer, f"/admin/members/{house.somebody}/code")
    assert acts(house.app) == ["code_printed", "code_renewed"]
    written = json.dumps([{k: str(v) for k, v in vars(x).items()} for x in lines(house.app)])
    assert code[0] not in written
    assert code[0].replace("-", "") not in written


def test_an_import_is_one_line_and_one_for_each_member(house: House) -> None:
    table = "name,username,branch,role\n李四,lisi,北支部,trainer\n王五,wangwu,北支部,\n"
    with house.app.app_context(), unit_of_work():
        from app.core.spreadsheet import read_table
        from app.members.rules.roster import read_roster

        read = read_table(BytesIO(table.encode()), "list.csv")
        service.take_in(read_roster(read.header, read.rows))
    assert acts(house.app) == ["member_added", "role_given", "member_added", "members_imported"]
    assert {line.via for line in lines(house.app)} == {"command"}
    assert lines(house.app)[-1].changes == {"new": [2], "changed": [0], "new_branches": [0]}
    assert "Command line" in page(house.admin)


def test_branches_and_settings_are_written_with_before_and_after(house: House) -> None:
    post(house.admin, f"/admin/branches/{house.north}/rename", name="北方支部")
    post(house.admin, f"/admin/branches/{house.north}/move", parent_id=house.south)
    post(house.admin, "/admin/branches", name="新支部", parent_id=house.south)
    post(house.admin, "/admin/organisation/ways", highest_speed="150", mail_seals="y")
    found = lines(house.app)
    assert [line.act for line in found] == [
        *("branch_renamed", "branch_moved", "branch_added", "ways_changed")
    ]
    assert found[0].changes == {"name": ["北支部", "北方支部"]}
    assert found[1].changes == {"above": ["Head office", "南支部"]}
    ways = found[3].changes
    assert ways["highest_speed"] == [200, 150]
    assert ways["discussions"] == [True, False]
    assert "Highest speed" in page(house.admin)
    assert "Highest speed" not in page(house.neighbour)  # of the whole organisation


def test_an_act_that_is_refused_leaves_no_line(house: House) -> None:
    own = f"/admin/members/{house.admin_id}/disable"
    assert post(house.admin, own).status_code >= 400
    with house.app.app_context(), pytest.raises(RuntimeError), unit_of_work():
        service.disable(house.somebody)
        raise RuntimeError
    assert lines(house.app) == []


def test_a_line_that_cannot_be_written_stops_the_act(house: House) -> None:
    def fail(*_: object) -> None:
        raise exc.OperationalError("INSERT", None, sqlite3.OperationalError("disk full"))

    event.listen(AuditLine, "before_insert", fail)
    try:
        answer = post(house.organizer, f"/admin/members/{house.somebody}/disable")
    finally:
        event.remove(AuditLine, "before_insert", fail)
    assert answer.status_code >= 500
    with house.app.app_context(), reading() as session:
        assert session.get_one(Member, house.somebody).is_active


def test_a_table_is_not_handed_out_without_its_line(house: House) -> None:
    def fail(*_: object) -> None:
        raise exc.OperationalError("INSERT", None, sqlite3.OperationalError("disk full"))

    event.listen(AuditLine, "before_insert", fail)
    try:
        answer = house.admin.get("/admin/log/export?as=csv")
    finally:
        event.remove(AuditLine, "before_insert", fail)
    assert answer.status_code >= 500
    assert house.admin.get("/admin/log/export?as=csv").status_code == 200
    assert acts(house.app) == ["table_taken"]


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor_name = 'nobody'",
        "delete from audit",
        "insert or replace into audit select * from audit",
    ],
)
def test_lines_are_neither_changed_nor_deleted_by_sql(house: House, statement: str) -> None:
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    with house.app.app_context():
        if "replace" in statement and db.engine.dialect.name != "sqlite":
            pytest.skip("only SQLite has INSERT OR REPLACE")
        with pytest.raises(exc.DBAPIError), unit_of_work() as session:
            session.execute(text(statement))
    assert acts(house.app) == ["member_disabled"]


def old_line(years: float) -> dict:
    at = datetime.now(UTC) - timedelta(days=366 * years)
    return {"at": at, "via": "page", "act": "role_given", "name": f"{years}", "changes": {}}


def test_the_nightly_round_deletes_what_is_old_enough_and_says_so(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.execute(insert(AuditLine), [old_line(years) for years in (9, 3.1, 2.9, 0.5)])
        jobs.enqueue("members.shorten_log")
    jobs.run_pending(house.app)
    found = lines(house.app)
    assert [line.name for line in found[:2]] == ["2.9", "0.5"]
    assert (found[2].act, found[2].via, found[2].changes["lines"]) == (
        "log_shortened",
        "worker",
        [2],
    )
    assert len(found) == 3


def test_no_setting_deletes_a_line_of_the_last_year(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.execute(insert(AuditLine), [old_line(0.9)])
        assert service.forget_before(clock.now()) == 0
    assert len(lines(house.app)) == 1


def test_the_page_of_a_member_shows_what_others_have_changed(house: House) -> None:
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    found = page(house.organizer, f"/admin/members/{house.somebody}")
    assert "What others have changed" in found
    assert "Member disabled" in found
    assert f"/admin/log?member={house.somebody}" in found
    found = page(house.organizer, f"/organizer/members/{house.somebody}")
    assert "What others have changed" in found
    assert "Member disabled" in found


def test_who_organizes_the_whole_organisation_sees_its_settings(house: House) -> None:
    post(house.admin, "/admin/organisation/ways", highest_speed="150")
    above = house.people.client(house.people.member(organizes=house.people.root))
    assert "Highest speed" in page(above)


def test_lines_are_found_by_kind_person_and_time(house: House) -> None:
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    post(house.admin, f"/admin/branches/{house.north}/rename", name="改名")
    assert "Member disabled</th>" in page(house.admin, "/admin/log?kind=people")
    assert "Member disabled</th>" not in page(house.admin, "/admin/log?kind=branches")
    assert "Branch renamed</th>" in page(house.admin, "/admin/log?kind=branch_renamed")
    assert "Branch renamed</th>" not in page(house.admin, "/admin/log?q=北组织员")
    assert "Member disabled</th>" in page(house.admin, "/admin/log?q=北组织员")
    assert "No line fits" in page(house.admin, "/admin/log?until=2020-01-01")
    assert "Branch renamed</th>" in page(house.admin, "/admin/log?since=2020-01-01")
    assert "Member disabled</th>" in page(house.admin, f"/admin/log?branch={house.north}")
    assert "No line fits" in page(house.admin, f"/admin/log?branch={house.south}&kind=people")
    assert "No line fits" in page(house.neighbour, f"/admin/log?branch={house.north}")
    table = house.admin.get(f"/admin/log/export?as=csv&branch={house.south}")
    assert "Member disabled" not in table.get_data(as_text=True)
    for nonsense in (
        "since=x",
        "branch=x",
        "until=0001-01-01",
        "since=9999-12-31",
        "kind=x",
        "page=-3",
        "q=%25",
    ):
        page(house.admin, f"/admin/log?{nonsense}")


def test_names_that_look_like_formulas_leave_as_text(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.somebody).name = "=cmd|' /C calc'!A0"
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    table = house.admin.get("/admin/log/export?as=csv").get_data(as_text=True)
    assert "cmd|" in table
    assert not re.search(r'(^|,|")=cmd', table, re.MULTILINE)
    assert house.admin.get("/admin/log/export?as=xlsx").status_code == 200


def test_the_command_line_lists_the_log(house: House) -> None:
    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    runner = house.app.test_cli_runner()
    assert "张三" in runner.invoke(args=["audit", "list"]).output
    told = json.loads(runner.invoke(args=["audit", "list", "--json"]).output.splitlines()[-1])
    assert (told["act"], told["name"]) == ("member_disabled", "张三")
    assert runner.invoke(args=["audit", "list", "--since", "2999-01-01"]).output == ""
    assert runner.invoke(args=["audit", "list", "--since", "yesterday"]).exit_code == 1


def test_a_page_of_lines_asks_the_same_number_of_questions_however_many(house: House) -> None:
    def asked(client: FlaskClient) -> int:
        page(client)
        with counted(house.app) as statements:
            page(client)
        return len(statements)

    post(house.organizer, f"/admin/members/{house.somebody}/disable")
    few = asked(house.admin), asked(house.organizer)
    for _ in range(5):
        post(house.organizer, f"/admin/members/{house.somebody}/enable")
        post(house.organizer, f"/admin/members/{house.somebody}/disable")
    assert (asked(house.admin), asked(house.organizer)) == few
    assert max(few) <= 8


def test_every_kind_has_its_words() -> None:
    assert set(KINDS) == set(Act)


def test_addresses_are_shortened_to_their_network() -> None:
    assert acting.shortened("198.51.100.23") == "198.51.100.0/24"
    assert acting.shortened("::ffff:198.51.100.23") == "198.51.100.0/24"
    assert acting.shortened("2001:db8:1:2:3::4") == "2001:db8:1::/48"
    assert acting.shortened("unix:") == ""


def test_differences_are_short_and_hide_what_is_personal() -> None:
    found = differences({"name": "a", "phone": "1"}, {"name": "b" * 999, "phone": "2"})
    assert found == {"name": ["a", "b" * 200], "phone": []}


def test_guessing_a_password_is_written_once_and_only_of_those_who_exist(
    house: House, account: Callable[..., int], hand: Hand
) -> None:
    anna = account(name="安娜", username="anna", branch=house.north)
    for login in ("anna", "nobody"):
        for _ in range(8):
            with sign_in(house.people.client(), login, "wrong password") as answer:
                assert answer.status_code in {422, 429}
    (line,) = lines(house.app)
    assert (line.act, line.member_id, line.actor_id) == ("sign_in_slowed", anna, None)
    assert line.address == "198.51.100.0/24"
    assert "wrong password" not in json.dumps(line.changes)
    found = page(house.organizer)
    assert "安娜" in found
    assert "A visitor" in found
    hand.pass_by(hours=2)
    for _ in range(7):
        sign_in(house.people.client(), "anna", "wrong password").close()
    assert acts(house.app) == ["sign_in_slowed"] * 2
