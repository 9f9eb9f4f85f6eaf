"""A folder that anybody may have written: its files and tables, and where they are wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from flask_babel import gettext as _

from app.core.refusals import Refusal
from app.courses.package.facts import COURSE_FILE, Problem
from app.courses.package.fields import TYPE_NAMES, Fields, is_of
from app.courses.package.lines import Lines

MOST_BYTES = 1024 * 1024  # of a TOML or Markdown file
MOST_PROBLEMS = 500  # that are told of one package
# A name of twenty parts (a.b.c…): tomllib takes minutes for one of thousands.
_DEEP = re.compile(
    r"""(?:\A|[\n{,\[])[ \t]*+((?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){20})"""
)
_NUL = re.compile(r"\x00|\\u0000|\\U00000000")  # no database takes it; also as TOML writes it
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class Enough(Exception):
    """More problems than anybody reads."""


class Problems(list[Problem]):
    """What is wrong so far; the one too many raises Enough."""

    def append(self, problem: Problem) -> None:
        super().append(problem)
        if len(self) >= MOST_PROBLEMS:
            raise Enough


class Folder:
    """Reads one folder and collects its problems."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems = Problems()
        self.file = COURSE_FILE
        self.lines = Lines("")

    # --- saying what is wrong

    def wrong(self, sentence: object, *place: str | int) -> None:
        self.problems.append(Problem(self.file, self.lines.of(*place), str(sentence)))

    # --- files

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of a file; {} after noting why it cannot be read."""
        self.file, self.lines = name, Lines("")
        found = self.text(name)
        if found is None:
            return {}
        deep = _DEEP.search(found)
        if deep is not None:
            line = found.count("\n", 0, deep.start(1)) + 1
            self.problems.append(Problem(name, line, str(_("This is nested too deeply."))))
            return {}
        self.lines = Lines(found)
        try:
            return tomllib.loads(found, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            at = _AT_LINE.search(str(error))
            line = int(at[1]) if at else len(found.splitlines())
            said = str(error).split(" (at ", maxsplit=1)[0]
            sentence = _("This is no TOML: %(said)s.", said=said)
            self.problems.append(Problem(name, line, sentence))
        except RecursionError:
            self.wrong(_("This is nested too deeply."))
        except (ValueError, ArithmeticError) as error:  # numbers of thousands of digits
            self.wrong(_("This is no TOML: %(said)s.", said=str(error)[:80]))
        return {}

    def text(self, name: str) -> str | None:
        """A file as text; None after noting why not."""
        path = self.folder / name
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            self.problems.append(Problem(name, 0, _("The file is larger than 1 MB.")))
            return None
        try:
            found = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            self.problems.append(Problem(name, line, _("This is not UTF-8 text.")))
            return None
        nul = _NUL.search(found)
        if nul is not None:
            line = found.count("\n", 0, nul.start()) + 1
            self.problems.append(Problem(name, line, _("This is not UTF-8 text.")))
            return None
        return found.replace("\r\n", "\n")

    def path(self, name: object, *place: str | int) -> str:
        """A file name inside the package, checked; "" after noting what is wrong with it."""
        if not isinstance(name, str) or not name:
            return ""
        pure = PurePosixPath(name)
        parts = name.split("/")
        if (
            pure.is_absolute()
            or "\\" in name
            or ":" in parts[0]
            or any(part in {"", ".", ".."} or not part.isprintable() for part in parts)
        ):
            self.wrong(_("“%(name)s” does not lie inside the package.", name=name), *place)
            return ""
        here = self.folder
        for part in parts:
            here /= part
            if here.is_symlink():
                self.wrong(_("“%(name)s” is a link. Put the file itself here.", name=name), *place)
                return ""
        return name

    def existing(self, name: object, *place: str | int) -> str:
        """Like `path`, and the file is there."""
        found = self.path(name, *place)
        if found and not (self.folder / found).is_file():
            self.wrong(_("The file “%(name)s” is missing.", name=found), *place)
            return ""
        return found

    # --- tables

    def fields(
        self, table: object, known: Fields, required: tuple[str, ...], *place: str | int
    ) -> dict[str, Any]:
        """The known fields of a table that have the right type; everything else is noted."""
        if not isinstance(table, Mapping):
            self.wrong(_("This must be a table."), *place)
            return {}
        found: dict[str, Any] = {}
        for name, value in table.items():
            wanted = known.get(name)
            if wanted is None:
                sentence = _(
                    "“%(name)s” is no field of this table. It may have: %(known)s.",
                    name=name,
                    known=", ".join(known),
                )
                self.wrong(sentence, *place, name)
            elif not is_of(value, wanted):
                kinds = wanted if isinstance(wanted, tuple) else (wanted,)
                names = [str(TYPE_NAMES[k]) for k in kinds if k in TYPE_NAMES]
                sentence = _("“%(name)s” must be %(wanted)s.", name=name, wanted=" / ".join(names))
                self.wrong(sentence, *place, name)
            else:
                found[name] = value
        for name in required:
            if name not in table:
                self.wrong(_("“%(name)s” is missing.", name=name), *place)
        return found

    def judged(
        self, judge: Any, *arguments: Any, place: tuple[str | int, ...], **named: Any
    ) -> Any:
        """What a rule says, or None after noting its refusal."""
        try:
            return judge(*arguments, **named)
        except Refusal as refusal:
            self.wrong(refusal, *place)
            return None

    def chosen(self, value: str, among: object, *place: str | int) -> str:
        allowed = [str(name) for name in among]  # type: ignore[attr-defined]
        if value not in allowed:
            sentence = _(
                "“%(value)s” is not possible here. Use one of: %(allowed)s.",
                value=value,
                allowed=", ".join(allowed),
            )
            self.wrong(sentence, *place)
        return value

    def said(self, rule: Any, facts: dict[str, Any], name: str, *place: str | int) -> str:
        """A text after its rule; "" when it is missing, which is noted elsewhere."""
        if name not in facts:
            return ""
        return self.judged(rule, facts[name], place=place) or ""
