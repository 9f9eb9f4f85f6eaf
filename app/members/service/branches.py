"""The tree of branches: add, rename, move, remove."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Branch, Member, RoleGrant
from app.members.queries import root_branch
from app.members.rules import DEEPEST, names, path_text
from app.members.rules.audit import Act, Changes, differences
from app.members.rules.names import folded
from app.members.rules.refusals import (
    BranchInsideItself,
    BranchNameTaken,
    BranchNotEmpty,
    RootExists,
    RootStays,
    TooDeep,
    UnknownBranch,
)
from app.members.service.audit import record


def make_root(name: str) -> int:
    """Make the branch above all others; returns its id. Raises RootExists, BadName."""
    if root_branch() is not None:
        raise RootExists
    return _made(None, names.branch(name))


def add_branch(name: str, *, parent_id: int) -> int:
    """Add a branch; returns its id. Raises BranchNameTaken, TooDeep, BadName, NotThere."""
    parent = _branch(parent_id, held=True)
    name = names.branch(name)
    _refuse_taken(name, parent_id)
    if len(parent.path_ids) >= DEEPEST:
        raise TooDeep(most=DEEPEST)
    return _made(parent, name)


def rename_branch(branch_id: int, name: str) -> None:
    """Give a branch another name. Raises BranchNameTaken, BadName, NotThere."""
    row = _branch(branch_id)
    name = names.branch(name)
    _refuse_taken(name, row.parent_id, besides=branch_id)
    changes = differences({"name": row.name}, {"name": name})
    row.name = name
    if changes:
        _record(Act.BRANCH_RENAMED, row, changes=changes)


def move_branch(branch_id: int, *, parent_id: int) -> None:
    """Hang a branch, with all below it, under another parent.

    Raises RootStays, BranchInsideItself, BranchNameTaken, TooDeep, NotThere.
    """
    session = db.session()
    # All at once: two moves at the same time could tie a knot otherwise (PostgreSQL).
    session.execute(select(Branch.id).order_by(Branch.id).with_for_update())
    row, parent = _branch(branch_id, held=True), _branch(parent_id, held=True)
    if row.parent_id is None:
        raise RootStays
    if branch_id in parent.path_ids:
        raise BranchInsideItself(name=row.name)
    if row.parent_id == parent_id:
        return
    _refuse_taken(row.name, parent_id)
    above = db.session().get_one(Branch, row.parent_id)
    changes = differences({"above": above.name}, {"above": parent.name})
    old, new = row.path, f"{parent.path}{branch_id}/"
    below = session.scalars(select(Branch).where(Branch.path.startswith(old))).all()
    height = max(len(b.path_ids) for b in below) - len(row.path_ids)
    if len(parent.path_ids) + 1 + height > DEEPEST:
        raise TooDeep(most=DEEPEST)
    row.parent_id = parent_id
    session.flush()
    for branch in below:
        branch.path = new + branch.path[len(old) :]
    _record(Act.BRANCH_MOVED, row, other_branch_id=above.id, changes=changes)


def remove_branch(branch_id: int) -> None:
    """Remove a branch that nothing hangs on. Raises RootStays, BranchNotEmpty, NotThere."""
    session = db.session()
    row = _branch(branch_id)
    if row.parent_id is None:
        raise RootStays
    name, above_id = row.name, row.parent_id
    hanging = (
        select(Branch.id).where(Branch.parent_id == branch_id),
        select(Member.id).where(Member.branch_id == branch_id),
        select(RoleGrant.id).where(RoleGrant.branch_id == branch_id),
    )
    if any(session.scalar(rows.limit(1)) is not None for rows in hanging):
        raise BranchNotEmpty(name=name)
    session.delete(row)
    try:
        session.flush()
    except IntegrityError as error:  # rooms above us point at branches too
        raise BranchNotEmpty(name=name) from error
    record(Act.BRANCH_REMOVED, thing=("branch", branch_id), name=name, branch_id=above_id)


def branch_at(path: tuple[str, ...], *, create: bool = False) -> int:
    """The id of the branch at a path of names; the root's own name may be left out.

    With `create` what is missing is made. Raises UnknownBranch.
    """
    session = db.session()
    root = root_branch()
    if root is None:
        if not (create and path):
            raise UnknownBranch(path="/".join(path))
        root_id = make_root(path[0])
        root = session.get_one(Branch, root_id)
    at = root
    for name in path[1:] if path and folded(path[0]) == folded(root.name) else path:
        children = session.scalars(select(Branch).where(Branch.parent_id == at.id))
        found = next((b for b in children if folded(b.name) == folded(name)), None)
        if found is None:
            if not create:
                raise UnknownBranch(path="/".join(path))
            found = session.get_one(Branch, add_branch(name, parent_id=at.id))
        at = found
    return at.id


def take_in_branches(paths: Iterable[tuple[str, ...]]) -> int:
    """Make the branches of these paths that are not there yet; returns how many were made.

    Raises TooDeep, BadName: then nothing is made.
    """
    before = db.session().scalar(select(func.count()).select_from(Branch)) or 0
    for path in paths:
        branch_at(path, create=True)
    return (db.session().scalar(select(func.count()).select_from(Branch)) or 0) - before


def _branch(branch_id: int, *, held: bool = False) -> Branch:
    """The row of a branch; `held` waits for who moves it, and keeps it where it is (PostgreSQL)."""
    if held:
        row = db.session().scalar(
            select(Branch)
            .where(Branch.id == branch_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    else:
        row = db.session().get(Branch, branch_id)
    if row is None:
        raise NotThere
    return row


def _made(parent: Branch | None, name: str) -> int:
    session = db.session()
    row = Branch(parent_id=parent.id if parent else None, name=name, path="")
    session.add(row)
    session.flush()
    row.path = path_text((*(parent.path_ids if parent else ()), row.id))
    _record(Act.BRANCH_ADDED, row)
    return row.id


def _record(
    act: Act, row: Branch, *, other_branch_id: int | None = None, changes: Changes | None = None
) -> None:
    record(
        act,
        thing=("branch", row.id),
        name=row.name,
        branch_id=row.id,
        other_branch_id=other_branch_id,
        changes=changes,
    )


def _refuse_taken(name: str, parent_id: int | None, *, besides: int | None = None) -> None:
    siblings = db.session().execute(
        select(Branch.id, Branch.name).where(Branch.parent_id == parent_id)
    )
    if any(folded(other) == folded(name) and i != besides for i, other in siblings):
        raise BranchNameTaken(name=name)
