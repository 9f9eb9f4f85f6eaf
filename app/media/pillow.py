"""Pillow: reading a picture that somebody sent, writing the ones that we show."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from app.core.i18n import file_size
from app.media.rules import (
    LONGEST_PICTURE_SIDE,
    MOST_PICTURE_PIXELS,
    NotPicture,
    PictureTooLarge,
)

FORMATS = ("JPEG", "PNG", "WEBP")  # no other decoder is ever asked
QUALITY = 82
_SMOOTH = Image.Resampling.LANCZOS


def read(data: bytes, *, limit: int) -> Image.Image:
    """Decode a picture: upright, without metadata, RGB (or RGBA where it is see-through).

    The size is taken from the header before anything is decoded. Raises NotPicture and
    PictureTooLarge.
    """
    too_large = PictureTooLarge(limit=file_size(limit))
    if len(data) > limit:
        raise too_large
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is lower
            picture = Image.open(BytesIO(data), formats=FORMATS)
        width, height = picture.size
        if max(width, height) > LONGEST_PICTURE_SIDE or width * height > MOST_PICTURE_PIXELS:
            raise too_large
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except Image.DecompressionBombError as error:
        raise too_large from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise NotPicture from error


def write(picture: Image.Image, width: int, target: Path) -> None:
    """Write a WebP of this width; the height follows. No metadata of the original is kept."""
    height = max(1, round(picture.height * width / picture.width))
    small = picture if picture.width == width else picture.resize((width, height), _SMOOTH)
    clean = Image.new(small.mode, small.size)
    clean.paste(small)
    target.parent.mkdir(parents=True, exist_ok=True)
    clean.save(target, "WEBP", quality=QUALITY, method=4)


def boxed(picture: Image.Image, width: int, height: int) -> bytes:
    """A WebP that fits into this box; never larger than the picture is."""
    fitting = picture.copy()
    fitting.thumbnail((width, height), _SMOOTH)
    clean = Image.new(fitting.mode, fitting.size)
    clean.paste(fitting)
    target = BytesIO()
    clean.save(target, "WEBP", quality=90, method=4)
    return target.getvalue()


def icon(picture: Image.Image, side: int, *, share: float = 0.7) -> bytes:
    """A square PNG on white; the picture takes `share` of its side, so that no mask cuts it."""
    inner = ImageOps.contain(picture.convert("RGBA"), (int(side * share),) * 2, _SMOOTH)
    ground = Image.new("RGB", (side, side), "white")
    ground.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2), inner)
    target = BytesIO()
    ground.save(target, "PNG", optimize=True)
    return target.getvalue()


def sharpness(frame: Path) -> float:
    """How much there is to see in a frame: the spread of its edges; next to none when it is black.

    Measured at 320 pixels, so that the grain of a dark frame does not win.
    """
    with Image.open(frame, formats=("JPEG",)) as picture:
        picture.draft("L", (320, 320))  # decoded small: a twentieth of the time
        small = picture.convert("L")
        small.thumbnail((320, 320))
        light = ImageStat.Stat(small).mean[0]
        edges = ImageStat.Stat(small.filter(ImageFilter.FIND_EDGES)).stddev[0]
    return edges * (0.1 if light < 20 or light > 245 else 1.0)


def posters(frame: Path, widths: Sequence[int], names: Sequence[str], folder: Path) -> None:
    """Write a frame in these widths under these names."""
    with Image.open(frame, formats=("JPEG",)) as picture:
        plain = picture.convert("RGB")
    for name, width in zip(names, widths, strict=True):
        write(plain, width, folder / name)


def sheet(frames: Path, name: str, folder: Path) -> str:
    """Write a sheet of small frames as <name>-NN.webp; returns the file's name."""
    number = frames.stem.rpartition("-")[2]
    target = folder / f"{name}-{number}.webp"
    with Image.open(frames, formats=("JPEG",)) as picture:
        picture.convert("RGB").save(target, "WEBP", quality=60, method=4)
    return target.name


WAVE_SIZE = (1280, 240)
WAVE_BARS = 160
WAVE_COLOUR = (90, 125, 170, 255)  # seen on light and on dark pages


def waveform(levels: bytes, target: Path) -> None:
    """Draw how loud a recording is all along, on nothing."""
    width, height = WAVE_SIZE
    picture = Image.new("RGBA", WAVE_SIZE, (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    step = width / WAVE_BARS
    for number in range(WAVE_BARS):
        first = number * len(levels) // WAVE_BARS
        part = levels[first : max(first + 1, (number + 1) * len(levels) // WAVE_BARS)]
        loud = max(0.0, (max(part, default=0) - 80) / 110)  # from -60 dB up
        tall = max(4, loud * (height - 8))
        left, top = number * step + step * 0.2, (height - tall) / 2
        pen.rounded_rectangle((left, top, left + step * 0.6, top + tall), 2, fill=WAVE_COLOUR)
    picture.save(target, "WEBP", quality=80, method=4)
