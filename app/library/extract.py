"""Read the text of one document and print it as JSON lines: run as a program, on a leash.

    python -I extract.py FILE KIND [FOLDER [PAGE …]]

Each line is a part: {"anchor": "p3", "label": "", "text": "…"}. The last line is either
{"pages": 12, "truncated": false} or {"failed": "<reason>"} with a reason of rules.Reason.
Anchors: p page, s slide, x sheet, h heading, a part of a text without headings. After the last line
a picture of the first page may follow: {"cover": "<JPEG in base 64>"}. With a FOLDER nothing is
read: the pages are drawn into it as pictures, for another program that recognises text. Pages with
pictures and without text beside others with text are named in a line {"bare": [3, 7]}.

The file comes from anybody. This program imports nothing of the site, opens no other file and no
connection, and stops by itself before the leash does.
"""

from __future__ import annotations

import base64
import io
import json
import posixpath
import re
import stat
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
        self.bare: list[int] = []  # pages with pictures and no text

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


def has_picture(page: Any) -> bool:
    """Whether there may be words in a picture on a page without text."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    return any(True for _ in page.get_objects(filter=(FPDF_PAGEOBJ_IMAGE,), max_depth=4))


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
            if not text.strip() and has_picture(page):
                out.bare.append(number)
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


# Pages of the web, and books made of them


class Sections(HTMLParser):
    """Cuts a page into (heading, lines). Nothing is run and nothing is fetched."""

    SILENT = frozenset(["script", "style", "noscript", "template", "svg", "math", "head", "iframe"])
    BLOCKS = frozenset(
        ["p", "div", "li", "tr", "br", "hr", "section", "article", "blockquote", "pre", "table"]
    ) | {"ul", "ol", "dt", "dd", "figcaption", "header", "footer", "aside", "main", "caption"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[tuple[str, list[str]]] = [("", [])]
        self.words: list[str] = []
        self.heading = ""
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.SILENT:
            self.silent.append(tag)
        elif re.fullmatch(r"h[1-6]", tag):
            self.line()
            self.heading = tag
        elif tag in self.BLOCKS:
            self.line()
        elif tag in {"td", "th"}:
            self.words.append(" | " if self.words else "")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in self.SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            while self.silent and self.silent.pop() != tag:
                pass
        elif tag == self.heading:
            self.heading = ""
            label = " ".join("".join(self.words).split())
            self.words = []
            if label:
                self.sections.append((label, []))
        elif tag in self.BLOCKS:
            self.line()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)

    def line(self) -> None:
        text = " ".join("".join(self.words).split())
        self.words = []
        if text:
            self.sections[-1][1].append(text)


def sections_of(page: str) -> list[tuple[str, str]]:
    parser = Sections()
    parser.feed(page)
    parser.close()
    parser.line()
    return [(label, "\n".join(lines)) for label, lines in parser.sections if label or lines]


CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def page_text(data: bytes) -> str:
    """A page in the encoding that it names, or in the one that it seems to have."""
    named = CHARSET.search(data[:4096])
    if named and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = named[1].decode("ascii", "replace").lower()
        try:
            return data.decode({"gb2312": "gb18030", "gbk": "gb18030"}.get(name, name), "replace")
        except LookupError:
            pass
    return decoded(data)


def read_html(path: Path, out: Printer) -> int:
    page = page_text(path.read_bytes()[: 4 * MOST_TEXT])
    for number, (label, text) in enumerate(sections_of(page), 1):
        out.part(f"h{number}", label, text)
    return 1


def entry(package: zipfile.ZipFile, name: str) -> bytes:
    """One file of a package; raises Failed when it is not there or damaged."""
    try:
        return package.read(name)
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        raise Failed("damaged") from None


def xml(data: bytes) -> Any:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        return ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise Failed("unsafe") from None
    except ElementTree.ParseError:
        raise Failed("damaged") from None


def each(element: Any, *names: str) -> Iterator[Any]:
    """What stands inside an element under one of these names, of whatever namespace."""
    for inner in element.iter():
        if isinstance(inner.tag, str) and inner.tag.rpartition("}")[2] in names:
            yield inner


def read_epub(path: Path, out: Printer) -> int:
    check_package(path)
    number = 0
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        if "META-INF/encryption.xml" in names and "META-INF/rights.xml" in names:
            raise Failed("password")
        roots = each(xml(entry(package, "META-INF/container.xml")), "rootfile")
        book = next((root.get("full-path", "") for root in roots), "")
        opf = xml(entry(package, book))
        items = {item.get("id"): item for item in each(opf, "item")}
        for ref in each(opf, "itemref"):
            out.budget.spend()
            item = items.get(ref.get("idref"))
            if item is None or "html" not in item.get("media-type", ""):
                continue
            name = posixpath.normpath(
                posixpath.join(posixpath.dirname(book), unquote(item.get("href", "")))
            )
            if name not in names:
                continue
            for label, text in sections_of(page_text(entry(package, name))):
                number += 1
                out.part(f"h{number}", label, text)
    return 0


# OpenDocument

OFFICE, TABLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table")
)


def read_odf(path: Path, out: Printer) -> Any:
    """The body of an OpenDocument file."""
    check_package(path)
    with zipfile.ZipFile(path) as package:
        if b"manifest:encryption-data" in entry(package, "META-INF/manifest.xml"):
            raise Failed("password")
        body = xml(entry(package, "content.xml")).find(f"{OFFICE}body")
    out.budget.spend()
    if body is None:
        raise Failed("damaged")
    return body


def said(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def read_odt(path: Path, out: Printer) -> int:
    label, lines, number = "", list[str](), 0
    for element in each(read_odf(path, out), "h", "p"):
        text = said(element)
        if element.tag.endswith("}p"):
            lines.extend([text] if text else [])
            continue
        if label or lines:
            number += 1
            out.part(f"h{number}", label, "\n".join(lines))
        label, lines = text, []
    out.part(f"h{number + 1}", label, "\n".join(lines))
    return number + 1


def read_odp(path: Path, out: Printer) -> int:
    number = 0
    for number, page in enumerate(each(read_odf(path, out), "page"), 1):
        if number > MOST_PAGES:
            raise Enough
        lines = [text for line in each(page, "h", "p") if (text := said(line))]
        out.part(f"s{number}", lines[0] if lines else "", "\n".join(lines[1:]))
    return number


def read_ods(path: Path, out: Printer) -> int:
    number = 0
    for number, sheet in enumerate(each(read_odf(path, out), "table"), 1):
        name, lines = sheet.get(f"{TABLE}name", ""), list[str]()
        for row in each(sheet, "table-row"):
            cells = [text for cell in each(row, "table-cell") if (text := said(cell))]
            if cells:
                out.budget.spend()
                lines.append(" | ".join(cells))
            if len(lines) == ROWS_AT_ONCE:
                out.part(f"x{number}", name, "\n".join(lines))
                lines = []
        if lines:
            out.part(f"x{number}", name, "\n".join(lines))
    return number


# Rich text

RTF = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.IGNORECASE,
)
# Groups that hold no text of the document.
UNSAID = frozenset(
    b"fonttbl colortbl stylesheet info pict object themedata datastore listtable listoverridetable "
    b"rsidtbl generator xmlnstbl latentstyles header footer headerl headerr footerl footerr "
    b"fldinst".split()
)
BREAKS = dict.fromkeys((b"par", b"line", b"row", b"sect", b"page"), "\n")
BREAKS |= {b"cell": " | ", b"tab": " "}
CODE_PAGES = {936: "gb18030", 950: "big5", 65001: "utf-8", 932: "cp932", 949: "cp949"}
CODE_PAGES |= {number: f"cp{number}" for number in (1250, 1251, 1252, 1253, 1254, 874)}


class Rich:
    """Takes the signs of a document in RTF one after another and keeps its text."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.held = bytearray()  # bytes of the old character set, which may be halves
        self.codec = "cp1252"
        self.depth = 0
        self.unsaid: int | None = None  # the depth of the outermost group without text
        self.skip, self.skips = 1, list[int]()  # characters that stand in for one of Unicode
        self.after = 0  # of these still to come

    def take(self, match: re.Match[bytes]) -> None:
        word, number, code, sign, brace, plain = match.groups()
        if code or plain:
            self.raw(bytes.fromhex(code.decode()) if code else plain)
            return
        self.flush()
        if brace:
            self.group(brace)
        elif sign == b"*" or (word and word.lower() in UNSAID):
            self.unsaid = self.depth if self.unsaid is None else self.unsaid
        elif word:
            self.word(word, int(number or 0))
        elif sign in {b"\\", b"{", b"}", b"~"} and self.unsaid is None:
            self.text.append(" " if sign == b"~" else sign.decode())

    def raw(self, data: bytes) -> None:
        cut = min(self.after, len(data))
        self.after -= cut
        if self.unsaid is None:
            self.held += data[cut:]

    def flush(self) -> None:
        if self.held:
            self.text.append(self.held.decode(self.codec, "replace"))
            self.held.clear()

    def group(self, brace: bytes) -> None:
        if brace == b"{":
            self.depth += 1
            self.skips.append(self.skip)
            return
        self.depth -= 1
        self.skip = self.skips.pop() if self.skips else 1
        if self.unsaid is not None and self.depth < self.unsaid:
            self.unsaid = None

    def word(self, word: bytes, number: int) -> None:
        if word == b"ansicpg":
            self.codec = CODE_PAGES.get(number, "cp1252")
        elif word == b"uc":
            self.skip = max(0, min(4, number))
        elif self.unsaid is not None:
            return
        elif word == b"u":
            self.text.append(chr(number % 65536))
            self.after = self.skip
        else:
            self.text.append(BREAKS.get(word, ""))


def read_rtf(path: Path, out: Printer) -> int:
    rich = Rich()
    for count, match in enumerate(RTF.finditer(path.read_bytes()[: 4 * MOST_TEXT])):
        if count % 1000 == 0:
            out.budget.spend()
        rich.take(match)
    rich.flush()
    # Characters beyond the first plane come in two halves.
    whole = "".join(rich.text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for number, piece in enumerate(pieces(whole.strip()), 1):
        out.part(f"a{number}", "", piece)
    return 1


COVER_WIDTH = 320  # pixels
LARGEST_COVER = 45_000  # bytes; the parent reads lines of 64 KiB


def cover_of(path: Path) -> bytes | None:
    """The first page of a PDF as a small JPEG; None when it would be large or cannot be drawn."""
    import pypdfium2

    document = pypdfium2.PdfDocument(str(path))
    page = document[0]
    width, height = page.get_size()
    if not (0 < width <= 20_000 and 0 < height <= 3 * width):
        return None
    picture = page.render(scale=COVER_WIDTH / width).to_pil().convert("RGB")
    for quality in (80, 60, 40):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= LARGEST_COVER:
            return out.getvalue()
    return None


MOST_DRAWN = 60  # pages; recognising takes seconds for each
DRAWN_SCALE = 200 / 72  # 200 dots per inch
LONGEST_SIDE = 4_000  # pixels
MOST_PIXELS = 80_000_000  # of a picture as it is stored


def draw_pdf(path: Path, folder: Path, wanted: Sequence[int] = ()) -> tuple[int, bool]:
    """Draw pages, or the wanted ones, as 0001.png and so on; how many there are, and whether some
    were left out."""
    import pypdfium2

    document = pypdfium2.PdfDocument(str(path))
    count = len(document)
    numbers = [n for n in wanted if 0 < n <= count] or range(1, count + 1)
    for number in numbers[:MOST_DRAWN]:
        page = document[number - 1]
        longest = max(page.get_size())
        if longest > 0:
            scale = min(DRAWN_SCALE, LONGEST_SIDE / longest)
            picture = page.render(scale=scale, grayscale=True).to_pil()
            picture.save(folder / f"{number:04}.png")
        page.close()
    return count, len(numbers) > MOST_DRAWN


def draw_picture(path: Path, folder: Path) -> tuple[int, bool]:
    """A picture upright, grey and of bounded size, as tesseract takes it."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses from twice as many on
    try:
        with path.open("rb") as file, Image.open(file, formats=("JPEG", "PNG")) as stored:
            upright = ImageOps.exif_transpose(stored)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright, mask=upright.getchannel("A") if "A" in upright.getbands() else None)
    except Image.DecompressionBombError:
        raise Failed("bomb") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise Failed("damaged") from None
    flat.convert("L").save(folder / "0001.png")
    flat.thumbnail((COVER_WIDTH, 3 * COVER_WIDTH))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=70)
    if out.tell() <= LARGEST_COVER:
        say({"cover": base64.b64encode(out.getvalue()).decode()})
    return 1, False


def draw(path: Path, kind: str, folder: Path, wanted: Sequence[int]) -> None:
    try:
        pages, truncated = (
            draw_pdf(path, folder, wanted) if kind == "pdf" else draw_picture(path, folder)
        )
    except Failed as failed:
        say({"failed": str(failed)})
    except MemoryError:
        say({"failed": "too_large"})
    else:
        say({"pages": pages, "truncated": truncated})


READERS: dict[str, Callable[[Path, Printer], int]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "odt": read_odt,
    "odp": read_odp,
    "ods": read_ods,
    "epub": read_epub,
    "html": read_html,
    "rtf": read_rtf,
    "txt": read_text,
    "md": read_markdown,
}


def main(arguments: Iterable[str]) -> int:
    name, kind, *drawn = arguments
    if drawn:
        folder, *wanted = drawn
        draw(Path(name), kind, Path(folder), [int(number) for number in wanted])
        return 0
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
    if out.bare and out.printed:
        say({"bare": out.bare})
    if kind == "pdf":
        sys.stdout.flush()  # what was read must not be lost when a page is made to draw for ever
        try:
            cover = cover_of(Path(name))
        except Exception:
            cover = None  # a document without a picture of its first page
        if cover:
            say({"cover": base64.b64encode(cover).decode()})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
