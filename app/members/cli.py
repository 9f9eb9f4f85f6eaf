"""Commands about people: `flask members add|import|create-admin|codes|list`, `flask audit list`."""

from __future__ import annotations

import csv
import json
import secrets
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app.core import clock
from app.core.db import reading, unit_of_work
from app.core.refusals import Refusal
from app.core.spreadsheet import read_table
from app.members import queries, service
from app.members.models import AuditLine
from app.members.rules import Role, codes, names
from app.members.rules.audit import doer, kind_words, said
from app.members.rules.roster import COLUMNS, read_roster
from app.members.service import ImportRefused, Plan

group = AppGroup("members", help="Members, their roles and their activation codes.")
audit = AppGroup("audit", help="Who did what for others, and when.")

# Without signs that look alike: 20 of 54, more than 115 bits.
_SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@group.command("add")
@click.option("--username", required=True, help="For signing in, e.g. a staff number.")
@click.option("--name", required=True, help="As it is shown.")
@click.option("--branch", required=True, help="The path from the top: Head office/Branch 1")
@click.option("--email", default="")
@click.option("--phone", default="")
@click.option("--role", type=click.Choice([r.value for r in Role]), help="Besides learning.")
@click.option("--create-branches", is_flag=True, help="Make branches that are missing.")
def add(  # noqa: PLR0917 - click gives them by name
    username: str,
    name: str,
    branch: str,
    email: str,
    phone: str,
    role: str | None,
    *,
    create_branches: bool,
) -> None:
    """Add one member and print an activation code."""
    try:
        with unit_of_work():
            place = service.branch_at(names.branch_path(branch), create=create_branches)
            member_id = service.add(
                username=username, name=name, branch_id=place, email=email, phone=phone
            )
            if role:
                service.grant(member_id, Role(role), branch_id=place)
            code = service.issue_codes([member_id])[member_id]
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"Added. Activation code of {username}: {codes.on_paper(code)}")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--create-branches", is_flag=True, help="Make branches that are missing.")
def take_in(file: Path, *, dry_run: bool, as_json: bool, create_branches: bool) -> None:
    """Take in a CSV or XLSX list: all of it, or nothing when a row is wrong.

    The activation codes of new members are printed and stored nowhere: send them to a file.
    """
    given: dict[int, str] = {}
    try:
        with file.open("rb") as stream:
            table = read_table(stream, file.name)
        roster = read_roster(table.header, table.rows)
        if dry_run:
            with reading():
                plan = service.plan(roster, create_branches=create_branches)
        else:
            with unit_of_work():
                plan, given = service.take_in(roster, create_branches=create_branches)
    except ImportRefused:
        with reading():
            plan = service.plan(roster, create_branches=create_branches)
    except Refusal as refusal:
        if as_json:
            click.echo(json.dumps({"error": str(refusal)}, ensure_ascii=False))
            sys.exit(1)
        raise click.ClickException(str(refusal)) from refusal
    with reading():
        slips = [
            {"username": p.username, "name": p.name, "code": codes.on_paper(given[p.id])}
            for p in queries.people_by_id(given)
        ]
    done = not dry_run and not plan.problems
    if as_json:
        click.echo(json.dumps(_as_json(plan, slips, done=done), ensure_ascii=False, indent=1))
    else:
        _say(plan, slips, done=done)
    if plan.problems:
        sys.exit(1)


def _as_json(plan: Plan, slips: list[dict[str, str]], *, done: bool) -> dict[str, Any]:
    return {
        "done": done,
        "new": plan.count("new"),
        "changed": plan.count("changed"),
        "same": plan.count("same"),
        "new_branches": list(plan.new_branches),
        "ignored_columns": list(plan.ignored),
        "problems": [
            {"row": p.row, "column": p.column, "problem": p.sentence} for p in plan.problems
        ],
        "codes": slips,
    }


def _say(plan: Plan, slips: list[dict[str, str]], *, done: bool) -> None:
    for problem in plan.problems:
        column = f", {problem.column}" if problem.column in COLUMNS else ""
        click.echo(f"row {problem.row}{column}: {problem.sentence}", err=True)
    counts = ", ".join(f"{plan.count(what)} {what}" for what in ("new", "changed", "same"))
    if plan.problems:
        click.echo(str(ImportRefused(count=len(plan.problems))), err=True)
        return
    click.echo(f"{'Done' if done else 'Would be'}: {counts}.", err=True)
    for name in plan.new_branches:
        click.echo(f"{'new' if done else 'would be new'}: branch {name}", err=True)
    if slips:
        _write_slips(slips)


def _write_slips(slips: list[dict[str, str]]) -> None:
    writer = csv.DictWriter(sys.stdout, ["username", "name", "code"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(slips)


@group.command("create-admin")
@click.option("--username", default="admin", show_default=True)
@click.option("--name", default="Administrator", show_default=True)
@click.option("--if-none", is_flag=True, help="Do nothing when there is an administrator.")
def create_admin(username: str, name: str, *, if_none: bool) -> None:
    """Make an administrator with a random password, which is shown once.

    The branch above all others is made too, when there is none, named after the organisation.
    """
    password = "".join(secrets.choice(_SIGNS) for _ in range(20))
    stored = service.password_hash(password)
    config = current_app.extensions["weike"]
    try:
        with unit_of_work():
            if if_none and queries.administrators():
                return
            root = queries.root_branch()
            service.make_administrator(
                username=username,
                name=name,
                branch_id=root.id if root else service.make_root(config.organisation),
                stored_hash=stored,
            )
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"User name: {username}")
    click.echo(f"Password:  {password}")


@group.command("codes")
@click.option("--branch", default="", help="Only this branch and below: 总部/一支部")
@click.option("--username", "usernames", multiple=True, help="Only these members; may be repeated.")
def issue_codes(branch: str, usernames: tuple[str, ...]) -> None:
    """Print new activation codes as CSV; older ones stop working.

    Without --username for all members who have not activated their account. With it also for
    members who have: it is how a forgotten password is replaced.
    """
    try:
        with unit_of_work():
            people = _asked_for(branch, usernames)
            given = service.issue_codes(p.id for p in people)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _write_slips(
        [
            {"username": p.username, "name": p.name, "code": codes.on_paper(given[p.id])}
            for p in people
            if p.id in given
        ]
    )


def _asked_for(branch: str, usernames: tuple[str, ...]) -> list[queries.Person]:
    below: set[int] | None = None
    if branch:
        below = set(queries.branch_ids_below(service.branch_at(names.branch_path(branch))))
    wanted = {names.username(u) for u in usernames}
    everybody = queries.people_by_id(m.id for m in queries.everybody())
    unknown = wanted - {p.username for p in everybody}
    if unknown:
        raise click.ClickException(f"There is no member {', '.join(sorted(unknown))}.")
    return [
        p
        for p in everybody
        if (p.username in wanted if wanted else not p.is_activated)
        and (below is None or p.branch_id in below)
    ]


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def show(*, as_json: bool) -> None:
    """List all members with their branches, states and roles."""
    with reading():
        grants = queries.grants_of(m.id for m in queries.everybody())
        people = queries.people_by_id(m.id for m in queries.everybody())
    rows = [
        {
            "username": p.username,
            "name": p.name,
            "branch": p.branch_name,
            "state": ("active" if p.is_activated else "waiting") if p.is_active else "disabled",
            "roles": sorted(g.role for g in grants.get(p.id, ())),
        }
        for p in people
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo("\t".join([*(str(row[k]) for k in list(row)[:4]), " ".join(row["roles"])]))


def init_app(app: Flask) -> None:
    app.cli.add_command(audit)


@audit.command("list")
@click.option("--since", default="", help="The first day, e.g. 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_acts(since: str, *, as_json: bool) -> None:
    """Print the log of acts, the oldest line first."""
    moment: datetime | None = None
    if since:
        try:
            day = date.fromisoformat(since)
        except ValueError as error:
            raise click.ClickException(f"“{since}” is no day; write it like 2026-11-01.") from error
        moment = clock.day_bounds(day, current_app.extensions["weike"].zone)[0]
    with reading():
        for line in queries.audit_lines(queries.Wanted(since=moment)):
            click.echo(_act_as_json(line) if as_json else _act_as_text(line))


def _act_as_text(line: AuditLine) -> str:
    at = line.at.astimezone(current_app.extensions["weike"].zone)
    changes = "; ".join(str(each) for each in said(line.changes))
    who = doer(line.actor_name, line.via)
    return "\t".join(
        [
            *(f"{at:%Y-%m-%d %H:%M:%S}", who, kind_words(line.act), line.name),
            *(changes, line.branch_name, line.address),
        ]
    )


def _act_as_json(line: AuditLine) -> str:
    names = [column.key for column in AuditLine.__table__.columns]
    values = {name: getattr(line, name) for name in names}
    return json.dumps({**values, "at": line.at.isoformat()}, ensure_ascii=False)
