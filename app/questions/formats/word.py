"""Word papers (DOCX): the lines of a document, with the numbers that Word counts by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from xml.etree.ElementTree import Element

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.questions.formats import archive, plain
from app.questions.formats.facts import NotThisFormat, Paper, Problem, Saying, Written

NAME = "word"
LABEL = _l("Word paper")
ENDINGS = (".docx",)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHINESE = "〇一二三四五六七八九十"


def fits(data: bytes, filename: str) -> bool:
    return data.startswith(b"PK") and b"word/document.xml" in data


def read(data: bytes, filename: str) -> Paper:
    """Every question of a document; “lines” are paragraphs, counted from 1."""
    package = archive.opened(data)
    document = archive.entry(package, "word/document.xml")
    if document is None:
        raise NotThisFormat(why=_("it is no Word document."))
    numbering = archive.entry(package, "word/numbering.xml")
    styles = archive.entry(package, "word/styles.xml")
    reader = _Document(
        archive.xml(numbering) if numbering else None, archive.xml(styles) if styles else None
    )
    body = archive.xml(document).find(f"{_W}body")
    lines = list(reader.lines(body)) if body is not None else []
    paper = plain.read_lines(lines, NAME)
    if reader.pictures:
        places = ", ".join(map(str, reader.pictures[:10]))
        sentence = _("Pictures are not taken along (paragraphs %(places)s).", places=places)
        mend = _("Put the picture into the question afterwards.")
        paper.notes.append(Problem(sentence, mend, reader.pictures[0], blocks=False))
    return paper


class _Document:
    def __init__(self, numbering: Element | None, styles: Element | None) -> None:
        self.styles: dict[str, tuple[Element | None, str]] = {}
        self.levels: dict[tuple[str, str], tuple[str, str, int]] = {}
        self.counts: dict[str, list[int]] = {}
        self.pictures: list[int] = []
        self.number = 0
        if numbering is not None:
            self._numbering(numbering)
        for style in styles.iter(f"{_W}style") if styles is not None else ():
            base = _value(style.find(f"{_W}basedOn"), "")
            self.styles[style.get(f"{_W}styleId", "")] = (style.find(f"{_W}pPr/{_W}numPr"), base)

    def _numbering(self, root: Element) -> None:
        shapes: dict[str, dict[str, tuple[str, str, int]]] = {}
        for abstract in root.iter(f"{_W}abstractNum"):
            levels = {}
            for each in abstract.iter(f"{_W}lvl"):
                start = _value(each.find(f"{_W}start"), "1")
                levels[each.get(f"{_W}ilvl", "0")] = (
                    _value(each.find(f"{_W}numFmt"), "decimal"),
                    _value(each.find(f"{_W}lvlText"), "%1."),
                    int(start) if start.isdigit() else 1,
                )
            shapes[abstract.get(f"{_W}abstractNumId", "")] = levels
        for num in root.iter(f"{_W}num"):
            shape = shapes.get(_value(num.find(f"{_W}abstractNumId"), ""), {})
            for level, facts in shape.items():
                self.levels[num.get(f"{_W}numId", ""), level] = facts

    def lines(self, body: Element) -> Iterator[tuple[int, str]]:
        for paragraph in body.iter(f"{_W}p"):
            self.number += 1
            text = self._label(paragraph) + self._text(paragraph)
            for line in text.split("\n"):
                yield self.number, line

    def _text(self, paragraph: Element) -> str:
        parts: list[str] = []
        for run in paragraph.iter():
            name = archive.local(run)
            if name == "t":
                parts.append(run.text or "")
            elif name == "tab":
                parts.append("\t" if parts else "")
            elif name in {"br", "cr"}:
                parts.append("\n")
            elif name in {"drawing", "pict", "object"} and self.number not in self.pictures:
                self.pictures.append(self.number)
            elif name == "noBreakHyphen":
                parts.append("-")
        return _blanks(paragraph, "".join(parts))

    def _label(self, paragraph: Element) -> str:
        """The number that Word writes in front of a paragraph and keeps out of its text."""
        properties = paragraph.find(f"{_W}pPr/{_W}numPr")
        style = _value(paragraph.find(f"{_W}pPr/{_W}pStyle"), "")
        for _depth in range(
            8
        ):  # a list may be numbered by its style, or by one that it is based on
            if properties is not None or style not in self.styles:
                break
            properties, style = self.styles[style]
        if properties is None:
            return ""
        numbered = _value(properties.find(f"{_W}numId"), "")
        level = _value(properties.find(f"{_W}ilvl"), "0")
        facts = self.levels.get((numbered, level))
        if facts is None or not level.isdigit():
            return ""
        shape, text, start = facts
        counts = self.counts.setdefault(numbered, [])
        at = min(int(level), 8)
        while len(counts) <= at:
            counts.append(self.levels.get((numbered, str(len(counts))), ("", "", 1))[2] - 1)
        counts[at] += 1
        del counts[at + 1 :]
        if shape in {"bullet", "none"}:
            return ""
        for place, count in enumerate(counts, 1):
            text = text.replace(
                f"%{place}", _counted(count, shape if place == at + 1 else "decimal")
            )
        return f"{text} " if start >= 0 else ""


def _blanks(paragraph: Element, text: str) -> str:
    """Underlined spaces are a blank to fill in, as everybody makes them in Word."""
    for run in paragraph.iter(f"{_W}r"):
        line = run.find(f"{_W}rPr/{_W}u")
        said = "".join(t.text or "" for t in run.iter(f"{_W}t"))
        if line is not None and _value(line, "none") != "none" and said and not said.strip():
            text = text.replace(said, "____", 1) if len(said) > 1 else text
    return text


def _counted(count: int, shape: str) -> str:
    if shape in {"upperLetter", "lowerLetter"} and 0 < count <= 26:
        return chr((64 if shape == "upperLetter" else 96) + count)
    if "chinese" in shape or "ideograph" in shape or "japaneseCounting" in shape:
        if count <= 10:
            return _CHINESE[count]
        tens, ones = divmod(count, 10)
        return f"{_CHINESE[tens] if tens > 1 else ''}十{_CHINESE[ones] if ones else ''}"
    return str(count)


def _value(element: Element | None, default: str) -> str:
    return default if element is None else element.get(f"{_W}val", default)


def write(sayings: Sequence[Saying]) -> Written:
    """A document with the same lines as the plain paper."""
    import docx

    lines, losses = plain.write_lines(sayings)
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    out = BytesIO()
    document.save(out)
    return Written(out.getvalue(), losses)
