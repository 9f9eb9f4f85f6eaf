"""HTML of other systems as Markdown, and what of it cannot be kept; no format of its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask_babel import gettext as _

from app.questions.formats.clips import URL
from app.questions.formats.formulas import lowered, raised

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "s": "~~", "del": "~~"}
_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table"}
_SILENT = {"script", "style", "head", "title"}
_SMALL = {"sup": raised, "sub": lowered}
_PLAIN = _BLOCKS | set(_MARKS) | _SILENT | {
    "br", "li", "span", "a", "img", "tr", "td", "th", "tbody", "thead", "html", "body", "u",
    "sub", "sup", "font", "small", "section", "o:p", "label", "hr", "caption", "tfoot",
}  # fmt: skip


def to_markdown(html: str) -> tuple[str, list[str]]:
    """(Markdown, sentences about what was lost). Text that is not HTML comes back as it is."""
    if "<" not in html and "&" not in html:
        return html.strip(), []
    reader = _Reader()
    # Behind the last “>” nothing is a tag; the parser would look for the end of each one there,
    # over all that follows.
    end = html.rfind(">") + 1
    reader.feed(html[:end] + html[end:].replace("<", "&lt;"))
    reader.close()
    text = "\n".join(line.rstrip(" \t") for line in "".join(reader.out).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip(), reader.notes


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.notes: list[str] = []
        self.silent = 0
        self.heard = 0  # sounds that we are inside of
        self.lists: list[int] = []
        self.links: list[str] = []
        self.row = 0
        self.small: list[str] = []  # <sup> and <sub> that we are inside of

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def block(self) -> None:
        if self.out and not self.out[-1].endswith("\n\n"):
            self.out.append("\n\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: C901, PLR0912 - one branch for each tag
        given = dict(attrs)
        if tag in _SILENT:
            self.silent += 1
            if tag == "script":
                self.note(_("A script is not taken along."))
        elif tag in _MARKS:
            self.out.append(_MARKS[tag])
        elif tag in _SMALL:
            self.small.append(tag)
        elif tag == "br":
            self.out.append("\n")
        elif tag == "li":
            if self.lists and self.lists[-1] >= 0:
                self.lists[-1] += 1
                self.out.append(f"\n{self.lists[-1]}. ")
            else:
                self.out.append("\n- ")
        elif tag in {"ul", "ol"}:
            self.block()
            self.lists.append(0 if tag == "ol" else -1)
        elif tag == "img":
            self._picture(given)
        elif tag == "a":
            href = given.get("href") or ""
            is_sound = URL.fullmatch(href) and "/sounds/" in href
            known = is_sound or href.startswith(("http://", "https://", "mailto:"))
            self.links.append(href if known else "")
            self.out.append("![" if is_sound else "[" if known else "")
        elif tag == "tr":
            self.row += 1
            self.out.append("\n| ")
        elif tag in _BLOCKS:
            self.block()
            self.row = 0 if tag == "table" else self.row
        elif tag in {"audio", "object", "source"} and URL.fullmatch(self._source(given)):
            self.out.append(f"![{_('Listen')}]({self._source(given)})")
            self.silent += tag != "source"
            self.heard += tag != "source"
        elif tag == "audio":
            self.silent += 1  # a sentence for old browsers, and sources that are looked at
            self.heard += 1
        elif tag == "source":
            self.note(_("A sound is not taken along: put it into the question afterwards."))
        elif tag in {"video", "iframe", "object", "embed", "svg", "math"}:
            self.note(_("Something built in (%(tag)s) is not taken along.", tag=tag))
        elif tag not in _PLAIN:
            self.note(_("The mark-up “%(tag)s” is not kept, only its text.", tag=tag[:20]))

    @staticmethod
    def _source(given: dict[str, str | None]) -> str:
        return given.get("src") or given.get("data") or ""

    def _picture(self, given: dict[str, str | None]) -> None:
        source = given.get("src") or ""
        if source.startswith("https://") or URL.fullmatch(source):
            alt = re.sub(r"[\[\]\n]", " ", given.get("alt") or "")
            self.out.append(f"![{alt}]({source})")
        else:
            self.note(_("A picture is not taken along: put it into the question afterwards."))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT or (tag in {"audio", "object"} and self.heard):
            self.silent = max(0, self.silent - 1)
            self.heard -= tag not in _SILENT
        elif tag in _SMALL and tag in self.small:
            self.small.remove(tag)
        elif tag in _MARKS:
            self.out.append(_MARKS[tag])
        elif tag in {"ul", "ol"}:
            if self.lists:
                self.lists.pop()
            self.block()
        elif tag == "a" and self.links:
            href = self.links.pop()
            self.out.append(f"]({href})" if href else "")
        elif tag in {"td", "th"}:
            self.out.append(" | ")
        elif tag == "tr" and self.row == 1:
            cells = "".join(self.out).rsplit("\n| ", 1)[-1].count(" | ")
            self.out.append(f"\n|{' --- |' * max(1, cells)}")
        elif tag in _BLOCKS:
            self.block()

    def handle_data(self, data: str) -> None:
        if self.small and not self.silent:
            self.out.append(_SMALL[self.small[-1]](data))
        elif not self.silent:
            self.out.append(re.sub(r"\s+", " ", data) if data.strip() else " " if self.out else "")
