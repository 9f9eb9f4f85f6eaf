"""A real nginx with the configuration that we hand out: Weike decides, nginx sends the files."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from app.core.db import unit_of_work
from app.media import service
from app.media.queries import Recording
from config import ROOT
from tests.live import Site, free_port
from tests.media.conftest import Clips, Studio, studio_with

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(
    NGINX is None, reason="nginx is not on this machine (apt-get install nginx)"
)
CONFIGURATION = ROOT / "deploy" / "nginx.conf"
ACCEL = "/protected-media"
VTT = b"WEBVTT\n\n00:00.500 --> 00:01.500\nHello\n"
AROUND = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{ }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/weike.conf;
}}
"""


def ours(folder: Path, media: Path, outside: int, inside: int) -> str:
    """deploy/nginx.conf, with the ports, the certificate and the folder of this machine."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for handed_out, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{outside} ssl"),
        ("/etc/ssl/learn.example.org.pem", f"{folder}/site.pem"),
        ("/etc/ssl/learn.example.org.key", f"{folder}/site.key"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{inside}"),
        ("/opt/weike/media/", f"{media}/"),
    ):
        assert handed_out in text
        text = text.replace(handed_out, here)
    return text


@contextmanager
def proxied(folder: Path, media: Path, outside: int, inside: int) -> Iterator[None]:
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "site.key"), "-out", str(folder / "site.pem")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "weike.conf").write_text(ours(folder, media, outside, inside))
    # Started by root it would become somebody who may not look into the folders of the tests.
    user = "user root;" if Path("/root").stat().st_uid == folder.stat().st_uid else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    nginx = subprocess.Popen(
        [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", outside), timeout=5).close()
                break
            except OSError:
                assert nginx.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < end
                time.sleep(0.05)
        yield
    finally:
        nginx.terminate()
        _, said = nginx.communicate(timeout=30)
    # From 1.25.1 on it prefers a line of its own for http2, which those of today do not know.
    warnings = [line for line in said.splitlines() if b"[warn]" in line and b"http2" not in line]
    assert not warnings


@dataclass
class Front:
    """A prepared recording behind nginx, and browsers of who may see it and who may not."""

    url: str
    studio: Studio
    recording: Recording
    base: str  # of the member's links
    member: requests.Session
    stranger: requests.Session
    trainer: requests.Session
    visitor: requests.Session
    log: Path

    def path(self, name: str) -> Path:
        return self.studio.version(self.recording) / name


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("nginx")
    outside, inside = free_port(), free_port()
    url = f"https://127.0.0.1:{outside}"
    with studio_with(folder, accel=ACCEL, base_url=url, proxies=1, encrypt=True) as studio:
        people = studio.people
        studio.client.environ_base["wsgi.url_scheme"] = "https"
        studio.headers["Referer"] = f"{url}/"
        recording = studio.prepared(Clips(folder)["two-rungs.mp4"])
        with studio.app.app_context(), unit_of_work():
            service.attach_captions(recording.id, language="en", label="English", data=VTT)
        studio.show(recording)
        who = people.member()
        base = studio.links(recording.id, who).master.rpartition("/")[0]

        def browser(member: int | None = None) -> requests.Session:
            browser = requests.Session()
            browser.trust_env = False  # no proxy and no certificates of this machine
            browser.verify = str(folder / "front" / "site.pem")
            browser.headers["Sec-Fetch-Dest"] = "empty"
            if member is not None:
                cookie = people.client(member).get_cookie("__Host-sid")
                assert cookie is not None
                browser.cookies.set("__Host-sid", cookie.value, domain="127.0.0.1", path="/")
            return browser

        server = make_server("127.0.0.1", inside, studio.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            with proxied(folder / "front", studio.root, outside, inside):
                sessions = [browser(who), browser(people.member()), browser(studio.trainer)]
                yield Front(
                    url, studio, recording, base, *sessions, browser(), folder / "front/access.log"
                )
                for one in sessions:
                    one.close()
        finally:
            server.shutdown()
            server.server_close()
            thread.join(60)


KINDS = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4s": "video/iso.segment",
    "webp": "image/webp",
    "vtt": "text/vtt",
}


def test_every_file_comes_whole_and_is_kept_privately(front: Front) -> None:
    names = sorted(path.name for path in front.studio.version(front.recording).iterdir())
    assert {name.rpartition(".")[2] for name in names} == set(KINDS)
    for name in names:
        answer = front.member.get(f"{front.url}{front.base}/{name}", timeout=30)
        assert answer.status_code == 200, name
        assert answer.content == front.path(name).read_bytes(), name
        assert answer.headers["Content-Type"].split(";")[0] == KINDS[name.rpartition(".")[2]]
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert answer.headers["Cache-Control"].endswith(", immutable")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "X-Accel-Redirect" not in answer.headers
        again = front.member.get(
            answer.url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=30
        )
        assert (again.status_code, again.content) == (304, b""), name
        since = {"If-Modified-Since": answer.headers["Last-Modified"]}
        assert front.member.get(answer.url, headers=since, timeout=30).status_code == 304
    captions = front.member.get(f"{front.url}{front.base}/captions-en.vtt", timeout=30)
    assert (captions.status_code, "Hello" in captions.text) == (200, True)  # out of the database


def test_a_part_is_a_part_and_a_thousand_parts_are_one_file(front: Front) -> None:
    name = "360p-00000.m4s"
    address, whole = f"{front.url}{front.base}/{name}", front.path(name).read_bytes()
    first = front.member.get(address, headers={"Range": "bytes=10-19"}, timeout=30)
    assert (first.status_code, first.content) == (206, whole[10:20])
    assert first.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert "private" in first.headers["Cache-Control"]
    tail = front.member.get(address, headers={"Range": "bytes=-5"}, timeout=30)
    assert (tail.status_code, tail.content) == (206, whole[-5:])
    mark = {"Range": "bytes=10-19", "If-Range": first.headers["ETag"]}
    assert front.member.get(address, headers=mark, timeout=30).status_code == 206
    other = {"Range": "bytes=10-19", "If-Range": '"another"'}
    assert front.member.get(address, headers=other, timeout=30).content == whole
    behind = {"Range": "bytes=9999999-"}
    assert front.member.get(address, headers=behind, timeout=30).status_code == 416
    many = {"Range": "bytes=" + ",".join(f"0-{n}" for n in range(900))}
    answer = front.member.get(address, headers=many, timeout=30)
    assert answer.status_code in {200, 400}
    assert len(answer.content) <= len(whole)


def test_who_may_not_see_it_gets_no_byte_of_it(front: Front) -> None:
    others = {"stranger": (front.stranger, 404), "visitor": (front.visitor, 401)}
    for name in ("master.m3u8", "360p-init.mp4", "360p-00000.m4s", "360p.key", "storyboard.vtt"):
        address = f"{front.url}{front.base}/{name}"
        assert front.member.get(address, timeout=30).status_code == 200
        for who, (browser, status) in others.items():
            answer = browser.get(address, timeout=30)
            assert answer.status_code == status, (who, name)
            assert "ETag" not in answer.headers
            part = browser.get(address, headers={"Range": "bytes=0-3"}, timeout=30)
            assert part.status_code == status, (who, name)
    key = front.member.get(f"{front.url}{front.base}/360p.key", timeout=30)
    assert key.headers["Cache-Control"] == "private, no-store"


def raw(front: Front, path: str) -> bytes:
    """The answer to a path that is sent as it is; a client's library would tidy it up."""
    place = urlsplit(front.url)
    context = ssl.create_default_context(cafile=str(front.member.verify))
    cookie = front.member.cookies.get("__Host-sid")
    with (
        socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) as bare,
        context.wrap_socket(bare, server_hostname=place.hostname) as connection,
    ):
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: __Host-sid={cookie}\r\n"
            "Sec-Fetch-Dest: empty\r\nConnection: close\r\n\r\n".encode()
        )
        said = b""
        while data := connection.recv(65536):
            said += data
    return said


def test_no_path_leads_out_of_what_is_allowed(front: Front) -> None:
    """Not to the original, not to another's folder, not past Weike."""
    uuid, version = front.recording.uuid, front.recording.version
    inside = f"renditions/{uuid}/v{version}/master.m3u8"
    original = front.studio.root / "uploads" / uuid / "source"
    assert original.is_file()
    assert raw(front, f"{front.base}/master.m3u8").split()[1] == b"200"
    secret = original.read_bytes()[2000:2100]
    for path in (
        f"{ACCEL}/{inside}",  # for nginx itself only
        f"{ACCEL}/uploads/{uuid}/source",
        f"{ACCEL}/../instance/weike.sqlite",
        f"{ACCEL}../instance/weike.sqlite",
        f"{ACCEL}/%2e%2e/instance/weike.sqlite",
        f"{ACCEL}//renditions/{uuid}/v{version}/master.m3u8",
        f"/x/..{ACCEL}/{inside}",
        f"/media/..{ACCEL}/{inside}",
        f"/media/{uuid}/source",
        f"{front.base}/../../../uploads/{uuid}/source",
        f"{front.base}/..%2f..%2f..%2fuploads%2f{uuid}%2fsource",
        f"{front.base}/%2e%2e/%2e%2e/%2e%2e/uploads/{uuid}/source",
        f"{front.base}/..%5c..%5csource",
        f"{front.base}/master.m3u8%00.m4s",
        f"{front.base}/source",
    ):
        answer = raw(front, path)
        assert answer.split()[1] in {b"302", b"308", b"400", b"404"}, path
        assert secret not in answer, path
        assert b"#EXTM3U" not in answer, path
        assert b"SQLite format" not in answer, path


def test_an_upload_goes_through_piece_by_piece(front: Front) -> None:
    """nginx passes on at once what arrives, and says truly who it came from."""
    page = front.trainer.get(f"{front.url}/desk/recordings", timeout=30).text
    token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    front.trainer.headers.update(
        {"X-CSRFToken": token, "Tus-Resumable": "1.0.0", "Referer": f"{front.url}/"}
    )
    data = (front.studio.root / "uploads" / front.recording.uuid / "source").read_bytes()
    begun = front.trainer.post(
        f"{front.url}/media/tus", headers={"Upload-Length": str(len(data))}, timeout=30
    )
    assert begun.status_code == 201, begun.text
    where = front.url + begun.headers["Location"]
    half = len(data) // 2
    for offset, piece in ((0, data[:half]), (half, data[half:])):
        more = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        answer = front.trainer.patch(where, data=piece, headers=more, timeout=60)
        assert answer.status_code == 204, answer.text
        assert int(front.trainer.head(where, timeout=30).headers["Upload-Offset"]) == offset + len(
            piece
        )
    made = front.trainer.post(f"{where}/recording", timeout=60)
    assert made.status_code == 200, made.text
    kept = front.studio.recording(made.json()["id"])
    assert (front.studio.root / "uploads" / kept.uuid / "source").read_bytes() == data
    # Whom the request came from is what nginx says, whatever the client claims.
    forged = {"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Host": "evil.example"}
    page = front.visitor.get(f"{front.url}/sign-in", headers=forged, timeout=30)
    assert page.status_code == 200
    assert "evil.example" not in page.text


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_a_hundred_trickling_senders_reach_no_thread_of_weike(site: Site, tmp_path: Path) -> None:
    """nginx waits for them; the hundred-and-first of one address is refused, others are served."""
    outside, inside = free_port(), int(str(urlsplit(site.url).port))
    folder = tmp_path / "front"
    with proxied(folder, site.config.media_dir, outside, inside), ExitStack() as held:
        context = ssl.create_default_context(cafile=str(folder / "site.pem"))

        def connected(source: str) -> ssl.SSLSocket:
            bare = socket.create_connection(
                ("127.0.0.1", outside), timeout=60, source_address=(source, 0)
            )
            return held.enter_context(context.wrap_socket(bare, server_hostname="127.0.0.1"))

        def healthy(source: str) -> bytes:
            with connected(source) as connection:
                connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                return connection.recv(65536).split()[1]

        assert healthy("127.0.0.1") == healthy("127.0.0.2") == b"200"
        head = (
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{outside}\r\nContent-Length: 900000\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
        ).encode()
        senders = [connected("127.0.0.1") for _ in range(110)]  # some are refused
        for sender in senders:
            with suppress(OSError):
                sender.sendall(head)
        end = time.monotonic() + 60
        while healthy("127.0.0.1") != b"503":  # until nginx has read what all of them began with
            assert time.monotonic() < end
            time.sleep(0.1)
        for _ in range(4):
            for sender in senders:
                with suppress(OSError):
                    sender.sendall(b"x")
            assert healthy("127.0.0.2") == b"200"
            time.sleep(1)  # a byte a second, past the patience that Weike has with slow bodies
    assert "a body was cut off" not in site.log("web")
