"""What carries titles in other languages: every reader sees the right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.core import clock
from app.core.db import unit_of_work
from app.core.jobs import run_pending
from app.courses import package as packages
from app.courses import queries, service
from app.courses.package import writing
from app.courses.rules import BadTitle
from app.courses.rules.titles import said, titles_of
from app.learning.models import CourseProgress, LessonProgress
from tests.courses.conftest import Desk
from tests.factories import People
from tests.statements import counted

ABOUT = {"title": "Fire safety", "summary": "Know the way out.", "theme_id": "1", "language": "en"}
CHINESE = {"title_zh_Hans": "消防安全", "text_zh_Hans": "知道怎么跑。"}


@pytest.fixture
def reads(people: People) -> Callable:
    """A page as a member of this language sees it."""
    clients = {
        language: people.client(people.member(language=language))
        for language in ("en", "zh_Hans", "zh_Hant")
    }

    def page(language: str, url: str, **query: str) -> str:
        answer = clients[language].get(url, query_string=query)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    return page


@pytest.fixture
def course(desk: Desk) -> int:
    """An English course with Chinese titles, in a theme that has them too."""
    course_id = desk.published("Fire safety")
    assert (
        desk.post(
            f"/desk/courses/{course_id}/about", **ABOUT, audience="all", **CHINESE
        ).status_code
        == 302
    )
    theme = {"title": "Safety", "description": "Be careful.", "title_zh_Hans": "安全生产"}
    assert desk.post("/desk/themes/1", **theme, text_zh_Hans="小心。").status_code == 302
    return course_id


@pytest.mark.usefixtures("course")
def test_every_reader_sees_the_title_of_their_language(reads: Callable) -> None:
    for url in ("/courses", "/courses/fire-safety", "/themes/safety"):
        chinese, english = reads("zh_Hans", url), reads("en", url)
        assert "消防安全" in chinese
        assert "Fire safety" not in chinese
        assert "Fire safety" in english
        assert "消防安全" not in english
    assert "安全生产" in reads("zh_Hans", "/themes/safety")
    assert "小心。" in reads("zh_Hans", "/themes/safety")
    assert "Be careful." in reads("en", "/themes/safety")


@pytest.mark.usefixtures("course")
def test_the_other_chinese_script_is_derived_and_follows(reads: Callable, desk: Desk) -> None:
    assert "知道怎麼跑。" in reads("zh_Hant", "/courses/fire-safety")
    form = desk.page("/desk/courses/1/about")
    assert "消防安全" in form
    assert "知道怎麼跑。" not in form
    desk.post("/desk/courses/1/about", **ABOUT, audience="all", title_zh_Hans="火灾怎么办")
    assert "火災怎麼辦" in reads("zh_Hant", "/courses/fire-safety")


def test_what_has_no_translation_is_said_as_it_is(reads: Callable, desk: Desk) -> None:
    desk.published("消防")
    assert "消防" in reads("en", "/courses")


def test_a_form_shows_the_own_title_to_an_author_of_another_language(
    course: int, desk: Desk, people: People, app: Flask
) -> None:
    chinese = people.client(people.member(role="administrator", language="zh_Hans"))
    page = chinese.get(f"/desk/courses/{course}/about").get_data(as_text=True)
    assert 'value="Fire safety"' in page
    assert 'name="title_en"' not in page  # the language of the course has its fields above
    with app.app_context():
        found = queries.course_by_id(course)
        assert found is not None
        assert (found.title, found.own_title) == ("Fire safety", "Fire safety")


@pytest.mark.parametrize("url", ["/desk/courses/1/about", "/desk/themes/1"])
def test_a_title_that_is_too_long_is_said_beside_its_field(
    course: int, desk: Desk, reads: Callable, url: str
) -> None:
    answer = desk.post(url, **ABOUT, audience="all", title_zh_Hans="火" * 121)
    assert answer.status_code == 422
    assert 'id="title_zh_Hans-error"' in answer.get_data(as_text=True)
    assert "消防安全" in reads("zh_Hans", "/courses")


@pytest.mark.usefixtures("course")
def test_search_finds_every_title_and_shows_the_readers(app: Flask, reads: Callable) -> None:
    run_pending(app)
    for words in ("消防安全", "fire safety", "怎么跑"):
        for language, title in (("zh_Hans", "消防"), ("en", "Fire")):
            page = reads(language, "/search", q=words)
            assert '/courses/fire-safety"' in page, (words, language)
            assert title in page
    assert "安全生产" in reads("zh_Hans", "/search/suggest", q="safety")


def test_search_shows_summaries_in_the_readers_language(
    app: Flask, course: int, desk: Desk, reads: Callable
) -> None:
    run_pending(app)
    for language, own, others in (
        ("zh_Hans", ("知道怎么跑。", "小心。"), ("Be careful.", "知道怎麼跑。")),
        ("zh_Hant", ("知道怎麼跑。",), ("Be careful.", "知道怎么跑。")),
        ("en", ("Be careful.",), ("小心。", "知道怎么跑。")),
    ):
        found = "".join(reads(language, "/search", q=words) for words in ("Fire", "Safety"))
        assert all(words in found for words in own), language
        assert not any(words in found for words in others), language


def test_titles_cost_no_query(app: Flask, people: People, desk: Desk) -> None:
    reader = people.client(people.member(language="zh_Hans"))

    def cost() -> int:
        reader.get("/courses")
        with counted(app) as statements:
            assert reader.get("/courses").status_code == 200
        return len(statements)

    ids = [desk.published(f"Course {number}") for number in range(3)]
    before = cost()
    for course_id in ids:
        with app.app_context(), unit_of_work():
            service.describe(
                course_id,
                **{**ABOUT, "theme_id": 1},
                titles={"zh_Hans": {"title": f"课程{course_id}"}},
            )
    assert cost() == before


def test_a_copy_takes_its_titles_along(course: int, desk: Desk, reads: Callable) -> None:
    desk.post(f"/desk/courses/{course}/duplicate")
    desk.post(f"/desk/courses/{course + 1}/publish")
    assert "消防安全 (copy)" in reads("zh_Hans", "/courses")


def test_packages_carry_titles(app: Flask, course: int, tmp_path: Path) -> None:
    with app.app_context():
        package, contents = service.package_of(course)
        folder = writing.write(package, tmp_path, contents)
        again = packages.read(folder)
    assert again.titles == {"zh_Hans": {"title": "消防安全", "text": "知道怎么跑。"}}
    assert again.theme_facts is not None
    assert again.theme_facts.titles == {"zh_Hans": {"title": "安全生产", "text": "小心。"}}
    toml = folder / "course.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8")
        .replace("[course.titles.zh_Hans]", "[course.titles.klingon]")
        .replace('description = "小心。"', "description = 7"),
        encoding="utf-8",
    )
    with app.app_context(), pytest.raises(packages.BadPackage) as refused:
        packages.read(folder)
    assert [problem.line > 0 for problem in refused.value.problems] == [True, True]


# --- lessons --------------------------------------------------------------------------------------

LESSON = "/courses/fire-safety/lessons/1"
TEXT = {"title": "The way out", "body": "Some words.", "title_zh_Hans": "怎么出去"}


@pytest.fixture
def lesson(course: int, desk: Desk) -> int:
    """The text of an English course, with a Chinese title."""
    assert desk.post("/desk/lessons/1", **TEXT).status_code == 302
    return course


@pytest.mark.usefixtures("lesson")
def test_every_reader_sees_the_title_of_a_lesson_in_their_language(reads: Callable) -> None:
    for url in ("/courses/fire-safety", LESSON, "/discussions/lessons/1"):
        for language, title in (
            ("en", "The way out"),
            ("zh_Hans", "怎么出去"),
            ("zh_Hant", "怎麼出去"),
        ):
            page = reads(language, url)
            assert title in page, (url, language)
            assert ("The way out" in page) is (language == "en"), (url, language)


def test_a_lesson_that_was_begun_is_called_so_on_the_start_page(
    lesson: int, app: Flask, people: People
) -> None:
    member = people.member(language="zh_Hans")
    with app.app_context(), unit_of_work() as session:
        now = clock.now()
        session.add(CourseProgress(member_id=member, course_id=lesson, started_at=now))
        session.add(
            LessonProgress(
                member_id=member,
                lesson_id=1,
                course_id=lesson,
                length_ms=1000,
                started_at=now,
                heard_at=now,
            )
        )
    page = people.client(member).get("/").get_data(as_text=True)
    assert "怎么出去" in page
    assert "The way out" not in page


def test_the_form_of_a_lesson_shows_what_was_written_to_authors_of_every_language(
    lesson: int, people: People, desk: Desk
) -> None:
    chinese = people.client(people.member(role="administrator", language="zh_Hans"))
    page = chinese.get("/desk/lessons/1").get_data(as_text=True)
    assert 'value="The way out"' in page
    assert 'value="怎么出去"' in page
    assert "怎麼出去" not in page  # derived, so not shown
    assert 'name="title_en"' not in page
    assert 'name="text_zh_Hans"' not in page
    video = desk.video(lesson, 60_000)
    desk.post(f"/desk/lessons/{video}", title="Film", title_zh_Hans="影片")
    page = chinese.get(f"/desk/lessons/{video}").get_data(as_text=True)
    assert 'value="Film"' in page
    assert 'value="影片"' in page
    desk.post(f"/desk/lessons/{video}", title="Film", title_zh_Hans="")
    assert "影片" not in chinese.get(f"/desk/lessons/{video}").get_data(as_text=True)


@pytest.mark.usefixtures("lesson")
def test_a_title_of_a_lesson_that_is_too_long_is_said_beside_its_field(
    desk: Desk, reads: Callable
) -> None:
    answer = desk.post("/desk/lessons/1", **{**TEXT, "title_zh_Hans": "出" * 121})
    assert answer.status_code == 422
    assert 'id="title_zh_Hans-error"' in answer.get_data(as_text=True)
    assert "怎么出去" in reads("zh_Hans", LESSON)


@pytest.mark.usefixtures("lesson")
def test_search_finds_every_title_of_a_lesson(app: Flask, reads: Callable) -> None:
    run_pending(app)
    for words in ("怎么出去", "way out"):
        for language, title in (("zh_Hans", "怎么"), ("en", "way")):
            page = reads(language, "/search", q=words, kind="lesson")
            assert f'{LESSON}"' in page, (words, language)
            assert title in page


def test_a_lesson_has_no_other_title_in_the_language_of_its_course(
    lesson: int, desk: Desk, reads: Callable
) -> None:
    chinese = {**ABOUT, "language": "zh_Hans", "title_en": "Fire safety"}
    desk.post(f"/desk/courses/{lesson}/about", **chinese, audience="all")
    assert "The way out" in reads("zh_Hans", LESSON)


def test_titles_of_lessons_cost_no_query(
    course: int, app: Flask, people: People, desk: Desk
) -> None:
    reader = people.client(people.member(language="zh_Hans"))

    def cost() -> int:
        reader.get("/courses/fire-safety")
        with counted(app) as statements:
            assert reader.get("/courses/fire-safety").status_code == 200
        return len(statements)

    for number in range(3):
        desk.text(course, title=f"Text {number}")
    before = cost()
    for lesson in range(1, 5):
        desk.post(f"/desk/lessons/{lesson}", **TEXT)
    assert "怎么出去" in reader.get("/courses/fire-safety").get_data(as_text=True)
    assert cost() == before


def test_copies_and_packages_take_titles_of_lessons_along(
    lesson: int, app: Flask, desk: Desk, reads: Callable, tmp_path: Path
) -> None:
    desk.post(f"/desk/courses/{lesson}/duplicate")
    desk.post(f"/desk/courses/{lesson + 1}/publish")
    assert "怎么出去" in reads("zh_Hans", "/courses/fire-safety-copy")
    chinese = {"zh_Hans": {"title": "怎么出去"}}
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        package, contents = service.package_of(lesson)
        folder = writing.write(package, tmp_path, contents)
    with app.app_context(), unit_of_work():
        read = packages.read(folder)
        assert [(one.title, one.titles) for one in read.lessons] == [("The way out", chinese)]
        service.load_package(read, author_id=desk.id, files={}, pictures={})
        row = queries.lesson_by_id(1)
        assert row is not None
        assert row.titles["zh_Hant"]["title"] == "怎麼出去"
    toml = folder / "course.toml"
    given = toml.read_text(encoding="utf-8")
    for wrong in (
        given.replace("[lesson.titles.zh_Hans]", "[lesson.titles.klingon]"),
        given.replace('title = "怎么出去"', 'title = "怎么出去"\nsummary = "x"'),
        given.replace('title = "怎么出去"', "title = 7"),
    ):
        toml.write_text(wrong, encoding="utf-8")
        with app.app_context(), pytest.raises(packages.BadPackage) as refused:
            packages.read(folder)
        assert [problem.line > 0 for problem in refused.value.problems] == [True]


# --- the rules ------------------------------------------------------------------------------------


def test_only_known_languages_and_short_titles_are_kept() -> None:
    def kept(given: dict, own: str = "Safety", language: str = "en") -> dict:
        return titles_of(given, own=own, language=language, convert=lambda text, _: f"<{text}>")

    assert kept({"zh_Hans": {"title": "  ", "text": ""}}) == {}
    assert kept({"en": {"title": "x"}}) == {}
    assert kept({"zh_Hant": {"title": "安全"}})["zh_Hans"] == {"title": "<安全>", "from": "zh_Hant"}
    assert kept({"zh_Hans": {"title": "安全"}}, own="安全 · Safety", language="").keys() == {
        "zh_Hans"
    }
    with pytest.raises(BadTitle) as refused:
        kept({"zh_Hans": {"title": "安" * 121}})
    assert refused.value.where == "title_zh_Hans"
    assert said("Safety", "title", kept({"zh_Hans": {"text": "小心"}}), "zh_Hans") == "Safety"
    assert said("Safety", "title", kept({"zh_Hans": {"title": "安全"}}), None) == "Safety"


def test_a_new_recording_is_named_in_other_languages_at_once(
    course: int, desk: Desk, reads: Callable
) -> None:
    url = f"/desk/courses/{course}/lessons/recording"
    assert 'name="title_zh_Hans"' in desk.page(url)
    film = {"title": "Film", "media_id": desk.recording(60_000)}
    refused = desk.post(url, **film, title_zh_Hans="影" * 121)
    assert refused.status_code == 422
    assert 'id="title_zh_Hans-error"' in refused.get_data(as_text=True)
    assert desk.post(url, **film, title_zh_Hans="影片").status_code == 302
    slug = "/courses/fire-safety"
    assert "影片" in reads("zh_Hans", slug)
    assert "Film" in reads("en", slug)
