"""Exams as members see them: the list, the door of one, and the paper."""

from __future__ import annotations

import re
from decimal import Decimal

from flask import current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal

from app.core import clock
from app.core.access import access
from app.core.errors import status_of, wants_json
from app.core.limits import limited
from app.core.refusals import Refusal
from app.exams import queries, rules, service
from app.exams.views import bp
from app.members.access import SIGNED_IN, reader

_SPEAKING_PAGE = re.compile(r"/(?:exams|attempts)/[0-9]+(?:/[a-z]+)?(?:\?.*)?")


bp.add_app_template_global(rules.cost_rule)


@bp.app_template_global()
def signed(points: Decimal | int) -> str:
    """A number in the reader's language with the sign that is read as a minus, not a hyphen."""
    return str(format_decimal(points)).replace("-", "\N{MINUS SIGN}")


@bp.get("/exams")
@access(SIGNED_IN)
def index() -> str:
    me = reader()
    found = queries.exams_for(me, clock.now())
    return render_template(
        "exams/exams.html",
        running=[s for s in found if s.open_attempt],
        open_now=[
            s
            for s in found
            if not s.open_attempt
            and not s.is_done
            and s.is_invited
            and s.exam.phase is rules.Phase.OPEN
        ],
        upcoming=[s for s in found if s.exam.phase is rules.Phase.UPCOMING],
        done=[
            s
            for s in reversed(found)
            if not s.open_attempt
            and s.exam.phase is not rules.Phase.UPCOMING
            and (s.is_done or not s.is_invited or s.exam.phase is not rules.Phase.OPEN)
        ],
        may_make=me.is_author or me.is_organizer,
    )


@bp.get("/exams/<int:exam_id>")
@access(SIGNED_IN)
def exam(exam_id: int) -> str:
    return _door(exam_id)


@bp.post("/exams/<int:exam_id>/start")
@access(SIGNED_IN)
@limited("starts of exams", most=20, seconds=60)
def start_exam(exam_id: int) -> ResponseReturnValue:
    me = reader()
    found = queries.exam_for(me, exam_id, clock.now())
    try:
        attempt_id = service.start_exam(
            found.id,
            member_id=me.id,
            password=request.form.get("password", ""),
            visit=visit(),
            is_invited=queries.is_invited(me, found.id),
        )
    except Refusal as refusal:
        if wants_json():
            raise
        return _door(exam_id, problem=str(refusal)), status_of(refusal)
    if found.safe_keys:
        session["safe"] = attempt_id
    return redirect(url_for("exams.paper", attempt_id=attempt_id), 303)


def visit() -> rules.Visit:
    """Where this request comes from, and what the Safe Exam Browser says with it.

    Versions that send no headers tell the scripts of a page (js/exams/safe.js), which sends on what
    it was told, with its address, in fields of the form.
    """
    base = str(current_app.extensions["weike"].base_url).rstrip("/")
    here = base + request.full_path.removesuffix("?")
    page = request.form.get("safe_page", "")
    is_ours = page.startswith(base) and _SPEAKING_PAGE.fullmatch(page.removeprefix(base))
    heads = ("X-SafeExamBrowser-ConfigKeyHash", "X-SafeExamBrowser-RequestHash")
    fields = ("safe_config", "safe_exam") if is_ours else ()
    said = [(here, request.headers.get(name)) for name in heads]
    said += [(page, request.form.get(name)) for name in fields]
    return rules.Visit(
        address=request.remote_addr or "",
        proofs=tuple((url, text) for url, text in said if text),
    )


def was_safe(attempt_id: int) -> bool:
    """Whether this sign-in has shown for an attempt that it is in the Safe Exam Browser."""
    return session.get("safe") == attempt_id


@bp.get("/attempts/<int:attempt_id>/paper")
@access(SIGNED_IN)
def paper(attempt_id: int) -> ResponseReturnValue:
    attempt = queries.attempt_for(reader().id, attempt_id)
    if not attempt.is_open or attempt.exam_id is None:
        return redirect(url_for("exams.result", attempt_id=attempt.id))
    try:
        return exam_paper(attempt)
    except rules.NeedsSafeBrowser as refusal:
        page = render_template("exams/safe_browser.html", attempt=attempt, problem=str(refusal))
        return page, status_of(refusal)


def exam_paper(
    attempt: queries.AttemptView, *, posted: service.Answers | None = None, problem: str = ""
) -> str:
    """The paper of an open attempt at an exam; without a way back only its present question.

    Raises NeedsSafeBrowser.
    """
    me, now = reader(), clock.now()
    found = queries.exam_for(me, attempt.exam_id or 0, now)
    stopped = queries.standing_still(found.paused_at, now)
    remaining_ms = rules.remaining_ms(stopped, attempt.deadline_at)
    if rules.is_over(stopped, attempt.deadline_at, found.grace_s):
        return render_template("exams/time_over.html", exam=found, attempt=attempt)
    if found.safe_keys and not was_safe(attempt.id):
        if not rules.is_safe(visit(), found.safe_keys):
            raise rules.NeedsSafeBrowser
        session["safe"] = attempt.id
    # Nobody studies the questions while the clocks stand still; what was posted is shown again.
    is_hidden = found.paused_at is not None and posted is None
    items = [] if is_hidden else queries.paper(attempt.id, posted=posted)
    if found.no_going_back:
        items = [item for item in items if item.position == attempt.reached]
    return render_template(
        "exams/exam_paper.html",
        exam=found,
        attempt=attempt,
        items=items,
        titles=queries.section_titles(found.id),
        whole_ms=_whole_ms(attempt),
        opened_ms=int(clock.epoch() * 1000),
        remaining_ms=remaining_ms,
        here=request.args.get("q", 0, type=int),
        messages=queries.messages_for(found.id, attempt.id),
        problem=problem,
        large_type=queries.allowance_of(me.id, found.id).large_type,
        me=me,
        seal=rules.seal_key(current_app.config["SECRET_KEY"], attempt.id, attempt.seed),
    )


def _whole_ms(attempt: queries.AttemptView) -> int | None:
    if attempt.deadline_at is None:
        return None
    return int((attempt.deadline_at - attempt.started_at).total_seconds() * 1000)


def _door(exam_id: int, *, problem: str = "") -> str:
    me, now = reader(), clock.now()
    found = queries.exam_for(me, exam_id, now)
    standing = queries.standing_for(me, found, now)
    return render_template(
        "exams/exam.html",
        exam=found,
        standing=standing,
        courses=queries.required_courses(found.id),
        place=queries.places_by_member(found.id).get(me.id, ""),
        problem=problem,
    )
