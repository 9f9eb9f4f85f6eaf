"""Who a reader is and what a role allows: pure decisions about people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

APPEARANCES = ("auto", "light", "dark")
DEEPEST = 20  # levels of branches


class Reading(StrEnum):
    """How large and how plain a member wants pages to be."""

    NORMAL = "normal"
    LARGE = "large"  # a quarter larger
    EASY = "easy"  # larger, stronger contrast, few large buttons, read aloud


class Role(StrEnum):
    """What a member may do beyond learning. Granted; everybody is a member besides."""

    TRAINER = "trainer"
    ORGANIZER = "organizer"  # of one branch and all below it
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Reader:
    """The person who asks, as every room sees them; built once per request.

    `branch_path` holds branch ids from the root down to the reader's own branch, inclusive.
    `organizes` holds the paths of the branches the reader organizes (each with all below it).
    """

    id: int
    name: str
    branch_id: int
    branch_path: tuple[int, ...]
    language: str = ""
    is_trainer: bool = False
    is_administrator: bool = False
    organizes: tuple[tuple[int, ...], ...] = ()

    @property
    def is_organizer(self) -> bool:
        return bool(self.organizes) or self.is_administrator

    @property
    def organized_id(self) -> int | None:
        """The branch in whose name the reader acts for many; None for the whole organisation."""
        return None if self.is_administrator or not self.organizes else self.organizes[0][-1]

    @property
    def is_author(self) -> bool:
        """Whether the reader may make courses, questions and documents."""
        return self.is_trainer or self.is_administrator

    @property
    def is_staff(self) -> bool:
        """Whether the shorter session times apply."""
        return self.is_organizer

    def may_see(self, audience: frozenset[int] | None) -> bool:
        """Whether something is for this reader: None is for all, else branches and below."""
        return audience is None or not audience.isdisjoint(self.branch_path)

    def may_organize(self, branch_path: tuple[int, ...]) -> bool:
        """Whether a branch (by its path) is the reader's to organize."""
        if self.is_administrator:
            return True
        return any(branch_path[: len(top)] == top for top in self.organizes)

    def may_manage(self, branch_path: tuple[int, ...], roles: Collection[str]) -> bool:
        """Whether the reader may change a member of that branch who holds these roles.

        Organizers manage plain members only: a new activation code is a way into the account, and
        must not be a way to more rights than the organizer's own.
        """
        return self.is_administrator or (not roles and self.may_organize(branch_path))


def outline(text: str) -> list[tuple[str, ...]]:
    """The paths that an outline names: a line with more space in front is below the one above.

    “A/B” is a path by itself; full-width signs and tabs (eight spaces) are read as well. Marks of
    lists in front of a name are no part of it.
    """
    above: list[tuple[int, tuple[str, ...]]] = []
    paths = []
    for line in text.splitlines():
        plain = line.expandtabs().replace("\u3000", "  ").replace("／", "/")
        names = tuple(
            part.strip() for part in plain.strip().lstrip("-*•·").split("/") if part.strip()
        )
        if not names:
            continue
        depth = len(plain) - len(plain.lstrip())
        while above and above[-1][0] >= depth:
            above.pop()
        path = (*(above[-1][1] if above else ()), *names)
        above.append((depth, path))
        paths.append(path)
    return paths


def path_text(path: tuple[int, ...]) -> str:
    """A branch path as it is stored: (1, 4, 9) → "/1/4/9/"."""
    return "/" + "".join(f"{part}/" for part in path)


def path_of(text: str) -> tuple[int, ...]:
    """The inverse of `path_text`."""
    return tuple(int(part) for part in text.split("/") if part)
