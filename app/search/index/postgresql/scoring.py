"""How well a passage answers, worked out by PostgreSQL."""

from __future__ import annotations

from typing import Any

from app.search.index.asking import K1, TITLE_HALF, B
from app.search.index.postgresql import lexemes
from app.search.index.postgresql.tables import Tables


class Score:
    """The score of a passage as SQL over its `v` (the terms, once unpacked) and `size`."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.parts: list[str] = []
        self.values: dict[str, Any] = {"steps": lexemes.STEPS}

    def bind(self, value: object) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def add(self, place: str, term: str, worth: float) -> None:
        """A lexeme of a field, with its weight. n / (n + half) is written as 1 - half / (n + half),
        since PostgreSQL would read n anew for each time that it stands there."""
        times = (
            "width_bucket(ts_rank('{1,1,1,1}'::real[], v, "
            f"{self.bind(lexemes.exactly(term))}::tsquery)::float8, %(steps)s::float8[])"
        )
        if place == "title":
            self.parts.append(f"{worth} * (1 - {TITLE_HALF} / ({times} + {TITLE_HALF}))")
            return
        half = f"({K1 * (1 - B)} + {K1 * B / self.tables.mean_size} * size)"
        self.parts.append(f"{worth * (K1 + 1)} * (1 - {half} / ({times} + {half}))")

    def add_mark(self, asked: str, worth: float) -> None:
        """A tsquery that is worth something whenever it is met."""
        self.parts.append(f"{worth} * (v @@ {self.bind(asked)}::tsquery)::int")

    @property
    def sql(self) -> str:
        return f"({' + '.join(self.parts)})::float8" if self.parts else "0::float8"
