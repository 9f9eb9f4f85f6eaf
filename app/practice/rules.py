"""How practice goes: modes, when a question comes again, how a duel passes, what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.core.refusals import NotAllowed, Refusal

REASON = "practice"  # as the ledger calls it
DUEL_SOURCE = f"{REASON}:duel"  # of an entry, with the day
ROUND = 10  # questions of a theme, a category or the notebook at a time
DAILY = 5
WEEKLY = 10
CHALLENGE = 50  # questions at most; the first mistake ends it
SPRINT = 60  # questions at most
SPRINT_FOR = timedelta(seconds=60)
UNDER_WAY = timedelta(seconds=2)  # for an answer that was sent in time
GAME_POINTS_FROM = 5  # right answers of a challenge or a sprint that bring points
SPACES = (timedelta(days=1), timedelta(days=3), timedelta(days=7))  # Leitner: box 1, 2, 3
FEWEST = 3  # questions below which there is nothing to practise


class Mode(StrEnum):
    THEME = "theme"
    CATEGORY = "category"
    NOTEBOOK = "notebook"
    DAILY = "daily"
    WEEKLY = "weekly"
    CHALLENGE = "challenge"
    SPRINT = "sprint"


MODE_NAMES = {
    Mode.THEME: _l("Practice by theme"),
    Mode.CATEGORY: _l("Practice by category"),
    Mode.NOTEBOOK: _l("My mistakes"),
    Mode.DAILY: _l("Five a day"),
    Mode.WEEKLY: _l("Quiz of the week"),
    Mode.CHALLENGE: _l("Challenge"),
    Mode.SPRINT: _l("Sprint"),
}


class NothingToPractise(Refusal):
    sentence = _l("There are not enough questions to practise here yet.")


class NothingDue(Refusal):
    sentence = _l("No question of yours is due now. Come back later: the pause is what helps.")


class DoneAlready(Refusal):
    sentence = _l("You have done this one already. The next one comes by itself.")


class RunIsOver(Refusal):
    sentence = _l("This practice is over.")


class AskedInExam(Refusal):
    sentence = _l("An exam asks this question just now: practise it again when that exam is over.")


class NotYours(NotAllowed):
    sentence = _l(
        "“%(category)s” holds questions of others: only an administrator, or whoever wrote all of"
        " them, opens it."
    )


class NotYourTurn(Refusal):
    sentence = _l("This question is over. The next one is coming.")


class DuelIsFull(Refusal):
    sentence = _l("This duel has begun without you. Start another one.")


def week_of(day: date) -> str:
    """An ISO week as in “2026-W48”."""
    year, week, _day = day.isocalendar()
    return f"{year}-W{week:02}"


def drawn(
    pool: Collection[int], size: int, chance: random.Random, *, last: Mapping[int, datetime]
) -> list[int]:
    """Questions of a pool in a new order: never seen ones first, then those seen longest ago."""
    order = sorted(pool)
    chance.shuffle(order)
    never = [i for i in order if i not in last]
    before = sorted((i for i in order if i in last), key=lambda i: last[i])
    return (never + before)[:size]


def preferring(
    pool: Collection[int],
    own: Collection[int],
    size: int,
    draw: Callable[[list[int], int], list[int]],
) -> list[int]:
    """`size` questions of a pool, of those in the reader's own language first; of the others only
    what is missing then."""
    mine, others = sorted(set(pool) & set(own)), sorted(set(pool) - set(own))
    chosen = draw(mine, size)
    return [*chosen, *draw(others, size - len(chosen))] if len(chosen) < size else chosen


def same_for_all(pool: Collection[int], size: int, key: str) -> list[int]:
    """The same questions in the same order for everybody with the same pool."""
    chance = random.Random(f"weike/practice/{key}")  # noqa: S311 - nothing is won by guessing it
    return chance.sample(sorted(pool), min(size, len(pool)))


@dataclass(frozen=True)
class Box:
    """Where a question stands in a member's notebook; `spaced` right answers of three."""

    spaced: int
    due_at: datetime
    out: bool = False


def boxed(before: Box | None, *, right: bool, now: datetime) -> Box | None:
    """The notebook after an answer; None when the question does not belong into it.

    A wrong answer puts a question into the first box, due tomorrow. A right one moves it on only
    when it was due: answers that follow one another at once prove nothing. The third one takes
    it out.
    """
    if not right:
        return Box(0, now + SPACES[0])
    if before is None or before.out:
        return before
    if now < before.due_at:
        return before
    spaced = before.spaced + 1
    if spaced >= len(SPACES):
        return Box(spaced, now, out=True)
    return Box(spaced, now + SPACES[spaced])


# --- duels ----------------------------------------------------------------------------------------

SIZES = (2, 4)
QUESTIONS = 5
ANSWER_FOR = timedelta(seconds=20)
READY = timedelta(seconds=3)  # before the first question
PAUSE = timedelta(seconds=3)  # between two questions, to see what was right
WAIT_FOR = timedelta(minutes=3)  # for others to come
BOT_AFTER = timedelta(seconds=15)  # the page calls the bot after so long
BEAT = timedelta(seconds=4)  # the page of a player says so often that it is there
GONE_AFTER = timedelta(seconds=10)  # without a word; a weak connection misses two beats
BOT_RIGHT = 0.65  # share of questions that the bot answers rightly
LONGEST = READY + QUESTIONS * (ANSWER_FOR + PAUSE)


class Phase(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    ASKING = "asking"
    PAUSE = "pause"
    OVER = "over"


@dataclass(frozen=True)
class Given:
    """One answer of one seat. The bot's are known beforehand: `after` says how long it takes."""

    seat: int
    number: int  # of the question, from 1
    at: datetime
    right: bool
    after: timedelta | None = None


@dataclass(frozen=True)
class Moment:
    """Where a duel is: the question, and when this phase ends."""

    phase: Phase
    number: int = 0
    ends_at: datetime | None = None


Stretch = tuple[datetime, datetime]  # since, until
Presence = Mapping[int, Sequence[Stretch]]  # by seat, in order


def is_there(stretches: Sequence[Stretch] | None, at: datetime) -> bool:
    """Whether a player was at the table at a moment.

    Who never said anything (the bot, a browser without script) is there, and everybody is until
    they first did: what is heard later must not change what was before.
    """
    if not stretches or at < stretches[0][0]:
        return True
    return any(since <= at < until for since, until in stretches)


def lasting(since: datetime, until: datetime, now: datetime) -> Stretch:
    """A stretch as it is to be read now: who is there is taken to stay.

    Their next word moves its end. A clock that showed it as the end of the question would come to
    nothing, again and again.
    """
    return since, until if until <= now else datetime.max.replace(tzinfo=until.tzinfo)


def timeline(
    starts_at: datetime, seats: int, answers: Sequence[Given], presence: Presence | None = None
) -> tuple[list[Stretch], list[Given]]:
    """When each question begins and ends, and the answers with the moments of the bot's.

    A question is over when all have answered it, or all who are there; or after its time.
    """
    presence = presence or {}
    people = set(range(1, seats + 1)) - {a.seat for a in answers if a.after is not None}
    times, known = [], []
    began = starts_at
    for number in range(1, QUESTIONS + 1):
        given = [
            replace(a, at=began + a.after, after=None) if a.after is not None else a
            for a in answers
            if a.number == number
        ]
        ends = began + ANSWER_FOR
        if len(given) >= seats:
            ends = min(ends, max(began, *(a.at for a in given)))
        elif given and presence:
            ends = min(ends, _nobody_missing(began, seats, people, given, presence) or ends)
        times.append((began, ends))
        known += given
        began = ends + PAUSE
    return times, known


def _nobody_missing(
    began: datetime, seats: int, people: set[int], given: Sequence[Given], presence: Presence
) -> datetime | None:
    """The first moment at which a person is there and all who are there have answered."""
    answered = {a.seat: a.at for a in given}
    moments = {
        *answered.values(),
        *(at for stretches in presence.values() for stretch in stretches for at in stretch),
    }
    for at in sorted(moment for moment in moments if moment >= began):
        there = {n for n in range(1, seats + 1) if is_there(presence.get(n), at)}
        if there & people and all(n in answered and answered[n] <= at for n in there):
            return at
    return None


def moment(
    starts_at: datetime | None,
    seats: int,
    answers: Sequence[Given],
    now: datetime,
    presence: Presence | None = None,
) -> Moment:
    """Where a duel is at a moment. Nothing of it is stored: it follows from the answers, and from
    who was there."""
    if starts_at is None:
        return Moment(Phase.WAITING)
    if now < starts_at:
        return Moment(Phase.READY, 0, starts_at)
    for number, (_began, ends) in enumerate(timeline(starts_at, seats, answers, presence)[0], 1):
        if now < ends:
            return Moment(Phase.ASKING, number, ends)
        if now < ends + PAUSE:
            return Moment(Phase.PAUSE, number, ends + PAUSE)
    return Moment(Phase.OVER, QUESTIONS)


def bot_answers(seed: int, seat: int) -> list[tuple[int, timedelta, bool]]:
    """What the bot will do: (question, how long it takes, whether it is right)."""
    chance = random.Random(f"weike/bot/{seed}/{seat}")  # noqa: S311 - a game
    most = ANSWER_FOR.total_seconds() - 4
    return [
        (number, timedelta(seconds=chance.uniform(4, most)), chance.random() < BOT_RIGHT)
        for number in range(1, QUESTIONS + 1)
    ]


@dataclass(frozen=True)
class Place:
    """One seat at the end; equal scores and times share a place."""

    seat: int
    right: int
    place: int


def places(seats: Sequence[int], answers: Sequence[Given]) -> list[Place]:
    """Seats by right answers, the best first."""
    right = {seat: sum(a.right for a in answers if a.seat == seat) for seat in seats}
    order = sorted(seats, key=lambda seat: -right[seat])
    return [
        Place(seat, right[seat], 1 + sum(right[other] > right[seat] for other in seats))
        for seat in order
    ]
