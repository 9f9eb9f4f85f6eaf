"""What a file says of itself, as far as it can be believed: proposals for its label.

Programs fill these places without being asked: with the name of whoever is signed in to the
computer, with the file's own name, with “Presentation 1”. Such words are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from app.library.rules import (
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    BadDate,
    Label,
    date_of,
    date_said,
    tags_of,
    title_of,
)

# Of programs and machines, in small letters.
NOBODY = frozenset(
    re.split(
        r",\s*",
        "acer, admin, administrator, anonymous, apache poi, asus, author, dell, guest, hp, lenovo,"
        "microsoft, microsoft office, microsoft office user, none, office, openpyxl, owner, pc,"
        "python-docx, root, steve canny, test, unknown, user, users, windows, windows user, wps,"
        "windows 用户, 作者, 佚名, 微软用户, 新用户, 未知, 用户, 管理员",
    )
)
_NO_TITLE = re.compile(
    r"(?:untitled|document|presentation|book|workbook|slide|title|无标题|未命名|文档|演示文稿|幻灯片|工作簿)"
    r"[\s\-_()]*\d*|(?:powerpoint|word|excel)[\s-]*(?:presentation|document|演示文稿|文档)?|"
    r"幻灯片编号.*",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"^microsoft\s+(?:word|powerpoint|excel)\s*-\s*", re.IGNORECASE)
_ENDING = re.compile(
    r"\.(?:docx?|pptx?|xlsx?|pdf|wps|rtf|txt|indd|cdr|qxd|tex|dvi)$", re.IGNORECASE
)
_TAG = re.compile(r"<[^>]*>")
_DAY = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_NAMES = re.compile(r"\s*[;；]\s*")
FIELDS = ("title", "authors", "publisher", "dated", "language", "tags", "summary")
LONGEST = {"title": LONGEST_TITLE, "authors": 300, "publisher": 200, "summary": LONGEST_SUMMARY}


def believable(said: Mapping[str, str], filename: str) -> dict[str, str]:
    """Of what a file says of itself that which may be proposed, as the form would take it."""
    found = {name: " ".join(unescape(said.get(name, "")).split()) for name in FIELDS}
    title = _ENDING.sub("", _PROGRAM.sub("", found["title"])).strip()
    broken = "\ufffd" in title or not re.search(r"\w", title)
    if broken or _NO_TITLE.fullmatch(title) or title == title_of(filename):
        title = ""
    people = [name for name in _NAMES.split(found["authors"]) if name.lower() not in NOBODY]
    day = _DAY.match(found["dated"])
    try:
        dated = date_said(date_of(day[0])) if day else ""
    except BadDate:
        dated = ""
    proposed = {
        "title": title,
        "authors": ", ".join(name for name in people if name and "\ufffd" not in name),
        "publisher": found["publisher"] if found["publisher"].lower() not in NOBODY else "",
        "dated": dated,
        "language": _language(found["language"]),
        "tags": ", ".join(tags_of(found["tags"])),
        "summary": " ".join(_TAG.sub(" ", found["summary"]).split()),
    }
    return {name: text[: LONGEST.get(name, 300)] for name, text in proposed.items() if text}


def _language(text: str) -> str:
    """A language that a label can have; "" for others, and for those that do not say enough."""
    parts = text.lower().replace("_", "-").split("-")
    if parts[0] == "en":
        return "en"
    if parts[0] == "zh" and len(parts) > 1:
        return "zh_Hant" if {"hant", "tw", "hk", "mo"} & set(parts) else "zh_Hans"
    return ""


def unused(said: Mapping[str, str], title: str, label: Label, filename: str) -> dict[str, str]:
    """Proposals for what is not on the label yet: empty fields, and a title that is the file's.

    A language alone is no news: programs write the one of their menus, and the text shows its own.
    """
    has = {
        "authors": label.authors,
        "publisher": label.publisher,
        "dated": date_said(label.dated),
        "language": label.language,
        "tags": ", ".join(label.tags),
        "summary": label.summary,
        "title": "" if title == title_of(filename) else title,
    }
    found = {name: text for name, text in said.items() if not has.get(name)}
    return {} if found.keys() <= {"language"} else found
