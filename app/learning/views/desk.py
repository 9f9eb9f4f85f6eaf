"""What trainers see and decide of how their courses are watched."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.core.access import access
from app.core.errors import status_of
from app.core.i18n import clock_time
from app.courses.queries import CourseView, own_course, published_courses
from app.learning import queries, rules, service
from app.learning.forms import WatchingForm
from app.learning.views import bp
from app.members.access import AUTHOR, reader


@bp.get("/desk/courses/<int:course_id>/watching")
@access(AUTHOR)
def watching(course_id: int) -> str:
    course = own_course(reader(), course_id)
    strict = queries.strictness_of(course.id)
    form = WatchingForm(
        in_order=strict.in_order,
        presence=strict.presence,
        alone=strict.alone,
        needs=queries.needs_of(course.id),
    )
    return _watching(course, form)


def _watching(course: CourseView, form: WatchingForm) -> str:
    _offer(course, form)
    return render_template(
        "learning/watching.html",
        course=course,
        form=form,
        figures=queries.lesson_figures(course),
    )


def _offer(course: CourseView, form: WatchingForm) -> None:
    form.needs.choices = [
        SelectChoice(card.id, card.title) for card in published_courses() if card.id != course.id
    ]


@bp.post("/desk/courses/<int:course_id>/watching")
@access(AUTHOR)
def set_watching(course_id: int) -> ResponseReturnValue:
    course = own_course(reader(), course_id)
    form, status = WatchingForm(), 422
    _offer(course, form)
    if form.validate():
        try:
            service.set_needs(course.id, form.needs.data or [])
        except rules.NotBefore as refusal:
            form.needs.errors, status = [str(refusal)], status_of(refusal)
        else:
            service.set_watching(
                course.id,
                in_order=form.in_order.data,
                presence=form.presence.data,
                alone=form.alone.data,
            )
            flash(_("Saved. It holds for lessons that are opened from now on."))
            return redirect(url_for("learning.watching", course_id=course.id))
    return _watching(course, form), status


@bp.get("/desk/courses/<int:course_id>/watching/<int:lesson_id>")
@access(AUTHOR)
def retention(course_id: int, lesson_id: int) -> str:
    course = own_course(reader(), course_id)
    lesson = course.lesson(lesson_id)
    found = queries.retention(lesson)
    return render_template(
        "learning/retention.html",
        course=course,
        lesson=lesson,
        found=found,
        repeated=[f"{clock_time(a)}–{clock_time(b)}" for a, b in found.repeated],
    )
