"""The paper of an exam in a real browser: no connection, a lost session, a clock that is wrong."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.core import clock
from app.core.db import db, unit_of_work
from app.exams.models import Attempt, Evidence, Exam, ExamEvent
from app.members.models import Member, SignIn
from app.members.service import password_hash
from tests.exams.examiner import Candidate, Set, make_exam
from tests.learning.lessons import single
from tests.live import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("site")]
DRAFTS = re.compile(r"/js/drafts[^/]*")
PASSWORD = "correct horse battery"


@pytest.fixture
def exam(site) -> Set:
    return make_exam(site.app, site.people.member(role="trainer"), shuffle_questions=False)


def begun(window, site, exam: Set, **settings: object):
    member = site.people.member()
    win = window(**settings)
    win.sign_in(member)
    win.page.goto(f"/exams/{exam.id}")
    assert win.axe() == []
    win.page.click(".exam-start button")
    win.page.wait_for_selector("#paper.one-by-one")
    return win, member


def tick(win, text: str) -> None:
    win.page.locator(".question:visible .choice", has_text=text).click()


def status(win, start: str) -> None:
    win.page.wait_for_function(
        "start => document.getElementById('status').textContent.startsWith(start)", arg=start
    )


def attempt(app: Flask, member: int) -> Attempt:
    with app.app_context():
        found = db.session.query(Attempt).filter_by(member_id=member).one()
        db.session.expunge_all()
        db.session.rollback()
    return found


def ends_in(app: Flask, exam: Set, seconds: float) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Exam, exam.id).grace_s = 0
        for row in session.query(Attempt).filter_by(exam_id=exam.id):
            row.deadline_at = clock.now() + timedelta(seconds=seconds)


def test_answers_wait_for_the_connection_also_when_the_page_is_opened_anew(
    window, site, exam: Set
) -> None:
    win, member = begun(window, site, exam)
    page = win.page
    page.context.set_offline(True)
    tick(win, "call for help")
    status(win, "No connection")
    page.context.set_offline(False)
    status(win, "Saved")
    # Refused by a server that is busy, and the page closed meanwhile.
    page.route("**/answers", lambda route: route.fulfill(status=503))
    page.locator(".dot").nth(1).click()
    tick(win, "112")
    status(win, "Not saved")
    page.unroute("**/answers")
    url = page.url
    page.goto("about:blank")
    page.goto(url)
    status(win, "Saved")
    page.locator(".dot").nth(1).click()
    assert page.locator(".question:visible input:checked").count() == 1
    assert attempt(site.app, member).state == "open"


def test_without_a_connection_at_the_end_answers_are_sealed_and_brought_later(
    window, site, exam: Set
) -> None:
    win, member = begun(window, site, exam)
    page = win.page
    page.route("**/attempts/**", lambda route: route.abort())
    tick(win, "call for help")
    status(win, "Not saved")
    ends_in(site.app, exam, -1)
    # The page learns of no deadline that was moved; its own clock is run down.
    page.evaluate(
        "performance.now = ((now) => () => now() + 3_700_000)(performance.now.bind(performance))"
    )
    status(win, "The time is over and there is no connection")
    assert page.get_by_role("button", name="Save them as a file").is_visible()
    assert attempt(site.app, member).score in (None, 0)
    with page.expect_download() as told:
        page.get_by_role("button", name="Save them as a file").click()
    assert b"left_ms" in told.value.path().read_bytes()
    page.unroute("**/attempts/**")
    page.wait_for_selector(".result, .page-header form", timeout=60_000)
    ended = attempt(site.app, member).id
    with site.app.app_context():
        row = db.session.query(Evidence).filter_by(attempt_id=ended, kind="sealed").one()
        db.session.expunge_all()
        db.session.rollback()
    assert row.told["intact"] is True
    assert row.told["left_ms"] > 3_000_000


def test_who_is_signed_out_signs_in_again_on_the_page_and_goes_on(window, site, exam: Set) -> None:
    win, member = begun(window, site, exam)
    page = win.page
    name = password_for(site.app, member)
    with site.app.app_context(), unit_of_work() as session:
        session.query(SignIn).filter_by(member_id=member).delete()
    tick(win, "call for help")
    dialog = page.locator("#sign-in-again")
    dialog.wait_for()
    assert win.axe() == []
    page.fill("#again-login", name)
    page.fill("#again-password", "not this one")
    dialog.get_by_role("button", name="Sign in").click()
    page.wait_for_function(
        "() => document.querySelector('#sign-in-again .field-error').textContent !== ''"
    )
    page.fill("#again-password", PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="detached")
    status(win, "Saved")
    assert page.locator(".question:visible input:checked").count() == 1


# As the modern web view of the Safe Exam Browser does: no headers; the callback is known by name.
SAFE_BROWSER = """
window.SafeExamBrowser = { version: "SEB_iOS", security: { configKey: "", browserExamKey: "",
  updateKeys(callback) {
    const url = location.href.split("#")[0];
    crypto.subtle.digest("SHA-256", new TextEncoder().encode(url + "%s")).then((hash) => {
      const digits = [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, "0"));
      this.configKey = digits.join("");
      window[callback.name]();
    });
  } } };
"""


def test_the_safe_exam_browser_tells_its_key_to_the_page(window, site) -> None:
    key = "ab" * 32
    trainer = site.people.member(role="trainer")
    exam = make_exam(site.app, trainer, safe_keys=key, shuffle_questions=False)
    member = site.people.member()
    win = window()
    win.sign_in(member)
    page = win.page
    page.goto(f"/exams/{exam.id}")
    page.click(".exam-start button")
    page.wait_for_selector(".notice-bad")
    page.add_init_script(SAFE_BROWSER % key)
    page.goto(f"/exams/{exam.id}")
    page.click(".exam-start button")
    page.wait_for_selector("#paper.one-by-one")
    # Signed out and in again: the page proves it anew, and the answer is saved.
    name = password_for(site.app, member)
    with site.app.app_context(), unit_of_work() as session:
        session.query(SignIn).filter_by(member_id=member).delete()
    tick(win, "call for help")
    dialog = page.locator("#sign-in-again")
    dialog.wait_for()
    page.fill("#again-login", name)
    page.fill("#again-password", PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="detached")
    status(win, "Saved")


def test_of_two_devices_the_newer_goes_on_and_the_older_can_only_be_read(
    window, site, exam: Set
) -> None:
    old, member = begun(window, site, exam)
    tick(old, "call for help")
    status(old, "Saved")
    new = window(has_touch=True, is_mobile=True)
    new.sign_in(member)
    new.page.goto(old.page.url)
    new.page.wait_for_selector("#paper.one-by-one")
    assert new.page.locator(".question input:checked").count() == 1
    new.page.locator(".dot").nth(1).click()
    tick(new, "112")
    status(new, "Saved")
    # The old page learns of it by its next answer; that is kept aside and does not count.
    tick(old, "take the lift")
    old.page.wait_for_function(
        "() => [...document.querySelectorAll('.question input:not([type=hidden])')]"
        ".filter((each) => each.name.startsWith('q')).every((each) => each.disabled)"
    )
    assert old.page.locator("#submit").is_disabled()
    assert "another device" in old.page.inner_text("#status")
    assert "another device" in old.page.inner_text("#spoken")
    assert old.axe() == []
    for _ in range(2):
        old.page.locator(".dot").nth(1).click()  # reading goes on
    assert "Which number?" in old.page.inner_text(".question:visible")
    with site.app.app_context():
        kept = db.session.query(Evidence).filter_by(attempt_id=attempt(site.app, member).id)
        assert [row.kind for row in kept] == ["stale"]
        acts = [row.act for row in db.session.query(ExamEvent).filter_by(exam_id=exam.id)]
        db.session.rollback()
    assert acts.count("device") == 1
    assert attempt(site.app, member).state == "open"


def password_for(app: Flask, member: int) -> str:
    with app.app_context(), unit_of_work() as session:
        row = session.get_one(Member, member)
        row.password_hash = password_hash(PASSWORD)
        return row.username


@pytest.mark.parametrize("hours", [1, -1])
def test_a_wrong_clock_on_the_device_changes_nothing(window, site, exam: Set, hours: int) -> None:
    member = site.people.member()
    win = window(viewport=DESKTOP)
    win.sign_in(member)
    page = win.page
    page.add_init_script(
        f"Date.now = ((now) => () => now() + {hours * 3_600_000})(Date.now.bind(Date))"
    )
    page.goto(f"/exams/{exam.id}")
    page.click(".exam-start button")
    page.wait_for_selector("#paper.one-by-one")
    shown = page.inner_text("#time").split()[0]
    assert shown in {"59:59", "60:00", "1:00:00"} or shown.startswith("59:")
    # Somebody puts the clock right, and the device to another day.
    page.evaluate(f"Date.now = ((now) => () => now() - {hours * 90_000_000})(Date.now)")
    tick(win, "call for help")
    status(win, "Saved")
    page.wait_for_function("was => document.getElementById('time').innerText !== was", arg=shown)
    assert page.inner_text("#time").startswith("59:")


TIMES = (
    (1_700_000, "Half of the time is over."),
    (290_000, "Five minutes left."),
    (50_000, "One minute left."),
)


def let_pass(page, left_ms: int, sentence: str) -> None:
    """Let the server say how much is left, as it does with every answer, until it is said aloud."""

    def answer(route) -> None:
        items = re.findall(r"(?:^|&)v(\d+)=(\d+)", route.request.post_data or "")
        clock = {"remaining_ms": left_ms, "is_paused": False}
        route.fulfill(json={"saved": {i: int(n) for i, n in items}, "clock": clock, "messages": []})

    page.unroute("**/answers")
    page.route("**/answers", answer)
    page.locator(".question:visible .flag").click()  # is sent, and brings the clock
    page.wait_for_function(
        "text => document.getElementById('spoken').textContent === text", arg=sentence
    )


def test_the_time_is_said_to_screen_readers_at_half_five_and_one_minute(
    window, site, exam: Set
) -> None:
    win, _member = begun(window, site, exam)
    for left_ms, sentence in TIMES:
        let_pass(win.page, left_ms, sentence)
    win.page.click("#hide-clock")
    assert not win.page.locator("#time").is_visible()


class Tree:
    """What Chromium tells a screen reader: (role, name) of everything, and what is set on it."""

    def __init__(self, page) -> None:
        self._line = page.context.new_cdp_session(page)
        self._line.send("Accessibility.enable")

    def nodes(self) -> list[dict]:
        found = self._line.send("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node.get("role", {}).get("value", ""),
                "name": " ".join(str(node.get("name", {}).get("value", "")).split()),
                "description": str(node.get("description", {}).get("value", "")),
                **{p["name"]: p["value"].get("value") for p in node.get("properties", ())},
            }
            for node in found
            if not node.get("ignored")
        ]

    def names(self, role: str) -> list[str]:
        return [node["name"] for node in self.nodes() if node["role"] == role]

    def one(self, role: str, start: str = "") -> dict:
        found = [n for n in self.nodes() if n["role"] == role and n["name"].startswith(start)]
        assert len(found) == 1, (role, start, found)
        return found[0]

    def texts(self) -> str:
        return "\n".join(self.names("StaticText"))


def test_an_exam_is_walked_from_start_to_receipt_by_what_a_screen_reader_is_told(
    window, site, exam: Set
) -> None:
    member = site.people.member()
    win = window()
    win.sign_in(member)
    page = win.page
    page.goto(f"/exams/{exam.id}")
    tree = Tree(page)
    assert "Fire safety" in tree.names("heading")
    begin = page.locator(".exam-start button")
    assert " ".join(begin.inner_text().split()) in tree.names("button")
    begin.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#paper.one-by-one")

    # The question is a group that is called by its number and its words.
    assert tree.one("group", "Question 1 of 3")["name"] == "Question 1 of 3 What comes first?"
    assert len(tree.names("radio")) == 3
    assert tree.one("navigation", "Questions")
    dots = [name for name in tree.names("button") if name.startswith("Question ")]
    assert dots == [f"Question {n}, no answer yet" for n in (1, 2, 3)]
    assert tree.one("timer")
    assert tree.one("button", "Hide the clock")

    # Answered and flagged by keyboard; the map says both.
    page.locator(".question:visible input[type=radio]").first.focus()
    page.keyboard.press("Space")
    status(win, "Saved")
    assert [n.get("checked") for n in tree.nodes() if n["role"] == "radio"].count("true") == 1
    page.locator(".question:visible .flag input").focus()
    page.keyboard.press("Space")
    page.wait_for_selector(".dot.answered.flagged")
    assert tree.one("checkbox", "Come back to it")["checked"] == "true"
    assert tree.one("button", "Question 1,")["name"] == "Question 1, answered, come back to it"
    page.locator(".dot").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#question-2:not([hidden])")
    assert tree.one("group", "Question 2 of 3")["focused"] is True
    assert "Question 1 of 3" not in tree.texts()  # what is hidden is hidden from everybody

    # The time is said in a region that is read out by itself, three times.
    for left_ms, sentence in TIMES:
        let_pass(page, left_ms, sentence)
        assert sentence in tree.texts()
        assert "assertive" in [n.get("live") for n in tree.nodes() if n["role"] == "status"]
    page.unroute("**/answers")

    # Submitting names what is not answered, in a dialog with a name of its own.
    page.locator(".dot").nth(2).click()
    page.locator("#submit").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    dialog = next(n for n in tree.nodes() if n["role"] in {"dialog", "alertdialog"})
    assert "2" in dialog["name"] + dialog["description"] + tree.texts()
    assert "Submit" in tree.names("button")
    page.locator("dialog[open]").get_by_role("button", name="Submit").press("Enter")
    page.wait_for_selector(".result")
    assert any(name in {"Passed", "Not passed this time"} for name in tree.names("heading"))
    receipt = page.locator(".result-receipt code").inner_text()
    assert receipt in tree.texts()
    assert win.axe() == []


def test_settings_that_were_typed_and_not_saved_come_back(window, site) -> None:
    author = site.people.member(role="trainer")
    made = make_exam(site.app, author, publish=False)
    win = window(viewport=DESKTOP)
    win.sign_in(author)
    page = win.page
    held = []  # the script that keeps drafts comes late, as on a slow line
    page.route(DRAFTS, lambda route: held.append(route))  # noqa: PLW0108 - playwright marks its handlers
    with page.expect_request(DRAFTS):
        page.goto(f"/desk/exams/{made.id}/settings", wait_until="domcontentloaded")
    page.locator("#instructions").press_sequentially("Bring a pen")
    for route in held:
        route.continue_()
    page.unroute(DRAFTS)
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    page.goto(f"/desk/exams/{made.id}")
    page.goto(f"/desk/exams/{made.id}/settings")
    page.get_by_role("button", name="Throw it away").wait_for()
    assert page.locator("#instructions").input_value() == "Bring a pen"
    page.get_by_role("button", name="Throw it away").click()
    assert page.locator("#instructions").input_value() == ""


def test_a_comment_on_an_answer_and_an_appeal_survive_a_reload_and_a_refusal(window, site) -> None:
    author = site.people.member(role="trainer")
    essay = {"kind": "essay", "stem": "Why stay low?", "answer": "Smoke rises.", "rubric": []}
    keyed = single("Which number?", "112", ("000", "123"))
    made = make_exam(site.app, author, [essay, keyed], show_answers="at_once")
    taker = Candidate(site.people, made)
    taker.start()
    open_, choice = sorted(taker.paper(), key=lambda item: bool(item.options))
    taker.submit({open_.id: ["Because."], choice.id: choice.named("000")})

    marker = window(viewport=DESKTOP)
    marker.sign_in(author)
    page, path = marker.page, f"/desk/exams/{made.id}/marking/{made.questions[0]}"
    page.goto(path)
    page.locator("#comment").press_sequentially("Say what rises.")
    page.locator("#points").press_sequentially("7")
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    page.goto(f"/desk/exams/{made.id}/marking")
    page.goto(path)
    page.get_by_role("button", name="Throw it away").wait_for()
    assert page.locator("#comment").input_value() == "Say what rises."
    page.get_by_role("button", name="Save and go").click()  # 7 of 1 point
    page.locator(".notice-bad").wait_for()
    page.get_by_role("button", name="Throw it away").wait_for()
    assert page.locator("#comment").input_value() == "Say what rises."
    page.locator("#points").fill("0")
    page.get_by_role("button", name="Save and go").click()
    page.get_by_text("All answers to this question are marked").wait_for()
    assert taker.items()[open_.id - min(open_.id, choice.id)].comment == "Say what rises."

    phone = window(viewport=PHONE)
    phone.sign_in(taker.member)
    page = phone.page
    page.goto(f"/attempts/{taker.attempt}")
    fields = page.locator("textarea[name=text]")
    page.get_by_text("I see this mark differently").nth(1).click()
    fields.nth(1).press_sequentially("It is 000 here.")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.draft-state')].some(each => each.textContent)"
    )
    page.reload()
    page.get_by_role("button", name="Throw it away").wait_for()
    assert [fields.nth(n).input_value() for n in (0, 1)] == ["", "It is 000 here."]
    assert phone.axe() == []
    assert not phone.scrolls_sideways()


def test_going_back_shows_no_paper_after_the_end_and_nothing_after_signing_out(
    window, site, exam: Set
) -> None:
    win, member = begun(window, site, exam)
    page = win.page
    paper = page.url
    tick(win, "call for help")
    status(win, "Saved")
    page.locator(".dot").nth(2).click()
    page.click("#submit")
    page.locator("dialog[open]").get_by_role("button", name="Submit").click()
    page.wait_for_selector(".result")
    result = page.url
    page.go_back()  # as on a computer that many use: the server is asked again
    page.wait_for_load_state()
    assert page.locator("#paper").count() == 0
    page.goto(paper)
    assert page.url != paper
    page.goto(result)
    page.goto("/me")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")
    page.go_back()
    page.go_back()
    page.wait_for_load_state()
    assert page.locator(".result").count() == 0
    assert attempt(site.app, member).state != "open"
