"""Pages about several rooms, and the navigation that every page shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.addresses import address
from app.core.limits import unlimited
from app.courses.queries import course_for, theme_for, themes_for
from app.courses.queries.catalogue import may_edit
from app.home import queries
from app.home.rules import DayPart, day_part
from app.learning.queries import to_continue
from app.members.access import PUBLIC, SIGNED_IN, reader, reader_or_none
from app.points import queries as points

SHOWN_BEGUN = 4

bp = Blueprint("home", __name__, template_folder="templates")


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; `here` marks the part of the site the reader is in."""

    label: str
    url: str
    icon: str
    here: bool = False
    desktop_only: bool = False  # on phones in the top bar, not in the bottom bar
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
        Place(_("Courses"), address("courses"), icon="collection-play", also=("/themes",)),
        Place(_("Library"), address("library"), icon="journals"),
        Place(_("Points"), address("points"), icon="award"),
        Place(_("Me"), address("me"), icon="person"),
    ]
    if found and found.is_author:
        places.append(
            Place(_("Trainer's desk"), address("desk"), icon="pencil-square", desktop_only=True)
        )
    if found and found.is_organizer:
        places.append(
            Place(
                *(_("Organizer's desk"), address("organizer")),
                icon="clipboard-data",
                desktop_only=True,
                also=("/admin",),
            )
        )
    return [replace(place, here=place.holds(request.path)) for place in places]


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
    me = reader()
    zone = current_app.extensions["weike"].zone
    return render_template(
        "home/index.html",
        greeting=_greeting(day_part(clock.now().astimezone(zone).hour), me.name),
        going_on=to_continue(me, SHOWN_BEGUN),
        newest=queries.newest(me),
        counts=queries.counts(me),
        today=points.today(me.id, zone),
        may_write=me.is_author,
    )


def _greeting(part: DayPart, name: str) -> str:
    sentences = {
        DayPart.MORNING: _("Good morning, %(name)s", name=name),
        DayPart.AFTERNOON: _("Good afternoon, %(name)s", name=name),
        DayPart.EVENING: _("Good evening, %(name)s", name=name),
        DayPart.NIGHT: _("Hello, %(name)s", name=name),
    }
    return str(sentences[part])


@bp.get("/courses")
@access(SIGNED_IN)
def courses() -> str:
    me = reader()
    themes = themes_for(me)
    chosen = next((t for t in themes if t.slug == request.args.get("theme")), None)
    spoken = queries.languages(me)
    language = request.args.get("language", "")
    mine = request.args.get("mine", queries.Mine.ALL, type=queries.Mine)
    return render_template(
        "home/courses.html",
        themes=themes,
        theme=chosen,
        spoken=spoken,
        language=language if language in spoken else "",
        mine=mine.value,
        counts=queries.counts(me),
        page=queries.catalogue(
            me,
            theme=chosen.id if chosen else None,
            language=language if language in spoken else "",
            mine=mine,
            page=request.args.get("page", 1, type=int),
        ),
        may_write=me.is_author,
    )


@bp.get("/themes/<slug>")
@access(SIGNED_IN)
def theme(slug: str) -> str:
    me = reader()
    found = theme_for(me, slug)
    return render_template(
        "home/theme.html",
        theme=found,
        counts=queries.counts(me, found.id),
        page=queries.catalogue(me, theme=found.id, page=request.args.get("page", 1, type=int)),
    )


@bp.get("/courses/<slug>")
@access(SIGNED_IN)
def course(slug: str) -> str:
    me = reader()
    found = course_for(me, slug)
    return render_template(
        "home/course.html",
        course=found,
        sheet=queries.course_sheet(me, found),
        may_edit=may_edit(me, found),
    )


@bp.get("/healthz")
@access(PUBLIC)
@unlimited
def health() -> tuple[str, int]:
    return "ok\n", 200
