"""Looking into a file with ffprobe: what it holds, how long it is, and why it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ffmpeg

from app.core.bwrap import Cell
from app.core.child import Leash, run
from app.core.i18n import clock_time
from app.media import mp4
from app.media.ffmpeg.command import AUDIO_CODECS, SAFE, VIDEO_CODECS, Progress, address, argv
from app.media.rules import (
    LONGEST_MS,
    MOST_CHAPTERS,
    MOST_PIXELS,
    Facts,
    Implausible,
    IncompleteFile,
    NothingUsable,
    NotMedia,
    Protected,
    TooLong,
    TooManyPixels,
    clean_name,
    plausible,
)

PROBE_LEASH = Leash(wall=10, cpu=10, file_size=1024, offline=True)
MEASURE_LEASH = Leash(wall=60, cpu=30, file_size=1024, offline=True)
LONGEST_REPORT = 2_000_000  # characters of a probe
# What these say of their length is a guess from the bit rate.
GUESSING_CONTAINERS = {"mp3", "aac", "mpeg"}
LATE_SECONDS = 0.4
LEAST_BYTES = 16  # no header of any format is shorter: this is the rest of a copy that broke off
SOUND_OVERHANG_MS = 100  # a last frame of sound may end after the picture; that is no longer film


def probe(path: Path) -> Facts:
    """What is in a file; takes at most about ten seconds.

    Raises NotMedia, IncompleteFile, Protected, NothingUsable, TooManyPixels, TooLong, Implausible.
    """
    if path.stat().st_size < LEAST_BYTES or mp4.cut_off(path):
        raise IncompleteFile
    if mp4.protected(path):
        raise Protected
    if mp4.endless_edits(path):
        raise NotMedia
    report = _report(path)
    facts = facts_of(report)
    facts = _with_exact_length(path, facts, report)
    size = path.stat().st_size
    if facts.duration_ms > LONGEST_MS:
        length = clock_time(facts.duration_ms)
        raise TooLong(length=length, limit=clock_time(LONGEST_MS))
    if not plausible(size, facts.duration_ms):
        raise Implausible(length=clock_time(facts.duration_ms))
    return facts


def _report(path: Path) -> dict[str, Any]:
    lines: list[str] = []
    # ffprobe gives up at the first stream whose decoder is not on the list, be it a subtitle that
    # nobody wants; `facts_of` has the list, and the encode too.
    safe = [
        part
        for name, value in SAFE.items()
        if name != "codec_whitelist"
        for part in (f"-{name}", str(value))
    ]
    ask = [
        "ffprobe",
        "-v",
        "error",
        *safe,
        "-show_format",
        "-show_streams",
        "-show_chapters",
        "-of",
        "json",
    ]
    outcome = run([*ask, address(path)], PROBE_LEASH, on_line=lines.append, cell=Cell((path,)))
    if "moov atom not found" in outcome.tail:
        raise IncompleteFile
    if "DRM" in outcome.tail:
        raise Protected
    text = "\n".join(lines)
    if not outcome.good or len(text) > LONGEST_REPORT:
        raise NotMedia
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise NotMedia from error
    if "format" not in report:
        raise NotMedia
    return report


def facts_of(report: Mapping[str, Any]) -> Facts:
    """The facts in what ffprobe said; `duration_ms` is 0 where it said nothing to rely on."""
    streams = report.get("streams", [])
    picture = next((s for s in streams if _is_picture(s)), None)
    sound = next((s for s in streams if _is_sound(s)), None)
    if picture is None and sound is None:
        raise NothingUsable if streams else NotMedia
    start = _seconds(report["format"].get("start_time"))
    picture_ms = 0 if _begins_late(report) else _end_ms(picture, start)
    facts: dict[str, Any] = {
        "kind": "video" if picture else "audio",
        "audio": sound["index"] if sound else -1,
        "audio_codec": sound["codec_name"] if sound else "",
        "duration_ms": _length_ms(report, picture_ms, _end_ms(sound, start), picture, sound),
        "container": str(report["format"].get("format_name", "")).split(",")[0],
        "audio_profile": str(sound.get("profile", "")) if sound else "",
        "channels": int(sound.get("channels") or 0) if sound else 0,
        "chapters": _chapters(report),
    }
    if picture is not None:
        if picture["width"] * picture["height"] > MOST_PIXELS:
            raise TooManyPixels(width=picture["width"], height=picture["height"])
        width, height = _shown_size(picture)
        facts |= {
            "video": picture["index"],
            "video_codec": picture["codec_name"],
            "video_ms": picture_ms,
            "width": width,
            "height": height,
            "rate": _rate(picture),
            "transfer": picture.get("color_transfer", ""),
            "profile": str(picture.get("profile", "")),
            "pixels": picture.get("pix_fmt", ""),
            "level": max(0, int(picture.get("level") or 0)),
            "bits": int(
                _seconds(picture.get("bit_rate")) or _seconds(report["format"].get("bit_rate"))
            ),
            "is_plain": (width, height) == (picture["width"], picture["height"])
            and not _turns(picture),
            "interlaced": picture.get("field_order", "") in {"tt", "bb", "tb", "bt"},
        }
    return Facts(**facts)


def _is_picture(stream: Mapping[str, Any]) -> bool:
    return (
        stream.get("codec_type") == "video"
        and stream.get("codec_name") in VIDEO_CODECS
        and not stream.get("disposition", {}).get("attached_pic")
        and stream.get("width", 0) > 0
        and stream.get("height", 0) > 0
    )


def _is_sound(stream: Mapping[str, Any]) -> bool:
    return (
        stream.get("codec_type") == "audio"
        and stream.get("codec_name") in AUDIO_CODECS
        and int(stream.get("sample_rate") or 0) > 0
    )


def _seconds(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return 0.0


def _end_ms(stream: Mapping[str, Any] | None, start: float) -> int:
    """When a stream ends, counted from the start of the file; 0 when it does not say."""
    if stream is None:
        return 0
    length = _seconds(stream.get("duration"))
    if not length:
        tag = str(stream.get("tags", {}).get("DURATION", ""))  # Matroska: 00:00:05.034000000
        hours, _, rest = tag.partition(":")
        minutes, _, seconds = rest.partition(":")
        length = _seconds(hours) * 3600 + _seconds(minutes) * 60 + _seconds(seconds)
        return round(length * 1000)  # there the tag is an end, not a length
    return max(0, round((_seconds(stream.get("start_time")) - start + length) * 1000))


def _length_ms(
    report: Mapping[str, Any],
    picture_ms: int,
    sound_ms: int,
    picture: Mapping[str, Any] | None,
    sound: Mapping[str, Any] | None,
) -> int:
    """How long a recording is: as long as its picture, or its sound if that goes on for longer."""
    names = set(report["format"].get("format_name", "").split(","))
    if GUESSING_CONTAINERS & names or _begins_late(report):
        return 0
    if (picture and not picture_ms) or (sound and not sound_ms):
        return round(_seconds(report["format"].get("duration")) * 1000)
    if picture and 0 < sound_ms - picture_ms <= SOUND_OVERHANG_MS:
        return picture_ms
    return max(picture_ms, sound_ms)


def _begins_late(report: Mapping[str, Any]) -> bool:
    """Whether it is Matroska whose first moment is not 0: programs do not agree then on whether it
    tells its length or its end."""
    name = report["format"].get("format_name", "")
    return "matroska" in name and _seconds(report["format"].get("start_time")) > LATE_SECONDS


def _with_exact_length(path: Path, facts: Facts, report: Mapping[str, Any]) -> Facts:
    """Read through the file where its header does not say how long (each part of) it is."""
    known = facts.duration_ms and (facts.video < 0 or facts.video_ms)
    if known:
        return facts
    picture_ms, frames = _measure(path, facts.video) if facts.video >= 0 else (0, 0)
    sound_ms, _ = _measure(path, facts.audio) if facts.audio >= 0 else (0, 0)
    length = max(picture_ms, sound_ms)
    if facts.video >= 0 and 0 < sound_ms - picture_ms <= SOUND_OVERHANG_MS:
        length = picture_ms
    if length <= 0:
        raise NothingUsable
    changed = {**vars(facts), "duration_ms": length, "video_ms": picture_ms}
    if frames > 1 and picture_ms:
        # Counted: what browsers record has no rate, and the one that ffprobe guesses is far off.
        changed["rate"] = round(frames * 1000 / picture_ms, 3)
    return Facts(**changed)


def _measure(path: Path, stream: int) -> tuple[int, int]:
    """Where a stream ends, in ms, and its packets, by reading it through without decoding."""
    end = Progress(0)
    source = ffmpeg.input(address(path), **SAFE)
    output = ffmpeg.output(source[str(stream)], "-", f="null", c="copy")
    outcome = run(argv(output), MEASURE_LEASH, on_line=end.read, cell=Cell((path,)))
    if outcome.timed_out:
        raise TooLong(length="?", limit=clock_time(LONGEST_MS))
    return end.done_ms, end.frames


def _shown_size(stream: Mapping[str, Any]) -> tuple[int, int]:
    """Pixels as seen: pixels that are not square made so, and rotated as the camera was held."""
    width, height = int(stream["width"]), int(stream["height"])
    across, _, down = str(stream.get("sample_aspect_ratio", "1:1")).partition(":")
    if across.isdigit() and down.isdigit() and int(across) and int(down):
        stretch = int(across) / int(down)
        if 0.3 < stretch < 3:
            width = max(1, round(width * stretch))
    if any(turn % 180 == 90 for turn in _turns(stream)):
        width, height = height, width
    return width, height


def _turns(stream: Mapping[str, Any]) -> list[int]:
    """By how many degrees it must be turned to be upright, where that is not nothing."""
    sides = stream.get("side_data_list", [])
    turns = (round(abs(_seconds(side.get("rotation", 0)))) for side in sides)
    return [turn for turn in turns if turn % 360]


def _chapters(report: Mapping[str, Any]) -> list[list[Any]]:
    """(start in ms, title) of the chapters in a file, in order; at most MOST_CHAPTERS."""
    found = []
    for chapter in report.get("chapters", [])[:MOST_CHAPTERS]:
        start = _seconds(chapter.get("start_time"))
        title = clean_name(str(chapter.get("tags", {}).get("title", "")))
        if 0 <= start < LONGEST_MS / 1000:
            found.append([round(start * 1000), "" if title == "untitled" else title])
    return sorted(found)


def _rate(stream: Mapping[str, Any]) -> float:
    for name in ("avg_frame_rate", "r_frame_rate"):
        over, _, under = str(stream.get(name, "")).partition("/")
        if _seconds(over) > 0 and _seconds(under) > 0:
            return round(_seconds(over) / _seconds(under), 3)
    return 0.0
