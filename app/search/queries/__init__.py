"""Reads of the search room: finding, suggesting, our own words, and what is to be indexed."""

from app.search.queries.alike import Alike, alike
from app.search.queries.beside import Beside, look_through
from app.search.queries.finding import PAGE_SIZE, Results, find, sought_for
from app.search.queries.indexing import (
    ThingRow,
    change_count,
    entries,
    passage_count,
    thing_count,
    things_after,
)
from app.search.queries.keeping import (
    Kept,
    Missed,
    kept_by,
    kept_id,
    missed,
    new_in,
    newest_change,
    tellers,
)
from app.search.queries.seeing import branches_of
from app.search.queries.showing import Excerpt, Found
from app.search.queries.suggesting import Suggestion, recalled, suggest, waking
from app.search.queries.words import all_words, thesaurus

__all__ = [
    "PAGE_SIZE",
    "Alike",
    "Beside",
    "Excerpt",
    "Found",
    "Kept",
    "Missed",
    "Results",
    "Suggestion",
    "ThingRow",
    "alike",
    "all_words",
    "branches_of",
    "change_count",
    "entries",
    "find",
    "kept_by",
    "kept_id",
    "look_through",
    "missed",
    "new_in",
    "newest_change",
    "passage_count",
    "recalled",
    "sought_for",
    "suggest",
    "tellers",
    "thesaurus",
    "thing_count",
    "things_after",
    "waking",
]
