"""Notes of one's own: made beside the text, found again on a page, taken along as a file."""

from __future__ import annotations

from itertools import groupby

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.limits import limited
from app.core.pages import offer_undo
from app.library import queries, service
from app.library.queries import NoteLine
from app.library.rules import Kind
from app.library.views.frame import bp
from app.members.access import SIGNED_IN, reader
from app.search.rules import place_name


@bp.get("/notes")
@access(SIGNED_IN)
def notes() -> str:
    text = request.args.get("q", "").strip()[:100]
    found = queries.notes_of(reader(), text)
    return render_template("library/notes.html", documents=_by_document(found), text=text)


@bp.get("/notes.md")
@access(SIGNED_IN)
def notes_file() -> Response:
    """All notes of the reader as Markdown."""
    lines = []
    for title, _uuid, some in _by_document(queries.notes_of(reader())):
        lines.append(f"# {title}\n")
        for note in some:
            place = place_name(note.anchor, note.label)
            quote = "\n".join(f"> {line}" for line in note.quote.splitlines())
            lines.append("\n\n".join(filter(None, (f"## {place}", quote, note.text))) + "\n")
    response = Response("\n".join(lines), mimetype="text/markdown")
    response.headers["Content-Disposition"] = "attachment; filename=notes.md"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.get("/<uuid>/at/<anchor>")
@access(SIGNED_IN)
def go_to(uuid: str, anchor: str) -> ResponseReturnValue:
    """Open a document at one of its places, wherever that stands by now."""
    found = queries.document_for(reader(), uuid)
    if found.file.kind is Kind.PDF:
        return redirect(url_for("library.read", uuid=uuid, _anchor=anchor))
    page = queries.page_with(found.file.id, anchor)
    return redirect(url_for("library.document", uuid=uuid, page=page, _anchor=anchor))


def _by_document(found: list[NoteLine]) -> list[tuple[str, str, list[NoteLine]]]:
    return [
        (some[0].title, uuid, some)
        for uuid, rows in groupby(found, key=lambda note: note.uuid)
        if (some := list(rows))
    ]


@bp.post("/<uuid>/notes")
@access(SIGNED_IN)
@limited("library-notes", most=60, seconds=60)
def write_note(uuid: str) -> ResponseReturnValue:
    found = queries.document_for(reader(), uuid)
    anchor = request.form.get("anchor", "")
    service.write_note(
        reader().id,
        found.id,
        anchor=anchor,
        quote=request.form.get("quote", ""),
        text=request.form.get("text", ""),
    )
    flash(_("Noted. Only you see your notes."), "good")
    if found.file.kind is Kind.PDF and request.form.get("from") == "pages":
        return redirect(url_for("library.read", uuid=uuid, _anchor=anchor))
    page = request.form.get("page", type=int)
    return redirect(url_for("library.document", uuid=uuid, page=page, _anchor=anchor))


@bp.post("/notes/<int:number>")
@access(SIGNED_IN)
def change_note(number: int) -> ResponseReturnValue:
    service.change_note(reader().id, number, request.form.get("text", ""))
    flash(_("Saved."), "good")
    return redirect(url_for("library.notes", _anchor=f"note-{number}"))


@bp.post("/notes/<int:number>/delete")
@access(SIGNED_IN)
def delete_note(number: int) -> ResponseReturnValue:
    me = reader()
    found = next((note for note in queries.notes_of(me) if note.id == number), None)
    service.delete_note(me.id, number)
    if found is not None:
        offer_undo(
            _("The note is deleted."),
            url_for("library.write_note", uuid=found.uuid),
            anchor=found.anchor,
            quote=found.quote,
            text=found.text,
        )
    return redirect(url_for("library.notes"))
