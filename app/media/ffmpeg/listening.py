"""What a first look and a first hearing of a recording tell: loudness, cuts, whether it moves."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import ffmpeg

from app.core.bwrap import Cell
from app.core.child import Leash, run
from app.media.ffmpeg.command import address, argv
from app.media.ffmpeg.encoding import Passing, in_stereo, opened
from app.media.rules import (
    GLANCE_SECONDS,
    NOTHING_HEARD,
    SEGMENT_SECONDS,
    STEP_MS,
    Facts,
    Heard,
    Rung,
    level,
    wall_limit,
)

LEVEL_RATE = 8000  # samples a second are enough to see speech and silence
MEASURE = "RMS_level"
LEVEL_KEY = "lavfi.astats.Overall.RMS_level"
MOST_SCENES = 5_000
_LOUDNESS = re.compile(r"I:\s+(-?[0-9.]+|-inf) LUFS")
_PEAK = re.compile(r"Peak:\s+(-?[0-9.]+|-inf) dBFS")


def listen(source: Path, facts: Facts, *, keep_going: Callable[[], bool]) -> Heard:
    """Decode the sound once. What cannot be decoded is said by the encode; here it is silence."""
    if facts.audio < 0:
        return NOTHING_HEARD
    both = in_stereo(opened(source, facts, vn=None)[str(facts.audio)]).filter_multi_output(
        "asplit", 2
    )
    loudness = both[0].filter("ebur128", peak="true", framelog="verbose")
    levels = (
        both[1]
        .filter("aresample", LEVEL_RATE)
        .filter("aformat", channel_layouts="mono")
        .filter("asetnsamples", n=LEVEL_RATE * STEP_MS // 1000)
        .filter(
            "astats", metadata=1, reset=1, measure_perchannel="none", measure_overall="RMS_level"
        )
        .filter("ametadata", mode="print", key=LEVEL_KEY, file="-")
    )
    limit = {"t": f"{facts.duration_ms / 1000:.3f}"}
    outputs = ffmpeg.merge_outputs(
        ffmpeg.output(loudness, "-", f="null", **limit),
        ffmpeg.output(levels, "-", f="null", **limit),
    )
    found = bytearray()

    def read(line: str) -> None:
        name, _, value = line.partition("=")
        if name == LEVEL_KEY:
            found.append(level(-120.0 if "inf" in value or "nan" in value else float(value)))

    leash = Leash(
        wall=wall_limit(facts.duration_ms),
        cpu=round(wall_limit(facts.duration_ms)),
        file_size=1024,
        offline=True,
    )
    command = argv(outputs, says="info", progress=False)
    cell = Cell((source,))
    outcome = run(command, leash, on_line=read, keep_going=keep_going, cell=cell)
    if outcome.stopped:
        raise Passing("stopped")
    said, peak = _LOUDNESS.findall(outcome.tail), _PEAK.findall(outcome.tail)
    if not outcome.good or not said or not peak:
        return Heard(NOTHING_HEARD.loudness, NOTHING_HEARD.peak, bytes(found))
    return Heard(_number(said[-1]), _number(peak[-1]), bytes(found))


def _number(text: str) -> float:
    return -99.0 if "inf" in text else float(text)


def speech(
    source: Path, facts: Facts, target: Path, *, rate: int, keep_going: Callable[[], bool]
) -> None:
    """The sound as speech models want it: one channel, 16 bits, as a WAV file.

    Raises Passing when the sound cannot be decoded.
    """
    heard = opened(source, facts, vn=None)[str(facts.audio)].filter(
        "aresample", rate, **{"async": 1, "first_pts": 0}
    )
    limit = f"{facts.duration_ms / 1000:.3f}"
    output = ffmpeg.output(
        heard, address(target), acodec="pcm_s16le", ac=1, f="wav", map_metadata=-1, t=limit
    )
    wall = wall_limit(facts.duration_ms)
    leash = Leash(wall=wall, cpu=round(wall), file_size=1024**3, offline=True)
    cell = Cell((source,), (target.parent,))
    outcome = run(argv(output, progress=False), leash, keep_going=keep_going, cell=cell)
    if not outcome.good:
        raise Passing(outcome.tail[-200:])


MOST_KEYFRAMES = 20_000
MOST_SIZES = 2_000  # frames are enough to tell what a recording shows
KEYFRAMES_APART_MS = 250  # nobody cuts more finely; of some codecs every frame is one


class Packets(NamedTuple):
    """What the packets of a picture tell, without decoding them.

    `keyframes`: when pictures begin that need no other, in ms, without the first. `sizes`: of the
    first frames, in bytes, in groups that begin with a keyframe. `frames`: how many there
    are. `widest_ms`: the longest time from one to the next, 0 for unknown.
    """

    keyframes: list[int]
    sizes: list[list[int]]
    frames: int = 0
    widest_ms: float = 0.0


def packets(source: Path, facts: Facts, *, keep_going: Callable[[], bool]) -> Packets:
    """How the picture is stored. Nothing is decoded; both empty when it cannot be found out."""
    found = Packets([], [])
    if facts.video < 0:
        return found
    picture = opened(source, facts, an=None)[str(facts.video)]
    limit = f"{facts.duration_ms / 1000:.3f}"
    output = ffmpeg.output(picture, "-", f="framecrc", c="copy", t=limit)
    unit = widest = 0.0
    seen = 0
    before: int | None = None

    def read(line: str) -> None:
        nonlocal unit, seen, before, widest
        if line.startswith("#"):
            base = _TIME_BASE.match(line)
            unit = int(base[1]) / int(base[2]) if base else unit
            return
        key, at, size = _packet(line)
        seen += 1
        decoded = line.split(",", 2)[1].strip() if line.count(",") > 2 else ""
        if decoded.lstrip("-").isdigit():
            if before is not None:
                widest = max(widest, (int(decoded) - before) * unit * 1000)
            before = int(decoded)
        if size and seen <= MOST_SIZES:
            if key:
                found.sizes.append([size])
            elif found.sizes:
                found.sizes[-1].append(size)
        ms = round(at * unit * 1000)
        keys = found.keyframes
        if not key or len(keys) >= MOST_KEYFRAMES or not 0 < ms < facts.duration_ms:
            return
        if not keys or ms - keys[-1] >= KEYFRAMES_APART_MS:
            keys.append(ms)

    wall = wall_limit(facts.duration_ms)
    leash = Leash(wall=wall, cpu=round(wall), file_size=1024, offline=True)
    command = argv(output, progress=False)
    outcome = run(command, leash, on_line=read, keep_going=keep_going, cell=Cell((source,)))
    if outcome.stopped:
        raise Passing("stopped")
    return found._replace(frames=seen, widest_ms=widest)


_TIME_BASE = re.compile(r"#tb 0: ([0-9]{1,9})/([0-9]{1,9})$")


def _packet(line: str) -> tuple[bool, int, int]:
    """Whether a line of framecrc tells of a keyframe, its time of showing, its size in bytes.

    Such a line has stream, dts, pts, duration, size and checksum, and flags where it is none.
    """
    fields = [field.strip() for field in line.split(",")]
    if len(fields) < 6 or not fields[2].lstrip("-").isdigit() or not fields[4].isdigit():
        return False, 0, 0
    key = not any(field.startswith("F=") for field in fields[6:])
    return key, int(fields[2]), int(fields[4])


SCENE = 0.25  # of a picture that has changed; ffmpeg's measure from 0 to 1
_PTS = re.compile(r"pts_time:(-?[0-9.]+)")


def scenes(source: Path, facts: Facts, *, keep_going: Callable[[], bool]) -> list[int]:
    """When the picture changes, in ms, as far as keyframes tell: nothing else is decoded."""
    if facts.video < 0:
        return []
    picture = (
        opened(source, facts, an=None, skip_frame="nokey")[str(facts.video)]
        .filter("scale", 160, -2)
        .filter("select", f"gt(scene,{SCENE})")
        .filter("metadata", mode="print", file="-")
    )
    limit = f"{facts.duration_ms / 1000:.3f}"
    found: list[int] = []

    def read(line: str) -> None:
        at = _PTS.search(line)
        if at and len(found) < MOST_SCENES:
            found.append(round(float(at[1]) * 1000))

    leash = Leash(
        wall=wall_limit(facts.duration_ms),
        cpu=round(wall_limit(facts.duration_ms)),
        file_size=1024,
        offline=True,
    )
    output = ffmpeg.output(picture, "-", f="null", fps_mode="passthrough", t=limit)
    command = argv(output, progress=False)
    cell = Cell((source,))
    outcome = run(command, leash, on_line=read, keep_going=keep_going, cell=cell)
    if outcome.stopped:
        raise Passing("stopped")
    return [at for at in found if 0 < at < facts.duration_ms]


def glance(
    source: Path, facts: Facts, rung: Rung, *, threads: int, keep_going: Callable[[], bool]
) -> list[list[int]]:
    """How large the frames of the first seconds become in a small picture, in bytes.

    Segment by segment, each with its keyframe first, as `is_screen` wants them; nothing is kept.
    Empty when it could not be found out: the encode says why.
    """
    picture = opened(source, facts, an=None, threads=threads)[str(facts.video)]
    picture = picture.filter("scale", rung.width, rung.height, flags="bicubic")
    picture = picture.filter("format", "yuv420p")
    output = ffmpeg.output(
        picture,
        "-",
        f="framecrc",
        t=GLANCE_SECONDS,
        fps_mode="vfr",
        threads=threads,
        **{
            "c:v": "libx264",
            "preset": "veryfast",
            "crf": rung.crf,
            "sc_threshold": 0,
            "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_SECONDS})",
        },
    )
    sizes: list[int] = []
    keys: list[int] = []

    def read(line: str) -> None:
        key, _, size = _packet(line)
        if not line.startswith("#") and size:
            if key:
                keys.append(len(sizes))
            sizes.append(size)

    leash = Leash(wall=60, cpu=60, file_size=1024, offline=True)
    command = argv(output, progress=False)
    cell = Cell((source,))
    outcome = run(command, leash, on_line=read, keep_going=keep_going, cell=cell)
    if outcome.stopped:
        raise Passing("stopped")
    ends = [*keys[1:], len(sizes)]
    return [sizes[start:end] for start, end in zip(keys, ends, strict=True)] if keys else []
