"""Where a long recording is cut: whatever is in it, the parts cover it and none is too long."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.media.rules import (
    MOST_PART_MS,
    BadCuts,
    BadTime,
    PartTooLong,
    PartTooShort,
    TooManyParts,
    Why,
    cut_chapters,
    cut_cues,
    parts_of,
    propose,
    sentence_ends,
    silences,
    time_of,
    time_text,
)
from app.media.rules.sound import STEP_MS

MINUTE = 60_000


def lecture(seed: int, minutes: int, *, noise: int = 60) -> tuple[bytes, list[tuple[int, int]]]:
    """Levels of somebody who speaks with pauses between sentences, and where the pauses are."""
    chance = random.Random(seed)
    levels = bytearray()
    gaps = []
    while len(levels) * STEP_MS < minutes * MINUTE:
        for _ in range(chance.randint(40, 200)):
            levels.append(chance.randint(135, 170))
            if chance.random() < 0.08:
                levels += bytes(chance.randint(noise, noise + 8) for _ in range(3))  # a breath
        start = len(levels) * STEP_MS
        levels += bytes(chance.randint(noise, noise + 8) for _ in range(chance.randint(8, 40)))
        gaps.append((start, len(levels) * STEP_MS))
    return bytes(levels), gaps


def test_keyframes_count_only_where_nobody_pauses() -> None:
    """Of the keyframes of ten seconds, the one where it is quietest."""
    levels = bytearray(random.Random(7).randint(140, 150) for _ in range(50 * MINUTE // STEP_MS))
    keys = list(range(2000, 50 * MINUTE, 2000))
    for key in keys[3::5]:
        levels[key // STEP_MS] = 135
    found = propose(50 * MINUTE, bytes(levels), keyframes=keys)
    assert not found.has_silence
    assert {cut.why for cut in found.cuts} == {Why.KEYFRAME}
    assert {cut.at_ms for cut in found.cuts} <= set(keys[3::5])
    parts_of(50 * MINUTE, [cut.at_ms for cut in found.cuts])
    levels_of_speech, _ = lecture(7, 50)
    spoken = propose(len(levels_of_speech) * STEP_MS, levels_of_speech, keyframes=keys)
    assert Why.KEYFRAME not in {cut.why for cut in spoken.cuts}


@pytest.mark.parametrize("seed", range(8))
def test_every_cut_lies_in_a_pause(seed: int) -> None:
    levels, gaps = lecture(seed, 40 + 6 * seed)
    duration = len(levels) * STEP_MS
    found = propose(duration, levels)
    assert found.has_silence
    assert len(found.cuts) >= duration // MOST_PART_MS
    for cut in found.cuts:
        assert cut.why == Why.SILENCE
        assert any(start <= cut.at_ms <= end for start, end in gaps)
    lengths = [end - start for start, end in parts_of(duration, [c.at_ms for c in found.cuts])]
    assert max(lengths) <= MOST_PART_MS
    assert max(lengths) < 2 * min(lengths)


def test_the_noise_of_the_room_does_not_matter() -> None:
    for noise in (0, 40, 90):
        levels, gaps = lecture(1, 10, noise=noise)
        found = silences(levels)
        assert len(found) == len(gaps)  # a breath just before a pause belongs to it
        for (start, end), (begin, until) in zip(found, gaps, strict=True):
            assert begin - 200 <= start <= begin
            assert end == until


def test_chapters_draw_the_cuts() -> None:
    levels, gaps = lecture(3, 50)
    duration = len(levels) * STEP_MS
    chapters = [gap[0] for gap in (gaps[len(gaps) // 3], gaps[len(gaps) * 2 // 3])]
    found = propose(duration, levels, chapters=chapters)
    by_chapter = [cut for cut in found.cuts if cut.why == Why.CHAPTER]
    assert len(by_chapter) == 2
    assert all(min(abs(cut.at_ms - mark) for mark in chapters) <= 3000 for cut in by_chapter)


def test_a_change_of_picture_in_a_pause_is_the_place() -> None:
    levels, gaps = lecture(5, 30)
    duration = len(levels) * STEP_MS
    middle = next(gap for gap in gaps if gap[0] > duration // 2 and gap[1] - gap[0] > 600)
    found = propose(duration, levels, scenes=[middle[0] + 300], sentences=[middle[0]])
    assert [cut.at_ms for cut in found.cuts] == [middle[0] + 300]


def test_without_silence_it_says_so_and_cuts_all_the_same() -> None:
    levels = bytes([150]) * (45 * MINUTE // STEP_MS)
    found = propose(45 * MINUTE, levels)
    assert not found.has_silence
    assert {cut.why for cut in found.cuts} == {Why.SPEECH}
    assert len(parts_of(45 * MINUTE, [c.at_ms for c in found.cuts])) == 3


def test_what_fits_is_not_cut() -> None:
    assert propose(MOST_PART_MS, bytes(24_000)).cuts == ()
    assert len(propose(MOST_PART_MS + 1, bytes(24_000)).cuts) >= 1


@settings(max_examples=25, deadline=None)
@given(
    duration=st.integers(MOST_PART_MS + 1, 4 * 60 * MINUTE),
    seed=st.integers(0, 2**32),
    data=st.data(),
)
def test_parts_cover_the_recording_whatever_is_in_it(duration: int, seed: int, data) -> None:
    chance = random.Random(seed)
    kinds = (bytes(200), bytes([150]) * 200, bytes(chance.randint(0, 200) for _ in range(200)))
    length = data.draw(st.sampled_from([0, duration // STEP_MS // 2, duration // STEP_MS]))
    levels = b"".join(chance.choice(kinds) for _ in range(length // 200 + 1))[:length]
    marks = data.draw(st.lists(st.integers(-10, duration + 10), max_size=30))
    found = propose(duration, levels, scenes=marks, chapters=marks, sentences=marks)
    parts = parts_of(duration, [cut.at_ms for cut in found.cuts])
    assert parts[0][0] == 0
    assert parts[-1][1] == duration
    assert all(a[1] == b[0] for a, b in pairwise(parts))
    assert max(end - start for start, end in parts) <= MOST_PART_MS


def test_twenty_minutes_are_allowed_and_a_millisecond_more_is_not() -> None:
    both = [(0, MOST_PART_MS), (MOST_PART_MS, 2 * MOST_PART_MS)]
    assert parts_of(2 * MOST_PART_MS, [MOST_PART_MS]) == both
    with pytest.raises(PartTooLong) as refused:
        parts_of(2 * MOST_PART_MS, [MOST_PART_MS - 1])
    assert refused.value.number == 2


@pytest.mark.parametrize("cuts", [[0], [-5], [10_000], [5000, 5000], [6000, 4000]])
def test_cuts_out_of_order_are_refused(cuts: list[int]) -> None:
    with pytest.raises(BadCuts):
        parts_of(10_000, cuts)


def test_tiny_parts_and_too_many_are_refused() -> None:
    with pytest.raises(PartTooShort):
        parts_of(10_000, [500])
    with pytest.raises(TooManyParts):
        parts_of(1_000_000, list(range(2000, 200_000, 2000)))


def test_captions_are_cut_and_shifted() -> None:
    cues = [[0, 1000, "a"], [900, 2100, "b"], [2500, 3000, "c"]]
    assert cut_cues(cues, 0, 1000) == [[0, 1000, "a"], [900, 1000, "b"]]
    assert cut_cues(cues, 1000, 2600) == [[0, 1100, "b"], [1500, 1600, "c"]]


def test_a_part_begins_with_the_chapter_that_goes_on_there() -> None:
    chapters = [(0, "One"), (10_000, "Two"), (20_000, "Three")]
    assert cut_chapters(chapters, 5000, 20_000) == [(0, "One"), (5000, "Two")]
    assert cut_chapters(chapters, 10_000, 25_000) == [(0, "Two"), (10_000, "Three")]
    assert cut_chapters([(9000, "Late")], 2000, 8000) == []


def test_sentences_end_in_chinese_and_english() -> None:
    said = [(1, "你好。"), (2, "然后"), (3, "Done.”"), (4, "and"), (5, "真的？")]
    assert sentence_ends(said) == [1, 3, 5]


@given(st.integers(0, 4 * 3600 * 1000))
def test_times_are_read_as_they_are_written(ms: int) -> None:
    assert time_of(time_text(ms)) == ms


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-1", "1.2345"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        time_of(text)
