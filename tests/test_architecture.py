"""The house rules that no linter knows, and proof that the import contracts bite."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from flask import Flask

from app import ROOMS
from app.core import jobs
from app.core.access import rule_of
from app.core.addresses import ADDRESSES, address

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
SOURCES = sorted(APP.rglob("*.py"))


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_only_core_db_commits() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        if path != APP / "core" / "db.py"
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "commit"
        # Whoosh calls the end of writing an index a commit, too.
        and ast.unparse(call.func.value) != "writer"
    ]
    assert offenders == []


def test_the_time_comes_only_from_the_clock() -> None:
    asking = re.compile(r"^(datetime|date)\.(now|utcnow|today)$|^time\.(time|monotonic)$")
    # A leash on a child process and a sleep between sweeps measure, they do not decide.
    measuring = {APP / "core" / "clock.py", APP / "core" / "child.py"}
    offenders = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        if path not in measuring
        for call in calls(path)
        if asking.match(ast.unparse(call.func))
    ]
    assert offenders == []


def test_models_and_queries_write_nothing() -> None:
    writing = {"add", "add_all", "delete", "merge", "flush"}
    offenders = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        if path.stem in {"queries", "models"} or path.parent.name in {"queries", "models"}
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in writing
        and "session" in ast.unparse(call.func.value)
    ]
    assert offenders == []


def test_there_is_no_file_without_a_subject() -> None:
    nameless = {"utils.py", "helpers.py", "common.py", "constants.py", "managers.py"}
    assert [str(p.relative_to(ROOT)) for p in SOURCES if p.name in nameless] == []


def test_every_module_opens_with_one_sentence() -> None:
    mute = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert mute == []


def test_templates_link_only_to_their_own_and_lower_rooms() -> None:
    floor = {room: number for number, room in enumerate(ROOMS)}
    link = re.compile(r"""url_for\(\s*['"]([a-z_]+)\.""")
    include = re.compile(r"""(?:extends|include|import|from)\s+['"]([a-z_]+)/""")
    offenders = []
    for template in APP.rglob("templates/**/*.html"):
        room = template.relative_to(APP).parts[0]
        if room == "templates":
            room = "core"
        text = template.read_text(encoding="utf-8")
        offenders += [
            f"{template.relative_to(ROOT)} → {target}"
            for target in (*link.findall(text), *include.findall(text))
            if target in floor and floor[target] > floor[room]
        ]
    assert offenders == []


def test_templates_carry_no_inline_style_or_handler() -> None:
    """The content security policy blocks them, so they would silently do nothing."""
    inline = re.compile(r"""<[^>]*\s(style|on[a-z]+)\s*=\s*["']""")
    offenders = [
        str(template.relative_to(ROOT))
        for template in APP.rglob("templates/**/*.html")
        if inline.search(template.read_text(encoding="utf-8"))
    ]
    assert offenders == []


def test_no_module_is_preloaded_before_the_import_map() -> None:
    """What is preloaded earlier may not find what it imports; some browsers then drop the map.

    The blocks `early` and `scripts` of base.html come after the map; those before it do not.
    """
    base = (APP / "templates" / "base.html").read_text(encoding="utf-8")
    assert base.index('"importmap"') < base.index("{% block early %}")
    assert base.index("{% block early %}") < base.index("{% block scripts %}")
    for template in APP.rglob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        at = text.find("modulepreload")
        places = [text.find(f"{{% block {name} %}}") for name in ("early", "scripts")]
        assert at < 0 or any(0 <= place < at for place in places), template


def test_every_address_leads_to_a_route(app: Flask) -> None:
    parts = {"slug": "x", "lesson": 1, "document": "0" * 32, "course": 1, "exam": 1, "attempt": 1}
    parts |= {"path": 1, "kind": "document", "ref": "x", "question": 1, "post": 1, "appeal": 1}
    adapter = app.url_map.bind("localhost")
    for thing in ADDRESSES:
        assert adapter.match(address(thing, **parts), method="GET")


def test_every_route_has_an_access_rule(app: Flask) -> None:
    closed = [e for e in app.view_functions if rule_of(app, e) is None]
    assert closed == []


def test_every_job_that_is_asked_for_has_somebody_who_does_it(app: Flask) -> None:
    asked = {
        call.args[0].value
        for path in SOURCES
        for call in calls(path)
        if ast.unparse(call.func).split(".")[-1] == "enqueue"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert asked
    assert asked - set(jobs._handlers) == set()


# --- the contracts bite: each is broken once, in a package of its own --------------------


def contracts() -> list[dict]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["tool"]["importlinter"]["contracts"]


BREAKAGES = {
    "floors": {"app/members/models.py": "import app.home.views"},
    "pure-rules": {"app/points/rules/book.py": "import sqlalchemy"},
    "no-flask-below-the-doors": {"app/members/models.py": "from flask import request"},
}


def broken_house(
    folder: Path, files: dict[str, str], contract: str
) -> subprocess.CompletedProcess[str]:
    """A skeleton of the house with one wrong import; runs one contract on it."""
    shutil.copytree(
        APP,
        folder / "app",
        ignore=lambda where, names: [
            n for n in names if not (Path(where, n).is_dir() or n.endswith(".py"))
        ],
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, line in files.items():
        path = folder / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + "\n" + textwrap.dedent(line) + "\n", encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--contract", contract],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def breakage_of(contract: dict) -> dict[str, str]:
    if contract["id"].startswith("order-"):
        room = contract["id"].removeprefix("order-")
        return {f"app/{room}/models.py": f"import app.{room}.views"}
    return BREAKAGES[contract["id"]]


@pytest.mark.parametrize("contract", contracts(), ids=lambda c: c["id"])
def test_the_contract_bites(contract: dict, tmp_path: Path) -> None:
    outcome = broken_house(tmp_path, breakage_of(contract), contract["id"])
    assert outcome.returncode != 0, outcome.stdout
    assert f"{contract['name']} BROKEN" in outcome.stdout


def test_a_stray_file_breaks_the_order_of_a_room(tmp_path: Path) -> None:
    outcome = broken_house(tmp_path, {"app/members/oddments.py": '"""Odd."""'}, "order-members")
    assert outcome.returncode != 0
    assert "oddments" in outcome.stdout
