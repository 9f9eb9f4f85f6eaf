"""The picture of a video: our choice, a trainer's, and who may choose."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import expect

from app.core import jobs
from app.core.db import unit_of_work
from app.courses import service
from app.media import service as media_service
from tests.courses.conftest import Desk
from tests.factories import People
from tests.live import PHONE, Site, Window

RED, GREEN, BLUE = 0, 1, 2


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of red, five of green, five of blue."""
    clip = tmp_path_factory.mktemp("posters") / "clip.mp4"
    colours = [
        part
        for colour in ("red", "lime", "blue")
        for part in ("-f", "lavfi", "-i", f"color={colour}:s=320x180:r=10:d=5")
    ]
    join = ("-filter_complex", "[0][1][2]concat=n=3,drawgrid=w=40:h=40:t=2:c=gray@0.5")
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    command = ["ffmpeg", "-v", "error", "-nostdin", *colours, *join, *encoder, str(clip)]
    subprocess.run(command, check=True, timeout=300)
    return clip


class Lesson:
    """A draft of a trainer with one video that is ready."""

    def __init__(self, app: Flask, owner: int, clip: Path, *, at_ms: int | None = None) -> None:
        self.app = app
        with app.app_context(), unit_of_work():
            self.media = media_service.import_file(clip, owner_id=owner, filename="clip.mp4")
            if at_ms is not None:
                media_service.wish_poster(self.media, at_ms)
            theme = service.create_theme(title="Safety")
            course = service.create_course(
                author_id=owner, title="Fire", theme_id=theme, language="en", summary="Out."
            )
            self.id = service.add_recording(course, title="Clip", media_id=self.media)
        self.url = f"/desk/lessons/{self.id}/picture"


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, people)


@pytest.fixture
def lesson(app: Flask, desk: Desk, traffic: Path) -> Lesson:
    made = Lesson(app, desk.id, traffic)
    jobs.run_pending(app)
    return made


def shown(desk: Desk, lesson: Lesson) -> tuple[str, tuple[int, int, int]]:
    """The picture that stands for the video now: its address and its colour."""
    found = re.search(r'class="poster-now" src="([^"]+)"', desk.page(lesson.url))
    assert found is not None
    answer = desk.client.get(found[1], buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    with Image.open(io.BytesIO(answer.data)) as picture:
        return found[1], picture.convert("RGB").getpixel((60, 60))


def test_a_trainer_takes_another_picture_and_ours_again(desk: Desk, lesson: Lesson) -> None:
    ours, colour = shown(desk, lesson)
    assert colour[RED] > 180  # from the first third
    page = desk.page(lesson.url)
    assert re.findall(r'name="at" value="(\w+)"', page) == [
        "0",
        "4000",
        "8000",
        "12000",
        "ours",
        "other",
    ]
    assert re.search(r'value="ours" checked', page)
    assert "storyboard-01.webp" in page

    answer = desk.post(lesson.url, at="8000")
    assert answer.status_code == 302
    address, colour = shown(desk, lesson)
    assert address != ours  # browsers keep pictures: another one needs another address
    assert colour[GREEN] > 180
    assert re.search(r'value="8000" checked', desk.page(lesson.url))

    # By hand, to the tenth of a second: blue begins at 10.
    for moment, channel in (("0:09.8", GREEN), ("0:10.2", BLUE), ("14.99", BLUE)):
        assert desk.post(lesson.url, at="other", moment=moment).status_code == 302, moment
        assert shown(desk, lesson)[1][channel] > 180, moment
    assert desk.client.get(address, buffered=True).status_code == 404  # nobody needs it any more

    assert desk.post(lesson.url, at="ours").status_code == 302
    assert shown(desk, lesson)[0] == ours


@pytest.mark.parametrize(
    "said",
    [
        {"at": "other", "moment": "0:15"},
        {"at": "15000"},
        {"at": "other", "moment": "soon"},
        {"at": "9" * 30},
        {"at": "-1"},
        {},
    ],
)
def test_no_picture_of_a_moment_that_is_not_there(
    desk: Desk, lesson: Lesson, said: dict[str, str]
) -> None:
    before = shown(desk, lesson)
    answer = desk.post(lesson.url, **said)
    assert answer.status_code == 422
    assert "notice-bad" in answer.get_data(as_text=True)
    assert shown(desk, lesson) == before


def test_somebody_elses_video_is_not_there(
    app: Flask, people: People, desk: Desk, lesson: Lesson
) -> None:
    other = Desk(app, people)
    assert other.client.get(lesson.url).status_code == 404
    assert other.post(lesson.url, at="8000").status_code == 404
    assert desk.post(lesson.url, at="8000").status_code == 302


def test_what_was_wished_before_is_taken_when_it_is_prepared(
    app: Flask, desk: Desk, traffic: Path
) -> None:
    lesson = Lesson(app, desk.id, traffic, at_ms=11_000)
    assert "once the video is ready" in desk.page(lesson.url)
    early = desk.post(lesson.url, at="4000")
    assert early.status_code == 409
    jobs.run_pending(app)
    assert shown(desk, lesson)[1][BLUE] > 180
    assert re.search(r'name="moment" value="0:11', desk.page(lesson.url))
    # Ours was not made then; asking for it keeps what there is.
    assert desk.post(lesson.url, at="ours").status_code == 302
    assert shown(desk, lesson)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_a_picture_is_chosen_with_the_keyboard_on_a_phone(
    site: Site, window: Callable[..., Window], traffic: Path
) -> None:
    trainer = site.people.member("Trainer Tan", role="trainer")
    lesson = Lesson(site.app, trainer, traffic)
    opened = window(viewport=PHONE)
    opened.sign_in(trainer)
    page = opened.page
    for _ in range(180):  # the worker of the site prepares it
        page.goto(lesson.url)
        if page.locator(".poster-now").count():
            break
        page.wait_for_timeout(500)
    assert opened.axe() == []
    assert not opened.scrolls_sideways()
    before = page.locator(".poster-now").get_attribute("src")
    page.get_by_role("radio", name="The sharpest one").focus()
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="0:08")).to_be_checked()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("The picture is chosen.")).to_be_visible()
    expect(page.locator(".poster-now")).not_to_have_attribute("src", before or "")
    expect(page.get_by_role("radio", name="0:08")).to_be_checked()
    # Or the moment at which the video was stopped.
    video = page.locator("[data-moment-media]")
    video.evaluate("video => { video.currentTime = 12.34; }")
    page.get_by_role("button", name="Take 0:12").click()
    expect(page.get_by_label("Minute and second of that moment")).to_have_value("0:12.3")
    expect(page.get_by_role("radio", name="Another moment")).to_be_checked()
    page.goto(f"/desk/lessons/{lesson.id}")
    page.get_by_role("textbox", name="Chapters").fill("0:00 Red\n0:10 Blue")
    page.locator("[data-moment-media]").evaluate("video => { video.currentTime = 5.2; }")
    page.locator("[data-moment-for=chapters-text]").click()
    page.keyboard.type("Green")
    expect(page.get_by_role("textbox", name="Chapters")).to_have_value(
        "0:00 Red\n0:05 Green\n0:10 Blue"
    )
    assert opened.axe() == []
    assert not opened.scrolls_sideways()
    assert opened.problems == []
