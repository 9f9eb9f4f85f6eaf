"""The organisation's own words, as one thesaurus per process."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from app.core.db import db
from app.search import folding
from app.search.index import opened
from app.search.models import SearchWords
from app.search.rules import words_of
from app.search.units import Thesaurus


def thesaurus() -> Thesaurus:
    """The words as they are now; jieba knows them when this returns."""
    mark = (
        db.session()
        .execute(select(func.count(), func.max(SearchWords.id), func.max(SearchWords.changed_at)))
        .one()
    )
    index = opened()
    known, found = index.words
    if known != tuple(mark):
        found = Thesaurus([words_of(row.words) for row in all_words()])
        index.words = (tuple(mark), found)
    folding.learn(found.words)
    return found


def all_words() -> Sequence[SearchWords]:
    """All groups of words, the newest first."""
    return db.session().scalars(select(SearchWords).order_by(SearchWords.id.desc())).all()
