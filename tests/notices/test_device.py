"""Notices on a device in a real browser: switched on, shown while no page is open, switched off.

Chromium's own push service is at Google, where no test goes. In its place stands ours: what the
browser would say about it (an address and keys) is given to the page, and what arrives there is
handed to the service worker by the browser itself.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Page
from werkzeug.serving import make_server

from app import create_app
from app.core import jobs
from app.core.db import db, unit_of_work
from app.notices import service
from tests.conftest import make_config
from tests.live import Site, Window, free_port
from tests.notices.outside import Browser, Service, push_service

pytestmark = [pytest.mark.browser]

# The part of Chromium that asks its push service: everything around it is the real one.
STAND_IN = """([endpoint, key, secret]) => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
  const subscription = (options) => ({
    endpoint, options,
    getKey: (name) => bytes(name === "auth" ? secret : key),
    unsubscribe: async () => { sessionStorage.removeItem("push"); return true; },
  });
  PushManager.prototype.subscribe = async function (options) {
    if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw Error();
    sessionStorage.setItem("push", "yes");
    return subscription({});
  };
  PushManager.prototype.getSubscription = async () =>
    sessionStorage.getItem("push") ? subscription({}) : null;
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map((one) => ({title: one.title, body: one.body, lang: one.lang, data: one.data}))"""


@pytest.fixture
def push() -> Iterator[Service]:
    with push_service() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, migrated: Path, push: Service) -> Iterator[Site]:
    config = make_config(
        tmp_path, base_url=f"http://127.0.0.1:{free_port()}", push_services=push.url
    )
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    server = make_server("127.0.0.1", urlsplit(config.base_url).port or 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(config, app)
    server.shutdown()
    server.server_close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def tell(app: Flask, member: int, key: str) -> None:
    with app.app_context(), unit_of_work():
        service.tell(
            [member],
            kind="exam",
            title="Your result is there",
            body="You have passed.",
            address="/exams",
            once_key=key,
        )
    jobs.run_pending(app)


def registration(page: Page, session: CDPSession) -> str:
    """The number of this page's service worker, as Chromium counts them."""
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(r["registrationId"] for r in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    for _ in range(100):
        if found:
            return found[-1]
        page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    raise AssertionError("no service worker was registered")


def said(page: Page, state: str) -> None:
    page.locator(f"[data-push-said][data-state={state}]").wait_for()


def test_a_device_is_told_while_no_page_asks_until_it_is_switched_off(
    chrome, site: Site, push: Service
) -> None:
    member, browser = site.people.member("王小明"), Browser()
    window = Window(chrome, site)
    page = window.page
    window.context.grant_permissions(["notifications"], origin=site.url)
    window.sign_in(member)
    given = json.dumps([f"{push.url}/to/1", browser.key, browser.secret])
    window.context.add_init_script(f"({STAND_IN})({given})")
    page.goto("/me/notices")
    said(page, "off")
    page.locator("[data-push-on]").click()
    said(page, "on")
    page.reload()
    said(page, "on")  # the server knows this device again

    tell(site.app, member, "first")
    [(_path, _headers, body)] = push.came
    session = window.context.new_cdp_session(page)
    here = {"origin": site.url, "registrationId": registration(page, session)}
    message = {**here, "data": browser.read(body).decode()}
    session.send("ServiceWorker.deliverPushMessage", message)
    page.wait_for_function(f"({SHOWN})().then((all) => all.length === 1)")
    assert page.evaluate(SHOWN) == [
        {
            "title": "Your result is there",
            "body": "You have passed.",
            "lang": "en",
            "data": "/exams",
        }
    ]
    # What is not ours is not shown, and breaks nothing.
    session.send("ServiceWorker.deliverPushMessage", {**here, "data": "no json"})

    page.locator("[data-push-off]").click()
    said(page, "off")
    tell(site.app, member, "second")
    assert len(push.came) == 1
    assert window.problems == []
    window.close()


def test_a_browser_whose_push_service_is_away_says_so(chrome, site: Site) -> None:
    window = Window(chrome, site)
    window.context.grant_permissions(["notifications"], origin=site.url)
    window.context.add_init_script(
        "PushManager.prototype.subscribe = () => Promise.reject(new DOMException())"
    )
    window.sign_in(site.people.member())
    window.page.goto("/me/notices")
    said(window.page, "off")
    window.page.locator("[data-push-on]").click()
    said(window.page, "failed")
    assert window.page.locator("[data-push-on]").is_visible()
    window.close()
