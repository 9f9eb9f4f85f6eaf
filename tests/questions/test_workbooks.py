"""Workbooks as people keep them: what Excel has beside its words is read, or told by row."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image as Drawn

from app.core import spreadsheet
from app.questions import formats

HEAD = ["题型", "题干", "选项A", "选项B", "答案", "分类"]
ROWS = [
    ["单选", "首问负责制由谁负责？", "首位接待者", "部门经理", "A", "服务"],
    ["单选", "柜员离岗时应当？", "退出系统", "告诉同事", "A", "服务"],
]


@pytest.fixture(autouse=True)
def _texts(app: Flask) -> Any:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def sheet_of(rows: list[list[Any]]) -> Worksheet:
    sheet = Workbook().active
    for row in [HEAD, *rows]:
        sheet.append(row)
    return sheet


def read(sheet: Worksheet) -> formats.Paper:
    out = BytesIO()
    sheet.parent.save(out)
    return formats.read(out.getvalue(), "paper.xlsx")


def test_a_formula_without_its_outcome_is_told_by_row_and_cell() -> None:
    sheet = sheet_of(ROWS)
    sheet["D3"] = '=C2&"!"'
    good, bad = read(sheet).items
    assert not good.problems
    (problem,) = bad.problems
    assert (problem.line, problem.blocks) == (3, True)
    assert "D3" in problem.what


def test_a_broken_cell_is_told() -> None:
    sheet = sheet_of(ROWS)
    sheet["C2"].value, sheet["C2"].data_type = "#REF!", "e"
    (problem,) = read(sheet).items[0].problems
    assert "C2" in problem.what
    assert "#REF!" in problem.what


def test_merged_cells_hold_for_all_their_rows_but_no_question_does() -> None:
    sheet = sheet_of(ROWS)
    sheet.merge_cells("F2:F3")
    assert [item.facts["category"] for item in read(sheet).items] == ["服务", "服务"]
    sheet.merge_cells("B2:B3")
    (problem,) = read(sheet).items[1].problems
    assert (problem.line, problem.blocks) == (3, True)


def test_a_picture_stands_in_the_cell_over_which_it_lies() -> None:
    sheet = sheet_of(ROWS)
    for cell, colour in (("B2", "red"), ("D3", "blue")):
        out = BytesIO()
        Drawn.new("RGB", (20, 20), colour).save(out, "PNG")
        sheet.add_image(Image(out), cell)
    paper = read(sheet)
    first, second = paper.items
    assert "![](" in first.body["stem"]
    assert "![](" in second.body["options"][1]["text"]
    assert len(paper.files) == 2


def test_a_hidden_row_and_rows_far_below_are_told() -> None:
    sheet = sheet_of(ROWS)
    sheet.row_dimensions[3].hidden = True
    sheet["B1500"] = "远处的题"
    paper = read(sheet)
    assert [(p.line, p.blocks) for p in paper.items[1].problems] == [(3, False)]
    assert [note.line for note in paper.notes] == [1500]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("shift", range(3))
def test_a_long_table_is_known_wherever_its_head_is_cut(mark: bytes, shift: int) -> None:
    rows = "".join(f"判断,第{n}题柜员可以代客户签字,错\n" for n in range(600))
    data = mark + ("题型,题干,答案" + " " * shift + "\n" + rows).encode()
    paper = formats.read(data, "paper.csv")
    assert (paper.format, len(paper.items)) == ("csv", 600)


def altered(sheet: Worksheet, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed as no program would."""
    made, out = BytesIO(), BytesIO()
    sheet.parent.save(made)
    with zipfile.ZipFile(made) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in package.namelist():
            data = package.read(name)
            bad.writestr(name, change(data) if name == part else data)
    return out.getvalue()


def test_what_is_no_day_and_no_format_leaves_the_rest_as_it_is() -> None:
    sheet = sheet_of([*ROWS, ["填空", "服务热线是？", None, None, None, "服务"]])
    sheet["E4"] = 13800138000
    sheet["E4"].number_format = "," * 100_000
    (third,) = read(sheet).items[2:]
    assert "13800138000" in str(third.body)
    out = altered(
        sheet, "xl/styles.xml", lambda text: re.sub(rb'numFmtId="1\d\d"', b'numFmtId="31"', text)
    )
    assert "13800138000" in str(formats.read(out, "paper.xlsx").items[2].body)


def test_a_number_that_is_none_makes_a_file_that_is_no_table() -> None:
    sheet = sheet_of(ROWS)
    sheet["E4"] = 7
    part = "xl/worksheets/sheet1.xml"
    bad = altered(sheet, part, lambda text: text.replace(b"<v>7</v>", b"<v>1E999</v>"))
    with pytest.raises(spreadsheet.NoTable):
        list(spreadsheet.read_table(BytesIO(bad), "members.xlsx"))


@pytest.mark.parametrize("bad", [b"<row ", b"<mergeCell "])
def test_tags_that_never_end_are_looked_at_once(bad: bytes) -> None:
    part = "xl/worksheets/sheet1.xml"

    def comment(text: bytes) -> bytes:
        return text.replace(b"</worksheet>", b"<!--" + bad * 100_000 + b"--></worksheet>")

    paper = formats.read(altered(sheet_of(ROWS), part, comment), "paper.xlsx")
    assert len(paper.items) == 2
