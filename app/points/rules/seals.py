"""Daily seals: a Merkle root over the entries of a day, chained to the seal of the day before.

The tree is that of RFC 6962 (Certificate Transparency): leaves and inner nodes are hashed with
different first bytes, so that no node can pass for an entry. The leaves are the entries' own
hashes in the order of members and numbers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import date, datetime

from app.points.rules.chain import moment_text

EMPTY = hashlib.sha256(b"").hexdigest()  # the root of a day without entries
NO_SEAL = "0" * 64  # what the first seal names as the one before it


def merkle_root(hashes: Iterable[bytes]) -> str:
    """The root, in hex, over the 32-byte hashes of entries."""
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in hashes]
    if not level:
        return EMPTY
    while len(level) > 1:
        # An odd one goes up as it is, which is the tree of RFC 6962 seen from below.
        pairs = [
            hashlib.sha256(b"\1" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - 1, 2)
        ]
        level = [*pairs, level[-1]] if len(level) % 2 else pairs
    return level[0].hex()


def day_seal(
    key: bytes, *, day: date, until: datetime, entries: int, root: str, previous: str
) -> str:
    """The seal itself, in hex: nobody without the key can make one for other entries."""
    message = json.dumps(
        ["weike/seal/1", day.isoformat(), moment_text(until), entries, root, previous],
        separators=(",", ":"),
    )
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()
