"""Reads of the ledger: one member's points, the leaderboards, and the proof of the chain."""

from app.points.queries.boards import Board, Place, begins, branch_board, member_board
from app.points.queries.chain import Break, Proof, prove
from app.points.queries.mine import Line, Row, Today, entries, entry_of, today, total, totals

__all__ = [
    "Board",
    "Break",
    "Line",
    "Place",
    "Proof",
    "Row",
    "Today",
    "begins",
    "branch_board",
    "entries",
    "entry_of",
    "member_board",
    "prove",
    "today",
    "total",
    "totals",
]
