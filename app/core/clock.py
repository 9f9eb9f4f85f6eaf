"""The only place that asks what time it is; tests put their own clock here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The current moment, timezone-aware, in UTC."""
    return _source()


def epoch() -> float:
    """The current moment as seconds since 1970, from the same clock as `now`."""
    return now().timestamp()


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
