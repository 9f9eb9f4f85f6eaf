"""Which fields the tables of a package may have, and of what type."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import lazy_gettext as _l

Fields = dict[str, type | tuple[type, ...]]
COURSE: Fields = {
    "title": str,
    "summary": str,
    "language": str,
    "theme": str,
    "completion_percent": int,
    "pass_percent": int,
    "attempts": int,
    "audience": (str, list),
    "state": str,
    "cover": str,
    "titles": dict,
}
THEME: Fields = {
    "slug": str,
    "title": str,
    "description": str,
    "order": int,
    "cover": str,
    "titles": dict,
}
LESSON: Fields = {
    "kind": str,
    "title": str,
    "file": str,
    "render": str,
    "captions": list,
    "chapters": str,
    "picture": str,
    "ask": list,
    "titles": dict,
}
ASK: Fields = {"at": str, "question": int, "counts": bool}
CAPTION: Fields = {"language": str, "label": str, "file": str, "machine": bool}
QUESTION: Fields = {
    "kind": str,
    "quiz": bool,
    "stem": str,
    "explanation": str,
    "material": str,
    "option": list,
    "answer": (bool, str),
    "answers": list,
    "case": bool,
    "typos": int,
    "units": list,
    "unit_required": bool,
    "any_order": bool,
    "pairs": list,
    "extra": list,
    "items": list,
    "marking": str,
    "rubric": list,
    "endings": list,
    "picture": str,
    "alt": str,
    "find": int,
    "areas": list,
}
OPTION: Fields = {"text": str, "fraction": (int, Decimal, str), "feedback": str}
TYPE_NAMES = {
    str: _l("a text"),
    int: _l("a whole number"),
    bool: _l("true or false"),
    list: _l("a list"),
    dict: _l("a table"),
}


def is_of(value: object, wanted: type | tuple[type, ...]) -> bool:
    """Whether a value has the type (or one of the types) that a field wants."""
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds)
