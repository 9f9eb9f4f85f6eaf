"""What the paper of a quiz or an exam sends: answers, the end; and the result afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.core import clock
from app.core.access import access, takes_json
from app.core.addresses import address
from app.core.db import reading
from app.core.errors import status_of, wants_json
from app.core.limits import limited
from app.core.refusals import Refusal
from app.exams import queries, rules, service
from app.exams.views import bp
from app.exams.views.exams import exam_paper, visit, was_safe
from app.exams.views.quiz import course_of, quiz_page
from app.learning.queries import course_progress_for
from app.members.access import SIGNED_IN, own_sign_in, reader
from app.members.rules import Reader
from app.questions import service as bank
from app.questions import types
from app.questions.drawer import Put
from app.questions.queries import page_places
from app.questions.rules import LARGEST_FILE

_FIELD = re.compile(r"([qvf])([1-9][0-9]{0,9})(?:\.([a-z0-9]{1,12}))?")
FIELDS_MOST = 4_000  # a paper of 500 questions, some with many gaps
PARTS_MOST = 10_000  # of a form with files: each box that is ticked is a part of its own
_PLAIN = {
    *("csrf_token", "go", "here", "away", "opened", "page", "turn"),
    *("safe_page", "safe_config", "safe_exam"),
}


# A paper without a script sends files with its form; three of the largest at once.
MOST_BYTES = 3 * LARGEST_FILE
MOST_WORDS = 4 * 1024 * 1024  # twenty of the longest essays in Chinese: 9 bytes for each character


@bp.url_value_preprocessor
def _more_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if endpoint not in {"exams.save", "exams.submit"}:
        return
    has_files = request.mimetype == "multipart/form-data"
    request.max_content_length = MOST_BYTES if has_files else MOST_WORDS
    request.max_form_memory_size = MOST_WORDS
    request.max_form_parts = PARTS_MOST


@dataclass
class Sent:
    """What a paper sent, by item."""

    answers: dict[int, list[str]] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    flags: dict[int, bool] = field(default_factory=dict)
    away: int = 0  # how often the page was left since it last said so
    go: int = 0  # the position that the member wants to see next


@bp.post("/attempts/<int:attempt_id>/answers")
@access(SIGNED_IN)
@limited("saved answers", most=120, seconds=60)
def save(attempt_id: int) -> ResponseReturnValue:
    sent, files = _sent(request.form), _files()
    with reading():  # so that the turn to write begins only with the writing
        attempt = queries.attempt_for(reader().id, attempt_id)
    _take_in(files, sent, attempt.id, attempt.member_id)
    try:
        saved = service.save(
            attempt.id,
            member_id=attempt.member_id,
            answers=sent.answers,
            seen=sent.seen,
            flags=sent.flags,
            left=sent.away,
            reached=sent.go,
            window=_window(attempt.id),
        )
    except Refusal as refusal:
        return _again(attempt, refusal, sent)
    if saved.stale and not wants_json():
        return _again(attempt, rules.SavedElsewhere(items=saved.stale), sent)
    if wants_json():
        told: dict[str, Any] = {"saved": {str(item): n for item, n in saved.items.items()}}
        if saved.stale:
            told["stale"] = list(saved.stale)
            told["error"] = str(rules.SavedElsewhere())
        if attempt.exam_id is not None:
            told["clock"] = {"remaining_ms": saved.remaining_ms, "is_paused": saved.is_paused}
            told["messages"] = [
                {"id": m.id, "text": m.text}
                for m in queries.messages_for(attempt.exam_id, attempt.id)
            ]
        return jsonify(told)
    if sent.go:
        return redirect(url_for("exams.paper", attempt_id=attempt.id, q=sent.go), 303)
    flash(_("Your answers are saved. You can go on at any time, on any device."))
    if attempt.exam_id is not None:
        return redirect(url_for("exams.exam", exam_id=attempt.exam_id), 303)
    return redirect(address("course", slug=course_of(attempt).slug), 303)


@bp.post("/attempts/<int:attempt_id>/submit")
@access(SIGNED_IN)
@limited("submitted quizzes", most=60, seconds=60)
def submit(attempt_id: int) -> ResponseReturnValue:
    sent, files = _sent(request.form), _files()
    member_id = reader().id
    _take_in(files, sent, attempt_id, member_id)
    try:
        done = service.submit(
            attempt_id,
            member_id=member_id,
            answers=sent.answers,
            seen=sent.seen,
            window=_window(attempt_id),
        )
    except Refusal as refusal:
        return _again(queries.attempt_for(member_id, attempt_id), refusal, sent)
    if done.points:
        flash(ngettext("%(num)s point for you", "%(num)s points for you", done.points))
    url = url_for("exams.result", attempt_id=attempt_id)
    if wants_json():
        return jsonify(receipt=done.receipt, url=url)
    return redirect(url, 303)


@bp.post("/attempts/<int:attempt_id>/finish")
@access(SIGNED_IN)
@limited("finished attempts", most=30, seconds=60)
def finish(attempt_id: int) -> ResponseReturnValue:
    """Hand in what was saved when the time is over; for pages whose clock has run down."""
    attempt = queries.attempt_for(reader().id, attempt_id)
    if service.finish_now(attempt.id, member_id=attempt.member_id):
        return redirect(url_for("exams.result", attempt_id=attempt.id), 303)
    return redirect(url_for("exams.paper", attempt_id=attempt.id), 303)


@bp.post("/attempts/<int:attempt_id>/sealed")
@access(SIGNED_IN)
@takes_json
@limited("sealed answers", most=20, seconds=60)
def bring_sealed(attempt_id: int) -> ResponseReturnValue:
    """What a page kept without a connection until after the end; never counted by itself."""
    attempt = queries.attempt_for(reader().id, attempt_id)
    return jsonify(kept=take_sealed(attempt, request.get_data()))


def take_sealed(attempt: queries.AttemptView, text: bytes) -> bool:
    """Keep the answers of a package; whether there was anything new in it."""
    key = rules.seal_key(current_app.config["SECRET_KEY"], attempt.id, attempt.seed)
    kept = rules.unpacked(text, attempt_id=attempt.id, key=key)
    form: MultiDict[str, str] = MultiDict()
    for one in kept:
        form.add(f"q{one.item}", "")
        for name, value in one.fields:
            form.add(name, value)
    left = [one.left_ms for one in kept if one.left_ms is not None]
    try:
        answers = _sent(form).answers
    except rules.NotOfThisPaper:
        raise rules.NotAPackage from None
    return service.bring(
        attempt.id,
        answers=answers,
        is_intact=all(one.is_intact for one in kept),
        left_ms=min(left) if left else None,
        actor_id=reader().id,
    )


@bp.get("/attempts/<int:attempt_id>")
@access(SIGNED_IN)
def result(attempt_id: int) -> ResponseReturnValue:
    who = reader()
    attempt = queries.attempt_for(who.id, attempt_id)
    if attempt.is_open:
        return _to_paper(attempt)
    if attempt.exam_id is not None:
        return _exam_result(attempt)
    course = course_of(attempt)
    now = clock.now()
    state = queries.quiz_state_for(who.id, course.id, now)
    # While another attempt is open, this page would tell its answers.
    is_sealed = state is not None and state.open_attempt is not None
    items = queries.results(attempt)
    seal = _seal(items, queries.sealed_for(who.id, now))
    items = [] if is_sealed or seal else items
    return render_template(
        "exams/result.html",
        attempt=attempt.under(seal),
        seal=seal,
        course=course,
        state=state,
        is_sealed=is_sealed,
        items=items,
        **_taught(who, items),
        progress=course_progress_for(who.id, [course.id])[course.id],
    )


def _exam_result(attempt: queries.AttemptView) -> str:
    who, now = reader(), clock.now()
    exam = queries.exam_for(who, attempt.exam_id or 0, now)
    standing = queries.standing_for(who, exam, now)
    found = queries.results(attempt)
    is_sealed = standing.open_attempt is not None
    seal = _seal(found, queries.sealed_for(who.id, now, but=exam.id))
    is_quiet = attempt.is_void or is_sealed
    shows = {
        what: not is_quiet and not seal and standing.shows(what)
        for what in ("answers", "explanations")
    }
    # Another exam with these questions tells nobody their score; only who takes it waits for this.
    shows["score"] = not is_quiet and not (seal and seal.is_mine) and standing.shows("score")
    # An answer that is known tells the score, and an explanation tells the answer.
    items = found if shows["answers"] else []
    appeal_until = queries.appeal_end(standing, attempt)
    return render_template(
        "exams/exam_result.html",
        attempt=attempt,
        exam=exam,
        standing=standing,
        voided=queries.voided(attempt.id) if attempt.is_void else None,
        shows=shows,
        is_sealed=is_sealed,
        seal=seal,
        appeals=queries.appeals_of(attempt.id) if items else {},
        appeal_until=appeal_until if appeal_until and now < appeal_until else None,
        regraded_at=queries.regraded_at(attempt.id) if shows["score"] else None,
        items=items,
        **(_taught(who, items) if shows["explanations"] else {}),
    )


def _seal(items: list[queries.ResultItem], sealed: queries.Sealed) -> queries.Seal | None:
    return queries.seal_over(sealed, (item.question_id for item in items))


def _taught(who: Reader, items: list[queries.ResultItem]) -> dict[str, Any]:
    """Where to watch and to read again what was answered wrong; the library fills in the pages."""
    wrong = queries.missed(items)
    return {
        "replays": queries.replays_for(who, wrong),
        "reading": bank.pass_for(who.id, page_places(wrong)),
    }


def _to_paper(attempt: queries.AttemptView) -> ResponseReturnValue:
    if attempt.exam_id is not None:
        return redirect(url_for("exams.paper", attempt_id=attempt.id))
    return redirect(url_for("exams.quiz", slug=course_of(attempt).slug))


def _again(attempt: queries.AttemptView, refusal: Refusal, sent: Sent) -> ResponseReturnValue:
    """The paper with what was just sent, and why it was not taken. Nothing of it is lost."""
    if wants_json():
        raise refusal
    if isinstance(refusal, rules.TimeOver) or (
        isinstance(refusal, rules.AlreadySubmitted) and attempt.exam_id is not None
    ):
        flash(str(refusal), "warn")
        return redirect(url_for("exams.result", attempt_id=attempt.id), 303)
    if isinstance(refusal, rules.AlreadySubmitted | rules.AttemptVoid | rules.NeedsSafeBrowser):
        raise refusal
    is_behind = isinstance(refusal, rules.SavedElsewhere | rules.GoneOnElsewhere)
    posted = {} if is_behind else sent.answers
    if attempt.exam_id is not None:
        page = exam_paper(attempt, posted=posted, problem=str(refusal))
    else:
        page = quiz_page(course_of(attempt), posted=posted, problem=str(refusal))
    return page, status_of(refusal)


def _window(attempt_id: int) -> service.Window:
    """Which page sends this: when it was opened (by our clock, in milliseconds), and where.

    What a page says of itself is advice; what is not understood of it is left out.
    """
    opened, page, turn = (request.form.get(name, "") for name in ("opened", "page", "turn"))
    is_named = re.fullmatch(r"[0-9a-f]{16}", page) and re.fullmatch(r"[0-9]{1,9}", turn)
    return service.Window(
        sign_in=own_sign_in(),
        opened_at=clock.moment(int(opened)) if re.fullmatch(r"[0-9]{10,14}", opened) else None,
        visit=visit(),
        is_safe=was_safe(attempt_id),
        page=page if is_named else "",
        turn=int(turn) if is_named else 0,
    )


def _files() -> dict[int, Put]:
    """Files that the form itself sent, by item; put away before anything asks the database."""
    found = {}
    for name, file in request.files.items():
        field = _FIELD.fullmatch(name)
        if file.filename and field is not None and field.group(1) == "q" and not field.group(3):
            stream = cast("BinaryIO", file.stream)
            found[int(field.group(2))] = bank.put_file(stream, filename=file.filename)
        file.close()
    return found


def _take_in(files: dict[int, Put], sent: Sent, attempt_id: int, member_id: int) -> None:
    if files:
        queries.attempt_for(member_id, attempt_id)  # before anything is kept
    for item, put in files.items():
        sent.answers[item] = [bank.keep_file(put, member_id=member_id)]


def _sent(form: MultiDict[str, str]) -> Sent:
    """Fields q<item> (ticked names or a text; an empty one takes an answer back), q<item>.<part>,
    v<item> (how often the answer had been changed), f<item> (flagged: 1 or 0), go, away."""
    sent = Sent()
    if len(form) > FIELDS_MOST:
        raise rules.TooManyFields
    if not form and request.content_length:
        raise rules.NotOfThisPaper  # no text at all: what cannot be read must not look like blank
    for name, values in form.lists():
        if name in _PLAIN:
            continue
        found = _FIELD.fullmatch(name)
        if found is None:
            raise rules.NotOfThisPaper
        letter, item, part = found.group(1), int(found.group(2)), found.group(3)
        if letter == "q" and part:
            parts = [types.raw_part(part, value) for value in values if value]
            sent.answers.setdefault(item, []).extend(parts)
        elif letter == "q":
            sent.answers.setdefault(item, []).extend(value for value in values if value)
        elif part is None and letter == "f":
            sent.flags[item] = values[-1] == "1"
        elif part is None and len(values) == 1 and re.fullmatch(r"[0-9]{1,6}", values[0]):
            sent.seen[item] = int(values[0])
        else:
            raise rules.NotOfThisPaper
    # Both are advice; what is not understood of them is left out.
    sent.away = min(1_000, max(0, form.get("away", 0, type=int)))
    sent.go = min(1_000, max(0, form.get("go", 0, type=int)))
    return sent
