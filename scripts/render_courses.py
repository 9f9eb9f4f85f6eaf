"""Render the demo courses' videos from their slides and narration: those missing or out of date.

python -m scripts.render_courses [--course SLUG] [--force] [--voice]

Courses are plain files (courses/README.md). What is rendered lands in their media/rendered,
which git ignores. `--voice` speaks changed narration (needs espeak-ng) and writes its times and
captions beside it; it is only needed after a text has changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # when it is run as a plain file
    sys.path.insert(0, str(ROOT))

from scripts.slides import deck as decks  # noqa: E402
from scripts.slides import film, fonts, paint, voice  # noqa: E402
from scripts.slides.deck import Deck  # noqa: E402

COURSES = ROOT / "courses"
NOT_DECKS = {"course.toml", "questions.toml"}
REASONS = (decks.BadDeck, fonts.NoFont, film.CannotRender, voice.NoVoice)


def all_decks(courses: Path = COURSES, slug: str | None = None) -> list[Deck]:
    """Every deck of the courses folder, or of one course. Raises BadDeck."""
    pattern = f"{slug or '*'}/*.toml"
    return [decks.load(p) for p in sorted(courses.glob(pattern)) if p.name not in NOT_DECKS]


def render(found: list[Deck], *, force: bool = False, say: bool = True) -> int:
    """Render what is missing or out of date, two at a time; returns how many were made.

    Raises the first of REASONS that stopped one of them.
    """
    waiting = [d for d in found if d.has_pictures and (force or not film.is_fresh(d))]
    if not waiting:
        return 0
    fonts.font(24)  # before any process starts: the answer is the same for all
    began = time.monotonic()
    workers = min(os.cpu_count() or 1, len(waiting), 4)
    # Spawned, since whoever calls this may have threads already.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(film.render, deck) for deck in waiting]
        for job in as_completed(jobs):
            path = job.result()
            if say:
                spent = time.monotonic() - began
                print(
                    f"  {path.parent.parent.parent.name}/{path.name}  ({spent:.0f} s)", flush=True
                )
    return len(waiting)


def paint_covers(found: list[Deck], *, force: bool = False) -> None:
    """Paint the cover pictures that decks name and that are not there yet; they are kept in git."""
    for deck in found:
        for name, (colour, drawing) in deck.covers.items():
            path = deck.media / name
            if force or not path.exists():
                picture = paint.cover(colour, drawing).quantize(96, dither=paint.Image.Dither.NONE)
                picture.save(path, optimize=True)
                print(f"  {deck.slug}/{name}")


def speak(found: list[Deck]) -> None:
    """Speak each deck whose words changed, then write its captions in both languages."""
    for deck in found:
        try:
            times = decks.times_of(deck)
        except decks.BadDeck:
            times = voice.speak(deck)
            decks.write_times(deck, times)
            print(f"  {deck.slug}/{deck.audio.name}  ({times.duration / 1000:.0f} s spoken)")
        for words in filter(None, (deck, deck.twin())):
            text = decks.captions(words, times)
            deck.captions(words.language).write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Render the videos of the course packages.")
    parser.add_argument("--course", metavar="SLUG", help="only this course")
    parser.add_argument("--force", action="store_true", help="also those that are up to date")
    parser.add_argument("--voice", action="store_true", help="speak changed narration first")
    options = parser.parse_args()
    try:
        found = all_decks(slug=options.course)
        if options.course and not found:
            print(
                f"There is no course “{options.course}” with slides in {COURSES}.", file=sys.stderr
            )
            return 1
        if options.voice:
            speak(found)
        paint_covers(found, force=options.force and options.voice)
        made = render(found, force=options.force)
    except REASONS as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"{made} rendered, {len([d for d in found if d.has_pictures]) - made} up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
