"""Small letters above and below a line, and the formulas of Word, as this bank writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

_HIGH = dict(
    zip(
        "0123456789+-−=()niabcdeghjkmoprstuvwxyz",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᵍʰʲᵏᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        strict=True,
    )
)
_LOW = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_SIGNS = {"×": r"\times ", "÷": r"\div ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "π": r"\pi "}
_SIGNS |= {"α": r"\alpha ", "β": r"\beta ", "θ": r"\theta ", "∞": r"\infty ", "±": r"\pm "}
_SPECIAL = re.compile(r"[\\{}$%#&_^~]")


def raised(text: str) -> str:
    """What stands above the line: 10 and 2 → 10²; what has no such letters becomes a formula."""
    return _small(text, _HIGH, "^")


def lowered(text: str) -> str:
    """What stands below the line: H and 2 → H₂."""
    return _small(text, _LOW, "_")


def _small(text: str, letters: dict[str, str], sign: str) -> str:
    said = text.strip()
    if not said:
        return text
    if all(letter in letters for letter in said):
        return "".join(letters[letter] for letter in said)
    return f"${sign}{{\\text{{{_SPECIAL.sub('', said)}}}}}$"


def formula(drawn: Element) -> str:
    """A formula of Word (m:oMath) as one that this bank draws; "" for an empty one."""
    said = _latex(drawn).strip()
    return f"${said}$" if said else ""


def _latex(node: Element) -> str:  # noqa: PLR0911 - one for each shape
    name = node.tag.rsplit("}", 1)[-1]
    parts = {child.tag.rsplit("}", 1)[-1]: child for child in node}
    inside = {key: _latex(child) for key, child in parts.items()}
    base = inside.get("e", "")
    if name == "t":
        text = _SPECIAL.sub(lambda m: "" if m[0] == "\\" else f"\\{m[0]}", node.text or "")
        return "".join(_SIGNS.get(letter, letter) for letter in text)
    if name == "f":
        return f"\\frac{{{inside.get('num', '')}}}{{{inside.get('den', '')}}}"
    if name == "rad":
        degree = inside.get("deg", "")
        return f"\\sqrt[{degree}]{{{base}}}" if degree else f"\\sqrt{{{base}}}"
    if name in {"sSup", "sSub", "sSubSup"}:
        low, high = inside.get("sub", ""), inside.get("sup", "")
        return f"{{{base}}}{f'_{{{low}}}' if low else ''}{f'^{{{high}}}' if high else ''}"
    if name == "d":
        return f"({_joined(child for child in node if child.tag.endswith('}e'))})"
    if name == "nary":
        named = [v for c in node.iter() if c.tag.endswith("}chr") for v in c.attrib.values()]
        sign = named[0] if named else "∫"
        mark = {"∑": r"\sum", "∏": r"\prod"}.get(sign, r"\int")
        return f"{mark}_{{{inside.get('sub', '')}}}^{{{inside.get('sup', '')}}}{{{base}}}"
    if name.endswith("Pr"):
        return ""
    return _joined(node)


def _joined(nodes: Iterable[Element]) -> str:
    return "".join(_latex(node) for node in nodes)
