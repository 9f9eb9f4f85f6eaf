"""OpenCC: captions in Simplified and in Traditional characters, one from the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import opencc

WAYS = {"zh-Hant": "s2twp", "zh-Hans": "tw2sp"}
SCRIPTS = {"zh-Hant": "s2t", "zh-Hans": "t2s"}


@cache
def _converter(way: str) -> opencc.OpenCC:
    return opencc.OpenCC(way)


def converted(texts: Sequence[str], *, to: str) -> list[str]:
    """Texts in the other script; `to` is zh-Hans or zh-Hant."""
    convert = _converter(WAYS[to]).convert
    return [convert(text) for text in texts]


def rewritten(texts: Sequence[str], *, to: str) -> list[str]:
    """Texts whose characters may be of both scripts in one of them; no word becomes another."""
    convert = _converter(SCRIPTS[to]).convert
    return [convert(text) for text in texts]
