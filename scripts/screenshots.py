"""Take the pictures of the README and the guides: `make run`, then `make screenshots`.

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
from playwright.sync_api import Browser, sync_playwright

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
    ("me-phone", "member", "/me", PHONE, "dark"),
    ("home-desktop", "member", "/", DESKTOP, "light"),
    ("organizer-desktop", "organizer", "/organizer/completion", DESKTOP, "light"),
    ("trainer-desktop", "trainer", "first course", DESKTOP, "light"),
    ("organisation-desktop", "admin", "/admin/organisation", DESKTOP, "light"),
)
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
WORD = {"zh": "密码", "en": "password"}
SHOTS = (
    *(
        (f"{name}-{short}", who, path, language, viewport, colours)
        for name, who, path, viewport, colours in PLACES
        for short, language in LANGUAGES.items()
    ),
    ("courses-desktop-dark", "member", "/courses", "en-US", DESKTOP, "dark"),
)


def accounts(path: Path) -> dict[str, str]:
    found = re.findall(r"^\s+([a-z]+)\s+(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


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
        path = page.locator("a[href*='/lessons/']").nth(1).get_attribute("href") or "/"
    elif path == "first course":
        page.goto("/desk")
        path = page.locator("a[href^='/desk/courses/']").nth(1).get_attribute("href") or "/desk"
    answer = page.goto(path)
    if answer is None or answer.status != 200:
        sys.exit(f"{path} answered {answer and answer.status}, so there is no picture “{name}”")
    page.wait_for_timeout(2500)
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


if __name__ == "__main__":
    main()
