"""Captions in every shape that people send become plain cues, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.db import db, unit_of_work
from app.core.refusals import NotThere
from app.media import queries, service, webvtt
from app.media.rules import BadCaptions, BadChapter, BadLanguage, BadLines, CaptionsTooLarge
from tests.media.conftest import Clips, Studio

HOUR = 3_600_000


def cues(text: str | bytes, duration_ms: int = HOUR) -> list[list]:
    data = text if isinstance(text, bytes) else text.encode()
    return webvtt.parse(data, duration_ms=duration_ms).cues


def test_webvtt_and_subrip_say_the_same() -> None:
    vtt = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500 align:start\nHello\nworld\n"
    srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\nworld\r\n\r\n"
    assert cues(vtt) == cues(srt) == [[1000, 2500, "Hello\nworld"]]


def test_hours_may_be_left_out_and_fractions_short() -> None:
    assert cues("WEBVTT\n\n01:02.5 --> 01:03.250\nx\n") == [[62_500, 63_250, "x"]]


def test_tags_styles_notes_and_entities_are_plain_text() -> None:
    text = """WEBVTT - title

STYLE
::cue { background: url(http://evil.example/x) }

NOTE a remark --> not a cue

REGION
id:fred

00:01.000 --> 00:02.000
<v Fred>Hi <b>there</b> <script>alert(1)</script> <img src=x onerror=alert(2)> a &lt; b &amp; c

00:03.000 --> 00:04.000
{\\an8}<font color="red">Red</font>\u202e
"""
    assert [cue[2] for cue in cues(text)] == ["Hi there alert(1) a < b & c", "Red"]


def test_what_is_written_out_can_not_break_out() -> None:
    evil = "00:00.000 --> 00:01.000 <script> & \n\nNOTE"
    written = webvtt.write([[0, 1000, webvtt.plain(evil)]])
    assert "<script" not in written
    assert written.count("-->") == 1
    assert cues(written) == [[0, 1000, webvtt.plain(evil)]]


def test_bad_cues_are_skipped_and_counted() -> None:
    text = """WEBVTT

00:05.000 --> 00:04.000
backwards

-00:01.000 --> 00:02.000
negative

99:99:99.000 --> 99:99:99.000
no time

00:07.000 --> 00:08.000


00:20.000 --> 00:21.000
second

00:10.000 --> 00:11.000
first

01:00:00.000 --> 01:00:05.000
behind the end

00:59:59.000 --> 01:00:07.000
clamped
"""
    parsed = webvtt.parse(text.encode(), duration_ms=HOUR)
    assert [cue[2] for cue in parsed.cues] == ["first", "second", "clamped"]
    assert parsed.cues[2][1] == HOUR
    assert parsed.skipped == 5


def test_cues_without_a_blank_line_between_them() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb --> c\n"
    assert cues(text) == [[1000, 2000, "a"], [3000, 4000, "b --> c"]]


SIMPLIFIED = "1\n00:00:01,000 --> 00:00:02,000\n微课程的学习时间不超过二十分钟。\n"
TRADITIONAL = "1\n00:00:01,000 --> 00:00:02,000\n微課程的學習時間不超過二十分鐘。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "utf-8-sig"),
        (SIMPLIFIED, "utf-16"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
        (SIMPLIFIED, "gbk"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gbk"),
    ],
)
def test_every_encoding_of_chinese_is_found(text: str, encoding: str) -> None:
    assert cues(text.encode(encoding))[0][2] == text.split("\n")[2]


def test_real_files_are_read(samples: Path) -> None:
    omitted = (samples / "captions" / "omitted-hours.vtt").read_bytes()
    adorned = (samples / "captions" / "settings.vtt").read_bytes()
    assert [cue[:2] for cue in cues(omitted)] == [[0, 1000]] * 3
    assert [cue[2] for cue in cues(adorned)] == [f"text{n}" for n in range(13)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"WEBVTT\n",
        b"just text",
        b"\xff\xfe\x00",
        bytes(range(128, 256)),
        b"\x00" * 50,
        b"%PDF-1.7",
        b"\n" * 1_000_000,  # each line once began a search through all that follow
    ],
)
def test_what_is_no_captions_is_refused(data: bytes) -> None:
    with pytest.raises(BadCaptions):
        webvtt.parse(data, duration_ms=HOUR)


def test_a_huge_cue_is_cut_and_a_huge_file_refused() -> None:
    huge = "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "长" * 500_000
    assert len(cues(huge)[0][2]) == webvtt.LONGEST_CUE
    with pytest.raises(CaptionsTooLarge):
        webvtt.parse(b"WEBVTT\n" + bytes(webvtt.LARGEST), duration_ms=HOUR)


def test_a_cue_made_to_be_slow_is_not() -> None:
    """Thousands of unclosed tags, and times that almost match."""
    nasty = "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<" * 100_000 + "\n" + "0:" * 100_000
    assert cues(nasty)
    with pytest.raises(BadCaptions):
        webvtt.parse(("00:" * 60_000 + "-->").encode(), duration_ms=HOUR)


@given(st.binary(max_size=400))
def test_any_bytes_give_cues_or_a_refusal(data: bytes) -> None:
    try:
        parsed = webvtt.parse(data, duration_ms=HOUR)
    except BadCaptions:
        return
    assert all(0 <= start < end <= HOUR for start, end, _ in parsed.cues)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, HOUR - 2), st.integers(1, 9000), st.text(min_size=1, max_size=80)),
        max_size=8,
    )
)
def test_what_was_written_reads_the_same(rows: list[tuple[int, int, str]]) -> None:
    plain = [[start, min(HOUR, start + length), webvtt.plain(text)] for start, length, text in rows]
    plain = sorted((cue for cue in plain if cue[2]), key=lambda cue: (cue[0], cue[1]))
    if plain:
        assert cues(webvtt.write(plain)) == plain


# --- with a recording ---------------------------------------------------------------------------


def test_tracks_are_kept_by_language_and_replaced(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["plain.mp4"])
    with studio.app.app_context():
        with unit_of_work():
            service.attach_captions(
                media_id, language="zh_Hans", label="", data=SIMPLIFIED.encode("gbk")
            )
            service.attach_captions(
                media_id, language="en", label="English", data=b"WEBVTT\n\n00:00.1 --> 00:01.0\na\n"
            )
        with unit_of_work():
            service.attach_captions(
                media_id,
                language="en",
                label="English <2>",
                data=b"WEBVTT\n\n00:00.2 --> 00:09.0\nb\n\n00:03.0 --> 00:04.0\nlate\n",
            )
        tracks = queries.caption_tracks(media_id)
        assert [(t.language, t.label, t.cues, t.skipped) for t in tracks] == [
            ("en", "English <2>", 1, 1),
            ("zh-Hans", "zh-Hans", 1, 0),
        ]
        found = queries.cues(media_id)
        assert [(c.start_ms, c.end_ms, c.text, c.language) for c in found] == [
            (200, 2000, "b", "en"),
            (1000, 2000, "微课程的学习时间不超过二十分钟。", "zh-Hans"),
        ]
        assert len(queries.cues(media_id, language="en")) == 1
        with unit_of_work():
            service.drop_captions(media_id, language="en")
        assert len(queries.cues(media_id)) == 1
        db.session.rollback()


CUE = b"WEBVTT\n\n00:00.1 --> 00:01.0\na\n"


def test_bad_captions_leave_the_old_ones(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["plain.mp4"])
    with studio.app.app_context():
        with unit_of_work():
            service.attach_captions(media_id, language="en", label="E", data=CUE)
        with pytest.raises(BadCaptions), unit_of_work():
            service.attach_captions(media_id, language="en", label="E", data=b"nothing")
        with pytest.raises(BadLanguage), unit_of_work():
            service.attach_captions(media_id, language="../x", label="E", data=CUE)
        assert [c.text for c in queries.cues(media_id)] == ["a"]
        db.session.rollback()


ASS = """\ufeff[Script Info]
Title: test
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8}Hello, all\\Nof you
Dialogue: 0,0:00:0x.00,0:00:04.00,Default,,0,0,0,,broken
Comment: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,再见
"""
LRC = """[ti:歌]
[offset:500]
[00:01.50][00:09.00]第一句
no time here
[00:04.00]<00:04.00>second <00:04.50>line
[00:06.00]
"""


def test_substation_alpha_is_read() -> None:
    found = webvtt.parse(ASS.encode("utf-16"), duration_ms=60_000)
    assert found.cues == [[1000, 2500, "Hello, all\nof you"], [3000, 4000, "再见"]]
    assert found.bad_lines == [9]


def test_lyrics_last_until_the_next_line() -> None:
    found = webvtt.parse(LRC.encode("gb18030"), duration_ms=12_000)
    assert found.cues == [
        [1000, 3500, "第一句"],
        [3500, 5500, "second line"],
        [8500, 12_000, "第一句"],
    ]
    assert found.bad_lines == [4]


def test_bad_cues_are_told_by_their_lines() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\ngood\n\n\n00:0x.000 --> 00:03.000\nbad\n\n"
    text += "00:05.000 --> 00:04.000\nbackwards\n"
    text += "\nNOTE\nfor the translator\n\n4\n\n00:06.000 -> 00:07.000\nits arrow is too short\n"
    found = webvtt.parse(text.encode(), duration_ms=60_000)
    assert len(found.cues) == 1
    assert found.bad_lines == [7, 10, 18]


def test_a_track_is_made_in_the_other_script(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["plain.mp4"])
    data = "WEBVTT\n\n00:00.000 --> 00:01.000\n鼠标和软件".encode()
    with studio.app.app_context():
        with unit_of_work():
            service.attach_captions(media_id, language="zh-Hans", label="简体中文", data=data)
        with unit_of_work():
            service.translate_captions(media_id, language="zh-Hant", label="繁體中文")
        assert queries.cues(media_id, language="zh-Hant")[0].text == "滑鼠和軟體"
        with pytest.raises(NotThere), unit_of_work():
            service.translate_captions(media_id, language="en", label="English")


def test_edited_captions_are_kept_only_when_all_can_be_read(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["plain.mp4"])
    with studio.app.app_context():
        with unit_of_work():
            service.attach_captions(
                media_id, language="en", label="English", data=b"WEBVTT\n\n00:00.0 --> 00:01.0\nold"
            )
        good = "WEBVTT\n\n00:00.000 --> 00:01.500\nnew &amp; better"
        with unit_of_work():
            service.write_captions(media_id, language="en", text=good)
        assert [c.text for c in queries.cues(media_id)] == ["new & better"]
        with pytest.raises(BadLines) as refused, unit_of_work():
            service.write_captions(media_id, language="en", text=good + "\n\n1 --> 2\nbad")
        assert refused.value.lines == "6"
        assert [c.text for c in queries.cues(media_id)] == ["new & better"]


def test_chapters_come_from_the_file_until_a_trainer_writes_them(
    studio: Studio, samples: Path
) -> None:
    media_id = studio.upload(samples / "video" / "with-chapters.mp4")
    with studio.app.app_context():
        before = queries.chapters(media_id)
        assert before
        with unit_of_work():
            service.set_chapters(media_id, text="0:00.5 The alarm\n\n0:00 Begin")
        assert queries.chapters(media_id) == [(0, "Begin"), (500, "The alarm")]
        for text in ("soon The alarm", "0:01", "99:00 Too late"):
            with pytest.raises(BadChapter), unit_of_work():
                service.set_chapters(media_id, text=text)
