"""Commands of the library: `flask library import`, `sweep`, `reindex`, `read-again`, `doctor`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.core import bwrap
from app.core.db import reading, unit_of_work
from app.core.refusals import Refusal
from app.library import child, libreoffice, queries, service
from app.library.rules import AlreadyThere, Kind
from app.members import queries as members
from app.members.rules import Reader

INSTALL = "apt-get install --no-install-recommends"
group = AppGroup("library", help="The document library.")


@group.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--as", "username", required=True, help="The member who will own the documents.")
@click.option("--collection", default="", help="Where to, as a path: Theory/Classics.")
def import_folder(folder: Path, username: str, collection: str) -> None:
    """Take all documents of a folder; folders in it become collections.

    What is there already is left alone, so the command can be repeated.
    """
    owner = _owner(username)
    above = [name for name in collection.split("/") if name.strip()]
    taken = there = refused = 0
    for path in service.files_below(folder):
        inside = path.relative_to(folder)
        try:
            service.take(path, [*above, *inside.parts[:-1]], owner)
        except AlreadyThere as refusal:
            there += 1
            click.echo(f"{inside}: {refusal}")
        except Refusal as refusal:
            refused += 1
            click.echo(f"{inside}: {refusal}")
        else:
            taken += 1
            click.echo(f"{inside}: taken")
    click.echo(f"{taken} documents taken, {there} there already, {refused} refused")


def _owner(username: str) -> Reader:
    with reading():
        login = members.credentials_for(username)
        found = members.reader_for(login.member_id) if login else None
    if found is None:
        raise click.ClickException(f"There is no active member “{username}”.")
    return found


@group.command("sweep")
@click.option("--hours", default=24, show_default=True, help="Only files older than this.")
def sweep(hours: int) -> None:
    """Delete files that belong to no document: uploads that broke off."""
    with reading():
        gone = service.shelf().sweep(
            older_than=timedelta(hours=hours).total_seconds(), is_known=queries.is_known
        )
    for path in gone:
        click.echo(str(path))
    click.echo(f"{len(gone)} files deleted")


@group.command("reindex")
def reindex() -> None:
    """Tell the search room about every document again."""
    with reading():
        numbers = queries.all_documents()
    for number in numbers:
        with unit_of_work():
            service.publish(number)
    click.echo(f"{len(numbers)} documents")


@group.command("read-again")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only these.")
def read_again(kind: str | None) -> None:
    """Have the text of documents read once more, as a newer Weike reads it better.

    Until the worker has read one, search knows its text as it was.
    """
    with reading():
        numbers = queries.newest_files(Kind(kind) if kind else None)
    for number in numbers:
        with unit_of_work():
            service.read_again(number)
    click.echo(f"{len(numbers)} documents")


@group.command("doctor")
def doctor() -> None:
    """What this machine gives to documents: programs, what they add, the walls around them."""
    name = libreoffice.version(current_app.extensions["weike"].libreoffice)
    adds = ".doc, .ppt, .xls, and the first page of Office files as their cover"
    _tell("LibreOffice", name, adds)
    if not name:
        _tell("", f"{INSTALL} libreoffice-writer libreoffice-calc libreoffice-impress")
    elif wall := bwrap.why_not("env"):
        _tell("", f"limits of time, memory, files and network; no bubblewrap: {wall}")
    else:
        _tell("", "bubblewrap: it sees the one file that it works on")
    known = child.languages()
    _tell("tesseract", ", ".join(known), "text in pictures and in scanned PDFs")
    if lacking := [each for each in child.OCR_LANGUAGES if each not in known]:
        names = " ".join(f"tesseract-ocr-{each.replace('_', '-')}" for each in lacking)
        _tell("", f"{INSTALL} tesseract-ocr {names}")


def _tell(name: str, found: str, adds: str = "") -> None:
    if adds:
        found = f"{found}: adds {adds}" if found else f"missing: it would add {adds}"
    click.echo(f"{name:<12} {found}")
