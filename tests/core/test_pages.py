"""Static files: kept for ever under their hash, and sent as small as the browser can read."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask import Flask

from config import ROOT

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize(
    ("asked", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_a_style_sheet_comes_compressed_as_asked(
    app: Flask, asked: str, coding: str | None
) -> None:
    url = app.extensions["fingerprints"].url("css/app.css")
    answer = app.test_client().get(url, headers={"Accept-Encoding": asked}, buffered=True)
    assert answer.headers.get("Content-Encoding") == coding
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/css")
    body = UNPACK[coding](answer.data) if coding else answer.data
    assert body == (ROOT / "app/static/css/app.css").read_bytes()


def test_a_wrong_hash_or_a_part_is_never_compressed_for_ever(app: Flask) -> None:
    client = app.test_client()
    br = {"Accept-Encoding": "br"}
    wrong = client.get("/static/css/app.0000000000.css", headers=br, buffered=True)
    assert "immutable" not in wrong.headers.get("Cache-Control", "")
    url = app.extensions["fingerprints"].url("css/app.css")
    part = client.get(url, headers={**br, "Range": "bytes=0-9"}, buffered=True)
    assert part.status_code == 206
    assert len(part.data) == 10
