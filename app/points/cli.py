"""Commands about points: prove that the ledger is what was written, seal days, take seals out."""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.core.db import unit_of_work
from app.points import queries, service
from app.points.rules import ledger_key

MOST_SHOWN = 20
group = AppGroup("points", help="The ledger of points.")


@group.command("verify")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of seals that was taken out of the house (`points seals`).",
)
def verify(against: Path | None) -> None:
    """Check every chain, the daily seals, the triggers, sums and standings; exit 1 when broken."""
    weike = current_app.extensions["weike"]
    proof = queries.prove(
        ledger_key(weike.secret_key), weike.zone, _abroad(against) if against else None
    )
    if not proof.breaks:
        click.echo(
            f"The ledger is whole: {proof.entries} entries of {proof.members} members, "
            f"{proof.points} points. Sealed days: {proof.days}."
        )
        return
    first, *more = proof.breaks
    click.echo(f"The ledger is broken. First break: {_line(first)}")
    for other in more[: MOST_SHOWN - 1]:
        click.echo(f"  also: {_line(other)}")
    if len(more) >= MOST_SHOWN:
        click.echo(f"  and {len(more) - MOST_SHOWN + 1} more")
    edited = sum(found.kind == "edited" and found.seq == 1 for found in proof.breaks)
    if edited == proof.members > 1:
        click.echo(
            "Every chain fails at its first entry: most likely the ledger was written with "
            "another WEIKE_SECRET_KEY."
        )
    if all(found.kind == "standings" for found in proof.breaks):
        click.echo(
            "The entries themselves are whole. `flask points rebuild` makes the standings anew, "
            "for example after a change of the time zone."
        )
    sys.exit(1)


def _line(found: queries.Break) -> str:
    where = f"member {found.member_id}, entry {found.seq}: " if found.seq else ""
    if found.member_id and not found.seq:
        where = f"member {found.member_id}: "
    return f"{found.kind}: {where}{found.text}"


def _abroad(path: Path) -> dict[date, str]:
    """The seals by day in a file that `points seals` wrote; other columns do not matter."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"day", "seal"} <= set(rows.fieldnames or ()):
            raise click.ClickException(f"{path} is no list of seals: it has no columns day, seal")
        try:
            return {date.fromisoformat(row["day"]): row["seal"] for row in rows}
        except ValueError as error:
            raise click.ClickException(f"{path} is no list of seals: {error}") from error


@group.command("rebuild")
def rebuild() -> None:
    """Make all standings anew from the ledger, for example after a change of the time zone."""
    with unit_of_work():
        rows = service.rebuild(current_app.extensions["weike"].zone)
    click.echo(f"Made {rows} standings.")


@group.command("seal")
def seal() -> None:
    """Seal the days that are over; the worker does this every night."""
    with unit_of_work():
        days = service.seal_days()
    click.echo(f"Sealed {len(days)} days." if days else "Every day that is over is sealed.")


@group.command("seals")
def seals() -> None:
    """Write all daily seals as CSV, to be kept or printed elsewhere."""
    out = csv.writer(sys.stdout)
    out.writerow(("day", "until", "entries", "root", "seal"))
    for each in queries.seals():
        until = each.until.isoformat(timespec="seconds")
        out.writerow((each.day.isoformat(), until, each.entries, each.root, each.seal))
