"""Questions that say nearly the same: for texts that are new, and in the bank itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.rules import Reader
from app.questions.models import Question as Row
from app.questions.models import QuestionTwins, QuestionVersion
from app.questions.queries.questions import Question, may_edit, newest, questions
from app.questions.rules import NEAR, QuestionState, likeness, pieces

MOST_SHOWN = 3
MOST_BESIDE = 10  # shown beside one question
COMMON = 2_000  # a piece in so many questions tells nothing
PAGE_SIZE = 12


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
    bank: dict[int, frozenset[str]] = {}
    where: dict[str, list[int]] = defaultdict(list)
    for question_id, text in sayings_of_bank().items():
        bank[question_id] = pieces(text)
        for piece in bank[question_id]:
            where[piece].append(question_id)
    found: dict[int, list[Twin]] = {}
    for key, text in said.items():
        mine = pieces(text)
        shared: Counter[int] = Counter()
        for piece in mine:
            places = where.get(piece, ())
            if len(places) <= COMMON:
                shared.update(places)
        near = []
        for question_id, _number in shared.most_common(20):
            share = likeness(mine, bank[question_id])
            if share >= NEAR:
                near.append(Twin(question_id, int(share * 100)))
        if near:
            found[key] = sorted(near, key=lambda twin: (-twin.percent, twin.id))[:MOST_SHOWN]
    return found


def sayings_of_bank() -> dict[int, str]:
    """What every question that is not retired says in its newest version."""
    rows = newest().where(Row.state != QuestionState.RETIRED)
    found = db.session().execute(rows.with_only_columns(Row.id, QuestionVersion.said))
    return {row.id: row.said for row in found}


def newest_version() -> int:
    """The id of the newest version of any question; 0 in an empty bank."""
    return db.session().scalar(select(func.max(QuestionVersion.id))) or 0


def twins_of(question_id: int) -> list[Twin]:
    """Other questions that look like one of the bank, as far as that was found out by now."""
    rows = db.session().scalars(
        select(QuestionTwins)
        .where(or_(QuestionTwins.one_id == question_id, QuestionTwins.other_id == question_id))
        .where(_undecided())
        .order_by(QuestionTwins.percent.desc(), QuestionTwins.one_id, QuestionTwins.other_id)
        .limit(MOST_BESIDE)
    )
    return [
        Twin(row.other_id if row.one_id == question_id else row.one_id, row.percent) for row in rows
    ]


@dataclass(frozen=True)
class Pair:
    """Two questions of the bank that look alike, the older one first; `mine` are the ids of those
    that the reader may retire."""

    one: Question
    other: Question
    percent: int
    mine: frozenset[int]


def pairs_for(reader: Reader, *, mine: bool = False, page: int = 1) -> Page[Pair]:
    """All pairs that nobody has decided about, the likest first; with `mine` those in which the
    reader wrote one."""
    if not reader.is_author:
        raise NotThere
    session = db.session()
    found = select(QuestionTwins).where(_undecided())
    if mine:
        own = select(Row.id).where(Row.author_id == reader.id)
        found = found.where(or_(QuestionTwins.one_id.in_(own), QuestionTwins.other_id.in_(own)))
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    offset, limit = window(page, PAGE_SIZE)
    order = (QuestionTwins.percent.desc(), QuestionTwins.one_id, QuestionTwins.other_id)
    rows = session.scalars(found.order_by(*order).offset(offset).limit(limit)).all()
    known = questions({i for row in rows for i in (row.one_id, row.other_id)})
    pairs = []
    for row in rows:
        both = (known[row.one_id], known[row.other_id])
        owned = frozenset(q.id for q in both if may_edit(reader, q))
        pairs.append(Pair(*both, row.percent, owned))
    return Page(pairs, max(1, page), total, PAGE_SIZE)


def undecided_pairs() -> int:
    """How many pairs nobody has decided about."""
    return db.session().scalar(select(func.count(QuestionTwins.one_id)).where(_undecided())) or 0


def _undecided() -> ColumnElement[bool]:
    """Not told apart, and neither of the two is retired."""
    one, other = aliased(Row), aliased(Row)
    return QuestionTwins.apart_by.is_(None) & (
        select(one.id)
        .join(other, other.id == QuestionTwins.other_id)
        .where(
            one.id == QuestionTwins.one_id,
            one.state != QuestionState.RETIRED,
            other.state != QuestionState.RETIRED,
        )
        .exists()
    )
