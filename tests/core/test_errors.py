"""Error pages: calm, in the reader's language, and there even when the database is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.core.db import db
from tests.conftest import make_config
from tests.factories import People


@pytest.fixture
def served(tmp_path: Path, migrated: Path) -> Flask:
    """The site as members meet it: errors become pages."""
    config = make_config(tmp_path, testing=False)
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("tags", "title"),
    [("en", "Nothing here"), ("zh-CN", "这里没有内容"), ("zh-TW", "這裡沒有內容")],
)
def test_a_wrong_address_says_so_and_leads_home(people: People, tags: str, title: str) -> None:
    client = people.client(people.member())
    answer = client.get("/nowhere", headers={"Accept-Language": tags})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert f"<h1>{title}</h1>" in page
    assert 'class="btn btn-primary" href="/"' in page


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_numbers_that_no_row_can_have_are_not_there(people: People, number: int) -> None:
    member, trainer = people.client(people.member()), people.client(people.member(role="trainer"))
    assert member.get("/courses?theme=1").status_code in {200, 404}
    for client, path in (
        (trainer, f"/desk/courses/{number}"),
        (member, f"/library/{number}"),
        (member, f"/courses?theme={number}"),
        (member, f"/points/leaderboard?branch={number}"),
    ):
        assert client.get(path).status_code in {200, 404}, path


def test_there_is_a_page_when_the_database_is_not(served: Flask) -> None:
    people = People(served)
    client = people.client(people.member())
    assert client.get("/").status_code == 200
    with served.app_context():
        db.session.execute(text("DROP TABLE sign_in"))
        db.session.connection().connection.driver_connection.execute("COMMIT")
        db.session.remove()
    answer = client.get("/", headers={"Accept-Language": "zh-CN"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert "服务器正忙" in page
    assert answer.headers["Content-Security-Policy"]
