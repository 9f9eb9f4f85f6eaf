"""The full-text index: Whoosh files in the search folder, or PostgreSQL; one face for both."""

from flask import current_app

from app.search.index.asking import Ask, Hit, Scan, Tally, class_of, tally
from app.search.index.face import Busy, Engine, Unusable, View
from app.search.index.postgresql import PostgresIndex
from app.search.index.schema import KINDS, LANGUAGES, Entry, branch_code
from app.search.index.store import Index
from config import Config

__all__ = [
    "KINDS",
    "LANGUAGES",
    "Ask",
    "Busy",
    "Engine",
    "Entry",
    "Hit",
    "Index",
    "PostgresIndex",
    "Scan",
    "Tally",
    "Unusable",
    "View",
    "branch_code",
    "class_of",
    "engine_for",
    "opened",
    "tally",
]


def engine_for(config: Config) -> Engine:
    """The engine that the settings ask for."""
    if config.search_engine == "postgresql":
        return PostgresIndex(config.search_address)
    return Index(config.search_dir)


def opened() -> Engine:
    """The index of this application, the same for all threads of the process."""
    found: Engine = current_app.extensions["search"]
    return found
