"""The worker's part: make what is uploaded playable."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask
from huey import crontab

from app.core import given_up, jobs
from app.core.db import reading, unit_of_work
from app.core.refusals import NoRoom
from app.media import ffmpeg, queries, service
from app.media.jobs.making import Discarded, Maker
from app.media.rules import UNEXPECTED, TranscodeFailed

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Every hour, let go of what nobody will come back for."""
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="47"), name="sweep_media")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("media.sweep", key="media.sweep", priority=-1)
        except Exception:
            log.exception("the media folder could not be swept")


@jobs.handler("media.sweep")
def sweep(_lease: jobs.Lease) -> None:
    """Unfinished uploads after a day, recordings that no lesson uses after a week, files of nobody.

    What `flask media sweep` does, too.
    """
    service.sweep_uploads()
    with unit_of_work():
        service.sweep_unattached(age=timedelta(days=service.UNATTACHED_DAYS))
    service.sweep_files(age=timedelta(hours=service.ORPHAN_HOURS))


@jobs.handler("media.transcode")
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
    except TranscodeFailed:
        with reading():
            if queries.is_there(media_id):
                raise
        return  # it failed because its source was taken away
    except (NoRoom, ffmpeg.Passing) as error:
        if lease.last:
            sentence = NoRoom.sentence if isinstance(error, NoRoom) else UNEXPECTED
            raise TranscodeFailed(sentence, str(error)) from error
        raise ffmpeg.Passing(str(error)) from error
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
