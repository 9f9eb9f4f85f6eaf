"""Encoding: one decode, every rendition, HLS with fragmented MP4; and single frames of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from app.core.child import Leash, Outcome, run
from app.media.ffmpeg.command import SAFE, Progress, address, argv
from app.media.rules import (
    AUDIO_BITS,
    AUDIO_RATE,
    MOST_FRAMES_PER_SECOND,
    SEGMENT_SECONDS,
    TOO_SLOW,
    UNEXPECTED,
    Facts,
    Rung,
    TranscodeFailed,
    cause_of,
    wall_limit,
)

FRAME_LEASH = Leash(wall=60, cpu=60, file_size=64 * 1024**2)
# A 4096 × 2304 ten-bit HDR source into five renditions took 1.7 GB of addresses (0.8 GB of real
# memory) with two threads; 720p takes 0.9 (0.3).
ENCODE_MEMORY = 2 * 1024**3
MEMORY_PER_THREAD = 384 * 1024**2
AUDIO_PLAYLIST = "audio.m3u8"


class Passing(RuntimeError):
    """A failure that comes from this machine: worth another try."""


@dataclass(frozen=True)
class Encoded:
    """What an encode wrote: the names of its playlists, best first, with their rungs.

    `tail` is what ffmpeg complained about on the way.
    """

    rungs: tuple[Rung, ...]  # empty for sound alone
    playlists: tuple[str, ...]
    tail: str


def encode(
    source: Path,
    facts: Facts,
    rungs: Sequence[Rung],
    work: Path,
    *,
    threads: int,
    progress: Progress,
    keep_going: Callable[[], bool],
) -> Encoded:
    """Write every rendition as HLS with fragmented MP4 into `work`, from one decode.

    Takes at most four times the recording and two minutes. Raises TranscodeFailed for a source
    that will fail again, Passing for what may go better next time; `keep_going` may raise too.
    """
    leash = Leash(
        wall=wall_limit(facts.duration_ms),
        cpu=round(wall_limit(facts.duration_ms) * max(1, threads)) + 60,
        memory=ENCODE_MEMORY + threads * MEMORY_PER_THREAD,
    )
    command = encode_argv(source, facts, rungs, threads=threads)
    outcome = run(command, leash, cwd=work, on_line=progress.read, keep_going=keep_going)
    _raise_unless_good(outcome)
    names = tuple(f"{rung.name}.m3u8" for rung in rungs) or (AUDIO_PLAYLIST,)
    return Encoded(tuple(rungs), names, outcome.tail)


def _raise_unless_good(outcome: Outcome) -> None:
    if outcome.good:
        return
    if outcome.timed_out:
        raise TranscodeFailed(TOO_SLOW, outcome.tail)
    if outcome.stopped:
        raise Passing("stopped")
    if outcome.code < 0:
        raise Passing(f"ffmpeg was ended by signal {-outcome.code}\n{outcome.tail}")
    cause = cause_of(outcome.tail)
    if cause is None:
        raise Passing(outcome.tail)
    raise TranscodeFailed(cause, outcome.tail)


def encode_argv(source: Path, facts: Facts, rungs: Sequence[Rung], *, threads: int) -> list[str]:
    """The command of one encode; file names in it are relative to the work folder.

    One decode feeds all encoders, each scaled from the rung above it, and one AAC encoder feeds
    all renditions through the tee muxer: 8 % less CPU than an AAC encoder per rendition.
    `veryfast` costs 0.6 of `faster` at nearly the same size; `superfast` saves another fifth of
    the time and writes two and a half times the bytes.
    """
    start = ffmpeg.input(address(source), **SAFE, threads=threads)
    streams = _pictures(start[str(facts.video)], facts, rungs) if rungs else []
    options: dict[str, object] = {}
    for number, rung in enumerate(rungs):
        options[f"crf:v:{number}"] = rung.crf
        options[f"maxrate:v:{number}"] = rung.most_bits
        options[f"bufsize:v:{number}"] = rung.most_bits * 2
    if rungs:
        options |= {
            "c:v": "libx264",
            "preset": "veryfast",
            "profile:v": "high",
            "sc_threshold": 0,
            "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_SECONDS})",
            # Times as they are: frames are never doubled to fill gaps, nor moved to a grid.
            "fps_mode": "vfr",
            "enc_time_base": "1:90000",
            "flags:v": "+global_header",
        }
    if facts.audio >= 0:
        streams.append(_sound(start[str(facts.audio)], facts))
        options |= {
            "c:a": "aac",
            "b:a": AUDIO_BITS,
            "ac": 2,
            "ar": AUDIO_RATE,
            "flags:a": "+global_header",
        }
    options |= {
        "t": _text(facts.duration_ms),
        "threads": threads,
        "map_metadata": -1,
        "map_chapters": -1,
        "max_error_rate": 0.01,
    }
    slaves = [_slave(rung.name, f"v:{n}", facts) for n, rung in enumerate(rungs)]
    slaves = slaves or [_slave(AUDIO_PLAYLIST.removesuffix(".m3u8"), "", facts)]
    return argv(ffmpeg.output(*streams, "|".join(slaves), f="tee", **options))


def _text(ms: int) -> str:
    return f"{ms / 1000:.3f}"


SLIDES = 5  # frames per second of what has fewer: slides, a title picture with speech


def output_rate(facts: Facts) -> float:
    """Frames per second of the renditions; 0 when the source does not say."""
    if facts.rate > MOST_FRAMES_PER_SECOND + 1:
        return float(MOST_FRAMES_PER_SECOND)
    return max(facts.rate, float(SLIDES)) if facts.rate else 0.0


def _pictures(picture: Any, facts: Facts, rungs: Sequence[Rung]) -> list[Any]:
    if facts.interlaced:
        picture = picture.filter("yadif", deint="interlaced")
    missing = facts.duration_ms - facts.video_ms if facts.video_ms else 0
    if missing > 0:
        # Sound goes on after the last picture: it stays, so that both end together.
        picture = picture.filter("tpad", stop_mode="clone", stop_duration=_text(missing))
    if 0 < facts.rate < SLIDES:
        # A slide every few seconds: without frames in between there is nowhere to cut or seek.
        picture = picture.filter("fps", SLIDES)
    elif facts.rate:
        # Thinned out by time, never by count: a header may lie about its rate.
        fast = facts.rate > MOST_FRAMES_PER_SECOND + 1
        gap = 0.0159 if fast else 0.0083
        picture = picture.filter("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t,{gap})")
    made: list[Any] = []
    for number, rung in enumerate(rungs):
        picture = picture.filter("scale", rung.width, rung.height, flags="bicubic")
        if number == 0:
            picture = _plain_colours(picture, facts).filter("setsar", 1)
        if number < len(rungs) - 1:
            both = picture.filter_multi_output("split", 2)
            made.append(both[0])
            picture = both[1]
        else:
            made.append(picture)
    return made


def _plain_colours(picture: Any, facts: Facts) -> Any:
    """Eight bits; HDR is brought into the range of ordinary screens."""
    if facts.is_hdr:
        picture = (
            picture.filter("zscale", t="linear", npl=100)
            .filter("format", "gbrpf32le")
            .filter("zscale", p="bt709")
            .filter("tonemap", tonemap="hable", desat=0)
            .filter("zscale", t="bt709", m="bt709", r="tv")
        )
    return picture.filter("format", "yuv420p")


def _sound(sound: Any, facts: Facts) -> Any:
    # Gaps become silence, so that sound never runs ahead of the picture.
    sound = sound.filter("aresample", AUDIO_RATE, **{"async": 1, "first_pts": 0})
    if facts.kind == "video":
        sound = sound.filter("apad", whole_dur=_text(facts.duration_ms))
    return sound


def _slave(name: str, picture: str, facts: Facts) -> str:
    chosen = ",".join(filter(None, (picture, "a:0" if facts.audio >= 0 else "")))
    options = {
        "select": f"\\'{chosen}\\'",  # escaped for the list, and again for the options
        "f": "hls",
        "hls_time": SEGMENT_SECONDS,
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_flags": "independent_segments",
        "hls_fmp4_init_filename": f"{name}-init.mp4",
        "hls_segment_filename": f"{name}-%05d.m4s",
    }
    return "[" + ":".join(f"{k}={v}" for k, v in options.items()) + f"]{name}.m3u8"


def frames(source: Path, folder: Path, *, only_keyframes: bool) -> list[Path]:
    """Frames of a short file of ours as JPEG: its keyframes, or two a second. At most twelve."""
    more = {"skip_frame": "nokey"} if only_keyframes else {}
    picture = ffmpeg.input(address(source), **SAFE, **more)["v:0"]
    if not only_keyframes:
        picture = picture.filter("fps", 2, start_time=0)
    pattern = folder / "frame-%02d.jpg"
    output = ffmpeg.output(
        picture, address(pattern), **{"frames:v": 12, "fps_mode": "passthrough", "q:v": 2}
    )
    outcome = run(argv(output), FRAME_LEASH)
    if not outcome.good:
        raise TranscodeFailed(UNEXPECTED, outcome.tail)
    return sorted(folder.glob("frame-*.jpg"))
