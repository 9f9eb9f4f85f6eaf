"""Tables of every kind come in as text, and nothing that goes out is ever computed."""

from __future__ import annotations

import csv
import os
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill
from openpyxl.utils.escape import unescape

from app.core import spreadsheet
from app.core.spreadsheet import (
    BloatedTable,
    CellTooLong,
    EmptyTable,
    FileTooLarge,
    NoTable,
    OldExcelFile,
    Table,
    TableTooLarge,
    TableTooWide,
    read_sheets,
    read_table,
    write_csv,
    write_xlsx,
)

CHINESE = "用户名,姓名,支部\nzhang,张三,总部/一支部\n0042,李四，老师,二支部\n"
TRADITIONAL = "用戶名,姓名,支部\nchen,陳美華,總部/第一支部\nlin,林國強,臺北辦公室\n"


def table(data: bytes, **limits: int) -> Table:
    return read_table(BytesIO(data), "members", **limits)


def book(*rows: list, **sheets: list[list]) -> bytes:
    """An XLSX file with these rows in its first sheet."""
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for name, more in sheets.items():
        sheet = made.create_sheet(name)
        for row in more:
            sheet.append(row)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def repacked(data: bytes, **changes: bytes) -> bytes:
    """An XLSX file with some of its parts replaced or added (name with __ for /)."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, changes.pop(name, None) or old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


# --- CSV in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gbk", "gb18030"],
)
def test_every_encoding_is_understood(encoding: str) -> None:
    header, rows = table(CHINESE.encode(encoding))
    assert header == ["用户名", "姓名", "支部"]
    assert rows == [["zhang", "张三", "总部/一支部"], ["0042", "李四，老师", "二支部"]]


def test_big5_is_not_mistaken_for_gbk() -> None:
    assert table(TRADITIONAL.encode("big5")).rows[0] == ["chen", "陳美華", "總部/第一支部"]


def test_western_letters_are_understood() -> None:
    assert table("name\nJosé Müller\n".encode("cp1252")).rows == [["José Müller"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_is_understood(delimiter: str) -> None:
    text = f'a{delimiter}"b, c; d"{delimiter}e\r\n1{delimiter}2{delimiter}3\r\n'
    assert table(text.encode()) == (["a", "b, c; d", "e"], [["1", "2", "3"]])


def test_excels_own_delimiter_line_is_obeyed() -> None:
    assert table(b"sep=;\r\na;b,c\r\n1;2\r\n") == (["a", "b,c"], [["1", "2"]])


def test_quotes_and_line_breaks_stay_inside_their_cell() -> None:
    text = 'name,note\n"Anna ""the quick""","two\nlines, one cell"\n'
    assert table(text.encode()).rows == [['Anna "the quick"', "two\nlines, one cell"]]


def test_row_numbers_hold_when_rows_are_blank() -> None:
    header, rows = table(b"name\n\nanna\n,,\n\nboris\n\n\n")
    assert (header, rows) == (["name"], [[], ["anna"], [], [], ["boris"]])


@pytest.mark.parametrize("data", [b"", b"\n\n", b" , ,\n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyTable):
        table(data)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"a,b\n\0\1\2,x\n", b"\x89PNG\r\n\x1a\n\0\0\0\0"]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(NoTable):
        table(data)


def test_limits_are_limits() -> None:
    assert len(table(b"n\n" + b"1\n" * 50, rows=50).rows) == 50
    with pytest.raises(TableTooLarge):
        table(b"n\n" + b"1\n" * 51, rows=50)
    with pytest.raises(FileTooLarge):
        table(b"n\n" + b"1\n" * 600_000, size=1024 * 1024)
    with pytest.raises(TableTooWide):
        table(b"," * 100 + b"x\n")
    with pytest.raises(CellTooLong) as refused:
        table(b"n\n1\n" + b"x" * 40_000)
    assert refused.value.row == 3


# --- XLSX in --------------------------------------------------------------------------------------


def test_cells_become_what_a_person_reads() -> None:
    made = Workbook()
    sheet = made.active
    sheet.append(["username", "phone", "since", "share", "yes"])
    sheet.append([42, 13800138000, date(2026, 11, 2), 0.25, True])
    sheet.append(["0042", 13800138000.0, datetime(2026, 11, 2, 8, 30), 3.0, False])
    sheet["A2"].number_format = "000000"
    out = BytesIO()
    made.save(out)
    assert table(out.getvalue()).rows == [
        ["000042", "13800138000", "2026-11-02", "0.25", "TRUE"],
        ["0042", "13800138000", "2026-11-02 08:30:00", "3", "FALSE"],
    ]


def test_a_formula_comes_in_as_its_text() -> None:
    assert table(book(["a"], ["=1+1"])).rows == [["=1+1"]]


def test_the_first_visible_sheet_is_read() -> None:
    made = Workbook()
    made.active.append(["hidden"])
    made.active.sheet_state = "hidden"
    made.create_sheet("Members").append(["shown"])
    out = BytesIO()
    made.save(out)
    assert table(out.getvalue()).header == ["shown"]


def test_what_another_file_said_is_read_and_the_file_is_not_opened() -> None:
    data = book(["name", "n"], ["anna", 7])
    with zipfile.ZipFile(BytesIO(data)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    linked = sheet.replace(b"<v>7</v>", b"<f>[1]Sheet1!$A$1</f><v>7</v>")
    assert linked != sheet
    of = "http://schemas.openxmlformats.org/"
    link = (
        f'<externalLink xmlns="{of}spreadsheetml/2006/main" xmlns:r="{of}officeDocument/2006/'
        'relationships"><externalBook r:id="rId1"/></externalLink>'
    )
    target = (
        f'<Relationships xmlns="{of}package/2006/relationships"><Relationship Id="rId1" Type="{of}'
        'officeDocument/2006/relationships/externalLinkPath" TargetMode="External"'
        ' Target="file:///etc/passwd"/></Relationships>'
    )
    more = {
        "xl/worksheets/sheet1.xml": linked,
        "xl/externalLinks/externalLink1.xml": link.encode(),
        "xl/externalLinks/_rels/externalLink1.xml.rels": target.encode(),
    }
    (row,) = table(repacked(data, **more)).rows
    assert row[0] == "anna"
    assert "root" not in row[1]


def test_a_lie_about_the_size_costs_nothing() -> None:
    data = book(["name"], ["anna"])
    with zipfile.ZipFile(BytesIO(data)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    assert b'ref="A1:A2"' in sheet
    lie = repacked(
        data,
        **{"xl/worksheets/sheet1.xml": sheet.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')},
    )
    assert table(lie) == (["name"], [["anna"]])


def test_coloured_empty_rows_end_the_table() -> None:
    made = Workbook()
    made.active.append(["name"])
    made.active.append(["anna"])
    red = PatternFill("solid", fgColor="FF0000")
    for row in range(3, 1600):
        made.active.cell(row=row, column=1).fill = red
    made.active.cell(row=1_048_576, column=1, value="far away")
    out = BytesIO()
    made.save(out)
    assert table(out.getvalue()).rows == [["anna"]]


def test_a_million_empty_rows_are_not_gone_through() -> None:
    """Programs write them when whole columns were coloured."""
    data = book(["name"], ["anna"])
    with zipfile.ZipFile(BytesIO(data)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")

    def followed_by(row: str) -> bytes:
        rows = "".join(row.format(n=n) for n in range(3, 1_048_577)).encode()
        # What stands behind them is not even looked at.
        end = rows + b"</not-xml>"
        return repacked(data, **{"xl/worksheets/sheet1.xml": sheet.replace(b"</sheetData>", end)})

    assert table(followed_by('<row r="{n}" s="1"/>')).rows == [["anna"]]
    with pytest.raises(BloatedTable):
        table(followed_by('<row r="{n}"><c r="A{n}" s="1"/></row>'))


@pytest.mark.parametrize(
    "change",
    [
        {"xl/sharedStrings.xml": b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>"},
        {"docProps/app.xml": "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>".encode("utf-16")},
        {"xl/workbook.xml": b"<not xml"},
    ],
)
def test_document_types_and_broken_parts_are_refused(change: dict[str, bytes]) -> None:
    data = book(["name"], ["anna"])
    assert table(data).rows == [["anna"]]
    with pytest.raises(NoTable):
        table(repacked(data, **change))


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    data = book(["name"], ["anna"])
    with pytest.raises(BloatedTable):
        table(repacked(data, **{"xl/media/big.bin": b"\0" * 20_000_000}))
    with pytest.raises(NoTable):
        table(repacked(data, **{f"xl/x{n}.bin": b"" for n in range(2_100)}))
    padding = {"xl/media/padding.bin": os.urandom(400_000)}
    with pytest.raises(BloatedTable):
        table(repacked(data, **{"xl/sharedStrings.xml": b"<si><t/></si>" * 2_000_000}, **padding))


def test_more_tags_than_a_large_table_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book(["name"], *([f"anna{n}"] for n in range(300)))
    assert len(table(data).rows) == 300
    monkeypatch.setattr(spreadsheet.xlsx_reading, "XLSX_TAGS", 1_000)
    with pytest.raises(BloatedTable):
        table(data)


def test_a_part_that_does_not_unpack_is_refused() -> None:
    data = bytearray(book(["name"], ["anna"]))
    with zipfile.ZipFile(BytesIO(data)) as package:
        part = package.getinfo("xl/worksheets/sheet1.xml")
    start = part.header_offset + 30 + len(part.filename)
    data[start : start + 8] = b"\xff" * 8
    with pytest.raises(NoTable):
        table(bytes(data))


@pytest.mark.parametrize("cut", [10, 200, -30])
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(NoTable):
        table(book(["name"], ["anna"])[:cut])


def test_another_kind_of_package_is_refused() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("word/document.xml", "<x/>")
    with pytest.raises(NoTable):
        table(out.getvalue())


def test_the_old_excel_format_is_named() -> None:
    with pytest.raises(OldExcelFile):
        table(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


# --- out ------------------------------------------------------------------------------------------

DANGEROUS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"),
    *(" =1+1", '=HYPERLINK("http://x")', "\0=1"),
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_text_that_could_be_a_formula_is_tamed_in_csv(text: str) -> None:
    written = write_csv(["name", "n"], [[text, -5]])
    assert written.startswith(b"\xef\xbb\xbf")
    cells = next(csv.reader(StringIO(written.decode("utf-8-sig").split("\r\n", 1)[1], newline="")))
    assert cells[0] == "'" + text.replace("\0", "") or cells[0] == text.replace("\0", "").strip()
    assert not spreadsheet.is_formula(cells[0])
    assert cells[1] == "-5"


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_text_that_could_be_a_formula_is_a_text_in_xlsx(text: str) -> None:
    sheet = load_workbook(BytesIO(write_xlsx(["name"], [[text]]))).active
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].quotePrefix


def test_numbers_stay_numbers() -> None:
    row = [7, 0.5, Decimal("12.25"), -3, True, None, "0042", date(2026, 11, 2)]
    text = write_csv(["a"] * 8, [row]).decode("utf-8-sig")
    assert text.split("\r\n")[1] == '7,0.5,12.25,-3,"TRUE","","0042","2026-11-02"'
    sheet = load_workbook(BytesIO(write_xlsx(["a"] * 8, [row]))).active
    assert [cell.value for cell in sheet[2]] == [
        *(7, 0.5, 12.25, -3, True, None, "0042"),
        datetime(2026, 11, 2),
    ]


def test_moments_are_written_without_their_zone() -> None:
    moment = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    sheet = load_workbook(BytesIO(write_xlsx(["t"], [[moment]]))).active
    assert sheet["A2"].value == datetime(2026, 11, 2, 8, 30)


def test_what_goes_out_comes_in_again() -> None:
    header, rows = ["姓名", "note"], [["张三", 'a "b"\nc; d'], ["李四", "0042"]]
    assert table(write_csv(header, rows)) == (header, rows)
    assert table(write_xlsx(header, rows, title="成员/名单:*?")) == (header, rows)


def test_many_rows_are_streamed() -> None:
    pieces = list(spreadsheet.csv_lines(["n"], ([n] for n in range(5_000))))
    assert len(pieces) > 5
    assert len(table(b"".join(pieces)).rows) == 5_000


def test_columns_of_an_xlsx_are_as_wide_as_what_is_in_them() -> None:
    rows = [["办公室消防安全与应急疏散", datetime(2026, 11, 23, 15, 42), "x" * 300]]
    columns = load_workbook(BytesIO(write_xlsx(["课", "完成", "t"], rows))).active.column_dimensions
    assert [round(columns[letter].width) for letter in "ABC"] == [27, 19, 41]


def test_signs_that_xml_cannot_hold_come_back() -> None:
    texts = ["a\x01b", "_x0041_", "a\r\nb\tc", "<&>\"'", "  two  ", "𠮷\ufffe", "=1"]
    rows = [[text] for text in texts]
    sheet = load_workbook(BytesIO(write_xlsx(["t"], rows, title="<&>'"))).active
    assert [unescape(cell.value) for (cell,) in sheet.iter_rows(min_row=2)] == texts
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:A8"


def test_rows_beyond_the_end_of_a_sheet_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet.xlsx_writing, "MOST_ROWS", 1_000)
    pieces = list(spreadsheet.xlsx_pieces(["n", "m"], ([n, n] for n in range(2_001)), title="Long"))
    assert len(pieces) > 8
    book = load_workbook(BytesIO(b"".join(pieces)))
    assert book.sheetnames == ["Long", "Long (2)", "Long (3)"]
    found = [sheet["A2"].value for sheet in book]
    assert found == [0, 1_000, 2_000]
    assert [sheet.max_row for sheet in book] == [1_001, 1_001, 2]
    assert load_workbook(BytesIO(write_xlsx(["none"], []))).active["A1"].value == "none"


@pytest.mark.parametrize(
    ("value", "shape", "shown"),
    [
        (0.05, "0%", "5%"),
        (0.125, "0.00%", "12.50%"),
        (1234567, "#,##0", "1,234,567"),
        (-1234.5, '"¥"#,##0.00;[Red]\\-"¥"#,##0.00', "-¥1,234.50"),
        (3.1, "0.00", "3.10"),
        (2.5, "0.##", "2.5"),
        (7, "000", "007"),
        (13800138000, "General", "13800138000"),
        (0.1 + 0.2, "General", "0.3"),
        (date(1921, 7, 1), 'm"月"d"日"', "7月1日"),
        (datetime(2026, 11, 2), 'yyyy"年"m"月"d"日"', "2026年11月2日"),
        (datetime(2026, 11, 2, 8, 5), "yyyy/m/d h:mm", "2026/11/2 8:05"),
        (datetime(2026, 11, 2), "mm-dd-yy", "2026-11-02"),
    ],
)
def test_sheets_are_read_as_they_are_shown(value: Any, shape: str, shown: str) -> None:
    made = Workbook()
    made.active.append(["name"])
    made.active.append([value])
    made.active["A2"].number_format = shape
    out = BytesIO()
    made.save(out)
    (sheet,), _hidden = read_sheets(out.getvalue())
    assert sheet.table.rows == [[shown]]


def test_days_of_chinese_excel_are_known_by_their_number_alone() -> None:
    made = Workbook()
    made.active.append(["name"])
    made.active.append([46024])
    made.active["A2"].number_format = 'm"月"d"日"'
    out = BytesIO()
    made.save(out)
    with zipfile.ZipFile(BytesIO(out.getvalue())) as package:
        styles = package.read("xl/styles.xml").decode()
    styles = re.sub("<numFmts.*?</numFmts>", "", styles).replace('"164"', '"58"')
    (sheet,), _hidden = read_sheets(repacked(out.getvalue(), **{"xl/styles.xml": styles.encode()}))
    assert sheet.table.rows == [["1月2日"]]
