"""The proof of the ledger: walks every chain and names the first thing that is not right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import String, func, inspect, select, text, type_coerce

from app.core.db import db
from app.points.models import Entry, Head
from app.points.rules import START, Fact, head_seal

CHUNK = 2_000
# Triggers that work: by name, not switched off, and (SQLite) not made harmless.
TRIGGERS_NEEDED = {
    "sqlite": (
        """select name from sqlite_master where type = 'trigger' and tbl_name = 'ledger_entry'
        and sql like '%raise(abort%'""",
        {"ledger_entry_no_update", "ledger_entry_no_delete", "ledger_entry_no_replace"},
    ),
    "postgresql": (
        """select tgname from pg_trigger where tgrelid = 'ledger_entry'::regclass
        and tgenabled <> 'D'""",
        {"ledger_entry_no_update", "ledger_entry_no_delete", "ledger_entry_no_truncate"},
    ),
}


@dataclass(frozen=True)
class Break:
    """One place where the ledger is not what was written.

    Kinds: edited, deleted, reordered, duplicated, truncated, inserted, forged (the sealed end of
    a chain), negative (a sum below 0), unguarded (a trigger is missing), sums.
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
    breaks: list[Break] = field(default_factory=list)


def prove(key: bytes) -> Proof:
    """Check triggers, every chain with its sealed end, and all sums.

    Reads the ledger once, in the order of the chains, a few thousand rows at a time.
    """
    proof = Proof(breaks=list(_unguarded()))
    session = db.session()
    heads = {
        head.member_id: (head.seq, head.hash, head.seal)
        for head in session.execute(select(Head.member_id, Head.seq, Head.hash, Head.seal))
    }
    for member_id, rows in groupby(_rows(), key=lambda row: row["member_id"]):
        chain = list(rows)
        proof.members += 1
        proof.entries += len(chain)
        found = _first_break(key, member_id, chain, heads.pop(member_id, None))
        if found is not None:
            proof.breaks.append(found)
            continue
        proof.points += sum(row["amount"] for row in chain)
    for member_id, (seq, *_rest) in heads.items():
        proof.breaks.append(
            Break("truncated", member_id, 1, f"all {seq} entries of the member are gone")
        )
    if not proof.breaks:
        told = int(session.scalar(select(func.coalesce(func.sum(Entry.amount), 0))) or 0)
        if told != proof.points:
            proof.breaks.append(
                Break("sums", None, None, f"the database adds up {told}, not {proof.points}")
            )
    return proof


def _unguarded() -> Iterator[Break]:
    connection = db.session().connection()
    query, needed = TRIGGERS_NEEDED[connection.dialect.name]
    there = {str(name) for name in connection.scalars(text(query))}
    for name in sorted(needed - there):
        yield Break("unguarded", None, None, f"the trigger {name} is missing or switched off")


def _rows() -> Iterator[dict[str, Any]]:
    """All entries as plain values; moments as stored, because edited ones may be unreadable."""
    columns = [
        type_coerce(column, String).label(column.key)
        if column.key in {"occurred_at", "recorded_at"}
        else column
        for column in inspect(Entry).columns
    ]
    found = db.session().execute(
        select(*columns).order_by(Entry.member_id, Entry.seq, Entry.id),
        execution_options={"yield_per": CHUNK},
    )
    for row in found.mappings():
        yield dict(row)


def _first_break(
    key: bytes, member_id: int, chain: Sequence[dict[str, Any]], head: tuple[int, str, str] | None
) -> Break | None:
    previous, last_id, points = START, 0, 0
    for wanted, row in enumerate(chain, start=1):
        good = (
            row["seq"] == wanted
            and row["prev_hash"] == previous
            and row["id"] > last_id
            and _hash(key, row, wanted, previous) == row["hash"]
        )
        if not good:
            if head is not None and wanted > head[0]:
                return Break("inserted", member_id, wanted, "the entry was not made by Weike")
            return _diagnose(key, member_id, chain, wanted, previous)
        previous, last_id = row["hash"], row["id"]
        points += row["amount"]
        if points < 0:
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
    key: bytes,
    member_id: int,
    chain: Sequence[dict[str, Any]],
    wanted: int,
    previous: str,
) -> Break:
    """Which kind of break it is: where the entry that belongs here has gone."""
    row = chain[wanted - 1]
    if row["seq"] < wanted:
        return Break("duplicated", member_id, row["seq"], "two entries have this number")
    if _belongs(key, row, wanted, previous):
        # Whole and in its place, only its number or its row id was changed.
        return Break("reordered", member_id, wanted, "the entry carries another number or id")
    elsewhere = any(_belongs(key, other, wanted, previous) for other in chain[wanted:])
    if elsewhere:
        return Break("reordered", member_id, wanted, "the entry stands at another place")
    if row["seq"] > wanted:
        return Break("deleted", member_id, wanted, "the entry is gone")
    # The number is right and the content is not. Whole at its own old place: the row before was
    # taken out and the others were renumbered.
    for seq in range(wanted + 1, len(chain) + 2):
        if _hash(key, row, seq, row["prev_hash"]) == row["hash"]:
            return Break(
                "deleted", member_id, wanted, "the entry is gone and others took its place"
            )
    return Break("edited", member_id, wanted, "the entry is not what was written")


def _belongs(key: bytes, row: dict[str, Any], seq: int, previous: str) -> bool:
    return bool(row["prev_hash"] == previous and _hash(key, row, seq, previous) == row["hash"])


def _hash(key: bytes, row: dict[str, Any], seq: int, previous: str) -> str:
    try:
        values = {name: row[name] for name in Fact.__dataclass_fields__}
        values["occurred_at"] = _moment(row["occurred_at"])
        values["recorded_at"] = _moment(row["recorded_at"])
        values["seq"] = seq
        return Fact(**values).hash(key, previous)
    except (TypeError, ValueError):
        return ""  # no entry of ours has such values


def _moment(value: object) -> datetime:
    """A stored moment: text in UTC on SQLite, a datetime on PostgreSQL."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
