"""Pages of the question bank, for authors."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.core import markdown
from app.core.access import access
from app.core.addresses import address
from app.members.access import AUTHOR, reader
from app.questions import queries, service, types
from app.questions.forms import BaseForm, form_for
from app.questions.rules import KIND_ICONS, KIND_NAMES, BadQuestion, plain_number
from app.questions.types.gaps import PLACE

bp = Blueprint("questions", __name__, template_folder="templates")
_TAG = re.compile(r"""(<[^<>"]*(?:"[^"]*"[^<>"]*)*>)""")


@bp.app_template_filter("excerpt")
def excerpt(text: str, length: int = 140) -> str:
    """The first words of a Markdown text in one line, without its marks."""
    line = " ".join(markdown.plain(text).split())
    return line if len(line) <= length else f"{line[:length].rstrip()}…"


@bp.app_template_filter("filled")
def filled(html: Markup, gaps: list[Markup]) -> Markup:
    """Put what stands for gap 1, 2 … where the text says [[1]], [[2]] …; never inside a tag."""

    def fill(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return str(gaps[number - 1]).strip() if 0 < number <= len(gaps) else match.group()

    pieces = _TAG.split(str(html))
    pieces[::2] = [PLACE.sub(fill, piece) for piece in pieces[::2]]
    return Markup("".join(pieces))  # noqa: S704 - two pieces of HTML that were safe before


@bp.app_template_filter("percent")
def percent(fraction: str) -> str:
    """A share of the mark as people read it: "0.25" → 25 %."""
    return f"{plain_number(Decimal(fraction) * 100)} %"


@bp.app_template_filter("in_order")
def in_order(options: list[dict[str, Any]], order: list[str] | None) -> list[dict[str, Any]]:
    """Options as a page showed them; in the author's order when none is given."""
    if not order:
        return options
    return sorted(options, key=lambda o: order.index(o["id"]) if o["id"] in order else len(order))


@bp.app_context_processor
def _icons() -> dict[str, Any]:
    return {"kind_icons": KIND_ICONS}


def as_shown(found: queries.Question) -> dict[str, Any]:
    """A question of the bank as members see it."""
    ids = types.of(found.kind).options(found.body)
    return types.asked(found.kind, found.body, [(token, token) for token in ids], [])


@bp.get("/desk/questions")
@access(AUTHOR)
def bank() -> str:
    kind = request.args.get("kind", "")
    found = queries.bank_for(
        reader(),
        text=request.args.get("q", "")[:200],
        kind=kind if kind in types.TYPES else "",
        mine=request.args.get("mine") == "1",
        page=request.args.get("page", 1, type=int),
    )
    given: dict[str, Any] = {
        name: request.args[name] for name in ("q", "kind", "mine") if name in request.args
    }
    return render_template(
        "questions/bank.html",
        found=found,
        kinds=KIND_NAMES,
        page_url=lambda number: url_for("questions.bank", **given, page=number),
    )


@bp.get("/desk/questions/new/<kind>")
@access(AUTHOR)
def new(kind: str) -> str:
    if kind not in types.TYPES:
        abort(404)
    return _edit(form_for(kind), kind, None)


@bp.post("/desk/questions/new/<kind>")
@access(AUTHOR)
def create(kind: str) -> ResponseReturnValue:
    if kind not in types.TYPES:
        abort(404)
    form = form_for(kind)
    if "more" in request.form:
        form.add_rows()
        return _edit(form, kind, None), 200
    if form.validate():
        try:
            service.create(kind=kind, body=form.body(kind), author_id=reader().id)
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            flash(_("The question is in the bank."))
            return redirect(url_for("questions.bank"))
    return _edit(form, kind, None), 422


@bp.get("/desk/questions/<int:question_id>")
@access(AUTHOR)
def question(question_id: int) -> str:
    found = queries.question_for(reader(), question_id)
    form = form_for(found.kind)
    form.show(found.kind, found.plain, found.number)
    return _edit(form, found.kind, found)


@bp.post("/desk/questions/<int:question_id>")
@access(AUTHOR)
def revise(question_id: int) -> ResponseReturnValue:
    found = queries.own_question(reader(), question_id)
    form = form_for(found.kind)
    if "more" in request.form:
        form.add_rows()
        return _edit(form, found.kind, found), 200
    if form.validate():
        try:
            number = service.revise(
                question_id, form.body(found.kind), reader().id, seen=form.seen.data
            )
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            if number > found.number:
                flash(_("Saved. Attempts that were begun before keep the old wording."))
            course = request.args.get("course", type=int)
            return redirect(
                address("desk_quiz", course=course) if course else url_for("questions.bank")
            )
    return _edit(form, found.kind, found), 422


@bp.post("/desk/questions/<int:question_id>/copy")
@access(AUTHOR)
def copy(question_id: int) -> ResponseReturnValue:
    found = queries.question_for(reader(), question_id)
    copied = service.copy(found.id, author_id=reader().id)
    flash(_("This is your own copy. Change it as you like."))
    return redirect(url_for("questions.question", question_id=copied))


def _edit(form: BaseForm, kind: str, found: queries.Question | None) -> str:
    me = reader()
    return render_template(
        "questions/edit.html",
        form=form,
        kind=kind,
        kinds=KIND_NAMES,
        question=found,
        may_edit=found is None or queries.may_edit(me, found),
        asked=as_shown(found) if found else None,
        explained=types.of(kind).explained(found.body, []) if found else None,
        history=queries.history(found.id) if found else [],
    )
