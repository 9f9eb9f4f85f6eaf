"""What the branches of an organizer have to do, and who is behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

from app.core.db import reading
from app.core.refusals import NotThere
from app.courses.queries import all_themes, published_courses
from app.learning.queries import (
    Case,
    Wish,
    cases,
    for_branches,
    published_paths,
    wish_by_id,
    wishes,
)
from app.learning.rules import Duty
from app.members.queries import branches
from app.members.rules import Reader
from app.organisation.queries.tables import ids_by_name, members_of, parts
from app.organisation.rules import percent

CASES_AT_ONCE = 500  # of a file
PAIRS_AT_ONCE = 5_000  # of assignments and members that are looked at for them

# The last day; and the places of the assignment and of the member in the lists that are read.
_Key: TypeAlias = tuple[date, int, int]


@dataclass(frozen=True)
class AssignmentLine:
    """One assignment, and how the reader's members stand with it, by branch and name."""

    wish: Wish
    cases: Sequence[Case]
    may_change: bool  # it asks a branch of the reader's, not one above

    @property
    def counts(self) -> dict[Duty, int]:
        found = dict.fromkeys(Duty, 0)
        for case in self.cases:
            found[case.duty] += 1
        return found

    @property
    def done(self) -> int:
        return self.counts[Duty.DONE] + self.counts[Duty.LATE]

    @property
    def asked(self) -> int:
        """How many have to do it: whoever is exempt is not counted."""
        return len(self.cases) - self.counts[Duty.EXEMPT]

    @property
    def done_percent(self) -> int:
        return percent(self.done, self.asked)


def assignments_for(reader: Reader, zone: ZoneInfo) -> list[AssignmentLine]:
    """Assignments of the reader's branches and of those above them, the nearest day first."""
    wanted = wishes(for_branches(_concerned(reader)))
    by_wish: dict[int, list[Case]] = {wish.id: [] for wish in wanted}
    for case in cases(wanted, members_of(reader), zone):
        by_wish[case.wish.id].append(case)
    return [_line(reader, wish, by_wish[wish.id]) for wish in wanted]


def assignment_for(reader: Reader, assignment_id: int, zone: ZoneInfo) -> AssignmentLine:
    """One of them. Raises NotThere for an assignment that concerns none of the reader's."""
    wish = wish_for(reader, assignment_id)
    return _line(reader, wish, cases([wish], members_of(reader), zone))


def wish_for(reader: Reader, assignment_id: int) -> Wish:
    """What one of them asks for. Raises NotThere."""
    wish = wish_by_id(assignment_id)
    if wish is None or wish.branch_id not in _concerned(reader):
        raise NotThere
    return wish


def cases_in_parts(reader: Reader, wish: Wish, zone: ZoneInfo) -> Iterator[Case]:
    """How the reader's members stand with an assignment, by branch and name, as many as there are:
    read part by part while a file is sent."""
    return (case for part in _by_members([wish], ids_by_name(reader), zone) for case in part)


def _by_members(
    wanted: Sequence[Wish], member_ids: Sequence[int], zone: ZoneInfo
) -> Iterator[list[Case]]:
    for part in parts(member_ids):
        with reading():
            found = cases(wanted, part, zone)
        yield found


def case_for(reader: Reader, assignment_id: int, member_id: int, zone: ZoneInfo) -> Case:
    """How one of the reader's members stands with an assignment. Raises NotThere."""
    line = assignment_for(reader, assignment_id, zone)
    found = next((case for case in line.cases if case.member_id == member_id), None)
    if found is None:
        raise NotThere
    return found


def overdue_for(reader: Reader, zone: ZoneInfo, branch_id: int | None = None) -> list[Case]:
    """Who is overdue with what, the longest first. Raises NotThere for a foreign branch."""
    members = members_of(reader, branch_id)
    found = cases(wishes(for_branches(_concerned(reader))), members, zone)
    late = [case for case in found if case.duty is Duty.OVERDUE]
    return sorted(late, key=lambda case: case.due_on)


def overdue_by_members(
    reader: Reader, zone: ZoneInfo, branch_id: int | None = None
) -> Iterator[list[Case]]:
    """The same, part by part of the members. Raises NotThere."""
    wanted = wishes(for_branches(_concerned(reader)))
    for members in parts(ids_by_name(reader, branch_id)):
        late = (case for case in cases(wanted, members, zone) if case.duty is Duty.OVERDUE)
        yield sorted(late, key=lambda case: case.due_on)


def overdue_in_parts(
    reader: Reader, zone: ZoneInfo, branch_id: int | None = None
) -> Iterator[Case]:
    """The cases of `overdue_for` in its order, as many as there are: read part by part while a file
    is sent. Raises NotThere.

    Members are gone through twice: for the order, of which little is kept, and for what is said.
    """
    wanted = wishes(for_branches(_concerned(reader)))
    return _late_in_parts(wanted, ids_by_name(reader, branch_id), zone)


def _late_in_parts(
    wanted: Sequence[Wish], member_ids: Sequence[int], zone: ZoneInfo
) -> Iterator[Case]:
    place = {wish.id: number for number, wish in enumerate(wanted)}
    seat = {member_id: number for number, member_id in enumerate(member_ids)}
    keys = sorted(
        (case.due_on, place[case.wish.id], seat[case.member_id])
        for part in _by_members(wanted, member_ids, zone)
        for case in part
        if case.duty is Duty.OVERDUE
    )
    for some in _portions(keys):
        asking = [wanted[number] for number in sorted({wish for _day, wish, _member in some})]
        asked = [member_ids[number] for number in sorted({member for _day, _wish, member in some})]
        with reading():
            found = {
                (place[case.wish.id], seat[case.member_id]): case
                for case in cases(asking, asked, zone)
                if case.duty is Duty.OVERDUE
            }
        for _day, wish, member in some:
            if (wish, member) in found:
                yield found[wish, member]


def _portions(keys: Sequence[_Key]) -> Iterator[list[_Key]]:
    """Neighbours, of which assignments × members are not too many to look at."""
    some: list[_Key] = []
    asking: set[int] = set()
    asked: set[int] = set()
    for key in keys:
        asking.add(key[1])
        asked.add(key[2])
        if some and (len(some) == CASES_AT_ONCE or len(asking) * len(asked) > PAIRS_AT_ONCE):
            yield some
            some, asking, asked = [], {key[1]}, {key[2]}
        some.append(key)
    if some:
        yield some


Things = list[tuple[str, str]]


def things_to_assign(reader: Reader) -> tuple[Things, Things, Things]:
    """Learning paths, themes and published courses to choose from: ("theme:3", title).

    Only paths that some branch of the reader's sees.
    """
    mine = [b.path_ids for b in branches() if reader.may_organize(b.path_ids)]
    return (
        [
            (f"path:{path_id}", title)
            for path_id, title, branch in published_paths()
            if any(branch == path[: len(branch)] for path in mine)
        ],
        [(f"theme:{theme.id}", theme.title) for theme in all_themes()],
        [(f"course:{card.id}", card.title) for card in published_courses()],
    )


def _line(reader: Reader, wish: Wish, found: Sequence[Case]) -> AssignmentLine:
    return AssignmentLine(wish, found, reader.may_organize(wish.branch_path))


def _concerned(reader: Reader) -> set[int]:
    """The reader's branches, and those above them that may ask them for something."""
    mine = [b.path_ids for b in branches() if reader.may_organize(b.path_ids)]
    return {branch_id for path in mine for branch_id in path}
