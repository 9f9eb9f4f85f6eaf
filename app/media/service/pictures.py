"""Pictures: covers and the like."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import BinaryIO

from app.core import clock
from app.core.db import after_commit, db
from app.media import pillow
from app.media.models import Image
from app.media.rules import picture_widths
from app.media.service.folder import config, media_folder


@dataclass(frozen=True)
class StoredImage:
    """A picture that lies in the media folder and has no row yet."""

    uuid: str
    width: int
    height: int
    widths: list[int]


def store_image(stream: BinaryIO) -> StoredImage:
    """Decode a picture and write ours. Touches no database: call it before the first query.

    Raises NotPicture, PictureTooLarge and NoRoom.
    """
    limit = config().image_limit
    folder = media_folder()
    folder.look_for_room(limit)
    picture = pillow.read(stream.read(limit + 1), limit=limit)
    uuid = secrets.token_hex(16)
    widths = picture_widths(picture.width)
    try:
        for width in widths:
            pillow.write(picture, width, folder.image(uuid, width))
    except BaseException:
        folder.drop_image(uuid)
        raise
    height = max(1, round(picture.height * widths[-1] / picture.width))
    return StoredImage(uuid, widths[-1], height, widths)


def register_image(stored: StoredImage, *, owner_id: int) -> int:
    """Make the row of a stored picture; returns the image id."""
    row = Image(**asdict(stored), owner_id=owner_id, created_at=clock.now())
    db.session().add(row)
    db.session().flush()
    return row.id


def forget_image(stored: StoredImage) -> None:
    """Take away a stored picture that needs no row: it is here already."""
    folder = media_folder()
    after_commit(lambda: folder.drop_image(stored.uuid))


def receive_image(*, owner_id: int, stream: BinaryIO) -> int:
    """Keep a picture as WebP in up to two widths; returns the image id."""
    return register_image(store_image(stream), owner_id=owner_id)


def logo(stream: BinaryIO) -> tuple[bytes, bytes]:
    """A picture as a header's mark (WebP, at most 320 × 96) and as an icon (PNG, 512 × 512).

    Nothing is stored. Raises NotPicture and PictureTooLarge.
    """
    limit = config().image_limit
    picture = pillow.read(stream.read(limit + 1), limit=limit)
    return pillow.boxed(picture, 320, 96), pillow.icon(picture, 512)
