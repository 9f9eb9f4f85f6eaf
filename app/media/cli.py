"""Commands about recordings, for the operator."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from app.core.db import unit_of_work
from app.core.i18n import clock_time, file_size
from app.core.refusals import NotThere, Refusal
from app.media import queries, service
from app.media.rules import SpeechFailed

group = AppGroup("media", help="Recordings: list them, try again, sweep up.")


@group.command("list")
@click.option("--state", type=click.Choice(["queued", "transcoding", "ready", "failed"]))
@click.option("--limit", default=50, show_default=True)
def list_recordings(state: str | None, limit: int) -> None:
    """The newest recordings, one a line."""
    for row in queries.all_recordings(state=state, limit=limit):
        size = f"{row.width}x{row.height}" if row.width else row.kind
        print(
            f"{row.id:>6}  {row.state:<11} {row.progress:>3}%  {clock_time(row.duration_ms):>8}  "
            f"{size:>9}  {file_size(row.bytes):>9}  {row.filename}"
        )


@group.command("status")
@click.argument("media_id", type=int)
def status(media_id: int) -> None:
    """Everything about one recording, with ffmpeg's last lines."""
    row = queries.recording(media_id)
    if row is None:
        raise click.ClickException(f"there is no recording {media_id}")
    for name, value in (
        ("file", row.filename),
        ("folder", row.uuid),
        ("length", clock_time(row.duration_ms)),
        ("state", f"{row.state} {row.progress}% {row.stage}".strip()),
        ("version", row.version),
        ("uploaded", row.created_at.isoformat(timespec="seconds")),
        ("reason", row.error),
    ):
        print(f"{name:<9} {value}")
    if row.detail:
        print(row.detail)


@group.command("retry")
@click.argument("media_ids", type=int, nargs=-1, required=True)
def retry(media_ids: tuple[int, ...]) -> None:
    """Prepare failed recordings again."""
    for media_id in media_ids:
        try:
            with unit_of_work():
                service.retry(media_id)
        except Refusal as refusal:
            raise click.ClickException(f"{media_id}: {refusal}") from refusal
        print(f"{media_id}: queued")


@group.command("speech")
def speech() -> None:
    """Load the speech model (WEIKE_SPEECH_MODEL) once, to see that captions can be written."""
    try:
        said = service.check_speech()
    except SpeechFailed as refusal:
        raise click.ClickException(f"{refusal} ({refusal.detail})") from refusal
    except NotThere as refusal:
        raise click.ClickException("WEIKE_SPEECH_MODEL is not set") from refusal
    print(f"ready: {said}")


@group.command("sweep")
@click.option("--hours", default=service.ORPHAN_HOURS, show_default=True, help="age of files")
@click.option("--days", default=service.UNATTACHED_DAYS, show_default=True, help="age of rows")
def sweep(hours: int, days: int) -> None:
    """Remove files that belong to nothing, and recordings that no lesson uses."""
    with unit_of_work():
        unused = service.sweep_unattached(age=timedelta(days=days))
    files = service.sweep_files(age=timedelta(hours=hours))
    print(f"removed {unused} recordings that nothing uses, and {files} folders of nobody")
    print(f"removed {service.sweep_uploads()} uploads that were never finished")
    gone = service.missing()
    for media_id in gone:
        print(f"recording {media_id}: its files are missing; upload it again")
    if gone:
        raise SystemExit(1)
