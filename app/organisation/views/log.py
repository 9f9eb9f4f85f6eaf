"""The log of acts for organizers (their branches) and administrators (everything)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Response, current_app, render_template, request
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.limits import limited
from app.members.access import ORGANIZER, reader
from app.members.models import AuditLine
from app.members.queries import (
    Person,
    Wanted,
    audit_file,
    audit_page,
    branch_choices,
    branch_ids_below,
    person_for,
)
from app.members.rules.audit import GROUPS, KINDS, acts_of, doer, kind_words, said
from app.organisation.rules import EXPORTS_AN_HOUR, Format
from app.organisation.views import bp
from app.organisation.views.tables import here, table_file


@bp.get("/admin/log")
@access(ORGANIZER)
def log() -> str:
    member, asked = _member(), request.args
    zone = current_app.extensions["weike"].zone
    return render_template(
        "organisation/log.html",
        page=audit_page(reader(), _wanted(member), number=asked.get("page", 1, type=int)),
        groups=[
            (group.value, words, [(a.value, k.words) for a, k in KINDS.items() if k.group == group])
            for group, words in GROUPS.items()
        ],
        kind=asked.get("kind", "") if acts_of(asked.get("kind", "")) else "",
        text=_text(),
        member=member,
        branches=branch_choices(reader()),
        branch_id=request.args.get("branch", type=int),
        since=_day("since") or "",
        until=_day("until") or "",
        today=clock.today(zone),
        formats=[each.value for each in Format],
    )


@bp.get("/admin/log/export")
@access(ORGANIZER)
@limited("exports", most=EXPORTS_AN_HOUR, seconds=3600)
def export_log() -> Response:
    kind = request.args.get("as", Format.XLSX, type=Format)
    lines = audit_file(reader(), _wanted(_member()))
    header = [
        *(_("When"), _("Who did it"), _("What was done"), _("Whom or what"), _("Details")),
        *(_("Branch"), _("Network"), _("Request")),
    ]
    return table_file(kind, "log", _("Log of acts"), header, list(_rows(lines)))


def _rows(lines: Sequence[AuditLine]) -> Iterator[list[Any]]:
    for line in lines:
        yield [
            *(here(line.at), doer(line.actor_name, line.via), kind_words(line.act)),
            *(line.name, "\n".join(str(each) for each in said(line.changes))),
            *(line.branch_name, line.address, line.request),
        ]


def _member() -> Person | None:
    """Whom the lines are to concern. Raises NotThere for one whom the reader does not organize."""
    member_id = request.args.get("member", type=int)
    return person_for(reader(), member_id) if member_id is not None else None


def _wanted(member: Person | None) -> Wanted:
    zone = current_app.extensions["weike"].zone
    since, until = _day("since"), _day("until")
    return Wanted(
        acts=acts_of(request.args.get("kind", "")),
        text=_text(),
        member_id=member.id if member else None,
        branch_ids=_branch_ids(),
        since=clock.day_bounds(since, zone)[0] if since else None,
        until=clock.day_bounds(until, zone)[1] if until else None,
    )


def _branch_ids() -> frozenset[int] | None:
    """The chosen branch with all below it; none of one that the reader does not organize."""
    chosen = request.args.get("branch", type=int)
    if chosen is None:
        return None
    mine = {number for number, _name in branch_choices(reader())}
    return frozenset(branch_ids_below(chosen)) if chosen in mine else frozenset()


def _text() -> str:
    return request.args.get("q", "").strip()[:100]


def _day(name: str) -> date | None:
    """A day of the filter; one that is none asks for nothing."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
