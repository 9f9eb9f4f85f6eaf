"""Pictures of pages: the cover of a document, and pages for a program that recognises text."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .markup import cover_name
from .printing import Failed, say

COVER_WIDTH = 320  # pixels
LARGEST_COVER = 45_000  # bytes; the parent reads lines of 64 KiB
LARGEST_STORED = 20 * 1024 * 1024  # bytes of a picture inside a document
MOST_PIXELS = 80_000_000  # of a picture as it is stored
PLAIN = 12  # of 256: pictures whose lightest and darkest are nearer than this are of one colour
PICTURES = ("JPEG", "PNG", "GIF", "WEBP")
# Where Office programs put a small picture of the first page, when they do.
THUMBNAILS = ("docProps/thumbnail.jpeg", "docProps/thumbnail.png", "Thumbnails/thumbnail.png")


def cover_of(path: Path, kind: str) -> bytes | None:
    """The first page as a small JPEG: drawn for a PDF, of a book the picture that it names, of
    Office files what their program left. None when there is none or it would be large."""
    if kind == "pdf":
        return drawn_first_page(path)
    with zipfile.ZipFile(path) as package:
        names = (cover_name(package),) if kind == "epub" else THUMBNAILS
        name = next((name for name in names if name in package.NameToInfo), None)
        if name is None or package.getinfo(name).file_size > LARGEST_STORED:
            return None
        stored = package.read(name)
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses from twice as many on
    with Image.open(io.BytesIO(stored), formats=PICTURES) as picture:
        picture.draft("RGB", (COVER_WIDTH, COVER_WIDTH))
        flat = picture.convert("RGB")
    flat.thumbnail((COVER_WIDTH, 3 * COVER_WIDTH))
    lightness = flat.convert("L").tobytes()
    if max(lightness) - min(lightness) < PLAIN:
        return None  # an empty sheet says nothing
    return small_jpeg(flat)


def drawn_first_page(path: Path) -> bytes | None:
    import pypdfium2

    document = pypdfium2.PdfDocument(str(path))
    page = document[0]
    width, height = page.get_size()
    if not (0 < width <= 20_000 and 0 < height <= 3 * width):
        return None
    return small_jpeg(page.render(scale=COVER_WIDTH / width).to_pil().convert("RGB"))


def small_jpeg(picture: Any) -> bytes | None:
    for quality in (80, 60, 40):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= LARGEST_COVER:
            return out.getvalue()
    return None


MOST_DRAWN = 60  # pages; recognising takes seconds for each
DRAWN_SCALE = 200 / 72  # 200 dots per inch
LONGEST_SIDE = 4_000  # pixels


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
