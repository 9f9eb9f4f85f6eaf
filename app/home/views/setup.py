"""Setting an organisation up, step by step: each can be skipped, and come back to."""

from __future__ import annotations

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.home import queries, service
from app.home.rules import SetUp, Task
from app.home.views.frame import bp
from app.members.access import ADMINISTRATOR, reader


def state() -> SetUp:
    """How far this instance is set up."""
    return queries.set_up(current_app.extensions["weike"].instance_dir)


@bp.get("/admin/setup")
@access(ADMINISTRATOR)
def setup() -> str:
    return render_template("home/setup.html", state=state())


@bp.post("/admin/setup/skip")
@access(ADMINISTRATOR)
def skip_task() -> ResponseReturnValue:
    try:
        task = Task(request.form.get("task", ""))
    except ValueError:
        abort(422)
    service.skip(task)
    return redirect(url_for("home.setup"), 303)


@bp.post("/admin/setup/demo")
@access(ADMINISTRATOR)
def decide_demo() -> ResponseReturnValue:
    if request.form.get("demo") == "keep":
        service.keep_demo()
    else:
        service.put_demo_away(current_app.extensions["weike"].instance_dir, besides=reader().id)
        flash(
            _("The demo is put away. Its entries in the ledger stay, as every entry does."), "good"
        )
    return redirect(url_for("home.setup"), 303)
