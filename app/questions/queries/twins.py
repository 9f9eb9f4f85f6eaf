"""Questions that say nearly the same, found by the three-letter pieces that they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.questions.models import Question as Row
from app.questions.models import QuestionVersion
from app.questions.queries.questions import newest
from app.questions.rules import QuestionState
from app.search.folding import squeezed

NEAR = 0.8  # share of pieces in common from which two questions look alike
MOST_SHOWN = 3
COMMON = 2_000  # a piece in so many questions tells nothing


@dataclass(frozen=True)
class Twin:
    """A question of the bank that looks like another; `percent` 100: the same words."""

    id: int
    percent: int


def twins(said: Mapping[int, str]) -> dict[int, list[Twin]]:
    """For texts, by any key, the questions of the bank that look like them, the nearest first.

    `said` is all that a question says (the texts of `types.said`, joined). Retired questions do
    not count. Takes one reading of the bank, and no time for what shares nothing.
    """
    if not said:
        return {}
    rows = newest().where(Row.state != QuestionState.RETIRED)
    bank = rows.with_only_columns(Row.id, QuestionVersion.said)
    pieces: dict[int, frozenset[str]] = {}
    where: dict[str, list[int]] = defaultdict(list)
    for question_id, text in db.session().execute(bank):
        pieces[question_id] = _pieces(text)
        for piece in pieces[question_id]:
            where[piece].append(question_id)
    found: dict[int, list[Twin]] = {}
    for key, text in said.items():
        mine = _pieces(text)
        shared: Counter[int] = Counter()
        for piece in mine:
            places = where.get(piece, ())
            if len(places) <= COMMON:
                shared.update(places)
        near = []
        for question_id, _number in shared.most_common(20):
            common = len(mine & pieces[question_id])
            share = common / (len(mine) + len(pieces[question_id]) - common)
            if share >= NEAR:
                near.append(Twin(question_id, int(share * 100)))
        if near:
            found[key] = sorted(near, key=lambda twin: (-twin.percent, twin.id))[:MOST_SHOWN]
    return found


def twins_of(question_id: int) -> list[Twin]:
    """Other questions that look like one of the bank."""
    said = db.session().scalar(
        select(QuestionVersion.said)
        .where(QuestionVersion.question_id == question_id)
        .order_by(QuestionVersion.number.desc())
        .limit(1)
    )
    if said is None:
        return []
    return [twin for twin in twins({0: said}).get(0, []) if twin.id != question_id]


def _pieces(text: str) -> frozenset[str]:
    plain = f" {squeezed(text)} "
    return frozenset(plain[at : at + 3] for at in range(max(1, len(plain) - 2)))
