"""Decisions about courses: reading time, the longest course, moves, names, passages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.courses.rules import (
    LONGEST_COURSE_MS,
    MOVES,
    CourseTooLong,
    NotNow,
    State,
    caption_windows,
    checklist,
    exact,
    first_free,
    is_slug,
    moved,
    reading_ms,
    sections,
    slug_of,
    whole_length,
)

# --- reading time: 300 Chinese characters or 200 words a minute --------------------------------


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("", 0),
        ("，。！？ …—“”", 0),
        ("字", 200),
        ("字" * 300, 60_000),
        ("字" * 6000, LONGEST_COURSE_MS),
        ("字" * 6001, LONGEST_COURSE_MS + 200),
        ("word", 300),
        ("word " * 200, 60_000),
        ("word " * 4000, LONGEST_COURSE_MS),
        ("微课 Weike 很好", 4 * 200 + 300),
        ("用Python写程序", 4 * 200 + 300),
        ("don't e-mail 3.14 10:30", 4 * 300),
        ("first,second", 300),
        ("one\ntwo\tthree", 900),
        ("Fußgänger naïve", 600),
        ("Привет мир", 600),
        ("微課程", 600),
        ("カタカナ", 800),
        ("〇", 200),
        ("佚𠀀", 400),  # one of them beyond the basic plane
        ("2026年11月23日", 3 * 300 + 3 * 200),
        ("🙂🙂", 0),
        ("snake_case", 600),
    ],
)
def test_reading_time(text: str, ms: int) -> None:
    assert reading_ms(text) == ms


@given(st.text())
def test_reading_time_is_never_negative_and_never_fails(text: str) -> None:
    assert 0 <= reading_ms(text) <= len(text) * 300


@given(st.text(), st.text())
def test_two_texts_take_as_long_as_both(one: str, two: str) -> None:
    assert reading_ms(f"{one}\n{two}") == reading_ms(one) + reading_ms(two)


# --- the cap -----------------------------------------------------------------------------------


def test_twenty_minutes_are_allowed() -> None:
    assert whole_length([("A", 1_000_000), ("B", 200_000)]) == LONGEST_COURSE_MS
    assert whole_length([]) == 0


def test_one_millisecond_more_is_refused_with_what_to_do() -> None:
    with pytest.raises(CourseTooLong) as refused:
        whole_length([("Intro", 200_000), ("The long one", 1_000_001)])
    assert refused.value.length == 1_200_001
    assert refused.value.over == 1
    assert refused.value.lesson == "The long one"
    assert str(refused.value) == (
        "The course would be 20:00.001 long, which is 0:00.001 over the limit of 20:00. "
        "Shorten “The long one” (16:40.001); it is the longest lesson."
    )


@given(st.lists(st.integers(0, 400_000), max_size=10))
def test_a_course_is_refused_exactly_when_it_is_over(lengths: list[int]) -> None:
    lessons = [(str(number), ms) for number, ms in enumerate(lengths)]
    if sum(lengths) <= LONGEST_COURSE_MS:
        assert whole_length(lessons) == sum(lengths)
    else:
        with pytest.raises(CourseTooLong) as refused:
            whole_length(lessons)
        assert refused.value.over == sum(lengths) - LONGEST_COURSE_MS
        assert lengths[int(refused.value.lesson)] == max(lengths)


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0:00"), (999, "0:00.999"), (60_000, "1:00"), (1_200_001, "20:00.001")]
)
def test_lengths_are_said_to_the_millisecond(ms: int, text: str) -> None:
    assert exact(ms) == text


# --- moves -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", ["publish", "withdraw", "remove", "restore", "nonsense"])
def test_only_the_moves_of_the_table_are_possible(state: State, verb: str) -> None:
    if (state, verb) in MOVES:
        assert moved(state.value, verb) is MOVES[state, verb]
    else:
        with pytest.raises(NotNow):
            moved(state.value, verb)


def test_a_course_that_was_published_is_never_removed() -> None:
    assert all(verb != "remove" for (state, verb) in MOVES if state is not State.DRAFT)


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Fire Safety", "fire-safety"),
        ("消防 安全 101", "xiao-fang-an-quan-101"),
        ("消防Fire安全", "xiao-fang-fire-an-quan"),
        ("Café — naïve!", "cafe-naive"),
        ("../../etc/passwd", "etc-passwd"),
        ("🙂", ""),
        ("x" * 200, "x" * 50),
        ("很" * 100, "-".join(["hen"] * 12)),
    ],
)
def test_names_for_addresses(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@given(st.text(max_size=100))
def test_a_made_name_is_always_good_or_empty(title: str) -> None:
    slug = slug_of(title)
    assert slug == "" or is_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "-", "a-", "-a", "a--b", "A", "a_b", "a/b", "..", "é", "a b", "a\n", "x" * 81]
)
def test_what_is_no_name(slug: str) -> None:
    assert not is_slug(slug)


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert first_free("a", []) == "a"
    assert first_free("a", ["a", "a-2", "a-4"]) == "a-3"


# --- passages ----------------------------------------------------------------------------------


def test_a_text_is_cut_at_its_headings() -> None:
    text = "Before\n\n# One\nfirst\n\n## Two ##\nsecond\n```\n# no heading\n```\n###no\n# Empty"
    assert sections(text) == [
        ("", "Before"),
        ("One", "first"),
        ("Two", "second\n```\n# no heading\n```\n###no"),
        ("Empty", ""),
    ]


@given(st.text(alphabet="ab# `~\n", max_size=80))
def test_no_word_of_a_text_is_lost_when_it_is_cut(text: str) -> None:
    parts = sections(text)
    whole = " ".join(f"{heading} {body}" for heading, body in parts)
    for letter in "ab":
        assert whole.count(letter) == text.count(letter)


def test_captions_are_joined_to_about_25_seconds() -> None:
    cues = [(second * 1000, second * 1000 + 4000, str(second)) for second in range(0, 60, 5)]
    windows = caption_windows(cues)
    assert [window[0][0] for window in windows] == [0, 25_000, 50_000]
    assert [text for _, text in windows[0]] == ["0", "5", "10", "15", "20"]
    assert caption_windows([(0, 90_000, "two\nlines"), (1, 2, " "), (90_000, 91_000, "next")]) == [
        [(0, "two lines")],
        [(90_000, "next")],
    ]


# --- the checklist -----------------------------------------------------------------------------


def test_the_checklist_says_what_is_missing() -> None:
    checks = checklist(title="T", summary=" ", lessons=[], questions=0, nobody=True)
    missing = {c.name for c in checks if not c.done}
    assert missing == {"summary", "lessons", "audience", "quiz"}
    assert {c.name for c in checks if not c.required} == {"waiting", "quiz"}


@pytest.mark.parametrize(
    ("state", "blocks", "advises"),
    [
        ("ready", False, False),
        ("queued", False, True),
        ("transcoding", False, True),
        ("failed", True, False),
    ],
)
def test_only_a_failed_video_stops_publishing(state: str, blocks: bool, advises: bool) -> None:
    checks = {
        c.name: c for c in checklist(title="T", summary="S", lessons=["ready", state], questions=1)
    }
    assert checks["media"].done is not blocks
    assert checks["waiting"].done is not advises
