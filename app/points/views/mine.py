"""Pages about points for members: mine, and the first visit of the day."""

from __future__ import annotations

from flask import current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.core.access import access
from app.core.addresses import address
from app.members.access import SIGNED_IN, reader
from app.points import queries, service
from app.points.rules import Period, Ranking
from app.points.views.door import bp


@bp.get("/points")
@access(SIGNED_IN)
def mine() -> str:
    me = reader()
    zone = current_app.extensions["weike"].zone
    week = queries.span_now(Period.WEEK, zone)
    ranked = queries.ranking() is not Ranking.OFF
    return render_template(
        "points/mine.html",
        today=queries.today(me.id, zone),
        total=queries.points_in(me.id, queries.span_now(Period.ALL, zone)),
        week=queries.points_in(me.id, week),
        ranked=ranked,
        balance=queries.balance(me.id) if queries.rewards_open() else None,
        place=queries.member_board(me.branch_id, me.id, week).me if ranked else None,
        entries=queries.entries(me.id, request.args.get("page", 1, type=int), zone),
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
    again = request.form.get("back") == "easy"  # a number in a sentence stands beside the card
    page = render_template("points/_today.html", today=today, back="home", again=again)
    response = make_response(page)
    if on_points:
        response.headers["HX-Refresh"] = "true"  # the list and the sums change with it
    return response
