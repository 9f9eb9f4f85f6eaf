"""Folding keeps its promises for any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.search import folding
from app.search.rules import LONGEST_QUERY, Kind, audience_of, audience_tokens, parse
from app.search.snippets import Sought, excerpt, marked
from app.search.units import units

TEXT = st.text(
    st.characters(codec=None) | st.sampled_from("黨党課课程 \n’'é\u0301ﬁ㎏Ａ1"), max_size=60
)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_a_part_folds_to_a_part(one: str, other: str) -> None:
    assert folding.fold(one + other) == folding.fold(one) + folding.fold(other)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = folding.fold(text)
    assert folding.fold(once) == once


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_offsets_lead_back_to_the_text(text: str) -> None:
    folded, offsets = folding.fold_with_offsets(text)
    assert folded == folding.fold(text)
    assert len(offsets) == len(folded) + 1
    assert list(offsets) == sorted(offsets)
    assert all(0 <= place <= len(text) for place in offsets)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_cutting_into_words_loses_nothing(text: str) -> None:
    assert folding.squeezed(folding.segmented(text)) == folding.squeezed(text)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_marking_shows_the_whole_text_and_nothing_else(text: str, query: str) -> None:
    sought = Sought(units(query), (query,))
    assert marked(text, sought).replace("<mark>", "").replace("</mark>", "") == marked(
        text, Sought()
    )
    excerpt(text, sought)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_there_is_no_wrong_query(text: str) -> None:
    wish = parse(text)
    pieces = (*wish.words, *wish.phrases, *wish.without, *wish.in_title)
    assert sum(map(len, pieces)) <= LONGEST_QUERY
    units(*pieces)


def test_an_audience_survives_being_stored() -> None:
    for audience in (None, frozenset(), frozenset({4}), frozenset({4, 40, 9})):
        assert audience_of(audience_tokens(audience)) == audience


def test_the_language_of_a_text_is_seen() -> None:
    assert folding.language_of("本文介紹微課程與黨建信息化的結合") == "zh_Hant"
    assert folding.language_of("本文介绍微课程与党建信息化的结合") == "zh_Hans"
    assert folding.language_of("This text is about courses") == "en"
    assert folding.language_of("12345 67890") == ""


def test_every_kind_has_a_number_that_never_changes() -> None:
    """The index stores the number: new kinds go to the end."""
    from app.search.index import KINDS

    assert KINDS[:5] == (Kind.COURSE, Kind.LESSON, Kind.CAPTION, Kind.DOCUMENT, Kind.THEME)


def test_variants_and_scars_of_conversion_are_one() -> None:
    for forms in ("着著", "黨党", "瞭了", "後后", "裏裡里", "⻔门門", "⻓长長", "戶户戸", "效効傚"):
        assert len({folding.fold(form) for form in forms}) == 1, forms
