"""The quiz of a course: its start, the paper, and the result."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.core.access import access
from app.core.addresses import address
from app.core.errors import status_of, wants_json
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.courses.queries import CourseView, course_by_id, course_for
from app.exams import queries, rules, service
from app.learning.queries import course_progress_for
from app.members.access import SIGNED_IN, reader

bp = Blueprint("exams", __name__, template_folder="templates")
_FIELD = re.compile(r"([qv])([1-9][0-9]{0,9})")
FIELDS_MOST = 500


@bp.get("/courses/<slug>/quiz")
@access(SIGNED_IN)
def quiz(slug: str) -> str:
    return _page(course_for(reader(), slug))


@bp.post("/courses/<slug>/quiz/start")
@access(SIGNED_IN)
@limited("starts of quizzes", most=20, seconds=60)
def start(slug: str) -> ResponseReturnValue:
    who = reader()
    course = course_for(who, slug)
    if course.is_preview:
        raise rules.OnlyAPreview
    service.start(member_id=who.id, course_id=course.id)
    return redirect(url_for("exams.quiz", slug=slug), 303)


@bp.post("/quiz-attempts/<int:attempt_id>/answers")
@access(SIGNED_IN)
@limited("saved answers", most=120, seconds=60)
def save(attempt_id: int) -> ResponseReturnValue:
    answers, seen = _answers(request.form)
    attempt = queries.attempt_for(reader().id, attempt_id)
    try:
        saved = service.save(attempt.id, member_id=attempt.member_id, answers=answers, seen=seen)
    except Refusal as refusal:
        return _again(attempt, refusal)
    if wants_json():
        return jsonify(saved={str(item): number for item, number in saved.items()})
    flash(_("Your answers are saved. You can go on at any time, on any device."))
    return redirect(address("course", slug=_course_of(attempt).slug), 303)


@bp.post("/quiz-attempts/<int:attempt_id>/submit")
@access(SIGNED_IN)
@limited("submitted quizzes", most=60, seconds=60)
def submit(attempt_id: int) -> ResponseReturnValue:
    answers, seen = _answers(request.form)
    attempt = queries.attempt_for(reader().id, attempt_id)
    try:
        done = service.submit(attempt.id, member_id=attempt.member_id, answers=answers, seen=seen)
    except Refusal as refusal:
        return _again(attempt, refusal)
    if done.points:
        flash(ngettext("%(num)s point for you", "%(num)s points for you", done.points))
    return redirect(url_for("exams.result", attempt_id=attempt.id), 303)


@bp.get("/quiz-attempts/<int:attempt_id>")
@access(SIGNED_IN)
def result(attempt_id: int) -> ResponseReturnValue:
    who = reader()
    attempt = queries.attempt_for(who.id, attempt_id)
    course = _course_of(attempt)
    if attempt.is_open:
        return redirect(url_for("exams.quiz", slug=course.slug))
    state = queries.quiz_state_for(who.id, course.id)
    # While another attempt is open, this page would tell its answers.
    is_sealed = state is not None and state.open_attempt is not None
    return render_template(
        "exams/result.html",
        attempt=attempt,
        course=course,
        state=state,
        is_sealed=is_sealed,
        items=[] if is_sealed else queries.results(attempt),
        progress=course_progress_for(who.id, [course.id])[course.id],
    )


def _course_of(attempt: queries.AttemptView) -> CourseView:
    """The course of an attempt: withdrawn or not, a member may see what they have done in it."""
    course = course_by_id(attempt.course_id)
    if course is None:
        raise NotThere
    return course


def _page(course: CourseView, *, posted: service.Answers | None = None, problem: str = "") -> str:
    who = reader()
    state = queries.quiz_state_for(who.id, course.id)
    if state is None:
        raise NotThere
    values: dict[str, Any] = {
        "course": course,
        "state": state,
        "progress": course_progress_for(who.id, [course.id])[course.id],
        "problem": problem,
    }
    attempt = state.open_attempt
    if attempt is None or course.is_preview:
        return render_template("exams/quiz.html", **values)
    return render_template(
        "exams/paper.html",
        attempt=attempt,
        items=queries.paper(attempt.id),
        posted=posted or {},
        **values,
    )


def _again(attempt: queries.AttemptView, refusal: Refusal) -> ResponseReturnValue:
    """The paper with what was just sent, and why it was not taken. Nothing of it is lost."""
    if wants_json() or isinstance(refusal, rules.AlreadySubmitted):
        raise refusal
    answers: service.Answers = {}
    if not isinstance(refusal, rules.SavedElsewhere):
        answers, _seen = _answers(request.form)
    page = _page(_course_of(attempt), posted=answers, problem=str(refusal))
    return page, status_of(refusal)


def _answers(form: MultiDict[str, str]) -> tuple[service.Answers, service.Seen]:
    """Fields q<item> (names of ticked options; an empty one takes an answer back), v<item>."""
    answers: dict[int, list[str]] = {}
    seen: dict[int, int] = {}
    if len(form) > FIELDS_MOST:
        raise rules.TooManyFields
    if not form and request.content_length:
        raise rules.NotOfThisPaper  # no text at all: what cannot be read must not look like blank
    for field, values in form.lists():
        if field == "csrf_token":
            continue
        found = _FIELD.fullmatch(field)
        if found is None:
            raise rules.NotOfThisPaper
        item = int(found.group(2))
        if found.group(1) == "q":
            answers[item] = [value for value in values if value]
        elif len(values) == 1 and re.fullmatch(r"[0-9]{1,6}", values[0]):
            seen[item] = int(values[0])
        else:
            raise rules.NotOfThisPaper
    return answers, seen
