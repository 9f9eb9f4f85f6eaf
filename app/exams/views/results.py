"""After an exam: scores and statistics, marking anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.limits import limited
from app.core.paging import Page, window
from app.core.refusals import NotThere, Refusal
from app.core.streams import streamed_csv
from app.exams import queries, rules, service
from app.exams.views import bp
from app.exams.views.desk import managed
from app.members import service as members
from app.members.access import AUTHOR, EDITOR, reader
from app.members.queries import member_names
from app.questions import queries as bank
from app.questions.rules import KIND_NAMES

Row = TypeVar("Row")


@bp.get("/desk/exams/<int:exam_id>/results")
@access(EDITOR)
def results(exam_id: int) -> str:
    exam = managed(exam_id)
    attempts = queries.taken(exam.id)
    counting = [t for t in attempts if t.counts]
    book = queries.book_of(exam.id)
    statistics = book.statistics()
    slots = list(zip(statistics.slots, book.names, strict=True))
    return render_template(
        "exams/results.html",
        exam=exam,
        attempts=_page(attempts, "page", 24),
        slots=_page(slots, "questions", 40),
        passed=sum(bool(t.attempt.passed) for t in counting),
        takers=len(counting),
        waiting=sum(t.attempt.waiting > 0 for t in attempts),
        statistics=statistics,
        bands=queries.score_bands(attempts),
    )


def _page(rows: Sequence[Row], name: str, size: int) -> Page[Row]:
    """What of a list is shown at once; `name` is its number in the address."""
    number = request.args.get(name, 1, type=int)
    offset, limit = window(min(number, Page(rows, 1, len(rows), size).last), size)
    return Page(rows[offset : offset + limit], offset // size + 1, len(rows), size)


@bp.get("/desk/exams/<int:exam_id>/results/questions")
@access(EDITOR)
def question_results(exam_id: int) -> str:
    exam = managed(exam_id)
    return render_template(
        "exams/question_results.html",
        exam=exam,
        questions=_page(queries.questions_of(exam.id), "page", 20),
        kinds=KIND_NAMES,
        regrades=queries.regrades_of(exam.id),
        actions=rules.ACTION_NAMES,
    )


@bp.get("/desk/exams/<int:exam_id>/results/patterns")
@access(EDITOR)
def patterns(exam_id: int) -> str:
    """Weak topics by branch, and wrong answers that are alike."""
    exam = managed(exam_id)
    topics, pairs = queries.patterns_of(exam.id)
    return render_template("exams/patterns.html", exam=exam, topics=topics, pairs=pairs)


@bp.get("/desk/exams/<int:exam_id>/results/export")
@access(EDITOR)
@limited("exports", most=30, seconds=3600)
def export_results(exam_id: int) -> Response:
    exam = managed(exam_id)
    slots, taken = queries.marks_in_parts(exam.id)
    header = [
        *(_("Name"), _("User name"), _("Branch"), _("Attempt"), _("Began"), _("Submitted")),
        *(_("Score"), _("Out of"), _("Percent"), _("Passed"), _("Receipt")),
        *(str(number) for number in range(1, slots + 1)),
    ]
    said = {None: "", True: _("yes"), False: _("no")}
    rows = (
        [
            *(row.name, row.username, row.branch),
            *(row.attempt.number, row.attempt.started_at, row.attempt.submitted_at),
            *(row.attempt.score, row.attempt.out_of),
            "" if row.attempt.waiting else row.attempt.percent,
            said[row.attempt.passed],
            *(row.attempt.receipt, *marks),
        ]
        for row, marks in taken
    )
    members.taken_away(
        exam.title, kind="csv", branch_id=reader().organized_id, thing=("exam", exam.id)
    )
    return streamed_csv(f"exam-{exam.id}.csv", header, rows)


@bp.get("/desk/exams/<int:exam_id>/regrade/<int:question_id>")
@access(EDITOR)
def regrade(exam_id: int, question_id: int) -> str:
    """What marking a question anew would change, before it is done."""
    exam = managed(exam_id)
    found = next((q for q in queries.questions_of(exam.id) if q.question_id == question_id), None)
    if found is None:
        raise NotThere
    action = request.args.get("action", rules.Action.NEW_KEY, type=rules.Action)
    seen = queries.regrades_seen(exam.id)  # before what it is about
    preview = service.preview(exam.id, question_id, action)
    return render_template(
        "exams/regrade.html",
        exam=exam,
        question=found,
        action=action,
        actions=rules.ACTION_NAMES,
        preview=preview,
        seen=seen,
        names=member_names([*preview.pass_now, *preview.fail_now]),
    )


@bp.post("/desk/exams/<int:exam_id>/regrade/<int:question_id>")
@access(EDITOR)
def do_regrade(exam_id: int, question_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    try:
        action = rules.Action(request.form.get("action", ""))
    except ValueError:
        raise NotThere from None
    try:
        done = service.regrade(
            exam.id,
            question_id,
            action,
            actor_id=reader().id,
            reason=request.form.get("reason", ""),
            seen=request.form.get("seen"),
        )
    except rules.MarkedAnewAlready as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("exams.question_results", exam_id=exam_id) + "#regrades", 303)
    except (rules.NeedsAReason, rules.NothingWouldChange, rules.MarkedAnewMeanwhile) as refusal:
        flash(str(refusal), "bad")
        return redirect(
            url_for("exams.regrade", exam_id=exam_id, question_id=question_id, action=action.value),
            303,
        )
    flash(ngettext("%(num)s attempt changed.", "%(num)s attempts changed.", done.changed))
    return redirect(url_for("exams.question_results", exam_id=exam_id) + "#regrades", 303)


@bp.post("/desk/exams/<int:exam_id>/regrades/<int:regrade_id>/undo")
@access(EDITOR)
def undo_regrade(exam_id: int, regrade_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    try:
        changed = service.undo(exam.id, regrade_id, actor_id=reader().id)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(ngettext("%(num)s attempt is as before.", "%(num)s attempts are as before.", changed))
    return redirect(url_for("exams.question_results", exam_id=exam_id) + "#regrades", 303)


@bp.get("/desk/question-figures")
@access(AUTHOR)
def question_figures() -> str:
    """How questions have done, for the pages of the bank, which cannot know."""
    given = request.args.get("ids", "").split(",")[:100]
    ids = [int(part) for part in given if part.isdecimal() and len(part) < 10]
    figures, asked = queries.question_figures(ids), bank.questions(ids)
    return render_template("exams/_figures.html", ids=ids, figures=figures, asked=asked)
