"""What tests share: an application on its own temporary folders, people, and signed-in clients."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import CodeType

import pytest
from flask import Flask
from flask_migrate import upgrade
from hypothesis import settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from app import create_app
from app.core import clock
from app.core.db import Base, db, unit_of_work
from app.points import service as points
from app.points.rules import GENTLE
from config import ROOT, Config
from tests import postgresql
from tests.factories import People

# The same examples in every run: a finding is looked for, not met by chance on somebody's change.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")


class Compiled(BytecodeCache):
    """Templates as this process has compiled them: every test has an application of its own."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self.found.get(bucket.key, ("", None))
        if checksum == bucket.checksum:  # of the source
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.found[bucket.key] = (bucket.checksum, bucket.code)


Flask.jinja_options = {"bytecode_cache": Compiled()}


def compiled_once(compile_builder: Callable) -> Callable:
    """What builds the address of a rule, compiled for the first application only.

    werkzeug writes a function for each of 400 rules, which takes longer than all else of a new
    application; it depends on nothing but the rule's text and defaults.
    """
    found: dict[tuple, Callable] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Callable:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in found:
            found[key] = compile_builder(rule, append_unknown)
        return found[key]

    return builder


Rule._compile_builder = compiled_once(Rule._compile_builder)
SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--on-postgresql",
        action="store_true",
        help="give every test of an application a database on PostgreSQL instead of SQLite",
    )


def make_config(folder: Path, **settings: object) -> Config:
    """A configuration whose every file is below `folder`."""
    values = {
        "secret_key": "test-" * 10,
        "instance_dir": folder / "instance",
        "media_dir": folder / "media",
        "search_dir": folder / "search",
        "testing": True,
        "disk_reserve": 0,
        "libreoffice": "",  # takes seconds for each file; see tests/library/test_libreoffice.py
        "limits": False,
        "default_language": "en",
        **settings,
    }
    return Config.from_env({}, **values)


_has_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_has_failed] = True
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """After a failure nothing is shared any longer: a second try, and the next test, begin anew.

    On a site that a failed test left behind, its second try would meet its own files and names;
    the plugin for second tries keeps what is shared.
    """
    if item.stash.get(_has_failed, False):
        del item.stash[_has_failed]
        item.session._setupstate.teardown_exact(None)


@pytest.fixture(autouse=True)
def right_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test begins with a clock that another one left standing."""
    monkeypatch.setattr(clock, "_source", clock._system)


@pytest.fixture
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    if not request.config.getoption("--on-postgresql"):
        yield make_config(tmp_path)
        return
    template = request.getfixturevalue("migrated_there")
    with postgresql.database(request.getfixturevalue("server"), like=template) as address:
        yield make_config(tmp_path, database_url=address)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database as the migrations make it; tests copy this file."""
    folder = tmp_path_factory.mktemp("migrated")
    app = create_app(make_config(folder))
    with app.app_context():
        if any((ROOT / "migrations" / "versions").glob("*.py")):
            upgrade()
        else:
            Base.metadata.create_all(db.engine)
        never_rest()
        db.session.remove()
        with db.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    # All that is imported by now stays: looking through it again would take 0.3 s each time, and
    # does so in every fourth test.
    gc.collect()
    gc.freeze()
    return folder / "instance" / "weike.sqlite"


def never_rest() -> None:
    """Points rest at night, and tests run at every hour: in tests they never rest."""
    with unit_of_work():
        points.publish(from_day=date(2000, 1, 1), author_id=None, book=replace(GENTLE, quiet=None))


@pytest.fixture(scope="session")
def migrated_there(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database on PostgreSQL as the migrations make it; tests copy it."""
    with postgresql.database(server) as address:
        app = create_app(make_config(tmp_path_factory.mktemp("there"), database_url=address))
        with app.app_context():
            upgrade()
            never_rest()
            db.session.remove()
            db.engine.dispose()
        yield address.rsplit("/", 1)[1]


@pytest.fixture
def app(config: Config, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with an empty database."""
    config.instance_dir.mkdir(parents=True)
    if not config.database_url:
        migrated = request.getfixturevalue("migrated")
        shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> People:
    """Makes branches and members, and clients that are signed in as them."""
    return People(app)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL with nothing in it, shared by all tests of one process."""
    quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
    with (
        tempfile.TemporaryDirectory(prefix="weike-pg-") as folder,
        postgresql.running(Path(folder), *quick) as address,
    ):
        if address is None:
            pytest.skip("PostgreSQL is not installed on this machine")
        yield address


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real files made by others; tests that need them are skipped where they are absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the shared sample files are not on this machine")
    return SAMPLES


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Path):
    """Web and worker running on an instance of their own, shared by the tests of one file."""
    from tests.live import free_port, running_site

    config = make_config(
        tmp_path_factory.mktemp("site"),
        base_url=f"http://127.0.0.1:{free_port()}",
        testing=False,
    )
    with running_site(config, migrated) as running:
        yield running


@pytest.fixture(scope="session")
def chrome():
    from tests.live import browser

    with browser() as running:
        yield running


@pytest.fixture
def window(chrome, site):
    """Opens browser windows: `window(viewport=…, locale=…, color_scheme=…)`."""
    from tests.live import Window

    opened: list[Window] = []

    def open_window(**settings: object) -> Window:
        opened.append(Window(chrome, site, **settings))
        return opened[-1]

    yield open_window
    for each in opened:
        each.close()
