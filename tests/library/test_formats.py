"""More kinds of documents: OpenDocument, books, pages of the web, rich text, old Office."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.library import sniff
from app.library.child import PROGRAM
from app.library.extract import reading
from app.library.rules import HasMacros, Kind, NotADocument
from tests.library import files
from tests.library.conftest import Librarian

ODT = files.opendocument(
    "text",
    "<text:h>总则</text:h><text:p>为了规范<text:s/>学习。</text:p>"
    "<text:h>积分办法</text:h><text:p>每日上限三十分。</text:p>",
)
ODP = files.opendocument(
    "presentation",
    "<draw:page><text:p>First slide</text:p><text:p>hydrants</text:p></draw:page>"
    "<draw:page><text:p>Second slide</text:p><text:p>ladders</text:p></draw:page>",
)
ODS = files.opendocument(
    "spreadsheet",
    '<table:table table:name="Tools"><table:table-row><table:table-cell><text:p>axe</text:p>'
    "</table:table-cell><table:table-cell><text:p>12</text:p></table:table-cell>"
    "</table:table-row></table:table>",
)
BOOK = files.epub(
    "<h1>Chapter one</h1><p>of hydrants</p>", "<h1>Chapter two</h1><p>of <b>lad</b>ders</p>"
)
PAGE = (
    "<!doctype html><html><head><title>t</title><style>p{}</style></head><body><p>Intro</p>"
    "<h2>Lad&shy;ders</h2><p>use of ladders</p><script>alert('ladders')</script><td>a<td>b</body>"
)
RTF = (
    rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0 Hidden;}}{\*\generator Word}\uc1 "
    rb"\'ce\'a2\'bf\'ce\par Ladders \u24494?\u35838? and \{braces\}\par}"
)


RULES = [("h1", "总则", "为了规范学习。"), ("h2", "积分办法", "每日上限三十分。")]
SLIDES = [("s1", "First slide", "hydrants"), ("s2", "Second slide", "ladders")]
CHAPTERS = [("h1", "Chapter one", "of hydrants"), ("h2", "Chapter two", "of ladders")]
SECTIONS = [("h1", "", "Intro"), ("h2", "Lad\u00adders", "use of ladders\na | b")]


@pytest.mark.parametrize(
    ("data", "name", "kind", "parts"),
    [
        (ODT, "a.odt", Kind.ODT, RULES),
        (ODP, "a.odp", Kind.ODP, SLIDES),
        (ODS, "a.ods", Kind.ODS, [("x1", "Tools", "axe | 12")]),
        (BOOK, "a.epub", Kind.EPUB, CHAPTERS),
        (PAGE.encode(), "a.html", Kind.HTML, SECTIONS),
        (RTF, "a.rtf", Kind.RTF, [("a1", "", "微课\nLadders 微课 and {braces}")]),
    ],
    ids=["odt", "odp", "ods", "epub", "html", "rtf"],
)
def test_each_kind_is_known_and_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    name: str,
    kind: Kind,
    parts: list[tuple[str, str, str]],
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert sniff.kind_of(path, name) is kind
    reading.main([str(path), kind.value, "text"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["anchor"], line["label"], line["text"]) for line in lines[:-1]] == parts
    assert "pages" in lines[-1]


@pytest.mark.parametrize(
    "data",
    [
        files.opendocument("text", "<!DOCTYPE x [<!ENTITY a 'b'>]><text:p>&a;</text:p>"),
        files.packed({"mimetype": "application/epub+zip"}),
        b"{\\rtf1" + b"{" * 50_000,
        b"<html>" + b"<div>" * 50_000,
    ],
)
def test_hostile_files_of_these_kinds_harm_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    kind = sniff.kind_of(path, "a.html")
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, str(path), kind.value, "text"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"failed"' in done.stdout


def test_macros_and_pages_in_disguise_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(
        files.packed(
            {"mimetype": "application/vnd.oasis.opendocument.text", "Basic/Standard/x.xml": ""}
        )
    )
    with pytest.raises(HasMacros):
        sniff.kind_of(path, "a.odt")
    xhtml = '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x" "y"><html><body>x</body></html>'
    for page in (PAGE, xhtml, "<!-- x --><h2>Plan</h2>", "<meta charset='utf-8'><p>x"):
        path.write_text(page)
        assert sniff.kind_of(path, "a.html") is Kind.HTML
        if not page.startswith("<!--"):
            with pytest.raises(NotADocument):
                sniff.kind_of(path, "a.txt")
    for other in ('<?xml version="1.0"?><svg onload="x"/>', "<script>x</script>"):
        path.write_text(other)
        with pytest.raises(NotADocument):
            sniff.kind_of(path, "a.html")


def test_a_page_is_read_as_text_and_sent_as_a_plain_file(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(PAGE.encode(), "Rules.html")
    text = member.get(address).get_data(as_text=True)
    assert "use of ladders" in text
    assert "alert(" not in text
    sent = member.get(f"{address}/download", buffered=True)
    assert sent.mimetype == "application/octet-stream"
    assert sent.headers["Content-Disposition"].startswith("attachment")


def test_a_pdf_has_a_picture_of_its_first_page(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    picture = member.get(f"{address}/cover", buffered=True)
    assert picture.status_code == 200
    assert picture.data.startswith(b"\xff\xd8\xff")
    assert f'src="{address}/cover"' in member.get("/library").get_data(as_text=True)
    text = librarian.upload(b"words", "a.txt")
    assert member.get(f"{text}/cover").status_code == 404


def test_books_and_slides_have_the_picture_that_they_bring(
    librarian: Librarian, member: FlaskClient
) -> None:
    buffer = io.BytesIO()
    front = Image.new("RGB", (900, 1200), "red")
    front.paste("white", (100, 100, 800, 300))
    front.save(buffer, "PNG")
    picture = buffer.getvalue()
    book = files.repacked(
        BOOK,
        {
            "OEBPS/book.opf": files.entry_of(BOOK, "OEBPS/book.opf").replace(
                b"<manifest>",
                b'<manifest><item id="p" href="front%20page.png" properties="cover-image" '
                b'media-type="image/png"/>',
            )
        },
        **{"OEBPS/front page.png": picture},
    )
    deck = files.repacked(files.slides(("Ladders", "up", "")), {"docProps/thumbnail.jpeg": picture})
    broken = files.repacked(
        files.slides(("Ropes", "down", "")), {"docProps/thumbnail.jpeg": b"no picture"}
    )
    empty = files.slides(("Empty sheet", "", ""))
    cases = {
        "a.epub": (book, 200),
        "b.pptx": (deck, 200),
        "c.pptx": (broken, 404),
        "d.pptx": (empty, 404),
        "e.epub": (BOOK, 404),
    }
    for name, (data, status) in cases.items():
        address = librarian.upload(data, name)
        sent = member.get(f"{address}/cover", buffered=True)
        assert sent.status_code == status, name
        if status == 200:
            with Image.open(io.BytesIO(sent.get_data())) as shown:
                assert shown.format == "JPEG"
                assert shown.width <= 320
        assert "Text searchable" in member.get(address).get_data(as_text=True), name


def test_a_long_book_has_its_contents(librarian: Librarian, member: FlaskClient) -> None:
    body = "".join(f"<h2>Chapter {n}</h2><ul><li>point {n}</li></ul>" for n in range(1, 15))
    address = librarian.upload(files.epub(f"<body>{body}</body>"), "a.epub")
    text = member.get(address).get_data(as_text=True)
    assert f'href="{address}?page=2#h14">Chapter 14</a>' in text
    assert "<ul><li>point 3</li></ul>" in text


def test_old_office_files_are_converted_when_there_is_a_program_for_it(
    librarian: Librarian, member: FlaskClient, tmp_path: Path
) -> None:
    """A program that answers as LibreOffice does; the real one is in test_libreoffice.py."""
    old = files.old_office("1Table", "WordDocument")
    assert "old Office" in librarian.send(old, "a.doc").get_data(as_text=True)
    new = tmp_path / "new.docx"
    new.write_bytes(files.word("# Ladders", "how to carry them"))
    program = tmp_path / "soffice"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncp "{new}" "$7/$(basename "$last" .doc).docx"\n'
    )
    program.chmod(0o755)
    librarian.use(libreoffice=str(program))
    address = librarian.upload(old, "a.doc")
    assert "how to carry them" in member.get(address).get_data(as_text=True)


def test_office_files_have_the_cover_that_libreoffice_draws_or_one_of_ours(
    librarian: Librarian, member: FlaskClient, tmp_path: Path
) -> None:
    """A program that answers as LibreOffice does stands in for it, as above."""
    plain = librarian.upload(files.word("Ladders and steps"), "《Ladders》.docx")
    page = member.get(plain).get_data(as_text=True)
    assert 'class="plain-cover-title">《Ladders》<' in page
    assert f'src="{plain}/cover"' not in page
    assert '<span class="plain-cover-title">L</span>' in member.get("/library").get_data(True)
    assert member.get(f"{plain}/cover").status_code == 404
    first = tmp_path / "first.pdf"
    first.write_bytes(files.pdf("Ladders"))
    program = tmp_path / "soffice"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncp "{first}" "$7/$(basename "$last" .docx).pdf"\n'
    )
    program.chmod(0o755)
    librarian.use(libreoffice=str(program))
    drawn = librarian.upload(files.word("Ladders and hooks"), "b.docx")
    assert f'src="{drawn}/cover"' in member.get(drawn).get_data(as_text=True)
    assert member.get(f"{drawn}/cover", buffered=True).data.startswith(b"\xff\xd8\xff")
    program.write_text("#!/bin/sh\nexit 1\n")  # it cannot: the text is there all the same
    address = librarian.upload(files.word("Ladders and ropes"), "c.docx")
    page = member.get(address).get_data(as_text=True)
    assert "Ladders and ropes" in page
    assert 'class="plain-cover-title">c<' in page
