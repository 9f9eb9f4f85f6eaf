"""Captions: WebVTT, SubRip, SubStation Alpha and LRC in, plain cues out; clean WebVTT back."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.core.i18n import file_size
from app.media.rules import BadCaptions, CaptionsTooLarge

LARGEST = 2 * 1024 * 1024  # bytes of a caption file
MOST_CUES = 20_000
LONGEST_CUE = 1_000  # characters; the rest is cut

_TIME = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
_MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")  # tags of WebVTT and HTML, and {\an8} of SubRip
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
# Bytes of GBK and Big5 overlap: the right one of the two yields words that people use.
_EVERYDAY = frozenset(
    "的一是不了在人有我他这個中大來上國们到說时們為子和你地出道也年得就那要下以生會自着去之过家学對可"
    "里后小么心多天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老"
    "從動兩長知民樣現分將外但身些與高意進把法此實回二理美点月明其種聲全工己話儿者向情部正名定女問力机"
    "來这为个国说时学会过对没还发当无开见经头动两长样现将与进实种声话问机课习视频员讲題题請请，。、？！"
)


@dataclass(frozen=True)
class Parsed:
    """Cues as [start_ms, end_ms, text] in order of time, and the lines that could not be read."""

    cues: list[list[int | str]]
    bad_lines: list[int]

    @property
    def skipped(self) -> int:
        return len(self.bad_lines)


def parse(data: bytes, *, duration_ms: int) -> Parsed:
    """Read WebVTT, SubRip, SubStation Alpha or lyrics (LRC).

    Times are clamped to the recording; what lies behind it is skipped. Raises CaptionsTooLarge, and
    BadCaptions when there is not one cue or the encoding is unknown.
    """
    if len(data) > LARGEST:
        raise CaptionsTooLarge(limit=file_size(LARGEST))
    return parse_text(decode(data), duration_ms=duration_ms)


def parse_text(text: str, *, duration_ms: int) -> Parsed:
    """As `parse`, of text that is decoded already. Raises BadCaptions."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    if _DIALOGUE.search(text):
        found = _substation(text, duration_ms)
    elif "-->" not in text and _LYRIC.search(text):
        found = _lyrics(text, duration_ms)
    else:
        found = _blocks(text, duration_ms)
    cues, bad = found
    if not cues:
        raise BadCaptions
    cues.sort(key=lambda cue: (cue[0], cue[1]))
    return Parsed(cues[:MOST_CUES], sorted(bad) + [0] * max(0, len(cues) - MOST_CUES))


Found = tuple[list[list[int | str]], list[int]]


def _blocks(text: str, duration_ms: int) -> Found:
    """WebVTT and SubRip: blocks with a blank line between them."""
    cues: list[list[int | str]] = []
    bad: list[int] = []
    number = 1  # of the first line of the block
    at_end = 0
    for gap in [*_BLANK_LINES.finditer(text), None]:
        block = text[at_end : gap.start() if gap else len(text)]
        first, number = number, number + block.count("\n") + (gap[0].count("\n") if gap else 0)
        at_end = gap.end() if gap else len(text)
        first += len(block) - len(block.lstrip("\n"))
        lines = block.strip("\n").split("\n")
        at = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if lines[0].startswith(("NOTE", "STYLE", "REGION")):
            continue
        if at is None:
            words = "".join(lines).strip()
            if words and not words.isdigit() and not words.startswith("WEBVTT"):
                bad.append(first)  # words without a time: of a cue whose arrow is broken, perhaps
            continue
        # Two cues without a blank line between them: each timing line begins another one.
        starts = [n for n, line in enumerate(lines) if _TIMING.match(line)]
        if not starts or starts[0] > at:
            bad.append(first + at)
        for begin, end in pairwise([*starts, len(lines)]):
            following = lines[begin + 1 : end]
            if end < len(lines) and following and following[-1].strip().isdigit():
                following.pop()  # the number of the next cue
            cue = _cue(lines[begin], following, duration_ms)
            if cue is None:
                bad.append(first + begin)
            else:
                cues.append(cue)
    return cues, bad


_DIALOGUE = re.compile(r"^\[Script Info\]|^Dialogue:", re.MULTILINE | re.IGNORECASE)
_ASS_TIME = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)[.:](\d{1,3})")


def _substation(text: str, duration_ms: int) -> Found:
    """ASS and SSA: one line for a cue, its fields in the order that “Format:” says."""
    fields = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv"]
    fields += ["effect", "text"]
    cues: list[list[int | str]] = []
    bad: list[int] = []
    in_events = False
    for number, line in enumerate(text.split("\n"), 1):
        kind, _, rest = line.partition(":")
        if line.startswith("["):
            in_events = line.strip().lower() == "[events]"
        elif kind.strip().lower() == "format" and in_events:
            fields = [name.strip().lower() for name in rest.split(",")]
        elif kind.strip().lower() == "dialogue":
            values = dict(zip(fields, rest.split(",", len(fields) - 1), strict=False))
            start = _ASS_TIME.fullmatch(values.get("start", "").strip())
            end = _ASS_TIME.fullmatch(values.get("end", "").strip())
            said = values.get("text", "")
            if "\\p1" in said:
                continue  # a drawing, no words
            words = plain(re.sub(r"\\[Nn]", "\n", said).replace("\\h", " "))
            if start is None or end is None:
                bad.append(number)
                continue
            first, last = _ms(start.groups()), min(_ms(end.groups()), duration_ms)
            if first < last and words:
                cues.append([first, last, words])
            else:
                bad.append(number)
    return cues, bad


_LYRIC = re.compile(r"^[^\S\n]*(?:\[\d{1,3}:[0-5]?\d(?:[.:]\d{1,3})?\])+", re.MULTILINE)
_LYRIC_TIME = re.compile(r"\[(\d{1,3}):([0-5]?\d)(?:[.:](\d{1,3}))?\]")
_LYRIC_TAG = re.compile(r"^\s*\[([a-z#]+):([^\]]*)\]\s*$", re.IGNORECASE)
LONGEST_LYRIC_MS = 8000  # of the last line, and before a long pause


def _lyrics(text: str, duration_ms: int) -> Found:
    """LRC: a line lasts until the next one; one line may stand at several times."""
    rows: list[tuple[int, str]] = []
    bad: list[int] = []
    shift = 0
    for number, line in enumerate(text.split("\n"), 1):
        tag = _LYRIC_TAG.match(line)
        if tag or not line.strip():
            if tag and tag[1].lower() == "offset" and re.fullmatch(r"\s*[+-]?\d{1,6}\s*", tag[2]):
                shift = -int(tag[2])
            continue
        stamps = _LYRIC.match(line)
        if stamps is None:
            bad.append(number)
            continue
        words = plain(re.sub(r"<\d+:\d+(?:\.\d+)?>", "", line[stamps.end() :]))
        for minutes, seconds, fraction in _LYRIC_TIME.findall(stamps[0]):
            rows.append((max(0, _ms((None, minutes, seconds, fraction or "0")) + shift), words))
    rows.sort()
    cues: list[list[int | str]] = []
    for (start, words), following in zip(
        rows, [*(at for at, _ in rows[1:]), duration_ms], strict=True
    ):
        end = min(following, start + LONGEST_LYRIC_MS, duration_ms)
        if words and start < end:
            cues.append([start, end, words])
    return cues, bad


def _cue(timing: str, lines: Iterable[str], duration_ms: int) -> list[int | str] | None:
    found = _TIMING.match(timing)
    if found is None:
        return None
    start, end = _ms(found.groups()[:4]), _ms(found.groups()[4:])
    end = min(end, duration_ms)
    text = plain("\n".join(lines))
    if start >= end or not text:
        return None
    return [start, end, text]


def _ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, fraction = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def plain(text: str) -> str:
    """The words of a cue: no tags, no entities, no control or direction marks."""
    text = html.unescape(_MARKUP.sub("", text))
    kept = "".join(
        c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"}
    )
    lines = (" ".join(line.split()) for line in kept.split("\n"))
    return "\n".join(line for line in lines if line)[:LONGEST_CUE].strip()


def decode(data: bytes) -> str:
    """Text from UTF-8 or UTF-16 (with or without its mark), GBK or Big5. Raises BadCaptions."""
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return _decoded(data, name)
    if b"\0" in data[:200]:
        # An ASCII "1" or "W" at the start tells which half of each pair is empty.
        return _decoded(data, "utf-16-be" if data[:1] == b"\0" else "utf-16-le")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    candidates = [text for name in ("gb18030", "big5hkscs") if (text := _try(data, name))]
    if not candidates:
        raise BadCaptions
    return max(candidates, key=_everyday)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise BadCaptions from error


def _try(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _everyday(text: str) -> float:
    foreign = [c for c in text if ord(c) > 127]
    return sum(c in _EVERYDAY for c in foreign) / max(1, len(foreign))


def write(cues: Iterable[Sequence[int | str]]) -> str:
    """Clean WebVTT of plain cues; nothing in a text can end its cue or become a tag."""
    parts = ["WEBVTT"]
    for start, end, text in cues:
        safe = html.escape(str(text), quote=False)
        parts.append(f"{_stamp(int(start))} --> {_stamp(int(end))}\n{safe}")
    return "\n\n".join(parts) + "\n"


def _stamp(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
