"""Whether somebody is there: asked at a moment nobody knows, answered within a minute."""

from __future__ import annotations

from app.learning.rules.budget import Reason, at_speed

ASK_AFTER_S = (120, 360)  # seconds after opening a lesson, or after the last answer
ANSWER_MS = 60_000

Limit = tuple[int, Reason]  # the most ms that a report may bring, and why


def is_due(check_at: int | None, now: int) -> bool:
    """Whether the moment to ask has come; moments are ms since 1970."""
    return check_at is not None and now >= check_at


def left_to_answer(asked_at: int, now: int) -> int:
    """ms until the clock stops; 0 when it stands still."""
    return max(0, asked_at + ANSWER_MS - now)


def while_asked(asked_at: int | None, heard_at: int, now: int, speed: int) -> Limit | None:
    """What counts of a report while nobody has answered: what was played until the minute ended."""
    if asked_at is None or now <= asked_at + ANSWER_MS:
        return None
    return at_speed(asked_at + ANSWER_MS - heard_at, speed), Reason.ABSENT


def while_elsewhere(heard_at: int, other_opened_at: int | None, *, kept: bool, speed: int) -> Limit:
    """What counts of a lesson when another one was opened since: nothing, or what came before."""
    if not kept or other_opened_at is None:
        return 0, Reason.ELSEWHERE
    return at_speed(other_opened_at - heard_at, speed), Reason.ELSEWHERE
