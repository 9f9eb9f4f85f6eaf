"""Commands about people do what they say, and say what they do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app.core.db import unit_of_work
from app.members.models import Branch, Member
from tests.factories import People
from tests.members.conftest import sign_in

LIST = "username,name,branch\nzhang,张三,总部/一支部\nli,李四,总部\n"


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def members_csv(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(LIST, encoding="gbk")
    return path


def usernames(app: Flask) -> set[str]:
    with app.app_context(), unit_of_work() as session:
        return {m.username for m in session.query(Member)}


def test_create_admin_makes_the_root_and_a_password_that_works(
    people: People, run: FlaskCliRunner
) -> None:
    done = run.invoke(args=["members", "create-admin"])
    assert done.exit_code == 0
    user, password = (line.split(": ", 1)[1].strip() for line in done.output.splitlines())
    assert (user, len(password)) == ("admin", 20)
    client = people.client()
    assert sign_in(client, user, password).status_code == 303
    assert client.get("/admin/branches").status_code == 200
    with people.app.app_context(), unit_of_work() as session:
        assert session.query(Branch).one().name == "Weike"
    again = run.invoke(args=["members", "create-admin"])
    assert again.exit_code == 1
    assert "Another member has the user name" in again.output
    assert run.invoke(args=["members", "create-admin", "--if-none"]).output == ""
    assert run.invoke(args=["members", "create-admin", "--username", "root2"]).exit_code == 0
    assert usernames(people.app) == {"admin", "root2"}


def test_import_takes_in_a_list_and_prints_codes(
    app: Flask, run: FlaskCliRunner, members_csv: Path
) -> None:
    arguments = ["members", "import", str(members_csv)]
    refused = run.invoke(args=arguments)
    assert refused.exit_code == 1
    assert "row 2, branch: There is no branch" in refused.output
    assert refused.stderr.splitlines()[-1] == (
        "The file has 2 problems, so nothing was taken in."  # and nothing "would be"
    )
    assert usernames(app) == set()
    dry = run.invoke(args=[*arguments, "--create-branches", "--dry-run"])
    assert dry.exit_code == 0
    assert "Would be: 2 new" in dry.output
    assert usernames(app) == set()
    done = run.invoke(args=[*arguments, "--create-branches"])
    assert done.exit_code == 0
    assert usernames(app) == {"zhang", "li"}
    assert (
        len([line for line in done.stdout.splitlines() if line.startswith(("zhang,", "li,"))]) == 2
    )
    again = run.invoke(args=[*arguments, "--json"])
    report = json.loads(again.stdout)
    assert (report["done"], report["new"], report["same"], report["codes"]) == (True, 0, 2, [])


def test_import_tells_faults_as_json(app: Flask, run: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("username,name,branch\nx,,总部\n", encoding="utf-8")
    refused = run.invoke(args=["members", "import", str(path), "--json", "--create-branches"])
    report = json.loads(refused.stdout)
    assert refused.exit_code == 1
    assert report["done"] is False
    assert {(p["row"], p["column"]) for p in report["problems"]} == {(2, "username"), (2, "name")}
    path.write_text("username,name,branch\nxx,,总部/九支部\n", encoding="utf-8")
    refused = run.invoke(args=["members", "import", str(path), "--create-branches"])
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[1:] == ["The file has 1 problem, so nothing was taken in."]
    path.write_bytes(b"")
    refused = run.invoke(args=["members", "import", str(path), "--json"])
    assert refused.exit_code == 1
    assert "empty" in json.loads(refused.stdout)["error"]


def test_add_prints_a_code_and_list_shows_everybody(people: People, run: FlaskCliRunner) -> None:
    assert people.root
    done = run.invoke(
        args=[
            *("members", "add", "--username", "Anna", "--name", "Anna", "--branch", "一支部"),
            *("--phone", "138 0013 8000", "--role", "organizer", "--create-branches"),
        ]
    )
    assert done.exit_code == 0, done.output
    assert "Activation code of Anna: " in done.output
    listed = json.loads(run.invoke(args=["members", "list", "--json"]).stdout)
    assert listed == [
        {
            "username": "anna",
            "name": "Anna",
            "branch": "一支部",
            "state": "waiting",
            "roles": ["organizer"],
        }
    ]
    assert "anna\tAnna\t一支部\twaiting\torganizer" in run.invoke(args=["members", "list"]).stdout
    again = run.invoke(
        args=["members", "add", "--username", "ANNA", "--name", "A", "--branch", "一支部"]
    )
    assert again.exit_code == 1
    assert "Another member has the user name" in again.output


def test_codes_are_printed_for_those_who_wait_or_are_named(
    people: People, run: FlaskCliRunner
) -> None:
    branch = people.branch("一支部")
    people.member("Waiting", branch=branch)
    people.member("Elsewhere")
    people.member("Active", branch=branch, password_hash="x")
    everybody = run.invoke(args=["members", "codes"]).stdout.splitlines()
    assert len(everybody) == 3  # with the heading
    some = run.invoke(args=["members", "codes", "--branch", "一支部"]).stdout.splitlines()
    assert len(some) == 2
    assert ",Waiting," in some[1]
    with people.app.app_context(), unit_of_work() as session:
        active = session.query(Member).filter_by(name="Active").one().username
    named = run.invoke(args=["members", "codes", "--username", active]).stdout.splitlines()
    assert ",Active," in named[1]
    assert run.invoke(args=["members", "codes", "--username", "nobody"]).exit_code == 1
    assert run.invoke(args=["members", "codes", "--branch", "nowhere"]).exit_code == 1
