"""What the worker makes of a recording, looked at with ffprobe and by playing it."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, select

from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.core.models import Job
from app.media import hls, service
from app.media.models import Media
from app.media.queries import Recording
from tests.media.conftest import AAC, X264, Clips, Studio, ffmpeg, picture, tone

FFPROBE = ("ffprobe", "-v", "error", "-select_streams", "v", "-of", "csv=p=0")


def streams(path: Path) -> dict[str, dict]:
    """The streams of a file by kind, as ffprobe sees them."""
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    ).stdout
    report = json.loads(text)
    return {s["codec_type"]: s for s in report["streams"]} | {"format": report["format"]}


def keyframes(path: Path) -> list[float]:
    text = subprocess.run(
        [*FFPROBE, "-skip_frame", "nokey", "-show_entries", "frame=pts_time", path],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    ).stdout
    return [float(line.strip(",")) for line in text.split() if line.strip(",")]


def decodes(path: Path) -> float:
    """Seconds of sound and picture that ffmpeg can decode without one complaint."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", path, "-progress", "-", "-f", "null", "-"],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return int(re.findall(r"out_time_us=(\d+)", done.stdout)[-1]) / 1e6


def test_a_video_becomes_hls_with_two_renditions(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["two-rungs.mp4"])
    assert (found.state, found.progress, found.error) == ("ready", 100, "")
    folder = studio.version(found)
    master = (folder / "master.m3u8").read_text()
    assert re.findall(r"RESOLUTION=(\w+)", master) == ["640x360", "426x240"]
    said = re.findall(r'CODECS="([^"]+)"', master)
    assert [line for line in master.splitlines() if line[0] != "#"] == [
        *("360p.m3u8", "240p.m3u8", "audio.m3u8")
    ]
    assert said.pop() == "mp4a.40.2"
    for line in re.findall(r"#EXT-X-STREAM-INF:.*RESOLUTION.*", master):
        facts = dict(re.findall(r"([A-Z-]+)=([0-9.]+)", line))
        assert int(facts["BANDWIDTH"]) >= int(facts["AVERAGE-BANDWIDTH"]) > 50_000
        assert float(facts["FRAME-RATE"]) == 10
    keys = {}
    for rung, codecs in zip(("360p", "240p"), said, strict=True):
        whole = studio.joined(found, rung)
        both = streams(whole)
        assert codecs == f"avc1.6400{both['video']['level']:02x},mp4a.40.2"
        assert (both["video"]["codec_name"], both["video"]["profile"]) == ("h264", "High")
        assert both["video"]["pix_fmt"] == "yuv420p"
        assert (both["audio"]["codec_name"], both["audio"]["profile"]) == ("aac", "LC")
        assert both["audio"]["channels"] == 2
        assert abs(decodes(whole) - 9) < 0.1
        keys[rung] = keyframes(whole)
        playlist = hls.read(folder, f"{rung}.m3u8")
        assert [round(s.length) for s in playlist.segments] == [4, 4, 1]
    # Sound begins a moment before the picture: what an AAC decoder needs to begin.
    assert keys["360p"] == keys["240p"] == pytest.approx([0.02, 4.02, 8.02], abs=0.01)


def test_the_whole_thing_plays_from_its_master_playlist(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["plain.mp4"])
    # The sound alone begins two frames before the picture with its B-frames.
    assert decodes(studio.version(found) / "master.m3u8") == pytest.approx(2, abs=0.3)


def test_posters_are_made_in_the_size_of_the_video(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["two-rungs.mp4"])
    posters = sorted(studio.version(found).glob("poster-*"))
    assert [p.name for p in posters] == ["poster-480.webp", "poster-640.webp"]
    with Image.open(posters[1]) as picture:
        assert picture.size == (640, 360)
        assert picture.convert("L").getextrema()[1] > 200
    assert studio.links(found.id).poster.endswith("poster-640.webp")
    assert list(studio.version(found).glob("frame-*")) == []


def test_nothing_but_the_source_and_the_version_stays_on_disk(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["plain.mp4"])
    kept = {p for p in studio.files() if not p.startswith(f"renditions/{found.uuid}/v1/")}
    beside = {f"uploads/{found.uuid}/{name}" for name in ("source", "levels", "keyframes")}
    assert kept == beside
    assert list((studio.root / "work").iterdir()) == []


def picture_of(studio: Studio, found: Recording) -> dict:
    rung = f"{min(found.width, found.height) & ~1}p"
    return streams(studio.joined(found, rung))["video"]


def test_portrait_and_turned_phones_stay_upright(studio: Studio, clips: Clips) -> None:
    for clip in (clips["portrait.mp4"], clips.turned(90), clips.turned(270)):
        made = picture_of(studio, studio.prepared(clip))
        assert (made["width"], made["height"]) == (180, 320)
        assert "side_data_list" not in made  # nothing turns it a second time


def test_odd_sizes_become_even_and_never_larger(studio: Studio, clips: Clips) -> None:
    for clip in (clips["odd.mkv"], clips["odd.webm"]):
        found = studio.prepared(clip)
        made = picture_of(studio, found)
        assert (made["width"], made["height"]) == (320, 180)
        assert made["sample_aspect_ratio"] == "1:1"


def test_a_silent_video_is_ready_without_sound(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["silent.mp4"])
    assert found.is_ready
    assert "audio" not in streams(studio.joined(found, "180p"))
    assert "mp4a" not in (studio.version(found) / "master.m3u8").read_text()


@pytest.mark.parametrize("name", ["sound.mp3", "sound.m4a", "sound.wav"])
def test_sound_alone_becomes_a_recording_too(studio: Studio, clips: Clips, name: str) -> None:
    found = studio.prepared(clips[name])
    assert (found.kind, found.state, found.width) == ("audio", "ready", 0)
    made = streams(studio.joined(found, "audio"))
    assert "video" not in made
    assert made["audio"]["sample_rate"] == "48000"
    links = studio.links(found.id)
    assert links.poster == ""
    assert decodes(studio.version(found) / "master.m3u8") == pytest.approx(
        found.duration_ms / 1000, abs=0.1
    )


def test_a_tenth_of_a_second_is_enough(studio: Studio, clips: Clips) -> None:
    assert studio.prepared(clips["tiny.mp4"]).is_ready


@pytest.mark.parametrize("name", ["old.avi", "old.wmv", "old.flv", "stream.ts", "interlaced.mp4"])
def test_old_containers_and_codecs_are_prepared(studio: Studio, clips: Clips, name: str) -> None:
    found = studio.prepared(clips[name])
    assert (found.state, found.detail) == ("ready", "")


def test_sound_that_goes_on_after_the_picture_is_kept(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["long-sound.mp4"])
    assert found.is_ready
    assert keyframes(studio.joined(found, "180p"))[-1] == pytest.approx(4.1, abs=0.1)
    assert decodes(studio.joined(found, "180p")) == pytest.approx(5, abs=0.05)


def test_slides_get_frames_to_seek_to(studio: Studio, clips: Clips) -> None:
    """One picture every four seconds, with speech: still cut every four seconds."""
    found = studio.prepared(clips["slides.mp4"])
    assert found.is_ready
    playlist = hls.read(studio.version(found), "180p.m3u8")
    assert [round(s.length) for s in playlist.segments] == [4, 4, 4]


def test_no_more_than_sixty_frames_a_second(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["fast.mp4"])
    count = subprocess.run(
        [*FFPROBE, "-show_entries", "packet=pts_time", studio.joined(found, "180p")],
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    ).stdout
    assert 55 <= len(count.split()) <= 62


def test_what_the_file_said_about_itself_is_gone(studio: Studio, clips: Clips) -> None:
    """Where it was filmed is nobody's business; the source keeps it, what members get does not."""
    found = studio.prepared(clips["tags.mp4"])
    assert found.is_ready
    assert b"CANARY-METADATA" in clips["tags.mp4"].read_bytes()
    for path in studio.version(found).iterdir():
        data = path.read_bytes()
        for word in (b"CANARY", b"+22.5431", b"passwd"):
            assert word not in data, path.name


def test_chapters_and_other_streams_are_left_out(studio: Studio, samples: Path) -> None:
    found = studio.prepared(samples / "video" / "with-chapters.mp4")
    assert found.is_ready
    made = studio.joined(found, "720p")
    assert set(streams(made)) == {"video", "audio", "format"}


def test_subtitles_inside_a_file_do_no_harm(studio: Studio, clips: Clips, tmp_path: Path) -> None:
    words, clip = tmp_path / "words.srt", tmp_path / "with-words.mkv"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    ffmpeg("-i", str(clips["plain.mp4"]), "-i", str(words), "-c", "copy", "-c:s", "srt", str(clip))
    assert studio.prepared(clip).is_ready


def test_a_cover_in_a_song_is_not_a_video(studio: Studio, clips: Clips, png, tmp_path) -> None:
    cover, song = tmp_path / "cover.png", tmp_path / "song.mp3"
    cover.write_bytes(png(64, 64))
    ffmpeg(
        *("-i", str(clips["sound.mp3"]), "-i", str(cover), "-map", "0", "-map", "1"),
        *("-c", "copy", "-disposition:v:0", "attached_pic", str(song)),
    )
    found = studio.prepared(song)
    assert (found.kind, found.state) == ("audio", "ready")


def test_hdr_is_brought_into_ordinary_colours(studio: Studio, samples: Path) -> None:
    found = studio.prepared(samples / "video" / "hdr-hlg10.mp4")
    assert found.is_ready
    made = streams(studio.joined(found, "1080p"))["video"]
    assert made["pix_fmt"] == "yuv420p"
    assert (made["color_transfer"], made["color_primaries"]) == ("bt709", "bt709")
    poster = studio.version(found) / "poster-1280.webp"
    with Image.open(poster) as picture:  # a colour chart: the red and the blue patch are full
        red = picture.convert("RGB").getpixel((510, 418))
        blue = picture.convert("RGB").getpixel((200, 415))
    assert red[0] > 180
    assert max(red[1:]) < 90
    assert blue[2] > 150
    assert blue[0] < 60


def test_a_real_phone_video_stays_upright(studio: Studio, samples: Path, tmp_path: Path) -> None:
    clip = tmp_path / "phone.mp4"
    ffmpeg(
        "-t", "0.5", "-i", str(samples / "video" / "phone-rotated-270.mp4"), "-c", "copy", str(clip)
    )
    found = studio.prepared(clip)
    assert (found.width, found.height, found.state) == (720, 1280, "ready")
    made = streams(studio.joined(found, "720p"))["video"]
    assert (made["width"], made["height"]) == (720, 1280)


# --- states, tries, and what can go wrong ---------------------------------------------------


def test_progress_and_stages_are_told_on_the_way(studio: Studio, clips: Clips, monkeypatch) -> None:
    told: list[tuple[int, str]] = []
    report = jobs.Lease.report

    def listen(self, progress: int, stage: str = "") -> None:
        told.append((progress, stage))
        report(self, progress, stage)

    monkeypatch.setattr(jobs.Lease, "report", listen)
    studio.prepared(clips["two-rungs.mp4"])
    percents = [percent for percent, _ in told]
    assert percents == sorted(percents)
    assert [stage for _, stage in told][-2:] == ["checking", "poster"]
    assert {"listening", "rest"} <= {stage.split(" ")[0] for _, stage in told}


def test_short_ones_go_first_and_new_ones_before_what_has_failed(
    studio: Studio, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = studio.upload(clips["tiny.mp4"])
    source = studio.root / "uploads" / studio.recording(failed).uuid / "source"
    away = source.rename(source.with_name("away"))
    studio.work()
    away.rename(source)
    studio.client.post(f"/media/{failed}/retry", headers=studio.headers)
    longest, long, short = (studio.upload(clips["tiny.mp4"]) for _ in range(3))
    with studio.app.app_context(), unit_of_work() as session:
        for media_id, minutes in ((longest, 239), (long, 12), (short, 1)):
            session.get_one(Media, media_id).duration_ms = minutes * 60_000
            session.execute(delete(Job).where(Job.key == f"media:{media_id}"))
            service.enqueue_transcode(session.get_one(Media, media_id))
        session.execute(delete(Job).where(Job.key == f"media:{failed}", Job.state == "queued"))
        service.enqueue_transcode(session.get_one(Media, failed))
    wanted = [short, long, longest, failed]
    done: list[int] = []
    begin = service.begin
    monkeypatch.setattr(service, "begin", lambda media_id: done.append(media_id) or begin(media_id))
    assert [jobs.do_next(studio.app, long=True) for _ in wanted] == [True] * 4
    assert not jobs.do_next(studio.app, long=True)
    assert done == wanted


def test_the_same_job_twice_does_its_work_once(studio: Studio, clips: Clips) -> None:
    found = studio.prepared(clips["tiny.mp4"])
    before = studio.files()
    with studio.app.app_context(), unit_of_work():
        again = jobs.enqueue("media.transcode", media_id=found.id)
    jobs.run(studio.app, again)
    jobs.run(studio.app, again)
    assert studio.recording(found.id) == found
    assert studio.files() == before


def break_in_the_middle(path: Path, target: Path) -> Path:
    data = bytearray(path.read_bytes())
    start = data.find(b"mdat") + 3_000
    data[start : start + len(data) // 2] = bytes(len(data) // 2)
    target.write_bytes(data)
    return target


def test_a_file_that_is_broken_in_the_middle_fails_with_a_reason(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    broken = break_in_the_middle(clips["front.mp4"], tmp_path / "broken.mp4")
    found = studio.prepared(broken)
    assert found.state == "failed"
    assert "damaged" in found.error or "could not be decoded" in found.error
    assert found.detail
    assert (studio.root / "uploads" / found.uuid / "source").exists()
    assert not (studio.root / "renditions" / found.uuid).exists()
    assert list((studio.root / "work").iterdir()) == []
    with pytest.raises(service_refusal()):
        studio.links(found.id)


@pytest.mark.parametrize("how_much", ["a frame", "a third"])
def test_a_picture_that_could_be_copied_is_looked_into_all_the_same(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how_much: str
) -> None:
    """One frame of 250 that cannot be decoded does no harm; a third of them is no lesson."""
    monkeypatch.setattr("app.media.rules.passes.COPY_FROM_MS", 0)
    clip = tmp_path / "clip.mp4"
    keys = ("-g", "50", "-b:v", "300k", "-profile:v", "main", "-level", "3.0", "-bf", "0")
    ffmpeg(*picture("320x180", 10, 25), *tone(10), *X264, *keys, *AAC, str(clip))
    data = bytearray(clip.read_bytes())
    begin, length = data.find(b"mdat") + 4, int.from_bytes(data[data.find(b"mdat") - 4 :][:4])
    half = begin + length // 2
    if how_much == "a frame":
        data[half : half + 100] = bytes(100)
    else:
        data[half : half + length // 3] = bytes(length // 3)
    clip.write_bytes(data)
    found = studio.prepared(clip)
    assert found.state == ("ready" if how_much == "a frame" else "failed"), found.detail
    assert (studio.root / "uploads" / found.uuid / "source").read_bytes() == data


def service_refusal():
    from app.media.rules import NotReady

    return NotReady


def test_a_failed_recording_can_be_tried_again(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    source = studio.root / "uploads" / studio.recording(media_id).uuid / "source"
    away = source.with_name("away")
    source.rename(away)
    studio.work()
    failed = studio.recording(media_id)
    assert (failed.state, failed.is_finished) == ("failed", True)
    assert "upload it again" in failed.error
    page = studio.client.get(f"/media/{media_id}/state", headers={"HX-Request": "true"})
    assert failed.error in page.get_data(as_text=True)
    assert "hx-get" not in page.get_data(as_text=True)  # nothing to wait for
    away.rename(source)
    headers = {**studio.headers, "HX-Request": "true", "Accept": "text/html"}
    answer = studio.client.post(f"/media/{media_id}/retry", headers=headers)
    assert answer.status_code == 200
    assert 'data-media-state="queued"' in answer.get_data(as_text=True)
    studio.work()
    assert studio.recording(media_id).is_ready
    again = studio.client.post(f"/media/{media_id}/retry", headers=studio.headers)
    assert (again.status_code, again.json["reason"]) == (409, "NothingToRetry")


def test_the_reason_of_a_failure_is_told_in_the_readers_language(studio: Studio, clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    (studio.root / "uploads" / studio.recording(media_id).uuid / "source").unlink()
    studio.work()
    page = studio.client.get(f"/media/{media_id}/state", headers={"Accept-Language": "zh-CN"})
    assert "请重新上传" in page.get_data(as_text=True)


def test_a_machine_without_room_tries_again_and_then_says_so(
    studio: Studio, clips: Clips, monkeypatch
) -> None:
    """ffmpeg really meets a full disk here: its files may not grow beyond a few kilobytes."""
    from app.media.disk import MediaFolder

    media_id = studio.upload(clips["tiny.mp4"])

    def full(self, wanted: int = 0) -> None:
        from app.core.refusals import NoRoom

        raise NoRoom

    with monkeypatch.context() as patch:
        patch.setattr(MediaFolder, "look_for_room", full)
        studio.work()
        assert studio.recording(media_id).state == "transcoding"
        assert studio.recording(media_id).stage == "again"
        for _ in range(2):
            hurry(studio)
            studio.work()
        failed = studio.recording(media_id)
    assert failed.state == "failed"
    assert "disk is full" in failed.error
    with studio.app.app_context(), unit_of_work():
        service.retry(media_id)
    studio.work()
    assert studio.recording(media_id).is_ready


def hurry(studio: Studio) -> None:
    """Let the next try of every waiting job begin now."""
    with studio.app.app_context(), unit_of_work() as session:
        for job in session.scalars(select(Job).where(Job.state == "queued")):
            job.run_after = job.created_at


def test_a_recording_that_is_discarded_while_it_is_prepared_ends_quietly(
    studio: Studio, clips: Clips, monkeypatch
) -> None:
    media_id = studio.upload(clips["two-rungs.mp4"])
    report = jobs.Lease.report

    def discard_at_first(self, progress: int, stage: str = "") -> None:
        report(self, progress, stage)
        with unit_of_work():
            service.discard(media_id)

    monkeypatch.setattr(jobs.Lease, "report", discard_at_first)
    studio.work()
    with studio.app.app_context():
        assert db.session.get(Media, media_id) is None
        job = db.session.scalar(select(Job))
        assert (job.state, job.detail) == ("done", "")
        db.session.rollback()
    assert studio.files() == set()


def test_a_try_that_lost_its_lease_leaves_no_trace(studio: Studio, clips, monkeypatch) -> None:
    """Another worker took the job over; what this one makes is never served."""
    media_id = studio.upload(clips["two-rungs.mp4"])
    report = jobs.Lease.report

    def lose(self, progress: int, stage: str = "") -> None:
        with unit_of_work() as session:
            session.get_one(Job, self.job_id).lease_token = "f" * 32
        report(self, progress, stage)

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Lease, "report", lose)
        studio.work()
    found = studio.recording(media_id)
    assert found.state == "transcoding"
    assert studio.files() == {f"uploads/{found.uuid}/source"}


def test_an_older_try_can_not_publish_over_a_newer_one(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    with studio.app.app_context():
        with unit_of_work():
            first = service.begin(media_id)
        with unit_of_work():
            second = service.begin(media_id)
        assert (first.attempt, second.attempt) == (1, 2)
        with unit_of_work():
            assert not service.finish(media_id, attempt=1, renditions=[], posters=[])
        with unit_of_work():
            assert service.finish(media_id, attempt=2, renditions=[], posters=[])


def test_what_an_earlier_try_left_is_removed(studio: Studio, clips: Clips) -> None:
    """A worker died between publishing the files and saying so."""
    media_id = studio.upload(clips["tiny.mp4"])
    uuid = studio.recording(media_id).uuid
    left = studio.root / "work" / f"{uuid}-{'a' * 32}"
    left.mkdir(parents=True)
    (left / "240p-00000.m4s").write_bytes(b"half")
    other = studio.root / "work" / f"{'b' * 32}-{'c' * 32}"
    other.mkdir(parents=True)
    with studio.app.app_context(), unit_of_work():
        service.begin(media_id)
    orphan = studio.root / "renditions" / uuid / "v1"
    orphan.mkdir(parents=True)
    (orphan / "master.m3u8").write_text("old")
    studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.version) == ("ready", 2)
    assert not left.exists()
    assert other.exists()  # somebody else's try
    assert not orphan.exists()


def test_a_worker_that_ends_between_the_files_and_the_row_is_followed_by_one_result(
    studio: Studio, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by kill -9 right after publishing: the row knows nothing of the files that are there."""
    media_id = studio.upload(clips["tiny.mp4"])
    uuid = studio.recording(media_id).uuid

    def killed(*_given: object, **_more: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(service, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            studio.work()
    renditions = studio.root / "renditions" / uuid
    first = {path.name for path in (renditions / "v1").iterdir()}
    assert "master.m3u8" in first
    assert studio.recording(media_id).state == "transcoding"
    later = clock.now() + jobs.LEASE + timedelta(seconds=1)
    with clock.use(lambda: later):
        jobs.sweep(studio.app)
        studio.work()
    found = studio.recording(media_id)
    assert (found.state, found.version) == ("ready", 2)
    assert [path.name for path in renditions.iterdir()] == ["v2"]
    assert {path.name for path in (renditions / "v2").iterdir()} == first


def test_a_discarded_recording_takes_its_files_with_it(studio: Studio, clips: Clips) -> None:
    keep, go = studio.prepared(clips["tiny.mp4"]), studio.prepared(clips["tiny.mp4"])
    with studio.app.app_context(), unit_of_work():
        service.discard(go.id)
        assert any(go.uuid in name for name in studio.files())  # not before the commit
    assert all(keep.uuid in name for name in studio.files())
    with studio.app.app_context(), unit_of_work():
        service.discard(go.id)  # gone already: nothing happens


def test_an_imported_file_is_taken_over_once(studio: Studio, clips: Clips) -> None:
    with studio.app.app_context():
        ids = []
        for _ in range(2):
            with unit_of_work():
                ids.append(
                    service.import_file(
                        clips["tiny.mp4"], owner_id=studio.trainer, filename="intro.mp4"
                    )
                )
    assert ids[0] == ids[1]
    assert len(studio.files()) == 1
    studio.work()
    assert studio.recording(ids[0]).is_ready
