"""ffmpeg and ffprobe: what they are asked, under which limits, and what their answers mean."""

from app.media.ffmpeg.command import Progress
from app.media.ffmpeg.encoding import (
    Passing,
    encode,
    encode_argv,
    output_rate,
    sound_alone,
)
from app.media.ffmpeg.framing import frame_at, frames, sheets
from app.media.ffmpeg.having import Programs, programs
from app.media.ffmpeg.listening import Packets, glance, listen, packets, scenes, speech
from app.media.ffmpeg.looking import facts_of, probe

__all__ = [
    "Packets",
    "Passing",
    "Programs",
    "Progress",
    "encode",
    "encode_argv",
    "facts_of",
    "frame_at",
    "frames",
    "glance",
    "listen",
    "output_rate",
    "packets",
    "probe",
    "programs",
    "scenes",
    "sheets",
    "sound_alone",
    "speech",
]
