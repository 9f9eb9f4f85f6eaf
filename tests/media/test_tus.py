"""Uploads that go on where they stopped: tus 1.0.0, byte by byte."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.media import service, tus
from app.media.models import Media
from app.media.rules import Interrupted
from tests.media.conftest import Clips, Studio, studio_with, token

PIECE = "application/offset+octet-stream"


class Sender:
    """Speaks tus as a client does, one request at a time."""

    def __init__(self, studio: Studio, member_id: int | None = None) -> None:
        self.studio = studio
        self.client = studio.people.client(member_id) if member_id else studio.client
        self.headers = {**token(self.client), "Tus-Resumable": "1.0.0"}

    def begin(self, length: object, name: str = "clip.mp4", data: bytes | None = None, **more):
        said = f"filename {base64.b64encode(name.encode()).decode()}"
        headers = {**self.headers, "Upload-Length": str(length), "Upload-Metadata": said, **more}
        kind = {"content_type": PIECE, "data": data} if data is not None else {}
        return self.client.post("/media/tus", headers=headers, **kind)

    def begun(self, length: int, **more) -> str:
        answer = self.begin(length, **more)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.headers["Location"]

    def piece(self, where: str, offset: object, data: bytes, **more):
        headers = {**self.headers, "Upload-Offset": str(offset), **more}
        return self.client.patch(where, data=data, content_type=PIECE, headers=headers)

    def offset(self, where: str) -> int:
        answer = self.client.head(where, headers=self.headers)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers["Upload-Offset"])

    def end(self, where: str):
        return self.client.delete(where, headers=self.headers)

    def finish(self, where: str):
        return self.client.post(f"{where}/recording", headers=self.headers)


@pytest.fixture
def sender(studio: Studio) -> Sender:
    return Sender(studio)


def test_the_server_says_what_it_can_do(sender: Sender) -> None:
    answer = sender.client.options("/media/tus")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        *("creation", "creation-with-upload", "checksum", "termination", "expiration")
    }
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")
    assert int(answer.headers["Tus-Max-Size"]) > 0


def test_a_file_in_pieces_becomes_the_same_recording(sender: Sender, clips: Clips) -> None:
    source = clips["plain.mp4"].read_bytes()
    where = sender.begun(len(source), name="第一课.mp4")
    assert where.startswith("/media/tus/")
    assert sender.offset(where) == 0
    third = len(source) // 3
    for at in range(0, len(source), third):
        answer = sender.piece(where, at, source[at : at + third])
        assert answer.status_code == 204
        assert int(answer.headers["Upload-Offset"]) == min(at + third, len(source))
        assert answer.headers["Upload-Expires"].endswith("GMT")
    made = sender.finish(where)
    assert made.status_code == 200, made.get_data(as_text=True)
    found = sender.studio.recording(made.json["id"])
    assert (found.filename, found.bytes, found.state) == ("第一课.mp4", len(source), "queued")
    kept = sender.studio.root / "uploads" / found.uuid / "source"
    assert kept.read_bytes() == source
    assert sender.studio.files() == {f"uploads/{found.uuid}/source", "partial/.turn"}
    # The answer was lost on the way: asking again gives the same recording.
    assert sender.finish(where).json["id"] == found.id


def test_the_first_piece_may_come_with_the_beginning(sender: Sender) -> None:
    answer = sender.begin(10, data=b"12345")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert sender.offset(answer.headers["Location"]) == 5


def test_a_wrong_offset_changes_nothing(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    for offset in (0, 4, 6, 10):
        assert sender.piece(where, offset, b"x").status_code == 409
    assert sender.piece(where, -1, b"x").status_code == 400
    assert sender.piece(where, "five", b"x").status_code == 400
    assert sender.offset(where) == 5
    assert sender.piece(where, 5, b"67890").status_code == 204


def test_more_than_was_promised_is_refused_whole(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    limit = sender.studio.app.extensions["weike"].upload_limit
    for much in (b"678901", b"6" * 20):
        answer = sender.piece(where, 5, much)
        assert (answer.status_code, answer.json["reason"]) == (413, "MoreThanPromised")
    said = {"Content-Length": str(limit + 2)}  # more than any upload may be: said in the same way
    answer = sender.piece(where, 5, b"678901", **said)
    assert (answer.status_code, answer.json["reason"]) == (413, "MoreThanPromised")
    assert sender.offset(where) == 5
    uuid = where.rsplit("/", 1)[1]
    assert (sender.studio.root / "partial" / uuid / "data").read_bytes() == b"12345"


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("10995116277760", 413),
        ("-5", 400),
        ("", 400),
        ("many", 400),
        ("1e3", 400),
        ("0", 422),
        ("9" * 30, 400),
    ],
)
def test_an_impossible_length_is_refused_before_a_byte_is_written(
    sender: Sender, length: str, status: int
) -> None:
    assert sender.begin(length).status_code == status
    assert sender.studio.files() <= {"partial/.turn"}


def test_a_length_that_comes_later_is_refused(sender: Sender) -> None:
    headers = {**sender.headers, "Upload-Defer-Length": "1"}
    assert sender.client.post("/media/tus", headers=headers).status_code == 400


def test_another_version_and_another_kind_of_body_are_refused(sender: Sender) -> None:
    where = sender.begun(10)
    answer = sender.client.head(where, headers={**sender.headers, "Tus-Resumable": "0.2.2"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    answer = sender.client.patch(
        where, data=b"x", content_type="text/plain", headers={**sender.headers, "Upload-Offset": 0}
    )
    assert answer.status_code == 415
    assert sender.offset(where) == 0


def test_without_the_token_of_the_session_nothing_is_written(sender: Sender) -> None:
    where = sender.begun(10)
    answer = sender.piece(where, 0, b"12345", **{"X-CSRFToken": "wrong"})
    assert answer.status_code == 400
    assert sender.offset(where) == 0
    assert sender.piece(where, 0, b"12345").status_code == 204


def test_an_upload_is_nobody_elses(sender: Sender, studio: Studio) -> None:
    where = sender.begun(10, data=b"12345")
    stranger = Sender(studio, studio.people.member(role="trainer"))
    assert stranger.client.head(where, headers=stranger.headers).status_code == 404
    assert stranger.piece(where, 5, b"x").status_code == 404
    assert stranger.end(where).status_code == 404
    assert stranger.finish(where).status_code == 404
    assert sender.offset(where) == 5


@pytest.mark.parametrize("name", ["../../etc/passwd", "%2e%2e", "%00", "A" * 32, "0" * 31, ".turn"])
def test_odd_names_of_uploads_are_not_there(sender: Sender, name: str) -> None:
    assert sender.client.head(f"/media/tus/{name}", headers=sender.headers).status_code == 404


def test_the_address_does_not_come_from_the_host_header(sender: Sender) -> None:
    answer = sender.begin(
        10, **{"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    )
    assert answer.headers["Location"].startswith("/media/tus/")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_a_checksum_counts_whole_or_not_at_all(sender: Sender, algorithm: str) -> None:
    def check(data: bytes) -> dict[str, str]:
        digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
        return {"Upload-Checksum": f"{algorithm} {digest}"}

    where = sender.begun(10)
    assert sender.piece(where, 0, b"12345", **check(b"12345")).status_code == 204
    wrong = sender.piece(where, 5, b"67x90", **check(b"67890"))
    assert wrong.status_code == 460
    assert sender.offset(where) == 5
    assert sender.piece(where, 5, b"67890", **check(b"67890")).status_code == 204
    odd = {"Upload-Checksum": "crc32 AAAA"}
    assert sender.piece(where, 10, b"", **odd).status_code == 400


def test_two_senders_of_one_file_do_not_mix(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    uuid = where.rsplit("/", 1)[1]
    with (sender.studio.root / "partial" / uuid / "data").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # what the first of two requests does
        assert sender.piece(where, 5, b"67890").status_code == 423
        assert sender.offset(where) == 5  # looking is always possible
    assert sender.piece(where, 5, b"67890").status_code == 204


class Broken:
    """A connection that ends in the middle."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int) -> bytes:
        if not self.data:
            raise ConnectionResetError
        given, self.data = self.data[:size], self.data[size:]
        return given


def shelf(studio: Studio) -> tus.Partials:
    return tus.Partials(studio.root, reserve=0)


def test_what_came_before_a_break_is_kept(sender: Sender) -> None:
    where = sender.begun(10)
    uuid = where.rsplit("/", 1)[1]
    now = clock.epoch()
    with pytest.raises(Interrupted):
        shelf(sender.studio).receive(
            uuid, Broken(b"1234567"), offset=0, length=10, checksum=None, now=now
        )
    assert sender.offset(where) == 7
    assert sender.piece(where, 7, b"890").status_code == 204


def test_bytes_that_were_never_acknowledged_are_written_again(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    uuid = where.rsplit("/", 1)[1]
    # As after kill -9 between writing and saying so.
    with (sender.studio.root / "partial" / uuid / "data").open("ab") as data:
        data.write(b"XXX")
    assert sender.offset(where) == 5
    assert sender.piece(where, 5, b"67890").status_code == 204
    assert (sender.studio.root / "partial" / uuid / "data").read_bytes() == b"1234567890"


@pytest.mark.parametrize(
    "broken", ["", "cut off", "another process", "wrong checksum", "all of it"]
)
def test_the_hash_of_an_upload_is_that_of_its_bytes(
    sender: Sender, clips: Clips, broken: str
) -> None:
    """It is counted while pieces come in; what came in otherwise is read from the disk."""
    source = clips["plain.mp4"].read_bytes()
    where = sender.begun(len(source))
    third = len(source) // 3
    sender.piece(where, 0, source[:third])
    if broken == "cut off":
        uuid, half = where.rsplit("/", 1)[1], Broken(source[third : third + 500])
        given = {"offset": third, "length": third, "checksum": None, "now": clock.epoch()}
        with pytest.raises(Interrupted):
            shelf(sender.studio).receive(uuid, half, **given)
        assert sender.offset(where) == third + 500
    elif broken == "another process":
        tus._known.kept.clear()
    elif broken == "wrong checksum":
        wrong = {"Upload-Checksum": f"sha1 {base64.b64encode(bytes(20)).decode()}"}
        answer = sender.piece(where, third, bytes(third), **wrong)
        assert answer.status_code == 460
    at = sender.offset(where)
    sender.piece(where, at, source[at : 2 * third])
    sender.piece(where, 2 * third, source[2 * third :])
    if broken == "all of it":
        tus._known.kept.clear()
    made = sender.finish(where).json["id"]
    with sender.studio.app.app_context():
        kept = db.session.scalar(select(Media.sha256).where(Media.id == made))
        db.session.rollback()
    assert kept == hashlib.sha256(source).hexdigest()


def test_an_upload_can_be_ended(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    answer = sender.end(where)
    assert (answer.status_code, answer.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert sender.client.head(where, headers=sender.headers).status_code == 404
    assert sender.studio.files() == {"partial/.turn"}


def test_networks_without_patch_and_delete_are_served(sender: Sender) -> None:
    where = sender.begun(3)
    headers = {**sender.headers, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = sender.client.post(where, data=b"123", content_type=PIECE, headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "3")
    headers = {**sender.headers, "X-HTTP-Method-Override": "DELETE"}
    assert sender.client.post(where, headers=headers).status_code == 204


def test_a_file_that_is_no_recording_is_refused_and_removed(sender: Sender) -> None:
    data = b"<html>this is no film</html>" * 10
    where = sender.begun(len(data), data=data)
    answer = sender.finish(where)
    assert (answer.status_code, answer.json["reason"]) == (422, "NotMedia")
    assert sender.studio.files() == {"partial/.turn"}
    assert sender.client.head(where, headers=sender.headers).status_code == 404


def test_half_a_file_makes_no_recording(sender: Sender) -> None:
    where = sender.begun(10, data=b"12345")
    assert sender.finish(where).status_code == 409
    assert sender.offset(where) == 5


def test_unfinished_uploads_expire_and_finished_ones_wait_longer(sender: Sender) -> None:
    half = sender.begun(10, data=b"12345")
    whole = sender.begun(5, data=b"12345")
    later = clock.now() + timedelta(hours=25)
    with clock.use(lambda: later):
        fresh = Sender(sender.studio, sender.studio.trainer)
        assert fresh.client.head(half, headers=fresh.headers).status_code == 410
        assert fresh.offset(whole) == 5
        with sender.studio.app.app_context():
            assert service.sweep_uploads() == 1
        assert fresh.client.head(half, headers=fresh.headers).status_code == 404
        assert fresh.offset(whole) == 5


def test_five_unfinished_uploads_are_enough(sender: Sender) -> None:
    first = sender.begun(10)
    for _ in range(4):
        sender.begun(10)
    answer = sender.begin(10)
    assert (answer.status_code, answer.json["reason"]) == (413, "TooManyUploads")
    # What nobody has touched for an hour makes room.
    later = clock.now() + timedelta(hours=2)
    with clock.use(lambda: later):
        fresh = Sender(sender.studio, sender.studio.trainer)
        assert fresh.begin(10).status_code == 201
        assert fresh.client.head(first, headers=fresh.headers).status_code == 404


def test_a_quota_counts_what_is_stored_and_what_is_promised(tmp_path: Path, clips: Clips) -> None:
    source = clips["plain.mp4"].read_bytes()
    with studio_with(tmp_path, upload_quota=2 * len(source) + 5) as studio:
        sender = Sender(studio)
        where = sender.begun(len(source), data=source)
        answer = sender.begin(len(source) + 6)
        assert (answer.status_code, answer.json["reason"]) == (413, "QuotaFull")
        assert sender.finish(where).status_code == 200
        answer = sender.begin(len(source) + 6)
        assert (answer.status_code, answer.json["reason"]) == (413, "QuotaFull")
        assert studio.send(source + b"123456").status_code == 413
        assert sender.begin(len(source) + 5).status_code == 201


def test_twenty_at_once_do_not_get_past_the_quota(tmp_path: Path) -> None:
    with studio_with(tmp_path, upload_quota=100) as studio:
        senders = [Sender(studio, studio.trainer) for _ in range(20)]
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda one=one: answers.append(one.begin(60).status_code))
            for one in senders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert sorted(answers) == [201] + [413] * 19


def test_a_full_disk_refuses_the_beginning_and_keeps_what_has_come(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sender.begun(10, data=b"12345")
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3))
    assert sender.begin(10).status_code == 507
    assert sender.piece(where, 5, b"67890").status_code == 507
    assert sender.offset(where) == 5
    monkeypatch.setattr(shutil, "disk_usage", real)
    assert sender.piece(where, 5, b"67890").status_code == 204


def test_where_there_are_no_hard_links_nothing_is_moved(
    sender: Sender, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network disks know none. The first name counts until the row is committed."""

    def link(*_names: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", link)
    data = clips["plain.mp4"].read_bytes()
    studio = sender.studio
    place = sender.begun(len(data))
    sender.piece(place, 0, data)
    uuid = place.rpartition("/")[2]
    arrived = studio.root / "partial" / uuid / "data"
    with studio.app.app_context():
        service.media_folder().adopt(uuid, arrived)
    assert arrived.read_bytes() == data  # whatever happens now, it can be asked again
    answer = sender.finish(place)
    assert answer.status_code == 200
    assert not arrived.exists()
    studio.work()
    found = studio.recording(answer.json["id"])
    assert found.is_ready
    assert (studio.root / "uploads" / found.uuid / "source").read_bytes() == data
