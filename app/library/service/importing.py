"""Taking documents from folders: by a command, or from the folder that the worker watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.core import clock
from app.core.db import unit_of_work
from app.core.refusals import Refusal
from app.library.service.collections import collection_at
from app.library.service.documents import add, receive
from app.members.rules import Reader

TAKEN, REFUSED = ".taken", ".refused"
STILL_SECONDS = 20.0  # a file that changed lately may still be being copied
MOST_AT_ONCE = 100


def take(path: Path, folders: Sequence[str], owner: Reader) -> None:
    """Make a document of a file, in the collection that `folders` lead to.

    A transaction of its own, since the file is read before it. Raises what receive and add raise.
    """
    with path.open("rb") as file:
        arrived, kind = receive(file, length=path.stat().st_size, filename=path.name)
    try:
        with unit_of_work():
            place = collection_at(folders)
            add(arrived, kind, owner=owner, filename=path.name, collection_id=place)
    finally:
        arrived.path.unlink(missing_ok=True)


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder by name, without hidden ones and without what links lead to."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts) or path.is_symlink():
            continue
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            yield path


def empty_inbox(folder: Path, owner: Reader) -> int:
    """Take what lies still in a folder; returns how many documents were made.

    Files are moved to .taken, or to .refused with the reason in a text beside them.
    """
    taken = 0
    for count, path in enumerate(files_below(folder)):
        if count == MOST_AT_ONCE:
            break
        if clock.epoch() - path.stat().st_mtime < STILL_SECONDS:
            continue
        inside = path.relative_to(folder)
        try:
            take(path, inside.parts[:-1], owner)
        except Refusal as refusal:
            kept = _put_away(path, folder / REFUSED / inside)
            kept.with_name(f"{kept.name}.txt").write_text(f"{refusal}\n", encoding="utf-8")
        else:
            _put_away(path, folder / TAKEN / inside)
            taken += 1
    return taken


def _put_away(path: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return path.replace(to)
