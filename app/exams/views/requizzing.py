"""What was answered in the quiz of a course, and marking it anew; for those who may edit it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.refusals import NotThere, Refusal
from app.courses.queries import own_course
from app.exams import queries, rules, service
from app.exams.views import bp
from app.members.access import AUTHOR, reader
from app.members.queries import member_names
from app.questions.rules import KIND_NAMES


@bp.get("/desk/courses/<int:course_id>/quiz/answers")
@access(AUTHOR)
def quiz_answers(course_id: int) -> str:
    course = own_course(reader(), course_id)
    return render_template(
        "exams/quiz_answers.html",
        course=course,
        questions=queries.quiz_questions(course.id),
        kinds=KIND_NAMES,
        regrades=queries.regrades_of(course_id=course.id),
        actions=rules.ACTION_NAMES,
    )


@bp.get("/desk/courses/<int:course_id>/quiz/regrades")
@access(AUTHOR)
def quiz_regrades(course_id: int) -> str:
    """The list by itself, asked for again while one goes on."""
    course = own_course(reader(), course_id)
    return render_template(
        "exams/_regrades.html",
        course=course,
        regrades=queries.regrades_of(course_id=course.id),
        actions=rules.ACTION_NAMES,
    )


@bp.get("/desk/courses/<int:course_id>/quiz/answers/<int:question_id>")
@access(AUTHOR)
def regrade_quiz(course_id: int, question_id: int) -> str:
    """What marking a question anew would change, before it is done."""
    course = own_course(reader(), course_id)
    found = queries.quiz_questions(course.id)
    asked = next((each for each in found if each.question.id == question_id), None)
    if asked is None:
        raise NotThere
    action = request.args.get("action", rules.Action.NEW_KEY, type=rules.Action)
    seen = queries.quiz_seen(course.id, asked.question)  # before what it is about
    preview = service.preview_quiz(course.id, question_id, action)
    return render_template(
        "exams/regrade_quiz.html",
        course=course,
        asked=asked,
        action=action,
        actions=rules.ACTION_NAMES,
        preview=preview,
        seen=seen,
        names=member_names([*preview.pass_now[:50], *preview.fail_now[:50]]),
    )


@bp.post("/desk/courses/<int:course_id>/quiz/answers/<int:question_id>")
@access(AUTHOR)
def do_regrade_quiz(course_id: int, question_id: int) -> ResponseReturnValue:
    course = own_course(reader(), course_id)
    try:
        action = rules.Action(request.form.get("action", ""))
    except ValueError:
        raise NotThere from None
    try:
        is_done = service.regrade_quiz(
            course.id,
            question_id,
            action,
            actor_id=reader().id,
            reason=request.form.get("reason", ""),
            seen=request.form.get("seen", ""),
        )
    except (rules.MarkedAnewAlready, rules.MarkingGoesOn) as refusal:
        flash(str(refusal), "bad")
        return _to_list(course_id)
    except (rules.NeedsAReason, rules.NothingWouldChange, rules.MarkedQuizMeanwhile) as refusal:
        flash(str(refusal), "bad")
        where = url_for(
            "exams.regrade_quiz", course_id=course_id, question_id=question_id, action=action.value
        )
        return redirect(where, 303)
    flash(_("The quiz is marked anew.") if is_done else _("The quiz is being marked anew."))
    return _to_list(course_id)


@bp.post("/desk/courses/<int:course_id>/quiz/regrades/<int:regrade_id>/undo")
@access(AUTHOR)
def undo_regrade_quiz(course_id: int, regrade_id: int) -> ResponseReturnValue:
    course = own_course(reader(), course_id)
    try:
        is_done = service.undo_quiz(course.id, regrade_id, actor_id=reader().id)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(
            _("The marks are as before.")
            if is_done
            else _("The marks from before are being put back.")
        )
    return _to_list(course_id)


def _to_list(course_id: int) -> ResponseReturnValue:
    return redirect(url_for("exams.quiz_answers", course_id=course_id) + "#regrades", 303)
