"""One course: its lessons at a glance, what it says of itself, publishing."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.courses import queries, service
from app.courses.forms import AboutForm, CoverForm, refuse
from app.courses.rules import LONGEST_COURSE_MS, CourseTooLong, NotReady
from app.courses.views import bp
from app.courses.views.desk import theme_of
from app.media.queries import recordings
from app.members.access import AUTHOR, reader
from app.members.queries import branch_lines


def sheet(course: queries.CourseView) -> dict[str, Any]:
    """What every page about one course shows: the budget, and what is still missing."""
    return {
        "course": course,
        "most_ms": LONGEST_COURSE_MS,
        "used_ms": course.length_ms,
        "left_ms": LONGEST_COURSE_MS - course.length_ms,
        "checks": service.publish_checks(course.id),
    }


def lesson_list(course: queries.CourseView) -> dict[str, Any]:
    """What the list of lessons shows besides."""
    return {
        **sheet(course),
        "recordings": recordings(x.media_id for x in course.lessons if x.media_id is not None),
        "removed": queries.removed_lessons(course.id),
    }


@bp.get("/courses/<int:course_id>")
@access(AUTHOR)
def course(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    return render_template("courses/course.html", **lesson_list(found))


@bp.get("/courses/<int:course_id>/about")
@access(AUTHOR)
def about(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    form = AboutForm(
        title=found.own_title,
        summary=found.own_summary,
        **AboutForm.shown(found.titles),
        theme_id=found.theme_id,
        language=found.language,
        audience="all" if found.audience is None else "branches",
        branches=sorted(found.audience or ()),
        seen=found.revision,
    )
    return _about(found, form)


def _about(found: queries.CourseView, form: AboutForm) -> str:
    _offer(form)
    return render_template(
        "courses/about.html",
        form=form,
        cover_form=CoverForm(formdata=None),
        branches=branch_lines(),
        **sheet(found),
    )


def _offer(form: AboutForm) -> None:
    form.offer_themes()
    form.branches.choices = [(line.id, line.name) for line in branch_lines()]


@bp.post("/courses/<int:course_id>/about")
@access(AUTHOR)
def describe(course_id: int) -> ResponseReturnValue:
    found = queries.own_course(reader(), course_id)
    form = AboutForm()
    _offer(form)
    if form.validate():
        chosen = form.branches.data if form.audience.data == "branches" else None
        try:
            service.describe(
                course_id,
                title=form.title.data or "",
                summary=form.summary.data or "",
                theme_id=theme_of(form),
                language=form.language.data,
                titles=form.others(),
                seen=form.seen.data,
            )
            service.set_audience(course_id, chosen)
        except NotReady as refusal:
            form.summary.errors = [*form.summary.errors, str(refusal)]
        except Refusal as refusal:
            # What was typed stays on the page, also when another window was first.
            refuse(form, refusal)
            return _about(found, form), status_of(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("courses.about", course_id=course_id))
    return _about(found, form), 422


@bp.post("/courses/<int:course_id>/cover")
@access(AUTHOR)
def cover(course_id: int) -> ResponseReturnValue:
    me = reader()
    queries.own_course(me, course_id)
    form = CoverForm()
    form.validate()
    service.set_cover(course_id, queries.own_image(me, form.image_id.data))
    flash(_("Saved."))
    return redirect(url_for("courses.about", course_id=course_id))


@bp.post("/courses/<int:course_id>/publish")
@access(AUTHOR)
def publish(course_id: int) -> ResponseReturnValue:
    found = queries.own_course(reader(), course_id)
    try:
        service.publish(course_id)
    except (NotReady, CourseTooLong) as refusal:
        page = render_template("courses/course.html", refused=str(refusal), **lesson_list(found))
        return page, 422
    flash(_("The course is published. Members can find it now."))
    return redirect(url_for("courses.course", course_id=course_id))


@bp.post("/courses/<int:course_id>/withdraw")
@access(AUTHOR)
def withdraw(course_id: int) -> ResponseReturnValue:
    queries.own_course(reader(), course_id)
    service.withdraw(course_id)
    offer_undo(
        _("The course is withdrawn. What members have done in it is kept."),
        url_for("courses.publish", course_id=course_id),
    )
    return redirect(url_for("courses.course", course_id=course_id))


@bp.post("/courses/<int:course_id>/duplicate")
@access(AUTHOR)
@limited("courses copied", most=60, seconds=3600)
def duplicate(course_id: int) -> ResponseReturnValue:
    me = reader()
    found = queries.own_course(me, course_id)
    title = _("%(title)s (copy)", title=found.own_title)
    copy_id = service.duplicate(course_id, author_id=me.id, title=str(title))
    flash(_("This is the copy, a draft. Lessons and questions came along; nobody has seen it yet."))
    return redirect(url_for("courses.about", course_id=copy_id))


@bp.get("/courses/<int:course_id>/delete")
@access(AUTHOR)
def removal(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    return render_template("courses/removal.html", course=found)


@bp.post("/courses/<int:course_id>/delete")
@access(AUTHOR)
def remove(course_id: int) -> ResponseReturnValue:
    found = queries.own_course(reader(), course_id)
    service.remove_course(course_id)
    offer_undo(
        _("The draft “%(title)s” is deleted. You can put it back below.", title=found.title),
        url_for("courses.restore", course_id=course_id),
    )
    return redirect(url_for("courses.desk") + "#removed")


def answer(course_id: int) -> ResponseReturnValue:
    """After a change in the list of lessons: the new list for htmx, the page for others."""
    if "HX-Request" in request.headers:
        found = queries.own_course(reader(), course_id)
        return render_template("courses/_lessons.html", fresh=True, **lesson_list(found))
    return redirect(url_for("courses.course", course_id=course_id) + "#lessons")
