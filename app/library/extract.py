"""Read the text of one document and print it as JSON lines: run as a program, on a leash.

    python -I extract.py FILE KIND

Each line is a part: {"anchor": "p3", "label": "", "text": "…"}. The last line is either
{"pages": 12, "truncated": false} or {"failed": "<reason>"} with a reason of rules.Reason.
Anchors: p page, s slide, x sheet, h heading, a part of a text without headings.

The file comes from anybody. This program imports nothing of the site, opens no other file and no
connection, and stops by itself before the leash does.
"""

from __future__ import annotations

import json
import re
import stat
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
MOST_UNPACKED = 200 * MIB  # bytes of all files inside an Office document
MOST_RATIO = 100  # unpacked to packed; honest documents stay below 30
MOST_ENTRIES = 2_000
SMALL_ENTRY = 1 * MIB  # below this a high ratio is harmless (a sheet of equal cells)
MOST_PAGES = 500
MOST_TEXT = 10 * MIB  # characters of one document
LONGEST_PART = 6_000  # characters; longer sections are printed in several parts
SECONDS = 12.0  # after this the rest is left out
ROWS_AT_ONCE = 100

Part = tuple[str, str, str]  # anchor, label, text


def say(fields: Mapping[str, object]) -> None:
    """Print one line for the parent; ASCII only, so that half characters do no harm."""
    sys.stdout.write(json.dumps(fields) + "\n")


class Failed(Exception):
    """The document cannot be read; the text is the name of the reason."""


class Enough(Exception):
    """The limit of text, pages or time is reached: what was read is kept."""


class Budget:
    """How much may still be read."""

    def __init__(self) -> None:
        self.ends = time.perf_counter() + SECONDS
        self.left = MOST_TEXT

    def spend(self, characters: int = 0) -> None:
        """Count characters; raises Enough when there is no more text or time."""
        self.left -= characters
        if self.left < 0 or time.perf_counter() > self.ends:
            raise Enough


class Printer:
    """Prints parts, and counts those with text."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.printed = 0

    def part(self, anchor: str, label: str, text: str) -> None:
        text = re.sub(r"[ \t]+\n", "\n", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = re.sub(r"\n{3,}", "\n\n", text.replace("\x00", " ")).strip()
        if not text and not label:
            return
        self.budget.spend(len(text))
        for piece in pieces(text):
            line = {"anchor": anchor, "label": " ".join(label.split())[:200], "text": piece}
            say(line)
            self.printed += 1


def pieces(text: str) -> Iterator[str]:
    """A long text in pieces that end with a line or a sentence where possible."""
    while len(text) > LONGEST_PART:
        cut = text.rfind("\n", LONGEST_PART // 2, LONGEST_PART)
        if cut < 0:
            cut = max(text.rfind(sign, LONGEST_PART // 2, LONGEST_PART) for sign in "。.！？!?")
        cut = cut + 1 if cut > 0 else LONGEST_PART
        yield text[:cut].strip()
        text = text[cut:].strip()
    yield text


# Office documents are zip files: first the guard, then the reader.


def check_package(path: Path) -> None:
    """Refuse zip files made to harm; raises Failed. Nothing is unpacked to the disk, ever.

    Python reads at most as much of an entry as its header says, so the sum of the headers is a
    bound that holds.
    """
    try:
        package = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Failed("damaged") from None
    with package:
        entries = package.infolist()
        if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNPACKED:
            raise Failed("bomb")
        for entry in entries:
            check_entry(entry)
        for entry in entries:
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                check_xml(package, entry)


def check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 0x1:
        raise Failed("password")
    if entry.file_size > SMALL_ENTRY and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise Failed("bomb")
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise Failed("unsafe")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Failed("unsafe")


def check_xml(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """No document type and no entities: Office never writes them, attackers do."""
    before = b""
    try:
        with package.open(entry) as part:
            while chunk := part.read(MIB):
                # In UTF-16 every other byte is zero; without them both spellings are one.
                seen = (before + chunk).replace(b"\x00", b"").upper()
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                    raise Failed("unsafe")
                before = chunk[-32:]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        raise Failed("damaged") from None
    except Exception as error:
        if type(error).__module__ in {"zlib", "lzma", "bz2"}:
            raise Failed("damaged") from None
        raise


def read_docx(path: Path, out: Printer) -> int:
    import docx
    from docx.table import Table

    check_package(path)
    document = docx.Document(str(path))
    label, lines, number = "", list[str](), 0

    def finish() -> None:
        nonlocal number
        if label or any(lines):
            number += 1
            out.part(f"h{number}", label, "\n".join(lines))

    for block in document.iter_inner_content():
        out.budget.spend()
        if isinstance(block, Table):
            lines.extend(table_lines(block))
            continue
        text = block.text.strip()
        if text and is_heading(block):
            finish()
            label, lines = text, []
        elif text:
            lines.append(text)
    finish()
    return number


def is_heading(paragraph: Any) -> bool:
    name = str(paragraph.style.name or "").lower() if paragraph.style is not None else ""
    return name.startswith(("heading", "title", "标题", "標題"))


def table_lines(table: Any) -> Iterator[str]:
    for row in table.rows:
        seen: set[int] = set()
        cells = []
        for cell in row.cells:
            # A merged cell comes once for each place that it covers.
            place = id(cell._tc)  # noqa: SLF001 - nothing public tells that two cells are one
            if place not in seen:
                seen.add(place)
                cells.append(" ".join(cell.text.split()))
        if any(cells):
            yield " | ".join(cells)


def read_pptx(path: Path, out: Printer) -> int:
    import pptx

    check_package(path)
    deck = pptx.Presentation(str(path))
    number = 0
    for number, slide in enumerate(deck.slides, 1):
        if number > MOST_PAGES:
            raise Enough
        out.budget.spend()
        title = slide.shapes.title
        heading = title.text_frame.text if title is not None and title.has_text_frame else ""
        lines = [line for shape in slide.shapes for line in shape_lines(shape, title)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.append(slide.notes_slide.notes_text_frame.text)
        out.part(f"s{number}", heading, "\n".join(line for line in lines if line.strip()))
    return number


def shape_lines(shape: Any, title: Any, depth: int = 0) -> Iterator[str]:
    if title is not None and shape.shape_id == title.shape_id:
        return
    if getattr(shape, "has_text_frame", False) and shape.has_text_frame:
        yield shape.text_frame.text
    if getattr(shape, "has_table", False) and shape.has_table:
        for row in shape.table.rows:
            yield " | ".join(cell.text for cell in row.cells)
    if hasattr(shape, "shapes") and depth < 5:
        for inner in shape.shapes:
            yield from shape_lines(inner, title, depth + 1)


def read_xlsx(path: Path, out: Printer) -> int:
    import openpyxl

    check_package(path)
    book = openpyxl.load_workbook(str(path), read_only=True, data_only=True, keep_links=False)
    number = 0
    for number, sheet in enumerate(book.worksheets, 1):
        sheet.reset_dimensions()
        lines: list[str] = []
        for row in sheet.iter_rows(values_only=True):
            out.budget.spend()
            cells = [str(value).strip() for value in row if value is not None]
            if any(cells):
                lines.append(" | ".join(cells))
            if len(lines) == ROWS_AT_ONCE:
                out.part(f"x{number}", sheet.title, "\n".join(lines))
                lines = []
        if lines:
            out.part(f"x{number}", sheet.title, "\n".join(lines))
    return number


def read_pdf(path: Path, out: Printer) -> int:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(str(path))
    except pypdfium2.PdfiumError as error:
        raise Failed("password" if "password" in str(error).lower() else "damaged") from None
    count = len(document)
    for number in range(1, count + 1):
        if number > MOST_PAGES:
            raise Enough(count)
        out.budget.spend()
        try:
            page = document[number - 1]
            text_page = page.get_textpage()
            text = text_page.get_text_bounded()
            text_page.close()
            page.close()
        except pypdfium2.PdfiumError:
            continue  # one broken page does not make the others unreadable
        out.part(f"p{number}", "", text)
    if count and not out.printed:
        raise Failed("no_text")
    return count


# Plain text


def decoded(data: bytes) -> str:
    """Text of bytes in UTF-8, UTF-16, GB 18030 or Big5."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(
        data[: 256 * 1024], cp_isolation=["gb18030", "big5", "utf_16_le", "utf_16_be", "cp1252"]
    ).best()
    return data.decode(best.encoding if best else "gb18030", "replace")


def read_text(path: Path, out: Printer) -> int:
    text = decoded(path.read_bytes()[: 4 * MOST_TEXT])
    for number, piece in enumerate(pieces(text.strip()), 1):
        out.part(f"a{number}", "", piece)
    return 1


HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")


def read_markdown(path: Path, out: Printer) -> int:
    label, lines, number, fenced = "", list[str](), 0, False
    for line in decoded(path.read_bytes()[: 4 * MOST_TEXT]).splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        found = None if fenced else HEADING.match(line)
        if found is None:
            lines.append(line)
            continue
        if label or any(text.strip() for text in lines):
            number += 1
            out.part(f"h{number}", label, "\n".join(lines))
        label, lines = found.group(2), []
    out.part(f"h{number + 1}", label, "\n".join(lines))
    return 1


READERS: dict[str, Callable[[Path, Printer], int]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "txt": read_text,
    "md": read_markdown,
}


def main(arguments: Iterable[str]) -> int:
    name, kind = arguments
    out = Printer(Budget())
    try:
        pages = READERS[kind](Path(name), out)
    except Enough as enough:
        pages = enough.args[0] if enough.args else 0
        say({"pages": pages, "truncated": True})
    except Failed as failed:
        say({"failed": str(failed)})
    except MemoryError:
        say({"failed": "too_large"})
    else:
        say({"pages": pages, "truncated": False} if out.printed else {"failed": "no_text"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
