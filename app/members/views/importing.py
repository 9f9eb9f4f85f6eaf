"""Taking in a list of members from a file: look at what would happen, then do it."""

from __future__ import annotations

import json

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.db import reading
from app.core.limits import limited
from app.core.refusals import Refusal
from app.core.spreadsheet import FileTooLarge, NoTable, Table, read_table, write_csv
from app.members import queries, service
from app.members.access import ORGANIZER, reader
from app.members.forms import ConfirmImportForm, ImportForm
from app.members.rules.refusals import UnknownBranch
from app.members.rules.roster import COLUMN_LABELS, COLUMNS, Roster, read_roster
from app.members.service import ImportRefused
from app.members.views.door import bp, show_at, typed
from app.members.views.people import picture, sheet

MOST_ROWS = 2_000  # on the page; `flask members import` takes more
MOST_BYTES = 1024 * 1024
LONGEST_TABLE = 400_000  # characters that a page sends back to be confirmed
SHOWN_LINES = 20
SHOWN_PROBLEMS = 100


@bp.get("/admin/members/import")
@access(ORGANIZER)
def import_members() -> str:
    return render_template("members/import.html", form=ImportForm())


@bp.get("/admin/members/import/template.csv")
@access(ORGANIZER)
def import_template() -> Response:
    header = [str(COLUMN_LABELS[column]) for column in COLUMNS]
    root = queries.root_branch()
    example = [
        *("zhangsan", "张三", f"{root.name if root else ''}/一支部"),
        *("zhangsan@example.org", "13800138000", ""),
    ]
    response = Response(write_csv(header, [example]), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="members.csv")
    return response


@bp.post("/admin/members/import")
@access(ORGANIZER)
@limited("imports looked at", most=60, seconds=3600)
def preview_import() -> ResponseReturnValue:
    form = ImportForm()
    if not form.validate():
        return render_template("members/import.html", form=form), 422
    create = form.create_branches.data
    try:
        table = read_table(
            form.file.data.stream, form.file.data.filename or "", rows=MOST_ROWS, size=MOST_BYTES
        )
        text = json.dumps(table, ensure_ascii=False)
        if len(text) > LONGEST_TABLE:
            raise FileTooLarge(most=1)
        roster = read_roster(table.header, table.rows)
        with reading():
            plan = service.plan(roster, by=reader(), create_branches=create)
    except Refusal as refusal:
        show_at(form.file, refusal)
        return render_template("members/import.html", form=form), 422
    page = render_template(
        "members/preview.html",
        plan=plan,
        labels=COLUMN_LABELS,
        lines=[line for line in plan.lines if line.what != "same"][:SHOWN_LINES],
        problems=plan.problems[:SHOWN_PROBLEMS],
        filename=form.file.data.filename,
        create=create,
        missing_branches=any(isinstance(p.reason, UnknownBranch) for p in plan.problems),
        form=ConfirmImportForm(formdata=None, table=text, create_branches=create),
    )
    return page, 422 if plan.problems else 200


@bp.post("/admin/members/import/confirm")
@access(ORGANIZER)
@limited("imports", most=20, seconds=3600)
def confirm_import() -> ResponseReturnValue:
    form = ConfirmImportForm()
    if not form.validate():
        raise NoTable
    roster = _sent_back(typed(form.table))
    create = form.create_branches.data
    me = reader()
    with reading():
        expected = service.plan(roster, by=me, create_branches=create)
    made = [service.new_code() for _line in range(expected.count("new"))]
    pictures = {code: picture(code) for code in made}
    try:
        done, given = service.take_in(roster, by=me, create_branches=create, codes_made=made)
    except ImportRefused as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("members.import_members"), 303)
    if not given:
        changed = done.count("changed")
        flash(_("Done: nobody is new, %(changed)s changed.", changed=changed), "good")
        return redirect(url_for("members.people"), 303)
    return sheet(queries.people_by_id(given), given, pictures)


def _sent_back(text: str) -> Roster:
    """The table that the preview held; whatever was done to it on the way, it is checked again."""
    try:
        header, rows = json.loads(text)
        table = Table([str(c) for c in header], [[str(c) for c in row] for row in rows])
    except (ValueError, TypeError) as error:
        raise NoTable from error
    return read_roster(table.header, table.rows[:MOST_ROWS])
