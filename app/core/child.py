"""Child processes on a leash: bounded in time, memory, CPU and file size, and never orphans.

Which clock bounds what, and why: decision 0026.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from app.core import bwrap, proc
from app.core.bwrap import Cell

GRACE_SECONDS = 3.0
TAIL_BYTES = 8_000
LONGEST_LINE = 64 * 1024
SIGNALLED = 128  # and the number of the signal: how a program tells that its child was ended
TETHER = str(Path(__file__).with_name("tether.py"))


@dataclass(frozen=True)
class Leash:
    """Limits of one child: wall and CPU in seconds, memory and largest file in bytes.

    `own` are seconds too: those in which it used a core, and those in which it could have and did
    not want to. On an idle machine they pass as on the wall; waiting for others does not count.
    0: they are not looked at.
    """

    wall: float
    cpu: int
    memory: int = 2 * 1024**3
    own: float = 0.0
    file_size: int = 8 * 1024**3
    open_files: int = 64
    nice: int = 10
    offline: bool = False  # in a network of its own, where nobody is; where the kernel allows it


@dataclass(frozen=True)
class Outcome:
    """How a child ended. `code` is negative for a signal; `tail` is the end of its stderr."""

    code: int
    tail: str
    timed_out: bool  # the wall clock, or the limit of CPU or of seconds of its own, ended it
    stopped: bool  # because `keep_going` said no
    own: float = 0.0  # seconds of its own, where the leash counts them
    peak: int = 0  # bytes that it was seen to hold with all that it started, likewise

    @property
    def good(self) -> bool:
        return self.code == 0 and not self.timed_out and not self.stopped


class MissingProgram(RuntimeError):
    """A program that this machine does not have."""


def run(
    argv: Sequence[str],
    leash: Leash,
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    keep_going: Callable[[], bool] | None = None,
    cell: Cell | None = None,
) -> Outcome:
    """Run a command to its end, to its limit, or until `keep_going` returns False.

    With a `cell` the child sees only the files in it, where this machine can do that.

    stdout is given line by line to `on_line`, in a thread of its own; both pipes are drained, so
    neither can block the child. `keep_going` is asked in the caller's thread five times a second.
    When either raises, the child is killed and the exception comes out here. The child is its own
    process group, killed as a whole, and dies with this process.
    Must be called from a thread that lives as long as the child (a parent's death is per thread).
    """
    if shutil.which(argv[0]) is None:
        raise MissingProgram(f"{argv[0]} is not installed on this machine")
    if cell is None or bwrap.why_not(argv[0]):
        return _run(argv, leash, cwd, on_line, keep_going)
    # The cell has a network of its own; somebody without one could not make it.
    walled = bwrap.inside(cell, argv, cwd)
    outcome = _run(walled, replace(leash, offline=False), cwd, on_line, keep_going)
    if not outcome.good and bwrap.is_to_blame(outcome.tail, cell, cwd):
        return _run(argv, leash, cwd, on_line, keep_going)
    if SIGNALLED < outcome.code <= SIGNALLED + signal.NSIG:  # said by bubblewrap as shells do
        return replace(outcome, code=SIGNALLED - outcome.code)
    return outcome


def _run(
    argv: Sequence[str],
    leash: Leash,
    cwd: Path | None,
    on_line: Callable[[str], None] | None,
    keep_going: Callable[[], bool] | None,
) -> Outcome:
    limits = (leash.cpu, leash.memory, leash.file_size, leash.open_files, leash.nice)
    network = str(int(leash.offline))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", TETHER, str(os.getpid()), *map(str, limits), network, *argv],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_quiet_environment(),
    )
    output, errors = _Lines(process.stdout, on_line), _Tail(process.stderr)
    deadline = time.monotonic() + leash.wall
    watch = _Watch(process.pid)
    timed_out = stopped = False
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
                break
            timed_out = time.monotonic() > deadline
            if leash.own:
                watch.look()
                timed_out = timed_out or watch.own > leash.own
            stopped = keep_going is not None and not keep_going()
            if timed_out or stopped or output.error is not None:
                break
    finally:
        # Also after an exception, and also when only a grandchild is left in the group.
        _kill_group(process)
        output.end()
        errors.end()
    if output.error is not None:
        raise output.error
    return Outcome(
        code=process.returncode,
        tail=bytes(errors.tail).decode("utf-8", "replace"),
        timed_out=timed_out or process.returncode in {-signal.SIGXCPU, SIGNALLED + signal.SIGXCPU},
        stopped=stopped,
        own=watch.own,
        peak=watch.peak,
    )


class _Watch:
    """Counts the seconds of a child's own and what it holds, looked at some times a second."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.idle = 0.0
        self.cpu = 0.0
        self.peak = 0
        self.looked_at = time.monotonic()

    @property
    def own(self) -> float:
        return self.cpu + self.idle

    def look(self) -> None:
        sight, now = proc.family(self.pid), time.monotonic()
        # Where nothing can be seen, all time is its own.
        if sight is None or (sight.cpu <= self.cpu and not sight.is_wanting):
            self.idle += now - self.looked_at
        if sight is not None:
            self.cpu, self.peak = max(self.cpu, sight.cpu), max(self.peak, sight.memory)
        self.looked_at = now


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """TERM, a little patience, then KILL: ffmpeg ignores TERM in some loops."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_SECONDS)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, sign)


class _Drain:
    """A thread that empties one pipe, so that the child never waits for us."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self.pipe = pipe
        self.thread = threading.Thread(target=self.drain, daemon=True)
        self.thread.start()

    def drain(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        self.thread.join(timeout=5)
        with contextlib.suppress(OSError, ValueError):
            self.pipe.close()


class _Lines(_Drain):
    def __init__(self, pipe: IO[bytes] | None, on_line: Callable[[str], None] | None) -> None:
        self.on_line = on_line
        self.error: BaseException | None = None
        super().__init__(pipe)

    def drain(self) -> None:
        while raw := self.pipe.readline(LONGEST_LINE):
            if self.on_line is None or self.error is not None:
                continue
            try:
                self.on_line(raw.decode("utf-8", "replace").rstrip("\r\n"))
            except BaseException as error:
                self.error = error  # raised again in the thread that called run()


class _Tail(_Drain):
    def __init__(self, pipe: IO[bytes] | None) -> None:
        self.tail = bytearray()
        super().__init__(pipe)

    def drain(self) -> None:
        while chunk := self.pipe.read1(4096):  # type: ignore[attr-defined]
            self.tail.extend(chunk)
            del self.tail[:-TAIL_BYTES]


def _quiet_environment() -> dict[str, str]:
    """What a child may know: where programs are, and nothing of ours (no keys, no proxies)."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "FONTCONFIG_FILE")
    return {"LC_ALL": "C.UTF-8", **{k: os.environ[k] for k in keep if k in os.environ}}
