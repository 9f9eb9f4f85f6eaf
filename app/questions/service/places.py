"""Where what a question asks is taught, and who may be told so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import delete

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.media import queries as media
from app.questions import rules
from app.questions.models import Question, QuestionChange, QuestionPlace
from app.questions.queries import PagePlace, Place, page_places, places

PASS_SECONDS = 24 * 3600


def place(
    question_id: int,
    *,
    by: int,
    media_id: int | None,
    start_ms: int = 0,
    finish_ms: int | None = None,
) -> bool:
    """Say where a recording teaches what a question asks, or nowhere; whether that changed
    anything. Raises NotThere, SpanBackwards."""
    if media_id is not None and not media.is_there(media_id):
        raise NotThere
    if finish_ms is not None and finish_ms < start_ms:
        raise rules.SpanBackwards
    _known(question_id)
    before = places([question_id]).get(question_id)
    after = Place(media_id, start_ms, finish_ms) if media_id is not None else None
    if before == after:
        return False
    row = {"ref": str(media_id), "start": start_ms, "finish": finish_ms}
    _replace(question_id, "recording", row if after else None)
    _note(question_id, by, "place", before.span if before else "", after.span if after else "")
    return True


def place_page(
    question_id: int, *, by: int, document: str | None, anchor: str = "", said: tuple[str, str]
) -> bool:
    """Say at which place of a document what a question asks can be read, or nowhere; whether that
    changed anything. `document` is a uuid that the caller has looked up; `said` is how the place
    before and the new one are called, for the history. Raises NotThere."""
    _known(question_id)
    before = page_places([question_id]).get(question_id)
    after = PagePlace(document, anchor) if document is not None else None
    if before == after:
        return False
    _replace(question_id, "document", {"ref": document, "anchor": anchor} if after else None)
    _note(question_id, by, "page", *said)
    return True


def put_places(question_id: int, given: Iterable[Mapping[str, Any]]) -> None:
    """Place a new question where it was proposed from; each is {kind, ref, start, finish, anchor}.

    Recordings and documents that are gone by now leave nothing behind.
    """
    for row in given:
        if row["kind"] == "recording" and not media.is_there(int(row["ref"])):
            continue
        db.session().add(QuestionPlace(question_id=question_id, **row))


def forget_document(document: str) -> None:
    """Take a document that is deleted away from all questions."""
    db.session().execute(
        delete(QuestionPlace).where(QuestionPlace.kind == "document", QuestionPlace.ref == document)
    )


def pass_for(member_id: int, question_ids: Iterable[int]) -> str:
    """A sealed list of questions whose answers a member has been told; rooms above ask for it
    before they tell where the answer stands."""
    return str(_seal().dumps([member_id, *question_ids]))


def passed(text: str, member_id: int) -> list[int]:
    """The questions on a member's own pass; none when it is forged, foreign or a day old."""
    try:
        held = _seal().loads(text, max_age=PASS_SECONDS)
    except BadSignature:
        return []
    return held[1:] if held[0] == member_id else []


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["weike"].secret_key, salt="answers told")


def _known(question_id: int) -> None:
    if db.session().get(Question, question_id) is None:
        raise NotThere


def _replace(question_id: int, kind: str, row: Mapping[str, Any] | None) -> None:
    session = db.session()
    mine = (QuestionPlace.question_id == question_id, QuestionPlace.kind == kind)
    session.execute(delete(QuestionPlace).where(*mine))
    if row is not None:
        session.add(QuestionPlace(question_id=question_id, kind=kind, **row))


def _note(question_id: int, by: int, fact: str, before: str, after: str) -> None:
    what = {fact: [before, after]}
    session = db.session()
    session.add(
        QuestionChange(question_id=question_id, member_id=by, changed_at=clock.now(), what=what)
    )
    session.flush()
