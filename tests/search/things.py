"""The least that a test must say to have findable things and to search them."""

from __future__ import annotations

from flask import Flask

from app.core.db import db, unit_of_work
from app.members.rules import Reader
from app.search import queries
from app.search.queries import Results
from app.search.rules import Kind, Passage
from app.search.service import put as put_thing
from tests.factories import People


def put(
    app: Flask,
    ref: str,
    title: str,
    *texts: str | Passage,
    kind: str = "document",
    audience: frozenset[int] | None = None,
    **label: object,
) -> None:
    """Make a thing findable; each text is a page of it. It is in the index after run_pending."""
    passages = [
        text
        if isinstance(text, Passage)
        else Passage(f"p{number}", f"Page {number}", text, f"/library/{ref}#p{number}")
        for number, text in enumerate(texts, 1)
    ]
    with app.app_context(), unit_of_work():
        put_thing(
            kind=kind,
            ref=ref,
            title=title,
            url=f"/library/{ref}",
            passages=passages,
            audience=audience,
            **label,
        )


def everybody(people: People) -> Reader:
    return people.reader(people.member())


def find(app: Flask, reader: Reader, text: str, kind: Kind | None = None, page: int = 1) -> Results:
    with app.app_context():
        found = queries.find(reader, text, kind=kind, page=page)
        db.session.rollback()
    return found


def titles(app: Flask, people: People, text: str) -> set[str]:
    """Titles that somebody of the head office finds."""
    rows = find(app, everybody(people), text).page.rows
    return {str(row.title.striptags()) for row in rows}
