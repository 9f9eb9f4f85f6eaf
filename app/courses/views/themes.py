"""Themes: which there are, in which order, and what they say."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.refusals import Refusal
from app.courses import queries, service
from app.courses.forms import CoverForm, ThemeForm, refuse
from app.courses.rules import ThemeInUse
from app.courses.views import bp
from app.members.access import AUTHOR, reader


@bp.get("/themes")
@access(AUTHOR)
def themes() -> str:
    return render_template("courses/themes.html", themes=queries.all_themes(), form=ThemeForm())


@bp.post("/themes")
@access(AUTHOR)
def create_theme() -> ResponseReturnValue:
    form = ThemeForm()
    if form.validate():
        try:
            theme_id = service.create_theme(
                title=form.title.data or "", description=form.description.data or ""
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("The theme is made. Members see it when it has a published course."))
            return redirect(url_for("courses.theme", theme_id=theme_id))
    page = render_template("courses/themes.html", themes=queries.all_themes(), form=form)
    return page, 422


@bp.get("/themes/<int:theme_id>")
@access(AUTHOR)
def theme(theme_id: int) -> str:
    found = queries.theme(theme_id)
    form = ThemeForm(
        title=found.own_title,
        description=found.own_description,
        **ThemeForm.shown(found.titles),
    )
    return _theme(found, form)


def _theme(found: queries.DeskTheme, form: ThemeForm) -> str:
    return render_template(
        "courses/theme.html", theme=found, form=form, cover_form=CoverForm(formdata=None)
    )


@bp.post("/themes/<int:theme_id>")
@access(AUTHOR)
def edit_theme(theme_id: int) -> ResponseReturnValue:
    found = queries.theme(theme_id)
    form = ThemeForm()
    if form.validate():
        try:
            service.edit_theme(
                theme_id,
                title=form.title.data or "",
                description=form.description.data or "",
                titles=form.others(),
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("courses.themes"))
    return _theme(found, form), 422


@bp.post("/themes/<int:theme_id>/cover")
@access(AUTHOR)
def theme_cover(theme_id: int) -> ResponseReturnValue:
    form = CoverForm()
    form.validate()
    service.set_theme_cover(theme_id, queries.own_image(reader(), form.image_id.data))
    flash(_("Saved."))
    return redirect(url_for("courses.theme", theme_id=theme_id))


@bp.post("/themes/<int:theme_id>/move")
@access(AUTHOR)
def move_theme(theme_id: int) -> ResponseReturnValue:
    service.move_theme(theme_id, by=-1 if request.form.get("to") == "up" else 1)
    return redirect(url_for("courses.themes") + f"#theme-{theme_id}")


@bp.post("/themes/<int:theme_id>/remove")
@access(AUTHOR)
def remove_theme(theme_id: int) -> ResponseReturnValue:
    found = queries.theme(theme_id)
    try:
        service.remove_theme(theme_id)
    except ThemeInUse as refusal:
        form = ThemeForm(
            formdata=None,
            title=found.own_title,
            description=found.own_description,
            **ThemeForm.shown(found.titles),
        )
        refuse(form, refusal)
        return _theme(found, form), 422
    flash(_("The theme is deleted."))
    return redirect(url_for("courses.themes"))
