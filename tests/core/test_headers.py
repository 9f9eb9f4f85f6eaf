"""What every answer carries, and what a request from elsewhere gets."""

from __future__ import annotations

import re

from flask import Flask

from app import create_app
from tests.conftest import make_config
from tests.factories import People, csrf


def test_pages_carry_a_strict_policy_with_a_fresh_nonce(people: People) -> None:
    client = people.client(people.member())
    policies = [client.get("/").headers["Content-Security-Policy"] for _ in range(2)]
    assert "default-src 'none'" in policies[0]
    assert "unsafe" not in policies[0]
    nonces = [re.search(r"'nonce-([\w-]+)'", p).group(1) for p in policies]
    assert nonces[0] != nonces[1]


def test_pages_are_never_kept_by_caches(people: People) -> None:
    answer = people.client(people.member()).get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_are_kept_for_ever_under_their_hash(app: Flask) -> None:
    client = app.test_client()
    url = app.extensions["fingerprints"].url("css/tokens.css")
    right = client.get(url, buffered=True)
    assert right.status_code == 200
    assert "immutable" in right.headers["Cache-Control"]
    wrong = client.get("/static/css/tokens.0000000000.css", buffered=True)
    assert "immutable" not in wrong.headers.get("Cache-Control", "")
    assert client.get("/static/../config.0000000000.py").status_code == 404


def test_a_post_from_another_site_is_refused_and_ours_is_not(people: People) -> None:
    client = people.client(people.member())
    headers = csrf(client)
    foreign = {**headers, "Sec-Fetch-Site": "cross-site"}
    assert client.post("/sign-out", headers=foreign).status_code == 403
    origin = {"X-CSRFToken": headers["X-CSRFToken"], "Origin": "https://evil.example"}
    assert client.post("/sign-out", headers=origin).status_code == 403
    assert client.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 400
    assert client.post("/sign-out", headers=headers).status_code < 400


def test_https_sets_secure_cookies_and_transport_security(tmp_path, migrated) -> None:
    import shutil

    config = make_config(tmp_path, base_url="https://learn.example.org")
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    answer = app.test_client().get("/sign-in", base_url="https://learn.example.org")
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")


def test_a_wrong_address_gets_a_calm_page_and_scripts_get_json(people: People) -> None:
    client = people.client(people.member())
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "It may have been withdrawn" in page.get_data(as_text=True)
    answer = client.get("/nowhere", headers={"Accept": "application/json"})
    assert answer.get_json()["error"].startswith("There is nothing here")


def test_a_broken_page_shows_a_number_and_no_trace(tmp_path, migrated) -> None:
    import shutil

    from app.core.access import PUBLIC, access

    config = make_config(tmp_path, testing=False)
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)

    @app.get("/t/broken", endpoint="t.broken")
    @access(PUBLIC)
    def broken() -> str:
        raise RuntimeError("secret detail")

    answer = app.test_client().get("/t/broken")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "secret detail" not in text
    assert "Traceback" not in text
    assert re.search(r"\b[0-9a-f]{8}\b", text)


def test_a_huge_form_is_refused(people: People) -> None:
    client = people.client(people.member())
    headers = csrf(client)
    answer = client.post("/sign-out", data={"x": "x" * 2_000_000}, headers=headers)
    assert answer.status_code == 413


JSON_IS_READ = {
    "exams.bring_sealed",
    "learning.open_visit",
    "learning.present",
    "learning.report_spans",
}


def test_forms_refuse_json(app: Flask, people: People) -> None:
    """A form would take numbers and lists of JSON for its fields, and texts for pairs."""
    client = people.client(people.member(role="administrator", organizes=people.branch()))
    head = csrf(client)
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        values = dict.fromkeys(rule.arguments, "1")
        path = app.url_map.bind("localhost").build(rule.endpoint, values, method="POST")
        for sent in (["x"], {"title": 5}):
            answer = client.post(path, json=sent, headers=head)
            assert (answer.status_code == 415) is (rule.endpoint not in JSON_IS_READ), path
            assert answer.status_code in {404, 415, 422}, path
    assert set(answer.json) == {"error", "reason"}
