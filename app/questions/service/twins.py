"""Questions that look alike: found by a job, decided upon by people."""

from __future__ import annotations

from datetime import timedelta

from app.core import jobs
from app.core.db import db
from app.core.refusals import NotThere
from app.members.rules import Reader
from app.questions import queries
from app.questions.models import QuestionTwins
from app.questions.rules import QuestionState
from app.questions.service import sorting

LOOK_AFTER = timedelta(minutes=2)  # many changes in a row are looked at once
JOB = "questions.twins"


def look_for_twins() -> None:
    """Have the bank compared with itself, soon."""
    jobs.enqueue(JOB, key=JOB, delay=LOOK_AFTER)


def pair_same(question_id: int) -> bool:
    """Pair a question at once with an older one that says the very same words, if there is one."""
    older = next((each for each in queries.same_words(question_id) if each < question_id), None)
    if older is None:
        return False
    if db.session().get(QuestionTwins, (older, question_id)) is None:
        row = QuestionTwins(one_id=older, other_id=question_id, percent=100)
        db.session().add(row)
        db.session().flush()
    return True


def keep_twins(found: dict[tuple[int, int], int]) -> None:
    """Store what was found. What people told apart stays so, unless it is more alike by now."""
    session = db.session()
    before = {(row.one_id, row.other_id): row for row in session.query(QuestionTwins)}
    for pair, row in before.items():
        percent = found.get(pair)
        if percent is None:
            session.delete(row)
        elif percent != row.percent:
            row.apart_by = row.apart_by if percent < row.percent else None
            row.percent = percent
    session.add_all(
        QuestionTwins(one_id=one, other_id=other, percent=percent)
        for (one, other), percent in found.items()
        if (one, other) not in before
    )
    session.flush()


def tell_apart(one_id: int, other_id: int, *, by: Reader) -> None:
    """Say that two questions are not the same; who may edit one of them may say so. Raises
    NotThere."""
    row = _pair(one_id, other_id)
    both = queries.questions([one_id, other_id])
    if not any(queries.may_edit(by, question) for question in both.values()):
        raise NotThere
    row.apart_by = by.id


def merge(keep_id: int, other_id: int, *, by: Reader) -> None:
    """Keep one of two that are the same, with the tags of both; the other is retired.

    Quizzes and attempts that have the retired one keep it. Raises NotThere for who may not edit
    the one to be retired.
    """
    _pair(keep_id, other_id)
    both = queries.questions([keep_id, other_id])
    if not queries.may_edit(by, both[other_id]):
        raise NotThere
    if queries.may_edit(by, both[keep_id]):
        more = queries.tags_of([other_id]).get(other_id, [])
        sorting.sort([keep_id], by=by.id, add_tags=more)
    sorting.sort([other_id], by=by.id, state=QuestionState.RETIRED.value)


def _pair(one_id: int, other_id: int) -> QuestionTwins:
    row = db.session().get(QuestionTwins, (min(one_id, other_id), max(one_id, other_id)))
    if row is None:
        raise NotThere
    return row
