"""Formulas of web pages and of QTI (MathML) as this bank writes them; no format of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from app.core import markdown
from app.questions.formats.formulas import ACCENTS, FENCES, SUMS, letters

_DELIMITERS = re.compile(r"^(?:\\\[|\\\(|\$\$?)|(?:\\\]|\\\)|\$\$?)$")
_PLAIN = re.compile(r"\\\(((?:(?!\\\().){1,2000}?)\\\)", re.DOTALL)
_ALONE = re.compile(r"\\\[((?:(?!\\\[).){1,2000}?)\\\]", re.DOTALL)
_DRAWN = re.compile(r"(?<!\\)\$\$[^$]{1,2000}?\$\$")
_OVER = {**ACCENTS, "^": r"\hat", "→": r"\vec", "¯": r"\bar", "‾": r"\bar", "˙": r"\dot"}
_OVER |= {"~": r"\tilde", "⏞": r"\overbrace"}
_STANDING = {"lim", "max", "min", "sup", "inf", *(name[1:] for name in SUMS.values())}


def delimited(text: str) -> str:
    r"""Formulas between \( and \), or \[ and \], as MathJax wants them, between dollar signs."""
    if "\\(" in text:
        text = _PLAIN.sub(lambda m: f"${_one_line(m[1])}$" if m[1].strip() else "", text)
    if "\\[" in text:
        text = _ALONE.sub(lambda m: f"$${_one_line(m[1])}$$" if m[1].strip() else "", text)
    return _DRAWN.sub(lambda m: " ".join(m[0].split()), text) if "$$" in text else text


def _one_line(said: str) -> str:
    return " ".join(said.split()).replace("$", r"\$")


# What Markdown would take for its own marks inside of a formula.
_MARKS = re.compile(r"([\\`*_\[\]])")
_ESCAPED_MARK = re.compile(r"\\([\\`*_\[\]])")
_UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z]")  # \frac as nobody escaped it
_FILTERED = re.compile(r"(?<!\\)\\\\\(((?:\\[^\n]|[^\\\n]){1,2000}?)\\\\\)")
_FILTERED_ALONE = re.compile(r"(?<!\\)\\\\\[((?:\\[^\n]|[^\\\n]){1,2000}?)\\\\\]")
_DRAWN_ALONE = re.compile(r"(?<!\\)\$\$([^$\n]{1,2000}?)\$\$")
_LITERAL = (("\\\\(", "\\\\&#40;"), ("\\\\[", "\\\\&#91;"))


def filtered(text: str) -> str:
    r"""Markdown whose formulas Moodle's filters draw: \(x\) in a line and $$x$$ by themselves.

    Markdown takes one backslash away before a sign, so two of them stand there.
    """
    said = []
    for part, is_formula in markdown.pieces(text):
        if not is_formula:
            for literal, kept in _LITERAL:
                part = part.replace(literal, kept)  # noqa: PLW2901 - of this part alone
            said.append(part)
            continue
        tex = part.strip("$").strip()
        tex = re.sub(r"(\\)([()\[\]])", r"\1 \2", tex)
        escaped = _MARKS.sub(r"\\\1", tex)
        alone = part.startswith("$$")
        said.append(f"$${escaped}$$" if alone else f"\\\\({escaped}\\\\)")
    return "".join(said)


def unfiltered(text: str) -> str:
    """The inverse of `filtered`; what others write in Markdown for the same filters, too."""

    def inside(sign: str, said: str, whole: str) -> str:
        tex = said.strip() if _UNESCAPED.search(said) else _ESCAPED_MARK.sub(r"\1", said).strip()
        return whole if "$" in tex or not tex else f"{sign}{tex}{sign}"

    text = _DRAWN_ALONE.sub(lambda m: inside("$$", m[1], m[0]), text)
    text = _FILTERED_ALONE.sub(lambda m: inside("$$", m[1], m[0]), text)
    text = _FILTERED.sub(lambda m: inside("$", m[1], m[0]), text)
    for literal, kept in _LITERAL:
        text = text.replace(kept, literal)
    return text


def formula(drawn: Element) -> str:
    """A <math> element as a formula between dollar signs; "" for an empty one."""
    said = _written(drawn) or _latex(drawn)
    said = " ".join(_DELIMITERS.sub("", said.strip()).split())
    return f"${said}$" if said else ""


def _written(drawn: Element) -> str:
    """The TeX from which a program made it, where it says so."""
    for each in drawn.iter():
        if _name(each) == "annotation" and "tex" in each.get("encoding", "").lower():
            return _DELIMITERS.sub("", (each.text or "").strip()).strip()
    return ""


def _latex(node: Element) -> str:  # noqa: PLR0911 - one for each shape
    name, inside = _name(node), [each for each in node if isinstance(each.tag, str)]
    if name in {"mi", "mn", "mo", "ms", "mtext"}:
        return _leaf(name, "".join(node.itertext()).strip())
    if name in {"annotation", "annotation-xml", "mphantom", "none", "mprescripts"}:
        return ""
    if name == "mspace":
        return " "
    if name == "mtable":
        rows = r" \\ ".join(" & ".join(map(_latex, row)) for row in inside)
        return f"\\begin{{matrix}}{rows}\\end{{matrix}}"
    parts = [_latex(each) for each in inside]
    if name == "mfrac" and len(parts) == 2:
        return f"\\frac{{{parts[0]}}}{{{parts[1]}}}"
    if name == "msqrt":
        return f"\\sqrt{{{''.join(parts)}}}"
    if name == "mroot" and len(parts) == 2:
        return f"\\sqrt[{parts[1]}]{{{parts[0]}}}"
    if name == "mfenced":
        return _fenced(node, parts)
    if name in {"msub", "munder"} and len(parts) == 2:
        return _low(name, parts)
    if name in {"msup", "mover"} and len(parts) == 2:
        return _high(name, parts)
    if name in {"msubsup", "munderover"} and len(parts) == 3:
        return f"{_base(parts[0])}_{{{parts[1]}}}^{{{parts[2]}}}"
    return "".join(parts)


def _leaf(name: str, said: str) -> str:
    if name == "mtext" or (name == "ms" and said):
        return f"\\text{{{letters(said)}}}" if said else " "
    if name == "mo":
        said = {"\u2061": "", "\u2062": "", "\u2063": "", "&": r"\&"}.get(said, said)
        return FENCES.get(said) or (f"{SUMS[said]} " if said in SUMS else letters(said))
    found = letters(said)
    known = found.startswith("\\") or len(said) < 2 or name == "mn"
    return found if known else f"\\mathrm{{{found}}}"


def _base(said: str) -> str:
    return said.strip() if said.strip().lstrip("\\") in _STANDING else f"{{{said}}}"


def _low(name: str, parts: Sequence[str]) -> str:
    base, low = parts
    if name == "msub" or _base(base) == base.strip():
        return f"{_base(base)}_{{{low}}}"
    return f"\\underset{{{low}}}{{{base}}}"


def _high(name: str, parts: Sequence[str]) -> str:
    base, high = parts
    if name == "msup":
        return f"{{{base}}}^{{{high}}}"
    mark = _OVER.get(high.strip())
    return f"{mark}{{{base}}}" if mark else f"\\overset{{{high}}}{{{base}}}"


def _fenced(node: Element, parts: Sequence[str]) -> str:
    opens, closes = node.get("open", "("), node.get("close", ")")
    said = (node.get("separators", ",").strip()[:1] or ",").join(parts)
    before, behind = (FENCES.get(sign, sign or ".") for sign in (opens, closes))
    return f"\\left{before}{said}\\right{behind}"


def _name(node: Element) -> str:
    return str(node.tag).rpartition("}")[2].rpartition(":")[2].lower()
