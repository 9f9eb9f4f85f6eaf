"""Which font has a letter: ours, else one with Greek, Cyrillic and signs; else it is named."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from app.exams.sheets.block import FONT

if TYPE_CHECKING:
    from fpdf import FPDF

OURS, OTHER = "noto", "dejavu"
MM = 25.4 / 72  # of a point
# What only changes how the sign before it looks: joiners, variants, colours of skin.
_UNSEEN = {0x200B, 0x200C, 0x200D, 0xFE0E, 0xFE0F, 0xFEFF, 0x20E3, *range(0x1F3FB, 0x1F400)}


def add_to(page: FPDF) -> None:
    """Make both fonts known to a document; only the letters that are used get into it."""
    page.add_font(OURS, "", str(FONT))
    page.add_font(OTHER, "", str(_other()))


def runs(text: str) -> Iterator[tuple[str, str]]:
    """(font, text) of what is written in one font; a letter that none has is spelled by name."""
    for font, letters in groupby(_known(text), key=_font):
        yield font, "".join(letters)


def known(text: str) -> str:
    """The text as it can be printed, so that nothing of it is lost."""
    return "".join(_known(text))


def width(page: FPDF, text: str, size: float) -> float:
    """How wide a text is, in mm; all of its letters are known."""
    return sum(_wide(page, letter) for letter in text) * size * MM / 1000


def _wide(page: FPDF, letter: str) -> float:
    widths: dict[int, float] = page.fonts[_font(letter)].cw  # type: ignore[assignment]
    return widths[ord(letter)]


@lru_cache(maxsize=20_000)
def _font(letter: str) -> str:
    """The font of a letter that one of them has; the space stands in both."""
    return OURS if ord(letter) in _letters(FONT) else OTHER


def _known(text: str) -> Iterator[str]:
    for letter in text.replace("\t", "    "):
        code = ord(letter)
        if letter == "\n" or code in _letters(FONT) or code in _letters(_other()):
            yield letter
        elif letter.isspace():
            yield " "
        elif code not in _UNSEEN and unicodedata.category(letter) not in {"Cc", "Cf"}:
            yield from _spelled(letter)


def _spelled(letter: str) -> str:
    """A sign that no font has: the digits in it, as of a number in a circle, or its name."""
    plain = unicodedata.normalize("NFKC", letter)
    if plain.isdecimal():
        return f"({plain})"
    name = unicodedata.name(letter, "CJK").lower()
    return f"[U+{ord(letter):04X}]" if name.startswith("cjk") else f"[{name}]"


@cache
def _letters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(path, lazy=True) as font:
        return frozenset(set(font.getBestCmap()) - _UNSEEN)


@cache
def _other() -> Path:
    """DejaVu Sans, which comes with what draws the formulas."""
    import ziafont

    return Path(ziafont.__file__).parent / "fonts" / "DejaVuSans.ttf"
