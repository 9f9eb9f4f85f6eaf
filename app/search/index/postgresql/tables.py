"""The live tables, and how anything is read of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.search.index.asking import Ask
from app.search.index.face import Unusable


@dataclass
class Tables:
    """The live tables as they are named now; every question is a short read of its own."""

    engine: Engine
    schema: str
    generation: int
    total: int  # passages
    mean_size: float
    _having: dict[str, int] = field(default_factory=dict)  # lexeme → passages that have it

    def having(self, connection: Connection, terms: Collection[str]) -> Mapping[str, int]:
        """How many passages have each of these lexemes."""
        unknown = [term for term in terms if term not in self._having]
        if unknown:
            rows = connection.exec_driver_sql(
                f"select term, passages from {self.schema}.term where term = any(%(terms)s)",
                {"terms": unknown},
            )
            self._having.update(dict.fromkeys(unknown, 0))
            self._having.update((term, passages) for term, passages in rows)
        return self._having


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


def labels(ask: Ask) -> tuple[str, dict[str, Any]]:
    """What is asked of a passage's labels, as SQL with its values."""
    conditions, values = ["true"], dict[str, Any]()
    if ask.branches is not None:
        conditions.append("audience && %(branches)s::int[]")
        values["branches"] = [0, *sorted(ask.branches)]
    if ask.since or ask.until:
        conditions.append("day between %(since)s and %(until)s and day > 0")
        values |= {"since": ask.since, "until": ask.until or 10**9}
    if ask.kinds is not None:
        conditions.append("kind = any(%(kinds)s::int[])")
        values["kinds"] = sorted(ask.kinds)
    if ask.hidden:
        conditions.append("kind <> all(%(hidden)s::int[])")
        values["hidden"] = sorted(ask.hidden)
    if ask.languages is not None:
        conditions.append("language = any(%(languages)s::int[])")
        values["languages"] = sorted(ask.languages)
    if ask.shelf:
        conditions.append("shelf = %(shelf)s")
        values["shelf"] = ask.shelf
    if ask.branch is not None:
        conditions.append("branch = %(branch)s")
        values["branch"] = ask.branch
    return " and ".join(conditions), values
