"""Pages about people: signing in, the profile, branches and members."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.core.access import access
from app.members.access import PUBLIC

bp = Blueprint("members", __name__, template_folder="templates")


@bp.get("/sign-in")
@access(PUBLIC)
def sign_in() -> str:
    return render_template("error.html", status=200, sentence="sign in")
