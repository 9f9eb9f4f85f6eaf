"""The only place that asks what time it is; tests put their own clock here.

A clock on the wall can be set wrong, by a person or by a bad time server, and exams would end by
it. The kernel also counts seconds since it started, and nobody can set those. While both agree
(slow corrections included) the wall is believed; once they part by more than a minute, `now` goes
on by the seconds, and `jump` says so until somebody confirms the new time or the clock is put
right. What was agreed last is kept in a file, so that all processes, and those that start
meanwhile, see it alike.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)
wall = time.time  # the clock that can be set
MOST_APART = 60.0  # seconds between wall and counted seconds that are no jump yet
_FOLLOW = 1.0  # seconds of slow correction after which the agreement is renewed
_LOOK_EVERY = 1.0  # seconds between two looks at the file while the clocks disagree
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class _Agreement:
    """By how much the wall was ahead of the counted seconds when it was last believed."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        self.ahead = self._kept()
        if self.ahead is None:
            self.confirm()
        self.looked = 0.0
        self.told = False

    def _kept(self) -> float | None:
        if self.path is None:
            return None
        try:
            found = json.loads(self.path.read_text())
            return float(found["ahead"]) if found["boot"] == self.boot else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never written, or broken: the wall is all there is

    def confirm(self) -> None:
        """Believe the wall."""
        self.ahead = wall() - counted()
        self.told = False
        if self.path is None:
            return
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            part.write_text(json.dumps({"boot": self.boot, "ahead": self.ahead}))
            part.replace(self.path)
        except OSError:
            log.warning("the agreement of the clocks could not be written down")

    def jump(self) -> float:
        """Seconds by which the wall is off; 0 while it is believed."""
        found = wall() - counted() - (self.ahead or 0.0)
        if abs(found) <= _FOLLOW:
            self.told = False
            return 0.0
        if abs(found) <= MOST_APART:
            self.confirm()
            return 0.0
        if counted() - self.looked >= _LOOK_EVERY:
            self.looked = counted()
            kept = self._kept()
            if kept is not None and kept != self.ahead:  # another process was told
                self.ahead = kept
                return self.jump()
            if not self.told:
                self.told = True
                log.error("the clock jumped by %+.0f s; going on by counted seconds", found)
        return found


def counted() -> float:
    """Seconds since the machine started, sleep included; nobody can set them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


_agreement: _Agreement | None = None


def watch(path: Path) -> None:
    """From now on no jump of the clock is believed; `path` is where processes agree."""
    global _agreement  # noqa: PLW0603 - one clock for the whole process
    _agreement = _Agreement(path)


def jump() -> float:
    """Seconds by which the clock on the wall has jumped and is not believed; 0 if all is well."""
    return 0.0 if _agreement is None else _agreement.jump()


def confirm() -> None:
    """Believe the clock on the wall again, as it is now."""
    if _agreement is not None:
        _agreement.confirm()


def _system() -> datetime:
    return datetime.fromtimestamp(wall() - jump(), UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The current moment, timezone-aware, in UTC."""
    return _source()


def epoch() -> float:
    """The current moment as seconds since 1970, from the same clock as `now`."""
    return now().timestamp()


def moment(milliseconds: int) -> datetime:
    """The moment that a page got as a number from `epoch`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def monotonic() -> float:
    """Seconds that never jump, for measuring how long something takes."""
    return time.monotonic()


def today(zone: ZoneInfo) -> date:
    """The calendar date in the organisation's time zone."""
    return now().astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The UTC moments [start, end) of a calendar date in `zone`."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


@contextmanager
def use(source: Callable[[], datetime]) -> Iterator[None]:
    """Replace the clock for the time of a `with` block (tests, and the past of the demo)."""
    global _source  # noqa: PLW0603 - one clock for the whole process, as in the real world
    before = _source
    _source = source
    try:
        yield
    finally:
        _source = before
