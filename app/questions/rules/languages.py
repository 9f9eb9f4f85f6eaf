"""Which language a question is written in: told by its words, or by its author."""

from __future__ import annotations

import re
from enum import StrEnum

from flask_babel import lazy_gettext as _l


class Language(StrEnum):
    """What readers must understand; ANY for figures, formulas and pictures, which all do."""

    CHINESE = "zh"
    ENGLISH = "en"
    ANY = "any"


LANGUAGE_NAMES = {
    Language.CHINESE: _l("Chinese"),
    Language.ENGLISH: _l("English"),
    Language.ANY: _l("Any language"),
}
LANGUAGE_WORDS = {
    Language.CHINESE: ("中文", "汉语", "chinese", "zh"),
    Language.ENGLISH: ("英文", "英语", "english", "en"),
    Language.ANY: ("通用", "任何语言", "any"),
}
_MARKS = re.compile(  # formulas, code, addresses and tags say nothing of a language
    r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`]*`|!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|https?://\S+", re.DOTALL
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[\U00020000-\U0003134f]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
FEWEST_LETTERS = 5  # in words of two or more; "kg" and "PVC" are no English sentence


def language_of(stem: str, said: str = "") -> Language:
    """The language of a question by its stem; where that is only a figure, by all that it says."""
    for text in (stem, said):
        plain = _MARKS.sub(r" \1 ", text[:20_000])
        han = len(_HAN.findall(plain))
        letters = sum(map(len, _WORD.findall(plain)))
        if han and han * 4 > letters:
            return Language.CHINESE
        if letters >= FEWEST_LETTERS:
            return Language.ENGLISH
    return Language.ANY


def language_named(text: str) -> Language | None:
    """The language that a cell or a line names: “英文”, “English”; None when it names none."""
    plain = text.strip().lower()
    return next((key for key, words in LANGUAGE_WORDS.items() if plain in words), None)


def fits(language: str, reader: str) -> bool:
    """Whether who reads in a locale (zh_Hant, en) reads a question's language."""
    return language in {Language.ANY, reader[:2]}
