"""Signed addresses to play a recording."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from app.core import clock
from app.media import hls, queries
from app.media.rules import AUDIO, NotReady, expiry, first_files, sign
from app.media.service.folder import config, media_folder
from app.media.service.recordings import row_of


@dataclass(frozen=True)
class PlayLinks:
    """Signed addresses for one member: they expire, and work for this member only.

    `captions` holds (language tag, label, address). `poster` is "" for sound alone, `waveform` ""
    for a video; `audio` (its sound alone) and `storyboard` are "" when there is none. `renditions`
    are the short sides of the picture in pixels, best first; `chapters` (start ms, title).
    """

    master: str
    poster: str
    captions: list[tuple[str, str, str]]
    duration_ms: int
    audio: str = ""
    storyboard: str = ""
    waveform: str = ""
    renditions: tuple[int, ...] = ()
    chapters: tuple[tuple[int, str], ...] = ()
    small_poster: str = ""
    lightest: str = ""  # the playlist of the smallest picture, which a slow link begins with
    first: tuple[str, ...] = ()  # what of it is played first: its header and its first piece
    codecs: str = ""  # of `first`; "" when that cannot be played as it is
    next_rate: int = 0  # bits a second of the picture above it; 0 when there is none


SMALL = 360  # short side in pixels of the picture that a device keeps, where there is one so small


@dataclass(frozen=True)
class Keepable:
    """What a device may keep of a recording, at signed addresses below `base`.

    `key` names the bytes: another one means another recording. `choices` holds, of "small" (a small
    picture) and "sound", (playlist, bytes); `extras` the names of poster, captions and waveform.
    """

    base: str
    key: str
    choices: dict[str, tuple[str, int]]
    extras: tuple[str, ...]


def keepable(media_id: int, *, member_id: int) -> Keepable:
    """The small renditions of a recording. Raises like play_links."""
    links = play_links(media_id, member_id=member_id)
    row = row_of(media_id)
    served = queries.served(row)
    if served is None:
        raise NotReady
    base = links.master.removesuffix("/master.m3u8")
    pictures = [
        (min(one["width"], one["height"]), one) for one in served.renditions if one["width"]
    ]
    pictures.sort(key=lambda pair: pair[0])
    choices = {}
    if pictures:
        fitting = [one for side, one in pictures if side <= SMALL]
        small = fitting[-1] if fitting else pictures[0][1]
        choices["small"] = (f"{small['name']}.m3u8", int(small["size"]))
    for one in served.renditions:
        if one["name"] == AUDIO:
            choices["sound"] = (f"{AUDIO}.m3u8", int(one["size"]))
    files = [links.poster, links.waveform, *(url for _, _, url in links.captions)]
    return Keepable(
        base=base,
        key=f"{row.uuid}/v{served.version}",
        choices=choices,
        extras=tuple(url.removeprefix(base + "/") for url in files if url),
    )


def play_links(media_id: int, *, member_id: int) -> PlayLinks:
    """Addresses to play a recording. The caller has made sure that the member may see it.

    Raises NotThere, and NotReady while the recording is prepared or when that failed.
    """
    row = row_of(media_id)
    served = queries.served(row)
    if served is None:
        raise NotReady
    settings = config()
    expires = expiry(clock.epoch(), settings.media_link)
    token = sign(settings.secret_key, row.uuid, served.version, member_id, expires)
    base = f"/media/{token}/{row.uuid}/v{served.version}"
    folder = media_folder().version(row.uuid, served.version)
    names = [one["name"] for one in served.renditions]
    shown = [one for one in served.renditions if one["width"]]
    lightest = shown[-1]["name"] if shown else ""

    def there(name: str) -> str:
        return f"{base}/{name}" if (folder / name).is_file() else ""

    return PlayLinks(
        master=f"{base}/master.m3u8",
        poster=f"{base}/{served.posters[-1]}" if served.posters else "",
        captions=[
            (
                track.language,
                _("%(language)s (by machine)", language=track.label)
                if track.by_machine
                else track.label,
                f"{base}/captions-{track.language}.vtt",
            )
            for track in queries.caption_tracks(media_id)
        ],
        duration_ms=row.duration_ms,
        audio=f"{base}/{AUDIO}.m3u8" if AUDIO in names and row.kind == "video" else "",
        storyboard=there("storyboard.vtt") if row.kind == "video" else "",
        waveform=there("waveform.webp") if row.kind == "audio" else "",
        renditions=tuple(min(one["width"], one["height"]) for one in shown),
        chapters=tuple(queries.chapters(media_id)),
        small_poster=f"{base}/{served.posters[0]}" if served.posters else "",
        lightest=f"{base}/{lightest}.m3u8" if shown else "",
        first=tuple(filter(None, map(there, first_files(lightest)))) if shown else (),
        codecs=hls.opening(folder, lightest) if shown else "",
        next_rate=int(shown[-2].get("rate", 0)) if len(shown) > 1 else 0,
    )
