"""How long `/healthz` takes while the worker is busy with a bomb, beside the same site at rest.

Two files made to cost much: twenty seconds of 1080p that are nothing but noise, and four kilobytes
whose two frames lie hours apart. gunicorn and the worker run as for everybody. Seconds to look at
each can be given: bench/healthz.py [20].
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from app.core.db import db, unit_of_work
from app.core.refusals import Refusal
from app.media import queries, service
from bench.pages import empty_database
from tests.conftest import make_config
from tests.live import Site, free_port, running_site

GOAL = 0.2
SECONDS = 20.0
PAUSE = 0.02  # between two requests


def cpu_bomb(folder: Path) -> Path:
    clip, noise = folder / "noise.mp4", folder / "bit.mp4"
    picture = "nullsrc=s=1920x1080:r=30:d=0.2,geq=random(1)*255:128:128"
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p")
    _ffmpeg("-f", "lavfi", "-i", picture, *x264, str(noise))
    _ffmpeg("-stream_loop", "100", "-i", str(noise), "-c", "copy", str(clip))
    return clip


def time_bomb(folder: Path) -> Path:
    clip = folder / "times.mkv"
    picture = "testsrc2=size=64x64:rate=1:duration=2"
    times = ("-vf", "setpts=N*600/TB", "-fps_mode", "vfr", "-enc_time_base", "1:1000")
    _ffmpeg("-f", "lavfi", "-i", picture, *times, "-c:v", "libx264", str(clip))
    return clip


def _ffmpeg(*arguments: str) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=300)


def answered(site: Site) -> float:
    begin = time.monotonic()
    with urllib.request.urlopen(f"{site.url}/healthz", timeout=60) as answer:
        answer.read()
    return time.monotonic() - begin


def state(site: Site, media_id: int) -> str:
    with site.app.app_context():
        found = queries.recording(media_id)
        db.session.rollback()
    return found.state if found else ""


def asked(site: Site, seconds: float, media_id: int | None = None) -> list[float]:
    """Answers of so many seconds; of a recording, only while it is being prepared."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if media_id is not None and len(times) % 10 == 0 and state(site, media_id) != "transcoding":
            break
        times.append(answered(site))
        time.sleep(PAUSE)
    return times


def share(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory(prefix="weike-bench-") as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        empty = empty_database(folder / "empty")
        config = make_config(folder, base_url=f"http://127.0.0.1:{free_port()}")
        with running_site(config, empty) as site:
            trainer = site.people.member(role="trainer")
            asked(site, 2)
            rest = asked(site, seconds)
            rows = [row("at rest", rest, rest)]
            for what, make in (("a CPU bomb", cpu_bomb), ("a bomb of times", time_bomb)):
                try:
                    with site.app.app_context(), unit_of_work():
                        clip = make(folder)
                        media_id = service.import_file(clip, owner_id=trainer, filename=clip.name)
                except Refusal as refusal:
                    print(f"{what} is refused: {refusal}")
                    continue
                until = time.monotonic() + 60
                while state(site, media_id) == "queued" and time.monotonic() < until:
                    time.sleep(0.02)
                times = asked(site, seconds, media_id)
                print(f"{what}: {state(site, media_id)} after {len(times)} requests")
                if times:
                    rows.append(row(f"beside {what}", times, rest))
    for one in rows:
        print(" | ".join(one.values()))
    print(json.dumps({"name": "healthz", "rows": rows}, ensure_ascii=False))


def row(what: str, times: list[float], rest: list[float]) -> dict[str, str]:
    p50, p95, p99 = (f"{share(times, part) * 1000:.0f}" for part in (0.5, 0.95, 0.99))
    return {
        "what": f"/healthz {what}, p50 / p95 / p99 of {len(times)}",
        "ours": f"{p50} / {p95} / {p99} ms",
        "other": f"{share(rest, 0.95) * 1000:.0f} ms at rest, p95",
        "ratio": f"{share(times, 0.95) / share(rest, 0.95):.1f}",
        "goal": f"p95 < {GOAL * 1000:.0f} ms",
    }


if __name__ == "__main__":
    main()
