"""Which font prints a letter: ours, else one for its script, else one of the machine's; a letter
that none has is spelled by name, so that nothing is lost without a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
FONT = VENDOR / "noto-sans-sc.ttf"
OURS, TIBETAN, ARABIC, OTHER, RARE = "noto", "tibetan", "arabic", "dejavu", "cjk"
MM = 25.4 / 72  # of a point
# Rare Chinese characters and Korean; from the system's package fonts-noto-cjk.
_RARE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
_RARE_FACE = 2  # the Simplified Chinese forms of the letters
# What only changes how the sign before it looks: joiners, variants, colours of skin.
_UNSEEN = {0x200B, 0x200C, 0x200D, 0xFE0E, 0xFE0F, 0xFEFF, 0x20E3, *range(0x1F3FB, 0x1F400)}


def choose(page: FPDF, font: str, size: float) -> None:
    """Take a font, made known to the document; only the letters that are used get into it."""
    _ready(page, font)
    page.set_font(font, size=size)


def prepare(page: FPDF, text: str) -> None:
    """Make a text printable by whole cells: its fonts known, its letters joined where they do."""
    fonts = {_font(letter) for letter in text if letter != "\n"} - {OURS}
    for font in (OURS, *sorted(fonts)):
        _ready(page, font)
    page.set_fallback_fonts(sorted(fonts))
    page.set_text_shaping(is_joined(text))


def runs(text: str) -> Iterator[tuple[str, str]]:
    """(font, text) of what is written in one font; a letter that none has is spelled by name."""
    for font, letters in groupby(_known(text), key=_font):
        yield font, "".join(letters)


def known(text: str) -> str:
    """The text as it can be printed, so that nothing of it is lost."""
    return "".join(_known(text))


def unprintable(text: str) -> str:
    """The letters of a text that no font has, each once, in order."""
    text = unicodedata.normalize("NFC", text)
    return "".join(
        dict.fromkeys(letter for letter in text if known(letter) not in {letter, "", " "})
    )


def is_joined(text: str) -> bool:
    """Whether letters of a text join, stack, or run from right to left: they must be shaped."""
    return any(_joins(letter) for letter in text)


@contextmanager
def said(page: FPDF, line: str) -> Iterator[None]:
    """Say in words, in the order in which it is read (ISO 32000-1, 14.9.4), what a line draws whose
    letters join. Readers of the PDF find those where they stand; Poppler and PDFium turn words that
    run only from right to left around once more, which is theirs to mend."""
    if is_joined(line):
        words = line.encode("utf-16-be").hex().upper()
        page._out(f"/Span <</ActualText <FEFF{words}>>> BDC")  # noqa: SLF001
        yield
        page._out("EMC")  # noqa: SLF001
    else:
        yield


def put_joined(page: FPDF, text: str, x: float, base: float, size: float) -> None:
    """Draw letters that join, so many mm from the left and with their feet at `base`."""
    prepare(page, text)
    _take(page, size)
    page.set_xy(x, base - 0.8 * size * MM)  # a cell of one line's height stands on four fifths
    margin, page.c_margin = page.c_margin, 0
    breaking, page.auto_page_break = page.auto_page_break, False
    with said(page, text):
        page.cell(page.get_string_width(text), size * MM, text)
    page.c_margin, page.auto_page_break = margin, breaking
    page.set_text_shaping(False)
    _take(page, size)


def _take(page: FPDF, size: float) -> None:
    """Take our font anew: fpdf2 forgets which one holds when a line has used another one."""
    page.set_font(OURS, size=size + 1)
    page.set_font(OURS, size=size)


def width(page: FPDF, text: str, size: float) -> float:
    """How wide a text is, in mm; all of its letters are known."""
    if is_joined(text):
        prepare(page, text)
        page.set_font(OURS, size=size)
        found = page.get_string_width(text)
        page.set_text_shaping(False)
        return found
    return sum(_wide(page, letter) for letter in text) * size * MM / 1000


def _ready(page: FPDF, font: str) -> None:
    if font not in page.fonts:
        face = _RARE_FACE if font == RARE else 0
        page.add_font(font, "", str(_files()[font]), collection_font_number=face)


def _wide(page: FPDF, letter: str) -> float:
    font = _font(letter)
    _ready(page, font)
    widths: dict[int, float] = page.fonts[font].cw  # type: ignore[assignment]
    return widths[ord(letter)]


@lru_cache(maxsize=20_000)
def _font(letter: str) -> str:
    """The font of a letter that one of them has; the space stands in all."""
    return next((font for font in _files() if ord(letter) in _letters(font)), OURS)


@lru_cache(maxsize=20_000)
def _has(letter: str) -> bool:
    """Whether a letter can be printed as it must look."""
    if _joins(letter) and not _can_join():
        return False
    return any(ord(letter) in _letters(font) for font in _files())


def clusters(word: str) -> list[str]:
    """The parts of a word between which it may be cut: signs stay with the letter they mark."""
    found: list[str] = []
    for letter in word:
        if found and unicodedata.category(letter) in {"Mn", "Mc", "Me"}:
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _joins(letter: str) -> bool:
    return (
        "\u0f00" <= letter <= "\u0fff"
        or unicodedata.bidirectional(letter) in {"R", "AL"}
        or unicodedata.category(letter) in {"Mn", "Mc", "Me"}
    )


@cache
def _can_join() -> bool:
    """Whether HarfBuzz is there; it has no wheel for a few machines."""
    return find_spec("uharfbuzz") is not None


def _known(text: str) -> Iterator[str]:
    for letter in unicodedata.normalize("NFC", text).replace("\t", "    "):
        if letter == "\n":
            yield letter
        elif ord(letter) in _UNSEEN:
            continue
        elif _has(letter):
            yield letter
        elif letter.isspace():
            yield " "
        elif unicodedata.category(letter) not in {"Cc", "Cf"}:
            yield from _spelled(letter)


def _spelled(letter: str) -> str:
    """A sign that no font has: the digits in it, as of a number in a circle, or its name; in
    letters that every font has."""
    plain = unicodedata.normalize("NFKC", letter)
    if plain.isascii() and plain.isdecimal():
        return f"({plain})"
    name = unicodedata.name(letter, "CJK").lower()
    return f"[U+{ord(letter):04X}]" if name.startswith("cjk") else f"[{name}]"


@cache
def _files() -> dict[str, Path]:
    """The fonts that are here, in the order in which they are asked. DejaVu Sans comes with what
    draws the formulas; it has Greek, Cyrillic and signs."""
    import ziafont

    every = {
        OURS: FONT,
        TIBETAN: VENDOR / "noto-serif-tibetan.ttf",
        ARABIC: VENDOR / "noto-sans-arabic.ttf",
        OTHER: Path(ziafont.__file__).parent / "fonts" / "DejaVuSans.ttf",
        RARE: _RARE,
    }
    return {font: path for font, path in every.items() if font == OURS or path.exists()}


@cache
def _letters(font: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    face = _RARE_FACE if font == RARE else -1
    with TTFont(_files()[font], lazy=True, fontNumber=face) as found:
        return frozenset(set(found.getBestCmap()) - _UNSEEN)
