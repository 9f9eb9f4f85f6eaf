"""Factory functions: the least that a test must say to have branches, members and clients."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import db, unit_of_work
from app.members.models import Branch, Member, RoleGrant
from app.members.queries import reader_for
from app.members.rules import Reader, Role
from app.members.service import start_sign_in

_numbers = count(1)


class People:
    """Branches and members of one application. Ids come back, never rows."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._root: int | None = None

    def branch(self, name: str | None = None, parent: int | None = None) -> int:
        """A branch below `parent`; below the root branch when none is given."""
        with self.app.app_context(), unit_of_work() as session:
            above = session.get_one(Branch, parent or self.root)
            row = Branch(parent_id=above.id, name=name or f"Branch {next(_numbers)}", path="")
            session.add(row)
            session.flush()
            row.path = f"{above.path}{row.id}/"
            return row.id

    @property
    def root(self) -> int:
        if self._root is None:
            with self.app.app_context(), unit_of_work() as session:
                row = session.query(Branch).filter(Branch.parent_id.is_(None)).first()
                if row is None:
                    row = Branch(parent_id=None, name="Head office", path="")
                    session.add(row)
                    session.flush()
                    row.path = f"/{row.id}/"
                self._root = row.id
        return self._root

    def member(
        self,
        name: str | None = None,
        *,
        branch: int | None = None,
        role: Role | str | None = None,
        organizes: int | None = None,
        active: bool = True,
        **columns: object,
    ) -> int:
        """A member; `role` grants trainer or administrator, `organizes` a branch to organize."""
        branch = branch or self.root
        with self.app.app_context(), unit_of_work() as session:
            number = next(_numbers)
            row = Member(
                username=f"user{number}",
                name=name or f"Member {number}",
                branch_id=branch,
                is_active=active,
                created_at=clock.now(),
                **columns,
            )
            session.add(row)
            session.flush()
            if role is not None:
                session.add(RoleGrant(member_id=row.id, role=str(role)))
            if organizes is not None:
                session.add(
                    RoleGrant(member_id=row.id, role=Role.ORGANIZER.value, branch_id=organizes)
                )
            return row.id

    def reader(self, member_id: int) -> Reader:
        with self.app.app_context():
            found = reader_for(member_id)
            db.session.rollback()
        assert found is not None
        return found

    def client(self, member_id: int | None = None) -> FlaskClient:
        """A browser, signed in as a member (or a visitor). CSRF is on: see `post`."""
        client = self.app.test_client()
        if member_id is not None:
            with self.app.app_context(), unit_of_work():
                token = start_sign_in(member_id, absolute=timedelta(days=7))
            with client.session_transaction() as session:
                session["_user_id"] = token
                session["_fresh"] = True
                session["seen"] = int(clock.epoch())
        return client


def csrf(client: FlaskClient) -> dict[str, str]:
    """Headers that a page of ours would send with an unsafe request of this client."""
    page = client.get("/sign-in") if not _signed_in(client) else client.get("/me")
    text = page.get_data(as_text=True)
    token = text.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    return {"X-CSRFToken": token, "Sec-Fetch-Site": "same-origin"}


def _signed_in(client: FlaskClient) -> bool:
    with client.session_transaction() as session:
        return "_user_id" in session
