"""Reports: members across courses, how it goes over time, who needs help, and days of the past."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.paging import Page, window
from app.members.access import ORGANIZER, reader
from app.members.queries import branch_choices
from app.organisation import queries
from app.organisation.queries import PastReport
from app.organisation.rules import (
    EXPORTS_AN_HOUR,
    Format,
    NotYet,
    Step,
    TooManyRows,
    past_day,
)
from app.organisation.views import bp
from app.organisation.views.tables import here, table_file

ROWS_PER_PAGE = 50


def _zone() -> ZoneInfo:
    zone: ZoneInfo = current_app.extensions["weike"].zone
    return zone


def _branch() -> int | None:
    return request.args.get("branch", type=int)


@bp.get("/organizer/reports")
@access(ORGANIZER)
def trend() -> str:
    step = request.args.get("by", Step.WEEK, type=Step)
    found = queries.trend(reader(), step, _zone(), _branch())
    periods = {period.begins: period for period in found.periods}
    one = _period("one", periods, found.periods[-2].begins)
    other = _period("other", periods, found.periods[-3].begins)
    return render_template(
        "organisation/trend.html",
        trend=found,
        one=periods[one],
        other=periods[other],
        changes=queries.comparison(
            reader(), step, _zone(), one=one, other=other, branch_id=_branch()
        ),
        step=step.value,
        branches=branch_choices(reader()),
        branch_id=_branch(),
        formats=[each.value for each in Format],
    )


@bp.get("/organizer/reports/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_trend() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    step = request.args.get("by", Step.WEEK, type=Step)
    found = queries.trend(reader(), step, _zone(), _branch())
    header = [
        _("Week from") if step is Step.WEEK else _("Month from"),
        *(_("Courses done"), _("Lessons done"), _("Members who learned")),
    ]
    rows = ([each.begins, each.courses, each.lessons, each.learners] for each in found.periods)
    return table_file(kind, f"{step.value}s", _("Over time"), header, rows)


def _period(name: str, periods: Container[date], usual: date) -> date:
    """The first day of a period that was chosen; the usual one for anything else."""
    try:
        chosen = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return usual
    return chosen if chosen in periods else usual


@bp.get("/organizer/reports/matrix")
@access(ORGANIZER)
def matrix() -> str:
    theme_id = request.args.get("theme", type=int)
    return render_template(
        "organisation/matrix.html",
        matrix=queries.matrix(
            reader(),
            branch_id=_branch(),
            theme_id=theme_id,
            page=request.args.get("page", 1, type=int),
            column=request.args.get("column", 1, type=int),
        ),
        branches=branch_choices(reader()),
        branch_id=_branch(),
        themes=queries.themes(),
        theme_id=theme_id,
    )


@bp.get("/organizer/reports/help")
@access(ORGANIZER)
def needs_help() -> str:
    return render_template(
        "organisation/help.html",
        needs=queries.needs_help(reader(), _zone(), _branch()),
        branches=branch_choices(reader()),
        branch_id=_branch(),
        formats=[each.value for each in Format],
    )


@bp.get("/organizer/reports/help/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_help() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    found = queries.needs_help(reader(), _zone(), _branch())
    header = [
        *(_("Member"), _("Branch"), _("Overdue")),
        *(_("Stopped in the middle"), _("Has not begun, member since")),
    ]
    rows = (
        [
            *(need.member, need.branch, "\n".join(need.overdue)),
            "\n".join(title for title, _heard in need.stalled),
            here(need.never_since),
        ]
        for need in found
    )
    return table_file(kind, "needs-help", _("Who needs help"), header, rows)


@bp.get("/organizer/reports/day")
@access(ORGANIZER)
def past() -> ResponseReturnValue:
    today = clock.today(_zone())
    report, refused, status, too_long = None, "", 200, False
    try:
        report = _report(today)
    except (NotYet, TooManyRows) as refusal:
        refused, status = str(refusal), status_of(refusal)
        too_long = isinstance(refusal, TooManyRows)
    number = request.args.get("page", 1, type=int)
    offset, limit = window(number, ROWS_PER_PAGE)
    rows = report.rows if report else []
    return render_template(
        "organisation/past.html",
        report=report,
        refused=refused,
        too_long=too_long,
        page=Page(rows[offset : offset + limit], max(1, number), len(rows), ROWS_PER_PAGE),
        today=today,
        branches=branch_choices(reader()),
        branch_id=_branch(),
        formats=[each.value for each in Format],
    ), status


def _report(today: date) -> PastReport:
    return queries.as_of(reader(), _day(today), _zone(), _branch())


def _day(today: date) -> date:
    return past_day(request.args.get("day", ""), today)


@bp.get("/organizer/reports/day/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_past() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    day = _day(clock.today(_zone()))
    header = [
        *(_("Member"), _("Branch"), _("Course")),
        *(_("Lessons done"), _("Begun on"), _("Completed on")),
    ]
    rows = (
        [*(row.member, row.branch, row.course), *(row.lessons_done, row.begun_on, row.done_on)]
        for row in queries.rows_in_parts(reader(), day, _zone(), _branch())
    )
    return table_file(kind, "report", _("Report"), header, rows, day=day.isoformat())
