"""What may be told, how often, and when a message that could not be sent is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_TITLE = 200
LONGEST_BODY = 2000
LONGEST_ADDRESS = 400
LONGEST_KEY = 120
KEPT = timedelta(days=180)  # a notice is removed after that

MOST_PER_HOUR = 3  # of one kind, for one member; what follows joins the newest of them
HOUR = timedelta(hours=1)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
MOST_DEVICES = 10  # of one member, that notices are pushed to


class Kind(StrEnum):
    """What a notice is about; members choose per kind how they are told."""

    ASSIGNMENT = "assignment"
    EXAM = "exam"
    POINTS = "points"
    CERTIFICATE = "certificate"
    SEARCH = "search"
    COMMUNITY = "community"
    REPORT = "report"


class Channel(StrEnum):
    """How a notice leaves the site."""

    MAIL = "mail"
    PUSH = "push"


# After a message a member is left alone for so long; what comes meanwhile goes in one message.
PAUSE = {Channel.MAIL: timedelta(minutes=20), Channel.PUSH: timedelta(minutes=5)}


def next_try(tried: int, now: datetime) -> datetime | None:
    """When to try again after `tried` failures; None when that was the last one."""
    return now + BACK_OFF[tried - 1] if tried <= len(BACK_OFF) else None


def one_line(text: str) -> str:
    """Words that can stand in a header: no line breaks, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, longest: int) -> str:
    """A text of at most so many characters, with a sign that something is missing."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def is_local(address: str) -> bool:
    """Whether an address is a path of this site."""
    return (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and len(address) <= LONGEST_ADDRESS
        and address.isprintable()
    )
