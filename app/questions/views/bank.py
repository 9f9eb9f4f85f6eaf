"""The bank: finding questions, writing and revising them."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core.access import access
from app.core.addresses import address
from app.media import queries as media
from app.members.access import AUTHOR, reader
from app.questions import queries, service, types
from app.questions.forms import BaseForm, form_for
from app.questions.rules import KIND_NAMES, BadQuestion, Language, QuestionState
from app.questions.views import bp

MOST_SHOWN = 10  # versions that can be read again, before the newest


def as_shown(found: queries.Question) -> dict[str, Any]:
    """A question of the bank as members see it."""
    ids = types.of(found.kind).options(found.body)
    return types.asked(found.kind, found.body, [(token, token) for token in ids], [])


def wanted() -> queries.Wanted:
    """What the address of a page of the bank asks for; nonsense is nothing."""
    given = request.args
    kind, state = given.get("kind", ""), given.get("state", "")
    language = given.get("language", "")
    return queries.Wanted(
        text=given.get("q", "")[:200],
        kind=kind if kind in types.TYPES else "",
        mine=given.get("mine") == "1",
        category=given.get("category", type=int),
        tag=given.get("tag", "")[:40],
        difficulty=given.get("difficulty", type=int),
        state=state if state in set(QuestionState) else "",
        import_id=given.get("import", type=int),
        language=language if language in set(Language) else "",
    )


FILTERS = ("q", "kind", "mine", "category", "tag", "difficulty", "state", "import", "language")


def filters_given() -> dict[str, Any]:
    """The filters of the address, to be kept in links."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


@bp.get("/desk/questions")
@access(AUTHOR)
def bank() -> str:
    me = reader()
    found = queries.bank_for(me, wanted=wanted(), page=request.args.get("page", 1, type=int))
    given = filters_given()
    return render_template(
        "questions/bank.html",
        found=found,
        given=given,
        kinds=KIND_NAMES,
        categories=queries.categories(),
        pairs=queries.undecided_pairs(),
        tags=queries.tag_counts(),
        tags_of=queries.tags_of(q.id for q in found.rows),
        category_names=queries.category_names(),
        mine={q.id for q in found.rows if queries.may_edit(me, q)},
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
            made = service.create(kind=kind, body=form.body(kind), author_id=reader().id)
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            if service.pair_same(made):
                flash(
                    _("The question is in the bank, but another one there says the same words."),
                    "warn",
                )
                return redirect(url_for("questions.question", question_id=made, _anchor="alike"))
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
        everywhere = "everywhere" in request.form
        others = queries.sharing(reader(), found) if everywhere else []
        try:
            number = service.revise(
                question_id, form.body(found.kind), reader().id, seen=form.seen.data
            )
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            passed = service.pass_on(others, form.material.data or "", reader().id)
            if passed:
                said = ngettext(
                    "The text was changed in %(num)s other question, too.",
                    "The text was changed in %(num)s other questions, too.",
                    passed,
                )
                flash(said)
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
    paged = queries.page_places([found.id]) if found else {}
    return render_template(
        "questions/edit.html",
        form=form,
        kind=kind,
        kinds=KIND_NAMES,
        question=found,
        course=request.args.get("course", type=int),
        may_edit=found is None or queries.may_edit(me, found),
        asked=as_shown(found) if found else None,
        explained=types.of(kind).explained(found.body, []) if found else None,
        history=_history(found) if found else [],
        changes=queries.changes(found.id) if found else [],
        tags=queries.tags_of([found.id]).get(found.id, []) if found else [],
        categories=queries.categories(),
        twins=_twins(found) if found else [],
        sharing=queries.sharing(me, found) if found else [],
        place=queries.places([found.id]).get(found.id) if found else None,
        reading=service.pass_for(me.id, paged) if paged else "",
        recordings=media.recordings_of(me.id, limit=200) if found else [],
    )


_PARTS = {
    "stem": _l("Question"),
    "explanation": _l("Explanation"),
    "material": _l("Text that several questions share"),
}


def _history(found: queries.Question) -> list[dict[str, Any]]:
    """The versions of a question, the newest first: who wrote each, what they changed, and what
    each of the last ones said."""
    versions = queries.history(found.id)
    who = queries.writers(found.id)
    rows = []
    for at, version in enumerate(versions):
        said = version.plain
        before = versions[at + 1].plain if at + 1 < len(versions) else said
        parts = [name for name in {**said, **before} if said.get(name) != before.get(name)]
        rows.append(
            {
                "number": version.number,
                "stem": version.stem,
                "at": version.changed_at,
                "who": who.get(version.number, ""),
                "parts": list(dict.fromkeys(_PARTS.get(part, _l("Answer key")) for part in parts)),
                "said": said["stem"] if 0 < at <= MOST_SHOWN else None,
                "explained": types.of(version.kind).explained(version.body, []),
            }
        )
    return rows


def _twins(found: queries.Question) -> list[tuple[queries.Question, int]]:
    alike = queries.twins_of(found.id)
    others = queries.questions(twin.id for twin in alike)
    return [(others[twin.id], twin.percent) for twin in alike if twin.id in others]
