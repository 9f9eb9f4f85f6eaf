"""The tree of branches, for administrators."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.members import queries, service
from app.members.access import ADMINISTRATOR
from app.members.forms import (
    BranchForm,
    MoveBranchForm,
    PasteBranchesForm,
    RenameBranchForm,
    offer_branches,
)
from app.members.rules import outline
from app.members.views.door import bp, show_at, typed


@bp.get("/admin/branches")
@access(ADMINISTRATOR)
def branches() -> str:
    return _page(BranchForm())


@bp.post("/admin/branches")
@access(ADMINISTRATOR)
def add_branch() -> ResponseReturnValue:
    form = BranchForm()
    offer_branches(form.parent_id, queries.branch_choices())
    if not form.validate():
        return _page(form), 422
    try:
        service.add_branch(typed(form.name), parent_id=form.parent_id.data)
    except Refusal as refusal:
        show_at(form.name, refusal)
        return _page(form), 422
    flash(_("“%(name)s” is added.", name=typed(form.name).strip()), "good")
    return redirect(url_for("members.branches"), 303)


def _page(form: BranchForm, paste: PasteBranchesForm | None = None) -> str:
    offer_branches(form.parent_id, queries.branch_choices())
    return render_template(
        "members/branches.html",
        form=form,
        paste=paste or PasteBranchesForm(formdata=None),
        lines=queries.branch_lines(),
    )


@bp.post("/admin/branches/paste")
@access(ADMINISTRATOR)
def paste_branches() -> ResponseReturnValue:
    form = PasteBranchesForm()
    made = 0
    if form.validate():
        try:
            made = service.take_in_branches(outline(typed(form.outline)))
        except Refusal as refusal:
            show_at(form.outline, refusal)
    if form.errors:
        return _page(BranchForm(formdata=None), form), 422
    flash(ngettext("%(num)s branch is added.", "%(num)s branches are added.", made), "good")
    return redirect(url_for("members.branches"), 303)


@bp.get("/admin/branches/<int:branch_id>")
@access(ADMINISTRATOR)
def branch(branch_id: int) -> str:
    return _branch_page(branch_id, None, None)


@bp.post("/admin/branches/<int:branch_id>/rename")
@access(ADMINISTRATOR)
def rename_branch(branch_id: int) -> ResponseReturnValue:
    form = RenameBranchForm()
    if form.validate():
        try:
            service.rename_branch(branch_id, typed(form.name))
        except Refusal as refusal:
            show_at(form.name, refusal)
    if form.errors:
        return _branch_page(branch_id, form, None), 422
    flash(_("Saved."), "good")
    return redirect(url_for("members.branches"), 303)


@bp.post("/admin/branches/<int:branch_id>/move")
@access(ADMINISTRATOR)
def move_branch(branch_id: int) -> ResponseReturnValue:
    form = MoveBranchForm()
    offer_branches(form.parent_id, queries.branch_choices())
    if form.validate():
        try:
            service.move_branch(branch_id, parent_id=form.parent_id.data)
        except Refusal as refusal:
            show_at(form.parent_id, refusal)
    if form.errors:
        return _branch_page(branch_id, None, form), 422
    flash(_("The branch is moved, with all below it."), "good")
    return redirect(url_for("members.branches"), 303)


@bp.post("/admin/branches/<int:branch_id>/remove")
@access(ADMINISTRATOR)
def remove_branch(branch_id: int) -> ResponseReturnValue:
    line = queries.branch_line(branch_id)
    service.remove_branch(branch_id)
    offer_undo(
        _("The branch is removed."),
        url_for("members.add_branch"),
        name=line.name,
        parent_id=str(line.parent_id or ""),
    )
    return redirect(url_for("members.branches"), 303)


def _branch_page(
    branch_id: int, rename: RenameBranchForm | None, move: MoveBranchForm | None
) -> str:
    line = queries.branch_line(branch_id)
    rename = rename or RenameBranchForm(formdata=None, name=line.name)
    move = move or MoveBranchForm(formdata=None, parent_id=line.parent_id)
    below = set(queries.branch_ids_below(branch_id))
    offer_branches(move.parent_id, [c for c in queries.branch_choices() if c[0] not in below])
    return render_template("members/branch.html", line=line, rename=rename, move=move)
