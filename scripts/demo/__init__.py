"""The demo: an organisation with members, courses, documents and a past, so that pages are alive.

`make run` loads it into an empty instance. Each step is noted when it is done, so that a start
that was interrupted goes on where it stopped; an instance with members of its own is left alone.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from flask import Flask

from app.core import clock
from app.core.db import reading, unit_of_work
from app.core.refusals import Refusal
from app.courses import queries as courses
from app.courses.cli import load_folder
from app.library import queries as documents_kept
from app.library import service as library
from app.members import queries as members
from app.points import queries as points_kept
from app.points import service as points
from app.points.rules import GENTLE, Ranking
from config import Config
from scripts import render_courses
from scripts.demo import documents, exam, history, people
from scripts.slides import film

STEPS = ("people", "courses", "library", "history")
# Slug → how many days ago it was published.
COURSES = {
    "use-weike-en": 41,
    "use-weike-zh": 40,
    "office-fire-safety-en": 27,
    "office-fire-safety-zh": 26,
    "phishing-passwords-en": 13,
    "phishing-passwords-zh": 12,
}


def ensure(app: Flask) -> bool:
    """Load what is missing of the demo; returns whether all of it is there now.

    True as well when the instance has an organisation of its own. What stops a step is printed in
    one sentence, and the next start tries again.
    """
    config: Config = app.extensions["weike"]
    accounts = config.instance_dir / "demo-accounts.txt"
    with app.app_context():
        notes = Notes.read(config.instance_dir / "demo.json")
        with reading():
            is_empty = members.root_branch() is None
        if is_empty:
            notes = Notes(notes.path)
        elif not notes.ids:
            return True
        if notes.is_complete:
            return True
        print("Loading the demo …", flush=True)
        is_new = "people" not in notes.done
        if is_new:
            people.settle(accounts, note=lambda ids: notes.add("people", ids))
        _load(config, notes)
    if is_new:
        print(f"\n{accounts.read_text(encoding='utf-8')}\n  (kept in {accounts})", flush=True)
    return notes.is_complete


class Notes:
    """What is done already, and the ids of the demo's members; kept beside the database."""

    def __init__(
        self, path: Path, done: list[str] | None = None, ids: dict[str, int] | None = None
    ) -> None:
        self.path, self.done, self.ids = path, done or [], ids or {}

    @classmethod
    def read(cls, path: Path) -> Notes:
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return cls(path)
        return cls(path, raw["done"], raw["ids"])

    @property
    def is_complete(self) -> bool:
        return set(STEPS) <= set(self.done)

    def add(self, step: str, ids: dict[str, int] | None = None) -> None:
        self.done.append(step)
        self.ids = ids or self.ids
        self.path.write_text(json.dumps({"done": self.done, "ids": self.ids}), encoding="utf-8")


def _load(config: Config, notes: Notes) -> None:
    steps: dict[str, Callable[[], None]] = {
        "courses": lambda: _courses(config, notes.ids["trainer"]),
        "library": lambda: _library(notes.ids["organizer"]),
        "history": lambda: _history(config, notes),
    }
    for step, take in steps.items():
        if step in notes.done or (step == "history" and "courses" not in notes.done):
            continue
        try:
            take()
        except (Refusal, *render_courses.REASONS) as reason:
            print(f"  Left out for now ({step}): {reason}", file=sys.stderr)
            continue
        notes.add(step)


def _courses(config: Config, trainer: int) -> None:
    decks = [
        deck for slug in COURSES for deck in render_courses.all_decks(config.courses_dir, slug)
    ]
    if not all(film.is_fresh(deck) for deck in decks if deck.has_pictures):
        print("  Drawing the videos (once, about a minute) …", flush=True)
    render_courses.render(decks)
    for slug, days in COURSES.items():
        then = clock.now() - timedelta(days=days, hours=3)
        with clock.use(lambda then=then: then):
            load_folder(config.courses_dir / slug, author_id=trainer)


def _library(owner_id: int) -> None:
    now = clock.now()
    with reading():
        owner = members.reader_for(owner_id)
        there = {line.title for line in documents_kept.documents_for(owner).rows}
        shelves = {line.name: line.id for line in documents_kept.collections_for(owner, empty=True)}
    for number, paper in enumerate(documents.papers(now.astimezone().year)):
        if paper.title in there:
            continue
        content = io.BytesIO(paper.content)
        arrived, kind = library.receive(content, length=len(paper.content), filename=paper.filename)
        then = now - timedelta(days=30 - 5 * number, hours=number)
        with clock.use(lambda then=then: then), unit_of_work():
            if paper.collection not in shelves:
                shelves[paper.collection] = library.add_collection(paper.collection)
            library.add(
                arrived,
                kind,
                owner=owner,
                filename=paper.filename,
                collection_id=shelves[paper.collection],
                title=paper.title,
            )


def _history(config: Config, notes: Notes) -> None:
    print("  Giving the members a past …", flush=True)
    with reading():
        views = {slug: courses.course_by_id(courses.course_id_of(slug)) for slug in COURSES}
        has_rules = len(points_kept.all_books()) > 1
    if not has_rules:
        _rules(notes.ids["admin"])
    for person in people.PEOPLE:
        step = f"history of {person.username}"
        if step not in notes.done:
            history.live(person, notes.ids[person.username], views, config.zone)
            notes.add(step)
    if "exam" not in notes.done:
        exam.hold(notes.ids)
        notes.add("exam")


def _rules(author_id: int) -> None:
    """Points at every hour, because the demo is tried in every time zone; members are compared."""
    with unit_of_work():
        points.publish(
            from_day=date(2020, 1, 1),
            author_id=author_id,
            note="演示：全天计分",
            book=replace(GENTLE, quiet=None),
        )
        points.choose_ranking(Ranking.EVERYONE, author_id=author_id)
