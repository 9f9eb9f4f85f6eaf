"""Whether the standings and the seals are what the ledger says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from sqlalchemy import select, text

from app.core.db import db
from app.members.models import Member
from app.points.models import BranchShare, LedgerSeal, Standing
from app.points.queries.branches import SPREAD
from app.points.queries.sums import Sums
from app.points.rules import day_seal, height, merkle_root
from app.points.rules.seals import NO_SEAL

CHUNK = 5_000

# Each pair must give the same rows. The second of each is what the first is made from.
_SAME = {
    "the steps of points": (
        "span, theme_id, step, members",
        "SELECT span, theme_id, step, members, 1 AS side FROM standing_step WHERE members <> 0",
        """SELECT span, theme_id, points / 16, count(*), -1 FROM standing
        WHERE shown AND points > 0 GROUP BY span, theme_id, points / 16""",
    ),
    "the ties of points": (
        "span, theme_id, tie, members",
        "SELECT span, theme_id, tie, members, 1 AS side FROM standing_tie",
        """SELECT span, theme_id, height / 1024, count(*), -1 FROM standing
        WHERE shown AND points > 0 GROUP BY span, theme_id, height / 1024""",
    ),
    "the sizes of branches": (
        "branch_id, members",
        "SELECT branch_id, members, 1 AS side FROM branch_size WHERE members <> 0",
        "SELECT branch_id, count(*), -1 FROM member WHERE is_active GROUP BY branch_id",
    ),
    "the standings of branches": (
        "span, branch_id, takers, movers, points, median2, low",
        """SELECT span, branch_id, takers, movers, points, median2, low, 1 AS side
        FROM branch_standing
        WHERE takers > 0 AND NOT stale""",
        f"""SELECT span, branch_id, takers, movers, points, median2, low, -1
        FROM ({SPREAD.format(where="true")}) AS again
        WHERE (span, branch_id) NOT IN
          (SELECT span, branch_id FROM branch_standing WHERE stale)""",  # noqa: S608 - constants
    ),
}


def differences() -> Iterator[str]:
    """What is kept beside the standings of members and does not follow from them."""
    for name, (columns, kept, made) in _SAME.items():
        # Rows of both sides cancel out; asking for what is missing on either would make all twice.
        odd = (
            f"SELECT count(*) FROM (SELECT {columns} FROM ({kept} UNION ALL {made}) AS both_sides "  # noqa: S608
            f"GROUP BY {columns} HAVING sum(side) <> 0) AS different"
        )
        count = db.session().scalar(text(odd)) or 0
        if count:
            yield f"{name} differ in {count} rows from what they are made of"


class Kept:
    """The stored standings of one member after another, beside a walk over the ledger."""

    def __init__(self) -> None:
        session = db.session()
        own, share = Standing.__table__.c, BranchShare.__table__.c
        self.shown = {
            row.id: row.is_active and row.in_rankings
            for row in session.execute(select(Member.id, Member.is_active, Member.in_rankings))
        }
        self._own = _Stream(
            session.execute(
                select(
                    *(own.member_id, own.span, own.theme_id, own.points, own.height, own.shown)
                ).order_by(own.member_id),
                execution_options={"yield_per": CHUNK},
            )
        )
        self._shares = _Stream(
            session.execute(
                select(share.member_id, share.span, share.branch_id, share.points).order_by(
                    share.member_id
                ),
                execution_options={"yield_per": CHUNK},
            )
        )

    def of(self, member_id: int) -> tuple[list[Any], list[Any], list[int]]:
        """Standings and shares of a member, and the members before it that were passed over."""
        own, passed = self._own.take(member_id)
        shares, also = self._shares.take(member_id)
        return own, shares, sorted({*passed, *also})

    def rest(self) -> list[int]:
        """The members whose standings nobody has asked for."""
        return sorted({*self._own.rest(), *self._shares.rest()})


class _Stream:
    """Rows whose first column is a member, by member; they come in the order of members."""

    def __init__(self, rows: Any) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._next: tuple[int, list[Any]] | None = None
        self._advance()

    def _advance(self) -> None:
        found = next(self._groups, None)
        self._next = (found[0], list(found[1])) if found else None

    def take(self, member_id: int) -> tuple[list[Any], list[int]]:
        passed = []
        while self._next is not None and self._next[0] < member_id:
            passed.append(self._next[0])
            self._advance()
        if self._next is None or self._next[0] != member_id:
            return [], passed
        rows = self._next[1]
        self._advance()
        return rows, passed

    def rest(self) -> list[int]:
        passed = []
        while self._next is not None:
            passed.append(self._next[0])
            self._advance()
        return passed


def wrong_standing(
    sums: Sums, own: Sequence[Any], shares: Sequence[Any], *, shown: bool
) -> str | None:
    """What is wrong with a member's stored standings, beside the sums of the ledger."""
    if len(own) != len(sums.own):
        return "the points in the standings are not the sums of the entries"
    for _member, span, theme_id, points, high, is_shown in own:
        found = sums.own.get((span, theme_id))
        if found is None or found[0] != points:
            return "the points in the standings are not the sums of the entries"
        if high != height(*found):
            return "the order in the standings does not follow from the entries"
        if is_shown is not shown:
            return "the standings show a member who is not to be shown, or hide another"
    if len(shares) != len(sums.shares) or any(
        sums.shares.get((span, branch_id)) != points for _member, span, branch_id, points in shares
    ):
        return "the points by branch are not the sums of the entries"
    return None


@dataclass(frozen=True)
class Seal:
    """One daily seal, as it is stored or as it was taken out of the house."""

    day: date
    until: datetime
    entries: int
    root: str
    previous: str
    seal: str


def seals() -> list[Seal]:
    """All seals, the oldest first."""
    table = LedgerSeal
    rows = db.session().execute(
        select(
            table.day, table.until, table.entries, table.root, table.previous, table.seal
        ).order_by(table.day)
    )
    return [Seal(*row) for row in rows]


def newest_seal() -> Seal | None:
    """The last seal, which covers all before it."""
    table = LedgerSeal
    row = (
        db.session()
        .execute(
            select(table.day, table.until, table.entries, table.root, table.previous, table.seal)
            .order_by(table.day.desc())
            .limit(1)
        )
        .one_or_none()
    )
    return Seal(*row) if row else None


class Leaves:
    """Hashes of entries sorted into the days of the seals, while the ledger is walked."""

    def __init__(self, sealed: Sequence[Seal]) -> None:
        self.ends = [seal.until for seal in sealed]
        self.days: list[list[bytes]] = [[] for _ in [*sealed, None]]  # the last is not sealed yet

    def add(self, place: int, hash_: object) -> None:
        try:
            self.days[place].append(bytes.fromhex(str(hash_)))
        except ValueError:
            self.days[place].append(b"")


def broken_seals(
    key: bytes,
    sealed: Sequence[Seal],
    leaves: Leaves,
    abroad: Mapping[date, str] | None = None,
) -> Iterator[tuple[str, str]]:
    """(kind, sentence) for every seal that does not hold, the oldest first.

    `abroad` are seals by day that were printed or mailed; each must still be there unchanged.
    """
    previous = NO_SEAL
    for seal, found in zip(sealed, leaves.days, strict=False):
        right = day_seal(
            key,
            day=seal.day,
            until=seal.until,
            entries=seal.entries,
            root=seal.root,
            previous=seal.previous,
        )
        if seal.seal != right:
            yield "forged", f"the seal of {seal.day} is false"
        elif seal.previous != previous:
            yield "deleted", f"a seal before that of {seal.day} is gone"
        elif len(found) < seal.entries:
            gone = seal.entries - len(found)
            yield "truncated", f"{gone} of {seal.entries} entries sealed on {seal.day} are gone"
        elif len(found) > seal.entries:
            more = len(found) - seal.entries
            yield "inserted", f"{more} entries were added to {seal.day} after it was sealed"
        elif merkle_root(found) != seal.root:
            yield "edited", f"the entries of {seal.day} are not those that were sealed"
        previous = seal.seal
    for one, other in pairwise(sealed):
        if other.until <= one.until:
            yield "forged", f"the seal of {other.day} ends before that of {one.day}"
    here = {seal.day: seal.seal for seal in sealed}
    for day, text_ in sorted((abroad or {}).items()):
        if day not in here:
            yield "truncated", f"the seal of {day} was given out and is not here any more"
        elif here[day] != text_:
            yield "forged", f"the seal of {day} is another than the one that was given out"
