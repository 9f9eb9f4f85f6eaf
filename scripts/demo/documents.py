"""Documents for the demo's library, of five kinds, made from the texts in shelf/."""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

SHELF = Path(__file__).resolve().parent / "shelf"
RULES, SAFETY, PLANS = "制度", "安全 · Safety", "计划"
_PAGE = (595, 842)  # A4 in points
_MARGIN, _LEADING, _SIZE = 56, 16, 10.5


@dataclass(frozen=True)
class Paper:
    """One document: its file, and where it stands."""

    filename: str
    title: str
    collection: str
    content: bytes


def papers(year: int) -> list[Paper]:
    """All documents of the demo; the plan is for `year`."""
    handbook = _text("security-handbook.zh-Hans.md")
    return [
        Paper(
            "支部学习制度.md",
            "支部学习制度（试行）",
            RULES,
            _text("study-rules.zh-Hans.md").encode(),
        ),
        Paper("网络安全手册.docx", "网络安全手册（员工版）", SAFETY, docx(handbook)),
        Paper(
            "資訊安全須知.txt",
            "資訊安全須知（來訪同仁適用）",
            SAFETY,
            _text("information-security.zh-Hant.txt").encode(),
        ),
        Paper(
            "fire-drill-checklist.pdf",
            "Fire drill checklist",
            SAFETY,
            pdf(_text("fire-drill-checklist.en.md")),
        ),
        Paper(f"{year}年学习计划.xlsx", f"{year} 年支部学习计划", PLANS, _plan(year)),
    ]


def _text(name: str) -> str:
    return (SHELF / name).read_text(encoding="utf-8")


def docx(source: str) -> bytes:
    """Markdown of headings, lists, tables and paragraphs as a Word document."""
    from docx import Document

    document = Document()
    table: list[list[str]] = []
    for line in [*source.splitlines(), ""]:
        if line.startswith("|"):
            if not re.fullmatch(r"[|\s:-]+", line):
                table.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if table:
            made = document.add_table(len(table), len(table[0]), style="Table Grid")
            for row, cells in zip(made.rows, table, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
            table = []
        if line.startswith("#"):
            marks, _, heading = line.partition(" ")
            document.add_heading(heading, len(marks) - 1)
        elif line.startswith("- "):
            document.add_paragraph(line[2:], style="List Bullet")
        elif line:
            document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _plan(year: int) -> bytes:
    import xlsxwriter

    months = (
        ("一月", "用好微课", "机关党委办公室", "自学"),
        ("三月", "识别钓鱼，管好密码", "信息科技部", "自学，测验"),
        ("五月", "办公室消防安全", "行政保卫部", "自学，演练"),
        ("七月", "服务礼仪与投诉处理", "零售金融部", "集中学习"),
        ("九月", "反洗钱基础", "运营管理部", "自学，测验"),
        ("十一月", "急救常识", "机关工会", "集中学习，实操"),
    )
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("学习计划")
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, (f"{year} 年", "专题", "牵头部门", "方式"), bold)
        for number, month in enumerate(months, 1):
            sheet.write_row(number, 0, month)
        sheet.set_column(0, 0, 10)
        sheet.set_column(1, 2, 24)
        sheet.set_column(3, 3, 18)
    return out.getvalue()


def pdf(source: str) -> bytes:
    """Markdown of headings, lists and paragraphs in English as a plain PDF of A4 pages.

    Only the fonts that every reader has, so only Latin letters; real text, which can be searched.
    """
    pages: list[list[str]] = [[]]
    y = 0.0
    for line in source.splitlines():
        heading = line.startswith("#")
        size = {1: 20.0, 2: 13.0}.get(len(line) - len(line.lstrip("#")), _SIZE)
        text = line.lstrip("# ")
        indent = 0
        if line.startswith("- "):
            text, indent = "\x95 " + line[2:], 12
        hanging = "  " if indent else ""
        rows = textwrap.wrap(text, int(1000 / size) - indent // 4, subsequent_indent=hanging)
        for number, row in enumerate(rows or [""]):
            step = _LEADING + (size if heading and number == 0 else 0)
            if not pages[-1]:
                y = _PAGE[1] - _MARGIN - size
            elif y - step < _MARGIN:
                pages.append([])
                y = _PAGE[1] - _MARGIN - size
            else:
                y -= step if row or heading else _LEADING / 2
            font = "F2" if heading else "F1"
            escaped = re.sub(r"([\\()])", r"\\\1", row)
            pages[-1].append(
                f"/{font} {size} Tf 1 0 0 1 {_MARGIN + indent} {y:.1f} Tm ({escaped}) Tj"
            )
    return _pdf_file(["BT\n" + "\n".join(page) + "\nET" for page in pages])


def _pdf_file(contents: list[str]) -> bytes:
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(contents)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>",
        font.format("Helvetica"),
        font.format("Helvetica-Bold"),
    ]
    for number, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_PAGE[0]} {_PAGE[1]}] "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {6 + 2 * number} 0 R >>"
        )
        length = len(content.encode("latin-1"))
        objects.append(f"<< /Length {length} >>\nstream\n{content}\nendstream")
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010} 00000 n \n" for place in places).encode()
    out += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )
    return bytes(out)
