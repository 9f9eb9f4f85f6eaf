"""HTML of other systems as Markdown, and what of it cannot be kept; no format of its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, SubElement

from flask_babel import gettext as _

from app.questions.formats import mathml
from app.questions.formats.clips import URL
from app.questions.formats.formulas import lowered, raised

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "tt": "`", "kbd": "`"}
_MARKS |= {"s": "~~", "del": "~~", "strike": "~~"}
_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol"}
_BLOCKS |= {"center", "figure", "article", "header", "footer", "dl", "dt", "dd"}
_SILENT = {"script", "style", "head", "title"}
_SMALL = {"sup": raised, "sub": lowered}
_PLAIN = _BLOCKS | set(_MARKS) | _SILENT | {
    "br", "li", "span", "a", "img", "tr", "td", "th", "tbody", "thead", "html", "body", "u",
    "sub", "sup", "font", "small", "section", "o:p", "label", "hr", "caption", "tfoot", "pre",
    "table", "colgroup", "col", "big", "wbr", "abbr", "cite", "q", "ins", "mark", "figcaption",
}  # fmt: skip
# Stars that Markdown would take for marks; between Latin letters and numbers it does not.
_STAR = re.compile(r"(?<![A-Za-z0-9)])\*(?=\S)[^*\n]+(?<=\S)\*")


def to_markdown(html: str) -> tuple[str, list[str]]:
    """(Markdown, sentences about what was lost). Text that is not HTML comes back as it is."""
    return _read(html, _Reader())


def to_line(html: str) -> tuple[str, list[str]]:
    """The same for what is no Markdown here, such as an answer to choose from: words, formulas,
    pictures and sounds."""
    return _read(html, _Reader(line=True))


def _read(html: str, reader: _Reader) -> tuple[str, list[str]]:
    if "<" not in html and "&" not in html:
        return mathml.delimited(html.strip()), []
    # Behind the last “>” nothing is a tag; the parser would look for the end of each one there,
    # over all that follows.
    end = html.rfind(">") + 1
    reader.feed(html[:end] + html[end:].replace("<", "&lt;"))
    reader.close()
    reader.end()
    text = mathml.delimited("".join(reader.out))
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip(), reader.notes


class _Reader(HTMLParser):
    def __init__(self, *, line: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.notes: list[str] = []
        self.is_line = line
        self.silent = 0
        self.heard = 0  # sounds that we are inside of
        self.lists: list[int] = []  # the last number of each that we are inside of; -1: unnumbered
        self.item = False  # whether an item of a list has just begun
        self.links: list[str] = []
        self.tables = 0  # that we are inside of; only the outermost one is drawn
        self.rows: list[list[str]] = []
        self.around: list[str] | None = None  # what stood before the cell that we are inside of
        self.small: list[str] = []  # <sup> and <sub> that we are inside of
        self.verbatim = 0  # <pre> that we are inside of
        self.math: list[Element] = []  # <math> and what we are inside of, down to here

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def block(self) -> None:
        if self.item or not self.out:
            return
        if self.lists:  # in a list a paragraph is a line
            self.out.append("" if self.out[-1].endswith("\n") else "\n")
        elif not self.out[-1].endswith("\n\n"):
            self.out.append("\n\n")

    def end(self) -> None:
        """Close what the text left open."""
        if self.math:
            self.out.append(mathml.formula(self.math[0]))
        if self.tables:
            self.tables = 1
            self._end_table()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: C901, PLR0912 - one branch for each tag
        given = dict(attrs)
        name = tag.rpartition(":")[2]
        if self.math or name == "math":
            self._begin_math(name, given)
        elif tag in _SILENT:
            self.silent += 1
            if tag == "script":
                self.note(_("A script is not taken along."))
        elif tag in _MARKS:
            self._mark(_MARKS[tag], opens=True)
        elif tag in _SMALL:
            self.small.append(tag)
        elif tag == "br":
            self.out.append("\n")
        elif tag == "pre":
            self.block()
            self.verbatim += 1
            self.out.append("" if self.is_line or self.around is not None else "```\n")
        elif tag == "li":
            self._item()
        elif tag in {"ul", "ol"}:
            self.block()
            self.lists.append(0 if tag == "ol" else -1)
        elif tag == "img":
            self._picture(given)
        elif tag == "a":
            href = given.get("href") or ""
            is_sound = URL.fullmatch(href) and "/sounds/" in href
            known = is_sound or href.startswith(("http://", "https://", "mailto:"))
            self.links.append(href if known and (is_sound or not self.is_line) else "")
            self.out.append("![" if is_sound else "[" if self.links[-1] else "")
        elif tag == "table":
            self._begin_table()
        elif tag in {"tr", "td", "th"}:
            self._begin_cell(tag, given)
        elif tag in _BLOCKS:
            self.block()
        elif tag in {"audio", "object", "source"} and URL.fullmatch(self._source(given)):
            self.out.append(f"![{_('Listen')}]({self._source(given)})")
            self.silent += tag != "source"
            self.heard += tag != "source"
        elif tag == "audio":
            self.silent += 1  # a sentence for old browsers, and sources that are looked at
            self.heard += 1
        elif tag == "source":
            self.note(_("A sound is not taken along: put it into the question afterwards."))
        elif tag in {"video", "iframe", "object", "embed", "svg"}:
            self.note(_("Something built in (%(tag)s) is not taken along.", tag=tag))
        elif tag not in _PLAIN:
            self.note(_("The mark-up “%(tag)s” is not kept, only its text.", tag=tag[:20]))

    @staticmethod
    def _source(given: dict[str, str | None]) -> str:
        return given.get("src") or given.get("data") or ""

    def _picture(self, given: dict[str, str | None]) -> None:
        source = given.get("src") or ""
        said = given.get("data-equation-content") or ""  # Canvas draws its formulas as pictures
        self.item = False
        if said:
            self.out.append(f"${' '.join(said.split())}$")
        elif source.startswith("https://") or URL.fullmatch(source):
            alt = re.sub(r"[\[\]\n]", " ", given.get("alt") or "")
            self.out.append(f"![{alt}]({source})")
        else:
            self.note(_("A picture is not taken along: put it into the question afterwards."))

    def _item(self) -> None:
        while self.out and not self.out[-1].strip() and self.lists:
            self.out.pop()
        depth = max(0, len(self.lists) - 1)
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            sign = f"{self.lists[-1]}. "
        else:
            sign = "- "
        begins = self.out and self.out[-1].endswith("\n\n") and not depth
        self.out.append("" if begins else "\n")
        self.out.append(f"{'   ' * depth}{sign}")
        self.item = True

    def _mark(self, sign: str, *, opens: bool) -> None:
        if self.verbatim:
            return
        if self.is_line:
            self.note(_("Bold and the like in an answer is not kept, only its text."))
        elif opens:
            self.out.append(sign)
        elif self.out and self.out[-1] == sign:  # nothing stands between the two
            self.out.pop()
        elif self.out:
            said = self.out[-1]
            self.out[-1:] = [said.rstrip(), sign, said[len(said.rstrip()) :]]

    # ---- formulas --------------------------------------------------------------------------------

    def _begin_math(self, name: str, given: dict[str, str | None]) -> None:
        about = {key: value or "" for key, value in given.items()}
        if not self.math:
            self.math.append(Element(name, about))
        elif len(self.math) < 100:  # deeper ones are no formulas
            self.math.append(SubElement(self.math[-1], name, about))

    def _end_math(self, name: str) -> None:
        at = next((n for n in range(len(self.math) - 1, -1, -1) if self.math[n].tag == name), None)
        if at is None:
            return
        whole = self.math[0]
        del self.math[at:]
        if not self.math:
            self.item = False
            self.out.append(mathml.formula(whole))

    # ---- tables ----------------------------------------------------------------------------------

    def _begin_table(self) -> None:
        self.block()
        self.tables += 1
        if self.tables == 1:
            self.rows = []

    def _begin_cell(self, tag: str, given: dict[str, str | None]) -> None:
        if self.tables > 1:
            self.out.append(" ")
            return
        self._end_cell()
        if tag == "tr" or not self.rows:
            self.rows.append([])
        if tag != "tr":
            span = given.get("colspan") or ""
            more = min(20, int(span)) - 1 if span.isdecimal() else 0
            self.rows[-1] += [""] * max(0, more)
            self.around, self.out = self.out, []

    def _end_cell(self) -> None:
        if self.around is None:
            return
        said = " ".join(mathml.delimited("".join(self.out)).split())
        self.out, self.around = self.around, None
        # An empty cell stands behind one that is wider than the others.
        row = self.rows[-1]
        at = len(row)
        while at and not row[at - 1]:
            at -= 1
        row.insert(at, said or " ")

    def _end_table(self) -> None:
        self.tables = max(0, self.tables - 1)
        if self.tables:
            return
        self._end_cell()
        rows = [row for row in self.rows if row]
        self.rows = []
        wide = max(map(len, rows), default=0)
        if not rows or not any(text.strip() for row in rows for text in row):
            return
        rows = [[*row, *[" "] * (wide - len(row))] for row in rows]
        if self.is_line or wide == 1:
            said = "\n".join(" | ".join(filter(str.strip, row)) for row in rows)
        else:
            cells = [[text.replace("|", r"\|").strip() or " " for text in row] for row in rows]
            lines = [f"| {' | '.join(row)} |" for row in cells]
            said = "\n".join([lines[0], f"|{' --- |' * wide}", *lines[1:]])
        self.block()
        self.out += [said, "\n\n"]

    # ---- ends, and text --------------------------------------------------------------------------

    def handle_endtag(self, tag: str) -> None:
        if self.math:
            self._end_math(tag.rpartition(":")[2])
        elif tag in _SILENT or (tag in {"audio", "object"} and self.heard):
            self.silent = max(0, self.silent - 1)
            self.heard -= tag not in _SILENT
        elif tag in _SMALL and tag in self.small:
            self.small.remove(tag)
        elif tag in _MARKS:
            self._mark(_MARKS[tag], opens=False)
        elif tag == "pre" and self.verbatim:
            self.verbatim -= 1
            self.out.append("" if self.is_line or self.around is not None else "\n```\n\n")
        elif tag in {"ul", "ol"}:
            self.item = False
            if self.lists:
                self.lists.pop()
            self.block()
        elif tag == "a" and self.links:
            href = self.links.pop()
            self.out.append(f"]({href})" if href else "")
        elif tag in {"td", "th"} and self.tables == 1:
            self._end_cell()
        elif tag == "table" and self.tables:
            self._end_table()
        elif tag in _BLOCKS:
            self.block()

    def handle_data(self, data: str) -> None:
        if self.math:
            last = self.math[-1]
            if len(last):
                last[-1].tail = (last[-1].tail or "") + data
            else:
                last.text = (last.text or "") + data
        elif self.silent:
            return
        elif self.small:
            self.out.append(_SMALL[self.small[-1]](data))
        elif self.verbatim:
            self.out.append(data.removeprefix("\n") if self._at_line() else data)
        elif data.strip():
            self._words(re.sub(r"[^\S\u00a0\u3000]+", " ", data))
        else:
            self.out.append(" " if self.out and not self.item and not self._at_line() else "")

    def _at_line(self) -> bool:
        return bool(self.out) and self.out[-1].endswith("\n")

    def _words(self, said: str) -> None:
        if self.item or self._at_line():
            said = said.lstrip(" ")
        self.item = False
        if not (self.is_line or re.search(r"\[\[|[{$]", said)):
            said = _STAR.sub(lambda m: m[0].replace("*", r"\*"), said)
        if self.out and self.out[-1] in _MARKS.values() and said.startswith(" "):
            self.out.insert(len(self.out) - 1, " ")
            said = said.lstrip(" ")
        self.out.append(said)
