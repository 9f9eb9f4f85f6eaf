"""Questions of every kind in a course package: what is exported is what is loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.courses import package as packages
from app.courses.package import Package, PackageLesson, PackageTheme, Question
from app.questions import types
from tests.questions.test_kinds import BODIES, make

THEME = PackageTheme(slug="safety", title="Safety")


def package(question: Question) -> Package:
    return Package(
        slug="fire",
        title="Fire",
        summary="Know the way out.",
        language="en",
        theme="safety",
        theme_facts=THEME,
        lessons=(PackageLesson("reading", "Read", "read.md", "Some words."),),
        questions=(question,),
    )


@pytest.mark.parametrize("kind", types.TYPES)
def test_a_question_of_every_kind_survives_a_package(app: Flask, tmp_path: Path, kind: str) -> None:
    given = {"stem": "What?", "explanation": "So.", "material": "Read.", **BODIES[kind]}
    body = types.of(kind).plain(make(kind, **given))
    with app.test_request_context():
        written = packages.write(
            package(Question(kind, body)), tmp_path, {"read.md": b"Some words.\n"}
        )
        assert packages.read(written).questions == (Question(kind, body),)


@pytest.mark.parametrize(
    "line", ['answers = ["x"]', "answers = 5", 'answers = [{text = ""}]', 'pairs = [{left = "a"}]']
)
def test_a_question_of_a_strange_shape_is_told_with_its_line(
    app: Flask, tmp_path: Path, line: str
) -> None:
    body = types.of("short").plain(make("short"))
    with app.test_request_context():
        written = packages.write(
            package(Question("short", body)), tmp_path, {"read.md": b"Some words.\n"}
        )
        file = written / "questions.toml"
        file.write_text(f'[[question]]\nkind = "short"\nstem = "What?"\n{line}\n')
        with pytest.raises(packages.BadPackage) as refused:
            packages.read(written)
        assert {problem.file for problem in refused.value.problems} == {"questions.toml"}
