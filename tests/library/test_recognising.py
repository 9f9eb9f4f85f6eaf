"""Text in pictures and in scanned PDFs is recognised by tesseract where it is installed."""

from __future__ import annotations

import io
import re
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFont

from app.core.opencc import in_one_script
from app.library import child
from app.library.rules import Kind, Reason
from tests.library import files
from tests.library.conftest import Librarian

FONTS = Path("/usr/share/fonts")
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed"
)


def picture(*lines: str, form: str = "PNG") -> bytes:
    """Black letters on white, as a scanner gives them."""
    file = next(FONTS.rglob("NotoSansCJK-Regular.ttc"), None)
    font = ImageFont.truetype(str(file), 44) if file else ImageFont.load_default(44)
    page = Image.new("RGB", (1100, 100 + 90 * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((60, 40 + 90 * number), line, fill="black", font=font)
    buffer = io.BytesIO()
    page.save(buffer, form)
    return buffer.getvalue()


def page(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


@needs_tesseract
def test_words_in_a_picture_are_found(librarian: Librarian, member: FlaskClient) -> None:
    data = picture("Hydrant inspection", "every second Monday", form="JPEG")
    address = librarian.upload(data, "Notice board.jpeg")
    text = page(member, address)
    assert "words may be wrong" in text
    assert f'src="{address}/file"' in text
    sent = member.get(f"{address}/file", buffered=True)
    assert sent.mimetype == "image/jpeg"
    assert sent.headers["Content-Security-Policy"].startswith("sandbox")
    assert address in page(member, "/search?q=hydrant")


@needs_tesseract
@pytest.mark.skipif(
    not any(FONTS.rglob("NotoSansCJK-Regular.ttc")), reason="no Chinese font to draw with"
)
def test_a_scanned_pdf_is_read_by_page_in_chinese(
    librarian: Librarian, member: FlaskClient
) -> None:
    data = picture("消防安全管理制度", "定期组织学习", form="PDF")
    address = librarian.upload(data, "扫描件.pdf")
    text = page(member, address)
    assert "Text searchable" in text
    assert "words may be wrong" in text
    assert f"{address}/read?q=" in page(member, "/search?q=消防安全")


def test_what_is_recognised_in_two_scripts_is_kept_in_the_one_of_most() -> None:
    mixed = ["关于节约用水的倡议，请随手关闭水龙头", "發現漏水及時報修"]
    assert in_one_script(mixed) == [mixed[0], "发现漏水及时报修"]
    assert in_one_script(mixed[1:], beside=mixed[0]) == ["发现漏水及时报修"]
    assert in_one_script(["請隨手關閉水龍頭，发现漏水"]) == ["請隨手關閉水龍頭，發現漏水"]
    assert in_one_script(["Hydrants", "登记"]) == ["Hydrants", "登记"]


def scanned_between(*words: str) -> bytes:
    """A PDF whose pages have text, but for a scanned one in the middle and an empty one after."""
    merged = pypdfium2.PdfDocument.new()
    for data in (files.pdf(words[0]), picture(words[1], form="PDF"), files.pdf("", words[2])):
        merged.import_pages(pypdfium2.PdfDocument(data))
    buffer = io.BytesIO()
    merged.save(buffer)
    return buffer.getvalue()


@needs_tesseract
def test_only_the_pages_without_text_are_recognised(
    librarian: Librarian, member: FlaskClient
) -> None:
    data = scanned_between("Printed ladder", "Scanned hydrant", "Printed ending")
    address = librarian.upload(data, "Partly.pdf")
    for words, number in (("ladder", 1), ("scanned hydrant", 2), ("ending", 4)):
        found = page(member, f"/search?q={words}")
        assert re.search(rf'href="{address}/read\?q=[^"]*#p{number}"', found), words
    assert "words may be wrong" in page(member, address)


@needs_tesseract
def test_what_was_read_is_found_before_pages_are_recognised_and_covers_drawn(
    librarian: Librarian, member: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[str, bool]] = []

    def watched(name: str) -> Callable[..., object]:
        real = getattr(child, name)

        def and_look(*args: object, **named: object) -> object:
            found.append((name, "Partly" in page(member, "/search?q=ladder")))
            return real(*args, **named)

        return and_look

    for name in ("recognise", "cover"):
        monkeypatch.setattr(child, name, watched(name))
    data = scanned_between("Printed ladder", "Scanned hydrant", "Printed ending")
    address = librarian.upload(data, "Partly.pdf")
    assert sorted(found) == [("cover", True), ("recognise", True)]
    assert f'src="{address}/cover"' in page(member, address)


def test_a_page_that_is_too_much_at_once_is_read_in_strips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program here hangs at anything that is as tall as a page."""
    program = tmp_path / "slow-ocr"
    program.write_text(
        f"#!{sys.executable}\nimport sys, time\n"
        "if sys.argv[1] == '--list-langs': sys.exit(0)\n"
        "from PIL import Image\n"
        "height = Image.open(sys.argv[1]).height\n"
        "time.sleep(300) if height > 1500 else print('strip', height)\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(child, "OCR", str(program))
    monkeypatch.setattr(child, "OCR_LEASH", replace(child.OCR_LEASH, own=3))
    file = tmp_path / "a.pdf"
    scans = [picture(*["Words"] * 20, form="PDF") for _ in range(2)]
    merged = pypdfium2.PdfDocument.new()
    for data in scans:
        merged.import_pages(pypdfium2.PdfDocument(data))
    merged.save(file)
    merged.close()
    text = child.read(file, Kind.PDF, keep_going=lambda: True)
    assert [part.anchor for part in text.parts] == ["p1", "p2"]
    for part in text.parts:
        heights = [int(line.split()[1]) for line in part.text.splitlines()]
        assert len(heights) == child.STRIPS
        assert max(heights) <= 1500 < sum(heights)


def test_pages_in_pictures_stay_out_where_the_program_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "OCR", "no-such-program")
    file = tmp_path / "a.pdf"
    file.write_bytes(scanned_between("Printed ladder", "Scanned hydrant", "Printed ending"))
    text = child.read(file, Kind.PDF, keep_going=lambda: True)
    assert [part.anchor for part in text.parts] == ["p1", "p4"]
    assert (text.bare, text.is_recognised, text.reason) == ((2,), False, None)


def test_without_the_program_it_is_said_plainly(
    librarian: Librarian, member: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "OCR", "no-such-program")
    for data, name in ((picture("Words"), "a.png"), (picture("Scan", form="PDF"), "b.pdf")):
        address = librarian.upload(data, name)
        text = page(member, address)
        assert "does not recognise text in pictures" in text, name
        assert f'src="{address}/cover"' in text, name
        assert member.get(f"{address}/download", buffered=True).status_code == 200, name
    partly = librarian.upload(scanned_between("Ladder", "Hydrant", "Ending"), "c.pdf")
    assert "1 page is a picture of text that this server could not read" in page(member, partly)
    empty = page(member, librarian.upload(files.pdf("", ""), "d.pdf"))
    assert "none was recognised" in empty
    assert "this server" not in empty


def huge_png() -> bytes:
    """Some hundred bytes that claim to be a picture of 60 000 × 60 000 points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (huge_png(), Reason.BOMB),
        (picture("cut off")[:500], Reason.DAMAGED),
        (b"\xff\xd8\xff" + b"nonsense" * 20, Reason.DAMAGED),
    ],
    ids=["bomb", "cut off", "no picture"],
)
def test_broken_pictures_harm_nobody(tmp_path: Path, data: bytes, reason: Reason) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert child.read(path, Kind.PNG, keep_going=lambda: True).reason is reason
