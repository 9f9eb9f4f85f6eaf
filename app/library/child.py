"""Starting the programs that read documents, and making sense of what they printed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from app.core import child, clock
from app.core.child import Leash, Outcome
from app.library import libreoffice
from app.library.rules import MOST_PARTS, PICTURES, Kind, Reason

PROGRAM = Path(__file__).with_name("extract") / "__main__.py"
GIB = 1024**3
# Seconds of its own, as on an idle machine: where many want the cores, four times as long.
SECONDS, WALL = 15, 60
LEASH = Leash(wall=WALL, cpu=SECONDS, own=SECONDS, memory=GIB, file_size=1024 * 1024, open_files=32)
PDF_MEMORY = GIB // 2  # bytes of addresses; the largest of two thousand PDFs took 121 MB
CONVERTED = {Kind.DOC: Kind.DOCX, Kind.PPT: Kind.PPTX, Kind.XLS: Kind.XLSX}
# Kinds whose first page LibreOffice can print.
PRINTED = frozenset(
    {Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.ODT, Kind.ODP, Kind.ODS, Kind.RTF, *CONVERTED}
)
NEVER_DRAWN = frozenset({Kind.HTML, Kind.TEXT, Kind.MARKDOWN})  # no cover but one of ours
OCR = "tesseract"
OCR_LANGUAGES = ("chi_sim", "chi_tra", "eng")
OCR_LEASH = replace(LEASH, file_size=16 * 1024 * 1024, open_files=64)
OCR_SECONDS = 600  # of one document; pages that are left then stay pictures
STRIPS = 4  # of a page that is too much at once
MOST_RECOGNISED = 60  # pages; each takes seconds
DRAWING_LEASH = replace(LEASH, file_size=64 * 1024 * 1024, open_files=64)
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
    """Read a document in child processes of at most 15 seconds and 1 GB each, a PDF of half that.

    Pictures, and PDFs of pictures only, go through tesseract where it is installed; single pages
    that are pictures are named in `bare`, for `recognise`.
    """
    if kind in PICTURES:
        return recognise(path, kind, keep_going=keep_going)
    if kind in CONVERTED:
        return _converted(path, CONVERTED[kind], keep_going, office)
    text = _printed(path, kind, keep_going)
    if text.reason is not Reason.NO_TEXT or kind is not Kind.PDF:
        return text
    if not can_recognise():
        return replace(text, reason=Reason.NO_PROGRAM) if text.bare else text
    return replace(recognise(path, kind, keep_going=keep_going), about=text.about)


def _converted(path: Path, into: Kind, keep_going: Callable[[], bool], office: str) -> Text:
    with tempfile.TemporaryDirectory(prefix="weike-office-") as folder:
        try:
            changed = libreoffice.converted(path, into.value, Path(folder), keep_going, office)
        except TimeoutError:
            return Text([], reason=Reason.TOO_SLOW, detail="LibreOffice took too long")
        if changed is None:
            return Text([], reason=Reason.DAMAGED, detail="LibreOffice could not open it")
        return read(changed, into, keep_going=keep_going)


def cover(
    path: Path,
    kind: Kind,
    *,
    keep_going: Callable[[], bool],
    office: str = libreoffice.PROGRAM,
) -> bytes:
    """A small JPEG of the first page: drawn, or what the file has of it, or as LibreOffice prints
    it; b"" when there is none. Takes seconds: to be asked for when everything else is done."""
    own = b"" if kind in CONVERTED else _drawn_cover(path, kind, keep_going)
    if own or kind not in PRINTED or not libreoffice.is_there(office):
        return own
    with tempfile.TemporaryDirectory(prefix="weike-office-") as folder:
        try:
            changed = libreoffice.converted(path, Kind.PDF.value, Path(folder), keep_going, office)
        except TimeoutError:
            return b""
        return _drawn_cover(changed, Kind.PDF, keep_going) if changed else b""


def _drawn_cover(path: Path, kind: Kind, keep_going: Callable[[], bool]) -> bytes:
    printed: list[str] = []
    _run(LEASH, path, kind, "cover", on_line=printed.append, keep_going=keep_going)
    return next(filter(None, (_picture(said.get("cover")) for said in _objects(printed))), b"")


def _printed(path: Path, kind: Kind, keep_going: Callable[[], bool]) -> Text:
    """What the program that reads documents prints."""
    printed: list[str] = []

    def keep(line: str) -> None:
        if len(printed) <= MOST_PARTS + 1 and len(line) < LONGEST_LINE:
            printed.append(line)

    outcome = _run(LEASH, path, kind, "text", on_line=keep, keep_going=keep_going)
    return _understood(outcome, printed)


def _run(
    leash: Leash,
    path: Path,
    kind: Kind,
    *task: str,
    on_line: Callable[[str], None],
    keep_going: Callable[[], bool],
) -> Outcome:
    if kind is Kind.PDF:
        leash = replace(leash, memory=PDF_MEMORY)
    return child.run(
        # -I: nothing from the environment or this folder can stand in for a library.
        [sys.executable, "-I", str(PROGRAM), str(path), kind.value, *task],
        leash,
        cwd=path.parent,
        on_line=on_line,
        keep_going=keep_going,
    )


def page_of(part: Part) -> int:
    """The page of a PDF that a part stands on."""
    return int(part.anchor[1:].partition("-")[0])


def can_recognise() -> bool:
    """Whether this machine reads text in pictures."""
    return shutil.which(OCR) is not None


def recognise(
    path: Path, kind: Kind, pages: Sequence[int] = (), *, keep_going: Callable[[], bool]
) -> Text:
    """The text in pictures: page by page, each is drawn and then read.

    `pages` are those of a PDF that are wanted; without them, all are.
    """
    with tempfile.TemporaryDirectory(prefix="weike-ocr-") as name:
        folder = Path(name)
        ends = clock.monotonic() + OCR_SECONDS
        page = pages[0] if pages else 1
        end = _drawn(path, kind, folder, keep_going, page=page)
        if end.reason is not None or not can_recognise():
            return replace(end, parts=[], reason=end.reason or Reason.NO_PROGRAM)
        wanted = pages or range(1, end.pages + 1)
        parts: list[Part] = []
        strips, done = 1, 0
        for page in wanted[:MOST_RECOGNISED]:
            if done:
                _drawn(path, kind, folder, keep_going, page=page, strips=strips)
            text, is_slow = _words_in(folder, keep_going)
            if is_slow and strips == 1:  # so will the others be
                strips = STRIPS
                _drawn(path, kind, folder, keep_going, page=page, strips=strips)
                text, _ = _words_in(folder, keep_going)
            done += 1
            if text:
                parts.append(Part(f"p{page}", "", text))
            if not keep_going() or clock.monotonic() > ends:
                break
    if not parts:
        return replace(end, reason=Reason.NO_TEXT)
    return replace(end, parts=parts, is_recognised=True, is_truncated=done < len(wanted))


def _drawn(
    path: Path,
    kind: Kind,
    folder: Path,
    keep_going: Callable[[], bool],
    *,
    page: int,
    strips: int = 1,
) -> Text:
    """Draw one page into the folder, in so many strips; how many pages there are, or why not."""
    for left in folder.iterdir():
        left.unlink()
    printed: list[str] = []
    task = ("draw", str(folder), str(page), str(strips))
    outcome = _run(DRAWING_LEASH, path, kind, *task, on_line=printed.append, keep_going=keep_going)
    return _understood(outcome, printed)


def _words_in(folder: Path, keep_going: Callable[[], bool]) -> tuple[str, bool]:
    """The words of a page that was drawn, and whether a strip of it took too long."""
    lines: list[str] = []
    is_slow = False
    program = ["env", "OMP_THREAD_LIMIT=1", OCR]
    for strip in sorted(folder.glob("*.png")):
        outcome = child.run(
            [*program, str(strip), "stdout", "-l", _languages(), "--psm", "3"],
            OCR_LEASH,
            cwd=folder,
            on_line=lines.append,
            keep_going=keep_going,
        )
        is_slow = is_slow or outcome.timed_out
    text = _GAP.sub("", "\n".join(lines).replace("\f", ""))
    return _EMPTY_LINES.sub("\n\n", text).strip(), is_slow


def languages() -> list[str]:
    """The languages that tesseract may expect, of those that are installed; none without it."""
    if not can_recognise():
        return []
    known: list[str] = []
    child.run([OCR, "--list-langs"], OCR_LEASH, on_line=known.append)
    return [name for name in OCR_LANGUAGES if name in known]


@cache
def _languages() -> str:
    return "+".join(languages()) or "eng"


def _objects(printed: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in printed:
        with suppress(ValueError):
            yield json.loads(line)


def _understood(outcome: Outcome, printed: list[str]) -> Text:
    parts: list[Part] = []
    times: Counter[str] = Counter()
    end: dict[str, object] = {}
    for fields in _objects(printed):
        if "text" in fields and len(parts) < MOST_PARTS:
            parts.append(_part(fields, times))
        else:
            end |= fields
    about = _texts(end.get("about"))
    bare = tuple(n for n in _list(end.get("bare")) if isinstance(n, int))
    if "failed" in end:
        reason = Reason(str(end["failed"]))
        return Text([], reason=reason, detail=outcome.tail, about=about, bare=bare)
    if "pages" in end:  # all was read, even if what followed failed
        pages = int(str(end["pages"])) or len(parts)
        truncated = bool(end.get("truncated"))
        return Text(parts, pages, truncated, detail=outcome.tail, about=about, bare=bare)
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
