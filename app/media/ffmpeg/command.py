"""The parts of every ffmpeg command: what it may open, how it speaks, how far it is."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.rules import MOST_PIXELS

# Only containers that hold their own bytes: a playlist, a concat script or an SDP file names other
# files, and ffmpeg would open them (with default options it did).
CONTAINERS = "mov,matroska,avi,mpegts,flv,asf,mpeg,ogg,wav,mp3,aac,flac"
VIDEO_CODECS = {
    *("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "h263"),
    *("wmv1", "wmv2", "wmv3", "vc1", "flv1", "theora", "prores", "dnxhd", "qtrle", "rawvideo"),
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "dvvideo", "svq3", "cinepak", "vp6", "vp6f"),
}
AUDIO_CODECS = {
    *("aac", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "amr_nb", "amr_wb"),
    *("wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "pcm_s16le", "pcm_s16be", "pcm_u8"),
    *("pcm_s8", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be"),
    *("pcm_f64le", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "speex"),
    *("adpcm_swf", "nellymoser", "dts"),
}
# ffmpeg calls some decoders otherwise than their codecs.
DECODERS = (
    VIDEO_CODECS
    | AUDIO_CODECS
    | {
        *(
            "libdav1d",
            "libaom-av1",
            "mp3float",
            "mp2float",
            "amrnb",
            "amrwb",
            "dca",
            "flv",
            "libopus",
        ),
        *("msmpeg4", "mpegvideo", "libspeex"),
    }
)
SAFE: dict[str, object] = {
    "protocol_whitelist": "file",
    "format_whitelist": CONTAINERS,
    "codec_whitelist": ",".join(sorted(DECODERS)),
    "max_pixels": MOST_PIXELS * 2,  # coded sizes are a little above shown ones
    "max_streams": 100,
}


def address(path: Path) -> str:
    """A path that ffmpeg cannot take for an option, a protocol or a pattern."""
    return f"file:{path.resolve()}"


def argv(output: Any, *, says: str = "warning", progress: bool = True) -> list[str]:
    """The command; without `progress` when a filter writes to its standard output, too."""
    spoken = ("-nostdin", "-hide_banner", "-v", says, "-nostats", "-y")
    quiet = output.global_args(*spoken)
    if progress:
        quiet = quiet.global_args("-progress", "pipe:1", "-stats_period", "0.5")
    command: list[str] = ffmpeg.compile(quiet)
    return command


class Progress:
    """Reads what ffmpeg says with -progress; `percent` may be asked from another thread."""

    def __init__(self, duration_ms: int) -> None:
        self.duration_ms = duration_ms
        self.done_ms = 0
        self.speed = 0.0  # times real time
        self.frames = 0

    def read(self, line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.strip().isdigit():
            self.done_ms = int(value) // 1000
        elif name == "frame" and value.strip().isdigit():
            self.frames = int(value)
        elif name == "speed":
            with contextlib.suppress(ValueError):
                self.speed = float(value.strip().removesuffix("x"))

    @property
    def left_seconds(self) -> int:
        """How long it will still take at this speed; 0 while that is not known."""
        if self.speed <= 0:
            return 0
        return max(1, round((self.duration_ms - self.done_ms) / 1000 / self.speed))

    @property
    def percent(self) -> int:
        return min(100, self.done_ms * 100 // max(1, self.duration_ms))
