"""The live tables, and how anything is read of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.search.index.asking import Ask
from app.search.index.face import Unusable

MOST_KEPT = 20_000  # terms of which it is remembered how many passages have them
FEW_LABELS = 32
LABEL = "id, kind, language, form, year, shelf, branch, audience"


class Label(NamedTuple):
    """What stands on the label of a thing. Many things have the same, so it is a row of its own."""

    kind: int  # number in schema.KINDS
    language: int  # number in schema.LANGUAGES
    form: str
    year: int  # 0 for none
    shelf: int
    branch: int
    audience: tuple[int, ...]  # branches; (0,) is everybody


@dataclass
class Tables:
    """The live tables as they are named now; every question is a short read of its own."""

    engine: Engine
    schema: str
    generation: int
    total: int  # passages
    mean_size: float
    # By number; of an older generation until `labels` is asked: labels come, and never change.
    known: Mapping[int, Label] = field(default_factory=dict)
    _having: dict[str, int] = field(default_factory=dict)  # lexeme → passages that have it
    _is_known: bool = False

    def having(self, connection: Connection, terms: Collection[str]) -> Mapping[str, int]:
        """How many passages have each of these lexemes."""
        if len(self._having) > MOST_KEPT:
            self._having = {}
        found, unknown = self._having, [term for term in terms if term not in self._having]
        if unknown:
            rows = connection.exec_driver_sql(
                f"select term, passages from {self.schema}.term where term = any(%(terms)s)",
                {"terms": unknown},
            )
            found.update(dict.fromkeys(unknown, 0) | dict(rows.all()))
        return found

    def labels(self, connection: Connection) -> Mapping[int, Label]:
        """All labels by number, from 1 on."""
        if not self._is_known:
            rows = connection.exec_driver_sql(
                f"select {LABEL} from {self.schema}.label where id > %(last)s",
                {"last": max(self.known, default=0)},
            )
            self.known = {**self.known, **labelled(rows)}
            self._is_known = True
        return self.known

    def sees_all(self, connection: Connection, branches: frozenset[int] | None) -> bool:
        """Whether nothing is barred from readers of these branches."""
        allows = allowing(Ask(wanted=(), branches=branches))
        return all(map(allows, self.labels(connection).values()))

    def bounds(self, connection: Connection, ask: Ask) -> tuple[str, dict[str, Any]]:
        """What is asked of a passage's label, as SQL with its values."""
        known, conditions, values = self.labels(connection), ["true"], dict[str, Any]()
        allows = allowing(ask)
        allowed = [number for number, label in known.items() if allows(label)]
        if len(allowed) < len(known):
            # An index finds passages of few labels; of many, each passage is looked at.
            is_few = len(allowed) <= FEW_LABELS
            conditions.append(
                "label = any(%(allowed)s::int[])" if is_few else "(%(allowed)s::bool[])[label]"
            )
            values["allowed"] = allowed if is_few else mask(allowed)
        else:
            # What comes meanwhile with a label of its own: who may see it is not known here yet.
            conditions.append("label <= %(last)s")
            values["last"] = max(known, default=0)
        if ask.since or ask.until:
            conditions.append("day between %(since)s and %(until)s and day > 0")
            values |= {"since": ask.since, "until": ask.until or 10**9}
        return " and ".join(conditions), values


def labelled(rows: Iterable[Any]) -> dict[int, Label]:
    """Rows of LABEL by their number."""
    return {row[0]: Label._make((*row[1:-1], tuple(row[-1]))) for row in rows}


def mask(numbers: Collection[int]) -> str:
    """Numbers of labels as a bool[], so that a passage is judged by looking at one place."""
    places = ["f"] * max(numbers, default=1)
    for number in numbers:
        places[number - 1] = "t"
    return f"{{{','.join(places)}}}"


def allowing(ask: Ask) -> Callable[[Label], bool]:
    """Whether what is asked can be answered by things with a label."""
    branches = None if ask.branches is None else {0, *ask.branches}
    first, last = ((date.fromordinal(day).year if day else 0) for day in (ask.since, ask.until))

    def allows(label: Label) -> bool:
        return (
            (branches is None or not branches.isdisjoint(label.audience))
            and (first <= label.year <= (last or label.year))
            and ask.takes(label.kind, label.form)
            and (ask.languages is None or label.language in ask.languages)
            and (not ask.shelf or label.shelf == ask.shelf)
            and (ask.branch is None or label.branch == ask.branch)
        )

    return allows


class OutOfReach(Unusable):
    """The server did not answer; nothing is known about the index itself."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for a short read; whatever goes wrong is raised as Unusable."""
    try:
        # One statement is one transaction: nothing is sent to begin or to end one.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    except OperationalError as error:
        raise OutOfReach(str(error)) from error
    except SQLAlchemyError as error:
        raise Unusable(str(error)) from error
