"""The organisation's own words go into messages, and into nothing else."""

from __future__ import annotations

import pytest

from app.core.vocabulary import BadWord, Term, checked, renamer

UNION = {
    "branch": Term("union group", "union groups", "工会小组", "工會小組"),
    "organizer": Term("secretary", "secretaries", "书记", "書記"),
}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Branches", "Union groups"),
        ("Add a branch below this Branch.", "Add a union group below this Union group."),
        ("An organizer looks after it; ask your organizer.", None),
        ("%(branch)s is a branch of {branch}", "%(branch)s is a union group of {branch}"),
        ("Branching out", "Branching out"),
    ],
)
def test_english_keeps_capitals_articles_and_placeholders(said: str, wanted: str | None) -> None:
    wanted = wanted or "A secretary looks after it; ask your secretary."
    assert renamer(UNION, "en")(said) == wanted


def test_an_article_fits_the_new_word() -> None:
    rename = renamer({"branch": Term("outlet", "outlets")}, "en")
    assert rename("a branch, A branch") == "an outlet, An outlet"


def test_chinese_words_are_replaced_and_never_doubled() -> None:
    assert (
        renamer(UNION, "zh_Hans")("支部的组织员：%(n)s 个支部")
        == "工会小组的书记：%(n)s 个工会小组"
    )
    assert renamer(UNION, "zh_Hant")("支部的組織員") == "工會小組的書記"
    party = renamer({"branch": Term(zh_hans="党支部")}, "zh_Hans")
    assert party("支部与党支部") == "党支部与党支部"


def test_nothing_is_renamed_where_nothing_was_chosen() -> None:
    assert renamer({}, "en") is None
    assert renamer({"branch": Term(zh_hans="部门")}, "en") is None


@pytest.mark.parametrize("word", ["<b>", "a%b", "{x}", "-x", "长" * 31, '"'])
def test_a_word_that_could_be_markup_is_refused(word: str) -> None:
    with pytest.raises(BadWord):
        checked(word)


@pytest.mark.parametrize("word", ["", "部门", "union group", "co-op", "工会 小组"])
def test_plain_words_are_taken(word: str) -> None:
    assert checked(f" {word} ") == word
