"""In which order the renditions of a recording are made, and which need no encoding at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

from app.media.rules.recordings import (
    DURATION_SLACK_MS,
    LONGEST_MS,
    MOST_FRAMES_PER_SECOND,
    Facts,
    Rung,
    ladder,
)

EARLY_MS = 30_000  # what is shorter is ready soon anyway
COPY_FROM_MS = 10_000  # what is shorter is encoded as fast as it is looked at
SOURCE_MS = 20 * 60 * 1000  # what is longer is material to be split: one small rendition is enough
SOUND_BITS = 128_000
SAVING_BITS = 64_000  # of the sound where somebody saves data
UNCHANGED = 0  # instead of bits: the source's own sound
NO_SOUND = -1
AUDIO = "audio"
LONGEST_COPIED_SEGMENT = 8.5  # seconds between keyframes of a picture that is copied
COPY_CONTAINERS = frozenset({"mov", "mp4", "matroska", "webm"})
COPY_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
COPY_BITS = 1.5  # times the peak rate of the rendition that it takes the place of
HIGHEST_LEVEL = 42
STILL_FRAME = 100  # a frame this many times smaller than a keyframe shows nothing new
STILL_SHARE = 0.75  # of the frames of a recorded screen; films from a hand have 0.0 to 0.6
SURELY_STILL_FRAME, SURELY_STILL_SHARE = 200, 0.8  # cameras on a tripod: 0.01 to 0.13
FEWEST_FRAMES = 20
FILM_FRAME = 20  # one that is larger than this part of a keyframe shows something new
FILM_SHARE = 0.8  # of the frames as the source has them; then nobody needs to look closer
GLANCE_FROM_MS = 3000  # what is shorter shows too little to tell
GLANCE_SECONDS = 8  # of what is made in one go: enough to tell
STILL_MS = 200  # so long a picture may stand before it comes again, though nothing has changed
# What can be compared byte by byte as it is; of more bits only half would be looked at.
COMPARABLE = frozenset(f"{kind}{layout}p" for kind in ("yuv", "yuvj") for layout in (420, 422, 444))
SMOOTH_FROM = 720  # of the short side; below that nobody sees more than thirty frames a second
SMOOTH = 45.0  # frames a second; what has more is halved there
SCREEN_TUNE = "stillimage"  # its deblocking leaves the edges of letters alone
SCREEN_CRF = 3  # better: letters stay sharp, and what stands still costs few bytes anyway


@dataclass(frozen=True)
class Output:
    """One rendition: its picture (None for sound alone), whether that is copied, its sound."""

    name: str
    rung: Rung | None
    copied: bool
    sound: int  # bits per second, UNCHANGED or NO_SOUND


@dataclass(frozen=True)
class Plan:
    """What is made of a recording: `rungs` best first, the top one copied or not."""

    facts: Facts
    rungs: tuple[Rung, ...]
    copies: bool
    early: bool  # whether something can be watched before everything is done
    screen: bool = False  # whether it shows letters that stand still; known after the first look

    def first(self) -> tuple[Output, ...]:
        """What is made first, if something is: the source's picture, or the lowest rendition."""
        if self.copies:
            own = UNCHANGED if has_plain_sound(self.facts) else SOUND_BITS
            top = self.rungs[0]
            return (Output(top.name, top, True, own if self._sounds else NO_SOUND),)
        lowest = self.rungs[-1].name
        return tuple(one for one in self.all() if one.name in {lowest, AUDIO})

    def all(self) -> tuple[Output, ...]:
        """Every rendition, best first; sound alone is the last."""
        if not self.rungs:
            return (Output(AUDIO, None, False, SOUND_BITS),)
        saving = SAVING_BITS if self._sounds else NO_SOUND
        full = SOUND_BITS if self._sounds else NO_SOUND
        several = len(self.rungs) > 1
        made = [
            Output(
                rung.name,
                for_screen(rung) if self.screen else rung,
                self.copies and number == 0,
                saving if several and number == len(self.rungs) - 1 else full,
            )
            for number, rung in enumerate(self.rungs)
        ]
        if self._sounds:
            made.append(Output(AUDIO, None, False, SAVING_BITS))
        return tuple(made)

    def rest(self, done: Collection[str]) -> tuple[Output, ...]:
        """What is left when the renditions named in `done` are there."""
        return tuple(one for one in self.all() if one.name not in done)

    @property
    def _sounds(self) -> bool:
        return self.facts.audio >= 0


def turn(duration_ms: int, *, again: bool) -> int:
    """The priority of preparing a recording; a higher one goes first, other work has 0.

    Short ones first: nobody waits an hour for a clip of a minute. What has failed before (`again`)
    waits until everything new is done.
    """
    first = -1 - duration_ms // 60_000
    return first - (LONGEST_MS // 60_000 + 1) if again else first


def plan(facts: Facts, *, copy: bool = True) -> Plan:
    """How to make a recording. `copy` is False once copying has turned out badly."""
    if facts.kind != "video":
        return Plan(facts, (), copies=False, early=False)
    rungs = halved(ladder(facts.width, facts.height), facts.rate)
    if facts.duration_ms > SOURCE_MS:
        return Plan(facts, rungs[-1:], copies=False, early=False)
    copies = facts.duration_ms >= COPY_FROM_MS and copy and can_copy(facts, rungs[0])
    early = copies or (facts.duration_ms >= EARLY_MS and len(rungs) > 1)
    return Plan(facts, rungs, copies=copies, early=early)


def halved(rungs: Sequence[Rung], rate: float) -> tuple[Rung, ...]:
    """The same renditions; small ones of something that is better than itself with fewer frames."""
    if rate <= SMOOTH:
        return tuple(rungs)
    small = [min(rung.width, rung.height) < SMOOTH_FROM for rung in rungs]
    return (rungs[0], *(replace(r, halved=s) for r, s in zip(rungs[1:], small[1:], strict=True)))


def for_screen(rung: Rung) -> Rung:
    """The rendition of a recorded screen: the same peak rate, more of it for letters."""
    return replace(rung, crf=rung.crf - SCREEN_CRF, tune=SCREEN_TUNE)


def is_screen(segments: Sequence[Sequence[int]], left_out: int = 0) -> bool:
    """Whether a recording shows a screen (slides, a program, a page) that mostly stands still.

    From the sizes in bytes of the frames that the first pass wrote, segment by segment, each
    beginning with its keyframe: no frame needs to be looked at. `left_out` frames were not
    written, because they were like those before them.
    """
    keys = [sizes[0] for sizes in segments if sizes]
    others = [size for sizes in segments for size in sizes[1:]]
    frames = len(others) + left_out
    if frames < FEWEST_FRAMES or not keys:
        return False
    still = median(keys) / STILL_FRAME
    return sum(size <= still for size in others) + left_out >= STILL_SHARE * frames


class Sparing(NamedTuple):
    """Frames that may be left out: `most` in a row, where no block of 8 × 8 differs by more.

    `difference` is the sum over the block, so that 64 is one step of 255 in every place.
    """

    most: int
    difference: int


NOTHING_SPARED = Sparing(0, 0)
# Codecs go on polishing what stands still, by less than two steps of 255; that can wait for a
# fifth of a second. In a film only what is exactly the same is left out.
POLISH = 128


def sparing(facts: Facts, widest_ms: float, *, film: bool) -> Sparing:
    """What may be left out of a recording; `widest_ms` as below."""
    most = left_out_at_most(facts, widest_ms)
    return Sparing(most, 0 if film else POLISH) if most else NOTHING_SPARED


def left_out_at_most(facts: Facts, widest_ms: float) -> int:
    """How many frames in a row may be left out that show nothing new.

    `widest_ms` is the longest time from one frame of the source to the next, 0 for unknown: where
    frames come irregularly, none of those that come can be spared.
    """
    if not facts.rate or not widest_ms or facts.is_hdr or facts.pixels not in COMPARABLE:
        return 0
    if facts.rate > MOST_FRAMES_PER_SECOND + 1:  # thinned out before
        widest_ms += 1000 / MOST_FRAMES_PER_SECOND
    return max(0, int(STILL_MS / max(widest_ms, 1.0) + 0.05) - 1)


def is_surely_screen(segments: Sequence[Sequence[int]]) -> bool:
    """The same from the sizes of the source's own frames, where they leave no doubt.

    False says nothing: programs that record screens may fill up what stands still.
    """
    keys = [sizes[0] for sizes in segments if sizes]
    others = [size for sizes in segments for size in sizes[1:]]
    if len(others) < FEWEST_FRAMES:
        return False
    still = median(keys) / SURELY_STILL_FRAME
    return sum(size <= still for size in others) >= SURELY_STILL_SHARE * len(others)


def is_film(segments: Sequence[Sequence[int]]) -> bool:
    """Whether a recording surely shows no screen, from the sizes of its own frames, as above.

    Cameras bring something new in nearly every frame, if it is only their noise. False says
    nothing: a camera on a tripod, or a program that stores each frame alone.
    """
    keys = [sizes[0] for sizes in segments if sizes]
    others = [size for sizes in segments for size in sizes[1:]]
    if len(others) < FEWEST_FRAMES:
        return False
    small = median(keys) / FILM_FRAME
    return sum(size > small for size in others) >= FILM_SHARE * len(others)


def can_copy(facts: Facts, top: Rung) -> bool:
    """Whether the source's own picture can serve as the best rendition."""
    return (
        facts.video_codec == "h264"
        and facts.profile in COPY_PROFILES
        and facts.pixels == "yuv420p"
        and 0 < facts.level <= HIGHEST_LEVEL
        and facts.is_plain
        and not facts.interlaced
        and not facts.is_hdr
        and facts.start_ms == 0
        and facts.container in COPY_CONTAINERS
        and (facts.width, facts.height) == (top.width, top.height)
        and 5 <= facts.rate <= 61
        and 0 < facts.bits <= top.most_bits * COPY_BITS
        and abs(facts.duration_ms - facts.video_ms) <= DURATION_SLACK_MS
    )


def has_plain_sound(facts: Facts) -> bool:
    """Whether the source's own sound can be played by every browser as it is."""
    return facts.audio_codec == "aac" and facts.audio_profile == "LC" and facts.channels in {1, 2}


TILE_WIDTH = 160  # pixels of one picture of the storyboard
MOST_TILES = 120
TILES_ACROSS = TILES_DOWN = 6


def tile_step(segments: int) -> int:
    """Every how many segments there is a picture in the storyboard."""
    return max(1, -(-segments // MOST_TILES))
