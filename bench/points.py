"""Leaderboards, places and credits against the size of the ledger, beside GROUP BY over it.

100 000 members in 2 000 branches, with 100 000 and then 1 000 000 entries over sixty days, chained
and sealed as the service does it. Measured are the queries alone, whole pages through the test
client, a credit with its commit (synchronous = FULL), and `points verify`.

    python -m bench.points             both sizes, on SQLite
    python -m bench.points --sizes 100000,1000000,10000000     other numbers of entries
    python -m bench.points --postgresql      on a PostgreSQL of its own instead of SQLite
    python -m bench.points --small     only the first, with a tenth of the members
    … --database postgresql+psycopg://user@/name     an empty database instead

The loader writes past the triggers and makes the indexes afterwards. More than CHAINED entries are
made by the database itself, without true chains: `verify` is not measured on them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, text

from app import create_app
from app.core import clock
from app.core.db import Base, db, unit_of_work
from app.members.models import Branch, Member
from app.members.service import start_sign_in
from app.points import queries, service
from app.points.models import Entry, Head
from app.points.rules import START, Fact, Period, Ranking, head_seal, ledger_key, span_of
from config import Config
from tests import postgresql

ROUNDS = 200
GROUPED_ROUNDS = 5
CREDITS = 300
DAYS = 60
NOW = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai
CHUNK = 5_000
CHAINED = 2_000_000  # most entries that are chained one by one

GROUPED = """
WITH sums AS (
  SELECT e.member_id, sum(e.amount) AS points, max(e.id) AS reached
  FROM ledger_entry AS e JOIN member AS m ON m.id = e.member_id AND m.is_active AND m.in_rankings
  WHERE e.occurred_at >= :since GROUP BY e.member_id
), ranked AS (
  SELECT sums.*, row_number() OVER (ORDER BY points DESC, reached) AS place FROM sums
)
SELECT * FROM ranked
WHERE place <= 50 OR abs(place - (SELECT place FROM ranked WHERE member_id = :me)) <= 2
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sizes", default="", help="entries, for example 100000,1000000,3000000")
    parser.add_argument("--database", default="")
    parser.add_argument("--postgresql", action="store_true")
    asked = parser.parse_args()
    sizes = [(100_000, 10_000, 200)] if asked.small else [(100_000, 100_000, 2_000)]
    if not asked.small:
        sizes.append((1_000_000, 100_000, 2_000))
    if asked.sizes:
        sizes = [(int(entries), 100_000, 2_000) for entries in asked.sizes.split(",")]
    rows: list[dict[str, str]] = []
    p95: dict[str, list[float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, server(folder, asked) as address:
            rows += measure(Path(folder), address, *size, p95)
    on = "PostgreSQL" if asked.postgresql or asked.database else "SQLite"
    for what, found in p95.items() if len(sizes) > 1 else ():
        growth = found[-1] / found[0]
        told = f"{what}, p95: from {sizes[0][0]:,} to {sizes[-1][0]:,} entries ({on})"
        rows.append(row(told, f"× {growth:.2f}", goal="× 1.5"))
    print(json.dumps({"name": "points", "rows": rows}))


@contextmanager
def server(folder: str, asked: argparse.Namespace) -> Iterator[str]:
    """The address of a database to fill; "" for SQLite."""
    if asked.database or not asked.postgresql:
        yield asked.database
        return
    kept = ("shared_buffers=512MB", "max_wal_size=8GB", "maintenance_work_mem=512MB")
    with postgresql.running(Path(folder), *kept) as address:
        if address is None:
            raise SystemExit("PostgreSQL is not installed on this machine")
        yield address


def measure(
    folder: Path,
    database: str,
    entries: int,
    members: int,
    branches: int,
    p95: dict[str, list[float]],
) -> list[dict[str, str]]:
    app = create_app(
        Config.from_env(
            {},
            secret_key="bench-" * 8,
            instance_dir=folder / "instance",
            media_dir=folder / "media",
            search_dir=folder / "search",
            database_url=database,
            testing=True,
            limits=False,
        )
    )
    on = "PostgreSQL" if database else "SQLite"
    size = f"{entries:,} entries, {members:,} members, {branches:,} branches ({on})"
    print(f"filling: {size}", flush=True)
    with clock.use(lambda: NOW), app.app_context():
        Base.metadata.drop_all(db.engine)
        Base.metadata.create_all(db.engine)
        started = time.perf_counter()
        fill(app, entries, members, branches)
        print(f"  filled in {time.perf_counter() - started:.0f} s", flush=True)
        with unit_of_work():
            service.choose_ranking(Ranking.EVERYONE, author_id=None)
        started = time.perf_counter()
        with unit_of_work():
            service.rebuild(app.extensions["weike"].zone)
        rebuilt = time.perf_counter() - started
        print(f"  standings made in {rebuilt:.0f} s", flush=True)
        if on == "PostgreSQL":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
                link.execute(text("ANALYZE"))
        else:
            with unit_of_work() as session:
                session.execute(text("ANALYZE"))
        rows = figures(app, members, size, chained=entries <= CHAINED, p95=p95)
        rows.append(row(f"all standings made anew, {size}", f"{rebuilt:.0f} s"))
        db.session.remove()
        db.engine.dispose()
    return rows


def figures(
    app: Flask, members: int, size: str, *, chained: bool, p95: dict[str, list[float]]
) -> list[dict[str, str]]:
    luck = random.Random(5)
    zone = app.extensions["weike"].zone
    month = span_of(Period.MONTH, NOW.astimezone(zone).date())
    since = NOW.replace(day=1) - timedelta(hours=12)

    def anybody() -> int:
        return luck.randrange(1, members + 1)

    def everyone() -> None:
        queries.everyone_board(anybody(), month)
        db.session.rollback()

    def own_branch() -> None:
        queries.member_board(2 + luck.randrange(100), anybody(), month)
        db.session.rollback()

    def branch_board() -> None:
        queries.branch_board(2 + luck.randrange(100), month)
        db.session.rollback()

    def my_place() -> None:
        queries.place_of(anybody(), month)
        db.session.rollback()

    def grouped() -> None:
        db.session().execute(text(GROUPED), {"since": since, "me": anybody()}).all()
        db.session.rollback()

    beside = timed(grouped, GROUPED_ROUNDS)
    found = []
    for what, work in (
        ("leaderboard of everyone with my place", everyone),
        ("my place alone", my_place),
        ("leaderboard of my branch with my place", own_branch),
        ("leaderboard of branches", branch_board),
    ):
        ours = timed(work, ROUNDS)
        p95.setdefault(what, []).append(ours[1])
        found.append(
            row(
                f"{what}, {size}",
                f"{ours[0]:.1f} / {ours[1]:.1f} ms",
                f"GROUP BY {beside[0]:.0f} / {beside[1]:.0f} ms" if work is everyone else "",
                f"{ours[0] / beside[0]:.4f}" if work is everyone else "",
                "p95 ≤ 5 ms",
            )
        )
    with signed_in(app, anybody()) as client:
        for of in ("everyone", "branches"):
            page = timed(
                lambda of=of: client.get(f"/points/leaderboard?of={of}&period=month"),  # type: ignore[misc]
                50,
            )
            found.append(
                row(
                    f"page of {of}, {size}",
                    f"{page[0]:.0f} / {page[1]:.0f} ms",
                    goal="p95 ≤ 50 ms",
                )
            )
    number = iter(range(CREDITS * 2))

    def credit() -> None:
        with unit_of_work():
            service.credit(
                member_id=anybody(), reason="lesson", source=f"bench:{next(number)}", note="Bench"
            )

    def bare() -> None:
        with unit_of_work() as session:
            session.execute(
                text("UPDATE member SET name = :name WHERE id = :id"),
                {"name": f"B{luck.random()}", "id": anybody()},
            )

    ours, other = timed(credit, CREDITS), timed(bare, CREDITS)
    p95.setdefault("credit with commit", []).append(ours[1])
    found.append(
        row(
            f"credit with commit, {size}",
            f"{ours[0]:.1f} / {ours[1]:.1f} ms",
            f"one UPDATE with commit {other[0]:.1f} / {other[1]:.1f} ms",
            f"{ours[0] / other[0]:.1f}",
            "p95 ≤ 5 ms",
        )
    )
    if not chained:
        return found
    with unit_of_work():
        service.seal_days()
    started = time.perf_counter()
    proof = queries.prove(ledger_key(app.extensions["weike"].secret_key), zone)
    took = time.perf_counter() - started
    assert proof.breaks == [], proof.breaks[:3]
    found.append(
        row(f"points verify, {size}", f"{took:.0f} s", goal="≤ 60 s for 1,000,000 entries")
    )
    return found


def row(what: str, ours: str, other: str = "", ratio: str = "", goal: str = "") -> dict[str, str]:
    told = {"what": what, "ours": ours, "other": other, "ratio": ratio, "goal": goal}
    print("  " + " | ".join(filter(None, told.values())), flush=True)
    return told


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, after a tenth of the rounds to get warm."""
    for _ in range(max(1, rounds // 10)):
        work()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return statistics.median(times), times[min(len(times) - 1, round(len(times) * 0.95))]


@contextmanager
def signed_in(app: Flask, member_id: int):
    with unit_of_work():
        token = start_sign_in(member_id, absolute=timedelta(days=7))
    client = app.test_client()
    with client.session_transaction() as session:
        session |= {"_user_id": token, "_fresh": True, "seen": int(clock.epoch())}
    yield client


def fill(app: Flask, entries: int, members: int, branches: int) -> None:
    """People and a ledger that the service could have written: chained, headed, in order."""
    luck = random.Random(1)
    with unit_of_work() as session:
        branch = {"id": 1, "parent_id": None, "name": "All", "path": "/1/"}
        session.execute(insert(Branch), [branch])
        session.execute(
            insert(Branch),
            [
                {"id": n, "parent_id": 1, "name": f"Branch {n}", "path": f"/1/{n}/"}
                for n in range(2, branches + 2)
            ],
        )
    homes = [2 + luck.randrange(branches) for _ in range(members)]
    people = [
        {
            "id": n,
            "username": f"u{n}",
            "name": f"Member {n}",
            "branch_id": homes[n - 1],
            "is_active": luck.random() > 0.02,
            "in_rankings": luck.random() > 0.03,
            "created_at": NOW,
        }
        for n in range(1, members + 1)
    ]
    in_chunks(Member, people)
    key = ledger_key(app.extensions["weike"].secret_key)
    db.session.remove()
    put = onto_sqlite if db.engine.dialect.name == "sqlite" else onto_postgresql
    ends = put(app, entries, members, chain(key, entries, members, homes))
    in_chunks(
        Head,
        [
            {"member_id": m, "seq": seq, "hash": last, "seal": head_seal(key, m, seq, last)}
            for m, seq, last in ends
        ],
    )
    if db.engine.dialect.name == "postgresql":
        with unit_of_work() as session:
            for table in ("branch", "member", "ledger_entry"):
                session.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                        f"(SELECT max(id) FROM {table}))"
                    )
                )


COLUMNS = (
    *("id", "member_id", "seq", "branch_id", "reason", "rule_version", "amount", "theme_id"),
    *("source", "occurred_at", "recorded_at", "note", "prev_hash", "hash"),
)
BEGINNING = NOW - timedelta(days=DAYS)
ENDS = """SELECT member_id, seq, hash FROM ledger_entry AS e
WHERE seq = (SELECT max(seq) FROM ledger_entry WHERE member_id = e.member_id)"""
# What the service would have written, but for the hashes.
UNCHAINED = """
INSERT INTO ledger_entry (id, member_id, seq, branch_id, reason, rule_version, amount, theme_id,
  source, occurred_at, recorded_at, note, prev_hash, hash)
SELECT n, member, row_number() OVER (PARTITION BY member ORDER BY n), m.branch_id,
  CASE WHEN n % 3 = 0 THEN 'quiz' ELSE 'lesson' END, 1, CASE WHEN n % 5 = 0 THEN 0 ELSE 10 END, 0,
  'x:' || n, {moment}, {moment}, '', {hash}, {hash}
FROM ({numbers}) AS numbered JOIN member AS m ON m.id = member
"""


def chain(key: bytes, entries: int, members: int, homes: list[int]) -> Iterator[tuple]:
    """Entries in the order of COLUMNS, each with the hash before it."""
    luck = random.Random(1)
    heads: dict[int, tuple[int, str]] = {}
    for number in range(1, entries + 1):
        member = 1 + luck.randrange(members)
        seq, previous = heads.get(member, (0, START))
        when = BEGINNING + timedelta(days=DAYS) * (number / (entries + 1))
        fact = Fact(
            member_id=member,
            seq=seq + 1,
            branch_id=homes[member - 1],
            reason=luck.choice(("lesson", "lesson", "quiz")),
            rule_version=1,
            amount=luck.choice((0, 10, 10, 10, 10)),
            source=f"x:{number}",
            occurred_at=when,
            recorded_at=when,
            note="",
            corrects_seq=None,
            author_id=None,
        )
        hash_ = fact.hash(key, previous)
        heads[member] = (fact.seq, hash_)
        facts = {"id": number, "theme_id": 0, **vars(fact), "prev_hash": previous, "hash": hash_}
        yield tuple(facts[name] for name in COLUMNS)


def onto_sqlite(app: Flask, entries: int, members: int, rows: Iterator[tuple]) -> list[tuple]:
    """Fill the table as it is without its indexes, then make them; returns the ends of chains."""
    db.engine.dispose()
    path = app.extensions["weike"].instance_dir / "weike.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        for pragma in ("synchronous = OFF", "cache_size = -1000000", "foreign_keys = OFF"):
            link.execute(f"PRAGMA {pragma}")
        found = link.execute(
            "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'ledger_entry' "
            "AND sql IS NOT NULL"
        ).fetchall()
        table = next(sql for kind, sql in found if kind == "table")
        unique = re.findall(r",\s*CONSTRAINT (uq_\w+) UNIQUE (\([^)]*\))", table)
        link.execute("BEGIN")
        link.execute("DROP TABLE ledger_entry")
        link.execute(re.sub(r",\s*CONSTRAINT uq_\w+ UNIQUE \([^)]*\)", "", table))
        if entries <= CHAINED:
            marks = ", ".join("?" * len(COLUMNS))
            link.executemany(
                f"INSERT INTO ledger_entry ({', '.join(COLUMNS)}) VALUES ({marks})",
                (
                    tuple(f"{v:%Y-%m-%d %H:%M:%S.%f}" if isinstance(v, datetime) else v for v in r)
                    for r in rows
                ),
            )
        else:
            step = f"{DAYS}.0 * n / {entries + 1}"
            moment = f"strftime('%Y-%m-%d %H:%M:%f', '{BEGINNING:%F %T}', ({step}) || ' days')"
            numbers = (
                "WITH RECURSIVE c(n) AS "
                f"(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {entries}), "
                # Kept, so that each number throws its dice once.
                f"d(n, member) AS MATERIALIZED (SELECT n, 1 + abs(random()) % {members} FROM c) "
                "SELECT n, member FROM d"
            )
            link.execute(
                UNCHAINED.format(
                    moment=f"{moment} || '000'", hash="printf('%064x', n)", numbers=numbers
                )
            )
        for name, columns in unique:
            link.execute(f"CREATE UNIQUE INDEX {name} ON ledger_entry {columns}")
        for kind, sql in found:
            if kind != "table":
                link.execute(sql)
        link.execute("COMMIT")
        return link.execute(ENDS).fetchall()


CONSTRAINTS = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'ledger_entry'::regclass AND contype IN ('f', 'u') ORDER BY contype, conname"""


def onto_postgresql(app: Flask, entries: int, members: int, rows: Iterator[tuple]) -> list[tuple]:
    """The same with COPY; constraints and indexes come afterwards."""
    table = Entry.__table__
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
        link.execute(text("SET work_mem = '512MB'"))
        link.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))
        later = link.execute(text(CONSTRAINTS)).fetchall()  # foreign keys first
        for name, _ in later:
            link.execute(text(f"ALTER TABLE ledger_entry DROP CONSTRAINT {name}"))
        for index in table.indexes:
            index.drop(link)
        if entries <= CHAINED:
            cursor = link.connection.cursor()
            with cursor.copy(f"COPY ledger_entry ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for each in rows:
                    copy.write_row(each)
        else:
            step = f"n * interval '{DAYS} days' / {entries + 1}"
            moment = f"'{BEGINNING.isoformat()}'::timestamptz + {step}"
            numbers = (
                f"SELECT n, 1 + floor(random() * {members})::int AS member "
                f"FROM generate_series(1, {entries}) AS n"
            )
            link.execute(
                text(
                    UNCHAINED.format(
                        moment=moment, hash="lpad(to_hex(n), 64, '0')", numbers=numbers
                    ).replace(":", "\\:")
                )
            )
        for name, what in later[::-1]:
            link.execute(text(f"ALTER TABLE ledger_entry ADD CONSTRAINT {name} {what}"))
        for index in table.indexes:
            index.create(link)
        link.execute(text("ALTER TABLE ledger_entry ENABLE TRIGGER USER"))
        link.execute(text("ANALYZE"))
        return [tuple(each) for each in link.execute(text(ENDS))]


def in_chunks(table: type, rows: list[dict]) -> None:
    for at in range(0, len(rows), CHUNK):
        with unit_of_work() as session:
            session.execute(insert(table), rows[at : at + CHUNK])


if __name__ == "__main__":
    main()
