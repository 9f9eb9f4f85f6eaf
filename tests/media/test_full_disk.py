"""A disk that is really full: a small file system of its own, where the kernel says so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.db import unit_of_work
from app.media import service
from tests.media.conftest import PICTURE, X264, Studio, ffmpeg, studio_with
from tests.media.test_transcode import hurry
from tests.media.test_tus import Sender

MIB = 1024 * 1024
SENTENCE = "The server's disk is full. Nothing was lost; tell the operator."


class Disk:
    """Eight megabytes, and something that lies about on them."""

    def __init__(self, root: Path) -> None:
        self.root, self.ballast = root, root / "ballast"

    def leave(self, room: int) -> None:
        """Fill it until so many bytes are left."""
        with self.ballast.open("wb") as file:
            while (left := self.free - room) > 0:
                file.write(bytes(min(left, 65_536)))
                file.flush()

    def clear(self) -> None:
        self.ballast.unlink()

    @property
    def free(self) -> int:
        done = subprocess.run(
            ["stat", "-f", "-c", "%a %S", self.root],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        blocks, size = done.stdout.split()
        return int(blocks) * int(size)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    root = tmp_path / "disk"
    root.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(root)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield Disk(root)
    subprocess.run(["umount", "-l", str(root)], check=True, timeout=60)


@pytest.fixture
def studio(tmp_path: Path, disk: Disk) -> Iterator[Studio]:
    with studio_with(tmp_path / "site", media_dir=disk.root / "media") as made:
        yield made


def test_an_upload_keeps_what_has_come_and_goes_on_when_there_is_room(
    disk: Disk, studio: Studio, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    noise = "testsrc2=size=320x180:rate=10:duration=2,noise=alls=90:allf=t"
    ffmpeg(*PICTURE, noise, *X264, "-qp", "2", str(clip))
    data = clip.read_bytes()
    assert len(data) > 2 * MIB
    sender = Sender(studio)
    where = sender.begun(len(data))
    disk.leave(MIB + MIB // 2)
    answer = sender.piece(where, 0, data)
    assert (answer.status_code, answer.json["reason"], answer.json["error"]) == (
        *(507, "NoRoom"),
        SENTENCE,
    )
    kept = sender.offset(where)
    assert MIB <= kept < len(data)
    # Nobody else notices: the pages are there, and another upload is told the same.
    assert studio.client.get("/desk/recordings").status_code == 200
    assert sender.begin(len(data)).json["error"] == SENTENCE
    assert studio.send(data).json["error"] == SENTENCE
    assert sender.piece(where, kept, data[kept:]).status_code == 507
    kept = sender.offset(where)
    disk.clear()
    assert sender.piece(where, kept, data[kept:]).status_code == 204
    made = sender.finish(where)
    assert made.status_code == 200
    uuid = studio.recording(made.json["id"]).uuid
    assert (studio.root / "uploads" / uuid / "source").read_bytes() == data


def test_an_encode_on_a_full_disk_leaves_nothing_and_is_done_when_there_is_room(
    disk: Disk, studio: Studio, tmp_path: Path
) -> None:
    """There is room for as much as was uploaded, and not for what is made of it."""
    clip = tmp_path / "clip.mp4"
    ffmpeg(*PICTURE, "testsrc2=size=640x360:rate=10:duration=2", *X264, "-crf", "51", str(clip))
    media_id = studio.upload(clip)
    uuid = studio.recording(media_id).uuid
    disk.leave(clip.stat().st_size + 8192)
    for _ in range(3):
        found = studio.recording(media_id)
        assert found.state in {"queued", "transcoding"}, (found.error, found.detail)
        studio.work()
        hurry(studio)
    found = studio.recording(media_id)
    assert (found.state, found.error) == ("failed", SENTENCE)
    assert "No space left" in found.detail
    assert (studio.root / "uploads" / uuid / "source").read_bytes() == clip.read_bytes()
    assert not (studio.root / "renditions" / uuid).exists()
    assert list((studio.root / "work").iterdir()) == []
    # Looked at every ten minutes: not before there is room, and by nobody's hand then.
    for room in (False, True):
        if room:
            disk.clear()
        with studio.app.app_context(), unit_of_work():
            assert service.retry_where_room_is() == int(room)
    studio.work()
    assert studio.recording(media_id).is_ready
