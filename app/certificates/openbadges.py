"""Open Badges 3.0: the certificate as a verifiable credential, signed by Ed25519 as a VC-JWT.

Open Badges 3.0, 8.2 (JSON Web Token proof): the payload is the AchievementCredential with the
registered claims iss, jti, nbf, sub and exp; RFC 8037 gives EdDSA its place in RFC 7515. The issuer
is the did:key of our public key, so that whoever has the file has all that checking needs.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Loaded when something is signed or checked: it takes 6 MB.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
LONGEST = 100_000  # characters of a file that is worth reading
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519 = b"\xed\x01"  # multicodec ed25519-pub, as a varint
KEY_BYTES = 32


class BadBadge(Exception):
    """A file that is no credential, or one whose signature is wrong; says why, in English."""


@dataclass(frozen=True)
class Earned:
    """What a badge says."""

    number: str
    holder: str
    title: str
    what: str  # the title of the template
    narrative: str
    earned_at: datetime
    issued_at: datetime
    expires_at: datetime | None
    achievement: str  # "course:12"
    organisation: str
    base_url: str


@dataclass(frozen=True)
class Checked:
    """A credential whose signature is right. Whether it was revoked, only the issuer knows."""

    payload: Mapping[str, Any]
    issuer: str  # did:key
    number: str
    is_expired: bool


def key_in(folder: Path) -> Ed25519PrivateKey:
    """The signing key of this instance; made when there is none yet.

    Two processes that make it at the same moment end with the same one.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = folder / "badges.key"
    if not path.exists():
        fresh = path.with_name(f".badges.{os.getpid()}.{id(path)}.key")
        private = Ed25519PrivateKey.generate().private_bytes_raw()
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike a rename, it never takes another's place
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def did_of(public: Ed25519PublicKey) -> str:
    """The did:key of a public key, as in “did:key:z6Mk…”."""
    number = int.from_bytes(_ED25519 + public.public_bytes_raw())
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return f"did:key:z{text}"


def public_of(did: str) -> Ed25519PublicKey:
    """The inverse of `did_of`. Raises BadBadge."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text = did.removeprefix("did:key:z")
    if text == did or not text or len(text) > 64 or any(c not in _BASE58 for c in text):
        raise BadBadge("the issuer is no did:key")
    number = 0
    for c in text:
        number = number * 58 + _BASE58.index(c)
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    if len(raw) != KEY_BYTES + 2 or raw[:2] != _ED25519:
        raise BadBadge("the issuer's key is not of Ed25519")
    return Ed25519PublicKey.from_public_bytes(raw[2:])


def sign(earned: Earned, key: Ed25519PrivateKey) -> str:
    """The badge of a certificate, as a compact JWS."""
    did = did_of(key.public_key())
    header = {
        "alg": "EdDSA",
        "typ": "JWT",
        "kid": f"{did}#{did.removeprefix('did:key:')}",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(key.public_key().public_bytes_raw())},
    }
    signed = f"{_b64(_json(header))}.{_b64(_json(payload(earned, did)))}"
    return f"{signed}.{_b64(key.sign(signed.encode()))}"


def payload(earned: Earned, did: str) -> dict[str, Any]:
    """The credential with the claims of a JWT."""
    where = f"{earned.base_url}/verify/{earned.number}"
    found: dict[str, Any] = {
        "@context": CONTEXTS,
        "id": where,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": earned.title,
        "issuer": {
            "id": did,
            "type": ["Profile"],
            "name": earned.organisation,
            "url": earned.base_url,
        },
        "validFrom": _time(earned.issued_at),
        "awardedDate": _time(earned.earned_at),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": earned.holder,
                    "identityType": "name",
                }
            ],
            "achievement": {
                "id": f"{earned.base_url}/achievements/{earned.achievement}",
                "type": ["Achievement"],
                "name": earned.title,
                "description": earned.what,
                "criteria": {"narrative": earned.narrative},
            },
        },
        "credentialStatus": {
            "id": f"{earned.base_url}/verify/revoked.json",
            "type": "1EdTechRevocationList",
        },
        "iss": did,
        "jti": where,
        "sub": where,
        "nbf": int(earned.issued_at.timestamp()),
    }
    if earned.expires_at is not None:
        found["validUntil"] = _time(earned.expires_at)
        found["exp"] = int(earned.expires_at.timestamp())
    return found


def check(text: str, now: datetime) -> Checked:
    """Check a badge with nothing but itself. Raises BadBadge.

    The signature is by the key that its issuer's did:key says, and by no other: a key in the
    header is not believed, and no other algorithm than EdDSA is.
    """
    from cryptography.exceptions import InvalidSignature

    text = text.strip()
    if len(text) > LONGEST or text.count(".") != 2:
        raise BadBadge("this is no badge: three parts with dots between them are expected")
    head, body, signature = text.split(".")
    header, claims = _object(head), _object(body)
    if header.get("alg") != "EdDSA" or header.get("crit") is not None:
        raise BadBadge("it is not signed by EdDSA")
    issuer = claims.get("issuer")
    did = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(did, str) or claims.get("iss") != did:
        raise BadBadge("it does not say who issued it")
    try:
        public_of(did).verify(_unb64(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        raise BadBadge("the signature does not fit: something in it was changed") from None
    kinds = claims.get("type")
    if not isinstance(kinds, list) or "AchievementCredential" not in kinds:
        raise BadBadge("it is signed, but is no achievement")
    exp = claims.get("exp")
    is_expired = isinstance(exp, int) and exp <= now.timestamp()
    number = str(claims.get("id", "")).rpartition("/")[2]
    return Checked(payload=claims, issuer=did, number=number, is_expired=is_expired)


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_unb64(part))
    except (ValueError, RecursionError):
        raise BadBadge("a part of it cannot be read") from None
    if not isinstance(found, dict):
        raise BadBadge("a part of it is no JSON object")
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadBadge("a part of it cannot be read") from None


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
