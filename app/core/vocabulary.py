"""The organisation's own words for “branch”, “member” and “organizer”, put in after translation.

A message is translated as always; then our word in it becomes theirs. Names that people typed are
never touched: they are filled in later, where the message has a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST = 30
# What our own messages say: English one and many, Simplified and Traditional Chinese.
OURS = {
    "branch": ("branch", "branches", "支部", "支部"),
    "member": ("member", "members", "成员", "成員"),
    "organizer": ("organizer", "organizers", "组织员", "組織員"),
}
# A message is markup: only what can be neither a tag nor a placeholder may come into it.
_WORD = re.compile(r"[^\W_](?:[\w \-·’']*[\w])?")
_PLACEHOLDER = r"%\(\w+\)[a-z]|\{\w+\}"


class BadWord(Refusal):
    sentence = _l("Use letters, digits, spaces and hyphens, at most %(most)s of them.")


@dataclass(frozen=True)
class Term:
    """One word of the organisation; "" keeps ours."""

    en: str = ""
    en_many: str = ""
    zh_hans: str = ""
    zh_hant: str = ""


Vocabulary = Mapping[str, Term]


def checked(word: str) -> str:
    """A word as it may stand in a message. Raises BadWord."""
    word = " ".join(word.split())
    if word and (len(word) > LONGEST or not _WORD.fullmatch(word)):
        raise BadWord(most=LONGEST)
    return word


def renamer(words: Vocabulary, language: str) -> Callable[[str], str] | None:
    """A function that puts the organisation's words into a message; None when there are none."""
    if language == "en":
        pairs = {
            ours: theirs
            for name, term in words.items()
            if term.en and term.en_many
            for ours, theirs in zip(OURS[name][:2], (term.en, term.en_many), strict=True)
        }
        return _english(pairs) if pairs else None
    column = 3 if language == "zh_Hant" else 2
    pairs = {
        OURS[name][column]: word
        for name, term in words.items()
        if (word := term.zh_hant if column == 3 else term.zh_hans)
    }
    return _chinese(pairs) if pairs else None


def _chinese(pairs: dict[str, str]) -> Callable[[str], str]:
    # The organisation's longer word may stand there already: 党支部 is not made 党党支部.
    known = sorted({*pairs, *pairs.values()}, key=len, reverse=True)
    pattern = re.compile("|".join([_PLACEHOLDER, *map(re.escape, known)]))

    @lru_cache(maxsize=4096)
    def rename(text: str) -> str:
        return pattern.sub(lambda found: pairs.get(found.group(), found.group()), text)

    return rename


def _english(pairs: dict[str, str]) -> Callable[[str], str]:
    words = "|".join(sorted(pairs, key=len, reverse=True))
    pattern = re.compile(rf"{_PLACEHOLDER}|\b(?:(an?)( ))?({words})\b", re.IGNORECASE)

    def replaced(found: re.Match[str]) -> str:
        article, space, ours = found.groups()
        if ours is None:
            return found.group()
        theirs = pairs[ours.lower()]
        if ours[0].isupper():
            theirs = theirs[0].upper() + theirs[1:]
        if not article:
            return theirs
        fitting = "an" if _sounds_like_a_vowel(theirs) else "a"
        return (fitting.capitalize() if article[0].isupper() else fitting) + space + theirs

    @lru_cache(maxsize=4096)
    def rename(text: str) -> str:
        return pattern.sub(replaced, text)

    return rename


def _sounds_like_a_vowel(word: str) -> bool:
    word = word.lower()
    return word[0] in "aeiou" and not word.startswith(("uni", "use", "one", "eu"))
