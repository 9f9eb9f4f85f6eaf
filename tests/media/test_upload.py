"""What happens to a file between the browser and its row: kept whole, looked into, or refused."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.media.models import Media
from tests.media.conftest import (
    X264,
    Clips,
    Studio,
    fetch,
    ffmpeg,
    picture,
    studio_with,
    token,
    two_frames,
)


def refused(studio: Studio, data: bytes, name: str = "clip.mp4", status: int = 422) -> dict:
    """The JSON of a refusal, after which neither row nor file is there."""
    answer = studio.send(data, name)
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert studio.files() == set()
    with studio.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Media)) == 0
        db.session.rollback()
    return answer.json


def test_an_upload_is_kept_probed_and_queued(studio: Studio, clips: Clips) -> None:
    source = clips["plain.mp4"]
    answer = studio.send(source.read_bytes(), "第一课 Lesson.mp4")
    assert answer.status_code == 200
    assert answer.json["filename"] == "第一课 Lesson.mp4"
    assert answer.json["kind"] == "video"
    assert abs(answer.json["duration_ms"] - 2000) <= 50
    found = studio.recording(answer.json["id"])
    assert (found.state, found.width, found.height) == ("queued", 320, 180)
    assert found.bytes == source.stat().st_size
    assert studio.files() == {f"uploads/{found.uuid}/source"}
    assert (studio.root / "uploads" / found.uuid / "source").read_bytes() == source.read_bytes()


def test_a_form_with_a_file_works_like_the_bare_file(studio: Studio, clips: Clips) -> None:
    source = clips["plain.mp4"].read_bytes()
    answer = studio.client.post(
        "/media/upload",
        data={"before": "x" * 100, "file": (io.BytesIO(source), "form.mp4"), "after": "y"},
        content_type="multipart/form-data",
        headers=studio.headers,
    )
    assert answer.status_code == 200, answer.json
    found = studio.recording(answer.json["id"])
    assert (found.filename, found.bytes) == ("form.mp4", len(source))


def test_a_form_without_a_file_or_cut_off_is_refused(studio: Studio, clips: Clips) -> None:
    form = {"content_type": "multipart/form-data", "headers": studio.headers}
    empty = studio.client.post("/media/upload", data={"a": "b"}, **form)
    assert (empty.status_code, empty.json["reason"]) == (422, "NoFile")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n'
        + clips["plain.mp4"].read_bytes()[:9000]
    )
    cut = studio.client.post(
        "/media/upload",
        data=body,
        content_type="multipart/form-data; boundary=x",
        headers=studio.headers,
    )
    assert (cut.status_code, cut.json["reason"]) == (422, "Interrupted")
    huge_field = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + b"z" * 500_000
    answer = studio.client.post(
        "/media/upload",
        data=huge_field,
        content_type="multipart/form-data; boundary=x",
        headers=studio.headers,
    )
    assert answer.status_code == 422
    assert studio.files() == set()


@pytest.mark.parametrize(
    ("name", "kind", "ms"),
    [
        ("odd.mkv", "video", 1000),
        ("odd.webm", "video", 1000),
        ("old.avi", "video", 1000),
        ("old.wmv", "video", 1000),
        ("old.flv", "video", 1000),
        ("stream.ts", "video", 1000),
        ("tiny.mp4", "video", 100),
        ("sound.mp3", "audio", 9000),
        ("sound.m4a", "audio", 3000),
        ("sound.wav", "audio", 2000),
        ("long-sound.mp4", "video", 5000),
    ],
)
def test_containers_that_people_have_are_read(
    studio: Studio, clips: Clips, name: str, kind: str, ms: int
) -> None:
    found = studio.recording(studio.upload(clips[name]))
    assert found.kind == kind
    assert abs(found.duration_ms - ms) <= 120


def test_a_header_without_a_length_is_read_through(studio: Studio, clips: Clips, tmp_path) -> None:
    """Browsers record WebM as a stream: there is no length in front."""
    stream = tmp_path / "recorded.webm"
    with stream.open("wb") as out:
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", clips["odd.webm"], "-c", "copy", "-f", "webm", "-"],
            stdout=out,
            check=True,
            timeout=300,
        )
    found = studio.recording(studio.upload(stream))
    assert abs(found.duration_ms - 1000) <= 120


def test_twenty_minutes_of_picture_are_not_longer_for_their_last_frame_of_sound(
    studio: Studio, tmp_path: Path
) -> None:
    """AAC comes in frames of 21 ms: without this rule 20:00.000 would be 20:00.010 and refused."""
    clip = tmp_path / "exact.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=20"),
        *("-f", "lavfi", "-i", "anullsrc=r=48000:d=20.01", "-c:v", "libx264", "-c:a", "aac"),
        str(clip),
    )
    assert studio.recording(studio.upload(clip)).duration_ms == 20_000


def test_a_phone_held_upright_is_portrait(studio: Studio, clips: Clips) -> None:
    found = studio.recording(studio.upload(clips.turned(90)))
    assert (found.width, found.height) == (180, 320)
    found = studio.recording(studio.upload(clips.turned(180)))
    assert (found.width, found.height) == (320, 180)


def test_pixels_that_are_not_square_are_made_so(studio: Studio, clips: Clips) -> None:
    found = studio.recording(studio.upload(clips["wide-pixels.mp4"]))
    assert (found.width, found.height) == (427, 180)


# --- refusals: each says what to do, and leaves nothing behind -------------------------------


def test_what_is_no_media_is_refused_in_one_sentence(studio: Studio) -> None:
    for data in (
        b"This is a text file that somebody called .mp4.\n" * 50,
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?php system($_GET['c']); ?>",
        b"MZ\x90\x00\x03" + bytes(4000),
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
        bytes(range(256)) * 40,
        b"GIF89a" + bytes(2000),
    ):
        said = refused(studio, data)
        assert said["reason"] == "NotMedia"
        assert "MP4" in said["error"]


def test_a_picture_is_no_video(studio: Studio, png) -> None:
    assert refused(studio, png())["reason"] == "NotMedia"
    assert refused(studio, png(kind="JPEG"))["reason"] == "NotMedia"


def test_an_empty_file_is_refused(studio: Studio) -> None:
    said = refused(studio, b"")
    assert said["reason"] == "EmptyFile"
    assert "empty" in said["error"]


def test_a_file_that_was_cut_off_is_called_incomplete(studio: Studio, clips: Clips) -> None:
    front = clips["front.mp4"].read_bytes()  # its header stands in front and promises everything
    back = clips["plain.mp4"].read_bytes()
    for data in (front[: len(front) // 2], front[:-10], back[: len(back) // 2], back[:-1000]):
        assert refused(studio, data)["reason"] == "IncompleteFile"
    for data in (b"x", front[:1], front[:15]):  # of a copy that broke off at once
        assert refused(studio, data)["reason"] == "IncompleteFile"
    assert studio.send(front).status_code == 200
    assert studio.send(back).status_code == 200


def test_a_body_that_ends_before_its_length_is_not_taken(app: Flask, studio: Studio, clips) -> None:
    from app.media import service
    from app.media.rules import Interrupted

    data = clips["plain.mp4"].read_bytes()
    with app.app_context(), pytest.raises(Interrupted):
        service.store(filename="x", stream=io.BytesIO(data), length=len(data) + 1)
    assert studio.files() == set()


def test_more_than_four_hours_are_refused(studio: Studio, tmp_path: Path) -> None:
    said = refused(studio, two_frames(tmp_path, 14_500).read_bytes())
    assert said["reason"] == "TooLong"
    assert "4:01:4" in said["error"]
    assert "4:00:00" in said["error"]


def test_twelve_hours_are_refused_with_what_to_do(studio: Studio, tmp_path: Path) -> None:
    """A camera that was left running: whole and honest, and longer than anybody cuts by hand."""
    clip = tmp_path / "night.mp4"
    slow = (*picture("128x96", 12 * 3600, 0.1), *X264, "-crf", "40", "-g", "600")
    ffmpeg(*slow, str(clip))
    said = refused(studio, clip.read_bytes())
    assert said["reason"] == "TooLong"
    assert said["error"] == (
        "The recording is 12:00:00 long, and at most 4:00:00 can be uploaded. "
        "Export it in shorter pieces and upload each of them."
    )


def test_hours_of_nothing_are_implausible(studio: Studio, tmp_path: Path) -> None:
    said = refused(studio, two_frames(tmp_path, 14_000).read_bytes())
    assert said["reason"] == "Implausible"
    assert "3:53:2" in said["error"]


def test_too_many_pixels_are_refused(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "huge.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=size=5120x2880:rate=1:duration=1"),
        *("-c:v", "libx264", "-preset", "ultrafast", str(clip)),
    )
    said = refused(studio, clip.read_bytes())
    assert said["reason"] == "TooManyPixels"
    assert "5120 × 2880" in said["error"]


def test_a_protected_video_is_called_protected(studio: Studio, tmp_path: Path, clips) -> None:
    clip = tmp_path / "protected.mp4"
    key = "0123456789abcdef0123456789abcdef"
    ffmpeg(
        *("-i", str(clips["silent.mp4"]), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", key, "-encryption_kid", key, str(clip)),
    )
    assert refused(studio, clip.read_bytes())["reason"] == "Protected"


def test_a_container_without_picture_or_sound_is_refused(studio: Studio, tmp_path: Path) -> None:
    words, clip = tmp_path / "words.srt", tmp_path / "words.mkv"
    words.write_text("1\n00:00:00,000 --> 00:00:05,000\nHello\n")
    ffmpeg("-i", str(words), "-c:s", "srt", str(clip))
    assert refused(studio, clip.read_bytes())["reason"] == "NothingUsable"


def test_what_is_larger_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with studio_with(tmp_path, upload_limit=20_000) as studio:
        said = refused(studio, bytes(20_001), status=413)
        assert "19.5 KB" in said["error"]
        assert refused(studio, bytes(200_000), status=413)["reason"] == "FileTooLarge"
        form = studio.client.post(
            "/media/upload",
            data={"file": (io.BytesIO(bytes(50_000)), "form.mp4")},
            content_type="multipart/form-data",
            headers=studio.headers,
        )
        assert form.status_code == 413
        assert studio.files() == set()


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, clips: Clips) -> None:
    free = shutil.disk_usage(tmp_path).free
    with studio_with(tmp_path, disk_reserve=free * 2) as studio:
        said = refused(studio, clips["plain.mp4"].read_bytes(), status=507)
        assert said["reason"] == "NoRoom"


def test_a_long_or_hostile_name_is_only_ever_shown(studio: Studio, clips: Clips) -> None:
    data = clips["tiny.mp4"].read_bytes()
    for name in ("../../../etc/passwd", "a" * 300 + ".mp4", "x\u202e4pm.mp4", "a\nb.mp4", ""):
        answer = studio.send(data, name)
        assert answer.status_code == 200
        assert "/" not in answer.json["filename"]
        assert "\n" not in answer.json["filename"]
        assert "\u202e" not in answer.json["filename"]
        assert len(answer.json["filename"]) <= 120
    assert {p.split("/")[0] for p in studio.files()} == {"uploads"}
    assert all(p.endswith("/source") for p in studio.files())


def test_the_same_file_twice_makes_two_recordings(studio: Studio, clips: Clips) -> None:
    first, second = studio.upload(clips["tiny.mp4"]), studio.upload(clips["tiny.mp4"])
    assert first != second
    assert len(studio.files()) == 2


def test_one_of_two_recordings_of_the_same_file_goes_and_the_other_plays_on(
    studio: Studio, clips: Clips
) -> None:
    """Uploaded twice or taken over twice: what is theirs goes, and nothing else."""
    first, second = studio.prepared(clips["plain.mp4"]), studio.prepared(clips["plain.mp4"])
    source = clips["plain.mp4"].read_bytes()
    links = studio.links(second.id)
    answer = studio.client.post(f"/desk/recordings/{first.id}/remove", headers=studio.headers)
    assert answer.status_code in {302, 303}, answer.get_data(as_text=True)
    assert all(second.uuid in name for name in studio.files())
    assert (studio.root / "uploads" / second.uuid / "source").read_bytes() == source
    assert studio.recording(second.id) == second
    for address in (links.master, links.poster, links.lightest):
        assert fetch(studio.client, address).status_code == 200
    third = studio.prepared(clips["plain.mp4"])  # and it can come again
    assert third.is_ready


def test_what_a_client_says_of_paths_on_the_server_is_ignored(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    """PeerTube once took a path out of the fields of a form; here there is nothing but bytes."""
    private = tmp_path / "private.mp4"
    private.write_bytes(clips["portrait.mp4"].read_bytes())
    names = ("path", "file.path", "videofile[path]", "thumbnailfile.path", "source", "uuid", "id")
    said = dict.fromkeys(names, str(private))
    data = clips["plain.mp4"].read_bytes()
    # In the address, in a form around the file, and in what tus knows of it.
    raw = studio.client.post(
        "/media/upload",
        query_string={**said, "filename": "a.mp4"},
        data=data,
        headers=studio.headers,
    )
    form = studio.client.post(
        "/media/upload",
        data={**said, "file": (io.BytesIO(data), "b.mp4")},
        content_type="multipart/form-data",
        headers=studio.headers,
    )
    value = base64.b64encode(str(private).encode()).decode()
    tus = {**studio.headers, "Tus-Resumable": "1.0.0"}
    more = ",".join(
        f"{name} {value}" for name in ("filename", "path", "source", "uuid", "filetype")
    )
    begun = studio.client.post(
        "/media/tus",
        data=data,
        content_type="application/offset+octet-stream",
        headers={**tus, "Upload-Length": str(len(data)), "Upload-Metadata": more},
    )
    assert begun.status_code == 201, begun.get_data(as_text=True)
    piecewise = studio.client.post(
        f"{begun.headers['Location']}/recording", query_string=said, data=said, headers=tus
    )
    for answer in (raw, form, piecewise):
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found = studio.recording(answer.json["id"])
        assert (studio.root / "uploads" / found.uuid / "source").read_bytes() == data
        assert (found.width, found.height) == (320, 180)
        assert str(tmp_path) not in answer.get_data(as_text=True)
    # JSON alone is a file like any other: no media.
    before = studio.files()
    for address in ("/media/upload", "/media/images", "/media/sounds"):
        answer = studio.client.post(address, json=said, headers=studio.headers)
        assert answer.status_code in {415, 422}, address
    assert studio.files() == before
    assert private.read_bytes() == clips["portrait.mp4"].read_bytes()


# --- who ---------------------------------------------------------------------------------------


def test_only_trainers_upload(studio: Studio, clips: Clips) -> None:
    data = clips["tiny.mp4"].read_bytes()
    member = studio.people.client(studio.people.member())
    visitor = studio.people.client()
    for client, status in ((member, 404), (visitor, 401)):
        answer = client.post("/media/upload", data=data, headers=token(client))
        assert answer.status_code == status
    assert studio.files() == set()


def test_an_upload_needs_the_token_of_the_page(studio: Studio, clips: Clips) -> None:
    data = clips["tiny.mp4"].read_bytes()
    json = {"Accept": "application/json"}
    without = studio.client.post("/media/upload", data=data, headers=json)
    assert (without.status_code, without.json["reason"]) == (400, "csrf")
    other = studio.people.client(studio.people.member(role="trainer"))
    foreign = {"X-CSRFToken": token(other)["X-CSRFToken"], **json}
    assert studio.client.post("/media/upload", data=data, headers=foreign).status_code == 400
    cross = {**studio.headers, "Sec-Fetch-Site": "cross-site"}
    assert studio.client.post("/media/upload", data=data, headers=cross).status_code == 403
    assert studio.files() == set()


def test_uploads_are_counted_before_they_are_read(tmp_path: Path) -> None:
    now = clock.now()
    with studio_with(tmp_path, limits=True) as studio, clock.use(lambda: now):
        answers = [studio.send(b"no media") for _ in range(21)]
        assert [a.status_code for a in answers] == [422] * 20 + [429]
        assert answers[-1].headers["Retry-After"]
        rival = studio.people.client(studio.people.member(role="trainer"))
        answer = rival.post("/media/upload", data=b"no media", headers=token(rival))
        assert answer.status_code == 422  # each has their own count


def test_nothing_is_locked_while_a_body_arrives(studio: Studio, clips: Clips) -> None:
    """Another member can write while an upload that takes minutes is going on."""
    from app.core.db import unit_of_work
    from app.members.models import Branch

    data = clips["plain.mp4"].read_bytes()
    wrote: list[bool] = []

    class Slow(io.BytesIO):
        def readinto(self, buffer) -> int:
            if not wrote:
                wrote.append(False)
                thread = threading.Thread(target=self.somebody_else)
                thread.start()
                thread.join(timeout=5)
            return super().readinto(buffer)

        def somebody_else(self) -> None:
            with studio.app.app_context(), unit_of_work() as session:
                session.add(Branch(parent_id=None, name="Elsewhere", path="/99/"))
            wrote[0] = True

    answer = studio.client.post(
        "/media/upload",
        query_string={"filename": "x.mp4"},
        input_stream=Slow(data),
        content_length=len(data),
        content_type="application/octet-stream",
        headers=studio.headers,
    )
    assert answer.status_code == 200
    assert wrote == [True]
