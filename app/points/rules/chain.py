"""How entries are chained: what is hashed, and the seal on the end of a member's chain."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

START = "0" * 64  # the previous hash of a member's first entry
_compact = json.JSONEncoder(separators=(",", ":")).encode


def ledger_key(secret: str) -> bytes:
    """The key of the ledger's hashes; a purpose of its own, derived from the site's secret."""
    return hmac.digest(secret.encode(), b"weike/points/ledger/1", hashlib.sha256)


@dataclass(frozen=True)
class Fact:
    """Everything that an entry states, in the order in which it is hashed.

    The row's id is left out: a member and `seq` name an entry for ever, on every database.
    """

    member_id: int
    seq: int
    branch_id: int
    reason: str
    rule_version: int
    amount: int
    source: str
    occurred_at: datetime
    recorded_at: datetime
    note: str
    corrects_seq: int | None
    author_id: int | None
    theme_id: int = 0

    def hash(self, key: bytes, previous: str) -> str:
        """The hash of this entry when it follows the entry with the hash `previous`."""
        parts = [
            moment_text(part) if isinstance(part, datetime) else part
            for part in (getattr(self, name) for name in self.__dataclass_fields__)
        ]
        return entry_hash(key, previous, parts)


def moment_text(moment: datetime) -> str:
    """A moment as it is hashed: UTC with microseconds, so that all databases agree."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def entry_hash(key: bytes, previous: str, parts: Sequence[object]) -> str:
    """HMAC-SHA256, in hex, over the previous hash and the parts of a Fact as one JSON array.

    The last part, the theme, came later: entries without one are hashed as they always were.
    """
    theme = parts[-1]
    fact = ["weike/entry/1", previous, *parts[:-1]] if theme == 0 else None
    message = _compact(fact or ["weike/entry/2", previous, *parts])
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()


def head_seal(key: bytes, member_id: int, seq: int, last_hash: str) -> str:
    """The seal on the end of a member's chain; without it, cutting off the end would not show."""
    message = _compact(["weike/head/1", member_id, seq, last_hash])
    return hmac.digest(key, message.encode(), hashlib.sha256).hex()
