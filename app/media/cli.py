"""Commands about recordings, for the operator."""

from __future__ import annotations

import shutil
from datetime import timedelta

import click
from flask import current_app
from flask.cli import AppGroup

from app.core import bwrap
from app.core.db import reading, unit_of_work
from app.core.i18n import clock_time, file_size
from app.core.refusals import NoRoom, NotThere, Refusal
from app.media import ffmpeg, hls, queries, service
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
@click.argument("media_id", type=click.IntRange(1, 2**31 - 1))
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
@click.argument("media_ids", type=click.IntRange(1, 2**31 - 1), nargs=-1, required=True)
def retry(media_ids: tuple[int, ...]) -> None:
    """Prepare failed recordings again."""
    for media_id in media_ids:
        try:
            with unit_of_work():
                service.retry(media_id)
        except Refusal as refusal:
            raise click.ClickException(f"{media_id}: {refusal}") from refusal
        print(f"{media_id}: queued")


@group.command("encrypt")
def encrypt() -> None:
    """Encrypt what was prepared before WEIKE_ENCRYPT was set; may be ended and begun again."""
    if not current_app.extensions["weike"].encrypt:
        raise click.ClickException("WEIKE_ENCRYPT is not set: what comes next would not be")
    with reading():
        waiting = queries.in_plain()
    done, broken = 0, 0
    for media_id in waiting:
        try:
            done += service.encrypt_version(media_id)
        except (hls.Broken, NoRoom) as problem:
            broken += 1
            print(f"{media_id}: {problem}")
    print(
        f"encrypted {done} of {len(waiting)} recordings; `flask media sweep` removes the old files"
    )
    if broken:
        raise SystemExit(1)


@group.command("doctor")
def doctor() -> None:
    """What this machine gives to video: programs, codecs, the walls around them, room."""
    config = current_app.extensions["weike"]
    found = ffmpeg.programs()
    for name, version in found.versions.items():
        print(f"{name:<11} {version or 'missing'}")
    if found.lacking:
        print(f"{'lacking':<11} {', '.join(found.lacking)}")
    wall = bwrap.why_not("ffmpeg")
    if wall:
        print(f"{'sandbox':<11} limits of time, memory, files and network; no bubblewrap: {wall}")
    else:
        print(f"{'sandbox':<11} bubblewrap: ffmpeg sees the one file that it works on")
    free = shutil.disk_usage(config.media_dir).free
    print(f"{'room':<11} {file_size(free)} free, {file_size(config.disk_reserve)} stay free")
    if config.encrypt:
        with reading():
            print(f"{'in plain':<11} {len(queries.in_plain())} recordings")
    if not found.good:
        raise SystemExit(1)


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
