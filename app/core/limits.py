"""How often is too often: counters in a small file of their own, shared by all processes.

They live apart from the main database because a refused request is rolled back there, and its
count must not be. The file is disposable: a broken one is thrown away and made again.

Two mechanisms on one file. *Buckets* let `most` requests pass at once and fill up again evenly;
for searching, exporting and everything else. *Patience* lets failures pass freely at first and
then makes each further try wait, from 1 to 42 seconds, and never for good: nobody can lock another
person out. Flask-Limiter does the first but not the second, has no storage in a file, and counts a
try before anybody knows how it ended; two ways of counting would be one too many.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv6Address, ip_address
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app, request

from app.core import clock
from app.core.refusals import TooOften

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

LONGEST_DELAY = 42  # seconds; from GlobaLeaks
TICKET_LIFE = 900  # seconds that a place in the queue is kept
BUSY_SECONDS = 2.0
SWEEP_EVERY = 1_000  # counted requests of one process

SCHEMA = """
create table if not exists bucket (key blob primary key, full_at real not null) without rowid;
create table if not exists failure (id integer primary key, key blob not null, at real not null);
create index if not exists failure_key_at on failure (key, at);
create table if not exists ticket (key blob primary key, at real not null) without rowid;
"""


@dataclass(frozen=True)
class Limit:
    """At most so many requests per so many seconds; after a pause, `burst` at once."""

    name: str
    most: int
    seconds: int
    burst: int = 0  # 0: as many as `most`


@dataclass(frozen=True)
class Patience:
    """So many failures within so many seconds are free; after that, each try must wait longer."""

    name: str
    free: int
    seconds: int

    def delay(self, failures: int) -> int:
        """Seconds to wait after the last of `failures` failures: 0, then 1, 2, 4 … 42."""
        if failures < self.free:
            return 0
        return int(min(2 ** min(failures - self.free, 10), LONGEST_DELAY))


@dataclass(frozen=True)
class Watch:
    """One patience for one subject (an account, an address).

    With `queue` the wait is counted for each who waits instead of for all together: whoever was
    told to come back in n seconds is let in then, whatever others did meanwhile. That is what
    keeps a member able to sign in while strangers try passwords for the same name.
    `forgiving` failures are forgotten after a success.
    """

    patience: Patience
    subject: str
    queue: str = ""
    forgiving: bool = False


EVERYBODY = Limit("requests of a member", 300, 60)
ADDRESS = Limit("requests of an address", 1000, 60)


class Counters:
    """The counters in one SQLite file; one object and one connection per process."""

    def __init__(self, path: Path, secret: str) -> None:
        self.path = path
        self._secret = secret.encode()[:64]
        self._turn = threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._inode = 0
        self._counted = 0

    def __del__(self) -> None:
        self.close()

    def take(self, limit: Limit, subject: str) -> int:
        """Count one request: 0 when it may pass, else the seconds until the next one may."""
        step = limit.seconds / limit.most
        room = step * (limit.burst or limit.most)
        key = self._key(limit.name, subject)
        with self._writing() as file:
            now = clock.epoch()
            row = file.execute("select full_at from bucket where key = ?", (key,)).fetchone()
            # Not further ahead than a full bucket: a clock that was put back locks nobody out.
            full_at = min(max(row[0] if row else now, now), now + room) + step
            if full_at - now > room + 1e-6:
                return max(1, ceil(full_at - now - room))
            file.execute(
                "insert into bucket values (?, ?) "
                "on conflict (key) do update set full_at = excluded.full_at",
                (key, full_at),
            )
        return 0

    def attempt(self, watches: Sequence[Watch]) -> Attempt:
        """Enter a try as a failure until it is known to be a success.

        Entered before the work, so that fifty tries at the same time cannot all be the first.
        Raises TooOften(wait=seconds) when one of the watches says to wait; that costs nothing.
        """
        with self._writing() as file:
            now = clock.epoch()  # asked when it is our turn, so that no failure lies in the future
            wait = max((self._wait(file, watch, now) for watch in watches), default=0.0)
            ids = []
            for watch in watches if wait <= 0 else ():
                key = self._key(watch.patience.name, watch.subject)
                added = file.execute("insert into failure (key, at) values (?, ?)", (key, now))
                ids.append(int(added.lastrowid or 0))
                if watch.queue:
                    file.execute("delete from ticket where key = ?", (self._ticket(watch),))
        if wait > 0:
            raise TooOften(wait=max(1, ceil(wait)))
        return Attempt(self, tuple(ids), tuple(watches))

    def forget(self, ids: Sequence[int], watches: Sequence[Watch]) -> None:
        """Take back tries that succeeded, with the failures that a success forgives."""
        with self._writing() as file:
            file.executemany("delete from failure where id = ?", [(i,) for i in ids])
            file.executemany(
                "delete from failure where key = ?",
                [(self._key(w.patience.name, w.subject),) for w in watches if w.forgiving],
            )

    def _wait(self, file: sqlite3.Connection, watch: Watch, now: float) -> float:
        patience = watch.patience
        failures, last = file.execute(
            "select count(*), max(at) from failure where key = ? and at > ? and at <= ?",
            (self._key(patience.name, watch.subject), now - patience.seconds, now),
        ).fetchone()
        delay = patience.delay(failures)
        if delay == 0:
            return 0.0
        if not watch.queue:
            return float(last + delay - now)
        ticket = self._ticket(watch)
        row = file.execute("select at from ticket where key = ?", (ticket,)).fetchone()
        # A ticket that is too old, or (by a clock put back) too far ahead, is no ticket.
        if row is not None and -TICKET_LIFE < row[0] - now <= LONGEST_DELAY:
            return float(row[0] - now)
        file.execute(
            "insert into ticket values (?, ?) on conflict (key) do update set at = excluded.at",
            (ticket, now + delay),
        )
        return float(delay)

    def _ticket(self, watch: Watch) -> bytes:
        return self._key(watch.patience.name, f"{watch.subject}\0{watch.queue}")

    def _key(self, name: str, subject: str) -> bytes:
        """Neither names nor addresses are stored, only a keyed hash of them."""
        text = f"{name}\0{subject}".encode("utf-8", "replace")
        return hashlib.blake2b(text, key=self._secret, digest_size=16).digest()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            file = self._begun()
            try:
                yield file
                self._sweep(file)
                file.execute("commit")
            except BaseException:
                if file.in_transaction:
                    file.execute("rollback")
                raise

    def _begun(self) -> sqlite3.Connection:
        """The connection in a write transaction; a file that is no database is made again."""
        try:
            return self._begin()
        except sqlite3.OperationalError:
            raise  # busy, full or not writable: a new file would be no better
        except sqlite3.DatabaseError as error:
            log.warning("%s is broken (%s) and is made again", self.path, error)
        self.close()
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        return self._begin()

    def _begin(self) -> sqlite3.Connection:
        if self._file is not None and not self._still_there():
            self.close()  # another process found the file broken and made a new one
        if self._file is None:
            self._file = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._share(self._file)
            # Nothing is lost that matters when the power fails, so nothing waits for the disk.
            self._file.execute("pragma synchronous = off")
            self._file.executescript(SCHEMA)
            self._inode = self.path.stat().st_ino
        self._file.execute("begin immediate")
        return self._file

    @staticmethod
    def _share(file: sqlite3.Connection) -> None:
        """Let many processes use a new file at once (WAL); they may all be its first.

        For this one change SQLite does not wait for whoever is busy with the file, so we do.
        """
        until = clock.monotonic() + BUSY_SECONDS
        while True:
            try:
                file.execute("pragma journal_mode = wal")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or clock.monotonic() > until:
                    raise
            time.sleep(0.005)

    def _still_there(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _sweep(self, file: sqlite3.Connection) -> None:
        self._counted += 1
        if self._counted % SWEEP_EVERY == 0:
            now = clock.epoch()
            file.execute("delete from bucket where full_at < ?", (now,))
            file.execute("delete from failure where at < ?", (now - 86_400,))
            file.execute("delete from ticket where at < ?", (now - TICKET_LIFE,))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True)
class Attempt:
    """A try that stands as a failure until `succeeded` is called."""

    counters: Counters
    ids: tuple[int, ...]
    watches: tuple[Watch, ...]

    def succeeded(self) -> None:
        self.counters.forget(self.ids, self.watches)


def attempt(watches: Sequence[Watch]) -> Attempt:
    """`Counters.attempt` of this application; refuses when the counters cannot be used."""
    counters: Counters = current_app.extensions["counters"]
    try:
        return counters.attempt(watches)
    except sqlite3.Error as error:
        log.error("the limits cannot be counted, so nobody may try: %s", error)
        raise TooOften(wait=5) from error


def address_key(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 net that one home has of IPv6."""
    try:
        found = ip_address((address or "").split("%")[0])
    except ValueError:
        return address or ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def limited(name: str, *, most: int, seconds: int, burst: int = 0) -> Callable[[View], View]:
    """Give a view a limit of its own, per member (per address for visitors).

    Stands below the access line. Such a view does not count among the requests of all kinds.
    A file of counters that cannot be used lets everything pass.
    """
    limit = Limit(name, most, seconds, burst)

    def mark(view: View) -> View:
        @wraps(view)
        def counted(*args: Any, **kwargs: Any) -> Any:
            _take(limit, asker())
            return view(*args, **kwargs)

        counted.__limit__ = limit  # type: ignore[attr-defined]
        return counted  # type: ignore[return-value]

    return mark


def unlimited(view: View) -> View:
    """Leave a view out of the count: pieces of a video, health checks."""
    view.__limit__ = None  # type: ignore[attr-defined]
    return view


def asker() -> str:
    """Who is counted in this request: the signed-in member, else the address."""
    member: int | None = current_app.extensions["asker"]()
    return f"member {member}" if member is not None else address_key(request.remote_addr)


def init_app(app: Flask, *, member: Callable[[], int | None]) -> None:
    """Count every request. `member` returns the id of the signed-in member, or None.

    Members are counted one by one and not by address as well: an office of two hundred people
    with one address is one address to us. Visitors have only their address.
    """
    config = app.extensions["weike"]
    app.extensions["counters"] = Counters(config.limits_path, config.secret_key)
    app.extensions["asker"] = member

    @app.before_request
    def count() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        if hasattr(app.view_functions[request.endpoint], "__limit__"):
            return
        who = asker()
        _take(EVERYBODY if who.startswith("member ") else ADDRESS, who)


def _take(limit: Limit, subject: str) -> None:
    if not current_app.extensions["weike"].limits:
        return
    try:
        wait = current_app.extensions["counters"].take(limit, subject)
    except sqlite3.Error as error:
        log.error("a request could not be counted and passes: %s", error)
        return
    if wait:
        raise TooOften(wait=wait)
