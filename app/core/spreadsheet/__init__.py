"""Tables in and out: CSV in any encoding and XLSX, read with limits, written without formulas."""

from app.core.spreadsheet.csv_files import csv_lines, decoded, write_csv
from app.core.spreadsheet.formulas import is_formula
from app.core.spreadsheet.reading import BLANK_ROWS, read_sheets, read_table
from app.core.spreadsheet.tables import (
    BloatedTable,
    CellTooLong,
    EmptyTable,
    FileTooLarge,
    NoTable,
    OldExcelFile,
    ProtectedTable,
    Table,
    TableTooLarge,
    TableTooWide,
)
from app.core.spreadsheet.xlsx_beside import Beside
from app.core.spreadsheet.xlsx_writing import write_xlsx, xlsx_pieces

__all__ = [
    "BLANK_ROWS",
    "Beside",
    "BloatedTable",
    "CellTooLong",
    "EmptyTable",
    "FileTooLarge",
    "NoTable",
    "OldExcelFile",
    "ProtectedTable",
    "Table",
    "TableTooLarge",
    "TableTooWide",
    "csv_lines",
    "decoded",
    "is_formula",
    "read_sheets",
    "read_table",
    "write_csv",
    "write_xlsx",
    "xlsx_pieces",
]
