"""Commands of the search room: `flask search rebuild`, `status` and `query`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.core.models import Job
from app.members import queries as members
from app.members.rules import Reader
from app.search import queries
from app.search.index import Unusable, opened
from app.search.rules import Kind, Order

group = AppGroup("search", help="The full-text index.")


@group.command("rebuild")
def rebuild() -> None:
    """Build the index anew beside the live one; searching goes on meanwhile."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    with unit_of_work():
        job_id = jobs.enqueue("search.rebuild", key="search.rebuild")
    jobs.run(app, job_id)
    # A worker may have been faster; then wait for what it does.
    while (state := _state(job_id))[0] in {"queued", "running"}:
        time.sleep(0.5)
    if state[0] != "done":
        raise click.ClickException(f"The index could not be rebuilt: {state[1]}")
    click.echo(_figures_line())


def _state(job_id: int) -> tuple[str, str]:
    with reading() as session:
        job = session.get_one(Job, job_id, populate_existing=True)
        return job.state, job.error or job.detail


@group.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """What can be found, what stands in the index, and what still waits."""
    facts: dict[str, Any] = {
        "things": queries.thing_count(),
        "passages": queries.passage_count(),
        "waiting": queries.change_count(),
    }
    try:
        index = opened()
        facts["index"] = index.figures()
        held = index.revisions()
        rows = queries.things_after(0, None)
        facts["behind"] = sum(held.get(row.number) != row.revision for row in rows)
        facts["surplus"] = len(held.keys() - {row.number for row in rows})
        facts["damaged"] = index.is_damaged()
    except Unusable as error:
        facts["index"], facts["damaged"], facts["reason"] = None, True, str(error)
    except Exception as error:
        facts["index"], facts["damaged"], facts["reason"] = None, True, repr(error)
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"{facts['things']} things, {facts['passages']} passages")
    click.echo(f"{facts['waiting']} changes wait for the worker")
    if facts["index"]:
        click.echo(_figures_line())
        click.echo(f"{facts['behind']} things behind, {facts['surplus']} too many")
    if facts["damaged"]:
        click.echo("The index cannot be used and will be rebuilt by the worker,")
        click.echo("or now with: flask search rebuild")


def _figures_line() -> str:
    figures = opened().figures()
    size = figures["bytes"] / 1024 / 1024
    return (
        f"index {figures['name']}: {figures['passages']} passages, "
        f"{figures['segments']} segments, {size:.1f} MB"
    )


@group.command("query")
@click.argument("text")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@click.option("--as", "username", help="Search as this member; without it, as an administrator.")
@click.option("--sort", type=click.Choice([order.value for order in Order]), default="best")
@click.option("--page", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def query(
    text: str,
    *,
    kind: str | None,
    username: str | None,
    sort: str,
    page: int,
    as_json: bool,
) -> None:
    """Search as the page does, and print what a member would see."""
    reader = _reader(username)
    started = clock.monotonic()
    found = queries.find(
        reader, text, kind=Kind(kind) if kind else None, page=page, order=Order(sort)
    )
    took = (clock.monotonic() - started) * 1000
    if as_json:
        facts = asdict(found)
        click.echo(json.dumps({**facts, "total": found.total, "ms": round(took, 2)}, default=str))
        return
    how = "".join(f", {word}" for word in ("relaxed", "degraded") if getattr(found, word))
    counts = ", ".join(f"{kind.value} {count}" for kind, count in found.counts.items())
    click.echo(f"{found.total} things ({counts or 'none'}){how}, {took:.1f} ms")
    if found.meant:
        click.echo(f"did you mean: {found.meant}")
    for thing in found.page.rows:
        click.echo(f"\n{thing.kind.value}: {thing.title.striptags()}  {thing.url}")
        for excerpt in thing.excerpts:
            click.echo(f"  {excerpt.label or '-'}: {excerpt.html.striptags()}  {excerpt.url}")


def _reader(username: str | None) -> Reader:
    if username is None:
        return Reader(id=0, name="", branch_id=0, branch_path=(), is_administrator=True)
    with reading():
        login = members.credentials_for(username)
        found = members.reader_for(login.member_id) if login else None
    if found is None:
        raise click.ClickException(f"There is no active member “{username}”.")
    return found
