"""The index survives: death between commit and indexing, damage, two processes, rebuilding."""

from __future__ import annotations

import json
import shutil
import signal
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.members import queries as members
from app.search import queries, service
from app.search.index import Busy, Index
from app.search.jobs import watch
from config import Config
from tests.factories import People
from tests.search.things import everybody, find, in_another_process, later, put, titles


def live(app: Flask) -> Path:
    folder: Path = app.extensions["weike"].search_dir
    return folder / (folder / "current").read_text()


@pytest.mark.parametrize(
    "death",
    [
        "app.search.jobs.opened().writing",  # before anything is written
        "app.search.index.store._make_safe",  # written, not yet known to be safe
        "app.search.service.forget",  # safe, but still in the outbox
    ],
)
def test_nothing_is_lost_when_the_worker_dies(
    app: Flask, people: People, config: Config, death: str
) -> None:
    put(app, "before", "Before", "ladder")
    run_pending(app)
    put(app, "lost", "Nearly lost", "ladder")
    with app.app_context(), unit_of_work():
        service.remove(kind="document", ref="before")
    module, _, name = death.replace(
        "app.search.jobs.opened().", "app.search.index.store.Index."
    ).rpartition(".")
    owner = module if "Index" not in module else "app.search.index.store"
    target = f"owner.Index.{name}" if "Index" in module else f"owner.{name}"
    dead = in_another_process(
        config,
        f"""
        import importlib, os, signal
        owner = importlib.import_module("{owner}")
        {target} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        run_pending(app)
        """,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    with app.app_context():
        assert queries.change_count() == 2
        db.session.rollback()
    later(app)
    assert titles(app, people, "ladder") == {"Nearly lost"}
    with app.app_context():
        assert queries.change_count() == 0
        db.session.rollback()


def test_a_thing_is_found_only_after_its_commit(app: Flask, people: People) -> None:
    with pytest.raises(ZeroDivisionError), app.app_context(), unit_of_work():
        service.put(kind="document", ref="x", title="Ladder", url="/", passages=[], audience=None)
        1 / 0  # noqa: B018
    put(app, "y", "Another ladder", "")
    run_pending(app)
    assert titles(app, people, "ladder") == {"Another ladder"}


def test_a_change_while_the_worker_is_finishing_gets_a_job_of_its_own(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has looked into the outbox for the last time, but its job still runs."""
    put(app, "first", "Stairs", "")
    run_pending(app)  # there is an index
    pending = service.pending
    late: list[str] = []

    def after_the_last_look(limit: int | None) -> list:
        rows = pending(limit)
        if not rows and not late:
            late.append("late")
            other = in_another_process(
                app.extensions["weike"],
                """
                from app.core.db import unit_of_work
                from app.search import service
                with app.app_context(), unit_of_work():
                    service.put(kind="document", ref="late", title="Late ladder", url="/",
                                passages=[], audience=None)
                """,
            )
            assert other.returncode == 0, other.stderr
        return rows

    monkeypatch.setattr(service, "pending", after_the_last_look)
    put(app, "early", "Early ladder", "")
    run_pending(app)
    assert late
    assert titles(app, people, "ladder") == {"Early ladder", "Late ladder"}


def _delete_everything(folder: Path, index: Path) -> None:
    shutil.rmtree(folder)


def _delete_the_pointer(folder: Path, index: Path) -> None:
    (folder / "current").unlink()


def _delete_the_index(folder: Path, index: Path) -> None:
    shutil.rmtree(index)


def _empty_the_files(folder: Path, index: Path) -> None:
    for file in index.iterdir():
        file.write_bytes(b"")


def _scramble_the_segments(folder: Path, index: Path) -> None:
    for file in index.glob("*.seg"):
        size = file.stat().st_size
        file.write_bytes(bytes(byte ^ 0x5A for byte in file.read_bytes())[:size])


def _cut_the_segments(folder: Path, index: Path) -> None:
    for file in index.glob("*.seg"):
        file.write_bytes(file.read_bytes()[:200])


def _point_elsewhere(folder: Path, index: Path) -> None:
    (folder / "current").write_bytes(b"../../etc\xff\x00")


def _come_from_another_version(folder: Path, index: Path) -> None:
    (folder / "current").write_text("v0-1-abc")


@pytest.mark.parametrize(
    "harm",
    [
        _delete_everything,
        _delete_the_pointer,
        _delete_the_index,
        _empty_the_files,
        _scramble_the_segments,
        _cut_the_segments,
        _point_elsewhere,
        _come_from_another_version,
    ],
)
def test_a_damaged_index_is_said_answered_without_and_rebuilt(
    app: Flask, config: Config, people: People, harm: Callable[[Path, Path], None]
) -> None:
    put(app, "a", "灭火器的用法", "pull the pin")
    put(app, "b", "Other", "something else")
    run_pending(app)
    harm(config.search_dir, live(app))
    # A process that starts now meets the damage; one that has the old files open may not.
    fresh = create_app(config)
    client = People(fresh).client(people.member())
    text = client.get("/search?q=pull+pin").get_data(as_text=True)
    assert "/library/a" in text
    assert "/library/b" not in text
    assert "being rebuilt" in text
    watch(fresh)
    run_pending(fresh)
    text = client.get("/search?q=滅火器").get_data(as_text=True)
    assert "/library/a" in text
    assert "being rebuilt" not in text
    with fresh.app_context():
        db.engine.dispose()


def test_writing_to_a_damaged_index_rebuilds_it(app: Flask, people: People) -> None:
    put(app, "a", "Old ladder", "")
    run_pending(app)
    _empty_the_files(live(app), live(app))
    put(app, "b", "New ladder", "")
    run_pending(app)
    assert titles(app, people, "ladder") == {"Old ladder", "New ladder"}


def test_several_processes_lose_nothing(app: Flask, config: Config, people: People) -> None:
    script = """
    from app.core.db import unit_of_work
    from app.search import service
    for number in range(8):
        with app.app_context(), unit_of_work():
            service.put(kind="document", ref=f"{name}-{number}", title=f"Ladder {name} {number}",
                        url="/", passages=[], audience=None)
        run_pending(app)
    """
    script = textwrap.dedent(script)
    reader = everybody(people)
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(in_another_process, config, f"name = {name!r}\n{script}")
            for name in ("one", "two")
        ]
        while not all(process.done() for process in running):
            find(app, reader, "ladder")  # reading goes on all the time
    for process in running:
        assert process.result().returncode == 0, process.result().stderr
    later(app)
    assert find(app, reader, "ladder").total == 16
    with app.app_context():
        index: Index = app.extensions["search"]
        rows = queries.things_after(0, None)
        assert index.revisions() == {row.number: row.revision for row in rows}
        db.session.rollback()


def test_changes_during_a_rebuild_are_in_the_new_index(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.search.index.store import Rebuild

    for ref in ("kept", "changed", "removed"):
        put(app, ref, f"Ladder {ref}", "old words")
    run_pending(app)
    add = Rebuild.add
    once: list[bool] = []

    def and_meanwhile(self: Rebuild, changes: dict) -> None:
        add(self, changes)
        if not once:
            once.append(True)
            put(app, "changed", "Ladder changed", "new words")
            put(app, "added", "Ladder added", "new words")
            with app.app_context(), unit_of_work():
                service.remove(kind="document", ref="removed")

    monkeypatch.setattr(Rebuild, "add", and_meanwhile)
    before = live(app)
    assert "passages" in app.test_cli_runner().invoke(args=["search", "rebuild"]).output
    monkeypatch.undo()
    assert live(app) != before
    assert titles(app, people, "new words") == {"Ladder changed", "Ladder added"}
    assert titles(app, people, "ladder") == {"Ladder kept", "Ladder changed", "Ladder added"}
    run_pending(app)
    assert titles(app, people, "ladder") == {"Ladder kept", "Ladder changed", "Ladder added"}


def test_two_rebuilds_do_not_meet(app: Flask) -> None:
    index: Index = app.extensions["search"]
    with index.rebuilding(), pytest.raises(Busy), index.rebuilding():
        pass
    assert [p.name for p in index.folder.glob("v*-*")] == []  # neither went live


def test_old_indexes_are_cleared_away(app: Flask) -> None:
    put(app, "a", "Ladder", "")
    run_pending(app)
    runner = app.test_cli_runner()
    for _ in range(3):
        runner.invoke(args=["search", "rebuild"])
    # The one before stays, for readers who still have it open.
    assert len(list(app.extensions["weike"].search_dir.glob("v*-*"))) == 2


def test_the_status_tells_what_is_behind(app: Flask) -> None:
    runner = app.test_cli_runner()

    def status() -> dict:
        return json.loads(runner.invoke(args=["search", "status", "--json"]).output)

    assert status()["damaged"]
    put(app, "a", "Ladder", "one", "two")
    run_pending(app)
    facts = status()
    assert (facts["things"], facts["passages"], facts["index"]["passages"]) == (1, 2, 2)
    assert (facts["waiting"], facts["behind"], facts["surplus"]) == (0, 0, 0)
    put(app, "b", "Another", "one")
    assert (status()["waiting"], status()["behind"]) == (1, 1)
    assert "1 things behind" in runner.invoke(args=["search", "status"]).output


def test_the_command_searches_as_a_member(app: Flask, people: People) -> None:
    north = people.branch()
    member = people.member(branch=people.branch())
    with app.app_context():
        credentials = members.credentials_of(member)
        assert credentials is not None
        username = credentials.username
        db.session.rollback()
    put(app, "a", "Open ladder", "text")
    put(app, "b", "Secret ladder", "text", audience=frozenset({north}))
    run_pending(app)
    runner = app.test_cli_runner()
    assert "2 things" in runner.invoke(args=["search", "query", "ladder"]).output
    seen = runner.invoke(args=["search", "query", "ladder", "--as", username, "--json"])
    assert json.loads(seen.output)["total"] == 1
    assert "Secret" not in seen.output
    assert runner.invoke(args=["search", "query", "ladder", "--as", "nobody"]).exit_code == 1
    none = runner.invoke(args=["search", "query", "ladder", "--kind", "course"]).output
    assert "Open ladder" not in none


def test_merged_segments_bring_nothing_back(app: Flask, people: People) -> None:
    """Whoosh's own refresh brought old segments back after a merge; ours must not."""
    reader = everybody(people)
    for number in range(25):
        put(app, "same", f"Ladder {number}", f"version {number}")
        put(app, f"n{number}", "Filler", "ladder filler")
        run_pending(app)
        assert find(app, reader, "title:ladder").total == 1
    assert find(app, reader, "filler").total == 25
    assert titles(app, people, "title:ladder") == {"Ladder 24"}
