"""The quiz in a real browser: on a phone, by keyboard, with a bad connection, without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.core.db import db
from app.exams import queries
from app.exams.models import AttemptItem
from tests.exams.conftest import QUIZ
from tests.learning.lessons import Made, make_course

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("site")]


@pytest.fixture
def quiz(site) -> Made:
    return make_course(site.app, site.people.member(role="trainer"), quiz=QUIZ)


def begun(window, site, quiz: Made, **settings: object):
    member = site.people.member()
    win = window(**settings)
    win.sign_in(member)
    win.page.goto(f"/courses/{quiz.slug}/quiz")
    assert win.axe() == []
    win.page.click("main form button")
    win.page.wait_for_selector("#paper")
    win.loaded()
    return win, member


def tick(win, *texts: str) -> None:
    for text in texts:
        win.page.locator(".question:visible .choice", has_text=text).click()


def saved(win) -> None:
    win.page.wait_for_function(
        "() => document.getElementById('status').textContent.startsWith('Saved')"
    )


def attempts(site, member: int, quiz: Made) -> list:
    with site.app.app_context():
        found = queries.attempts_of(member, quiz.id)
        db.session.rollback()
    return found


def test_a_quiz_is_passed_with_one_thumb(window, site, quiz: Made) -> None:
    win, member = begun(window, site, quiz, has_touch=True, is_mobile=True)
    page = win.page
    assert page.locator(".question:visible").count() == 1
    assert not win.scrolls_sideways()
    assert win.axe() == []
    tick(win, "call for help")
    page.click("#next")
    tick(win, "stay low", "cover your mouth")
    page.click("#next")
    tick(win, "False")
    saved(win)
    assert [dot.get_attribute("aria-label") for dot in page.locator(".dot").all()] == [
        "Question 1, answered",
        "Question 2, answered",
        "Question 3, answered",
    ]
    page.click("#submit")
    page.click("dialog .btn-primary")
    page.wait_for_url("**/attempts/*")
    assert "Passed" in page.inner_text(".result")
    assert page.locator(".answer").count() == 3
    assert not win.scrolls_sideways()
    assert win.axe() == []
    assert win.problems == []
    assert [a.passed for a in attempts(site, member, quiz)] == [True]


def test_a_quiz_is_passed_by_keyboard_alone(window, site, quiz: Made) -> None:
    win, member = begun(window, site, quiz)
    page = win.page

    def press_until(selector: str, key: str = "Tab") -> None:
        for _ in range(40):
            if page.evaluate("s => document.activeElement?.matches(s)", selector):
                return
            page.keyboard.press(key)
        raise AssertionError(f"{selector} is not reached")

    def choose(text: str) -> None:
        value = (
            page.locator(".question:visible .choice", has_text=text)
            .locator("input")
            .get_attribute("value")
        )
        many = page.locator(".question:visible input[type=checkbox]").count() > 0
        if many:
            press_until(f'input[value="{value}"]')
            page.keyboard.press("Space")
            return
        press_until(".question:not([hidden]) input[type=radio]")
        page.keyboard.press("Space")
        press_until(f'input[value="{value}"]', "ArrowDown")
        assert page.evaluate("document.activeElement.checked")

    choose("call for help")
    press_until("#next")
    page.keyboard.press("Enter")
    # The focus moved to the question, so a screen reader reads it.
    assert page.evaluate("document.activeElement.id") == "question-2"
    order = page.locator(".question:visible .choice").all_inner_texts()
    wanted = ("stay low", "cover your mouth")
    for text in sorted(wanted, key=lambda t: next(n for n, o in enumerate(order) if t in o)):
        choose(text)
    press_until("#next")
    page.keyboard.press("Enter")
    choose("False")
    press_until("#submit")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    press_until("dialog .btn-primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/attempts/*")
    assert [a.passed for a in attempts(site, member, quiz)] == [True]


def test_unanswered_questions_are_named_before_submitting(window, site, quiz: Made) -> None:
    win, member = begun(window, site, quiz)
    page = win.page
    page.locator(".dot").nth(2).click()
    tick(win, "False")
    page.click("#submit")
    assert "Without an answer: 2." in page.inner_text("dialog")
    page.locator("dialog .btn").first.click()
    expect(page.locator("#question-1")).to_be_visible()
    assert attempts(site, member, quiz)[0].is_open


def test_answers_survive_a_bad_connection_and_a_reload(window, site, quiz: Made) -> None:
    win, _ = begun(window, site, quiz)
    page = win.page
    page.route("**/answers", lambda route: route.abort())
    tick(win, "call for help")
    page.wait_for_function(
        "() => document.getElementById('status').textContent.startsWith('Not saved')"
    )
    page.unroute("**/answers")
    saved(win)
    page.reload()
    # The first question is answered, so the page opens at the second.
    assert page.locator("#question-2").is_visible()
    page.locator(".dot").first.click()
    chosen = page.locator(".question:visible .choice:has(input:checked)")
    assert "call for help" in chosen.inner_text()


def test_a_quiz_that_loses_its_connection_is_handed_in_when_it_is_back(
    window, site, quiz: Made
) -> None:
    win, member = begun(window, site, quiz)
    page, net = win.page, win.page.locator("#net")
    tick(win, "call for help")
    saved(win)
    win.context.set_offline(True)
    expect(net).to_contain_text("kept on this device and sent when it is back")
    page.click("#next")
    tick(win, "stay low", "cover your mouth")
    page.click("#next")
    tick(win, "False")
    expect(page.locator("#status")).to_contain_text("kept on this device")
    page.click("#submit")
    page.click("dialog .btn-primary")
    expect(page.locator("#status")).to_contain_text("handed in when it is back")
    assert win.axe() == []
    assert attempts(site, member, quiz)[0].is_open
    win.context.set_offline(False)
    page.wait_for_url("**/attempts/*")
    assert "Passed" in page.inner_text(".result")
    assert [a.passed for a in attempts(site, member, quiz)] == [True]


def test_who_changes_an_answer_offline_does_not_hand_in(window, site, quiz: Made) -> None:
    win, member = begun(window, site, quiz)
    page = win.page
    win.context.set_offline(True)
    page.locator(".dot").nth(2).click()
    tick(win, "True")
    page.click("#submit")
    page.click("dialog .btn-primary")
    expect(page.locator("#status")).to_contain_text("handed in when it is back")
    tick(win, "False")
    win.context.set_offline(False)
    expect(page.locator("#net")).to_contain_text("Everything is sent.")
    saved(win)
    assert attempts(site, member, quiz)[0].is_open


def test_answers_of_a_quiz_that_was_closed_offline_are_sent_by_the_next_page(
    window, site, quiz: Made
) -> None:
    win, member = begun(window, site, quiz)
    page = win.page
    page.route("**/answers", lambda route: route.abort())
    tick(win, "call for help")
    page.wait_for_function(
        "() => document.getElementById('status').textContent.startsWith('Not saved')"
    )
    page.close(run_before_unload=False)
    later = win.context.new_page()
    with later.expect_response("**/answers") as answered:
        later.goto("/courses")
    assert answered.value.ok
    with site.app.app_context():
        attempt = attempts(site, member, quiz)[0]
        assert attempt.is_open
        given = [item.response for item in db.session.query(AttemptItem).all() if item.response]
        db.session.rollback()
    assert len(given) >= 1
    later.wait_for_function("() => !Object.keys(localStorage).some(k => k.includes('answers:'))")


def test_two_windows_do_not_overwrite_each_other(window, site, quiz: Made) -> None:
    win, member = begun(window, site, quiz)
    other = window()
    other.sign_in(member)
    other.page.goto(f"/courses/{quiz.slug}/quiz")
    tick(win, "call for help")
    saved(win)
    tick(other, "take the lift")
    other.page.wait_for_selector(".paper-trouble")
    assert "another window" in other.page.inner_text("#status")


def test_without_a_script_the_whole_paper_is_one_form(window, site, quiz: Made) -> None:
    win, member = begun_without_script(window, site, quiz)
    page = win.page
    assert page.locator(".question:visible").count() == 3
    assert not page.locator("#dots").is_visible()
    for text in ("call for help", "stay low", "False"):
        page.locator(".choice", has_text=text).first.click()
    page.click("#later")
    assert "Your answers are saved" in page.inner_text("#notices")
    page.goto(f"/courses/{quiz.slug}/quiz")
    assert page.locator("input:checked").count() == 3
    page.click("#submit")
    assert "Passed" in page.inner_text(".result")
    assert [str(a.score) for a in attempts(site, member, quiz)] == ["2.5"]


def begun_without_script(window, site, quiz: Made):
    member = site.people.member()
    win = window(java_script_enabled=False)
    win.sign_in(member)
    win.page.goto(f"/courses/{quiz.slug}/quiz")
    win.page.click("main form button")
    win.page.wait_for_selector("#paper")
    win.loaded()
    return win, member
