"""The tree of branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Branch, Member
from app.members.rules import Reader


def branches() -> list[Branch]:
    """All branches in the order of the tree: parents first, siblings as they were made."""
    return sorted(db.session().scalars(select(Branch)), key=lambda b: b.path_ids)


def root_branch() -> Branch | None:
    """The branch above all others."""
    return db.session().scalar(select(Branch).where(Branch.parent_id.is_(None)))


def branch_choices(reader: Reader | None = None) -> list[tuple[int, str]]:
    """Ids and indented names in the order of the tree, for lists to choose from.

    With a reader only the branches that this reader may organize.
    """
    return [
        (b.id, "\u3000" * (len(b.path_ids) - 1) + b.name)
        for b in branches()
        if reader is None or reader.may_organize(b.path_ids)
    ]


def branch_ids_below(branch_id: int) -> list[int]:
    """The ids of a branch and of all below it; none for an unknown branch."""
    top = db.session().get(Branch, branch_id)
    if top is None:
        return []
    return list(db.session().scalars(select(Branch.id).where(Branch.path.startswith(top.path))))


@dataclass(frozen=True)
class BranchLine:
    """One branch on the page of branches; members are counted without and with those below."""

    id: int
    parent_id: int | None
    name: str
    depth: int
    path_ids: tuple[int, ...]
    members: int
    members_below: int
    children: int


def branch_lines() -> list[BranchLine]:
    """The tree with its counts of members, in the order of the tree."""
    tree = branches()
    counts: Mapping[int, int] = dict(
        db.session()
        .execute(select(Member.branch_id, func.count()).group_by(Member.branch_id))
        .all()
    )
    below: dict[int, int] = {}
    children: dict[int, int] = {}
    for branch in tree:
        for above in branch.path_ids:
            below[above] = below.get(above, 0) + counts.get(branch.id, 0)
        if branch.parent_id is not None:
            children[branch.parent_id] = children.get(branch.parent_id, 0) + 1
    return [
        BranchLine(
            id=b.id,
            parent_id=b.parent_id,
            name=b.name,
            depth=len(b.path_ids) - 1,
            path_ids=b.path_ids,
            members=counts.get(b.id, 0),
            members_below=below.get(b.id, 0),
            children=children.get(b.id, 0),
        )
        for b in tree
    ]


def branch_line(branch_id: int) -> BranchLine:
    """One line of the tree. Raises NotThere."""
    found = next((line for line in branch_lines() if line.id == branch_id), None)
    if found is None:
        raise NotThere
    return found
