"""What the worker and the commands read: what should stand in the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.core.db import db
from app.search.index import Entry
from app.search.models import SearchChange, SearchPassage, SearchThing
from app.search.rules import audience_of


class ThingRow(NamedTuple):
    """Which thing, and in which revision."""

    number: int
    kind: str
    ref: str
    revision: int

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.ref}"


def thing_count() -> int:
    """How many things can be found."""
    return db.session().scalar(select(func.count()).select_from(SearchThing)) or 0


def passage_count() -> int:
    """How many passages can be found."""
    return db.session().scalar(select(func.count()).select_from(SearchPassage)) or 0


def change_count() -> int:
    """How many lines wait in the outbox."""
    return db.session().scalar(select(func.count()).select_from(SearchChange)) or 0


def things_after(number: int, limit: int | None) -> list[ThingRow]:
    """Things by number, from the one after `number`; all of them for None."""
    rows = db.session().execute(
        select(SearchThing.id, SearchThing.kind, SearchThing.ref, SearchThing.revision)
        .where(SearchThing.id > number)
        .order_by(SearchThing.id)
        .limit(limit)
    )
    return [ThingRow(*row) for row in rows]


def entries(things: Iterable[tuple[str, str]]) -> dict[str, list[Entry]]:
    """What the index should hold of things, by "kind:ref"; nothing of those that are gone."""
    wanted = list(dict.fromkeys(things))
    found: dict[str, list[Entry]] = {f"{kind}:{ref}": [] for kind, ref in wanted}
    for start in range(0, len(wanted), 200):
        rows = db.session().execute(
            select(SearchThing, SearchPassage.position, SearchPassage.search_text)
            .join(SearchPassage, SearchPassage.thing_id == SearchThing.id)
            .where(_among(wanted[start : start + 200]))
            .order_by(SearchThing.id, SearchPassage.position)
        )
        for thing, position, text in rows:
            if f"{thing.kind}:{thing.ref}" not in found:
                continue  # the same number in another room
            found[f"{thing.kind}:{thing.ref}"].append(
                Entry(
                    thing=thing.id,
                    revision=thing.revision,
                    position=position,
                    kind=thing.kind,
                    title=thing.search_title,
                    body=text,
                    audience=audience_of(thing.audience),
                    language=thing.language,
                    authors=thing.authors,
                    shelf=thing.shelf,
                    day=(thing.dated or thing.changed_at).toordinal(),
                    form=thing.form,
                )
            )
    return found


def _among(things: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Things by kind and ref, so asked that every database uses its index."""
    refs: dict[str, list[str]] = {}
    for kind, ref in things:
        refs.setdefault(kind, []).append(ref)
    return or_(
        *(and_(SearchThing.kind == kind, SearchThing.ref.in_(some)) for kind, some in refs.items())
    )
