"""What is left out because nobody sees it: frames that show nothing new, half of sixty."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.media import hls
from app.media.rules import (
    Facts,
    halved,
    is_screen,
    is_surely_screen,
    ladder,
    left_out_at_most,
    plan,
    sparing,
)
from tests.media.conftest import AAC, X264, Studio, ffmpeg, picture, tone
from tests.media.test_formats import times
from tests.media.test_ladder import frames_of
from tests.media.test_transcode import decodes, keyframes

FULL = Facts("video", 60_000, video=0, width=1920, height=1080, rate=60.0, pixels="yuv420p")


def test_frames_may_be_left_out_where_they_come_regularly() -> None:
    assert left_out_at_most(FULL, 1000 / 60) == 11
    assert left_out_at_most(replace(FULL, rate=59.94), 1001 / 60) == 11
    assert left_out_at_most(replace(FULL, rate=25.0), 40) == 4
    assert left_out_at_most(replace(FULL, rate=10.0), 100) == 1
    assert left_out_at_most(replace(FULL, rate=120.0), 1000 / 120) == 7  # thinned out to sixty
    assert left_out_at_most(FULL, 150) == 0  # now sixty a second, now seven
    assert left_out_at_most(FULL, 0) == 0
    assert left_out_at_most(replace(FULL, pixels="yuv420p10le"), 1000 / 60) == 0
    assert left_out_at_most(replace(FULL, transfer="arib-std-b67"), 1000 / 60) == 0


def test_small_renditions_have_half_of_sixty_frames() -> None:
    assert [one.halved for one in plan(FULL).rungs] == [False, False, True, True, True]
    assert not any(one.halved for one in plan(replace(FULL, rate=30.0)).rungs)
    # What is small itself keeps what it has: nothing better is made of it.
    assert [one.halved for one in halved(ladder(960, 540), 50.0)] == [False, True, True]


def test_a_screen_is_known_though_its_frames_were_left_out() -> None:
    assert is_screen([[5000, 14, 14, 900]] * 10, left_out=460)
    assert is_screen([[5000]] * 10, left_out=490)
    assert not is_screen(frames_of(5000, *[300] * 99), left_out=1)
    assert not is_screen([], left_out=100)


def test_only_what_leaves_no_doubt_is_a_screen_by_its_own_frames() -> None:
    assert is_surely_screen(frames_of(95_000, *[300] * 89, *[20_000] * 10))
    assert not is_surely_screen(frames_of(18_600, *[1_500] * 25, *[150] * 74))  # a tripod
    assert not is_surely_screen(frames_of(95_000, *[300] * 70, *[20_000] * 29))
    assert not is_surely_screen([[5000] * 3])


def test_of_a_film_only_what_is_exactly_the_same_is_left_out() -> None:
    assert sparing(FULL, 1000 / 60, film=True) == (11, 0)
    assert sparing(FULL, 1000 / 60, film=False) == (11, 128)
    assert sparing(FULL, 150, film=False) == (0, 0)


TYPING = (
    "color=white:s=640x360:r=30:d=9,drawgrid=w=18:h=11:t=2:c=black[page];"
    "color=red:s=10x14:r=30:d=9[mark];"
    "[page][mark]overlay=x='if(lt(mod(t,4),0.8),200+mod(t,4)*300,500)':y=180"
)


@pytest.mark.usefixtures("at_once")
def test_what_stands_still_is_not_written_sixty_times(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    encoder = ("-c:v", "mpeg4", "-q:v", "2", "-g", "300", "-c:a", "aac")
    ffmpeg("-f", "lavfi", "-i", TYPING, *tone(9), "-t", "9", *encoder, str(clip))
    assert len(times(clip)) == 270
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    large, small = (studio.joined(found, name) for name in ("360p", "240p"))
    assert b"deblock=1:-3:-3" in large.read_bytes()  # known as a screen by the first pass
    shown = times(large)
    assert 90 < len(shown) < 150
    assert max(after - one for one, after in pairwise(shown)) < 0.21
    begin = shown[0]
    assert sum(at - begin < 0.79 for at in shown) >= 22  # while something moves, every frame
    # Both passes left out the same, so one can go over to the other at every segment.
    assert times(small) == shown
    assert keyframes(small) == keyframes(large)
    assert len(keyframes(large)) == 3
    for name in ("360p", "240p"):
        assert hls.read(studio.version(found), f"{name}.m3u8").seconds == pytest.approx(9, abs=0.1)
    assert decodes(large) == pytest.approx(9, abs=0.1)


@pytest.mark.usefixtures("at_once")
def test_half_the_frames_keep_every_keyframe(studio: Studio, tmp_path: Path) -> None:
    """At such a rate the second segment begins with an odd frame."""
    clip = tmp_path / "clip.mp4"
    rate = ("-bf", "0", "-b:v", "9M")  # too dense to be copied
    ffmpeg(*picture("640x360", 9, 50.3), *tone(9), *X264, *rate, *AAC, str(clip))
    found = studio.prepared(clip)
    assert found.is_ready, found.detail
    large, small = (studio.joined(found, name) for name in ("360p", "240p"))
    assert len(times(large)) == pytest.approx(len(times(clip)), abs=1)
    assert len(times(small)) == pytest.approx(len(times(clip)) / 2, abs=3)
    assert keyframes(small) == pytest.approx(keyframes(large), abs=0.001)
    assert len(keyframes(large)) == 3
    master = (studio.version(found) / "master.m3u8").read_text()
    assert re.findall(r"FRAME-RATE=([0-9.]+)", master) == ["50.300", "25.150"]
