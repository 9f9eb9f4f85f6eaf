"""Child processes on a leash: bounded in time, memory, CPU and file size, and never orphans."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 3.0
TAIL_BYTES = 8_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Leash:
    """Limits of one child: wall and CPU in seconds, memory and largest file in bytes."""

    wall: float
    cpu: int
    memory: int = 2 * 1024**3
    file_size: int = 8 * 1024**3
    open_files: int = 64
    nice: int = 10


@dataclass(frozen=True)
class Outcome:
    """How a child ended. `code` is negative for a signal; `tail` is the end of its stderr."""

    code: int
    tail: str
    timed_out: bool
    stopped: bool  # because `keep_going` said no

    @property
    def good(self) -> bool:
        return self.code == 0 and not self.timed_out and not self.stopped


def run(
    argv: Sequence[str],
    leash: Leash,
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    keep_going: Callable[[], bool] | None = None,
) -> Outcome:
    """Run a command to its end, to its limit, or until `keep_going` returns False.

    stdout is given line by line to `on_line`; both pipes are drained, so neither can block the
    child. The child is its own process group, killed as a whole, and dies with this process.
    Must be called from a thread that lives as long as the child (PDEATHSIG is per thread).
    """
    parent = os.getpid()

    def tie() -> None:
        os.setsid()
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os.kill(os.getpid(), signal.SIGKILL)
        os.nice(leash.nice)
        for what, limit in (
            (resource.RLIMIT_CPU, leash.cpu),
            (resource.RLIMIT_AS, leash.memory),
            (resource.RLIMIT_FSIZE, leash.file_size),
            (resource.RLIMIT_NOFILE, leash.open_files),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(what, (limit, limit))

    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=tie,  # noqa: PLW1509 - only async-signal-safe calls above
        env=_quiet_environment(),
    )
    tail = bytearray()
    readers = [
        threading.Thread(target=_drain_lines, args=(process.stdout, on_line), daemon=True),
        threading.Thread(target=_drain_tail, args=(process.stderr, tail), daemon=True),
    ]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + leash.wall
    timed_out = stopped = False
    while True:
        try:
            process.wait(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            timed_out = time.monotonic() > deadline
            stopped = keep_going is not None and not keep_going()
            if timed_out or stopped:
                _kill_group(process)
                break
    for reader in readers:
        reader.join(timeout=5)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return Outcome(
        code=process.returncode,
        tail=bytes(tail).decode("utf-8", "replace"),
        timed_out=timed_out,
        stopped=stopped,
    )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """TERM, a little patience, then KILL: ffmpeg ignores TERM in some loops."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.wait(timeout=GRACE_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _drain_lines(pipe: object, on_line: Callable[[str], None] | None) -> None:
    for raw in pipe:  # type: ignore[attr-defined]
        if on_line is not None:
            on_line(raw.decode("utf-8", "replace").rstrip("\n"))


def _drain_tail(pipe: object, tail: bytearray) -> None:
    while chunk := pipe.read1(4096):  # type: ignore[attr-defined]
        tail.extend(chunk)
        del tail[:-TAIL_BYTES]


def _quiet_environment() -> dict[str, str]:
    """What a child may know: where programs are, and nothing of ours (no keys, no proxies)."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "FONTCONFIG_FILE")
    return {"LC_ALL": "C.UTF-8", **{k: os.environ[k] for k in keep if k in os.environ}}
