"""A PostgreSQL of its own for a measurement or a test, when its programs are there.

WEIKE_POSTGRESQL names the folder of the programs where they are not found by themselves.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
from flask import Flask

from app.core.db import unit_of_work
from app.core.refusals import Refusal


def programs() -> Path | None:
    """Where PostgreSQL's programs are."""
    places = [os.environ.get("WEIKE_POSTGRESQL", ""), "/usr/local/bin"]
    places += [str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((Path(p) for p in places if p and (Path(p) / "initdb").exists()), None)


_numbers = count(1)
# Who waits for a lock for ever, or keeps one, fails by name.
_ENDS = ("lock_timeout=120s", "idle_in_transaction_session_timeout=120s")


@contextmanager
def database(server: str, *, like: str = "template1") -> Iterator[str]:
    """The address of a new database on a server, a copy of another one; gone afterwards."""
    base, name = server.rsplit("/", 1)[0], f"made{next(_numbers)}"
    with psycopg.connect(f"{base}/postgres".replace("+psycopg", ""), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE {like}".encode())
        try:
            yield f"{base}/{name}"
        finally:
            link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str | None]:
    """The address of an empty PostgreSQL of its own; None where its programs are missing.

    `options` are settings like "fsync=off".
    """
    found = programs()
    if found is None:
        yield None
        return
    data, port = folder / "pg", _free_port()
    folder.chmod(0o755)
    data.mkdir()
    as_user: list[str] = []
    if os.getuid() == 0:  # it refuses to run as root
        shutil.chown(data, "nobody")
        as_user = ["setpriv", "--reuid=nobody", "--clear-groups"]
    subprocess.run(
        [*as_user, found / "initdb", "-D", data, "-U", "weike", "-A", "trust", "-E", "UTF8"],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [
            *as_user,
            *(found / "postgres", "-D", data, "-p", str(port), "-k", data, "-h", "127.0.0.1"),
            *(part for option in (*_ENDS, *options) for part in ("-c", option)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(900):  # a minute and a half, on a machine with much else to do
            with suppress(psycopg.OperationalError):
                address = (
                    f"host=127.0.0.1 port={port} user=weike dbname=postgres connect_timeout=10"
                )
                with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
                    connection.execute("create database weike encoding 'UTF8'")
                break
            time.sleep(0.1)
        yield f"postgresql+psycopg://weike@127.0.0.1:{port}/weike"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once, whoever is connected; all is thrown away
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=30)


def meanwhile(app: Flask, address: str, doing: str, act: Callable[[], object]) -> object:
    """What `act` gives or raises when it begins before the statements in `doing` are committed."""
    ends: list[object] = []

    def run() -> None:
        try:
            with app.app_context(), unit_of_work():
                ends.append(act())
        except Refusal as refusal:
            ends.append(refusal)

    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    thread = threading.Thread(target=run)
    with psycopg.connect(address.replace("+psycopg", "")) as other:
        other.execute(doing.encode())
        thread.start()
        until = time.monotonic() + 60
        while other.execute(waits).fetchone() == (0,) and not ends and time.monotonic() < until:
            time.sleep(0.02)
    thread.join(timeout=60)
    return ends[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
