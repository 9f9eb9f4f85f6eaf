"""The tree of collections: made, renamed, moved and deleted."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.library import queries, service
from app.library.forms import CollectionForm
from app.library.rules import NotEmpty
from app.library.views.frame import bp
from app.members.access import EDITOR, reader


@bp.route("/collections", methods=["GET", "POST"])
@access(EDITOR)
def collections() -> ResponseReturnValue:
    form = _nested(CollectionForm())
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                service.add_collection(form.name.data or "", parent_id=form.parent.data or None)
            except Refusal as refusal:
                form.name.errors = [str(refusal)]
            else:
                return redirect(url_for("library.collections"))
    return (
        render_template(
            "library/collections.html",
            form=form,
            collections=queries.collections_for(reader(), empty=True),
        ),
        status,
    )


@bp.route("/collections/<int:number>", methods=["GET", "POST"])
@access(EDITOR)
def collection(number: int) -> ResponseReturnValue:
    found = queries.collection_for(reader(), number)
    form = _nested(CollectionForm(name=found.name, parent=found.parent_id or 0))
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                service.change_collection(
                    number, name=form.name.data or "", parent_id=form.parent.data or None
                )
            except Refusal as refusal:
                form.name.errors = [str(refusal)]
            else:
                flash(_("Saved."), "good")
                return redirect(url_for("library.collections"))
    return render_template("library/collection.html", form=form, collection=found), status


@bp.post("/collections/<int:number>/move")
@access(EDITOR)
def move_collection(number: int) -> ResponseReturnValue:
    service.move_collection(number, step=-1 if request.form.get("to") == "up" else 1)
    return redirect(url_for("library.collections"))


@bp.post("/collections/<int:number>/delete")
@access(EDITOR)
def delete_collection(number: int) -> ResponseReturnValue:
    found = queries.collection_for(reader(), number)
    try:
        service.remove_collection(number)
    except NotEmpty as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("library.collection", number=number))
    offer_undo(
        _("“%(name)s” is deleted.", name=found.name),
        url_for("library.collections"),
        name=found.name,
        parent=str(found.parent_id or 0),
    )
    return redirect(url_for("library.collections"))


def _nested(form: CollectionForm) -> CollectionForm:
    form.offer(queries.collection_choices(), top=_("At the top"))
    return form
