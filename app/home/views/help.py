"""The guides as pages, so that a question mark can open the part that explains a page."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Response, abort, current_app, render_template, request, send_file, url_for
from markupsafe import Markup

from app.core import markdown
from app.core.access import access
from app.core.i18n import current_language
from app.core.opencc import traditional
from app.home.rules import GUIDES, Part, explained_at, parts_of
from app.home.views.frame import bp
from app.members.access import SIGNED_IN, reader, reader_or_none
from app.members.rules import Reader
from config import ROOT

DOCS = ROOT / "docs"
# Pixels of the pictures that scripts/screenshots.py takes.
PHONE, DESKTOP = (390, 844), (1440, 900)


@bp.app_context_processor
def question_mark() -> dict[str, object]:
    return {"help_url": help_url}


def help_url() -> str:
    """The address of what explains this page; "" for visitors and on the help itself."""
    found = reader_or_none()
    if found is None or request.endpoint == "home.help":
        return ""
    guide, title = explained_at(request.path)
    if guide not in guides_for(found):
        guide, title = explained_at("/")
    return url_for("home.help", guide=guide, _anchor=f"part-{_numbers(guide)[title]}")


@lru_cache(maxsize=len(GUIDES))
def _numbers(guide: str) -> dict[str, int]:
    """The number of each part by its English title; the other languages have the same order."""
    text = (DOCS / "guide" / f"{guide}.en.md").read_text(encoding="utf-8")
    return {part.title: part.number for part in parts_of(text)[1]}


def guides_for(me: Reader) -> list[str]:
    """The guides that are about what this reader may do."""
    may = {
        "member": True,
        "trainer": me.is_author,
        "organizer": me.is_organizer,
        "operator": me.is_administrator,
    }
    return [guide for guide in GUIDES if may[guide]]


@bp.get("/help")
@bp.get("/help/<guide>")
@access(SIGNED_IN)
def help(guide: str = "member") -> str:  # noqa: A001 - the endpoint's name
    mine = guides_for(reader())
    if guide not in mine:
        abort(404)
    language = current_language()
    title, parts = _guide(guide, language, debug=bool(current_app.debug))
    return render_template(
        "home/help.html",
        here=guide,
        title=title,
        parts=parts,
        guides=[(name, _guide(name, language, debug=False)[0]) for name in mine],
    )


@bp.get("/help/pictures/<name>.webp")
@access(SIGNED_IN)
def help_picture(name: str) -> Response:
    path = DOCS / "pictures" / f"{name}.webp"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        abort(404)
    response = send_file(path, mimetype="image/webp", conditional=True)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@lru_cache(maxsize=16)
def _guide(name: str, language: str, *, debug: bool) -> tuple[str, list[tuple[Part, Markup]]]:
    chinese = "en" if language == "en" else "zh"
    text = (DOCS / "guide" / f"{name}.{chinese}.md").read_text(encoding="utf-8")
    if language == "zh_Hant":
        text = traditional(text)
    title, parts = parts_of(text.replace("](../pictures/", "](/help/pictures/"))
    return title, [(part, _lazy(markdown.render(part.text))) for part in parts]


def _lazy(html: Markup) -> Markup:
    """Pictures far below are fetched when they come near, and have their room before."""

    def sized(found: re.Match[str]) -> str:
        width, height = PHONE if "-phone-" in found[1] else DESKTOP
        return f'<img loading="lazy" decoding="async" width="{width}" height="{height}"{found[1]}'

    return Markup(re.sub(r"<img( [^>]*)", sized, str(html)))  # noqa: S704
