"""Headers that lie: huge lengths and tables, thousands of tracks, pictures that change their size.

Each is refused with a sentence, fails with one, or plays; none takes more than its limits allow.
"""

from __future__ import annotations

import io
import struct
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core import jobs
from app.media.ffmpeg import looking
from tests.live import Site
from tests.media.conftest import PICTURE, X264, Clips, Studio, ffmpeg, picture, tone
from tests.media.test_formats import times
from tests.media.test_transcode import streams

Change = Callable[[bytes], bytes]


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    while at + 8 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        yield data[at + 4 : at + 8], at, at + length
        at += length


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I", len(inside) + 8) + kind + inside


def changed(data: bytes, path: tuple[bytes, ...], change: Change) -> bytes:
    """The file with what is inside the boxes of this path changed, and all lengths right."""
    out = []
    for kind, start, end in boxes(data):
        inside = data[start + 8 : end]
        if kind == path[0]:
            inside = changed(inside, path[1:], change) if len(path) > 1 else change(inside)
            out.append(box(kind, inside))
        else:
            out.append(data[start:end])
    return b"".join(out)


def very_long(data: bytes) -> bytes:
    """Every header says: 10^9 seconds."""

    def head(inside: bytes) -> bytes:
        return inside[:12] + struct.pack(">II", 1, 1_000_000_000) + inside[20:]

    def track(inside: bytes) -> bytes:
        return inside[:20] + struct.pack(">I", 1_000_000_000) + inside[24:]

    data = changed(data.replace(b"edts", b"free"), (b"moov", b"mvhd"), head)
    data = changed(data, (b"moov", b"trak", b"tkhd"), track)
    return changed(data, (b"moov", b"trak", b"mdia", b"mdhd"), head)


def many_tracks(data: bytes) -> bytes:
    """Ten thousand times the same track."""

    def more(inside: bytes) -> bytes:
        start, end = next((a, b) for kind, a, b in boxes(inside) if kind == b"trak")
        return inside + inside[start:end] * 10_000

    return changed(data, (b"moov",), more)


def many_edits(data: bytes) -> bytes:
    """A million entries of one unit each."""
    entry = struct.pack(">IiHH", 1, 0, 1, 0)
    edits = box(b"edts", box(b"elst", struct.pack(">II", 0, 1_000_000), entry * 1_000_000))
    done: list[bool] = []

    def more(inside: bytes) -> bytes:
        if done:
            return inside
        done.append(True)
        kept = [inside[a:b] for kind, a, b in boxes(inside) if kind != b"edts"]
        return kept[0] + edits + b"".join(kept[1:])

    return changed(data, (b"moov", b"trak"), more)


def huge_samples(data: bytes) -> bytes:
    """Every sample is four gigabytes long."""

    def sizes(inside: bytes) -> bytes:
        count = struct.unpack_from(">I", inside, 8)[0]
        return struct.pack(">III", 0, 0xFFFFFFFF, count)

    return changed(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"), sizes)


@pytest.mark.parametrize(
    ("trap", "reasons"),
    [
        (very_long, {"TooLong"}),
        (many_tracks, {"NotMedia", "NothingUsable"}),
        (many_edits, {"NotMedia"}),
        (huge_samples, {"NotMedia", "NothingUsable", "IncompleteFile", ""}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_header_that_lies_harms_nobody(
    studio: Studio, clips: Clips, trap: Change, reasons: set[str]
) -> None:
    """The same file is fine without the lie."""
    data = clips["plain.mp4"].read_bytes()
    assert studio.send(changed(data, (b"moov", b"mvhd"), bytes)).status_code == 200
    before = len(studio.files())
    start = time.monotonic()
    answer = studio.send(trap(data))
    took = time.monotonic() - start
    assert took < 6 * looking.PROBE_LEASH.wall  # three looks at most, each with its limit
    if answer.status_code == 422:
        assert answer.json["reason"] in reasons
        assert len(studio.files()) == before
        return
    assert "" in reasons
    studio.work()
    found = studio.recording(answer.json["id"])
    assert found.is_finished
    assert found.is_ready or found.error


def test_ten_thousand_attachments_are_looked_at_quickly(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    """ffmpeg counts each as a stream. One of them, as fonts are, is fine."""
    font = tmp_path / "font.ttf"
    font.write_bytes(b"no font")
    clip = tmp_path / "clip.mkv"
    kind = ("-metadata:s:t", "mimetype=application/x-truetype-font")
    ffmpeg("-i", str(clips["plain.mp4"]), "-c", "copy", "-attach", str(font), *kind, str(clip))
    data = clip.read_bytes()
    assert studio.send(data, "clip.mkv").status_code == 200
    before = len(studio.files())
    start = time.monotonic()
    answer = studio.send(attached(data, 10_000), "clip.mkv")
    assert time.monotonic() - start < 6 * looking.PROBE_LEASH.wall
    if answer.status_code == 422:
        assert answer.json["reason"] in {"NotMedia", "NothingUsable"}
        assert len(studio.files()) == before
        return
    studio.work()
    found = studio.recording(answer.json["id"])
    assert found.is_ready or found.error


def attached(data: bytes, times: int) -> bytes:
    """A Matroska file with its one attached file so many times."""
    at = data.index(ATTACHMENTS, data.index(ATTACHMENTS) + 4)  # the list of places names it first
    length, begin = ebml_number(data, at + 4)
    one = data[data.index(ATTACHED_FILE, begin) : begin + length]  # without the checksum before it
    many = ATTACHMENTS + ebml_length(len(one) * times) + one * times
    segment = data.index(SEGMENT)
    size, inside = ebml_number(data, segment + 4)
    grown = ebml_length(size + len(many) - (begin + length - at))
    return data[: segment + 4] + grown + data[inside:at] + many + data[begin + length :]


SEGMENT, ATTACHMENTS, ATTACHED_FILE = b"\x18\x53\x80\x67", b"\x19\x41\xa4\x69", b"\x61\xa7"


def ebml_number(data: bytes, at: int) -> tuple[int, int]:
    """A length as Matroska writes it, and where it ends."""
    bytes_of = 9 - data[at].bit_length()
    number = int.from_bytes(data[at : at + bytes_of]) & ((1 << 7 * bytes_of) - 1)
    return number, at + bytes_of


def ebml_length(number: int) -> bytes:
    return (number | 1 << 56).to_bytes(8)


def test_a_thousand_frames_a_second_become_sixty(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "fast.mp4"
    ffmpeg(*PICTURE, "testsrc2=size=64x64:rate=1000:duration=1", *X264, str(clip))
    assert streams(clip)["video"]["avg_frame_rate"] == "1000/1"
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    assert 55 <= len(times(studio.joined(found, "64p"))) <= 64  # pictures come in whole ms


def test_a_picture_that_changes_its_size_plays_in_one(studio: Studio, tmp_path: Path) -> None:
    """A meeting where somebody shares a screen: the recording has two sizes, one after another."""
    parts = []
    for number, size in enumerate(("320x180", "640x360")):
        part = tmp_path / f"{number}.ts"
        ffmpeg(*picture(size, 2), *tone(2), *X264, "-c:a", "aac", str(part))
        parts.append(part.read_bytes())
    clip = tmp_path / "meeting.ts"
    clip.write_bytes(b"".join(parts))
    found = studio.prepared(clip)
    assert found.is_finished
    if found.is_ready:
        assert streams(studio.joined(found, "180p"))["video"]["height"] == 180
    else:
        assert found.error


def test_a_picture_that_becomes_enormous_is_not_decoded(studio: Studio, tmp_path: Path) -> None:
    """Small where the probe looks, 36 megapixels later: more than any decoder of ours may take."""
    parts = []
    for number, (size, seconds) in enumerate((("64x64", 2), ("7200x5000", 0.2))):
        part = tmp_path / f"{number}.ts"
        ffmpeg(*picture(size, seconds, 5), *X264, str(part))
        parts.append(part.read_bytes())
    clip = tmp_path / "bomb.ts"
    clip.write_bytes(b"".join(parts))
    answer = studio.send(clip.read_bytes())
    if answer.status_code == 422:
        assert answer.json["error"]
        return
    studio.work()
    found = studio.recording(answer.json["id"])
    assert found.is_finished
    assert found.is_ready or found.error
    if found.is_ready:
        made = streams(studio.joined(found, "64p"))["video"]
        assert (made["width"], made["height"]) == (64, 64)


# --- forms that never end -------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A body that is made while it is read, and counts how much was read of it."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        super().__init__()
        self.begin, self.again = begin, again
        self.taken = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 1_000_000_000 if whence == 2 else 0

    def read(self, size: int = -1) -> bytes:
        size = 65_536 if size < 0 else min(size, 65_536)
        made = (self.begin + self.again * (size // len(self.again) + 1))[:size]
        self.begin = b""
        self.taken += len(made)
        return made


FIELD = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n'


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"", FIELD + b"z\r\n"),  # fields without number
        (FIELD, b"z" * 1000),  # a field without end
        (b'--x\r\nContent-Disposition: form-data; name="f"; x="', b"z" * 1000),  # a header
        (b"", b"z" * 1000),  # no part at all
    ],
    ids=["fields", "field", "header", "nothing"],
)
@pytest.mark.parametrize("address", ["/media/upload", "/media/images", "/sign-in"])
def test_a_form_of_a_gigabyte_is_given_up_early(
    studio: Studio, address: str, begin: bytes, again: bytes
) -> None:
    body = Endless(begin, again)
    answer = studio.client.post(
        address,
        input_stream=body,
        content_length=1_000_000_000,
        content_type="multipart/form-data; boundary=x",
        headers=studio.headers,
    )
    assert answer.status_code in {400, 413, 422}
    assert body.taken < 4 * 1024 * 1024
    assert studio.files() == set()


# --- the rest of the site meanwhile ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_a_bomb_ends_at_its_limit_and_the_site_answers_meanwhile(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An encode that would take minutes: ended, failed with a reason; nobody else waits for it."""
    clip = tmp_path / "bomb.mp4"
    noise = "nullsrc=s=1920x1080:r=30:d=20,geq=random(1)*255:128:128"
    one = tmp_path / "noise.mp4"
    ffmpeg(*PICTURE, noise.replace("d=20", "d=0.2"), *X264, "-crf", "30", str(one))
    ffmpeg("-stream_loop", "100", "-i", str(one), "-c", "copy", str(clip))
    site.stop("worker")  # this test is the worker
    studio = Studio(site.app, site.people)
    media_id = studio.upload(clip)
    monkeypatch.setattr("app.media.ffmpeg.encoding.wall_limit", lambda duration_ms: 6.0)

    def answered() -> float:
        start = time.monotonic()
        with urllib.request.urlopen(f"{site.url}/healthz", timeout=60) as answer:
            assert answer.status == 200
        return time.monotonic() - start

    def slow(times: list[float]) -> float:
        """So long that only one in twenty takes longer."""
        return sorted(times)[len(times) * 19 // 20]

    before = slow([answered() for _ in range(40)])
    worker = threading.Thread(target=jobs.run_pending, args=(site.app,))
    worker.start()
    during = []
    while worker.is_alive():
        during.append(answered())
        worker.join(0.05)
    found = studio.recording(media_id)
    assert found.state == "failed"
    assert "too long" in found.error
    assert len(during) >= 10
    # ffmpeg is nice to everybody else. On a machine that is busy anyway, as fast as before.
    assert slow(during) < max(0.2, 5 * before)
    left = subprocess.run(
        ["pgrep", "-f", str(studio.root)], capture_output=True, check=False, timeout=300
    )
    assert left.stdout == b""
