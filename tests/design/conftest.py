"""What tests of the design language share: a site as builders run it, and its design page."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from app import create_app
from app.core.db import db
from tests.conftest import make_config
from tests.live import Site, Window, free_port


@pytest.fixture(scope="package")
def builders(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Site]:
    """The site as builders run it, in this process: the only one with a design page."""
    config = make_config(
        tmp_path_factory.mktemp("builders"),
        base_url=f"http://127.0.0.1:{free_port()}",
        debug=True,
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


@pytest.fixture
def design(chrome: Browser, builders: Site) -> Iterator[Callable[..., Window]]:
    """Opens the design page as a trainer: `design("?look=dark", viewport=…)`."""
    trainer = builders.people.member("李老师", role="trainer")
    opened = []

    def open_design(query: str = "", **settings: object) -> Window:
        window = Window(chrome, builders, **settings)
        opened.append(window)
        window.sign_in(trainer)
        window.page.goto(f"/design{query}")
        window.page.wait_for_load_state("networkidle")
        return window

    yield open_design
    for window in opened:
        window.close()
