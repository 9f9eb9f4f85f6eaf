"""Library and search in a real browser, with web server and worker of their own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.library import files
from tests.live import DESKTOP, Site, Window

pytestmark = pytest.mark.browser


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, str]:
    made = {
        "Hydrant plan.pdf": files.pdf("Hydrants and ladders", "The needle is here"),
        "办法.docx": files.word("# 总则", "为加强消防安全管理，制定本办法。"),
        "Trick.pdf": b"<!DOCTYPE html><script>alert(1)</script>",
    }
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return {name: str(tmp_path / name) for name in made}


def place_of_mark(reader: Window) -> list[float]:
    """Where the first marked word begins and ends, in points from the left of its page."""
    return reader.page.locator(".textLayer .highlight").first.evaluate(
        "mark => { const left = mark.closest('.page').getBoundingClientRect().left; "
        "const box = mark.getBoundingClientRect(); return [box.left - left, box.right - left]; }"
    )


def test_several_files_are_uploaded_read_and_found(
    site: Site, window: Callable[..., Window], papers: dict[str, str]
) -> None:
    trainer = window(viewport=DESKTOP)
    trainer.sign_in(site.people.member(role="trainer"))
    page = trainer.page
    page.goto("/library/upload")
    page.set_input_files("#files", list(papers.values()))
    rows = page.locator("[data-list] > li")
    expect(rows).to_have_count(3)
    expect(page.get_by_text("Text searchable")).to_have_count(2, timeout=90_000)
    expect(rows.filter(has_text="Trick.pdf")).to_contain_text("no document that the library takes")
    rows.filter(has_text="Hydrant plan").get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("Hydrant plan")
    expect(page.locator("#p2")).to_contain_text("The needle is here")
    assert trainer.axe() == []
    trainer.problems = [p for p in trainer.problems if "422" not in p]  # the refused file
    assert trainer.problems == []

    reader = window()
    reader.sign_in(site.people.member())
    page = reader.page
    page.goto("/search")
    page.fill("#search-box", "needle")
    page.keyboard.press("Enter")
    mark = page.locator(".search-result mark").first
    expect(mark).to_have_text("needle", timeout=15_000)
    assert reader.axe() == []
    assert not reader.scrolls_sideways()
    page.locator(".search-passage").first.click()
    expect(page).to_have_url(f"{site.url}{page.url.removeprefix(site.url)}")
    page.wait_for_url("**/read?q=needle#p2")
    expect(page.locator(".textLayer .highlight").first).to_have_text("needle", timeout=20_000)
    expect(page.get_by_label("Page", exact=True)).to_have_value("2")
    assert reader.axe() == []
    assert not reader.scrolls_sideways()
    other = window(locale="zh-CN")  # letters are as wide as those of the page all the same
    other.sign_in(site.people.member())
    other.page.goto(page.url)
    expect(other.page.locator(".textLayer .highlight").first).to_have_text("needle", timeout=20_000)
    until = time.monotonic() + 15  # a page may be drawn again after its words are there
    while (here := place_of_mark(reader)) != pytest.approx(place_of_mark(other), abs=1):
        assert time.monotonic() < until, (here, place_of_mark(other))
        page.wait_for_timeout(100)
    for path in ("/library", "/search", "/search?q=nowhere+to+be+found"):
        page.goto(path)
        assert reader.axe() == []
        assert not reader.scrolls_sideways()
    assert reader.problems == []


def test_a_document_says_by_itself_when_it_has_been_read(
    site: Site, window: Callable[..., Window]
) -> None:
    trainer = window()
    trainer.sign_in(site.people.member(role="trainer"))
    page = trainer.page
    site.stop("worker")
    try:
        page.goto("/library/upload")
        page.set_input_files(
            "#files",
            {"name": "late.txt", "mimeType": "text/plain", "buffer": b"words that come late"},
        )
        page.get_by_role("link", name="late").click()
        expect(page.get_by_text("Text is being read")).to_be_visible()
        expect(page.get_by_text("appears here in a moment")).to_be_visible()
    finally:
        site.start("worker")
    expect(page.get_by_text("words that come late")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Text searchable")).to_be_visible()
    assert trainer.problems == []


def test_an_editor_chooses_branches_and_deletes_after_being_asked(
    site: Site, window: Callable[..., Window]
) -> None:
    branch = site.people.branch("Harbour")
    trainer = window()
    trainer.sign_in(site.people.member(role="trainer"))
    page = trainer.page
    page.goto("/library/upload")
    expect(page.get_by_label("Harbour")).to_be_hidden()
    page.get_by_label("Only these branches").check()
    page.get_by_label("Harbour").check()
    page.set_input_files(
        "#files", {"name": "pier.txt", "mimeType": "text/plain", "buffer": b"pier rules"}
    )
    expect(page.get_by_text("Text searchable")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="pier").click()
    expect(page.get_by_text("Harbour")).to_be_visible()
    assert branch
    assert trainer.axe() == []
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“pier” is deleted.")).to_be_visible()
    page.goto("/library/collections")
    assert trainer.axe() == []
    assert not trainer.scrolls_sideways()
    assert trainer.problems == []


def test_words_are_selected_into_a_note_and_found_again(
    site: Site, window: Callable[..., Window], tmp_path: Path
) -> None:
    (tmp_path / "Notes.pdf").write_bytes(files.pdf("Hydrants and ladders", "Second page"))
    (tmp_path / "守则.docx").write_bytes(files.word("# 总则", "为加强消防安全管理，制定本守则。"))
    trainer = window(viewport=DESKTOP)
    trainer.sign_in(site.people.member(role="trainer"))
    page = trainer.page
    page.goto("/library/upload")
    page.set_input_files("#files", [str(tmp_path / "Notes.pdf"), str(tmp_path / "守则.docx")])
    expect(page.get_by_text("Text searchable")).to_have_count(2, timeout=90_000)

    reader = window()
    reader.sign_in(site.people.member())
    page = reader.page
    page.goto("/library")
    page.get_by_role("link", name="守则").click()
    words = page.locator("#h1 .document-words")
    words.evaluate("node => getSelection().selectAllChildren(node)")
    page.locator("[data-selection]").get_by_role("button", name="Make a note").click()
    expect(page.locator("#quote-h1")).to_have_value("为加强消防安全管理，制定本守则。")
    page.locator("#note-h1").fill("重要")
    page.locator("#h1 .note-new").get_by_role("button", name="Keep").click()
    expect(page.locator("#h1 mark.own")).to_have_text("为加强消防安全管理，制定本守则。")
    page.locator(".document-more summary").filter(has_text="Cite").click()
    assert reader.axe() == []
    assert not reader.scrolls_sideways()

    page.goto("/library")
    page.get_by_role("link", name="Notes").click()
    page.get_by_role("link", name="Read").click()
    layer = page.locator(".page[data-page-number='1'] .textLayer")
    expect(layer).to_contain_text("ladders", timeout=15_000)
    layer.evaluate("node => getSelection().selectAllChildren(node)")
    page.get_by_role("button", name="Make a note").click()
    expect(page.locator("#note-quote")).to_have_value("Hydrants and ladders")
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    assert reader.axe() == []
    page.locator("#note-dialog").get_by_role("button", name="Keep").click()
    expect(page.locator(".reader-notes summary")).to_contain_text("1 note of yours")
    for _ in range(150):
        if page.evaluate("() => CSS.highlights.get('own')?.size") == 1:
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the quote is not highlighted on its page")
    expect(layer).to_contain_text("ladders", timeout=15_000)
    layer.evaluate("node => getSelection().selectAllChildren(node)")
    page.get_by_role("button", name="Make a note").click()
    expect(page.locator("#note-source")).to_have_value(re.compile("/at/p1$"))
    with page.expect_request(
        lambda asked: asked.method == "POST" and "/place" not in asked.url
    ) as sent:
        page.locator("#note-dialog").get_by_role("button", name="Ask about this").click()
    assert "quote=Hydrants+and+ladders" in sent.value.post_data
    expect(page.get_by_role("heading", name="Ask about this")).to_be_visible()
    page.goto("/library/notes")
    expect(page.locator(".document-note")).to_have_count(2)
    assert reader.axe() == []
    assert not reader.scrolls_sideways()
    assert reader.problems == []


def test_searches_of_late_are_offered_until_they_are_forgotten(
    site: Site, window: Callable[..., Window]
) -> None:
    desk = window(viewport=DESKTOP)
    desk.sign_in(site.people.member(role="administrator"))
    page = desk.page
    page.goto("/search?q=zebra")  # nothing is found: nothing is remembered
    box = page.locator("#search-box")
    options = page.locator("#search-box-suggestions [role=option]")
    key = page.locator("#search-box").get_attribute("data-suggest-who")
    page.evaluate(
        "([who, text]) => localStorage.setItem(`weike-searches:${who}`, JSON.stringify([text]))",
        [key, "hydrants of late"],
    )
    box.fill("")
    box.press("ArrowDown")
    expect(options).to_have_count(2)
    expect(options.first).to_have_text("hydrants of late")
    assert desk.axe() == []
    options.nth(1).click()
    expect(options.first).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.includes('searches'))") == []
    assert desk.problems == []
