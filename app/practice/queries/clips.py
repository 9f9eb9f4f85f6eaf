"""Whether practice shows a member a picture or a sound of a question."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.db import db
from app.exams.queries import sealed_for, sealed_versions
from app.members.rules import Reader
from app.practice import rules
from app.practice.models import Duel, DuelSeat, PracticeItem, PracticeRun
from app.practice.queries.duels import asked_in_duel, moment_of
from app.practice.queries.notebook import noted
from app.practice.queries.runs import pool_for
from app.questions.queries import Showing

REVIEWED_FOR = timedelta(days=1)  # what a duel asked can be looked at so long


def shows_clip(reader: Reader, showing: Showing, now: datetime) -> bool:
    """Whether a run or a duel of the reader has come to one of these versions of questions, or
    the notebook holds it.

    What only an explanation shows is shown when the question was answered, or is over, and when no
    exam seals it.
    """
    if not showing:
        return False
    sealed = sealed_versions(sealed_for(reader.id, now), showing.explained)
    told = showing.asked | (showing.explained - sealed)
    return (
        _in_a_run(reader.id, showing, told)
        or _in_a_duel(reader.id, showing, told, now)
        or _in_the_notebook(reader, showing, now)
    )


def _in_the_notebook(reader: Reader, showing: Showing, now: datetime) -> bool:
    """Of what was ever wrong, only what may be practised now is explained: see mistakes_of."""
    mistakes = noted(reader.id, showing.questions) - asked_in_duel(reader.id, now)
    return bool(mistakes) and not mistakes.isdisjoint(pool_for(reader).all)


def _in_a_run(member_id: int, showing: Showing, told: frozenset[int]) -> bool:
    rows = db.session().execute(
        select(PracticeItem.version_id, PracticeItem.answered_at)
        .join(PracticeRun, PracticeRun.id == PracticeItem.run_id)
        .where(PracticeRun.member_id == member_id, PracticeItem.version_id.in_(told))
    )
    return any(version in showing.asked or answered is not None for version, answered in rows)


def _in_a_duel(member_id: int, showing: Showing, told: frozenset[int], now: datetime) -> bool:
    rows = db.session().scalars(
        select(Duel)
        .join(DuelSeat, DuelSeat.duel_id == Duel.id)
        .where(DuelSeat.member_id == member_id, Duel.starts_at > now - REVIEWED_FOR)
    )
    for row in rows:
        if not showing.explained & {version for version, _options in row.questions}:
            continue
        at = moment_of(row, now)
        for number, (version, _options) in enumerate(row.questions, 1):
            is_over = number < at.number or at.phase in {rules.Phase.PAUSE, rules.Phase.OVER}
            wanted = told if is_over else showing.asked
            if number <= at.number and version in wanted:
                return True
    return False
