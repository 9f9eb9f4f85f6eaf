"""OpenCC: what Weike says in Simplified Chinese, said in Traditional; texts in one script."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import opencc

TABLE = Path(__file__).parents[1] / "translations" / "zh_Hant.exceptions.toml"
QUOTES = str.maketrans("“”‘’", "「」『』")


@cache
def _converter(way: str = "s2twp") -> opencc.OpenCC:
    return opencc.OpenCC(way)


@cache
def exceptions() -> dict[str, str]:
    """Simplified words and what they become whatever OpenCC thinks, longest first."""
    words: dict[str, str] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["words"]
    return dict(sorted(words.items(), key=lambda pair: -len(pair[0])))


def traditional(text: str, *, keep: str = "") -> str:
    """Traditional Chinese of a Simplified text; what the pattern `keep` finds stays as it is."""
    done, at = [], 0
    for found in re.finditer("|".join(filter(None, [keep, *map(re.escape, exceptions())])), text):
        done.append(_converter().convert(text[at : found.start()]))
        done.append(exceptions().get(found.group(), found.group()))
        at = found.end()
    return "".join([*done, _converter().convert(text[at:])]).translate(QUOTES)


def in_one_script(texts: Sequence[str], *, beside: str = "") -> list[str]:
    """Texts in the script that most of them, and of what stands beside them, is written in.

    Text recognition knows both scripts and takes one for the other within a page.
    """
    whole = "\n".join((*texts, beside))
    ways = [(_differing(whole, _converter(way).convert(whole)), way) for way in ("s2t", "t2s")]
    (fewer, other), (more, _own) = sorted(ways)
    if not fewer or fewer == more:
        return list(texts)
    return [_converter(other).convert(text) for text in texts]


def _differing(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False))
