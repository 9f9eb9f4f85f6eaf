"""The lines of a Word document, as somebody reads them on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.questions.formats import archive, formulas, plain, table
from app.questions.formats.facts import Item
from app.questions.formats.word import runs, tables
from app.questions.formats.word.numbering import Label, Numbering, W
from app.questions.formats.word.parts import Pictures

NOTES = {"commentReference": "comments", "footnoteReference": "notes", "endnoteReference": "notes"}
# What is written in a document but does not stand in it any more, or stands above its letters.
_GONE = {f"{W}del", f"{W}moveFrom", f"{W}rt"}


@dataclass
class Line:
    """One line: the paragraph that it is of, what Word writes in front of it, and its words."""

    number: int
    text: str
    label: Label | None = None

    @property
    def shown(self) -> str:
        return f"{self.label.shown if self.label and self.text.strip() else ''}{self.text}"


class Document:
    """Reads paragraph by paragraph, and keeps the places of what it cannot take."""

    def __init__(self, numbering: Numbering, hidden: runs.Hidden, pictures: Pictures) -> None:
        self.numbering = numbering
        self.hidden = hidden
        self.pictures = pictures
        self.number = 0
        self.asked: list[Item] = []  # questions that stand in tables with names of columns
        # Paragraphs with what is not taken: pictures, hidden words, comments, notes; and those
        # with hidden answers, which are.
        self.places: dict[str, list[int]] = {}

    def _place(self, what: str) -> None:
        places = self.places.setdefault(what, [])
        if self.number not in places:
            places.append(self.number)

    def lines(self, body: Element) -> Iterator[Line]:
        """Every line with the number of its paragraph; tables where they stand."""
        before = ""  # of paragraphs whose end was deleted, and which go on in the next one
        for each in body:
            if each.tag == f"{W}tbl":
                yield from self._table(each)
            elif each.tag in _GONE:
                continue
            elif each.tag == f"{W}p":
                self.number += 1
                text = before + self._text(each)
                if each.find(f"{W}pPr/{W}rPr/{W}del") is not None:
                    before = text
                    continue
                before = ""
                # Word counts no paragraph of which nothing is to be seen, its end included.
                is_gone = not text.strip() and self.hidden.is_end(each)
                label = None if is_gone else self.numbering.label(each)
                said = text.split("\n")
                first = next((at for at, line in enumerate(said) if line.strip()), 0)
                for at, line in enumerate(said):
                    yield Line(self.number, line, label if at == first else None)
            else:  # what stands in a frame of the program's own: content controls, insertions
                yield from self.lines(each)
        if before:
            yield Line(self.number, before)

    def _table(self, drawn: Element) -> list[Line]:
        """The lines of the cells, one after another; a list of answers as such a list; figures
        that belong to a question as a table."""
        rows = [
            [list(self.lines(cell)) for cell in _inside(row, f"{W}tc")]
            for row in _inside(drawn, f"{W}tr")
            if row.find(f"{W}trPr/{W}del") is None
        ]
        said = [[" ".join(each.shown.strip() for each in cell).strip() for cell in r] for r in rows]
        begin = rows[0][0][0].number if rows and rows[0] and rows[0][0] else self.number
        asked = table.questions_of(said, begin)
        if asked:
            self.asked += asked
            return []
        found = tables.answers(said) or tables.lettered(said)
        if found:
            return [Line(begin, text) for text in found]
        lines = [line for row in rows for cell in row for line in cell]
        if tables.is_layout(said) or any(plain.begins_something(line.shown) for line in lines):
            return lines
        return [Line(begin, text) for text in tables.markdown(said)]

    def _text(self, paragraph: Element) -> str:
        parts: list[str] = []
        inside: set[int] = set()  # of drawings, formulas and hidden words that were looked at
        small, red = runs.small_runs(paragraph), runs.red_texts(paragraph)
        self._hide(paragraph, inside)
        code: list[str] = []  # of the field that we are inside of
        for run in paragraph.iter():
            name = archive.local(run)
            if id(run) in inside:
                continue
            if name == "oMath" or run.tag in _GONE:
                inside.update(id(each) for each in run.iter())
                parts.append(formulas.formula(run) if name == "oMath" else "")
            elif name == "t":
                said = small[id(run)](run.text or "") if id(run) in small else run.text or ""
                is_red = id(run) in red and re.search(r"[^\sA-L.．、:：]", said)
                parts.append(f"{said}{plain.RED}" if is_red else said)
            elif name == "instrText":
                code.append(run.text or "")
            elif name == "fldChar":
                parts.append(runs.ringed("".join(code)))
                code = []
            elif name in {"drawing", "pict", "object"}:
                inside.update(id(each) for each in run.iter())
                self._drawn(run, parts)
            elif name in NOTES:
                self._place(NOTES[name])
            else:
                parts.append(_SIGNS[name](run, bool(parts)) if name in _SIGNS else "")
        return runs.blanks(paragraph, "".join(parts))

    def _drawn(self, run: Element, parts: list[str]) -> None:
        """A picture, or the lines of a text box."""
        shown = self.pictures.line(run)
        at = self.number
        boxed = "\n".join(
            line.shown
            for box in run.iter(f"{W}txbxContent")
            for line in self.lines(box)
            if line.text.strip()
        )
        self.number = at
        parts.append("\n" if boxed and "".join(parts).strip() else "")
        parts.append("\n".join(filter(None, (shown, boxed))))
        if not shown and not boxed:
            self._place("pictures")

    def _hide(self, paragraph: Element, inside: set[int]) -> None:
        for group in self.hidden.runs(paragraph):
            said = runs.words(group)
            if self.hidden.is_answer(said):
                self._place("answers")
                continue
            inside.update(id(each) for run in group for each in run.iter())
            if said.strip():
                self._place("hidden")


def _inside(drawn: Element, tag: str) -> Iterator[Element]:
    """Rows of a table, or cells of a row, but not those of tables inside of it."""
    for each in drawn:
        if each.tag == tag:
            yield each
        elif each.tag not in {f"{W}tbl", f"{W}p", *_GONE}:
            yield from _inside(each, tag)


def _ended(run: Element, _begun: bool) -> str:
    # The end of a page is no end of a line.
    return "\n" if run.get(f"{W}type") in {None, "textWrapping"} else ""


_SIGNS: dict[str, Callable[[Element, bool], str]] = {
    "tab": lambda _run, begun: "\t" if begun else "",
    "br": _ended,
    "cr": _ended,
    "noBreakHyphen": lambda _run, _begun: "-",
    "sym": lambda run, _begun: runs.symbol(run),
}
