"""Watching early, copying what fits already, loudness, storyboard, waveform, sound alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from app.core.db import unit_of_work
from app.core.models import Job
from app.media import hls, mp4, service
from app.media.ffmpeg import listen
from app.media.jobs import making
from app.media.models import Media
from app.media.rules import (
    AUDIO,
    SAVING_BITS,
    SOUND_BITS,
    SOURCE_MS,
    UNCHANGED,
    Facts,
    can_copy,
    gain,
    is_film,
    is_screen,
    ladder,
    plan,
)
from tests.factories import People
from tests.media.conftest import AAC, X264, Clips, Studio, fetch, ffmpeg, picture, tone

GOOD = Facts(
    "video",
    60_000,
    video=0,
    audio=1,
    width=1280,
    height=720,
    rate=25.0,
    video_codec="h264",
    audio_codec="aac",
    video_ms=60_000,
    container="mov",
    profile="High",
    pixels="yuv420p",
    level=31,
    bits=2_000_000,
    is_plain=True,
    audio_profile="LC",
    channels=2,
)


# --- rules ------------------------------------------------------------------------------------


def test_the_lowest_rendition_and_the_sound_come_first() -> None:
    found = plan(Facts(**{**vars(GOOD), "video_codec": "hevc"}))
    assert found.early
    assert not found.copies
    assert [(one.name, one.sound) for one in found.first()] == [
        ("240p", SAVING_BITS),
        (AUDIO, SAVING_BITS),
    ]
    done = {one.name for one in found.first()}
    assert [one.name for one in found.rest(done)] == ["720p", "540p", "360p"]
    assert {one.sound for one in found.rest(done)} == {SOUND_BITS}


def test_a_picture_that_fits_already_is_copied_first() -> None:
    found = plan(GOOD)
    assert found.copies
    (first,) = found.first()
    assert (first.name, first.copied, first.sound) == ("720p", True, UNCHANGED)
    assert [one.copied for one in found.all()] == [True, False, False, False, False]
    assert not plan(GOOD, copy=False).copies
    # Also of a short one; only what is encoded as fast as it is looked at is not copied.
    short = plan(Facts(**{**vars(GOOD), "duration_ms": 10_000, "video_ms": 10_000}))
    assert (short.copies, short.early) == (True, True)
    tiny = plan(Facts(**{**vars(GOOD), "duration_ms": 9_999, "video_ms": 9_999}))
    assert (tiny.copies, tiny.early) == (False, False)


@pytest.mark.parametrize(
    "other",
    [
        {"video_codec": "hevc"},
        {"profile": "High 10"},
        {"pixels": "yuv444p"},
        {"level": 51},
        {"is_plain": False},
        {"interlaced": True},
        {"transfer": "arib-std-b67"},
        {"container": "mpegts"},
        {"width": 1281},
        {"rate": 120.0},
        {"bits": 9_000_000},
        {"bits": 0},
        {"video_ms": 58_000},
        {"start_ms": 1},
    ],
)
def test_what_does_not_fit_is_encoded(other: dict[str, object]) -> None:
    facts = Facts(**{**vars(GOOD), **other})
    assert can_copy(GOOD, ladder(1280, 720)[0])
    assert not can_copy(facts, ladder(facts.width, facts.height)[0])


def test_short_recordings_are_made_in_one_go_and_long_sources_small() -> None:
    encoded = {**vars(GOOD), "video_codec": "hevc"}
    assert not plan(Facts(**{**encoded, "duration_ms": 29_999, "video_ms": 29_999})).early
    assert plan(Facts(**{**encoded, "duration_ms": 30_000, "video_ms": 30_000})).early
    long = plan(Facts(**{**vars(GOOD), "duration_ms": SOURCE_MS + 1, "video_ms": SOURCE_MS + 1}))
    assert [one.name for one in long.all()] == ["240p", AUDIO]
    assert not long.early


def test_the_gain_stops_at_the_peaks_and_leaves_silence_alone() -> None:
    assert gain(-26.0, -12.0) == 10.0
    assert gain(-26.0, -4.0) == 2.5
    assert gain(-10.0, 0.5) == -6.0
    assert gain(-16.2, -3.0) == 0.0
    assert gain(-70.0, -60.0) == 0.0


# --- the real thing ---------------------------------------------------------------------------


def said(*command: object) -> str:
    """What a program says on both of its outputs."""
    words = [str(word) for word in command]
    done = subprocess.run(words, check=True, timeout=300, capture_output=True, text=True)
    return done.stdout + done.stderr


def loudness(path: Path) -> tuple[float, float]:
    measure = ("-af", "ebur128=peak=true", "-f", "null", "-")
    text = said("ffmpeg", "-hide_banner", "-nostats", "-i", path, *measure)
    loud = re.findall(r"I:\s+(-?[0-9.]+) LUFS", text)[-1]
    return float(loud), float(re.findall(r"Peak:\s+(-?[0-9.]+) dBFS", text)[-1])


@pytest.mark.usefixtures("at_once")
def test_members_watch_before_everything_is_done(
    studio: Studio, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mkv"
    ffmpeg(*picture("640x360", 5), *tone(5), "-c:v", "mpeg4", "-q:v", "4", "-c:a", "aac", str(clip))
    media_id = studio.upload(clip)
    seen: list[str] = []
    real = making.Maker._encode

    def look(self, outputs, start, end, stage) -> None:
        if stage == "rest":
            found = studio.recording(media_id)
            assert (found.state, found.is_playable, found.is_finished) == ("playable", True, False)
            links = studio.links(media_id)
            assert links.renditions == (240,)
            master = fetch(studio.client, links.master)
            assert master.status_code == 200
            assert fetch(studio.client, links.audio).status_code == 200
            assert fetch(studio.client, links.poster).status_code == 200
            seen.append(links.master)
        real(self, outputs, start, end, stage)

    monkeypatch.setattr(making.Maker, "_encode", look)
    studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.version) == ("ready", 2)
    assert studio.links(media_id).renditions == (360, 240)
    # The small one was not made twice: it is the same file.
    early = studio.root / "renditions" / found.uuid / "v1"
    for name in ("240p-00000.m4s", "audio-00000.m4s"):
        assert (early / name).samefile(studio.version(found) / name)
    # Who is in the middle of the early version goes on watching it.
    assert fetch(studio.client, seen[0]).status_code == 200


@pytest.mark.usefixtures("at_once")
def test_a_try_after_the_early_one_goes_on_with_its_files(
    studio: Studio, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mkv"
    ffmpeg(*picture("640x360", 5), *tone(5), "-c:v", "mpeg4", "-q:v", "4", "-c:a", "aac", str(clip))
    media_id = studio.upload(clip)
    real = making.Maker._encode
    stages: list[str] = []

    def die_once(self, outputs, start, end, stage) -> None:
        stages.append(stage)
        if stages == ["first", "rest"]:
            raise RuntimeError("the machine went away")
        real(self, outputs, start, end, stage)

    monkeypatch.setattr(making.Maker, "_encode", die_once)
    studio.work()
    assert studio.recording(media_id).state == "playable"
    with studio.app.app_context(), unit_of_work() as session:
        job = session.query(Job).one()
        job.run_after = job.created_at
    studio.work()
    assert studio.recording(media_id).is_ready
    assert stages == ["first", "rest", "rest"]


@pytest.mark.usefixtures("at_once")
def test_a_compatible_picture_is_copied_bit_by_bit(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    keys = ("-g", "20", "-b:v", "300k", "-profile:v", "main", "-level", "3.0")
    ffmpeg(*picture("640x360", 9), *tone(9), *X264, *keys, *AAC, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail

    def picture_hash(path: Path) -> str:
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            path,
            "-map",
            "0:v",
            "-c",
            "copy",
            "-f",
            "md5",
            "-",
        ]
        return subprocess.run(
            command, check=True, timeout=300, capture_output=True, text=True
        ).stdout

    plain = tmp_path / "plain.mp4"
    ffmpeg("-i", str(studio.joined(found, "360p")), "-c", "copy", str(plain))
    assert picture_hash(plain) == picture_hash(clip)
    master = (studio.version(found) / "master.m3u8").read_text()
    said_of_source = said(
        *("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=profile"),
        *("-of", "csv=p=0", clip),
    )
    assert ("High" in said_of_source) == ("avc1.6400" in master.split("RESOLUTION")[0])
    assert [v.name for v in (hls.read(studio.version(found), "240p.m3u8"),)] == ["240p.m3u8"]
    assert studio.links(found.id).renditions == (360, 240)


@pytest.mark.usefixtures("at_once")
def test_keyframes_too_far_apart_are_not_copied(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    keys = (
        "-g",
        "999",
        "-sc_threshold",
        "0",
        "-b:v",
        "300k",
        "-profile:v",
        "main",
        "-level",
        "3.0",
    )
    ffmpeg(*picture("640x360", 12), *tone(12), *X264, *keys, *AAC, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    lengths = [s.length for s in hls.read(studio.version(found), "360p.m3u8").segments]
    assert max(lengths) < 4.5


def test_quiet_and_loud_recordings_end_equally_loud(studio: Studio, tmp_path: Path) -> None:
    for name, volume in (("quiet", "-9dB"), ("loud", "8dB")):
        clip = tmp_path / f"{name}.wav"
        ffmpeg(
            *("-f", "lavfi", "-i", "sine=frequency=700:duration=6"),
            *("-af", f"tremolo=f=3:d=0.5,volume={volume}", str(clip)),
        )
        found = studio.prepared(clip)
        loud, peak = loudness(studio.joined(found, "audio"))
        assert loud == pytest.approx(-16, abs=1)
        assert peak < 0


def test_sound_alone_has_a_picture_of_its_waves(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["sound.mp3"])
    links = studio.links(found.id)
    assert (links.poster, links.storyboard, links.audio) == ("", "", "")
    answer = fetch(studio.client, links.waveform)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    with Image.open(studio.version(found) / "waveform.webp") as waves:
        assert waves.size == (1280, 240)


def test_the_seek_bar_has_pictures(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["two-rungs.mp4"])
    links = studio.links(found.id)
    answer = fetch(studio.client, links.storyboard)
    assert (answer.status_code, answer.mimetype) == (200, "text/vtt")
    lines = [line for line in answer.get_data(as_text=True).splitlines() if "#xywh=" in line]
    assert lines == [f"storyboard-01.webp#xywh={x},0,160,90" for x in (0, 160, 320)]
    with Image.open(studio.version(found) / "storyboard-01.webp") as sheet:
        assert sheet.width == 960
        assert sheet.crop((0, 0, 160, 90)).convert("L").getextrema()[1] > 150


def test_nobody_else_gets_the_files_that_go_with_it(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["two-rungs.mp4"])
    links = studio.links(found.id)
    stranger = studio.people.client(studio.people.member())
    nobody = studio.people.client()
    sheet = links.storyboard.replace("storyboard.vtt", "storyboard-01.webp")
    for address in (links.storyboard, sheet, links.audio, links.master):
        assert fetch(studio.client, address).status_code == 200
        assert fetch(stranger, address).status_code == 404
        assert fetch(nobody, address, Sec_Fetch_Dest="video").status_code == 401


def test_levels_of_the_sound_are_kept_beside_the_source(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    half = "sine=frequency=440:duration=1,apad=pad_dur=1"
    ffmpeg("-f", "lavfi", "-i", half, str(clip))
    found = studio.prepared(clip)
    with studio.app.app_context():
        levels = service.media_folder().noted(found.uuid, "levels")
    assert levels is not None
    assert len(levels) == pytest.approx(40, abs=1)
    assert min(levels[2:18]) > 120
    assert max(levels[22:]) < 20


@pytest.mark.parametrize("layout", ["mono", "5.1"])
def test_one_and_six_channels_become_two(studio: Studio, tmp_path: Path, layout: str) -> None:
    clip = tmp_path / "clip.mkv"
    sound = ("-af", f"aformat=channel_layouts={layout}", "-c:a", "flac")
    ffmpeg(*picture("320x180", 1), *tone(1), *X264, *sound, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    ask = ("-select_streams", "a", "-show_entries", "stream=channels", "-of", "csv=p=0")
    assert said("ffprobe", "-v", "error", *ask, studio.joined(found, "180p")).strip() == "2"


def test_time_left_is_told(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["plain.mp4"])
    with studio.app.app_context(), unit_of_work() as session:
        session.get_one(Media, media_id).state = "transcoding"
        job = session.query(Job).one()
        job.state, job.stage, job.progress = "running", "rest 95", 40
    found = studio.recording(media_id)
    assert (found.stage, found.left_seconds, found.progress) == ("rest", 95, 40)
    page = studio.client.get(f"/media/{media_id}/state").get_data(as_text=True)
    assert "About 1:35 left" in page


def test_every_level_of_a_longer_sound_is_heard(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=120:sample_rate=8000", str(clip))
    heard = listen(clip, Facts("audio", 120_000, audio=0), keep_going=lambda: True)
    assert len(heard.levels) == pytest.approx(2400, abs=2)
    assert set(heard.levels[5:-5]) <= set(range(150, 175))


def test_a_long_source_is_made_small_and_looked_at_for_cuts(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("app.media.rules.passes", "app.media.jobs.making"):
        monkeypatch.setattr(f"{where}.SOURCE_MS", 3000)
    clip = tmp_path / "clip.mp4"
    halves = ("-f", "lavfi", "-i", "color=red:s=640x360:r=10:d=3,drawbox=t=fill")
    other = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=3")
    join = ("-filter_complex", "[0:v][1:v]concat=n=2:v=1:a=0[v]", "-map", "[v]", "-map", "2:a")
    ffmpeg(*halves, *other, *tone(6), *join, *X264, "-g", "30", *AAC, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    assert studio.links(found.id).renditions == (240,)
    with studio.app.app_context():
        scenes = json.loads(service.media_folder().noted(found.uuid, "scenes") or b"[]")
    assert scenes == [3000]


# --- what is in the picture -----------------------------------------------------------------------


def frames_of(key: int, *others: int) -> list[list[int]]:
    return [[key, *others]] * 10


def test_a_film_from_a_hand_is_known_without_decoding_it() -> None:
    assert is_film(frames_of(225_000, *[70_000] * 29))
    assert is_film(frames_of(17_000, *[1_700] * 85, *[300] * 14))
    assert not is_film(frames_of(18_600, *[1_500] * 25, *[150] * 74))  # a tripod: look closer
    assert not is_film(frames_of(5000, *[14] * 80, *[900] * 19))
    assert not is_film([[5000]] * 100)  # every frame alone says nothing
    assert not is_film([])


def test_a_screen_is_told_from_a_film_by_its_frames() -> None:
    assert is_screen(frames_of(5000, *[14] * 99))
    assert is_screen(frames_of(5000, *[14] * 80, *[900] * 19))  # somebody scrolls now and then
    assert not is_screen(frames_of(12_000, *[14] * 55, *[400] * 44))  # a camera on a tripod
    assert not is_screen(frames_of(5000, *[300] * 99))
    assert not is_screen([[5000, 14, 14]])  # too little to say
    assert not is_screen([])


SCREEN = (
    "color=white:s=640x360:r=10:d=8,drawgrid=w=18:h=11:t=2:c=black,"
    "drawbox=x=0:y=0:w=130:h=360:t=fill:color=navy,"
    "drawbox=x='if(lt(mod(t,4),1),200+mod(t,4)*300,500)':y=180:w=10:h=14:t=fill:color=red"
)
CAMERA = "mandelbrot=size=640x360:rate=10,noise=alls=8:allf=t"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("source", "told", "crf"),
    [(SCREEN, b"deblock=1:-3:-3", b"crf=20.0"), (CAMERA, b"deblock=1:0:0", b"crf=23.5")],
    ids=["screen", "camera"],
)
def test_letters_on_a_recorded_screen_are_kept_sharp(
    studio: Studio, tmp_path: Path, source: str, told: bytes, crf: bytes
) -> None:
    clip = tmp_path / "clip.mkv"
    encoder = ("-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac")
    ffmpeg("-f", "lavfi", "-i", source, *tone(8), "-t", "8", *encoder, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    made = studio.joined(found, "360p").read_bytes()
    assert told in made  # x264 writes what it was told into the stream
    assert crf in made
    # What was made first, before anything was known, is as always.
    assert b"crf=24.5" in studio.joined(found, "240p").read_bytes()


@pytest.mark.parametrize(("source", "sharp"), [(SCREEN, True), (CAMERA, False)])
def test_a_short_recorded_screen_is_known_by_a_first_look(
    studio: Studio, tmp_path: Path, source: str, sharp: bool
) -> None:
    """Under half a minute everything is made in one go: all of it is told what it is."""
    clip = tmp_path / "clip.mkv"
    encoder = ("-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac")
    ffmpeg("-f", "lavfi", "-i", source, *tone(5), "-t", "5", *encoder, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    for rung, usual in (("360p", 23), ("240p", 24)):
        made = studio.joined(found, rung).read_bytes()
        assert (b"deblock=1:-3:-3" in made) == sharp
        assert f"crf={usual - 3.0 if sharp else usual + 0.5}".encode() in made


# --- the first segment ------------------------------------------------------------------------


def frames(folder: Path, init: Path, segment: bytes) -> str:
    """Every frame that a header and a segment hold: its time, its bytes."""
    whole = folder / "whole.mp4"
    whole.write_bytes(init.read_bytes() + segment)
    return said("ffmpeg", "-v", "error", "-i", whole, "-map", "0", "-f", "framemd5", "-")


def boxes(segment: bytes) -> list[bytes]:
    return [kind for kind, _ in mp4.whole(segment)]


@pytest.mark.usefixtures("at_once")
def test_what_plays_first_comes_in_pieces_of_a_second(studio: Studio, tmp_path: Path) -> None:
    """The same frames, and all of the first second before anything of the next one."""
    film = tmp_path / "film.mp4"
    ffmpeg(*picture("640x360", seconds=9, rate=25), *tone(9), *X264, *AAC, str(film))
    folder = studio.version(studio.prepared(film))
    head = folder / "240p-init.mp4"
    chunks = (folder / "240p-00000.m4s").read_bytes()
    assert boxes(chunks) == [b"styp", *[b"moof", b"mdat"] * 4]
    assert boxes((folder / "240p-00001.m4s").read_bytes()).count(b"moof") == 1
    assert boxes((folder / "360p-00000.m4s").read_bytes()).count(b"moof") == 1
    # The first second alone can be played: picture and sound.
    second = chunks[: chunks.index(b"moof", chunks.index(b"mdat")) - 4]
    lines = [
        line.split(",") for line in frames(tmp_path, head, second).splitlines() if line[0] != "#"
    ]
    counted = {number: sum(line[0] == number for line in lines) for number in ("0", "1")}
    assert counted["0"] == 25
    assert counted["1"] >= 43
    # As it was before, nothing is different in it.
    scales = mp4.timescales(head.read_bytes())
    for name in ("360p", "240p"):
        whole = (folder / f"{name}-00001.m4s").read_bytes()
        init = folder / f"{name}-init.mp4"
        cut = mp4.chunked(whole, scales, 0.7)
        assert boxes(cut).count(b"moof") == 6
        assert frames(tmp_path, init, cut) == frames(tmp_path, init, whole)
        track = mp4.pace(init.read_bytes())
        assert track is not None
        assert mp4.span(cut, track) == mp4.span(whole, track)
        assert mp4.sizes(cut, track) == mp4.sizes(whole, track)
        assert mp4.chunked(cut, scales, 0.7) == cut


def test_a_segment_that_is_built_in_another_way_stays_as_it_is(clips: Clips) -> None:
    for other in (b"", b"\0" * 40, b"not at all boxes", clips["plain.mp4"].read_bytes()):
        assert mp4.chunked(other, {1: 1000}, 1) == other
