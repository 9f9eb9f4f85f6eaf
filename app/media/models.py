"""Tables of recordings, their captions, pictures and short sounds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Media(Base):
    """One uploaded or imported recording, with what ffmpeg found in it and made of it.

    The files live in the media folder under `uuid`. `attempt` counts the encodes that were begun
    and names their folders (v1, v2 …); `version` is the one that is served, 0 for none yet.
    """

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("kind in ('video', 'audio')", name="kind"),
        CheckConstraint("state in ('queued', 'transcoding', 'ready', 'failed')", name="state"),
        CheckConstraint("duration_ms between 1 and 14400000", name="duration"),
        CheckConstraint("(state = 'ready') = (version > 0)", name="ready"),
        CheckConstraint("version between 0 and attempt", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    filename: Mapped[str] = mapped_column(String(200))  # as the owner called it; shown, never used
    kind: Mapped[str] = mapped_column(String(5))
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the source file
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the source file
    duration_ms: Mapped[int]
    width: Mapped[int] = mapped_column(default=0)  # pixels as shown, after rotation; 0 for audio
    height: Mapped[int] = mapped_column(default=0)
    facts: Mapped[dict[str, Any]]  # what the encoder must know; see rules.Facts
    state: Mapped[str] = mapped_column(String(11), default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    renditions: Mapped[list[Any]] = mapped_column(default=list)  # name, width, height, size, rate
    posters: Mapped[list[Any]] = mapped_column(default=list)  # file names, smallest first
    error: Mapped[str] = mapped_column(Text, default="")  # one English sentence; also its msgid
    detail: Mapped[str] = mapped_column(Text, default="")  # last lines of ffmpeg, for the operator
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]


class EarlyVersion(Base):
    """What of a recording can be watched while the rest of it is still being made.

    It goes away when the recording is ready. A table of its own, because `media` says with its
    constraints that what has a version is ready.
    """

    __tablename__ = "media_early"

    media_id: Mapped[int] = mapped_column(
        ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int]
    renditions: Mapped[list[Any]]
    posters: Mapped[list[Any]]
    made_at: Mapped[datetime]


class MediaSecret(Base):
    """The secret of one recording whose segments are encrypted; never in the media folder."""

    __tablename__ = "media_secret"

    media_id: Mapped[int] = mapped_column(
        ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary)  # 32 bytes
    made_at: Mapped[datetime]


class ChapterList(Base):
    """The chapters of one recording as a trainer wrote them: [start_ms, title], in order."""

    __tablename__ = "media_chapters"

    media_id: Mapped[int] = mapped_column(
        ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    chapters: Mapped[list[Any]]
    changed_at: Mapped[datetime]


class PosterChoice(Base):
    """The moment of a video whose picture stands for it, where somebody chose one."""

    __tablename__ = "media_poster"
    __table_args__ = (CheckConstraint("at_ms between 0 and 14400000", name="moment"),)

    media_id: Mapped[int] = mapped_column(
        ForeignKey("media.id", ondelete="CASCADE"), primary_key=True
    )
    at_ms: Mapped[int]
    changed_at: Mapped[datetime]


class CaptionTrack(Base):
    """The captions of one recording in one language, as plain cues [start_ms, end_ms, text]."""

    __tablename__ = "caption_track"
    __table_args__ = (UniqueConstraint("media_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(20))  # a language tag: zh-Hans, en
    label: Mapped[str] = mapped_column(String(60))
    cues: Mapped[list[Any]]
    skipped: Mapped[int] = mapped_column(default=0)  # cues of the file that could not be read
    by_machine: Mapped[bool] = mapped_column(default=False)  # heard by a model, read by nobody yet
    changed_at: Mapped[datetime]


class Sound(Base):
    """One short sound to be heard inside a text, kept only as the AAC file that we wrote."""

    __tablename__ = "sound"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))  # of the file that was sent
    duration_ms: Mapped[int]
    created_at: Mapped[datetime]


class Image(Base):
    """One picture (a cover), kept only as the WebP files that we wrote ourselves."""

    __tablename__ = "image"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    width: Mapped[int]  # pixels of the largest file
    height: Mapped[int]
    widths: Mapped[list[Any]]  # of the files, smallest first
    created_at: Mapped[datetime]
