"""Markdown as safe HTML: what trainers write becomes what readers see, and nothing else."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

LONGEST = 200_000  # characters; more is refused before this is called
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre"),
    *("code", "em", "strong", "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)
_parser.options["maxNesting"] = 20
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}},
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)


def render(text: str) -> Markup:
    """HTML of a Markdown text; headings start at h2, raw HTML is shown as text, links are tame.

    The page has its h1; whichever level a writer begins with, the highest becomes h2.
    """
    tokens = _parser.parse(text[:LONGEST])
    headings = [t for t in tokens if t.type in {"heading_open", "heading_close"}]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) - highest + 2)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    return Markup(_cleaner.clean(html))  # noqa: S704 - cleaned one line above


def plain(text: str) -> str:
    """The words of a Markdown text without its marks, for searching and counting."""
    lines = (
        token.content
        for block in _parser.parse(text[:LONGEST])
        for token in (block.children or [block])
        if token.type in {"text", "code_inline", "fence", "code_block"}
    )
    return "\n".join(line.strip() for line in lines if line.strip())
