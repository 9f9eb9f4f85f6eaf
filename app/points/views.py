"""Pages about points: mine, the leaderboards, and the first visit of the day."""

from __future__ import annotations

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.core.access import access
from app.core.addresses import address
from app.members.access import SIGNED_IN, reader
from app.points import queries, service
from app.points.rules import Period

bp = Blueprint("points", __name__, template_folder="templates")


@bp.get("/points")
@access(SIGNED_IN)
def mine() -> str:
    me = reader()
    zone = current_app.extensions["weike"].zone
    week = queries.begins(Period.WEEK, zone)
    return render_template(
        "points/mine.html",
        today=queries.today(me.id, zone),
        total=queries.total(me.id),
        week=queries.totals([me.id], week).get(me.id, 0),
        place=queries.member_board(me.branch_id, me.id, week).me,
        entries=queries.entries(me.id, request.args.get("page", 1, type=int)),
    )


@bp.get("/points/leaderboard")
@access(SIGNED_IN)
def leaderboard() -> str:
    me = reader()
    period = request.args.get("period", Period.WEEK, type=Period)
    since = queries.begins(period, current_app.extensions["weike"].zone)
    branches = request.args.get("of") == "branches"
    if branches:
        board = queries.branch_board(me.branch_id, since)
    else:
        board = queries.member_board(me.branch_id, me.id, since)
    return render_template(
        "points/leaderboard.html", board=board, branches=branches, period=period.value
    )


@bp.post("/points/check-in")
@access(SIGNED_IN)
def check_in() -> ResponseReturnValue:
    me = reader()
    service.check_in(me.id)
    on_points = request.form.get("back") == "points"
    if "HX-Request" not in request.headers:
        return redirect(address("points" if on_points else "home"))
    today = queries.today(me.id, current_app.extensions["weike"].zone)
    response = make_response(render_template("points/_today.html", today=today, back="home"))
    if on_points:
        response.headers["HX-Refresh"] = "true"  # the list and the sums change with it
    return response
