"""Leaderboards, places and credits against the size of the ledger, beside GROUP BY over it.

100 000 members in 2 000 branches, with 100 000 and then 1 000 000 entries over sixty days, chained
and sealed as the service does it. Measured are the queries alone, whole pages through the test
client, a credit with its commit (synchronous = FULL), and `points verify`.

    python -m bench.points             both sizes
    python -m bench.points --sizes 1000000,3000000     other numbers of entries
    python -m bench.points --small     only the first, with a tenth of the members
    … --database postgresql+psycopg://user@/name     an empty database instead of SQLite
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
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

ROUNDS = 200
GROUPED_ROUNDS = 5
CREDITS = 300
DAYS = 60
NOW = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai
CHUNK = 5_000

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
    asked = parser.parse_args()
    sizes = [(100_000, 10_000, 200)] if asked.small else [(100_000, 100_000, 2_000)]
    if not asked.small:
        sizes.append((1_000_000, 100_000, 2_000))
    if asked.sizes:
        sizes = [(int(entries), 100_000, 2_000) for entries in asked.sizes.split(",")]
    rows: list[dict[str, str]] = []
    for entries, members, branches in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(Path(folder), asked.database, entries, members, branches)
    print(json.dumps({"name": "points", "rows": rows}))


def measure(
    folder: Path, database: str, entries: int, members: int, branches: int
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
        fill(app, entries, members, branches)
        with unit_of_work():
            service.choose_ranking(Ranking.EVERYONE, author_id=None)
        started = time.perf_counter()
        with unit_of_work():
            service.rebuild(app.extensions["weike"].zone)
        rebuilt = time.perf_counter() - started
        if on == "PostgreSQL":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
                link.execute(text("ANALYZE"))
        else:
            with unit_of_work() as session:
                session.execute(text("ANALYZE"))
        rows = figures(app, members, size)
        rows.append(row(f"all standings made anew, {size}", f"{rebuilt:.0f} s"))
        db.session.remove()
        db.engine.dispose()
    return rows


def figures(app: Flask, members: int, size: str) -> list[dict[str, str]]:
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

    def grouped() -> None:
        db.session().execute(text(GROUPED), {"since": since, "me": anybody()}).all()
        db.session.rollback()

    beside = timed(grouped, GROUPED_ROUNDS)
    found = []
    for what, work in (
        ("leaderboard of everyone with my place", everyone),
        ("leaderboard of my branch with my place", own_branch),
        ("leaderboard of branches", branch_board),
    ):
        ours = timed(work, ROUNDS)
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
    found.append(
        row(
            f"credit with commit, {size}",
            f"{ours[0]:.1f} / {ours[1]:.1f} ms",
            f"one UPDATE with commit {other[0]:.1f} / {other[1]:.1f} ms",
            f"{ours[0] / other[0]:.1f}",
            "p95 ≤ 5 ms",
        )
    )
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
    heads: dict[int, tuple[int, str]] = {}
    facts = []
    start = NOW - timedelta(days=DAYS)
    for number in range(1, entries + 1):
        member = 1 + luck.randrange(members)
        seq, previous = heads.get(member, (0, START))
        when = start + timedelta(days=DAYS) * (number / (entries + 1))
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
        facts.append({"id": number, **vars(fact), "prev_hash": previous, "hash": hash_})
        if len(facts) == CHUNK:
            in_chunks(Entry, facts)
            facts = []
    in_chunks(Entry, facts)
    in_chunks(
        Head,
        [
            {"member_id": m, "seq": seq, "hash": last, "seal": head_seal(key, m, seq, last)}
            for m, (seq, last) in heads.items()
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


def in_chunks(table: type, rows: list[dict]) -> None:
    for at in range(0, len(rows), CHUNK):
        with unit_of_work() as session:
            session.execute(insert(table), rows[at : at + CHUNK])


if __name__ == "__main__":
    main()
