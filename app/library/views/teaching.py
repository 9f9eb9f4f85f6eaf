"""Documents and questions: where to read again, and questions proposed from a text."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.limits import limited
from app.library import queries
from app.library.queries import DocumentView
from app.library.views.frame import bp
from app.members.access import AUTHOR, SIGNED_IN, reader
from app.questions import queries as questions
from app.questions import service as bank
from app.questions.formats import proposing
from app.search.rules import place_name

MOST_PARTS = 200  # that are read for proposals at once


@bp.get("/pages-to-read")
@access(SIGNED_IN)
@limited("pages to read", most=120, seconds=60)
def pages_to_read() -> str:
    """Links to the pages that teach what was answered wrong, for pages of rooms below or beside.

    Which questions a member may ask this about stands on a pass that the other room has sealed:
    where an answer can be read is a part of the answer.
    """
    me = reader()
    ids = bank.passed(request.args.get("for", ""), me.id)
    found = queries.references_for(me, questions.page_places(ids))
    return render_template("library/_pages_to_read.html", found=found)


@bp.get("/questions/<int:question_id>")
@access(AUTHOR)
def question_page(question_id: int) -> str:
    """Choose where an answer can be read: first the document, then the place in it."""
    me = reader()
    found = questions.own_question(me, question_id)
    text = request.args.get("q", "").strip()[:100]
    uuid = request.args.get("document")
    chosen = queries.document_for(me, uuid) if uuid else None
    now = questions.page_places([found.id])
    return render_template(
        "library/question_page.html",
        question=found,
        text=text,
        now=queries.references_for(me, now).get(found.id),
        is_hidden=bool(now),
        documents=[] if chosen else queries.documents_called(me, text),
        document=chosen,
        parts=queries.part_lines(chosen.file.id) if chosen else [],
    )


@bp.post("/questions/<int:question_id>")
@access(AUTHOR)
def choose_page(question_id: int) -> ResponseReturnValue:
    me = reader()
    found = questions.own_question(me, question_id)
    before = queries.references_for(me, questions.page_places([found.id])).get(found.id)
    said = _said(before.title, before.place) if before else ""
    uuid, anchor = request.form.get("document"), request.form.get("anchor", "")[:20]
    after = ""
    if uuid:
        document = queries.document_for(me, uuid)
        after = _said(document.title, queries.part_called(document.file.id, anchor))
    if bank.place_page(
        found.id, by=me.id, document=uuid or None, anchor=anchor, said=(said, after)
    ):
        flash(_("Saved."), "good")
    return redirect(url_for("questions.question", question_id=found.id) + "#sorted", 303)


def _said(title: str, place: str) -> str:
    return f"{title} · {place}" if place else title


@bp.post("/<uuid>/propose")
@access(AUTHOR)
@limited("proposals", most=20, seconds=60)
def propose(uuid: str) -> ResponseReturnValue:
    """Questions proposed from the text of a document, to be looked over before they are kept."""
    me = reader()
    found = queries.document_for(me, uuid)
    first = max(0, min(request.form.get("first", 0, type=int), 10_000))
    parts = queries.parts_between(found.file.id, first, first + MOST_PARTS - 1)
    paper = proposing.propose(
        proposing.Passage(
            _said(found.title, place_name(part.anchor, part.label)),
            part.text,
            {"kind": "document", "ref": found.uuid, "anchor": part.anchor},
        )
        for part in parts
    )
    if not paper.items:
        flash(_("No sentence here defines something, so there is nothing to propose."), "info")
        return redirect(url_for("library.document", uuid=uuid), 303)
    import_id = bank.open_import(paper, filename=found.title, author_id=me.id)
    return redirect(url_for("questions.import_", import_id=import_id), 303)


@bp.context_processor
def _proposals() -> dict[str, object]:
    return {"beginnings": _beginnings}


def _beginnings(document: DocumentView) -> list[queries.PartLine]:
    """The parts of a long document from which proposals may begin; none when it is short."""
    lines = queries.part_lines(document.file.id) if reader().is_author else []
    return lines if len(lines) > 1 else []
