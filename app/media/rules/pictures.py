"""Pictures: in which sizes they are kept, and which frame of a video stands for it."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

PICTURE_WIDTHS = (480, 1280)
MOST_PICTURE_PIXELS = 40_000_000
LONGEST_PICTURE_SIDE = 10_000
MOST_POSTER_FRAMES = 8
MOST_SCENES_SHOWN = 12  # to choose a picture from


class OutsideTheVideo(Refusal):
    sentence = _l("The video ends at %(end)s. Choose a moment before that.")


def picture_widths(width: int) -> list[int]:
    """The widths that a picture is kept in, smallest first; never enlarged."""
    return sorted({min(width, wanted) for wanted in PICTURE_WIDTHS})


def poster_name(width: int, at_ms: int | None = None) -> str:
    """The file of a poster; the name tells the moment that somebody chose, so it never changes."""
    return f"poster-{width}.webp" if at_ms is None else f"poster-{at_ms}-{width}.webp"


def poster_segments(segments: Sequence[tuple[float, float]]) -> list[int]:
    """Numbers of the segments, given as (start, length) in seconds, to look for a poster in.

    Those that begin between 10 and 30 per cent of the whole, at most eight, evenly chosen; of a
    short recording all.
    """
    if len(segments) <= 2:
        return list(range(len(segments)))
    whole = segments[-1][0] + segments[-1][1]
    inside = [n for n, (start, _) in enumerate(segments) if 0.1 * whole <= start <= 0.3 * whole]
    inside = inside or [min(1, len(segments) - 1)]
    step = max(1, -(-len(inside) // MOST_POSTER_FRAMES))
    return inside[::step]


def sharpest(scores: Sequence[float]) -> int:
    """The number of the sharpest frame; of equals, the first."""
    return max(range(len(scores)), key=lambda n: (scores[n], -n))


def evenly(number: int, most: int) -> list[int]:
    """At most `most` of the numbers below `number`, from the first to the last."""
    if number <= most:
        return list(range(number))
    return [round(n * (number - 1) / (most - 1)) for n in range(most)]
