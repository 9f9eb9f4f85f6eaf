"""Reads of duels: what one player may see of a table at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from app.core.db import db
from app.core.refusals import NotThere
from app.exams.queries import sealed_for, sealed_versions
from app.members.models import Member
from app.points.models import Entry
from app.practice import rules
from app.practice.models import Duel, DuelAnswer, DuelSeat, DuelStretch
from app.practice.queries.runs import ItemView
from app.questions import types
from app.questions.queries import versions


@dataclass(frozen=True)
class Player:
    seat: int
    member_id: int | None
    name: str  # "" for the bot
    right: int  # of the questions that are over
    has_answered: bool  # the one that is asked now
    is_there: bool
    place: int = 0


@dataclass(frozen=True)
class DuelView:
    """A duel as one of its players may see it now."""

    id: int
    size: int
    mine: int  # my seat
    now: rules.Moment
    players: tuple[Player, ...]
    asked: dict[str, Any] | None  # while I may answer
    explained: dict[str, Any] | None  # in the pause, with what I answered
    is_sealed: bool  # in the pause: an exam lets nothing be told; it counts for nobody I see
    order: tuple[str, ...]
    created_at: datetime
    points: int = 0  # that it brought, at its end

    @property
    def me(self) -> Player:
        return next(p for p in self.players if p.seat == self.mine)

    @property
    def version(self) -> str:
        """Changes when the page must be drawn anew; others' answers only change the players."""
        mine = self.me.has_answered
        seats = len(self.players) if self.now.phase is rules.Phase.WAITING else 0
        return f"{self.now.phase}.{self.now.number}.{int(mine)}.{seats}"


def duel_for(member_id: int, duel_id: int, now: datetime) -> DuelView:
    """A duel in which the member plays. Raises NotThere."""
    session = db.session()
    row = session.get(Duel, duel_id)
    seats = seats_of(duel_id)
    mine = next((s.seat for s in seats if s.member_id == member_id), None)
    if row is None or mine is None:
        raise NotThere
    given, presence = answers_of(duel_id), presence_of(duel_id, now)
    at = rules.moment(row.starts_at, row.size, given, now, presence)
    if row.starts_at is not None:
        given = rules.timeline(row.starts_at, row.size, given, presence)[1]
    over = at.number if at.phase in {rules.Phase.PAUSE, rules.Phase.OVER} else at.number - 1
    versions_asked = [version for version, _options in row.questions]
    sealed = sealed_versions(sealed_for(member_id, now), versions_asked)
    quiet = {number for number, version in enumerate(versions_asked, 1) if version in sealed}
    known = [a for a in given if a.number <= over and a.at <= now and a.number not in quiet]
    ranks = {p.seat: p for p in rules.places([s.seat for s in seats], known)}
    answered = {a.seat for a in given if a.number == at.number and a.at <= now}
    names = _names([s.member_id for s in seats if s.member_id])
    asked = explained = None
    order: tuple[str, ...] = ()
    if at.phase in {rules.Phase.ASKING, rules.Phase.PAUSE}:
        version_id, options = row.questions[at.number - 1]
        question = versions([version_id])[version_id]
        if at.phase is rules.Phase.PAUSE and at.number not in quiet:
            response = session.get(DuelAnswer, (duel_id, mine, at.number))
            explained = types.of(question.kind).explained(
                question.body, list(response.response) if response else []
            )
            order = tuple(token for _name, token in options)
        elif at.phase is rules.Phase.ASKING and mine not in answered:
            asked = types.asked(question.kind, question.body, options, None)
    return DuelView(
        id=row.id,
        size=row.size,
        mine=mine,
        now=at,
        players=tuple(
            Player(
                seat=s.seat,
                member_id=s.member_id,
                name=names.get(s.member_id or 0, ""),
                right=ranks[s.seat].right,
                has_answered=s.seat in answered,
                is_there=s.seat == mine or rules.is_there(presence.get(s.seat), now),
                place=ranks[s.seat].place,
            )
            for s in seats
        ),
        asked=asked,
        explained=explained,
        order=order,
        is_sealed=at.phase is rules.Phase.PAUSE and at.number in quiet,
        created_at=row.created_at,
        points=_points(member_id, row.starts_at) if at.phase is rules.Phase.OVER else 0,
    )


def review_of(member_id: int, duel_id: int, now: datetime) -> list[ItemView]:
    """The questions of a finished duel that the member did not answer rightly; none that an exam
    seals. Raises NotThere."""
    if duel_for(member_id, duel_id, now).now.phase is not rules.Phase.OVER:
        return []
    session = db.session()
    row = session.get_one(Duel, duel_id)
    mine = select(DuelSeat.seat).where(DuelSeat.duel_id == duel_id, DuelSeat.member_id == member_id)
    given = {
        answer.number: answer
        for answer in session.scalars(
            select(DuelAnswer).where(
                DuelAnswer.duel_id == duel_id, DuelAnswer.seat == mine.scalar_subquery()
            )
        )
    }
    found = versions(version_id for version_id, _options in row.questions)
    sealed = sealed_for(member_id, now)
    items = []
    for number, (version_id, options) in enumerate(row.questions, 1):
        question, answer = found[version_id], given.get(number)
        if question.id in sealed or (answer is not None and answer.right):
            continue
        response = list(answer.response) if answer else []
        explained = types.of(question.kind).explained(question.body, response)
        order = tuple(token for _name, token in options)
        items.append(ItemView(question.id, number, None, explained, order, False, question.id))
    return items


def _points(member_id: int, starts_at: datetime | None) -> int:
    """What the ledger entered for this duel and not for an earlier one of the day."""
    if starts_at is None:
        return 0
    entered = (
        select(Entry.amount)
        .where(
            Entry.member_id == member_id,
            Entry.reason == rules.REASON,
            Entry.source.startswith(rules.DUEL_SOURCE),
        )
        .where(Entry.occurred_at >= starts_at, Entry.occurred_at <= starts_at + rules.LONGEST)
    )
    return db.session().scalars(entered).first() or 0


def seats_of(duel_id: int) -> list[DuelSeat]:
    return list(
        db.session().scalars(
            select(DuelSeat).where(DuelSeat.duel_id == duel_id).order_by(DuelSeat.seat)
        )
    )


def answers_of(duel_id: int) -> list[rules.Given]:
    rows = db.session().execute(
        select(DuelAnswer, DuelSeat.member_id, Duel.starts_at)
        .join(
            DuelSeat, (DuelSeat.duel_id == DuelAnswer.duel_id) & (DuelSeat.seat == DuelAnswer.seat)
        )
        .join(Duel, Duel.id == DuelAnswer.duel_id)
        .where(DuelAnswer.duel_id == duel_id)
    )
    found = []
    for row, member_id, starts_at in rows:
        is_bot = member_id is None and starts_at is not None
        after = row.answered_at - starts_at if is_bot and starts_at else None
        found.append(rules.Given(row.seat, row.number, row.answered_at, row.right, after))
    return found


def presence_of(duel_id: int, now: datetime) -> dict[int, list[rules.Stretch]]:
    """When the players of a duel were at the table; nothing of those who never said so."""
    rows = db.session().execute(
        select(DuelStretch.seat, DuelStretch.since, DuelStretch.until)
        .where(DuelStretch.duel_id == duel_id)
        .order_by(DuelStretch.since)
    )
    found: dict[int, list[rules.Stretch]] = {}
    for seat, since, until in rows:
        found.setdefault(seat, []).append(rules.lasting(since, until, now))
    return found


def moment_of(row: Duel, now: datetime) -> rules.Moment:
    """Where a duel is now."""
    return rules.moment(row.starts_at, row.size, answers_of(row.id), now, presence_of(row.id, now))


@dataclass(frozen=True)
class Running:
    """A duel that a member waits for or plays; one that plays may have been left."""

    id: int
    is_left: bool


def running_duel_of(member_id: int, now: datetime) -> Running | None:
    """The duel that a member waits for or plays now; one that they left, when there is no other."""
    found = []
    for row in _running(member_id, now):
        seat = next(s.seat for s in seats_of(row.id) if s.member_id == member_id)
        is_there = rules.is_there(presence_of(row.id, now).get(seat), now)
        found.append(Running(row.id, row.starts_at is not None and not is_there))
    return min(found, key=lambda each: each.is_left, default=None)


def asked_in_duel(member_id: int, now: datetime) -> set[int]:
    """The questions of the duels that go on now with a seat of the member's, also where it was
    left: they are told nowhere else meanwhile."""
    asked = [version for row in _running(member_id, now) for version, _options in row.questions]
    return {question.id for question in versions(asked).values()}


def _running(member_id: int, now: datetime) -> list[Duel]:
    """The newest first; nobody has a seat in many, as each lasts for two minutes."""
    rows = db.session().scalars(
        select(Duel)
        .join(DuelSeat, DuelSeat.duel_id == Duel.id)
        .where(
            DuelSeat.member_id == member_id,
            or_(
                and_(Duel.starts_at.is_(None), Duel.created_at > now - rules.WAIT_FOR),
                Duel.starts_at > now - rules.LONGEST,
            ),
        )
        .order_by(Duel.id.desc())
    )
    return [row for row in rows if moment_of(row, now).phase is not rules.Phase.OVER]


def _names(ids: Sequence[int]) -> dict[int, str]:
    rows = db.session().execute(select(Member.id, Member.name).where(Member.id.in_(ids)))
    return {row.id: row.name for row in rows}
