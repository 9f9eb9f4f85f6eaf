"""Whatever a text holds: every format gives it back as it was, or says that it does not."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.questions import formats, types
from app.questions.formats import Saying, clips, gift, mathml, moodle
from app.questions.rules import BadQuestion

_DRAWN = BytesIO()
Image.new("RGB", (4, 4)).save(_DRAWN, "WEBP")
PICTURE = f"![x](/media/images/{'c' * 32}/640.webp)"
NASTY = [
    *("$", "$x_1$", "100$ and 5$", "$a_1*b_2$ and $\\frac{a}{b}$", "$$\\frac{a}{b}$$", "$\\{a\\}$"),
    *("a\\(x\\)b", "a\\[x\\]b", "\\\\(x\\\\)", "a\\", "\\n", "\\{"),
    *("{=a~b#c:d}", "~", "=SUM(1)", "@a", "+1", "#", "a:b", "%50%x", "->", "//x", "::t::"),
    *("<b>a</b>", "a<b>c", "&lt;", "&", "&#40;", "]]>", "<!--", "<?xml?>"),
    *("￥ ＡＢ１，（）", "①", "😀👨‍👩‍👧", "שלום עולם", "مرحبا", "a\u00a0b", "𠮷"),
    *("*a* _b_ `c`", "[[x]]", "a|b", "A．x", "答案：A", "1. x", "- x", "ANSWER: A", PICTURE),
]
PIECE = st.sampled_from(NASTY)
TEXT = st.lists(PIECE, min_size=1, max_size=3).map(" ".join)
STEM = st.lists(PIECE, min_size=1, max_size=3).map("\n\n".join)


@pytest.fixture(autouse=True)
def words(app: Flask):
    with app.test_request_context():
        yield


def bodies(stem: str, text: str, other: str) -> dict[str, dict[str, Any]]:
    """A question of each kind with a text wherever one may stand."""
    of: dict[str, dict[str, Any]] = {
        "single": {"options": [{"text": text, "fraction": "1"}, {"text": f"{other} 2"}]},
        "multiple": {
            "options": [
                {"text": text, "fraction": "1"},
                {"text": f"2 {other}", "fraction": "-1"},
            ]
        },
        "truefalse": {"answer": False},
        "short": {"answers": [{"text": text}]},
        "numeric": {"answers": [{"value": "3.50", "tolerance": "0.01"}]},
        "matching": {
            "pairs": [{"left": text, "right": "r"}, {"left": f"2 {other}", "right": f"{text} 2"}],
            "extra": [f"3 {other}"],
        },
        "ordering": {"items": [text, f"2 {other}", "c"]},
        "essay": {"answer": text, "rubric": [{"text": other}]},
        "file": {"answer": text},
    }
    return {kind: {"stem": stem, "explanation": other, **body} for kind, body in of.items()}


def again(one: Saying, name: str) -> tuple[formats.Paper, formats.Written]:
    picture = _DRAWN.getvalue()
    written = formats.write([one], name, lambda _url: picture)
    paper = formats.read(written.data, f"x{formats.FORMATS[name].ENDINGS[0]}", name)
    came = dict.fromkeys(paper.files, f"/media/images/{'c' * 32}/640.webp")
    for item in paper.items:
        item.body = clips.renamed(
            item.body, lambda said: clips.URL.sub(lambda m: came.get(m[0], m[0]), said)
        )
    return paper, written


@settings(suppress_health_check=list(HealthCheck), max_examples=5, deadline=None, derandomize=True)
@given(STEM, TEXT, TEXT)
@pytest.mark.parametrize("name", formats.FORMATS)
def test_a_text_comes_back_or_its_loss_is_told(name: str, stem: str, text: str, other: str) -> None:
    for kind, body in bodies(stem, text, other).items():
        of = types.of(kind)
        try:
            one = Saying(kind, of.plain(of.clean(body)))
        except BadQuestion:
            continue
        paper, written = again(one, name)
        if any(loss.line == 1 or loss.line == 2 for loss in written.losses):
            continue
        assert [(item.kind, item.body) for item in paper.items] == [(kind, one.body)]


@pytest.mark.parametrize("name", ["moodle", "gift", "qti2", "qti3", "yaml"])
@pytest.mark.parametrize("text", NASTY)
def test_these_formats_lose_nothing_of_a_choice(name: str, text: str) -> None:
    body = bodies("Which?", text, text)["single"]
    one = Saying("single", types.of("single").plain(types.of("single").clean(body)))
    paper, written = again(one, name)
    assert [item.body for item in paper.items] == [one.body]
    assert all("address here" in loss.what for loss in written.losses)


@pytest.mark.parametrize("name", ["qti2", "qti3"])
@pytest.mark.parametrize("kind", ["short", "essay"])
def test_a_picture_in_an_answer_keeps_its_address(name: str, kind: str) -> None:
    of = types.of(kind)
    one = Saying(kind, of.plain(of.clean(bodies("What?", PICTURE, "x")[kind])))
    assert PICTURE in str(again(one, name)[0].items[0].body)


# --- formulas in Moodle ---------------------------------------------------------------------------


def as_moodle_shows(markdown: str) -> str:
    """What the Markdown of Moodle leaves of a text without marks: one backslash fewer."""
    return re.sub(r"\\([\\`*_{}\[\]()>#+\-.!])", r"\1", markdown)


@pytest.mark.parametrize(
    ("ours", "moodles"),
    [
        ("$x^2$", r"\(x^2\)"),
        ("so $a_1*b_2$ is", r"so \(a_1*b_2\) is"),
        (r"$\frac{a}{b}$", r"\(\frac{a}{b}\)"),
        (r"$\left[x\right]$", r"\(\left[x\right]\)"),
        (r"$$\begin{matrix}a \\ b\end{matrix}$$", r"$$\begin{matrix}a \\ b\end{matrix}$$"),
        ("100$ and 5$", "100$ and 5$"),
    ],
)
def test_moodle_is_given_formulas_as_its_filters_want_them(ours: str, moodles: str) -> None:
    assert as_moodle_shows(mathml.filtered(ours)) == moodles
    assert mathml.unfiltered(mathml.filtered(ours)) == ours
    of = types.of("single")
    one = Saying("single", of.plain(of.clean(bodies(ours, ours, "x")["single"])))
    assert mathml.filtered(ours) in formats.write([one], "moodle").data.decode()
    for name in ("moodle", "gift"):
        assert again(one, name)[0].items[0].body == one.body


@pytest.mark.parametrize(
    ("markup", "said", "read"),
    [
        ("html", r"<p>\(x\) and \[y\]</p>", "$x$ and $$y$$"),
        ("html", "<p>$$y$$</p>", "$$y$$"),
        ("markdown", r"\\(\frac{a}{b}\\)", r"$\frac{a}{b}$"),
        ("markdown", "$x$", "$x$"),  # as this bank wrote it before
        ("markdown", r"\(x\)", r"\(x\)"),  # Moodle shows brackets here, and so do we
    ],
)
def test_formulas_of_moodle_are_read(markup: str, said: str, read: str) -> None:
    text = said.replace("<", "&lt;")
    quiz = (
        f'<quiz><question type="essay"><questiontext format="{markup}"><text>{text}</text>'
        "</questiontext></question></quiz>"
    )
    assert moodle.read(quiz.encode(), "x.xml").items[0].body["stem"] == read
    typed = re.sub(r"([\\={}~#:])", r"\\\1", said)
    assert gift.read(f"[{markup}]{typed} {{}}".encode(), "x").items[0].body["stem"] == read
