"""Reads about points: one member's, leaderboards, rules, and the proof of the ledger."""

from app.points.queries.audit import Seal, seals
from app.points.queries.boards import (
    Board,
    Place,
    begins,
    everyone_board,
    member_board,
    place_of,
    points_in,
    span_now,
    themes,
)
from app.points.queries.books import Edition, all_books, book_at, draft, editions, ranking
from app.points.queries.branches import BranchBoard, BranchPlace, branch_board, computed
from app.points.queries.chain import Break, Proof, prove
from app.points.queries.mine import (
    Line,
    Row,
    Today,
    earned_in,
    entries,
    entry_of,
    today,
    total,
    totals,
)
from app.points.queries.replay import Change, Simulation, last_month, simulate
from app.points.queries.streaks import Diary, diary
from app.points.queries.sums import Sums, standings_of_the_ledger

__all__ = [
    "Board",
    "BranchBoard",
    "BranchPlace",
    "Break",
    "Change",
    "Diary",
    "Edition",
    "Line",
    "Place",
    "Proof",
    "Row",
    "Seal",
    "Simulation",
    "Sums",
    "Today",
    "all_books",
    "begins",
    "book_at",
    "branch_board",
    "computed",
    "diary",
    "draft",
    "earned_in",
    "editions",
    "entries",
    "entry_of",
    "everyone_board",
    "last_month",
    "member_board",
    "place_of",
    "points_in",
    "prove",
    "ranking",
    "seals",
    "simulate",
    "span_now",
    "standings_of_the_ledger",
    "themes",
    "today",
    "total",
    "totals",
]
