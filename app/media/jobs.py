"""The worker's part: make what is uploaded playable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.core.refusals import NoRoom
from app.media import ffmpeg, hls, pillow, queries, service
from app.media.disk import MediaFolder
from app.media.rules import (
    DURATION_SLACK_MS,
    SHORTENED,
    SOURCE_GONE,
    UNEXPECTED,
    Facts,
    TranscodeFailed,
    ladder,
    picture_widths,
    poster_segments,
    sharpest,
)

log = logging.getLogger(__name__)
REPORT_SECONDS = 1.0
ENCODING_SHARE = 95  # per cent of the whole that the encode takes


class Discarded(Exception):
    """The recording was removed while it was prepared: nobody waits for it any more."""


@jobs.handler("media.transcode")
def transcode(lease: jobs.Lease, media_id: int) -> None:
    """Prepare a recording. May be killed at any point and begun again, or called once too often."""
    with unit_of_work():
        task = service.begin(media_id)
    if task is None:
        return
    folder = service.media_folder()
    work = folder.begin_work(task.uuid, lease.token)
    try:
        folder.look_for_room(task.size)
        made = _prepare(task, folder, work, lease, media_id)
        lease.check()
        folder.publish(work, task.uuid, task.attempt)
    except Discarded:
        return
    except TranscodeFailed:
        with reading():
            if queries.is_there(media_id):
                raise
        return  # it failed because its source was taken away
    except (NoRoom, ffmpeg.Passing) as error:
        if lease.last:
            sentence = NoRoom.sentence if isinstance(error, NoRoom) else UNEXPECTED
            raise TranscodeFailed(sentence, str(error)) from error
        raise ffmpeg.Passing(str(error)) from error
    finally:
        folder.drop_work(work)
    with unit_of_work():
        wanted = service.finish(
            media_id, attempt=task.attempt, renditions=made.renditions, posters=made.posters
        )
    if wanted:
        folder.drop_older_versions(task.uuid, task.attempt)
    else:
        folder.drop_version(task.uuid, task.attempt)


@jobs.on_failure("media.transcode")
def failed(*, error: str, detail: str, media_id: int) -> None:
    service.fail(media_id, error=error, detail=detail)


@dataclass(frozen=True)
class Made:
    """What a try has written: for the row."""

    renditions: list[dict[str, Any]]
    posters: list[str]


def _prepare(
    task: service.Task, folder: MediaFolder, work: Path, lease: jobs.Lease, media_id: int
) -> Made:
    facts = task.facts
    source = folder.source(task.uuid)
    if not source.is_file():
        raise TranscodeFailed(SOURCE_GONE)
    progress = ffmpeg.Progress(facts.duration_ms)
    encoded = ffmpeg.encode(
        source,
        facts,
        ladder(facts.width, facts.height) if facts.kind == "video" else (),
        work,
        threads=current_app.extensions["weike"].ffmpeg_threads,
        progress=progress,
        keep_going=_watch(lease, media_id, progress),
    )
    lease.report(ENCODING_SHARE, "checking")
    playlists = _checked(work, encoded, facts.duration_ms)
    variants = _variants(work, encoded, playlists, facts)
    hls.write_master(work, variants)
    posters = []
    if encoded.rungs:
        lease.report(ENCODING_SHARE + 2, "poster")
        posters = _posters(work, playlists[0], encoded.rungs[0].width)
    renditions = [
        {
            "name": variant.playlist.name.removesuffix(".m3u8"),
            "width": variant.width,
            "height": variant.height,
            "size": variant.playlist.size,
            "rate": variant.playlist.average,
        }
        for variant in variants
    ]
    return Made(renditions, posters)


def _watch(lease: jobs.Lease, media_id: int, progress: ffmpeg.Progress) -> Callable[[], bool]:
    """Asked several times a second while ffmpeg runs; speaks to the database once a second."""
    said = clock.monotonic() - REPORT_SECONDS

    def keep_going() -> bool:
        nonlocal said
        lease.check()
        if clock.monotonic() - said >= REPORT_SECONDS:
            said = clock.monotonic()
            with reading():
                there = queries.is_there(media_id)
            if not there:
                raise Discarded
            lease.report(progress.percent * ENCODING_SHARE // 100, "encoding")
        return True

    return keep_going


def _checked(work: Path, encoded: ffmpeg.Encoded, duration_ms: int) -> list[hls.Playlist]:
    """The playlists, each whole and as long as the source; ffmpeg's word alone is not enough."""
    try:
        playlists = [hls.read(work, name) for name in encoded.playlists]
    except hls.Broken as error:
        raise TranscodeFailed(UNEXPECTED, str(error)) from error
    for playlist in playlists:
        made_ms = round(playlist.seconds * 1000)
        if abs(made_ms - duration_ms) > DURATION_SLACK_MS:
            detail = f"{playlist.name} is {made_ms} ms long, the source {duration_ms} ms"
            raise TranscodeFailed(SHORTENED, f"{detail}\n{encoded.tail}")
    return playlists


def _variants(
    work: Path, encoded: ffmpeg.Encoded, playlists: list[hls.Playlist], facts: Facts
) -> list[hls.Variant]:
    sound = facts.audio >= 0
    if not encoded.rungs:
        kind = hls.codecs(work, playlists[0], sound=sound, picture=False)
        return [hls.Variant(playlists[0], 0, 0, 0.0, kind)]
    return [
        hls.Variant(
            playlist,
            rung.width,
            rung.height,
            ffmpeg.output_rate(facts),
            hls.codecs(work, playlist, sound=sound, picture=True),
        )
        for playlist, rung in zip(playlists, encoded.rungs, strict=True)
    ]


def _posters(work: Path, best: hls.Playlist, width: int) -> list[str]:
    """The sharpest of some frames from the first third, taken from what was just encoded.

    Every segment begins with a keyframe that is already upright, scaled and in ordinary colours:
    this costs a tenth of looking for frames in the source.
    """
    starts = [(segment.start, segment.length) for segment in best.segments]
    chosen = poster_segments(starts)
    joined = work / "poster-source.mp4"
    hls.joined(work, best, [best.segments[n] for n in chosen], joined)
    only_keyframes = len(best.segments) > 2
    found = ffmpeg.frames(joined, work, only_keyframes=only_keyframes)
    joined.unlink()
    if not found:
        return []
    frame = found[sharpest([pillow.sharpness(path) for path in found])]
    names = pillow.posters(frame, picture_widths(width), work)
    for path in found:
        path.unlink()
    return names
