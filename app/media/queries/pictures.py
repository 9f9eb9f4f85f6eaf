"""Reads about pictures and short sounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, false, or_, select

from app.core.db import Base, db
from app.media.models import (
    Image,
    PosterChoice,
    Sound,
)


def poster_moment(media_id: int) -> int | None:
    """The moment (ms) whose picture somebody chose for a video; None: ours is taken."""
    found = db.session().get(PosterChoice, media_id)
    return None if found is None else found.at_ms


def image_uuids() -> set[str]:
    """The public names of all pictures."""
    return set(db.session().scalars(select(Image.uuid)))


def sound_uuids() -> set[str]:
    """The public names of all short sounds."""
    return set(db.session().scalars(select(Sound.uuid)))


def is_cover(uuid: str) -> bool:
    """Whether a row of any table of a room above refers to a picture: everybody may see covers.

    What is only named in a text is no cover.
    """
    mine = select(Image.id).where(Image.uuid == uuid).scalar_subquery()
    columns = (
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.target_fullname == "image.id" for key in column.foreign_keys)
    )
    named = [exists().where(column == mine) for column in columns]
    return bool(db.session().scalar(select(or_(false(), *named))))


def owns_clip(member_id: int, uuid: str) -> bool:
    """Whether a member has sent a picture or a short sound."""
    sent = (exists().where(t.uuid == uuid, t.owner_id == member_id) for t in (Image, Sound))
    return bool(db.session().scalar(select(or_(*sent))))


@dataclass(frozen=True)
class Clip:
    """A picture or a short sound to be put into a text: its address and how to find it again."""

    url: str
    name: str
    small: str  # the address of a small picture; "" for a sound
    created_at: datetime


def clips_of(owner_id: int, *, most: int = 60) -> tuple[list[Clip], list[Clip]]:
    """The last pictures and the last sounds of an author, the newest first."""
    session = db.session()
    images = session.scalars(
        select(Image).where(Image.owner_id == owner_id).order_by(Image.id.desc()).limit(most)
    )
    sounds = session.scalars(
        select(Sound).where(Sound.owner_id == owner_id).order_by(Sound.id.desc()).limit(most)
    )
    return (
        [
            Clip(
                f"/media/images/{row.uuid}/{row.widths[-1]}.webp",
                f"{row.width} × {row.height}",
                f"/media/images/{row.uuid}/{row.widths[0]}.webp",
                row.created_at,
            )
            for row in images
        ],
        [Clip(sound_url(row.uuid), row.name, "", row.created_at) for row in sounds],
    )


def sound_url(uuid: str) -> str:
    return f"/media/sounds/{uuid}.m4a"


@dataclass(frozen=True)
class Picture:
    """A picture of ours: addresses of a small and a large file, and the pixels of the large one."""

    small: str
    large: str
    width: int
    height: int

    @property
    def srcset(self) -> str:
        return f"{self.small} 480w, {self.large} {self.width}w"


def pictures(ids: Iterable[int | None]) -> dict[int, Picture]:
    """Pictures by id; None and unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.session().scalars(select(Image).where(Image.id.in_(wanted)))
    return {
        row.id: Picture(
            small=f"/media/images/{row.uuid}/{row.widths[0]}.webp",
            large=f"/media/images/{row.uuid}/{row.widths[-1]}.webp",
            width=row.width,
            height=row.height,
        )
        for row in rows
    }


def images_sized(owner_id: int, width: int, height: int, *, most: int = 50) -> list[str]:
    """The uuids of a member's pictures of so many pixels, the newest first."""
    rows = (
        select(Image.uuid)
        .where(Image.owner_id == owner_id, Image.width == width, Image.height == height)
        .order_by(Image.id.desc())
        .limit(most)
    )
    return list(db.session().scalars(rows))


def image_url(image_id: int | None) -> str:
    """The address of the large file of a picture; "" when there is none."""
    found = pictures([image_id])
    return next((p.large for p in found.values()), "")
