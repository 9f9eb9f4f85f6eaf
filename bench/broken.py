"""What broken documents do to us: each is read or refused, in bounded time and memory.

The files are good ones of every kind with random harm (tests/library/broken.py), and all files
below the folders that WEIKE_BROKEN_FILES names (joined by ":"), for corpora of others: the samples
of pdfminer.six, the test files of python-docx, pdf.js or pikepdf. Each goes the way of an upload:
its kind is told by its content, then it is read, pages that are pictures are recognised and its
cover is drawn, by children on their leashes. A crash is anything that is raised instead of a
refusal or a reason. Children are measured one by one: seconds of their own (app/core/child.py),
and the memory of all that they started, LibreOffice and tesseract among them.

    python -m bench.broken [COUNT]        of each of 13 kinds; 20 when it is not said
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core import child as core
from app.core.refusals import Refusal
from app.library import child, libreoffice
from app.library.rules import Reason
from app.library.sniff import kind_of
from tests.library import broken

LONGEST_SECONDS = 15
MOST_MB = 1024


class Children:
    """Stands before the starting of children, and remembers the longest and the largest."""

    def __init__(self) -> None:
        self.run = core.run
        self.longest, self.wall, self.largest = 0.0, 0.0, 0

    def __call__(self, *args: Any, **named: Any) -> core.Outcome:
        started = time.perf_counter()
        outcome = self.run(*args, **named)
        self.wall = max(self.wall, time.perf_counter() - started)
        self.longest = max(self.longest, outcome.own)
        self.largest = max(self.largest, outcome.peak)
        return outcome


def always() -> bool:
    return True


def outcome(path: Path, name: str) -> str:
    """What became of one file, in a word or two."""
    try:
        kind = kind_of(path, name, can_convert=libreoffice.is_there())
    except Refusal as refusal:
        return f"refused: {type(refusal).__name__}"
    text = child.read(path, kind, keep_going=always)
    if text.bare and text.reason is None:
        child.recognise(path, kind, text.bare, keep_going=always)
    if text.reason in {None, Reason.NO_TEXT, Reason.NO_PROGRAM}:
        child.cover(path, kind, keep_going=always)
    return f"no text: {text.reason.value}" if text.reason else "read"


def others() -> Iterator[tuple[str, Path]]:
    for folder in filter(None, os.environ.get("WEIKE_BROKEN_FILES", "").split(":")):
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                yield path.name, path


def measure(files: Iterator[tuple[str, Path]]) -> tuple[Counter[str], list[str], float, str]:
    """Outcomes, crashes, and the longest time with the name of the file that took it."""
    outcomes: Counter[str] = Counter()
    crashes: list[str] = []
    longest, slowest = 0.0, ""
    for name, path in files:
        started = time.perf_counter()
        try:
            outcomes[outcome(path, name)] += 1
        except Exception as error:
            crashes.append(f"{name}: {error!r}")
        took = time.perf_counter() - started
        if took > longest:
            longest, slowest = took, name
    return outcomes, crashes, longest, slowest


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rows: list[dict[str, str]] = []
    children = core.run = Children()
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for name, data in broken.series(count):
            path = Path(folder) / name
            path.write_bytes(data)
            made.append((name, path))
        for what, files in (("made", iter(made)), ("of others", others())):
            outcomes, crashes, longest, slowest = measure(files)
            if not outcomes and not crashes:
                continue
            print(f"{what}: {dict(outcomes.most_common())}")
            print(f"slowest: {slowest}", *crashes, sep="\n")
            name = f"broken documents, {what} ({sum(outcomes.values()) + len(crashes)})"
            rows += [
                {"what": f"{name}: crashes", "ours": str(len(crashes)), "goal": "0"},
                {"what": f"{name}: the slowest, all its children", "ours": f"{longest:.1f} s"},
            ]
    rows += [
        {
            "what": "broken documents: the longest child, seconds of its own",
            "ours": f"{children.longest:.1f} s (on the wall {children.wall:.1f} s)",
            "goal": f"≤ {LONGEST_SECONDS} s",
        },
        {
            "what": "broken documents: most memory of a child and all that it started",
            "ours": f"{children.largest / 1024**2:.0f} MB",
            "goal": f"≤ {MOST_MB} MB",
        },
    ]
    for row in rows:
        print(" | ".join((row["what"], row["ours"], row.get("goal", ""))))
    print(json.dumps({"name": "broken", "rows": rows}))


if __name__ == "__main__":
    main()
