"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.library.views import lists, notes, teaching
from app.library.views.documents import init_app
from app.library.views.frame import bp

__all__ = ["bp", "init_app", "lists", "notes", "teaching"]
