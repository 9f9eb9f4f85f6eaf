"""Times in recordings, as people write them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal


class BadSpan(Refusal):
    sentence = _l("“%(text)s” is no time in a recording. Write it like 07:12.")


class SpanBackwards(Refusal):
    sentence = _l("The part of the recording ends before it begins.")


def span_ms(text: str) -> int:
    """A time like 07:12 or 1:02:03 in milliseconds. Raises BadSpan."""
    parts = text.strip().replace("：", ":").split(":")
    if not 1 <= len(parts) <= 3 or not all(p.isascii() and p.isdigit() for p in parts):
        raise BadSpan(text=text[:20])
    numbers = [int(part[:6]) for part in parts]
    if any(number > 59 for number in numbers[1:]):
        raise BadSpan(text=text[:20])
    seconds = 0
    for number in numbers:
        seconds = seconds * 60 + number
    if seconds > 24 * 3600:
        raise BadSpan(text=text[:20])
    return seconds * 1000


def span_text(ms: int) -> str:
    """The inverse: 432000 → 07:12."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
