"""What search knows of courses: found when published, gone when withdrawn, never for others."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from app.core import markdown
from app.core.db import unit_of_work
from app.core.jobs import run_pending
from app.courses import queries
from app.search.models import SearchPassage, SearchThing
from tests.courses.conftest import Desk
from tests.factories import People

ABOUT = {"summary": "知道怎么跑。", "theme_id": "1", "language": "zh_Hans", "audience": "all"}
VTT = """WEBVTT

00:00.000 --> 00:04.000
先报警

00:30.000 --> 00:34.000
拿灭火器

01:10.000 --> 01:14.000
从楼梯离开
"""


@pytest.fixture
def member(people: People):
    return people.client(people.member(branch=people.branch("Members")))


@pytest.fixture
def finds(app: Flask, member) -> Callable:
    """The whole page that a member gets for some words, after the worker has done its work."""

    def search(words: str, client=member) -> str:
        run_pending(app)
        answer = client.get("/search", query_string={"q": words})
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    return search


@pytest.fixture
def course(desk: Desk) -> int:
    """A draft with a text, and a video with captions."""
    course_id = desk.draft("办公室消防", summary="知道怎么跑。")
    desk.text(course_id, "开头的话。\n\n## 疏散通道\n\n通道不要堆放杂物。", title="自查表")
    desk.video(course_id, 90_000, "三分钟")
    desk.post(
        "/desk/lessons/2/captions", language="zh-Hans", file=(io.BytesIO(VTT.encode()), "x.vtt")
    )
    return course_id


def things(app: Flask) -> set[tuple[str, str]]:
    with app.app_context(), unit_of_work() as session:
        return {(t.kind, t.ref) for t in session.query(SearchThing)}


def test_a_published_course_is_found_by_every_part_of_it(
    desk: Desk, course: int, finds: Callable
) -> None:
    assert "/courses/ban-gong-shi-xiao-fang" not in finds("消防")
    desk.post(f"/desk/courses/{course}/publish")
    slug = "/courses/ban-gong-shi-xiao-fang"
    assert f'href="{slug}"' in finds("消防")
    assert f'href="{slug}"' in finds("怎么跑")
    assert f"{slug}/lessons/1" in finds("杂物")
    assert f"{slug}/lessons/2?t=30" in finds("灭火器")
    assert f"{slug}/lessons/2?t=70" in finds("樓梯")  # in Traditional characters
    assert "/themes/safety" in finds("Safety")
    assert f"{slug}/lessons/2?t=30" in finds("类型:视频 灭火器")
    assert f"{slug}/lessons/1" not in finds("kind:video 杂物")


def test_captions_are_passages_of_about_25_seconds(app: Flask, desk: Desk, course: int) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    with app.app_context(), unit_of_work() as session:
        rows = (
            session.query(SearchPassage)
            .join(SearchThing)
            .filter(SearchThing.kind == "caption")
            .order_by(SearchPassage.position)
        )
        found = [(row.anchor, row.label, row.text, row.url.rsplit("/", 1)[1]) for row in rows]
    assert found == [
        ("t0-zh-Hans", "0:00", "先报警", "2?t=0"),
        ("t30-zh-Hans", "0:30", "拿灭火器", "2?t=30"),
        ("t70-zh-Hans", "1:10", "从楼梯离开", "2?t=70"),
    ]


def test_a_text_is_found_under_its_headings(app: Flask, desk: Desk, course: int) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    with app.app_context(), unit_of_work() as session:
        rows = (
            session.query(SearchPassage)
            .join(SearchThing)
            .filter(SearchThing.kind == "lesson", SearchThing.ref == "1")
            .order_by(SearchPassage.position)
        )
        found = [(row.label, row.text) for row in rows]
    assert found == [("", "开头的话。"), ("疏散通道", "通道不要堆放杂物。")]


def test_a_hit_in_a_text_opens_at_its_heading(
    desk: Desk, course: int, finds: Callable, member
) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    place = markdown.heading_place("疏散通道")
    lesson = "/courses/ban-gong-shi-xiao-fang/lessons/1"
    assert f'href="{lesson}#{place}"' in finds("杂物")
    assert f'<h2 id="{place}">疏散通道</h2>' in member.get(lesson).get_data(as_text=True)


def test_what_is_edited_is_found_and_what_was_there_is_not(
    desk: Desk, course: int, finds: Callable
) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    lesson = "/courses/ban-gong-shi-xiao-fang/lessons/"
    desk.post("/desk/lessons/1", title="自查表", body="检查插座。", seen=1)
    assert f"{lesson}1" in finds("插座")
    assert f"{lesson}1" not in finds("杂物")
    desk.post(f"/desk/courses/{course}/about", **ABOUT | {"title": "用电安全", "seen": 1})
    assert 'href="/courses/ban-gong-shi-xiao-fang"' in finds("用电")
    desk.post("/desk/lessons/2/captions/zh-Hans/remove")
    assert f"{lesson}2" not in finds("灭火器")
    desk.post("/desk/lessons/1/remove")
    assert f"{lesson}1" not in finds("插座")
    desk.post("/desk/lessons/1/restore")
    assert f"{lesson}1" in finds("插座")


def test_captions_that_are_written_in_the_page_are_found(desk: Desk, finds: Callable) -> None:
    course_id = desk.draft("办公室消防", summary="知道怎么跑。")
    desk.video(course_id, 90_000, "三分钟")
    chosen = desk.post("/desk/lessons/1/captions", language="zh-Hans", write="1")
    page = "/desk/lessons/1/captions/zh-Hans"
    assert chosen.location.endswith(page)
    assert "WEBVTT" in desk.page(page)
    assert desk.post(page, text="WEBVTT\n").status_code == 422
    assert desk.post(page, text=VTT).status_code == 302
    assert desk.post("/desk/lessons/1/captions/fr", text=VTT).status_code == 404
    assert desk.client.get("/desk/lessons/1/captions/fr").status_code == 404
    desk.post(f"/desk/courses/{course_id}/publish")
    assert "/courses/ban-gong-shi-xiao-fang/lessons/1?t=30" in finds("灭火器")


def test_a_withdrawn_course_leaves_nothing_behind(app: Flask, desk: Desk, course: int) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    assert things(app) == {
        *(("course", "1"), ("lesson", "1"), ("lesson", "2"), ("caption", "2"), ("theme", "1")),
    }
    desk.post(f"/desk/courses/{course}/withdraw")
    assert things(app) == set()


def test_a_draft_tells_search_nothing(app: Flask, desk: Desk, course: int) -> None:
    desk.post("/desk/lessons/1", title="自查表", body="检查插座。", seen=1)
    desk.post("/desk/themes/1", title="Other", description="x")
    assert things(app) == set()


def test_only_the_audience_finds_it(
    desk: Desk, course: int, people: People, finds: Callable
) -> None:
    branch = people.branch("Chosen")
    below = people.client(people.member(branch=people.branch("Below", branch)))
    desk.post(f"/desk/courses/{course}/publish")
    closed = ABOUT | {"audience": "branches", "branches": branch, "title": "办公室消防"}
    assert desk.post(f"/desk/courses/{course}/about", **closed).status_code == 302
    for words in ("消防", "杂物", "灭火器", "Safety"):
        assert "ban-gong-shi" not in finds(words), words
        assert "/themes/safety" not in finds(words), words
        assert "ban-gong-shi" in finds(words, below) or "/themes/safety" in finds(words, below)


def test_a_theme_is_found_by_its_new_name_and_moves_with_its_courses(
    app: Flask, desk: Desk, course: int, finds: Callable
) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    desk.post("/desk/themes/1", title="安全生产", description="天天讲")
    assert "/themes/safety" in finds("天天讲")
    assert "安全生产" in finds("消防")  # the note of the course
    desk.post("/desk/themes", title="Second", description="")
    moved = ABOUT | {"title": "办公室消防", "theme_id": "2"}
    desk.post(f"/desk/courses/{course}/about", **moved)
    assert {ref for kind, ref in things(app) if kind == "theme"} == {"2"}


def test_reindex_brings_back_what_was_lost_and_takes_out_what_is_stale(
    app: Flask, desk: Desk, course: int
) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    before = things(app)
    with app.app_context(), unit_of_work() as session:
        session.execute(text("delete from search_passage"))
        session.execute(text("delete from search_thing where kind != 'lesson'"))
        session.execute(text("update search_thing set digest = ''"))
    result = app.test_cli_runner().invoke(args=["courses", "reindex"])
    assert result.exit_code == 0
    assert result.output.startswith("1 published courses")
    assert things(app) == before
    with app.app_context(), unit_of_work() as session:
        session.execute(text("update course set state = 'withdrawn'"))
    app.test_cli_runner().invoke(args=["courses", "reindex"])
    assert things(app) == set()


def test_a_refused_edit_tells_search_nothing(
    app: Flask, desk: Desk, course: int, look: Callable
) -> None:
    desk.post(f"/desk/courses/{course}/publish")
    run_pending(app)
    refused = desk.post("/desk/lessons/1", title="自查表", body="字" * 6001, seen=1)
    assert refused.status_code == 422
    assert look(queries.lesson_by_id, 1).body.startswith("开头")
    with app.app_context(), unit_of_work() as session:
        assert session.execute(text("select count(*) from search_change")).scalar() == 0
