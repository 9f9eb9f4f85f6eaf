"""How text is laid out for reading: paragraphs, lists and tables, with whole marks in each."""

from __future__ import annotations

import random

import pytest
from markupsafe import Markup

from app.library.queries.text import highlighted
from app.library.rules import Kind
from app.library.rules.layout import laid_out
from app.search.snippets import Sought


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("• one\n• two\nthree", "<ul><li>one</li><li>two</li></ul><p>three</p>"),
        ("a | b", "<p>a | b</p>"),
        ("a | b\nc | d", "<tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr>"),
        (
            '<mark class="own">one\ntwo</mark> x',
            '<p><mark class="own">one</mark></p><p><mark class="own">two</mark> x</p>',
        ),
        (
            "<mark>a | b\nc</mark> | d",
            "<td><mark>a</mark></td><td><mark>b</mark></td></tr><tr><td><mark>c</mark></td>",
        ),
        ("<mark>• one</mark>", "<ul><li><mark>one</mark></li></ul>"),
    ],
)
def test_lines_become_what_they_were(html: str, shown: str) -> None:
    assert shown in laid_out(Markup(html), Kind.DOCX)
    assert laid_out(Markup(html), Kind.PDF) == html


SIGNS = ("a", "<b>", " | ", "\n", "• ", "&", "微课", " ", "</mark>")
QUOTES = ("a", "微课", "<b>", "a 微课", "微课a")


def test_what_stands_there_stays_escaped_and_closed() -> None:
    pick = random.Random(7)
    for _ in range(500):
        text = "".join(pick.choices(SIGNS, k=pick.randrange(12)))
        quotes = pick.sample(QUOTES, pick.randrange(4))
        html = str(laid_out(highlighted(text, quotes, Sought()), Kind.EPUB))
        assert "<b>" not in html
        assert html.count("<mark") == html.count("</mark>")
        kept = Markup(html).striptags()
        assert [kept.count(sign) for sign in "a微课"] == [text.count(sign) for sign in "a微课"], (
            text
        )


def test_what_is_selected_over_cells_is_found_again() -> None:
    shown = highlighted("axe | 12\nrope | 3", ["axe\t12\nrope"], Sought())
    assert shown == '<mark class="own">axe | 12\nrope</mark> | 3'
