"""Copy everything that cannot be made again to a folder: `make backup TO=/mnt/weike`.

Weike may go on serving meanwhile. The database is taken first, by its own means: a file that it
names and that is deleted afterwards is the only thing that can be missing. Repeated into the same
folder, only what changed is copied, and what was deleted goes from the copy, too. A list of all
files with their hashes is written last; scripts/restore.py believes nothing else.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from config import MIB, BadSetting, Config
from scripts import dump

SQLITE = "sqlite:///"
MARK = "weike-backup"  # a file that says that the folder is one of ours and may be tidied
LIST = "files.json"  # every file with its size and hash, and what made them
FORMAT = 1  # of the list; one that is higher is of a newer Weike
UNFINISHED_MARK = "not finished\n"  # what stands in the mark meanwhile; then the list's hash
RESTORING = ".restoring"  # what a restore makes of a backup, in each data folder
ASIDE = ".before-restore"  # what was there before a restore, in each data folder
MADE_AGAIN = ("queue.sqlite", "limits.sqlite", "serving.lock", "in-use.lock", "clock.json")
TURNS = "-turns"  # beside the database: who writes next
UNFINISHED = ".copying~"

Entry = tuple[int, int, str]  # size, mtime in ns, SHA-256


class NotPossible(Exception):
    """Why nothing was copied, in one sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Copy what cannot be made again to a folder.")
    parser.add_argument("folder", type=Path)
    try:
        folder = parser.parse_args().folder.expanduser()
        copied, kept = back_up(Config.from_env(), folder)
    except (BadSetting, NotPossible, dump.NotDone, OSError, sqlite3.Error) as error:
        print(f"No backup: {error}", file=sys.stderr)
        return 1
    print(f"The backup is complete: {copied} files copied, {kept} were there already.")
    print(f"Its fingerprint, by which a restore shows that nobody changed it: {mark_of(folder)}")
    return 0


def mark_of(folder: Path) -> str:
    """What stands in the mark of a backup."""
    return (folder / MARK).read_text(encoding="ascii", errors="replace").strip()


def sqlite_file(config: Config) -> Path | None:
    """The file of the main database; None when that is PostgreSQL."""
    if not config.database.startswith(SQLITE):
        return None
    return Path(config.database.removeprefix(SQLITE)).resolve()


def back_up(config: Config, folder: Path) -> tuple[int, int]:
    """How many files were copied, and how many were in the folder already, unchanged."""
    database = sqlite_file(config)
    if database and not database.exists() and not config.restore_path.exists():
        raise NotPossible(f"there is no database at {database}.")
    folder = folder.resolve()
    for source in (config.instance_dir.resolve(), config.media_dir.resolve()):
        if folder.is_relative_to(source):
            raise NotPossible(f"{folder} lies inside {source}. Choose a folder elsewhere.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the key of the ledger will lie there
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise NotPossible(f"{folder} holds other things. Choose an empty folder, or a new one.")
    in_use = os.open(config.in_use_path, os.O_RDONLY | os.O_CREAT, 0o644)
    with os.fdopen(in_use, "rb"), (folder / MARK).open("a+", encoding="ascii") as mark:
        try:
            fcntl.flock(in_use, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible("a backup is being restored. Try again afterwards.") from None
        if config.restore_path.exists():
            raise NotPossible("a restore was cut off. End it first: make restore")
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible("another one is being made in this folder.") from None
        return _Copying(config, database, folder).take(mark)


class _Copying:
    """One backup while it is made."""

    def __init__(self, config: Config, database: Path | None, folder: Path) -> None:
        self.config, self.database, self.folder = config, database, folder
        self.known = _known(folder)  # what an earlier one has copied
        self.files: dict[str, Entry] = {}
        self.copied = 0

    def take(self, mark: IO[str]) -> tuple[int, int]:
        _write(mark, UNFINISHED_MARK)
        (self.folder / "instance").mkdir(exist_ok=True)
        own = self.database.name if self.database else dump.FILE
        name = f"instance/{own}"
        if self.database:
            migration = _copy_database(self.database, self.folder / name)
        else:
            part = self.folder / (name + UNFINISHED)
            migration = dump.write(self.config.database, part)
            part.replace(self.folder / name)
        self._note(name, self.folder / name)
        left_out = {own + end for end in ("", "-wal", "-shm", TURNS)}
        left_out.add("printed")  # papers that somebody asked for: gone tomorrow anyhow
        left_out |= {name + end for name in MADE_AGAIN for end in ("", "-wal", "-shm", "-journal")}
        self._mirror(self.config.instance_dir, "instance", left_out)
        self._mirror(self.config.media_dir, "media", set())
        made = {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "migration": migration,
            "database": {"kind": "sqlite" if self.database else "postgresql", "file": name},
            "files": self.files,
        }
        text = json.dumps(made, ensure_ascii=False, indent=0).encode()
        part = self.folder / (LIST + UNFINISHED)
        part.write_bytes(text)
        part.replace(self.folder / LIST)
        os.sync()  # an external disk is taken away soon after
        _write(mark, hashlib.sha256(text).hexdigest() + "\n")
        return self.copied + 1, len(self.files) - self.copied - 1

    def _note(self, name: str, copy: Path, digest: str = "") -> None:
        there = copy.stat()
        self.files[name] = (there.st_size, there.st_mtime_ns, digest or digest_of(copy))

    def _mirror(self, source: Path, below: str, skip: set[str]) -> None:
        """Make the folder `below` like `source`, without the names of its first level in `skip`."""
        target, found = self.folder / below, list(_files(source))
        if not found and any(_files(target)):
            raise NotPossible(f"{source} is empty, but its copy is not. Is a disk missing?")
        for path in found:
            inner = path.relative_to(source)
            if inner.parts[0] in skip or inner.parts[0].startswith((ASIDE, RESTORING)):
                continue
            copy, name = target / inner, f"{below}/{inner.as_posix()}"
            try:
                now = path.stat()
                if _is_the_same(now, copy):
                    size, mtime, digest = self.known.get(name, (-1, -1, ""))
                    same = (size, mtime) == (now.st_size, now.st_mtime_ns)
                    self._note(name, copy, digest if same else "")
                    continue
                copy.parent.mkdir(parents=True, exist_ok=True)
                part = copy.with_name(copy.name + UNFINISHED)
                digest = copied(path, part)
                part.replace(copy)
            except FileNotFoundError:
                continue  # it went meanwhile
            self._note(name, copy, digest)
            self.copied += 1
        for path in list(_files(target)):
            if f"{below}/{path.relative_to(target).as_posix()}" not in self.files:
                path.unlink()


def _write(mark: IO[str], text: str) -> None:
    mark.truncate(0)
    mark.write(text)
    mark.flush()


def _known(folder: Path) -> dict[str, Entry]:
    """The list that lies in the folder already; {} when it does not help."""
    try:
        found: dict[str, Any] = json.loads((folder / LIST).read_bytes())
        return {name: tuple(entry) for name, entry in found["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _copy_database(source: Path, target: Path) -> str:
    """The migration that it is of."""
    part = target.with_name(target.name + UNFINISHED)
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)  # as it is at this moment; in WAL mode others may write meanwhile
        (whole,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if whole != "ok":
            raise NotPossible(f"the copy of the database is not whole ({whole}).")
        (migration,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    part.replace(target)
    return str(migration)


def copied(source: Path, target: Path) -> str:
    """Copy one file with its times and rights; the SHA-256 of what was copied."""
    sha = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while block := read.read(MIB):
            sha.update(block)
            write.write(block)
    shutil.copystat(source, target)
    return sha.hexdigest()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_the_same(now: os.stat_result, copy: Path) -> bool:
    try:
        then = copy.stat()
    except FileNotFoundError:
        return False
    return (then.st_size, then.st_mtime_ns) == (now.st_size, now.st_mtime_ns)


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, linked folders too; none when there is no such folder."""
    for where, _folders, names in os.walk(folder, followlinks=True):
        yield from (Path(where) / name for name in names)


if __name__ == "__main__":
    sys.exit(main())
