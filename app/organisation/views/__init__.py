"""The organizer's desk: branches, completion, assignments, members, and tables to take away."""

from flask import Blueprint

bp = Blueprint("organisation", __name__, template_folder="../templates")

from app.organisation.views import assignments, desk, log, reports, work  # noqa: E402, F401
