"""Start Weike on one machine: migrate, load the demo on the first run, serve web and worker.

`make run` calls this. Ctrl-C ends both processes and everything they started.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import multiprocessing
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import IO
from urllib.parse import quote

from honcho.manager import Manager
from honcho.process import Process

from config import ROOT, BadSetting, Config

THREADS = 16  # of one web process, for pages; scripts/patient.py has others for uploads
BIN = Path(sys.executable).parent
SQLITE = "sqlite:///"
EVERY_ADDRESS = {"0.0.0.0", "::"}
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SOON = 10.0  # seconds; who breaks before them would break again
PAUSE = 1.0  # seconds before a process starts again


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve Weike on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-demo", action="store_true", help="start empty")
    parser.add_argument("--only-prepare", action="store_true", help="migrate and load, then stop")
    options = parser.parse_args()
    shown = _address_of_this_machine() if options.host in EVERY_ADDRESS else options.host
    # What activation slips and their QR codes say: it must be an address that a phone can open.
    os.environ.setdefault("WEIKE_BASE_URL", f"http://{shown}:{options.port}")
    try:
        config = Config.from_env()
    except BadSetting as error:
        print(f"Weike cannot start: {error}", file=sys.stderr)
        return 1
    config.instance_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = only_here(config)
    if isinstance(lock, str):
        print(f"Weike cannot start: {lock}", file=sys.stderr)
        return 1
    if not options.only_prepare and not _port_is_free(options.host, options.port):
        print(
            f"Weike cannot start: port {options.port} is in use by another program. Stop that one, "
            f"or take another port: make run PORT={options.port + 1}",
            file=sys.stderr,
        )
        return 1
    refusal = _cut_off(config)
    if not refusal and not _is_prepared(config, with_demo=not options.no_demo):
        refusal = _prepare(config, with_demo=not options.no_demo)
    if refusal:
        print(f"Weike cannot start: {refusal}", file=sys.stderr)
        return 1
    if options.only_prepare:
        return 0
    return _serve(config, options.host, options.port)


def _address_of_this_machine() -> str:
    """The address that others in the network reach this machine by. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: nobody's address; only the route is asked
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def only_here(config: Config) -> IO[str] | str:
    """A lock on the instance for as long as this process lives, or why it cannot be had.

    Two workers on one queue, or two starts that migrate at once, would do everything twice.
    """
    lock = (config.instance_dir / "serving.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        other = lock.read().strip()
        lock.close()
        return f"it is running already, at {other}. Stop that one first."
    lock.truncate(0)
    lock.write(f"{os.environ['WEIKE_BASE_URL']} (process {os.getpid()})\n")
    lock.flush()
    return lock


def _cut_off(config: Config) -> str:
    """Whether SQLite's file is shorter than it says of itself (a copy that broke off); "" if not.

    SQLite would open it, and fail at the first page that is missing, after others were written.
    Page size and number of pages: https://www.sqlite.org/fileformat.html#the_database_header
    """
    path = Path(config.database.removeprefix(SQLITE))
    if not config.database.startswith(SQLITE) or not path.exists():
        return ""
    if path.with_name(f"{path.name}-wal").exists():
        return ""  # what is missing in the file may stand in its log: a power cut, no broken copy
    with path.open("rb") as file:
        header = file.read(100)
    length = path.stat().st_size
    size = int.from_bytes(header[16:18], "big")
    whole = (65536 if size == 1 else size) * int.from_bytes(header[28:32], "big")
    if not length or (len(header) == 100 and length >= whole):  # an empty file is a new database
        return ""
    return (
        f"the database {path} is cut off: {length} of {max(whole, 100)} bytes are there. "
        "Nothing was changed: restore it from a backup that is complete."
    )


def _migrations() -> set[str]:
    return {path.name[:4] for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py")}


def _is_prepared(config: Config, *, with_demo: bool) -> bool:
    """Whether nothing is to be done before serving; asked without loading the application.

    Loading it takes as long as everything else of a second start together. Only SQLite is asked
    in this way; any doubt means that the slow way is taken, which is always right.
    """
    if not config.database.startswith(SQLITE):
        return False
    path = Path(config.database.removeprefix(SQLITE))
    if not path.exists() or (with_demo and not _demo_note(config).exists()):
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            version = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return version == (max(_migrations()),)


def _demo_note(config: Config) -> Path:
    """A file that says that nothing of the demo is missing."""
    return config.instance_dir / "demo-is-complete"


def _prepare(config: Config, *, with_demo: bool) -> str:
    """Migrate, and load what is missing of the demo; what stops the start, or nothing."""
    from alembic.migration import MigrationContext
    from flask_migrate import upgrade
    from sqlalchemy.exc import SQLAlchemyError

    from app import create_app
    from app.core.db import db

    try:
        app = create_app(config)
        with app.app_context():
            with db.engine.connect() as database:
                there = MigrationContext.configure(database).get_current_heads()
            if unknown := set(there) - _migrations():
                return (
                    f"the database is of a newer Weike (its migration {max(unknown)} is not here). "
                    "Nothing was changed: update Weike, or restore a backup of this version."
                )
            upgrade()
    except BadSetting as error:  # a restore goes on, or was cut off
        return f"{error}."
    except (SQLAlchemyError, OSError) as error:
        return f"the database did not open ({error})."
    note = _demo_note(config)
    if with_demo:
        from scripts import demo

        if demo.ensure(app):
            note.touch()
            return ""
    note.unlink(missing_ok=True)
    if not with_demo:
        with app.app_context():  # says the password of the first administrator, once
            app.cli.main(["members", "create-admin", "--if-none"], standalone_mode=False)
    return ""


def _port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class _Tied(Process):
    """What honcho starts for each process; ends when we end, also by kill -9 or a closed terminal.

    honcho handles a polite end only, and stops everything when one process ends. Here a process
    that was killed, or broke after it had run for a while, is started again; the other serves on.
    """

    ending: Event  # set when everything is to end

    def run(self, events: object = None, ignore_signals: bool = False) -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        while True:
            begun = time.monotonic()
            super().run(events, ignore_signals)
            broke_at_once = time.monotonic() - begun < SOON and self._child.returncode > 0
            if not broke_at_once and not self.ending.wait(PAUSE):
                self._send_message(b"ended, starts again\n")
            if broke_at_once or self.ending.is_set():
                super()._send_message({"returncode": self._child.returncode}, type="stop")
                return

    def _send_message(self, data: object, type: str = "line") -> None:
        if type != "stop":  # honcho would end everything
            super()._send_message(data, type=type)


class _Manager(Manager):
    """honcho's manager with tied processes."""

    def __init__(self) -> None:
        super().__init__()
        self._process_ctor = _Tied
        self.ending = multiprocessing.Event()

    def add_process(self, name: str, cmd: str, **settings: object) -> None:
        super().add_process(name, cmd, **settings).ending = self.ending

    def terminate(self) -> None:
        self.ending.set()
        super().terminate()


def _tell_when_it_answers(host: str, port: int, url: str) -> None:
    """Say the address when it can be opened, not before."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if probe.connect_ex((here, port)) == 0:
                break
        time.sleep(0.1)
    print(f"\n  Weike is at {url}   (Ctrl-C ends it)\n", flush=True)


def _serve(config: Config, host: str, port: int) -> int:
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    manager = _Manager()
    tied = "exec setpriv --pdeathsig TERM"
    manager.add_process(
        "web",
        f"{tied} '{BIN}/gunicorn' wsgi:app --bind {host}:{port} "
        f"--worker-class scripts.patient.Worker --workers 1 --threads {THREADS} "
        "--graceful-timeout 5 --timeout 120 --no-control-socket --log-level warning "
        "--worker-tmp-dir /dev/shm",
        env=environment,
        cwd=str(ROOT),
    )
    manager.add_process(
        "worker",
        f"{tied} '{BIN}/huey_consumer' wsgi.huey --workers {config.short_threads} --quiet "
        "--worker-type thread --delay 0.2 --max-delay 1",
        env=environment,
        cwd=str(ROOT),
    )
    telling = (host, port, config.base_url)
    threading.Thread(target=_tell_when_it_answers, args=telling, daemon=True).start()
    manager.loop()
    # Ctrl-C is how one ends it, and no error that `make` should complain of.
    return 0 if manager.returncode == 128 + signal.SIGINT else int(manager.returncode or 0)


if __name__ == "__main__":
    sys.exit(main())
