"""Encoding: one decode, every rendition, HLS with fragmented MP4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from app.core.bwrap import Cell
from app.core.child import Leash, Outcome, run
from app.media.ffmpeg.command import SAFE, Progress, address, argv
from app.media.rules import (
    AUDIO_RATE,
    MOST_FRAMES_PER_SECOND,
    NO_SOUND,
    NOTHING_SPARED,
    SEGMENT_SECONDS,
    STILL_MS,
    TOO_SLOW,
    UNCHANGED,
    Facts,
    Output,
    Rung,
    Sparing,
    TranscodeFailed,
    cause_of,
    wall_limit,
)

# A 4096 × 2304 ten-bit HDR source into five renditions took 1.7 GB of addresses (0.8 GB of real
# memory) with two threads; 720p takes 0.9 (0.3).
ENCODE_MEMORY = 2 * 1024**3
MEMORY_PER_THREAD = 384 * 1024**2
# Half and less of the CPU of x264's plain `veryfast`, for about the same size and likeness
# (decision 0007): no frame is made from what comes before and after it, flat parts get more of the
# bytes than x264 gives them otherwise (not on a screen), blocks that move are not looked at in
# quarters, and in large pictures motion is refined once instead of twice, a look five frames ahead
# is far enough. All frames are a little better then, so CRF is higher.
FORWARD = "bframes=0"
EVEN, EVEN_CRF = "aq-mode=2", 0.5
WHOLE_BLOCKS, WHOLE_BLOCKS_FROM = "partitions=i8x8,i4x4", 540  # of the short side
LARGE, LARGE_FROM = "partitions=i8x8:subme=1:rc-lookahead=5", 720
# A frame stands until the next one. The encoder says the usual length instead, which the muxer
# believes of the last frame of a segment; the next segment began too early then, by the rest. More
# than a minute is no length of a frame: times lie, and the muxer refuses a day.
TRUE_LENGTHS = (
    r"setts=pts=PTS:dts=DTS:"
    r"duration=if(between((NEXT_DTS-DTS)*TB\,0.0001\,60)\,NEXT_DTS-DTS\,DURATION)"
)


class Passing(RuntimeError):
    """A failure that comes from this machine: worth another try."""


def encode(
    source: Path,
    facts: Facts,
    outputs: Sequence[Output],
    work: Path,
    *,
    gain: float,
    threads: int,
    spared: Sparing = NOTHING_SPARED,
    progress: Progress,
    keep_going: Callable[[], bool],
) -> str:
    """Write these renditions as HLS with fragmented MP4 into `work`, from one decode.

    `gain` in decibels makes the sound louder or quieter; `spared` says which frames may be left
    out that show nothing new. Returns what ffmpeg complained about on
    the way. Takes at most four times the recording and two minutes. Raises TranscodeFailed for a
    source that will fail again, Passing for what may go better next time; `keep_going` may too.
    """
    leash = Leash(
        wall=wall_limit(facts.duration_ms),
        cpu=round(wall_limit(facts.duration_ms) * max(1, threads)) + 60,
        memory=ENCODE_MEMORY + threads * MEMORY_PER_THREAD,
        offline=True,
    )
    command = encode_argv(source, facts, outputs, gain=gain, threads=threads, spared=spared)
    outcome = run(
        command,
        leash,
        cwd=work,
        on_line=progress.read,
        keep_going=keep_going,
        cell=Cell((source,), (work,)),
    )
    _raise_unless_good(outcome)
    return outcome.tail


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


def opened(source: Path, facts: Facts, **options: object) -> Any:
    """The source as an input: of a part that was cut out, only that part."""
    if facts.start_ms:
        options |= {"ss": _text(facts.start_ms)}
    return ffmpeg.input(address(source), **SAFE, **options)


def encode_argv(
    source: Path,
    facts: Facts,
    outputs: Sequence[Output],
    *,
    gain: float,
    threads: int,
    spared: Sparing = NOTHING_SPARED,
) -> list[str]:
    """The command of one encode; file names in it are relative to the work folder.

    One decode feeds all encoders, each scaled from the rung above it, and one AAC encoder for each
    bit rate feeds all renditions through the tee muxer: 8 % less CPU than an AAC encoder per
    rendition. `veryfast` costs 0.6 of `faster` at nearly the same size; `superfast` saves another
    fifth of the time and writes two and a half times the bytes.
    """
    start = opened(source, facts, threads=threads)
    shown = [one for one in outputs if one.rung is not None]
    encoded = [one.rung for one in shown if one.rung is not None and not one.copied]
    made = iter(_pictures(start[str(facts.video)], facts, encoded, spared) if encoded else [])
    streams: list[Any] = []
    options: dict[str, object] = {}
    if encoded:
        # Times as they are: frames are never doubled to fill gaps, nor moved to a grid.
        options |= {"fps_mode": "vfr", "enc_time_base": "1:90000", "flags:v": "+global_header"}
    for number, one in enumerate(shown):
        assert one.rung is not None
        if one.copied:
            streams.append(start[str(facts.video)])
            options[f"c:v:{number}"] = "copy"
            continue
        streams.append(next(made))
        x264 = {
            "c": "libx264",
            "preset": "veryfast",
            "profile": "high",
            "sc_threshold": 0,
            "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_SECONDS})",
            "crf": one.rung.crf,
            "maxrate": one.rung.most_bits,
            "bufsize": one.rung.most_bits * 2,
            "bsf": TRUE_LENGTHS,
        }
        ways = [FORWARD]
        if one.rung.tune:
            x264["tune"] = one.rung.tune
        else:
            ways.append(EVEN)
            x264["crf"] = one.rung.crf + EVEN_CRF
        short = min(one.rung.width, one.rung.height)
        if short >= LARGE_FROM and not one.rung.tune:
            ways.append(LARGE)
        elif short >= WHOLE_BLOCKS_FROM:
            ways.append(WHOLE_BLOCKS)
        x264["x264-params"] = ":".join(ways)
        options |= {f"{name}:v:{number}": value for name, value in x264.items()}
    rates = list(dict.fromkeys(one.sound for one in outputs if one.sound != NO_SOUND))
    if rates and rates != [UNCHANGED]:
        options |= {"ac": 2, "ar": AUDIO_RATE, "flags:a": "+global_header"}
    sounds = iter(_sounds(start[str(facts.audio)], facts, gain, [r for r in rates if r]))
    for number, rate in enumerate(rates):
        if rate == UNCHANGED:
            streams.append(start[str(facts.audio)])
            options[f"c:a:{number}"] = "copy"
        else:
            streams.append(next(sounds))
            options[f"c:a:{number}"] = "aac"
            options[f"b:a:{number}"] = rate
    options |= {
        "t": _text(facts.duration_ms),
        "threads": threads,
        "map_metadata": -1,
        "map_chapters": -1,
        "max_error_rate": 0.01,
    }
    slaves = []
    for one in outputs:
        picture = f"v:{shown.index(one)}" if one in shown else ""
        sound = f"a:{rates.index(one.sound)}" if one.sound in rates else ""
        slaves.append(_slave(one.name, [part for part in (picture, sound) if part]))
    return argv(ffmpeg.output(*streams, "|".join(slaves), f="tee", **options))


def _text(ms: int) -> str:
    return f"{ms / 1000:.3f}"


SLIDES = 5  # frames per second of what has fewer: slides, a title picture with speech


HALF = 0.025  # seconds: of what comes more than 45 times in one, every second frame is nearer


def output_rate(facts: Facts, rung: Rung) -> float:
    """The most frames per second of a rendition; 0 when the source does not say."""
    rate = min(facts.rate, float(MOST_FRAMES_PER_SECOND))
    if MOST_FRAMES_PER_SECOND < facts.rate <= MOST_FRAMES_PER_SECOND + 1:
        rate = facts.rate
    if rung.halved:
        return rate / 2
    return max(rate, float(SLIDES)) if facts.rate else 0.0


# From one rendition to the next: half the CPU of swscale, which takes what zimg does not (odd
# sizes, every layout). As sharp as swscale's bicubic.
BICUBIC = {"filter": "bicubic", "param_a": 0, "param_b": 0.6}


def _pictures(picture: Any, facts: Facts, rungs: Sequence[Rung], spared: Sparing) -> list[Any]:
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
    if spared.most:
        # In the end the last one stands as long as it should.
        least = spared.difference
        picture = picture.filter("mpdecimate", hi=least, lo=least, max=spared.most)
        picture = picture.filter("tpad", stop_mode="clone", stop_duration=_text(STILL_MS))
    made: list[Any] = []
    is_halved = False
    for number, rung in enumerate(rungs):
        if rung.halved and not is_halved:
            # The first of every segment stays, so that all renditions can be changed there.
            begins = f"gt(floor(t/{SEGMENT_SECONDS}),floor(prev_selected_t/{SEGMENT_SECONDS}))"
            far = f"gte(t-prev_selected_t,{HALF})"
            picture = picture.filter("select", f"isnan(prev_selected_t)+{far}+{begins}")
            is_halved = True
        if number == 0:
            picture = picture.filter("scale", rung.width, rung.height, flags="bicubic")
            picture = _plain_colours(picture, facts).filter("setsar", 1).filter("setfield", "prog")
        else:
            picture = picture.filter("zscale", rung.width, rung.height, **BICUBIC)
        if number < len(rungs) - 1:
            both = picture.filter_multi_output("split", 2)
            made.append(both[0])
            picture = both[1]
        else:
            made.append(picture)
    return made


# White paper in HDR (ITU-R BT.2408), and the brightest that phones and cameras write.
WHITE_NITS = 203
BRIGHTEST_NITS = 1000


def _plain_colours(picture: Any, facts: Facts) -> Any:
    """Eight bits; HDR is brought into the range of ordinary screens.

    Up to a light grey everything looks as it was filmed; only what is brighter is pressed together.
    The peak is said, because files often say none; ffmpeg then takes 10 000 nits, and everything
    becomes dark and grey.
    """
    if facts.is_hdr:
        picture = (
            picture.filter("zscale", t="linear", npl=WHITE_NITS)
            .filter("format", "gbrpf32le")
            .filter("zscale", p="bt709")
            .filter(
                "tonemap", tonemap="mobius", param=0.5, desat=0, peak=BRIGHTEST_NITS / WHITE_NITS
            )
            .filter("zscale", t="bt709", m="bt709", r="tv")
        )
    return picture.filter("format", "yuv420p")


def in_stereo(sound: Any) -> Any:
    """As it will be heard: gaps become silence, so that sound never runs ahead of the picture."""
    sound = sound.filter("aresample", AUDIO_RATE, **{"async": 1, "first_pts": 0})
    return sound.filter("aformat", sample_rates=AUDIO_RATE, channel_layouts="stereo")


def sound_alone(source: Path, facts: Facts, target: Path) -> None:
    """The sound as one small file that every browser plays. Raises Passing when that fails."""
    heard = in_stereo(opened(source, facts, vn=None)[str(facts.audio)])
    output = ffmpeg.output(
        heard,
        address(target),
        acodec="aac",
        f="ipod",
        map_metadata=-1,
        **{"b:a": "96k", "movflags": "+faststart"},
    )
    wall = wall_limit(facts.duration_ms)
    leash = Leash(wall=wall, cpu=round(wall), offline=True)
    cell = Cell((source,), (target.parent,))
    outcome = run(argv(output, progress=False), leash, cell=cell)
    if not outcome.good:
        raise Passing(outcome.tail[-200:])


def _sounds(sound: Any, facts: Facts, gain: float, rates: Sequence[int]) -> list[Any]:
    """The sound once for each encoder."""
    if not rates:
        return []
    sound = in_stereo(sound)
    if gain:
        sound = sound.filter("volume", f"{gain}dB")
    if facts.kind == "video":
        sound = sound.filter("apad", whole_dur=_text(facts.duration_ms))
    if len(rates) == 1:
        return [sound]
    several = sound.filter_multi_output("asplit", len(rates))
    return [several[number] for number in range(len(rates))]


def _slave(name: str, chosen: Sequence[str]) -> str:
    options = {
        "select": f"\\'{','.join(chosen)}\\'",  # escaped for the list, and again for the options
        "f": "hls",
        "hls_time": SEGMENT_SECONDS,
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_flags": "independent_segments",
        "hls_fmp4_init_filename": f"{name}-init.mp4",
        "hls_segment_filename": f"{name}-%05d.m4s",
    }
    return "[" + ":".join(f"{k}={v}" for k, v in options.items()) + f"]{name}.m3u8"
