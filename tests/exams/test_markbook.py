"""Tables of marks from outside, in the shapes that people have; and the command that reads them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask

from app.exams import markbook

HALF = Decimal("0.5")


@pytest.mark.parametrize(
    ("text", "max_marks", "marks"),
    [
        pytest.param("1,0\n0.5,1\n", (1, 1), ((1, 0), (HALF, 1)), id="bare numbers"),
        pytest.param("q1,q2\n1,0\n0.5,1\n", (1, 1), ((1, 0), (HALF, 1)), id="headings"),
        pytest.param("1,2\n1,0\n", (None, None), ((1, 2), (1, 0)), id="no maximum above 1"),
        pytest.param("max,1,2\na,1,0\nb,0.5,2\n", (1, 2), ((1, 0), (HALF, 2)), id="max first"),
        pytest.param(
            "attempt,1,2\nmax mark,1,2\n17,1,0\n", (1, 2), ((1, 0),), id="max below the headings"
        ),
        pytest.param("attempt,1,2\n17,1,0\n", (1, 1), ((1, 0),), id="slots by number"),
        pytest.param("sep=;\nq1;q2;;\n1;0;;\n0;1\n", (1, 1), ((1, 0), (0, 1)), id="as Excel saves"),
        pytest.param("sep=\t\nq1\tq2\n1\t0\n0\t1\n", (1, 1), ((1, 0), (0, 1)), id="by tabs"),
        pytest.param("1,\n0,\n", (1, 1), ((1, 0), (0, 0)), id="a question nobody answered"),
        pytest.param("id,1,2,total\r7,1,0,1\r", (1, 1), ((1, 0),), id="an old Mac's line ends"),
        pytest.param("max,0,1\na,0,1\n", (0, 1), ((0, 1),), id="worth nothing"),
        pytest.param("anna,1,0\nben,0,1\n", (1, 1), ((1, 0), (0, 1)), id="names, no headings"),
        pytest.param(
            "姓名；题1；题2\n满分；2；4\n王；1；-\n".replace("；", ";"),
            (2, 4),
            ((1, 0),),
            id="Chinese, semicolons, a blank",
        ),
        pytest.param(
            '"Surname","State","Grade/10.00","Q. 1 /4.00","Q. 2 /6.00"\n'
            "Li,Finished,7.00,4.00,3.00\nOverall average,,7.00,4.00,3.00\n",
            (4, 6),
            ((4, 3),),
            id="as Moodle exports",
        ),
        pytest.param("q1,q2,total\n1,1,2\n", (1, 1), ((1, 1),), id="totals left out"),
        pytest.param("q1;q2\n0,5;1\n", (1, 1), ((HALF, 1),), id="decimal commas"),
    ],
)
def test_shapes_of_tables(text: str, max_marks: tuple, marks: tuple) -> None:
    book = markbook.read(text.encode())
    assert book.max_marks == max_marks
    assert book.marks == marks


@pytest.mark.parametrize(
    ("text", "refusal", "says"),
    [
        ("q1,q2\n", markbook.NoMarks, "no marks"),
        ("", markbook.NoMarks, "no marks"),
        ("q1,q2\n1,yes\n", markbook.NotAMark, "Line 2, column 2"),
        ("q1,q2\n1,nan\n", markbook.NotAMark, "Line 2, column 2"),
        ("q1,q2\n1\n", markbook.UnevenLine, "Line 2 has 1 cells"),
        ("1,0,x\n1,1,0\n", markbook.NotAMark, "Line 1, column 3"),
        ("q1,q2\nmax,x\n1,1\n", markbook.NotAMark, "Line 2, column 2"),
        ('"a\nb",1\nc,x\n', markbook.NotAMark, "Line 3, column 2"),
        ('1,0\n1,"0\n', markbook.BrokenLine, "Line 2 cannot be read"),
        ("1," + "0" * 200_000, markbook.BrokenLine, "Line 1 cannot be read"),
        ("max,1,1\na,1,3\n", markbook.OverTheMost, "Line 2, column 3"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(
    app: Flask, text: str, refusal: type, says: str
) -> None:
    with app.test_request_context(), pytest.raises(refusal) as raised:
        markbook.read(text.encode())
    with app.test_request_context():
        assert says in str(raised.value)


def test_the_command_prints_every_figure_at_full_precision(app: Flask, tmp_path: Path) -> None:
    table = tmp_path / "marks.csv"
    table.write_text("max,1,1,2\na,1,0,2\nb,1,1,1\nc,0,0,0\nd,1,1,2\n", encoding="utf-8")
    run = app.test_cli_runner().invoke(args=["exams", "statistics", "--csv", str(table), "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    assert told["attempts"] == 4
    assert told["mean"] == 2.5
    assert told["slots"][2]["facility"] == 0.625
    assert told["standard_deviation"] == 1.7320508075688772  # √3 to the last digit
    words = app.test_cli_runner().invoke(args=["exams", "statistics", "--csv", str(table)])
    assert "discr. index" in words.output


def test_a_bad_table_ends_the_command_with_its_reason(app: Flask, tmp_path: Path) -> None:
    table = tmp_path / "marks.csv"
    table.write_text("q1\nx1\n", encoding="utf-8")
    run = app.test_cli_runner().invoke(args=["exams", "statistics", "--csv", str(table)])
    assert run.exit_code == 1
    assert "Line 2, column 1" in run.output
