"""Reads for looking closer at an exam: weak topics by branch, wrong answers that are alike."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.exams import rules
from app.exams.models import AttemptItem
from app.exams.queries.outcomes import taken
from app.questions.models import QuestionTag, QuestionVersion

MOST_ALIKE = 30


@dataclass(frozen=True)
class Pair:
    """Two takers whose wrong answers are alike."""

    names: tuple[str, str]
    attempt_ids: tuple[int, int]
    shared: int
    wrong: tuple[int, int]
    bits: float


def patterns_of(exam_id: int) -> tuple[list[rules.Topic], list[Pair]]:
    """Topics (the tags of questions) by branch, weakest first; and the pairs to look at."""
    attempts = {t.attempt.id: t for t in taken(exam_id) if t.counts}
    ids = sorted(attempts)
    tags: dict[int, list[str]] = {}
    for question_id, tag in db.session().execute(select(QuestionTag.question_id, QuestionTag.tag)):
        tags.setdefault(question_id, []).append(tag)
    topics: list[tuple[str, int, str, float]] = []
    wrong: dict[int, dict[int, str]] = {}
    asked: dict[int, int] = {}
    for start in range(0, len(ids), 500):
        rows = db.session().execute(
            select(
                *(AttemptItem.attempt_id, QuestionVersion.question_id, AttemptItem.response),
                *(AttemptItem.mark, AttemptItem.max_mark),
            )
            .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
            .where(AttemptItem.attempt_id.in_(ids[start : start + 500]))
        )
        for attempt_id, question_id, response, mark, most in rows:
            if mark is None or not most:
                continue
            asked[question_id] = asked.get(question_id, 0) + 1
            t = attempts[attempt_id]
            topics += [
                (t.branch, t.attempt.member_id, tag, max(0.0, float(mark)))
                for tag in tags.get(question_id, ())
            ]
            if response and mark <= 0:
                said = "\n".join(sorted(str(part).strip().casefold() for part in response))
                wrong.setdefault(attempt_id, {})[question_id] = said
    pairs = [
        Pair(
            (attempts[a.first].name, attempts[a.second].name),
            (a.first, a.second),
            a.shared,
            a.wrong,
            a.bits,
        )
        for a in rules.alike(wrong, asked)[:MOST_ALIKE]
    ]
    return rules.weak_topics(topics), pairs
