"""What can be done with people: sign in and out, add, move, grant."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from app.core import clock
from app.core.db import db
from app.members.models import SignIn


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
