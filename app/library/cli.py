"""Commands of the library: `flask library import`, `sweep` and `reindex`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup

from app.core.db import reading, unit_of_work
from app.core.refusals import Refusal
from app.library import queries, service
from app.members import queries as members
from app.members.rules import Reader

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
    taken = refused = 0
    for path in service.files_below(folder):
        inside = path.relative_to(folder)
        try:
            service.take(path, [*above, *inside.parts[:-1]], owner)
        except Refusal as refusal:
            refused += 1
            click.echo(f"{inside}: {refusal}")
        else:
            taken += 1
            click.echo(f"{inside}: taken")
    click.echo(f"{taken} documents taken, {refused} not")


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
