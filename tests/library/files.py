"""Documents of every kind, good and bad, made on the spot."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable

import docx
import openpyxl
import pptx


def pdf(*pages: str, encrypted: bool = False) -> bytes:
    """A small PDF whose pages say what is given (Latin letters only); "" is an empty page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for text in pages:
        shown = text.replace("\\", "").replace("(", "").replace(")", "")
        stream = f"BT /F1 18 Tf 72 700 Td ({shown}) Tj ET".encode("latin-1") if text else b""
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> "
            b">> >>" % (len(objects) + 2)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), listed)
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    lock = (
        b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]"
        % (b"41" * 32, b"42" * 32)
        if encrypted
        else b""
    )
    out += b"trailer << /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, lock)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def word(*blocks: str) -> bytes:
    """A Word document; blocks that begin with # are headings, with | rows of a table."""
    document = docx.Document()
    for block in blocks:
        if block.startswith("#"):
            document.add_heading(block.lstrip("# "), level=1)
        elif block.startswith("|"):
            cells = [cell.strip() for cell in block.strip("|").split("|")]
            table = document.add_table(rows=1, cols=len(cells))
            for cell, text in zip(table.rows[0].cells, cells, strict=True):
                cell.text = text
        else:
            document.add_paragraph(block)
    return saved(document)


def slides(*titles_and_notes: tuple[str, str, str]) -> bytes:
    """A presentation: (title, text, notes) of each slide."""
    deck = pptx.Presentation()
    for title, text, notes in titles_and_notes:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
        slide.notes_slide.notes_text_frame.text = notes
    return saved(deck)


def sheets(**rows: Iterable[Iterable[object]]) -> bytes:
    """A workbook: its sheets by name."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in rows.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(list(line))
    return saved(book)


def saved(thing: object) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)
    return buffer.getvalue()


def repacked(data: bytes, changes: dict[str, bytes], **more: bytes) -> bytes:
    """A zip file with some of its parts replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as before,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for entry in before.infolist():
            after.writestr(entry.filename, changes.pop(entry.filename, before.read(entry)))
        for name, content in {**changes, **more}.items():
            after.writestr(name, content)
    return buffer.getvalue()


def entry_of(data: bytes, name: str) -> bytes:
    """One part of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return package.read(name)


def bomb() -> bytes:
    """A Word document of some hundred kilobytes that unpacks to 150 MB."""
    paragraph = b"<w:p><w:r><w:t>" + b"A" * 1000 + b"</w:t></w:r></w:p>"
    head = (
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        b"<w:body>"
    )
    body = head + paragraph * (150_000_000 // len(paragraph)) + b"</w:body></w:document>"
    return repacked(word("x"), {"word/document.xml": body})


def opendocument(kind: str, body: str) -> bytes:
    """An OpenDocument file: `kind` is text, presentation or spreadsheet."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for name, long in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("draw", "drawing"),
        )
    )
    return packed(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"<office:document-content {spaces}><office:body>"
            f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
        }
    )


def epub(*chapters: str) -> bytes:
    """A book; each chapter is the body of a page."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    pages = {
        f"OEBPS/c{n}.xhtml": f"<!DOCTYPE html><html><head><title>x</title></head>{text}</html>"
        for n, text in enumerate(chapters)
    }
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:c"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}'
            f"</manifest><spine>{refs}</spine></package>",
            **pages,
        }
    )


def packed(entries: dict[str, str | bytes]) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return buffer.getvalue()


def old_office(*names: str) -> bytes:
    """A container as old Office programs write it, with empty streams of these names: a head, one
    sector that says which sector is next, and the list of entries."""
    entries = [("Root Entry", 5, 0xFFFFFFFF, 1), *((name, 2, 0, 0xFFFFFFFF) for name in names)]
    listed = b""
    for number, (name, kind, right, child) in enumerate(entries):
        beside = number + 1 if right == 0 and number + 1 < len(entries) else 0xFFFFFFFF
        label = name.encode("utf-16-le")
        listed += label.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(label) + 2, kind, 1, 0xFFFFFFFF, beside, child
        )
        listed += bytes(48)
    sectors = -(-len(listed) // 512)
    following = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<5H6x3I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1)
    head += struct.pack("<6I", 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    table = struct.pack(f"<{len(following)}I", *following).ljust(512, b"\xff")
    return head + table + listed.ljust(512 * sectors, b"\0")
