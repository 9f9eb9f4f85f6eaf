"""Take the pictures of the README from a running demo: `make run`, then `make screenshots`.

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
# name, account, path, language, viewport, colours
SHOTS = (
    ("home-phone-zh", "member", "/", "zh-CN", PHONE, "light"),
    ("course-phone-zh", "member", "/courses/phishing-passwords-zh", "zh-CN", PHONE, "light"),
    ("lesson-phone-zh", "member", "first lesson", "zh-CN", PHONE, "light"),
    ("search-phone-zh", "member", "/search?q=密码", "zh-CN", PHONE, "light"),
    ("home-desktop-en", "member", "/", "en-US", DESKTOP, "light"),
    ("courses-desktop-dark", "member", "/courses", "en-US", DESKTOP, "dark"),
    ("organizer-desktop-zh", "organizer", "/organizer/completion", "zh-CN", DESKTOP, "light"),
    ("trainer-desktop-en", "trainer", "first course", "en-US", DESKTOP, "light"),
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
    if path == "first lesson":
        page.goto("/courses/phishing-passwords-zh")
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
