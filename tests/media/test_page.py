"""The upload row in a real browser, on a page that holds nothing else; and what comes out plays."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app import create_app
from app.core import jobs
from app.core.access import access
from app.core.db import Base, db
from app.media import queries, service
from app.members.access import AUTHOR, reader
from tests.conftest import make_config
from tests.factories import People
from tests.live import PHONE, Window, free_port
from tests.media.conftest import Clips

pytestmark = pytest.mark.browser

ROWS = """
{% extends "base.html" %}
{% from "media/upload.html" import recording_upload, picture_upload %}
{% block styles %}<link rel="stylesheet" href="{{ static_url('css/media.css') }}">{% endblock %}
{% block scripts %}
<script type="module" src="{{ static_url('js/upload.js') }}"></script>{% endblock %}
{% block main %}<h1>Lesson</h1><form method="get" action="/rows">
{{ recording_upload('media_id') }}{{ picture_upload('cover_id') }}
{{ recording_upload('others', many=true) }}
<button class="btn btn-primary">Save</button></form>{% endblock %}
"""
PLAYER = """
{% extends "base.html" %}
{% block main %}<video muted controls data-master="{{ links.master }}"></video>
<script type="module" nonce="{{ nonce() }}">
import Hls from "{{ static_url('vendor/hls.js') }}";
const video = document.querySelector("video");
const hls = new Hls({debug: false});
window.problems = [];
hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) window.problems.push(data.details); });
hls.loadSource(video.dataset.master);
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
</script>{% endblock %}
"""


class Desk:
    """The real application with two bare pages, served from a thread of this process."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.url = url
        self.people = People(app)
        self.trainer = self.people.member(role="trainer")

    def work(self) -> int:
        return jobs.run_pending(self.app)


@contextmanager
def serving(folder: Path, *, upload_limit: int = 3_000_000) -> Iterator[Desk]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = create_app(make_config(folder, base_url=url, upload_limit=upload_limit))

    @app.get("/rows")
    @access(AUTHOR)
    def rows() -> str:
        return render_template_string(ROWS)

    @app.get("/player/<int:media_id>")
    @access(AUTHOR)
    def player(media_id: int) -> str:
        links = service.play_links(media_id, member_id=reader().id)
        return render_template_string(PLAYER, links=links)

    with app.app_context():
        Base.metadata.create_all(db.engine)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Desk(app, url)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(120)
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving(tmp_path) as desk:
        yield desk


@pytest.fixture
def window(chrome, desk: Desk) -> Iterator[Window]:
    window = Window(chrome, desk, viewport=PHONE, has_touch=True, is_mobile=True)
    window.sign_in(desk.trainer)
    window.page.goto("/rows")
    yield window
    window.close()


def throttle(page: Page) -> Callable[[int], None]:
    """A tap on the line out of the browser: call it with bytes a second."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def turn(upload: int) -> None:
        speeds = {"downloadThroughput": 10**7, "uploadThroughput": upload}
        session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 9, **speeds})

    return turn


def test_a_trainer_uploads_on_a_phone_and_sees_it_become_ready(
    desk: Desk, window: Window, clips: Clips
) -> None:
    page = window.page
    row = page.locator("[data-upload]").first
    target = row.locator("[data-upload-choose]").bounding_box()
    assert target is not None
    assert target["height"] >= 44
    assert not window.scrolls_sideways()
    assert window.axe() == []
    page.evaluate("""() => document.addEventListener("weike:uploaded",
        (event) => { document.body.dataset.heard = event.detail.id; })""")
    with page.expect_file_chooser() as chooser:
        row.locator("[data-upload-choose]").tap()
    chooser.value.set_files(clips["two-rungs.mp4"])
    expect(row.locator("[data-media-state=queued]")).to_be_visible()
    expect(row.locator(".media-state-name")).to_have_text("two-rungs.mp4")
    assert page.locator("[name=media_id]").input_value() == "1"
    assert page.evaluate("document.body.dataset.heard") == "1"
    worker = threading.Thread(target=desk.work)
    worker.start()
    expect(row.locator("[data-media-state=ready]")).to_be_visible(timeout=60_000)
    worker.join(120)
    expect(row.locator("[data-upload-live]")).to_contain_text("Ready to watch")
    assert window.axe() == []
    assert not window.scrolls_sideways()
    assert window.problems == []

    page.goto("/player/1")
    deadline = time.monotonic() + 20
    while page.evaluate("document.querySelector('video').currentTime") < 1.5:
        assert time.monotonic() < deadline, page.evaluate("window.problems")
        time.sleep(0.1)
    assert page.evaluate("window.problems") == []
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(9, abs=0.3)
    assert page.evaluate("document.querySelector('video').videoWidth") in {640, 426}
    assert window.problems == []


def test_progress_speed_and_cancel(desk: Desk, window: Window, tmp_path: Path, clips) -> None:
    page = window.page
    tap = throttle(page)
    tap(200_000)
    large = tmp_path / "large.mp4"
    large.write_bytes(clips["plain.mp4"].read_bytes() + bytes(2_000_000))
    row = page.locator("[data-upload]").first
    row.locator("[data-upload-file]").set_input_files(large)
    expect(row.locator("[data-upload-status]")).to_contain_text("per second")
    expect(row.locator("[data-upload-status]")).to_contain_text("left")
    page.get_by_role("button", name="Save").click()  # not yet: the file would be missing
    expect(row.locator("[data-upload-live]")).to_contain_text("still going on")
    assert page.url.endswith("/rows")
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator("[data-upload-sentence]")).to_have_text("The upload was cancelled.")
    expect(row.locator("[data-upload-choose]")).to_be_visible()
    tap(10**7)
    row.get_by_role("button", name="Retry").click()
    expect(row.locator("[data-media-state]")).to_be_visible()
    deadline = time.monotonic() + 10
    uploads = tmp_path / "media" / "uploads"
    while len(list(uploads.iterdir())) != 1:  # nothing of the cancelled one stays
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_refusals_are_said_in_the_row(desk: Desk, window: Window, tmp_path: Path, png) -> None:
    page = window.page
    row, cover, _others = page.locator("[data-upload]").all()
    words, empty, large = tmp_path / "words.mp4", tmp_path / "empty.mp4", tmp_path / "large.mp4"
    words.write_text("this is text\n" * 100)
    empty.write_bytes(b"")
    large.write_bytes(bytes(3_000_001))
    picture = tmp_path / "cover.png"
    picture.write_bytes(png())
    for path, sentence in (
        (empty, "The file is empty."),
        (large, "The file is larger than 2.9 MB."),
        (words, "This is not a video or audio file"),
    ):
        row.locator("[data-upload-file]").set_input_files(path)
        expect(row.locator("[data-upload-sentence]")).to_contain_text(sentence)
        expect(row.locator("[data-upload-again]")).to_be_hidden()
    assert page.locator("[name=media_id]").input_value() == ""
    assert window.axe() == []
    cover.locator("[data-upload-file]").set_input_files(picture)
    expect(cover.locator("[data-upload-preview]")).to_be_visible()
    assert page.locator("[name=cover_id]").input_value() == "1"


def test_several_files_are_sent_one_after_another_and_a_bad_one_keeps_none_back(
    desk: Desk, window: Window, tmp_path: Path, clips: Clips
) -> None:
    page = window.page
    words = tmp_path / "words.mp4"
    words.write_text("this is text\n" * 100)
    row = page.locator("[data-upload]").nth(2)
    page.evaluate("""() => { window.arrived = []; document.addEventListener(
        "weike:uploaded", ({detail}) => arrived.push(detail.filename)); }""")
    row.locator("[data-upload-file]").set_input_files(
        [clips["tiny.mp4"], words, clips["plain.mp4"]]
    )
    expect(row.locator("[data-upload-sentence]")).to_contain_text(
        "words.mp4: This is not a video or audio file"
    )
    assert page.evaluate("arrived") == ["tiny.mp4", "plain.mp4"]
    # Without a bad one, the page shows at the end what has come.
    page.evaluate("() => { window.old = true; }")
    with page.expect_navigation():
        row.locator("[data-upload-file]").set_input_files([clips["tiny.mp4"], clips["plain.mp4"]])
    page.wait_for_function("() => !window.old")
    with desk.app.app_context():
        names = [one.filename for one in queries.recordings_of(desk.trainer, limit=9)]
        db.session.rollback()
    assert sorted(names) == ["plain.mp4", "plain.mp4", "tiny.mp4", "tiny.mp4"]


def test_an_upload_goes_on_by_itself_when_the_connection_is_back(
    desk: Desk, window: Window, clips: Clips
) -> None:
    page = window.page
    row = page.locator("[data-upload]").first
    page.route("**/media/tus**", lambda route: route.abort())
    row.locator("[data-upload-file]").set_input_files(clips["tiny.mp4"])
    expect(row.locator("[data-upload-status]")).to_contain_text("goes on by itself")
    page.unroute("**/media/tus**")
    expect(row.locator("[data-media-state=queued]")).to_be_visible()


def test_pause_go_on_and_go_on_after_a_reload(
    desk: Desk, window: Window, tmp_path: Path, clips: Clips
) -> None:
    page = window.page
    tap = throttle(page)
    tap(300_000)
    large = tmp_path / "large.mp4"
    large.write_bytes(clips["plain.mp4"].read_bytes() + bytes(2_000_000))
    row = page.locator("[data-upload]").first
    row.locator("[data-upload-file]").set_input_files(large)
    expect(row.locator("[data-upload-status]")).to_contain_text("per second")
    row.get_by_role("button", name="Pause").click()
    expect(row.locator("[data-upload-status]")).to_contain_text("Paused")
    row.get_by_role("button", name="Go on").click()
    expect(row.locator("[data-upload-status]")).to_contain_text("per second")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/rows")
    row = page.locator("[data-upload]").first
    expect(row.locator("[data-upload-left]")).to_contain_text("large.mp4")
    sent: list[int] = []
    page.on(
        "request",
        lambda request: (
            sent.append(int(request.headers["upload-offset"]))
            if request.method == "PATCH"
            else None
        ),
    )
    tap(10**7)
    row.locator("[data-upload-file]").set_input_files(large)
    expect(row.locator("[data-media-state]")).to_be_visible()
    assert sent[0] > 0  # what had arrived is not sent again
    kept = list((tmp_path / "media" / "uploads").glob("*/source"))
    assert [path.read_bytes() for path in kept] == [large.read_bytes()]


def arrived(folder: Path) -> int:
    """How much of the only unfinished upload the server has acknowledged."""
    found = list((folder / "media" / "partial").glob("*/offset"))
    return int(found[0].read_text().split()[0]) if found else 0


def test_after_a_crash_of_the_page_an_upload_goes_on_in_another_tab(
    chrome, desk: Desk, window: Window, tmp_path: Path, clips: Clips
) -> None:
    """The renderer dies with everything it knew; nothing says goodbye to the server."""
    page = window.page
    throttle(page)(300_000)
    large = tmp_path / "large.mp4"
    large.write_bytes(clips["plain.mp4"].read_bytes() + bytes(2_000_000))
    row = page.locator("[data-upload]").first
    row.locator("[data-upload-file]").set_input_files(large)
    expect(row.locator("[data-upload-status]")).to_contain_text("per second")
    told = chrome.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    with page.expect_event("crash"):
        for process in told["processInfo"]:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not arrived(tmp_path):  # the server notices that nobody sends any more
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = arrived(tmp_path)

    tab = window.context.new_page()
    tab.set_default_timeout(15_000)
    offsets: list[int] = []
    tab.on(
        "request",
        lambda request: (
            offsets.append(int(request.headers["upload-offset"]))
            if request.method == "PATCH"
            else None
        ),
    )
    tab.goto("/rows")
    row = tab.locator("[data-upload]").first
    expect(row.locator("[data-upload-left]")).to_contain_text("large.mp4")
    row.locator("[data-upload-file]").set_input_files(large)
    expect(row.locator("[data-media-state]")).to_be_visible(timeout=60_000)
    assert offsets[0] == before > 0  # what had arrived is not sent again
    kept = list((tmp_path / "media" / "uploads").glob("*/source"))
    assert [path.read_bytes() for path in kept] == [large.read_bytes()]


def test_the_row_is_used_by_keyboard_and_speaks_chinese(chrome, desk: Desk, clips: Clips) -> None:
    window = Window(chrome, desk, locale="zh-CN", color_scheme="dark")
    window.sign_in(desk.trainer)
    page = window.page
    # Somebody listens from the start: Chromium must know before the key that the choice is ours.
    page.on("filechooser", lambda _: None)
    page.goto("/rows")
    page.wait_for_load_state("networkidle")
    page.locator("[data-upload-file]").first.focus()
    expect(page.locator("[data-upload-file]").first).to_be_focused()
    with page.expect_event("filechooser") as chooser:
        page.locator("[data-upload-file]").first.press("Space")
    chooser.value.set_files(clips["tiny.mp4"])
    expect(page.locator("[data-media-state=queued]")).to_contain_text("排队中")
    assert window.axe() == []
    assert window.problems == []
    window.close()
