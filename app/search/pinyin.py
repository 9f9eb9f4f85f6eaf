"""How Chinese sounds: pinyin of titles for finding, and characters that sound alike."""

from __future__ import annotations

import re
import runpy
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from app.search import folding

LONGEST = 8  # characters that one term spells
FULL, FIRST = "f", "i"  # what a term of the index begins with: whole syllables, first letters
_LETTERS = re.compile(r"[a-z]+")
_TONES = re.compile("[\u0300\u0301\u0304\u030c]")  # the dots of ü stay


def terms(title: str) -> list[str]:
    """What a folded title is found by in pinyin, from each of its Chinese characters on."""
    # Imported when needed: its tables take 55 MB, of which asking needs 12 (see _readings).
    from pypinyin import lazy_pinyin

    found: dict[str, None] = {}
    for run, is_cjk in folding.runs(title):
        if not is_cjk:
            continue
        syllables = lazy_pinyin(run)
        for start in range(len(syllables) - 1):
            spoken = [s for s in syllables[start : start + LONGEST] if _LETTERS.fullmatch(s)]
            found[FULL + "".join(spoken)] = None
            found[FIRST + "".join(s[0] for s in spoken)] = None
    return list(found)


@lru_cache(maxsize=5_000)
def is_spelling(word: str) -> bool:
    """Whether a word can be read as at least two syllables of pinyin."""
    if not 3 <= len(word) <= 6 * LONGEST or not _LETTERS.fullmatch(word):
        return False
    most: dict[int, int] = {0: 0}  # place in the word → most syllables up to there
    known = syllables()
    for end in range(1, len(word) + 1):
        for length in range(1, min(6, end) + 1):
            if end - length in most and word[end - length : end] in known:
                most[end] = max(most.get(end, 0), most[end - length] + 1)
    return most.get(len(word), 0) >= 2


def is_initials(word: str) -> bool:
    """Whether a word can be the first letters of syllables: wk, dzb."""
    return (
        2 <= len(word) <= LONGEST
        and _LETTERS.fullmatch(word) is not None
        and not (set(word) & set("iuv"))
    )


@cache
def syllables() -> frozenset[str]:
    """All syllables, without tones."""
    return frozenset(sound for char in _characters(0xF7) if (sound := _reading(char)))


def _characters(last_row: int) -> Iterator[str]:
    """The characters of GB 2312 up to a row; up to 0xD7 the 3 755 most frequent ones."""
    for row in range(0xB0, last_row + 1):
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue


@cache
def _readings() -> dict[int, str]:
    """The readings of single characters, from a file of pypinyin, without its words (44 MB)."""
    package = find_spec("pypinyin")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "pinyin_dict.py"
    found: dict[int, str] = runpy.run_path(str(path))["pinyin_dict"]
    return found


def _reading(char: str) -> str:
    """The first reading of a character, without its tone; "" when there is none."""
    first = _readings().get(ord(char), "").partition(",")[0]
    return "".join(
        "v" if letter == "ü" else letter
        for letter in unicodedata.normalize("NFC", _TONES.sub("", _apart(first)))
        if letter in "abcdefghijklmnopqrstuvwxyzü"
    )


def _apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _alike(sound: str) -> str:
    """Sounds that many people confuse are one: zh and z, ing and in."""
    sound = re.sub(r"^([zcs])h", r"\1", sound)
    return re.sub(r"(?<=[aei])ng$", "n", sound)


@cache
def _sounding() -> dict[str, str]:
    """Each sound with the frequent characters that have it."""
    having: dict[str, str] = {}
    for char in _characters(0xD7):
        sound = _alike(_reading(char))
        having[sound] = having.get(sound, "") + char
    return having


def homophones(char: str) -> str:
    """Frequent characters that sound like this one, without itself."""
    sound = _alike(_reading(char))
    return _sounding().get(sound, "").replace(char, "") if sound else ""
