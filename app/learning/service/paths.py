"""Learning paths: make them, put their courses in order, publish them, and note who is done."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from app.core import clock
from app.core.addresses import address
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.rules.titles import Titles, typed
from app.courses.service import other_titles, search_texts, search_titles
from app.learning import rules
from app.learning.models import LearningPath, PathDone, PathStep
from app.learning.queries import (
    may_be_done,
    open_steps,
    path_courses,
    path_readers,
    paths_with,
)
from app.learning.service.certifying import give_certificate, take_certificate
from app.members import service as members
from app.members.queries import reader_for
from app.members.rules.audit import Act
from app.points import service as points
from app.search import service as search


def make_path(*, title: str, branch_id: int, author_id: int) -> int:
    """A new draft without courses; returns its id. Raises NeedsATitle."""
    now = clock.now()
    row = LearningPath(
        title=rules.path_title(title),
        branch_id=branch_id,
        author_id=author_id,
        state=rules.PathState.DRAFT,
        created_at=now,
        changed_at=now,
    )
    db.session().add(row)
    db.session().flush()
    return row.id


def edit_path(
    path_id: int, *, title: str, summary: str, branch_id: int, titles: Titles | None = None
) -> None:
    """What a path says, and for which branch it is; `titles` None leaves those in other languages.

    Raises NeedsATitle, BadTitle, BadSummary, NotThere.
    """
    row = _held(path_id)
    title = rules.path_title(title)
    row.titles = other_titles(typed(row.titles) if titles is None else titles, own=title)
    row.title = title
    row.summary = summary.strip()[: rules.LONGEST_PATH_SUMMARY]
    row.branch_id, row.changed_at = branch_id, clock.now()
    note_who_is_done(path_id)
    refresh_path(path_id)


def add_step(path_id: int, course_id: int) -> None:
    """A course at the end; one that is there already stays. Raises TooManySteps, NotThere."""
    row = _held(path_id)
    order = path_courses([path_id]).get(path_id, [])
    if course_id in order:
        return
    if len(order) >= rules.MOST_STEPS:
        raise rules.TooManySteps(most=rules.MOST_STEPS)
    session = db.session()
    last = session.scalar(select(func.max(PathStep.position)).where(PathStep.path_id == path_id))
    session.add(PathStep(path_id=path_id, course_id=course_id, position=(last or 0) + 1))
    row.changed_at = clock.now()
    session.flush()
    refresh_path(path_id)


def move_step(path_id: int, course_id: int, *, by: int) -> None:
    """A course one place up (by=-1) or down (by=1). Raises NotThere."""
    row = _held(path_id)
    order = rules.reordered(path_courses([path_id]).get(path_id, []), course_id, by)
    places = {course: place for place, course in enumerate(order, 1)}
    for step in db.session().scalars(select(PathStep).where(PathStep.path_id == path_id)):
        step.position = places[step.course_id]
    row.changed_at = clock.now()
    db.session().flush()


def remove_step(path_id: int, course_id: int) -> None:
    """Take a course out. Raises NeedsSteps when a published path would have one left, NotThere."""
    row = _held(path_id)
    order = path_courses([path_id]).get(path_id, [])
    if row.state == rules.PathState.PUBLISHED and course_id in order and len(order) <= 2:
        raise rules.NeedsSteps
    db.session().execute(
        delete(PathStep).where(PathStep.path_id == path_id, PathStep.course_id == course_id)
    )
    row.changed_at = clock.now()
    note_who_is_done(path_id)
    refresh_path(path_id)


def publish_path(path_id: int) -> None:
    """Show a path to its branch. Raises NeedsSteps, NotThere."""
    _move(path_id, rules.PathState.PUBLISHED)
    note_who_is_done(path_id)


def withdraw_path(path_id: int) -> None:
    """Show it no longer; who has done it keeps that. Raises NotThere."""
    _move(path_id, rules.PathState.WITHDRAWN)


def _move(path_id: int, to: rules.PathState) -> None:
    row = _held(path_id)
    steps = len(path_courses([path_id]).get(path_id, []))
    row.state = rules.moved(rules.PathState(row.state), to, steps=steps)
    row.changed_at = clock.now()
    db.session().flush()
    members.record(
        Act.PATH_PUBLISHED if to is rules.PathState.PUBLISHED else Act.PATH_WITHDRAWN,
        thing=("path", path_id),
        name=row.title,
        branch_id=row.branch_id,
    )
    refresh_path(path_id)


def refresh_path(path_id: int) -> None:
    """Make a published path findable for its branch, by whoever may see a course of it; take out
    what is published no longer."""
    row = db.session().get_one(LearningPath, path_id)
    order = path_courses([path_id]).get(path_id, [])
    readers = path_readers(row.branch_id, order)
    if row.state != rules.PathState.PUBLISHED or not readers:
        search.remove(kind="path", ref=str(path_id))
        return
    search.put(
        kind="path",
        ref=str(path_id),
        title=row.title,
        url=address("path", path=path_id),
        passages=search_texts(row.summary, row.titles),
        audience=readers,
        others=search_titles(title=(row.title, row.titles)),
        made_of=[("course", str(course)) for course in order],
    )


def refresh_paths() -> None:
    """The same for every path: those that were published before search knew of them."""
    for path_id in db.session().scalars(select(LearningPath.id).order_by(LearningPath.id)).all():
        refresh_path(path_id)


def note_who_is_done(path_id: int) -> None:
    """Note every member who has done all of a published path, which they may have before."""
    row = _held(path_id)
    db.session().flush()
    if row.state == rules.PathState.PUBLISHED:
        now = clock.now()
        for member_id in may_be_done(path_id):
            _note(member_id, path_id, row.branch_id, now)


def settle_paths(member_id: int, course_id: int, now: datetime) -> None:
    """Note the paths that a member has done by finishing a course."""
    reader = reader_for(member_id)
    if reader is None:
        return
    for path_id, _title in paths_with(course_id, reader.branch_path):
        _note(member_id, path_id, None, now)


def unsettle_paths(member_id: int, course_id: int, *, actor_id: int, reason: str) -> None:
    """A course counts as done no longer: nor do the paths that it belongs to."""
    with_it = select(PathStep.path_id).where(PathStep.course_id == course_id)
    undone = PathDone.path_id.in_(with_it) & (PathDone.member_id == member_id)
    session = db.session()
    rows = session.execute(
        select(PathDone.path_id, LearningPath.title)
        .join(LearningPath, LearningPath.id == PathDone.path_id)
        .where(undone)
    ).all()
    for path_id, title in rows:
        take_certificate(
            member_id=member_id,
            kind="path",
            subject_id=path_id,
            title=title,
            reason=_("The quiz was marked anew."),
        )
        points.take_back(
            member_id=member_id,
            reason="path",
            source=f"path:{path_id}",
            author_id=actor_id,
            note=reason,
        )
    session.execute(delete(PathDone).where(undone))


def _note(member_id: int, path_id: int, branch_id: int | None, now: datetime) -> None:
    session = db.session()
    reader = reader_for(member_id)
    if reader is None or (branch_id is not None and branch_id not in reader.branch_path):
        return
    if session.get(PathDone, (path_id, member_id)) is not None or open_steps(reader, path_id):
        return
    session.add(PathDone(path_id=path_id, member_id=member_id, done_at=now))
    session.flush()
    title = session.get_one(LearningPath, path_id).title
    points.credit(
        member_id=member_id, reason="path", source=f"path:{path_id}", note=title, anew=True
    )
    give_certificate(
        member_id=member_id, kind="path", subject_id=path_id, title=title, earned_at=now
    )


def _held(path_id: int) -> LearningPath:
    row = db.session().get(LearningPath, path_id, with_for_update=True)
    if row is None:
        raise NotThere
    return row
