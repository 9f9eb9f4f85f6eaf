"""The application starts and guards its pages."""

import os
import subprocess
import sys
from pathlib import Path

from config import ROOT
from tests.factories import People


def test_a_visitor_is_sent_to_sign_in(people: People) -> None:
    answer = people.client().get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in")


def test_a_member_sees_home(people: People) -> None:
    answer = people.client(people.member()).get("/")
    assert answer.status_code == 200
    assert "Courses" in answer.get_data(as_text=True)


# Each takes megabytes of every process; what needs one loads it then.
HEAVY = (
    *("alembic", "cryptography", "docx", "fpdf", "lxml", "openpyxl", "psycopg", "pypdfium2"),
    *("pypinyin", "rjieba", "xlsxwriter"),
)


def test_serving_begins_without_what_few_requests_need(tmp_path: Path) -> None:
    """In a process of its own: this one has loaded everything long ago."""
    settings = {
        "WEIKE_SECRET_KEY": "x" * 40,
        "WEIKE_INSTANCE_DIR": str(tmp_path / "instance"),
        "WEIKE_MEDIA_DIR": str(tmp_path / "media"),
        "WEIKE_SEARCH_DIR": str(tmp_path / "index"),
    }
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, wsgi; print(*sys.modules)"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "app.exams.sheets" in loaded
    assert [name for name in HEAVY if name in loaded] == []
