"""Decisions about recordings, without a file or a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media import rules
from app.media.rules import State


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [(r.width, r.height) for r in rules.ladder(width, height)]


def test_the_ladder_follows_the_short_side() -> None:
    assert sizes(1920, 1080) == [(1920, 1080), (1280, 720), (960, 540), (640, 360), (426, 240)]
    assert sizes(1280, 720) == [(1280, 720), (960, 540), (640, 360), (426, 240)]
    assert sizes(768, 432) == [(768, 432), (640, 360), (426, 240)]
    assert sizes(320, 180) == [(320, 180)]


def test_portrait_stays_portrait() -> None:
    assert sizes(1080, 1920)[:2] == [(1080, 1920), (720, 1280)]


def test_a_source_above_the_ladder_comes_down_to_its_top() -> None:
    assert sizes(3840, 2160)[0] == (1920, 1080)
    assert sizes(4096, 2304)[0] == (1920, 1080)


def test_names_of_rungs_are_their_short_sides() -> None:
    assert [r.name for r in rules.ladder(321, 181)] == ["180p"]
    assert [r.name for r in rules.ladder(1280, 720)] == ["720p", "540p", "360p", "240p"]


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_no_rendition_is_enlarged_odd_or_like_its_neighbour(width: int, height: int) -> None:
    rungs = rules.ladder(width, height)
    assert rungs
    assert len({r.name for r in rungs}) == len(rungs)
    for rung in rungs:
        assert rung.width % 2 == 0
        assert rung.height % 2 == 0
        assert 2 <= rung.width <= max(2, width)
        assert 2 <= rung.height <= max(2, height)
        assert 50_000 <= rung.most_bits <= 9_000_000
        assert (rung.width >= rung.height) or width <= height + 1
    rates = [r.most_bits for r in rungs]
    assert rates == sorted(rates, reverse=True)


def test_a_long_recording_of_almost_no_bytes_is_implausible() -> None:
    assert not rules.plausible(4_454, 3_600_000)
    assert rules.plausible(4_454, 30_000)  # short: costs nothing
    assert rules.plausible(500_000, 3_600_000)  # one still picture and quiet speech


def test_states_move_only_along_the_table() -> None:
    assert rules.move("queued", State.TRANSCODING) == "transcoding"
    assert rules.move("transcoding", State.TRANSCODING) == "transcoding"
    for now, then in (("queued", State.READY), ("ready", State.QUEUED), ("failed", State.READY)):
        with pytest.raises(rules.MayNotMove):
            rules.move(now, then)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("lesson.mp4", "lesson.mp4"),
        ("..\\..\\con.txt", "con.txt"),
        ("../../etc/passwd", "passwd"),
        ("invoice\u202e4pm.exe", "invoice4pm.exe"),
        ("a\nb\x00c.mp4", "a b c.mp4"),
        ("", "untitled"),
        ("...", "untitled"),
        ("党课 第一讲 😀.mp4", "党课 第一讲 😀.mp4"),
        ("cafe\u0301.mp4", "café.mp4"),
        ('"quoted" <b>.mp4', '"quoted" <b>.mp4'),
    ],
)
def test_file_names_are_tamed_for_showing(given_name: str, shown: str) -> None:
    assert rules.clean_name(given_name) == shown


def test_a_very_long_name_keeps_its_ending() -> None:
    name = rules.clean_name("长" * 300 + ".mp4")
    assert len(name) == rules.LONGEST_NAME
    assert name.endswith("….mp4")


@given(st.text(max_size=400))
def test_any_name_becomes_a_short_line(name: str) -> None:
    shown = rules.clean_name(name)
    assert 0 < len(shown) <= rules.LONGEST_NAME
    assert "/" not in shown
    assert shown.isprintable()


def test_language_tags_are_written_as_browsers_write_them() -> None:
    assert rules.clean_language("zh_Hans") == "zh-Hans"
    for bad in ("", "chinese!", "../x", "zh-Hans.vtt", "a"):
        with pytest.raises(rules.BadLanguage):
            rules.clean_language(bad)


SECRET = "s" * 40
UUID = "0" * 32


def test_a_link_is_good_for_its_member_recording_version_and_time_only() -> None:
    token = rules.sign(SECRET, UUID, 3, 7, 2_000)
    good = {
        "secret": SECRET,
        "token": token,
        "uuid": UUID,
        "version": 3,
        "member_id": 7,
        "now": 1e3,
    }
    assert rules.check_link(**good) == 1000
    wrong = {
        "secret": "t" * 40,
        "token": token.replace("7d0", "fff", 1),
        "uuid": "1" * 32,
        "version": 4,
        "member_id": 8,
        "now": 2_000.0,
    }
    for name, value in wrong.items():
        with pytest.raises(rules.BadLink):
            rules.check_link(**{**good, name: value})
    with pytest.raises(rules.BadLink):
        rules.check_link(**{**good, "token": "x" * 60})


@given(st.floats(1e9, 2e9), st.integers(60, 100_000))
def test_a_link_lives_at_most_its_life_and_at_least_three_quarters(now: float, life: int) -> None:
    left = rules.expiry(now, life) - now
    assert life * 0.75 - 2 <= left <= life


def test_posters_come_from_the_first_third() -> None:
    segments = [(n * 4.0, 4.0) for n in range(300)]
    chosen = rules.poster_segments(segments)
    assert len(chosen) <= rules.MOST_POSTER_FRAMES
    assert all(120 <= segments[n][0] <= 360 for n in chosen)
    assert rules.poster_segments(segments[:1]) == [0]
    assert rules.poster_segments(segments[:3]) == [1]


def test_what_ffmpeg_says_becomes_a_sentence_or_another_try() -> None:
    assert rules.cause_of("x: Invalid data found when processing input") == rules.DAMAGED
    assert rules.cause_of("Decoder (codec av1) not found") == rules.UNSUPPORTED
    assert rules.cause_of("av_write_frame(): No space left on device") is None
    assert rules.cause_of("something new") == rules.UNEXPECTED
