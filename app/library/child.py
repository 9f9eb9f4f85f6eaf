"""Starting the programs that read documents, and making sense of what they printed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from app.core import child, clock
from app.core.child import Leash, Outcome
from app.library import libreoffice
from app.library.rules import MOST_PARTS, PICTURES, Kind, Reason

PROGRAM = Path(__file__).with_name("extract") / "__main__.py"
GIB = 1024**3
LEASH = Leash(wall=15, cpu=15, memory=GIB, file_size=1024 * 1024, open_files=32)
CONVERTED = {Kind.DOC: Kind.DOCX, Kind.PPT: Kind.PPTX, Kind.XLS: Kind.XLSX}
# Kinds whose first page LibreOffice can print.
PRINTED = frozenset(
    {Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.ODT, Kind.ODP, Kind.ODS, Kind.RTF, *CONVERTED}
)
OCR = "tesseract"
OCR_LANGUAGES = ("chi_sim", "chi_tra", "eng")
OCR_LEASH = Leash(wall=60, cpu=60, memory=2 * GIB, file_size=16 * 1024 * 1024, open_files=64)
OCR_SECONDS = 600  # of one document; pages that are left then stay pictures
DRAWING_LEASH = Leash(wall=60, cpu=60, memory=GIB, file_size=64 * 1024 * 1024, open_files=64)
# Tesseract puts spaces between Chinese characters.
_WIDE = "\u3001-\u303f\u3400-\u9fff\uff01-\uff60"
_GAP = re.compile(rf"(?<=[{_WIDE}])[ \t]+(?=[{_WIDE}])")
_EMPTY_LINES = re.compile(r"\n\s*\n")
LONGEST_LINE = 1024 * 1024  # characters; the program never prints as much


@dataclass(frozen=True)
class Part:
    """The text of one page, slide, sheet or section."""

    anchor: str
    label: str
    text: str


@dataclass(frozen=True)
class Text:
    """All that was read of a document, or the reason why nothing was."""

    parts: list[Part]
    pages: int = 0
    is_truncated: bool = False
    reason: Reason | None = None
    detail: str = ""  # for the operator
    cover: bytes = b""  # the first page as a JPEG
    is_recognised: bool = False  # from pictures of text, at least in part
    about: dict[str, str] = field(default_factory=dict)  # what the file says of itself
    bare: tuple[int, ...] = ()  # pages of a PDF with pictures whose text is not known


def read(
    path: Path,
    kind: Kind,
    *,
    keep_going: Callable[[], bool],
    office: str = libreoffice.PROGRAM,
) -> Text:
    """Read a document in a child process of at most 15 seconds and 1 GB.

    Pictures, and PDFs of pictures only, go through tesseract where it is installed.
    """
    if kind in PICTURES:
        return _recognised(path, kind, keep_going)
    if kind in CONVERTED:
        with tempfile.TemporaryDirectory(prefix="weike-office-") as folder:
            changed = libreoffice.converted(
                path, CONVERTED[kind].value, Path(folder), keep_going, office
            )
            if changed is None:
                return Text([], reason=Reason.DAMAGED, detail="LibreOffice could not open it")
            return read(changed, CONVERTED[kind], keep_going=keep_going)
    return _with_pictures(path, kind, _printed(path, kind, keep_going), keep_going)


def first_page(
    path: Path,
    kind: Kind,
    *,
    keep_going: Callable[[], bool],
    office: str = libreoffice.PROGRAM,
) -> bytes:
    """A small JPEG of the first page as LibreOffice prints it; b"" without LibreOffice, or when it
    cannot. Takes seconds: to be asked for when everything else is done."""
    if kind not in PRINTED or not libreoffice.is_there(office):
        return b""
    with tempfile.TemporaryDirectory(prefix="weike-office-") as folder:
        changed = libreoffice.converted(path, Kind.PDF.value, Path(folder), keep_going, office)
        return _printed(changed, Kind.PDF, keep_going).cover if changed else b""


def _printed(path: Path, kind: Kind, keep_going: Callable[[], bool]) -> Text:
    """What the program that reads documents prints."""
    printed: list[str] = []

    def keep(line: str) -> None:
        if len(printed) <= MOST_PARTS + 1 and len(line) < LONGEST_LINE:
            printed.append(line)

    outcome = child.run(
        # -I: nothing from the environment or this folder can stand in for a library.
        [sys.executable, "-I", str(PROGRAM), str(path), kind.value],
        LEASH,
        cwd=path.parent,
        on_line=keep,
        keep_going=keep_going,
    )
    return _understood(outcome, printed)


def _with_pictures(path: Path, kind: Kind, text: Text, keep_going: Callable[[], bool]) -> Text:
    """What was read of a document, with what stands on pages that are pictures, if we can."""
    if not shutil.which(OCR):
        is_scan = text.reason is Reason.NO_TEXT and text.bare
        return replace(text, reason=Reason.NO_PROGRAM) if is_scan else text
    if text.reason is Reason.NO_TEXT and kind is Kind.PDF:
        return replace(_recognised(path, kind, keep_going), cover=text.cover, about=text.about)
    if text.bare:
        more = _recognised(path, kind, keep_going, text.bare)
        if more.parts:
            parts = sorted((*text.parts, *more.parts), key=_page)
            left = set(text.bare) - set(map(_page, more.parts))
            return replace(text, parts=parts, is_recognised=True, bare=tuple(sorted(left)))
    return text


def _page(part: Part) -> int:
    return int(part.anchor[1:].partition("-")[0])


def _recognised(
    path: Path, kind: Kind, keep_going: Callable[[], bool], pages: Sequence[int] = ()
) -> Text:
    """The text in pictures: they are drawn page by page, then read one after another.

    `pages` are those of a PDF that are wanted; without them, all are.
    """
    with tempfile.TemporaryDirectory(prefix="weike-ocr-") as folder:
        drawn = child.run(
            [sys.executable, "-I", str(PROGRAM), str(path), kind.value, folder, *map(str, pages)],
            DRAWING_LEASH,
            cwd=Path(folder),
            on_line=(printed := list[str]()).append,
            keep_going=keep_going,
        )
        end = _understood(drawn, printed)
        if end.reason is not None or not shutil.which(OCR):
            return replace(end, parts=[], reason=end.reason or Reason.NO_PROGRAM)
        parts, is_cut = [], False
        ends = clock.monotonic() + OCR_SECONDS
        for page in sorted(Path(folder).glob("*.png")):
            text = _words_on(page, keep_going)
            if text:
                parts.append(Part(f"p{int(page.stem)}", "", text))
            is_cut = not keep_going() or clock.monotonic() > ends
            if is_cut:
                break
    if not parts:
        return replace(end, reason=Reason.NO_TEXT)
    return replace(end, parts=parts, is_recognised=True, is_truncated=end.is_truncated or is_cut)


def _words_on(page: Path, keep_going: Callable[[], bool]) -> str:
    lines: list[str] = []
    child.run(
        ["env", "OMP_THREAD_LIMIT=1", OCR, str(page), "stdout", "-l", _languages(), "--psm", "3"],
        OCR_LEASH,
        cwd=page.parent,
        on_line=lines.append,
        keep_going=keep_going,
    )
    text = _GAP.sub("", "\n".join(lines).replace("\f", ""))
    return _EMPTY_LINES.sub("\n\n", text).strip()


def languages() -> list[str]:
    """The languages that tesseract may expect, of those that are installed; none without it."""
    if not shutil.which(OCR):
        return []
    known: list[str] = []
    child.run([OCR, "--list-langs"], OCR_LEASH, on_line=known.append)
    return [name for name in OCR_LANGUAGES if name in known]


@cache
def _languages() -> str:
    return "+".join(languages()) or "eng"


def _understood(outcome: Outcome, printed: list[str]) -> Text:
    parts: list[Part] = []
    times: Counter[str] = Counter()
    end: dict[str, object] = {}
    for line in printed:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if "text" in fields and len(parts) < MOST_PARTS:
            parts.append(_part(fields, times))
        else:
            end |= fields
    cover = _picture(end.get("cover"))
    about = _texts(end.get("about"))
    bare = tuple(n for n in _list(end.get("bare")) if isinstance(n, int))
    if "failed" in end:
        reason = Reason(str(end["failed"]))
        return Text([], reason=reason, detail=outcome.tail, cover=cover, about=about, bare=bare)
    if "pages" in end:  # all was read; drawing the first page may have failed afterwards
        pages = int(str(end["pages"])) or len(parts)
        truncated = bool(end.get("truncated"))
        return Text(
            parts, pages, truncated, detail=outcome.tail, cover=cover, about=about, bare=bare
        )
    if outcome.timed_out:
        return Text([], reason=Reason.TOO_SLOW, detail=outcome.tail)
    killed = outcome.code in {-9, -6} or "MemoryError" in outcome.tail
    reason = Reason.TOO_LARGE if killed else Reason.DAMAGED
    return Text([], reason=reason, detail=f"exit {outcome.code}\n{outcome.tail}")


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def _texts(found: object) -> dict[str, str]:
    given = found if isinstance(found, dict) else {}
    return {str(name): _sound(text) for name, text in given.items() if isinstance(text, str)}


def _sound(text: str) -> str:
    """Text that every database takes: no half characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", " ")


def _picture(text: object) -> bytes:
    try:
        data = base64.b64decode(str(text or ""), validate=True)
    except ValueError:
        return b""
    return data if data.startswith(b"\xff\xd8\xff") else b""


def _part(fields: dict[str, str], times: Counter[str]) -> Part:
    """A part with clean text; a second piece of the same page gets an anchor of its own."""
    anchor, label, text = (_sound(fields[name]) for name in ("anchor", "label", "text"))
    times[anchor] += 1
    return Part(f"{anchor}-{times[anchor]}" if times[anchor] > 1 else anchor, label, text)
