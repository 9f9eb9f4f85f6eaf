"""OpenCC: what Weike says in Simplified Chinese, said in Traditional; with exceptions."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import opencc

TABLE = Path(__file__).parents[1] / "translations" / "zh_Hant.exceptions.toml"
QUOTES = str.maketrans("“”‘’", "「」『』")


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2twp")


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
