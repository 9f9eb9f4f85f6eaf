"""Every container and codec that people bring, made here by ffmpeg and prepared by the worker."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from app.media import hls
from app.media.queries import Recording
from tests.media.conftest import AAC, PICTURE, X264, Clips, Studio, ffmpeg, picture, tone
from tests.media.test_transcode import decodes, keyframes, streams

X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v")
AV1 = ("-c:v", "libaom-av1", "-cpu-used", "8", "-b:v", "150k", "-row-mt", "1")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "150k")
SIX = ("-af", "aformat=channel_layouts=5.1")
OPUS = ("-c:a", "libopus", "-b:a", "48k")

# name → how it is made, and the short side of its best rendition
RECIPES: dict[str, tuple[list[str], int]] = {
    "phone.mov": ([*picture(), *tone(2), *X265, "hvc1", *AAC, *SIX], 180),
    "ten-bit.mkv": ([*picture(), *X265, "hvc1", "-pix_fmt", "yuv420p10le"], 180),
    "ten-bit.mp4": ([*picture(), *tone(), *X264[:4], "-pix_fmt", "yuv422p10le", *AAC], 180),
    "vp9.webm": ([*picture(), *tone(), *VP9, *OPUS], 180),
    "vp9-ten-bit.webm": ([*picture(), *VP9, "-pix_fmt", "yuv420p10le"], 180),
    "see-through.webm": (
        [*picture(), "-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"],
        180,
    ),
    "av1.mp4": ([*picture("320x180", 1), *tone(1), *AV1, *AAC], 180),
    "av1.webm": ([*picture("320x180", 1), *tone(1), *AV1, *OPUS], 180),
    "camcorder.ts": (
        [*picture("720x576", 1, 25), *tone(1), "-c:v", "mpeg2video", "-c:a", "ac3"],
        576,
    ),
    "camera.avi": ([*picture(), *tone(), "-c:v", "mjpeg", "-c:a", "pcm_s16le"], 180),
    "studio.mov": ([*picture(), *tone(), "-c:v", "prores_ks", "-c:a", "pcm_s24le"], 180),
    "free.ogg": ([*picture(), *tone(), "-c:v", "libtheora", "-c:a", "libvorbis"], 180),
    "full-range.mp4": ([*picture(), *X264[:4], "-pix_fmt", "yuvj420p"], 180),
    "late-start.mkv": ([*picture(), *tone(), *X264, *AAC, "-output_ts_offset", "7"], 180),
    "early-start.mkv": ([*picture(), *tone(), *X264, *AAC, "-output_ts_offset", "-0.5"], 180),
}


def starts(path: Path) -> list[float]:
    """The first moments of the streams of a file."""
    ask = ("-show_entries", "packet=pts_time,stream_index", "-read_intervals", "%+#9")
    done = subprocess.run(
        ["ffprobe", "-v", "error", *ask, "-of", "csv=p=0", path],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    return sorted(float(line.split(",")[1]) for line in done.stdout.split() if "N/A" not in line)


def test_what_is_seen_through_stands_before_black(studio: Studio, tmp_path: Path) -> None:
    """A red square on nothing at all, as screen tools and animation programs write it."""
    clip = tmp_path / "see-through.webm"
    square = "color=red:s=320x180:r=10:d=2,format=yuva420p,geq=lum='lum(X,Y)':cb='cb(X,Y)':"
    square += "cr='cr(X,Y)':a='255*lt(X,160)'"
    ffmpeg(*PICTURE, square, "-c:v", "libvpx-vp9", *VP9[2:], "-pix_fmt", "yuva420p", str(clip))
    assert streams(clip)["video"]["tags"]["alpha_mode"] == "1"
    found = checked(studio, clip, 180)
    with Image.open(studio.version(found) / "poster-320.webp") as poster:
        red = poster.convert("RGB").getpixel((80, 90))
    assert red[0] > 180
    assert max(red[1:]) < 60


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts", "flv"])
def test_times_before_nought_are_no_shorter_film(
    studio: Studio, tmp_path: Path, ending: str
) -> None:
    """Half a second of picture and sound lies before the beginning. FLV counts it as 24 days."""
    clip = tmp_path / f"early.{ending}"
    early = ("-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled", "-muxdelay", "0")
    ffmpeg(*picture("320x180", 3), *tone(3), *X264, *AAC, *early, str(clip))
    first = starts(clip)[0]
    assert first < -0.3 or first > 2_000_000
    found = checked(studio, clip, 180)
    assert 2_400 <= found.duration_ms <= 3_100
    whole = streams(studio.joined(found, "180p"))
    lengths = [float(whole[kind]["duration"]) for kind in ("video", "audio")]
    assert abs(lengths[0] - lengths[1]) < 0.3


def test_a_film_with_one_keyframe_can_be_jumped_in(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "one-key.mp4"
    once = ("-g", "9999", "-keyint_min", "9999", "-sc_threshold", "0")
    ffmpeg(*picture("320x180", 10), *tone(10), *X264, *once, *AAC, str(clip))
    assert len(keyframes(clip)) == 1
    found = checked(studio, clip, 180)
    made = keyframes(studio.joined(found, "180p"))
    assert [at - made[0] for at in made] == pytest.approx([0, 4, 8], abs=0.01)
    assert len(hls.read(studio.version(found), "180p.m3u8").segments) == 3


def speech_of_phones(path: Path, seconds: int = 2) -> None:
    """An AMR file by hand (ffmpeg reads AMR and cannot write it): 50 frames of 12.2 kbit/s."""
    path.write_bytes(b"#!AMR\n" + (b"\x3c" + bytes(range(31))) * (50 * seconds))


def checked(studio: Studio, path: Path, side: int) -> Recording:
    """What comes of a file: ready, upright H.264 for every browser, as long as it was."""
    found = studio.prepared(path)
    assert (found.state, found.error, found.detail) == ("ready", "", "")
    whole = studio.joined(found, f"{side}p")
    made = streams(whole)
    assert (made["video"]["codec_name"], made["video"]["profile"]) == ("h264", "High")
    assert (made["video"]["pix_fmt"], made["video"]["sample_aspect_ratio"]) == ("yuv420p", "1:1")
    if "audio" in made:
        assert (made["audio"]["codec_name"], made["audio"]["channels"]) == ("aac", 2)
    assert decodes(whole) == pytest.approx(found.duration_ms / 1000, abs=0.25)
    return found


@pytest.mark.parametrize("name", list(RECIPES))
def test_what_people_bring_is_prepared(studio: Studio, tmp_path: Path, name: str) -> None:
    recipe, side = RECIPES[name]
    clip = tmp_path / name
    ffmpeg(*recipe, str(clip))
    brought = streams(clip)
    found = checked(studio, clip, side)
    wanted = 1000 if "duration=1" in " ".join(recipe) else 2000
    assert abs(found.duration_ms - wanted) <= 130
    sound = "audio" in streams(studio.joined(found, f"{side}p"))
    assert sound == ("audio" in brought)


def test_an_old_phone_with_its_speech_codec_is_prepared(studio: Studio, tmp_path: Path) -> None:
    speech, clip = tmp_path / "speech.amr", tmp_path / "phone.3gp"
    speech_of_phones(speech)
    small = (*picture("176x144", 2, 15), "-f", "amr", "-i", str(speech))
    ffmpeg(*small, "-c:v", "h263", "-c:a", "copy", str(clip))
    assert {streams(clip)[kind]["codec_name"] for kind in ("video", "audio")} == {"h263", "amr_nb"}
    found = checked(studio, clip, 144)
    assert streams(studio.joined(found, "144p"))["audio"]["sample_rate"] == "48000"


def loudest(path: Path) -> list[float]:
    """Peak of each channel in dB."""
    done = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "info",
            "-i",
            path,
            "-af",
            "astats=measure_overall=none",
            "-f",
            "null",
            "-",
        ],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    return [float(found) for found in re.findall(r"Peak level dB: (-?[0-9.]+)", done.stderr)]


def test_who_speaks_in_the_centre_of_six_channels_is_heard_on_both_sides(
    studio: Studio, tmp_path: Path
) -> None:
    clip = tmp_path / "meeting.mp4"
    centre = ("-af", "pan=5.1|FC=c0", "-c:a", "aac", "-b:a", "192k")
    ffmpeg(*picture(), *tone(), *X264, *centre, str(clip))
    found = checked(studio, clip, 180)
    peaks = loudest(studio.joined(found, "180p"))
    assert len(peaks) == 2
    assert min(peaks) > -20
    assert abs(peaks[0] - peaks[1]) < 0.5


# --- colours ----------------------------------------------------------------------------------

PATCHES = ("white", "0x808080", "0xd02020", "0x2040d0")
HDR = ("-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params")


def hdr(path: Path, curve: str) -> None:
    """Four patches as a phone films them in HDR: white paper at 203 nits, as ITU-R BT.2408 says."""
    inputs = [p for c in PATCHES for p in (*PICTURE, f"color={c}:s=80x180:d=1:r=5")]
    steps = (
        "format=gbrpf32le,setparams=color_trc=bt709:color_primaries=bt709:colorspace=gbr:range=pc,"
        "zscale=t=linear:npl=203,format=gbrpf32le,"
        f"zscale=t={curve}:p=bt2020:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    )
    said = f"log-level=none:colorprim=bt2020:transfer={curve}:colormatrix=bt2020nc"
    graph = f"[0][1][2][3]hstack=4,{steps}"
    ffmpeg(*inputs, "-filter_complex", graph, *HDR, said, "-tag:v", "hvc1", str(path))


@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_hdr_looks_as_it_was_filmed_and_not_washed_out(
    studio: Studio, tmp_path: Path, curve: str
) -> None:
    clip = tmp_path / "phone.mp4"
    hdr(clip, curve)
    brought = streams(clip)["video"]
    assert (brought["color_transfer"], brought["pix_fmt"]) == (curve, "yuv420p10le")
    found = checked(studio, clip, 180)
    made = streams(studio.joined(found, "180p"))["video"]
    names = ("color_transfer", "color_primaries", "color_space", "color_range")
    assert [made[name] for name in names] == ["bt709", "bt709", "bt709", "tv"]
    with Image.open(studio.version(found) / "poster-320.webp") as poster:
        shown = [poster.convert("RGB").getpixel((x, 90)) for x in (40, 120, 200, 280)]
    white, grey, red, blue = shown
    assert min(white) > 205  # paper is paper; without the peak it was 192
    assert max(abs(value - 0x80) for value in grey) < 12
    # Full colours stay full: read as ordinary video they are (227, 95, 62) and (92, 89, 255).
    assert red[0] > 180
    assert max(red[1:]) < 55
    assert blue[2] > 180
    assert max(blue[:2]) < 85


# --- interlaced, and frames that come when they like ---------------------------------------------


def combed(path: Path) -> tuple[int, int]:
    """(interlaced, progressive) frames, as ffmpeg's idet sees them."""
    done = subprocess.run(
        ["ffmpeg", "-v", "info", "-i", path, "-vf", "idet", "-an", "-f", "null", "-"],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    found = re.findall(
        r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)", done.stderr
    )
    above, below, whole = map(int, found[-1])
    return above + below, whole


def test_interlaced_pictures_lose_their_combs(studio: Studio, tmp_path: Path) -> None:
    clip = tmp_path / "camcorder.mp4"
    moving = (*PICTURE, "testsrc2=size=320x240:rate=50:duration=1,gblur=2")
    fields = ("-vf", "tinterlace=interleave_top,setfield=tff")
    ffmpeg(*moving, *fields, *X264, "-flags", "+ilme+ildct", "-top", "1", str(clip))
    interlaced, whole = combed(clip)
    assert interlaced > 3 * whole
    found = checked(studio, clip, 240)
    interlaced, whole = combed(studio.joined(found, "240p"))
    assert whole > 5 * interlaced


def times(path: Path) -> list[float]:
    """When each picture is shown."""
    ask = ("-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0")
    done = subprocess.run(
        ["ffprobe", "-v", "error", *ask, path],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    return sorted(float(line.strip(",")) for line in done.stdout.split() if line.strip(","))


def test_frames_that_come_irregularly_keep_their_times(studio: Studio, tmp_path: Path) -> None:
    """As phones in the dark and meetings do it: now thirty a second, now three."""
    clip = tmp_path / "phone.mp4"
    uneven = "select='lt(t,1)+not(mod(n,10))+gt(t,3)'"
    source = (*PICTURE, "testsrc2=size=320x180:rate=30:duration=4", *tone(4))
    ffmpeg(*source, "-vf", uneven, "-fps_mode", "vfr", *X264, *AAC, str(clip))
    before = times(clip)
    gaps = [after - one for one, after in pairwise(before)]
    assert max(gaps) > 5 * min(gaps)
    found = checked(studio, clip, 180)
    after = times(studio.joined(found, "180p"))
    assert len(after) == len(before)
    shift = after[0] - before[0]  # sound and picture begin later by the same amount
    assert [at - shift for at in after] == pytest.approx(before, abs=0.012)
    playlist = hls.read(studio.version(found), "180p.m3u8")
    assert playlist.seconds == pytest.approx(4, abs=0.1)


def test_a_stream_that_begins_in_the_middle_plays_or_says_why(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    """Cut out of a broadcast: the first pictures lean on a keyframe that is not there."""
    clip = tmp_path / "middle.ts"
    keys = ("-g", "25", "-sc_threshold", "0")
    ffmpeg(*picture("320x180", 4, 25), *tone(4), *X264, *keys, *AAC, str(clip))
    data = clip.read_bytes()
    packets = len(data) // 188
    clip.write_bytes(data[: 188 * 3] + data[188 * (packets // 8) :])
    found = studio.prepared(clip)
    assert found.is_finished
    assert found.is_ready or found.error
