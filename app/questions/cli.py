"""Commands about the bank: `flask questions import|export`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from app.core.db import reading, unit_of_work
from app.core.refusals import Refusal
from app.media import service as media
from app.questions import formats, queries, service, types
from app.questions.formats import Item, Paper, Problem

group = AppGroup("questions", help="Questions into the bank, and out of it, as files.")
NAMES = [formats.AUTO, *formats.FORMATS]


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_name", type=click.Choice(NAMES), default=formats.AUTO)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
@click.option("--author", default="", help="User name of who shall own the questions.")
@click.option("--again", is_flag=True, help="Take questions that are in the bank already, too.")
def import_(
    *, file: Path, format_name: str, dry_run: bool, as_json: bool, author: str, again: bool
) -> None:
    """Take the questions of a file into the bank: all of them, or none when one is wrong.

    Questions that are in the bank word for word are skipped.
    """
    report: dict[str, Any] = {
        "file": str(file),
        "format": format_name,
        "dry_run": dry_run,
        "imported": [],
        "skipped": [],
        "errors": [],
        "notes": [],
    }
    try:
        paper = formats.read(file.read_bytes(), file.name, format_name)
        kept = service.keep_clips(paper, store=not dry_run)
    except Refusal as refusal:
        report["errors"].append({"line": 0, "question": "", "what": str(refusal), "mend": ""})
    else:
        report["format"] = paper.format
        _take(paper, kept, file.name, report, author=author, again=again)
    _say(report, as_json=as_json)
    if report["errors"]:
        sys.exit(1)


def _take(
    paper: Paper,
    kept: service.Kept,
    filename: str,
    report: dict[str, Any],
    *,
    author: str,
    again: bool,
) -> None:
    author_id = _owner(author)
    with unit_of_work():
        service.recall_clips(paper, kept, owner_id=author_id)
        if report["dry_run"]:
            service.forget_clips(kept)
    with reading():
        known = {} if again else _known(paper)
    copies = {} if again else _copies(paper)
    for at, item in enumerate(paper.items):
        place = {**_place(item), "question": item.number, "kind": item.kind}
        for problem in item.problems:
            row = {**_place(problem), "question": item.number, "what": problem.what}
            report["errors" if problem.blocks else "notes"].append({**row, "mend": problem.mend})
        if at in known:
            why = "The same question is in the bank."
            report["skipped"].append({**place, "what": why, "question_id": known[at]})
        elif at in copies:
            first = paper.items[copies[at]]
            why = f"The same question stands further up, as question {first.number}."
            report["skipped"].append({**place, "what": why, "same_as": _place(first)})
    for note in paper.notes:
        row = {**_place(note), "question": "", "what": note.what, "mend": note.mend}
        report["errors" if note.blocks else "notes"].append(row)
    gone = {*known, *copies}
    taken = [item for at, item in enumerate(paper.items) if at not in gone]
    if report["errors"] or not taken:
        with unit_of_work():
            service.forget_clips(kept)
        return
    ids: list[int] = []
    if not report["dry_run"]:
        with unit_of_work():
            wanted = Paper(paper.format, taken, paper.notes, paper.files)
            service.unpack_clips(wanted, kept, owner_id=author_id)
            import_id = service.open_import(wanted, filename=filename, author_id=author_id)
            ids = service.take_import(import_id)
        report["import_id"] = import_id
    for at, item in enumerate(taken):
        row = {**_place(item), "question": item.number, "kind": item.kind}
        report["imported"].append({**row, "question_id": ids[at]} if ids else row)


def _owner(username: str) -> int:
    with reading():
        found = queries.trainer_named(username)
    if found is None:
        who = f"“{username}” is" if username else "There is"
        raise click.ClickException(f"{who} no trainer or administrator who could own questions.")
    return found


def _place(found: Item | Problem) -> dict[str, Any]:
    """Where something stands: the line, and in a package the file that has it."""
    return {"line": found.line, **({"file": found.file} if found.file else {})}


def _copies(paper: Paper) -> dict[int, int]:
    """Questions that stand further up in the same file, word for word, and where."""
    first: dict[str, int] = {}
    found = {}
    for at, item in enumerate(paper.items):
        if not item.blocked:
            said = json.dumps([item.kind, item.body], sort_keys=True)
            if first.setdefault(said, at) != at:
                found[at] = first[said]
    return found


def _known(paper: Paper) -> dict[int, int]:
    """Questions of a file that are in the bank word for word, with all that belongs to them."""
    said = {}
    for at, item in enumerate(paper.items):
        if not item.blocked:
            of = types.of(item.kind)
            said[at] = " ".join(of.said(of.clean(item.body)))
    found = {}
    alike = queries.twins(said)
    bank = queries.questions({twin.id for twins in alike.values() for twin in twins})
    for at, twins in alike.items():
        item = paper.items[at]
        same = (
            t.id for t in twins if (bank[t.id].kind, bank[t.id].plain) == (item.kind, item.body)
        )
        known = next(same, None)
        if known is not None:
            found[at] = known
    return found


def _say(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    for name in ("errors", "notes", "skipped"):
        for row in report[name]:
            place = f"line {row['line']}" if row["line"] else "file"
            place = f"{row['file']}, {place}" if row.get("file") else place
            number = f", question {row['question']}" if row["question"] else ""
            mend = f" {row['mend']}" if row.get("mend") else ""
            click.echo(f"{place}{number}: {row['what']}{mend}", err=name == "errors")
    verb = "would be imported" if report["dry_run"] else "imported"
    click.echo(
        f"{report['format']}: {len(report['imported'])} {verb}, {len(report['skipped'])} skipped, "
        f"{len(report['errors'])} errors"
    )


@group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "format_name", type=click.Choice([*formats.FORMATS]))
@click.option("--category", default="", help="Path of names, Safety/Fire: only what is below.")
@click.option("--tag", "tags", multiple=True, help="Only questions with this tag.")
@click.option("--json", "as_json", is_flag=True, help="Say what happened as JSON.")
def export(
    file: Path, format_name: str | None, category: str, tags: tuple[str, ...], as_json: bool
) -> None:
    """Write questions into a file; the format is told by its ending unless it is given.

    What the format cannot say is told, question by question.
    """
    name = format_name or next(
        (n for n, f in formats.FORMATS.items() if file.suffix.lower() in f.ENDINGS), "yaml"
    )
    with reading():
        wanted = next((c.id for c in queries.categories() if c.path == category.strip("/")), None)
        if category and wanted is None:
            raise click.ClickException(f"There is no category “{category}”.")
        sayings = queries.sayings(queries.pool(category=wanted, tags=tags))
    written = formats.write(sayings, name, media.clip_data)
    if written.ending and file.suffix.lower() != written.ending:
        file = file.with_suffix(written.ending)
    try:
        file.write_bytes(written.data)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    if as_json:
        losses = [{"question": loss.line, "what": loss.what} for loss in written.losses]
        report = {"file": str(file), "format": name, "exported": len(sayings), "losses": losses}
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    for loss in written.losses:
        click.echo(loss.what, err=True)
    click.echo(f"{file}: {len(sayings)} questions as {name}, {len(written.losses)} with losses")


@group.command("sweep")
@click.option("--hours", default=service.ORPHAN_HOURS, help="Younger files are left alone.")
def sweep(hours: int) -> None:
    """Remove files that were sent as answers and belong to nothing."""
    click.echo(f"{service.sweep_answers(hours=hours)} files removed")


@group.command("reindex")
def reindex() -> None:
    """Tell search of every question of the bank again."""
    with unit_of_work():
        count = service.reindex_all()
    click.echo(f"{count} questions; the worker brings the index up to date.")
