"""Encrypting what was prepared before WEIKE_ENCRYPT was set."""

from __future__ import annotations

import errno
import secrets

from app.core import clock
from app.core.db import db, reading, unit_of_work
from app.media import hls, queries
from app.media.models import Media, MediaSecret
from app.media.rules import State
from app.media.service.folder import media_folder


def encrypt_version(media_id: int) -> bool:
    """Serve a recording encrypted that is served in plain; False when there is nothing to do.

    Its files are copied as they are, so this costs seconds, not an encode. Who watches now goes on
    with the old version; the sweep takes it away later. Has transactions of its own. Raises
    hls.Broken when files are missing, and NoRoom.
    """
    with reading():
        row = db.session().get(Media, media_id)
        if row is None or row.state != State.READY or queries.secret(media_id) is not None:
            return False
        uuid, version, attempt = row.uuid, row.version, row.attempt
        names = [one["name"] for one in row.renditions]
        size = sum(one.get("size", 0) for one in row.renditions)
    folder = media_folder()
    folder.look_for_room(size)
    secret = secrets.token_bytes(32)
    served = folder.version(uuid, version)
    work = folder.begin_work(uuid, secrets.token_hex(16))
    try:
        for path in served.iterdir():
            folder.share(path, work / path.name)
        for name in names:
            hls.encrypt(work, hls.read(work, f"{name}.m3u8"), secret)
        folder.publish(work, uuid, attempt + 1)
    except FileNotFoundError as error:
        raise hls.Broken(f"{error.filename} is missing") from error
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # another command was faster
            return False
        raise
    finally:
        folder.drop_work(work)
    with unit_of_work() as session:
        row = session.get(Media, media_id, with_for_update=True)
        unchanged = row is not None and (row.version, row.attempt) == (version, attempt)
        if row is None or not unchanged or row.state != State.READY:
            return False
        row.attempt = row.version = attempt + 1
        session.add(MediaSecret(media_id=media_id, secret=secret, made_at=clock.now()))
    return True
