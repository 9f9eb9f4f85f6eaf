"""Duels: find a table, begin, answer within the time, settle. The clock and the key stay here."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, select

from app.core import clock, jobs
from app.core.db import db
from app.core.refusals import NotThere
from app.exams.queries import sealed_for
from app.points import service as points
from app.practice import rules
from app.practice.models import Duel, DuelAnswer, DuelSeat, DuelStretch
from app.practice.queries import (
    answers_of,
    asked_in_duel,
    moment_of,
    presence_of,
    running_duel_of,
    seats_of,
)
from app.practice.service.drawing import options_of, written_in
from app.practice.service.runs import note
from app.questions import types
from app.questions.queries import questions, versions
from app.questions.rules import Language


def join(*, member_id: int, size: int, pool: Collection[int], language: str) -> int:
    """The id of a duel in which the member has a seat: one that waits, or a new one.

    At a table are only questions that all of its players may practise, those in the `language`
    (a locale) that all of them read before others. Who sits at a table stays there; who has left
    one that plays may sit down at another, where none of its questions is asked.
    Raises NothingToPractise.
    """
    if size not in rules.SIZES:
        raise NotThere
    mine = set(pool)
    if len(mine) < rules.QUESTIONS:
        raise rules.NothingToPractise
    session = db.session()
    now = clock.now()
    running = running_duel_of(member_id, now)
    if running is not None:
        mine -= asked_in_duel(member_id, now)
        if not running.is_left or len(mine) < rules.QUESTIONS:
            return running.id
    waiting = session.scalars(
        select(Duel)
        .where(
            Duel.size == size,
            Duel.starts_at.is_(None),
            Duel.created_at > now - rules.WAIT_FOR,
        )
        .order_by(Duel.id)
        .with_for_update()
    )
    for duel in waiting:
        seats = seats_of(duel.id)
        shared = mine & set(duel.pool)
        if not seats or len(seats) >= size or len(shared) < rules.QUESTIONS:
            continue
        presence = presence_of(duel.id, now)
        if not any(rules.is_there(presence.get(seat.seat), now) for seat in seats):
            continue  # all who sat down there have gone
        taken = {seat.seat for seat in seats}
        free = next(n for n in range(1, size + 1) if n not in taken)
        session.add(DuelSeat(duel_id=duel.id, seat=free, member_id=member_id))
        duel.pool = sorted(shared)
        if duel.language != language[:2]:
            duel.language = Language.ANY
        session.flush()
        if len(seats) + 1 == size:
            _begin(duel, now)
        return duel.id
    duel = Duel(
        size=size,
        seed=secrets.randbits(62),
        pool=sorted(mine),
        language=language[:2],
        questions=[],
        created_at=now,
        settled=False,
    )
    session.add(duel)
    session.flush()
    session.add(DuelSeat(duel_id=duel.id, seat=1, member_id=member_id))
    session.flush()
    return duel.id


def begin(duel_id: int, *, member_id: int) -> None:
    """Begin now: the bot takes the seats that are free. Begun already, nothing changes."""
    duel, _seat = _held(duel_id, member_id)
    if duel.starts_at is not None:
        return
    session = db.session()
    taken = {seat.seat for seat in seats_of(duel_id)}
    for number in range(1, duel.size + 1):
        if number not in taken:
            session.add(DuelSeat(duel_id=duel_id, seat=number, member_id=None))
    session.flush()
    _begin(duel, clock.now())


def leave(duel_id: int, *, member_id: int) -> None:
    """Get up. At a table that still waits the seat is free again; one that plays goes on without
    the player, who may come back to their seat."""
    duel, seat = _held(duel_id, member_id)
    session, now = db.session(), clock.now()
    if duel.starts_at is None:
        session.execute(
            delete(DuelStretch).where(DuelStretch.duel_id == duel_id, DuelStretch.seat == seat)
        )
        session.execute(delete(DuelSeat).where(DuelSeat.duel_id == duel_id, DuelSeat.seat == seat))
    else:
        _heard(duel_id, seat, now, now)


def beat(duel_id: int, *, member_id: int) -> None:
    """A player's page says that they are there. Who stays away misses what is asked meanwhile,
    and holds up nobody. After the last question, enter what the duel brings."""
    duel, seat = _held(duel_id, member_id)
    now = clock.now()
    at = moment_of(duel, now)
    if at.phase is not rules.Phase.OVER:
        _heard(duel_id, seat, now, now + rules.GONE_AFTER)
    if at.number == rules.QUESTIONS and at.phase is not rules.Phase.ASKING:
        settle(duel_id)


def _heard(duel_id: int, seat: int, now: datetime, until: datetime) -> None:
    """Lengthen the stretch of now, end it, or begin one: what was before `now` stays as it was."""
    session = db.session()
    last = session.scalar(
        select(DuelStretch)
        .where(DuelStretch.duel_id == duel_id, DuelStretch.seat == seat)
        .order_by(DuelStretch.since.desc())
        .limit(1)
    )
    if last is not None and last.until >= now:
        last.until = until
    elif last is None or until > now:
        session.add(DuelStretch(duel_id=duel_id, seat=seat, since=now, until=until))
    session.flush()


def answer_duel(duel_id: int, *, member_id: int, number: int, raw: Sequence[str]) -> None:
    """Take an answer to the question that is asked now; the first one counts.

    Raises NotThere, NotAnAnswer, and NotYourTurn for any other question than that of now.
    """
    duel, seat = _held(duel_id, member_id)
    session = db.session()
    now = clock.now()
    if session.get(DuelAnswer, (duel_id, seat, number)) is not None:
        return
    at = moment_of(duel, now)
    if at.phase is not rules.Phase.ASKING or at.number != number:
        raise rules.NotYourTurn
    version_id, options = duel.questions[number - 1]
    question = versions([version_id])[version_id]
    response = types.read(question.kind, question.body, options, raw)
    is_right = types.of(question.kind).mark(question.body, response) == 1
    session.add(
        DuelAnswer(
            duel_id=duel_id,
            seat=seat,
            number=number,
            response=response,
            right=is_right,
            answered_at=now,
        )
    )
    note(member_id, question.id, right=is_right, now=now)
    session.flush()
    if number == rules.QUESTIONS:
        settle(duel_id)


def settle(duel_id: int) -> None:
    """Enter what a finished duel brings: to everybody who answered at least three questions.

    Playing against people counts once a day, with the bot as well; winning brings no more.
    """
    session = db.session()
    duel = session.get(Duel, duel_id, with_for_update=True, populate_existing=True)
    if duel is None or duel.settled or duel.starts_at is None:
        return
    now = clock.now()
    given = answers_of(duel_id)
    is_answered = (
        sum(a.number == rules.QUESTIONS for a in given) == duel.size
    )  # the bot's are known
    at = moment_of(duel, now)
    if not is_answered and (at.number < rules.QUESTIONS or at.phase is rules.Phase.ASKING):
        return
    duel.settled = True
    day = duel.starts_at.astimezone(current_app.extensions["weike"].zone).date()
    for seat in seats_of(duel_id):
        number = sum(a.seat == seat.seat for a in given)
        if seat.member_id is not None and number >= rules.FEWEST:
            points.credit(
                member_id=seat.member_id,
                reason=rules.REASON,
                source=f"{rules.DUEL_SOURCE}:{day.isoformat()}",
                occurred_at=min(now, duel.starts_at + rules.LONGEST),
                note=_("Duel"),
            )
    session.flush()


def _begin(duel: Duel, now: datetime) -> None:
    """Draw the questions, set the clock, and let the bot decide what it will do.

    What an exam seals for one of the players since they sat down is not drawn.
    """
    session = db.session()
    players = [seat.member_id for seat in seats_of(duel.id) if seat.member_id is not None]
    sealed = {question for player in players for question in sealed_for(player, now)}
    pool = [question for question in duel.pool if question not in sealed]
    own = pool if duel.language == Language.ANY else written_in(duel.language, pool)
    chosen = rules.preferring(
        pool,
        own,
        rules.QUESTIONS,
        lambda some, most: rules.same_for_all(some, most, str(duel.seed)),
    )
    found = questions(chosen)
    if len(found) < rules.QUESTIONS:
        raise rules.NothingToPractise
    duel.questions = [[found[i].version_id, options_of(found[i])] for i in chosen]
    duel.starts_at = now + rules.READY
    for seat in seats_of(duel.id):
        if seat.member_id is None:
            _seat_bot(duel, seat.seat)
    session.flush()
    jobs.enqueue(
        "practice.settle", key=f"practice.settle:{duel.id}", delay=rules.LONGEST, duel_id=duel.id
    )


def _seat_bot(duel: Duel, seat: int) -> None:
    assert duel.starts_at is not None
    session = db.session()
    for number, takes, is_right in rules.bot_answers(duel.seed, seat):
        session.add(
            DuelAnswer(
                duel_id=duel.id,
                seat=seat,
                number=number,
                response=[],
                right=is_right,
                # How long it takes, counted from the start: see queries.answers_of.
                answered_at=duel.starts_at + takes,
            )
        )


def _held(duel_id: int, member_id: int) -> tuple[Duel, int]:
    session = db.session()
    duel = session.get(Duel, duel_id, with_for_update=True, populate_existing=True)
    seat = session.scalar(
        select(DuelSeat.seat).where(DuelSeat.duel_id == duel_id, DuelSeat.member_id == member_id)
    )
    if duel is None or seat is None:
        raise NotThere
    return duel, seat
