"""Lists of members from a file: what the columns mean and what each row asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal
from app.members.rules import Role, names
from app.members.rules.names import folded

COLUMNS = ("username", "name", "branch", "email", "phone", "role")
COLUMN_LABELS = {
    "username": _l("username"),
    "name": _l("name"),
    "branch": _l("branch"),
    "email": _l("email"),
    "phone": _l("phone"),
    "role": _l("role"),
}
NEEDED = ("username", "name", "branch")
_HEADINGS = {
    "username": "username user login loginname account staffnumber 用户名 用戶名 "
    "账号 帳號 帐号 账户 登录名 登入名 工号 工號",
    "name": "name fullname displayname 姓名 名字 真实姓名",
    "branch": "branch department unit path 支部 所属支部 所屬支部 部门 部門 单位 單位 "
    "组织 組織 党支部",
    "email": "email mail emailaddress 邮箱 郵箱 电子邮箱 电子邮件 電子郵件 邮件",
    "phone": "phone mobile tel telephone phonenumber 手机 手機 手机号 手機號 手机号码 电话 電話",
    "role": "role roles 角色 身份",
}
_ROLES = {
    Role.TRAINER: "trainer teacher 讲师 講師 教师",
    Role.ORGANIZER: "organizer organiser 组织员 組織員",
    Role.ADMINISTRATOR: "administrator admin 管理员 管理員",
}
_NO_ROLE = {"", "member", "成员", "成員", "会员"}


class ColumnMissing(Refusal):
    sentence = _l("The column “%(column)s” is missing.")


class ColumnTwice(Refusal):
    sentence = _l("The column “%(column)s” stands there twice.")


class CellEmpty(Refusal):
    sentence = _l("This cell must not be empty.")


class UnknownRole(Refusal):
    sentence = _l("“%(given)s” is no role. Roles are: trainer, organizer, administrator.")


class TwiceInFile(Refusal):
    sentence = _l("The same stands in row %(first)s already.")


@dataclass(frozen=True)
class Problem:
    """Why a row (0: the file as a whole) cannot be taken in; `column` is one of COLUMNS or ""."""

    row: int
    column: str
    reason: Refusal

    @property
    def sentence(self) -> str:
        return str(self.reason)


@dataclass(frozen=True)
class Wish:
    """What one row asks for. Empty fields mean: leave as it is."""

    row: int
    username: str
    name: str
    branch: tuple[str, ...]
    email: str | None
    phone: str | None
    roles: frozenset[Role]


@dataclass(frozen=True)
class Roster:
    """A file that has been read: its wishes, its problems, and headings that mean nothing to us."""

    wishes: tuple[Wish, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()


@dataclass
class _Reading:
    places: dict[str, int]
    wishes: list[Wish] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def cell(self, cells: Sequence[str], column: str) -> str:
        place = self.places.get(column)
        text = cells[place] if place is not None and place < len(cells) else ""
        # Our own exports put an apostrophe before what looks like a formula.
        return text[1:] if re.match("'[=+\\-@＝＋－＠]", text) else text

    def take(self, row: int, cells: Sequence[str], column: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(self.cell(cells, column))
        except Refusal as reason:
            self.problems.append(Problem(row, column, reason))
            return None


def read_roster(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Roster:
    """Understand a table of members. Row n of `rows` is row n + 2 of the file.

    Every row is looked at, so that all problems can be mended at once.
    """
    places, problems, ignored = _places(header)
    if problems:
        return Roster((), tuple(problems), tuple(ignored))
    reading = _Reading(places)
    for number, cells in enumerate(rows, start=2):
        if any(cells):
            _read_row(reading, number, cells)
    problems = sorted(reading.problems, key=lambda p: p.row)
    return Roster(tuple(reading.wishes), tuple(problems), tuple(ignored))


def _places(header: Sequence[str]) -> tuple[dict[str, int], list[Problem], list[str]]:
    meaning = {word: column for column, words in _HEADINGS.items() for word in words.split()}
    places: dict[str, int] = {}
    problems: list[Problem] = []
    ignored: list[str] = []
    for place, heading in enumerate(header):
        column = meaning.get(re.sub(r"[\s_\-.:*]|[（(].*", "", folded(heading)))
        if column is None:
            ignored.append(heading)
        elif column in places:
            problems.append(Problem(1, column, ColumnTwice(column=COLUMN_LABELS[column])))
        else:
            places[column] = place
    problems += [
        Problem(1, column, ColumnMissing(column=COLUMN_LABELS[column]))
        for column in NEEDED
        if column not in places
    ]
    return places, problems, [heading for heading in ignored if heading]


def _read_row(reading: _Reading, row: int, cells: Sequence[str]) -> None:
    before = len(reading.problems)
    username = reading.take(row, cells, "username", _username)
    name = reading.take(row, cells, "name", names.person)
    branch = reading.take(row, cells, "branch", names.branch_path)
    email = reading.take(row, cells, "email", names.email)
    phone = reading.take(row, cells, "phone", names.phone)
    roles = reading.take(row, cells, "role", _roles)
    for column, value in (("username", username), ("email", email), ("phone", phone)):
        if value is None:
            continue
        first = reading.seen.setdefault((column, value), row)
        if first != row:
            reading.problems.append(Problem(row, column, TwiceInFile(first=first)))
    if len(reading.problems) == before:
        reading.wishes.append(Wish(row, username, name, branch, email, phone, roles))


def _username(text: str) -> str:
    if not text:
        raise CellEmpty
    return names.username(text)


def _roles(text: str) -> frozenset[Role]:
    meaning = {word: role for role, words in _ROLES.items() for word in words.split()}
    found = set()
    for part in re.split(r"[,;/|、，；\s]+", folded(text)):
        if part in meaning:
            found.add(meaning[part])
        elif part not in _NO_ROLE:
            raise UnknownRole(given=part[:40])
    return frozenset(found)
