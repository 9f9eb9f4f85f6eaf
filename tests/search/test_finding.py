"""What is found, and in which order: Simplified, Traditional and English."""

from __future__ import annotations

from flask import Flask

from app.core.jobs import run_pending
from tests.factories import People
from tests.search.things import put, titles


def test_traditional_and_simplified_find_each_other(app: Flask, people: People) -> None:
    put(app, "traditional", "網路課程的發展", "本文介紹微課程與黨建信息化的結合。")
    put(app, "simplified", "网络课程的发展", "本文介绍微课程与党建信息化的结合。")
    run_pending(app)
    for query in ("微课程", "微課程", "党建信息化", "黨建信息化"):
        assert titles(app, people, query) == {"網路課程的發展", "网络课程的发展"}
