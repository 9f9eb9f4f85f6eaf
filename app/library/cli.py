"""Commands of the library: `flask library sweep` and `flask library reindex`."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.core.db import reading, unit_of_work
from app.library import queries, service

group = AppGroup("library", help="The document library.")


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
