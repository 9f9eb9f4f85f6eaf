"""Simpler words in the easy mode: tables of the rooms, in every language, before signing in too."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.i18n import HTML_TAGS
from app.core.jobs import run_pending
from scripts import messages
from tests.certificates.test_certificates import Office
from tests.exams.examiner import Candidate, make_exam
from tests.exams.taker import Taker
from tests.factories import People, csrf
from tests.home.progress import seen
from tests.learning.lessons import MINUTE, make_course, single
from tests.practice.test_practice import QUIZ, Learner

# What nobody says at home. No course, person or branch below is called so.
JARGON = {
    "en": (
        *("JavaScript", "submit", "attempt", "pass mark", "receipt", "transcript", "collection"),
        *("entry", "entries", "overdue", "device", "connection", "published", "browser says"),
    ),
    "zh_Hans": (
        *(
            "JavaScript",
            "课节",
            "及格线",
            "作答",
            "提交",
            "回执",
            "文字稿",
            "快捷键",
            "焦点",
            "栏目",
        ),
        *(
            "明细",
            "逾期",
            "离线",
            "上报",
            "筛选",
            "专题",
            "学习路径",
            "高对比度",
            "数字徽章",
            "本机",
        ),
    ),
    "zh_Hant": (
        *(
            "JavaScript",
            "課節",
            "及格線",
            "作答",
            "提交",
            "回執",
            "文字稿",
            "快捷鍵",
            "焦點",
            "欄目",
        ),
        *(
            "明細",
            "逾期",
            "離線",
            "上報",
            "篩選",
            "專題",
            "學習路徑",
            "高對比度",
            "數位徽章",
            "本機",
        ),
    ),
}
# The button of the quiz as it is said to others, and to who comes again, plainly.
BEGIN = {
    "en": ("Start the quiz", "Once more"),
    "zh_Hans": ("开始测验", "再做一次"),
    "zh_Hant": ("開始測驗", "再做一次"),
}


def said(client: FlaskClient, path: str) -> str:
    """What a reader sees or hears of the middle of a page."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    page = answer.get_data(as_text=True)
    page = page[page.index("<main") : page.index("</main>")]
    page = re.sub(r'<(\w+) class="[^"]*\bnot-easy\b.*?</\1>', " ", page, flags=re.DOTALL)
    page = re.sub(r"<(script|style|svg|template)\b.*?</\1>", " ", page, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|placeholder|title|data-word-[a-z-]+)="([^"]*)"', page)
    return unescape(" | ".join([re.sub(r"<[^>]+>", " ", page), *labels]))


def read_so(client: FlaskClient, reading: str) -> None:
    client.post("/me/reading", data={"reading": reading}, headers=csrf(client))


@pytest.mark.parametrize("language", HTML_TAGS)
def test_pages_that_members_meet_most_have_no_jargon_in_the_easy_mode(
    app: Flask, people: People, language: str
) -> None:
    messages.compile_all()
    trainer = people.member(role="trainer")
    course = make_course(app, trainer, [("video", 10 * MINUTE)], [single()], title="识别假邮件")
    other = make_course(app, trainer, [("reading", 2 * MINUTE)], title="灭火")
    exam = make_exam(app, trainer, [single()])
    member = people.member("王小明", language=language)
    seen(app, member, course, 1, 50)
    taker = Taker(people, course, member)
    client = people.client(member)
    intro = f"/courses/{course.slug}/quiz"
    before = said(client, intro)
    taker.start()
    attempt = taker.attempt
    taker.submit({})
    candidate = Candidate(people, exam, member)
    door = f"/exams/{exam.id}"
    candidate.start()
    sheet = f"/attempts/{candidate.attempt}/paper"
    pages = [
        *("/", "/courses", f"/courses/{course.slug}", f"/courses/{other.slug}"),
        *(f"/courses/{course.slug}/lessons/{course.lesson}", f"/attempts/{attempt}"),
        *(f"/courses/{other.slug}/lessons/{other.lesson}", "/exams", door, sheet),
        *("/library", "/search", "/search?q=nowhere", "/me", "/notices", "/points", "/paths"),
        *("/device", "/me/notices"),
    ]
    usual = {path: said(client, path) for path in pages}
    assert BEGIN[language][0] in before
    read_so(client, "easy")
    plain = {path: said(client, path) for path in pages}
    plain["intro"] = said(client, intro)
    assert BEGIN[language][1] in plain["intro"]
    taker.start()
    plain["paper"] = said(client, intro)
    candidate.submit()
    plain["result"] = said(client, f"/attempts/{candidate.attempt}")
    found = {
        path: words
        for path, text in plain.items()
        if (words := [word for word in JARGON[language] if word.lower() in text.lower()])
    }
    assert found == {}
    # The same pages say it otherwise to others, so the list above would find something.
    of_others = [path for path in pages if any(w in usual[path] for w in JARGON[language])]
    assert len(of_others) > len(pages) / 2, set(pages) - set(of_others)
    changed = [path for path in pages if plain[path] != usual[path]]
    assert set(pages) == set(changed)
    read_so(client, "large")
    assert said(client, "/courses") == usual["/courses"]


# And what nobody says who talks, practises, or shows a certificate.
MORE_JARGON = {
    "en": ("due", "mastered", "revoked", "public page", "digital badge", "genuine", "report"),
    "zh_Hans": ("提交", "举报", "撤销", "查验", "掌握", "持证", "数字徽章", "二维码查", "学习路径"),
    "zh_Hant": ("提交", "舉報", "檢舉", "撤銷", "查驗", "掌握", "持證", "數位徽章", "學習路徑"),
}


@pytest.mark.parametrize("language", HTML_TAGS)
def test_practice_talks_and_certificates_have_no_jargon_in_the_easy_mode(
    app: Flask, people: People, language: str
) -> None:
    messages.compile_all()
    trainer = people.member("李老师", role="trainer")
    course = make_course(app, trainer, quiz=QUIZ, attempts_allowed=0, title="识别假邮件")
    exam = make_exam(app, trainer, title="灭火")
    Office(people).certify(f"exam:{exam.id}", months=12)
    member = people.member("王小明", language=language)
    candidate = Candidate(people, exam, member)
    candidate.start()
    candidate.submit(candidate.right())
    run_pending(app)
    other = people.client(people.member("张小红"))
    below = f"/discussions/lessons/{course.lesson}"
    asked = other.post(below, data={"body": "为什么？"}, headers=csrf(other)).headers["Location"]
    learner = Learner(people, member)
    learner.start("daily")
    learner.answer(right=False)
    client = learner.client
    shown = client.get("/certificates").get_data(as_text=True)
    proof = re.search(r'href="(/verify/[^"]+)"', shown)
    assert proof
    pages = [
        *("/practice", learner.url, "/certificates", proof[1], "/verify"),
        *(below, f"{below}/newest", "/discussions/new", asked),
    ]

    def whole(path: str) -> str:
        fragment = path.endswith("/newest")
        return client.get(path).get_data(as_text=True) if fragment else said(client, path)

    usual = {path: whole(path) for path in pages}
    read_so(client, "easy")
    plain = {path: whole(path) for path in pages}
    jargon = {*JARGON[language], *MORE_JARGON[language]}
    found = {
        path: words
        for path, text in plain.items()
        if (words := [w for w in jargon if re.search(rf"\b{w}\b" if w.isascii() else w, text)])
    }
    assert found == {}
    assert [path for path in pages if plain[path] == usual[path]] == []


def test_the_sign_in_page_is_large_and_plain_where_somebody_asked_for_it(people: People) -> None:
    """Who cannot read small type cannot sign in first to make it large."""
    client = people.client()
    page = client.get("/sign-in?next=/points").get_data(as_text=True)
    assert "data-easy" not in page
    assert "Password forgotten?" in page
    link = re.search(r'class="reading-switch" href="([^"]+)"', page)
    assert link
    page = client.get("/sign-in" + unescape(link[1])).get_data(as_text=True)
    assert 'data-type="large" data-easy' in page
    assert "data-aloud" in page
    assert "Forgot the password? Your organizer gives you a new slip." in page
    assert "next=/points" in page  # still on the way to where they were going
    assert "data-easy" in client.get("/sign-in").get_data(as_text=True)
    chosen = re.search(
        r'<input[^>]* value="easy"[^>]*>', client.get("/activate").get_data(as_text=True)
    )
    assert chosen
    assert "checked" in chosen[0]
    client.get("/sign-in?reading=normal")
    assert "data-easy" not in client.get("/sign-in").get_data(as_text=True)
    assert "data-easy" not in client.get("/sign-in?reading=%00").get_data(as_text=True)


def test_a_browser_remembers_how_its_member_reads(people: People) -> None:
    client = people.client(people.member())
    read_so(client, "easy")
    client.post("/sign-out", headers=csrf(client))
    assert "data-easy" in client.get("/sign-in").get_data(as_text=True)
    # Another member's profile is their own.
    other = people.client(people.member())
    other.set_cookie("reading", "easy")
    assert "data-easy" not in other.get("/").get_data(as_text=True)


def test_tables_of_plain_words_agree_and_keep_placeholders() -> None:
    """Rooms share one table when the site runs; a sentence of two rooms is made plain once."""
    known: dict[str, str] = {}
    for room in messages.rooms():
        for message, plain in messages.plain_words(room).items():
            assert known.setdefault(message, plain) == plain, message
            asked = {m.group() for m in messages.PLACEHOLDER.finditer(message)}
            assert {m.group() for m in messages.PLACEHOLDER.finditer(plain)} == asked, message
    assert len(known) > 300
