"""Taking in a list of members: first as a plan that writes nothing, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import Refusal
from app.members.models import ActivationCode, Branch, Member, RoleGrant
from app.members.queries import branches, everybody, grants_of
from app.members.rules import DEEPEST, Reader, Role, codes
from app.members.rules.audit import Act, facts
from app.members.rules.names import folded, phone_or_none
from app.members.rules.refusals import (
    EmailTaken,
    NotYourBranch,
    NotYourMember,
    PhoneTaken,
    TooDeep,
    UnknownBranch,
    UsernameTaken,
)
from app.members.rules.roster import CellEmpty, Problem, Roster, Wish
from app.members.service.audit import record
from app.members.service.branches import branch_at
from app.members.service.people import new_code, record_change, record_role, seen
from app.members.service.signing import end_sign_ins, token_hash

NEW, CHANGED, SAME = "new", "changed", "same"


class RolesNeedAdministrator(Refusal):
    sentence = _l("Only administrators give roles. Leave this cell empty.")


class ImportRefused(Refusal):
    """The file has problems, so nothing of it was taken in; they are in `problems`."""

    def __str__(self) -> str:
        return str(
            ngettext(
                "The file has %(num)s problem, so nothing was taken in.",
                "The file has %(num)s problems, so nothing was taken in.",
                self.count,
            )
        )


@dataclass(frozen=True)
class Line:
    """What would happen for one row; `changes` names the columns that would change."""

    wish: Wish
    what: str
    member_id: int | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What taking in a roster would do."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    new_branches: tuple[str, ...]
    ignored: tuple[str, ...]

    def count(self, what: str) -> int:
        """How many rows are "new", "changed" or "same"."""
        return sum(line.what == what for line in self.lines)


class _Planner:
    """Compares the rows of a roster with what is in the database."""

    def __init__(self, by: Reader | None, *, create_branches: bool) -> None:
        members, tree = everybody(), branches()
        by_id = {b.id: b for b in tree}
        self.by = by
        self.create_branches = create_branches
        self.members = {m.username: m for m in members}
        self.emails = {m.email: m.id for m in members if m.email}
        self.phones = {m.phone: m.id for m in members if m.phone}
        self.roles = grants_of(m.id for m in members)
        self.root = tree[0] if tree else None
        self.tree = {tuple(folded(by_id[i].name) for i in b.path_ids): b for b in tree}
        self.new_branches: dict[tuple[str, ...], str] = {}
        self.problems: list[Problem] = []

    @property
    def is_organizer(self) -> bool:
        """Whether the one who asks may do less than everything."""
        return self.by is not None and not self.by.is_administrator

    def line(self, wish: Wish) -> Line | None:
        """What a row would do; None, with its problems entered, when it cannot be done."""
        before = len(self.problems)
        member = self.members.get(wish.username)
        self._check_names(wish, member.id if member else 0)
        branch = self._branch(wish, member)
        if self.is_organizer:
            self._check_rights(wish, member)
        if len(self.problems) > before:
            return None
        if member is None:
            return Line(wish, NEW)
        changes = self._changes(wish, member, branch)
        return Line(wish, CHANGED if changes else SAME, member.id, changes)

    def _refuse(self, wish: Wish, column: str, reason: Refusal) -> None:
        self.problems.append(Problem(wish.row, column, reason))

    def _check_names(self, wish: Wish, own: int) -> None:
        if wish.email and self.emails.get(wish.email, own) != own:
            self._refuse(wish, "email", EmailTaken(email=wish.email))
        if wish.phone and self.phones.get(wish.phone, own) != own:
            self._refuse(wish, "phone", PhoneTaken(phone=wish.phone))
        as_phone = phone_or_none(wish.username)
        if as_phone and self.phones.get(as_phone, own) != own:
            self._refuse(wish, "username", UsernameTaken(username=wish.username))

    def _check_rights(self, wish: Wish, member: Member | None) -> None:
        if wish.roles:
            self._refuse(wish, "role", RolesNeedAdministrator())
        if member is None or self.by is None:
            return
        if not self.by.may_organize(member.branch.path_ids):
            self._refuse(wish, "username", UsernameTaken(username=wish.username))
        elif member.id in self.roles:
            self._refuse(wish, "username", NotYourMember())

    def _branch(self, wish: Wish, member: Member | None) -> Branch | None:
        """The branch a row names; None for one that is still to be made, or for none."""
        if not wish.branch:
            if member is None:
                self._refuse(wish, "branch", CellEmpty())
            return member.branch if member else None
        key = tuple(folded(name) for name in wish.branch)
        if self.root is not None and key[0] != folded(self.root.name):
            key = (folded(self.root.name), *key)
        found = self.tree.get(key)
        above = next(
            (self.tree[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.tree), None
        )
        name = "/".join(wish.branch)
        if found is None and (
            not self.create_branches or (self.root is None and self.is_organizer)
        ):
            self._refuse(wish, "branch", UnknownBranch(path=name))
        elif self.by is not None and above is not None and not self.by.may_organize(above.path_ids):
            self._refuse(wish, "branch", NotYourBranch(name=name))
        elif found is None and len(key) > DEEPEST:
            self._refuse(wish, "branch", TooDeep(most=DEEPEST))
        elif found is None:
            self.new_branches.setdefault(key, name)
        return found

    def _changes(self, wish: Wish, member: Member, branch: Branch | None) -> tuple[str, ...]:
        place = branch.id if branch else None
        held = {(g.role, g.branch_id) for g in self.roles.get(member.id, ())}
        wanted = {(r.value, place if r is Role.ORGANIZER else None) for r in wish.roles}
        differs = {
            "name": wish.name != member.name,
            "branch": place != member.branch_id,
            "email": wish.email is not None and wish.email != member.email,
            "phone": wish.phone is not None and wish.phone != member.phone,
            "role": bool(wanted - held),
        }
        return tuple(column for column, yes in differs.items() if yes)


def plan(roster: Roster, *, by: Reader | None = None, create_branches: bool = False) -> Plan:
    """What `take_in` would do, without doing it. `by` None is the operator, who may do all."""
    planner = _Planner(by, create_branches=create_branches)
    lines = [line for wish in roster.wishes if (line := planner.line(wish)) is not None]
    return Plan(
        lines=tuple(lines),
        problems=tuple(sorted((*roster.problems, *planner.problems), key=lambda p: p.row)),
        new_branches=tuple(planner.new_branches.values()),
        ignored=roster.ignored,
    )


def take_in(
    roster: Roster,
    *,
    by: Reader | None = None,
    create_branches: bool = False,
    codes_made: Sequence[str] = (),
) -> tuple[Plan, dict[int, str]]:
    """Add and change members as a roster says; all of it, or ImportRefused and nothing.

    Members are recognised by their user names. Existing members get what the filled cells say and
    keep the rest, roles included; taking in the same file again changes nothing. Returns what was
    done, and an activation code for each new member by id (`codes_made` are used first).
    """
    done = plan(roster, by=by, create_branches=create_branches)
    if done.problems:
        raise ImportRefused(count=len(done.problems), problems=done.problems)
    session = db.session()
    now = clock.now()
    made = iter(codes_made)
    places: dict[tuple[str, ...], int] = {}
    added: list[tuple[Member, Wish]] = []
    for line in done.lines:
        wish = line.wish
        if wish.branch and wish.branch not in places:
            places[wish.branch] = branch_at(wish.branch, create=create_branches)
        if line.what == NEW:
            row = Member(
                username=wish.username,
                name=wish.name,
                email=wish.email,
                phone=wish.phone,
                branch_id=places[wish.branch],
                created_at=now,
            )
            session.add(row)
            added.append((row, wish))
        elif line.what == CHANGED and line.member_id is not None:
            _change(line, places)
    session.flush()
    given: dict[int, str] = {}
    for row, wish in added:
        given[row.id] = next(made, None) or new_code()
        session.add(
            ActivationCode(
                code_hash=token_hash(given[row.id]),
                member_id=row.id,
                created_at=now,
                expires_at=now + codes.GOOD_FOR,
            )
        )
        record(Act.MEMBER_ADDED, member_id=row.id)
        _give_roles(row.id, wish, row.branch_id)
    record(
        Act.MEMBERS_IMPORTED,
        branch_id=by.organized_id if by else None,
        changes=facts(
            new=done.count(NEW), changed=done.count(CHANGED), new_branches=len(done.new_branches)
        ),
    )
    session.flush()
    session.expire_all()
    return done, given


def _change(line: Line, places: dict[tuple[str, ...], int]) -> None:
    row = db.session().get_one(Member, line.member_id)
    wish, before = line.wish, seen(row)
    row.name = wish.name
    row.email = wish.email or row.email
    row.phone = wish.phone or row.phone
    row.branch_id = places.get(wish.branch, row.branch_id)
    record_change(row, before)
    if _give_roles(row.id, wish, row.branch_id):
        end_sign_ins(row.id)


def _give_roles(member_id: int, wish: Wish, branch_id: int) -> bool:
    """Grant what a row asks for and the member does not hold; whether there was anything."""
    if not wish.roles:
        return False
    session = db.session()
    rows = session.execute(
        select(RoleGrant.role, RoleGrant.branch_id).where(RoleGrant.member_id == member_id)
    )
    held = {(role, place) for role, place in rows}
    wanted = {(r.value, branch_id if r is Role.ORGANIZER else None) for r in wish.roles}
    for role, place in sorted(wanted - held, key=str):
        session.add(RoleGrant(member_id=member_id, role=role, branch_id=place))
        record_role(member_id, role, place)
    return bool(wanted - held)
