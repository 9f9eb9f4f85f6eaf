"""The tables of the index: one schema for each build, and a pointer to the live one.

Nothing here belongs to the main database, though it may stand there: no migration knows these
tables, and `flask search rebuild` makes them anew. A build is filled beside the live one and goes
live by changing one row, as the other engine changes one file.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.search.index.asking import Ask, Scan
from app.search.index.face import Busy, Changes, Unusable
from app.search.index.postgresql import lexemes
from app.search.index.postgresql.reading import View
from app.search.index.postgresql.tables import (
    LABEL,
    Label,
    OutOfReach,
    labelled,
    reading,
)
from app.search.index.schema import VERSION, Entry, labels_of, terms_of
from app.search.units import NO_WORDS, Thesaurus

log = logging.getLogger(__name__)

TABLES = 2  # grows with every change of the tables below
HOME = "weike_search"  # the schema of the pointer; builds are called weike_search_…
ALIKE_ENOUGH = 0.2  # share of three-letter pieces that words spelt alike have in common
# Compiling SQL to machine code takes longer than any question that is asked here, and so does
# starting a second process. A scan of all rows looks cheap to the planner, which does not count
# that each row's terms would have to be fetched from where long values lie.
SETTINGS = (
    "jit=off",
    "work_mem=64MB",
    "enable_seqscan=off",
    "max_parallel_workers_per_gather=0",
    # Plans made for any words at all would be kept after some questions.
    "plan_cache_mode=force_custom_plan",
)
# GIN is made in memory as far as it fits, and written list by list otherwise.
MAKING = "set local maintenance_work_mem = '256MB'"
LOCK_SECONDS = 10.0
LOCK_DELAY = 0.05
# Numbers of advisory locks: the server lets go of them when the process that holds them dies.
WRITING, REBUILDING = 0x5745_4B01, 0x5745_4B02
NUMBERS = ("thing", "revision", "position", "day", "size")
_BUILD = re.compile(rf"{HOME}_[0-9a-z_]+")

POINTER = f"""
create schema if not exists {HOME};
create extension if not exists pg_trgm;
create table if not exists {HOME}.live (
  single boolean primary key default true check (single),
  build text not null, before text not null, damaged boolean not null default false
);
create table if not exists {HOME}.about (
  build text primary key, generation int not null, passages int not null, sizes bigint not null
)
"""
PASSAGES = """
create schema {schema};
create table {schema}.label (
  id int primary key, kind smallint not null, language smallint not null, form text not null,
  year smallint not null, shelf bigint not null, branch bigint not null, audience int[] not null
);
create table {schema}.passage (
  id bigint generated always as identity primary key,
  thing int not null, revision int not null, position int not null, label int not null,
  day int not null, size int not null, key text not null, terms tsvector not null
);
alter table {schema}.passage alter column terms set storage external;
create table {schema}.term (term text collate "C" primary key, passages int not null);
insert into {home}.about values ('{schema}', 0, 0, 0)
"""
INDEXES = """
create index on {schema}.passage using gin (terms) with (fastupdate = off);
create index on {schema}.passage (key);
create index on {schema}.passage (label);
create index on {schema}.term using gin (term gin_trgm_ops) where term ~ '^g[a-z]';
analyze {schema}.passage;
analyze {schema}.term
"""


class PostgresIndex:
    """The index of one database, for one process."""

    def __init__(self, address: str) -> None:
        settings = (*SETTINGS, f"pg_trgm.similarity_threshold={ALIKE_ENOUGH}")
        options = " ".join(f"-c {setting}" for setting in settings)
        self.engine: Engine = create_engine(
            address, connect_args={"options": options, "connect_timeout": 5}
        )
        self.words: tuple[object, Thesaurus] = (None, NO_WORDS)
        self._lock = Lock()
        self._view: View | None = None

    # Reading

    def scan(self, ask: Ask) -> Scan:
        """All passages that answer; raises Unusable, and then leaves a mark for the worker."""
        view = self.snapshot()
        try:
            return view.scan(ask)
        except OutOfReach:
            raise
        except Unusable as error:
            # A rebuild may have replaced the tables under a reader: once is chance.
            again = self.snapshot()
            if again.schema != view.schema:
                return again.scan(ask)
            if not self.is_damaged():  # said once, not at every search
                log.exception("the search index is damaged")
                self.report_damage()
            raise Unusable(str(error)) from error

    def snapshot(self) -> View:
        """The live tables; what is known of rare words is kept until the next change."""
        try:
            schema, generation, passages, sizes = self._live()
        except OutOfReach:
            # The server may have been started anew: then all connections kept here are dead.
            self.engine.dispose()
            schema, generation, passages, sizes = self._live()
        with self._lock:
            view = self._view
            if view is None or (view.schema, view.generation) != (schema, generation):
                mean = max(1.0, sizes / max(1, passages))
                known = view.known if view is not None and view.schema == schema else {}
                view = self._view = View(self.engine, schema, generation, passages, mean, known)
        return view

    def _live(self) -> tuple[str, int, int, int]:
        """The live build: its schema, how often it was changed, its passages and their sizes."""
        with reading(self.engine) as connection:
            row = connection.exec_driver_sql(
                "select l.build, a.generation, a.passages, a.sizes "
                f"from {HOME}.live l left join {HOME}.about a on a.build = l.build"
            ).one_or_none()
        if row is None:
            raise Unusable("there is no index yet")
        if not _BUILD.fullmatch(row[0]) or not row[0].startswith(_version()):
            raise Unusable("the index was made by another version")
        if row[1] is None:
            raise Unusable("the index has been emptied")
        return row[0], row[1], row[2], row[3]

    # Health

    def is_damaged(self) -> bool:
        """Whether somebody met damage that no rebuild has mended yet."""
        with suppress(Unusable), reading(self.engine) as connection:
            return bool(connection.exec_driver_sql(f"select damaged from {HOME}.live").scalar_one())
        return False

    def report_damage(self) -> None:
        """Leave a mark that the worker sees within a minute, and rebuilds."""
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(f"update {HOME}.live set damaged = true")
        except SQLAlchemyError:
            log.exception("the damage of the index could not be noted")

    def is_usable(self) -> bool:
        """Whether the live tables can be read and nobody reported damage."""
        try:
            view = self.snapshot()
            with reading(self.engine) as connection:
                for table in ("passage", "term", "label"):
                    connection.exec_driver_sql(f"select from {view.schema}.{table} limit 1")
        except Unusable as error:
            log.info("%s", error)
            return False
        return not self.is_damaged()

    def revisions(self) -> dict[int, int]:
        """Which things stand in the index (by number), and in which revision."""
        view = self.snapshot()
        with reading(self.engine) as connection:
            rows = connection.exec_driver_sql(
                f"select distinct thing, revision from {view.schema}.passage"
            )
            return dict(rows.all())

    def figures(self) -> dict[str, Any]:
        """Name, passages, segments and bytes of the live tables."""
        view = self.snapshot()
        with reading(self.engine) as connection:
            size = connection.exec_driver_sql(
                "select sum(pg_total_relation_size(c.oid)) from pg_class c "
                "join pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname = %(schema)s and c.relkind = 'r'",
                {"schema": view.schema},
            ).scalar_one()
        return {"name": view.schema, "passages": view.total, "segments": 1, "bytes": int(size)}

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    # Writing: only the worker and the commands

    @contextmanager
    def writing(self) -> Iterator[Callable[[Changes], None]]:
        """Keep all other writers off and give a function that replaces the passages of things."""
        with self._locked(WRITING, LOCK_SECONDS):
            schema = self._live()[0]
            yield lambda changes: self.write_to(schema, changes)

    @contextmanager
    def rebuilding(self) -> Iterator[Building]:
        """Build new tables beside the live ones; they go live, or are deleted."""
        with self._locked(REBUILDING, 0):
            schema = f"{_version()}{int(clock.epoch())}_{secrets.token_hex(4)}"
            with self.engine.begin() as connection:
                connection.exec_driver_sql(POINTER)
                connection.exec_driver_sql(PASSAGES.format(schema=schema, home=HOME))
            try:
                yield Building(self, schema)
            finally:
                with self.engine.begin() as connection:
                    if (
                        connection.exec_driver_sql(
                            f"select count(*) from {HOME}.live where build = %(build)s",
                            {"build": schema},
                        ).scalar_one()
                        == 0
                    ):
                        _drop(connection, schema)

    @contextmanager
    def _locked(self, number: int, seconds: float) -> Iterator[None]:
        """Hold an advisory lock of the server; raises Busy."""
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            deadline = clock.monotonic() + seconds
            asked = "select pg_try_advisory_lock(%(number)s)"
            while not connection.exec_driver_sql(asked, {"number": number}).scalar_one():
                if clock.monotonic() >= deadline:
                    raise Busy(str(number))
                time.sleep(LOCK_DELAY)
            try:
                yield
            finally:
                connection.exec_driver_sql(
                    "select pg_advisory_unlock(%(number)s)", {"number": number}
                )

    def write_to(self, schema: str, changes: Changes) -> None:
        """Replace the passages of things in a build, in one transaction."""
        if not changes:
            return
        with self.engine.begin() as connection:
            keys = {"keys": list(changes)}
            having = Counter[str]()
            for term, passages in connection.exec_driver_sql(
                f"select term, count(*) from {schema}.passage, "
                "unnest(tsvector_to_array(terms)) term "
                "where key = any(%(keys)s) group by term",
                keys,
            ):
                if term[0] in lexemes.COUNTED:
                    having[term] -= passages
            gone = connection.exec_driver_sql(
                f"with gone as (delete from {schema}.passage where key = any(%(keys)s) "
                "returning size) select count(*), coalesce(sum(size), 0) from gone",
                keys,
            ).one()
            rows = connection.exec_driver_sql(f"select {LABEL} from {schema}.label")
            numbers = {label: number for number, label in labelled(rows).items()}
            added, sizes = copy(connection, schema, changes, having, numbers)
            changed = sorted((term, by) for term, by in having.items() if by)
            connection.exec_driver_sql(
                f"insert into {schema}.term as t select * "
                "from unnest(%(terms)s::text[], %(by)s::int[]) on conflict (term) "
                "do update set passages = t.passages + excluded.passages",
                {"terms": [term for term, _ in changed], "by": [by for _, by in changed]},
            )
            connection.exec_driver_sql(
                f"delete from {schema}.term where term = any(%(terms)s) and passages < 1",
                {"terms": [term for term, by in changed if by < 0]},
            )
            connection.exec_driver_sql(
                f"update {HOME}.about set generation = generation + 1, "
                "passages = passages + %(passages)s, sizes = sizes + %(sizes)s "
                "where build = %(build)s",
                {"build": schema, "passages": added - gone[0], "sizes": sizes - gone[1]},
            )


class Building:
    """Tables in the making, beside the live ones."""

    def __init__(self, index: PostgresIndex, schema: str) -> None:
        self.index = index
        self.schema = schema
        self._having: Counter[str] = Counter()
        self._numbers: dict[Label, int] = {}
        self._passages = 0
        self._sizes = 0

    def add(self, things: Changes) -> None:
        """Add things that are not in the new tables yet; no index slows that down."""
        with self.index.engine.begin() as connection:
            # Nothing is lost that matters: what goes live later waits for the disk, and all before.
            connection.exec_driver_sql("set local synchronous_commit = off")
            passages, sizes = copy(connection, self.schema, things, self._having, self._numbers)
        self._passages += passages
        self._sizes += sizes

    @contextmanager
    def last_changes(self) -> Iterator[Callable[[Changes], None]]:
        """Index what was added, hold all other writers off, and take changes before going live."""
        with self.index.engine.begin() as connection:
            cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
            with cursor.copy(f"copy {self.schema}.term (term, passages) from stdin") as rows:
                for row in sorted(self._having.items()):
                    rows.write_row(row)
            connection.exec_driver_sql(
                f"update {HOME}.about set passages = %(passages)s, sizes = %(sizes)s "
                "where build = %(build)s",
                {"build": self.schema, "passages": self._passages, "sizes": self._sizes},
            )
            connection.exec_driver_sql(MAKING)
            connection.exec_driver_sql(INDEXES.format(schema=self.schema))
        self._having.clear()
        with self.index._locked(WRITING, LOCK_SECONDS):  # noqa: SLF001 - two classes of one module
            yield lambda changes: self.index.write_to(self.schema, changes)

    def go_live(self) -> None:
        """Make the new tables the live ones, and delete those older than the ones before."""
        with self.index.engine.begin() as connection:
            before = connection.exec_driver_sql(
                f"select build from {HOME}.live"
            ).scalar_one_or_none()
            connection.exec_driver_sql(
                f"insert into {HOME}.live (build, before) values (%(build)s, %(before)s) "
                "on conflict (single) do update "
                "set build = excluded.build, before = excluded.before, damaged = false",
                {"build": self.schema, "before": before or ""},
            )
        with self.index.engine.begin() as connection:
            old = connection.exec_driver_sql(
                f"select nspname from pg_namespace where nspname ^@ '{HOME}_'"
            ).scalars()
            for schema in set(old) - {self.schema, before}:
                if _BUILD.fullmatch(schema):
                    _drop(connection, schema)


def _drop(connection: Connection, schema: str) -> None:
    connection.exec_driver_sql(f"drop schema if exists {schema} cascade")
    connection.exec_driver_sql(f"delete from {HOME}.about where build = '{schema}'")


def _version() -> str:
    return f"{HOME}_v{VERSION}_{TABLES}_"


def copy(
    connection: Connection,
    schema: str,
    things: Changes,
    having: Counter[str],
    numbers: dict[Label, int],
) -> tuple[int, int]:
    """Write passages and count their terms; returns how many passages, and their sizes' sum.

    `numbers` are those of all labels so far; new ones are added.
    """
    passages = sizes = 0
    known = len(numbers)
    columns = ", ".join((*NUMBERS, "label", "key", "terms"))
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    with cursor.copy(f"copy {schema}.passage ({columns}) from stdin") as rows:
        for key, entry in _each(things):
            terms = terms_of(entry)
            labels = labels_of(entry, len(terms["grams"]))
            text, counted = lexemes.vector(terms)
            having.update(counted)
            number = numbers.setdefault(_label(entry, labels), len(numbers) + 1)
            rows.write_row((*(labels[name] for name in NUMBERS), number, key, text))
            passages += 1
            sizes += labels["size"]
    with cursor.copy(f"copy {schema}.label ({LABEL}) from stdin") as rows:
        for label in list(numbers)[known:]:
            rows.write_row((numbers[label], *label[:-1], list(label.audience)))
    return passages, sizes


def _each(things: Changes) -> Iterable[tuple[str, Entry]]:
    return ((key, entry) for key, entries in things.items() for entry in entries)


def _label(entry: Entry, labels: Mapping[str, int]) -> Label:
    return Label(
        kind=labels["kind"],
        language=labels["language"],
        form=entry.form,
        year=date.fromordinal(entry.day).year if entry.day else 0,
        shelf=labels["shelf"],
        branch=labels["branch"],
        audience=(0,) if entry.audience is None else tuple(sorted(entry.audience)),
    )
