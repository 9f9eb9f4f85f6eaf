"""Cutting recordings: what there is to see, where cuts are proposed, and the parts themselves."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from app.core import clock
from app.core.db import db
from app.media import queries
from app.media.models import CaptionTrack, Media
from app.media.rules import (
    MOST_PART_MS,
    MOST_PARTS,
    STEP_MS,
    BadCuts,
    NotReady,
    OriginalGone,
    Proposal,
    cut_chapters,
    cut_cues,
    part_digest,
    propose,
    sentence_ends,
    silences,
    thinned_out,
)
from app.media.rules import trimmed as rules_trimmed
from app.media.service.folder import media_folder
from app.media.service.recordings import enqueue_transcode, row_of

MOST_PEAKS = 36_000  # 48 kB in a page: a twelfth of a second in fifty minutes
MOST_KEYS = 4000  # to snap to; a page cannot show more places

__all__ = ["MOST_PARTS", "Sketch", "cut_out", "sketch", "trimmed"]


@dataclass(frozen=True)
class Sketch:
    """What a page needs to cut a recording: `peaks` of its sound (0–200), where it is silent,
    and where pictures begin that need no other (none of what was prepared by an older Weike)."""

    duration_ms: int
    peaks: bytes
    silences: list[tuple[int, int]]
    keyframes: list[int]
    proposal: Proposal


def sketch(media_id: int, *, most: int = MOST_PART_MS) -> Sketch:
    """Look at a recording that has been listened to. Raises NotReady before that, NotThere."""
    row = row_of(media_id)
    folder = media_folder()
    levels = folder.noted(row.uuid, "levels")
    if levels is None:
        raise NotReady
    scenes = json.loads(folder.noted(row.uuid, "scenes") or b"[]")
    keys: list[int] = json.loads(folder.noted(row.uuid, "keyframes") or b"[]")
    ends = sentence_ends((cue.end_ms, cue.text) for cue in queries.cues(media_id))
    chapters = [start for start, _ in queries.chapters(media_id)]
    found = propose(
        row.duration_ms,
        levels,
        scenes=scenes,
        sentences=ends,
        chapters=chapters,
        keyframes=keys,
        most=most,
    )
    step = max(1, -(-len(levels) // MOST_PEAKS))
    # The mean: of a long recording, the loudest moment of each second would be one flat block.
    pieces = (levels[at : at + step] for at in range(0, len(levels), step))
    peaks = bytes(sum(piece) // len(piece) for piece in pieces)
    quiet = silences(levels) if len(levels) * STEP_MS else []
    snaps = thinned_out(keys, apart_ms=row.duration_ms // MOST_KEYS)
    return Sketch(row.duration_ms, peaks, quiet, snaps, found)


def trimmed(found: Sketch) -> tuple[int, int]:
    """Where a recording begins and ends (ms) without the silence around it."""
    return rules_trimmed(found.duration_ms, found.silences)


def cut_out(media_id: int, *, start_ms: int, end_ms: int) -> int:
    """A new recording from `start_ms` to `end_ms` of this one; returns its media id.

    It shares the source's bytes and needs no more room than its renditions. Captions and chapters
    are cut with it. Raises BadCuts, OriginalGone and NotThere.
    """
    row = row_of(media_id)
    if not 0 <= start_ms < end_ms <= row.duration_ms:
        raise BadCuts
    length = end_ms - start_ms
    facts = dict(row.facts)
    first = facts.get("start_ms", 0) + start_ms
    facts |= {
        "start_ms": first,
        "duration_ms": length,
        "video_ms": max(0, min(length, facts.get("video_ms", 0) - start_ms)),
        "chapters": cut_chapters(queries.chapters(media_id), start_ms, end_ms),
    }
    uuid = secrets.token_hex(16)
    folder = media_folder()
    if not folder.source(row.uuid).is_file():
        raise OriginalGone
    folder.adopt(uuid, folder.source(row.uuid))
    part = Media(
        uuid=uuid,
        owner_id=row.owner_id,
        filename=row.filename,
        kind=row.kind,
        sha256=part_digest(row.sha256, first_ms=first, length_ms=length),
        size=max(1, row.size * length // row.duration_ms),
        duration_ms=length,
        width=row.width,
        height=row.height,
        facts=facts,
        renditions=[],
        posters=[],
        created_at=clock.now(),
    )
    session = db.session()
    session.add(part)
    session.flush()
    tracks = session.query(CaptionTrack).filter(CaptionTrack.media_id == media_id)
    for track in tracks.all():
        cues = cut_cues(track.cues, start_ms, end_ms)
        if cues:
            session.add(
                CaptionTrack(
                    media_id=part.id,
                    language=track.language,
                    label=track.label,
                    cues=cues,
                    skipped=0,
                    changed_at=clock.now(),
                )
            )
    enqueue_transcode(part)
    return part.id
