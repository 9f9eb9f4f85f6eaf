"""Questions of the bank that look alike: looked at side by side, merged or told apart."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.members.access import AUTHOR, reader
from app.questions import queries, service
from app.questions.rules import KIND_NAMES
from app.questions.views import bp
from app.questions.views.bank import as_shown


@bp.get("/desk/questions/twins")
@access(AUTHOR)
def twins() -> str:
    mine = request.args.get("mine") == "1"
    page = request.args.get("page", 1, type=int)
    found = queries.pairs_for(reader(), mine=mine, page=page)
    return render_template(
        "questions/twins.html",
        found=found,
        mine=mine,
        kinds=KIND_NAMES,
        shown=as_shown,
        page_url=lambda number: url_for("questions.twins", mine=int(mine), page=number),
    )


@bp.post("/desk/questions/twins")
@access(AUTHOR)
def decide_twins() -> ResponseReturnValue:
    """Two are told apart, or one of them is kept."""
    given = request.form
    one, other = given.get("one", 0, type=int), given.get("other", 0, type=int)
    keep = given.get("keep", type=int)
    if keep is None:
        service.tell_apart(one, other, by=reader())
        flash(_("They stay two questions and are not shown here again."))
    else:
        service.merge(keep, other if keep == one else one, by=reader())
        flash(_("One is kept, the other retired. Quizzes that have the retired one keep it."))
    page = given.get("page", 1, type=int)
    return redirect(url_for("questions.twins", mine=int(given.get("mine") == "1"), page=page), 303)
