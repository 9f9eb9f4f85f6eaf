"""Files into the bank: by command and by service, whole or not at all, and back out again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flask import Flask

from app.core import jobs
from app.core.db import unit_of_work
from app.questions import formats, queries, service
from app.questions.rules import ImportIsOver, NotToUndo, StillBlocked
from tests.factories import People

GOOD = (
    "一、单选题\n1．火警电话是？\nA．119\nB．120\n答案：A\n分类：安全/消防\n难度：易\n标签：电话\n"
    "二、判断题\n1．着火可以乘电梯。（×）\n"
)
BAD = GOOD + "2．也许。\n答案：不知道\n"


@pytest.fixture
def trainer(people: People) -> int:
    return people.member("Trainer One", role="trainer")


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=["questions", *arguments])


def test_a_paper_is_imported_by_a_command(app: Flask, tmp_path: Path, trainer: int) -> None:
    file = tmp_path / "paper.txt"
    file.write_text(GOOD, encoding="gb18030")
    result = run(app, "import", str(file), "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["format"] == "plain"
    assert [(row["line"], row["kind"], row["question_id"]) for row in report["imported"]] == [
        (2, "single", 1),
        (10, "truefalse", 2),
    ]
    assert report["errors"] == report["skipped"] == []
    with app.app_context():
        first = queries.questions([1, 2])
        assert first[1].author_id == trainer
        assert first[1].difficulty == 2
        assert queries.facts(first.values())[1] == {
            "category": "安全/消防",
            "tags": ["电话"],
            "difficulty": 2,
        }
        assert [c.path for c in queries.categories()] == ["安全", "安全/消防"]
        assert [c.count for c in queries.categories()] == [1, 1]


@pytest.mark.usefixtures("trainer")
def test_importing_the_same_again_skips_every_question(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "paper.txt"
    file.write_text(GOOD)
    run(app, "import", str(file))
    result = run(app, "import", str(file), "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [row["question_id"] for row in report["skipped"]] == [1, 2]
    assert report["imported"] == []
    assert "2 imported" in run(app, "import", str(file), "--again").output


@pytest.mark.usefixtures("trainer")
def test_a_dry_run_changes_nothing(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "paper.txt"
    file.write_text(GOOD)
    result = run(app, "import", str(file), "--dry-run")
    assert "2 would be imported, 0 skipped, 0 errors" in result.output
    with app.app_context():
        assert queries.question(1) is None


@pytest.mark.usefixtures("trainer")
def test_one_wrong_question_keeps_the_whole_file_out(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "paper.txt"
    file.write_text(BAD)
    result = run(app, "import", str(file), "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["imported"] == []
    assert [(row["line"], row["question"], row["what"]) for row in report["errors"]] == [
        (11, "2", "“不知道” is neither true nor false.")
    ]
    assert report["errors"][0]["mend"]
    with app.app_context():
        assert queries.question(1) is None


@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize("ending", ["docx", "txt", "csv", "xlsx", "gift", "xml", "yaml"])
def test_what_is_exported_is_the_same_when_it_comes_back(
    app: Flask, tmp_path: Path, ending: str
) -> None:
    file, out = tmp_path / "paper.txt", tmp_path / f"out.{ending}"
    file.write_text(GOOD)
    run(app, "import", str(file))
    result = run(app, "export", str(out))
    assert "2 questions" in result.output
    assert "0 with losses" in result.output
    again = run(app, "import", str(out), "--json")
    report = json.loads(again.stdout)
    assert [row["question_id"] for row in report["skipped"]] == [1, 2]


def test_nobody_to_own_them_is_said(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "paper.txt"
    file.write_text(GOOD)
    assert "no trainer or administrator" in run(app, "import", str(file)).output
    result = run(app, "export", str(tmp_path / "x.yaml"), "--category", "Nowhere")
    assert "There is no category" in result.output


def opened(trainer: int, text: str) -> int:
    paper = formats.read(text.encode(), "paper.txt")
    return service.open_import(paper, filename="paper.txt", author_id=trainer)


def test_a_file_with_a_wrong_question_waits_until_it_is_mended(app: Flask, trainer: int) -> None:
    with app.app_context(), unit_of_work():
        import_id = opened(trainer, BAD)
        with pytest.raises(StillBlocked):
            service.take_import(import_id)
        service.edit_item(
            import_id,
            2,
            kind="truefalse",
            body={"stem": "也许。", "answer": True, "explanation": ""},
        )
        assert service.take_import(import_id) == [1, 2, 3]
        with pytest.raises(ImportIsOver):
            service.take_import(import_id)


def test_a_wrong_question_can_be_left_out(app: Flask, trainer: int) -> None:
    with app.app_context(), unit_of_work():
        import_id = opened(trainer, BAD)
        service.keep_item(import_id, 2, keep=False)
        assert len(service.take_import(import_id)) == 2


def test_a_batch_is_taken_back_at_once(app: Flask, people: People, trainer: int) -> None:
    reader = people.reader(trainer)
    with app.app_context(), unit_of_work():
        import_id = opened(trainer, GOOD)
        with pytest.raises(NotToUndo):
            service.undo_import(import_id, by=trainer)
        service.take_import(import_id)
        assert queries.bank_for(reader).total == 2
        assert service.undo_import(import_id, by=trainer) == 2
        assert queries.bank_for(reader).total == 0
        assert queries.pool() == []
        assert queries.question(1).state == "retired"
        assert queries.changes(1)[0].what == {"state": ["ready", "retired"]}
        # What was taken back is no twin of what comes next.
        assert queries.twins({0: "火警电话是？ 119 120"}) == {}


def test_near_twins_are_found_in_the_bank(app: Flask, people: People, trainer: int) -> None:
    reader = people.reader(trainer)
    with app.app_context(), unit_of_work():
        service.take_import(opened(trainer, GOOD))
        other = GOOD.replace("着火可以乘电梯", "着火時可以乘電梯吗").replace("119", "１１９")
        import_id = opened(trainer, other)
        found = queries.import_for(reader, import_id)
        assert found.items[0]["twins"] == [[1, 100]]
        assert found.alike >= 1
        assert queries.twins_of(1) == []


def test_files_that_belong_to_no_answer_are_swept_when_they_are_old(app: Flask) -> None:
    drawer = app.extensions["weike"].instance_dir / "answers" / "ab"
    drawer.mkdir(parents=True)
    old, young = drawer / ("ab" * 16), drawer / ("ab" * 15 + "cd")
    for file in (old, young):
        file.write_bytes(b"%PDF-1.4")
    os.utime(old, (0, 0))
    assert "1 files removed" in run(app, "sweep").output
    assert (old.exists(), young.exists()) == (False, True)
    os.utime(young, (0, 0))
    with app.app_context(), unit_of_work():
        jobs.enqueue("questions.sweep")
    jobs.run_pending(app)
    assert not young.exists()


@pytest.mark.usefixtures("trainer")
def test_an_export_tells_as_json_what_it_lost(app: Flask, tmp_path: Path) -> None:
    file, out = tmp_path / "paper.txt", tmp_path / "out.aiken"
    file.write_text(GOOD)
    run(app, "import", str(file))
    report = json.loads(run(app, "export", str(out), "--format", "aiken", "--json").stdout)
    assert (report["file"], report["format"], report["exported"]) == (str(out), "aiken", 2)
    assert {loss["question"] for loss in report["losses"]} == {1, 2}
    assert all(loss["what"] for loss in report["losses"])
