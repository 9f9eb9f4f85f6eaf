"""ffmpeg and ffprobe: what they are asked, under which limits, and what their answers mean."""

from app.media.ffmpeg.command import Progress
from app.media.ffmpeg.encoding import Encoded, Passing, encode, encode_argv, frames, output_rate
from app.media.ffmpeg.looking import facts_of, probe

__all__ = [
    "Encoded",
    "Passing",
    "Progress",
    "encode",
    "encode_argv",
    "facts_of",
    "frames",
    "output_rate",
    "probe",
]
