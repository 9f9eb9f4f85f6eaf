"""Captions of recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select

from app.core import clock
from app.core.db import db
from app.core.i18n import file_size
from app.core.refusals import NotThere
from app.media import opencc, queries, webvtt
from app.media.models import CaptionTrack, ChapterList, Media
from app.media.rules import (
    BadLines,
    CaptionsChanged,
    CaptionsTooLarge,
    Cue,
    chapters_of,
    clean_language,
    clean_name,
)
from app.media.service.recordings import row_of


def attach_captions(
    media_id: int, *, language: str, label: str, data: bytes, by_machine: bool = False
) -> list[int]:
    """Read a caption file into plain cues; replaces the track of the same language.

    `by_machine` when a model has heard them, somewhere, and nobody has read through them yet.

    Returns the numbers of the lines that could not be read (0 for a cue too many). Raises
    BadCaptions, CaptionsTooLarge, BadLanguage, NotThere.
    """
    parsed = webvtt.parse(data, duration_ms=row_of(media_id).duration_ms)
    keep_cues(media_id, language, label, parsed.cues, skipped=parsed.skipped, by_machine=by_machine)
    return parsed.bad_lines


def write_captions(
    media_id: int, *, language: str, text: str, label: str = "", seen: str | None = None
) -> None:
    """Replace the cues of a track with edited ones, written as WebVTT; a track that is not there
    begins with them when it has a `label`. `seen` is the `captions_mark` of what was edited.

    All of them must be readable: BadLines names those that are not. Raises BadCaptions, NotThere,
    and CaptionsChanged when the track is not what was edited any more.
    """
    tag = clean_language(language)
    # Two windows at once: the later one waits here, and sees what the other has written.
    if db.session().get(Media, media_id, with_for_update=True) is None:
        raise NotThere
    if seen is not None and seen != captions_mark(queries.cues(media_id, language=tag)):
        raise CaptionsChanged
    kept = {track.language: track.label for track in queries.caption_tracks(media_id)}
    label = kept.get(tag, label)
    if not label:
        raise NotThere
    if len(text.encode()) > webvtt.LARGEST:
        raise CaptionsTooLarge(limit=file_size(webvtt.LARGEST))
    parsed = webvtt.parse_text(text, duration_ms=row_of(media_id).duration_ms)
    if parsed.bad_lines:
        raise BadLines(lines=", ".join(map(str, parsed.bad_lines[:10])))
    # Somebody has read through them: they are no longer the machine's.
    keep_cues(media_id, tag, label, parsed.cues)


def translate_captions(media_id: int, *, language: str, label: str) -> None:
    """Make the Traditional track from the Simplified one, or the other way; replaces what is there.

    Raises NotThere when there is no track to make it from.
    """
    tag = clean_language(language)
    if tag not in OTHER_SCRIPT:
        raise NotThere
    source = _track(media_id, OTHER_SCRIPT[tag])
    texts = opencc.converted([text for _, _, text in source.cues], to=tag)
    cues = [[start, end, text] for (start, end, _), text in zip(source.cues, texts, strict=True)]
    keep_cues(media_id, tag, label, cues, by_machine=source.by_machine)


def captions_text(cues: Iterable[Cue]) -> str:
    """Cues as clean WebVTT, to be edited or kept."""
    return webvtt.write((cue.start_ms, cue.end_ms, cue.text) for cue in cues)


def captions_mark(cues: Iterable[Cue]) -> str:
    """The same for the same cues, and for no others."""
    return hashlib.sha256(captions_text(cues).encode()).hexdigest()[:20]


OTHER_SCRIPT = {"zh-Hant": "zh-Hans", "zh-Hans": "zh-Hant"}


def set_chapters(media_id: int, *, text: str) -> None:
    """Keep chapters, one a line: a time and a title. Raises BadChapter, NotThere."""
    row = row_of(media_id)
    found = chapters_of(text, duration_ms=row.duration_ms)
    db.session().merge(
        ChapterList(
            media_id=media_id,
            chapters=[list(one) for one in found],
            changed_at=clock.now(),
        )
    )
    db.session().flush()


def _track(media_id: int, language: str) -> CaptionTrack:
    found = db.session().scalar(
        select(CaptionTrack).where(
            CaptionTrack.media_id == media_id, CaptionTrack.language == language
        )
    )
    if found is None:
        raise NotThere
    return found


def keep_cues(
    media_id: int,
    language: str,
    label: str,
    cues: Sequence[Sequence[int | str]],
    *,
    skipped: int = 0,
    by_machine: bool = False,
) -> None:
    """Make clean cues the track of a language; one that is there is replaced."""
    tag = clean_language(language)
    row_of(media_id)
    drop_captions(media_id, language=tag)
    db.session().add(
        CaptionTrack(
            media_id=media_id,
            language=tag,
            label=clean_name(label)[:60] if label.strip() else tag,
            cues=[list(cue) for cue in cues],
            skipped=skipped,
            by_machine=by_machine,
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
