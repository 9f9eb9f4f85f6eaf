"""The quiz of a course: questions from the bank and new ones, their order, and what passes."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.refusals import NotThere, Refusal
from app.courses import queries, service
from app.courses.forms import RulesForm, refuse
from app.courses.views import bp
from app.courses.views.editor import sheet
from app.members.access import AUTHOR, reader
from app.questions import queries as bank
from app.questions import types
from app.questions.forms import BaseForm, form_for
from app.questions.rules import KIND_NAMES, BadQuestion


@bp.get("/courses/<int:course_id>/quiz")
@access(AUTHOR)
def quiz(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    form = RulesForm(
        pass_percent=found.pass_percent,
        attempts_allowed=found.attempts_allowed,
        completion_percent=found.completion_percent,
    )
    return _quiz(found, form)


def _quiz(found: queries.CourseView, form: RulesForm) -> str:
    me = reader()
    paper = queries.quiz_of(found.id)
    ids = paper.question_ids if paper else ()
    asked = bank.questions(ids)
    return render_template(
        "courses/quiz.html",
        form=form,
        questions=[
            (
                question,
                bank.may_edit(me, question),
                types.of(question.kind).explained(question.body, []),
            )
            for question_id in ids
            if (question := asked.get(question_id))
        ],
        kinds=KIND_NAMES,
        **sheet(found),
    )


@bp.post("/courses/<int:course_id>/quiz/rules")
@access(AUTHOR)
def set_rules(course_id: int) -> ResponseReturnValue:
    found = queries.own_course(reader(), course_id)
    form = RulesForm()
    if form.validate():
        try:
            service.set_rules(
                course_id,
                completion_percent=form.completion_percent.data or 0,
                pass_percent=form.pass_percent.data or 0,
                attempts_allowed=form.attempts_allowed.data or 0,
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("courses.quiz", course_id=course_id))
    return _quiz(found, form), 422


@bp.get("/courses/<int:course_id>/quiz/pick")
@access(AUTHOR)
def pick(course_id: int) -> str:
    me = reader()
    found = queries.own_course(me, course_id)
    paper = queries.quiz_of(course_id)
    kind = request.args.get("kind", "")
    given: dict[str, Any] = {
        "q": request.args.get("q", "")[:200],
        "kind": kind if kind in types.TYPES else "",
    }
    if request.args.get("mine") == "1":
        given["mine"] = "1"
    page = bank.bank_for(
        me,
        text=given["q"],
        kind=given["kind"],
        mine="mine" in given,
        page=request.args.get("page", 1, type=int),
        leave_out=paper.question_ids if paper else (),
    )
    return render_template(
        "courses/pick.html",
        found=page,
        papers=bank.imports_for(me, state="done", most=5),
        given=given,
        keys={q.id: types.of(q.kind).explained(q.body, []) for q in page.rows},
        kinds=KIND_NAMES,
        page_url=lambda number: url_for("courses.pick", course_id=course_id, page=number, **given),
        **sheet(found),
    )


@bp.post("/courses/<int:course_id>/quiz/pick")
@access(AUTHOR)
def take(course_id: int) -> ResponseReturnValue:
    me = reader()
    queries.own_course(me, course_id)
    if "paper" in request.form:
        paper = bank.import_for(me, request.form.get("paper", 0, type=int))
        if paper.state != "done":
            raise NotThere
        service.add_questions(course_id, bank.question_ids_of(paper.id))
        flash(_("The questions of the paper are in the quiz."))
    else:
        question = bank.question_for(me, request.form.get("question", 0, type=int))
        service.add_question(course_id, question.id)
        flash(_("The question is in the quiz."))
    return redirect(url_for("courses.quiz", course_id=course_id) + "#questions")


@bp.get("/courses/<int:course_id>/quiz/new/<kind>")
@access(AUTHOR)
def new_question(course_id: int, kind: str) -> str:
    if kind not in types.TYPES:
        abort(404)
    found = queries.own_course(reader(), course_id)
    return _new_question(found, kind, form_for(kind))


@bp.post("/courses/<int:course_id>/quiz/new/<kind>")
@access(AUTHOR)
def write_question(course_id: int, kind: str) -> ResponseReturnValue:
    if kind not in types.TYPES:
        abort(404)
    me = reader()
    found = queries.own_course(me, course_id)
    form = form_for(kind)
    if "more" in request.form:
        form.add_rows()
        return _new_question(found, kind, form)
    if form.validate():
        try:
            service.write_question(course_id, kind=kind, body=form.body(kind), author_id=me.id)
        except BadQuestion as refusal:
            form.refuse(refusal)
        else:
            flash(_("The question is in the quiz, and in the bank."))
            if "another" in request.form:
                again = url_for("courses.new_question", course_id=course_id, kind=kind)
                return redirect(again)
            return redirect(url_for("courses.quiz", course_id=course_id) + "#questions")
    return _new_question(found, kind, form), 422


def _new_question(found: queries.CourseView, kind: str, form: BaseForm) -> str:
    return render_template(
        "courses/question.html", form=form, kind=kind, kinds=KIND_NAMES, **sheet(found)
    )


@bp.post("/courses/<int:course_id>/quiz/<int:question_id>/move")
@access(AUTHOR)
def move_question(course_id: int, question_id: int) -> ResponseReturnValue:
    queries.own_course(reader(), course_id)
    by = -1 if request.form.get("to") == "up" else 1
    service.move_question(course_id, question_id, by=by)
    return redirect(url_for("courses.quiz", course_id=course_id) + "#questions")


@bp.post("/courses/<int:course_id>/quiz/<int:question_id>/remove")
@access(AUTHOR)
def drop_question(course_id: int, question_id: int) -> ResponseReturnValue:
    queries.own_course(reader(), course_id)
    service.remove_question(course_id, question_id)
    flash(_("The question is taken out of the quiz. It stays in the bank."))
    return redirect(url_for("courses.quiz", course_id=course_id) + "#questions")


@bp.get("/question-uses")
@access(AUTHOR)
def question_uses() -> str:
    """How many courses ask each question, for the pages of the bank, which cannot know."""
    given = request.args.get("ids", "").split(",")[:100]
    ids = [int(part) for part in given if part.isdecimal() and len(part) < 10]
    uses, asked = queries.courses_with(ids), bank.questions(ids)
    return render_template("courses/_uses.html", ids=ids, uses=uses, asked=asked)
