"""What the ffmpeg of this machine can do: its version, and what we need that it may lack."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.child import Leash, MissingProgram, run

ASK_LEASH = Leash(wall=20, cpu=10, file_size=1024, offline=True)
NEEDED = {
    "encoders": ("libx264", "aac"),
    "filters": ("zscale", "tonemap", "ebur128", "yadif", "mpdecimate"),
}


@dataclass(frozen=True)
class Programs:
    """Versions by program, "" for one that is missing; what ffmpeg was built without."""

    versions: dict[str, str]
    lacking: tuple[str, ...]

    @property
    def good(self) -> bool:
        return all(self.versions.values()) and not self.lacking


def programs() -> Programs:
    """Ask ffmpeg and ffprobe; takes about a second."""
    versions = {name: _version(name) for name in ("ffmpeg", "ffprobe")}
    lacking: list[str] = []
    if versions["ffmpeg"]:
        for kind, names in NEEDED.items():
            words = {word for line in _said("ffmpeg", f"-{kind}") for word in line.split()[1:2]}
            lacking += [name for name in names if name not in words]
    return Programs(versions, tuple(lacking))


def _version(program: str) -> str:
    lines = _said(program, "-version")
    return lines[0].split()[2] if lines and len(lines[0].split()) > 2 else ""


def _said(program: str, *ask: str) -> list[str]:
    lines: list[str] = []
    try:
        run([program, "-hide_banner", *ask], ASK_LEASH, on_line=lines.append)
    except MissingProgram:
        return []
    return lines
