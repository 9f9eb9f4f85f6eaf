"""Copy everything that cannot be made again to a folder: `make backup TO=/mnt/weike`.

Weike may go on serving meanwhile. The database is taken first, by SQLite's own backup: a file that
it names and that is deleted afterwards is the only thing that can be missing. Repeated into the
same folder, only what changed is copied, and what was deleted goes from the copy, too.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from config import BadSetting, Config

SQLITE = "sqlite:///"
MARK = "weike-backup"  # a file that says that the folder is one of ours and may be tidied
MADE_AGAIN = ("queue.sqlite", "limits.sqlite", "serving.lock")  # in the instance folder
TURNS = "-turns"  # beside the database: who writes next
UNFINISHED = ".copying~"


class NotPossible(Exception):
    """Why nothing was copied, in one sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Copy what cannot be made again to a folder.")
    parser.add_argument("folder", type=Path)
    try:
        copied, kept = back_up(Config.from_env(), parser.parse_args().folder.expanduser())
    except (BadSetting, NotPossible, OSError, sqlite3.Error) as error:
        print(f"No backup: {error}", file=sys.stderr)
        return 1
    print(f"The backup is complete: {copied} files copied, {kept} were there already.")
    return 0


def back_up(config: Config, folder: Path) -> tuple[int, int]:
    """How many files were copied, and how many were in the folder already, unchanged."""
    if not config.database.startswith(SQLITE):
        raise NotPossible(
            "the database is PostgreSQL. Take it with pg_dump, then copy the folders "
            f"{config.instance_dir} and {config.media_dir}."
        )
    database = Path(config.database.removeprefix(SQLITE))
    if not database.exists():
        raise NotPossible(f"there is no database at {database}.")
    folder = folder.resolve()
    for source in (config.instance_dir.resolve(), config.media_dir.resolve()):
        if folder.is_relative_to(source):
            raise NotPossible(f"{folder} lies inside {source}. Choose a folder elsewhere.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the key of the ledger will lie there
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise NotPossible(f"{folder} holds other things. Choose an empty folder, or a new one.")
    with (folder / MARK).open("a", encoding="ascii") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible("another one is being made in this folder.") from None
        return _take(config, database, folder)


def _take(config: Config, database: Path, folder: Path) -> tuple[int, int]:
    (folder / "instance").mkdir(exist_ok=True)
    _copy_database(database, folder / "instance" / database.name)
    left_out = {database.name + end for end in ("-wal", "-shm", TURNS)}
    left_out |= {name + end for name in MADE_AGAIN for end in ("", "-wal", "-shm", "-journal")}
    tally = [0, 0]
    for source, name, skip in (
        (config.instance_dir, "instance", left_out | {database.name}),
        (config.media_dir, "media", set()),
    ):
        _mirror(source, folder / name, skip, tally, keep={database.name} & skip)
    return tally[0] + 1, tally[1]


def _copy_database(source: Path, target: Path) -> None:
    part = target.with_name(target.name + UNFINISHED)
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)  # as it is at this moment; in WAL mode others may write meanwhile
        (whole,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if whole != "ok":
        raise NotPossible(f"the copy of the database is not whole ({whole}).")
    part.replace(target)


def _mirror(
    source: Path, target: Path, skip: set[str], tally: list[int], *, keep: set[str]
) -> None:
    """Make `target` like `source`, without the names of its first level in `skip`."""
    wanted, found = set(keep), list(_files(source))
    if not found and any(_files(target)):
        raise NotPossible(f"{source} is empty, but its copy is not. Is a disk missing?")
    for path in found:
        inner = path.relative_to(source)
        if str(inner) in skip:
            continue
        copy = target / inner
        try:
            now = path.stat()
            if _is_the_same(now, copy):
                tally[1] += 1
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                part = copy.with_name(copy.name + UNFINISHED)
                shutil.copy2(path, part)
                part.replace(copy)
                tally[0] += 1
        except FileNotFoundError:
            continue  # it went meanwhile
        wanted.add(str(inner))
    for path in list(_files(target)):
        if str(path.relative_to(target)) not in wanted:
            path.unlink()


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
