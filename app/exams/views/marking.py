"""Marking by hand: one answer after the other, marks that differ, and appeals."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.exams import queries, rules, service
from app.exams.views import bp
from app.members.access import EDITOR, SIGNED_IN, reader
from app.questions import queries as bank
from app.questions.views.answers import delivered

# What a marker mends on the page.
_MENDED = (rules.OverTheMost, rules.PartOverTheMost, rules.OtherCriteria, rules.NotANumber)


@bp.app_template_global()
def looks_after_exam(exam: queries.ExamView) -> bool:
    """Whether the reader looks after an exam, and does not only mark in it."""
    return queries.looks_after(reader(), exam.id)


def markable(exam_id: int) -> queries.ExamView:
    """The exam, if the reader marks in it. Raises NotThere."""
    return queries.markable_exam(reader(), exam_id, clock.now())


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise rules.NotANumber from None


def _points() -> Decimal:
    return _number(request.form.get("points", ""))


def _points_or_parts() -> Decimal | list[Decimal]:
    """Points for the answer, or one number for each of its criteria."""
    parts = request.form.getlist("part")
    return [_number(part) for part in parts] if parts else _points()


def _comment() -> str:
    parts = (*request.form.getlist("ready"), request.form.get("comment", ""))
    return "\n".join(part for part in parts if part.strip())


@bp.get("/desk/exams/<int:exam_id>/marking")
@access(EDITOR)
def marking(exam_id: int) -> str:
    exam = markable(exam_id)
    return render_template(
        "exams/marking.html",
        exam=exam,
        queue=queries.waiting_of(exam.id, marker_id=reader().id),
        appeals=queries.open_appeals(exam.id),
    )


@bp.get("/desk/exams/<int:exam_id>/marking/<int:question_id>")
@access(EDITOR)
def mark_next(exam_id: int, question_id: int) -> str:
    return _mark(markable(exam_id), question_id, again=request.args.get("again", 0, type=int))


def _mark(exam: queries.ExamView, question_id: int, problem: str = "", *, again: int = 0) -> str:
    """The next answer, or one whose mark is the reader's own (`again`), to be marked."""
    me = reader().id
    item: queries.ToMark | None
    before: queries.Marked | None = None
    if again:
        item, before = queries.marked_before(exam.id, question_id, again, marker_id=me)
    else:
        item = queries.next_to_mark(exam.id, question_id, marker_id=me)
    return render_template(
        "exams/mark.html",
        exam=exam,
        row=_row(exam, question_id),
        item=item,
        before=before,
        last=[] if before else queries.marked_last(exam.id, question_id, marker_id=me),
        problem=problem,
        comments=queries.comments_of(exam.id, question_id),
    )


def _row(exam: queries.ExamView, question_id: int) -> queries.Waiting:
    for row in queries.waiting_of(exam.id, marker_id=reader().id):
        if row.question_id == question_id:
            return row
    raise NotThere


@bp.get("/desk/exams/<int:exam_id>/answers/<int:item_id>/file")
@access(EDITOR)
def answer_file(exam_id: int, item_id: int) -> Response:
    """The file that was sent as an answer, under a name that does not tell whose it is."""
    token = queries.token_of_answer(markable(exam_id).id, item_id)
    sent = bank.sent_file(token)
    return delivered(sent, name=f"{item_id}.{sent.name.rpartition('.')[2]}")


@bp.post("/desk/exams/<int:exam_id>/marking/<int:question_id>")
@access(EDITOR)
def give_mark(exam_id: int, question_id: int) -> ResponseReturnValue:
    exam, item_id = markable(exam_id), request.form.get("item", 0, type=int)
    again = item_id if "again" in request.form else 0
    try:
        service.give(
            exam.id,
            item_id,
            points=_points_or_parts(),
            comment=_comment(),
            marker_id=reader().id,
            is_first="first" in request.form,
        )
    except _MENDED as refusal:
        return _mark(exam, question_id, str(refusal), again=again), status_of(refusal)
    except (rules.MarkedByYou, rules.MarksApart, rules.MarkedMeanwhile) as refusal:
        return _mark(exam, question_id, str(refusal)), status_of(refusal)
    if again:
        flash(_("The new mark counts; the one before is kept in the records."))
    return redirect(url_for("exams.mark_next", exam_id=exam_id, question_id=question_id), 303)


@bp.get("/desk/exams/<int:exam_id>/marking/<int:question_id>/apart")
@access(EDITOR)
def apart_next(exam_id: int, question_id: int) -> str:
    return _apart(markable(exam_id), question_id)


def _apart(exam: queries.ExamView, question_id: int, problem: str = "") -> str:
    return render_template(
        "exams/apart.html",
        exam=exam,
        row=_row(exam, question_id),
        found=queries.next_apart(exam.id, question_id, marker_id=reader().id),
        me=reader().id,
        kinds=rules.GIVEN_NAMES,
        problem=problem,
    )


@bp.post("/desk/exams/<int:exam_id>/marking/<int:question_id>/apart")
@access(EDITOR)
def settle_apart(exam_id: int, question_id: int) -> ResponseReturnValue:
    exam = markable(exam_id)
    try:
        service.settle_apart(
            exam.id,
            request.form.get("item", 0, type=int),
            points=_points_or_parts(),
            comment=_comment(),
            marker_id=reader().id,
        )
    except (*_MENDED, rules.NotApart, rules.OwnAnswer) as refusal:
        return _apart(exam, question_id, str(refusal)), status_of(refusal)
    return redirect(url_for("exams.apart_next", exam_id=exam_id, question_id=question_id), 303)


# --- appeals --------------------------------------------------------------------------------------


@bp.post("/attempts/<int:attempt_id>/appeals")
@access(SIGNED_IN)
@limited("appeals", most=30, seconds=3600)
def make_appeal(attempt_id: int) -> ResponseReturnValue:
    """A member says why a marked answer should be worth more."""
    item_id = request.form.get("item", 0, type=int)
    service.appeal(attempt_id, item_id, member_id=reader().id, text=request.form.get("text", ""))
    flash(_("Your appeal is on its way. Somebody who has not marked the answer looks at it."))
    return redirect(url_for("exams.result", attempt_id=attempt_id), 303)


@bp.get("/desk/exams/<int:exam_id>/appeals")
@access(EDITOR)
def appeals(exam_id: int) -> str:
    exam = markable(exam_id)
    return render_template(
        "exams/appeals.html",
        exam=exam,
        appeals=queries.appeals_in(exam.id, marker_id=reader().id),
    )


@bp.get("/desk/exams/<int:exam_id>/appeals/<int:appeal_id>")
@access(EDITOR)
def appeal(exam_id: int, appeal_id: int) -> str:
    return _appeal(markable(exam_id), appeal_id)


def _appeal(exam: queries.ExamView, appeal_id: int, problem: str = "") -> str:
    return render_template(
        "exams/appeal.html",
        exam=exam,
        appeal=queries.appeal_in(exam.id, appeal_id, marker_id=reader().id),
        kinds=rules.GIVEN_NAMES,
        given=request.form,
        problem=problem,
    )


@bp.post("/desk/exams/<int:exam_id>/appeals/<int:appeal_id>")
@access(EDITOR)
def answer_appeal(exam_id: int, appeal_id: int) -> ResponseReturnValue:
    exam = markable(exam_id)
    try:
        service.answer_appeal(
            exam.id,
            appeal_id,
            points=_points(),
            answer=request.form.get("answer", ""),
            marker_id=reader().id,
        )
    except NotThere:
        raise
    except Refusal as refusal:
        return _appeal(exam, appeal_id, str(refusal)), status_of(refusal)
    flash(_("The appeal is answered, and the member has been told."))
    return redirect(url_for("exams.appeals", exam_id=exam_id), 303)
