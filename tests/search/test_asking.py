"""What can be asked for: signs, beginnings, pinyin, synonyms, other spellings, corrections."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.search import pinyin, queries, service, spelling
from app.search.rules import LONGEST_QUERY, Kind, Order, parse, words_of
from app.search.units import Thesaurus, units
from tests.factories import People, csrf
from tests.search.things import everybody, find, put, titles

SIGNS = (
    '" “ 「 《 》 - title: author: year: year:2019..2024 kind: * kind:course collection: .. '
    "微课 wk 党建 ladder ："
)
PIECES = st.sampled_from([*SIGNS.split(), " ", "\x00", "\ud800"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_there_is_no_wrong_query(text: str) -> None:
    wish = parse(text)
    known = Thesaurus([("微课", "短课", "micro course")])
    units(*wish.words, thesaurus=known)
    units(*wish.phrases, *wish.in_title, *wish.without, *wish.authors, exact=True)
    assert len("".join(wish.words)) <= LONGEST_QUERY + 10


def test_signs_are_understood_in_both_languages() -> None:
    wish = parse("author:张三 栏目：理论 year:2019..2024 kind:courses -旧 标题:总结 微课")
    assert (wish.authors, wish.collections, wish.without) == (("张三",), ("理论",), ("旧",))
    assert (wish.since, wish.until, wish.kinds) == (2019, 2024, (Kind.COURSE,))
    assert (wish.in_title, wish.words) == (("总结",), ("微课",))
    assert parse("year:2024-2019").since == 2019
    assert parse("year:..2020").until == 2020
    assert parse("year:soon kind:x").words == ("year soon", "kind x")
    assert parse("kind:.docx 類型:視頻").forms == ("docx", "video")
    assert parse("kind:videos") == parse("类型：影片") != parse("kind:caption")
    assert parse("http://weike/a").words == ("http://weike/a",)


@pytest.fixture
def shelf(app: Flask) -> None:
    put(app, "a", "消防年报", "消防工作", authors="张三, Lee Wong", shelf="法规 › 安全",
        dated=date(2019, 5, 1), form="docx")  # fmt: skip
    put(app, "b", "消防手册", "消防器材", authors="李四", shelf="理论", dated=date(2023, 1, 1),
        form="pdf")  # fmt: skip
    put(app, "c", "消防课", "消防", kind="course", dated=date(2021, 1, 1))
    run_pending(app)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("author:张三", {"消防年报"}),
        ("author:wong 消防", {"消防年报"}),
        ("作者：张", {"消防年报"}),
        ("author:王五 消防", set()),
        ("collection:安全 消防", {"消防年报"}),
        ("欄目:理論", {"消防手册"}),
        ("year:2019 消防", {"消防年报"}),
        ("year:2020..2022", {"消防课"}),
        ("消防 year:2021..", {"消防手册", "消防课"}),
        ("kind:课程 消防", {"消防课"}),
        ("類型:課程", {"消防课"}),
        ("kind:PDF 消防", {"消防手册"}),
        ("类型:word", {"消防年报"}),
        ("kind:course kind:pdf 消防", {"消防课", "消防手册"}),
        ("消防 kind:幻灯片", set()),
        ("消防 -kind", {"消防年报", "消防手册", "消防课"}),
    ],
)
@pytest.mark.parametrize("indexed", [True, False], ids=["index", "without index"])
def test_labels_narrow_the_search(
    app: Flask,
    people: People,
    shelf: None,
    query: str,
    found: set[str],
    indexed: bool,
    lose_index: Callable[[], None],
) -> None:
    if not indexed:
        lose_index()
    assert titles(app, people, query) == found


def test_results_can_be_sorted_and_narrowed_on_the_page(
    app: Flask, people: People, shelf: None
) -> None:
    client = people.client(people.member())
    text = client.get("/search?q=消防&sort=newest").get_data(as_text=True)
    places = [text.index(f'<a href="/library/{ref}"') for ref in ("b", "c", "a")]
    assert places == sorted(places)
    assert "2019" in text
    only = client.get("/search?q=消防&year=2019").get_data(as_text=True)
    assert '<a href="/library/a"' in only
    assert '<a href="/library/b"' not in only
    reader = everybody(people)
    with app.app_context():
        found = queries.find(reader, "消防", order=Order.NEWEST)
        db.session.rollback()
    assert found.years == {2023: 1, 2021: 1, 2019: 1}


@pytest.mark.parametrize("query", ["weike", "wk", "wei ke", "WeiKe", "weikezenmezuo", "zenme"])
def test_pinyin_finds_titles(app: Flask, people: People, query: str) -> None:
    put(app, "a", "微课怎么做", "第一步")
    put(app, "b", "别的题目", "微课怎么做")
    run_pending(app)
    assert titles(app, people, query) == {"微课怎么做"}


def test_first_letters_are_pinyin_only_when_no_text_has_them(app: Flask, people: People) -> None:
    put(app, "a", "评党费", "内容")
    put(app, "b", "Reading", "a pdf file")
    run_pending(app)
    assert titles(app, people, "pdf") == {"Reading"}


def test_a_star_asks_for_a_beginning(app: Flask, people: People) -> None:
    put(app, "a", "One", "electricity")
    put(app, "b", "Two", "electrons")
    run_pending(app)
    assert titles(app, people, "electri*") == {"One"}
    assert titles(app, people, "electr*") == {"One", "Two"}
    assert titles(app, people, "elec") == set()


def test_what_is_called_otherwise_in_taiwan_is_found(app: Flask, people: People) -> None:
    put(app, "a", "軟體工程", "資訊化的網路")
    put(app, "b", "软件工程", "信息化的网络")
    run_pending(app)
    assert titles(app, people, "软件") == {"軟體工程", "软件工程"}
    assert titles(app, people, "資訊") == {"軟體工程", "软件工程"}


def teach(app: Flask, text: str) -> None:
    people = People(app)
    organizer = people.member(organizes=people.root)
    client = people.client(organizer)
    answer = client.post("/search/words", data={"words": text}, headers=csrf(client))
    assert answer.status_code == 302
    run_pending(app)


def test_words_of_the_organisation_mean_the_same(app: Flask, people: People) -> None:
    put(app, "a", "短课之夜", "内容")
    put(app, "b", "微课之夜", "内容")
    put(app, "c", "A micro course evening", "text")
    run_pending(app)
    assert titles(app, people, "微课") == {"微课之夜"}
    teach(app, "微课 = 短课 = micro course")
    everything = {"短课之夜", "微课之夜", "A micro course evening"}
    for query in ("微课", "短課", "micro course", "Micro-Courses"[:12]):
        assert titles(app, people, query) == everything, query
    marked = find(app, everybody(people), "微课").page.rows
    assert any("<mark>micro</mark> <mark>course</mark>" in row.title for row in marked)
    assert titles(app, people, '"微课"') == {"微课之夜"}  # quotes mean exactly this


def test_only_organizers_teach_words(app: Flask, people: People) -> None:
    client = people.client(people.member())
    assert (
        client.post("/search/words", data={"words": "a"}, headers=csrf(client)).status_code == 404
    )
    organizer = people.client(people.member(organizes=people.root))
    headers = csrf(organizer)
    assert (
        organizer.post("/search/words", data={"words": " = "}, headers=headers).status_code == 422
    )
    organizer.post("/search/words", data={"words": "微课=短课"}, headers=headers)
    assert "微课 = 短课" in organizer.get("/search/words").get_data(as_text=True)
    organizer.post("/search/words/1", data={"words": "微课=小课"}, headers=headers)
    assert "微课 = 小课" in organizer.get("/search/words").get_data(as_text=True)
    organizer.post("/search/words/1/delete", headers=headers)
    page = organizer.get("/search/words").get_data(as_text=True)
    assert 'value="微课=小课"' in page.partition("<main")[0]  # what “Undo” would send
    assert "小课" not in page.partition("<main")[2]


def test_a_taught_word_is_kept_whole(app: Flask) -> None:
    with app.app_context(), unit_of_work():
        service.keep_words("微课程", by=People(app).member())
        queries.thesaurus()
        assert units("微课程教学")[0].text == "微课程"
    assert words_of("a = b\nb＝ c =") == ("a", "b", "c")


# --- corrections ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("微客程", "微课程"),
        ("党健信息化", "党建信息化"),
        ("微課成", "微課程"),
        ("威客", "微课"),  # both characters sound alike
        ("巍科程", "微课程"),
        ("威客程与党建", "微课程与党建"),
        ("信西化", "信息化"),
        ("如何施用", "如何使用"),
        ("wekecheng", "weikecheng"),  # pinyin: a letter missing
        ("wiekecheng", "weikecheng"),  # two swapped
        ("weikrcheng", "weikecheng"),  # a wrong one
        ("weikeecheng", "weikecheng"),  # one too many
        ("dangjan", "dangjian"),
        ("xinxihau", "xinxihua"),
        ("extingusher", "extinguisher"),
        ("fire extinguihser", "fire extinguisher"),
    ],
)
def test_small_mistakes_are_corrected(app: Flask, people: People, typed: str, meant: str) -> None:
    put(app, "a", "微课程与党建信息化", "如何使用")
    put(app, "b", "The fire extinguisher", "how to use it")
    run_pending(app)
    assert find(app, everybody(people), typed).meant == meant
    page = people.client(people.member()).get("/search", query_string={"q": typed})
    assert "Did you mean" in page.get_data(as_text=True)


def test_what_is_right_is_not_corrected(app: Flask, people: People) -> None:
    put(app, "a", "微课程", "extinguisher")
    run_pending(app)
    for query in ("微课程", "weikecheng", "weike", "wkc", "extinguishers", "完全无关", "zzzzzzzz"):
        assert find(app, everybody(people), query).meant == "", query


@settings(max_examples=60, deadline=None)
@given(st.text("abcd", max_size=6), st.text("abcd", max_size=6))
def test_distance_is_symmetric_and_zero_only_for_equal_words(one: str, other: str) -> None:
    assert spelling.distance(one, other, 9) == spelling.distance(other, one, 9)
    assert (spelling.distance(one, other, 9) == 0) == (one == other)


# --- suggestions ------------------------------------------------------------------------


def suggested(app: Flask, people: People, text: str, **member: object) -> list[str]:
    reader = people.reader(people.member(**member))
    with app.app_context():
        found = [each.text for each in queries.suggest(reader, text)]
        db.session.rollback()
    return found


@pytest.mark.parametrize("typed", ["微", "微课", "wei", "weik", "wk", "微课怎"])
def test_titles_are_suggested_while_typing(app: Flask, people: People, typed: str) -> None:
    put(app, "a", "微课怎么做", "第一步")
    put(app, "b", "别的题目", "内容")
    run_pending(app)
    found = suggested(app, people, typed)
    assert "微课怎么做" in found
    assert "别的题目" not in found


def test_who_goes_to_the_box_finds_the_dictionaries_loaded(app: Flask, people: People) -> None:
    pinyin.syllables.cache_clear()
    answer = people.client(people.member()).get("/search/suggest?q=", buffered=True)
    assert answer.status_code == 200
    answer.close()
    assert pinyin.syllables.cache_info().currsize == 1


def test_words_are_completed(app: Flask, people: People) -> None:
    put(app, "a", "Title", "the extinguisher hangs by the door")
    put(app, "b", "题目", "信息化建设")
    run_pending(app)
    assert suggested(app, people, "where exti") == ["where extinguisher"]
    assert "信息化" in suggested(app, people, "信息")
    assert suggested(app, people, "") == suggested(app, people, "?!") == []


@pytest.mark.parametrize("indexed", [True, False], ids=["index", "without index"])
def test_nothing_of_a_neighbour_is_suggested_corrected_or_counted(
    app: Flask, people: People, indexed: bool, lose_index: Callable[[], None]
) -> None:
    north, south = people.branch("North"), people.branch("South")
    put(app, "n", "Submarine 潜水艇", "periscope 潜望镜", audience=frozenset({north}),
        authors="Nemo", dated=date(1954, 1, 1))  # fmt: skip
    put(app, "all", "Ladder 梯子", "steps")
    run_pending(app)
    if not indexed:
        lose_index()
    for typed in ("subm", "peris", "潜", "潜水", "qianshui", "qst", "qs"):
        assert suggested(app, people, typed, branch=south) == [], typed
    if indexed:
        assert suggested(app, people, "subm", branch=north)
    reader = people.reader(people.member(branch=south))
    for query in (
        "submarime",
        "潜水挺",
        "欠谁艇",
        "qianshiuting",
        "author:nemo",
        "year:1954",
        "潜水艇",
    ):
        found = find(app, reader, query)
        assert (found.meant, found.counts, found.years) == ("", {}, {}), query


def test_the_list_of_suggestions_is_markup_that_a_box_can_show(app: Flask, people: People) -> None:
    put(app, "a", "<b>微课</b>", "第一步", kind="course")
    run_pending(app)
    text = people.client(people.member()).get("/search/suggest?q=微").get_data(as_text=True)
    assert 'role="option"' in text
    assert 'data-url="/library/a"' in text
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


# --- languages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first"), [("灭火器", "消防微课"), ("extinguisher", "Fire course")]
)
def test_a_course_in_the_language_of_the_query_comes_first(
    app: Flask, people: People, query: str, first: str
) -> None:
    """Both have captions in both languages, as the demo has."""
    words = "灭火器 extinguisher"
    put(app, "1", "Fire course", words, kind="caption", language="en")
    put(app, "2", "消防微课", words, kind="caption", language="zh_Hans")
    put(app, "3", "Fire course", words, kind="caption", language="en")
    run_pending(app)
    rows = find(app, everybody(people), query).page.rows
    assert str(rows[0].title) == first


def test_searches_of_late_come_first_and_only_from_the_browser_itself(
    app: Flask, people: People
) -> None:
    client = people.client(people.member())

    def lines(typed: str, *recent: str) -> list[str]:
        page = client.get("/search/suggest", query_string={"q": typed, "recent": recent})
        return re.findall(r'data-text="([^"]*)"', page.get_data(as_text=True))

    put(app, "a", "Ladder", "text")
    run_pending(app)
    assert lines("") == []
    assert lines("", "ladder rules", "微课", " ", "ladder  rules") == ["ladder rules", "微课", ""]
    assert lines("lad", "ladder rules", "微课") == ["ladder rules", "ladder", "Ladder"]
    assert lines("微", "微課") == ["微課"]
    assert lines("", "<script>", *map(str, range(100)))[0] == "&lt;script&gt;"
    assert len(lines("", *map(str, range(100)))) == 7  # six, and the way to forget them
    assert lines("lad") == ["ladder", "Ladder"]  # nothing was kept
