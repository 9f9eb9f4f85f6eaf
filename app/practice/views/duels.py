"""Duels: the table, its state by server-sent events or by asking, answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import clock
from app.core.access import access
from app.core.db import db, reading
from app.core.errors import status_of
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.members.access import SIGNED_IN, reader
from app.practice import queries, rules, service
from app.practice.views.door import bp, sent

# Sixteen streams on as many threads would starve the site; whoever gets none asks by itself.
STREAMS = threading.BoundedSemaphore(5)
STREAM_FOR_S = 150.0
LOOK_EVERY_S = 0.5
BEAT_EVERY = 20  # looks without news until a comment keeps the connection open


@bp.post("/practice/duels")
@access(SIGNED_IN)
@limited("joined duels", most=20, seconds=60)
def join() -> ResponseReturnValue:
    who = reader()
    duel_id = service.join(
        member_id=who.id,
        size=request.form.get("size", 2, type=int),
        pool=queries.pool_for(who).quick,
        language=current_language(),
    )
    return redirect(url_for("practice.duel", duel_id=duel_id), 303)


@bp.get("/practice/duels/<int:duel_id>")
@access(SIGNED_IN)
def duel(duel_id: int) -> str:
    return _duel(duel_id, "")


def _duel(duel_id: int, problem: str) -> str:
    now = clock.now()
    found = queries.duel_for(reader().id, duel_id, now)
    waited = now - found.created_at
    items = queries.review_of(found.me.member_id or 0, duel_id, now)
    return render_template(
        "practice/_duel.html" if request.args.get("part") else "practice/duel.html",
        duel=found,
        remaining_ms=_remaining(found),
        bot_in_ms=max(0, int((rules.BOT_AFTER - waited).total_seconds() * 1000)),
        questions=rules.QUESTIONS,
        beat_ms=int(rules.BEAT.total_seconds() * 1000),
        items=items,
        found_at=queries.taught_for(reader(), items) if items else None,
        problem=problem,
    )


@bp.get("/practice/duels/<int:duel_id>/state")
@access(SIGNED_IN)
@limited("looks at duels", most=120, seconds=60)
def state(duel_id: int) -> Response:
    return jsonify(_state(queries.duel_for(reader().id, duel_id, clock.now())))


@bp.get("/practice/duels/<int:duel_id>/events")
@access(SIGNED_IN)
@limited("streams of duels", most=30, seconds=60)
def events(duel_id: int) -> ResponseReturnValue:
    """The state whenever it changes; 503 when too many streams are open: then one asks."""
    member_id = reader().id
    queries.duel_for(member_id, duel_id, clock.now())
    if not STREAMS.acquire(blocking=False):
        return Response(status=503, headers={"Retry-After": "2"})
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    response = Response(_stream(app, member_id, duel_id), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(STREAMS.release)
    return response


def _stream(app: Flask, member_id: int, duel_id: int) -> Iterator[str]:
    """Looks twice a second, in a short read each time, and says what has changed."""
    pause = threading.Event()
    began = clock.monotonic()
    said, quiet = "", 0
    while clock.monotonic() - began < STREAM_FOR_S:
        with app.app_context():
            try:
                with reading():
                    found = queries.duel_for(member_id, duel_id, clock.now())
                    told = _state(found)
            except NotThere:
                return
            finally:
                db.session.remove()
        news = json.dumps({**told, "remaining_ms": 0})
        if news != said:
            said, quiet = news, 0
            yield f"data: {json.dumps(told)}\n\n"
        else:
            quiet += 1
            if quiet % BEAT_EVERY == 0:
                yield ": still here\n\n"
        if found.now.phase is rules.Phase.OVER:
            return
        pause.wait(LOOK_EVERY_S)


def _state(found: queries.DuelView) -> dict[str, Any]:
    """What changes while one looks: never a question, never whether an answer was right."""
    is_over = found.now.phase is rules.Phase.OVER
    return {
        "version": found.version,
        "remaining_ms": _remaining(found),
        "players": [
            {
                "seat": p.seat,
                "right": p.right,
                "answered": p.has_answered,
                "there": p.is_there or is_over,
            }
            for p in found.players
        ],
    }


def _remaining(found: queries.DuelView) -> int:
    if found.now.ends_at is None:
        return 0
    return max(0, int((found.now.ends_at - clock.now()).total_seconds() * 1000))


@bp.post("/practice/duels/<int:duel_id>/begin")
@access(SIGNED_IN)
@limited("begun duels", most=20, seconds=60)
def begin(duel_id: int) -> ResponseReturnValue:
    service.begin(duel_id, member_id=reader().id)
    return redirect(url_for("practice.duel", duel_id=duel_id), 303)


@bp.post("/practice/duels/<int:duel_id>/leave")
@access(SIGNED_IN)
def leave(duel_id: int) -> ResponseReturnValue:
    service.leave(duel_id, member_id=reader().id)
    return redirect(url_for("practice.index"), 303)


@bp.post("/practice/duels/<int:duel_id>/beat")
@access(SIGNED_IN)
@limited("beats of duels", most=60, seconds=60)
def beat(duel_id: int) -> ResponseReturnValue:
    """The page says that its player is there."""
    service.beat(duel_id, member_id=reader().id)
    return "", 204


@bp.post("/practice/duels/<int:duel_id>/answer")
@access(SIGNED_IN)
@limited("answers in duels", most=60, seconds=60)
def answer_duel(duel_id: int) -> ResponseReturnValue:
    number = request.form.get("number", 0, type=int)
    try:
        service.answer_duel(duel_id, member_id=reader().id, number=number, raw=sent(number))
    except NotThere:
        raise
    except Refusal as refusal:
        return _duel(duel_id, str(refusal)), status_of(refusal)
    return redirect(url_for("practice.duel", duel_id=duel_id), 303)
