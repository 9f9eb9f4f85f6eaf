"""Recording in the browser: what is recorded arrives while it grows, and becomes a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import render_template_string, request
from playwright.sync_api import Page, expect

from app.core.access import access
from app.core.db import db
from app.core.headers import allow_recording
from app.media import queries
from app.members.access import AUTHOR
from tests.live import PHONE, Window
from tests.media.conftest import Clips, Studio
from tests.media.test_page import Desk, serving

BOOTH = """
{% extends "base.html" %}
{% from "media/upload.html" import recording_upload %}
{% block styles %}<link rel="stylesheet" href="{{ static_url('css/media.css') }}">{% endblock %}
{% block scripts %}
<script type="module" src="{{ static_url('js/upload.js') }}"></script>
<script type="module" src="{{ static_url('js/media/record.js') }}"></script>{% endblock %}
{% block main %}<h1>Lesson</h1><form method="get" action="/booth">
{{ recording_upload('media_id', record=most) }}</form>{% endblock %}
"""

HEARD = """() => document.querySelector("[data-record-level]").value > 0"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving(tmp_path, upload_limit=2_000_000_000) as desk:

        @desk.app.get("/booth")
        @access(AUTHOR)
        def booth() -> str:
            allow_recording()
            return render_template_string(BOOTH, most=int(request.args.get("most", 1_200_000)))

        yield desk


@pytest.fixture
def window(chrome, desk: Desk) -> Iterator[Window]:
    window = Window(chrome, desk, viewport=PHONE, permissions=["camera", "microphone"])
    window.sign_in(desk.trainer)
    window.page.goto("/booth")
    window.page.get_by_text("Or record it here").click()
    yield window
    window.close()


def on_the_disk(desk: Desk) -> int:
    """Bytes that have arrived of unfinished uploads."""
    root: Path = desk.app.extensions["weike"].media_dir / "partial"
    return sum(path.stat().st_size for path in root.glob("*/data"))


def arrived(page: Page) -> None:
    expect(page.locator("[data-media-state]")).to_be_visible(timeout=60_000)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("Camera", "video"),
        ("Screen", "video"),
        ("Screen and camera", "video"),
        ("Only sound", "audio"),
    ],
)
def test_what_is_recorded_is_sent_and_prepared(
    desk: Desk, window: Window, what: str, kind: str
) -> None:
    page = window.page
    page.get_by_role("button", name=what, exact=True).click()
    page.get_by_role("button", name="Start recording").click()
    left = page.locator("[data-record-left]")
    expect(left).to_have_text(re.compile("19:[0-5][0-6]"), timeout=60_000)
    page.wait_for_function(HEARD)
    if kind == "video":
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Paused.")).to_be_visible()
        page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Keep it").click()
    arrived(page)
    media_id = int(page.locator("[data-upload-id]").input_value())
    desk.work()
    expect(page.locator("[data-media-state=ready]")).to_be_visible(timeout=30_000)
    assert not on_the_disk(desk)
    studio = Studio(desk.app, desk.people)
    found = studio.recording(media_id)
    assert (found.kind, found.is_ready) == (kind, True)
    assert 2_000 < found.duration_ms < 60_000
    assert window.problems == []


@pytest.mark.browser
def test_it_arrives_while_it_is_recorded_and_can_be_thrown_away(desk: Desk, window: Window) -> None:
    page = window.page
    assert window.axe() == []
    page.get_by_role("button", name="Camera", exact=True).click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Finish")).to_be_focused()
    assert window.axe() == []
    assert not window.scrolls_sideways()
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=60_000):
        pass
    assert on_the_disk(desk) > 0
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_role("button", name="Camera", exact=True)).to_be_focused()
    assert on_the_disk(desk) == 0


@pytest.mark.browser
def test_recording_ends_by_itself_when_the_time_is_up(desk: Desk, window: Window) -> None:
    """The same twenty minutes as everywhere, here ten seconds: what is kept is no longer."""
    assert window.page.locator("[data-record]").get_attribute("data-most") == "1200000"
    page = window.page
    page.goto("/booth?most=10000")
    page.get_by_text("Or record it here").click()
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("[data-record-left]")).to_have_text("00:10")
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator("[data-record-left]")).to_have_class(re.compile("soon"))
    expect(page.get_by_role("button", name="Keep it")).to_be_focused(timeout=60_000)
    expect(page.get_by_text("recorded. Look at it")).to_be_visible()
    page.get_by_role("button", name="Keep it").click()
    arrived(page)
    studio = Studio(desk.app, desk.people)
    found = studio.recording(int(page.locator("[data-upload-id]").input_value()))
    assert 5_000 < found.duration_ms <= 10_000


@pytest.mark.browser
def test_it_can_be_recorded_again_and_only_the_last_one_stays(desk: Desk, window: Window) -> None:
    page = window.page
    again = page.get_by_role("button", name="Record it again")
    start = page.get_by_role("button", name="Start recording")
    page.get_by_role("button", name="Camera", exact=True).click()
    start.click()
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=60_000):
        pass
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        again.click()  # while it is recorded
    expect(start).to_be_focused()
    expect(page.get_by_text("Everything is on.")).to_be_visible()
    page.locator("[data-record-level]").evaluate(HEARD)  # the microphone is on
    assert on_the_disk(desk) == 0
    start.click()
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=60_000):
        pass
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        again.click()  # after having listened to it
    expect(start).to_be_focused()
    start.click()
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=60_000):
        pass
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Keep it").click()
    arrived(page)
    assert on_the_disk(desk) == 0
    with desk.app.app_context():
        kept = queries.all_recordings()
        db.session.rollback()
    assert len(kept) == 1
    assert window.problems == []


# The colour that is seen most in a part of a picture (from 0 to 1: left, top, right, bottom).
SEEN = """([left, top, right, bottom]) => {
  const video = document.querySelector("[data-record-picture]");
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  const [w, h] = [video.videoWidth, video.videoHeight];
  const {data} = pen.getImageData(left * w, top * h, (right - left) * w, (bottom - top) * h);
  const counts = {};
  for (let n = 0; n < data.length; n += 4) {
    const colour = [data[n] >> 5, data[n + 1] >> 5, data[n + 2] >> 5];
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return Object.keys(counts).sort((a, b) => counts[b] - counts[a])[0];
}"""
# Chromium's own false screen looks like its false camera; this one is blue.
SCREEN = """() => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 1280, height: 720});
  const pen = canvas.getContext("2d");
  const draw = () => { pen.fillStyle = "#0000ff"; pen.fillRect(0, 0, 1280, 720); };
  setInterval(draw, 40);
  navigator.mediaDevices.getDisplayMedia = async () => { draw(); return canvas.captureStream(25); };
}"""
DRAWN = "() => document.querySelector('[data-record-picture]').readyState > 2"


@pytest.mark.browser
def test_the_camera_stands_in_the_corner_of_the_screen(window: Window) -> None:
    page = window.page
    page.evaluate(SCREEN)
    corner = [0.76, 0.8, 0.98, 0.95]
    seen = {}
    for what in ("Camera", "Screen", "Screen and camera"):
        page.get_by_role("button", name=what, exact=True).click()
        expect(page.get_by_role("button", name="Start recording")).to_be_focused()
        page.wait_for_function(DRAWN)
        seen[what] = page.evaluate(SEEN, [0, 0, 1, 1]), page.evaluate(SEEN, corner)
        page.get_by_role("button", name="Throw it away").click()
    assert seen["Screen"] == ("0,0,7", "0,0,7")
    assert seen["Camera"][0] != seen["Screen"][0]
    assert seen["Screen and camera"] == (seen["Screen"][0], seen["Camera"][0])


# What the page was given, and ends of recordings that come only when a test lets them.
KEPT = """() => {
  window.given = [];
  for (const name of ["getUserMedia", "getDisplayMedia"]) {
    const ask = navigator.mediaDevices[name].bind(navigator.mediaDevices);
    navigator.mediaDevices[name] = async (wish) => {
      const stream = await ask(wish);
      given.push(stream);
      return stream;
    };
  }
  window.late = [];
  const listen = MediaRecorder.prototype.addEventListener;
  MediaRecorder.prototype.addEventListener = function (kind, heard, ...more) {
    const later = (event) => { late.push(() => heard(event)); };
    listen.call(this, kind, kind === "stop" ? later : heard, ...more);
  };
}"""
STATES = "() => given.flatMap((one) => one.getTracks()).map((track) => track.readyState)"
LET_COME = "() => { for (const come of late.splice(0)) come(); }"
ONE_IS_LATE = "() => late.length === 1"
UNSHARE = """() => given.at(-2).getVideoTracks()[0].dispatchEvent(new Event("ended"))"""


@pytest.mark.browser
def test_the_late_end_of_what_was_thrown_away_leaves_the_new_picture_alone(window: Window) -> None:
    page = window.page
    page.evaluate(KEPT)
    start = page.get_by_role("button", name="Start recording")
    page.get_by_role("button", name="Camera", exact=True).click()
    start.click()
    page.get_by_role("button", name="Record it again").click()
    expect(page.get_by_text("Everything is on.")).to_be_visible()
    expect(start).to_be_focused()
    page.wait_for_function(ONE_IS_LATE)
    page.evaluate(LET_COME)  # before the new recording has begun
    expect(start).to_be_visible()
    assert page.evaluate(STATES) == ["ended", "ended", "live", "live"]
    start.click()
    page.get_by_role("button", name="Record it again").click()
    expect(start).to_be_focused()
    start.click()
    finish = page.get_by_role("button", name="Finish")
    expect(finish).to_be_visible()
    page.wait_for_function(ONE_IS_LATE)
    page.evaluate(LET_COME)  # while the new one runs
    expect(finish).to_be_visible()
    assert page.evaluate(STATES) == ["ended"] * 4 + ["live"] * 2
    expect(page.locator("[data-record-left]")).to_have_text(re.compile("19:[0-5][0-8]"))
    finish.click()
    page.wait_for_function(ONE_IS_LATE)
    page.evaluate(LET_COME)
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    assert page.evaluate(STATES) == ["ended"] * 6
    page.get_by_role("button", name="Throw it away").click()
    assert window.problems == []


@pytest.mark.browser
def test_a_screen_that_is_no_longer_shared_ends_what_it_was_for(window: Window) -> None:
    """Before the start there is nothing to keep; afterwards there is what was recorded so far."""
    page = window.page
    page.evaluate(SCREEN)
    page.evaluate(KEPT)
    start = page.get_by_role("button", name="Start recording")
    screen = page.get_by_role("button", name="Screen", exact=True)
    screen.click()
    expect(start).to_be_focused()
    assert set(page.evaluate(STATES)) == {"live"}
    page.evaluate(UNSHARE)
    expect(start).to_be_hidden()
    expect(page.get_by_role("button", name="Camera", exact=True)).to_be_focused()
    assert set(page.evaluate(STATES)) == {"ended"}  # the microphone, too
    screen.click()
    start.click()
    with page.expect_response(lambda answer: answer.request.method == "PATCH", timeout=60_000):
        pass
    page.evaluate(UNSHARE)
    page.wait_for_function(ONE_IS_LATE)
    page.evaluate(LET_COME)
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    assert set(page.evaluate(STATES)) == {"ended"}
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Throw it away").click()
    assert window.problems == []


@pytest.mark.browser
def test_a_device_that_is_not_given_is_said_in_one_sentence(desk: Desk, window: Window) -> None:
    """Each of them leaves the choice as it was, with everything that was on switched off."""
    page = window.page
    for problem, said in (
        ("NotAllowedError", "was not allowed"),
        ("NotFoundError", "No camera or microphone"),
        ("NotReadableError", "Another program"),
        ("TypeError", "Recording did not work"),
    ):
        page.evaluate(
            """name => { navigator.mediaDevices.getUserMedia =
                 async () => { throw new DOMException("", name); }; }""",
            problem,
        )
        page.get_by_role("button", name="Screen and camera", exact=True).click()
        expect(page.locator("[data-record-error]")).to_contain_text(said)
        expect(page.get_by_role("button", name="Camera", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Start recording")).to_be_hidden()


@pytest.mark.browser
def test_a_browser_that_cannot_record_says_so(chrome, desk: Desk) -> None:
    window = Window(chrome, desk)
    window.sign_in(desk.trainer)
    window.page.add_init_script("delete window.MediaRecorder")
    window.page.goto("/booth")
    window.page.get_by_text("Or record it here").click()
    expect(window.page.get_by_text("This browser cannot record.")).to_be_visible()
    expect(window.page.get_by_role("button", name="Camera", exact=True)).to_be_hidden()
    window.close()


def test_only_pages_that_record_may_ask_for_the_camera(studio: Studio) -> None:
    page = studio.client.get("/desk/recordings")
    assert page.status_code == 200
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "camera=()" in studio.client.get("/").headers["Permissions-Policy"]


def test_an_upload_may_end_earlier_than_promised(studio: Studio, clips: Clips) -> None:
    data = clips["plain.mp4"].read_bytes()
    tus = {**studio.headers, "Tus-Resumable": "1.0.0"}
    begun = studio.client.post("/media/tus", headers={**tus, "Upload-Length": "50000000"})
    place = begun.headers["Location"]
    studio.client.patch(
        place,
        data=data,
        content_type="application/offset+octet-stream",
        headers={**tus, "Upload-Offset": "0"},
    )
    for wrong in (len(data) - 1, len(data) + 1, 0):
        answer = studio.client.post(
            f"{place}/recording", headers={**studio.headers, "Upload-Length": str(wrong)}
        )
        assert answer.status_code == 409, wrong
    nonsense = {**studio.headers, "Upload-Length": "-4"}
    assert studio.client.post(f"{place}/recording", headers=nonsense).status_code in {400, 422}
    right = {**studio.headers, "Upload-Length": str(len(data))}
    answer = studio.client.post(f"{place}/recording", headers=right)
    assert answer.status_code == 200
    studio.work()
    assert studio.recording(answer.json["id"]).bytes == len(data)
    again = studio.client.post(f"{place}/recording", headers=right)
    assert again.json["id"] == answer.json["id"]
