"""Commands about courses: `flask courses load|export|check|reindex|recount`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.core.db import reading, unit_of_work
from app.core.i18n import clock_time
from app.core.refusals import Refusal
from app.courses import package as packages
from app.courses import queries, service
from app.courses.rules import LessonKind
from app.media import service as media
from app.media.rules import NotReady

group = AppGroup("courses", help="Courses as plain files; search entries and lengths anew.")


@group.command("load")
@click.argument("names", nargs=-1, metavar="[PATH|SLUG]…")
@click.option("--author", default="", help="User name of who shall own new courses.")
def load(names: tuple[str, ...], author: str) -> None:
    """Load course packages; all of the courses folder when none is named.

    May be repeated at any time: a package that has not changed changes nothing.
    """
    with reading():
        author_id = queries.owner_for(author)
    if author_id is None:
        who = f"“{author}” is" if author else "There is"
        raise click.ClickException(f"{who} no trainer or administrator who could own a course.")
    failed = 0
    for folder in _folders(names):
        try:
            loaded = load_folder(folder, author_id=author_id)
        except packages.BadPackage as refusal:
            failed += 1
            for problem in refusal.problems:
                click.echo(f"{folder.name}/{problem}", err=True)
        except Refusal as refusal:
            failed += 1
            click.echo(f"{folder.name}: {refusal}", err=True)
        else:
            click.echo(f"{folder.name}: {loaded.outcome.value}")
    if failed:
        sys.exit(1)


def load_folder(folder: Path, *, author_id: int) -> service.Loaded:
    """Load one package: all of it, or nothing but recordings that wait to be used.

    Opens its own units of work, short ones: recordings are probed and copied outside of them.
    Raises BadPackage and what service.load_package raises.
    """
    package = packages.read(folder)
    with reading():
        done = service.loaded_already(package)
    if done is not None:
        return service.Loaded(done, service.Outcome.UNCHANGED)
    problems = packages.check(package)
    problems += [
        packages.Problem(lesson.file, 0, "This is not rendered yet: run scripts/render_courses.py.")
        for lesson in package.lessons
        if not lesson.rendered
    ]
    if problems:
        raise packages.BadPackage(problems)
    files: dict[str, int] = {}
    for lesson in package.lessons:
        if lesson.kind == LessonKind.READING or lesson.file in files:
            continue
        path = folder / lesson.file
        with unit_of_work():
            name = f"{lesson.title}{path.suffix}"
            files[lesson.file] = media.import_file(path, owner_id=author_id, filename=name)
            if lesson.picture_ms is not None:
                media.wish_poster(files[lesson.file], lesson.picture_ms)
        if lesson.picture_ms is not None:
            _draw(files[lesson.file], lesson.picture_ms)
    pictures: dict[str, int] = {}
    covers = {package.cover, package.theme_facts.cover if package.theme_facts else ""} - {""}
    for name in sorted(covers):
        with (folder / name).open("rb") as stream:
            stored = media.store_image(stream)
        with unit_of_work():
            pictures[name] = media.register_image(stored, owner_id=author_id)
    with unit_of_work():
        return service.load_package(package, author_id=author_id, files=files, pictures=pictures)


def _draw(media_id: int, at_ms: int) -> None:
    """The picture of a video that was ready before; others get it when they are prepared."""
    with suppress(NotReady):
        names = media.draw_poster(media_id, at_ms)
        with unit_of_work():
            media.choose_poster(media_id, at_ms, names)


@group.command("check")
@click.argument("names", nargs=-1, metavar="[PATH|SLUG]…")
def check(names: tuple[str, ...]) -> None:
    """Say what is wrong with packages, file by file and line by line; changes nothing."""
    failed = 0
    folders: list[Path] = []
    for name in names or ("",):
        try:
            folders += _folders((name,) if name else ())
        except click.ClickException as refusal:
            failed += 1
            click.echo(refusal.message)
    for folder in folders:
        try:
            package = packages.read(folder)
            problems = packages.check(package)
        except packages.BadPackage as refusal:
            problems = list(refusal.problems)
        for problem in problems:
            click.echo(f"{folder.name}/{problem}")
        failed += bool(problems)
        if not problems:
            missing = sum(not lesson.rendered for lesson in package.lessons)
            note = f", {missing} to be rendered" if missing else ""
            click.echo(f"{folder.name}: good, {len(package.lessons)} lessons{note}")
    if failed:
        sys.exit(1)


@group.command("export")
@click.argument("slug")
@click.option("--to", "root", type=click.Path(file_okay=False, path_type=Path), help="Folder.")
def export(slug: str, root: Path | None) -> None:
    """Write a course as a package: into the courses folder, or into another."""
    root = root or current_app.extensions["weike"].courses_dir
    try:
        with reading():
            course_id = queries.course_id_of(slug)
            if course_id is None:
                raise click.ClickException(f"There is no course “{slug}”.")
            package, contents = service.package_of(course_id)
        click.echo(packages.write(package, root, contents))
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


@group.command("reindex")
def reindex() -> None:
    """Tell search of every published course again, and of none that is not."""
    with unit_of_work():
        published = service.reindex_all()
    click.echo(f"{published} published courses; the worker brings the index up to date.")


@group.command("recount")
def recount() -> None:
    """Rebuild the kept lengths of all courses from their recordings and texts."""
    failed = 0
    with reading():
        ids = queries.all_course_ids()
    for course_id in ids:
        try:
            with unit_of_work():
                different = service.recount(course_id)
        except Refusal as refusal:
            failed += 1
            click.echo(f"course {course_id}: {refusal}", err=True)
        else:
            if different:
                with reading():
                    found = queries.course_by_id(course_id)
                length = clock_time(found.length_ms) if found else ""
                click.echo(f"course {course_id}: put right, now {length}")
    if failed:
        sys.exit(1)


def _folders(names: tuple[str, ...]) -> list[Path]:
    root: Path = current_app.extensions["weike"].courses_dir
    if not names:
        return packages.folders(root)
    found = []
    for name in names:
        path = Path(name)
        here = path if path.is_dir() else root / name
        if not here.is_dir():
            raise click.ClickException(f"There is no package “{name}”, here or in {root}.")
        here = here.resolve()
        several = [] if (here / packages.COURSE_FILE).exists() else packages.folders(here)
        found.extend(several or [here])
    return found
