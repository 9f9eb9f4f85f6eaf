"""Who may see what: the bounds of a question, and the last word by what the database says now."""

from __future__ import annotations

from sqlalchemy import and_, or_, select

from app.core import settings
from app.core.db import db
from app.members.rules import Reader
from app.search.index import KINDS
from app.search.models import SearchThing
from app.search.rules import AUTHORS, Kind, audience_of


def branches_of(reader: Reader) -> frozenset[int] | None:
    """The branches whose things a reader finds; None for administrators, who find everything.

    Who writes questions finds those of the bank besides.
    """
    if reader.is_administrator:
        return None
    return frozenset((*reader.branch_path, *((AUTHORS,) if reader.is_author else ())))


def hidden_kinds() -> frozenset[int]:
    """Numbers of the kinds that the organisation has switched off."""
    is_on = settings.organisation().discussions
    return frozenset() if is_on else frozenset((KINDS.index(Kind.DISCUSSION),))


def may_see(reader: Reader, thing: SearchThing) -> bool:
    """The last word on who may see a thing, by what the database says now."""
    if Kind(thing.kind) in {KINDS[number] for number in hidden_kinds()} or _is_over(thing):
        return False
    branches = branches_of(reader)
    parts = [part.split(":", 1) for part in thing.made_of.split("|") if part]
    if parts and not _finds_one_of(branches, parts):
        return False
    return _is_among(branches, thing.audience)


def over() -> frozenset[int]:
    """Ids of things whose last day is over and that nobody has taken out yet."""
    is_over = SearchThing.until < settings.today()
    return frozenset(db.session().scalars(select(SearchThing.id).where(is_over)))


def _is_over(thing: SearchThing) -> bool:
    return thing.until is not None and thing.until < settings.today()


def _is_among(branches: frozenset[int] | None, tokens: str) -> bool:
    audience = audience_of(tokens)
    return branches is None or audience is None or not branches.isdisjoint(audience)


def _finds_one_of(branches: frozenset[int] | None, parts: list[list[str]]) -> bool:
    found = db.session().scalars(
        select(SearchThing.audience).where(
            or_(*(and_(SearchThing.kind == kind, SearchThing.ref == ref) for kind, ref in parts))
        )
    )
    return any(_is_among(branches, tokens) for tokens in found)
