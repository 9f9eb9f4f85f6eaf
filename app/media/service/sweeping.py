"""Finding what lies about in the media folder, and what nothing uses."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.db import reading
from app.media import queries
from app.media.service.folder import media_folder
from app.media.service.recordings import discard

UNATTACHED_DAYS = 7  # a recording that no lesson uses for so long is swept away
ORPHAN_HOURS = 24  # files without a row are left alone for so long: their upload may be going on


def sweep_unattached(*, age: timedelta) -> int:
    """Discard the recordings that nothing has used since they were made; returns how many."""
    found = queries.unattached(before=clock.now() - age)
    for media_id in found:
        discard(media_id)
    return len(found)


def sweep_files(*, age: timedelta) -> int:
    """Remove the folders that belong to no row; returns how many.

    Changes no table, and must not be called inside a transaction: removing takes its time.
    """
    folder = media_folder()
    with reading():
        rows = queries.versions_by_uuid()
        pictures = queries.image_uuids()
        heard = queries.sound_uuids()
    latest = clock.epoch() - age.total_seconds()
    removed = 0
    for uuid in folder.uploads():
        if uuid not in rows and folder.touched(folder.source(uuid).parent) < latest:
            folder.drop_upload(uuid)
            removed += 1
    for uuid, version in list(folder.versions()):
        served = version in rows.get(uuid, set())
        if not served and folder.touched(folder.version(uuid, version)) < latest:
            folder.drop_version(uuid, version)
            removed += 1
    for _, work in folder.works():
        # A try that is running writes into its folder all the time.
        if folder.touched(work) < latest:
            folder.drop_work(work)
            removed += 1
    for uuid in folder.images():
        if uuid not in pictures and folder.touched(folder.image(uuid, 0).parent) < latest:
            folder.drop_image(uuid)
            removed += 1
    for uuid in folder.sounds():
        if uuid not in heard and folder.touched(folder.sound(uuid).parent) < latest:
            folder.drop_sound(uuid)
            removed += 1
    return removed


def missing() -> list[int]:
    """Recordings whose source or finished files are gone."""
    folder = media_folder()
    return [
        row.id
        for row in queries.all_recordings(limit=None)
        if not folder.source(row.uuid).exists()
        or (row.is_ready and not folder.version(row.uuid, row.version).is_dir())
    ]
