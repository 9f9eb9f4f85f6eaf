"""The organizer's desk: branches, the completion table, members, and tables to take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import (
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.errors import status_of
from app.core.given_up import given_up
from app.core.limits import limited
from app.learning.rules import CourseState
from app.media.queries import failure_count
from app.members.access import ORGANIZER, reader
from app.members.queries import audit_of_member, branch_choices, root_branch
from app.members.rules.audit import SHOWN_OF_MEMBER
from app.organisation import queries, service
from app.organisation.forms import CorrectionForm
from app.organisation.queries import Cell
from app.organisation.rules import EXPORTS_AN_HOUR, Format, TooManyRows
from app.organisation.views import bp
from app.organisation.views.tables import here, table_file
from app.points import queries as points
from app.points.rules import NeedsAReason, NotANumberOfPoints, Period, TakesTooMuch


def _week() -> datetime:
    begin = points.begins(Period.WEEK, current_app.extensions["weike"].zone)
    assert begin is not None  # only all time has no begin
    return begin


@bp.get("/organizer")
@access(ORGANIZER)
def desk() -> str:
    me, root = reader(), root_branch()
    return render_template(
        "organisation/desk.html",
        desk=queries.desk(me, _week()),
        flags=queries.suspicious(me),
        failed_recordings=0 if me.is_administrator else failure_count(me),
        failed_work=len(given_up()) if me.is_administrator else 0,
        organizes_all=root is not None and me.may_organize(root.path_ids),
    )


def _filters() -> dict[str, Any]:
    """What is asked for in the address, in the shape that queries.completion takes."""
    asked = request.args
    return {
        "branch_id": asked.get("branch", type=int),
        "theme_id": asked.get("theme", type=int),
        "course_id": asked.get("course", type=int),
        "state": asked.get("state", type=CourseState),
    }


@bp.get("/organizer/completion")
@access(ORGANIZER)
def completion() -> ResponseReturnValue:
    me, chosen = reader(), _filters()
    table, refused = None, ""
    try:
        table = queries.completion(me, **chosen)
    except TooManyRows as refusal:
        refused = str(refusal)
    asked = {
        name: chosen[f"{name}_id"]
        for name in ("branch", "theme", "course")
        if chosen[f"{name}_id"] is not None
    }
    return render_template(
        "organisation/completion.html",
        table=table,
        page=table.page(request.args.get("page", 1, type=int)) if table else None,
        refused=refused,
        branches=branch_choices(me),
        themes=queries.themes(),
        courses=queries.courses_in(chosen["theme_id"]),
        asked=asked,
        state=chosen["state"].value if chosen["state"] else "",
        formats=[each.value for each in Format],
    ), 422 if refused else 200


@bp.get("/organizer/completion/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    cells = queries.completion_in_parts(reader(), **_filters())
    header = [
        *(_("Course"), _("Theme"), _("Member"), _("User name"), _("Branch")),
        *(_("Per cent"), _("State"), _("Lessons done"), _("Lessons")),
        *(_("Quiz passed on"), _("Completed on"), _("Last watched on")),
    ]
    return table_file(kind, "completion", _("Completion"), header, _rows(cells))


def _rows(cells: Iterable[Cell]) -> Iterator[list[Any]]:
    words = _state_names()
    for cell in cells:
        seen = cell.progress
        yield [
            *(cell.course.title, cell.course.theme_title),
            *(cell.member, cell.username, cell.branch),
            *(cell.percent, words[cell.state.value]),
            *(seen.lessons_done if seen else 0, cell.course.lessons),
            here(seen.quiz_passed_at if seen else None),
            *(here(cell.completed_at), here(cell.heard_at)),
        ]


@bp.app_template_global("course_state_names")
def _state_names() -> dict[str, str]:
    return {
        CourseState.NEW.value: _("Not begun"),
        CourseState.STARTED.value: _("Begun"),
        CourseState.QUIZ.value: _("Quiz is next"),
        CourseState.DONE.value: _("Done"),
    }


@bp.get("/organizer/members")
@access(ORGANIZER)
def members() -> str:
    me = reader()
    text, branch_id = request.args.get("q", "")[:100], request.args.get("branch", type=int)
    number = request.args.get("page", 1, type=int)
    return render_template(
        "organisation/members.html",
        page=queries.member_page(me, text=text, branch_id=branch_id, page=number),
        branches=branch_choices(me),
        text=text,
        branch_id=branch_id,
    )


@bp.get("/organizer/members/<int:member_id>")
@access(ORGANIZER)
def member(member_id: int) -> str:
    me = reader()
    person = queries.member_for(me, member_id)
    return render_template(
        "organisation/member.html",
        person=person,
        cells=queries.courses_of(person),
        total=points.total(member_id),
        week=points.totals([member_id], _week()).get(member_id, 0),
        entries=points.entries(member_id, request.args.get("page", 1, type=int)),
        flags=queries.flags_of(member_id),
        acts=audit_of_member(me, member_id, most=SHOWN_OF_MEMBER),
        is_me=me.id == member_id,
    )


@bp.get("/organizer/members/<int:member_id>/entries/<int:entry_id>")
@access(ORGANIZER)
def correction(member_id: int, entry_id: int) -> str:
    person = queries.member_for(reader(), member_id)
    line = points.entry_of(member_id, entry_id)
    form = CorrectionForm(amount=-line.amount if line.amount >= 0 else None)
    return render_template("organisation/correct.html", person=person, line=line, form=form)


@bp.post("/organizer/members/<int:member_id>/entries/<int:entry_id>")
@access(ORGANIZER)
def correct(member_id: int, entry_id: int) -> ResponseReturnValue:
    me = reader()
    person = queries.member_for(me, member_id)
    line = points.entry_of(member_id, entry_id)
    form, status = CorrectionForm(), 422
    if form.validate():
        amount, reason = form.amount.data or 0, form.reason.data or ""
        try:
            service.correct_points(
                member_id, entry_id, amount=amount, author_id=me.id, reason=reason
            )
        except (NotANumberOfPoints, TakesTooMuch) as refusal:
            form.amount.errors, status = [str(refusal)], status_of(refusal)
        except NeedsAReason as refusal:
            form.reason.errors, status = [str(refusal)], status_of(refusal)
        else:
            flash(_("The correction is entered."))
            return redirect(url_for("organisation.member", member_id=member_id))
    page = render_template("organisation/correct.html", person=person, line=line, form=form)
    return page, status
