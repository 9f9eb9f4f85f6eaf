"""What is found, and in which order: Simplified, Traditional and English."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.core.jobs import run_pending
from app.search.rules import Kind, Passage
from tests.factories import People
from tests.search.things import everybody, find, put, titles


def order(app: Flask, people: People, text: str, kind: Kind | None = None) -> list[str]:
    found = find(app, everybody(people), text, kind)
    return [str(row.title.striptags()) for row in found.page.rows]


def test_traditional_and_simplified_find_each_other(app: Flask, people: People) -> None:
    put(app, "traditional", "網路課程的發展", "本文介紹微課程與黨建信息化的結合。")
    put(app, "simplified", "网络课程的发展", "本文介绍微课程与党建信息化的结合。")
    run_pending(app)
    for query in ("微课程", "微課程", "党建信息化", "黨建信息化"):
        assert titles(app, people, query) == {"網路課程的發展", "网络课程的发展"}


def test_the_shared_sample_is_found_in_both_scripts(
    app: Flask, people: People, samples: Path
) -> None:
    name = "party-building-informatisation.zh-Hant.txt"
    text = (samples / "documents" / name).read_text(encoding="utf-8")
    assert "微課程" in text
    put(app, "sample", "Sample", *text.split("\n\n"))
    put(app, "other", "Other", "与此无关的文字。")
    run_pending(app)
    for query in ("微课程", "微課程", "党建信息化", "黨建信息化"):
        assert titles(app, people, query) == {"Sample"}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The courses were running late", "course run"),
        ("Ｆｕｌｌ－ｗｉｄｔｈ　Ｔｅｘｔ　２０２４", "full-width text 2024"),
        ("Café society", "CAFE"),
        ("Cafe\u0301 society", "café"),
        ("don’t panic", "don't"),
        ("GB/T 19001-2016 质量管理", "gb/t 19001"),
        ("消防安全責任制", "消防安全责任制"),
        ("第一章  总\n则", "总则"),
        ("党建", "党"),
        ("共产党", "党"),
        ("微课", "微课"),
        ("学习Python编程", "python编程"),
        ("臺灣的學習經驗", "台湾的学习经验"),
        ("㈱ ㎏ ①", "kg"),
    ],
)
def test_one_form_finds_another(app: Flask, people: People, text: str, query: str) -> None:
    put(app, "a", "Wanted", text)
    put(app, "b", "Unwanted", "something else, 别的内容")
    run_pending(app)
    assert titles(app, people, query) == {"Wanted"}


def test_the_title_counts_more_than_the_text(app: Flask, people: People) -> None:
    put(app, "a", "消防演练记录", "本次活动顺利结束。")
    put(app, "b", "年度工作总结", "其中开展了消防演练，消防器材检查，以及消防知识宣传。")
    run_pending(app)
    assert order(app, people, "消防演练") == ["消防演练记录", "年度工作总结"]


def test_words_side_by_side_come_before_words_apart(app: Flask, people: People) -> None:
    put(app, "a", "Apart", "safety first, and after many other words production follows " * 3)
    put(app, "b", "Together", "about many other words and safety production follows here " * 3)
    run_pending(app)
    assert order(app, people, "safety production") == ["Together", "Apart"]


def test_every_word_must_be_there_unless_nothing_has_them_all(app: Flask, people: People) -> None:
    put(app, "a", "Both", "hydrant and ladder")
    put(app, "b", "One", "hydrant alone")
    run_pending(app)
    found = find(app, everybody(people), "hydrant ladder")
    assert [row.ref for row in found.page.rows] == ["a"]
    assert not found.relaxed
    found = find(app, everybody(people), "hydrant submarine")
    assert {row.ref for row in found.page.rows} == {"a", "b"}
    assert found.relaxed


def test_a_word_in_the_title_and_one_in_the_text_are_enough(app: Flask, people: People) -> None:
    put(app, "a", "微课手册", "第一页", "录制视频的步骤")
    run_pending(app)
    found = find(app, everybody(people), "微课 录制")
    assert [e.label for e in found.page.rows[0].excerpts] == ["Page 2"]
    assert not found.relaxed


def test_results_are_grouped_by_thing_with_the_best_passage_first(
    app: Flask, people: People
) -> None:
    put(app, "a", "Manual", "general remarks", "valve valve valve", "one valve among other things")
    put(app, "b", "Other", "one valve and a lot of other words that make it long")
    run_pending(app)
    found = find(app, everybody(people), "valve")
    assert [row.ref for row in found.page.rows] == ["a", "b"]
    assert [e.label for e in found.page.rows[0].excerpts] == ["Page 2", "Page 3"]
    assert found.total == 2


def test_signs_narrow_the_search(app: Flask, people: People) -> None:
    put(app, "a", "Fire drill", "the fire drill takes place in spring")
    put(app, "b", "Drill", "a drill against fire, and a ladder")
    put(app, "c", "消防 演练", "消防的年度演练")
    put(app, "d", "Tools", "fire axe")
    run_pending(app)
    assert titles(app, people, '"fire drill"') == {"Fire drill"}
    assert titles(app, people, "“年度演练”") == {"消防 演练"}
    assert titles(app, people, "「年度演練」") == {"消防 演练"}
    assert titles(app, people, "fire -ladder") == {"Fire drill", "Tools"}
    assert titles(app, people, "title:drill") == {"Fire drill", "Drill"}
    assert titles(app, people, "title:drill ladder") == {"Drill"}
    assert titles(app, people, "标题：演练") == {"消防 演练"}


def test_a_minus_bars_the_whole_thing_not_only_a_page(app: Flask, people: People) -> None:
    put(app, "a", "Two pages", "apples on this page", "pears on that page")
    put(app, "b", "One page", "apples alone")
    run_pending(app)
    assert titles(app, people, "apples -pears") == {"One page"}


def test_counts_are_by_kind_whatever_kind_is_shown(app: Flask, people: People) -> None:
    put(app, "1", "Ladder safety", "ladder", kind="course")
    put(app, "2", "Ladders", "ladder", kind="document")
    put(app, "3", "More ladders", "ladder", kind="document")
    run_pending(app)
    found = find(app, everybody(people), "ladder", Kind.COURSE)
    assert found.counts == {Kind.COURSE: 1, Kind.DOCUMENT: 2}
    assert [row.kind for row in found.page.rows] == [Kind.COURSE]
    assert found.total == 3


def test_long_results_come_in_pages_without_repetition(app: Flask, people: People) -> None:
    for number in range(25):
        put(app, str(number), f"Report {number}", f"budget figures of unit {number}")
    run_pending(app)
    reader = everybody(people)
    pages = [find(app, reader, "budget figures", page=n).page for n in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [10, 10, 5, 0]
    assert len({row.ref for page in pages for row in page.rows}) == 25
    assert pages[0].last == 3


def test_marks_stand_in_the_text_as_it_was_written(app: Flask, people: People) -> None:
    put(app, "a", "關於微課程", "我們以微課\n程推動黨建。Ｃａｆｅ́ <b>粗體</b>")
    run_pending(app)
    row = find(app, everybody(people), "微课程 cafe").page.rows[0]
    assert str(row.title) == "關於<mark>微課程</mark>"
    assert "<mark>微課\n程</mark>推動黨建。" in row.excerpts[0].html
    assert "<mark>Ｃａｆｅ́</mark> &lt;b&gt;粗體&lt;/b&gt;" in row.excerpts[0].html


def test_an_excerpt_is_cut_around_the_words(app: Flask, people: People) -> None:
    before, after = "前面的句子与此无关。" * 40, "后面的句子也与此无关。" * 40
    put(app, "a", "长文", f"{before}这里说到灭火器的用法。{after}")
    run_pending(app)
    html = find(app, everybody(people), "灭火器").page.rows[0].excerpts[0].html
    assert "这里说到<mark>灭火器</mark>的用法。" in html
    assert html.startswith("… ")
    assert html.endswith(" …")
    assert len(html.striptags()) < 220


def test_a_caption_opens_at_its_second(app: Flask, people: People) -> None:
    url = "/courses/fire/lessons/1"
    put(
        app,
        "1",
        "Using an extinguisher",
        Passage("t0", "0:00", "welcome everybody", f"{url}?t=0"),
        Passage("t73", "1:13", "pull the pin and aim low", f"{url}?t=73"),
        kind="caption",
    )
    run_pending(app)
    row = find(app, everybody(people), "pull the pin").page.rows[0]
    assert (row.excerpts[0].label, row.excerpts[0].url) == ("1:13", f"{url}?t=73")


def test_a_word_in_a_later_caption_of_a_passage_opens_at_that_one(
    app: Flask, people: People
) -> None:
    url = "/courses/fire/lessons/3"
    lines = tuple((f"0:{second:02}", f"{url}?t={second}") for second in (0, 5, 16))
    text = "大家好\n今天讲灭火器\n先点开课程，再看视频"
    put(app, "3", "消防", Passage("t0", "0:00", text, f"{url}?t=0", lines), kind="caption")
    run_pending(app)
    for words, label, second in (("点开课程", "0:16", 16), ("大家", "0:00", 0)):
        excerpt = find(app, everybody(people), words).page.rows[0].excerpts[0]
        assert (excerpt.label, excerpt.url) == (label, f"{url}?t={second}"), words


def test_the_same_again_is_no_change(app: Flask, people: People) -> None:
    put(app, "a", "Title", "text")
    run_pending(app)
    put(app, "a", "Title", "text")
    assert run_pending(app) == 0
    put(app, "a", "Title", "another text")
    assert run_pending(app) == 1
    assert titles(app, people, "another") == {"Title"}
    assert titles(app, people, "title:title -another") == set()
    put(app, "a", "Title", "another text", form="pdf")
    assert run_pending(app) == 1
    assert titles(app, people, "kind:pdf") == {"Title"}
