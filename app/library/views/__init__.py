"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.library.views import collections, documents, lists, notes, teaching
from app.library.views.frame import bp
from app.library.views.uploading import init_app

__all__ = ["bp", "collections", "documents", "init_app", "lists", "notes", "teaching"]
