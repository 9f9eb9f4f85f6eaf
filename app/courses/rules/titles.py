"""What a theme or course is called in other languages than its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from app.core.i18n import LANGUAGES
from app.core.refusals import Refusal
from app.courses.rules import CHARACTER, BadLanguage, summary_of, title_of

# Language → {"title", "text", "from"}; what is empty is left out. "from" names the script that an
# entry was derived from, so that it follows when that one changes.
Titles = Mapping[str, Mapping[str, str]]
SCRIPTS = {"zh_Hans": "zh_Hant", "zh_Hant": "zh_Hans"}
_HAN = re.compile(f"[{CHARACTER}]")


def said(own: str, part: str, titles: Titles, language: str | None) -> str:
    """The title or text for a reader of this language; what has no translation is said as it is."""
    return (titles.get(language) or {}).get(part) or own if language else own


def typed(titles: Titles) -> dict[str, dict[str, str]]:
    """What somebody wrote, without what was derived from it."""
    return {language: dict(one) for language, one in titles.items() if "from" not in one}


def titles_of(
    given: Titles, *, own: str, language: str, convert: Callable[[str, str], str]
) -> dict[str, dict[str, str]]:
    """Titles and texts as they are kept; `own` is the title in the thing's own `language` ("" where
    it has none).

    Where only one Chinese script is given, and the thing is not called in Chinese itself,
    `convert(text, script)` makes the other one. Raises BadTitle, BadSummary, BadLanguage; `where`
    names the field.
    """
    found: dict[str, dict[str, str]] = {}
    for code, one in given.items():
        if code not in LANGUAGES:
            raise BadLanguage(where="titles")
        if code == language:
            continue
        try:
            title = title_of(one["title"]) if one.get("title", "").strip() else ""
            text = summary_of(one.get("text", ""))
        except Refusal as refusal:
            field = "title" if refusal.where == "title" else "text"
            refusal.where = f"{field}_{code}"  # type: ignore[attr-defined]
            raise
        kept = {"title": title, "text": text}
        if any(kept.values()):
            found[code] = {part: words for part, words in kept.items() if words}
    if language not in SCRIPTS and not _HAN.search(own):
        for code, other in SCRIPTS.items():
            if code in found and other not in found:
                converted = {part: convert(words, other) for part, words in found[code].items()}
                found[other] = {**converted, "from": code}
                break
    return found
