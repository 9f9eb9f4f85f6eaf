"""What lies about is swept up; what belongs to somebody stays. And the operator's commands."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core import bwrap, clock
from app.core.db import db, unit_of_work
from app.courses.models import Course, Lesson, Theme
from app.media import service
from app.media.models import Media
from tests.media.conftest import Clips, Studio


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=["media", *arguments])


def aged(path: Path, hours: float) -> Path:
    """Make a file of now look as if it had been left alone for hours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = clock.epoch() - hours * 3600
    for each in (path, path.parent, path.parent.parent):
        os.utime(each, (then, then))
    return path


def test_old_files_without_a_row_go_and_young_ones_stay(studio: Studio, clips: Clips, png) -> None:
    kept = studio.prepared(clips["tiny.mp4"])
    studio.client.post("/media/images", data=png(), headers=studio.headers)
    before = studio.files()
    root, old, young = studio.root, "a" * 32, "b" * 32
    orphans = [
        aged(root / "uploads" / old / "source", 30),
        aged(root / "renditions" / old / "v1" / "master.m3u8", 30),
        aged(root / "renditions" / kept.uuid / "v9" / "master.m3u8", 30),
        aged(root / "work" / f"{old}-{old}" / "x.m4s", 30),
        aged(root / "images" / old / "480.webp", 30),
    ]
    fresh = [
        aged(root / "uploads" / young / "source", 2),
        aged(root / "renditions" / young / "v1" / "master.m3u8", 2),
        aged(root / "work" / f"{young}-{young}" / "x.m4s", 2),
        aged(root / "images" / young / "480.webp", 2),
    ]
    done = run(studio.app, "sweep")
    assert done.exit_code == 0, done.output
    assert "5 folders" in done.output
    assert not any(path.exists() for path in orphans)
    assert all(path.exists() for path in fresh)
    assert before <= studio.files()
    assert studio.recording(kept.id).is_ready


def test_recordings_that_nothing_uses_go_after_a_week(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    assert "removed 0 recordings" in run(studio.app, "sweep").output
    with studio.app.app_context(), unit_of_work() as session:
        session.get_one(Media, media_id).created_at = clock.now() - timedelta(days=8)
    assert "removed 1 recordings" in run(studio.app, "sweep").output
    with studio.app.app_context():
        assert db.session.get(Media, media_id) is None
        db.session.rollback()
    assert studio.files() == set()


def lesson_with(studio: Studio, media_id: int) -> None:
    """The least that a room above must have to use a recording."""
    with studio.app.app_context(), unit_of_work() as session:
        theme = Theme(slug="t", title="Theme")
        session.add(theme)
        session.flush()
        course = Course(
            slug="c",
            theme_id=theme.id,
            author_id=studio.trainer,
            title="Course",
            language="en",
            created_at=clock.now(),
            changed_at=clock.now(),
        )
        session.add(course)
        session.flush()
        session.add(
            Lesson(
                course_id=course.id,
                kind="video",
                title="Lesson",
                media_id=media_id,
                length_ms=100,
                position=1,
            )
        )


def test_a_recording_in_a_lesson_is_never_swept(studio: Studio, clips: Clips) -> None:
    """Which tables refer to recordings is read from the schema; here it is courses."""
    media_id = studio.upload(clips["tiny.mp4"])
    with studio.app.app_context(), unit_of_work() as session:
        session.get_one(Media, media_id).created_at = clock.now() - timedelta(days=8)
    lesson_with(studio, media_id)
    assert "removed 0 recordings" in run(studio.app, "sweep").output
    assert studio.recording(media_id)


def test_missing_files_are_told(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["tiny.mp4"])
    (studio.root / "uploads" / found.uuid / "source").unlink()
    done = run(studio.app, "sweep")
    assert done.exit_code == 1
    assert f"recording {found.id}: its files are missing" in done.output


def test_the_operator_lists_looks_and_tries_again(studio: Studio, clips: Clips) -> None:
    good = studio.prepared(clips["tiny.mp4"])
    bad = studio.upload(clips["plain.mp4"], "坏文件.mp4")
    source = studio.root / "uploads" / studio.recording(bad).uuid / "source"
    data = source.read_bytes()
    source.unlink()
    studio.work()
    listed = run(studio.app, "list").output
    assert "坏文件.mp4" in listed
    assert "ready" in listed
    assert "tiny.mp4" not in run(studio.app, "list", "--state", "failed").output
    shown = run(studio.app, "status", str(bad)).output
    assert "no longer on the server" in shown
    assert run(studio.app, "status", "99").exit_code == 1
    assert "not failed" in run(studio.app, "retry", str(good.id)).output
    source.write_bytes(data)
    assert "queued" in run(studio.app, "retry", str(bad)).output
    studio.work()
    assert studio.recording(bad).is_ready


def test_a_recording_can_not_be_discarded_while_a_lesson_uses_it(studio: Studio, clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    lesson_with(studio, media_id)
    with studio.app.app_context(), pytest.raises(IntegrityError), unit_of_work():
        service.discard(media_id)
    assert studio.files()


def test_the_operator_is_told_what_the_machine_gives_to_video(
    studio: Studio, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With bubblewrap where there is one, without it, and without ffmpeg."""
    told = run(studio.app, "doctor")
    assert told.exit_code == 0, told.output
    assert "ffmpeg" in told.output
    assert ("ffmpeg sees the one file" in told.output) == (bwrap.why_not("ffmpeg") == "")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ffmpeg", "ffprobe"):
        (programs / name).symlink_to(Path(str(shutil.which(name))).resolve())
    monkeypatch.setenv("PATH", str(programs))
    told = run(studio.app, "doctor")
    assert told.exit_code == 0
    assert "no bubblewrap: bubblewrap is not installed" in told.output
    assert studio.prepared(clips["plain.mp4"]).is_ready  # by the other limits alone
    (programs / "ffmpeg").unlink()
    told = run(studio.app, "doctor")
    assert told.exit_code == 1
    assert "ffmpeg      missing" in told.output
