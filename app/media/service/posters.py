"""The picture that stands for a video before it plays: ours, or a moment that its trainer chose."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.core import clock
from app.core.db import after_commit, db, reading
from app.core.i18n import clock_time
from app.core.refusals import NotThere
from app.media import ffmpeg, hls, pillow, queries
from app.media.models import Media, PosterChoice
from app.media.rules import (
    MOST_SCENES_SHOWN,
    TILES_ACROSS,
    TILES_DOWN,
    NotReady,
    OutsideTheVideo,
    State,
    evenly,
    picture_widths,
    poster_name,
)
from app.media.service.folder import media_folder
from app.media.service.links import PlayLinks, play_links
from app.media.service.recordings import row_of

_TILE = re.compile(
    r"^(?:(\d+):)?(\d+):(\d+)\.(\d+) -->.*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", re.MULTILINE
)


@dataclass(frozen=True)
class Scene:
    """One picture to choose from: where it lies on which sheet, in pixels, and its moment."""

    at_ms: int
    sheet: str
    x: int
    y: int
    width: int
    height: int

    @property
    def across(self) -> int:
        return self.width * TILES_ACROSS

    @property
    def down(self) -> int:
        return self.height * TILES_DOWN


@dataclass(frozen=True)
class Posters:
    """What stands for a video now, the moment that was chosen (None: ours), and scenes of it."""

    now: str
    at_ms: int | None
    scenes: tuple[Scene, ...]


def posters(media_id: int, *, member_id: int, links: PlayLinks | None = None) -> Posters | None:
    """What a trainer chooses from; None unless it is a video that is ready.

    `links` are the member's for this recording, where the caller has them already.
    """
    row = row_of(media_id)
    if row.kind != "video" or row.state != State.READY:
        return None
    links = links or play_links(media_id, member_id=member_id)
    found: list[Scene] = []
    if links.storyboard:
        text = (media_folder().version(row.uuid, row.version) / "storyboard.vtt").read_text()
        base = links.storyboard.rpartition("/")[0]
        for hours, minutes, seconds, ms, name, *place in _TILE.findall(text):
            at = ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms)
            found.append(Scene(at, f"{base}/{name}", *map(int, place)))
    chosen = tuple(found[n] for n in evenly(len(found), MOST_SCENES_SHOWN))
    return Posters(links.poster, queries.poster_moment(media_id), chosen)


def draw_poster(media_id: int, at_ms: int) -> list[str]:
    """Write the picture of one moment beside the video; returns the names of its files.

    Touches the database only in a read of its own: call it before the first query. Takes about
    half a second. Raises NotThere, NotReady, OutsideTheVideo and NoRoom.
    """
    with reading():
        row = db.session().get(Media, media_id)
        if row is None:
            raise NotThere
        uuid, version, ready = row.uuid, row.version, row.state == State.READY
        kind, length, renditions = row.kind, row.duration_ms, row.renditions
        secret = queries.secret(media_id)
    if kind != "video" or not ready:
        raise NotReady
    if not 0 <= at_ms < length:
        raise OutsideTheVideo(end=clock_time(length))
    folder = media_folder()
    folder.look_for_room()
    served = folder.version(uuid, version)
    work = folder.work(uuid, secrets.token_hex(16))
    work.mkdir(parents=True)
    try:
        best = hls.read(served, f"{renditions[0]['name']}.m3u8")
        width = renditions[0]["width"]
        names = picture_at(served, best, at_ms, width, work, secret=secret)
        for name in names:
            (work / name).replace(served / name)
    except hls.Broken as error:
        raise NotReady from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return names


def picture_at(
    folder: Path,
    playlist: hls.Playlist,
    at_ms: int,
    width: int,
    work: Path,
    *,
    secret: bytes | None = None,
) -> list[str]:
    """Write posters of one moment of a rendition in `folder` into `work`; returns their names."""
    second = at_ms / 1000
    begun = [one for one in playlist.segments if one.start <= second]
    segment = begun[-1] if begun else playlist.segments[0]
    joined = work / "poster-source.mp4"
    hls.joined(folder, playlist, [segment], joined, secret=secret)
    frame = ffmpeg.frame_at(joined, work, max(0.0, second - segment.start))
    widths = picture_widths(width)
    names = [poster_name(one, at_ms) for one in widths]
    pillow.posters(frame, widths, names, work)
    joined.unlink()
    frame.unlink()
    return names


def choose_poster(media_id: int, at_ms: int, names: list[str]) -> None:
    """Let the picture that was drawn stand for the video. Raises NotThere."""
    row = row_of(media_id)
    wish_poster(media_id, at_ms)
    _show(row, names)


def wish_poster(media_id: int, at_ms: int) -> None:
    """Take the picture of this moment when the video is prepared."""
    db.session().merge(PosterChoice(media_id=media_id, at_ms=at_ms, changed_at=clock.now()))
    db.session().flush()


def forget_poster(media_id: int) -> None:
    """Show our own choice again. Raises NotThere, NotReady while the video is prepared."""
    row = row_of(media_id)
    if row.kind != "video" or row.state != State.READY:
        raise NotReady
    found = db.session().get(PosterChoice, media_id)
    if found is not None:
        db.session().delete(found)
    names = [poster_name(width) for width in picture_widths(row.renditions[0]["width"])]
    folder = media_folder().version(row.uuid, row.version)
    there = [name for name in names if (folder / name).is_file()]
    if there:
        _show(row, there)


def _show(row: Media, names: list[str]) -> None:
    """Serve these posters; what somebody chose before is removed."""
    kept = {*names, *(name for name in row.posters if name.count("-") == 1)}
    old = [name for name in row.posters if name not in kept]
    folder = media_folder().version(row.uuid, row.version)
    row.posters = list(names)

    def remove() -> None:
        for name in old:
            (folder / name).unlink(missing_ok=True)

    after_commit(remove)
