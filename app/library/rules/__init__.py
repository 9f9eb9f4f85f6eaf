"""What the library takes, who may see and change it, and how reading a document can end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, NoRoom, NotAllowed, Refusal, TooMuch
from app.members.rules import Reader

LONGEST_TITLE = 200
LONGEST_COLLECTION = 80
DEEPEST = 5  # levels of collections
MOST_PARTS = 5_000  # of one document
PARTS_SHOWN = 10  # on one page of the preview


class Kind(StrEnum):
    """What a document is; the value is the ending of its file."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    ODT = "odt"
    ODP = "odp"
    ODS = "ods"
    EPUB = "epub"
    HTML = "html"
    RTF = "rtf"
    DOC = "doc"
    PPT = "ppt"
    XLS = "xls"
    JPEG = "jpg"
    PNG = "png"
    TEXT = "txt"
    MARKDOWN = "md"


_OFFICE = "application/vnd.openxmlformats-officedocument"
# The only types that a download is ever sent as.
TYPES = {
    Kind.PDF: "application/pdf",
    Kind.DOCX: f"{_OFFICE}.wordprocessingml.document",
    Kind.PPTX: f"{_OFFICE}.presentationml.presentation",
    Kind.XLSX: f"{_OFFICE}.spreadsheetml.sheet",
    Kind.ODT: "application/vnd.oasis.opendocument.text",
    Kind.ODP: "application/vnd.oasis.opendocument.presentation",
    Kind.ODS: "application/vnd.oasis.opendocument.spreadsheet",
    Kind.EPUB: "application/epub+zip",
    Kind.HTML: "application/octet-stream",  # a page from anybody is never sent as a page
    Kind.RTF: "application/rtf",
    Kind.DOC: "application/msword",
    Kind.PPT: "application/vnd.ms-powerpoint",
    Kind.XLS: "application/vnd.ms-excel",
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.TEXT: "text/plain",
    Kind.MARKDOWN: "text/plain",
}


PICTURES = frozenset({Kind.JPEG, Kind.PNG})


class Source(StrEnum):
    """What a document is to who cites it."""

    BOOK = "book"
    JOURNAL = "journal"
    NEWSPAPER = "newspaper"
    REGULATION = "regulation"
    STANDARD = "standard"
    REPORT = "report"
    THESIS = "thesis"
    PAGE = "page"


SOURCES = {
    Source.BOOK: _l("Book"),
    Source.JOURNAL: _l("Journal or article of one"),
    Source.NEWSPAPER: _l("Article of a newspaper"),
    Source.REGULATION: _l("Law or regulation"),
    Source.STANDARD: _l("Standard"),
    Source.REPORT: _l("Research report"),
    Source.THESIS: _l("Thesis"),
    Source.PAGE: _l("Web page"),
}


class State(StrEnum):
    """How far the reading of a file is."""

    WAITING = "waiting"
    READING = "reading"
    SEARCHABLE = "searchable"
    UNSEARCHABLE = "unsearchable"


MOVES = {
    # A worker that died leaves "reading" behind; the next one begins there.
    State.WAITING: {State.READING},
    State.READING: {State.READING, State.SEARCHABLE, State.UNSEARCHABLE},
    State.SEARCHABLE: {State.WAITING},
    State.UNSEARCHABLE: {State.WAITING},
}
UNFINISHED = {State.WAITING, State.READING}


class WrongMove(Conflict):
    """A file cannot go from this state to that."""


def move(before: str, after: State) -> str:
    """The new state of a file; raises WrongMove for a step that is not in the table."""
    if after not in MOVES[State(before)]:
        raise WrongMove
    return after.value


class Reason(StrEnum):
    """Why a document's text cannot be searched."""

    PASSWORD = "password"  # noqa: S105 - the name of a reason
    NO_TEXT = "no_text"
    NO_PROGRAM = "no_program"
    BOMB = "bomb"
    UNSAFE = "unsafe"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


REASONS = {
    Reason.PASSWORD: _l("It is protected by a password. Upload a copy without one."),
    Reason.NO_TEXT: _l(
        "It contains no text, and none was recognised in its pictures. "
        "Scan it with text recognition and replace it."
    ),
    Reason.NO_PROGRAM: _l(
        "It is a picture of text, and this server does not recognise text in pictures. "
        "It can be looked at all the same."
    ),
    Reason.BOMB: _l("It unpacks to far more than it seems to be, so it was not opened."),
    Reason.UNSAFE: _l("It contains parts that no Office program writes, so it was not opened."),
    Reason.DAMAGED: _l("It is damaged or incomplete. Save it again and replace it."),
    Reason.TOO_LARGE: _l("Reading it needs too much memory. Divide it into smaller documents."),
    Reason.TOO_SLOW: _l("Reading it takes too long. Divide it into smaller documents."),
}


class NotADocument(Refusal):
    sentence = _l(
        "This is no document that the library takes. "
        "PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, HTML, RTF, text, "
        "Markdown and pictures (JPEG, PNG) work."
    )


class EmptyFile(Refusal):
    sentence = _l("The file is empty. Choose another one.")


class Damaged(Refusal):
    sentence = _l("The file is damaged or incomplete. Save it again, then upload it.")


class LockedFile(Refusal):
    sentence = _l("The file is protected by a password. Save a copy without one, then upload it.")


class HasMacros(Refusal):
    sentence = _l("The file contains macros. Save it as .docx, .pptx or .xlsx, then upload it.")


class OldOffice(Refusal):
    sentence = _l(
        "This is an old Office format (.doc, .ppt, .xls). "
        "Save it as .docx, .pptx, .xlsx or PDF, then upload it."
    )


class TooLarge(TooMuch):
    sentence = _l("The file is larger than %(most)s. Divide it, or make its pictures smaller.")


class TooMany(TooMuch):
    sentence = _l("The zip file holds more than %(most)s files, or unpacks to far too much.")


class DiskFull(NoRoom):
    sentence = _l("The server has no room for more files. Tell the operator.")


class Interrupted(Refusal):
    sentence = _l("The upload broke off. Please try again.")


class AlreadyThere(Conflict):
    sentence = _l("The same file is in the library already: “%(title)s”.")


class NotYours(NotAllowed):
    sentence = _l(
        "Only who uploaded a document, the organizers of its branches and administrators "
        "may change it."
    )


class NobodyChosen(Refusal):
    sentence = _l("Choose at least one branch, or show it to everybody.")


class NoTitle(Refusal):
    sentence = _l("Give it a title.")


class NameTaken(Conflict):
    sentence = _l("There is a collection of this name already.")


class NotEmpty(Conflict):
    sentence = _l("This collection is not empty. Move or delete what is in it first.")


class TooDeep(Refusal):
    sentence = _l("Collections can be nested five levels deep, and never inside themselves.")


class BadDate(Refusal):
    sentence = _l("Write the date as 2024, 2024-06 or 2024-06-30.")


class EndsTooSoon(Refusal):
    sentence = _l("The last day must not be before the first.")


@dataclass(frozen=True)
class Label:
    """What is written on a document beside its text. Days are those of the organisation."""

    title: str
    authors: str = ""
    publisher: str = ""
    dated: date | None = None
    issue: str = ""
    source: str = ""  # of Source; "": as the rest of the label lets one guess
    language: str = ""  # "": as the text shows it
    tags: tuple[str, ...] = ()
    summary: str = ""
    is_pinned: bool = False
    may_download: bool = True
    valid_from: date | None = None
    valid_until: date | None = None

    def is_valid_on(self, day: date) -> bool:
        """Whether readers see the document on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


MOST_TAGS = 12
LONGEST_SUMMARY = 2_000  # characters
_TAGS = re.compile(r"[,，、;；\n]")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)|年?)")


def tags_of(text: str) -> tuple[str, ...]:
    """Tags between commas of any script, each once."""
    found = (" ".join(piece.split())[:30] for piece in _TAGS.split(text))
    return tuple(dict.fromkeys(tag for tag in found if tag))[:MOST_TAGS]


def date_of(text: str) -> date | None:
    """A day of 2024, 2024-06 or 2024-06-30, the first one when it is not said; None of nothing.

    Raises BadDate.
    """
    text = text.strip()
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadDate
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise BadDate from None


def date_said(day: date | None) -> str:
    """The inverse of `date_of`: the first of January is most likely only a year."""
    if day is None:
        return ""
    if (day.month, day.day) == (1, 1):
        return f"{day.year:04}"
    return f"{day.year:04}-{day.month:02}" if day.day == 1 else day.isoformat()


_ANCHOR = re.compile(r"[a-z](\d{1,6})(?:-\d+)?")


def is_anchor(text: str) -> bool:
    """Whether a text can be the name of a part: p3, s12, h4-2."""
    return _ANCHOR.fullmatch(text) is not None


def page_number(anchor: str) -> int:
    """The page that an anchor names; 1 for none."""
    match = _ANCHOR.fullmatch(anchor)
    return int(match[1]) if match else 1


def check_audience(branches: frozenset[int] | None) -> None:
    """Refuse an audience of nobody. None is everybody; each branch stands for all below it too."""
    if branches is not None and not branches:
        raise NobodyChosen


def may_change(reader: Reader, owner_id: int, paths: Iterable[tuple[int, ...]] | None) -> bool:
    """Whether a reader may edit, replace and delete a document.

    `paths` are those of the branches that it is for; None when it is for everybody, which is more
    than any organizer of a part of the organisation answers for. What is for no branch is nobody's
    but the owner's and the administrators'.
    """
    if reader.is_administrator or reader.id == owner_id:
        return True
    known = list(paths or ())
    return bool(known) and all(reader.may_organize(path) for path in known)


def may_see(
    reader: Reader,
    owner_id: int,
    branches: frozenset[int] | None,
    paths: Iterable[tuple[int, ...]] | None,
    *,
    is_valid: bool = True,
) -> bool:
    """Whether a reader may see a document: it is for them now, or theirs to change."""
    return (is_valid and reader.may_see(branches)) or may_change(reader, owner_id, paths)


_SPACES = re.compile(r"\s+")
_HARMFUL = re.compile(r'[\\/:*?"<>|]+')


def display_name(name: str, kind: Kind) -> str:
    """A file name that is safe to show and to save under, with the ending of what it really is.

    Control and direction characters go, path signs become spaces; an empty rest is "document".
    """
    name = unicodedata.normalize("NFC", name.replace("\x00", " "))
    name = "".join(char for char in name if unicodedata.category(char) not in {"Cf", "Cs", "Co"})
    name = "".join(" " if unicodedata.category(char) == "Cc" else char for char in name)
    name = _SPACES.sub(" ", _HARMFUL.sub(" ", name)).strip()
    stem, dot, ending = name.rpartition(".")
    pages = {"html", "htm"}  # goes only from what really is one
    known = {*Kind, "markdown", "text", "log", "csv", "jpeg"} - pages
    if dot and ending.lower() in (pages if kind is Kind.HTML else known):
        name = stem
    name = name.strip(" .")[:120] or "document"
    return f"{name}.{kind.value}"


def title_of(name: str) -> str:
    """The title that a document has until somebody gives it a better one."""
    return name.rpartition(".")[0].replace("_", " ").strip()[:LONGEST_TITLE] or name


def clean_title(text: Any) -> str:
    """A title in one line; raises NoTitle when nothing is left."""
    title = _SPACES.sub(" ", str(text or "").replace("\x00", " ")).strip()[:LONGEST_TITLE]
    if not title:
        raise NoTitle
    return title


def initial_of(title: str) -> str:
    """The letter that stands for a title where there is room for one: 《红楼梦》 → 红."""
    return next((sign.upper() for sign in title if sign.isalnum()), "·")
