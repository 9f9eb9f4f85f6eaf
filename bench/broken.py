"""What broken documents do to us: each is read or refused, in bounded time and memory.

The files are good ones of every kind with random harm (tests/library/broken.py), and all files
below the folders that WEIKE_BROKEN_FILES names (joined by ":"), for corpora of others: the samples
of pdfminer.six, the test files of python-docx, pdf.js or pikepdf. Each goes the way of an upload:
its kind is told by its content, then read by the child on its leash. A crash is anything that is
raised instead of a refusal or a reason.

    python -m bench.broken [COUNT]        of each of 13 kinds; 20 when it is not said
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.core.refusals import Refusal
from app.library import child, libreoffice
from app.library.sniff import kind_of
from tests.library import broken

LONGEST_SECONDS = 15
MOST_MB = 1024


def outcome(path: Path, name: str) -> str:
    """What became of one file, in a word or two."""
    try:
        kind = kind_of(path, name, can_convert=libreoffice.is_there())
    except Refusal as refusal:
        return f"refused: {type(refusal).__name__}"
    text = child.read(path, kind, keep_going=lambda: True)
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
    rows = []
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
                {
                    "what": f"{name}: the slowest",
                    "ours": f"{longest:.1f} s",
                    "goal": f"≤ {LONGEST_SECONDS} s",
                },
            ]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows.append(
        {
            "what": "broken documents: most memory of a child",
            "ours": f"{most:.0f} MB",
            "goal": f"≤ {MOST_MB} MB",
        }
    )
    for row in rows:
        print(" | ".join((row["what"], row["ours"], row["goal"])))
    print(json.dumps({"name": "broken", "rows": rows}))


if __name__ == "__main__":
    main()
