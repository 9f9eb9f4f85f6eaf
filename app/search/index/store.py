"""The search folder: which index is current, reading it, writing to it, building another beside it.

`current` names the folder of the live index and is replaced in one step, so that readers always
see a whole index. Whoosh's own `refresh` is not used: in 2.7.5 it brings merged segments back.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from whoosh.index import FileIndex

from app.core import clock
from app.search.index.asking import Ask, Scan
from app.search.index.face import Busy, Changes, Unusable
from app.search.index.files import Files
from app.search.index.leaf import Leaf
from app.search.index.ranking import Snapshot
from app.search.index.schema import SCHEMA, VERSION, Entry, labels_of, terms_of
from app.search.index.writing import Writer, tidy
from app.search.units import NO_WORDS, Thesaurus

log = logging.getLogger(__name__)

LOCK_SECONDS = 10.0
LOCK_DELAY = 0.05
OPEN_TRIES = 5
MOST_POSTINGS = 8_000_000  # in one commit of a rebuild, about 100 MB of memory
_TOC = re.compile(r"_MAIN_(\d+)\.toc")


class Index:
    """The index of one search folder, for one process. Reading is safe from every thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        # The organisation's words as this process last read them, with what they were read at.
        self.words: tuple[object, Thesaurus] = (None, NO_WORDS)

    # Reading

    def scan(self, ask: Ask) -> Scan:
        """All passages that answer; raises Unusable, and then leaves a mark for the worker."""
        for last in (False, True):
            try:
                return self.snapshot().scan(ask)
            except Unusable:
                raise
            except Exception as error:
                # Files may vanish under a reader when a rebuild replaces them: once is chance.
                self._snapshot = None
                if last:
                    if not self.is_damaged():  # said once, not at every search
                        log.exception("the search index is damaged")
                        self.report_damage()
                    raise Unusable(str(error)) from error
        raise AssertionError

    def snapshot(self) -> Snapshot:
        """The newest state of the index; what is unchanged since the last time is not read anew."""
        name = self._current()
        path = self.folder / name
        with self._lock:
            before = self._snapshot
            if before and (before.name, before.generation) == (name, _generation(path)):
                return before
            for attempt in range(OPEN_TRIES):
                try:
                    self._snapshot = _open(path, before)
                    return self._snapshot
                except OSError:
                    # A commit deleted a segment between reading its name and opening it.
                    if attempt == OPEN_TRIES - 1:
                        raise
                    time.sleep(LOCK_DELAY)
        raise AssertionError

    def _current(self) -> str:
        try:
            name = (self.folder / "current").read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise Unusable("there is no index yet") from error
        if not name.startswith(f"v{VERSION}-") or "/" in name:
            raise Unusable("the index was made by another version")
        if not (self.folder / name).is_dir():
            raise Unusable("the index has been deleted")
        return name

    # Health

    @property
    def damage_mark(self) -> Path:
        return self.folder / "damaged"

    def is_damaged(self) -> bool:
        """Whether somebody met damage that no rebuild has mended yet."""
        return self.damage_mark.exists()

    def report_damage(self) -> None:
        """Leave a mark that the worker sees within a minute, and rebuilds."""
        try:
            self.damage_mark.touch()
        except OSError:
            log.exception("the damage of the index could not be noted")

    def is_usable(self) -> bool:
        """Whether the live index can be opened and nobody reported damage."""
        if self.is_damaged():
            return False
        try:
            self.snapshot()
        except Unusable as error:
            log.info("%s", error)
            return False
        except Exception:
            log.warning("the search index cannot be opened", exc_info=True)
            return False
        return True

    def revisions(self) -> dict[int, int]:
        """Which things stand in the index (by number), and in which revision."""
        found: dict[int, int] = {}
        for leaf in self.snapshot().leaves:
            for number in range(leaf.count):
                if number not in leaf.deleted:
                    found[leaf.kept.things[number]] = leaf.kept.revisions[number]
        return found

    def figures(self) -> dict[str, Any]:
        """Name, passages, segments and bytes of the live index."""
        snapshot = self.snapshot()
        files = [path for path in (self.folder / snapshot.name).iterdir() if path.is_file()]
        return {
            "name": snapshot.name,
            "passages": sum(leaf.count - len(leaf.deleted) for leaf in snapshot.leaves),
            "segments": len(snapshot.leaves),
            "bytes": sum(path.stat().st_size for path in files),
        }

    def close(self) -> None:
        """Let go of the files that are open."""
        self._snapshot = None

    # Writing: only the worker and the commands

    @contextmanager
    def writing(self) -> Iterator[Callable[[Changes], None]]:
        """Keep all other writers off and give a function that replaces the passages of things.

        Each call is one commit and safely on disk when it returns. Raises Busy after ten seconds,
        and whatever a damaged index makes Whoosh raise.
        """
        with _locked(self.folder / "writing.lock", seconds=LOCK_SECONDS):
            yield lambda changes: self._write_to(self.folder / self._current(), changes)

    @contextmanager
    def rebuilding(self) -> Iterator[Rebuild]:
        """Build a new index beside the live one; it goes live by Rebuild.go_live(), or is deleted.

        Raises Busy when another process is rebuilding.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder / "rebuild.lock", seconds=0):
            name = f"v{VERSION}-{int(clock.epoch())}-{secrets.token_hex(4)}"
            path = self.folder / name
            path.mkdir()
            fresh = Rebuild(self, name)
            try:
                FileIndex.create(Files(path), SCHEMA)
                yield fresh
            finally:
                fresh.give_up()
                if not self._is_current(name):
                    shutil.rmtree(path, ignore_errors=True)

    def _is_current(self, name: str) -> bool:
        try:
            return self._current() == name
        except Unusable:
            return False

    def _write_to(self, path: Path, changes: Changes) -> None:
        with _writer(path) as writer:
            for key, entries in changes.items():
                writer.delete_by_term("key", key)
                for entry in entries:
                    writer.add_document(**_document(key, entry))
        _make_safe(path)

    def _switch_to(self, name: str) -> None:
        """Make another index the live one, and delete those older than the one before."""
        before = None
        with suppress(Unusable):
            before = self._current()
        fresh = self.folder / f"current.{secrets.token_hex(4)}"
        fresh.write_text(name, encoding="ascii")
        _sync(fresh)
        fresh.replace(self.folder / "current")
        _sync(self.folder)
        self.damage_mark.unlink(missing_ok=True)
        for path in self.folder.glob("v*-*"):
            if path.is_dir() and path.name not in {name, before}:
                shutil.rmtree(path, ignore_errors=True)


class Rebuild:
    """An index in the making, beside the live one: one long commit, then the last changes."""

    def __init__(self, index: Index, name: str) -> None:
        self.index = index
        self.name = name
        self.path = index.folder / name
        self._bulk = ExitStack()
        self._writer: Any = None

    def add(self, things: Changes) -> None:
        """Add things that are not in the new index yet. Nothing is deleted, which is quick."""
        if self._writer is None:
            self._writer = self._bulk.enter_context(_writer(self.path))
        for key, entries in things.items():
            for entry in entries:
                self._writer.add_document(**_document(key, entry))
        if self._writer.pool.count > MOST_POSTINGS:
            self._bulk.close()
            self._writer = None

    @contextmanager
    def last_changes(self) -> Iterator[Callable[[Changes], None]]:
        """Commit what was added, hold all other writers off, and take changes before going live."""
        self._bulk.close()
        with self.index.writing():
            yield lambda changes: self.index._write_to(self.path, changes)  # noqa: SLF001

    def go_live(self) -> None:
        """Make the new index the live one, in one step."""
        self.index._switch_to(self.name)  # noqa: SLF001 - two classes of one module

    def give_up(self) -> None:
        """Close what is still open, without a commit."""
        self._bulk.pop_all().__exit__(GeneratorExit, GeneratorExit(), None)


@contextmanager
def _writer(path: Path) -> Iterator[Any]:
    """A Whoosh writer, committed at the end of the block; an error leaves the index as it was."""
    files = Files(path)
    try:
        writer = Writer(FileIndex(files, schema=SCHEMA), timeout=LOCK_SECONDS, delay=LOCK_DELAY)
        try:
            yield writer
        except BaseException:
            with suppress(Exception):
                writer.cancel()
            raise
        writer.commit(mergetype=tidy)
    finally:
        files.close_files()


def _generation(path: Path) -> int:
    """The number of the newest commit; Whoosh writes it into a file's name."""
    names = os.listdir(path)  # noqa: PTH208 - at every search: names alone are faster
    found = (_TOC.fullmatch(name) for name in names)
    return max((int(match[1]) for match in found if match), default=-1)


def _open(path: Path, before: Snapshot | None) -> Snapshot:
    """A snapshot of the newest commit; decoded segments of the snapshot before are taken over."""
    kept = {}
    if before is not None and before.name == path.name:
        kept = {leaf.reader.segment().segment_id(): leaf.kept for leaf in before.leaves}
    files = Files(path)
    try:
        reader = FileIndex(files, schema=SCHEMA).reader()
        generation = reader.generation() if reader.doc_count_all() else _generation(path)
        leaves = [
            Leaf(leaf, kept.get(leaf.segment().segment_id()))
            for leaf, _ in reader.leaf_readers()
            if leaf.doc_count_all()
        ]
    except BaseException:
        files.close_files()
        raise
    snapshot = Snapshot(leaves, path.name, generation)
    weakref.finalize(snapshot, _close, reader, files)
    return snapshot


def _close(reader: Any, files: Files) -> None:
    with suppress(Exception):
        reader.close()
    files.close_files()


def _document(key: str, entry: Entry) -> dict[str, Any]:
    audience = ["all"] if entry.audience is None else [str(b) for b in sorted(entry.audience)]
    terms = terms_of(entry)
    labels = labels_of(entry, len(terms["grams"]))
    return {"key": key, "audience": audience, **terms, **labels}


@contextmanager
def _locked(path: Path, *, seconds: float) -> Iterator[None]:
    """Hold a file lock that the system releases when the process dies; raises Busy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        deadline = clock.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if clock.monotonic() >= deadline:
                    raise Busy(path.name) from None
                time.sleep(LOCK_DELAY)
        yield


def _make_safe(path: Path) -> None:
    """Have the files of an index on the disk before its outbox is emptied."""
    for file in path.iterdir():
        if file.is_file() and file.suffix in {".toc", ".seg"}:
            _sync(file)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
