"""Questions inside a recording: how one is shown, and when its key is told."""

from __future__ import annotations

import hmac
import random
from collections.abc import Sequence
from hashlib import sha256

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

TRIES_UNTIL_KEY = 3  # wrong ones, until a question that counts is explained


class NothingAnswered(Refusal):
    sentence = _l("Answer the question first.")


def names_of(
    secret: str, member_id: int, checkpoint_id: int, version_id: int, ids: Sequence[str]
) -> list[tuple[str, str]]:
    """Ids as one member sees them, in an order of their own: (name, id).

    They follow from the server's secret, so that nothing need be kept, and say nothing.
    """
    said = f"weike checkpoint:{member_id}:{checkpoint_id}:{version_id}"
    key = hmac.new(secret.encode(), said.encode(), sha256)
    order = list(ids)
    random.Random(key.digest()).shuffle(order)  # noqa: S311 - the seed is secret
    names = []
    for token in order:
        named = hmac.new(key.digest(), token.encode(), sha256)
        names.append((f"o{named.hexdigest()[:12]}", token))
    return names


def is_settled(*, counts: bool, answered: bool, right: bool) -> bool:
    """Whether a member may go on."""
    return right if counts else answered


def tells_key(*, counts: bool, right: bool, wrong_tries: int) -> bool:
    """Whether the answer is explained: at once, save where it can be tried again."""
    return right or not counts or wrong_tries >= TRIES_UNTIL_KEY
