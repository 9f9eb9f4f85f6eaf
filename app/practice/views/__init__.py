"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.practice.views import duels, runs
from app.practice.views.door import bp

__all__ = ["bp", "duels", "runs"]
