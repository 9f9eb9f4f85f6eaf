"""Tests of finding run on both engines: Whoosh files, and a PostgreSQL when there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from config import Config
from tests.conftest import make_config

ON_BOTH = {
    "test_alike",
    "test_asking",
    "test_bank",
    "test_finding",
    "test_kept",
    "test_page",
    "test_relevance",
}
ON_POSTGRESQL = {"test_postgresql"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if "engine" in metafunc.fixturenames and module in ON_BOTH:
        metafunc.parametrize("engine", ["whoosh", "postgresql"], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Which engine holds the index."""
    module = request.module.__name__.rpartition(".")[2]
    return getattr(request, "param", "postgresql" if module in ON_POSTGRESQL else "whoosh")


@pytest.fixture
def config(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> Config:
    if engine == "whoosh":
        return make_config(tmp_path)
    address = request.getfixturevalue("server")
    forget_indexes(address)
    return make_config(tmp_path, search_engine="postgresql", search_database=address)


@pytest.fixture
def app(app: Flask) -> Iterator[Flask]:
    yield app
    app.extensions["search"].close()


@pytest.fixture
def lose_index(config: Config) -> Callable[[], None]:
    """Does away with the live index, as an accident would."""

    def lose() -> None:
        if config.search_engine == "postgresql":
            forget_indexes(config.search_address)
        else:
            (config.search_dir / "current").unlink()

    return lose


def forget_indexes(address: str) -> None:
    """Drop every index of a PostgreSQL."""
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        found = "select nspname from pg_namespace where nspname like 'weike%'"
        for (schema,) in connection.execute(found).fetchall():
            connection.execute(f"drop schema {schema} cascade")
