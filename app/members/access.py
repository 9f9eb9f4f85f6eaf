"""The one way to know who is asking: rules for routes, and the reader of this request."""

from __future__ import annotations

from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user

from app.core.access import PUBLIC, Rule
from app.members.rules import Reader

__all__ = [
    "ADMINISTRATOR",
    "AUTHOR",
    "ORGANIZER",
    "PUBLIC",
    "SIGNED_IN",
    "SignedIn",
    "Visitor",
    "login_manager",
    "reader",
    "reader_or_none",
]


class SignedIn(UserMixin):  # type: ignore[misc]
    """What flask-login holds for a signed-in browser: the reader and the token of the sign-in."""

    def __init__(
        self, reader: Reader, token: str, *, large_type: bool = False, appearance: str = "auto"
    ) -> None:
        self.reader = reader
        self.token = token
        self.large_type = large_type
        self.appearance = appearance

    def get_id(self) -> str:
        return self.token


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """What flask-login holds for everybody else."""

    reader: Reader | None = None
    large_type = False
    appearance = "auto"


login_manager = LoginManager()
login_manager.anonymous_user = Visitor
login_manager.session_protection = None  # our tokens live in the database and can be ended there


def reader_or_none() -> Reader | None:
    """The signed-in person of this request, or None."""
    found: Reader | None = current_user.reader
    return found


def reader() -> Reader:
    """The signed-in person; only for views whose rule is not PUBLIC."""
    found = reader_or_none()
    if found is None:
        raise RuntimeError("a view asked for the reader of a public request")
    return found


def _has(right: str) -> bool:
    found = reader_or_none()
    return found is not None and bool(getattr(found, right))


SIGNED_IN = Rule("signed in", lambda: reader_or_none() is not None)
AUTHOR = Rule("author", lambda: _has("is_author"))  # trainers and administrators
ORGANIZER = Rule("organizer", lambda: _has("is_organizer"))  # and administrators
ADMINISTRATOR = Rule("administrator", lambda: _has("is_administrator"))
