"""A hundred thousand rows out of one, made by the database itself; and how a file of them comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.core.db import unit_of_work
from tests.statements import counted


def _copies(model: Any, *apart: str) -> str:
    return ", ".join(c.name for c in model.__table__.columns if c.name not in {"id", *apart})


def crowd(app: Flask, member_id: int, number: int) -> None:
    """So many members like this one, of the same branch, with names of their own."""
    from app.members.models import Member

    own = ("username", "email", "phone", "name", "sorted_name")
    rest = _copies(Member, *own)
    with app.app_context(), unit_of_work() as session:
        session.execute(
            text(
                "with recursive n(i) as (select 1 union all select i + 1 from n where i < :number)"
                f" insert into member (username, name, sorted_name, {rest})"
                " select 'crowd' || i, 'Crowd ' || i, printf('crowd %06d', i),"
                f" {rest} from n, member where member.id = :member"
            ),
            {"number": number, "member": member_id},
        )


def learned_too(app: Flask, member_id: int) -> None:
    """Everybody of the crowd was there from the first and is as far in every course as this one."""
    from app.learning.models import CourseProgress
    from app.members.models import MemberPast

    with app.app_context(), unit_of_work() as session:
        for model, own in ((MemberPast, ("member_id", "name")), (CourseProgress, ("member_id",))):
            table, rest = model.__tablename__, _copies(model, *own)
            names = "".join(f", crowd.{name}" for name in own[1:])
            copied = ", ".join(f"one.{name}" for name in rest.split(", "))
            session.execute(
                text(
                    f"insert into {table} ({', '.join(own)}, {rest}) select crowd.id{names},"
                    f" {copied} from {table} one, member crowd"
                    " where one.member_id = :member and crowd.username like 'crowd%'"
                ),
                {"member": member_id},
            )


def sat_too(app: Flask, attempt_id: int) -> None:
    """Everybody of the crowd has done what this attempt did."""
    from app.exams.models import Attempt, AttemptItem

    attempt = _copies(Attempt, "member_id", "receipt")
    item = _copies(AttemptItem, "attempt_id")
    with app.app_context(), unit_of_work() as session:
        session.execute(
            text(
                f"insert into attempt (member_id, receipt, {attempt})"
                f" select m.id, printf('R%011d', m.id), {attempt} from attempt a,"
                " (select id from member where username like 'crowd%') m where a.id = :attempt"
            ),
            {"attempt": attempt_id},
        )
        copied = ", ".join(f"i.{name}" for name in item.split(", "))
        session.execute(
            text(
                f"insert into attempt_item (attempt_id, {item})"
                f" select a.id, {copied} from attempt a join attempt_item i on"
                " i.attempt_id = :attempt where a.id > :attempt and a.receipt like 'R%'"
            ),
            {"attempt": attempt_id},
        )


@dataclass
class Taken:
    """A file as it came: all of it, what was asked before its first byte and in all, and by how
    many megabytes the process grew meanwhile (without the file, which is kept here)."""

    body: bytes
    first: int
    queries: int
    grown_mb: float


def taken(app: Flask, client: FlaskClient, path: str) -> Taken:
    client.get("/me")  # what every page loads is there already
    with counted(app) as seen:
        before = _resident()
        answer = client.get(path, buffered=False)
        assert answer.status_code == 200, path
        pieces, most, first, size = [], before, 0, 0
        for piece in answer.iter_encoded():
            first = first or len(seen)
            pieces.append(piece)
            size += len(piece)
            most = max(most, _resident() - size / 1e6)
        answer.close()
    return Taken(b"".join(pieces), first, len(seen), most - before)


def _resident() -> float:
    """Megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
