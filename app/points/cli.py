"""Commands about points: prove that the ledger is what was written."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from app.points import queries
from app.points.rules import ledger_key

MOST_SHOWN = 20
group = AppGroup("points", help="The ledger of points.")


@group.command("verify")
def verify() -> None:
    """Check every chain, its sealed end, the triggers and the sums; exit 1 when one is broken."""
    proof = queries.prove(ledger_key(current_app.extensions["weike"].secret_key))
    if not proof.breaks:
        click.echo(
            f"The ledger is whole: {proof.entries} entries of {proof.members} members, "
            f"{proof.points} points."
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
    sys.exit(1)


def _line(found: queries.Break) -> str:
    where = f"member {found.member_id}, entry {found.seq}: " if found.member_id else ""
    return f"{found.kind}: {where}{found.text}"
