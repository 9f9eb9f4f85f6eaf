"""Short sounds that are heard inside a text, such as a question of a listening test."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import BinaryIO

from app.core import clock
from app.core.db import db
from app.core.i18n import file_size
from app.media import ffmpeg, queries
from app.media.models import Sound
from app.media.rules import (
    LARGEST_SOUND,
    LONGEST_SOUND_MS,
    FileTooLarge,
    NotMedia,
    NotSound,
    SoundTooLong,
)
from app.media.service.folder import media_folder

_ADDRESS = re.compile(
    r"/media/(?:images/([0-9a-f]{32})/([0-9]{1,5})\.webp|sounds/([0-9a-f]{32})\.m4a)"
)


@dataclass(frozen=True)
class StoredSound:
    """A sound that lies in the media folder and has no row yet."""

    uuid: str
    name: str
    duration_ms: int


def store_sound(stream: BinaryIO, *, filename: str) -> StoredSound:
    """Decode a sound and write ours. Touches no database: call it before the first query.

    Raises NotSound, SoundTooLong, FileTooLarge and NoRoom.
    """
    data = stream.read(LARGEST_SOUND + 1)
    if len(data) > LARGEST_SOUND:
        raise FileTooLarge(limit=file_size(LARGEST_SOUND))
    folder = media_folder()
    folder.look_for_room(2 * len(data))
    uuid = secrets.token_hex(16)
    work, target = folder.work(uuid, secrets.token_hex(16)), folder.sound(uuid)
    work.mkdir(parents=True)
    try:
        (work / "sent").write_bytes(data)
        try:
            facts = ffmpeg.probe(work / "sent")
        except NotMedia as refusal:
            raise NotSound from refusal
        if facts.audio < 0:
            raise NotSound
        if facts.duration_ms > LONGEST_SOUND_MS:
            raise SoundTooLong(most=LONGEST_SOUND_MS // 60_000)
        ffmpeg.sound_alone(work / "sent", facts, work / "sound.m4a")
        target.parent.mkdir(parents=True)
        (work / "sound.m4a").replace(target)
    except BaseException:
        folder.drop_sound(uuid)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    name = PurePath(filename.replace("\\", "/")).name.strip()[:120]
    return StoredSound(uuid, name or uuid[:8], facts.duration_ms)


def register_sound(stored: StoredSound, *, owner_id: int) -> str:
    """Make the row of a stored sound; returns its address."""
    db.session().add(Sound(**asdict(stored), owner_id=owner_id, created_at=clock.now()))
    db.session().flush()
    return queries.sound_url(stored.uuid)


def receive_sound(*, owner_id: int, stream: BinaryIO, filename: str) -> str:
    """Keep a short sound; returns its address."""
    return register_sound(store_sound(stream, filename=filename), owner_id=owner_id)


def clip_data(url: str) -> bytes | None:
    """The bytes of a picture or a short sound by its address; None when there is none."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return None
    folder = media_folder()
    image, width, sound = found.groups()
    path = folder.image(image, int(width)) if image else folder.sound(sound)
    return path.read_bytes() if path.is_file() else None
