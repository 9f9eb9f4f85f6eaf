"""Answers that a browser kept without a connection, sealed so that a later change shows.

The key of an attempt is on its page, so the seal proves that a package is whole and was made by
that page, not that its owner is honest: what is sealed never counts by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal

BROUGHT_DAYS = 7  # after its end an attempt's package is still taken for so long
MOST_ENTRIES = 200
LONGEST_ENTRY = 30_000


class NotAPackage(Refusal):
    sentence = _l("This is not a package of answers of this attempt.")


class NotOverYet(Conflict):
    sentence = _l("This attempt goes on; its answers are saved in the usual way.")


class TooLateToBring(Refusal):
    sentence = _l("Sealed answers are taken for %(days)s days after the end.")


@dataclass(frozen=True)
class Kept:
    """One answer out of a package: fields as a form has them, and the time that was left."""

    item: int
    fields: tuple[tuple[str, str], ...]
    left_ms: int | None
    is_intact: bool


def seal_key(secret: str, attempt_id: int, seed: int) -> str:
    """The key that the page of an attempt seals with, as 64 digits."""
    said = f"weike/seal/1/{attempt_id}/{seed}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()


def unpacked(text: bytes, *, attempt_id: int, key: str) -> list[Kept]:
    """What a package holds. Raises NotAPackage for anything that no page of ours makes."""
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAPackage from None
    entries = package.get("entries") if isinstance(package, dict) else None
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_ENTRIES:
        raise NotAPackage
    return [_kept(entry, attempt_id, bytes.fromhex(key)) for entry in entries]


def _kept(entry: Any, attempt_id: int, key: bytes) -> Kept:
    if not isinstance(entry, dict):
        raise NotAPackage
    said, mac = entry.get("said"), entry.get("mac")
    if not isinstance(said, str) or not isinstance(mac, str) or len(said) > LONGEST_ENTRY:
        raise NotAPackage
    try:
        found = json.loads(said)
        if not isinstance(found, dict) or str(found["attempt"]) != str(attempt_id):
            raise NotAPackage
        item = int(found["item"])
        left = found.get("left_ms")
        fields = _fields(found["entries"])
        wanted = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
        intact = hmac.compare_digest(wanted.encode(), mac.encode())
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise NotAPackage from None
    is_number = isinstance(left, int) and not isinstance(left, bool) and abs(left) < 10**9
    return Kept(item, fields, left if is_number else None, intact)


def _fields(entries: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise NotAPackage
    found = []
    for pair in entries:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)
        ):
            raise NotAPackage
        "".join(pair).encode()  # half a character is none that can be kept
        found.append((pair[0], pair[1]))
    return tuple(found)
