"""Commands about exams: statistics, of an exam here or of a table of marks from anywhere."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.certificates.openbadges import key_in
from app.core import clock
from app.core.db import db
from app.core.refusals import Refusal
from app.exams import archive, markbook, queries
from app.exams.models import Exam
from app.exams.rules.statistics import Statistics, statistics
from app.questions import service as bank

group = AppGroup("exams", help="Exams and their statistics.")


@group.command("statistics")
@click.argument("exam_id", type=click.IntRange(1, 2**31 - 1), required=False)
@click.option(
    "--csv",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table of marks: attempts in rows, slots in columns.",
)
@click.option("--json", "as_json", is_flag=True, help="Every figure at full double precision.")
@click.option("--every", is_flag=True, help="All submitted attempts, not only those that count.")
def statistics_(exam_id: int | None, table: Path | None, as_json: bool, every: bool) -> None:
    """Figures by the formulas of Moodle's quiz statistics, of EXAM_ID or of a CSV file."""
    if (exam_id is None) == (table is None):
        raise click.UsageError("Give the id of an exam, or --csv FILE.")
    try:
        found, names = _of_table(table) if table is not None else _of_exam(exam_id or 0, every)
    except Refusal as refusal:
        click.echo(f"{table or exam_id}: {refusal}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(in_json(found, names), ensure_ascii=False, indent=2))
    else:
        click.echo(in_words(found, names))


@group.command("archive")
@click.argument("exam_id", type=click.IntRange(1, 2**31 - 1))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def archive_(exam_id: int, file: Path) -> None:
    """Write the signed archive of EXAM_ID to FILE, which is there when it is whole."""
    exam = db.session.get(Exam, exam_id)
    if exam is None:
        raise click.ClickException(f"There is no exam {exam_id}.")
    pieces = archive.packed(
        queries.records_of(exam_id, bank.drawer().open),
        title=exam.title,
        made_at=clock.now(),
        key=key_in(current_app.extensions["weike"].instance_dir),
    )
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as out:
            out.writelines(pieces)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"{file}: {file.stat().st_size} bytes")


@group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--any-key", is_flag=True, help="Also archives that another instance has signed.")
def verify(file: Path, any_key: bool) -> None:
    """Say whether an archive is as it was signed; the exit code is 1 when it is not."""
    ours = key_in(current_app.extensions["weike"].instance_dir).public_key().public_bytes_raw()
    try:
        with file.open("rb") as data:
            found = archive.check(data, key="" if any_key else ours.hex())
    except archive.BadArchive as problem:
        click.echo(f"{file}: {problem}", err=True)
        sys.exit(1)
    click.echo(f"{file}: whole, {found.files} files, “{found.title}”, signed {found.made_at}")
    click.echo(f"key {found.key}")


def _of_table(table: Path) -> tuple[Statistics, list[str]]:
    book = markbook.read(table.read_bytes())
    return statistics(book.marks, book.max_marks), list(book.slots)


def _of_exam(exam_id: int, every: bool) -> tuple[Statistics, list[str]]:
    book = queries.book_of(exam_id, every=every)
    return book.statistics(), list(book.names)


def in_json(found: Statistics, names: list[str]) -> dict[str, Any]:
    """All figures; Python writes a double with as many digits as bring the same double back."""
    told = asdict(found)
    told["slots"] = [
        {**slot, "name": name} for slot, name in zip(told["slots"], names, strict=True)
    ]
    return told


def in_words(found: Statistics, names: list[str]) -> str:
    """A table for people; a figure that is not defined is a dash."""

    def say(value: float | None, digits: int = 4) -> str:
        return "–" if value is None else f"{value:.{digits}f}"

    lines = [
        f"attempts                  {found.attempts}",
        f"mean                      {say(found.mean)} of {say(found.max_mark, 2)}",
        f"median                    {say(found.median)}",
        f"standard deviation        {say(found.standard_deviation)}",
        f"skewness                  {say(found.skewness)}",
        f"kurtosis                  {say(found.kurtosis)}",
        f"internal consistency, %   {say(found.internal_consistency, 2)}",
        f"error ratio, %            {say(found.error_ratio, 2)}",
        f"standard error            {say(found.standard_error)}",
        "",
        "slot  facility      sd  discr. index  discr. efficiency  eff. weight  name",
    ]
    lines += [
        f"{slot.slot:>4}  {say(slot.facility):>8}  {say(slot.standard_deviation):>6}"
        f"  {say(slot.discrimination_index, 2):>12}  {say(slot.discriminative_efficiency, 2):>17}"
        f"  {say(slot.effective_weight, 2):>11}  {name}"
        + ("  (works against the paper)" if slot.negative_covariance else "")
        for slot, name in zip(found.slots, names, strict=True)
    ]
    return "\n".join(lines)
