"""The real thing for browser tests: gunicorn and the worker on a free port, Chromium in front."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import create_app
from config import ROOT, Config
from tests.factories import People

BIN = Path(sys.executable).parent
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",  # a camera and a microphone that move and beep
    "--use-fake-ui-for-media-stream",  # and that nobody has to allow
)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A running Weike of its own: `url`, its `config`, an `app` on the same data, its `people`."""

    def __init__(self, config: Config, app: Flask) -> None:
        self.config = config
        self.url = config.base_url
        self.app = app
        self.people = People(app)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> dict[str, str]:
        config = self.config
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")},
            "WEIKE_SECRET_KEY": config.secret_key,
            "WEIKE_BASE_URL": config.base_url,
            "WEIKE_INSTANCE_DIR": str(config.instance_dir),
            "WEIKE_MEDIA_DIR": str(config.media_dir),
            "WEIKE_SEARCH_DIR": str(config.search_dir),
            "WEIKE_DISK_RESERVE": "0",
            "WEIKE_LIBREOFFICE": config.libreoffice,
            "WEIKE_DEFAULT_LANGUAGE": config.default_language,
        }

    def start(self, name: str) -> None:
        """Start "web" or "worker"; its output goes to a log beside the database."""
        port = self.url.rsplit(":", 1)[1]
        command = {
            "web": (
                f"{BIN}/gunicorn wsgi:app --bind 127.0.0.1:{port} "
                "--worker-class scripts.patient.Worker --threads 16 --graceful-timeout 5 "
                "--no-control-socket --log-level warning"
            ),
            "worker": (
                f"{BIN}/huey_consumer wsgi.huey --workers 2 --worker-type thread "
                "--delay 0.1 --max-delay 0.5"
            ),
        }[name]
        log = (self.config.instance_dir / f"{name}.log").open("ab")
        with log:
            self.processes[name] = subprocess.Popen(
                command.split(), cwd=ROOT, env=self.environment(), stdout=log, stderr=log
            )

    def stop(self, name: str, sign: int = signal.SIGTERM) -> None:
        process = self.processes.pop(name)
        process.send_signal(sign)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextmanager
    def unplugged(self, context: BrowserContext) -> Iterator[None]:
        """No connection: the browser says so, and the server is away.

        What a browser sends when a page goes, or a service worker that was asleep, passes by the
        switch in the browser.
        """
        context.set_offline(True)
        self.stop("web")
        yield
        self.start("web")
        self.wait_until_up()
        context.set_offline(False)

    def wait_until_up(self, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            if time.monotonic() > deadline or self.processes["web"].poll() is not None:
                raise RuntimeError((self.config.instance_dir / "web.log").read_text())
            time.sleep(0.1)

    def log(self, name: str) -> str:
        return (self.config.instance_dir / f"{name}.log").read_text(errors="replace")


@contextmanager
def running_site(config: Config, migrated: Path) -> Iterator[Site]:
    """Serve an empty, migrated instance until the end of the block."""
    config.instance_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    site = Site(config, app)
    try:
        site.start("web")
        site.start("worker")
        site.wait_until_up()
        yield site
    finally:
        for name in list(site.processes):
            site.stop(name)


def chromium_path() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing; `make test` installs it"
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(CHROMIUM_FLAGS)
        )
        yield chrome
        chrome.close()


# A link that lies half below the fixed bar, because of where the page was scrolled to, is no small
# target: it is looked at again in the middle of the window.
BARRIERS = """async (only) => {
  const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const runOnly = only.length ? only : levels;
  const found = [];
  for (const {id, nodes} of (await axe.run(document, {runOnly})).violations) {
    const kept = [];
    for (const node of nodes) {
      if (id === "target-size") {
        const target = document.querySelector(node.target[0]);
        target.scrollIntoView({block: "center", behavior: "instant"});
        const again = await axe.run(target, {runOnly: [id]});
        if (!again.violations.length) continue;
      }
      kept.push(node.html.slice(0, 160));
    }
    if (kept.length) found.push(id + ": " + kept.slice(0, 3).join(" | "));
  }
  return found;
}"""


class Window:
    """One browser window of one person, that remembers what went wrong in it."""

    def __init__(self, chrome: Browser, site: Site, **settings: object) -> None:
        settings.setdefault("viewport", PHONE)
        settings.setdefault("locale", "en-US")
        self.context: BrowserContext = chrome.new_context(base_url=site.url, **settings)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        if settings.get("java_script_enabled", True):
            self._act_only_on_loaded_pages()
        self.site = site
        self.problems: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _act_only_on_loaded_pages(self) -> None:
        """Clicks and keys wait for the page's scripts, as people do who see it being drawn.

        Modules run after the first paint and before `load`; a test is quick enough to press a
        button in between, where it does nothing yet.
        """
        self.context.add_init_script(
            "addEventListener('load', () => { document.documentElement.dataset.loaded = '' })"
        )
        self.page.add_locator_handler(self.page.locator("html:not([data-loaded])"), self.loaded)

    def loaded(self) -> None:
        """Wait until the page and its scripts are there."""
        self.page.wait_for_load_state("load")

    def _heard(self, message: object) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, request: object) -> None:
        if not request.url.startswith((self.site.url, "blob:", "data:")):
            self.problems.append(f"asked another site: {request.url}")

    def sign_in(self, member_id: int) -> None:
        """Become a member without typing: a sign-in made by the service, in the cookie."""
        client = self.site.people.client(member_id)
        cookie = client.get_cookie("sid")
        assert cookie is not None
        self.context.add_cookies([{"name": "sid", "value": cookie.value, "url": self.site.url}])

    def scrolls_sideways(self) -> bool:
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )

    def axe(self, *rules: str) -> list[str]:
        """What breaks WCAG 2.2 A and AA on the page as it is now, or some rules; a line each.

        Looked at from its beginning: what is scrolled half below the header, as when a page that
        has errors glides to them, cannot be hit there, and axe would say so.
        """
        self.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        self.page.evaluate((ROOT / "app/static/vendor/axe.js").read_text(encoding="utf-8"))
        found = self.page.evaluate(BARRIERS, list(rules))
        return [str(line) for line in found]

    def close(self) -> None:
        self.context.close()
