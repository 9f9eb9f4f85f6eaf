"""Preparing a recording, beside the plain ffmpeg commands that make the same renditions.

Five ways, in turns, in the same run, on the same clip with the same rungs, rates and preset:

* ours: what happens between the last byte of an upload and “ready”: probe, row, job, encode with
  its leash and progress, check of every segment, master playlist, posters, flush, publish;
* plain: one ffmpeg command, one decode, all renditions, nothing else (no probe, no poster);
* apart: one ffmpeg command per rendition, each decoding the source, with our options of x264;
* peertube: the same, with the options that PeerTube gives x264 (-b_strategy 1 -bf 16);
* boxed: the same with the one thread that PeerTube gives ffmpeg unless it is told otherwise
  (transcoding.threads in its default.yaml).

What is in HDR is brought into ordinary colours by the first three, with the same filters; PeerTube
does not do that.

Besides: how long it takes until something can be watched, for a picture that must be encoded and
for one that is copied. CPU is that of everything below this process, also of what runs in
bubblewrap's cell. Below 720p all ways make thirty frames a second of sixty, as PeerTube does.
Clip, turns and what ours is compared with can be given:
bench/transcode.py [FILE] [N] [plain,apart,peertube,boxed].
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask

from app import create_app
from app.core import jobs
from app.core.db import Base, db, unit_of_work
from app.media import ffmpeg, queries, service
from app.media.rules import AUDIO_BITS, SEGMENT_SECONDS, Rung, plan
from app.members.models import Branch, Member
from config import Config

TURNS = 1
SECONDS = 40  # of the clip
THREADS = 2
GOALS = {"plain": 1.25, "apart": 0.50, "peertube": 0.50, "boxed": 0.50}
CHILD_SUBREAPER = 36  # of prctl(2)
GOAL_PLAYABLE = 0.35
GOAL_COPIED = 0.05


@dataclass
class Cost:
    """Seconds of one turn."""

    wall: float
    cpu: float


def measured(work: Callable[[], object]) -> Cost:
    def cpu() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    wall, before = time.monotonic(), cpu()
    work()
    took = time.monotonic() - wall
    gather()
    return Cost(took, cpu() - before)


def adopt() -> None:
    """Let what bubblewrap leaves behind become a child of this process.

    Its first process ends without waiting for the second, in whose cell ffmpeg was; who waits for
    that one gets its CPU counted.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def gather() -> None:
    """Wait for all children, so that they are counted; at most ten seconds."""
    until = time.monotonic() + 10
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)


def run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["nice", "-n", "10", "ffmpeg", "-nostdin", "-y", "-v", "error", *arguments],  # as ours
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr


def made_clip(folder: Path) -> Path:
    """Forty seconds of 720p that move like a filmed scene, with sound; too dense to be copied."""
    clip = folder / "clip.mp4"
    run(
        *("-f", "lavfi", "-i", "mandelbrot=size=1280x720:rate=25,noise=alls=6:allf=t"),
        *("-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.2", "-t", str(SECONDS)),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "160k", str(clip)),
        cwd=folder,
    )
    return clip


def suitable(clip: Path, folder: Path) -> Path:
    """The same as a meeting program would record it: it fits as it is."""
    target = folder / "suitable.mp4"
    run(
        *("-i", str(clip), "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2000k"),
        *("-maxrate", "2500k", "-bufsize", "2500k", "-g", "50", "-c:a", "aac", str(target)),
        cwd=folder,
    )
    return target


# --- the three ways -----------------------------------------------------------------------------


playable_after: list[float] = []  # seconds from the last byte until something can be watched


def ours(app: Flask, clip: Path, owner: int) -> queries.Recording:
    begin = time.monotonic()
    show_early = service.show_early

    def noticed(*arguments: object, **more: object) -> object:
        playable_after.append(time.monotonic() - begin)
        return show_early(*arguments, **more)

    service.show_early = noticed
    try:
        return uploaded(app, clip, owner)
    finally:
        service.show_early = show_early


def uploaded(app: Flask, clip: Path, owner: int) -> queries.Recording:
    with app.app_context():
        with clip.open("rb") as stream:
            stored = service.store(filename=clip.name, stream=stream, length=clip.stat().st_size)
        with unit_of_work():
            media_id = service.register(stored, owner_id=owner)
    jobs.run_pending(app)
    with app.app_context():
        found = queries.recording(media_id)
        db.session.rollback()
    assert found is not None
    assert found.is_ready, found.detail
    return found


def video_options(rung: Rung, number: int) -> list[str]:
    return [
        *(f"-crf:v:{number}", str(rung.crf), f"-maxrate:v:{number}", str(rung.most_bits)),
        *(f"-bufsize:v:{number}", str(rung.most_bits * 2)),
    ]


COMMON = (
    *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-sc_threshold", "0"),
    *("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})"),
    *("-c:a", "aac", "-b:a", str(AUDIO_BITS), "-ac", "2", "-ar", "48000"),
    *("-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod"),
    *("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments"),
    *("-threads", str(THREADS)),
)


def colours(hdr: bool) -> str:
    """What follows a scaler: eight bits, and HDR as ordinary screens show it."""
    if not hdr:
        return ",format=yuv420p"
    return (
        ",zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,"
        "tonemap=mobius:param=0.5:desat=0:peak=4.926,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
    )


def shown(rung: Rung, hdr: bool) -> str:
    """The filters of a rendition."""
    thinner = "framestep=2," if rung.halved else ""
    return f"{thinner}scale={rung.width}:{rung.height}{colours(hdr)}"


def plain(clip: Path, rungs: tuple[Rung, ...], folder: Path, hdr: bool) -> None:
    """One decode, each rendition scaled from the source, as the manual of ffmpeg shows it."""
    parts = [f"[0:v]split={len(rungs)}" + "".join(f"[s{n}]" for n in range(len(rungs)))]
    parts += [f"[s{n}]{shown(r, hdr)}[v{n}]" for n, r in enumerate(rungs)]
    maps = [p for n in range(len(rungs)) for p in ("-map", f"[v{n}]", "-map", "0:a:0")]
    options = [p for n, rung in enumerate(rungs) for p in video_options(rung, n)]
    streams = " ".join(f"v:{n},a:{n}" for n in range(len(rungs)))
    run(
        *("-i", str(clip), "-filter_complex", ";".join(parts), *maps, *options, *COMMON),
        *("-var_stream_map", streams, "-master_pl_name", "master.m3u8"),
        *("-hls_fmp4_init_filename", "init_%v.mp4", "-hls_segment_filename", "s%v_%05d.m4s"),
        "v%v.m3u8",
        cwd=folder,
    )


def peertube(clip: Path, rungs: tuple[Rung, ...], folder: Path, hdr: bool) -> None:
    """A command for each rendition as PeerTube writes it (see its default transcoding profile)."""
    apart(clip, rungs, folder, False, ("-b_strategy", "1", "-bf", "16"))


def boxed(clip: Path, rungs: tuple[Rung, ...], folder: Path, hdr: bool) -> None:
    apart(clip, rungs, folder, False, ("-b_strategy", "1", "-bf", "16", "-threads", "1"))


def apart(
    clip: Path, rungs: tuple[Rung, ...], folder: Path, hdr: bool, more: tuple[str, ...] = ()
) -> None:
    """A command for each rendition, with a decode of its own."""
    for rung in rungs:
        run(
            *("-i", str(clip), "-vf", shown(rung, hdr)),
            *(*video_options(rung, 0), *COMMON, *more),
            *("-hls_fmp4_init_filename", f"{rung.name}.mp4"),
            *("-hls_segment_filename", f"{rung.name}_%05d.m4s", f"{rung.name}.m3u8"),
            cwd=folder,
        )


# --- what came out --------------------------------------------------------------------------------


def likeness(clip: Path, playlist: Path, size: tuple[int, int], hdr: bool) -> float:
    """SSIM of a rendition to the source at its size: 1 is the same."""
    shown = f"scale={size[0]}:{size[1]}{colours(hdr)}"
    graph = f"[0:v]{shown},setpts=PTS-STARTPTS[a];[1:v]setpts=PTS-STARTPTS[b]"
    done = subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "info", "-i", str(clip), "-i", playlist.name),
            *("-lavfi", f"{graph};[a][b]ssim", "-f", "null", "-"),
        ],
        cwd=playlist.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(re.findall(r"All:([0-9.]+)", done.stderr)[-1])


def bytes_of(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*.m4s"))


# --- the bench ------------------------------------------------------------------------------------


def prepared_app(folder: Path) -> tuple[Flask, int]:
    config = Config.from_env(
        {},
        secret_key="bench-" * 8,
        instance_dir=folder / "instance",
        media_dir=folder / "media",
        search_dir=folder / "search",
        ffmpeg_threads=THREADS,
        disk_reserve=0,
    )
    app = create_app(config)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with unit_of_work() as session:
            from app.core import clock

            branch = Branch(name="Bench", path="/1/")
            session.add(branch)
            session.flush()
            owner = Member(
                username="bench", name="Bench", branch_id=branch.id, created_at=clock.now()
            )
            session.add(owner)
            session.flush()
            return app, owner.id


def main() -> None:
    adopt()
    folder = Path(tempfile.mkdtemp(prefix="weike-bench-"))
    try:
        given = sys.argv[1:]
        clip = Path(given[0]).resolve() if given else made_clip(folder)
        ways = given[2].split(",") if len(given) > 2 else list(GOALS)
        compare(folder, clip, int(given[1]) if len(given) > 1 else TURNS, {"plain", *ways})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compare(folder: Path, clip: Path, turns: int, ways: Container[str]) -> None:
    app, owner = prepared_app(folder)
    with app.app_context():
        probe = measured(lambda: ffmpeg.probe(clip))
        facts = ffmpeg.probe(clip)
    rungs = plan(facts).rungs
    made: list[queries.Recording] = []
    others = {"plain": plain, "apart": apart, "peertube": peertube, "boxed": boxed}
    others = {way: make for way, make in others.items() if way in ways}
    costs: dict[str, list[Cost]] = {way: [] for way in ("ours", *others)}
    for turn in range(turns):
        # Each turn in another order, so that none is always first.
        order = ["ours", *others] if turn % 2 == 0 else [*reversed(others), "ours"]
        for way in order:
            if way == "ours":
                costs[way].append(measured(lambda: made.append(ours(app, clip, owner))))
                continue
            target = folder / way
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            make = partial(others[way], clip, rungs, target, facts.is_hdr)
            costs[way].append(measured(make))
    early = playable_after[:]
    ours(app, suitable(clip, folder), owner)
    copied = playable_after[-1] if len(playable_after) > len(early) else 0.0
    best = app.extensions["weike"].media_dir / "renditions" / made[-1].uuid
    best /= f"v{made[-1].version}"
    when = {"early": statistics.median(early) if early else 0.0, "copied": copied}
    report(clip, facts, rungs, costs, probe, best, folder / "plain", when)


def report(clip, facts, rungs, costs, probe, mine, other, when) -> None:
    middle = {
        way: Cost(statistics.median(c.wall for c in turns), statistics.median(c.cpu for c in turns))
        for way, turns in costs.items()
    }
    names = ", ".join(rung.name for rung in rungs)
    print(f"{facts.duration_ms / 1000:.1f} s of video → {names}; {len(costs['ours'])} turns each")
    rows = []
    labels = {
        "plain": "one plain command",
        "apart": "one command per rendition",
        "peertube": "one command per rendition as PeerTube writes it",
        "boxed": "the same with PeerTube's one thread",
    }
    for way, label in labels.items():
        if way not in middle:
            continue
        for kind in ("wall", "cpu"):
            ratio = getattr(middle["ours"], kind) / getattr(middle[way], kind)
            rows.append(
                {
                    "what": f"transcode ÷ {label}, {kind}",
                    "ours": f"{getattr(middle['ours'], kind):.2f} s",
                    "other": f"{getattr(middle[way], kind):.2f} s",
                    "ratio": f"{ratio:.2f}",
                    "goal": f"≤ {GOALS[way]:.2f}",
                }
            )
    for name, label, goal in (
        ("early", "can be watched after, ÷ one plain command", GOAL_PLAYABLE),
        ("copied", "the same where the picture is copied", GOAL_COPIED),
    ):
        rows.append(
            {
                "what": label,
                "ours": f"{when[name]:.2f} s",
                "other": f"{middle['plain'].wall:.2f} s",
                "ratio": f"{when[name] / middle['plain'].wall:.3f}",
                "goal": f"≤ {goal:.2f}",
            }
        )
    sizes = bytes_of(mine), bytes_of(other)
    rows.append(
        {
            "what": "bytes of all renditions",
            "ours": f"{sizes[0] / 1e6:.2f} MB",
            "other": f"{sizes[1] / 1e6:.2f} MB",
            "ratio": f"{sizes[0] / sizes[1]:.2f}",
            "goal": "",
        }
    )
    for number, rung in ((0, rungs[0]), (len(rungs) - 1, rungs[-1])):
        size = rung.width, rung.height
        like = (
            likeness(clip, mine / f"{rung.name}.m3u8", size, facts.is_hdr),
            likeness(clip, other / f"v{number}.m3u8", size, facts.is_hdr),
        )
        rows.append(
            {
                "what": f"likeness to the source (SSIM), {rung.name}",
                "ours": f"{like[0]:.4f}",
                "other": f"{like[1]:.4f}",
                "ratio": f"{like[0] / like[1]:.3f}",
                "goal": "",
            }
        )
    for row in rows:
        print(" | ".join(str(row[k]) for k in ("what", "ours", "other", "ratio", "goal")))
    speed = facts.duration_ms / 1000 / middle["ours"].wall
    print(f"probe {probe.wall:.2f} s; {speed:.1f} × real time on {os.cpu_count()} cores")
    print(json.dumps({"name": "transcode", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
