"""CSV: a table with a row for each question."""

from __future__ import annotations

from app.questions.formats import table
from app.questions.formats.facts import Paper

NAME = "csv"
LABEL = table.LABEL_CSV
ENDINGS = (".csv", ".tsv")
write = table.as_csv


def fits(data: bytes, filename: str) -> bool:
    return not data.startswith(b"PK") and table.has_header(data)


def read(data: bytes, filename: str) -> Paper:
    return table.read_any(data, filename, NAME)
