"""Exams on a bad morning: killed servers, lost answers of the network, a full disk, a wrong clock.

The server is gunicorn on a database of its own; faults are ordered as crashing.py says. The same
at full size is `python -m bench.morning`.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.faults.crashing import POINTS
from tests.faults.morning import Morning, Page, kept, prepare, serving
from tests.learning.lessons import single

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]

QUESTIONS = [single(f"Question {n}?", f"right {n}", ("left", "up", "down")) for n in range(8)]
TAKERS = 160


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, migrated: Path):
    folder = tmp_path_factory.mktemp("morning")
    (folder / "instance").mkdir()
    shutil.copy(migrated, folder / "instance" / "weike.sqlite")
    environment = {
        "WEIKE_SECRET_KEY": "faults-" * 8,
        "WEIKE_INSTANCE_DIR": str(folder / "instance"),
        "WEIKE_MEDIA_DIR": str(folder / "media"),
        "WEIKE_SEARCH_DIR": str(folder / "search"),
        "WEIKE_DISK_RESERVE": "0",
        "WEIKE_LIMITS": "no",
        "WEIKE_DEFAULT_LANGUAGE": "en",
    }
    made = prepare(environment, takers=TAKERS, questions=QUESTIONS, duration_s=7200)
    with serving(made):
        yield made


_next = iter(range(TAKERS))


def page(morning: Morning) -> Page:
    """A taker who has just begun."""
    found = morning.taker(next(_next))
    found.start()
    return found


def at_once(pages: list[Page], work) -> None:
    with ThreadPoolExecutor(len(pages)) as pool:
        for done in [pool.submit(work, each) for each in pages]:
            done.result()


def nothing_lost(morning: Morning, pages: list[Page]) -> None:
    """What was acknowledged is kept, or something that was sent after it."""
    found = kept(morning)
    for each in pages:
        for item, names in each.acknowledged.items():
            assert found[item] in (names, each.under_way[item]), item


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_of_submitting_there_is_one_end_and_one_receipt(
    morning: Morning, point: str
) -> None:
    taker = page(morning)
    answers = taker.right("right")
    morning.order("crash-at", point)
    receipt = taker.submit(answers)
    assert taker.retries, "nothing crashed"
    assert not (morning.folder / "crash-at").exists()
    assert taker.submit(answers) == taker.submit() == receipt
    ((state, score, kept_receipt, member),) = morning.rows(
        f"select state, score, receipt, member_id from attempt where id = {taker.attempt}"
    )
    assert (state, score, kept_receipt) == ("submitted", str(len(QUESTIONS)), receipt)
    acts = f"select count(*) from exam_event where act = 'submit' and attempt_id = {taker.attempt}"
    assert morning.rows(acts) == [(1,)]
    earned = f"select count(*) from ledger_entry where reason = 'quiz' and member_id = {member}"
    assert morning.rows(earned) == [(1,)]


def killed_while_saving(morning: Morning, pages: list[Page], kills: int) -> int:
    """Kill -9 the server so many times while all pages save without a pause; answers saved."""
    over = threading.Event()
    saved = 0

    def save(taker: Page) -> None:
        nonlocal saved
        while not over.is_set():
            taker.save(*taker.any_answer())
            saved += 1

    def kill() -> None:
        done = 0
        while done < kills:
            before = saved
            # Only a server that works is worth killing.
            while saved < before + random.randrange(1, 12) and not over.is_set():
                time.sleep(0.001)
            for pid in morning.workers():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    done += 1
        over.set()

    with ThreadPoolExecutor(len(pages) + 1) as pool:
        work = [pool.submit(save, taker) for taker in pages]
        killer = pool.submit(kill)
        try:
            for each in work:
                each.result()
        finally:
            over.set()
        killer.result()
    return saved


def test_killed_again_and_again_while_saving_no_acknowledged_answer_is_lost(
    morning: Morning,
) -> None:
    pages = [page(morning) for _ in range(6)]
    saved = killed_while_saving(morning, pages, kills=40)
    assert saved > 40
    assert any(each.retries for each in pages)
    nothing_lost(morning, pages)
    with closing(sqlite3.connect(morning.folder / "weike.sqlite")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_with_a_third_of_all_answers_dropped_nothing_is_lost_or_doubled(morning: Morning) -> None:
    morning.order("drop", 0.3)
    pages = [morning.taker(next(_next)) for _ in range(12)]
    receipts: dict[int, str] = {}

    def take(taker: Page) -> None:
        taker.start()
        for item in taker.items[:4]:
            taker.save(item.id, list(item.options.values())[:1])
        receipts[taker.attempt] = taker.submit(taker.right("right"))

    try:
        at_once(pages, take)
    finally:
        morning.order("drop", None)
    assert sum(each.retries for each in pages) > 5
    found = dict(
        morning.rows(
            "select id, receipt from attempt where state = 'submitted' and id in "
            f"({', '.join(str(each.attempt) for each in pages)})"
        )
    )
    assert found == receipts
    once = "select count(*), count(distinct member_id) from ledger_entry where reason = 'quiz'"
    assert len(set(morning.rows(once)[0])) == 1


def test_a_database_that_is_locked_for_a_quarter_of_a_minute_loses_nothing(
    morning: Morning,
) -> None:
    pages = [page(morning) for _ in range(4)]
    writer = sqlite3.connect(morning.folder / "weike.sqlite", isolation_level=None)
    writer.execute("begin immediate")
    began = time.monotonic()

    def save(taker: Page) -> None:
        taker.save(*taker.any_answer())

    with ThreadPoolExecutor(len(pages)) as pool:
        work = [pool.submit(save, each) for each in pages]
        while time.monotonic() < began + 15:
            # Reading goes on meanwhile, and no thread is tied up for good.
            assert morning.taker(0).ask("GET", "/healthz")[0] == 200
            time.sleep(0.5)
        writer.execute("rollback")
        writer.close()
        for each in work:
            each.result()
    assert {code for each in pages for code in each.refused} == {503}
    assert {wait for each in pages for wait in each.told_to_wait} == {"5"}
    nothing_lost(morning, pages)


def test_on_a_full_disk_nothing_acknowledged_is_lost_and_it_goes_on_by_itself(
    morning: Morning,
) -> None:
    taker = page(morning)
    codes = []
    morning.order("full", "yes")
    try:
        # New attempts use up what room is left inside the file; then the disk is full.
        for _ in range(100):
            if 507 in codes:
                break
            other = morning.taker(next(_next))
            codes.append(other.ask("POST", f"/exams/{other.exam}/start", [])[0])
        for item in taker.items:
            names = list(item.options.values())[:1]
            fields = [(f"q{item.id}", name) for name in names]
            status, _body, _ = taker.ask("POST", f"/attempts/{taker.attempt}/answers", fields)
            if status == 200:
                taker.acknowledged[item.id] = taker.under_way[item.id] = names
            codes.append(status)
        # What needs no room is still there to be read.
        assert taker.ask("GET", f"/attempts/{taker.attempt}/paper")[0] == 200
    finally:
        morning.order("full", None)
    assert 507 in codes
    assert set(codes) <= {200, 303, 507}
    nothing_lost(morning, [taker])
    for item in taker.items:
        taker.save(item.id, list(item.options.values())[:1])
    taker.submit()


@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_jumps_by_hours_ends_no_attempt_and_raises_an_alarm(
    morning: Morning, hours: int
) -> None:
    taker = page(morning)
    before = taker.save(*taker.any_answer())["clock"]["remaining_ms"]
    morning.order("jump", hours * 3600)
    try:
        told = taker.save(*taker.any_answer())
        assert 0 < before - told["clock"]["remaining_ms"] < 600_000
        # Also by a server that was started with the wrong clock.
        for pid in morning.workers():
            os.kill(pid, signal.SIGKILL)
        told = taker.save(*taker.any_answer())
        assert 0 < before - told["clock"]["remaining_ms"] < 600_000
        assert "the clock jumped by" in (morning.folder / "web.log").read_text()
    finally:
        morning.order("jump", None)
    assert taker.submit()
    ((state, ended_by),) = morning.rows(
        f"select state, ended_by from attempt where id = {taker.attempt}"
    )
    assert (state, ended_by) == ("submitted", "member")
