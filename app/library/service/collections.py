"""Arranging the collections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.library import rules
from app.library.models import Collection, Document
from app.library.service.documents import publish
from app.members import service as members
from app.members.rules.audit import Act


def add_collection(name: str, *, parent_id: int | None = None) -> int:
    """Make a collection, at the end of its siblings; returns its id."""
    session = db.session()
    _hold_all()
    name = rules.clean_title(name)[: rules.LONGEST_COLLECTION]
    _refuse_double(name, parent_id)
    above = _path_of(parent_id)
    _refuse_too_deep(above.count("/"))
    last = session.scalar(select(func.max(Collection.position))) or 0
    row = Collection(parent_id=parent_id, name=name, path="", position=last + 1)
    session.add(row)
    session.flush()
    row.path = f"{above}{row.id}/"
    return row.id


def collection_at(names: Sequence[str], *, parent_id: int | None = None) -> int | None:
    """The collection that a path of names leads to, made where it is missing; raises TooDeep."""
    for name in names:
        wanted = rules.clean_title(name)[: rules.LONGEST_COLLECTION]
        found = db.session().scalar(
            select(Collection.id)
            .where(Collection.name == wanted)
            .where(Collection.parent_id.is_not_distinct_from(parent_id))
        )
        parent_id = found if found is not None else add_collection(wanted, parent_id=parent_id)
    return parent_id


def change_collection(collection_id: int, *, name: str, parent_id: int | None) -> None:
    """Rename a collection and hang it somewhere, with all below it."""
    session = db.session()
    _hold_all()
    row = session.get(Collection, collection_id)
    if row is None:
        raise NotThere
    name = rules.clean_title(name)[: rules.LONGEST_COLLECTION]
    _refuse_double(name, parent_id, besides=row.id)
    above, before = _path_of(parent_id), row.path
    if above.startswith(before):
        raise rules.TooDeep
    below = session.scalars(select(Collection).where(Collection.path.startswith(before))).all()
    _refuse_too_deep(
        above.count("/") + max(each.path.count("/") for each in below) - before.count("/")
    )
    changed = row.name != name or row.parent_id != parent_id
    row.name, row.parent_id = name, parent_id
    for each in below:
        each.path = f"{above}{row.id}/" + each.path.removeprefix(before)
    if changed:
        session.flush()
        for document_id in session.scalars(
            select(Document.id).where(Document.collection_id.in_([each.id for each in below]))
        ).all():
            publish(document_id)  # results show the collections' names, and collection: finds them


def move_collection(collection_id: int, *, step: int) -> None:
    """Move a collection one place up (-1) or down (1) among its siblings."""
    session = db.session()
    _hold_all()
    row = session.get(Collection, collection_id)
    if row is None:
        raise NotThere
    siblings = list(
        session.scalars(
            select(Collection)
            .where(Collection.parent_id.is_not_distinct_from(row.parent_id))
            .order_by(Collection.position, Collection.name)
        )
    )
    at = siblings.index(row)
    to = min(max(at + step, 0), len(siblings) - 1)
    siblings.insert(to, siblings.pop(at))
    for position, each in enumerate(siblings, 1):
        each.position = position


def remove_collection(collection_id: int) -> None:
    """Delete a collection that has neither documents nor collections in it."""
    session = db.session()
    found = session.get(Collection, collection_id)
    if found is None:
        raise NotThere
    inside = (
        select(Document.id).where(Document.collection_id == collection_id),
        select(Collection.id).where(Collection.parent_id == collection_id),
    )
    if any(session.scalar(each.limit(1)) is not None for each in inside):
        raise rules.NotEmpty
    session.execute(delete(Collection).where(Collection.id == collection_id))
    members.record(Act.COLLECTION_REMOVED, thing=("collection", collection_id), name=found.name)


def _hold_all() -> None:
    """Let nobody else move one meanwhile: two moves at once could tie a knot (PostgreSQL)."""
    db.session().scalars(
        select(Collection)
        .order_by(Collection.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def _path_of(collection_id: int | None) -> str:
    if collection_id is None:
        return "/"
    row = db.session().get(Collection, collection_id)
    if row is None:
        raise NotThere
    return row.path


def _refuse_double(name: str, parent_id: int | None, besides: int | None = None) -> None:
    # The constraint of the table does not see two equal names at the top, where parent is null.
    same = (
        select(Collection.id)
        .where(Collection.name == name, Collection.id != (besides or 0))
        .where(Collection.parent_id.is_not_distinct_from(parent_id))
    )
    if db.session().scalar(same) is not None:
        raise rules.NameTaken


def _refuse_too_deep(levels: int) -> None:
    if levels > rules.DEEPEST:
        raise rules.TooDeep
