"""Branches compared in a way that is fair to small ones: participation × median, with shrinkage.

For each branch and period: *people* are its active members and those who earned there and have
moved since; *takers* are those of them with points. A branch's value is the share of takers times
the median of their points. A few eager people, or a few who let videos run all night, cannot lift
a median; who does nothing lowers the share. A small branch comes out very high or very low by
chance more easily than a large one, so its value is drawn towards the average of the whole
organisation: as if ten average people belonged to it besides. Below five people there is no place.

Members who do not want to be listed count here like everybody: nobody is named, and a branch must
not rise by talking its quiet members out of the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.db import db

LEAST_PEOPLE = 5  # fewer have no place
PRIOR_PEOPLE = 10  # average people that are thought to belong to every branch besides
TOP = 50
NEIGHBOURS = 2

# One row for each period and branch in which an active member has points. The median is that of
# the one or two in the middle, doubled, so that it is a whole number. `where` is about s.
# `low` is the lower one of these two (or the only one).
SPREAD = """
SELECT span, branch_id, count(*) AS takers, sum(moved) AS movers, sum(points) AS points,
       sum(CASE WHEN place IN ((people + 1) / 2, (people + 2) / 2) THEN points ELSE 0 END)
         * (1 + people % 2) AS median2,
       sum(CASE WHEN place = (people + 1) / 2 THEN points ELSE 0 END) AS low
FROM (
  SELECT s.span, s.branch_id, s.points,
         CASE WHEN m.branch_id = s.branch_id THEN 0 ELSE 1 END AS moved,
         row_number() OVER (PARTITION BY s.span, s.branch_id ORDER BY s.points) AS place,
         count(*) OVER (PARTITION BY s.span, s.branch_id) AS people
  FROM branch_share AS s JOIN member AS m ON m.id = s.member_id AND m.is_active
  WHERE s.points > 0 AND {where}
) AS ranked
GROUP BY span, branch_id, people
"""
_FRESH = f"""
fresh AS (
  SELECT branch_id, takers, movers, median2, reached
  FROM branch_standing WHERE span = :span AND takers > 0 AND NOT stale
  UNION ALL
  SELECT again.branch_id, again.takers, again.movers, again.median2, old.reached
  FROM ({
    SPREAD.format(
        where="s.span = :span AND s.branch_id IN "
        "(SELECT branch_id FROM branch_standing WHERE span = :span AND stale)"
    )
}) AS again
  JOIN branch_standing AS old ON old.span = :span AND old.branch_id = again.branch_id
),
valued AS (
  SELECT fresh.branch_id, takers, median2, reached, coalesce(z.members, 0) + movers AS people,
         CAST(0.5 AS double precision) * takers * median2
           / (coalesce(z.members, 0) + movers) AS value
  FROM fresh LEFT JOIN branch_size AS z ON z.branch_id = fresh.branch_id
),
whole AS (
  SELECT CAST(1 AS double precision) * coalesce((SELECT sum(value * people) FROM valued), 0)
    / max(1, (SELECT coalesce(sum(members), 0) FROM branch_size)) AS average
),
scored AS MATERIALIZED (
  SELECT valued.*, (people * value + {PRIOR_PEOPLE} * average) / (people + {PRIOR_PEOPLE}) AS score
  FROM valued, whole
)
"""  # noqa: S608 - constants only
_ORDER = "score DESC, reached, branch_id"
_HIGHER = """(s.score > m.score OR (s.score = m.score AND
  (s.reached < m.reached OR (s.reached = m.reached AND s.branch_id < m.branch_id))))"""
# The places of all are never counted: the highest ones, and those next to mine, are picked out.
_BOARD = f"""
WITH {_FRESH},
mine AS (
  SELECT score, reached, branch_id FROM scored WHERE branch_id = :mine AND people >= {LEAST_PEOPLE}
),
near AS (
  SELECT * FROM (
    SELECT * FROM scored WHERE people >= {LEAST_PEOPLE} ORDER BY {_ORDER} LIMIT {TOP}
  ) AS highest
  UNION
  SELECT * FROM (
    SELECT s.* FROM scored AS s, mine AS m WHERE people >= {LEAST_PEOPLE} AND {_HIGHER}
    ORDER BY s.score, s.reached DESC, s.branch_id DESC LIMIT {NEIGHBOURS}
  ) AS above_mine
  UNION
  SELECT * FROM (
    SELECT s.* FROM scored AS s, mine AS m WHERE people >= {LEAST_PEOPLE} AND NOT {_HIGHER}
    ORDER BY s.score DESC, s.reached, s.branch_id LIMIT {NEIGHBOURS + 1}
  ) AS below_mine
)
SELECT near.*, b.name, above.name AS above,
  (SELECT count(*) FROM scored AS s, mine AS m
   WHERE people >= {LEAST_PEOPLE} AND {_HIGHER}) AS higher
FROM near JOIN branch AS b ON b.id = near.branch_id
LEFT JOIN branch AS above ON above.id = b.parent_id
ORDER BY {_ORDER}
"""  # noqa: S608 - constants only
_OWN = f"""
WITH {_FRESH}
SELECT scored.*, b.name, whole.average FROM whole, branch AS b
LEFT JOIN scored ON scored.branch_id = b.id WHERE b.id = :mine
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class BranchPlace:
    """One branch on the board. `score` is the value drawn towards the average."""

    id: int
    name: str
    above: str  # name of the branch above
    place: int
    people: int
    takers: int
    median: float
    value: float
    score: float
    mine: bool

    @property
    def participation(self) -> int:
        """Per cent of the people who have points."""
        return round(100 * self.takers / self.people)


@dataclass(frozen=True)
class BranchBoard:
    """The top, then (when mine is not among them) its place with its neighbours."""

    top: Sequence[BranchPlace]
    around_mine: Sequence[BranchPlace]
    mine: BranchPlace | None


def branch_board(branch_id: int, span: int) -> BranchBoard:
    """All branches with at least five people and points in a period; a branch's own members only:
    branches below stand for themselves."""
    statement = text(_BOARD if _is_sqlite() else _for_postgresql(_BOARD))
    rows = db.session().execute(statement, {"span": span, "mine": branch_id}).all()
    at = next((n for n, row in enumerate(rows) if row.branch_id == branch_id), 0)
    places = [
        BranchPlace(
            id=row.branch_id,
            name=row.name,
            above=row.above or "",
            # Behind the top stand only mine and its neighbours, one after another.
            place=number + 1 if number < TOP else row.higher + 1 + number - at,
            people=row.people,
            takers=row.takers,
            median=row.median2 / 2,
            value=float(row.value),
            score=float(row.score),
            mine=row.branch_id == branch_id,
        )
        for number, row in enumerate(rows)
    ]
    return BranchBoard(
        top=[each for each in places if each.place <= TOP],
        around_mine=[each for each in places if each.place > TOP],
        mine=next((each for each in places if each.mine), None),
    )


@dataclass(frozen=True)
class Computed:
    """The numbers behind one branch's score, for showing how it is computed."""

    name: str
    people: int
    takers: int
    median: float
    value: float
    average: float  # of the whole organisation
    score: float


def computed(branch_id: int, span: int) -> Computed | None:
    """How a branch's score comes about; None when nobody of it has points in the period."""
    statement = text(_OWN if _is_sqlite() else _for_postgresql(_OWN))
    row = db.session().execute(statement, {"span": span, "mine": branch_id}).one_or_none()
    if row is None or row.branch_id is None:
        return None
    return Computed(
        name=row.name,
        people=row.people,
        takers=row.takers,
        median=row.median2 / 2,
        value=float(row.value),
        average=float(row.average),
        score=float(row.score),
    )


def _is_sqlite() -> bool:
    return db.session().connection().dialect.name == "sqlite"


def _for_postgresql(statement: str) -> str:
    """SQLite's max of two values has another name there."""
    return statement.replace("max(1, (", "greatest(1, (")
