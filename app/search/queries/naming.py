"""What a found thing is called in the reader's language, where its room says so."""

from __future__ import annotations

from app.core.i18n import reader_language
from app.search.models import SearchThing


def title_of(thing: SearchThing) -> str:
    """The title in the reader's language, else in its own."""
    return _said(thing, "title") or thing.title


def note_of(thing: SearchThing) -> str:
    """The line below the title, in the same way."""
    return _said(thing, "note") or thing.note


def _said(thing: SearchThing, part: str) -> str:
    language = reader_language()
    return str((thing.others.get(language) or {}).get(part, "")) if language else ""
