"""The full-text index: Whoosh files in the search folder, written by the worker alone."""

from flask import current_app

from app.search.index.ranking import Ask, Hit, Scan
from app.search.index.schema import KINDS, Entry
from app.search.index.store import Busy, Index, Unusable

__all__ = ["KINDS", "Ask", "Busy", "Entry", "Hit", "Index", "Scan", "Unusable", "opened"]


def opened() -> Index:
    """The index of this application, the same for all threads of the process."""
    found: Index = current_app.extensions["search"]
    return found
