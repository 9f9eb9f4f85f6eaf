"""The drawings beside the words: small functions of how much is drawn, and of a moving phase.

A drawing stands in a square of 100 × 100 units, origin at the top left. `p` runs once from 0 to 1
while the drawing appears; `phase` runs from 0 to 1 again and again, and must meet itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

from scripts.slides.fonts import font

Colour = tuple[int, int, int]
Point = tuple[float, float]
DARK: Colour = (0x21, 0x1D, 0x1A)
WHITE: Colour = (255, 255, 255)
GOOD: Colour = (0x17, 0x69, 0x3C)
AMBER: Colour = (0xE0, 0x8A, 0x1E)
GREY: Colour = (0xC9, 0xC2, 0xBA)


def hexed(text: str) -> Colour:
    """#a61b24 → (166, 27, 36)."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of b in a."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def ease(x: float) -> float:
    """0…1 to 0…1, fast first and gentle at the end; anything outside is clamped."""
    x = min(1.0, max(0.0, x))
    return 1 - (1 - x) ** 3


def part(p: float, start: float, end: float) -> float:
    """How far a step that lasts from `start` to `end` of the whole has come, eased."""
    return ease((p - start) / (end - start))


def wave(phase: float, shift: float = 0.0) -> float:
    """-1…1 and back, once in a phase."""
    return math.sin(2 * math.pi * (phase + shift))


@dataclass
class Pen:
    """Draws in units of a hundredth of the picture; `main` is the accent, `paper` what it is on."""

    image: Image.Image
    main: Colour
    paper: Colour
    label: str = ""

    def __post_init__(self) -> None:
        self.unit = self.image.width / 100
        self.draw = ImageDraw.Draw(self.image)

    @property
    def soft(self) -> Colour:
        return mix(self.paper, self.main, 0.22)

    def at(self, *values: float) -> list[float]:
        return [value * self.unit for value in values]

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        if r > 0:
            self.draw.ellipse(self.at(x - r, y - r, x + r, y + r), fill=fill)

    def ring(
        self, x: float, y: float, r: float, width: float, fill: Colour, start: float, end: float
    ) -> None:
        """An arc of a circle, from `start` to `end` in turns, clockwise from the top."""
        if end <= start:
            return
        box = self.at(x - r - width / 2, y - r - width / 2, x + r + width / 2, y + r + width / 2)
        thick = round(width * self.unit)
        self.draw.arc(box, start * 360 - 90, end * 360 - 90, fill, thick)
        if end - start < 1:
            for turn in (start, end):
                angle = turn * 2 * math.pi - math.pi / 2
                self.disc(x + r * math.cos(angle), y + r * math.sin(angle), width / 2, fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, r: float, fill: Colour) -> None:
        if x1 - x0 > 0.5 and y1 - y0 > 0.5:
            radius = min(r, (x1 - x0) / 2, (y1 - y0) / 2) * self.unit
            self.draw.rounded_rectangle(self.at(x0, y0, x1, y1), radius, fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        self.draw.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour, upto: float = 1.0) -> Point:
        """A line with round ends through `points`, drawn up to a share of its length; its tip."""
        lengths = [math.dist(a, b) for a, b in pairwise(points)]
        left = sum(lengths) * min(1.0, max(0.0, upto))
        tip = points[0]
        if left <= 0:
            return tip
        for (a, b), length in zip(pairwise(points), lengths, strict=True):
            share = min(1.0, left / length) if length else 1.0
            tip = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
            self.draw.line(self.at(*a, *tip), fill, round(width * self.unit))
            self.disc(*a, width / 2, fill)
            self.disc(*tip, width / 2, fill)
            left -= length
            if left <= 0:
                break
        return tip

    def tick(self, x: float, y: float, size: float, fill: Colour, upto: float = 1.0) -> None:
        points = [(x - size, y), (x - size * 0.25, y + size * 0.75), (x + size, y - size * 0.75)]
        self.line(points, size * 0.45, fill, upto)

    def words(
        self, x: float, y: float, text: str, size: float, fill: Colour, anchor: str = "mm"
    ) -> None:
        self.draw.text(
            self.at(x, y), text, fill, font(round(size * self.unit), bold=True), anchor=anchor
        )


def turned(points: Sequence[Point], about: Point, degrees: float) -> list[Point]:
    """Points turned clockwise about one of them."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        (
            about[0] + (x - about[0]) * cos - (y - about[1]) * sin,
            about[1] + (x - about[0]) * sin + (y - about[1]) * cos,
        )
        for x, y in points
    ]


def player(pen: Pen, p: float, phase: float) -> None:
    """A lesson that plays, with captions and a moving progress line."""
    rise = 6 * (1 - part(p, 0, 0.5))
    pen.box(14, 22 + rise, 86, 78 + rise, 5, pen.main)
    pen.box(17, 25 + rise, 83, 66 + rise, 3, mix(pen.main, WHITE, 0.9))
    size = 9 * part(p, 0.2, 0.7)
    pen.disc(50, 42 + rise, size * 1.5, pen.main)
    pen.shape(
        [
            (50 - size * 0.5, 42 + rise - size * 0.75),
            (50 - size * 0.5, 42 + rise + size * 0.75),
            (50 + size * 0.85, 42 + rise),
        ],
        WHITE,
    )
    long = part(p, 0.4, 0.8)
    pen.box(32, 58.5 + rise, 32 + 36 * long, 61 + rise, 1.2, mix(pen.main, WHITE, 0.55))
    pen.box(20, 71 + rise, 80, 73 + rise, 1, mix(pen.main, WHITE, 0.35))
    at = 20 + 60 * (0.15 + 0.7 * (phase if p >= 1 else 0.0))
    pen.box(20, 71 + rise, at, 73 + rise, 1, WHITE)
    pen.disc(at, 72 + rise, 2.2, WHITE)


def search(pen: Pen, p: float, phase: float) -> None:
    """A magnifier that passes over a page and finds a line."""
    pen.box(20, 14, 72, 86, 4, WHITE)
    for number, length in enumerate((40, 34, 42, 28, 38, 30)):
        y = 24 + number * 10
        found = number == 3 and p >= 1
        fill = pen.main if found else GREY
        pen.box(
            26, y - 1.6, 26 + length * part(p, number * 0.1, number * 0.1 + 0.4), y + 1.6, 1.6, fill
        )
    x, y = 60 + 8 * wave(phase), 56 + 5 * wave(phase, 0.25)
    r = 15 * part(p, 0.3, 0.9)
    if r > 2:
        pen.line([(x + r * 0.75, y + r * 0.75), (x + r * 1.7, y + r * 1.7)], 5, DARK)
        pen.ring(x, y, r, 3.4, DARK, 0, 1)


def ring(pen: Pen, p: float, phase: float) -> None:
    """Seen parts of a lesson become ninety per cent."""
    share = 0.9 * part(p, 0.1, 1)
    pen.ring(50, 50, 32, 9, pen.soft, 0, 1)
    pen.ring(50, 50, 32, 9, pen.main, 0, share)
    if p >= 1:
        angle = (0.9 * phase) * 2 * math.pi - math.pi / 2
        pen.disc(50 + 32 * math.cos(angle), 50 + 32 * math.sin(angle), 2.4, WHITE)
    pen.words(50, 50, f"{round(share * 100)}%", 19, pen.main)


def checklist(pen: Pen, p: float, phase: float) -> None:
    """A paper whose rows are ticked one after the other."""
    pen.box(20, 16, 80, 88, 5, WHITE)
    pen.box(38, 11, 62, 21, 3, pen.main)
    for number in range(4):
        y = 34 + number * 14
        start = number * 0.2
        pen.box(28, y - 4.5, 37, y + 4.5, 2, pen.soft)
        pen.box(
            42,
            y - 1.7,
            42 + (30 - number % 2 * 8) * part(p, start, start + 0.3),
            y + 1.7,
            1.7,
            GREY,
        )
        if number != 2:
            pen.tick(32.5, y, 4.4, GOOD, part(p, start + 0.15, start + 0.4))
    if p >= 1:
        pen.box(29.6, 59.1, 35.4, 64.9, 1.4, mix(pen.soft, pen.main, 0.5 + 0.5 * wave(phase)))


def bars(pen: Pen, p: float, phase: float) -> None:
    """Bars that grow, and a star above the tallest."""
    pen.line([(14, 82), (86, 82)], 1.6, GREY)
    for number, height in enumerate((26, 38, 52, 32)):
        x = 20 + number * 16
        grown = height * part(p, number * 0.12, number * 0.12 + 0.5)
        if p >= 1:
            grown += 1.2 * wave(phase, number * 0.25)
        pen.box(
            x,
            81 - grown,
            x + 11,
            81,
            2.5,
            pen.main if number == 2 else mix(pen.soft, pen.main, 0.3),
        )
    size = 8 * part(p, 0.6, 1)
    if size > 1:
        middle = (57.5, 17 + 1.2 * wave(phase))
        points = [
            (middle[0], middle[1] - size * (1 if corner % 2 == 0 else 0.45)) for corner in range(10)
        ]
        pen.shape([turned([q], middle, 36 * i)[0] for i, q in enumerate(points)], AMBER)


def path(pen: Pen, p: float, phase: float) -> None:
    """Three steps on one way, each ticked."""
    way = [(50, 16), (50, 84)]
    pen.line(way, 2, pen.soft)
    pen.line(way, 2, pen.main, part(p, 0, 0.8))
    for number in range(3):
        y = 18 + number * 32
        grown = part(p, number * 0.28, number * 0.28 + 0.3)
        pulse = 0.7 * max(0.0, wave(phase, -number / 3)) if p >= 1 else 0
        pen.disc(50, y, (12 + pulse) * grown, pen.main)
        pen.tick(50, y, 5.5 * grown, pen.paper, part(p, number * 0.28 + 0.15, number * 0.28 + 0.4))


def _envelope(pen: Pen, x: float, y: float, size: float, turn: float, fill: Colour) -> None:
    middle = (x, y)

    def at(*points: Point) -> list[Point]:
        return turned([(x + a * size, y + b * size) for a, b in points], middle, turn)

    pen.shape(at((-1, -0.68), (1, -0.68), (1, 0.68), (-1, 0.68)), fill)
    edge = mix(fill, DARK, 0.35)
    pen.line(at((-0.97, -0.64), (0, 0.12), (0.97, -0.64)), size * 0.09, edge)
    pen.line(at((-0.97, 0.64), (-0.28, 0.0)), size * 0.06, edge)
    pen.line(at((0.97, 0.64), (0.28, 0.0)), size * 0.06, edge)


def hook(pen: Pen, p: float, phase: float) -> None:
    """A message on a fish hook, swinging."""
    down = part(p, 0, 0.8)
    swing = 5 * wave(phase) * down
    top = (50.0, 0.0)
    drop = 46 * down
    line = turned([(50, 0), (50, drop - 12)], top, swing)
    pen.line(line, 1, pen.main)
    bend = [(50 + 9 * math.cos(a) - 9, drop + 9 * math.sin(a)) for a in _steps(0, math.pi * 1.05)]
    hooked = turned([(50, drop - 12), (50, drop), *bend], top, swing)
    _envelope(pen, *turned([(41, drop + 17)], top, swing)[0], 22, swing - 5, WHITE)
    pen.line(hooked, 3, pen.main)
    pen.shape(turned([(28.5, drop + 4), (35.5, drop + 4), (31, drop - 5)], top, swing), pen.main)


def _steps(start: float, end: float, count: int = 16) -> list[float]:
    return [start + (end - start) * i / count for i in range(count + 1)]


def mail(pen: Pen, p: float, phase: float) -> None:
    """A letter that wants attention too loudly."""
    size = 34 * part(p, 0, 0.6)
    if size > 2:
        _envelope(pen, 50, 56, size, 1.5 * wave(phase), WHITE)
    r = 13 * part(p, 0.5, 0.9) + (0.8 * wave(phase, 0.2) if p >= 1 else 0)
    pen.disc(78, 32, r, pen.main)
    if r > 8:
        pen.line([(78, 25.5), (78, 33)], 3.2, WHITE)
        pen.disc(78, 38.5, 1.9, WHITE)


def pause(pen: Pen, p: float, phase: float) -> None:
    """Three seconds to think: a pause sign, and a ring that runs round it."""
    pen.ring(50, 50, 34, 4, pen.soft, 0, 1)
    if p < 1:
        pen.ring(50, 50, 34, 4, pen.main, 0, part(p, 0, 1))
    else:
        pen.ring(50, 50, 34, 4, pen.main, phase, phase + 0.75)
    size = part(p, 0.2, 0.8)
    pen.disc(50, 50, 26 * size, pen.main)
    for x in (40.5, 53.5):
        pen.box(x, 50 - 12 * size, x + 6 * size, 50 + 12 * size, 2, WHITE)


def address(pen: Pen, p: float, phase: float) -> None:
    """A web address, and the one part of it that counts."""
    pen.box(6, 20, 94, 80, 4, WHITE)
    for number, fill in enumerate((pen.main, AMBER, GREY)):
        pen.disc(13 + number * 6, 27, 1.9, fill)
    pen.box(11, 34, 89, 48, 3, mix(WHITE, GREY, 0.35))
    size, letters = 4.5, font(round(4.5 * pen.unit), bold=True)
    lie, truth, rest = "mybank.com.", "log-in.example", "/pay"
    wide = [letters.getlength(text) / pen.unit for text in (lie, truth, rest)]
    x = 50 - sum(wide) / 2
    shown = part(p, 0.5, 0.9)
    if shown > 0:
        glow = 0.2 + (0.08 * wave(phase) if p >= 1 else 0)
        pen.box(
            x + wide[0] - 0.8,
            36.2,
            x + wide[0] - 0.8 + (wide[1] + 1.6) * shown,
            45.8,
            2,
            mix(WHITE, pen.main, glow),
        )
    pen.words(x, 41, lie, size, mix(DARK, WHITE, 0.45), "lm")
    pen.words(
        x + wide[0], 41, truth, size, pen.main if shown > 0.5 else mix(DARK, WHITE, 0.45), "lm"
    )
    pen.words(x + wide[0] + wide[1], 41, rest, size, mix(DARK, WHITE, 0.45), "lm")
    middle = x + wide[0] + wide[1] / 2
    pen.line([(middle, 60 + wave(phase)), (middle, 51 + wave(phase))], 2, pen.main, part(p, 0.7, 1))
    if p > 0.85:
        tip = 51 + wave(phase)
        pen.line([(middle - 4, tip + 4.5), (middle, tip), (middle + 4, tip + 4.5)], 2, pen.main)
    for number, length in enumerate((64, 46)):
        y = 67 + number * 6
        pen.box(18, y - 1.2, 18 + length * part(p, 0.1, 0.5), y + 1.2, 1.2, mix(WHITE, GREY, 0.6))


def phone(pen: Pen, p: float, phase: float) -> None:
    """A telephone that rings; shows a number when one is given."""
    shake = 2.5 * wave(phase * 4) * (1 if p >= 1 and phase < 0.5 else 0)
    rise = 10 * (1 - part(p, 0, 0.5))
    body = [(33, 14 + rise), (67, 14 + rise), (67, 86 + rise), (33, 86 + rise)]
    middle = (50.0, 50 + rise)
    outline = turned(body, middle, shake)
    pen.shape(outline, DARK)
    for corner, after in zip(outline, [*outline[1:], outline[0]], strict=True):
        pen.line([corner, after], 6, DARK)
    pen.shape(
        turned([(32, 18 + rise), (68, 18 + rise), (68, 78 + rise), (32, 78 + rise)], middle, shake),
        WHITE,
    )
    x, y = turned([(50, 84 + rise)], middle, shake)[0]
    pen.disc(x, y, 2, WHITE)
    x, y = turned([(50, 34 + rise)], middle, shake)[0]
    if pen.label:
        pen.words(x, y, pen.label, 16, pen.main)
    else:
        pen.disc(x, y - 4, 6, pen.soft)
        pen.box(x - 10, y + 4, x + 10, y + 12, 5, pen.soft)
    x, y = turned([(50, 63 + rise)], middle, shake)[0]
    r = 9 * part(p, 0.4, 0.8)
    pen.disc(x, y, r, GOOD)
    if r > 6:
        pen.line(
            [(x - 3.6, y - 2.6), (x - 2.2, y + 1.2), (x + 1.4, y + 3.6), (x + 3.8, y + 2.8)],
            2.2,
            WHITE,
        )
    if p >= 1 and phase < 0.5:
        for side in (-1, 1):
            for number in range(2):
                far = 24 + number * 7
                arc = [
                    (50 + side * far * math.cos(a), 50 + far * math.sin(a))
                    for a in _steps(-0.5, 0.5)
                ]
                pen.line(arc, 1.8, pen.main if number / 2 <= phase * 3 else pen.soft)


def shield(pen: Pen, p: float, phase: float) -> None:
    """A shield, drawn and ticked."""

    def outline(size: float) -> list[Point]:
        right = [
            (0.0, -1.0),
            (0.42, -0.82),
            (0.82, -0.74),
            (0.82, -0.1),
            (0.66, 0.42),
            (0.36, 0.78),
        ]
        left = [(-x, y) for x, y in reversed(right[1:])]
        return [(50 + x * size, 52 + y * size) for x, y in [*right, (0.0, 1.0), *left]]

    size = 40 + (0.8 * wave(phase) if p >= 1 else 0)
    if p > 0.35:
        pen.shape(outline(size), mix(pen.paper, pen.main, part(p, 0.35, 0.8)))
    points = outline(size)
    pen.line([*points, points[0]], 3, pen.main, part(p, 0, 0.6))
    pen.tick(50, 52, 15, WHITE, part(p, 0.6, 1))


def _flame(x: float, y: float, size: float, phase: float) -> list[Point]:
    """A drop with its point up, leaning to and fro."""
    points = []
    for angle in _steps(0, 2 * math.pi, 40):
        up = math.cos(angle)
        wide = 0.62 * math.sin(angle) * ((1 - up) ** 0.9 if up > 0 else 1)
        lean = 0.22 * wave(phase) * max(0.0, up)
        points.append((x + (wide + lean) * size, y - up * size * (1.25 if up > 0 else 0.8)))
    return points


def flame(pen: Pen, p: float, phase: float) -> None:
    """A fire that is still small."""
    grown = part(p, 0, 0.8)
    lively = wave(phase * 2, 0.3)
    for size, fill, shift in (
        (31, mix(pen.main, WHITE, 0.0), 0.0),
        (22, AMBER, 0.3),
        (12.5, (0xFF, 0xD9, 0x66), 0.6),
    ):
        tall = size * grown * (1 + 0.05 * lively)
        if tall > 1:
            pen.shape(_flame(50, 82 - tall * 0.8, tall, (phase + shift) % 1), fill)
    pen.line([(24, 86), (76, 86)], 4, DARK)


def bell(pen: Pen, p: float, phase: float) -> None:
    """An alarm that swings and sounds."""
    swing = 12 * wave(phase * 2) if p >= 1 else 0.0
    top = (50.0, 16.0)
    grown = part(p, 0, 0.6)
    side = [
        (9 + 15 * (1 - math.cos(a * math.pi / 2)) * 0.9 + 5 * a, 22 + 42 * a) for a in _steps(0, 1)
    ]
    left = [(50 - x * grown, y) for x, y in side]
    right = [(50 + x * grown, y) for x, y in reversed(side)]
    dome = [(50 + 9 * grown * math.cos(a), 22 - 8 * math.sin(a)) for a in _steps(0, math.pi)]
    clapper = turned([(50, 70)], top, swing * 1.5)[0]
    pen.disc(*clapper, 6 * grown, DARK)
    pen.shape(turned([*left, *right, *dome], top, swing), pen.main)
    pen.line(turned([(50 - 30 * grown, 65), (50 + 30 * grown, 65)], top, swing), 5, pen.main)
    if p >= 1:
        for side_of in (-1, 1):
            for number in range(3):
                far = 30 + number * 6
                on = (phase * 3) % 1 * 3 > number
                arc = [
                    (50 + side_of * far * math.cos(a), 40 + far * math.sin(a))
                    for a in _steps(-0.35, 0.35)
                ]
                pen.line(arc, 1.8, pen.main if on else pen.soft)


def extinguisher(pen: Pen, p: float, phase: float) -> None:
    """An extinguisher that sweeps the base of a small fire."""
    grown = part(p, 0, 0.5)
    pen.box(10, 86 - 52 * grown, 34, 86, 8, pen.main)
    pen.box(14, 60, 30, 72, 1.5, mix(pen.main, WHITE, 0.85 * grown))
    pen.box(18, 28, 26, 36, 1, DARK)
    pen.line([(14, 29), (32, 24)], 3, DARK, grown)
    pen.line([(16, 24), (30, 20)], 3, DARK, grown)
    hose = [(26 + 22 * a, 31 + 20 * math.sin(a * math.pi * 0.6)) for a in _steps(0, 1)]
    nozzle = pen.line(hose, 3, DARK, part(p, 0.3, 0.7))
    size = 15 * part(p, 0.2, 0.6) * (1 + 0.06 * wave(phase * 2))
    if size > 1:
        pen.shape(_flame(80, 84 - size * 0.8, size, phase), AMBER)
        pen.shape(_flame(80, 85 - size * 0.4, size * 0.5, phase), (0xFF, 0xD9, 0x66))
    if p >= 1:
        aim = 5 * wave(phase)
        for number in range(14):
            a = ((number / 14) + phase * 2) % 1
            x = nozzle[0] + (74 + aim - nozzle[0]) * a
            y = nozzle[1] + (82 - nozzle[1]) * a
            spread = 7 * a * math.sin(number * 2.4)
            pen.disc(x, y + spread, 1.2 + 2.2 * a, mix(WHITE, GREY, 0.25 + 0.3 * (number % 3) / 2))


def exit_(pen: Pen, p: float, phase: float) -> None:
    """A person on the way out through a door, arrows ahead."""
    shown = part(p, 0, 0.5)
    pen.box(58, 16, 90, 86, 2, GOOD)
    pen.box(62, 20, 62 + 24 * shown, 86, 1, mix(GOOD, WHITE, 0.85))
    x = 20 + 20 * part(p, 0.2, 1)
    stride = wave(phase * 2)
    if p < 1:
        stride = wave(p * 2)
    y = 48 + 1.0 * abs(stride)
    pen.disc(x + 5, y - 20, 6, DARK)
    hip, neck = (x - 2, y + 8), (x + 3, y - 10)
    pen.line([neck, hip], 7, DARK)
    for way in (1, -1):
        swing = stride * way
        knee = (hip[0] + 8 * swing + 3, hip[1] + 13)
        foot = (knee[0] + 6 * swing - 5, knee[1] + 14 - 3 * max(0.0, -swing))
        pen.line([hip, knee, foot], 5, DARK)
        elbow = (neck[0] - 8 * swing, neck[1] + 10)
        pen.line([neck, elbow, (elbow[0] + 7, elbow[1] - 3 * swing)], 4, DARK)
    if p >= 1:
        for number in range(3):
            at = 66 + number * 6
            on = int(phase * 6) % 3 == number
            fill = GOOD if on else mix(GOOD, WHITE, 0.6)
            pen.line([(at, 46), (at + 4, 50), (at, 54)], 2, fill)
    pen.line([(8, 86), (94, 86)], 2, GREY)


def door(pen: Pen, p: float, phase: float) -> None:
    """A door kept shut, smoke outside, the gap blocked."""
    pen.box(30, 14, 72, 84, 2, mix(pen.main, DARK, 0.45))
    pen.box(34, 18, 68, 84, 1, mix(pen.main, WHITE, 0.35))
    pen.disc(62, 52, 2.6, DARK)
    if p >= 0.4:
        for number in range(4):
            a = (phase + number / 4) % 1
            x = 25 - 3 * wave(a, number * 0.3) - 3 * number % 5
            size = (3 + 4 * a) * part(p, 0.4, 0.9)
            pen.disc(x - 4, 80 - 46 * a, size, mix(pen.paper, DARK, 0.32 * (1 - a)))
    blocked = part(p, 0.5, 1)
    for number in range(6):
        if blocked > number / 6:
            lift = 0.4 * wave(phase, number / 6)
            pen.disc(
                33 + number * 7.2,
                84 - 1.5 - lift,
                4.6,
                pen.main if number % 2 else mix(pen.main, DARK, 0.25),
            )
    pen.line([(10, 89), (90, 89)], 2, GREY)
    pen.tick(84, 30, 6, GOOD, part(p, 0.8, 1))


def people(pen: Pen, p: float, phase: float) -> None:
    """Everybody at the assembly point, counted one by one."""
    for number in range(5):
        x, y = ((30, 38), (50, 38), (70, 38), (40, 66), (60, 66))[number]
        grown = part(p, number * 0.12, number * 0.12 + 0.35)
        hop = 1.4 * max(0.0, wave(phase, -number / 5)) if p >= 1 else 0
        pen.disc(x, y - 9 - hop, 5.4 * grown, pen.main)
        pen.box(x - 8 * grown, y - 2 - hop, x + 8 * grown, y + 12 * grown - hop, 6, pen.main)
        pen.tick(
            x, y + 4 - hop, 3.6 * grown, pen.paper, part(p, 0.4 + number * 0.1, 0.6 + number * 0.1)
        )
    pen.line([(20, 86), (80, 86)], 2, mix(pen.paper, pen.main, 0.4))


ART: dict[str, Callable[[Pen, float, float], None]] = {
    function.__name__.rstrip("_"): function
    for function in (
        *(player, search, ring, checklist, bars, path, hook, mail, pause, address, phone, shield),
        *(flame, bell, extinguisher, exit_, door, people),
    )
}
