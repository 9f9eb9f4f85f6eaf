"""`make test` tries a failed test again: on ground of its own, or it could only fail again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from config import ROOT

SHARED = """
import pytest

@pytest.fixture(scope="module")
def site():
    return set()

def test_files_are_uploaded(site):
    assert "plan.pdf" not in site, "met what the first try left"
    site.add("plan.pdf")
    assert number() == 2, "the driver stumbled"

def number(calls=[]):
    calls.append(1)
    return len(calls)
"""


def tried(folder: Path, conftest: str) -> str:
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_shared.py").write_text(SHARED)
    outcome = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--reruns=1",
            "-p",
            "no:cacheprovider",
            f"--rootdir={folder}",
            folder,
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return outcome.stdout


def test_a_second_try_does_not_meet_what_the_first_left_behind(tmp_path: Path) -> None:
    hooks = "from tests.conftest import pytest_runtest_makereport, pytest_runtest_teardown"
    assert "1 passed, 1 rerun" in tried(tmp_path, hooks)


def test_without_that_it_would(tmp_path: Path) -> None:
    assert "met what the first try left" in tried(tmp_path, "")
