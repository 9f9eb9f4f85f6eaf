"""The search page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask_babel import lazy_gettext as _l

from app.core.access import access
from app.core.limits import limited
from app.members.access import SIGNED_IN, reader
from app.search import queries
from app.search.rules import LONGEST_QUERY, Kind, place_name

bp = Blueprint("search", __name__, template_folder="templates")

LABELS = {
    Kind.COURSE: _l("Courses"),
    Kind.LESSON: _l("Lessons"),
    Kind.CAPTION: _l("Captions"),
    Kind.DOCUMENT: _l("Documents"),
    Kind.THEME: _l("Themes"),
}
ICONS = {
    Kind.COURSE: "collection-play",  # icon="collection-play"
    Kind.LESSON: "play-btn",  # icon="play-btn"
    Kind.CAPTION: "badge-cc",  # icon="badge-cc"
    Kind.DOCUMENT: "file-earmark-text",  # icon="file-earmark-text"
    Kind.THEME: "bookmarks",  # icon="bookmarks"
}


@bp.get("/search")
@access(SIGNED_IN)
@limited("search", most=30, seconds=60)
def results() -> str:
    text = request.args.get("q", "").strip()[:LONGEST_QUERY]
    kind = _kind(request.args.get("kind", ""))
    page = request.args.get("page", 1, type=int)
    found = queries.find(reader(), text, kind=kind, page=page)

    def here(**changed: Any) -> str:
        """The address of this search with something changed."""
        parts = {"q": text, "kind": kind, **changed}
        return url_for("search.results", **{k: v for k, v in parts.items() if v})

    return render_template(
        "search/results.html",
        found=found,
        kind=kind,
        labels=LABELS,
        icons=ICONS,
        longest=LONGEST_QUERY,
        place_name=place_name,
        with_words=lambda excerpt, thing: _with_words(excerpt.url, thing.kind, text),
        whole=lambda thing: _with_words(thing.url, thing.kind, text),
        here=here,
        page_url=lambda number: here(page=number),
    )


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


def _with_words(url: str, kind: Kind, text: str) -> str:
    """A document's address with the query, so that its page can mark the words too."""
    if kind is not Kind.DOCUMENT:
        return url
    path, sign, anchor = url.partition("#")
    return f"{path}{'&' if '?' in path else '?'}{urlencode({'q': text})}{sign}{anchor}"
