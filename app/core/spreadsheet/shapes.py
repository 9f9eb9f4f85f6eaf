"""Numbers, days and times as a spreadsheet shows them: ECMA-376, part 1, 18.8.30 and 18.8.31."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Shapes that Chinese Excel writes by their number alone; other readers take them for General.
EAST_ASIAN = {
    **dict.fromkeys((27, 36, 50, 52, 57), 'yyyy"年"m"月"'),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), 'm"月"d"日"'),
    30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"',
    **dict.fromkeys((32, 55), 'h"时"mm"分"'),
    **dict.fromkeys((33, 56), 'h"时"mm"分"ss"秒"'),
}
_UNSEEN = re.compile(r"\[[^\]]*\]|_.|\*.")  # colours, languages, space as wide as a sign, filling
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_DIGITS = re.compile(r"[#0?,]*[#0?](?:\.[0#?]+)?,*")
_TOKEN = re.compile(r'"[^"]*"|\\.|y+|m+|d+|h+|s+|[^a-z"\\]|.', re.IGNORECASE)


def shown_number(value: Decimal, shape: str) -> str | None:
    """0.05 as “5%”, 1234567 as “1,234,567”; None for a shape that says nothing about this.

    Fractions, powers of ten and shapes with conditions are left to who reads the value.
    """
    parts = shape.split(";")
    of_negative = value < 0 and len(parts) > 1 and parts[1]
    part = _UNSEEN.sub("", parts[1] if of_negative else parts[0])
    words = [found[1] or found[2] or "" for found in _LITERAL.finditer(part)]
    bare = _LITERAL.sub("\0", part)
    found = _DIGITS.search(bare)
    around = (bare[: found.start()] + bare[found.end() :]) if found else ""
    if found is None or re.search(r"[#0?/EeGg@]", around) or found[0].endswith(","):
        return None
    value = abs(value) if of_negative else value
    places = len(found[0].partition(".")[2])
    try:
        value = (value * (100 if "%" in around else 1)).quantize(
            Decimal(1).scaleb(-places), ROUND_HALF_UP
        )
    except InvalidOperation:  # more digits than anybody shows
        return None
    text = f"{abs(value):{',' if ',' in found[0] else ''}f}"
    least = found[0].partition(".")[0].count("0")
    if "," not in found[0]:
        whole, point, rest = text.partition(".")
        text = whole.zfill(least) + point + rest
    optional = found[0].partition(".")[2].count("#")
    while optional and text.endswith("0"):
        text, optional = text[:-1], optional - 1
    text = text.removesuffix(".")
    said = bare[: found.start()] + text + bare[found.end() :]
    given = iter(words)
    said = re.sub("\0", lambda _sign: next(given), said).strip()
    return f"-{said}" if value < 0 else said


def shown_day(value: date | time, shape: str) -> str | None:
    """1 July 1921 with m"月"d"日" as “7月1日”; None for a shape that is not known here."""
    tokens = _TOKEN.findall(_UNSEEN.sub("", shape.split(";", maxsplit=1)[0]))
    day = value if isinstance(value, date) else None
    moment = value if isinstance(value, datetime | time) else time()
    said, before = "", ""
    for at, token in enumerate(tokens):
        kind = token[0].lower()
        number: int | None = None
        if kind in "ymdhs" and token[0].isalpha():
            later = next((t[0].lower() for t in tokens[at + 1 :] if t[0].lower() in "ymdhs"), "")
            minutes = kind == "m" and (before == "h" or later == "s")
            if kind in "ymd" and not minutes:
                if day is None or (kind != "y" and len(token) > 2):  # names of months and days
                    return None
                number = {"y": day.year, "m": day.month, "d": day.day}[kind]
                if kind == "y" and len(token) <= 2:
                    number %= 100
            else:
                number = {"h": moment.hour, "m": moment.minute, "s": moment.second}[kind]
            before = kind
            said += str(number).zfill(min(len(token), 2))
        elif kind.isalpha() and kind.isascii():  # AM/PM, eras
            return None
        else:
            said += token[1:-1] if kind == '"' else token[1:] if kind == "\\" else token
    return said.strip() or None
