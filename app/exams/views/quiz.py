"""The quiz of a course: its start, and its paper."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.core import clock
from app.core.access import access
from app.core.limits import limited
from app.core.refusals import NotThere
from app.courses.queries import CourseView, course_by_id, course_for
from app.exams import queries, rules, service
from app.exams.views import bp
from app.learning.queries import course_progress_for, refuse_before_needs
from app.members.access import SIGNED_IN, reader


@bp.get("/courses/<slug>/quiz")
@access(SIGNED_IN)
def quiz(slug: str) -> str:
    return quiz_page(course_for(reader(), slug))


@bp.post("/courses/<slug>/quiz/start")
@access(SIGNED_IN)
@limited("starts of quizzes", most=20, seconds=60)
def start(slug: str) -> ResponseReturnValue:
    who = reader()
    course = course_for(who, slug)
    if course.is_preview:
        raise rules.OnlyAPreview
    refuse_before_needs(who, course.id)
    service.start(member_id=who.id, course_id=course.id)
    return redirect(url_for("exams.quiz", slug=slug), 303)


def course_of(attempt: queries.AttemptView) -> CourseView:
    """The course of an attempt: withdrawn or not, a member may see what they have done in it."""
    course = course_by_id(attempt.course_id or 0)
    if course is None:
        raise NotThere
    return course


def quiz_page(
    course: CourseView, *, posted: service.Answers | None = None, problem: str = ""
) -> str:
    """The start of a quiz, or its paper while an attempt is open."""
    who = reader()
    state = queries.quiz_state_for(who.id, course.id, clock.now())
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
        items=queries.paper(attempt.id, posted=posted),
        large_type=queries.large_type_of(who.id),
        **values,
    )
