"""How questions are sorted: one, or many at once; and the tree of categories."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.media import queries as media
from app.media import service as media_service
from app.members.access import AUTHOR, reader
from app.questions import formats, queries, rules, service
from app.questions.formats.facts import MOST_QUESTIONS
from app.questions.views import bp
from app.questions.views.bank import filters_given, wanted

MOST_AT_ONCE = 10_000
MOST_FOUND = 100_000
MOST_RECORDINGS = 200  # to choose the place of a question from


@bp.post("/desk/questions/<int:question_id>/sort")
@access(AUTHOR)
def sort_one(question_id: int) -> ResponseReturnValue:
    found = queries.own_question(reader(), question_id)
    given = request.form
    media_id = given.get("recording", type=int)
    before = queries.places([found.id]).get(found.id)
    owned = {recording.id for recording in media.recordings_of(reader().id, limit=MOST_RECORDINGS)}
    if media_id is not None and media_id not in owned | {before.media_id if before else None}:
        raise NotThere
    try:
        start = rules.span_ms(given.get("from") or "0")
        finish = rules.span_ms(given["until"]) if given.get("until") else None
        placed = service.place(
            found.id, by=reader().id, media_id=media_id, start_ms=start, finish_ms=finish
        )
    except Refusal as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("questions.question", question_id=found.id) + "#sorted")
    changed = service.sort(
        [found.id],
        by=reader().id,
        category_id=request.form.get("category", type=int),
        difficulty=request.form.get("difficulty", type=int),
        state=request.form.get("state", found.state),
        source=request.form.get("source", ""),
        language=request.form.get("language", service.UNSET),
        tags=_words(request.form.get("tags", "")),
    )
    if changed or placed:
        flash(_("Saved."))
    return redirect(url_for("questions.question", question_id=found.id) + "#sorted")


@bp.post("/desk/questions/sort")
@access(AUTHOR)
def sort_many() -> ResponseReturnValue:
    """Change the ticked questions, or all that the search found; others' are left alone."""
    me = reader()
    if request.form.get("all") == "1":
        ids = queries.ids_for(me, wanted(), most=MOST_FOUND)
        if len(ids) > MOST_AT_ONCE:
            flash(str(rules.TooManyFound(number=len(ids), most=MOST_AT_ONCE)), "bad")
            return redirect(url_for("questions.bank", **filters_given()))
    else:
        ids = request.form.getlist("question", type=int)[:MOST_AT_ONCE]
    mine = queries.editable(me, ids)
    given: dict[str, Any] = {}
    if request.form.get("category"):
        number = request.form.get("category", 0, type=int)
        given["category_id"] = None if number < 0 else number
    if request.form.get("difficulty"):
        given["difficulty"] = request.form.get("difficulty", type=int)
    if request.form.get("language"):
        chosen = request.form["language"]
        given["language"] = "" if chosen == "shown" else chosen
    if request.form.get("state"):
        given["state"] = request.form["state"]
    changed = service.sort(
        mine,
        by=me.id,
        **given,
        add_tags=_words(request.form.get("add", "")),
        drop_tags=_words(request.form.get("drop", "")),
    )
    flash(ngettext("%(num)s question changed.", "%(num)s questions changed.", changed))
    if len(mine) < len(ids):
        others = len(ids) - len(mine)
        flash(
            ngettext(
                "%(num)s question belongs to another trainer and stays as it is.",
                "%(num)s questions belong to other trainers and stay as they are.",
                others,
            )
        )
    return redirect(url_for("questions.bank", **filters_given()))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,，;；、\s]+", text[:2_000]) if word]


@bp.get("/desk/questions/export/<name>")
@access(AUTHOR)
@limited("exports of questions", most=30, seconds=3600)
def export(name: str) -> ResponseReturnValue:
    """All that the search found, as a file of a format; what it cannot say is a list beside it."""
    if name not in formats.FORMATS:
        return redirect(url_for("questions.bank", **filters_given()))
    from io import BytesIO

    ids = queries.ids_for(reader(), wanted(), most=MOST_FOUND)
    sayings = queries.sayings(ids[:MOST_QUESTIONS])
    written = formats.write(sayings, name, media_service.clip_data)
    left = len(ids) - len(sayings)
    if (written.losses or left) and request.args.get("sure") != "1":
        return render_template(
            "questions/losses.html",
            losses=written.losses,
            left=left,
            number=len(sayings),
            name=name,
            label=formats.FORMATS[name].LABEL,
            given=filters_given(),
        )
    ending = written.ending or formats.FORMATS[name].ENDINGS[0]
    return send_file(
        BytesIO(written.data),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"questions{ending}",
    )


@bp.get("/desk/questions/categories")
@access(AUTHOR)
def categories() -> str:
    return render_template("questions/categories.html", categories=queries.categories())


@bp.post("/desk/questions/categories")
@access(AUTHOR)
def create_category() -> ResponseReturnValue:
    parent = request.form.get("parent", type=int)
    return _changed(lambda: service.create_category(request.form.get("name", ""), parent_id=parent))


@bp.post("/desk/questions/categories/<int:category_id>")
@access(AUTHOR)
def rename_category(category_id: int) -> ResponseReturnValue:
    name = request.form.get("name", "")
    return _changed(lambda: service.rename_category(category_id, name))


@bp.post("/desk/questions/categories/<int:category_id>/remove")
@access(AUTHOR)
def remove_category(category_id: int) -> ResponseReturnValue:
    return _changed(lambda: service.remove_category(category_id))


def _changed(act: Any) -> ResponseReturnValue:
    try:
        act()
    except Refusal as refusal:
        page = render_template(
            "questions/categories.html", categories=queries.categories(), problem=str(refusal)
        )
        return page, 422
    flash(_("Saved."))
    return redirect(url_for("questions.categories"))
