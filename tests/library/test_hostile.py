"""Documents that were made to harm: each is met with a text or a reason, and nobody is called."""

from __future__ import annotations

import io
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.refusals import Refusal
from app.library import child
from app.library.rules import Reason
from app.library.sniff import kind_of
from tests.library import files

RELS = "word/_rels/document.xml.rels"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


def pdf_of(*objects: str, root: int = 1) -> bytes:
    """A PDF of objects as they are written, numbered from 1."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root {root} 0 R >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def stream(text: str, more: str = "") -> str:
    return f"<< /Length {len(text)} {more} >>\nstream\n{text}\nendstream"


CATALOG = "<< /Type /Catalog /Pages 2 0 R >>"
PAGES = "<< /Type /Pages /Count 1 /Kids [3 0 R] >>"


def form(inner: str) -> str:
    resources = f"/Resources << /XObject << /F {inner} >> >>"
    return stream("/F Do /F Do", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {resources}")


PAGE_WITH_FORM = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
    "/Resources << /XObject << /F 4 0 R >> >> >>"
)


def fourteen_bombs_deep() -> bytes:
    """Forms that draw two forms each, forty deep: a million million in all."""
    forms = [form(f"{number + 1} 0 R") for number in range(6, 46)]
    return pdf_of(CATALOG, PAGES, PAGE_WITH_FORM, form("6 0 R"), stream("/F Do"), *forms)


def unpacking_stream() -> bytes:
    """A page whose content is 300 MB of spaces."""
    packed = zlib.compress(b" " * 300_000_000, 9).decode("latin-1")
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    return pdf_of(CATALOG, PAGES, page, stream(packed, "/Filter /FlateDecode"))


def unpacking_objects() -> bytes:
    """The catalogue lies in a stream of objects that unpacks to 200 MB."""
    packed = zlib.compress(b"1 0 " + CATALOG.encode() + b" " * 200_000_000, 9).decode("latin-1")
    whole = pdf_of(
        "null",
        PAGES,
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        stream(packed, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode"),
    )
    data = whole[: whole.rindex(b"xref\n0")]
    places = [data.index(b"%d 0 obj" % number) for number in (2, 3)]
    places += [data.rindex(b"4 0 obj\n<< /Length"), len(data)]
    rows = [(0, 0, 255), (2, 4, 0), *((1, place, 0) for place in places)]
    table = b"".join(struct.pack(">BIB", *row) for row in rows).decode("latin-1")
    listed = stream(table, "/Type /XRef /Size 6 /W [1 4 1] /Root 1 0 R")
    return data + f"5 0 obj\n{listed}\nendobj\nstartxref\n{len(data)}\n%%EOF".encode("latin-1")


def giant_picture() -> str:
    """65 535 by 65 535 points of JBIG2 in one segment of some bytes: 512 MB when unpacked."""
    side = struct.pack(">I", 65_535)
    page = struct.pack(">IBBI", 0, 48, 1, 19) + side + side + bytes(8) + b"\0" + bytes(2)
    region = side + side + bytes(8) + b"\0" + b"\0" + struct.pack("bbbbbbbb", *GENERIC)
    body = page + struct.pack(">IBBI", 1, 38, 1, len(region) + 4) + region + b"\xff\xac\0\0"
    return stream(
        body.decode("latin-1"),
        "/Type /XObject /Subtype /Image /Width 65535 /Height 65535 /ColorSpace /DeviceGray "
        "/BitsPerComponent 1 /Filter /JBIG2Decode",
    )


GENERIC = (3, -1, -3, -1, 2, -2, -2, -2)  # the usual places that a generic region looks at


def xfa() -> bytes:
    """A page that is a form of XML with a script; its template names a file of this machine."""
    template = (
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        '<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template><subform><field>'
        '<value><text>&f;</text></value><event activity="initialize"><script>'
        "while (true) {}</script></event></field></subform></template></xdp:xdp>"
    )
    return pdf_of(
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA 4 0 R >> >>",
        PAGES,
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        stream(template),
    )


def launching() -> bytes:
    """A program inside, and the wish to have it and others run."""
    launch = "<< /S /Launch /F (a.exe) /Win << /F (cmd.exe) /P (/c calc) >> /NewWindow true >>"
    return pdf_of(
        f"<< /Type /Catalog /Pages 2 0 R /OpenAction {launch} "
        "/Names << /EmbeddedFiles << /Names [(a.exe) 5 0 R] >> >> >>",
        PAGES,
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /AA << /O {launch} >> >>",
        stream("MZ" + "\0" * 500, "/Type /EmbeddedFile /Subtype /application#2Fx-msdownload"),
        "<< /Type /Filespec /F (a.exe) /EF << /F 4 0 R >> >>",
    )


PDFS: dict[str, Callable[[], bytes]] = {
    "pages that are their own parents": lambda: pdf_of(
        CATALOG, "<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"
    ),
    "a million pages": lambda: pdf_of(
        CATALOG, "<< /Type /Pages /Count 1000000 /Kids [3 0 R] >>", PAGE_WITH_FORM
    ),
    "a form in itself": lambda: pdf_of(
        CATALOG, PAGES, PAGE_WITH_FORM, form("4 0 R"), stream("/F Do")
    ),
    "forms in forms": fourteen_bombs_deep,
    "a stream that unpacks": unpacking_stream,
    "objects that unpack": unpacking_objects,
    "a page of a million inches": lambda: pdf_of(
        CATALOG, PAGES, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72000000 72000000] >>"
    ),
    "a picture of four thousand million points": lambda: pdf_of(
        CATALOG, PAGES, PAGE_WITH_FORM, giant_picture(), stream("/F Do")
    ),
    "a form of XFA": xfa,
    "a program to be launched": launching,
    "references in a ring": lambda: pdf_of("2 0 R", "1 0 R"),
}


@pytest.mark.parametrize("make", PDFS.values(), ids=PDFS)
def test_hostile_pdfs_are_met_in_time(tmp_path: Path, make: Callable[[], bytes]) -> None:
    """The leash ends after 15 seconds and at 1 GB; whatever is said, it is one of our reasons."""
    path = tmp_path / "a.pdf"
    path.write_bytes(make())
    text = child.read(path, kind_of(path, "a.pdf"), keep_going=lambda: True)
    assert bool(text.parts) == (text.reason is None)
    assert text.reason in {None, *Reason}
    assert not any("root:" in part.text for part in text.parts)
    assert sorted(tmp_path.iterdir()) == [path]  # what is inside stays inside


def called_by_pdf(url: str) -> bytes:
    action = f"<< /S /URI /URI ({url}) >>"
    script = f"<< /S /JavaScript /JS (app.launchURL('{url}'); this.submitForm('{url}');) >>"
    return pdf_of(
        f"<< /Type /Catalog /Pages 2 0 R /OpenAction {script} /AA << /WC {action} >> >>",
        PAGES,
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /AA << /O {action} >> "
        f"/Contents << /F ({url}) /FFilter /FlateDecode >> >>",
    )


def called_by_word(url: str) -> bytes:
    """A template, a picture, a part and an inclusion that lie elsewhere."""
    word = files.word("harmless words")
    linked = "".join(
        f'<Relationship Id="rx{name}" Type="{OFFICE}/{name}" Target="{url}{name}" '
        'TargetMode="External"/>'
        for name in ("attachedTemplate", "image", "aFChunk", "hyperlink", "oleObject")
    )
    rels = files.entry_of(word, RELS).replace(
        b"</Relationships>", f"{linked}</Relationships>".encode()
    )
    calls = (
        f'<w:body><w:altChunk xmlns:r="{OFFICE}" r:id="rxaFChunk"/>'
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}x" parse="text"/>'
    )
    body = files.entry_of(word, "word/document.xml").decode().replace("<w:body>", calls)
    return files.repacked(word, {RELS: rels, "word/document.xml": body.encode()})


def called_by_book(url: str) -> bytes:
    page = f'<body><h1>One</h1><img src="{url}"/><script src="{url}"></script><p>words</p>'
    return files.epub(f'{page}<link rel="stylesheet" href="{url}"/><iframe src="{url}"/></body>')


def called_by_xml(url: str) -> bytes:
    entities = f'<!DOCTYPE d [<!ENTITY % p SYSTEM "{url}"> %p; <!ENTITY x SYSTEM "{url}">]>'
    body = f'<w:document xmlns:w="{WORD}"><w:body>&x;</w:body></w:document>'
    return files.repacked(files.word("x"), {"word/document.xml": (entities + body).encode()})


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (called_by_pdf, "a.pdf", Reason.NO_TEXT),
        (called_by_word, "a.docx", None),
        (called_by_book, "a.epub", None),
        (called_by_xml, "a.docx", Reason.UNSAFE),
    ],
)
def test_no_document_calls_anybody(
    tmp_path: Path,
    canary: socket.socket,
    make: Callable[[str], bytes],
    name: str,
    reason: Reason | None,
) -> None:
    path = tmp_path / name
    path.write_bytes(make(f"http://127.0.0.1:{canary.getsockname()[1]}/"))
    text = child.read(path, kind_of(path, name), keep_going=lambda: True)
    assert text.reason is reason
    assert bool(text.parts) == (reason is None)


def entities(levels: int, times: int) -> bytes:
    """A billion laughs, or one long laugh often (levels = 1)."""
    said = ['<!ENTITY a0 "' + "ha" * 20_000 + '">' if levels == 1 else '<!ENTITY a0 "ha">']
    said += [f'<!ENTITY a{n} "{f"&a{n - 1};" * times}">' for n in range(1, levels)]
    body = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>{f"&a{levels - 1};" * times}'
    text = f"<!DOCTYPE d [{''.join(said)}]>{body}</w:t></w:r></w:p></w:body></w:document>"
    return files.repacked(files.word("x"), {"word/document.xml": text.encode()})


def overlapping() -> bytes:
    """Two thousand names for one packed megabyte, as in zip bombs that overlap."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        with zipfile.ZipFile(io.BytesIO(files.word("x"))) as word:
            for entry in word.infolist():
                package.writestr(entry.filename, word.read(entry))
        package.writestr("word/media/a", bytes(1_000_000))
        first = package.getinfo("word/media/a")
        for number in range(1_900):
            again = zipfile.ZipInfo(f"word/media/{number}")
            again.compress_type, again.CRC = first.compress_type, first.CRC
            again.compress_size, again.file_size = first.compress_size, first.file_size
            again.header_offset = first.header_offset
            package.filelist.append(again)
    return buffer.getvalue()


def lying() -> bytes:
    """The text says that it is ten bytes; it is 150 MB."""
    data = bytearray(files.bomb())
    name = b"word/document.xml"
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(name))
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def crowded() -> bytes:
    buffer = io.BytesIO(files.word("x"))
    with zipfile.ZipFile(buffer, "a") as package:
        for number in range(65_600):
            package.writestr(f"w/{number}", b"")
    return buffer.getvalue()


def nested() -> bytes:
    data = b"x"
    for _ in range(200):
        data = files.packed({"in.zip": data})
    return files.repacked(files.word("harmless words"), {"word/embeddings/a.zip": data})


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (lambda: entities(12, 10), {Reason.UNSAFE}),
        (lambda: entities(1, 5_000), {Reason.UNSAFE}),
        (overlapping, {Reason.BOMB, Reason.DAMAGED}),
        (lying, {Reason.BOMB, Reason.DAMAGED}),
        (crowded, {Reason.BOMB}),
        (nested, {None}),  # what is packed inside is never opened
    ],
    ids=["laughs", "one long laugh", "overlapping", "lying", "crowded", "nested"],
)
def test_hostile_packages_are_refused_unopened(
    tmp_path: Path, make: Callable[[], bytes], reasons: set[Reason | None]
) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(make())
    try:
        kind = kind_of(path, "a.docx")
    except Refusal:
        return
    text = child.read(path, kind, keep_going=lambda: True)
    assert text.reason in reasons
    assert sorted(tmp_path.iterdir()) == [path]  # nothing was unpacked
