"""Pictures of a deck, frame by frame: layout, lines that come with the voice, moving drawings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from PIL import Image, ImageDraw

from scripts.slides.art import ART, DARK, WHITE, Colour, Pen, ease, hexed, mix
from scripts.slides.deck import BadDeck, Deck, Slide, Times
from scripts.slides.fonts import font

WIDTH, HEIGHT, FPS = 1280, 720, 12
CANVAS: Colour = (0xF7, 0xF5, 0xF2)
SECOND: Colour = (0x5D, 0x55, 0x4E)
LEFT, TEXT_LEFT, TEXT_WIDTH = 76, 142, 628
SIZES, ROW = {"zh_Hans": 42, "en": 38}, 54  # of the lines, in pixels: legible on a phone
TOP, BOTTOM = 222, 612  # of the lines; captions of a player cover what is below
PANEL = (806, 150, 414)  # x, y, side of the square that holds the drawing
TRANSITION = 7  # frames of a slide's entry
ENTRY = 5  # frames of a line's entry
ART_WAIT, ART_DRAW, ART_LOOP = 4, 14, 24  # frames before, while drawing, of one round
# What may not begin a line in Chinese.
_CLINGS = "。，、；：？！”’）》%"


class Scene:
    """One slide, ready to be shown at any of its frames."""

    def __init__(self, deck: Deck, number: int, beats: tuple[tuple[int, int], ...]) -> None:
        self.deck = deck
        self.slide: Slide = deck.slides[number]
        self.number = number
        self.accent = hexed(deck.accent)
        self.dark = self.slide.kind != "points"
        self.paper = mix(WHITE, self.accent, 0.1)
        self.lines = self._lines(beats)
        self._settled: dict[int, Image.Image] = {}
        self._drawings: dict[int, Image.Image] = {}
        if self.slide.art not in ART:
            raise BadDeck(
                f"{deck.path}: there is no drawing “{self.slide.art}”; there are {', '.join(ART)}"
            )

    def picture(self, ms: int, frame: int) -> Image.Image:
        """The slide at `ms` of the narration, which is its own `frame`-th frame."""
        arrived = [
            (layer, x, y, (ms - at) * FPS / 1000) for layer, x, y, at in self.lines if ms >= at
        ]
        full = sum(1 for *_, age in arrived if age >= ENTRY)
        picture = self._with(full).copy()
        for layer, x, y, age in arrived[full:]:
            share = ease(age / ENTRY)
            veil = layer.getchannel("A").point(lambda value, s=share: round(value * s))
            picture.paste(layer, (x + round(26 * (1 - share)), y), veil)
        x, y, side = PANEL
        inset = round(side * (0.15 if self.dark else 0.05))
        picture.paste(self._drawing(frame, side - 2 * inset), (x + inset, y + inset))
        return picture

    def is_busy(self, ms: int) -> bool:
        """Whether a line is just coming in."""
        return any(0 <= ms - at <= (ENTRY + 1) * 1000 / FPS for *_, at in self.lines)

    def _with(self, count: int) -> Image.Image:
        """The slide with its first `count` lines in their places."""
        if count not in self._settled:
            if count == 0:
                self._settled[0] = self._base
            else:
                picture = self._with(count - 1).copy()
                layer, x, y, _ = self.lines[count - 1]
                picture.paste(layer, (x, y), layer)
                self._settled[count] = picture
        return self._settled[count]

    def _drawing(self, frame: int, side: int) -> Image.Image:
        step = drawn_step(frame)
        if step not in self._drawings:
            large = Image.new("RGB", (side * 2, side * 2), self.paper)
            pen = Pen(large, self.accent, self.paper, self.slide.label)
            drawn = min(1.0, step / ART_DRAW)
            ART[self.slide.art](pen, drawn, max(0, step - ART_DRAW) / ART_LOOP)
            self._drawings[step] = large.reduce(2)
        return self._drawings[step]

    @cached_property
    def _base(self) -> Image.Image:
        ground = self.accent if self.dark else CANVAS
        large = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), ground)
        draw = ImageDraw.Draw(large)
        x, y, side = (value * 2 for value in PANEL)
        if self.dark:
            shade = mix(self.accent, DARK, 0.14)
            draw.ellipse((x - 260, -700, x + 1500, 1060), fill=shade)
            draw.ellipse((-500, 1060, 500, 2060), fill=shade)
            draw.ellipse((x, y, x + side, y + side), fill=self.paper)
        else:
            draw.rectangle((0, 0, 20, HEIGHT * 2), fill=self.accent)
            draw.rounded_rectangle((x, y, x + side, y + side), 56, fill=self.paper)
        picture = large.reduce(2)
        draw = ImageDraw.Draw(picture)
        quiet = mix(self.accent, WHITE, 0.72) if self.dark else SECOND
        draw.text((LEFT, 52), self.deck.title, quiet, font(24), anchor="lm")
        count = f"{self.number + 1} / {len(self.deck.slides)}"
        draw.text((WIDTH - 60, 52), count, quiet, font(22), anchor="rm")
        if self.slide.kind == "title":
            self._title_page(draw)
        else:
            ink = WHITE if self.dark else DARK
            size = _fitting(self.slide.title, 56, TEXT_WIDTH + TEXT_LEFT - LEFT)
            draw.text((LEFT, 138), self.slide.title, ink, font(size, bold=True), anchor="lm")
            bar = WHITE if self.dark else self.accent
            draw.rounded_rectangle((LEFT, 184, LEFT + 72, 190), 3, fill=bar)
        return picture

    def _title_page(self, draw: ImageDraw.ImageDraw) -> None:
        rows = wrapped(self.slide.title, 70, 640, bold=True)
        under = wrapped(self.slide.subtitle, 34, 620)
        y = HEIGHT / 2 - (len(rows) * 92 + 40 + len(under) * 50) / 2 + 46
        for row in rows:
            draw.text((LEFT, y), row, WHITE, font(70, bold=True), anchor="lm")
            y += 92
        draw.rounded_rectangle((LEFT, y - 30, LEFT + 96, y - 23), 3, fill=WHITE)
        y += 36
        for row in under:
            draw.text((LEFT, y), row, mix(self.accent, WHITE, 0.86), font(34), anchor="lm")
            y += 50

    def _lines(self, beats: tuple[tuple[int, int], ...]) -> list[tuple[Image.Image, int, int, int]]:
        """Each shown line as (layer, x, y, ms when it comes), spread over the height."""
        shown = [
            (wrapped(beat.show, SIZES[self.deck.language], TEXT_WIDTH), start)
            for beat, (start, _) in zip(self.slide.beats, beats, strict=True)
            if beat.show
        ]
        heights = [max(66, len(rows) * ROW) for rows, _ in shown]
        free = (BOTTOM - TOP - sum(heights)) / max(1, len(shown))
        gap = min(44.0, max(4.0, free))
        lines, y = [], float(TOP)
        for number, ((rows, start), height) in enumerate(zip(shown, heights, strict=True)):
            layer = self._line(number + 1, rows, height)
            lines.append((layer, LEFT, round(y), start))
            y += height + gap
        return lines

    def _line(self, number: int, rows: list[str], height: int) -> Image.Image:
        wide = TEXT_LEFT - LEFT + TEXT_WIDTH
        ink = WHITE if self.dark else DARK
        mark, on_mark = (WHITE, self.accent) if self.dark else (self.accent, WHITE)
        layer = Image.new("RGBA", (wide, height), (*ink, 0))
        disc = Image.new("RGBA", (184, 184), (*mark, 0))
        draw = ImageDraw.Draw(disc)
        draw.ellipse((2, 2, 181, 181), fill=(*mark, 255))
        draw.text((92, 90), str(number), (*on_mark, 255), font(100, bold=True), anchor="mm")
        first = height // 2 - (len(rows) - 1) * ROW // 2
        layer.paste(disc.reduce(4), (0, first - 23))
        draw = ImageDraw.Draw(layer)
        letters = font(SIZES[self.deck.language])
        for at, row in enumerate(rows):
            draw.text((TEXT_LEFT - LEFT, first + at * ROW), row, (*ink, 255), letters, anchor="lm")
        return layer


def cover(accent: str, art: str) -> Image.Image:
    """A picture for the card of a course: its drawing on its colour, without words."""
    colour = hexed(accent)
    paper, shade = mix(WHITE, colour, 0.1), mix(colour, DARK, 0.14)
    large = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), colour)
    draw = ImageDraw.Draw(large)
    draw.ellipse((WIDTH + 300, -900, WIDTH + 2100, 900), fill=shade)
    draw.ellipse((-700, 700, 900, 2300), fill=shade)
    side, half = 760, 560
    draw.ellipse((WIDTH - half, HEIGHT - half, WIDTH + half, HEIGHT + half), fill=paper)
    drawing = Image.new("RGB", (side, side), paper)
    ART[art](Pen(drawing, colour, paper), 1.0, 0.15)
    large.paste(drawing, (WIDTH - side // 2, HEIGHT - side // 2))
    return large.reduce(2)


def drawn_step(frame: int) -> int:
    """Which picture of the drawing a frame of a slide shows: first drawn, then going round on twos.

    On twos, as in drawn films: half of the frames are as the ones before, and cost nothing.
    """
    step = max(0, frame - ART_WAIT)
    if step < ART_DRAW:
        return step
    return ART_DRAW + (step - ART_DRAW) % ART_LOOP // 2 * 2


def frames(deck: Deck, times: Times) -> Iterator[bytes]:
    """Every frame as BGR bytes, WIDTH × HEIGHT, FPS a second, as long as the narration."""
    scenes = [Scene(deck, number, beats) for number, beats in enumerate(times.beats)]
    total = -(-times.duration * FPS // 1000)
    current, began = 0, 0
    leaving: Image.Image | None = None
    shown: Image.Image | None = None
    state: tuple[int, ...] = ()
    sent = b""
    for frame in range(total):
        ms = frame * 1000 // FPS
        if current + 1 < len(scenes) and ms >= times.slides[current + 1]:
            leaving, current, began = shown, current + 1, frame
        scene, inside = scenes[current], frame - began
        before, state = state, (current, drawn_step(inside))
        if state == before and inside >= TRANSITION and not scene.is_busy(ms):
            yield sent
            continue
        picture = shown = scene.picture(ms, inside)
        if leaving is not None and inside < TRANSITION:
            share = ease((inside + 1) / TRANSITION)
            both = Image.new("RGB", (WIDTH, HEIGHT), CANVAS)
            both.paste(leaving, (-round(WIDTH * 0.3 * share), 0))
            both.paste(picture, (round(WIDTH * (1 - share)), 0))
            picture = both
        _progress(picture, deck, times, frame / total, dark=scene.dark)
        sent = picture.tobytes("raw", "BGR")
        yield sent


def _progress(picture: Image.Image, deck: Deck, times: Times, share: float, *, dark: bool) -> None:
    """The line below: how far the whole lesson has come, with a notch at each slide."""
    draw = ImageDraw.Draw(picture)
    accent = hexed(deck.accent)
    track, line = (mix(accent, DARK, 0.3), WHITE) if dark else (mix(WHITE, accent, 0.25), accent)
    draw.rectangle((0, HEIGHT - 10, WIDTH, HEIGHT), fill=track)
    draw.rectangle((0, HEIGHT - 10, WIDTH * share, HEIGHT), fill=line)
    for start in times.slides[1:]:
        x = WIDTH * start / times.duration
        draw.rectangle((x - 2, HEIGHT - 10, x + 1, HEIGHT), fill=accent if dark else WHITE)


def wrapped(text: str, size: int, width: int, *, bold: bool = False) -> list[str]:
    """Text in rows of at most `width` pixels; Latin words stay whole, marks never begin a row."""
    letters = font(size, bold=bold)
    rows = [""]
    for piece in re.findall(rf"(?:[\x21-\x7e]+ ?|.)[{_CLINGS}]*", text):
        if rows[-1] and letters.getlength((rows[-1] + piece).rstrip()) > width:
            rows.append("")
        rows[-1] += piece
    return [row.strip() for row in rows]


def _fitting(text: str, size: int, width: int) -> int:
    while size > 30 and font(size, bold=True).getlength(text) > width:
        size -= 2
    return size
