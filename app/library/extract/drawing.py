"""Pictures of pages: the cover of a document, and pages for a program that recognises text."""

from __future__ import annotations

import io
import sys
import zipfile
from itertools import pairwise
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
    if kind in {"jpg", "png"}:
        flat = upright(path)
        flat.thumbnail((COVER_WIDTH, 3 * COVER_WIDTH))
        return small_jpeg(flat)
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


DRAWN_SCALE = 200 / 72  # 200 dots per inch
LONGEST_SIDE = 4_000  # pixels


def draw_pdf(path: Path, number: int) -> Any:
    """One page, drawn; None when it has no size. How many there are is said before: one that takes
    for ever keeps nobody from the others."""
    import pypdfium2

    document = pypdfium2.PdfDocument(str(path))
    count = len(document)
    say({"pages": count, "truncated": False})
    sys.stdout.flush()
    if not 0 < number <= count:
        return None
    page = document[number - 1]
    longest = max(page.get_size())
    if longest <= 0:
        return None
    scale = min(DRAWN_SCALE, LONGEST_SIDE / longest)
    return page.render(scale=scale, grayscale=True).to_pil()


def upright(path: Path) -> Any:
    """A picture upright, without colour and of bounded size, as tesseract takes it."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses from twice as many on
    try:
        with path.open("rb") as file, Image.open(file, formats=("JPEG", "PNG")) as stored:
            turned = ImageOps.exif_transpose(stored)
            turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            flat = Image.new("RGB", turned.size, "white")
            flat.paste(turned, mask=turned.getchannel("A") if "A" in turned.getbands() else None)
    except Image.DecompressionBombError:
        raise Failed("bomb") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise Failed("damaged") from None
    return flat


def keep_strips(picture: Any, folder: Path, strips: int) -> None:
    """Save a picture in so many strips, cut where it is lightest: not through a line of text."""
    from PIL import Image

    width, height = picture.size
    rows = picture.resize((1, height), Image.Resampling.BOX).tobytes()
    cuts = [0]
    for number in range(1, strips):
        about, reach = number * height // strips, height // strips // 4
        near = range(about - reach, about + reach)
        cuts.append(max(near, key=lambda y: rows[y], default=about))
    for number, (top, bottom) in enumerate(pairwise([*cuts, height])):
        if bottom > top:
            picture.crop((0, top, width, bottom)).save(folder / f"{number}.png")


def draw(path: Path, kind: str, folder: Path, number: int, strips: int) -> None:
    """Draw one page into a folder, for a program that recognises text."""
    try:
        picture = draw_pdf(path, number) if kind == "pdf" else upright(path)
        if picture is not None:
            keep_strips(picture.convert("L"), folder, strips)
    except Failed as failed:
        say({"failed": str(failed)})
    except MemoryError:
        say({"failed": "too_large"})
    else:
        say({"pages": 1} if kind != "pdf" else {})
