"""Markdown from people becomes safe HTML."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.core import markdown
from app.core.markdown import plain, render


def test_ordinary_text_keeps_its_shape() -> None:
    html = render(
        "# Title\n\n**bold** and *weak*\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    for part in ("<h2>Title</h2>", "<strong>bold</strong>", "<li>one</li>", "<td>1</td>"):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&#58;alert(1))",
        "![x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<a hx-get='//evil' data-hx-on:click='x'>x</a>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "`<script>`",
    ],
)
def test_nothing_that_runs_gets_through(text: str) -> None:
    html = render(text).lower()
    for poison in (
        "<script",
        "<img src=x",
        "<svg",
        "<a hx-",
        'href="javascript',
        'href="vbscript',
        'src="data:',
    ):
        assert poison not in html


def test_links_lead_out_without_telling() -> None:
    assert 'rel="noopener noreferrer nofollow ugc"' in render("[x](https://example.org)")


@pytest.mark.parametrize("draw", [render, markdown.rich, markdown.with_places])
def test_a_picture_on_another_host_leaves_only_its_words(draw: Callable[[str], str]) -> None:
    for place in ("http://x.org/a.png", "https://x.org/a.png", "//x.org/a"):
        html = draw(f"Look: ![A *red* <door>]({place}) here")
        assert html.strip() == "<p>Look: <em>A red &lt;door&gt;</em> here</p>", place
        assert draw(f"![]({place})").strip() == "<p></p>"
    assert '<img src="/media/images/a.webp" alt="A door">' in draw(
        "![A door](/media/images/a.webp)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "*a " * 50_000,
        "> " * 20_000 + "x",
        "`" * 50_000,
        "![[]()" * 20_000,
        "a**b" * 20_000,
        "a\n" * 100_000,
    ],
    ids=["brackets", "stars", "quotes", "ticks", "images", "strong", "lines"],
)
def test_hostile_nesting_ends_soon(text: str) -> None:
    started = time.process_time()
    render(text)
    assert time.process_time() - started < 10


def test_plain_words_lose_the_marks() -> None:
    assert plain("# 标题\n\n**重点** 和 `代码`") == "标题\n重点 和 代码"


def test_chinese_needs_no_spaces_around_its_marks_and_gets_none_where_a_line_ends() -> None:
    html = render("1. 见**“成绩”**页面，**断过。**看\n   *这里*，再看\n   Weike\n   书")
    assert "<li>见<strong>“成绩”</strong>页面，<strong>断过。</strong>看<em>这里</em>" in html
    assert "再看\nWeike\n书" in html
    assert "<strong>粗<em>斜</em>体</strong>字“<strong>引</strong>”" in render(
        "**粗*斜*体**字“**引**”"
    )
    assert render("a * b，* c") == "<p>a * b，* c</p>\n"
    assert plain("党建**信息**\n化，**one** word") == "党建信息化，one word"


@pytest.mark.parametrize("draw", [markdown.render, markdown.rich])
def test_blanks_and_stars_that_multiply_are_no_marks(draw: Callable[[str], str]) -> None:
    for text in ("方法有____、____和____。", "2*3=6，4*5=20，(a)*(b)*c", "_____"):
        assert str(draw(text)).strip() == f"<p>{text}</p>"
        assert markdown.plain(text) == text
    for text, html in (("*a* **b** __c__", "<em>a</em> <strong>b</strong> <strong>c</strong>"),):
        assert str(draw(text)).strip() == f"<p>{html}</p>"
    assert str(draw("---")).strip() == "<hr>"


def test_headings_start_at_h2_whichever_level_the_writer_begins_with() -> None:
    assert "<h2>One</h2>" in render("### One\n\n#### Two")
    assert "<h3>Two</h3>" in render("### One\n\n#### Two")
    assert "<h2>One</h2>" in render("# One\n\n###### Six")
    assert "<h6>Six</h6>" in render("# One\n\n###### Six")


def test_names_of_headings_are_ours_and_each_stands_once() -> None:
    text = '# One\n\n## Two *words*\n\n# One\n\n<h2 id="mine">x</h2>'
    html = markdown.with_places(text)
    first, second = markdown.heading_place("One"), markdown.heading_place("Two *words*")
    assert html.count(f'<h2 id="{first}">') == 1
    assert f'<h3 id="{second}">Two <em>words</em></h3>' in html
    assert html.count(" id=") - html.count("&lt;h2 id=") == 2
    assert "id=" not in markdown.render("# One")


def test_a_long_text_is_rendered_once_and_stays_itself() -> None:
    text = "[" * markdown.LONG + "\n\n# Heading"
    assert markdown.render(text) is markdown.render(text)
    assert markdown.plain(text) is markdown.plain(text)
    assert "id=" in markdown.with_places(text)
    assert "id=" not in markdown.render(text)


def test_a_gap_in_front_of_a_bracket_is_no_link() -> None:
    assert "[[1]](m)" in markdown.rich("It is [[1]](m) long.")
    assert '<a href="https://a.b"' in markdown.rich("[link](https://a.b)")
