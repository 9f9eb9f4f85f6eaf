"""Home, the catalogue, themes and the course page."""

from __future__ import annotations

from flask import current_app, render_template, request
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.limits import unlimited
from app.core.settings import today
from app.courses.queries import course_for, theme_for, themes_for
from app.courses.queries.seeing import may_edit
from app.exams import queries as exams
from app.home import queries
from app.home.rules import DayPart, day_part
from app.home.views.frame import bp
from app.home.views.setup import state as set_up_state
from app.learning.queries import case_of, has_paths, open_needs, paths_with, to_continue, to_do_for
from app.library import queries as library
from app.members.access import PUBLIC, SIGNED_IN, is_easy, reader
from app.points import queries as points
from app.practice import queries as practice

SHOWN_BEGUN = 4
MOST_EXAMS = 3


@bp.get("/")
@access(SIGNED_IN)
def index() -> str:
    me = reader()
    zone = current_app.extensions["weike"].zone
    return render_template(
        "home/easy.html" if is_easy() else "home/index.html",
        greeting=_greeting(day_part(clock.now().astimezone(zone).hour), me.name),
        to_do=to_do_for(me, zone),
        to_sit=exams.to_sit(me, clock.now())[:MOST_EXAMS],
        going_on=to_continue(me, SHOWN_BEGUN),
        newest=queries.newest(me),
        counts=queries.counts(me),
        read_here=library.read_in_branch(me),
        today=points.today(me.id, zone),
        has_practised=practice.is_done_on(me.id, today()),
        may_write=me.is_author,
        to_set_up=set_up_state().open if me.is_administrator else [],
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
        paths=has_paths(me),
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
        case=case_of(me, found.id, current_app.extensions["weike"].zone),
        needs=[] if found.is_preview else open_needs(me, found.id),
        paths=[] if found.is_preview else paths_with(found.id, me.branch_path),
        may_edit=may_edit(me, found),
    )


@bp.get("/healthz")
@access(PUBLIC)
@unlimited
def health() -> tuple[str, int]:
    return "ok\n", 200
