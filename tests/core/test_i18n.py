"""Which language a reader gets: the profile's, else the one chosen below, else the browser's."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.core.i18n import language_for
from tests.factories import People


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh", "zh_Hans"),
        ("zh-CN", "zh_Hans"),
        ("zh-Hans-HK", "zh_Hans"),
        ("zh-TW", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh-Hant-HK", "zh_Hant"),
        ("en-GB", "en"),
        ("fr", None),
    ],
)
def test_browser_tags_lead_to_our_languages(tag: str, language: str | None) -> None:
    assert language_for(tag) == language


def spoken(client: FlaskClient, path: str, tags: str = "en") -> str:
    page = client.get(path, headers={"Accept-Language": tags}).get_data(as_text=True)
    return page.split('<html lang="', 1)[1].split('"', 1)[0]


def test_a_visitor_can_choose_a_language_and_keeps_it(people: People) -> None:
    client = people.client()
    assert spoken(client, "/sign-in", "zh-TW,en") == "zh-Hant"
    assert spoken(client, "/sign-in?lang=zh_Hans", "en") == "zh-Hans"
    assert spoken(client, "/sign-in", "en") == "zh-Hans"
    assert spoken(client, "/sign-in?lang=xx", "en") == "zh-Hans"


def test_choosing_a_language_keeps_the_page_that_was_wanted(people: People) -> None:
    page = people.client().get("/sign-in?next=/courses").get_data(as_text=True)
    assert "?next=%2Fcourses&amp;lang=en" in page


def test_the_profile_wins_over_what_was_chosen_as_a_visitor(people: People) -> None:
    client = people.client(people.member(language="en"))
    assert spoken(client, "/?lang=zh_Hans", "zh-TW") == "en"
