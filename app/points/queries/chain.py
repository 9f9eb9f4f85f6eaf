"""The proof of the ledger: walks every chain and names the first thing that is not right."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import String, func, select, text, type_coerce

from app.core.db import db
from app.points.models import TRIGGERS, Entry, Head
from app.points.queries.audit import Kept, Leaves, broken_seals, differences, seals, wrong_standing
from app.points.queries.sums import Sums, day_of_moment
from app.points.rules import (
    CORRECTION,
    SPENDING,
    START,
    Counted,
    Fact,
    Line,
    counted,
    entry_hash,
    head_seal,
    moment_text,
)

CHUNK = 2_000  # rows read at a time
PARTS = tuple(Fact.__dataclass_fields__)
MEMBER, SEQ, AMOUNT, BRANCH, THEME, OCCURRED, RECORDED, REASON = (
    PARTS.index(name)
    for name in (
        *("member_id", "seq", "amount", "branch_id", "theme_id"),
        *("occurred_at", "recorded_at", "reason"),
    )
)
_LINE = tuple(PARTS.index(name) for name in Line._fields[1:])
MOMENTS = ("occurred_at", "recorded_at")
MOMENT_PLACES = tuple(PARTS.index(name) for name in MOMENTS)
# The triggers of the table, each with what it does. One with a condition of its own is not ours.
TRIGGERS_THERE = {
    "sqlite": "select sql from sqlite_master where type = 'trigger' and tbl_name = 'ledger_entry'",
    "postgresql": """select 'CREATE TRIGGER ' || tgname from pg_trigger
    where tgrelid = 'ledger_entry'::regclass and tgenabled <> 'D' and tgqual is null""",
}
_NAME = re.compile(r"CREATE TRIGGER (\w+)")


@dataclass(frozen=True)
class Break:
    """One place where the ledger is not what was written.

    Kinds: edited, deleted, reordered, duplicated, truncated, inserted, forged (the sealed end of
    a chain, or of a day), negative (a sum below 0), unguarded (a trigger is missing), sums,
    standings.
    """

    kind: str
    member_id: int | None
    seq: int | None
    text: str


@dataclass
class Proof:
    """What was checked, and what is broken (the first break of every member)."""

    entries: int = 0
    members: int = 0
    points: int = 0
    days: int = 0  # with a seal
    breaks: list[Break] = field(default_factory=list)


def prove(key: bytes, zone: ZoneInfo, abroad: Mapping[date, str] | None = None) -> Proof:
    """Check triggers, every chain with its sealed end, the daily seals, all sums and standings.

    Reads the ledger once, in the order of the chains, a few thousand rows at a time. `abroad`
    are seals by day that were taken out of the house.
    """
    proof = Proof(breaks=list(_unguarded()))
    session = db.session()
    heads = {
        head.member_id: (head.seq, head.hash, head.seal)
        for head in session.execute(select(Head.member_id, Head.seq, Head.hash, Head.seal))
    }
    sealed = seals()
    leaves, kept = Leaves(sealed), Kept()
    ends = _as_stored([seal.until for seal in sealed])
    proof.days = len(sealed)
    unequal: list[Break] = []
    for member_id, links in groupby(_links(), key=lambda link: link.parts[MEMBER]):
        chain = list(links)
        proof.members += 1
        proof.entries += len(chain)
        for link in chain:
            leaves.add(_sealed_with(ends, link), link.hash)
        found = _first_break(key, member_id, chain, heads.pop(member_id, None))
        own, shares, strangers = kept.of(member_id)
        unequal += [_nobodys(stranger) for stranger in strangers]
        if found is not None:
            proof.breaks.append(found)
            continue
        proof.points += sum(link.parts[AMOUNT] for link in chain)
        wrong = wrong_standing(
            _sums(chain, zone), own, shares, shown=kept.shown.get(member_id, False)
        )
        if wrong is not None:
            unequal.append(Break("standings", member_id, None, wrong))
    for member_id, (seq, *_rest) in heads.items():
        proof.breaks.append(
            Break("truncated", member_id, 1, f"all {seq} entries of the member are gone")
        )
    proof.breaks += [
        Break(kind, None, None, words) for kind, words in broken_seals(key, sealed, leaves, abroad)
    ]
    unequal += [_nobodys(stranger) for stranger in kept.rest()]
    if not proof.breaks:
        told = int(session.scalar(select(func.coalesce(func.sum(Entry.amount), 0))) or 0)
        if told != proof.points:
            proof.breaks.append(
                Break("sums", None, None, f"the database adds up {told}, not {proof.points}")
            )
    proof.breaks += unequal
    proof.breaks += [Break("standings", None, None, words) for words in differences()]
    return proof


def _nobodys(member_id: int) -> Break:
    return Break("standings", member_id, None, "there are standings without entries")


def _as_stored(moments: Sequence[datetime]) -> Sequence[Any]:
    """Moments as `_links` gives those of entries: on SQLite text in UTC."""
    if db.session().connection().dialect.name != "sqlite":
        return moments
    return [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" for moment in moments]


def _sealed_with(ends: Sequence[Any], link: Link) -> int:
    """The place of the seal that an entry belongs to; after the last for those not sealed yet."""
    try:
        return bisect_right(ends, link.parts[RECORDED])
    except TypeError:
        return len(ends)


def _sums(chain: Sequence[Link], zone: ZoneInfo) -> Sums:
    sums = Sums()
    instead: Mapping[int, Counted] = {}
    if any(link.parts[REASON] == CORRECTION for link in chain):
        instead = counted(Line(link.id, *(link.parts[at] for at in _LINE)) for link in chain)
    for link in chain:
        parts = link.parts
        if parts[AMOUNT] and parts[REASON] not in SPENDING:
            sums.add(
                reached=instead[link.id].member if link.id in instead else link.id,
                amount=parts[AMOUNT],
                branch_id=parts[BRANCH],
                theme_id=parts[THEME],
                day=day_of_moment(parts[OCCURRED], zone),
            )
    return sums


def _unguarded() -> Iterator[Break]:
    connection = db.session().connection()
    dialect = connection.dialect.name
    there = {" ".join(sql.split()) for sql in connection.scalars(text(TRIGGERS_THERE[dialect]))}
    for statement in TRIGGERS[dialect]:
        name = _NAME.match(statement)
        wanted = " ".join(statement.split())
        if name is None or (wanted if dialect == "sqlite" else name[0]) in there:
            continue
        yield Break(
            *("unguarded", None, None),
            f"the trigger {name[1]} is missing, changed, or switched off",
        )


class Link(NamedTuple):
    """An entry as it is stored. `parts` are those of a Fact, moments as the database gives them,
    because edited ones may be unreadable."""

    id: int
    prev_hash: str
    hash: str
    parts: tuple[Any, ...]

    @property
    def seq(self) -> Any:
        return self.parts[SEQ]


def _links() -> Iterator[Link]:
    """All entries in the order of the chains."""
    table = Entry.__table__.c
    columns = [
        type_coerce(table[name], String) if name in MOMENTS else table[name] for name in PARTS
    ]
    found = db.session().execute(
        select(table.id, table.prev_hash, table.hash, *columns).order_by(
            table.member_id, table.seq, table.id
        ),
        execution_options={"yield_per": CHUNK},
    )
    for row in found:
        yield Link(row[0], row[1], row[2], row[3:])


def _first_break(
    key: bytes, member_id: int, chain: Sequence[Link], head: tuple[int, str, str] | None
) -> Break | None:
    previous, last_id = START, 0
    earned = spent = 0  # of a correction that takes more than is left somebody owes the rest
    for wanted, link in enumerate(chain, start=1):
        good = (
            link.seq == wanted
            and link.prev_hash == previous
            and link.id > last_id
            and _hash(key, link, wanted) == link.hash
        )
        if not good:
            if head is not None and wanted > head[0]:
                return Break("inserted", member_id, wanted, "the entry was not made by Weike")
            return _diagnose(key, member_id, chain, wanted, previous)
        previous, last_id = link.hash, link.id
        if link.parts[REASON] in SPENDING:
            spent -= link.parts[AMOUNT]
            short = link.parts[AMOUNT] < 0 and spent > earned
        else:
            earned += link.parts[AMOUNT]
            short = earned < 0
        if short:
            return Break("negative", member_id, wanted, "the sum falls below 0 here")
    return _check_head(key, member_id, len(chain), previous, head)


def _check_head(
    key: bytes, member_id: int, length: int, last: str, head: tuple[int, str, str] | None
) -> Break | None:
    if head is None:
        return Break("forged", member_id, length, "the sealed end of the chain is missing")
    seq, hash_, seal = head
    if seal != head_seal(key, member_id, seq, hash_):
        return Break("forged", member_id, length, "the end of the chain has a false seal")
    if seq > length:
        return Break(
            *("truncated", member_id, length + 1),
            f"entries {length + 1} to {seq} at the end are gone",
        )
    if seq < length or hash_ != last:
        return Break("inserted", member_id, seq + 1, "there are entries after the sealed end")
    return None


def _diagnose(
    key: bytes, member_id: int, chain: Sequence[Link], wanted: int, previous: str
) -> Break:
    """Which kind of break it is: where the entry that belongs here has gone."""
    link, seq = chain[wanted - 1], wanted
    if not isinstance(link.seq, int):
        kind, words = "edited", "the number of the entry is no number"
    elif link.seq < wanted:
        kind, words, seq = "duplicated", "two entries have this number", link.seq
    elif _belongs(key, link, wanted, previous):
        # Whole and in its place, only its number or its row id was changed.
        kind, words = "reordered", "the entry carries another number or id"
    elif any(_belongs(key, other, wanted, previous) for other in chain[wanted:]):
        kind, words = "reordered", "the entry stands at another place"
    elif link.seq > wanted:
        kind, words = "deleted", "the entry is gone"
    elif any(_hash(key, link, old) == link.hash for old in range(wanted + 1, len(chain) + 2)):
        # It is whole at another number: the entry before was taken out and the rest renumbered.
        kind, words = "deleted", "the entry is gone and others took its place"
    else:
        kind, words = "edited", "the entry is not what was written"
    return Break(kind, member_id, seq, words)


def _belongs(key: bytes, link: Link, seq: int, previous: str) -> bool:
    return link.prev_hash == previous and _hash(key, link, seq) == link.hash


def _hash(key: bytes, link: Link, seq: int) -> str:
    """The hash that an entry should have with this number; "" for values that we never wrote."""
    parts = list(link.parts)
    parts[SEQ] = seq
    try:
        for place in MOMENT_PLACES:
            parts[place] = _moment(parts[place])
        return entry_hash(key, link.prev_hash, parts)
    except (TypeError, ValueError):
        return ""


def _moment(value: object) -> str:
    """A stored moment as it is hashed: SQLite gives text in UTC, PostgreSQL a datetime."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, str):
        return f"{value.replace(' ', 'T', 1)}+00:00"
    raise TypeError(value)
