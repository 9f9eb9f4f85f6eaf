"""A row on PostgreSQL that somebody holds and forgets stops nobody else for ever."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from app import create_app
from app.core import clock
from app.core import db as core
from app.core.access import PUBLIC, access
from app.core.db import db, unit_of_work
from app.core.models import Setting
from tests import postgresql
from tests.conftest import make_config
from tests.factories import csrf


def test_who_waits_for_a_row_is_told_that_the_server_is_busy(
    server: str, migrated_there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "BUSY_TIMEOUT_MS", 300)
    with postgresql.database(server, like=migrated_there) as address:
        app = create_app(make_config(tmp_path, database_url=address))

        @app.post("/t/change", endpoint="t.change")
        @access(PUBLIC)
        def change() -> str:
            db.session().get_one(Setting, "held").value = {"n": 2}
            return "changed"

        with app.app_context(), unit_of_work() as session:
            session.add(Setting(key="held", value={"n": 1}, changed_at=clock.now()))
        visitor = app.test_client()
        with psycopg.connect(address.replace("+psycopg", "")) as holder:
            holder.execute("SELECT 1 FROM setting FOR UPDATE")
            answer = visitor.post("/t/change", headers=csrf(visitor))
            assert answer.status_code == 503
            assert "busy" in answer.text
            assert answer.headers["Retry-After"]
        assert visitor.post("/t/change", headers=csrf(visitor)).text == "changed"
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
