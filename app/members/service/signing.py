"""Signing in and out, passwords, and the codes that open an account for the first time."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import current_app
from sqlalchemy import delete, select, update

from app.core import clock, limits
from app.core.db import db
from app.core.limits import Attempt, Patience, Watch
from app.core.refusals import Conflict, NotThere
from app.members.models import ActivationCode, Member, SignIn
from app.members.queries import reader_for
from app.members.rules import Reader, Reading
from app.members.rules.names import folded, phone_or_none
from app.members.rules.passwords import LONGEST, normalised
from app.members.rules.refusals import WrongCode, WrongSignIn
from app.members.service.profile import choose_reading

# The least that OWASP recommends: 19 MiB, two passes. About 21 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Of a random password that nobody knows: what is checked when there is nothing to check.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$vSSzGUC42UsDiRKqSU8L8A"
    "$DGTNZtgjxkBclHtTfE/S1KVXu0bG/48izHcRb2R9+nQ"
)

SIGN_INS_KEPT = timedelta(days=30)  # after they have expired

ACCOUNT_HERE = Patience("sign in: account here", free=5, seconds=15 * 60)
ACCOUNT = Patience("sign in: account", free=20, seconds=3600)
ADDRESS = Patience("sign in: address", free=300, seconds=15 * 60)
CODES = Patience("activate: address", free=10, seconds=15 * 60)


def token_hash(token: str) -> str:
    """What is stored of a token or a code: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- passwords ------------------------------------------------------------------------------------


def password_hash(password: str) -> str:
    """The argon2id hash of a password. Takes tens of milliseconds: never inside a transaction."""
    return _hasher.hash(normalised(password).encode("utf-8", "surrogatepass"))


def password_fits(stored: str | None, password: str) -> bool:
    """Whether a password belongs to a stored hash; None never fits.

    Always one argon2 check, so that the time tells nothing about who exists. Never inside a
    transaction. The length is looked at afterwards: what is too long cannot have been set.
    """
    text = normalised(password[: LONGEST * 4])
    try:
        fits = _hasher.verify(stored or _NOBODY, text.encode("utf-8", "surrogatepass"))
    except (Argon2Error, InvalidHashError):
        return False
    return fits and stored is not None and len(text) <= LONGEST


def may_guess(login: str, *, address: str, known_to: int | None = None) -> Attempt:
    """Enter one try at a password; call `.succeeded()` when it was right.

    `login` is what was typed, `address` where it came from, `known_to` the member who has signed
    in with this browser before. Raises TooOften(wait=seconds).

    After five failures for a name from one address each further try waits 1, 2, 4 … 42 seconds.
    After twenty in an hour from anywhere, whoever is a stranger to the account waits before the
    first try too; the member's own browsers do not. After three hundred from one address that
    address waits, so that nobody can try one password with every name. Names are counted as
    typed, known or not: that the counts of a user name and of an e-mail address hang together
    would tell that they belong to one person.
    """
    account = phone_or_none(login) or folded(login)
    if known_to is not None:
        return limits.attempt(
            [Watch(ACCOUNT_HERE, f"{account}\0known to {known_to}", forgiving=True)]
        )
    here = f"{account}\0{address}"
    return limits.attempt(
        [
            Watch(ACCOUNT_HERE, here, forgiving=True),
            Watch(ACCOUNT, account, queue=address),
            Watch(ADDRESS, address),
        ]
    )


# --- sign-ins -------------------------------------------------------------------------------------


def start_sign_in(member_id: int, *, absolute: timedelta, device: str = "") -> str:
    """Sign a member in on one more browser; returns the token that the cookie carries.

    `absolute` is the time after which the member must sign in again in any case.
    """
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


def sign_in(
    member_id: int, *, checked_hash: str | None, device: str = "", instead_of: str = ""
) -> tuple[Reader, str]:
    """Sign in a member whose password has been checked against `checked_hash`.

    Returns the reader and the new token; the sign-in with the token `instead_of` ends. Raises
    WrongSignIn when the member was disabled or the password changed since it was checked.
    """
    member = db.session().get(Member, member_id, populate_existing=True)
    if member is None or checked_hash is None or member.password_hash != checked_hash:
        raise WrongSignIn
    reader = reader_for(member_id)
    if reader is None:
        raise WrongSignIn
    if instead_of:
        sign_out(instead_of)
    _forget_old_sign_ins(member_id)
    return reader, start_sign_in(member_id, absolute=_absolute(reader), device=device)


def _forget_old_sign_ins(member_id: int) -> None:
    db.session().execute(
        delete(SignIn).where(
            SignIn.member_id == member_id, SignIn.expires_at < clock.now() - SIGN_INS_KEPT
        )
    )


def _absolute(reader: Reader) -> timedelta:
    config = current_app.extensions["weike"]
    seconds = config.session_absolute_staff if reader.is_staff else config.session_absolute
    return timedelta(seconds=seconds)


def sign_out(token: str) -> None:
    """End the sign-in with this token; nothing happens when it has ended already."""
    db.session().execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash(token), SignIn.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def end_sign_in(sign_in_id: int, *, member_id: int) -> None:
    """End one of a member's own sign-ins. Raises NotThere."""
    row = db.session().get(SignIn, sign_in_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    row.ended_at = row.ended_at or clock.now()


def end_sign_ins(member_id: int, *, besides: str = "") -> None:
    """End all sign-ins of a member, but the one with the token `besides`."""
    db.session().execute(
        update(SignIn)
        .where(SignIn.member_id == member_id, SignIn.ended_at.is_(None))
        .where(SignIn.token_hash != (token_hash(besides) if besides else ""))
        .values(ended_at=clock.now())
    )


def change_password(member_id: int, *, checked_hash: str, new_hash: str) -> None:
    """Set a new password. Every sign-in ends, this browser's too, and every open code.

    `checked_hash` is the hash that the old password was checked against. Raises Conflict when it
    was changed meanwhile.
    """
    member = db.session().get_one(Member, member_id, populate_existing=True)
    if member.password_hash != checked_hash:
        raise Conflict
    _set_password(member, new_hash)


def _set_password(member: Member, new_hash: str) -> None:
    member.password_hash = new_hash
    void_codes(member.id)
    end_sign_ins(member.id)


# --- activation codes -----------------------------------------------------------------------------


def may_guess_code(*, address: str) -> Attempt:
    """Enter one try at an activation code. Raises TooOften(wait=seconds)."""
    return limits.attempt([Watch(CODES, address)])


def activate(
    code: str, *, new_hash: str, language: str = "", reading: Reading | None = None
) -> int:
    """Set the password of the member whom a code is for; returns the member's id.

    The code, every other code of the member and every sign-in are void afterwards. Raises
    WrongCode.
    """
    session = db.session()
    now = clock.now()
    # Locked: of two who use it at once only one may (PostgreSQL).
    wanted = select(ActivationCode).where(ActivationCode.code_hash == token_hash(code))
    row = session.scalar(wanted.with_for_update())
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise WrongCode
    member = session.get_one(Member, row.member_id, populate_existing=True)
    if not member.is_active:
        raise WrongCode
    _set_password(member, new_hash)
    if language:
        member.language = language
    if reading is not None:
        choose_reading(member.id, reading)
    return member.id


def void_codes(member_id: int) -> None:
    """Make every open activation code of a member worthless."""
    db.session().execute(
        update(ActivationCode)
        .where(ActivationCode.member_id == member_id, ActivationCode.used_at.is_(None))
        .values(used_at=clock.now())
    )
