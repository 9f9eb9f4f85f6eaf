"""The trainer's desk, through URLs."""

from __future__ import annotations

from collections.abc import Callable

from app.courses import queries
from tests.courses.conftest import Desk


def test_an_empty_desk_says_what_to_do(desk: Desk) -> None:
    text = desk.page("/desk")
    assert "Make your first course" in text
    assert "/desk/courses/new" in text


def test_a_course_goes_from_nothing_to_published_in_the_pages(desk: Desk, look: Callable) -> None:
    new = desk.post(
        "/desk/courses/new", title="消防 安全", theme_id=0, new_theme="安全", language="zh_Hans"
    )
    assert new.headers["Location"] == "/desk/courses/1"
    assert desk.post("/desk/courses/1/publish").status_code == 422
    about = {"title": "消防安全", "summary": "知道怎么跑。", "theme_id": 1, "language": "zh_Hans"}
    assert desk.post("/desk/courses/1/about", audience="all", seen=1, **about).status_code == 302
    desk.post("/desk/courses/1/lessons/text", title="读一读", body="## 一\n先报警。")
    media_id = desk.recording(90_000)
    desk.post("/desk/courses/1/lessons/recording", title="看一看", media_id=media_id)
    desk.post("/desk/courses/1/quiz/new/truefalse", stem="水可以灭油火。", answer="false")
    assert desk.post("/desk/courses/1/publish").status_code == 302
    course = look(queries.course_by_id, 1)
    assert (course.slug, course.title, course.state) == (
        "xiao-fang-an-quan",
        "消防安全",
        "published",
    )
    assert course.length_ms == 90_000 + 4 * 200
    assert [lesson.title for lesson in course.lessons] == ["读一读", "看一看"]
    assert course.questions == 1
    for url in (
        "/desk",
        "/desk/courses/1",
        "/desk/courses/1/about",
        "/desk/courses/1/quiz",
        "/desk/lessons/1",
        "/desk/lessons/2",
        "/desk/courses/1/quiz/pick",
        "/desk/courses/1/quiz/new/single",
        "/desk/courses/1/delete",
        "/desk/themes",
        "/desk/themes/1",
        "/desk/questions",
        "/desk/question-uses?ids=1",
        "/desk/courses/1/lessons/text",
        "/desk/courses/1/lessons/recording",
    ):
        desk.page(url)
