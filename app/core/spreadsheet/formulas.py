"""Texts that a spreadsheet program could take for a formula, tamed on the way out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

# What spreadsheet programs take for a formula, with the wide forms of Chinese keyboards.
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\0",
    "＝",
    "＋",
    "－",
    "＠",
    "﹢",
    "﹣",
    "﹦",
    "﹫",
)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program could take a text for a formula."""
    return text.lstrip(" \u3000\u00a0").startswith(_FORMULA) or text.startswith(_FORMULA)


def tame(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    text = str(value).replace("\0", "")
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def wild(text: str) -> str:
    """The inverse of `tame`: a text without the apostrophe that it was given."""
    return text[1:] if text.startswith("'") and is_formula(text.lstrip("'")) else text
