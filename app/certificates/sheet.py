"""The printed certificate: one A4 page by fpdf2, with its fonts embedded and a QR code."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import segno
from PIL import Image, ImageOps, UnidentifiedImageError

from app.certificates.rules import LARGEST_PICTURE, BadPicture
from app.core import letters

if TYPE_CHECKING:
    # It brings cryptography along for signatures that we do not make: loaded when a sheet is drawn.
    from fpdf import FPDF
    from fpdf.enums import WrapMode

WIDTH, HEIGHT = 297.0, 210.0  # mm, A4 on its side
EDGE = 10.0
PICTURE_SIDE = 600  # pixels that a picture keeps at most
MOST_PIXELS = 40_000_000
_one_at_a_time = threading.Lock()  # PDFium is not safe for threads


@dataclass(frozen=True)
class Sheet:
    """Everything that stands on it; all texts are final. `picture` is a PNG."""

    title: str
    text: str
    signature: str
    day: str  # below the signature
    foot: str  # beside the QR code: number, and where it can be checked
    url: str  # in the QR code
    colour: str
    language: str
    picture: bytes | None = None


def pdf(sheet: Sheet) -> bytes:
    """The certificate as a PDF of one page."""
    from fpdf import FPDF
    from fpdf.enums import Align

    page = FPDF(orientation="landscape", unit="mm", format="A4")
    page.set_auto_page_break(auto=False)
    page.set_title(sheet.title)
    page.set_subject(sheet.text)
    page.set_lang(sheet.language.replace("_", "-"))
    page.add_page()
    red, green, blue = (int(sheet.colour[at : at + 2], 16) for at in (1, 3, 5))
    page.set_draw_color(red, green, blue)
    for inset, width in ((EDGE, 1.2), (EDGE + 2.5, 0.3)):
        page.set_line_width(width)
        page.rect(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset)
    top = 24.0
    if sheet.picture:
        page.image(io.BytesIO(sheet.picture), x=Align.C, y=top - 6, h=22, keep_aspect_ratio=True)
        top += 20
    page.set_text_color(red, green, blue)
    _title(page, sheet.title, top)
    page.set_text_color(35, 31, 32)
    _block(page, sheet.text, top + 24, HEIGHT - 62)
    _signature(page, sheet)
    _proof(page, sheet)
    return bytes(page.output())


def png(document: bytes, *, width: int = 900) -> bytes:
    """The first page of a PDF as a picture."""
    import pypdfium2  # its library takes 4 MB

    with _one_at_a_time:
        opened = pypdfium2.PdfDocument(document)
        try:
            page = opened[0]
            picture = page.render(scale=width / page.get_width()).to_pil()
        finally:
            opened.close()
    target = io.BytesIO()
    picture.quantize(64).save(target, "PNG", optimize=True)
    return target.getvalue()


def picture_of(content: bytes) -> bytes:
    """An uploaded picture made anew as a small PNG. Raises BadPicture."""
    if not content or len(content) > LARGEST_PICTURE:
        raise BadPicture
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as found:
            if found.width * found.height > MOST_PIXELS:
                raise BadPicture
            upright = ImageOps.exif_transpose(found).convert("RGBA")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise BadPicture from None
    upright.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    target = io.BytesIO()
    upright.save(target, "PNG", optimize=True)
    return target.getvalue()


def _fit(page: FPDF, text: str, size: float, least: float, width: float) -> float:
    """The largest size from `size` down at which every line of a text fits in a width."""
    lines = text.splitlines() or [""]
    letters.prepare(page, text)
    while size > least:
        page.set_font(letters.OURS, size=size)
        if all(page.get_string_width(line) <= width for line in lines):
            break
        size -= 1
    return size


def _title(page: FPDF, text: str, y: float) -> None:
    text = letters.known(text)
    size = _fit(page, text, 40, 18, WIDTH - 60)
    page.set_xy(30, y)
    _write(page, text, size, width=WIDTH - 60, line=size * 0.5)


def _block(page: FPDF, text: str, top: float, bottom: float) -> None:
    """The text, centred in its room, smaller when there is much of it."""
    text, width = letters.known(text), WIDTH - 70
    letters.prepare(page, text)
    for size in (24, 22, 20, 18, 16, 14, 12, 10, 8):
        page.set_font(letters.OURS, size=size)
        line = size * 0.62
        measured = page.multi_cell(
            *(width, line, text),
            align="C",
            dry_run=True,
            output="HEIGHT",
            wrapmode=_wrap(text),
        )
        height = cast("float", measured)
        if height <= bottom - top:
            break
    room = bottom - top - height
    page.set_xy(35, top + max(0, room) / 2)
    _write(page, text, size, width=width, line=line)


def _write(
    page: FPDF, text: str, size: float, *, width: float, line: float, align: str = "C"
) -> None:
    """Lines of a text, one below the other.

    One by one, since fpdf2 forgets which font holds when a line has used another one.
    """
    letters.prepare(page, text)
    page.set_font(letters.OURS, size=size)
    x = page.get_x()
    found = page.multi_cell(
        *(width, line, text),
        align=align,
        wrapmode=_wrap(text),
        dry_run=True,
        output="LINES",
    )
    for each in cast("list[str]", found):
        page.set_x(x)
        page.set_font(letters.OURS, size=size + 1)
        page.set_font(letters.OURS, size=size)
        with letters.said(page, each):
            page.cell(width, line, each, align=align)
        page.ln(line)


def _wrap(text: str) -> WrapMode:
    """Chinese has no spaces to break lines at."""
    from fpdf.enums import WrapMode

    return WrapMode.CHAR if any("\u2e80" <= c <= "\u9fff" for c in text) else WrapMode.WORD


def _signature(page: FPDF, sheet: Sheet) -> None:
    x, width = WIDTH - 125, 95
    y = HEIGHT - 52
    for text, most in ((sheet.signature, 15.0), (sheet.day, 12.0)):
        if not text:
            continue
        plain = letters.known(text)
        size = _fit(page, plain, most, 8, width)
        page.set_xy(x, y)
        _write(page, plain, size, width=width, line=size * 0.55)
        y = page.get_y() + 2


def _proof(page: FPDF, sheet: Sheet) -> None:
    side, x, y = 26.0, 22.0, HEIGHT - 50
    code = io.BytesIO()
    segno.make(sheet.url, error="m", micro=False).save(code, kind="png", scale=8, border=2)
    code.seek(0)
    page.image(code, x=x, y=y, w=side, h=side, alt_text=sheet.url)
    page.set_text_color(90, 84, 80)
    page.set_xy(x + side + 3, y + 6)
    _write(page, letters.known(sheet.foot), 9, width=95, line=5, align="L")
    page.link(x, y, side, side, sheet.url)
