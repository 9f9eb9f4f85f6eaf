"""The line before the writer: in order, with an end, and no longer than its owner lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.core.turns import NoTurn, Turns

HOLDER = """
import sys, time
from pathlib import Path
from app.core.turns import Turns
turns = Turns(Path(sys.argv[1]))
turns.take(60)
print("mine", flush=True)
time.sleep(600)
"""


@pytest.fixture
def turns(tmp_path: Path):
    made = Turns(tmp_path / "turns")
    yield made
    made.close()


def in_line(turns: Turns, number: int) -> None:
    end = time.monotonic() + 60
    while len(turns._line) != number:
        assert time.monotonic() < end
        time.sleep(0.002)


def test_who_comes_first_is_served_first(turns: Turns) -> None:
    served: list[int] = []

    def wait(number: int) -> None:
        turns.take(60)
        served.append(number)
        turns.give_back()

    turns.take(60)
    threads = [threading.Thread(target=wait, args=(number,)) for number in range(12)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        in_line(turns, number)
    turns.give_back()
    for thread in threads:
        thread.join(60)
    assert served == list(range(12))


def test_who_waits_too_long_goes_away_and_the_line_goes_on(turns: Turns) -> None:
    done: list[str] = []

    def wait(seconds: float) -> None:
        try:
            turns.take(seconds)
        except NoTurn:
            done.append("went away")
        else:
            done.append("served")
            turns.give_back()

    turns.take(60)
    impatient = threading.Thread(target=wait, args=(0.01,))
    patient = threading.Thread(target=wait, args=(60,))
    impatient.start()
    patient.start()
    impatient.join(60)
    assert done == ["went away"]
    in_line(turns, 1)
    turns.give_back()
    patient.join(60)
    assert done == ["went away", "served"]
    turns.take(0.5)
    turns.give_back()


@pytest.fixture
def holder(turns: Turns):
    """Another process that has the turn."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(turns.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    yield process
    process.kill()
    process.wait(60)
    process.stdout.close()


def test_a_stopped_process_keeps_nobody_waiting_for_ever(
    turns: Turns, holder: subprocess.Popen
) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    for _ in range(3):
        with pytest.raises(NoTurn):
            turns.take(0.05)
    os.kill(holder.pid, signal.SIGKILL)
    turns.take(60)
    turns.give_back()
    # Nobody has it now, not even the thread that went on waiting when we had given up.
    other = Turns(turns.path)
    other.take(60)
    with pytest.raises(NoTurn):
        turns.take(0.05)
    other.give_back()
    other.close()


def test_two_processes_take_turns(turns: Turns, tmp_path: Path) -> None:
    """Nobody is ever inside with another, however often it changes hands."""
    count = tmp_path / "count"
    count.write_text("0")
    script = """
import sys, threading
from pathlib import Path
from app.core.turns import Turns
turns, count = Turns(Path(sys.argv[1])), Path(sys.argv[2])
def add():
    for _ in range(100):
        turns.take(60)
        count.write_text(str(int(count.read_text()) + 1))
        turns.give_back()
threads = [threading.Thread(target=add) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    command = [sys.executable, "-c", script, str(turns.path), str(count)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert count.read_text() == "900"


def test_the_turn_of_a_killed_process_goes_to_the_next(
    turns: Turns, holder: subprocess.Popen
) -> None:
    taken = threading.Event()

    def wait() -> None:
        turns.take(120)
        taken.set()
        turns.give_back()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not taken.is_set()
    os.kill(holder.pid, signal.SIGKILL)
    assert taken.wait(60)
    thread.join(60)
