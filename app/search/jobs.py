"""What the worker does for searching: empty the outbox into the index, rebuild it, watch over it.

Nobody else writes to the index. Rows are read in short transactions; the engine works
outside of any.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask
from huey import crontab

from app.core import jobs
from app.core.db import reading, unit_of_work
from app.core.jobs import Lease
from app.search import queries, service
from app.search.index import Entry, engine_for, opened

log = logging.getLogger(__name__)

CHANGES_AT_ONCE = 100  # things that one commit of the index takes up
ROUNDS = 10  # of that, then other work has its turn
THINGS_AT_ONCE = 200  # that a rebuild adds in one step
TRY_AGAIN = timedelta(minutes=1)


def init_app(app: Flask) -> None:
    """One index per process, and a look at its health whenever a worker starts and each minute."""
    app.extensions["search"] = engine_for(app.extensions["weike"])
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="*"), name="watch_search")  # type: ignore[untyped-decorator]
    def every_minute() -> None:
        watch(app)

    @huey.on_startup(name="watch_search_at_start")  # type: ignore[untyped-decorator]
    def at_start() -> None:
        watch(app)


def watch(app: Flask) -> None:
    """Have a missing or damaged index rebuilt, and a forgotten outbox emptied."""
    try:
        with app.app_context():
            usable = opened().is_usable()
            with unit_of_work():
                if not usable:
                    jobs.enqueue("search.rebuild", key="search.rebuild")
                elif service.pending(1):
                    service.wake()
    except Exception:
        # The database may be busy, or not made yet; the worker must start nevertheless.
        log.exception("the search index could not be looked at")


@jobs.handler("search.index")
def empty_outbox(lease: Lease) -> None:
    """Bring the index up to what is committed. Done again from any point, the result is the same.

    Lines leave the outbox only when the index is safely on disk, and only those that were read.
    """
    index = opened()
    if not index.is_usable():
        with unit_of_work():  # it takes long, and takes up what has changed
            jobs.enqueue("search.rebuild", key="search.rebuild")
        return
    for _ in range(ROUNDS):
        lease.check()
        # Read while no other writer is at work: what is older must never be written later.
        with index.writing() as write:
            with reading():
                queries.thesaurus()  # so that jieba cuts as it should
                changes = [(row.id, row.kind, row.ref) for row in service.pending(CHANGES_AT_ONCE)]
                entries = queries.entries([(kind, ref) for _, kind, ref in changes])
            if not changes:
                return
            write(entries)
        with unit_of_work():
            service.forget(number for number, _, _ in changes)
    with unit_of_work():
        service.wake()


@jobs.on_failure("search.index")
def try_later(error: str, detail: str) -> None:
    """The outbox stays as it is; a full disk or a long rebuild will pass."""
    log.error("the search index could not be brought up to date: %s", detail)
    jobs.enqueue("search.index", attempts=5, delay=TRY_AGAIN)


@jobs.handler("search.rebuild", long=True)
def rebuild(lease: Lease) -> None:
    """Build the index anew beside the live one, then put it in its place in one step."""
    with reading():
        queries.thesaurus()  # so that jieba cuts as it should
        total = max(1, queries.thing_count())
    done: dict[int, tuple[str, int]] = {}  # a thing's number → its key and the revision read
    with opened().rebuilding() as fresh:
        last = 0
        while True:
            with reading():
                things = queries.things_after(last, THINGS_AT_ONCE)
                entries = queries.entries([(thing.kind, thing.ref) for thing in things])
            if not things:
                break
            fresh.add(entries)
            done.update({thing.number: (thing.key, thing.revision) for thing in things})
            last = things[-1].number
            lease.report(min(95, 95 * len(done) // total), "indexing")
        with fresh.last_changes() as change:
            # What changed while we were building; nobody else writes to any index now.
            with reading():
                changes = [row.id for row in service.pending(None)]
                current = {thing.number: thing for thing in queries.things_after(0, None)}
                behind = [t for t in current.values() if done.get(t.number) != (t.key, t.revision)]
                late = queries.entries([(thing.kind, thing.ref) for thing in behind])
            gone: dict[str, list[Entry]] = {
                key: [] for number, (key, _) in done.items() if number not in current
            }
            change(gone | late)
            fresh.go_live()
    with unit_of_work():
        service.forget(changes)
