"""Papers in plain text, as people write them in Word: 1．题干 A．… B．… 答案：AC 解析：…"""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l

from app.core.spreadsheet import decoded
from app.questions.formats.assembling import half
from app.questions.formats.facts import Paper
from app.questions.formats.plain.lines import bare_label, chosen
from app.questions.formats.plain.marks import (
    FILLED,
    HEADED,
    NUMBER,
    OPTION,
    RED,
    TAGGED,
    WORDS,
)
from app.questions.formats.plain.reading import read_lines
from app.questions.formats.plain.writing import (
    can_say,
    changed,
    left_out,
    parts_of,
    proven_lines,
    read_otherwise,
    write,
    write_lines,
)

NAME = "plain"
LABEL = _l("Plain text paper")
ENDINGS = (".txt", ".md", ".text")


# A line that says of a text that it is a paper: a number, an answer to choose from, an answer.
BEGINNING = re.compile(
    r"^[ \t]*(?:\*\*)?(?:\d{1,4}[ \t]*[.、)．]"
    r"|第[ \t]*[\d一二三四五六七八九十百]{1,5}[ \t]*题|[①-⒛]|[A-D][.、)．]"
    r"|【?(?:正确|参考|标准)?答案[ \t]*[:】]"
    r"|[(（【\[][^)）】\]\n]{0,8}[)）】\]][ \t]*\d{1,4}[ \t]*[.、．])",
    re.MULTILINE,
)


def fits(data: bytes, filename: str) -> bool:
    """The last that is tried: any text with a numbered line or an option."""
    if b"\0" in data[:2000] and data[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return False
    return BEGINNING.search(half(decoded(data))) is not None


def read(data: bytes, filename: str) -> Paper:
    """Every question of a text file; lines are counted from 1."""
    lines = decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return read_lines(list(enumerate(lines, 1)), NAME)


def begins_something(text: str) -> bool:
    """Whether a line begins a question, an answer to choose from, or a part such as “答案：”."""
    narrow = half(text)
    return any(mark.match(narrow) for mark in (NUMBER, OPTION, TAGGED, HEADED))


def says_answer(text: str) -> bool:
    """Whether a text begins with “答案：” or with “解析：”."""
    tagged = TAGGED.match(half(text).lstrip("(（"))
    return tagged is not None and WORDS.get(tagged.group(1).lower()) in {"answer", "explanation"}


__all__ = [
    "ENDINGS",
    "FILLED",
    "LABEL",
    "NAME",
    "RED",
    "bare_label",
    "begins_something",
    "can_say",
    "changed",
    "chosen",
    "fits",
    "left_out",
    "parts_of",
    "proven_lines",
    "read",
    "read_lines",
    "read_otherwise",
    "says_answer",
    "write",
    "write_lines",
]
