"""Word papers (DOCX): the lines of a document, with the numbers that Word counts by itself."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.questions.formats import plain
from app.questions.formats.facts import NotThisFormat, Paper, Problem
from app.questions.formats.word import options, parts, runs
from app.questions.formats.word.document import Document
from app.questions.formats.word.numbering import Numbering, W
from app.questions.formats.word.writing import write

NAME = "word"
LABEL = _l("Word paper")
ENDINGS = (".docx",)
CARRIES = True


def fits(data: bytes, filename: str) -> bool:
    return data.startswith(b"PK") and b"word/document" in data


def read(data: bytes, filename: str) -> Paper:
    """Every question of a document; “lines” are paragraphs, counted from 1."""
    package = parts.Package(data)
    root = package.document()
    body = root.find(f"{W}body") if root is not None else None
    if body is None:
        raise NotThisFormat(why=_("it is no Word document."))
    paper = Paper(NAME)
    styles = package.part("styles")
    pictures = parts.Pictures(paper, package)
    parts.settle(body, pictures.can_show)
    document = Document(Numbering(package.part("numbering"), styles), runs.Hidden(styles), pictures)
    lines, counted_on = options.lettered(list(document.lines(body)))
    found = plain.read_lines(lines, NAME)
    paper.items, paper.notes = [*found.items, *document.asked], found.notes
    paper.notes += _told(document.places, counted_on, package)
    return paper


def _told(
    places: dict[str, list[int]], counted_on: Sequence[int], package: parts.Package
) -> list[Problem]:
    """What is not taken along, or is taken otherwise than it is written, with its places."""
    told = {
        "pictures": (
            _("Pictures are not taken along (paragraphs %(places)s)."),
            _("Put the picture into the question afterwards."),
        ),
        "hidden": (
            _("Hidden text is not taken along (paragraphs %(places)s)."),
            _("Show it in Word first if it belongs to the questions."),
        ),
        "answers": (
            _("Answers in hidden text are taken (paragraphs %(places)s)."),
            _("Look whether they are right."),
        ),
        "comments": (
            _("Comments are not taken along (paragraphs %(places)s): %(text)s"),
            _("What belongs to a question, write into its text."),
        ),
        "notes": (
            _("Footnotes are not taken along (paragraphs %(places)s): %(text)s"),
            _("What belongs to a question, write into its text."),
        ),
        "letters": (
            _("The letters of the answers count on from question to question (paragraphs "
              "%(places)s); they are read as A, B, C."),
            _("Look at the right answers."),
        ),
    }  # fmt: skip
    said = {
        "comments": (package.part("comments"),),
        "notes": (package.part("footnotes"), package.part("endnotes")),
    }
    found = []
    for name, where in {**places, "letters": list(counted_on)}.items():
        if where:
            sentence, mend = told[name]
            facts = {"places": ", ".join(map(str, where[:10])), "text": _words(said.get(name, ()))}
            found.append(Problem(sentence % facts, mend, where[0], blocks=False))
    return found


def _words(roots: Sequence[Element | None]) -> str:
    """The beginning of what stands in comments or footnotes."""
    texts = (
        "".join(text.text or "" for text in each.iter(f"{W}t")).strip()
        for root in roots
        if root is not None
        for each in root
    )
    shown = "; ".join(filter(None, texts))
    return f"“{shown[:80]}…”" if len(shown) > 80 else f"“{shown}”"


__all__ = ["CARRIES", "ENDINGS", "LABEL", "NAME", "fits", "read", "write"]
