"""The leaderboards: as a page for everybody, and as a file for organizers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, render_template, request
from flask_babel import gettext as _

from app.core import clock, settings
from app.core.access import access
from app.core.limits import limited
from app.core.spreadsheet import csv_lines, xlsx_pieces
from app.core.streams import streamed
from app.members import service as members
from app.members.access import ORGANIZER, SIGNED_IN, reader
from app.points import queries
from app.points.queries.branches import LEAST_PEOPLE, PRIOR_PEOPLE
from app.points.rules import Period, Ranking
from app.points.views.door import bp

FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
OFFERED = {
    Ranking.OFF: ("branches",),
    Ranking.BRANCH: ("branch", "branches"),
    Ranking.EVERYONE: ("branch", "everyone", "branches"),
}


@dataclass(frozen=True)
class Asked:
    """Which board was asked for; what is not offered becomes what is."""

    of: str
    period: Period
    span: int
    themes: dict[int, str]
    theme: int
    ranking: Ranking

    @property
    def offered(self) -> Sequence[str]:
        return OFFERED[self.ranking]


def _asked() -> Asked:
    period = request.args.get("period", Period.WEEK, type=Period)
    ranking = queries.ranking()
    of = request.args.get("of", "")
    if of not in OFFERED[ranking]:
        of = OFFERED[ranking][0]
    themes = queries.themes() if of != "branches" else {}
    theme = request.args.get("theme", 0, type=int)
    return Asked(
        of=of,
        period=period,
        span=queries.span_now(period, current_app.extensions["weike"].zone),
        themes=themes,
        theme=theme if theme in themes else 0,
        ranking=ranking,
    )


def _members(asked: Asked) -> queries.Board:
    me = reader()
    if asked.of == "everyone":
        return queries.everyone_board(me.id, asked.span, asked.theme)
    return queries.member_board(me.branch_id, me.id, asked.span, asked.theme)


@bp.get("/points/leaderboard")
@access(SIGNED_IN)
def leaderboard() -> str:
    me, asked = reader(), _asked()
    common: dict[str, Any] = {
        "of": asked.of,
        "offered": asked.offered,
        "period": asked.period.value,
        "themes": asked.themes,
        "theme": asked.theme,
        "ranking": asked.ranking.value,
        "formats": [],
    }
    if me.is_organizer:
        common |= {
            "formats": list(FILES),
            "my_branch": queries.name_of_branch(me.branch_id),
            "today": settings.today(),
        }
    if asked.of == "branches":
        return render_template(
            "points/branches.html",
            board=queries.branch_board(me.branch_id, asked.span),
            sum=queries.computed(me.branch_id, asked.span),
            least=LEAST_PEOPLE,
            prior=PRIOR_PEOPLE,
            **common,
        )
    board = _members(asked)
    points = board.me.points if board.me else queries.points_in(me.id, asked.span, asked.theme)
    return render_template("points/leaderboard.html", board=board, mine=points, **common)


@bp.get("/points/leaderboard/export")
@access(ORGANIZER)
@limited("exports", most=5, seconds=3600)
def export_leaderboard() -> Response:
    asked = _asked()
    kind = request.args.get("as", "xlsx")
    kind = kind if kind in FILES else "xlsx"
    header, rows = _branch_table(asked) if asked.of == "branches" else _member_table(asked)
    pieces = (
        csv_lines(header, rows)
        if kind == "csv"
        else xlsx_pieces(header, rows, title=_("Leaderboard"))
    )
    members.taken_away(_("Leaderboard"), kind=kind, branch_id=reader().organized_id)
    day = clock.today(current_app.extensions["weike"].zone).isoformat()
    name = f"{asked.of}-{asked.period.value}-{day}.{kind}"
    return streamed(pieces, kind=FILES[kind], name=name)


def _member_table(asked: Asked) -> tuple[list[str], Iterator[list[Any]]]:
    """The rows of the page."""
    board = _members(asked)
    mine = queries.name_of_branch(reader().branch_id) if asked.of == "branch" else ""
    header = [_("Place"), _("Member"), _("Branch"), _("Points")]
    return header, (
        [each.place, each.name, each.branch or mine, each.points]
        for each in (*board.top, *board.around_me)
    )


def _branch_table(asked: Asked) -> tuple[list[str], Iterator[list[Any]]]:
    """With everything that the value is computed from."""
    board = queries.branch_board(reader().branch_id, asked.span)
    header = [
        *(_("Place"), _("Branch"), _("Belongs to"), _("Members"), _("Took part")),
        *(_("Took part, per cent"), _("Median"), _("Participation × median"), _("Value")),
    ]
    return header, (
        [
            *(each.place, each.name, each.above, each.people, each.takers),
            *(each.participation, each.median, round(each.value, 2), round(each.score, 2)),
        ]
        for each in (*board.top, *board.around_mine)
    )
