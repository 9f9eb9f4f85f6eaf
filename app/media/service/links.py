"""Signed addresses to play a recording."""

from __future__ import annotations

from dataclasses import dataclass

from app.core import clock
from app.media import queries
from app.media.rules import NotReady, State, expiry, sign
from app.media.service.folder import config
from app.media.service.recordings import row_of


@dataclass(frozen=True)
class PlayLinks:
    """Signed addresses for one member: they expire, and work for this member only.

    `captions` holds (language tag, label, address). `poster` is "" for sound alone.
    """

    master: str
    poster: str
    captions: list[tuple[str, str, str]]
    duration_ms: int


def play_links(media_id: int, *, member_id: int) -> PlayLinks:
    """Addresses to play a recording. The caller has made sure that the member may see it.

    Raises NotThere, and NotReady while the recording is prepared or when that failed.
    """
    row = row_of(media_id)
    if row.state != State.READY:
        raise NotReady
    settings = config()
    expires = expiry(clock.epoch(), settings.media_link)
    token = sign(settings.secret_key, row.uuid, row.version, member_id, expires)
    base = f"/media/{token}/{row.uuid}/v{row.version}"
    return PlayLinks(
        master=f"{base}/master.m3u8",
        poster=f"{base}/{row.posters[-1]}" if row.posters else "",
        captions=[
            (track.language, track.label, f"{base}/captions-{track.language}.vtt")
            for track in queries.caption_tracks(media_id)
        ],
        duration_ms=row.duration_ms,
    )
