"""The one way to know who is asking: rules for routes, and the reader of this request."""

from __future__ import annotations

from flask import Response, current_app, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.core import clock
from app.core.access import PUBLIC, Rule
from app.core.db import reading
from app.members.queries import sign_in_of
from app.members.rules import Reader, Reading
from app.members.service import token_hash

__all__ = [
    "ADMINISTRATOR",
    "AUTHOR",
    "EDITOR",
    "ORGANIZER",
    "PUBLIC",
    "SIGNED_IN",
    "SignedIn",
    "Visitor",
    "login_manager",
    "reader",
    "reader_or_none",
]

SEEN_EVERY = 300  # seconds between two new cookies that say when the member was last seen
READING_COOKIE = "reading"  # how large and plain pages are before anybody has signed in
KNOWN_FOR = 180 * 86_400  # seconds that a browser is remembered after signing in
KNOWN_MOST = 8  # members remembered per browser: a shared computer at the office


class SignedIn(UserMixin):  # type: ignore[misc]
    """What flask-login holds for a signed-in browser: the reader and the token of the sign-in."""

    def __init__(
        self,
        reader: Reader,
        token: str,
        *,
        reading: Reading = Reading.NORMAL,
        appearance: str = "auto",
    ) -> None:
        self.reader = reader
        self.token = token
        self.reading = reading
        self.appearance = appearance

    def get_id(self) -> str:
        return self.token


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """What flask-login holds for everybody else."""

    reader: Reader | None = None
    appearance = "auto"

    @property
    def reading(self) -> Reading:
        """As it was chosen in this browser, below the sign-in page or in a profile."""
        asked = (request.args.get(READING_COOKIE), request.cookies.get(READING_COOKIE))
        return next((Reading(each) for each in asked if each in READINGS), Reading.NORMAL)


READINGS = frozenset(reading.value for reading in Reading)


def keep_reading(response: Response, reading: Reading) -> Response:
    """Have this browser show its next visitor pages as large and as plain as it does now."""
    response.set_cookie(
        READING_COOKIE,
        reading.value,
        max_age=365 * 86_400,
        secure=current_app.extensions["weike"].https,
        httponly=True,
        samesite="Lax",
    )
    return response


login_manager = LoginManager()
login_manager.anonymous_user = Visitor
login_manager.session_protection = None  # our tokens live in the database and can be ended there


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_sign_in(token: str) -> SignedIn | None:
    """Who holds this token; None when unknown, ended, expired, idle for too long, or disabled."""
    now = clock.now()
    with reading():
        found = sign_in_of(token_hash(token), now)
    if found is None:
        return None
    signed_in = SignedIn(found.reader, token, reading=found.reading, appearance=found.appearance)
    return signed_in if _still_awake(found.reader, int(now.timestamp())) else None


def _still_awake(reader: Reader, now: int) -> bool:
    """Whether the signed cookie says that the member was here lately (by our clock)."""
    config = current_app.extensions["weike"]
    seen = session.get("seen")
    idle = config.session_idle_staff if reader.is_staff else config.session_idle
    if not isinstance(seen, int) or now - seen > idle:
        return False
    if abs(now - seen) >= SEEN_EVERY:
        session["seen"] = now
    return True


def hold(reader: Reader, token: str) -> None:
    """Give this browser a new session for a sign-in; whatever session it had before is gone."""
    session.clear()
    session["seen"] = int(clock.epoch())
    login_user(SignedIn(reader, token))


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


def is_easy() -> bool:
    """Whether the reader of this request wants few, large and plain things."""
    return bool(current_user.reading == Reading.EASY)


def own_token() -> str:
    """The token of this browser's sign-in; "" for visitors."""
    return str(getattr(current_user, "token", ""))


def own_sign_in() -> str:
    """Sixteen letters that tell this browser's sign-in from others, and say nothing of its token;
    "" for visitors."""
    token = own_token()
    return token_hash(token)[:16] if token else ""


def member_id_or_none() -> int | None:
    """The id of the signed-in member, for counting requests."""
    found = reader_or_none()
    return found.id if found else None


def who_acts() -> tuple[int, str] | None:
    """Id and name of the signed-in member, where the request has asked for them already.

    Asking now could end the transaction that is about to be committed.
    """
    held = g.get("_login_user")
    found: Reader | None = held.reader if held is not None else None
    return (found.id, found.name) if found else None


def chosen_language() -> str | None:
    """The language of the signed-in member's profile, if one was chosen."""
    found = reader_or_none()
    return found.language or None if found else None


# --- browsers that a member has signed in with before ---------------------------------------------
# Guessing slows down every stranger who tries a name. A browser in which the member has signed in
# before is no stranger and is counted apart, so the member is not slowed down by the guessers.


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["weike"].secret_key, salt="known browser")


def _known_cookie() -> str:
    return "__Host-known" if current_app.extensions["weike"].https else "known"


def _known_members() -> list[int]:
    try:
        held = _seal().loads(request.cookies.get(_known_cookie(), ""), max_age=KNOWN_FOR)
    except BadSignature:
        return []
    return [i for i in held if isinstance(i, int)] if isinstance(held, list) else []


def is_known_to(member_id: int) -> bool:
    """Whether the member has signed in with this browser before."""
    return member_id in _known_members()


def remember_browser(response: Response, member_id: int) -> None:
    """Let the browser prove later that the member has signed in with it."""
    others = [i for i in _known_members() if i != member_id]
    response.set_cookie(
        _known_cookie(),
        str(_seal().dumps([member_id, *others][:KNOWN_MOST])),
        max_age=KNOWN_FOR,
        secure=current_app.extensions["weike"].https,
        httponly=True,
        samesite="Lax",
    )


def _has(right: str) -> bool:
    found = reader_or_none()
    return found is not None and bool(getattr(found, right))


SIGNED_IN = Rule("signed in", lambda: reader_or_none() is not None)
AUTHOR = Rule("author", lambda: _has("is_author"))  # trainers and administrators
ORGANIZER = Rule("organizer", lambda: _has("is_organizer"))  # and administrators
EDITOR = Rule("author or organizer", lambda: _has("is_author") or _has("is_organizer"))
ADMINISTRATOR = Rule("administrator", lambda: _has("is_administrator"))
