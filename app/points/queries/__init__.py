"""Reads of the ledger: one member's points, the leaderboards, and the proof of the chain."""

from app.points.queries.boards import Board, Place, branch_board, member_board
from app.points.queries.chain import Break, Proof, prove
from app.points.queries.mine import Line, Row, Today, checked_in, entries, today, total, totals

__all__ = [
    "Board",
    "Break",
    "Line",
    "Place",
    "Proof",
    "Row",
    "Today",
    "branch_board",
    "checked_in",
    "entries",
    "member_board",
    "prove",
    "today",
    "total",
    "totals",
]
