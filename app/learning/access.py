"""Whether what is right in a question may be told now: said by a room that stands above.

An exam that goes on seals its questions everywhere; `create_app` brings both together.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime

from flask import Flask, current_app

from app.core import clock

Rule = Callable[[int, datetime], Container[int]]


def init_app(app: Flask, *, sealed_for: Rule) -> None:
    """Ask with the member and the moment."""
    app.extensions["sealed_for"] = sealed_for


def sealed_for(member_id: int) -> Container[int]:
    """The questions of which the member is not told now what is right."""
    rule: Rule = current_app.extensions["sealed_for"]
    return rule(member_id, clock.now())
