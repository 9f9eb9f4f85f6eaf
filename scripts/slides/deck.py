"""A deck as its author wrote it (slides.toml), and the times that its narration was measured at."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LANGUAGES = {"zh_Hans": "zh", "en": "en"}  # language of a course → ending of its folder's name
# Longest caption in characters: what is read at a glance, in two lines on a phone.
LONGEST_CUE = {"zh_Hans": 30, "en": 84}
_CLAUSE = re.compile(r"[^。！？；，：,.;:!?]+[。！？；，：,.;:!?]*[”’]?\s*")


class BadDeck(ValueError):
    """A deck that cannot be spoken or drawn; the text names the file and what to change."""


@dataclass(frozen=True)
class Beat:
    """One spoken sentence; `show` is the line that appears on the slide with it."""

    say: str
    show: str = ""
    who: str = "narrator"


@dataclass(frozen=True)
class Slide:
    """One picture. `kind` is title, points or end; `art` names a drawing of art.py."""

    title: str
    beats: tuple[Beat, ...]
    kind: str = "points"
    subtitle: str = ""
    art: str = ""
    label: str = ""


@dataclass(frozen=True)
class Times:
    """When things happen, in milliseconds from the start of the narration."""

    duration: int
    slides: tuple[int, ...]  # start of each slide
    beats: tuple[tuple[tuple[int, int], ...], ...]  # (start, end) of each sentence, by slide


@dataclass(frozen=True)
class Deck:
    """A deck and where its files are."""

    path: Path
    title: str
    language: str
    accent: str
    slides: tuple[Slide, ...]
    spoken: dict[str, str] = field(default_factory=dict)
    voices: dict[str, int] = field(default_factory=dict)
    covers: dict[str, tuple[str, str]] = field(default_factory=dict)  # file → colour, drawing

    @property
    def slug(self) -> str:
        return self.path.parent.name

    @property
    def media(self) -> Path:
        return self.path.parent / "media"

    @property
    def audio(self) -> Path:
        return self.media / f"{self.path.stem}.ogg"

    @property
    def timing(self) -> Path:
        return self.media / f"{self.path.stem}.timing.json"

    @property
    def video(self) -> Path:
        return self.media / "rendered" / f"{self.path.stem}.mp4"

    @property
    def stamp(self) -> Path:
        """Holds the hash of the sources that `video` was made from."""
        return self.video.with_suffix(".sha256")

    @property
    def has_pictures(self) -> bool:
        return any(slide.art for slide in self.slides)

    @property
    def beats(self) -> Iterator[Beat]:
        for slide in self.slides:
            yield from slide.beats

    def captions(self, language: str) -> Path:
        return self.media / f"{self.path.stem}.{language}.vtt"

    @property
    def words(self) -> str:
        """The hash of everything that is spoken: narration with another one is out of date."""
        text = [self.language, self.spoken, self.voices]
        text += [(beat.who, beat.say) for beat in self.beats]
        text += [len(slide.beats) for slide in self.slides]
        return hashlib.sha256(json.dumps(text, ensure_ascii=False).encode()).hexdigest()

    def twin(self) -> Deck | None:
        """The same deck in the other language (…-zh and …-en), when it has the same shape."""
        for language, ending in LANGUAGES.items():
            if language == self.language:
                continue
            slug = f"{self.slug.rpartition('-')[0]}-{ending}"
            path = self.path.parent.parent / slug / self.path.name
            if path.exists():
                other = load(path)
                if [len(s.beats) for s in other.slides] == [len(s.beats) for s in self.slides]:
                    return other
        return None


def load(path: Path) -> Deck:
    """Read a slides.toml. Raises BadDeck."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        slides = tuple(_slide(s) for s in raw["slide"])
        deck = Deck(
            path=path,
            title=raw["title"],
            language=raw["language"],
            accent=raw["accent"],
            slides=slides,
            spoken=dict(raw.get("spoken", {})),
            voices=dict(raw.get("voices", {})),
            covers={name: (look[0], look[1]) for name, look in raw.get("covers", {}).items()},
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, IndexError) as error:
        raise BadDeck(f"{path}: {error!r}; courses/README.md shows how it must look") from error
    if deck.language not in LANGUAGES:
        raise BadDeck(f"{path}: language must be zh_Hans or en, and is “{deck.language}”")
    return deck


def _slide(raw: dict[str, Any]) -> Slide:
    beats = tuple(Beat(**beat) for beat in raw["beat"])
    rest = {key: value for key, value in raw.items() if key != "beat"}
    return Slide(beats=beats, **rest)


def times_of(deck: Deck) -> Times:
    """The measured times of a deck. Raises BadDeck when the narration is of another text."""
    try:
        raw = json.loads(deck.timing.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise BadDeck(
            f"{deck.path} has no narration yet; run scripts/render_courses.py --voice"
        ) from None
    if raw["words"] != deck.words:
        raise BadDeck(
            f"{deck.path} was changed after its narration was made; "
            "run scripts/render_courses.py --voice"
        )
    return Times(
        duration=raw["duration"],
        slides=tuple(slide["start"] for slide in raw["slides"]),
        beats=tuple(tuple((a, b) for a, b in slide["beats"]) for slide in raw["slides"]),
    )


def write_times(deck: Deck, times: Times) -> None:
    raw = {
        "words": deck.words,
        "duration": times.duration,
        "slides": [
            {"start": start, "beats": beats}
            for start, beats in zip(times.slides, times.beats, strict=True)
        ],
    }
    deck.timing.write_text(json.dumps(raw) + "\n", encoding="ascii")


def captions(deck: Deck, times: Times) -> str:
    """WebVTT of what is said in `deck`, at `times` (its own, or those of its twin).

    A sentence that is too long to read at a glance is split between clauses, each shown for its
    share of the sentence's letters.
    """
    blocks = ["WEBVTT\n"]
    for slide, spans in zip(deck.slides, times.beats, strict=True):
        for beat, (start, end) in zip(slide.beats, spans, strict=True):
            pieces = _pieces(beat.say, LONGEST_CUE[deck.language])
            letters = sum(len(piece) for piece in pieces)
            at = float(start)
            for piece in pieces:
                until = at + (end - start) * len(piece) / letters
                blocks.append(f"{_clock(at)} --> {_clock(until)}\n{piece}\n")
                at = until
    return "\n".join(blocks)


def _pieces(text: str, longest: int) -> list[str]:
    """A sentence cut between clauses into captions of at most `longest` letters.

    Few, even, and rather cut after a full stop than after a comma.
    """
    clauses = _CLAUSE.findall(text)
    wanted = len(text) / -(-len(text) // longest)
    best: list[tuple[float, list[str]]] = [(0.0, [])]  # of the first 0, 1, 2 … clauses
    for end in range(1, len(clauses) + 1):
        ways = []
        for start in range(end):
            piece = "".join(clauses[start:end]).strip()
            if start < end - 1 and len(piece) > longest:
                continue
            cost, before = best[start]
            uneven = ((len(piece) - wanted) / longest) ** 2
            comma = 0.0 if end == len(clauses) or piece[-1] in "。！？.!?" else 0.25
            ways.append((cost + uneven + comma, [*before, piece]))
        best.append(min(ways, key=lambda way: way[0]))
    return best[-1][1]


def _clock(ms: float) -> str:
    seconds, rest = divmod(round(ms), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
