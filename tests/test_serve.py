"""`make run`'s last step: serving, a second start, and an end that leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app import create_app
from app.core.db import unit_of_work
from app.media import service as media
from config import ROOT, Config
from scripts import serve
from tests.conftest import make_config
from tests.factories import People
from tests.live import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]
LONG = 120  # seconds that a busy machine may take to start


def belonging_to(folder: Path) -> dict[int, str]:
    """The processes that work below a folder, by their command line or their environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            mark = os.fsencode(folder)
            if mark in command or mark in (entry / "environ").read_bytes():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode()[:80]
        except OSError:  # ended meanwhile, or not ours to read
            continue
    return found


def wait_for(what: str, done, seconds: float = LONG) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"no {what} after {seconds} s"
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def served(config: Config) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """What `make run DEMO=no` starts, once it answers; its output is in serve.log."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")},
        "WEIKE_SECRET_KEY": config.secret_key,
        "WEIKE_INSTANCE_DIR": str(config.instance_dir),
        "WEIKE_MEDIA_DIR": str(config.media_dir),
        "WEIKE_SEARCH_DIR": str(config.search_dir),
    }
    command = [sys.executable, "-m", "scripts.serve", "--port", str(port), "--no-demo"]
    # Tests that run under nohup hand on that SIGHUP is not heard.
    command = ["env", "--default-signal=HUP", *command]
    with (config.instance_dir.parent / "serve.log").open("wb") as log:
        serving = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for("answer", lambda: answers(port))
            yield serving, port
        finally:
            if serving.poll() is None:
                os.killpg(serving.pid, signal.SIGKILL)
                serving.wait()


def test_a_killed_worker_starts_again_and_pages_stay(tmp_path: Path) -> None:
    """From nothing, too: the first administrator's password is said, once."""

    def workers() -> set[int]:
        return {pid for pid, name in belonging_to(tmp_path).items() if "huey_consumer" in name}

    config = make_config(tmp_path)
    with served(config) as (serving, port):
        wait_for("worker", workers)
        before = workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for("another worker", lambda: workers() - before)
        assert answers(port)
        os.killpg(serving.pid, signal.SIGINT)
        assert serving.wait(timeout=LONG) == 0
        wait_for("end of every process", lambda: not belonging_to(tmp_path), 10)
    output = (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert output.count("Password:") == 1
    with served(config):
        assert "Password:" not in (tmp_path / "serve.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_the_end_leaves_no_process_behind(
    tmp_path: Path, migrated: Path, sign: signal.Signals
) -> None:
    config = make_config(tmp_path)
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    trainer = People(app).member(role="trainer")
    long_enough = tmp_path / "long.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=5:d=120"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", str(long_enough)),
        ],
        check=True,
    )
    with app.app_context(), unit_of_work():
        media.import_file(long_enough, owner_id=trainer, filename="long.mp4")
    with served(config) as (serving, port):
        wait_for("ffmpeg", lambda: "ffmpeg" in " ".join(belonging_to(tmp_path).values()))
        # A terminal's Ctrl-C and its closing reach the whole foreground group.
        (os.kill if sign is signal.SIGKILL else os.killpg)(serving.pid, sign)
        serving.wait(timeout=LONG)
        wait_for("end of every process", lambda: not belonging_to(tmp_path), 10)
    output = (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert f"Weike is at http://127.0.0.1:{port}" in output
    assert "Traceback" not in output


def test_a_second_start_does_not_load_the_application_to_see_that_all_is_there(
    tmp_path: Path, migrated: Path
) -> None:
    config = make_config(tmp_path)
    assert not serve._is_prepared(config, with_demo=False)
    config.instance_dir.mkdir()
    database = config.instance_dir / "weike.sqlite"
    shutil.copy(migrated, database)
    assert serve._is_prepared(config, with_demo=False)
    assert not serve._is_prepared(config, with_demo=True)
    serve._demo_note(config).touch()
    assert serve._is_prepared(config, with_demo=True)
    with closing(sqlite3.connect(database)) as older, older:
        older.execute("UPDATE alembic_version SET version_num = '0000'")
    assert not serve._is_prepared(config, with_demo=True)
    asked = "import sys, scripts.serve; sys.exit('app' in sys.modules)"
    subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=True)


@pytest.mark.parametrize("left", [60, 4096, 0.5, 0.99])
def test_a_database_that_was_cut_off_is_refused_and_left_alone(
    tmp_path: Path, migrated: Path, left: float
) -> None:
    config = make_config(tmp_path)
    assert serve._cut_off(config) == ""  # there is none yet
    config.instance_dir.mkdir()
    database = config.instance_dir / "weike.sqlite"
    whole = migrated.read_bytes()
    database.write_bytes(whole)
    assert serve._cut_off(config) == ""
    part = whole[: int(left if left > 1 else left * len(whole))]
    database.write_bytes(part)
    refusal = serve._cut_off(config)
    assert f"is cut off: {len(part)} of " in refusal
    assert "restore it from a backup" in refusal
    assert database.read_bytes() == part
    # What is missing may stand in the log beside it: after a power cut, not in a copy.
    database.with_name("weike.sqlite-wal").touch()
    assert serve._cut_off(config) == ""


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path, migrated: Path) -> None:
    config = make_config(tmp_path)
    config.instance_dir.mkdir()
    database = config.instance_dir / "weike.sqlite"
    shutil.copy(migrated, database)
    with closing(sqlite3.connect(database)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9876'")
    assert not serve._is_prepared(config, with_demo=False)
    refusal = serve._prepare(config, with_demo=False)
    assert "newer Weike (its migration 9876 is not here)" in refusal
    with closing(sqlite3.connect(database)) as newer:
        assert newer.execute("SELECT version_num FROM alembic_version").fetchall() == [("9876",)]
        assert newer.execute("SELECT count(*) FROM member").fetchone() == (0,)


def test_one_instance_is_served_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_config(tmp_path)
    config.instance_dir.mkdir()
    monkeypatch.setenv("WEIKE_BASE_URL", "http://127.0.0.1:8765")
    first = serve.only_here(config)
    second = serve.only_here(config)
    assert isinstance(second, str)
    assert f"running already, at http://127.0.0.1:8765 (process {os.getpid()})" in second
    first.close()
    third = serve.only_here(config)
    assert not isinstance(third, str)
    third.close()


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "scripts.serve", "--port", str(port)],
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")},
                "WEIKE_SECRET_KEY": "test-" * 10,
                "WEIKE_INSTANCE_DIR": str(tmp_path / "instance"),
            },
            capture_output=True,
            check=False,
            text=True,
            timeout=LONG,
        )
    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr
    assert refused.stderr.count("\n") == 1
