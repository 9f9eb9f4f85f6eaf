"""Excel: a table with a row for each question."""

from __future__ import annotations

from app.questions.formats import table
from app.questions.formats.facts import Paper

NAME = "xlsx"
LABEL = table.LABEL_XLSX
ENDINGS = (".xlsx",)
write = table.as_xlsx


def fits(data: bytes, filename: str) -> bool:
    return data.startswith(b"PK") and b"xl/workbook.xml" in data


def read(data: bytes, filename: str) -> Paper:
    return table.read_any(data, filename, NAME)
