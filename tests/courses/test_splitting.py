"""A long recording becomes a series of drafts; a shorter or a new one waits until it is ready."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect

from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.core.models import Job
from app.courses import queries, service
from app.courses.models import Course, Lesson
from app.media import queries as media
from app.media import rules as media_rules
from app.media import service as media_service
from app.media.models import Media
from tests.factories import People, csrf
from tests.live import Site, Window
from tests.statements import counted

CAPTIONS = b"""WEBVTT

00:03.000 --> 00:04.500
over the cut

00:09.000 --> 00:10.000
late
"""
FFMPEG = ("ffmpeg", "-v", "error", "-nostdin", "-y")


@pytest.fixture(scope="session")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds: a tone with two pauses, at 4 and at 8; a keyframe every 1.2 seconds."""
    path = tmp_path_factory.mktemp("lecture") / "lecture.mp4"
    loud = "0.3*sin(2*PI*330*t)*(1-between(mod(t\\,4)\\,3.4\\,4))"
    subprocess.run(
        [
            *FFMPEG,
            *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=12"),
            *("-f", "lavfi", "-i", f"aevalsrc={loud}:d=12"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-c:a", "aac", str(path)),
        ],
        check=True,
        timeout=120,
    )
    return path


class Desk:
    """A trainer with a theme."""

    def __init__(self, app: Flask, people: People) -> None:
        self.app = app
        self.trainer = people.member(role="trainer")
        self.client = people.client(self.trainer)
        self.headers = csrf(self.client)
        self.people = people
        with app.app_context(), unit_of_work():
            self.theme = service.create_theme(title="Safety")

    def import_file(self, path: Path) -> int:
        with self.app.app_context(), unit_of_work():
            found = media_service.import_file(path, owner_id=self.trainer, filename="讲座.mp4")
        jobs.run_pending(self.app)
        return found

    def post(self, where: str, **data: object):
        fields = {"language": "en", "theme_id": self.theme, **data}
        return self.client.post(where, data=fields, headers=self.headers)

    def later(self) -> None:
        """Let the worker do what is planned for later, too."""
        with self.app.app_context(), unit_of_work() as session:
            for job in session.query(Job).filter(Job.state == "queued"):
                job.run_after = clock.now()
        jobs.run_pending(self.app)


@pytest.fixture
def desk(app: Flask, people: People, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(app, people)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of at most five seconds, so that twelve are long."""
    monkeypatch.setattr("app.media.service.cutting.MOST_PART_MS", 5000)
    monkeypatch.setattr("app.media.rules.cutting.BUCKET_MS", 1000)
    monkeypatch.setattr(media_service.sketch, "__kwdefaults__", {"most": 5000})


@pytest.mark.usefixtures("short")
def test_the_page_proposes_cuts_in_the_pauses(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    page = desk.client.get(f"/desk/recordings/{media_id}/split").get_data(as_text=True)
    cuts = re.findall(r'name="cut" value="([0-9:.]+)"', page)
    assert len(cuts) == 2
    seconds = [float(cut.split(":")[1]) for cut in cuts]
    assert 3.4 <= seconds[0] <= 4
    assert 7.4 <= seconds[1] <= 8
    assert page.count(">silence<") == 2
    assert "讲座 (3)" in page
    pictures = page.split('class="cutting-scenes"')[1].split("</div>")[0]
    sheets = re.findall(r'<image href="([^"]+)"', pictures)
    assert sheets
    with desk.client.get(sheets[0].replace("&amp;", "&")) as answer:
        assert answer.mimetype.startswith("image/")


@pytest.mark.usefixtures("short")
def test_without_a_pause_the_page_says_so_and_cuts_at_keyframes(
    desk: Desk, lecture: Path, tmp_path: Path
) -> None:
    humming = tmp_path / "humming.mp4"
    tone = ("-f", "lavfi", "-i", "sine=frequency=330:duration=12")
    command = [*FFMPEG, "-i", str(lecture), *tone, "-map", "0:v", "-map", "1:a", "-c:v", "copy"]
    subprocess.run([*command, "-c:a", "aac", str(humming)], check=True, timeout=120)
    sentence = "No silence was found in this recording. The proposed cuts are at keyframes"
    for source, silent in ((lecture, False), (humming, True)):
        media_id = desk.import_file(source)
        page = desk.client.get(f"/desk/recordings/{media_id}/split").get_data(as_text=True)
        assert (sentence in page) is silent
        data = json.loads(page.split("data-cutting-data>")[1].split("</script>")[0])
        keys = [round(1200 * n) for n in range(1, 10)]
        assert data["keyframes"] == keys
        cuts = re.findall(r'name="cut" value="([0-9:.]+)"', page)
        assert len(cuts) == 2
        assert all(media_rules.time_of(cut) in keys for cut in cuts) is silent
        assert page.count(">keyframe<") == (2 if silent else 0)


def test_keyframes_of_a_part_are_counted_from_its_beginning(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    with desk.app.app_context(), unit_of_work():
        part = media_service.cut_out(media_id, start_ms=3000, end_ms=7000)
    desk.later()
    with desk.app.app_context():
        assert media_service.sketch(part).keyframes == [600, 1800, 3000]
        db.session.rollback()


@pytest.mark.browser
@pytest.mark.xdist_group("live")
def test_a_cut_is_dragged_into_a_pause_and_heard(
    site: Site, window: Callable[..., Window], lecture: Path
) -> None:
    trainer = site.people.member(role="trainer")
    with site.app.app_context(), unit_of_work():
        media_id = media_service.import_file(lecture, owner_id=trainer, filename="讲座.mp4")
    win = window()
    win.sign_in(trainer)
    page = win.page
    address = f"/desk/recordings/{media_id}/split"
    page.goto("/desk/recordings")
    page.evaluate("""() => {
      document.querySelector("#mine").dataset.old = "";
      document.body.dispatchEvent(new CustomEvent("weike:uploaded", { bubbles: true }));
    }""")
    fresh = page.locator("#mine:not([data-old])")  # the list follows what was uploaded
    expect(fresh.locator(".media-state-name")).to_have_text("讲座.mp4")
    expect(fresh.locator("[data-media-state=ready]")).to_be_visible(timeout=90_000)
    page.goto(address)
    page.get_by_role("button", name="Add a cut").click()
    cut = page.locator("[data-cut]")
    handle = page.get_by_role("slider")
    expect(handle).to_be_visible()
    wave = page.locator("[data-cutting-wave]").bounding_box()
    assert wave is not None

    def drag_to(share: float) -> None:
        held = handle.bounding_box()
        assert held is not None
        middle = held["y"] + held["height"] / 2
        page.mouse.move(held["x"] + held["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(wave["x"] + wave["width"] * share, middle, steps=4)
        page.mouse.up()

    drag_to(0.09)
    expect(cut).to_have_value("0:01.200")  # no pause is near, a keyframe is
    drag_to(0.31)
    expect(cut).to_have_value(re.compile(r"^0:03\.[5-9]"))  # the pause from 3.4 to 4
    before = cut.input_value()
    handle.press("ArrowRight")
    expect(cut).not_to_have_value(before)
    handle.press("ArrowLeft")
    expect(cut).to_have_value(before)
    # The loupe moves it as far as the pointer goes: a tenth of its half minute.
    loupe = page.locator("[data-cutting-near-wave]")
    loupe.scroll_into_view_if_needed()
    near = loupe.bounding_box()
    assert near is not None
    cut.fill("0:06")
    page.mouse.move(near["x"] + near["width"] / 2, near["y"] + 9)
    page.mouse.down()
    page.mouse.move(near["x"] + near["width"] * 0.4, near["y"] + 9, steps=4)
    page.mouse.up()
    expect(cut).to_have_value(re.compile(r"^0:0(2\.9|3)"))
    expect(page.locator("[data-cutting-time]")).to_have_text(cut.input_value())
    cut.fill(before)
    assert win.axe() == []
    assert not win.scrolls_sideways()

    video = "document.querySelector('[data-cutting-video]')"
    page.get_by_role("button", name="Play around it").click()
    page.wait_for_function(f"() => !{video}.paused && {video}.currentTime > 1.5")
    page.wait_for_function(f"() => {video}.paused", timeout=60_000)
    assert 5.4 < page.evaluate(f"{video}.currentTime") < 8

    # While it is prepared there is no picture yet; it comes by itself, and what was begun stays.
    def prepared(version: int) -> None:
        with site.app.app_context(), unit_of_work() as session:
            row = session.get_one(Media, media_id)
            row.state, row.version = "ready" if version else "transcoding", version

    with site.app.app_context():
        version = media.recording(media_id).version
        db.session.rollback()
    prepared(0)
    page.reload()
    expect(page.get_by_text("It can be played here as soon as")).to_be_visible()
    expect(page.get_by_role("button", name="Play around it")).to_be_hidden()
    cut.fill("0:05")
    page.get_by_label("Part 2").fill("The way out")
    prepared(version)
    expect(page.get_by_role("button", name="Play around it")).to_be_visible()
    expect(page.locator("[data-cutting-scenes] image")).not_to_have_count(0)
    page.wait_for_function(f"() => {video}.readyState > 0")
    expect(cut).to_have_value("0:05")
    expect(page.get_by_label("Part 2")).to_have_value("The way out")
    assert win.problems == []


def test_parts_become_numbered_drafts_without_a_gap(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    with desk.app.app_context(), unit_of_work():
        media_service.attach_captions(
            media_id,
            language="en",
            label="English",
            data=CAPTIONS,
        )
    answer = desk.post(
        f"/desk/recordings/{media_id}/split",
        cut=["0:03.700", "7.75"],
        part=["One", "Two", "Three"],
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)
    desk.later()
    with desk.app.app_context():
        rows = db.session.query(Course).order_by(Course.id).all()
        assert [(row.title, row.state, row.length_ms) for row in rows] == [
            ("One", "draft", 3700),
            ("Two", "draft", 4050),
            ("Three", "draft", 4250),
        ]
        lessons = db.session.query(Lesson).order_by(Lesson.id).all()
        found = [media.recording(lesson.media_id) for lesson in lessons]
        assert [one.state for one in found] == ["ready"] * 3, [one.detail for one in found]
        texts = [[(c.start_ms, c.end_ms, c.text) for c in media.cues(one.id)] for one in found]
        assert texts == [
            [(3000, 3700, "over the cut")],
            [(0, 800, "over the cut")],
            [(1250, 2250, "late")],
        ]
        root = desk.app.extensions["weike"].media_dir
        sources = [root / "uploads" / one.uuid / "source" for one in found]
        assert all(path.samefile(sources[0]) for path in sources)  # no byte is stored twice
        # What is seen at the beginning of a part is what the source shows there.
        folder = root / "renditions" / found[1].uuid / f"v{found[1].version}"
        db.session.rollback()
    whole = root / "part.mp4"
    whole.write_bytes(
        b"".join(
            p.read_bytes() for p in [folder / "180p-init.mp4", *sorted(folder.glob("180p-0*"))]
        )
    )
    same = likeness(whole, 0, lecture, 3.7)
    assert same > 0.9
    assert same > likeness(whole, 0, lecture, 5.2)


def likeness(one: Path, at: float, other: Path, then: float) -> float:
    """SSIM of a frame of one film and a frame of another."""
    done = subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-hide_banner", "-ss", str(at), "-i", str(one)),
            *("-ss", str(then), "-i", str(other), "-lavfi", "[0:v][1:v]ssim", "-frames:v", "1"),
            *("-f", "null", "-"),
        ],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    return float(re.findall(r"All:([0-9.]+)", done.stderr)[-1])


def test_cuts_are_added_and_removed_without_a_script(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    where = f"/desk/recordings/{media_id}/split"
    page = desk.post(where, cut=["4"], part=["One", "Two"], action="add")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert re.findall(r'name="cut" value="([0-9:.]+)"', text) == ["0:04", "0:08"]
    page = desk.post(where, cut=["4", "8"], part=["One", "Two", "Three"], action="remove-0")
    text = page.get_data(as_text=True)
    assert re.findall(r'name="cut" value="([0-9:.]+)"', text) == ["0:08"]
    assert re.findall(r'name="part" value="([^"]+)"', text) == ["One", "Three"]


@pytest.mark.parametrize(
    ("cuts", "sentence"),
    [(["x"], "is no time"), (["0:13"], "not in order"), (["0:04", "0:04"], "not in order")],
)
def test_bad_cuts_are_refused_and_stay_on_the_page(
    desk: Desk, lecture: Path, cuts: list[str], sentence: str
) -> None:
    media_id = desk.import_file(lecture)
    parts = [f"Part {n}" for n in range(len(cuts) + 1)]
    page = desk.post(f"/desk/recordings/{media_id}/split", cut=cuts, part=parts)
    assert page.status_code == 422
    text = page.get_data(as_text=True)
    assert sentence in text
    assert f'value="{cuts[0]}"' in text
    with desk.app.app_context():
        assert db.session.query(Course).count() == 0


def test_what_has_lost_its_file_is_not_cut_and_says_so(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    lesson_id = lesson_of(desk, media_id)
    with desk.app.app_context():
        found = media.recording(media_id)
        db.session.rollback()
        media_service.media_folder().source(found.uuid).unlink()
    sentence = "The uploaded file is no longer on the server. Please upload it again."
    for page in (
        desk.post(f"/desk/recordings/{media_id}/split", cut=["0:06"], part=["One", "Two"]),
        desk.post(f"/desk/lessons/{lesson_id}/trim", cut=["0:02", "0:09"]),
    ):
        assert page.status_code == 422
        assert sentence in page.get_data(as_text=True)
    with desk.app.app_context():
        assert db.session.query(Course).count() == 1


def test_somebody_elses_recording_is_not_there(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    other = desk.people.client(desk.people.member(role="trainer"))
    for client, status in ((desk.client, 200), (other, 404)):
        assert client.get(f"/desk/recordings/{media_id}/split").status_code == status
    answer = other.post(f"/desk/recordings/{media_id}/remove", headers=csrf(other))
    assert answer.status_code == 404
    assert desk.client.get("/desk/recordings").get_data(as_text=True).count("media-card") == 1
    assert other.get("/desk/recordings").get_data(as_text=True).count("media-card") == 0


def test_a_recording_in_use_is_not_removed(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    lesson_of(desk, media_id)
    where = f"/desk/recordings/{media_id}/remove"
    assert desk.client.post(where, headers=desk.headers).status_code == 422
    with desk.app.app_context(), unit_of_work():
        free = media_service.cut_out(media_id, start_ms=0, end_ms=2000)
    where = f"/desk/recordings/{free}/remove"
    assert desk.client.post(where, headers=desk.headers).status_code == 302


def lesson_of(desk: Desk, media_id: int) -> int:
    with desk.app.app_context(), unit_of_work():
        course_id = service.create_course(
            author_id=desk.trainer, title="Course", theme_id=desk.theme, language="en"
        )
        return service.add_recording(course_id, title="Lesson", media_id=media_id)


def test_members_keep_the_old_one_until_the_trimmed_one_is_ready(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    lesson_id = lesson_of(desk, media_id)
    page = desk.client.get(f"/desk/lessons/{lesson_id}/trim").get_data(as_text=True)
    start, end = re.findall(r'name="cut" value="([0-9:.]+)"', page)
    assert start == "0:00"
    assert 11.6 <= float(end.removeprefix("0:")) <= 11.8  # the tone ends at 11.4
    answer = desk.post(f"/desk/lessons/{lesson_id}/trim", cut=["0:02", "0:09.5"])
    assert answer.status_code == 302
    assert media_of(desk, lesson_id) == media_id
    page = desk.client.get(f"/desk/lessons/{lesson_id}").get_data(as_text=True)
    assert "It takes the place of the old one" in page
    jobs.run_pending(desk.app)
    desk.later()
    new = media_of(desk, lesson_id)
    assert new != media_id
    with desk.app.app_context():
        found = media.recording(new)
        assert (found.state, found.duration_ms) == ("ready", 7500)
        assert media.recording(media_id) is None  # nothing uses the old one any more
        course = queries.course_by_id(1)
        assert course.length_ms == 7500
        db.session.rollback()
    assert desk.post(f"/desk/lessons/{lesson_id}/trim", cut=["5", "3"]).status_code == 422


def media_of(desk: Desk, lesson_id: int) -> int:
    with desk.app.app_context():
        found = db.session.get(Lesson, lesson_id).media_id
        db.session.rollback()
    return found


def test_only_the_last_replacement_counts(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)
    lesson_id = lesson_of(desk, media_id)
    made = []
    for end in (5000, 6000):
        with desk.app.app_context(), unit_of_work():
            part = media_service.cut_out(media_id, start_ms=0, end_ms=end)
            service.plan_replacement(lesson_id, media_id=part)
            made.append(part)
    jobs.run_pending(desk.app)
    desk.later()
    assert media_of(desk, lesson_id) == made[1]


def test_pages_ask_as_much_for_ten_recordings_as_for_two(desk: Desk, lecture: Path) -> None:
    media_id = desk.import_file(lecture)

    def asked() -> int:
        with counted(desk.app) as statements:
            page = desk.client.get("/desk/recordings")
        assert page.status_code == 200
        return len(statements)

    with desk.app.app_context(), unit_of_work():
        media_service.cut_out(media_id, start_ms=0, end_ms=2000)
    few = asked()
    with desk.app.app_context(), unit_of_work():
        for second in range(2, 10):
            media_service.cut_out(media_id, start_ms=0, end_ms=1000 * second)
    assert asked() == few <= 16
    for where in (f"/desk/recordings/{media_id}/split", "/desk/recordings"):
        with counted(desk.app) as statements:
            assert desk.client.get(where).status_code == 200
        assert len(statements) <= 20, where


def made(desk: Desk) -> list[str]:
    with desk.app.app_context():
        rows = db.session.query(Course).filter(Course.state != "removed").order_by(Course.id)
        found = [row.title for row in rows]
        db.session.rollback()
    return found


def test_the_same_parts_are_made_once_and_others_only_after_a_question(
    desk: Desk, lecture: Path
) -> None:
    media_id = desk.import_file(lecture)
    where = f"/desk/recordings/{media_id}/split"
    first = {"cut": ["0:03.7"], "part": ["One", "Two"]}
    assert desk.post(where, **first).status_code == 302
    # Another window, another upload of the same file: the same series, and no theme for nothing.
    with desk.app.app_context(), unit_of_work():
        twin = media_service.import_file(lecture, owner_id=desk.trainer, filename="again.mp4")
    for address in (where, f"/desk/recordings/{twin}/split"):
        again = desk.post(address, **first | {"theme_id": 0, "new_theme": "Another"})
        assert (again.status_code, again.location) == (302, "/desk?state=draft")
        page = desk.client.get(again.location).get_data(as_text=True)
        assert "Nothing was made twice" in page
        assert "“One”, “Two”" in page
        assert "Another" not in page
    assert made(desk) == ["One", "Two"]
    other = {"cut": ["0:07.7"], "part": ["Eins", "Zwei"]}
    asked = desk.post(where, **other)
    assert asked.status_code == 409
    page = asked.get_data(as_text=True)
    assert "“One”, “Two”. Make another series?" in page
    assert 'name="again"' in page
    assert re.findall(r'name="part" value="([^"]+)"', page) == ["Eins", "Zwei"]
    assert made(desk) == ["One", "Two"]
    for _press in range(2):
        assert desk.post(where, **other, again="1").status_code == 302
    assert made(desk) == ["One", "Two", "Eins", "Zwei"]
    # What was thrown away is no reason to ask.
    for course_id in range(1, 5):
        with desk.app.app_context(), unit_of_work():
            service.remove_course(course_id)
    assert desk.post(where, **first).status_code == 302
    assert made(desk) == ["One", "Two"]


def test_two_windows_at_once_make_one_series(desk: Desk, lecture: Path) -> None:
    with desk.app.app_context(), unit_of_work():
        media_id = media_service.import_file(lecture, owner_id=desk.trainer, filename="l.mp4")
    where = f"/desk/recordings/{media_id}/split"
    start = threading.Barrier(2)

    def press(client: FlaskClient, headers: dict[str, str]) -> int:
        fields = {"language": "en", "theme_id": desk.theme, "cut": "6", "part": ["One", "Two"]}
        start.wait()
        return client.post(where, data=fields, headers=headers).status_code

    clients = [desk.people.client(desk.trainer) for _ in range(2)]
    tokens = [csrf(client) for client in clients]
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(press, clients, tokens)) == [302, 302]
    assert made(desk) == ["One", "Two"]
