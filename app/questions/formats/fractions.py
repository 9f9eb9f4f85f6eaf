"""Shares of a mark as Moodle lists them; no format of its own.

Moodle takes only these shares from a file (question/engine/bank.php, `fraction_options_full`), and
spells thirds with seven digits: 33.33333 per cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from flask_babel import gettext as _

from app.questions.rules import plain_number

_LISTED = tuple(
    Decimal(text)
    for text in (
        *("100", "90", "83.33333", "80", "75", "70", "66.66667", "60", "50", "40", "33.33333"),
        *("30", "25", "20", "16.66667", "14.28571", "12.5", "11.11111", "10", "5", "0"),
    )
)
_CRUMB = Decimal("0.003")  # per cent: what five digits of a third or a ninth may miss


def per_cent(fraction: str) -> str:
    """A share in per cent as Moodle spells it: "0.33334" → "33.33333"."""
    given = Decimal(fraction) * 100
    listed = next((each for each in _LISTED if abs(abs(given) - each) < _CRUMB), None)
    return plain_number(given if listed is None else listed.copy_sign(given))


def told(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """What is lost, in words, when some of the answers have shares that Moodle does not list."""
    spelt = dict.fromkeys(per_cent(row["fraction"]) for row in rows)
    odd = ", ".join(f"{text} %" for text in spelt if abs(Decimal(text)) not in _LISTED)
    said = _("shares that Moodle has not in its list (%(shares)s), for Moodle itself", shares=odd)
    return [said] if odd else []


def without_costs(rows: Iterable[dict[str, str]]) -> str:
    """Let wrong options of a single choice be worth nothing; what is lost by it, in words."""
    costly = [row for row in rows if Decimal(row["fraction"]) < 0]
    for row in costly:
        row["fraction"] = "0"
    said = _(
        "A wrong answer of a single choice question costs nothing here: what wrong answers cost "
        "is a setting of the exam."
    )
    return said if costly else ""
