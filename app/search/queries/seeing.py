"""Who may see what: the bounds of a question, and the last word by what the database says now."""

from __future__ import annotations

from app.core import settings
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
    if Kind(thing.kind) in {KINDS[number] for number in hidden_kinds()}:
        return False
    branches, audience = branches_of(reader), audience_of(thing.audience)
    return branches is None or audience is None or not branches.isdisjoint(audience)
