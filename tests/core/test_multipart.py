"""A form says the same in whatever pieces it arrives."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask
from werkzeug import formparser
from werkzeug.formparser import MultiPartParser
from werkzeug.sansio.multipart import MultipartDecoder

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"
PICTURE = bytes(range(256)) * 3 + b"\r\n--\r\n----WebKitFormBoundary7MA4YW"
WANTED = [("q1", ""), ("q1", "nme2sc"), ("text", "two\r\nlines"), ("empty", ""), ("q2", "-")]


def body(blank: bytes) -> bytes:
    """As browsers write it; `blank` stands between head and boundary where a value is empty."""
    line = b"--" + BOUNDARY
    out = b""
    for name, value in WANTED:
        out += line + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n'
        out += (b"\r\n" + value.encode() if value else blank) + b"\r\n"
    out += line + b'\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n'
    out += b"Content-Type: application/octet-stream\r\n\r\n" + PICTURE + b"\r\n"
    return out + line + b"--\r\n"


def read(blank: bytes, size: int) -> tuple[list[tuple[str, str]], bytes]:
    sent = body(blank)
    parser = MultiPartParser(buffer_size=size)
    form, files = parser.parse(BytesIO(sent), BOUNDARY, len(sent))
    with files["f"].stream as file:
        return list(form.items(multi=True)), file.read()


@pytest.mark.parametrize("blank", [b"\r\n", b""], ids=["browsers", "test clients"])
def test_a_form_says_the_same_in_pieces_of_any_size(app: Flask, blank: bytes) -> None:
    assert app
    for size in range(1, len(body(blank)) + 1):
        form, file = read(blank, size)
        assert sorted(form) == sorted(WANTED), size
        assert file == PICTURE, size


def test_without_it_some_pieces_are_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, Werkzeug reads forms right by itself, and core/multipart.py can go."""
    monkeypatch.setattr(formparser, "MultipartDecoder", MultipartDecoder)
    sizes = range(1, len(body(b"\r\n")) + 1)
    assert [size for size in sizes if read(b"\r\n", size)[1] != PICTURE]
    assert [size for size in sizes if sorted(read(b"", size)[0]) != sorted(WANTED)]
