"""The trainer's desk, through URLs."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask

from app.core.db import unit_of_work
from app.courses import queries
from app.media.models import Image
from app.media.queries import caption_tracks, recording
from app.questions import queries as bank
from app.questions import service as questions
from tests.courses.conftest import Desk
from tests.factories import People

ABOUT = {
    "title": "Fire safety",
    "summary": "Know the way out.",
    "theme_id": "1",
    "language": "en",
    "audience": "all",
}
QUESTION = {"stem": "So?", "answer": "true"}


def titles(look: Callable, course_id: int) -> list[str]:
    return [lesson.title for lesson in look(queries.course_by_id, course_id).lessons]


# --- the way of a course ------------------------------------------------------------------------


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
    assert (course.slug, course.title) == ("xiao-fang-an-quan", "消防安全")
    assert course.state == "published"
    assert course.length_ms == 90_000 + 4 * 200
    assert titles(look, 1) == ["读一读", "看一看"]
    assert course.questions == 1


@pytest.mark.parametrize(
    "url",
    [
        "/desk",
        "/desk?state=draft",
        "/desk?state=nonsense&page=0",
        "/desk/courses/new",
        "/desk/courses/1",
        "/desk/courses/1/about",
        "/desk/courses/1/quiz",
        "/desk/courses/1/quiz/pick?q=x&kind=single&mine=1",
        "/desk/courses/1/quiz/new/single",
        "/desk/courses/1/quiz/new/multiple",
        "/desk/courses/1/lessons/text",
        "/desk/courses/1/lessons/recording",
        "/desk/courses/1/delete",
        "/desk/lessons/1",
        "/desk/lessons/2",
        "/desk/themes",
        "/desk/themes/1",
        "/desk/question-uses?ids=1,x,,99999999999999999999",
    ],
)
def test_every_page_of_the_desk_opens(desk: Desk, url: str) -> None:
    course_id = desk.draft()
    desk.text(course_id)
    desk.video(course_id, 60_000)
    desk.post(f"/desk/courses/{course_id}/quiz/new/truefalse", **QUESTION)
    desk.page(url)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": " "}, "Give it a title"),
        ({"title": "x" * 121}, "Give it a title"),
        ({"theme_id": "0", "new_theme": ""}, "Give it a title"),
        ({"theme_id": "99"}, "theme_id-error"),
        ({"language": "fr"}, "language-error"),
    ],
)
def test_a_draft_needs_a_title_a_theme_and_a_language(
    desk: Desk, look: Callable, change: dict, sentence: str
) -> None:
    desk.theme()
    good = {"title": "T", "theme_id": "1", "language": "en"}
    refused = desk.post("/desk/courses/new", **{**good, **change})
    assert refused.status_code == 422
    assert sentence in refused.get_data(as_text=True)
    assert look(queries.all_course_ids) == []
    assert desk.post("/desk/courses/new", **good).status_code == 302


def test_two_courses_of_one_title_get_two_addresses(desk: Desk, look: Callable) -> None:
    desk.theme()
    for _ in range(2):
        desk.post("/desk/courses/new", title="Fire", theme_id=1, language="en")
    assert [look(queries.course_by_id, n).slug for n in (1, 2)] == ["fire", "fire-2"]


def test_the_publish_checklist_says_what_is_missing(desk: Desk) -> None:
    course_id = desk.draft(summary="")
    page = desk.page(f"/desk/courses/{course_id}")
    for sentence in (
        "Write a summary",
        "Add at least one lesson",
        "Add at least one quiz question",
    ):
        assert sentence in page
    refused = desk.post(f"/desk/courses/{course_id}/publish")
    assert refused.status_code == 422
    assert "cannot be published yet: Write a summary" in refused.get_data(as_text=True)


@pytest.mark.parametrize(("state", "status"), [("queued", 302), ("ready", 302), ("failed", 422)])
def test_publishing_waits_for_no_video_but_not_with_a_failed_one(
    desk: Desk, look: Callable, state: str, status: int
) -> None:
    course_id = desk.draft()
    media_id = desk.recording(1000, state=state)
    desk.post(f"/desk/courses/{course_id}/lessons/recording", title="V", media_id=media_id)
    assert desk.post(f"/desk/courses/{course_id}/publish").status_code == status
    course = look(queries.course_by_id, course_id)
    assert course.is_ready is (state == "ready")


def test_withdraw_and_publish_again_keep_the_first_date(desk: Desk, look: Callable) -> None:
    course_id = desk.published()
    first = look(queries.course_by_id, course_id).published_at
    assert desk.post(f"/desk/courses/{course_id}/publish").status_code == 422  # it is already
    assert desk.post(f"/desk/courses/{course_id}/withdraw").status_code == 302
    assert desk.post(f"/desk/courses/{course_id}/withdraw").status_code == 422
    assert desk.post(f"/desk/courses/{course_id}/publish").status_code == 302
    assert look(queries.course_by_id, course_id).published_at == first


def test_a_draft_is_deleted_and_put_back(desk: Desk, look: Callable) -> None:
    course_id = desk.draft("Fire")
    assert "Delete the draft" in desk.page(f"/desk/courses/{course_id}/delete")
    assert desk.post(f"/desk/courses/{course_id}/delete").status_code == 302
    assert desk.client.get(f"/desk/courses/{course_id}").status_code == 404
    assert "Deleted drafts" in desk.page("/desk")
    desk.post("/desk/courses/new", title="Fire", theme_id=1, language="en")
    assert look(queries.course_by_id, 2).slug == "fire"  # the name was free again
    assert desk.post(f"/desk/courses/{course_id}/restore").status_code == 302
    assert look(queries.course_by_id, course_id).slug == "fire-2"


def test_what_was_published_cannot_be_deleted(desk: Desk, look: Callable) -> None:
    course_id = desk.published()
    assert "cannot be deleted" in desk.page(f"/desk/courses/{course_id}/delete")
    for _ in range(2):
        assert desk.post(f"/desk/courses/{course_id}/delete").status_code == 422
        desk.post(f"/desk/courses/{course_id}/withdraw")
    assert look(queries.course_by_id, course_id) is not None


# --- lessons ------------------------------------------------------------------------------------


@pytest.fixture
def three(desk: Desk) -> int:
    course_id = desk.draft()
    for title in "ABC":
        desk.text(course_id, title=title)
    return course_id


@pytest.mark.parametrize(
    ("lesson", "to", "order"),
    [
        (1, "down", "BAC"),
        (3, "up", "ACB"),
        (1, "up", "ABC"),
        (3, "down", "ABC"),
        (2, "up", "BAC"),
    ],
)
def test_lessons_move_by_buttons(
    desk: Desk, look: Callable, three: int, lesson: int, to: str, order: str
) -> None:
    assert desk.post(f"/desk/lessons/{lesson}/move", to=to).status_code == 302
    assert "".join(titles(look, three)) == order


def test_moving_with_a_script_answers_with_the_list(desk: Desk, three: int) -> None:
    answer = desk.client.post(
        "/desk/lessons/1/move", data={"to": "down"}, headers={**desk.headers, "HX-Request": "true"}
    )
    text = answer.get_data(as_text=True)
    assert text.lstrip().startswith('<div id="lessons"')
    assert text.index("1. B") < text.index("2. A")


@pytest.mark.parametrize(
    ("order", "status", "now"),
    [
        ("3,1,2", 302, "CAB"),
        ("3,1", 409, "ABC"),
        ("3,1,1", 409, "ABC"),
        ("3,1,2,4", 409, "ABC"),
        ("", 409, "ABC"),
        ("a,b,c", 409, "ABC"),
    ],
)
def test_lessons_are_dragged_into_an_order(
    desk: Desk, look: Callable, three: int, order: str, status: int, now: str
) -> None:
    assert desk.post(f"/desk/courses/{three}/order", order=order).status_code == status
    assert "".join(titles(look, three)) == now


def test_a_removed_lesson_can_be_put_back(desk: Desk, look: Callable, three: int) -> None:
    before = look(queries.course_by_id, three).length_ms
    desk.post("/desk/lessons/2/remove")
    assert titles(look, three) == ["A", "C"]
    assert look(queries.course_by_id, three).length_ms < before
    assert "Removed lessons" in desk.page(f"/desk/courses/{three}")
    assert desk.client.get("/desk/lessons/2").status_code == 404
    assert desk.post("/desk/lessons/2/remove").status_code == 404
    assert desk.post("/desk/lessons/2/restore").status_code == 302
    assert titles(look, three) == ["A", "C", "B"]
    assert look(queries.course_by_id, three).length_ms == before
    assert desk.post("/desk/lessons/2/restore").status_code == 404


def test_a_published_course_keeps_its_last_lesson(desk: Desk, look: Callable) -> None:
    course_id = desk.published()
    assert desk.post("/desk/lessons/1/remove").status_code == 422
    assert titles(look, course_id) == ["Text"]
    desk.post(f"/desk/courses/{course_id}/withdraw")
    assert desk.post("/desk/lessons/1/remove").status_code == 302


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("", "nothing to read"), ("---\n\n…", "nothing to read"), ("x" * 60_001, "60001 characters")],
)
def test_a_text_needs_words_and_has_an_end(desk: Desk, body: str, sentence: str) -> None:
    course_id = desk.draft()
    answer = desk.post(f"/desk/courses/{course_id}/lessons/text", title="T", body=body)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_a_second_window_does_not_overwrite_and_nothing_typed_is_lost(
    desk: Desk, look: Callable, three: int
) -> None:
    first = desk.post("/desk/lessons/1", title="A", body="first window", seen=1)
    second = desk.post("/desk/lessons/1", title="A", body="second window", seen=1)
    assert (first.status_code, second.status_code) == (302, 409)
    assert "second window" in second.get_data(as_text=True)
    assert look(queries.lesson_by_id, 1).body == "first window"
    about = {**ABOUT, "seen": 1}
    assert desk.post(f"/desk/courses/{three}/about", **about | {"title": "One"}).status_code == 302
    late = desk.post(f"/desk/courses/{three}/about", **about | {"title": "Two"})
    assert late.status_code == 409
    assert 'value="Two"' in late.get_data(as_text=True)
    assert look(queries.course_by_id, three).title == "One"


def test_a_text_is_previewed_with_its_time_while_it_is_written(desk: Desk) -> None:
    course_id = desk.draft()
    url = f"/desk/courses/{course_id}/preview"
    page = desk.post(url, body="## Way out\n" + "字" * 300).get_data(as_text=True)
    assert ">Way out</h" in page
    assert "Reading time 1:00" in page
    over = desk.post(url, body="字" * 6300).get_data(as_text=True)
    assert "1:00.000 too long" in over
    without_script = desk.post(
        f"/desk/courses/{course_id}/lessons/text", title="T", body="**so**", preview="1"
    )
    assert without_script.status_code == 200
    assert "<strong>so</strong>" in without_script.get_data(as_text=True)


def test_somebody_elses_upload_is_not_taken(
    desk: Desk, other_desk: Desk, admin_desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    mine, theirs = desk.recording(1000), other_desk.recording(1000)
    url = f"/desk/courses/{course_id}/lessons/recording"
    for media_id in (theirs, 999, "", "x", -1):
        assert desk.post(url, title="V", media_id=media_id).status_code == 422
    assert desk.post(url, title="V", media_id=mine).status_code == 302
    assert desk.post("/desk/lessons/1/recording", media_id=theirs).status_code == 422
    assert look(queries.lesson_by_id, 1).media_id == mine
    assert admin_desk.post(url, title="V", media_id=theirs).status_code == 302


def test_a_replaced_file_is_let_go_when_no_lesson_uses_it(desk: Desk, look: Callable) -> None:
    course_id = desk.draft()
    first, second, sound = (
        desk.recording(1000),
        desk.recording(2000),
        desk.recording(9, kind="audio"),
    )
    url = f"/desk/courses/{course_id}/lessons/recording"
    desk.post(url, title="One", media_id=first)
    desk.post(url, title="Two", media_id=first)
    desk.post("/desk/lessons/1/recording", media_id=second)
    assert look(recording, first) is not None  # lesson 2 still shows it
    assert desk.post("/desk/lessons/2/recording", media_id=sound).status_code == 422
    desk.post("/desk/lessons/2/recording", media_id=second)
    assert look(recording, first) is None
    assert look(queries.course_by_id, course_id).length_ms == 4000


VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nThe way <b>out</b>\n"


def test_captions_are_added_and_removed(desk: Desk, look: Callable) -> None:
    course_id = desk.draft()
    desk.video(course_id, 60_000)
    media_id = look(queries.lesson_by_id, 1).media_id
    url = "/desk/lessons/1/captions"
    empty = desk.post(url, language="en")
    assert empty.status_code == 422
    assert "Choose a file first" in empty.get_data(as_text=True)
    bad = desk.post(url, language="en", file=(io.BytesIO(b"\x00\x01"), "x.vtt"))
    assert bad.status_code == 422
    good = desk.post(url, language="en", file=(io.BytesIO(VTT), "x.vtt"))
    assert good.status_code == 302
    assert [track.language for track in look(caption_tracks, media_id)] == ["en"]
    assert "1 caption" in desk.page("/desk/lessons/1")
    assert desk.post(f"{url}/en/remove").status_code == 302
    assert look(caption_tracks, media_id) == []


def test_a_text_has_no_captions(desk: Desk) -> None:
    desk.text(desk.draft())
    url = "/desk/lessons/1/captions"
    assert desk.post(url, language="en", file=(io.BytesIO(VTT), "x.vtt")).status_code == 404
    assert desk.post(f"{url}/en/remove").status_code == 404


# --- the quiz -----------------------------------------------------------------------------------


def paper(look: Callable, course_id: int) -> list[int]:
    found = look(queries.quiz_of, course_id)
    return list(found.question_ids) if found else []


def test_questions_are_written_picked_moved_and_taken_out(
    app: Flask, desk: Desk, other_desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    with app.app_context(), unit_of_work():
        body = {"stem": "Theirs?", "answer": True}
        theirs = questions.create(kind="truefalse", body=body, author_id=other_desk.id)
    url = f"/desk/courses/{course_id}/quiz"
    assert desk.post(f"{url}/new/truefalse", **QUESTION).status_code == 302
    assert "Theirs?" in desk.page(f"{url}/pick")
    assert desk.post(f"{url}/pick", question=theirs).status_code == 302
    assert "Theirs?" not in desk.page(f"{url}/pick")
    desk.post(f"{url}/pick", question=theirs)  # a second press changes nothing
    assert paper(look, course_id) == [2, theirs]
    desk.post(f"{url}/{theirs}/move", to="up")
    assert paper(look, course_id) == [theirs, 2]
    desk.post(f"{url}/{theirs}/move", to="up")
    assert desk.post(f"{url}/{theirs}/remove").status_code == 302
    assert paper(look, course_id) == [2]
    assert look(bank.question, theirs) is not None
    assert desk.post(f"{url}/{theirs}/remove").status_code == 404
    assert desk.post(f"{url}/{theirs}/move", to="up").status_code == 404
    assert desk.post(f"{url}/pick", question=999).status_code == 404


def test_a_pasted_paper_becomes_the_quiz(desk: Desk, other_desk: Desk, look: Callable) -> None:
    course_id = desk.draft()
    quiz = f"/desk/courses/{course_id}/quiz"
    assert f"/desk/questions/import?course={course_id}" in desk.page(quiz)
    text = "一、填空题\n1．火警电话是____。\n答案：119\n二、判断题\n2．着火可以乘电梯。（×）\n"
    read = desk.post(f"/desk/questions/import?course={course_id}", text=text).headers["Location"]
    number = int(read.rpartition("/")[2].partition("?")[0])
    assert read.endswith(f"?course={course_id}")
    take = f"/desk/questions/import/{number}/take?course={course_id}"
    assert f'action="{take}"' in desk.page(read)
    assert desk.post(f"{quiz}/pick", paper=number).status_code == 404  # not in the bank yet
    assert desk.post(take).headers["Location"] == read
    assert f'action="{quiz}/pick"' in desk.page(read)
    assert "2 questions" in desk.page(f"{quiz}/pick")
    theirs = other_desk.draft()
    assert other_desk.post(f"/desk/courses/{theirs}/quiz/pick", paper=number).status_code == 404
    assert desk.post(f"{quiz}/pick", paper=number).status_code == 302
    desk.post(f"{quiz}/pick", paper=number)  # a second press changes nothing
    asked = look(bank.questions, paper(look, course_id))
    assert [each.kind for each in asked.values()] == ["blanks", "truefalse"]


def test_a_question_that_cannot_be_asked_is_in_neither_quiz_nor_bank(
    desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    url = f"/desk/courses/{course_id}/quiz/new/truefalse"
    assert desk.post(url, stem="So?").status_code == 422
    assert look(bank.question, 1) is None
    assert desk.post(url, **QUESTION).status_code == 302


def test_the_bank_says_in_how_many_courses_a_question_is(desk: Desk) -> None:
    first, second = desk.draft("One"), desk.draft("Two")
    desk.post(f"/desk/courses/{first}/quiz/new/truefalse", **QUESTION)
    desk.post(f"/desk/courses/{second}/quiz/pick", question=1)
    assert "/desk/question-uses?ids=1" in desk.page("/desk/questions")
    alone = desk.page("/desk/question-uses?ids=1,5")  # without scripts
    assert "in 2 courses" in alone
    assert 'href="/desk/questions/1"' in alone
    desk.post(f"/desk/courses/{second}/delete")
    assert "in 1 course" in desk.page("/desk/question-uses?ids=1")


@pytest.mark.parametrize(
    ("name", "good", "wrong"),
    [
        ("pass_percent", (1, 100), (0, 101, "", "x", "1e2")),
        ("attempts_allowed", (0, 100), (-1, 101, "")),
        ("completion_percent", (50, 100), (49, 101, "")),
    ],
)
def test_the_rules_of_a_course_have_limits(
    desk: Desk, look: Callable, name: str, good: tuple, wrong: tuple
) -> None:
    course_id = desk.draft()
    usual = {"pass_percent": 60, "attempts_allowed": 0, "completion_percent": 90}
    url = f"/desk/courses/{course_id}/quiz/rules"
    for value in wrong:
        assert desk.post(url, **usual | {name: value}).status_code == 422, value
    for value in good:
        assert desk.post(url, **usual | {name: value}).status_code == 302
        assert getattr(look(queries.course_by_id, course_id), name) == value


# --- audience, cover ----------------------------------------------------------------------------


def test_an_audience_is_chosen_and_opened_again(desk: Desk, people: People, look: Callable) -> None:
    course_id, branch = desk.draft(), people.branch("First branch")
    url = f"/desk/courses/{course_id}/about"
    nobody = desk.post(url, **ABOUT | {"audience": "branches", "title": "Other"})
    assert nobody.status_code == 422
    assert "Choose at least one branch" in nobody.get_data(as_text=True)
    assert look(queries.course_by_id, course_id).title == "Fire safety"  # all or nothing
    unknown = ABOUT | {"audience": "branches", "branches": 999}
    assert desk.post(url, **unknown).status_code == 422
    assert desk.post(url, **ABOUT | {"audience": "branches", "branches": branch}).status_code == 302
    assert look(queries.course_by_id, course_id).audience == {branch}
    assert f'value="{branch}" checked' in desk.page(url)
    assert desk.post(url, **ABOUT).status_code == 302
    assert look(queries.course_by_id, course_id).audience is None


def test_a_cover_must_be_ones_own_picture(
    app: Flask, desk: Desk, other_desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    with app.app_context(), unit_of_work() as session:
        now = look(queries.course_by_id, course_id).changed_at
        for number, owner in ((1, desk.id), (2, other_desk.id)):
            session.add(
                Image(
                    uuid=str(number) * 32,
                    owner_id=owner,
                    width=480,
                    height=270,
                    widths=[480],
                    created_at=now,
                )
            )
    for url in (f"/desk/courses/{course_id}/cover", "/desk/themes/1/cover"):
        assert desk.post(url, image_id=2).status_code == 404
        assert desk.post(url, image_id=9).status_code == 404
        assert desk.post(url, image_id=1).status_code == 302
    assert look(queries.course_by_id, course_id).cover_image_id == 1
    desk.post(f"/desk/courses/{course_id}/cover", image_id="")
    found = look(queries.course_by_id, course_id)
    assert found.cover_image_id is None
    assert found.cover is not None  # the theme's


# --- themes -------------------------------------------------------------------------------------


def test_themes_are_made_edited_ordered_and_removed(desk: Desk, look: Callable) -> None:
    for title in ("First", "Second"):
        assert desk.post("/desk/themes", title=title, description="D").status_code == 302
    assert desk.post("/desk/themes", title="").status_code == 422
    desk.post("/desk/themes/2/move", to="up")
    assert [theme.title for theme in look(queries.all_themes)] == ["Second", "First"]
    desk.post("/desk/themes/2/move", to="up")
    assert desk.post("/desk/themes/2", title="Renamed", description="").status_code == 302
    assert desk.post("/desk/themes/2", title="", description="").status_code == 422
    assert look(queries.theme, 2).slug == "second"  # its address stays
    desk.post("/desk/courses/new", title="Fire", theme_id=2, language="en")
    refused = desk.post("/desk/themes/2/remove")
    assert refused.status_code == 422
    assert "There are courses in this theme" in refused.get_data(as_text=True)
    desk.post("/desk/courses/1/delete")
    assert desk.post("/desk/themes/2/remove").status_code == 302
    assert [theme.title for theme in look(queries.all_themes)] == ["First"]
    assert desk.post("/desk/courses/1/restore").status_code == 302
    for url in ("/desk/themes/2", "/desk/themes/99"):
        assert desk.client.get(url).status_code == 404
