"""Covers: three kinds of picture come in, one kind goes out."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.core.db import db, unit_of_work
from app.courses.models import Theme
from app.media import queries
from tests.media.conftest import Studio, fetch, token


def send(studio: Studio, data: bytes):
    return studio.client.post(
        "/media/images", data=data, content_type="application/octet-stream", headers=studio.headers
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_as_webp_in_two_widths(studio: Studio, png, kind: str) -> None:
    answer = send(studio, png(1600, 900, kind))
    assert answer.status_code == 200, answer.json
    with studio.app.app_context():
        found = queries.pictures([answer.json["id"], None, 99])[answer.json["id"]]
        assert queries.image_url(answer.json["id"]) == answer.json["url"] == found.large
        assert queries.image_url(None) == ""
        db.session.rollback()
    assert (found.width, found.height) == (1280, 720)
    assert "480w" in found.srcset
    reader = studio.people.client(studio.people.member())
    assert fetch(reader, found.small).status_code == 404  # it is not used yet
    assert fetch(studio.client, found.small).headers["Cache-Control"] == "no-store"
    with studio.app.app_context(), unit_of_work() as session:
        session.add(Theme(slug="safety", title="Safety", cover_image_id=answer.json["id"]))
    for address, size in ((found.small, (480, 270)), (found.large, (1280, 720))):
        file = fetch(reader, address)
        assert file.mimetype == "image/webp"
        assert "immutable" in file.headers["Cache-Control"]
        with Image.open(io.BytesIO(file.data)) as picture:
            assert (picture.format, picture.size) == ("WEBP", size)
        visitor = studio.people.client()
        assert visitor.get(address, headers={"Sec-Fetch-Dest": "image"}).status_code == 401
    assert fetch(reader, found.large.replace("1280", "9999")).status_code == 404
    assert fetch(reader, "/media/images/../1280.webp").status_code == 404
    assert len(studio.files()) == 2


def test_a_small_picture_is_not_enlarged(studio: Studio, png) -> None:
    answer = send(studio, png(200, 100))
    assert answer.json["url"].endswith("/200.webp")
    assert len(studio.files()) == 1


def test_a_photo_is_turned_upright_and_forgets_where_it_was_taken(studio: Studio, png) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "CANARY-PLACE"
    answer = send(studio, png(400, 200, "JPEG", exif=exif))
    (path,) = studio.root.rglob("*.webp")
    with Image.open(path) as picture:
        assert picture.size == (200, 400)
        assert not picture.getexif()
    assert b"CANARY" not in path.read_bytes()
    assert answer.status_code == 200


def test_transparency_stays(studio: Studio) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    send(studio, out.getvalue())
    (path,) = studio.root.rglob("*.webp")
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"


def huge_png(width: int, height: int) -> bytes:
    """A few bytes that claim many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        both = kind + body
        return struct.pack(">I", len(body)) + both + struct.pack(">I", zlib.crc32(both))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def other(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, kind)
    return out.getvalue()


BAD = {
    "a bomb of 400 megapixels": (huge_png(20_000, 20_000), 413),
    "a very long line": (huge_png(30_000, 10), 413),
    "fifty megapixels": (huge_png(7_100, 7_100), 413),
    "GIF": (other("GIF"), 422),
    "TIFF": (other("TIFF"), 422),
    "ICO": (other("ICO"), 422),
    "BMP": (other("BMP"), 422),
    "a GIF of 44 bytes": (b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + bytes(31), 422),
    "PSD": (b"8BPS\x00\x01" + bytes(200), 422),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422),
    "HTML": (b"<!doctype html><script>alert(1)</script>", 422),
    "nothing": (b"", 422),
    "one byte": (b"\x89", 422),
    "a PNG that ends early": (huge_png(100, 100)[:40], 422),
    "a JPEG of its first bytes": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", 422),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_good_picture_is_refused_at_once(studio: Studio, name: str) -> None:
    data, status = BAD[name]
    start = time.process_time()
    answer = send(studio, data)
    assert answer.status_code == status, answer.json
    assert answer.json["error"]
    assert time.process_time() - start < 1
    assert studio.files() == set()


def test_a_picture_has_a_largest_size(studio: Studio, png) -> None:
    limit = studio.app.extensions["weike"].image_limit
    for more in (0, 100_000):  # more than a form around it could make of it, too
        answer = send(studio, png()[:100] + bytes(limit + more))
        assert (answer.status_code, answer.json["reason"]) == (413, "PictureTooLarge")
    assert studio.files() == set()


def test_only_trainers_send_pictures(studio: Studio, png) -> None:
    member = studio.people.client(studio.people.member())
    answer = member.post("/media/images", data=png(), headers=token(member))
    assert answer.status_code == 404
    without = studio.client.post(
        "/media/images", data=png(), headers={"Accept": "application/json"}
    )
    assert without.status_code == 400
    assert studio.files() == set()


def test_a_polyglot_loses_its_second_nature(studio: Studio, png, tmp_path: Path) -> None:
    """A real PNG with a web page behind it: what we keep is only the picture."""
    assert send(studio, png() + b"<script>alert('CANARY')</script>").status_code == 200
    for path in studio.root.rglob("*.webp"):
        assert b"CANARY" not in path.read_bytes()
