"""What a speech model heard becomes captions that people can read in time."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l

from app.media.rules.recordings import TranscodeFailed

# Sentences of failures are stored in English and translated when shown: no placeholders here.
NO_LIBRARY = _l(
    "faster-whisper is not installed on this server, so it cannot write captions by itself. "
    "Ask the operator, or add a caption file."
)
BAD_MODEL = _l(
    "The speech model of this server cannot be loaded. Ask the operator, or add a caption file."
)
NOT_HEARD = _l(
    "Writing the captions did not work. Try again; if it fails once more, tell the operator."
)
NOTHING_SAID = _l("Nobody was heard speaking in this recording.")

MOST_WIDTH = 84  # of one caption, two lines of 42; a Chinese character is two wide
MOST_CUE_MS = 7_000
_BREAK = re.compile(r"(?<=[。！？；，、：!?;,:])|(?<=\.)(?=\s)|(?<=\s)")
Heard = tuple[int, int, str]  # start ms, end ms, words


class SpeechFailed(TranscodeFailed):
    """Why a recording got no captions. `detail` is for the operator."""


def width(text: str) -> int:
    """How wide a text is in a line; Chinese characters and signs count twice."""
    return sum(2 if ord(char) > 0x2E80 else 1 for char in text)


def caption_cues(heard: Iterable[Heard], *, duration_ms: int) -> list[Heard]:
    """Sentences as captions: cut at signs and spaces where they are too long to be read at once.

    The time of a sentence is divided as its words are; nothing overlaps, nothing is behind the end.
    """
    found: list[Heard] = []
    for start, end, said in heard:
        words = " ".join(said.split())
        begin = max(start, found[-1][1] if found else 0)
        end = min(end, duration_ms)  # noqa: PLW2901 - the end as it may be
        if not words or end - begin < 1:
            continue
        parts = _parts(words, long=end - begin > MOST_CUE_MS)
        whole = sum(map(width, parts))
        done = 0
        for part in parts:
            first = begin + (end - begin) * done // whole
            done += width(part)
            last = begin + (end - begin) * done // whole
            if last > first and part.strip():
                found.append((first, last, part.strip()))
    return found


def _parts(words: str, *, long: bool) -> list[str]:
    most = MOST_WIDTH // 2 if long else MOST_WIDTH
    parts = [""]
    for piece in (one for one in _BREAK.split(words) if one):
        for short in _short(piece, most):
            if parts[-1] and width(parts[-1]) + width(short) > most:
                parts.append("")
            parts[-1] += short
    return parts


def _short(piece: str, most: int) -> list[str]:
    """A piece without any sign or space, cut where it must be."""
    if width(piece) <= most:
        return [piece]
    step = max(1, most // 2)
    return [piece[at : at + step] for at in range(0, len(piece), step)]
