"""Clients that others wrote upload to a running server: tuspy, and tus-js-client in Node."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from tusclient.client import TusClient

from app.media import queries
from config import ROOT
from tests.factories import csrf
from tests.live import Site
from tests.media.conftest import Clips

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("live")]

SCRIPT = """
const tus = require(process.argv[1]);
const fs = require("fs");
const { file, endpoint, headers, stop, url } = JSON.parse(process.argv[2]);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint, headers, chunkSize: 4096, uploadSize: fs.statSync(file).size, uploadUrl: url ?? null,
  retryDelays: [0, 100, 500, 1000], metadata: { filename: "node.mp4" },
  onProgress(sent) {
    if (stop && sent > stop && upload.url) {
      console.log(upload.url);
      process.exit(0);
    }
  },
  onSuccess() { console.log(upload.url); },
  onError(problem) { console.error(String(problem)); process.exit(1); },
});
upload.start();
"""


@pytest.fixture
def sender(site: Site) -> dict[str, str]:
    """Headers of a signed-in trainer."""
    client = site.people.client(site.people.member(role="trainer"))
    token = csrf(client)["X-CSRFToken"]
    cookie = client.get_cookie("sid")
    assert cookie is not None
    return {"X-CSRFToken": token, "Cookie": f"sid={cookie.value}", "Accept": "application/json"}


def answers(site: Site) -> bool:
    try:
        return requests.get(f"{site.url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def kept(site: Site, where: str, headers: dict[str, str]) -> str:
    """The SHA-256 of what the server has made of a finished upload."""
    made = requests.post(f"{where}/recording", headers=headers, timeout=60)
    assert made.status_code == 200, made.text
    with site.app.app_context():
        found = queries.recording(made.json()["id"])
    assert found is not None
    path = site.config.media_dir / "uploads" / found.uuid / "source"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_tuspy_uploads_in_checked_pieces_and_goes_on(
    site: Site, sender: dict[str, str], clips: Clips
) -> None:
    source = clips["two-rungs.mp4"]
    size = source.stat().st_size
    client = TusClient(f"{site.url}/media/tus", headers=sender)
    stream = source.open("rb")  # tuspy leaves files open that it opens itself
    pieces = {"file_stream": stream, "chunk_size": 4096, "upload_checksum": True}
    first = client.uploader(**pieces)
    first.upload(stop_at=size // 2)
    # The web process dies; what was acknowledged is there when it comes back.
    site.stop("web", signal.SIGKILL)
    while answers(site):  # a worker that has lost its master takes a second to notice
        time.sleep(0.1)
    site.start("web")
    site.wait_until_up()
    again = client.uploader(url=first.url, **pieces)
    assert again.offset == first.offset > 0
    again.upload()
    assert again.offset == size
    stream.close()
    expected = hashlib.sha256(source.read_bytes()).hexdigest()
    assert kept(site, first.url, sender) == expected


def node(arguments: dict[str, object]) -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not on this machine")
    module = ROOT / "node_modules" / "tus-js-client"
    done = subprocess.run(
        [program, "-e", SCRIPT, str(module), json.dumps(arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_tus_js_client_goes_on_after_it_was_ended(
    site: Site, sender: dict[str, str], clips: Clips
) -> None:
    source = clips["two-rungs.mp4"]
    size = source.stat().st_size
    asked = {"file": str(source), "endpoint": f"{site.url}/media/tus", "headers": sender}
    where = node({**asked, "stop": size // 2})
    tus = {**sender, "Tus-Resumable": "1.0.0"}
    offset = int(requests.head(where, headers=tus, timeout=10).headers["Upload-Offset"])
    assert 0 < offset < size
    assert node({**asked, "url": where}) == where
    assert kept(site, where, sender) == hashlib.sha256(source.read_bytes()).hexdigest()


MIB = 1024 * 1024


@pytest.fixture
def film(clips: Clips) -> bytes:
    """Twelve megabytes that are a film, with room behind its end that nothing looks at."""
    data = clips["two-rungs.mp4"].read_bytes()
    room = 12 * MIB - len(data)
    return data + room.to_bytes(4, "big") + b"free" + os.urandom(room - 8)


def sent_in_part(where: str, sender: dict[str, str], data: bytes, promised: int) -> socket.socket:
    """A piece of which only a part has been sent; the connection is still open."""
    place = urlsplit(where)
    connection = socket.create_connection((str(place.hostname), int(place.port or 80)), timeout=30)
    headers = {
        **sender,
        "Host": place.netloc,
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(promised),
    }
    lines = [f"PATCH {place.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    return connection


def offset_of(where: str, sender: dict[str, str]) -> int:
    answer = requests.head(where, headers={**sender, "Tus-Resumable": "1.0.0"}, timeout=30)
    return int(answer.headers["Upload-Offset"])


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def begun(site: Site, sender: dict[str, str], length: int) -> str:
    headers = {**sender, "Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
    answer = requests.post(f"{site.url}/media/tus", headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return f"{site.url}{answer.headers['Location']}"


def the_rest(where: str, sender: dict[str, str], data: bytes) -> None:
    """Go on where the server says, as soon as it has given the broken piece up."""

    def taken() -> bool:
        offset = offset_of(where, sender)
        more = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = requests.patch(where, data=data[offset:], headers={**sender, **more}, timeout=60)
        assert answer.status_code in {204, 409, 423}, answer.text
        return answer.status_code == 204

    wait_for(taken)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_connection_may_break_anywhere(
    site: Site, sender: dict[str, str], film: bytes, share: float
) -> None:
    where = begun(site, sender, len(film))
    cut = int(len(film) * share)
    connection = sent_in_part(where, sender, film[:cut], len(film))
    connection.shutdown(socket.SHUT_WR)
    wait_for(lambda: offset_of(where, sender) == cut)  # not one byte of what came is lost
    connection.close()
    the_rest(where, sender, film)
    assert kept(site, where, sender) == hashlib.sha256(film).hexdigest()


def test_a_server_killed_within_a_piece_has_what_it_says_it_has(
    site: Site, sender: dict[str, str], film: bytes
) -> None:
    where = begun(site, sender, len(film))
    data = site.config.media_dir / "partial" / where.rpartition("/")[2] / "data"
    with sent_in_part(where, sender, film[: 10 * MIB], len(film)):
        wait_for(lambda: data.stat().st_size == 10 * MIB)  # written, and not all of it flushed
        wait_for(lambda: offset_of(where, sender) == 8 * MIB)
        master = site.processes["web"].pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
    wait_for(lambda: answers(site))
    assert offset_of(where, sender) == 8 * MIB
    the_rest(where, sender, film)
    assert kept(site, where, sender) == hashlib.sha256(film).hexdigest()


def test_a_large_piece_takes_no_memory(site: Site, sender: dict[str, str], tmp_path: Path) -> None:
    """96 MB in one request: the process stays as small as it was."""
    size = 96 * 1024 * 1024
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(size)
    children = f"/proc/{site.processes['web'].pid}/task/{site.processes['web'].pid}/children"
    worker = Path(children).read_text().split()[0]

    def peak() -> int:
        lines = Path(f"/proc/{worker}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

    requests.get(f"{site.url}/me", headers=sender, timeout=30)
    before = peak()
    client = TusClient(f"{site.url}/media/tus", headers=sender)
    with path.open("rb") as stream:
        uploader = client.uploader(file_stream=stream)
        uploader.upload()
    assert uploader.offset == size
    assert peak() - before < 40  # MB
    assert peak() < 150
    refused = requests.post(f"{uploader.url}/recording", headers=sender, timeout=60)
    assert refused.status_code == 422
