"""What Excel has beside the words of a row: merged cells, pictures, formulas, hidden rows."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from app.core.spreadsheet import Beside
from app.questions.formats.facts import Item, Paper

_DRAWN = (".png", ".jpg", ".jpeg", ".webp")


class Seen:
    """A sheet of a workbook: fills the rows of its table, and tells what they cannot say."""

    def __init__(self, beside: Beside, places: Mapping[str, int], paper: Paper) -> None:
        self.beside = beside
        self.paper = paper
        self.columns = {at + 1: key for key, at in places.items()}
        self.said: dict[tuple[int, int], str] = {}  # the words at the top of merged cells
        self.pictures: dict[int, list[tuple[int, str, bytes]]] = {}
        for (row, column), files in beside.pictures.items():
            drawn = self.pictures.setdefault(row, [])
            drawn += [(column, name, data) for name, data in files]
        self.tops = {(first, at) for first, left, _last, right in beside.merged
                     for at in self.columns if left <= at <= right}  # fmt: skip

    def has(self, row: int) -> bool:
        """Whether an empty row is a question all the same."""
        return row in self.pictures or any(
            (row, column) in self.beside.unknown for column in self.columns
        )

    def filled(self, row: int, cells: dict[str, str]) -> dict[str, str]:
        """The cells with what they share with a row above, and with their pictures."""
        found = dict(cells)
        for column, key in self.columns.items():
            if (row, column) in self.tops:
                self.said[row, column] = cells.get(key, "")
            top = self.beside.top_of(row, column)
            if top is not None and key != "stem" and not found.get(key):
                found[key] = self.said.get((top, column), "")
        for column, name, data in self.pictures.get(row, []):
            if data and name.lower().endswith(_DRAWN):
                key = self.columns.get(column, "stem")
                key = key if key.startswith("option") or key == "explanation" else "stem"
                shown = f"![]({self.paper.enclose(name, data)})"
                found[key] = f"{found.get(key, '')}\n\n{shown}".strip()
        return found

    def tell(self, row: int, item: Item) -> None:
        """Say of a question what its row does not."""
        broken = {
            f"{_letters(column)}{row}": self.beside.unknown[row, column]
            for column in sorted(self.columns)
            if (row, column) in self.beside.unknown
        }
        stem = next(column for column, key in self.columns.items() if key == "stem")
        apart = self.beside.top_of(row, stem) is None
        if broken or not apart:  # whatever else is wrong comes of this
            item.problems = [problem for problem in item.problems if not problem.blocks]
        for cell, error in broken.items():
            if error:
                item.refuse(
                    _("Cell %(cell)s shows an error (%(text)s).", cell=cell, text=error[:20]),
                    _("Write in Excel what should stand there."),
                )
        formulas = [cell for cell, error in broken.items() if not error]
        if formulas:
            item.refuse(
                _("The file does not say what the formula gives (%(cells)s).",
                  cells=", ".join(formulas)),
                _("Open the file in Excel, save it and import it again, or write the words in "
                  "place of the formula."),
            )  # fmt: skip
        if not apart:
            item.refuse(
                _("Its question is merged with the row above."),
                _("Write each question, with its answers, in one row of its own."),
            )
        for column, name, data in self.pictures.get(row, []):
            if not (data and name.lower().endswith(_DRAWN)):
                item.note(
                    _("The picture in cell %(cell)s cannot be shown here.",
                      cell=f"{_letters(column)}{row}"),
                    _("Put it into Excel as PNG or JPEG, or add it to the question here."),
                )  # fmt: skip
        if row in self.beside.hidden:
            item.note(
                _("Its row is hidden in Excel; it is taken all the same."),
                _("Leave the question out if it is not meant."),
            )


def _letters(column: int) -> str:
    """A, B … Z, AA …, from 1."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found
