"""Word papers (DOCX): the lines of a document, with the numbers that Word counts by itself."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from xml.etree.ElementTree import Element

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.typed import seen
from app.questions.formats import archive, clips, formulas, plain, table
from app.questions.formats.facts import Item, NotThisFormat, Paper, Problem, Saying, Written

NAME = "word"
LABEL = _l("Word paper")
ENDINGS = (".docx",)
CARRIES = True
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SMALL = {"superscript": formulas.raised, "subscript": formulas.lowered}
_RED = re.compile(r"[C-F][0-9A-F](?:[0-4][0-9A-F]){2}")
_LETTERS = re.compile(r"[A-LＡ-Ｌ]{1,8}|[√×对错]|正确|错误")
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
    paper = Paper(NAME)
    related = archive.entry(package, "word/_rels/document.xml.rels")
    reader = _Document(
        archive.xml(numbering) if numbering else None,
        archive.xml(styles) if styles else None,
        _Pictures(paper, package, archive.xml(related) if related else None),
    )
    body = archive.xml(document).find(f"{_W}body")
    lines = list(reader.lines(body)) if body is not None else []
    found = plain.read_lines(lines, NAME)
    paper.items, paper.notes = [*found.items, *reader.asked], found.notes
    if reader.lost:
        places = ", ".join(map(str, reader.lost[:10]))
        sentence = _("Pictures are not taken along (paragraphs %(places)s).", places=places)
        mend = _("Put the picture into the question afterwards.")
        paper.notes.append(Problem(sentence, mend, reader.lost[0], blocks=False))
    return paper


_WORDLESS = re.compile(r"[^\w ，。-]")
_DRAWN = (".png", ".jpg", ".jpeg", ".webp")


class _Pictures:
    """The pictures of a document, by the names that its text has for them."""

    def __init__(self, paper: Paper, package: zipfile.ZipFile, related: Element | None) -> None:
        self.paper = paper
        self.package = package
        self.targets = {
            each.get("Id", ""): each.get("Target", "")
            for each in (related if related is not None else ())
            if each.get("TargetMode") != "External"
        }

    def line(self, drawn: Element) -> str:
        """A drawing as Markdown; "" for what is no picture that we can show."""
        ids = [
            value
            for each in drawn.iter()
            for key, value in each.attrib.items()
            if archive.local(each) in {"blip", "imagedata"} and key in {f"{_R}embed", f"{_R}id"}
        ]
        words = next((e.get("descr", "") for e in drawn.iter() if archive.local(e) == "docPr"), "")
        shown = []
        for target in (self.targets.get(each, "") for each in ids):
            name = posixpath.normpath(posixpath.join("word", target.lstrip("/")))
            name = name if not target.startswith("/") else target.lstrip("/")
            data = archive.entry(self.package, name) if name.lower().endswith(_DRAWN) else None
            if data is None:
                return ""
            url = self.paper.enclose(posixpath.basename(name), data)
            shown.append(f"![{_WORDLESS.sub(' ', words)[:100].strip()}]({url})")
        return " ".join(shown)


class _Document:
    def __init__(
        self, numbering: Element | None, styles: Element | None, pictures: _Pictures
    ) -> None:
        self.pictures = pictures
        self.styles: dict[str, tuple[Element | None, str]] = {}
        self.levels: dict[tuple[str, str], tuple[str, str, int]] = {}
        self.counts: dict[str, list[int]] = {}
        self.lost: list[int] = []  # paragraphs with pictures that we cannot take
        self.number = 0
        self.asked: list[Item] = []  # questions that stand in tables with names of columns
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
        """Every line with the number of its paragraph; tables where they stand."""
        for each in body:
            if each.tag == f"{_W}tbl":
                yield from self._table(each)
            elif each.tag == f"{_W}p":
                yield from self._paragraph(each)
            else:  # what stands in a frame of the program's own: content controls, insertions
                yield from self.lines(each)

    def _paragraph(self, paragraph: Element) -> list[tuple[int, str]]:
        self.number += 1
        text = self._label(paragraph) + self._text(paragraph)
        return [(self.number, line) for line in text.split("\n")]

    def _table(self, drawn: Element) -> list[tuple[int, str]]:
        """The lines of the cells, one after another; a list of answers as such a list; figures
        that belong to a question as a table."""
        rows: list[list[list[tuple[int, str]]]] = []
        for row in drawn.iter(f"{_W}tr"):
            cells = [list(self.lines(cell)) for cell in row.iter(f"{_W}tc")]
            rows.append(cells)
        said = [[" ".join(text.strip() for _n, text in cell).strip() for cell in r] for r in rows]
        begin = rows[0][0][0][0] if rows and rows[0] and rows[0][0] else self.number
        asked = table.questions_of(said, begin)
        if asked:
            self.asked += asked
            return []
        answers = _answers(said)
        if answers:
            return [(begin, line) for line in answers]
        options = _lettered(said)
        if options:
            return [(begin, line) for line in options]
        lines = [line for row in rows for cell in row for line in cell]
        if _is_layout(said) or any(plain.begins_something(text) for _n, text in lines):
            return lines
        return [(begin, line) for line in _markdown(said)]

    def _text(self, paragraph: Element) -> str:
        parts: list[str] = []
        inside: set[int] = set()  # of drawings and formulas that were looked at
        small, red = _small_runs(paragraph), _red_texts(paragraph)
        for run in paragraph.iter():
            name = archive.local(run)
            if id(run) in inside:
                continue
            if name in {"oMath", "moveFrom"} or run.tag == f"{_MC}Fallback":
                inside.update(id(each) for each in run.iter())
                parts.append(formulas.formula(run) if name == "oMath" else "")
            elif name == "t":
                said = small[id(run)](run.text or "") if id(run) in small else run.text or ""
                is_red = id(run) in red and re.search(r"[^\sA-L.．、:：]", said)
                parts.append(f"{said}{plain.RED}" if is_red else said)
            elif name == "tab":
                parts.append("\t" if parts else "")
            elif name in {"br", "cr"}:
                # The end of a page is no end of a line.
                parts.append("\n" if run.get(f"{_W}type") in {None, "textWrapping"} else "")
            elif name in {"drawing", "pict", "object"}:
                inside.update(id(each) for each in run.iter())
                shown = self.pictures.line(run)
                boxed = _boxed(run)
                if boxed and parts and not shown:
                    parts.append("\n")
                parts.append(shown or boxed)
                if not shown and not boxed and self.number not in self.lost:
                    self.lost.append(self.number)
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


def _boxed(drawn: Element) -> str:
    """What stands in a text box; programs write it twice, for themselves and for older ones."""
    inside = {id(each) for back in drawn.iter(f"{_MC}Fallback") for each in back.iter()}
    boxes = [box for box in drawn.iter(f"{_W}txbxContent") if id(box) not in inside]
    said = (
        "".join(text.text or "" for text in paragraph.iter(f"{_W}t"))
        for box in boxes
        for paragraph in box.iter(f"{_W}p")
    )
    return "\n".join(filter(str.strip, said))


def _small_runs(paragraph: Element) -> dict[int, Callable[[str], str]]:
    """Texts that stand above or below the line, by what writes them so."""
    found: dict[int, Callable[[str], str]] = {}
    for run in paragraph.iter(f"{_W}r"):
        place = _value(run.find(f"{_W}rPr/{_W}vertAlign"), "")
        if place in _SMALL:
            found.update((id(text), _SMALL[place]) for text in run.iter(f"{_W}t"))
    return found


def _red_texts(paragraph: Element) -> set[int]:
    """Texts in red or behind a marker pen: in many papers these are the right answers."""
    found: set[int] = set()
    for run in paragraph.iter(f"{_W}r"):
        colour = _value(run.find(f"{_W}rPr/{_W}color"), "").upper()
        marked = _value(run.find(f"{_W}rPr/{_W}highlight"), "none")
        if _RED.fullmatch(colour) or marked not in {"none", "white"}:
            found.update(id(text) for text in run.iter(f"{_W}t"))
    return found


def _answers(rows: list[list[str]]) -> list[str]:
    """“题号 1 2 3 / 答案 A B C”, in rows or in columns, as the lines of a list of answers."""
    for given in (rows, [list(column) for column in zip(*rows, strict=False)]):
        found: list[str] = []
        for numbers, answers in zip(given[::2], given[1::2], strict=False):
            names = ["".join(row[:1]).replace(" ", "") for row in (numbers, answers)]
            if names[0] not in {"题号", "序号"} or "答案" not in names[1]:
                break
            found += [
                f"{number}．{answer}"
                for number, answer in zip(numbers[1:], answers[1:], strict=False)
                if number.isdigit() and answer
            ]
        if found and len(given) % 2 == 0:
            return ["参考答案", *found]
    return _numbered_answers(rows)


def _numbered_answers(rows: list[list[str]]) -> list[str]:
    """“1 2 3 / A B C / 4 5 6 / C B A”: a list of answers without names of its rows."""
    pairs = list(zip(rows[::2], rows[1::2], strict=False))
    if not pairs or len(rows) % 2 or not rows[0]:
        return []
    found = [each for numbers, answers in pairs for each in zip(numbers, answers, strict=False)]
    found = [(number.strip(" .．、题"), answer) for number, answer in found if number or answer]
    if not all(number.isdigit() and _LETTERS.fullmatch(answer) for number, answer in found):
        return []
    return ["参考答案", *(f"{number}．{answer}" for number, answer in found)]


def _lettered(rows: list[list[str]]) -> list[str]:
    """“A | 甲 | B | 乙”: answers to choose from whose letters stand in cells of their own."""
    cells = [text for row in rows for text in row if text]
    letters, texts = cells[::2], cells[1::2]
    wanted = [chr(65 + n) for n in range(len(letters))]
    if len(letters) < 2 or len(letters) != len(texts):
        return []
    if [letter.strip(" .．、:：").upper() for letter in letters] != wanted:
        return []
    return [f"{letter}．{text}" for letter, text in zip(wanted, texts, strict=True)]


def _is_layout(rows: list[list[str]]) -> bool:
    """Whether a table only puts things beside one another: a single row or column, or holes."""
    return len(rows) < 2 or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) < 2


def _markdown(rows: list[list[str]]) -> list[str]:
    cells = [[text.replace("|", "\\|") or " " for text in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]]


def _blanks(paragraph: Element, text: str) -> str:
    """Underlined spaces are a blank to fill in, as everybody makes them in Word; underlined words
    may be what was filled in, and are marked as such."""
    for run in paragraph.iter(f"{_W}r"):
        line = run.find(f"{_W}rPr/{_W}u")
        said = "".join(t.text or "" for t in run.iter(f"{_W}t"))
        if line is not None and _value(line, "none") != "none" and said and not said.strip():
            text = text.replace(said, "____", 1) if len(said) > 1 else text
        elif line is not None and _value(line, "none") != "none" and text.find(said) > 0:
            text = text.replace(said, f"{plain.FILLED[0]}{said}{plain.FILLED[1]}", 1)
    return text.replace(plain.FILLED[1] + plain.FILLED[0], "")


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


def write(sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written:
    """A document with the same lines as the plain paper, and with the pictures in them."""
    import docx

    lines, losses = plain.proven_lines(sayings)
    document = docx.Document()
    for line in map(seen, lines):
        paragraph = document.add_paragraph()
        at = 0
        for match in clips.SHOWN.finditer(line):
            picture = _png(fetch(match[2]) if fetch and "/images/" in match[2] else None)
            if picture is None:
                continue
            paragraph.add_run(line[at : match.start()])
            drawn = paragraph.add_run().add_picture(picture[0], width=picture[1])
            drawn._inline.docPr.set("descr", match[1])  # noqa: SLF001 - python-docx has no name for it
            at = match.end()
        paragraph.add_run(line[at:])
    left = [
        clips.stays_here(number)
        for number, saying in enumerate(sayings, 1)
        if any(fetch is None or "/sounds/" in u or not fetch(u) for u in clips.urls(saying.body))
    ]
    out = BytesIO()
    document.save(out)
    return Written(out.getvalue(), [*losses, *left])


def _png(data: bytes | None) -> tuple[BytesIO, int] | None:
    """A picture as Word reads it, and how wide it is on paper, at 150 dots an inch."""
    if data is None:
        return None
    from docx.shared import Inches
    from PIL import Image

    picture = Image.open(BytesIO(data))
    out = BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return out, Inches(min(6.0, picture.width / 150))
