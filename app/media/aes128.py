"""AES-128 of HLS: segments whole in CBC mode, as RFC 8216 (4.3.2.4) says; keys apart from them."""

from __future__ import annotations

import hashlib
import hmac

BLOCK = 16


def key_of(secret: bytes, rendition: str) -> bytes:
    """The key of one rendition, from the secret of its recording.

    The number of a segment is its initialisation vector, so no two renditions may share a key.
    """
    return hmac.digest(secret, rendition.encode(), hashlib.sha256)[:BLOCK]


def encrypted(data: bytes, key: bytes, number: int) -> bytes:
    """A segment as it is served; `number` counts from 0 in its playlist."""
    # Loaded by those that encrypt: it takes 6 MB.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    pad = PKCS7(BLOCK * 8).padder()
    work = Cipher(algorithms.AES(key), modes.CBC(number.to_bytes(BLOCK))).encryptor()
    return work.update(pad.update(data) + pad.finalize()) + work.finalize()


def decrypted(data: bytes, key: bytes, number: int) -> bytes:
    """The inverse of `encrypted`. Raises ValueError for another key or a damaged file."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    work = Cipher(algorithms.AES(key), modes.CBC(number.to_bytes(BLOCK))).decryptor()
    unpad = PKCS7(BLOCK * 8).unpadder()
    return unpad.update(work.update(data) + work.finalize()) + unpad.finalize()
