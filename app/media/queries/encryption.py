"""Reads about the secrets that recordings are encrypted with."""

from __future__ import annotations

from sqlalchemy import select

from app.core.db import db
from app.media.models import (
    Media,
    MediaSecret,
)


def secret(media_id: int) -> bytes | None:
    """The secret that the segments of a recording are encrypted with; None when they are not."""
    return db.session().scalar(select(MediaSecret.secret).where(MediaSecret.media_id == media_id))


def in_plain() -> list[int]:
    """Recordings that are served without encryption, oldest first."""
    query = select(Media.id).where(Media.state == "ready")
    safe = select(MediaSecret.media_id)
    return list(db.session().scalars(query.where(Media.id.not_in(safe)).order_by(Media.id)))


def secret_by_uuid(uuid: str) -> bytes | None:
    """The same, by the recording's public name."""
    return db.session().scalar(
        select(MediaSecret.secret)
        .join(Media, Media.id == MediaSecret.media_id)
        .where(Media.uuid == uuid)
    )
