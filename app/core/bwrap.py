"""bubblewrap: a child that sees the system's programs, the files it was given, and nothing else.

Where the machine has it and its kernel allows it: tried once, truly. Elsewhere a child has its
other limits (memory, time, files, network), and `why_not` says why.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)
PROGRAM = "bwrap"
TRY_SECONDS = 10
# Programs and their libraries, as they lie on Debian and its kin; nobody's files are in there.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
# Which library stands behind a name, and nothing else of /etc.
LINKS = ("/etc/alternatives", "/etc/ld.so.cache")
BEGINNING = f"{PROGRAM}: "  # of its own complaints


@dataclass(frozen=True)
class Cell:
    """What a child may read (files, folders) and where it may write (folders)."""

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()


def inside(cell: Cell, argv: Sequence[str], cwd: Path | None) -> list[str]:
    """The command that runs `argv` in a cell: no network, no other process, no other file.

    Without /proc: where containers lie in containers it can not be mounted, and nothing needs it.
    """
    command = [PROGRAM, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    for place in SYSTEM:
        path = Path(place)
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), place]
        elif path.is_dir():
            command += ["--ro-bind", place, place]
    for place in LINKS:
        command += ["--ro-bind-try", place, place]
    command += ["--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - the cell's own, empty
    for flag, paths in (("--ro-bind", cell.reads), ("--bind", cell.writes)):
        for path in _apart(paths):
            command += [flag, str(path), str(path)]
    command += ["--remount-ro", "/"]
    if cwd is not None:
        command += ["--chdir", str(cwd.resolve())]
    return [*command, "--", *argv]


def _apart(paths: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(path.resolve() for path in paths))


def why_not(program: str) -> str:
    """Why a program cannot be put into a cell on this machine; "" when it can."""
    reason = _refused(os.environ.get("PATH", ""))
    if reason:
        return reason
    found = Path(shutil.which(program) or program).resolve()
    if not any(found.is_relative_to(Path(place).resolve()) for place in SYSTEM):
        return f"{program} lies in {found.parent}, outside of the system's folders"
    return ""


@cache
def _refused(path: str) -> str:
    """Why bubblewrap cannot be used, found by using it; "" when it can. Asked once a process."""
    if shutil.which(PROGRAM, path=path) is None:
        return "bubblewrap is not installed"
    return _tried(Cell(), None)


def _tried(cell: Cell, cwd: Path | None) -> str:
    try:
        done = subprocess.run(
            inside(cell, ["true"], cwd),
            check=False,
            capture_output=True,
            timeout=TRY_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap could not be run: {error}"
    said = done.stderr.decode("utf-8", "replace").strip()
    return "" if done.returncode == 0 else said or f"bubblewrap ended with {done.returncode}"


def is_to_blame(tail: str, cell: Cell, cwd: Path | None) -> bool:
    """Whether a child never ran, because these very files cannot be put into a cell.

    Tried again with a program that does nothing: a child's own word would not be believed.
    """
    if not tail.startswith(BEGINNING):
        return False
    reason = _tried(cell, cwd)
    if reason:
        log.warning("a child runs without a cell: %s", reason)
    return bool(reason)
