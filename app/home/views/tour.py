"""The first minute: how to read comfortably, and what is where. It can be left at any step."""

from __future__ import annotations

from flask import render_template, request
from flask_login import current_user

from app.core.access import access
from app.home.views.frame import bp
from app.members.access import SIGNED_IN

STEPS = 5


@bp.get("/welcome")
@access(SIGNED_IN)
def welcome() -> str:
    step = request.args.get("step", 1, type=int)
    return render_template(
        "home/welcome.html",
        step=min(max(step, 1), STEPS),
        steps=STEPS,
        reading=current_user.reading,
    )
