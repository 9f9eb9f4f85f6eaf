"""Captions of recordings."""

from __future__ import annotations

from sqlalchemy import delete

from app.core import clock
from app.core.db import db
from app.media import webvtt
from app.media.models import CaptionTrack
from app.media.rules import clean_language, clean_name
from app.media.service.recordings import row_of


def attach_captions(media_id: int, *, language: str, label: str, data: bytes) -> None:
    """Read WebVTT or SubRip into plain cues; replaces the track of the same language.

    Raises BadCaptions, CaptionsTooLarge, BadLanguage, NotThere.
    """
    tag = clean_language(language)
    row = row_of(media_id)
    parsed = webvtt.parse(data, duration_ms=row.duration_ms)
    drop_captions(media_id, language=tag)
    db.session().add(
        CaptionTrack(
            media_id=media_id,
            language=tag,
            label=clean_name(label)[:60] if label.strip() else tag,
            cues=parsed.cues,
            skipped=parsed.skipped,
            changed_at=clock.now(),
        )
    )
    db.session().flush()


def drop_captions(media_id: int, *, language: str) -> None:
    """Remove the captions of one language, if there are any."""
    db.session().execute(
        delete(CaptionTrack).where(
            CaptionTrack.media_id == media_id, CaptionTrack.language == clean_language(language)
        )
    )
