"""A course is never longer than 20:00.000: at every gate, in the database, in a race."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.db import unit_of_work
from app.courses import queries, service
from app.courses.rules import LONGEST_COURSE_MS, CourseTooLong
from app.media.models import Media
from tests.courses.conftest import Desk

FULL = LONGEST_COURSE_MS
OVER = "0:00.001 over the limit of 20:00"


def length(look: Callable, course_id: int) -> int:
    return look(queries.course_by_id, course_id).length_ms


# --- when a lesson is added --------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_adding_a_video(desk: Desk, look: Callable, extra: int, status: int) -> None:
    course_id = desk.draft()
    desk.video(course_id, 700_000, "The long one")
    media_id = desk.recording(500_000 + extra)
    answer = desk.post(
        f"/desk/courses/{course_id}/lessons/recording", title="Second", media_id=media_id
    )
    assert answer.status_code == status
    assert (OVER in answer.get_data(as_text=True)) is bool(extra)
    assert length(look, course_id) == (FULL if not extra else 700_000)
    if extra:
        page = answer.get_data(as_text=True)
        assert "20:00.001 long" in page
        assert "Shorten “The long one” (11:40)" in page


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_adding_a_text(desk: Desk, look: Callable, extra: int, status: int) -> None:
    course_id = desk.draft()
    desk.video(course_id, FULL - 20_000 + extra)
    answer = desk.post(f"/desk/courses/{course_id}/lessons/text", title="T", body="字" * 100)
    assert answer.status_code == status
    assert length(look, course_id) == (FULL if not extra else FULL - 20_000 + extra)


def test_one_video_of_twenty_minutes_is_a_course(desk: Desk, look: Callable) -> None:
    course_id = desk.draft()
    media_id = desk.recording(FULL)
    url = f"/desk/courses/{course_id}/lessons/recording"
    assert desk.post(url, title="All of it", media_id=media_id).status_code == 302
    assert desk.post(f"/desk/courses/{course_id}/publish").status_code == 302
    assert length(look, course_id) == FULL


def test_a_real_video_of_20_minutes_and_1_second_is_refused(
    desk: Desk, look: Callable, long_clip: Path
) -> None:
    course_id = desk.draft()
    answer = desk.client.post(
        "/media/upload?filename=long.mp4",
        data=long_clip.read_bytes(),
        headers={**desk.headers, "Accept": "application/json"},
        content_type="application/octet-stream",
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found = answer.get_json()
    assert found["duration_ms"] == 1_201_000
    url = f"/desk/courses/{course_id}/lessons/recording"
    refused = desk.post(url, title="Too long", media_id=found["id"])
    assert refused.status_code == 422
    assert "20:01 long, which is 0:01 over" in refused.get_data(as_text=True)
    assert length(look, course_id) == 0


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20:01 of one small picture a second; encoding it takes less than a second."""
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    source = "testsrc=size=64x36:rate=1:duration=1201"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-preset", "ultrafast", str(path)],
        check=True,
        timeout=120,
    )
    return path


# --- when a video is replaced, a text edited, a lesson put back --------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_replacing_a_video(desk: Desk, look: Callable, extra: int, status: int) -> None:
    course_id = desk.draft()
    desk.video(course_id, 600_000)
    lesson_id = desk.video(course_id, 100_000)
    media_id = desk.recording(600_000 + extra)
    answer = desk.post(f"/desk/lessons/{lesson_id}/recording", media_id=media_id)
    assert answer.status_code == status
    assert length(look, course_id) == (FULL if not extra else 700_000)


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_editing_a_text(desk: Desk, look: Callable, extra: int, status: int) -> None:
    course_id = desk.draft()
    desk.video(course_id, FULL - 60_000 + extra)
    lesson_id = desk.text(course_id, "字")
    answer = desk.post(f"/desk/lessons/{lesson_id}", title="T", body="字" * 300, seen=1)
    assert answer.status_code == status
    assert ("字" * 300 in answer.get_data(as_text=True)) is bool(extra)  # nothing typed is lost
    assert look(queries.lesson_by_id, lesson_id).length_ms == (200 if extra else 60_000)


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_putting_a_lesson_back(desk: Desk, look: Callable, extra: int, status: int) -> None:
    course_id = desk.draft()
    lesson_id = desk.video(course_id, 600_000 + extra)
    desk.post(f"/desk/lessons/{lesson_id}/remove")
    desk.video(course_id, 600_000)
    assert desk.post(f"/desk/lessons/{lesson_id}/restore").status_code == status
    assert length(look, course_id) == (600_000 if extra else FULL)


def test_a_length_is_rounded_down_alone_and_in_sums(desk: Desk) -> None:
    course_id = desk.draft()
    desk.video(course_id, 30_040)
    page = desk.client.get(f"/desk/courses/{course_id}").get_data(as_text=True)
    assert "0:30 of 20:00 used" in page
    assert "0:31" not in page
    desk.video(course_id, 202_900)
    page = desk.client.get(f"/desk/courses/{course_id}").get_data(as_text=True)
    assert "3:52 of 20:00 used" in page
    assert "3:52" in desk.client.get("/desk").get_data(as_text=True)


# --- when a course is published ----------------------------------------------------------------


@pytest.mark.parametrize(("extra", "status"), [(0, 302), (1, 422)])
def test_publishing_counts_again_from_the_recordings(
    app: Flask, desk: Desk, look: Callable, extra: int, status: int
) -> None:
    course_id = desk.draft()
    lesson_id = desk.video(course_id, 1000)
    with app.app_context(), unit_of_work() as session:
        media_id = look(queries.lesson_by_id, lesson_id).media_id
        session.get_one(Media, media_id).duration_ms = FULL + extra
    answer = desk.post(f"/desk/courses/{course_id}/publish")
    assert answer.status_code == status
    course = look(queries.course_by_id, course_id)
    assert course.state == ("draft" if extra else "published")
    assert course.length_ms == (1000 if extra else FULL)


# --- the database itself -----------------------------------------------------------------------


@pytest.mark.parametrize("table", ["course", "lesson"])
def test_the_database_refuses_more(app: Flask, desk: Desk, table: str) -> None:
    desk.video(desk.draft(), 1000)
    set_length = f"update {table} set length_ms = :ms"
    with app.app_context():
        with unit_of_work() as session:
            session.execute(text(set_length), {"ms": FULL})
        for wrong in (FULL + 1, -1):
            with pytest.raises(IntegrityError, match="length"), unit_of_work() as session:
                session.execute(text(set_length), {"ms": wrong})


# --- at once -----------------------------------------------------------------------------------


def test_two_at_once_cannot_both_fit_into_the_same_minutes(
    app: Flask, desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    desk.video(course_id, FULL - 100_000)
    recordings = [desk.recording(60_000 + n) for n in range(6)]
    start = Barrier(len(recordings), timeout=120)
    outcomes: list[str] = []

    def add(media_id: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    service.add_recording(course_id, title="Mine", media_id=media_id)
                outcomes.append("added")
            except CourseTooLong:
                outcomes.append("too long")

    threads = [Thread(target=add, args=(media_id,)) for media_id in recordings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(outcomes) == ["added"] + ["too long"] * 5
    course = look(queries.course_by_id, course_id)
    assert course.length_ms == sum(lesson.length_ms for lesson in course.lessons) <= FULL


def test_two_requests_at_once_cannot_exceed_it_together(
    app: Flask, desk: Desk, look: Callable
) -> None:
    course_id = desk.draft()
    lesson_id = desk.text(course_id, "字")
    desk.video(course_id, FULL - 100_000)
    media_id = desk.recording(60_000)
    start = Barrier(2, timeout=120)
    statuses: list[int] = []

    def send(url: str, **data: object) -> None:
        start.wait()
        statuses.append(desk.post(url, **data).status_code)

    threads = [
        Thread(
            target=send,
            args=(f"/desk/courses/{course_id}/lessons/recording",),
            kwargs={"title": "Video", "media_id": media_id},
        ),
        Thread(
            target=send,
            args=(f"/desk/lessons/{lesson_id}",),
            kwargs={"title": "Text", "body": "字" * 300},
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(statuses) == [302, 422]
    course = look(queries.course_by_id, course_id)
    assert course.length_ms == sum(lesson.length_ms for lesson in course.lessons) <= FULL
