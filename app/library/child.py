"""Starting the program that reads documents, and making sense of what it printed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.core import child
from app.core.child import Leash, Outcome
from app.library.rules import MOST_PARTS, Kind, Reason

PROGRAM = Path(__file__).with_name("extract.py")
GIB = 1024**3
LEASH = Leash(wall=15, cpu=15, memory=GIB, file_size=1024 * 1024, open_files=32)
LONGEST_LINE = 1024 * 1024  # characters; the program never prints as much


@dataclass(frozen=True)
class Part:
    """The text of one page, slide, sheet or section."""

    anchor: str
    label: str
    text: str


@dataclass(frozen=True)
class Text:
    """All that was read of a document, or the reason why nothing was."""

    parts: list[Part]
    pages: int = 0
    is_truncated: bool = False
    reason: Reason | None = None
    detail: str = ""  # for the operator


def read(path: Path, kind: Kind, *, keep_going: Callable[[], bool]) -> Text:
    """Read a document in a child process of at most 15 seconds and 1 GB."""
    printed: list[str] = []

    def keep(line: str) -> None:
        if len(printed) <= MOST_PARTS + 1 and len(line) < LONGEST_LINE:
            printed.append(line)

    outcome = child.run(
        # -I: nothing from the environment or this folder can stand in for a library.
        [sys.executable, "-I", str(PROGRAM), str(path), kind.value],
        LEASH,
        cwd=path.parent,
        on_line=keep,
        keep_going=keep_going,
    )
    return _understood(outcome, printed)


def _understood(outcome: Outcome, printed: list[str]) -> Text:
    parts: list[Part] = []
    times: Counter[str] = Counter()
    end: dict[str, object] = {}
    for line in printed:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if "text" in fields and len(parts) < MOST_PARTS:
            parts.append(_part(fields, times))
        else:
            end |= fields
    if "failed" in end:
        return Text([], reason=Reason(str(end["failed"])), detail=outcome.tail)
    if outcome.timed_out:
        return Text([], reason=Reason.TOO_SLOW, detail=outcome.tail)
    if not outcome.good or "pages" not in end:
        killed = outcome.code in {-9, -6} or "MemoryError" in outcome.tail
        reason = Reason.TOO_LARGE if killed else Reason.DAMAGED
        return Text([], reason=reason, detail=f"exit {outcome.code}\n{outcome.tail}")
    pages = int(str(end["pages"])) or len(parts)
    return Text(parts, pages, bool(end.get("truncated")), detail=outcome.tail)


def _part(fields: dict[str, str], times: Counter[str]) -> Part:
    """A part with clean text; a second piece of the same page gets an anchor of its own."""
    anchor, label, text = (
        fields[name].encode("utf-8", "replace").decode() for name in ("anchor", "label", "text")
    )
    times[anchor] += 1
    return Part(f"{anchor}-{times[anchor]}" if times[anchor] > 1 else anchor, label, text)
