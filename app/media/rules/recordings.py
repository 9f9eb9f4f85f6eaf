"""What may be uploaded, what is made of it, who may fetch it: values in, values out."""

from __future__ import annotations

import hmac
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, NotThere, Refusal, TooMuch

LONGEST_MS = 4 * 3600 * 1000  # of one uploaded recording; a course has its own, shorter limit
MOST_PIXELS = 4096 * 2304  # of one picture of a video
MOST_FRAMES_PER_SECOND = 60
# A file that claims an hour and holds a kilobyte is a trap: it costs hours and shows nothing.
LEAST_BITS_PER_SECOND = 50
DURATION_SLACK_MS = 500  # by how much a rendition may differ from its source
LONGEST_NAME = 120


class State(StrEnum):
    """Where a recording stands."""

    QUEUED = "queued"
    TRANSCODING = "transcoding"
    READY = "ready"
    FAILED = "failed"


# A killed worker leaves "transcoding" behind, and the next one begins again from there.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.TRANSCODING, State.FAILED}),
    State.TRANSCODING: frozenset({State.TRANSCODING, State.READY, State.FAILED}),
    State.READY: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
}
UNFINISHED = frozenset({State.QUEUED, State.TRANSCODING})


class MayNotMove(Conflict):
    """The recording is not in a state from which it can get there."""


def move(now: str, then: State) -> str:
    """The new state; raises MayNotMove when the table does not allow the step."""
    if then not in MOVES[State(now)]:
        raise MayNotMove(now=now, then=str(then))
    return then.value


# --- refusals -------------------------------------------------------------------------------


class NotMedia(Refusal):
    sentence = _l(
        "This is not a video or audio file that we can read. "
        "MP4, MOV, MKV, WebM, AVI, WMV, FLV, MP3, M4A and WAV work."
    )


class EmptyFile(Refusal):
    sentence = _l("The file is empty. Choose another file, or export the recording again.")


class IncompleteFile(Refusal):
    sentence = _l(
        "The file is incomplete: its end is missing. Copy or export it again, then upload it."
    )


class Interrupted(Refusal):
    sentence = _l("The upload was interrupted before the end. Please try again.")


class NoFile(Refusal):
    sentence = _l("There is no file in what was sent. Choose a file.")


class FileTooLarge(TooMuch):
    sentence = _l("The file is larger than %(limit)s. Export it with a lower quality.")


class TooLong(Refusal):
    sentence = _l(
        "The recording is %(length)s long, and at most %(limit)s can be uploaded. "
        "Export it in shorter pieces and upload each of them."
    )


class TooManyPixels(Refusal):
    sentence = _l(
        "The picture is %(width)s × %(height)s; at most 4096 × 2304 can be used. "
        "Export it as 1080p or 4K."
    )


class Protected(Refusal):
    sentence = _l("This video is protected against copying and cannot be used. Use the original.")


class NothingUsable(Refusal):
    sentence = _l(
        "The file holds neither a picture nor sound that we can decode. "
        "Export it as MP4 (H.264) and try again."
    )


class Implausible(Refusal):
    sentence = _l(
        "The file claims to be %(length)s long but holds almost nothing. Export it again."
    )


class NotReady(Conflict):
    sentence = _l("The recording is still being prepared. Please come back in a few minutes.")


class NothingToRetry(Conflict):
    sentence = _l("There is nothing to try again: the recording has not failed.")


class BadCaptions(Refusal):
    sentence = _l(
        "These are no captions that we can read. "
        "Use WebVTT (.vtt), SubRip (.srt), SubStation Alpha (.ass) or lyrics (.lrc)."
    )


class BadLines(Refusal):
    sentence = _l("These lines could not be read: %(lines)s. Nothing was changed.")


class CaptionsChanged(Conflict):
    sentence = _l(
        "These captions were changed in another window or by somebody else since you opened them. "
        "Yours are still here: saving again puts them in the place of the others."
    )


class CaptionsTooLarge(TooMuch):
    sentence = _l("The caption file is larger than %(limit)s.")


class BadLanguage(Refusal):
    sentence = _l("“%(language)s” is no language tag. Examples: zh-Hans, en.")


LONGEST_SOUND_MS = 10 * 60 * 1000  # of a sound inside a text; what is longer is a recording
LARGEST_SOUND = 20 * 1024 * 1024  # bytes


class NotSound(Refusal):
    sentence = _l("This is not a sound that we can use. MP3, M4A, WAV, OGG and FLAC work.")


class SoundTooLong(Refusal):
    sentence = _l("A sound in a text may last %(most)s minutes. Upload what is longer as a lesson.")


class NotPicture(Refusal):
    sentence = _l("This is not a picture that we can use. JPEG, PNG and WebP work.")


class PictureTooLarge(TooMuch):
    sentence = _l(
        "The picture is too large: at most %(limit)s, 40 megapixels and 10,000 pixels a side."
    )


class BadLink(NotThere):
    """A signed path that is forged, expired, or somebody else's."""


class TranscodeFailed(Refusal):
    """An encode that would fail again in the same way. `detail` is for the operator."""

    def __init__(self, sentence: Any, detail: str = "") -> None:
        super().__init__()
        self.sentence = sentence
        self.detail = detail


# Sentences of failures are stored in English and translated when shown: no placeholders here.
DAMAGED = _l("The recording is damaged in the middle. Export it again and upload the new file.")
UNSUPPORTED = _l(
    "The recording uses a format that we cannot decode. Export it as MP4 (H.264) and try again."
)
TOO_SLOW = _l(
    "Converting the recording took too long and was stopped. Export it as 1080p MP4 and try again."
)
SOURCE_GONE = _l("The uploaded file is no longer on the server. Please upload it again.")


class OriginalGone(Conflict):
    sentence = SOURCE_GONE


UNEXPECTED = _l(
    "Converting the recording did not work. Try again; if it fails once more, tell the operator."
)
SHORTENED = _l(
    "Part of the recording could not be decoded. Export it again and upload the new file."
)

# What ffmpeg says → what we say. The first that is found in its last lines wins.
CAUSES: tuple[tuple[str, Any], ...] = (
    ("moov atom not found", IncompleteFile.sentence),
    ("Decoder (codec", UNSUPPORTED),
    ("Codec not on whitelist", UNSUPPORTED),
    ("could not find codec parameters", UNSUPPORTED),
    ("Unknown decoder", UNSUPPORTED),
    ("unsupported", UNSUPPORTED),
    ("Invalid data found when processing input", DAMAGED),
    ("Error while decoding", DAMAGED),
    ("Conversion failed", DAMAGED),
)
# These come from our machine, not from the file: worth another try.
PASSING = ("No space left on device", "Cannot allocate memory", "Resource temporarily unavailable")


def cause_of(tail: str) -> Any:
    """The sentence for the last lines of a failed ffmpeg; None when trying again may help."""
    if any(words in tail for words in PASSING):
        return None
    lowered = tail.lower()
    return next((said for words, said in CAUSES if words.lower() in lowered), UNEXPECTED)


# --- names ----------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """A file name as it may be shown: no folders, no control or direction marks, not too long."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in name
        if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"}
    )
    kept = " ".join(kept.split())
    if len(kept) > LONGEST_NAME:
        stem, dot, ending = kept.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 10 else ""
        kept = (stem if ending else kept)[: LONGEST_NAME - len(ending) - 1] + "…" + ending
    return kept if kept.strip(". ") else "untitled"


UUID = re.compile(r"[0-9a-f]{32}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def clean_language(tag: str) -> str:
    """A language tag as browsers write it: zh_Hans → zh-Hans. Raises BadLanguage."""
    tag = tag.strip().replace("_", "-")
    if not LANGUAGE.fullmatch(tag):
        raise BadLanguage(language=tag[:40])
    return tag


# --- what is in a file ------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What the encoder must know of a source; kept as JSON with the row.

    `video` and `audio` are stream numbers, -1 for none. Sizes are pixels as shown: after rotation
    and with square pixels. `rate` is frames per second (0: unknown), `transfer` the name of the
    light curve (smpte2084 and arib-std-b67 are HDR).
    """

    kind: str
    duration_ms: int
    video: int = -1
    audio: int = -1
    width: int = 0
    height: int = 0
    rate: float = 0.0
    transfer: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    video_ms: int = 0  # of the video stream alone, 0 when the file does not say
    interlaced: bool = False
    start_ms: int = 0  # where in the source it begins: a part that was cut out of a longer one
    container: str = ""
    profile: str = ""
    pixels: str = ""
    level: int = 0
    bits: int = 0  # per second, of the picture (or the whole file)
    is_plain: bool = False  # square pixels, and not filmed with the phone turned
    audio_profile: str = ""
    channels: int = 0
    chapters: Sequence[Sequence[Any]] = ()  # (start in ms, title)

    @property
    def is_hdr(self) -> bool:
        return self.transfer in {"smpte2084", "arib-std-b67"}


class Size(NamedTuple):
    width: int
    height: int


@dataclass(frozen=True)
class Rung:
    """One rendition of the ladder. Rates are bits per second."""

    name: str
    width: int
    height: int
    crf: int
    most_bits: int
    tune: str = ""  # what x264 is told of the picture
    halved: bool = False  # whether every second frame is left out


SHORT_SIDES = (1080, 720, 540, 360, 240)
# (short side, CRF, peak rate at 16:9). Between two rows the rate grows with the pixels.
QUALITY = ((1080, 22, 4_500_000), (720, 22, 2_500_000), (540, 23, 1_500_000), (360, 23, 800_000))
LOWEST_QUALITY = (240, 24, 400_000)
NEIGHBOUR = 0.85  # a rung must be at most this much of the one above, else it is not worth it
AUDIO_BITS = 128_000
AUDIO_RATE = 48_000
SEGMENT_SECONDS = 4
CHUNK_SECONDS = 1.0  # of what is played first: so much has to come before the first picture


def ladder(width: int, height: int) -> tuple[Rung, ...]:
    """The renditions of a source of this size, best first; never larger than the source.

    By the short side, so that portrait stays portrait: 1280×720 → 720, 540, 360, 240. A source
    between two rungs keeps its own size as the top one: 768×432 → 432, 360, 240. Both sides are
    even, because 4:2:0 colour needs it.
    """
    short = min(width, height)
    sides = [min(short, SHORT_SIDES[0])]
    for side in SHORT_SIDES:
        if side <= sides[-1] * NEIGHBOUR:
            sides.append(side)
    rungs = []
    for side in sides:
        fit = _fit(width, height, side)
        _, crf, bits = next((q for q in QUALITY if side >= q[0]), LOWEST_QUALITY)
        nominal = next((q[0] for q in QUALITY if side >= q[0]), LOWEST_QUALITY[0])
        usual = nominal * nominal * 16 // 9
        scale = max(0.25, fit.width * fit.height / usual)
        name = f"{min(fit)}p"
        rungs.append(Rung(name, fit.width, fit.height, crf, round(bits * min(2.0, scale))))
    return tuple(rungs)


def _fit(width: int, height: int, side: int) -> Size:
    factor = min(Fraction(1), Fraction(side, min(width, height)))

    def even(length: int) -> int:
        return max(2, math.floor(length * factor / 2 + Fraction(1, 4)) * 2)

    fit = Size(even(width), even(height))
    # Rounding to the nearest even number may not go above an odd source.
    return Size(min(fit.width, max(2, width & ~1)), min(fit.height, max(2, height & ~1)))


def plausible(size: int, duration_ms: int) -> bool:
    """Whether a file of `size` bytes can be that long."""
    return duration_ms < 60_000 or size * 8 >= LEAST_BITS_PER_SECOND * duration_ms / 1000


def wall_limit(duration_ms: int) -> float:
    """Seconds that one encode may take: four times the recording and two minutes."""
    return 4 * duration_ms / 1000 + 120


# --- captions -----------------------------------------------------------------------------------


class Cue(NamedTuple):
    """One caption: plain text (lines divided by \\n) from start to end, in ms."""

    start_ms: int
    end_ms: int
    text: str
    language: str


# --- signed paths ---------------------------------------------------------------------------------

_TOKEN = re.compile(r"([0-9a-f]{1,12})-([0-9a-f]{1,12})-([0-9a-f]{48})")
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.(m3u8|mp4|m4s|webp|vtt)")
KEY_NAME = re.compile(r"([a-z0-9]{1,20})\.key")
CAPTION_NAME = re.compile(r"captions-([A-Za-z0-9-]{2,30})\.vtt")


def first_files(name: str) -> tuple[str, str]:
    """What of a rendition is played first: its header and its first piece, as the encoder names
    them."""
    return f"{name}-init.mp4", f"{name}-00000.m4s"


def expiry(now: float, life: int) -> int:
    """When a link made now ends: at most `life` seconds ahead, and the same for a while.

    Rounded down to a quarter of its life, so that reloading a page gives the same addresses and
    the browser finds what it has.
    """
    step = max(1, life // 4)
    return int(now + life) // step * step


def sign(secret: str, uuid: str, version: int, member_id: int, expires: int) -> str:
    """The token of a link to every file of one version of one recording, for one member."""
    said = f"weike media link:{uuid}:{version}:{member_id}:{expires}"
    mac = hmac.new(secret.encode(), said.encode(), sha256).hexdigest()[:48]
    return f"{expires:x}-{member_id:x}-{mac}"


def check_link(
    secret: str, token: str, uuid: str, version: int, *, member_id: int, now: float
) -> int:
    """The seconds that a link is still good for; raises BadLink when it is not."""
    found = _TOKEN.fullmatch(token)
    if found is None or not UUID.fullmatch(uuid):
        raise BadLink
    expires = int(found[1], 16)
    right = sign(secret, uuid, version, member_id, expires)
    if not hmac.compare_digest(token, right) or now >= expires:
        raise BadLink
    return int(expires - now)
