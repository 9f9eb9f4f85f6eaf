"""What can be done with people: sign in and out, add, move, grant."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from flask_login import current_user

from app.core import clock
from app.core.db import db, reading
from app.members.access import SignedIn, login_manager
from app.members.models import SignIn
from app.members.queries import sign_in_of


def token_hash(token: str) -> str:
    """What is stored of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_sign_in(member_id: int, *, absolute: timedelta, device: str = "") -> str:
    """Sign a member in on one more browser; returns the token that the cookie carries."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session().add(
        SignIn(
            token_hash=token_hash(token),
            member_id=member_id,
            device=device[:120],
            created_at=now,
            expires_at=now + absolute,
        )
    )
    return token


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_sign_in(token: str) -> SignedIn | None:
    """Who holds this token; None when unknown, ended, expired, or the member is disabled."""
    with reading():
        found = sign_in_of(token_hash(token), clock.now())
        if found is None:
            return None
        reader, member = found
        return SignedIn(reader, token, large_type=member.large_type, appearance=member.appearance)


def chosen_language() -> str | None:
    """The language of the signed-in member's profile, if one was chosen."""
    reader = current_user.reader
    return reader.language or None if reader else None
