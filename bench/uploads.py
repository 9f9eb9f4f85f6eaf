"""Uploading by tus in pieces of 8 MiB, beside one plain request to the same server.

Both go to gunicorn as it runs in production, over the loopback, and end with the probe of the
file; a second process measures the server's memory. Size in MiB: bench/uploads.py [256].
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from tusclient.client import TusClient

from app import create_app
from app.core.db import Base, db
from tests.conftest import make_config
from tests.factories import csrf
from tests.live import Site, free_port

MIB = 1024 * 1024
GOAL = 1.3
GOAL_MEMORY = 150


def big_file(folder: Path, size: int) -> Path:
    """A film with much room behind its end: real for the probe, and as large as one likes."""
    path = folder / "big.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi"),
            *("-i", "testsrc2=size=320x180:rate=10:duration=2", "-c:v", "libx264", str(path)),
        ],
        check=True,
    )
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        file.write((size - end).to_bytes(4, "big") + b"free")
        block = bytes(range(256)) * 4096
        while file.tell() < size:
            file.write(block[: size - file.tell()])
    return path


def memory_of(pid: int) -> int:
    """The highest memory of the largest process below `pid`, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    peaks = []
    for child in children:
        lines = Path(f"/proc/{child}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")]
    return max(peaks)


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 256) * MIB
    with tempfile.TemporaryDirectory(prefix="weike-bench-") as name:
        folder = Path(name)
        config = make_config(folder, base_url=f"http://127.0.0.1:{free_port()}", testing=False)
        app = create_app(config)
        with app.app_context():
            Base.metadata.create_all(db.engine)
            db.session.remove()
        site = Site(config, app)
        site.start("web")
        try:
            site.wait_until_up()
            compare(site, big_file(folder, size), size)
        finally:
            site.stop("web")


def compare(site: Site, path: Path, size: int) -> None:
    client = site.people.client(site.people.member(role="trainer"))
    token = csrf(client)["X-CSRFToken"]
    cookie = client.get_cookie("sid")
    assert cookie is not None
    headers = {"X-CSRFToken": token, "Cookie": f"sid={cookie.value}", "Accept": "application/json"}

    def plain() -> None:
        with path.open("rb") as file:
            answer = requests.post(
                f"{site.url}/media/upload?filename=big.mp4",
                data=file,
                headers={**headers, "Content-Type": "application/octet-stream"},
                timeout=600,
            )
        assert answer.ok, answer.text

    def by_tus() -> None:
        with path.open("rb") as file:
            uploader = TusClient(f"{site.url}/media/tus", headers=headers).uploader(
                file_stream=file, chunk_size=8 * MIB
            )
            uploader.upload()
        answer = requests.post(f"{uploader.url}/recording", headers=headers, timeout=600)
        assert answer.ok, answer.text

    times: dict[str, list[float]] = {"plain": [], "tus": []}
    for turn in range(3):
        for way in ("plain", "tus") if turn % 2 == 0 else ("tus", "plain"):
            begin = time.monotonic()
            (plain if way == "plain" else by_tus)()
            times[way].append(time.monotonic() - begin)
    ours, other = min(times["tus"]), min(times["plain"])
    memory = memory_of(site.processes["web"].pid)
    rows = [
        {
            "what": f"upload of {size // MIB} MiB by tus ÷ in one plain request",
            "ours": f"{ours:.2f} s",
            "other": f"{other:.2f} s",
            "ratio": f"{ours / other:.2f}",
            "goal": f"≤ {GOAL}",
        },
        {
            "what": "highest memory of the server meanwhile",
            "ours": f"{memory} MB",
            "other": "",
            "ratio": "",
            "goal": f"< {GOAL_MEMORY} MB",
        },
    ]
    print(f"{size / MIB / ours:.0f} MiB/s by tus")
    print(json.dumps({"name": "uploads", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
