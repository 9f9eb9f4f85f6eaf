"""Whether what is right in a question may be told now: said by a room that stands above.

An exam that goes on seals its questions everywhere; `create_app` brings both together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask, current_app

from app.core import clock

Rule = Callable[[int, int, datetime], bool]


def init_app(app: Flask, *, is_sealed: Rule) -> None:
    """Ask with the member, the question and the moment."""
    app.extensions["is_sealed"] = is_sealed


def is_sealed(member_id: int, question_id: int) -> bool:
    """Whether the member is not told now what is right in the question."""
    return bool(current_app.extensions["is_sealed"](member_id, question_id, clock.now()))
