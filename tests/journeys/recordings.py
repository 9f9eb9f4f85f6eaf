"""A real recording for the stories: the shared sample when present, else one that ffmpeg makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import SAMPLES

SAMPLE = SAMPLES / "video" / "camera-street.mp4"


def street(folder: Path) -> Path:
    """A video with sound of 12 to 30 seconds."""
    if SAMPLE.exists():
        return SAMPLE
    path = folder / "street.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=768x432:r=12:d=12"),
            *("-f", "lavfi", "-i", "sine=440:d=12", "-c:v", "libx264", "-preset", "ultrafast"),
            *("-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(path)),
        ],
        check=True,
        timeout=120,
    )
    return path
