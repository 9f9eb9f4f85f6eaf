"""My courses, and the beginning of a new one."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.i18n import current_language
from app.core.refusals import Refusal
from app.courses import queries, service
from app.courses.forms import NewCourseForm, refuse
from app.courses.rules import BadTitle, State
from app.courses.views import bp
from app.members.access import AUTHOR, reader


@bp.get("")
@access(AUTHOR)
def desk() -> str:
    me = reader()
    state = request.args.get("state", "")
    everybody = me.is_administrator and request.args.get("of") == "all"
    shown = {State.DRAFT.value, State.PUBLISHED.value, State.WITHDRAWN.value}
    found = queries.own_courses(
        me,
        everybody=everybody,
        state=state if state in shown else "",
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "courses/desk.html",
        found=found,
        state=state if state in shown else "",
        everybody=everybody,
        may_see_all=me.is_administrator,
        removed=queries.removed_drafts(me),
        page_url=lambda number: url_for(
            "courses.desk",
            page=number,
            state=state or None,
            of="all" if everybody else None,
        ),
    )


@bp.get("/courses/new")
@access(AUTHOR)
def new() -> str:
    form = NewCourseForm(language=current_language(), theme_id=request.args.get("theme", type=int))
    form.offer_themes()
    return render_template("courses/new.html", form=form)


@bp.post("/courses/new")
@access(AUTHOR)
def create() -> ResponseReturnValue:
    form = NewCourseForm()
    form.offer_themes()
    if form.validate():
        try:
            course_id = service.create_course(
                author_id=reader().id,
                title=form.title.data or "",
                theme_id=theme_of(form),
                language=form.language.data,
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("Your course is a draft now. Only you see it until you publish it."))
            return redirect(url_for("courses.course", course_id=course_id))
    return render_template("courses/new.html", form=form), 422


def theme_of(form: NewCourseForm) -> int:
    """The chosen theme, or a new one with the typed title."""
    if not form.wants_new_theme:
        return int(form.theme_id.data)
    try:
        return service.create_theme(title=form.new_theme.data or "")
    except BadTitle as refusal:
        refusal.where = "new_theme"
        raise


@bp.post("/courses/<int:course_id>/restore")
@access(AUTHOR)
def restore(course_id: int) -> ResponseReturnValue:
    service.restore_course(queries.own_removed_draft(reader(), course_id))
    flash(_("The draft is back."))
    return redirect(url_for("courses.course", course_id=course_id))
