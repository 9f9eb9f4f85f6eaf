"""Assignments: ask branches for courses by a day, see who is behind, grant exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.core import clock, jobs
from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.paging import Page, window
from app.core.refusals import NotThere, Refusal
from app.learning import service as learning
from app.learning.queries import Case
from app.learning.rules import BadDay, Duty, NeedsAWhy
from app.members.access import ORGANIZER, reader
from app.members.queries import branch_choices
from app.organisation import queries
from app.organisation.forms import AssignmentForm, ReliefForm, TermForm
from app.organisation.queries import AssignmentLine
from app.organisation.rules import EXPORTS_AN_HOUR, Format
from app.organisation.views import bp
from app.organisation.views.tables import table_file

ROWS_PER_PAGE = 50


def _zone() -> ZoneInfo:
    zone: ZoneInfo = current_app.extensions["weike"].zone
    return zone


def _today() -> date:
    return clock.today(_zone())


@bp.get("/organizer/assignments")
@access(ORGANIZER)
def assignments() -> str:
    lines = queries.assignments_for(reader(), _zone())
    return render_template(
        "organisation/assignments.html",
        lines=lines,
        overdue=sum(line.counts[Duty.OVERDUE] for line in lines),
        today=_today(),
    )


@bp.get("/organizer/assignments/new")
@access(ORGANIZER)
def new_assignment() -> str:
    form = AssignmentForm(
        what=request.args.get("what"), branch=request.args.get("branch", type=int)
    )
    return _new(form)


def _new(form: AssignmentForm) -> str:
    _offer(form)
    return render_template("organisation/assign.html", form=form)


def _offer(form: AssignmentForm) -> None:
    paths, themes, courses = queries.things_to_assign(reader())
    form.what.choices = [
        SelectChoice(value, title, optgroup=group)
        for group, things in (
            (str(_("Learning paths")), paths),
            (str(_("Themes, with all their courses")), themes),
            (str(_("Courses")), courses),
        )
        for value, title in things
    ]
    form.branch.choices = [SelectChoice(i, name) for i, name in branch_choices(reader())]
    form.due_on.render_kw = {"min": _today().isoformat()}


@bp.post("/organizer/assignments/new")
@access(ORGANIZER)
def assign() -> ResponseReturnValue:
    form, status = AssignmentForm(), 422
    _offer(form)
    if form.validate():
        kind, _colon, number = form.what.data.partition(":")
        try:
            made = learning.assign(
                branch_id=form.branch.data,
                due_on=form.due_on.data or date.min,
                today=_today(),
                author_id=reader().id,
                course_id=int(number) if kind == "course" else None,
                theme_id=int(number) if kind == "theme" else None,
                path_id=int(number) if kind == "path" else None,
                note=form.note.data or "",
            )
        except BadDay as refusal:
            form.due_on.errors, status = [str(refusal)], status_of(refusal)
        else:
            jobs.enqueue("learning.remind", assignment_id=made)
            flash(_("The assignment stands. Its members see it first on their home page."))
            return redirect(url_for("organisation.assignment", assignment_id=made))
    return render_template("organisation/assign.html", form=form), status


def _sheet(line: AssignmentLine, form: TermForm) -> str:
    duty = request.args.get("state", type=Duty)
    shown = [case for case in line.cases if duty is None or case.duty is duty]
    number = request.args.get("page", 1, type=int)
    offset, limit = window(number, ROWS_PER_PAGE)
    return render_template(
        "organisation/assignment.html",
        line=line,
        formats=[each.value for each in Format],
        form=form,
        duty=duty.value if duty else "",
        page=Page(shown[offset : offset + limit], max(1, number), len(shown), ROWS_PER_PAGE),
    )


@bp.get("/organizer/assignments/<int:assignment_id>")
@access(ORGANIZER)
def assignment(assignment_id: int) -> str:
    line = queries.assignment_for(reader(), assignment_id, _zone())
    return _sheet(line, TermForm(due_on=line.wish.due_on, note=line.wish.note))


@bp.get("/organizer/assignments/<int:assignment_id>/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_assignment(assignment_id: int) -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    duty = request.args.get("state", type=Duty)
    wish = queries.wish_for(reader(), assignment_id)
    states = {
        Duty.DONE: _("Done"),
        Duty.LATE: _("Done late"),
        Duty.EXEMPT: _("Exempt"),
        Duty.OVERDUE: _("Overdue"),
        Duty.DUE: _("Open"),
    }
    header = [
        *(_("Member"), _("Branch"), _("State"), _("Courses done"), _("Courses")),
        *(_("Done on"), _("Last day"), _("Reason")),
    ]
    rows = (
        [
            *(case.member, case.branch, states[case.duty], case.done, case.total),
            *(case.done_on, case.due_on, case.reason),
        ]
        for case in queries.cases_in_parts(reader(), wish, _zone())
        if duty is None or case.duty is duty
    )
    return table_file(kind, "assignment", wish.title, header, rows)


def _mine(assignment_id: int) -> AssignmentLine:
    """An assignment of a branch that is the reader's; who is asked from above may not change it."""
    line = queries.assignment_for(reader(), assignment_id, _zone())
    if not line.may_change:
        raise NotThere
    return line


@bp.post("/organizer/assignments/<int:assignment_id>")
@access(ORGANIZER)
def change_assignment(assignment_id: int) -> ResponseReturnValue:
    line, form, status = _mine(assignment_id), TermForm(), 422
    if form.validate():
        try:
            learning.change(
                assignment_id,
                due_on=form.due_on.data or date.min,
                today=_today(),
                note=form.note.data or "",
            )
        except BadDay as refusal:
            form.due_on.errors, status = [str(refusal)], status_of(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("organisation.assignment", assignment_id=assignment_id))
    return _sheet(line, form), status


@bp.post("/organizer/assignments/<int:assignment_id>/withdraw")
@access(ORGANIZER)
def withdraw_assignment(assignment_id: int) -> ResponseReturnValue:
    line = _mine(assignment_id)
    learning.withdraw(assignment_id)
    offer_undo(
        _("“%(title)s” is no longer asked for.", title=line.wish.title),
        url_for("organisation.ask_again", assignment_id=assignment_id),
    )
    return redirect(url_for("organisation.assignments"))


@bp.post("/organizer/assignments/<int:assignment_id>/again")
@access(ORGANIZER)
def ask_again(assignment_id: int) -> ResponseReturnValue:
    learning.ask_again(assignment_id)
    line = _mine(assignment_id)  # another's is refused, and then it is as it was
    flash(_("“%(title)s” is asked for again.", title=line.wish.title), "good")
    return redirect(url_for("organisation.assignment", assignment_id=assignment_id))


# --- exceptions -----------------------------------------------------------------------------------


@bp.get("/organizer/assignments/<int:assignment_id>/members/<int:member_id>")
@access(ORGANIZER)
def relief(assignment_id: int, member_id: int) -> str:
    case = queries.case_for(reader(), assignment_id, member_id, _zone())
    exempt = case.duty is Duty.EXEMPT
    form = ReliefForm(
        kind="exempt" if exempt else "later",
        due_on=case.due_on if case.is_made_up else None,
        reason=case.reason,
    )
    return render_template("organisation/relief.html", case=case, form=form, many=0)


@bp.post("/organizer/assignments/<int:assignment_id>/members/<int:member_id>")
@access(ORGANIZER)
def relieve(assignment_id: int, member_id: int) -> ResponseReturnValue:
    case = queries.case_for(reader(), assignment_id, member_id, _zone())
    return _relieve(case, [member_id], many=0)


@bp.post("/organizer/assignments/<int:assignment_id>/members/<int:member_id>/restore")
@access(ORGANIZER)
def restore(assignment_id: int, member_id: int) -> ResponseReturnValue:
    case = queries.case_for(reader(), assignment_id, member_id, _zone())
    learning.restore(assignment_id, member_id)
    offer_undo(
        _("The ordinary day holds for %(name)s again.", name=case.member),
        url_for("organisation.relieve", assignment_id=assignment_id, member_id=member_id),
        kind="exempt" if case.duty is Duty.EXEMPT else "later",
        due_on=case.due_on.isoformat() if case.is_made_up else "",
        reason=case.reason,
    )
    return redirect(url_for("organisation.assignment", assignment_id=assignment_id))


@bp.get("/organizer/assignments/<int:assignment_id>/make-up")
@access(ORGANIZER)
def make_up(assignment_id: int) -> str:
    late = _overdue(assignment_id)
    return render_template(
        "organisation/relief.html", case=late[0], form=ReliefForm(), many=len(late)
    )


@bp.post("/organizer/assignments/<int:assignment_id>/make-up")
@access(ORGANIZER)
def make_up_all(assignment_id: int) -> ResponseReturnValue:
    late = _overdue(assignment_id)
    return _relieve(late[0], [case.member_id for case in late], many=len(late))


def _overdue(assignment_id: int) -> list[Case]:
    line = queries.assignment_for(reader(), assignment_id, _zone())
    late = [case for case in line.cases if case.duty is Duty.OVERDUE]
    if not late:
        raise NotThere
    return late


def _relieve(case: Case, member_ids: Iterable[int], *, many: int) -> ResponseReturnValue:
    form, status = ReliefForm(), 422
    if form.validate():
        exempt = form.kind.data == "exempt" and not many
        try:
            if not exempt and form.due_on.data is None:
                raise BadDay
            learning.relieve(
                case.wish.id,
                member_ids,
                reason=form.reason.data or "",
                author_id=reader().id,
                today=_today(),
                due_on=None if exempt else form.due_on.data,
            )
        except (BadDay, NeedsAWhy) as refusal:
            _beside(form, refusal)
            status = status_of(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("organisation.assignment", assignment_id=case.wish.id))
    return render_template("organisation/relief.html", case=case, form=form, many=many), status


def _beside(form: ReliefForm, refusal: Refusal) -> None:
    field = form.due_on if isinstance(refusal, BadDay) else form.reason
    field.errors = [str(refusal)]


# --- who is behind --------------------------------------------------------------------------------


@bp.get("/organizer/overdue")
@access(ORGANIZER)
def overdue() -> str:
    me, branch_id = reader(), request.args.get("branch", type=int)
    late = queries.overdue_for(me, _zone(), branch_id)
    number = request.args.get("page", 1, type=int)
    offset, limit = window(number, ROWS_PER_PAGE)
    return render_template(
        "organisation/overdue.html",
        page=Page(late[offset : offset + limit], max(1, number), len(late), ROWS_PER_PAGE),
        branches=branch_choices(me),
        branch_id=branch_id,
        formats=[each.value for each in Format],
    )


@bp.get("/organizer/overdue/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_overdue() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    late = queries.overdue_in_parts(reader(), _zone(), request.args.get("branch", type=int))
    header = [
        *(_("Member"), _("Branch"), _("What is asked"), _("Last day")),
        *(_("Days overdue"), _("Courses done"), _("Courses"), _("Reason")),
    ]
    return table_file(kind, "overdue", _("Overdue"), header, _rows(late))


def _rows(late: Iterable[Case]) -> Iterator[list[Any]]:
    for case in late:
        yield [
            *(case.member, case.branch, case.wish.title, case.due_on),
            *(-case.days_left, case.done, case.total, case.reason),
        ]
