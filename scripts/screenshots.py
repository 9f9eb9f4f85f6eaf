"""Take the pictures of the README and the guides: `make run`, then `make screenshots` beside it.

Signs in with the accounts in instance/demo-accounts.txt and writes docs/pictures/*.webp.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, sync_playwright

from config import ROOT, Config

PICTURES = ROOT / "docs" / "pictures"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
# name (its end is the language, -zh or -en), account, path, viewport, colours
PLACES = (
    ("home-phone", "member", "/", PHONE, "light"),
    ("course-phone", "member", "course", PHONE, "light"),
    ("lesson-phone", "member", "first lesson", PHONE, "light"),
    ("search-phone", "member", "search", PHONE, "light"),
    ("points-phone", "member", "/points", PHONE, "light"),
    ("exam-phone", "member", "exam", PHONE, "light"),
    ("practice-phone", "member", "/practice", PHONE, "light"),
    ("library-phone", "member", "/library", PHONE, "light"),
    ("me-phone", "member", "/me", PHONE, "dark"),
    ("home-desktop", "member", "/", DESKTOP, "light"),
    ("trainer-desktop", "trainer", "course to edit", DESKTOP, "light"),
    ("from-video-phone", "trainer", "/desk/courses/from-video", PHONE, "light"),
    ("questions-desktop", "trainer", "/desk/questions", DESKTOP, "light"),
    ("results-desktop", "trainer", "exam results", DESKTOP, "light"),
    ("organizer-desktop", "organizer", "/organizer/completion", DESKTOP, "light"),
    ("trend-desktop", "organizer", "/organizer/reports", DESKTOP, "light"),
    ("members-desktop", "admin", "/admin/members", DESKTOP, "light"),
    ("rules-desktop", "admin", "/points/rules", DESKTOP, "light"),
    ("setup-desktop", "admin", "/admin/setup", DESKTOP, "light"),
    ("organisation-desktop", "admin", "/admin/organisation", DESKTOP, "light"),
)
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
WORD = {"zh": "密码", "en": "password"}
TITLE = {"zh": "识别钓鱼", "en": "Phishing and passwords"}
EXAM = "安全知识考试"
MOST_BYTES = 4 * 1024 * 1024  # of all pictures together: everybody who clones has them
SHOTS = tuple(
    (f"{name}-{short}", who, path, language, viewport, colours)
    for name, who, path, viewport, colours in PLACES
    for short, language in LANGUAGES.items()
)


def accounts(path: Path) -> dict[str, str]:
    found = re.findall(r"^\s+([a-z]+)\s+(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def first_link(rows: Locator, wanted: str) -> str:
    """Where the first of these leads; ends the run when a demo of an older version has none."""
    if rows.count() == 0:
        sys.exit(f"This demo has no {wanted}: remove its instance folder, `make run`, try again")
    return rows.first.get_attribute("href") or "/"


def take(chrome: Browser, url: str, passwords: dict[str, str], shot: tuple) -> None:
    name, who, path, language, viewport, colours = shot
    context = chrome.new_context(
        base_url=url, viewport=viewport, locale=language, color_scheme=colours
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("input[name=login]").fill(who)
    page.locator("input[name=password]").fill(passwords[who])
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/$"))
    short = language[:2]
    course = f"/courses/phishing-passwords-{short}"
    if path == "search":
        path = f"/search?q={WORD[short]}"
    elif path == "course":
        path = course
    elif path == "first lesson":
        page.goto(course)
        path = first_link(page.locator("a[href*='/lessons/'] >> nth=1"), f"lesson in {course}")
    elif path in {"exam", "exam results"}:
        page.goto("/exams" if path == "exam" else "/desk/exams")
        row = page.locator("main a[href^='/exams/'], main a[href^='/desk/exams/']", has_text=EXAM)
        found = re.search(r"(/desk)?/exams/\d+", first_link(row, f"exam “{EXAM}”"))
        path = (found.group() if found else "/") + path.removeprefix("exam").replace(" ", "/")
    elif path == "course to edit":
        page.goto("/desk")
        rows = page.locator("a[href^='/desk/courses/']", has_text=TITLE[short])
        path = first_link(rows, f"course “{TITLE[short]}”")
    answer = page.goto(path)
    if answer is None or answer.status != 200:
        sys.exit(f"{path} answered {answer and answer.status}, so there is no picture “{name}”")
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => [...document.images].every(i => i.complete || i.loading === 'lazy')"
    )
    page.wait_for_timeout(1000)  # what moves has come to rest
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.save(PICTURES / f"{name}.webp", quality=80, method=6)
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of the README.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    options = parser.parse_args()
    passwords = accounts(Config.from_env().instance_dir / "demo-accounts.txt")
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            take(chrome, options.url, passwords, shot)
            print(shot[0])
        chrome.close()
    whole = sum(picture.stat().st_size for picture in PICTURES.glob("*.webp"))
    if whole > MOST_BYTES:
        sys.exit(f"The pictures have {whole} bytes; at most {MOST_BYTES} go into the repository")


if __name__ == "__main__":
    main()
