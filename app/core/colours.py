"""One brand colour for every page: how well it can be read, and the nearest one that can be.

The mixes and the grounds are those of app/static/css/tokens.css, and tests/design compares them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Colour = tuple[float, float, float]  # red, green and blue, each 0 … 255

PRESETS = ("#a61b24", "#0b5cab", "#00704a", "#7a4a12", "#5b2a86", "#33475b")
_WHITE, _BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
TEXT, MARK = 4.5, 3.0  # the least contrast of text and of marks: WCAG 2.2, level AA


@dataclass(frozen=True)
class Brand:
    """A seed that can be read in both themes, and what was asked for."""

    seed: str
    given: str
    contrast: float  # white upon the given colour, n : 1

    @property
    def is_corrected(self) -> bool:
        return self.seed != self.given


def parsed(text: str) -> Colour | None:
    """The colour that “#a61b24”, “a61b24” or “#a12” means; None for anything else."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        return None
    digits = found.group(1)
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (float(int(digits[i : i + 2], 16)) for i in (0, 2, 4))
    return red, green, blue


def text_of(colour: Colour) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour)


def mixed(one: Colour, share: float, other: Colour) -> Colour:
    """`share` (0 … 1) of one colour and the rest of another, as color-mix(in srgb) does it."""
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.2: 1 … 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@dataclass(frozen=True)
class _Theme:
    """What the brand is mixed with and stands upon in one theme."""

    strong: tuple[float, str]
    text: tuple[float, str]
    soft: tuple[float, str]
    line: tuple[float, str]
    grounds: tuple[str, ...]  # brand-text is read upon these
    inks: tuple[str, ...]  # these are read upon brand-soft
    track: str  # brand-text is a mark upon this


LIGHT = _Theme(
    strong=(0.81, "#000000"),
    text=(0.90, "#000000"),
    soft=(0.08, "#ffffff"),
    line=(0.29, "#ffffff"),
    grounds=("#f7f5f2", "#ffffff", "#f2efeb", "#e6f3ea", "#fbf0d9", "#fdece6", "#e7f0f8"),
    inks=("#211d1a", "#5d554e"),
    track="#e2ddd7",
)
DARK = _Theme(
    strong=(0.88, "#ffffff"),
    text=(0.40, "#ffffff"),
    soft=(0.17, "#1b1918"),
    line=(0.50, "#2c2522"),
    grounds=("#141210", "#1d1a18", "#282421", "#16301f", "#352811", "#3b1c12", "#142b3f"),
    inks=("#f2eeea", "#bab1a8"),
    track="#3a342f",
)


def shades(seed: Colour, theme: _Theme) -> dict[str, Colour]:
    """The brand's colours of one theme by the names of their tokens."""
    return {
        f"brand-{name}": mixed(seed, share, parsed(other) or _BLACK)
        for name, (share, other) in {
            "strong": theme.strong,
            "text": theme.text,
            "soft": theme.soft,
            "line": theme.line,
        }.items()
    }


def _can_be_read(seed: Colour) -> bool:
    if contrast(_WHITE, seed) < TEXT:
        return False
    for theme in (LIGHT, DARK):
        shade = shades(seed, theme)
        text, soft = shade["brand-text"], shade["brand-soft"]
        pairs = [(_WHITE, shade["brand-strong"]), (text, soft)]
        pairs += [(text, parsed(ground) or _BLACK) for ground in theme.grounds]
        pairs += [(parsed(ink) or _BLACK, soft) for ink in theme.inks]
        if any(contrast(*pair) < TEXT for pair in pairs):
            return False
        if contrast(text, parsed(theme.track) or _BLACK) < MARK:
            return False
    return True


def readable(given: Colour) -> Brand:
    """The given colour when it can be read everywhere, else the lightest darker one that can."""
    for step in range(101):
        # What is written down is what is measured: rounded to whole parts.
        seed = parsed(text_of(mixed(given, 1 - step / 100, _BLACK))) or _BLACK
        if _can_be_read(seed):
            break
    return Brand(text_of(seed), text_of(given), round(contrast(_WHITE, given), 1))


def style_sheet(seed: str, *, preview: bool = False) -> str:
    """The few lines of CSS that give every page this brand, in both themes.

    For a preview they dress only what is inside .brand-light and .brand-dark.
    """
    colour = parsed(seed)
    if colour is None:
        return ""
    selectors = (".brand-light", ".brand-dark") if preview else (":root", '[data-bs-theme="dark"]')
    rules = []
    for selector, theme in zip(selectors, (LIGHT, DARK), strict=True):
        tokens = {"brand-seed": colour, **shades(colour, theme)}
        if preview:
            ground, ink = parsed(theme.grounds[1]) or _WHITE, parsed(theme.inks[0]) or _BLACK
            tokens |= {"brand": colour, "surface": ground, "ink": ink}
        body = ";".join(f"--{name}:{text_of(value)}" for name, value in tokens.items())
        rules.append(f"{selector}{{{body}}}")
    return "\n".join(rules) + "\n"
