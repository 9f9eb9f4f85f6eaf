"""Discussions: below a lesson, one question with its answers, and what was reported."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.community import queries, rules, service
from app.community.forms import AnswerForm, QuestionForm, QuotingForm
from app.core.access import access
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import NotThere
from app.members.access import EDITOR, SIGNED_IN, reader

bp = Blueprint("community", "app.community", template_folder="templates")


def _number() -> int:
    return request.args.get("page", 1, type=int)


@bp.get("/discussions/lessons/<int:lesson_id>")
@access(SIGNED_IN)
def lesson(lesson_id: int) -> str:
    return _lesson(lesson_id, QuestionForm(formdata=None, **_quoted(request.args)))


def _quoted(said: Mapping[str, str]) -> dict[str, str]:
    quote = said.get("quote", "")[: rules.LONGEST_QUOTE]
    source = said.get("source", "")
    return {"quote": quote, "source": source if rules.is_page(source) else ""}


def _lesson(lesson_id: int, form: QuestionForm) -> str:
    who = reader()
    place = queries.place_for(who, lesson_id)
    page = queries.questions(who, place, _number())
    return render_template("community/lesson.html", place=place, page=page, form=form)


@bp.get("/discussions/lessons/<int:lesson_id>/newest")
@access(SIGNED_IN)
def newest(lesson_id: int) -> str:
    """The newest questions, as a fragment of the page of a lesson."""
    who = reader()
    place = queries.place_for(who, lesson_id)
    page = queries.questions(who, place, 1, rules.SHOWN)
    return render_template("community/_newest.html", place=place, page=page)


@bp.post("/discussions/lessons/<int:lesson_id>")
@access(SIGNED_IN)
@limited("questions in discussions", most=20, seconds=3600)
def ask(lesson_id: int) -> ResponseReturnValue:
    form = QuestionForm()
    who = reader()
    place = queries.place_for(who, lesson_id)
    if not form.validate():
        return _lesson(lesson_id, form), 422
    try:
        asked = service.ask(
            place.lesson.id,
            author_id=who.id,
            body=form.body.data or "",
            quote=form.quote.data or "",
            source=form.source.data or "",
        )
    except (rules.NothingSaid, rules.TooLong) as refusal:
        form.body.errors = [*form.body.errors, str(refusal)]
        return _lesson(lesson_id, form), 422
    return redirect(url_for("community.thread", post_id=asked), 303)


@bp.get("/discussions/new")
@access(SIGNED_IN)
def new() -> str:
    """Ask about a quotation (?quote=…&source=/library/5): below which lesson is chosen here."""
    return _new(QuotingForm(formdata=None, **_quoted(request.args)))


def _new(form: QuotingForm) -> str:
    lessons = queries.recent_lessons(reader())
    form.lesson.choices = lessons
    return render_template("community/new.html", form=form, lessons=lessons)


@bp.post("/discussions/new")
@access(SIGNED_IN)
@limited("questions in discussions", most=20, seconds=3600)
def ask_about() -> ResponseReturnValue:
    if "lesson" not in request.form:
        # From the page of a document, with what was marked and perhaps what the reader thinks.
        # Too long for an address: 600 Chinese characters are 5 400 bytes there.
        said = request.form.get("text", "")[: rules.LONGEST_TEXT]
        return _new(QuotingForm(formdata=None, body=said, **_quoted(request.form)))
    form = QuotingForm()
    form.lesson.choices = queries.recent_lessons(reader())
    if not form.validate():
        return _new(form), 422
    return ask(form.lesson.data)


@bp.get("/discussions/<int:post_id>")
@access(SIGNED_IN)
def thread(post_id: int) -> ResponseReturnValue:
    _place, question = queries.place_of(reader(), post_id)
    if question.question_id is not None:
        return redirect(_back(question.question_id, post_id))
    return _thread(post_id, AnswerForm(formdata=None))


def _thread(post_id: int, form: AnswerForm) -> str:
    who = reader()
    place, question = queries.place_of(who, post_id)
    page = queries.answers(who, place, post_id, _number())
    return render_template(
        "community/thread.html", place=place, question=question, page=page, form=form
    )


@bp.post("/discussions/<int:post_id>")
@access(SIGNED_IN)
@limited("answers in discussions", most=40, seconds=3600)
def answer(post_id: int) -> ResponseReturnValue:
    form = AnswerForm()
    who = reader()
    _place, question = queries.place_of(who, post_id)
    if question.question_id is not None or question.hidden_why:
        raise NotThere
    if not form.validate():
        return _thread(post_id, form), 422
    try:
        made = service.answer(question.id, author_id=who.id, body=form.body.data or "")
    except (rules.NothingSaid, rules.TooLong) as refusal:
        form.body.errors = [*form.body.errors, str(refusal)]
        return _thread(post_id, form), 422
    return redirect(_back(post_id, made), 303)


def _back(thread_id: int, post_id: int) -> str:
    return url_for("community.thread", post_id=thread_id, _anchor=f"post-{post_id}")


@bp.post("/discussions/posts/<int:post_id>/helpful")
@access(SIGNED_IN)
@limited("marks in discussions", most=60, seconds=3600)
def helpful(post_id: int) -> ResponseReturnValue:
    who = reader()
    place, post = queries.place_of(who, post_id)
    service.mark_helpful(post_id, by=who.id, teaches=place.teaches)
    return redirect(_back(post.question_id or post.id, post_id), 303)


@bp.post("/discussions/posts/<int:post_id>/withdraw")
@access(SIGNED_IN)
@limited("marks in discussions", most=60, seconds=3600)
def withdraw(post_id: int) -> ResponseReturnValue:
    who = reader()
    place, post = queries.place_of(who, post_id)
    service.withdraw(post_id, author_id=who.id)
    offer_undo(_("Taken back."), url_for("community.put_back", post_id=post_id))
    if post.question_id is not None:
        return redirect(url_for("community.thread", post_id=post.question_id), 303)
    return redirect(url_for("community.lesson", lesson_id=place.lesson.id), 303)


@bp.post("/discussions/posts/<int:post_id>/put-back")
@access(SIGNED_IN)
@limited("marks in discussions", most=60, seconds=3600)
def put_back(post_id: int) -> ResponseReturnValue:
    who = reader()
    service.put_back(post_id, author_id=who.id)
    _place, post = queries.place_of(who, post_id)
    return redirect(_back(post.question_id or post.id, post_id), 303)


@bp.post("/discussions/posts/<int:post_id>/report")
@access(SIGNED_IN)
@limited("reports in discussions", most=10, seconds=3600)
def report(post_id: int) -> ResponseReturnValue:
    who = reader()
    _place, post = queries.place_of(who, post_id)
    if post.is_own:
        raise NotThere
    service.report(post_id, member_id=who.id, reason=request.form.get("reason", ""))
    flash(_("Thank you. The trainer and the organizers will look at it."), "good")
    return redirect(_back(post.question_id or post.id, post_id), 303)


@bp.get("/desk/discussions")
@access(EDITOR)
def desk() -> str:
    return render_template("community/desk.html", page=queries.reported_for(reader(), _number()))


@bp.post("/desk/discussions/<int:post_id>")
@access(EDITOR)
@limited("decisions about discussions", most=60, seconds=60)
def decide(post_id: int) -> ResponseReturnValue:
    """Hide a post, show it again, or leave it as it is."""
    who = reader()
    if not queries.may_hide(who, post_id):
        raise NotThere
    match request.form.get("do"):
        case "hide":
            try:
                service.hide(post_id, by=who.id, reason=request.form.get("reason", ""))
                flash(_("Hidden. The author reads why."), "good")
            except rules.NeedsAWhy as refusal:
                flash(str(refusal), "bad")
        case "show":
            service.show(post_id)
            flash(_("Everybody sees it again."), "good")
        case "leave":
            service.settle(post_id)
            flash(_("It stays as it is."), "good")
        case _:
            raise NotThere
    if request.form.get("thread", type=int):
        return redirect(_back(request.form.get("thread", 0, type=int), post_id), 303)
    return redirect(url_for("community.desk"), 303)
