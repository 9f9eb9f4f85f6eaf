"""Telling members something: once, in their language, never in a storm, and the pages about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext

from app.core import clock
from app.core.db import db, unit_of_work
from app.notices import queries
from app.notices.models import Notice
from app.notices.rules import MOST_PER_HOUR, is_local
from app.notices.service import tell
from scripts import messages
from tests.factories import People, csrf


def told(app: Flask, *members: int, key: str = "k", **words: object) -> int:
    with app.app_context(), unit_of_work():
        return tell(
            members,
            **{
                "kind": "exam",
                "title": "A result",
                "body": "",
                "address": "/exams",
                "once_key": key,
                **words,
            },
        )


def lines(app: Flask, member: int) -> list[queries.Line]:
    with app.app_context():
        found = list(queries.notices_of(member, page=1).rows)
        db.session.rollback()
    return found


def test_the_same_thing_is_told_once(app: Flask, people: People) -> None:
    first, second = people.member(), people.member()
    assert told(app, first) == 1
    assert told(app, first, second, second) == 1
    assert [line.title for line in lines(app, first)] == ["A result"]
    assert [line.title for line in lines(app, second)] == ["A result"]


def test_who_is_disabled_or_does_not_exist_is_told_nothing(app: Flask, people: People) -> None:
    gone, here = people.member(active=False), people.member()
    assert told(app, gone, here, 10**6) == 1
    assert lines(app, gone) == []


def test_each_is_told_in_their_own_language(app: Flask, people: People) -> None:
    messages.compile_all()
    readers = {code: people.member(language=code) for code in ("en", "zh_Hans", "zh_Hant", "")}
    body = lazy_ngettext("%(num)s more of this kind", "%(num)s more of this kind", 2)
    told(app, *readers.values(), title=_l("Notices"), body=body)
    said = {code: lines(app, i)[0] for code, i in readers.items()}
    assert {code: line.title for code, line in said.items()} == {
        "en": "Notices",
        "zh_Hans": "通知",
        "zh_Hant": "通知",
        "": "Notices",  # the default language of this site
    }
    assert said["zh_Hans"].body == "另有 2 条同类通知"


def test_a_storm_of_one_kind_rings_a_few_times_an_hour(app: Flask, people: People) -> None:
    member = people.member()
    morning = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    with clock.use(lambda: morning):
        for n in range(30):
            assert told(app, member, key=f"storm:{n}", title=f"No. {n}") == 1
            assert told(app, member, key=f"storm:{n}") == 0
        told(app, member, key="other", kind="points", title="Another kind")
    found = lines(app, member)
    assert [line.title for line in found] == ["Another kind", "No. 2", "No. 1", "No. 0"]
    assert [title for title, _ in found[1].joined][:2] == ["No. 29", "No. 28"]
    with app.app_context():
        assert queries.unread(member) == MOST_PER_HOUR + 1
        db.session.rollback()
    with clock.use(lambda: morning + timedelta(hours=1, seconds=1)):
        told(app, member, key="later", title="An hour later")
    assert lines(app, member)[0].title == "An hour later"


def test_what_joins_a_notice_that_was_read_makes_it_unread(app: Flask, people: People) -> None:
    member = people.member()
    client = people.client(member)
    for n in range(MOST_PER_HOUR):
        told(app, member, key=f"{n}")
    newest = lines(app, member)[0].id
    assert client.post("/notices/read", data={"up_to": newest}, headers=csrf(client)).status_code
    assert {line.is_read for line in lines(app, member)} == {True}
    told(app, member, key="one more")
    assert [line.is_read for line in lines(app, member)] == [False, True, True]


@pytest.mark.parametrize(
    "bad", ["https://evil.example/", "//evil.example", "/\\evil", "", "/x\ny", "/" + "x" * 400]
)
def test_a_notice_leads_only_to_a_page_of_this_site(app: Flask, people: People, bad: str) -> None:
    assert is_local("/exams/1")
    assert not is_local(bad)
    with pytest.raises(ValueError, match="path of this site"):
        told(app, people.member(), address=bad)


def test_a_title_is_one_line_and_everything_has_an_end(app: Flask, people: People) -> None:
    member = people.member()
    told(app, member, title="One\r\nBcc: all@example.org\x00 " + "长" * 300, body="x" * 5000)
    line = lines(app, member)[0]
    assert line.title.startswith("One Bcc: all@example.org 长")
    assert len(line.title) == 200
    assert len(line.body) == 2000


# --- pages ------------------------------------------------------------------------------------


def test_the_bell_counts_and_opening_a_notice_marks_it(app: Flask, people: People) -> None:
    member, other = people.member(), people.member()
    client, headers = people.client(member), None
    assert 'aria-label="Notices"' in client.get("/").get_data(as_text=True)
    told(app, member, other, title="Your result is <b>there</b>", address="/points")
    page = client.get("/notices").get_data(as_text=True)
    assert 'aria-label="Notices: 1 unread"' in page
    assert "Your result is &lt;b&gt;there&lt;/b&gt;" in page
    headers = csrf(client)
    answer = client.post(f"/notices/{lines(app, member)[0].id}/read", headers=headers)
    assert (answer.status_code, answer.location) == (303, "/points")
    assert 'aria-label="Notices"' in client.get("/").get_data(as_text=True)
    # The other's notice is none of this member's business, and looks like none at all.
    theirs = client.post(f"/notices/{lines(app, other)[0].id}/read", headers=headers)
    none = client.post("/notices/999999/read", headers=headers)
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert lines(app, other)[0].is_read is False


def test_marking_all_leaves_what_came_after_the_page(app: Flask, people: People) -> None:
    member = people.member()
    client = people.client(member)
    told(app, member, key="seen")
    page = client.get("/notices").get_data(as_text=True)
    up_to = re.search(r'name="up_to" value="(\d+)"', page)[1]
    told(app, member, key="meanwhile", title="Meanwhile")
    client.post("/notices/read", data={"up_to": up_to}, headers=csrf(client))
    assert [line.is_read for line in lines(app, member)] == [False, True]


def test_a_long_list_has_pages(app: Flask, people: People) -> None:
    member = people.member()
    with app.app_context(), unit_of_work() as session:
        session.add_all(
            Notice(
                member_id=member,
                kind="exam",
                once_key=str(n),
                title=f"Notice no. {n}.",
                body="",
                address="/",
                created_at=clock.now() - timedelta(hours=n),
            )
            for n in range(45)
        )
    client = people.client(member)
    last = client.get("/notices?page=3").get_data(as_text=True)
    assert "Notice no. 44." in last
    assert "Notice no. 39." not in last
    for odd in ("0", "-1", "99999999999999999999", "x", "4"):
        assert client.get(f"/notices?page={odd}").status_code == 200


def test_choices_are_kept_per_kind(app: Flask, people: People) -> None:
    member = people.member()
    client = people.client(member)
    assert client.get("/me/notices").get_data(as_text=True).count(" checked") == 14
    wish = {"mail": ["exam", "points", "nonsense"], "push": ["exam"]}
    answer = client.post("/me/notices", data=wish, headers=csrf(client))
    assert answer.status_code == 303
    assert client.get("/me/notices").get_data(as_text=True).count(" checked") == 3
    assert (
        people.client(people.member()).get("/me/notices").get_data(as_text=True).count(" checked")
        == 14
    )
