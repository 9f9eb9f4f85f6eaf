"""The demo: an organisation with members, courses, documents and a past, so that pages are alive.

`make run` loads it into an empty instance. Each step is noted when it is done, so that a start
that was interrupted goes on where it stopped; an instance with members of its own is left alone.
"""

from __future__ import annotations

import io
import json
import sys
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask

from app.core import clock
from app.core.db import reading, unit_of_work
from app.courses import queries as courses
from app.courses import service as editing
from app.library import queries as documents_kept
from app.library import service as library
from app.media import service as media
from app.members import queries as members
from config import Config
from scripts import render_courses
from scripts.demo import documents, history, people
from scripts.slides import film, paint

STEPS = ("people", "courses", "library", "history")
# Slug → how many days ago it was published, and its picture: a colour and a drawing.
COURSES = {
    "use-weike-zh": (40, "#a61b24", "player"),
    "use-weike-en": (41, "#a61b24", "player"),
    "office-fire-safety-zh": (26, "#b2400c", "extinguisher"),
    "office-fire-safety-en": (27, "#b2400c", "extinguisher"),
    "phishing-passwords-zh": (12, "#1b5687", "hook"),
    "phishing-passwords-en": (13, "#1b5687", "hook"),
}
THEMES = {"getting-started": ("#a61b24", "path"), "safety": ("#17693c", "shield")}


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
        done = _load(app, config, notes, accounts)
    print(f"\n{accounts.read_text(encoding='utf-8')}\n  (kept in {accounts})", flush=True)
    return done


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

    def add(self, step: str) -> None:
        self.done.append(step)
        self.path.write_text(json.dumps({"done": self.done, "ids": self.ids}), encoding="utf-8")


def _load(app: Flask, config: Config, notes: Notes, accounts: Path) -> bool:
    if "people" not in notes.done:
        notes.ids = people.settle(accounts)
        notes.add("people")
    steps: dict[str, Callable[[], None]] = {
        "courses": lambda: _courses(app, config, notes.ids["trainer"]),
        "library": lambda: _library(notes.ids["organizer"]),
        "history": lambda: _history(config, notes.ids),
    }
    for step, take in steps.items():
        if step in notes.done or (step == "history" and "courses" not in notes.done):
            continue
        try:
            take()
        except render_courses.REASONS as reason:
            print(f"  The demo's courses are left out for now: {reason}", file=sys.stderr)
            continue
        notes.add(step)
    return notes.is_complete


def _courses(app: Flask, config: Config, trainer: int) -> None:
    decks = [
        deck for slug in COURSES for deck in render_courses.all_decks(config.courses_dir, slug)
    ]
    if not all(film.is_fresh(deck) for deck in decks if deck.has_pictures):
        print("  Drawing the videos (once, about a minute) …", flush=True)
    render_courses.render(decks)
    for slug, (days, colour, art) in COURSES.items():
        then = clock.now() - timedelta(days=days, hours=3)
        with clock.use(lambda then=then: then):
            course_id = _load_course(config.courses_dir / slug, trainer)
        with reading():
            has_cover = courses.course_by_id(course_id).cover_image_id is not None
        if not has_cover:
            cover = _picture(colour, art)
            with unit_of_work():
                editing.set_cover(course_id, media.register_image(cover, owner_id=trainer))
    with reading():
        themes = {theme.slug: theme for theme in courses.all_themes()}
    for slug, (colour, art) in THEMES.items():
        if themes[slug].cover is None:
            cover = _picture(colour, art)
            with unit_of_work():
                image = media.register_image(cover, owner_id=trainer)
                editing.set_theme_cover(themes[slug].id, image)


def _load_course(path: Path, author_id: int) -> int:
    """Load a package as `flask courses load` does; one that is there already stays as it is."""
    with reading():
        there = courses.course_id_of(path.name)
        themes = {theme.slug: theme.id for theme in courses.all_themes()}
    if there is not None:
        return there
    content = tomllib.loads((path / "course.toml").read_text(encoding="utf-8"))
    quiz = tomllib.loads((path / "questions.toml").read_text(encoding="utf-8"))["question"]
    facts, theme = content["course"], content["theme"]
    stored = {
        number: _stored(path / lesson["file"], lesson["title"])
        for number, lesson in enumerate(content["lesson"])
        if lesson["kind"] != "reading"
    }
    with unit_of_work():
        theme_id = themes.get(theme["slug"]) or editing.create_theme(
            title=theme["title"], description=theme["description"], slug=theme["slug"]
        )
        course_id = editing.create_course(
            author_id=author_id,
            title=facts["title"],
            theme_id=theme_id,
            language=facts["language"],
            slug=path.name,
            summary=facts["summary"],
        )
        editing.set_rules(
            course_id,
            completion_percent=facts["completion_percent"],
            pass_percent=facts["pass_percent"],
            attempts_allowed=facts["attempts"],
        )
        for number, lesson in enumerate(content["lesson"]):
            if number not in stored:
                text = (path / lesson["file"]).read_text(encoding="utf-8")
                editing.add_reading(course_id, title=lesson["title"], body=text)
                continue
            media_id = media.register(stored[number], owner_id=author_id)
            for track in lesson["captions"]:
                media.attach_captions(
                    media_id,
                    language=track["language"],
                    label=track["label"],
                    data=(path / track["file"]).read_bytes(),
                )
            editing.add_recording(course_id, title=lesson["title"], media_id=media_id)
        for question in quiz:
            body = {key: value for key, value in question.items() if key not in {"kind", "option"}}
            body |= {"options": question["option"]} if "option" in question else {}
            editing.write_question(course_id, kind=question["kind"], body=body, author_id=author_id)
        editing.publish(course_id)
    return course_id


def _stored(path: Path, title: str) -> media.Stored:
    with path.open("rb") as stream:
        return media.store(filename=title + path.suffix, stream=stream, length=path.stat().st_size)


def _picture(colour: str, art: str) -> media.StoredImage:
    out = io.BytesIO()
    paint.cover(colour, art).save(out, "PNG")
    out.seek(0)
    return media.store_image(out)


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


def _history(config: Config, ids: dict[str, int]) -> None:
    print("  Giving the members a past …", flush=True)
    with reading():
        views = {slug: courses.course_by_id(courses.course_id_of(slug)) for slug in COURSES}
    history.live(ids, views, config.zone)
