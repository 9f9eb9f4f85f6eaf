"""A child ends at its limits, takes its own children with it, and never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from app.core.child import Leash, MissingProgram, run
from config import ROOT

PYTHON = sys.executable


def python(code: str, leash: Leash | None = None, **more):
    return run([PYTHON, "-c", textwrap.dedent(code)], leash or Leash(wall=20, cpu=20), **more)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_dead(pid: int, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_lines_arrive_and_the_end_of_stderr_is_kept() -> None:
    lines: list[str] = []
    outcome = python(
        "import sys; print('one'); print('zwei 二'); sys.stderr.write('x' * 9000 + 'end')",
        on_line=lines.append,
    )
    assert outcome.good
    assert lines == ["one", "zwei 二"]
    assert outcome.tail.endswith("xend")
    assert len(outcome.tail) == 8000


def test_a_failure_is_told_with_its_code() -> None:
    outcome = python("raise SystemExit(3)")
    assert outcome.code == 3
    assert not outcome.good


def test_much_output_on_both_pipes_blocks_nobody() -> None:
    outcome = python("import sys; sys.stdout.write('a' * 3_000_000); sys.stderr.write('b' * 10**6)")
    assert outcome.good


def test_a_child_that_ignores_term_ends_soon_after_its_wall_limit() -> None:
    start = time.monotonic()
    outcome = python(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(300)
        """,
        Leash(wall=1, cpu=20),
    )
    assert outcome.timed_out
    assert not outcome.good
    assert time.monotonic() - start < 100


def test_a_child_that_burns_more_cpu_than_it_may_is_ended() -> None:
    outcome = python("while True: pass", Leash(wall=30, cpu=1))
    assert outcome.timed_out
    assert not outcome.good


def test_a_child_that_does_nothing_ends_long_before_its_wall_limit() -> None:
    outcome = python(
        """
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "import time; time.sleep(300)"])
        """,
        Leash(wall=200, cpu=20, own=2),
    )
    assert outcome.timed_out
    assert 2 <= outcome.own < 30


def test_what_a_child_starts_counts_as_its_own() -> None:
    outcome = python(
        """
        import subprocess, sys
        busy = "b = bytearray(150 * 1024**2)\\nwhile True: pass"
        subprocess.run([sys.executable, "-c", busy])
        """,
        Leash(wall=200, cpu=30, own=3),
    )
    assert outcome.timed_out
    assert outcome.own > 3
    assert outcome.peak > 150 * 1024**2


def test_a_child_cannot_take_more_memory_than_it_may() -> None:
    outcome = python("b = bytearray(600 * 1024**2)", Leash(wall=20, cpu=20, memory=400 * 1024**2))
    assert outcome.code == 1
    assert "MemoryError" in outcome.tail


def test_a_child_cannot_write_a_larger_file_than_it_may(tmp_path: Path) -> None:
    leash = Leash(wall=20, cpu=20, file_size=1000)
    outcome = run(["dd", "if=/dev/zero", "of=big", "bs=500", "count=10"], leash, cwd=tmp_path)
    assert not outcome.good
    assert (tmp_path / "big").stat().st_size <= 1000


def test_a_child_does_not_know_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIKE_SECRET_KEY", "secret")
    monkeypatch.setenv("http_proxy", "http://proxy.example")
    lines: list[str] = []
    python("import os; print(sorted(os.environ))", on_line=lines.append)
    assert "PATH" in lines[0]
    assert "WEIKE" not in lines[0]
    assert "proxy" not in lines[0]


def test_keep_going_ends_the_child_and_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    outcome = python(
        f"""
        import subprocess, time
        sleeper = subprocess.Popen(["sleep", "60"])
        open({str(note)!r}, "w").write(str(sleeper.pid))
        time.sleep(60)
        """,
        keep_going=lambda: not note.exists() or not note.read_text(),
    )
    assert outcome.stopped
    assert wait_until_dead(int(note.read_text()))


def test_an_exception_of_ours_ends_the_child_and_comes_out(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def lost() -> bool:
        if note.exists() and note.read_text():
            raise LookupError("lease")
        return True

    with pytest.raises(LookupError):
        python(code, keep_going=lost)
    assert wait_until_dead(int(note.read_text()))

    def bad_line(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError, match="hello"):
        python("import time; print('hello', flush=True); time.sleep(60)", on_line=bad_line)


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = f"""
    import sys; sys.path.insert(0, {str(ROOT)!r})
    from app.core.child import Leash, run
    code = "import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    run([sys.executable, "-c", code], Leash(wall=90, cpu=60))
    """
    parent = subprocess.Popen([PYTHON, "-c", textwrap.dedent(program)])
    end = time.monotonic() + 20
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)
    child = int(note.read_text())
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert wait_until_dead(child)


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(MissingProgram, match="no-such-program"):
        run(["no-such-program"], Leash(wall=1, cpu=1))
