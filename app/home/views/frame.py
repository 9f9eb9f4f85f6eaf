"""The blueprint of this room, and what every page shows around its own matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask_babel import gettext as _

from app.core import settings
from app.core.addresses import address
from app.members.access import reader_or_none

OUR_COLOUR = "#a61b24"

# What stands on the page of another place.
OF_COURSES = ("/themes", "/paths", "/discussions")
OF_ME = ("/points", "/device", "/notices", "/practice", "/certificates")

bp = Blueprint("home", "app.home", template_folder="templates")


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; `here` marks the part of the site the reader is in."""

    label: str
    url: str
    icon: str
    here: bool = False
    desktop_only: bool = False  # on phones in the top bar, not in the bottom bar
    is_extra: bool = False  # left out of the bottom bar in the easy mode
    also: tuple[str, ...] = ()  # further parts of the site that belong here

    def holds(self, path: str) -> bool:
        """Whether a path is this place or below it; home holds nothing but itself."""
        return path == self.url or any(
            path == top or path.startswith(top + "/")
            for top in (self.url, *self.also)
            if top != "/"
        )


def navigation() -> list[Place]:
    """The places of this reader: five for everybody, desks for those who have one."""
    found = reader_or_none()
    places = [
        Place(_("Home"), address("home"), icon="house-door"),
        Place(_("Courses"), address("courses"), icon="collection-play", also=OF_COURSES),
        Place(_("Exams"), address("exams"), icon="card-checklist", also=("/attempts",)),
        Place(_("Library"), address("library"), icon="journals", is_extra=True),
        Place(_("Me"), address("me"), icon="person", also=OF_ME),
    ]
    if found and found.is_author:
        places.append(
            Place(_("Trainer’s desk"), address("desk"), icon="pencil-square", desktop_only=True)
        )
    if found and found.is_organizer:
        places.append(
            Place(
                *(_("Organizer’s desk"), address("organizer")),
                icon="clipboard-data",
                desktop_only=True,
                also=("/admin",),
            )
        )
    return [replace(place, here=place.holds(request.path)) for place in places]


@dataclass(frozen=True)
class Brand:
    """What the frame shows of the organisation's own look."""

    colour: str  # of the browser's bars
    style_url: str  # "" for our own colour
    logo_url: str  # "" for our own sign


def brand() -> Brand:
    """The organisation's look, as it is set now."""
    own = settings.organisation()
    seed = own.colour.removeprefix("#")
    return Brand(
        colour=own.colour or OUR_COLOUR,
        style_url=url_for("home.brand_style", seed=seed) if seed else "",
        logo_url=url_for("home.logo", digest=own.logo) if own.logo else "",
    )


@bp.app_context_processor
def frame() -> dict[str, Any]:
    """What base.html asks for."""
    return {
        "navigation": navigation,
        "organisation_name": lambda: current_app.extensions["weike"].organisation,
        "brand": brand,
        "home_url": lambda: address("home"),
        "search_url": lambda: address("search"),
        "address": address,
    }
