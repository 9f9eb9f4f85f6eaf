"""What a child and all that it started are doing, as Linux tells it in /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # of processor time in a second
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
WANTING = frozenset("RD")  # runs, waits for a core, waits for the disk


@dataclass(frozen=True)
class Sight:
    """A family of processes at one moment: CPU seconds used by it so far, bytes of memory that it
    has now, and whether one of it wants a core or waits for the disk."""

    cpu: float = 0.0
    memory: int = 0
    is_wanting: bool = False


def family(first: int) -> Sight | None:
    """A process with its children and theirs; None where /proc does not say."""
    cpu, memory, is_wanting, seen = 0, 0, False, False
    waiting = [first]
    while waiting:
        pid = waiting.pop()
        with suppress(OSError, ValueError, IndexError):  # it has just ended
            # Its name, which is its own choice, stands in brackets before everything else.
            said = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
            cpu += sum(map(int, said[11:15]))  # its own and that of children that have ended
            memory += int(said[21]) * PAGE
            is_wanting = is_wanting or said[0] in WANTING
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
                seen = True
    return Sight(cpu / TICKS, memory, is_wanting) if seen else None
