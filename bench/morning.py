"""An exam morning at full size: 1 000 takers on one server, with SQLite and with PostgreSQL.

All start within a minute; all save every 15 seconds while a video is transcoded beside; all submit
within ten seconds; then all start again and submit within one second. Waits are counted from the
moment at which a taker wanted to send, so a queue before the server counts too. Afterwards every
acknowledged answer and every receipt must be in the database.

Then the server of a small exam is killed (kill -9) 1 000 times while pages save without a pause.

`python -m bench.morning`; `--quick` is a tenth of it, `--only sqlite` (or `postgresql`, or `kills`)
is one part, `--kills N`, `--seconds N` and `--workers N` change it.
PostgreSQL is used when its programs are found (WEIKE_POSTGRESQL names their folder).
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from flask_migrate import upgrade

from app import create_app
from config import Config
from tests import postgresql
from tests.faults.morning import Morning, Page, kept, prepare, serving
from tests.faults.test_exams import killed_while_saving, nothing_lost
from tests.learning.lessons import single

QUESTIONS = [single(f"Question {n}?", f"right {n}", ("left", "up", "down")) for n in range(30)]
LINES = 200  # takers whose requests are under way at one moment, at most


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Crowd:
    """Takers who act at given moments; `late` holds what each waited from its moment on."""

    def __init__(self, pages: list[Page]) -> None:
        self.pages = pages
        self.waits: list[float] = []
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def act(self, moments: list[tuple[float, int]], work: Callable[[Page], object]) -> None:
        """Let taker `number` act at each (seconds from now, number)."""
        self.waits, began = [], time.monotonic()
        queue = iter(sorted(moments))

        def line() -> None:
            while True:
                with self.lock:
                    nearest = next(queue, None)
                if nearest is None:
                    return
                moment, number = nearest
                time.sleep(max(0.0, began + moment - time.monotonic()))
                try:
                    work(self.pages[number])
                except Exception as error:
                    with self.lock:
                        self.errors.append(repr(error)[:200])
                with self.lock:
                    self.waits.append(time.monotonic() - began - moment)

        with ThreadPoolExecutor(min(LINES, len(self.pages))) as pool:
            for done in [pool.submit(line) for _ in range(min(LINES, len(self.pages)))]:
                done.result()


@contextmanager
def transcoding() -> Iterator[None]:
    """One video is encoded meanwhile, as low in rank as the worker's."""
    command = [
        *("nice", "-n", "10", "ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi"),
        *("-i", "testsrc2=size=1280x720:rate=25", "-c:v", "libx264", "-preset", "veryfast"),
        *("-f", "null", "-"),
    ]
    process = subprocess.Popen(command) if shutil.which("ffmpeg") else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def place(folder: Path, database: str, takers: int, **settings: object) -> Morning:
    environment = {
        "WEIKE_SECRET_KEY": secrets.token_hex(32),
        "WEIKE_INSTANCE_DIR": str(folder / "instance"),
        "WEIKE_MEDIA_DIR": str(folder / "media"),
        "WEIKE_SEARCH_DIR": str(folder / "search"),
        "WEIKE_DISK_RESERVE": "0",
        "WEIKE_LIMITS": "no",
        "WEIKE_DEFAULT_LANGUAGE": "en",
        "WEIKE_DATABASE_URL": database,
    }
    with create_app(Config.from_env(environment)).app_context():
        upgrade()
    return prepare(environment, takers=takers, questions=QUESTIONS, **settings)


def row(what: str, ours: object, goal: str) -> dict[str, object]:
    return {"what": what, "ours": ours, "other": None, "ratio": None, "goal": goal}


def busy_morning(morning: Morning, takers: int, seconds: int, name: str) -> list[dict[str, object]]:
    rows = []
    pages = [morning.taker(number, retry_s=0.5) for number in range(takers)]
    crowd = Crowd(pages)
    chance = random.Random(1)
    numbers = range(takers)
    began = time.monotonic()
    crowd.act([(chance.uniform(0, 45), n) for n in numbers], lambda page: page.start())
    rows.append(row(f"{name}: {takers} start, s", round(time.monotonic() - began, 1), "≤ 60"))
    print(rows[-1], f"slowest {max(crowd.waits):.2f} s", flush=True)
    with transcoding():
        every = [
            (moment + offset, n)
            for n in numbers
            for offset in [chance.uniform(0, 15)]
            for moment in range(0, seconds, 15)
        ]
        crowd.act(every, lambda page: page.save(*page.any_answer()))
    rows.append(
        row(
            f"{name}: {len(every)} saves beside a transcode, p95 ms",
            round(1000 * percentile(crowd.waits, 0.95)),
            "≤ 300",
        )
    )
    print(rows[-1], flush=True)
    receipts: dict[int, str] = {}

    def submit(page: Page) -> None:
        receipts[page.attempt] = page.submit(dict(page.acknowledged))

    for span, goal95, goal99 in ((10, "≤ 1000", "≤ 2000"), (1, "", "≤ 5000")):
        if span == 1:
            for page in pages:
                page.acknowledged.clear()
                page.under_way.clear()
            crowd.act([(chance.uniform(0, 45), n) for n in numbers], lambda page: page.start())
        crowd.act([(chance.uniform(0, span), n) for n in numbers], submit)
        for share, goal in ((0.95, goal95), (0.99, goal99)):
            if goal:
                wait = round(1000 * percentile(crowd.waits, share))
                what = f"{name}: all submit within {span} s, p{share * 100:.0f} ms"
                rows.append(row(what, wait, goal))
                print(rows[-1], flush=True)
        if span == 10:
            nothing_lost(morning, pages)
    found = dict(morning.rows("select id, receipt from attempt where state = 'submitted'"))
    lost = sum(found.get(attempt) != receipt for attempt, receipt in receipts.items())
    failures = sum(len(page.refused) for page in pages)
    rows.append(row(f"{name}: submissions lost", lost + 2 * takers - len(receipts), "0"))
    rows.append(row(f"{name}: errors", len(crowd.errors) + failures, "0"))
    print(rows[-2], rows[-1], crowd.errors[:3], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2, help="processes of the server")
    parser.add_argument("--only", choices=("sqlite", "postgresql", "kills"))
    given = parser.parse_args()
    takers, kills = (100, given.kills // 10) if given.quick else (1_000, given.kills)
    rows: list[dict[str, object]] = []
    settings = {"duration_s": 7200, "attempts_allowed": 2}
    if given.only in {None, "sqlite"}:
        with tempfile.TemporaryDirectory() as folder:
            morning = place(Path(folder), "", takers, **settings)
            with serving(morning, workers=given.workers):
                rows += busy_morning(morning, takers, given.seconds, "SQLite")
    if given.only in {None, "postgresql"}:
        with tempfile.TemporaryDirectory() as folder, postgresql.running(Path(folder)) as address:
            if address is None:
                print("PostgreSQL is not installed; left out")
            else:
                morning = place(Path(folder), address, takers, **settings)
                with serving(morning, workers=given.workers):
                    rows += busy_morning(morning, takers, given.seconds, "PostgreSQL")
    if given.only in {None, "kills"}:
        with tempfile.TemporaryDirectory() as folder:
            morning = place(Path(folder), "", 8, **settings)
            with serving(morning):
                pages = [morning.taker(number) for number in range(8)]
                for page in pages:
                    page.start()
                began = time.monotonic()
                saved = killed_while_saving(morning, pages, kills)
                nothing_lost(morning, pages)
                found = kept(morning)
                lost = sum(
                    found[item] not in (names, page.under_way[item])
                    for page in pages
                    for item, names in page.acknowledged.items()
                )
                what = f"kill -9 × {kills} during {saved} saves, acknowledged answers lost"
                rows.append(row(what, lost, "0"))
                took = round(time.monotonic() - began)
                print(rows[-1], f"{took} s", flush=True)
    print(json.dumps({"name": "morning", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
