"""Broken documents harm only themselves: each gets its text, or a reason; see bench/broken.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.core.refusals import Refusal
from app.library import child
from app.library.sniff import kind_of
from tests.library import broken

FOLDERS = [f for f in os.environ.get("WEIKE_BROKEN_FILES", "").split(":") if f]


def said(path: Path) -> str:
    """What is said of a file: the reason why it is refused or not read, or that it was read."""
    try:
        kind = kind_of(path, path.name)
    except Refusal as refusal:
        return str(refusal)
    text = child.read(path, kind, keep_going=lambda: True)
    assert text.reason is not None or text.parts
    return "read" if text.reason is None else text.reason.value


@pytest.mark.parametrize("seed", [1, 2])
def test_random_harm_is_met_with_a_text_or_a_reason(tmp_path: Path, seed: int) -> None:
    for name, data in broken.series(1, seed):
        path = tmp_path / name
        path.write_bytes(data)
        assert said(path), name


def test_good_documents_are_read(tmp_path: Path) -> None:
    for ending, data in broken.whole().items():
        path = tmp_path / f"good.{ending}"
        path.write_bytes(data)
        if ending != "png":  # an empty picture
            assert said(path) == "read", ending


@pytest.mark.skipif(not FOLDERS, reason="WEIKE_BROKEN_FILES names no folder of broken documents")
@pytest.mark.parametrize("folder", FOLDERS)
def test_corpora_of_others_are_met_with_a_text_or_a_reason(folder: str) -> None:
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            assert said(path), path
