"""Commands about certificates: check a badge without a network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.certificates import openbadges, queries
from app.core import clock
from app.core.refusals import NotThere

group = AppGroup("certificates", help="Certificates and badges.")


@group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The signed content as JSON.")
def verify(file: Path, as_json: bool) -> None:
    """Check a badge (.jwt): exit 0 when it holds, 1 when it does not.

    The signature needs no network. Whether it was revoked is known when it was issued here.
    """
    key = openbadges.key_in(current_app.extensions["weike"].instance_dir)
    try:
        text = file.read_text(encoding="ascii")
        found = openbadges.check(text, clock.now())
    except (UnicodeDecodeError, openbadges.BadBadge) as error:
        click.echo(f"Not genuine: {error}.")
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(found.payload, ensure_ascii=False, indent=2))
    standing = "expired" if found.is_expired else "valid"
    is_ours = found.issuer == openbadges.did_of(key.public_key())
    if is_ours:
        try:
            standing = str(queries.by_number(found.number, clock.now()).standing)
        except NotThere:
            standing = "unknown to this database"
    holder = found.payload.get("credentialSubject", {}).get("identifier", [{}])
    click.echo(f"The signature is right. Number: {found.number}", err=as_json)
    click.echo(f"Title: {found.payload.get('name')}", err=as_json)
    click.echo(f"Holder: {holder[0].get('identityHash') if holder else ''}", err=as_json)
    click.echo(f"Issuer: {found.issuer}{' (this site)' if is_ours else ''}", err=as_json)
    click.echo(f"State: {standing}", err=as_json)
    if not is_ours:
        click.echo("Issued elsewhere: compare the issuer with the one you trust.", err=as_json)
    sys.exit(0 if standing == "valid" else 1)
