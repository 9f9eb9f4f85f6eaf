"""An import that is killed half-way leaves nothing, and can simply be done again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from config import ROOT, Config
from tests.factories import People

ROWS = 60
MEMBERS = "username,name,branch\n" + "".join(f"m{n},Member {n},Head office\n" for n in range(ROWS))
QUESTIONS = "\n".join(f"::q{n}:: Is {n} a number? {{TRUE}}\n" for n in range(ROWS))
# Kills itself (kill -9) at one of the statements that write, or when all is about to be committed.
KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
point, *command = sys.argv[1:]
written = []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "after_cursor_execute")
def writes(connection, cursor, statement, *rest):
    if statement.lstrip().upper().startswith(("INSERT", "UPDATE")):
        written.append(statement)
        if point == "writing" and len(written) == 3:
            die()

@event.listens_for(Engine, "commit")
def commits(connection):
    if point == "commit" and written:
        die()

from wsgi import app
app.cli.main(command, prog_name="flask")
"""


@pytest.mark.parametrize(
    ("command", "name", "text", "table"),
    [
        (["members", "import"], "members.csv", MEMBERS, "member"),
        (["questions", "import"], "questions.gift", QUESTIONS, "question"),
    ],
)
def test_a_killed_import_leaves_nothing_and_is_done_again(
    tmp_path: Path,
    config: Config,
    people: People,
    command: list[str],
    name: str,
    text: str,
    table: str,
) -> None:
    people.member(role="administrator", branch=people.root)
    database = config.instance_dir / "weike.sqlite"
    (tmp_path / name).write_text(text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")}
    environment |= {
        "WEIKE_SECRET_KEY": "test-" * 10,
        "WEIKE_INSTANCE_DIR": str(config.instance_dir),
        "WEIKE_MEDIA_DIR": str(config.media_dir),
        "WEIKE_SEARCH_DIR": str(config.search_dir),
    }

    def run(point: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", KILLED, point, *command, str(tmp_path / name)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def counted() -> int:
        with closing(sqlite3.connect(database)) as file:
            return int(file.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    before = counted()
    for point in ("writing", "commit"):
        killed = run(point)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert counted() == before
    again = run("nowhere")
    assert again.returncode == 0, again.stderr
    assert counted() == before + ROWS
