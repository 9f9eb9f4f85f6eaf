"""The worker's part: make what is uploaded playable."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, NoReturn

from flask import Flask
from huey import crontab

from app.core import given_up, jobs
from app.core.db import reading, unit_of_work
from app.core.refusals import NoRoom
from app.media import ffmpeg, queries, service
from app.media.disk import FULL_SAID, is_full
from app.media.jobs.making import Discarded, Maker
from app.media.rules import UNEXPECTED, TranscodeFailed

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Every hour, let go of what nobody will come back for; go on where there is room again."""
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="*/10"), name="room_for_media")  # type: ignore[untyped-decorator]
    def every_ten_minutes() -> None:
        try:
            with app.app_context(), unit_of_work():
                service.retry_where_room_is()
        except Exception:
            log.exception("recordings that wait for room could not be looked at")

    @huey.periodic_task(crontab(minute="47"), name="sweep_media")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("media.sweep", key="media.sweep", priority=-1)
        except Exception:
            log.exception("the media folder could not be swept")


@jobs.handler("media.sweep", long=True)
def sweep(_lease: jobs.Lease) -> None:
    """Unfinished uploads after a day, recordings that no lesson uses after a week, files of nobody.

    What `flask media sweep` does, too.
    """
    service.sweep_uploads()
    with unit_of_work():
        service.sweep_unattached(age=timedelta(days=service.UNATTACHED_DAYS))
    service.sweep_files(age=timedelta(hours=service.ORPHAN_HOURS))


@jobs.handler("media.transcode", long=True)
def transcode(lease: jobs.Lease, media_id: int) -> None:
    """Prepare a recording. May be killed at any point and begun again, or called once too often."""
    with unit_of_work():
        task = service.begin(media_id)
    if task is None:
        return
    folder = service.media_folder()
    maker = Maker(lease, media_id, task, folder)
    try:
        folder.look_for_room(task.size)
        made = maker.make()
        lease.check()
        folder.publish(maker.work, task.uuid, maker.version)
    except Discarded:
        return
    except TranscodeFailed as error:
        with reading():
            if not queries.is_there(media_id):
                return  # it failed because its source was taken away
        # ffmpeg may end well on a full disk, and leave files that break off.
        if not folder.is_brimful():
            raise
        _pass(lease, NoRoom.sentence, f"{FULL_SAID}\n{error.detail}")
    except (NoRoom, ffmpeg.Passing, OSError) as error:
        _pass(lease, NoRoom.sentence if is_full(error) else UNEXPECTED, str(error))
    finally:
        folder.drop_work(maker.work)
    with unit_of_work():
        wanted = service.finish(
            media_id, attempt=maker.version, renditions=made.renditions, posters=made.posters
        )
    if wanted:
        # Who watches what was there early goes on with it; the sweep takes it away later.
        folder.drop_older_versions(task.uuid, maker.version, keep=maker.early_version)
    else:
        folder.drop_version(task.uuid, maker.version)


def _pass(lease: jobs.Lease, sentence: Any, detail: str) -> NoReturn:
    """End a try that may go better next time; the last one says why it did not."""
    if lease.last:
        raise TranscodeFailed(sentence, detail)
    raise ffmpeg.Passing(detail)


@jobs.on_failure("media.transcode")
def failed(*, error: str, detail: str, media_id: int) -> None:
    service.fail(media_id, error=error, detail=detail)


@given_up.name_of("media.transcode")
def named(*, media_id: int) -> str:
    found = queries.recording(media_id)
    return found.filename if found else ""


@given_up.before_again("media.transcode")
def from_the_start(*, media_id: int) -> None:
    service.queue_again(media_id)
