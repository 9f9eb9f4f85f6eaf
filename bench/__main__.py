"""Run every bench, one after another, and print one table: `make bench`, or name some of them.

A bench is a module with `main()`, run as a process of its own. Its last line of output is a JSON
object: {"name": …, "rows": [{"what": …, "ours": …, "other": …, "ratio": …, "goal": …}, …]}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(name: str) -> dict:
    print(f"… {name}", flush=True)
    finished = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        print(finished.stdout, finished.stderr, sep="\n")
        sys.exit(f"the bench {name} failed")
    lines = finished.stdout.strip().splitlines()
    print("\n".join(lines[:-1]))
    return json.loads(lines[-1])


def main() -> None:
    names = sys.argv[1:] or sorted(p.stem for p in HERE.glob("[a-z]*.py"))
    results = [run(name) for name in names]
    head = ("what", "ours", "other", "ratio", "goal")
    rows = [
        [str(row.get(column, "")) for column in head] for each in results for row in each["rows"]
    ]
    widths = [max(len(line[i]) for line in [list(head), *rows]) for i in range(len(head))]
    print()
    for line in [list(head), ["-" * w for w in widths], *rows]:
        print(" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


if __name__ == "__main__":
    main()
