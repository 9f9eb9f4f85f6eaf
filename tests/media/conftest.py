"""Clips for the tests of this room: made once a session by ffmpeg, tiny, and really different."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core import jobs
from app.core.db import Base, db, unit_of_work
from app.courses import service as courses
from app.media import queries, service
from app.media.queries import Recording
from tests.conftest import make_config
from tests.factories import People

PICTURE = ("-f", "lavfi", "-i")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")


def picture(size: str = "320x180", seconds: float = 2, rate: float = 10) -> list[str]:
    return [*PICTURE, f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(seconds: float = 2) -> list[str]:
    return [*PICTURE, f"sine=frequency=440:duration={seconds}"]


RECIPES: dict[str, list[str]] = {
    "plain.mp4": [*picture(), *tone(), *X264, *AAC],
    "two-rungs.mp4": [*picture("640x360", 9), *tone(9), *X264, *AAC],
    "silent.mp4": [*picture(), *X264],
    "portrait.mp4": [*picture("180x320"), *tone(), *X264, *AAC],
    "odd.mkv": [
        *picture("321x181", 1),
        *tone(1),
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv444p",
        "-c:a",
        "flac",
    ],
    "odd.webm": [*picture("321x181", 1), "-c:v", "libvpx", "-b:v", "200k"],
    "tiny.mp4": [*picture("320x180", 0.1, 30), *X264],
    "sound.mp3": [*tone(9), "-c:a", "libmp3lame"],
    "sound.m4a": [*tone(3), *AAC],
    "sound.wav": [*tone(2)],
    "long-sound.mp4": [*picture("320x180", 2), *tone(5), *X264, *AAC],
    "slides.mp4": [*picture("320x180", 12, 0.25), *tone(12), *X264, *AAC],
    "fast.mp4": [*picture("320x180", 1, 120), *X264],
    "wide-pixels.mp4": [*picture("320x180", 1), "-vf", "setsar=4/3", *X264],
    "tags.mp4": [
        *picture("320x180", 1),
        *X264,
        *("-metadata", "title=-i /etc/passwd; rm -rf / %d"),
        *("-metadata", "location=+22.5431+114.0579/"),
        *("-metadata", "comment=CANARY-METADATA", "-movflags", "use_metadata_tags"),
    ],
    "front.mp4": [*picture("320x180", 3), *tone(3), *X264, *AAC, "-movflags", "faststart"],
    "old.avi": [*picture("320x180", 1), *tone(1), "-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "old.wmv": [*picture("320x180", 1), *tone(1), "-c:v", "wmv2", "-c:a", "wmav2"],
    "old.flv": [*picture("320x180", 1), "-c:v", "flv1"],
    "stream.ts": [*picture("320x180", 1), *tone(1), *X264, *AAC],
    "interlaced.mp4": [*picture("320x180", 1, 25), *X264, "-flags", "+ilme+ildct", "-top", "1"],
}


class Clips:
    """Makes each clip when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            ffmpeg(*RECIPES[name], str(path))
        return path

    def turned(self, degrees: int) -> Path:
        """plain.mp4 with a note that it was filmed with the phone turned."""
        path = self.folder / f"turned-{degrees}.mp4"
        if not path.exists():
            note = ("-metadata:s:v:0", f"rotate={degrees}")
            ffmpeg("-i", str(self["plain.mp4"]), "-c", "copy", *note, str(path))
        return path


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True, timeout=300)


def two_frames(folder: Path, apart: float) -> Path:
    """Four kilobytes that claim hours: two frames, `apart` seconds between them."""
    path = folder / f"apart-{apart}.mkv"
    times = ("-vf", f"setpts=N*{apart}/TB", "-fps_mode", "vfr", "-enc_time_base", "1:1000")
    ffmpeg(*PICTURE, "testsrc2=size=64x64:rate=1:duration=2", *times, *X264, str(path))
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


class Studio:
    """A trainer at the desk: uploads through the page's address, and lets the worker run."""

    def __init__(self, app: Flask, people: People, trainer: int | None = None) -> None:
        self.app = app
        self.people = people
        self.trainer = trainer or people.member(role="trainer")
        self.client = people.client(self.trainer)
        self.headers = token(self.client)
        self.root: Path = app.extensions["weike"].media_dir

    def send(self, data: bytes, name: str = "clip.mp4", **more):
        """Upload bytes as the page does."""
        return self.client.post(
            "/media/upload",
            query_string={"filename": name},
            data=data,
            content_type="application/octet-stream",
            headers={**self.headers, **more},
        )

    def upload(self, path: Path, name: str | None = None) -> int:
        answer = self.send(path.read_bytes(), name or path.name)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json["id"]

    def work(self) -> int:
        return jobs.run_pending(self.app)

    def prepared(self, path: Path) -> Recording:
        """Upload a file and prepare it."""
        media_id = self.upload(path)
        self.work()
        return self.recording(media_id)

    def recording(self, media_id: int) -> Recording:
        with self.app.app_context():
            found = queries.recording(media_id)
            db.session.rollback()
        assert found is not None
        return found

    def version(self, recording: Recording) -> Path:
        return self.root / "renditions" / recording.uuid / f"v{recording.version}"

    def links(self, media_id: int, member_id: int | None = None) -> service.PlayLinks:
        with self.app.app_context():
            links = service.play_links(media_id, member_id=member_id or self.trainer)
            db.session.rollback()
        return links

    def show(self, recording: Recording) -> int:
        """Publish a course for everybody whose only lesson it is; returns the course."""
        with self.app.app_context(), unit_of_work():
            theme = courses.create_theme(title=f"Theme {recording.id}")
            course_id = courses.create_course(
                author_id=self.trainer,
                title=f"Course {recording.id}",
                theme_id=theme,
                language="en",
                summary="What it is about.",
            )
            courses.add_recording(course_id, title="Video", media_id=recording.id)
            courses.publish(course_id)
        return course_id

    def files(self) -> set[str]:
        """Every file in the media folder, for seeing that nothing stays behind."""
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}

    def joined(self, recording: Recording, rung: str) -> Path:
        """One rendition as a single file, for ffprobe."""
        folder = self.version(recording)
        target = self.root.parent / f"{recording.uuid}-{rung}.mp4"
        parts = [folder / f"{rung}-init.mp4", *sorted(folder.glob(f"{rung}-*.m4s"))]
        target.write_bytes(b"".join(p.read_bytes() for p in parts))
        return target


@contextmanager
def studio_with(folder: Path, trainer: int | None = None, **settings: object) -> Iterator[Studio]:
    """A studio in an application with settings of its own; `trainer`: who is there already."""
    app = create_app(make_config(folder, **settings))
    if trainer is None:
        with app.app_context():
            Base.metadata.create_all(db.engine)
    yield Studio(app, People(app), trainer)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def studio(app: Flask, people: People) -> Studio:
    return Studio(app, people)


@pytest.fixture
def png() -> Callable[..., bytes]:
    from PIL import Image

    def make(width: int = 640, height: int = 360, kind: str = "PNG", **more) -> bytes:
        out = io.BytesIO()
        Image.effect_noise((width, height), 60).convert("RGB").save(out, kind, **more)
        return out.getvalue()

    return make


def token(client: FlaskClient) -> dict[str, str]:
    """What a page sends with an unsafe request; read from the simplest page that there is."""
    page = client.get("/nowhere").get_data(as_text=True)
    value = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    return {"X-CSRFToken": value, "Sec-Fetch-Site": "same-origin", "Accept": "application/json"}


def fetch(client: FlaskClient, address: str, **headers: str):
    """Get a file and close it; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(address, headers=named, buffered=True)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings of any length can be watched early."""
    monkeypatch.setattr("app.media.rules.passes.EARLY_MS", 0)
    monkeypatch.setattr("app.media.rules.passes.COPY_FROM_MS", 0)
