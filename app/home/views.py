"""Pages about several rooms, and the navigation that every page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext as _

from app.core.access import access
from app.core.addresses import address
from app.members.access import PUBLIC, SIGNED_IN, reader_or_none

bp = Blueprint("home", __name__, template_folder="templates")


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; `here` marks the part of the site the reader is in."""

    label: str
    url: str
    icon: str
    here: bool = False
    desktop_only: bool = False


def navigation() -> list[Place]:
    """The places of this reader: five for everybody, desks for those who have one."""
    reader = reader_or_none()
    places = [
        (_("Home"), address("home"), "house-door", False),
        (_("Courses"), address("courses"), "collection-play", False),
        (_("Library"), address("library"), "journals", False),
        (_("Points"), address("points"), "award", False),
        (_("Me"), address("me"), "person", False),
    ]
    if reader and reader.is_author:
        places.append((_("Trainer's desk"), "/desk", "pencil-square", True))
    if reader and reader.is_organizer:
        places.append((_("Organizer's desk"), "/organizer", "clipboard-data", True))
    path = request.path
    return [
        Place(label, url, icon, path == url or (url != "/" and path.startswith(url + "/")), desktop)
        for label, url, icon, desktop in places
    ]


@bp.app_context_processor
def frame() -> dict[str, Any]:
    """What base.html asks for."""
    config = current_app.extensions["weike"]
    return {
        "navigation": navigation,
        "organisation_name": lambda: config.organisation,
        "home_url": lambda: address("home"),
        "search_url": lambda: address("search"),
        "address": address,
    }


@bp.get("/")
@access(SIGNED_IN)
def index() -> str:
    return render_template("home/index.html")


@bp.get("/healthz")
@access(PUBLIC)
def health() -> tuple[str, int]:
    return "ok\n", 200
