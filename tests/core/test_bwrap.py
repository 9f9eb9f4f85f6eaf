"""A child in a cell sees the files it was given; where there is no cell, its other limits hold."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from app.core import bwrap
from app.core.bwrap import Cell
from app.core.child import Leash, Outcome, run

LEASH = Leash(wall=30, cpu=20, offline=True)
needed = pytest.mark.skipif(bool(bwrap.why_not("sh")), reason=bwrap.why_not("sh") or "it is there")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A file that a child is given; beside it one that it is not, and a folder to write in."""
    (tmp_path / "private").write_text("PRIVATE")
    (tmp_path / "out").mkdir()
    path = tmp_path / "given"
    path.write_text("GIVEN")
    return path


def shell(given: Path, script: str, leash: Leash = LEASH) -> tuple[Outcome, list[str]]:
    lines: list[str] = []
    out = given.parent / "out"
    cell = Cell((given,), (out,))
    return run(["sh", "-c", script], leash, cwd=out, on_line=lines.append, cell=cell), lines


@needed
def test_a_child_in_a_cell_reads_what_it_was_given_and_nothing_else(given: Path) -> None:
    outcome, lines = shell(given, f"cat {given}; echo; echo done > made; ls {given.parent} /home /")
    assert "GIVEN" in lines
    assert (given.parent / "out" / "made").read_text() == "done\n"
    assert "private" not in lines
    assert not {"root", "home", "proc", "var"} & set(lines)
    for forbidden in (f"cat {given.parent}/private", "cat /etc/passwd", f"echo x > {given}"):
        outcome, lines = shell(given, forbidden)
        assert not outcome.good, forbidden
        assert lines == []
    assert given.read_text() == "GIVEN"


@needed
def test_a_child_in_a_cell_has_no_network(given: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = f"127.0.0.1:{server.getsockname()[1]}"
        ask = f'exit !IO::Socket::INET->new(PeerAddr => "{peer}", Timeout => 5)'
        command = ["perl", "-MIO::Socket::INET", "-e", ask]
        outside = run(command, Leash(wall=30, cpu=20))
        inside = run(command, LEASH, cell=Cell((given,)))
    assert (outside.good, inside.good) == (True, False)


@needed
def test_how_a_child_in_a_cell_ended_is_told_as_without_one(given: Path) -> None:
    assert shell(given, "exit 3")[0].code == 3
    assert shell(given, "kill -SEGV $$")[0].code == -11
    burnt, _ = shell(given, "while :; do :; done", Leash(wall=60, cpu=1))
    assert burnt.timed_out
    slept, _ = shell(given, "trap '' TERM; sleep 60", Leash(wall=1, cpu=20))
    assert slept.timed_out


@needed
def test_what_cannot_be_put_into_a_cell_runs_without_one(given: Path) -> None:
    """But a child that only says so is not believed."""
    lines: list[str] = []
    cell = Cell((given.parent / "never there",))
    outcome = run(["cat", str(given)], LEASH, on_line=lines.append, cell=cell)
    assert (outcome.good, lines) == (True, ["GIVEN"])
    liar = f"echo 'bwrap: no' >&2; cat {given.parent}/private; exit 1"
    outcome, lines = shell(given, liar)
    assert (outcome.good, lines) == (False, [])


def test_without_bubblewrap_the_other_limits_hold(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that has the programs, but not that one."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("sh", "cat"):
        (path / name).symlink_to(Path(str(shutil.which(name))).resolve())
    monkeypatch.setenv("PATH", str(path))
    assert bwrap.why_not("sh") == "bubblewrap is not installed"
    outcome, lines = shell(given, f"cat {given}")
    assert (outcome.good, lines) == (True, ["GIVEN"])
    burnt, _ = shell(given, "while :; do :; done", Leash(wall=60, cpu=1))
    assert burnt.timed_out


def test_a_bubblewrap_that_does_not_work_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose kernel allows no namespaces."""
    path = tmp_path / "bin"
    path.mkdir()
    broken = path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{os.environ['PATH']}")
    assert "No permissions" in bwrap.why_not("sh")
    assert run(["sh", "-c", "exit 0"], LEASH, cell=Cell()).good
