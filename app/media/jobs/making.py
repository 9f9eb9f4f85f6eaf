"""One try at preparing a recording: listen, make something watchable early, then all of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import current_app

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.media import ffmpeg, hls, pillow, queries, service, webvtt
from app.media.disk import MediaFolder
from app.media.rules import (
    CHUNK_SECONDS,
    DURATION_SLACK_MS,
    GLANCE_FROM_MS,
    LONGEST_COPIED_SEGMENT,
    NO_SOUND,
    NOTHING_HEARD,
    NOTHING_SPARED,
    PICTURE_WIDTHS,
    SHORTENED,
    SOURCE_GONE,
    SOURCE_MS,
    TILE_WIDTH,
    TILES_ACROSS,
    TILES_DOWN,
    UNEXPECTED,
    Heard,
    Output,
    TranscodeFailed,
    gain,
    is_film,
    is_screen,
    is_surely_screen,
    picture_widths,
    plan,
    poster_name,
    poster_segments,
    sharpest,
    sparing,
    tile_step,
)

log = logging.getLogger(__name__)
REPORT_SECONDS = 1.0
WIDEST = max(PICTURE_WIDTHS)  # of a poster
LISTENED = 4  # per cent of the whole when the sound is known
EARLY = 30  # when something can be watched
ENCODED = 95  # when every rendition is there
STORYBOARD = "storyboard"
WAVEFORM = "waveform.webp"


class Discarded(Exception):
    """The recording was removed while it was prepared: nobody waits for it any more."""


class NotCopyable(Exception):
    """The source's own picture cannot be cut into segments."""


@dataclass(frozen=True)
class Made:
    """What a try has written: for the row."""

    renditions: list[dict[str, Any]]
    posters: list[str]


class Maker:
    """One try. `version` is the number under which its files are published in the end."""

    def __init__(
        self, lease: jobs.Lease, media_id: int, task: service.Task, folder: MediaFolder
    ) -> None:
        self.lease = lease
        self.media_id = media_id
        self.task = task
        self.folder = folder
        self.facts = task.facts
        self.source = folder.source(task.uuid)
        self.version = task.attempt
        self.early_version = task.early.version if task.early else 0
        self.work = folder.begin_work(task.uuid, lease.token)
        self.plan = plan(self.facts)
        self.heard: Heard | None = None
        self.film = self.screen = False  # surely no screen, surely one
        self.frames = 0  # of the source
        self.spared = NOTHING_SPARED
        self.done: dict[str, hls.Playlist] = {}  # renditions that are there, by name
        self.complaints = ""

    def make(self) -> Made:
        """Write everything into `work`; something watchable is published on the way."""
        if not self.source.is_file():
            raise TranscodeFailed(SOURCE_GONE)
        if self.task.early:
            self._listen()
            self._take_up()
        elif self.plan.early:
            self._make_early()
        self._listen()
        if not self.plan.early:
            self._glance()
        start = EARLY if self.plan.early else LISTENED
        try:
            self._encode(self.plan.rest(self.done), start, ENCODED, "rest")
        except NotCopyable:  # an earlier try found that out and was ended before it could say so
            self.plan = plan(self.facts, copy=False)
            self.work = self.folder.begin_work(self.task.uuid, self.lease.token)
            self._encode(self.plan.all(), start, ENCODED, "rest")
        self.lease.report(ENCODED, "checking")
        playlists = {one.name: self._checked(one.name) for one in self.plan.all()}
        return self._finished(self.plan.all(), playlists, ENCODED + 2)

    # --- sound ------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self.heard is not None:
            return
        self.lease.report(1, "listening")
        self.heard = (
            ffmpeg.listen(self.source, self.facts, keep_going=self._watch(None, 0, LISTENED, ""))
            if self.facts.audio >= 0
            else NOTHING_HEARD
        )
        if self.facts.duration_ms > SOURCE_MS:  # it will be cut: where does the picture change?
            watch = self._watch(None, LISTENED, LISTENED, "")
            found = ffmpeg.scenes(self.source, self.facts, keep_going=watch)
            self.folder.note(self.task.uuid, "scenes", json.dumps(found).encode())
        watch = self._watch(None, LISTENED, LISTENED, "")
        packets = ffmpeg.packets(self.source, self.facts, keep_going=watch)
        self.film = is_film(packets.sizes)
        self.screen = is_surely_screen(packets.sizes)
        self.frames = packets.frames
        self.spared = sparing(self.facts, packets.widest_ms, film=self.film)
        self.folder.note(self.task.uuid, "keyframes", json.dumps(packets.keyframes).encode())
        self.folder.note(self.task.uuid, "levels", self.heard.levels)

    # --- something early ----------------------------------------------------------------------

    def _make_early(self) -> None:
        """Publish the first rendition(s), and go on in a new work folder under a new number."""
        try:
            if not self.plan.copies:
                self._listen()
            outputs = self.plan.first()
            self._encode(outputs, LISTENED, EARLY, "first")
            playlists = {one.name: self._checked(one.name) for one in outputs}
        except NotCopyable:
            self.plan = plan(self.facts, copy=False)
            self.work = self.folder.begin_work(self.task.uuid, self.lease.token)
            if self.plan.early:
                self._make_early()
            return
        made = self._finished(outputs, playlists, EARLY)
        self.lease.check()
        self.folder.publish(self.work, self.task.uuid, self.version)
        self.early_version = self.version
        self.work = self.folder.begin_work(self.task.uuid, self.lease.token)
        with unit_of_work():
            number = service.show_early(
                self.media_id,
                attempt=self.version,
                renditions=made.renditions,
                posters=made.posters,
            )
        if number is None:
            raise Discarded
        self.version = number
        self._take_up()

    def _take_up(self) -> None:
        """Use the renditions that are served early, unless they are to be made better."""
        folder = self.folder.version(self.task.uuid, self.early_version)
        self._learn(folder)
        if self.plan.copies:
            return
        for one in self.plan.first():
            try:
                playlist = hls.read(folder, f"{one.name}.m3u8")
            except hls.Broken:
                continue
            if playlist.is_encrypted:
                try:
                    hls.decrypt(folder, playlist, self.work, self.task.secret)
                except hls.Broken:
                    continue  # it is made again
            else:
                for name in (playlist.name, playlist.init, *(s.name for s in playlist.segments)):
                    self.folder.share(folder / name, self.work / name)
            self.done[one.name] = playlist

    def _learn(self, folder: Path) -> None:
        """What the first pass tells of the picture, before the rest is encoded."""
        shown = next((one for one in self.plan.first() if one.rung is not None), None)
        if shown is None:
            return
        with suppress(hls.Broken):
            playlist = hls.read(folder, f"{shown.name}.m3u8")
            sizes = hls.frame_sizes(folder, playlist, secret=self.task.secret)
            left_out = 0
            if self.spared.most and not shown.copied and shown.rung is not None:
                rate = ffmpeg.output_rate(self.facts, shown.rung)
                frames = min(self.frames, round(rate * self.facts.duration_ms / 1000))
                left_out = max(0, frames - sum(map(len, sizes)))
            self.plan = replace(self.plan, screen=is_screen(sizes, left_out))

    def _glance(self) -> None:
        """The same where there is no first pass: a few seconds in its smallest picture.

        Not where the sizes of its own frames tell what it is: decoding it is dear, and would be
        done twice.
        """
        looks = GLANCE_FROM_MS <= self.facts.duration_ms <= SOURCE_MS
        if not self.plan.rungs or not looks or self.film:
            return
        if self.screen:
            self.plan = replace(self.plan, screen=True)
            return
        sizes = ffmpeg.glance(
            self.source,
            self.facts,
            self.plan.rungs[-1],
            threads=current_app.extensions["weike"].ffmpeg_threads,
            keep_going=self._watch(None, LISTENED, LISTENED, ""),
        )
        self.plan = replace(self.plan, screen=is_screen(sizes))

    # --- pictures and sound ---------------------------------------------------------------------

    def _encode(self, outputs: Sequence[Output], start: int, end: int, stage: str) -> None:
        if not outputs:
            return
        heard = self.heard or NOTHING_HEARD
        progress = ffmpeg.Progress(self.facts.duration_ms)
        try:
            self.complaints = ffmpeg.encode(
                self.source,
                self.facts,
                outputs,
                self.work,
                gain=gain(heard.loudness, heard.peak),
                threads=current_app.extensions["weike"].ffmpeg_threads,
                spared=self.spared,
                progress=progress,
                keep_going=self._watch(progress, start, end, stage),
            )
        except TranscodeFailed as error:
            if any(one.copied for one in outputs) and stage == "first":
                raise NotCopyable from error
            raise
        smallest = self.plan.rungs[-1].name if self.plan.rungs else ""
        for one in outputs:
            try:
                hls.settle(self.work, f"{one.name}.m3u8")
                if one.name == smallest and self.task.secret is None:
                    hls.open_in_chunks(self.work, f"{one.name}.m3u8", CHUNK_SECONDS)
            except hls.Broken as error:
                if one.copied:
                    raise NotCopyable from error
                raise TranscodeFailed(UNEXPECTED, str(error)) from error
            if one.copied:
                self._look_at_copy(one)

    def _look_at_copy(self, one: Output) -> None:
        try:
            playlist = hls.read(self.work, f"{one.name}.m3u8")
        except hls.Broken as error:
            raise NotCopyable from error
        apart = max(segment.length for segment in playlist.segments)
        if apart > LONGEST_COPIED_SEGMENT or self._differs(playlist):
            raise NotCopyable

    def _differs(self, playlist: hls.Playlist) -> bool:
        return abs(round(playlist.seconds * 1000) - self.facts.duration_ms) > DURATION_SLACK_MS

    def _checked(self, name: str) -> hls.Playlist:
        """A playlist, whole and as long as the source; ffmpeg's word alone is not enough."""
        try:
            playlist = hls.read(self.work, f"{name}.m3u8")
        except hls.Broken as error:
            raise TranscodeFailed(UNEXPECTED, str(error)) from error
        if self._differs(playlist):
            made, said = round(playlist.seconds * 1000), self.facts.duration_ms
            detail = f"{playlist.name} is {made} ms long, the source {said} ms"
            raise TranscodeFailed(SHORTENED, f"{detail}\n{self.complaints}")
        return playlist

    def _watch(
        self, progress: ffmpeg.Progress | None, start: int, end: int, stage: str
    ) -> Callable[[], bool]:
        """Asked several times a second while ffmpeg runs; speaks to the database once a second."""
        said = clock.monotonic() - REPORT_SECONDS

        def keep_going() -> bool:
            nonlocal said
            self.lease.check()
            if clock.monotonic() - said >= REPORT_SECONDS:
                said = clock.monotonic()
                with reading():
                    there = queries.is_there(self.media_id)
                if not there:
                    raise Discarded
                if progress is not None:
                    percent = start + progress.percent * (end - start) // 100
                    self.lease.report(percent, f"{stage} {progress.left_seconds}")
            return True

        return keep_going

    # --- what goes with it ------------------------------------------------------------------------

    def _finished(
        self, outputs: Sequence[Output], playlists: dict[str, hls.Playlist], percent: int
    ) -> Made:
        """The master playlist, posters, storyboard or waveform."""
        variants = [self._variant(one, playlists[one.name]) for one in outputs]
        hls.write_master(self.work, variants)
        shown = [one for one in outputs if one.rung is not None]
        posters: list[str] = []
        if shown:
            self.lease.report(percent, "poster")
            posters = self._posters(
                [(playlists[o.name], o.rung.width) for o in shown if o.rung is not None]
            )
            smallest = shown[-1]
            if smallest.rung is not None and not smallest.copied:
                self._storyboard(
                    playlists[smallest.name], smallest.rung.width, smallest.rung.height
                )
        elif self.heard and self.heard.levels:
            pillow.waveform(self.heard.levels, self.work / WAVEFORM)
        if self.task.secret is not None:  # last: all pictures come from what is not encrypted
            for one in outputs:
                hls.encrypt(self.work, playlists[one.name], self.task.secret)
        renditions = [
            {
                "name": one.name,
                "width": variant.width,
                "height": variant.height,
                "size": variant.playlist.size,
                "rate": variant.playlist.average,
            }
            for one, variant in zip(outputs, variants, strict=True)
        ]
        return Made(renditions, posters)

    def _variant(self, one: Output, playlist: hls.Playlist) -> hls.Variant:
        sound = one.sound != NO_SOUND
        kind = hls.codecs(self.work, playlist, sound=sound, picture=one.rung is not None)
        if one.rung is None:
            return hls.Variant(playlist, 0, 0, 0.0, kind)
        rate = self.facts.rate if one.copied else ffmpeg.output_rate(self.facts, one.rung)
        return hls.Variant(playlist, one.rung.width, one.rung.height, rate, kind)

    def _posters(self, shown: Sequence[tuple[hls.Playlist, int]]) -> list[str]:
        """The sharpest of some frames from the first third, taken from what was just encoded, or
        the moment that was chosen.

        Every segment begins with a keyframe that is already upright, scaled and in ordinary
        colours: this costs a tenth of looking for frames in the source. Of a short recording all
        frames are decoded: there the smallest rendition will do that is as wide as a poster.
        """
        best, width = shown[0]
        at_ms = self.task.poster_ms
        if at_ms is not None and at_ms < self.facts.duration_ms:
            return service.picture_at(self.work, best, at_ms, width, self.work)
        if len(best.segments) <= 2:
            best, width = next(one for one in reversed(shown) if one[1] >= min(width, WIDEST))
        starts = [(segment.start, segment.length) for segment in best.segments]
        chosen = poster_segments(starts)
        joined = self.work / "poster-source.mp4"
        hls.joined(self.work, best, [best.segments[n] for n in chosen], joined)
        only_keyframes = len(best.segments) > 2
        found = ffmpeg.frames(joined, self.work, only_keyframes=only_keyframes)
        joined.unlink()
        if not found:
            return []
        frame = found[sharpest([pillow.sharpness(path) for path in found])]
        widths = picture_widths(width)
        names = [poster_name(one) for one in widths]
        pillow.posters(frame, widths, names, self.work)
        for path in found:
            path.unlink()
        return names

    def _storyboard(self, smallest: hls.Playlist, width: int, height: int) -> None:
        """Small pictures for the seek bar, from the keyframes of the smallest rendition."""
        segments = smallest.segments
        step = tile_step(len(segments))
        tall = max(2, round(TILE_WIDTH * height / width / 2) * 2)
        joined = self.work / "sheet-source.mp4"
        hls.joined(self.work, smallest, segments, joined)
        found = ffmpeg.sheets(joined, self.work, step=step, height=tall)
        joined.unlink()
        names = [pillow.sheet(path, STORYBOARD, self.work) for path in found]
        for path in found:
            path.unlink()
        cues: list[Sequence[int | str]] = []
        a_sheet = TILES_ACROSS * TILES_DOWN
        for number, first in enumerate(range(0, len(segments), step)):
            if number // a_sheet >= len(names):
                break
            following = segments[first + step].start if first + step < len(segments) else None
            end = following if following is not None else smallest.seconds
            across = number % TILES_ACROSS * TILE_WIDTH
            down = number % a_sheet // TILES_ACROSS * tall
            place = f"{names[number // a_sheet]}#xywh={across},{down},{TILE_WIDTH},{tall}"
            cues.append((round(segments[first].start * 1000), round(end * 1000), place))
        text = webvtt.write(cues)
        (self.work / f"{STORYBOARD}.vtt").write_text(text, encoding="utf-8")
