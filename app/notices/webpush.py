"""Waking a browser: our key (RFC 8292), encryption for one browser (RFC 8291), and the request.

Written here because the kept packages bring two HTTP clients along for sixty lines of arithmetic.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import os
import secrets
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds
LIFE = 86_400  # seconds that the service keeps a message for a browser that is off
TOKEN_LIFE = 12 * 3600  # seconds; at most a day by RFC 8292
RECORD = 4096  # bytes of the one record
LONGEST_ENDPOINT = 1000


class NotPushed(Exception):
    """The service did not take the message. `gone` when the browser no longer listens."""

    def __init__(self, reason: str, *, final: bool = False, gone: bool = False) -> None:
        super().__init__(reason)
        self.final = final or gone
        self.gone = gone


def is_known(endpoint: str, services: str) -> bool:
    """Whether an endpoint is at one of the services (origins, `*.` for any subdomain).

    Browsers tell us where to send; this keeps them from sending us anywhere else.
    """
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return False
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable():
        return False
    if url.username is not None or url.password is not None or not url.hostname or " " in endpoint:
        return False
    for service in services.split():
        known = urlsplit(service)
        host = known.hostname or ""
        same = url.hostname.endswith(host[1:]) if host.startswith("*.") else url.hostname == host
        if same and (url.scheme, port) == (known.scheme, known.port):
            return True
    return False


def is_key(key: str, secret: str) -> bool:
    """Whether these are a browser's public key and its shared secret."""
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        point, auth = decoded(key), decoded(secret)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error):
        return False
    return len(point) == 65 and len(auth) == 16


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@lru_cache(maxsize=4)
def own_key(path: Path) -> Any:
    """The key that says who we are to push services; made at the first start.

    Browsers that subscribed know it: with another one, all of them must subscribe again.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_bytes(made)
        try:
            os.link(draft, path)  # whoever is first wins; both then read the same key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return serialization.load_pem_private_key(path.read_bytes(), password=None)


def public_key(path: Path) -> str:
    """Our public key as browsers want it."""
    return encoded(_point(own_key(path)))


def _point(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    found: bytes = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return found


def _expand(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869) of at most one block."""
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()[:length]


def encrypt(
    text: bytes, *, key: str, secret: str, own: Any = None, salt: bytes | None = None
) -> bytes:
    """A message that only the browser with this key can read. `own` and `salt` are for tests."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    own = own or ec.generate_private_key(ec.SECP256R1())
    salt = salt or secrets.token_bytes(16)
    theirs = decoded(key)
    shared = own.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    )
    mixed = hmac.new(decoded(secret), shared, hashlib.sha256).digest()
    material = _expand(mixed, b"WebPush: info\x00" + theirs + _point(own), 32)
    fresh = hmac.new(salt, material, hashlib.sha256).digest()
    content_key = _expand(fresh, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _expand(fresh, b"Content-Encoding: nonce\x00", 12)
    body = AESGCM(content_key).encrypt(nonce, text + b"\x02", None)
    return salt + struct.pack("!IB", RECORD, 65) + _point(own) + body


def _token(key: Any, *, audience: str, contact: str, now: int) -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    claims = {"aud": audience, "exp": now + TOKEN_LIFE, "sub": contact}
    parts = [
        encoded(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    ]
    signed = ".".join(parts)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def push(
    message: dict[str, Any],
    *,
    endpoint: str,
    key: str,
    secret: str,
    own: Any,
    contact: str,
    now: int,
) -> None:
    """Hand one message to the service of a browser; redirects are not followed.

    Raises NotPushed.
    """
    url = urlsplit(endpoint)
    body = encrypt(json.dumps(message, ensure_ascii=False).encode(), key=key, secret=secret)
    token = _token(own, audience=f"{url.scheme}://{url.netloc}", contact=contact, now=now)
    headers = {
        "Authorization": f"vapid t={token}, k={encoded(_point(own))}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LIFE),
        "Urgency": "normal",
    }
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = answer.read(300).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise NotPushed(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if answer.status in {404, 410}:
        raise NotPushed("the browser no longer listens", gone=True)
    if not 200 <= answer.status < 300:
        again = answer.status in {408, 429} or answer.status >= 500
        raise NotPushed(f"{answer.status} {said}", final=not again)
