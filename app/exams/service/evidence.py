"""Answers that did not count: sealed ones are brought later, and an organizer decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, Evidence, Exam
from app.exams.queries import items_of
from app.exams.service.finishing import settle
from app.exams.service.following import follow_mark, known_of
from app.exams.service.noting import note
from app.exams.service.taking import understood
from app.exams.service.worth import mark_of
from app.questions import types
from app.questions.queries import wordings


def bring(
    attempt_id: int,
    *,
    answers: Mapping[int, Sequence[str]],
    is_intact: bool,
    left_ms: int | None,
    actor_id: int,
) -> bool:
    """Keep sealed answers of an exam's attempt that has ended; whether they say anything new.

    `left_ms` is the least time that was left when they were given, as the device counted it.
    Raises NotThere, NotOverYet, TooLateToBring, NotAPackage.
    """
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.exam_id is None:
        raise NotThere
    if attempt.state == "open" or attempt.submitted_at is None:
        raise rules.NotOverYet
    now = clock.now()
    if now > attempt.submitted_at + timedelta(days=rules.BROUGHT_DAYS):
        raise rules.TooLateToBring(days=rules.BROUGHT_DAYS)
    rows = {item.id: item for item in items_of(attempt_id)}
    bodies = wordings(item.version_id for item in rows.values())
    new: dict[str, list[str]] = {}
    for item_id, raw in answers.items():
        item = rows.get(item_id)
        if item is None:
            raise rules.NotAPackage
        try:
            response = understood(item, bodies[item.version_id], raw)
        except rules.NotOfThisPaper:
            raise rules.NotAPackage from None
        if response != (item.response or []):
            new[str(item_id)] = list(raw)
    kept = session.query(Evidence).filter_by(attempt_id=attempt_id).all()
    size = sum(len(str(row.answers)) for row in kept)
    known = any(row.kind == "sealed" and row.answers == new for row in kept)
    if not new or known or size > rules.MOST_EVIDENCE:
        return False
    session.add(
        Evidence(
            attempt_id=attempt_id,
            kind="sealed",
            received_at=now,
            answers=new,
            told={"intact": is_intact, "left_ms": left_ms},
        )
    )
    note(
        *(attempt.exam_id, "brought"),
        attempt_id=attempt_id,
        actor_id=actor_id,
        answers=len(new),
        intact=is_intact,
    )
    session.flush()
    return True


def count(exam_id: int, evidence_id: int, *, actor_id: int, reason: str) -> None:
    """Let answers count that were kept aside: they take the place of what was handed in.

    The attempt stays submitted; its marks, score and what follows from passing change. Raises
    NotThere, NeedsAReason, OwnAnswer.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise rules.NeedsAReason
    session = db.session()
    row = session.get(Evidence, evidence_id, with_for_update=True, populate_existing=True)
    if row is None or row.counted_at is not None:
        raise NotThere
    attempt = session.get(Attempt, row.attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.exam_id != exam_id or attempt.state != "submitted":
        raise NotThere
    if attempt.member_id == actor_id:
        raise rules.OwnAnswer
    exam = session.get_one(Exam, exam_id)
    rows = {item.id: item for item in items_of(attempt.id)}
    bodies = wordings(item.version_id for item in rows.values())
    known, before = known_of(attempt), {}
    for said_id, raw in row.answers.items():
        item = rows.get(int(said_id))
        if item is None:
            continue
        question = bodies[item.version_id]
        kind = types.of(question.kind)
        before[said_id] = item.response
        item.response = understood(item, question, raw)
        item.saved, item.saved_at = item.saved + 1, row.received_at
        if kind.BY_HAND and item.response:
            if item.mark is not None:
                attempt.waiting += 1
            item.mark = None
        else:
            if item.mark is None:
                attempt.waiting -= 1
            item.mark = mark_of(attempt, question, list(item.response or ()))
    row.counted_at = clock.now()
    settle(attempt, rows.values())
    session.flush()
    note(
        *(exam.id, "count"),
        attempt_id=attempt.id,
        actor_id=actor_id,
        reason=reason,
        before=before,
        evidence=evidence_id,
    )
    follow_mark(attempt, known, actor_id=actor_id, reason=reason, note=reason)
