"""Files made to do harm: nothing of another file is read, nothing runs for ever."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.core import clock, jobs
from app.core.child import Leash, run
from app.core.db import db
from app.media import ffmpeg as ours
from app.media.queries import job_key
from app.media.rules import (
    NO_SOUND,
    Facts,
    NothingUsable,
    NotMedia,
    Output,
    TooManyPixels,
    TranscodeFailed,
    ladder,
)
from config import ROOT
from tests.media.conftest import PICTURE, X264, Clips, Studio, ffmpeg, two_frames
from tests.media.test_transcode import hurry

CANARY = b"CANARY-OF-ANOTHER-MEMBER"


@pytest.fixture
def private(studio: Studio, clips: Clips) -> Path:
    """Another member's film on the same disk, with a canary in its bytes and in its picture."""
    path = studio.root.parent / "private.ts"
    ffmpeg("-i", str(clips["plain.mp4"]), "-c", "copy", "-metadata", "title=PRIVATE", str(path))
    path.write_bytes(path.read_bytes() + CANARY)
    return path


def hls_playlist(private: Path) -> bytes:
    return (
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
        f"#EXTINF:2.0,\nfile://{private}\n#EXT-X-ENDLIST\n"
    ).encode()


def concat(private: Path) -> bytes:
    return f"ffconcat version 1.0\nfile '{private}'\n".encode()


def relative_concat(private: Path) -> bytes:
    return f"ffconcat version 1.0\nfile '../../../{private.name}'\nduration 2\n".encode()


def session_description(private: Path) -> bytes:
    return (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        b"m=video 59999 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


def dash(private: Path) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        '<Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1">'
        f"<BaseURL>file://{private}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def playlist_in_avi(private: Path) -> bytes:
    """The trick of 2017: subtitles of an AVI that are themselves a playlist."""
    inner = hls_playlist(private)
    gab2 = b"GAB2\x00\x02\x00\x0a\x00\x00\x00x\x00x\x00x\x00x\x00x\x00\x04\x00"
    body = gab2 + len(inner).to_bytes(4, "little") + inner
    chunk = b"01wb" + len(body).to_bytes(4, "little") + body
    movi = b"LIST" + (len(chunk) + 4).to_bytes(4, "little") + b"movi" + chunk
    header = b"LIST\x04\x00\x00\x00hdrl"
    return b"RIFF" + (len(header) + len(movi) + 4).to_bytes(4, "little") + b"AVI " + header + movi


def external_reference(private: Path) -> bytes:
    """A QuickTime file whose only track lies in another file."""
    alias = b"alis" + b"\x00\x00\x00\x00" + str(private).encode()
    box = (len(alias) + 4).to_bytes(4, "big") + alias
    dref = b"\x00\x00\x00\x10dref" + b"\x00\x00\x00\x00\x00\x00\x00\x01" + box
    moov = b"moov" + dref
    return (
        b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + (len(moov) + 4).to_bytes(4, "big") + moov
    )


ATTACKS = [
    hls_playlist,
    concat,
    relative_concat,
    session_description,
    dash,
    playlist_in_avi,
    external_reference,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_file_that_names_another_file_is_no_media(studio: Studio, private: Path, attack) -> None:
    """With its default options ffmpeg plays the first two of them: see the next test."""
    before = private.stat().st_atime_ns
    answer = studio.send(attack(private), "holiday.mp4")
    assert answer.status_code == 422
    assert answer.json["reason"] in {"NotMedia", "NothingUsable"}
    assert studio.files() == set()
    assert private.stat().st_atime_ns == before
    with pytest.raises(TranscodeFailed):  # the encode refuses it too, should it ever get there
        encode(studio, attack(private), Facts("video", 2000, video=0, width=320, height=180))
    for path in studio.root.parent.rglob("*"):
        if path.is_file() and path != private:
            assert CANARY not in path.read_bytes()


def playlist_of_address(url: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{url}\n#EXT-X-ENDLIST\n".encode()


def concat_of_address(url: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{url}'\nduration 2\n".encode()


def dash_of_address(url: str) -> bytes:
    return dash(Path("/")).replace(b"file:///", url.encode())


def track_at_address(url: str) -> bytes:
    """A QuickTime file whose only track lies at an address, and says so as the standard has it."""
    body = b"url " + bytes(4) + url.encode() + b"\x00"
    box = (len(body) + 4).to_bytes(4, "big") + body
    dref = (len(box) + 16).to_bytes(4, "big") + b"dref" + bytes(7) + b"\x01" + box
    for kind in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        dref = (len(dref) + 8).to_bytes(4, "big") + kind + dref
    return b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + dref


@pytest.mark.parametrize(
    "attack",
    [playlist_of_address, concat_of_address, dash_of_address, track_at_address],
    ids=lambda attack: attack.__name__,
)
def test_a_file_that_names_an_address_asks_nobody(studio: Studio, clips: Clips, attack) -> None:
    """A port of this machine, as of a service behind the firewall; and a film in the name."""
    inside = base64.b64encode(clips["stream.ts"].read_bytes()).decode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}/a.ts", f"data:video/mp2t;base64,{inside}"):
            answer = studio.send(attack(url), "holiday.mp4")
            assert answer.status_code == 422
            assert answer.json["reason"] in {"NotMedia", "NothingUsable", "IncompleteFile"}
            with pytest.raises(TranscodeFailed):
                encode(studio, attack(url), Facts("video", 2000, video=0, width=320, height=180))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert studio.files() == set()


def encode(studio: Studio, data: bytes, facts: Facts) -> list[Path]:
    folder = studio.root.parent / "bare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(data)
    ours.encode(
        source,
        facts,
        [Output(rung.name, rung, False, NO_SOUND) for rung in ladder(facts.width, facts.height)],
        folder,
        gain=0.0,
        threads=1,
        progress=ours.Progress(facts.duration_ms),
        keep_going=lambda: True,
    )
    return sorted(folder.glob("*.m4s"))


def test_the_attack_is_real(private: Path, tmp_path: Path) -> None:
    """The same playlist, with the options that ffmpeg has by default: it reads the other film."""
    trap = tmp_path / "holiday.mp4"
    trap.write_bytes(hls_playlist(private))
    found = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", trap],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "h264" in found.stdout


def test_times_that_lie_far_apart_cost_no_frames(studio: Studio, tmp_path: Path) -> None:
    """Four kilobytes, two frames, hours between them: filled up, that would be 2.5 million frames.

    Such a file is refused; and if it were not, the encode would end at once.
    """
    trap = two_frames(tmp_path, 100_000)
    assert trap.stat().st_size < 6_000
    answer = studio.send(trap.read_bytes())
    assert answer.status_code == 422
    assert answer.json["reason"] == "TooLong"
    start = time.monotonic()
    parts = encode(
        studio,
        trap.read_bytes(),
        Facts("video", 100_001_000, video=0, width=64, height=64, rate=25.0),
    )
    assert time.monotonic() - start < 100
    assert sum(p.stat().st_size for p in parts) < 100_000


def test_an_encode_that_takes_too_long_is_ended(studio: Studio, clips: Clips, monkeypatch) -> None:
    monkeypatch.setattr("app.media.ffmpeg.encoding.wall_limit", lambda duration_ms: 0.5)
    clip = studio.root.parent / "busy.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=8"),
        *("-c:v", "libx264", "-preset", "ultrafast", str(clip)),
    )
    start = time.monotonic()
    found = studio.prepared(clip)
    assert time.monotonic() - start < 100
    assert found.state == "failed"
    assert "too long" in found.error


@pytest.mark.parametrize(("count", "taken"), [(3_000, True), (10_000, False)])
def test_many_streams_and_chapters_are_looked_at_quickly(
    studio: Studio, clips: Clips, tmp_path: Path, count: int, taken: bool
) -> None:
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(
        ";FFMETADATA1\n"
        + "".join(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={n}\nEND={n + 1}\n" for n in range(count))
    )
    clip = tmp_path / "chapters.mkv"
    many = [part for _ in range(60) for part in ("-map", "0:a")]
    ffmpeg(
        *("-i", str(clips["plain.mp4"]), "-i", str(chapters), "-map", "0:v", *many),
        *("-map_metadata", "1", "-c", "copy", str(clip)),
    )
    start = time.monotonic()
    answer = studio.send(clip.read_bytes())
    assert time.monotonic() - start < 100
    if not taken:
        assert (answer.status_code, answer.json["reason"]) == (422, "NotMedia")
        assert studio.files() == set()
        return
    studio.work()
    assert studio.recording(answer.json["id"]).is_ready


@pytest.mark.parametrize("name", ["plain.mp4", "sound.mp3", "odd.webm"])
def test_flipped_bytes_never_harm_the_server(studio: Studio, clips: Clips, name: str) -> None:
    """Broken in many places: refused, failed with a reason, or ready; never stuck."""
    data = clips[name].read_bytes()
    for seed in range(2):
        broken = bytearray(data)
        for n in range(40):
            broken[(seed * 7919 + n * 104_729) % len(broken)] ^= 0xFF
        answer = studio.send(bytes(broken))
        if answer.status_code == 422:
            continue
        assert answer.status_code == 200
        studio.work()
        found = studio.recording(answer.json["id"])
        assert found.is_finished
        assert found.is_ready or found.error
    assert not list((studio.root / "work").glob("*")) if (studio.root / "work").exists() else True


def test_a_crafted_size_does_not_take_the_memory(tmp_path: Path, clips: Clips) -> None:
    """A header that claims 65535 × 65535 pixels."""
    data = bytearray(clips["plain.mp4"].read_bytes())
    at = data.find(b"avc1")
    data[at + 28 : at + 32] = b"\xff\xff\xff\xff"
    trap = tmp_path / "size.mp4"
    trap.write_bytes(data)
    try:
        facts = ours.probe(trap)
    except (TooManyPixels, NotMedia, NothingUsable):
        return
    assert (facts.width, facts.height) == (320, 180)  # what the stream itself says


def test_a_probe_that_hangs_is_ended(tmp_path: Path, monkeypatch) -> None:
    """A named pipe never delivers: the probe gives up at its limit."""
    monkeypatch.setattr("app.media.ffmpeg.looking.PROBE_LEASH", Leash(wall=1, cpu=5))
    for question in ("cut_off", "protected", "endless_edits"):  # those would wait for bytes, too
        monkeypatch.setattr(f"app.media.mp4.{question}", lambda path: False)
    monkeypatch.setattr("app.media.ffmpeg.looking.LEAST_BYTES", 0)  # a pipe has no size
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    start = time.monotonic()
    with pytest.raises(NotMedia):
        ours.probe(pipe)
    assert time.monotonic() - start < 60  # a busy machine is slow, a pipe is for ever


# --- a worker that is killed ------------------------------------------------------------------

WORKER = """
import sys
sys.path.insert(0, {root!r})
from app import create_app
from app.core import jobs
from pathlib import Path
from tests.conftest import make_config

app = create_app(make_config(Path({folder!r}), ffmpeg_threads=1))
print("up", flush=True)
jobs.run_pending(app)
"""


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(p) for p in text.split()]


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rsplit(")", 1)[1].split()[0] != "Z"


def wait_for(what, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_worker_killed_in_the_middle_loses_nothing(app: Flask, studio: Studio, tmp_path) -> None:
    """kill -9 while ffmpeg runs: no orphan, and after the lease another worker begins again."""
    clip = tmp_path / "busy.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=10"),
        *("-c:v", "libx264", "-preset", "ultrafast", str(clip)),
    )
    media_id = studio.upload(clip)
    uuid = studio.recording(media_id).uuid
    program = textwrap.dedent(WORKER).format(root=str(ROOT), folder=str(tmp_path))
    worker = subprocess.Popen([sys.executable, "-c", program])
    try:
        wait_for(lambda: list((studio.root / "work").glob(f"{uuid}-*/*.m4s")))
        wait_for(lambda: children(worker.pid))
        encoder = children(worker.pid)[0]
        assert "ffmpeg" in Path(f"/proc/{encoder}/cmdline").read_text()
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(timeout=60)
    wait_for(lambda: not alive(encoder), 5)
    assert studio.recording(media_id).state == "transcoding"
    assert jobs.sweep(app) == 0  # the lease still holds
    later = clock.now() + jobs.LEASE + timedelta(seconds=1)
    with clock.use(lambda: later):
        jobs.sweep(app)
        assert studio.recording(media_id).stage == "again"
        studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.version) == ("ready", 2)
    assert list((studio.root / "work").iterdir()) == []
    assert [p.name for p in (studio.root / "renditions" / uuid).iterdir()] == ["v2"]


def encoder(pid: int) -> int:
    """The ffmpeg among the children of a process and theirs; 0 when there is none."""
    for child in children(pid):
        try:
            name = Path(f"/proc/{child}/comm").read_text().strip()
            found = child if name == "ffmpeg" else encoder(child)
        except OSError:  # it has just ended
            continue
        if found and alive(found):
            return found
    return 0


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """A clip that takes a second or two to prepare."""
    clip = tmp_path / "busy.mp4"
    ffmpeg(*PICTURE, "testsrc2=size=640x360:rate=25:duration=15", *X264, str(clip))
    return clip


@pytest.mark.parametrize("times", [1, 3])
def test_an_ffmpeg_that_the_system_kills_is_tried_again_and_never_called_ready(
    studio: Studio, busy: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """As the kernel does where memory is short: once, or on every one of the three tries."""
    media_id = studio.upload(busy)
    uuid = studio.recording(media_id).uuid
    report = jobs.Lease.report
    killed: list[int] = []

    def kill_the_encoder(self, progress: int, stage: str = "") -> None:
        report(self, progress, stage)
        if stage.startswith("rest") and len(killed) < min(times, self.attempt):
            wait_for(lambda: list((studio.root / "work").glob(f"{uuid}-*/*.m4s")))
            pid = encoder(os.getpid())
            assert pid, "it was too quick for this test"
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    monkeypatch.setattr(jobs.Lease, "report", kill_the_encoder)
    for attempt in range(1, times + 1):
        studio.work()
        found = studio.recording(media_id)
        assert len(killed) == attempt
        assert not (studio.root / "renditions" / uuid).exists()
        assert list((studio.root / "work").iterdir()) == []
        if attempt < 3:
            assert (found.state, found.stage) == ("transcoding", "again")
            assert studio.work() == 0  # not at once
            hurry(studio)
    if times == 3:
        assert (found.state, "signal 9" in found.detail) == ("failed", True)
        assert found.error
        studio.client.post(f"/media/{media_id}/retry", headers=studio.headers)
    studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.error) == ("ready", "")
    assert (studio.version(found) / "master.m3u8").is_file()


RESTARTED = """
import atexit, os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from app import create_app
from app.core import jobs
from app.core.db import db
from tests.conftest import make_config

with create_app(make_config(Path({folder!r}))).app_context():
    db.engine.dispose()  # everything is imported, and nothing is open
report, count = jobs.Lease.report, 0

def ends(self, progress, stage=""):
    global count
    report(self, progress, stage)
    count += 1
    if count == {number} % 3 + 1:
        print("ended at", stage, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)  # ended by the end of the process, long before

for number in range(10):
    child = os.fork()
    if not child:
        signal.alarm(60)
        jobs.Lease.report = ends
        app = create_app(make_config(Path({folder!r}), ffmpeg_threads=1))
        app.extensions["huey"].create_consumer(workers=1, worker_type="thread").run()
        atexit._run_exitfuncs()  # as sys.exit does, but clearing the memory takes a second
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_ten_restarts_of_the_worker_in_a_row_end_with_one_ready_video(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    """Ended in good order, as by an update of the site: no try counts as failed by that."""
    media_id = studio.upload(clips["front.mp4"])
    uuid = studio.recording(media_id).uuid
    program = RESTARTED.format(root=str(ROOT), folder=str(tmp_path), number="number")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    ends = done.stdout.split("\n")[:-1]
    assert len(ends) == 10, done.stdout
    assert len(set(ends)) >= 3  # while listening, encoding, checking
    left = ["pgrep", "-f", str(studio.root)]
    wait_for(lambda: not subprocess.run(left, capture_output=True, check=False, timeout=300).stdout)
    found = studio.recording(media_id)
    assert (found.state, found.error) == ("transcoding", "")
    studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.error) == ("ready", "")
    assert [p.name for p in (studio.root / "renditions" / uuid).iterdir()] == [f"v{found.version}"]
    assert list((studio.root / "work").iterdir()) == []
    with studio.app.app_context():
        job = jobs.latest(job_key(media_id))
        assert job is not None
        assert (job.state, job.attempts) == ("done", 1)
        db.session.rollback()


def test_a_child_without_network_reaches_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        reached = {
            offline: run(["python3", "-c", ask], Leash(wall=60, cpu=20, offline=offline)).good
            for offline in (False, True)
        }
    if os.geteuid() != 0 and reached[True]:
        pytest.skip("this kernel gives no network of its own to who is not root")
    assert reached == {False: True, True: False}
