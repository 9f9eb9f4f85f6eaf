"""Files into the bank: opened, mended, taken whole or not at all, and taken back at one click."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.media import queries as media
from app.questions import formats, queries, rules, types
from app.questions.formats import proposing
from app.questions.models import QuestionImport
from app.questions.queries.imports import view
from app.questions.rules import QuestionState
from app.questions.service import questions, sorting


def open_import(paper: formats.Paper, *, filename: str, author_id: int) -> int:
    """Keep what was read of a file until somebody has looked at it; returns the import's id."""
    _resolve(paper)
    items = [
        {
            "number": item.number,
            "line": item.line,
            "file": item.file,
            "kind": item.kind,
            "body": item.body,
            "facts": item.facts,
            "problems": [asdict(problem) for problem in item.problems],
            "twins": [],
            "copies": [],
            "out": False,
        }
        for item in paper.items
    ]
    _find_twins(items)
    _find_copies(items)
    row = QuestionImport(
        author_id=author_id,
        filename=filename[:200],
        format=paper.format,
        state="open",
        items=items,
        notes=[asdict(note) for note in paper.notes],
        revision=0,
        created_at=clock.now(),
    )
    session = db.session()
    session.add(row)
    session.flush()
    return row.id


def _resolve(paper: formats.Paper) -> None:
    """Where questions are taught, by what this site has; a recording that is not here is told."""
    watched = [item for item in paper.items if "watch" in item.facts]
    known = media.media_ids(item.facts["watch"]["recording"] for item in watched)
    for item in watched:
        said = item.facts.pop("watch")
        number = known.get(said.pop("recording"))
        if number is None:
            item.note(_("The recording that teaches it is not on this site."))
        else:
            row = {"kind": "recording", "ref": str(number), **said}
            item.facts.setdefault("places", []).append(row)
    for item in paper.items:
        if "read" in item.facts:
            said = item.facts.pop("read")
            row = {"kind": "document", "ref": said["document"], "anchor": said["anchor"]}
            item.facts.setdefault("places", []).append(row)


def _said(items: list[dict[str, Any]]) -> dict[int, str]:
    """All that each item says that is a question already, by its place."""
    said = {}
    for at, item in enumerate(items):
        if item["kind"] in types.TYPES and not any(p["blocks"] for p in item["problems"]):
            of = types.of(item["kind"])
            said[at] = " ".join(of.said(of.clean(item["body"])))
    return said


def _find_twins(items: list[dict[str, Any]]) -> None:
    """For every item, the questions of the bank that look like it."""
    found = queries.twins(_said(items))
    for at, item in enumerate(items):
        item["twins"] = [[twin.id, twin.percent] for twin in found.get(at, [])]


def _find_copies(items: list[dict[str, Any]]) -> None:
    """For every item, those further up in the same file that look like it."""
    for item in items:
        item["copies"] = []
    for (first, second), percent in sorted(rules.alike(_said(items)).items()):
        items[second]["copies"].append([first, percent])


def edit_item(
    import_id: int,
    at: int,
    *,
    kind: str,
    body: dict[str, Any],
    seen: int | None = None,
) -> None:
    """Put a mended question in the place of one that was read. Raises BadQuestion, Conflict,
    NotThere, ImportIsOver."""
    row = _open(import_id, seen)
    items = [dict(item) for item in row.items]
    if not 0 <= at < len(items):
        raise NotThere
    of = types.of(kind)
    clean = of.plain(of.clean(body))
    kept = [problem for problem in items[at]["problems"] if not problem["blocks"]]
    items[at] |= {"kind": kind, "body": clean, "problems": kept, "out": False}
    one = [items[at]]
    _find_twins(one)
    _find_copies(items)
    row.items, row.revision = items, row.revision + 1


def keep_item(import_id: int, at: int, *, keep: bool) -> None:
    """Leave a question of the file out, or take it after all."""
    row = _open(import_id, None)
    items = [dict(item) for item in row.items]
    if not 0 <= at < len(items):
        raise NotThere
    items[at]["out"] = not keep
    row.items, row.revision = items, row.revision + 1


def leave_out(import_id: int, *, alike: bool) -> int:
    """Leave out all at once: what is like a question of the bank or one further up in the file, or
    else what must be mended.

    Returns how many are left out by this.
    """
    row = _open(import_id, None)
    items = [dict(item) for item in row.items]
    gone = 0
    for item in items:
        again = bool(item["twins"] or queries.copies_of(items, item))
        meant = again if alike else any(p["blocks"] for p in item["problems"])
        if meant and not item["out"]:
            item["out"] = True
            gone += 1
    if gone:
        row.items, row.revision = items, row.revision + 1
    return gone


def take_import(
    import_id: int, *, state: str = QuestionState.READY, category_id: int | None = None
) -> list[int]:
    """Take every question of a file that is not left out into the bank; returns their ids.

    All or nothing: raises StillBlocked while one of them cannot be asked. `category_id` is for
    questions whose file names no category. Raises NothingToTake, ImportIsOver, NotThere.
    """
    row = _open(import_id, None)
    found = view(row)
    if found.blocked:
        raise rules.StillBlocked(number=found.blocked)
    if not found.taken:
        raise rules.NothingToTake
    made = questions.add(
        [(item["kind"], item["body"]) for item in found.taken], author_id=row.author_id
    )
    # What rules proposed is looked over by a person before anybody is asked it.
    kept = QuestionState.DRAFT if row.format == proposing.NAME else state
    paths: dict[str, int] = {}
    for question, item in zip(made, found.taken, strict=True):
        question.import_id, question.state = row.id, str(kept)
        path = item["facts"].get("category", "")
        if path and path not in paths:
            paths[path] = sorting.category_at(path)
        question.category_id = paths.get(path, category_id)
        sorting.put(question, item["facts"])
    row.state, row.finished_at = "done", clock.now()
    db.session().flush()
    ids = [question.id for question in made]
    questions.changed(ids)
    return ids


def undo_import(import_id: int, *, by: int) -> int:
    """Take a whole file back out of the bank; returns how many questions went.

    They are retired, not erased: a quiz that asks one already, and attempts that were given one,
    keep it. Raises NotToUndo, NotThere.
    """
    row = db.session().get(QuestionImport, import_id, with_for_update=True)
    if row is None:
        raise NotThere
    if row.state != "done":
        raise rules.NotToUndo
    ids = queries.question_ids_of(import_id)
    gone = sorting.sort(ids, by=by, state=QuestionState.RETIRED.value)
    row.state, row.finished_at = "undone", clock.now()
    db.session().flush()
    return gone


def drop_import(import_id: int) -> None:
    """Put a file away that was never taken; what was read of it is forgotten."""
    row = _open(import_id, None)
    row.state, row.items, row.notes = "dropped", [], []


def _open(import_id: int, seen: int | None) -> QuestionImport:
    row = db.session().scalar(
        select(QuestionImport).where(QuestionImport.id == import_id).with_for_update()
    )
    if row is None:
        raise NotThere
    if row.state != "open":
        raise rules.ImportIsOver
    if seen is not None and seen != row.revision:
        raise Conflict
    return row
