"""Single pictures of files that we wrote ourselves: for posters and for the seek bar."""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from app.core.bwrap import Cell
from app.core.child import Leash, run
from app.media.ffmpeg.command import SAFE, address, argv
from app.media.rules import TILE_WIDTH, TILES_ACROSS, TILES_DOWN, UNEXPECTED, TranscodeFailed

FRAME_LEASH = Leash(wall=60, cpu=60, file_size=64 * 1024**2, offline=True)


def frames(source: Path, folder: Path, *, only_keyframes: bool) -> list[Path]:
    """Frames of a short file of ours as JPEG: its keyframes, or two a second. At most twelve.

    Frames that no other needs are not decoded, where there are some: in a copied picture.
    """
    more = {"skip_frame": "nokey" if only_keyframes else "noref"}
    picture = ffmpeg.input(address(source), **SAFE, **more)["v:0"]
    if not only_keyframes:
        picture = picture.filter("fps", 2, start_time=0)
    pattern = folder / "frame-%02d.jpg"
    output = ffmpeg.output(
        picture, address(pattern), **{"frames:v": 12, "fps_mode": "passthrough", "q:v": 2}
    )
    outcome = run(argv(output), FRAME_LEASH, cell=Cell((source,), (folder,)))
    if not outcome.good:
        raise TranscodeFailed(UNEXPECTED, outcome.tail)
    return sorted(folder.glob("frame-*.jpg"))


def sheets(source: Path, folder: Path, *, step: int, height: int) -> list[Path]:
    """Every `step`-th keyframe of a file of ours, small, in sheets of rows and columns, as JPEG."""
    picture = (
        ffmpeg.input(address(source), **SAFE, skip_frame="nokey")["v:0"]
        .filter("select", f"not(mod(n,{step}))")
        .filter("scale", TILE_WIDTH, height)
        .filter("tile", f"{TILES_ACROSS}x{TILES_DOWN}")
    )
    pattern = folder / "sheet-%02d.jpg"
    output = ffmpeg.output(picture, address(pattern), **{"fps_mode": "passthrough", "q:v": 3})
    outcome = run(argv(output), FRAME_LEASH, cell=Cell((source,), (folder,)))
    if not outcome.good:
        raise TranscodeFailed(UNEXPECTED, outcome.tail)
    return sorted(folder.glob("sheet-*.jpg"))


def frame_at(source: Path, folder: Path, second: float) -> Path:
    """The frame that is shown at a moment of a short file of ours, or its last one, as JPEG."""
    target = folder / "frame-at.jpg"
    for begin in ({"ss": f"{second:.3f}"}, {"sseof": "-0.5"}, {}):
        picture = ffmpeg.input(address(source), **SAFE, **begin)["v:0"]
        output = ffmpeg.output(picture, address(target), update=1, **{"frames:v": 1, "q:v": 2})
        outcome = run(argv(output), FRAME_LEASH, cell=Cell((source,), (folder,)))
        if outcome.good and target.is_file():
            return target
    raise TranscodeFailed(UNEXPECTED, outcome.tail)
