"""What tests share: an application on its own temporary folders, people, and signed-in clients."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.core.db import Base, db
from config import Config
from tests.factories import People

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples"


def make_config(folder: Path, **settings: object) -> Config:
    """A configuration whose every file is below `folder`."""
    values = {
        "secret_key": "test-" * 10,
        "instance_dir": folder / "instance",
        "media_dir": folder / "media",
        "search_dir": folder / "search",
        "testing": True,
        "disk_reserve": 0,
        "default_language": "en",
        **settings,
    }
    return Config.from_env({}, **values)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


@pytest.fixture
def app(config: Config) -> Flask:
    """The application with an empty database."""
    app = create_app(config)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> People:
    """Makes branches and members, and clients that are signed in as them."""
    return People(app)


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real files made by others; tests that need them are skipped where they are absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the shared sample files are not on this machine")
    return SAMPLES
