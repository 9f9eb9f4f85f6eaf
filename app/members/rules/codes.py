"""Activation codes: how they look on paper and how they are read back."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta

# No 0 O 1 I L: what can be mixed up on paper is not used. 31 signs, 12 of them: 59 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 12
GOOD_FOR = timedelta(days=14)


def new_code(choose: Callable[[str], str]) -> str:
    """A code; `choose` picks one of the given signs at random."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def on_paper(code: str) -> str:
    """In groups of four, as it is printed: ABCD-EFGH-JKMN."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def read_back(text: str) -> str:
    """What somebody typed as a code, without spaces and hyphens; "" when it cannot be one."""
    folded = unicodedata.normalize("NFKC", text[:200]).upper()
    code = "".join(c for c in folded if c.isalnum())
    return code if len(code) == LENGTH and not set(code) - set(ALPHABET) else ""
