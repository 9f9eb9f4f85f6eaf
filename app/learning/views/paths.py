"""Learning paths: the pages of those who follow them, and of those who make them."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.core.access import access
from app.core.errors import status_of
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.courses.forms import refuse
from app.courses.queries import published_courses
from app.learning import queries, rules, service
from app.learning.forms import PathForm, StepForm
from app.learning.views import bp
from app.members.access import EDITOR, SIGNED_IN, reader
from app.members.queries import branch_choices
from app.members.rules import Reader


@bp.get("/paths")
@access(SIGNED_IN)
def paths() -> str:
    return render_template("learning/paths.html", paths=queries.paths_for(reader()))


@bp.get("/paths/<int:path_id>")
@access(SIGNED_IN)
def path(path_id: int) -> str:
    return render_template("learning/path.html", path=queries.path_for(reader(), path_id))


# --- the desk -------------------------------------------------------------------------------------


@bp.get("/desk/paths")
@access(EDITOR)
def desk_paths() -> str:
    return _list(PathForm(formdata=None))


def _list(form: PathForm) -> str:
    _offer_branches(form, reader())
    return render_template(
        "learning/desk_paths.html",
        paths=queries.desk_paths(reader()),
        form=form,
        is_author=reader().is_author,
    )


def _offer_branches(form: PathForm, me: Reader) -> None:
    """Trainers make courses for every branch, and paths likewise; organizers for their own."""
    form.branch.choices = [
        SelectChoice(number, name) for number, name in branch_choices(None if me.is_author else me)
    ]


@bp.post("/desk/paths")
@access(EDITOR)
def make_path() -> ResponseReturnValue:
    form, status = PathForm(), 422
    _offer_branches(form, reader())
    if form.validate():
        try:
            made = service.make_path(
                title=form.title.data or "", branch_id=form.branch.data, author_id=reader().id
            )
        except rules.NeedsATitle as refusal:
            form.title.errors, status = [str(refusal)], status_of(refusal)
        else:
            return redirect(url_for("learning.desk_path", path_id=made))
    return _list(form), status


@bp.get("/desk/paths/<int:path_id>")
@access(EDITOR)
def desk_path(path_id: int) -> str:
    found = queries.own_path(reader(), path_id)
    return _sheet(found, _form_of(found))


def _form_of(found: queries.DeskPath) -> PathForm:
    return PathForm(
        formdata=None,
        title=found.own_title,
        summary=found.own_summary,
        branch=found.branch_id,
        **PathForm.shown(found.titles),
    )


def _sheet(found: queries.DeskPath, form: PathForm, refused: str = "") -> str:
    _offer_branches(form, reader())
    taken = {card.id for card in found.courses}
    step = StepForm(formdata=None)
    step.course.choices = [
        SelectChoice(card.id, card.title, optgroup=card.theme_title)
        for card in sorted(published_courses(), key=lambda card: (card.theme_title, card.title))
        if card.id not in taken
    ]
    return render_template(
        "learning/desk_path.html", path=found, form=form, step=step, refused=refused
    )


@bp.post("/desk/paths/<int:path_id>")
@access(EDITOR)
def edit_path(path_id: int) -> ResponseReturnValue:
    found, form, status = queries.own_path(reader(), path_id), PathForm(), 422
    _offer_branches(form, reader())
    if form.validate():
        try:
            service.edit_path(
                path_id,
                title=form.title.data or "",
                summary=form.summary.data or "",
                branch_id=form.branch.data,
                titles=form.others(),
            )
        except Refusal as refusal:
            refuse(form, refusal)
            status = status_of(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("learning.desk_path", path_id=path_id))
    return _sheet(found, form), status


@bp.post("/desk/paths/<int:path_id>/courses")
@access(EDITOR)
def add_step(path_id: int) -> ResponseReturnValue:
    found = queries.own_path(reader(), path_id)
    chosen = request.form.get("course", type=int)
    if chosen in {card.id for card in published_courses()}:
        try:
            service.add_step(path_id, chosen)
        except rules.TooManySteps as refusal:
            return _sheet(found, _form_of(found), str(refusal)), status_of(refusal)
    return redirect(url_for("learning.desk_path", path_id=path_id) + "#steps")


@bp.post("/desk/paths/<int:path_id>/courses/<int:course_id>/move")
@access(EDITOR)
def move_step(path_id: int, course_id: int) -> ResponseReturnValue:
    queries.own_path(reader(), path_id)
    service.move_step(path_id, course_id, by=-1 if request.form.get("to") == "up" else 1)
    return redirect(url_for("learning.desk_path", path_id=path_id) + f"#step-{course_id}")


@bp.post("/desk/paths/<int:path_id>/courses/<int:course_id>/remove")
@access(EDITOR)
def remove_step(path_id: int, course_id: int) -> ResponseReturnValue:
    found = queries.own_path(reader(), path_id)
    try:
        service.remove_step(path_id, course_id)
    except rules.NeedsSteps as refusal:
        return _sheet(found, _form_of(found), str(refusal)), status_of(refusal)
    return redirect(url_for("learning.desk_path", path_id=path_id) + "#steps")


@bp.post("/desk/paths/<int:path_id>/state")
@access(EDITOR)
def set_path_state(path_id: int) -> ResponseReturnValue:
    found = queries.own_path(reader(), path_id)
    try:
        if request.form.get("to") == "withdrawn":
            service.withdraw_path(path_id)
            url = url_for("learning.set_path_state", path_id=path_id)
            offer_undo(_("“%(title)s” is withdrawn.", title=found.title), url, to="published")
        else:
            service.publish_path(path_id)
            flash(_("“%(title)s” is published.", title=found.title), "good")
    except rules.NeedsSteps as refusal:
        return _sheet(found, _form_of(found), str(refusal)), status_of(refusal)
    return redirect(url_for("learning.desk_path", path_id=path_id))
