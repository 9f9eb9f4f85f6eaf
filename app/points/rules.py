"""What earns points and how much, how ledger entries are chained, and when a period begins.

The amounts are gentle on purpose. One micro-course a day, about three lessons and one quiz in at
most twenty minutes, brings 42 of the 52 points that a day can bring. Whoever learns more on one
day learns it for its own sake: what is over the cap is entered with 0 points, so that everybody
sees why, and nobody has to let videos run in order to stand well. (The platform that made such
points known had to lower its own daily limit from 66 to 52, and to take its ranking back.)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, NotAllowed, Refusal

RULE_VERSION = 1  # goes up with every change of the table below; entries name theirs
LARGEST_AMOUNT = 10_000  # of one entry, in either direction
LONGEST_SOURCE = 120
LONGEST_NOTE = 300
CORRECTION = "correction"
START = "0" * 64  # the previous hash of a member's first entry
_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Rule:
    """One thing that earns: points each time, and at most how many on one day."""

    reason: str
    amount: int
    cap: int
    label: Any  # why, on an entry; this and the offer are lazy gettext strings
    offer: Any  # what one more would give today, with %(points)s
    icon: str


RULES: dict[str, Rule] = {
    rule.reason: rule
    for rule in (
        Rule(
            reason="lesson",
            amount=10,
            cap=30,
            label=_l("Finished a lesson"),
            offer=_l("A lesson would still give %(points)s points."),
            icon="play-circle",
        ),
        Rule(
            reason="quiz",
            amount=10,
            cap=20,
            label=_l("Passed a quiz"),
            offer=_l("A quiz would still give %(points)s points."),
            icon="patch-check",
        ),
        Rule(
            reason="sign_in",
            amount=2,
            cap=2,
            label=_l("First visit of the day"),
            offer=_l("Today's first visit gives %(points)s points."),
            icon="calendar-check",
        ),
    )
}
MOST_A_DAY = sum(rule.cap for rule in RULES.values())


class NotANumberOfPoints(Refusal):
    """An amount that no entry can have: not a whole number, zero, or far too large."""

    sentence = _l("Points are a whole number from -%(most)s to %(most)s, and not 0.")


class TakesTooMuch(Refusal):
    """A correction would take more than the entry gave."""

    sentence = _l("This entry gave %(given)s points; no more than that can be taken back.")


class NeedsAReason(Refusal):
    """A correction without a reason."""

    sentence = _l("Say in a few words why this is corrected; the member will read it.")


class CorrectedAlready(Conflict):
    """An entry can be corrected once."""

    sentence = _l("This entry has been corrected already.")


class IsACorrection(Refusal):
    """A correction of a correction."""

    sentence = _l("A correction cannot itself be corrected.")


class OwnPoints(NotAllowed):
    """Somebody wants to correct their own points."""

    sentence = _l("Nobody corrects their own points. Ask another organizer.")


def worth(rule: Rule, earned: int) -> int:
    """What the next one gives on a day that has brought `earned` points for this reason.

    Both the ledger and "a quiz would still give 10" ask this, so they cannot disagree.
    """
    return max(0, min(rule.amount, rule.cap - earned))


def checked_amount(amount: object) -> int:
    """A whole number of points that an entry can hold; raises NotANumberOfPoints."""
    if type(amount) is not int or amount == 0 or abs(amount) > LARGEST_AMOUNT:
        raise NotANumberOfPoints(most=LARGEST_AMOUNT)
    return amount


def checked_correction(*, given: int, amount: object) -> int:
    """The amount of a correction of an entry that gave `given` points."""
    amount = checked_amount(amount)
    if given + amount < 0:
        raise TakesTooMuch(given=given)
    return amount


def one_line(text: str, limit: int = LONGEST_NOTE) -> str:
    """A remark as it is stored: one line without control characters, cut at `limit`."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:limit]


class Period(StrEnum):
    """What a leaderboard covers."""

    WEEK = "week"
    MONTH = "month"
    ALL = "all"


def first_day(period: Period, today: date) -> date | None:
    """The day on which a period began: this week's Monday, the first of the month, or None."""
    if period is Period.WEEK:
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if period is Period.MONTH else None


def ledger_key(secret: str) -> bytes:
    """The key of the ledger's hashes; a purpose of its own, derived from the site's secret."""
    return hmac.digest(secret.encode(), b"weike/points/ledger/1", hashlib.sha256)


@dataclass(frozen=True)
class Fact:
    """Everything that an entry states, in the order in which it is hashed.

    The row's id is left out: a member and `seq` name an entry for ever, on every database.
    """

    member_id: int
    seq: int
    branch_id: int
    reason: str
    rule_version: int
    amount: int
    source: str
    occurred_at: datetime
    recorded_at: datetime
    note: str
    corrects_seq: int | None
    author_id: int | None

    def hash(self, key: bytes, previous: str) -> str:
        """The hash of this entry when it follows the entry with the hash `previous`."""
        parts = [
            moment_text(part) if isinstance(part, datetime) else part
            for part in (getattr(self, name) for name in self.__dataclass_fields__)
        ]
        return entry_hash(key, previous, parts)


def moment_text(moment: datetime) -> str:
    """A moment as it is hashed: UTC with microseconds, so that all databases agree."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def entry_hash(key: bytes, previous: str, parts: Sequence[object]) -> str:
    """HMAC-SHA256, in hex, over the previous hash and the parts of a Fact as one JSON array."""
    message = _compact(["weike/entry/1", previous, *parts])
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()


def head_seal(key: bytes, member_id: int, seq: int, last_hash: str) -> str:
    """The seal on the end of a member's chain; without it, cutting off the end would not show."""
    message = _compact(["weike/head/1", member_id, seq, last_hash])
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()
