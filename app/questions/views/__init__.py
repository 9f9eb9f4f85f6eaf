"""Pages of the question bank, for authors, and what templates of questions need."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from app.core import markdown
from app.questions.rules import (
    DIFFICULTY_NAMES,
    KIND_ICONS,
    LANGUAGE_NAMES,
    STATE_NAMES,
    plain_number,
)
from app.questions.types.gaps import PLACE

bp = Blueprint("questions", __name__, template_folder="../templates")
_TAG = re.compile(r"""(<[^<>"]*(?:"[^"]*"[^<>"]*)*>)""")


@bp.app_template_filter("excerpt")
def excerpt(text: str, length: int = 140) -> str:
    """The first words of a Markdown text in one line, without its marks."""
    line = " ".join(markdown.plain(PLACE.sub("____", text)).split())
    return line if len(line) <= length else f"{line[:length].rstrip()}…"


@bp.app_template_filter("filled")
def filled(html: Markup, gaps: list[Markup]) -> Markup:
    """Put what stands for gap 1, 2 … where the text says [[1]], [[2]] …; never inside a tag."""

    def fill(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return str(gaps[number - 1]).strip() if 0 < number <= len(gaps) else match.group()

    pieces = _TAG.split(str(html))
    pieces[::2] = [PLACE.sub(fill, piece) for piece in pieces[::2]]
    return Markup("".join(pieces))  # noqa: S704 - two pieces of HTML that were safe before


@bp.app_template_filter("percent")
def percent(fraction: str) -> str:
    """A share of the mark as people read it: "0.25" → 25 %."""
    return f"{plain_number((Decimal(fraction) * 100).quantize(Decimal('0.01')))} %"


@bp.app_template_filter("in_order")
def in_order(options: list[dict[str, Any]], order: list[str] | None) -> list[dict[str, Any]]:
    """Options as a page showed them; in the author's order when none is given."""
    if not order:
        return options
    return sorted(options, key=lambda o: order.index(o["id"]) if o["id"] in order else len(order))


@bp.app_context_processor
def _icons() -> dict[str, Any]:
    return {
        "kind_icons": KIND_ICONS,
        "state_names": STATE_NAMES,
        "difficulty_names": DIFFICULTY_NAMES,
        "language_names": LANGUAGE_NAMES,
    }


from app.questions.views import answers, bank, clips, imports, sorting, twins  # noqa: E402, F401 - they need `bp`
