"""Titles say in which language they are where it is not that of the page (WCAG 3.1.2)."""

from __future__ import annotations

import re

from flask import Flask

from scripts import messages
from tests.factories import People
from tests.learning.lessons import MINUTE, make_course


def tongue(page: str, title: str) -> str:
    """The language that the element says which holds only this title; "" when it says none."""
    found = re.search(rf"<(?:h1|a|strong)([^>]*)>{title}</", page)
    assert found, title
    return (re.findall(r'lang="([^"]*)"', found[1]) or [""])[0]


def test_a_title_says_its_language_unless_it_is_shown_in_that_of_the_reader(
    app: Flask, people: People
) -> None:
    messages.compile_all()
    trainer = people.member(role="trainer")
    course = make_course(
        app,
        trainer,
        [("video", 10 * MINUTE)],
        title="消防安全",
        language="zh_Hans",
        titles={"en": {"title": "Fire safety"}},
    )
    english = people.client(people.member(language="en"))
    chinese = people.client(people.member(language="zh_Hant"))
    for path in ("/", "/courses", f"/courses/{course.slug}"):
        assert tongue(english.get(path).get_data(as_text=True), "Fire safety") == "", path
        assert tongue(chinese.get(path).get_data(as_text=True), "消防安全") == "zh-Hans", path
    page = english.get(f"/courses/{course.slug}").get_data(as_text=True)
    assert '<p class="course-summary" lang="zh-Hans">' in page  # it has no English summary
    lesson = f"/courses/{course.slug}/lessons/{course.lesson}"
    assert tongue(english.get(lesson).get_data(as_text=True), "Lesson 1") == "zh-Hans"
