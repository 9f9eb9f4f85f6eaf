"""Put a backup in the place of what is there: `make restore BACKUP=/mnt/weike`.

Weike must not run meanwhile. Everything is made ready beside what is there: copied and compared
with the backup's list, brought to this version, its ledger proved. Only then do names change, and
what was there before is kept aside. Whatever is wrong is said in one sentence, and nothing has
changed. Who is cut off while names change calls `make restore` once more, and it is brought to its
end; until then Weike does not start.
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
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from config import ROOT, BadSetting, Config
from scripts import dump
from scripts.backup import (
    ASIDE,
    FORMAT,
    LIST,
    MADE_AGAIN,
    MARK,
    RESTORING,
    TURNS,
    UNFINISHED_MARK,
    Entry,
    NotPossible,
    copied,
    digest_of,
    mark_of,
    sqlite_file,
)

FOLDERS = ("instance", "media")  # of a backup
STAYS = ("serving.lock", "in-use.lock")  # in the instance folder: we hold them


@dataclass(frozen=True)
class Backup:
    """What the list of a backup says; without a list, what lies in its folder."""

    folder: Path
    made: str
    migration: str
    database: str  # its file within the folder
    is_sqlite: bool
    files: dict[str, Entry]
    has_list: bool


def main() -> int:
    parser = argparse.ArgumentParser(description="Put a backup in the place of what is there.")
    parser.add_argument("backup", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true", help="compare it with its list, no more")
    parser.add_argument(
        "--anyway", action="store_true", help="though it has no list, or a ledger that is broken"
    )
    options = parser.parse_args()
    folder = options.backup.expanduser() if options.backup else None
    config = None
    try:
        config = Config.from_env()
        if options.check:
            if folder is None:
                raise NotPossible("say which backup: make restore BACKUP=/mnt/weike CHECK=yes")
            print(check(config, folder))
        else:
            secret = os.environ.get("WEIKE_SECRET_KEY", "")
            print(restore(config, folder, secret=secret, anyway=options.anyway))
    except (BadSetting, NotPossible, dump.NotDone, OSError, sqlite3.Error) as error:
        if config and isinstance(error, OSError) and config.restore_path.exists():
            print(
                f"The restore was cut off: {error}. Mend that, then call `make restore` again; "
                "until then Weike does not start.",
                file=sys.stderr,
            )
        else:
            print(f"Nothing was restored: {error}", file=sys.stderr)
        return 1
    return 0


def check(config: Config, folder: Path) -> str:
    """Compare a backup with its list; also while Weike serves."""
    database = sqlite_file(config)
    found = _read(folder, database is not None, anyway=False)
    for name, entry in found.files.items():
        _compare(found.folder, name, entry, digest_of(found.folder / name))
    if found.is_sqlite:
        _look_into(found.folder / found.database)
    return f"This backup is whole: {_said(found)}."


def restore(config: Config, folder: Path | None, *, secret: str = "", anyway: bool = False) -> str:
    """Restore, or end what was cut off; what to tell the operator. Raises NotPossible.

    `secret` is the key that signs the ledger, where it does not lie in the instance folder.
    """
    config.instance_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    config.media_dir.mkdir(parents=True, exist_ok=True)
    database = sqlite_file(config)
    with _alone(config, database):
        if config.restore_path.exists():
            aside = _put_in_place(config)
            return f"The restore that was cut off is at its end now. {_where(aside)}"
        if folder is None:
            raise NotPossible("say which backup: make restore BACKUP=/mnt/weike")
        found = _read(folder, database is not None, anyway=anyway)
        name = database.name if database else dump.FILE
        if database is None:
            dump.refuse_unless_empty(config.database)
        _separate(config, found.folder)
        places = [config.instance_dir, config.media_dir]
        try:
            _copy(found, config, name)
            proof = _bring_up(found, config, name, secret, anyway=anyway)
            if database and database.parent != config.instance_dir.resolve():
                places.append(database.parent)
                _new(database.parent).mkdir(mode=0o700, parents=True)
                waiting = _new(config.instance_dir) / database.name
                shutil.move(waiting, _new(database.parent) / database.name)
            _plan(config, places, database)
        except BaseException as error:
            for place in places:
                shutil.rmtree(place / RESTORING, ignore_errors=True)
            if database is None and isinstance(error, Exception):
                _say_if_filled(config, error)
            raise
        aside = _put_in_place(config)
    return (
        f"Restored: {_said(found)}. {proof} {_where(aside)} "
        "Now start Weike; it builds the search index anew."
    )


def _say_if_filled(config: Config, error: Exception) -> None:
    """PostgreSQL is filled before it can be proved: what failed must not leave that unsaid."""
    try:
        dump.refuse_unless_empty(config.database)
    except dump.NotDone:
        raise NotPossible(
            f"{error} The new database is filled already: make it again (dropdb, createdb) before "
            "you try once more or start Weike."
        ) from error


# --- who else is there ---------------------------------------------------------------------------


@contextmanager
def _alone(config: Config, database: Path | None) -> Iterator[None]:
    """Nobody has the data open, and nobody may until this is over."""
    with (
        (config.instance_dir / "serving.lock").open("a+", encoding="ascii") as serving,
        os.fdopen(os.open(config.in_use_path, os.O_RDONLY | os.O_CREAT, 0o644), "rb") as in_use,
    ):
        try:
            fcntl.flock(serving, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            serving.seek(0)
            where = serving.read().strip()
            raise NotPossible(f"Weike is running, at {where}. Stop it first.") from None
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotPossible(
                "Weike is running (its pages, its worker or one of its commands). Stop it first, "
                "for example: systemctl stop weike-web weike-worker"
            ) from None
        if database and database.exists():
            _refuse_while_open(database)
        yield


def _refuse_while_open(database: Path) -> None:
    """Another program may have the file open, too; afterwards its log stands in the file."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(database, timeout=0)) as link:
        try:
            link.execute("PRAGMA locking_mode = EXCLUSIVE")
            link.execute("BEGIN EXCLUSIVE")
            link.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise NotPossible(f"another program has {database} open. End it first.") from None
            # A broken database is a good reason for a restore.


def _separate(config: Config, backup: Path) -> None:
    here, media = config.instance_dir.resolve(), config.media_dir.resolve()
    if here.is_relative_to(media) or media.is_relative_to(here):
        raise NotPossible(
            f"{here} and {media} lie within one another; put the backup back by hand."
        )
    for own in (here, media):
        if backup.is_relative_to(own) or own.is_relative_to(backup):
            raise NotPossible(f"the backup {backup} and {own} lie within one another.")


# --- the backup ----------------------------------------------------------------------------------


def _read(folder: Path, is_sqlite: bool, *, anyway: bool) -> Backup:
    """What a folder says of itself, as far as that can be believed. Raises NotPossible."""
    folder = folder.resolve()
    if not (folder / MARK).is_file():
        raise NotPossible(f"{folder} is no backup of Weike.")
    mark = mark_of(folder)
    if mark == UNFINISHED_MARK.strip():
        raise NotPossible(f"the backup {folder} was not finished. Take another one.")
    if not mark and not (folder / LIST).exists():
        if not anyway:
            raise NotPossible(
                f"the backup {folder} has no list of its files: an older Weike made it. "
                "ANYWAY=yes restores it; then only its database is looked at."
            )
        found = _without_list(folder)
    else:
        found = _with_list(folder, mark)
    if is_sqlite != found.is_sqlite:
        kinds = ("SQLite", "PostgreSQL") if not is_sqlite else ("PostgreSQL", "SQLite")
        raise NotPossible(
            f"the backup is of {kinds[0]}, and this Weike keeps its data in {kinds[1]}."
        )
    if found.migration and found.migration not in _migrations():
        raise _too_new(found.migration)
    _only_these(found)
    return found


def _too_new(migration: str) -> NotPossible:
    return NotPossible(
        f"the backup is of a newer Weike (its migration {migration} is not here). "
        "Update Weike, or take a backup of this version."
    )


def _migrations() -> set[str]:
    return {path.name[:4] for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py")}


def _with_list(folder: Path, mark: str) -> Backup:
    try:
        text = (folder / LIST).read_bytes()
    except FileNotFoundError:
        raise NotPossible(f"the backup {folder} has lost {LIST}, the list of its files.") from None
    if hashlib.sha256(text).hexdigest() != mark:
        raise NotPossible(f"{LIST} in the backup was changed: it is not the one of {MARK}.")
    try:
        said: dict[str, Any] = json.loads(text)
        if said["format"] > FORMAT:
            raise NotPossible("a newer Weike made this backup. Update Weike first.")
        files: dict[str, Entry] = {name: tuple(entry) for name, entry in said["files"].items()}
        database = str(said["database"]["file"])
        is_sqlite = said["database"]["kind"] == "sqlite"
        made, migration = str(said["made"]), str(said["migration"])
        found = Backup(folder, made, migration, database, is_sqlite, files, True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotPossible(f"{LIST} in the backup cannot be read ({error}).") from error
    for name in (*files, database):
        path = PurePosixPath(name)
        is_plain = len(path.parts) > 1 and path.parts[0] in FOLDERS and ".." not in path.parts
        if not is_plain or str(path) != name or path.parts[1].startswith((ASIDE, RESTORING)):
            raise NotPossible(f"{LIST} in the backup names {name}, which is no place of Weike's.")
    if database not in files:
        raise NotPossible(f"{LIST} in the backup leaves out the database.")
    return found


def _without_list(folder: Path) -> Backup:
    files, databases = {}, []
    for path in _below(folder):
        name = path.relative_to(folder).as_posix()
        there = path.stat()
        files[name] = (there.st_size, there.st_mtime_ns, "")
        if path.parent == folder / "instance" and path.suffix == ".sqlite":
            databases.append(name)
    if len(databases) != 1:
        raise NotPossible(f"there is not one database in {folder / 'instance'}.")
    made = datetime.fromtimestamp((folder / databases[0]).stat().st_mtime, UTC)
    return Backup(folder, made.isoformat(timespec="seconds"), "", databases[0], True, files, False)


def _below(folder: Path) -> Iterator[Path]:
    for below in FOLDERS:
        for where, _folders, names in os.walk(folder / below):
            yield from (Path(where) / name for name in names)


def _only_these(found: Backup) -> None:
    """Every file of the list is there in its length, and no other one."""
    for name, (size, _, _) in found.files.items():
        path = found.folder / name
        if path.is_symlink() or not path.is_file():
            raise NotPossible(f"{name} is missing in the backup.")
        there = path.stat().st_size
        if there < size:
            raise NotPossible(
                f"{name} in the backup is cut off: {there} of {size} bytes are there."
            )
        if there != size:
            raise NotPossible(f"{name} in the backup was changed.")
    for path in _below(found.folder):
        name = path.relative_to(found.folder).as_posix()
        if name not in found.files:
            raise NotPossible(f"{name} in the backup is not in its list: somebody put it there.")


def _compare(folder: Path, name: str, entry: Entry, digest: str) -> None:
    if entry[2] and digest != entry[2]:
        raise NotPossible(f"{name} in the backup was changed: it is not what was copied then.")


def _look_into(database: Path) -> str:
    """The migration of a database that is whole, and Weike's."""
    try:
        # Nobody writes it, and nothing may be left beside it.
        address = f"file:{quote(str(database))}?immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as link:
            (whole,) = link.execute("PRAGMA integrity_check(1)").fetchone()
            (migration,) = link.execute("SELECT version_num FROM alembic_version").fetchone()
            link.execute("SELECT count(*) FROM member").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise NotPossible(
            f"{database.name} in the backup is no database of Weike ({error})."
        ) from error
    if whole != "ok":
        raise NotPossible(f"{database.name} in the backup is not whole ({whole}).")
    if migration not in _migrations():
        raise _too_new(migration)
    return str(migration)


def _said(found: Backup) -> str:
    sure = f"fingerprint {mark_of(found.folder)}" if found.has_list else "without a list"
    return f"the backup of {found.made}, {len(found.files)} files, {sure}"


# --- beside what is there ------------------------------------------------------------------------


def _new(place: Path) -> Path:
    return place / RESTORING / "new"


def _copy(found: Backup, config: Config, database: str) -> None:
    """All files to where they wait, each compared on its way."""
    roots = {"instance": config.instance_dir, "media": config.media_dir}
    for below, root in roots.items():
        shutil.rmtree(root / RESTORING, ignore_errors=True)  # of one that was cut off early
        needed = sum(e[0] for name, e in found.files.items() if name.startswith(f"{below}/"))
        free = shutil.disk_usage(root).free
        if needed > free:
            raise NotPossible(
                f"{root} has no room for it beside what is there: {needed} bytes are needed, "
                f"{free} are free."
            )
        _new(root).mkdir(mode=0o700, parents=True)
    for name, entry in found.files.items():
        below, _, inner = name.partition("/")
        if below == "instance" and inner in MADE_AGAIN:
            continue
        target = _new(roots[below]) / (database if name == found.database else inner)
        target.parent.mkdir(parents=True, exist_ok=True)
        _compare(found.folder, name, entry, copied(found.folder / name, target))
    if not found.files or not (_new(config.instance_dir) / database).exists():
        raise NotPossible("there is no database in the backup.")


def _bring_up(found: Backup, config: Config, database: str, secret: str, *, anyway: bool) -> str:
    """Migrate what waits, prove its ledger, have its search index made; what to say of that."""
    from flask_migrate import upgrade

    from app import create_app
    from app.core import jobs
    from app.core.db import db, unit_of_work
    from app.points import queries as points
    from app.points import service as pointing
    from app.points.rules import ledger_key

    new = _new(config.instance_dir)
    before = _look_into(new / database) if found.is_sqlite else found.migration
    with suppress(FileNotFoundError):
        secret = secret or (new / "secret.key").read_text(encoding="ascii").strip()
    own = config.instance_dir / "secret.key"
    if not secret and own.exists():
        shutil.copy2(own, new / "secret.key")  # the backup has none: the one that proves it stays
    waiting = replace(
        config,
        secret_key=secret or config.secret_key,
        instance_dir=new,
        media_dir=_new(config.media_dir),
        search_dir=new.parent / "search",
        database_url=f"sqlite:///{new / database}" if found.is_sqlite else config.database,
    )
    if not found.is_sqlite:
        dump.read(config.database, new / database)
        (new / database).unlink()
    app = create_app(waiting)
    with app.app_context():
        try:
            upgrade()
        except Exception as error:
            raise NotPossible(
                f"the database in the backup, of migration {before}, could not be brought to this "
                f"version ({type(error).__name__}: {error})."
            ) from error
        weike = app.extensions["weike"]
        key = ledger_key(weike.secret_key)
        proof = points.prove(key, weike.zone)
        if proof.breaks and all(one.kind == "standings" for one in proof.breaks):
            with unit_of_work():
                pointing.rebuild(weike.zone)
            proof = points.prove(key, weike.zone)
        with unit_of_work():
            jobs.enqueue("search.rebuild", key="search.rebuild")
        db.session.remove()
        db.engine.dispose()
    app.extensions["in_use"]()
    for name in (*MADE_AGAIN, database + TURNS):
        for end in ("", "-wal", "-shm", "-journal"):
            (new / (name + end)).unlink(missing_ok=True)
    after = max(_migrations())
    brought = f"It was of migration {before} and is of {after} now. " if before != after else ""
    if not proof.breaks:
        return (
            f"{brought}Its ledger is whole: {proof.entries} entries of {proof.members} members, "
            f"{proof.points} points."
        )
    first = proof.breaks[0]
    why = f"{first.kind}, {first.text}"
    if sum(one.kind == "edited" and one.seq == 1 for one in proof.breaks) == proof.members:
        why += "; most likely it was written with another WEIKE_SECRET_KEY"
    if not anyway:
        raise NotPossible(
            f"the ledger in the backup is broken ({why}). ANYWAY=yes restores it as it is."
        )
    return f"{brought}Its ledger is BROKEN ({why}): see `flask points verify`."


# --- in place ------------------------------------------------------------------------------------


def _plan(config: Config, places: list[Path], database: Path | None) -> None:
    """Write down which names will change; from then on it is brought to its end."""
    aside = named = f"{ASIDE}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    again = 1
    while any((place / aside).exists() for place in places):
        again += 1
        aside = f"{named}-{again}"
    elsewhere, own = None, set()
    if database and database.parent != config.instance_dir.resolve():
        elsewhere = database.parent  # other things may lie there, too
        own = {database.name + end for end in ("", "-wal", "-shm", TURNS)}
    plan: dict[str, Any] = {"aside": aside, "search": str(config.search_dir), "places": []}
    for place in places:
        _belong(place)
        old = [
            name
            for name in sorted(path.name for path in place.iterdir())
            if (place != elsewhere or name in own)
            and not name.startswith((ASIDE, RESTORING, ".git"))
            and name not in STAYS
        ]
        new = sorted(path.name for path in _new(place).iterdir())
        plan["places"].append({"folder": str(place), "old": old, "new": new})
    os.sync()
    part = config.restore_path.with_suffix(".part")
    part.write_text(json.dumps(plan), encoding="utf-8")
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(config.restore_path)


def _belong(place: Path) -> None:
    """To who owns the folder, when root restores."""
    owner = place.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        locks = [place / name for name in STAYS if (place / name).exists()]
        for path in (place / RESTORING, *(place / RESTORING).rglob("*"), *locks):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _put_in_place(config: Config) -> list[Path]:
    """Change the names of a plan that are not changed yet; where the old ones are now."""
    plan = json.loads(config.restore_path.read_text(encoding="utf-8"))
    kept = []
    for place in plan["places"]:
        folder = Path(place["folder"])
        aside, new = folder / plan["aside"], _new(folder)
        for name in place["old"]:
            if not os.path.lexists(aside / name) and os.path.lexists(folder / name):
                aside.mkdir(mode=0o700, exist_ok=True)
                (folder / name).rename(aside / name)
        for name in place["new"]:
            if os.path.lexists(new / name):
                (new / name).rename(folder / name)
        if aside.exists():
            kept.append(aside)
    search = Path(plan["search"])
    for path in search.iterdir() if search.is_dir() else ():
        if path.name != ".gitkeep":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    os.sync()
    config.restore_path.unlink()
    for place in plan["places"]:
        shutil.rmtree(Path(place["folder"]) / RESTORING, ignore_errors=True)
    return kept


def _where(aside: list[Path]) -> str:
    if not aside:
        return "There was nothing here before."
    where = " and ".join(str(path) for path in aside)
    return f"What was here before lies in {where}: delete it when all is well."


if __name__ == "__main__":
    sys.exit(main())
