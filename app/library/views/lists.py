"""Reading lists: one's own, those for a branch, and required reading."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.refusals import Refusal
from app.library import queries, service
from app.library.forms import ListForm
from app.library.queries import ListView
from app.library.rules import NotYours
from app.library.rules.reading import ListLabel, ShownTo
from app.library.views.frame import bp
from app.members import queries as members
from app.members.access import SIGNED_IN, reader


def may_share() -> bool:
    """Whether the reader may make lists for others."""
    return reader().is_author or reader().is_organizer


@bp.get("/lists")
@access(SIGNED_IN)
def lists() -> str:
    return render_template("library/lists.html", lists=queries.lists_for(reader()))


@bp.get("/lists/<int:number>")
@access(SIGNED_IN)
def reading_list(number: int) -> str:
    found = queries.list_for(reader(), number)
    return render_template(
        "library/list.html",
        list=found,
        readers=queries.readers_of(reader(), found),
        is_late=queries.is_late(found),
        branches=queries.branch_names(found.branches),
    )


@bp.route("/lists/new", methods=["GET", "POST"])
@access(SIGNED_IN)
def new_list() -> ResponseReturnValue:
    return _edited(None)


@bp.route("/lists/<int:number>/edit", methods=["GET", "POST"])
@access(SIGNED_IN)
def edit_list(number: int) -> ResponseReturnValue:
    return _edited(queries.changeable_list_for(reader(), number))


def _edited(found: ListView | None) -> ResponseReturnValue:
    form = ListForm(**(_said(found) if found else {}))
    form.branches.choices = members.branch_choices()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            label = ListLabel(
                title=form.title.data or "",
                about=form.about.data or "",
                shown_to=ShownTo(form.shown_to.data) if may_share() else ShownTo.ME,
                branches=frozenset(form.branches.data or ()),
                is_required=bool(form.is_required.data),
            )
            try:
                if found is None:
                    number = service.make_list(reader().id, label, due=form.due.data)
                else:
                    number = found.id
                    service.change_list(number, label, due=form.due.data)
            except NotYours:
                raise
            except Refusal as refusal:
                form.title.errors = [str(refusal)]
            else:
                flash(_("Saved."), "good")
                return redirect(url_for("library.reading_list", number=number))
    return (
        render_template("library/list_edit.html", form=form, list=found, may_share=may_share()),
        status,
    )


def _said(found: ListView) -> dict[str, Any]:
    return {
        "title": found.title,
        "about": found.about,
        "shown_to": found.shown_to.value,
        "branches": sorted(found.branches),
        "is_required": found.is_required,
        "due": found.due,
    }


@bp.post("/lists/<int:number>/delete")
@access(SIGNED_IN)
def delete_list(number: int) -> ResponseReturnValue:
    service.delete_list(queries.changeable_list_for(reader(), number).id)
    flash(_("The reading list is deleted. Its documents stay in the library."), "good")
    return redirect(url_for("library.lists"))


@bp.post("/<uuid>/list")
@access(SIGNED_IN)
def put_on_list(uuid: str) -> ResponseReturnValue:
    """Put a document on a list that exists, or on a new one of one's own."""
    document = queries.document_for(reader(), uuid)
    number = request.form.get("list", type=int)
    if number:
        chosen = queries.changeable_list_for(reader(), number).id
    else:
        title = request.form.get("title", "").strip() or _("To read")
        chosen = service.own_list_called(reader().id, title)
    service.put_on_list(chosen, document.id)
    flash(_("It is on the list."), "good")
    return redirect(url_for("library.reading_list", number=chosen))


@bp.post("/lists/<int:number>/documents/<uuid>")
@access(SIGNED_IN)
def change_item(number: int, uuid: str) -> ResponseReturnValue:
    """Move a document on a list, or take it off."""
    found = queries.changeable_list_for(reader(), number)
    document = queries.document_for(reader(), uuid)
    what = request.form.get("do", "")
    if what == "off":
        service.take_off_list(found.id, document.id)
    else:
        service.move_on_list(found.id, document.id, step=-1 if what == "up" else 1)
    return redirect(url_for("library.reading_list", number=number))
