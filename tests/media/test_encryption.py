"""AES-128: nothing in the media folder plays by itself, and keys go to those who may watch."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock
from app.core.db import reading, unit_of_work
from app.media import aes128, hls, queries, service
from app.media.jobs import making
from app.media.models import Media
from tests.media.conftest import Clips, Studio, fetch, ffmpeg, picture, studio_with, tone


@pytest.fixture
def safe(tmp_path: Path) -> Iterator[Studio]:
    """A studio whose recordings are encrypted."""
    with studio_with(tmp_path, encrypt=True) as studio:
        yield studio


def secret_of(studio: Studio, media_id: int) -> bytes:
    with studio.app.app_context(), reading():
        found = queries.secret(media_id)
    assert found is not None
    return found


def playing_of(path: Path) -> str:
    """What ffprobe says of a file: its kinds of streams, or nothing when it is none."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0"]
    done = subprocess.run(
        [*command, str(path)], capture_output=True, text=True, check=False, timeout=300
    )
    return done.stdout.replace("\n", " ").strip()


def test_what_lies_on_the_disk_does_not_play_and_what_is_served_does(
    safe: Studio, clips: Clips, tmp_path: Path
) -> None:
    found = safe.prepared(clips["plain.mp4"])
    folder = safe.version(found)
    assert b"moof" not in (folder / "180p-00000.m4s").read_bytes()
    # As a player does it: playlist, key, header, segments.
    base = safe.links(found.id).master.rpartition("/")[0]
    playlist = fetch(safe.client, f"{base}/180p.m3u8").get_data(as_text=True)
    header, key_line = playlist.index("#EXT-X-MAP:"), playlist.index("#EXT-X-KEY:")
    assert header < key_line < playlist.index("#EXTINF:")
    assert re.findall(r"#EXT-X-KEY:(.*)", playlist) == ['METHOD=AES-128,URI="180p.key"']
    answer = fetch(safe.client, f"{base}/180p.key")
    assert (answer.status_code, len(answer.data)) == (200, 16)
    assert answer.headers["Cache-Control"] == "private, no-store"
    names = re.findall(r"^[^#\n].*$", playlist, re.MULTILINE)
    parts = [fetch(safe.client, f"{base}/180p-init.mp4").data]
    for number, name in enumerate(names):
        parts.append(
            aes128.decrypted(fetch(safe.client, f"{base}/{name}").data, answer.data, number)
        )
    (tmp_path / "played.mp4").write_bytes(b"".join(parts))
    assert playing_of(tmp_path / "played.mp4") == "video audio"
    # Poster and storyboard come from before; sizes and lengths are still right.
    assert fetch(safe.client, safe.links(found.id).poster).status_code == 200
    assert abs(hls.read(folder, "180p.m3u8").seconds - 2) < 0.1
    for file in safe.root.rglob("*"):
        assert not file.is_file() or answer.data not in file.read_bytes(), file


def test_every_rendition_has_a_key_of_its_own(safe: Studio, clips: Clips) -> None:
    found = safe.prepared(clips["two-rungs.mp4"])
    base = safe.links(found.id).master.rpartition("/")[0]
    names = [one["name"] for one in _row(safe, found.id).renditions]
    keys = {fetch(safe.client, f"{base}/{name}.key").data for name in names}
    assert len(keys) == len(names) == 3
    assert all(len(key) == 16 for key in keys)


def _row(studio: Studio, media_id: int) -> Media:
    with studio.app.app_context(), unit_of_work() as session:
        return session.get_one(Media, media_id)


def test_a_key_is_for_whom_the_link_is(safe: Studio, clips: Clips) -> None:
    found = safe.prepared(clips["tiny.mp4"])
    safe.show(found)
    member = safe.people.member()
    client = safe.people.client(member)
    base = safe.links(found.id, member).master.rpartition("/")[0]
    key = f"{base}/{Path(hls_name(safe, found)).stem}.key"
    player = {"Sec_Fetch_Dest": "empty"}
    now = clock.now()
    assert fetch(client, key, **player).status_code == 200
    assert fetch(safe.people.client(), key, **player).status_code == 401
    assert fetch(safe.client, key, **player).status_code == 404  # even the trainer's
    other_branch = safe.people.member(branch=safe.people.branch("Elsewhere"))
    for other in (other_branch, safe.people.member(role="administrator")):
        assert fetch(safe.people.client(other), key, **player).status_code == 404
    for wrong in ("master.key", "x.key", "180p-00000.key", "..%2fsecret.key", ".key"):
        assert fetch(client, f"{base}/{wrong}").status_code in {404, 308}
    with clock.use(lambda: now + timedelta(hours=4, seconds=1)):
        assert fetch(client, key, **player).status_code == 404


def hls_name(studio: Studio, found) -> str:
    return next(p.name for p in studio.version(found).glob("*p.m3u8"))


def test_without_the_setting_there_is_no_key(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["tiny.mp4"])
    base = studio.links(found.id).master.rpartition("/")[0]
    name = Path(hls_name(studio, found)).stem
    assert "EXT-X-KEY" not in fetch(studio.client, f"{base}/{name}.m3u8").get_data(as_text=True)
    assert fetch(studio.client, f"{base}/{name}.key").status_code == 404


def test_the_early_version_and_the_whole_one_are_both_encrypted(
    safe: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.media.rules.passes.EARLY_MS", 0)
    clip = tmp_path / "clip.mkv"
    ffmpeg(*picture("640x360", 5), *tone(5), "-c:v", "mpeg4", "-q:v", "4", "-c:a", "aac", str(clip))
    media_id = safe.upload(clip)
    real = making.Maker._encode
    early: list[bytes] = []

    def look(self, outputs, start, end, stage) -> None:
        if stage == "rest":
            folder = safe.root / "renditions" / safe.recording(media_id).uuid / "v1"
            early.append((folder / "240p-00000.m4s").read_bytes())
        real(self, outputs, start, end, stage)

    monkeypatch.setattr(making.Maker, "_encode", look)
    safe.work()
    found = safe.recording(media_id)
    assert (found.state, found.version) == ("ready", 2)
    folder = safe.version(found)
    secret = secret_of(safe, media_id)
    for name in ("360p", "240p", "audio"):
        data = (folder / f"{name}-00000.m4s").read_bytes()
        assert b"moof" in aes128.decrypted(data, aes128.key_of(secret, name), 0)
        assert (folder / f"{name}.m3u8").read_text().count("EXT-X-KEY") == 1
    # The small one was not made twice, and is not encrypted twice.
    assert early == [(folder / "240p-00000.m4s").read_bytes()]


def test_a_trainer_still_chooses_the_picture(safe: Studio, clips: Clips) -> None:
    found = safe.prepared(clips["plain.mp4"])
    with safe.app.app_context():
        names = service.draw_poster(found.id, 1_000)
    assert all((safe.version(found) / name).stat().st_size for name in names)


def test_a_secret_that_is_lost_is_said() -> None:
    data = aes128.encrypted(b"0123456789abcdef!", b"k" * 16, 3)
    assert len(data) == 32
    assert aes128.decrypted(data, b"k" * 16, 3) == b"0123456789abcdef!"
    assert aes128.encrypted(b"0123456789abcdef!", b"k" * 16, 4) != data


def test_older_recordings_are_encrypted_by_a_command(tmp_path: Path, clips: Clips) -> None:
    """Prepared before the setting: served in plain, then by the same files encrypted."""
    with studio_with(tmp_path) as before:
        found = before.prepared(clips["two-rungs.mp4"])
        trainer = before.trainer
        refused = before.app.test_cli_runner().invoke(args=["media", "encrypt"])
        assert refused.exit_code == 1
        assert "WEIKE_ENCRYPT" in refused.output
        plain = before.version(found)
        picture = (plain / "360p-00000.m4s").read_bytes()
    with studio_with(tmp_path, trainer, encrypt=True) as studio:
        told = studio.app.test_cli_runner().invoke(args=["media", "doctor"])
        assert "in plain    1" in told.output
        old = studio.links(found.id).master.rpartition("/")[0]
        done = studio.app.test_cli_runner().invoke(args=["media", "encrypt"])
        assert (done.exit_code, done.output.split(";")[0]) == (0, "encrypted 1 of 1 recordings")
        again = studio.app.test_cli_runner().invoke(args=["media", "encrypt"])
        assert again.output.startswith("encrypted 0 of 0")
        now = studio.recording(found.id)
        assert (now.is_ready, now.version) == (True, found.version + 1)
        base = studio.links(now.id).master.rpartition("/")[0]
        names = {path.stem for path in plain.glob("*.m3u8")} - {"master"}
        assert len(names) == 3
        for name in names:
            assert f'URI="{name}.key"' in fetch(studio.client, f"{base}/{name}.m3u8").text
        key = fetch(studio.client, f"{base}/360p.key").data
        sent = fetch(studio.client, f"{base}/360p-00000.m4s").data
        assert sent != picture
        assert aes128.decrypted(sent, key, 0) == picture
        assert fetch(studio.client, studio.links(now.id).poster).status_code == 200
        # Who watches goes on; later the sweep takes the old files away.
        assert fetch(studio.client, f"{old}/360p-00000.m4s").data == picture
        later = clock.now() + timedelta(days=2)
        with clock.use(lambda: later), studio.app.app_context():
            service.sweep_files(age=timedelta(hours=service.ORPHAN_HOURS))
        assert not plain.exists()
        assert studio.version(now).is_dir()


def test_a_recording_whose_files_are_gone_is_named_and_stays(tmp_path: Path, clips: Clips) -> None:
    with studio_with(tmp_path) as before:
        lost, kept = (before.prepared(clips[name]) for name in ("tiny.mp4", "plain.mp4"))
        (before.version(lost) / "180p-init.mp4").unlink()
        trainer = before.trainer
    with studio_with(tmp_path, trainer, encrypt=True) as studio:
        done = studio.app.test_cli_runner().invoke(args=["media", "encrypt"])
        assert done.exit_code == 1
        assert f"{lost.id}: 180p-init.mp4" in done.output
        assert "encrypted 1 of 2" in done.output
        assert studio.recording(kept.id).version == kept.version + 1
        assert studio.recording(lost.id).version == lost.version
        assert not list((studio.root / "work").iterdir())


def test_a_proxy_sends_what_is_encrypted_and_never_the_key(tmp_path: Path, clips: Clips) -> None:
    with studio_with(tmp_path, encrypt=True, accel="/protected-media") as studio:
        found = studio.prepared(clips["silent.mp4"])
        base = studio.links(found.id).master.rpartition("/")[0]
        segment = fetch(studio.client, f"{base}/180p-00000.m4s")
        inside = segment.headers["X-Accel-Redirect"].removeprefix("/protected-media/")
        assert segment.data == b""
        sent = (studio.root / inside).read_bytes()
        assert b"moof" not in sent
        key = fetch(studio.client, f"{base}/180p.key")
        assert "X-Accel-Redirect" not in key.headers
        assert b"moof" in aes128.decrypted(sent, key.data, 0)
        assert key.headers["Cache-Control"] == "private, no-store"
