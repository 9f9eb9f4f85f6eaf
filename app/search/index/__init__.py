"""The full-text index: Whoosh files in the search folder, written by the worker alone."""

from flask import current_app

from app.search.index.ranking import Ask, Hit, Scan, Snapshot, Tally, class_of, tally
from app.search.index.schema import KINDS, LANGUAGES, Entry, branch_code
from app.search.index.store import Busy, Index, Unusable

__all__ = [
    "KINDS",
    "LANGUAGES",
    "Ask",
    "Busy",
    "Entry",
    "Hit",
    "Index",
    "Scan",
    "Snapshot",
    "Tally",
    "Unusable",
    "branch_code",
    "class_of",
    "opened",
    "tally",
]


def opened() -> Index:
    """The index of this application, the same for all threads of the process."""
    found: Index = current_app.extensions["search"]
    return found
