"""The least that a test must say to have findable things and to search them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import timedelta

from flask import Flask

from app.core import clock
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending, sweep
from app.members.rules import Reader
from app.search import queries
from app.search.queries import Results
from app.search.rules import Kind, Passage
from app.search.service import put as put_thing
from config import ROOT, Config
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


def later(app: Flask, passed: timedelta = timedelta(minutes=2)) -> None:
    """What the worker does some minutes later."""
    now = clock.now() + passed
    with clock.use(lambda: now):
        sweep(app)
        run_pending(app)


def in_another_process(config: Config, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that finds `app` on the same data."""
    environment = {
        "PATH": os.environ["PATH"],
        "WEIKE_SECRET_KEY": config.secret_key,
        "WEIKE_INSTANCE_DIR": str(config.instance_dir),
        "WEIKE_MEDIA_DIR": str(config.media_dir),
        "WEIKE_SEARCH_DIR": str(config.search_dir),
        "WEIKE_SEARCH_ENGINE": config.search_engine,
        "WEIKE_SEARCH_DATABASE": config.search_database,
    }
    head = "from app import create_app\nfrom app.core.jobs import run_pending\napp = create_app()\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(script)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
