"""What both kinds of paper are written from, and how text and formulas stand in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FONT = Path(__file__).parent.parent.parent / "static" / "vendor" / "noto-sans-sc.ttf"
SIZES = {"title": 18, "section": 14, "question": 11, "option": 11, "note": 9, "row": 11}  # pt
INDENT = 8.0  # mm, of options


@dataclass(frozen=True)
class Block:
    """One piece of a paper: title, section, question, option, note, row, table, picture, empty
    lines; a grid is a table without a head."""

    kind: str
    text: str = ""
    lines: int = 0  # of room to write in, below it
    picture: bytes = b""  # as the media folder has it
    table: Sequence[Sequence[str]] = ()  # rows of cells, the first is the head

    @property
    def size(self) -> int:
        return SIZES.get(self.kind, 11)


def on_paper(width: int, height: int) -> tuple[float, float]:
    """Size in mm of a picture of so many dots: 150 an inch, at most 120 × 90 mm."""
    shrunk = min(25.4 / 150, 120 / width, 90 / height)
    return width * shrunk, height * shrunk


def columns(needed: Sequence[float], width: float) -> list[float]:
    """How wide columns are: equally, unless some need more and others less; in all `width`."""
    found, room = [0.0] * len(needed), width
    open_ = list(range(len(needed)))
    if max(needed) <= width / len(needed):
        return [width / len(needed)] * len(needed)
    while small := [at for at in open_ if needed[at] <= room / len(open_)]:
        for at in small:
            found[at] = needed[at]
        room -= sum(needed[at] for at in small)
        open_ = [at for at in open_ if at not in small]
        if not open_:
            return [each * width / sum(found) for each in found]
    for at in open_:
        found[at] = room / len(open_)
    return found


def png(data: bytes) -> tuple[io.BytesIO, tuple[float, float]]:
    """A picture as Word reads it, and its size on paper in mm."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    out = io.BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return out, on_paper(picture.width, picture.height)
