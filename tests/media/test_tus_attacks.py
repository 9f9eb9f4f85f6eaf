"""Uploads that are meant to do harm, or that meet each other: nothing mixes, nothing is lost."""

from __future__ import annotations

import base64
import io
import re
import resource
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core import clock, jobs
from app.core.db import unit_of_work
from app.core.refusals import NoRoom
from app.media.tus import MOST_ARRIVING
from tests.media.conftest import Clips, Studio, studio_with, token
from tests.media.test_tus import PIECE, Sender, sender, shelf

__all__ = ["sender"]
WAIT = 120  # seconds; a busy machine is slow


def uuid_of(where: str) -> str:
    return where.rpartition("/")[2]


def bytes_of(studio: Studio, where: str) -> bytes:
    return (studio.root / "partial" / uuid_of(where) / "data").read_bytes()


def test_a_piece_without_a_length_is_cut_back_when_it_is_too_long(sender: Sender) -> None:
    """Sent in chunks: only when it has come is it seen that it is more than was promised."""
    where = sender.begun(10, data=b"12345")

    def chunked(data: bytes) -> int:
        return sender.client.patch(
            where,
            input_stream=io.BytesIO(data),
            content_type=PIECE,
            headers={**sender.headers, "Upload-Offset": "5"},
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        ).status_code

    assert chunked(b"678901") == 413
    assert sender.offset(where) == 5
    assert bytes_of(sender.studio, where) == b"12345"
    assert chunked(b"67890") == 204
    assert bytes_of(sender.studio, where) == b"1234567890"


class Halting(io.BytesIO):
    """A body that stops in the middle until it is told to go on."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.half = len(data) // 2
        self.is_half, self.may_go_on = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() < self.half:
            return super().read(min(size or -1, self.half - self.tell()))
        self.is_half.set()
        assert self.may_go_on.wait(WAIT)
        return super().read(size)

    def readinto(self, buffer) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def test_while_one_sender_is_at_it_another_waits_and_nothing_mixes(sender: Sender) -> None:
    studio, size = sender.studio, 3_000_000
    where = sender.begun(size)
    body, statuses = Halting(b"a" * size), []
    first = Sender(studio, studio.trainer)

    def send() -> None:
        answer = first.client.patch(
            where,
            input_stream=body,
            content_length=size,
            content_type=PIECE,
            headers={**first.headers, "Upload-Offset": "0"},
        )
        statuses.append(answer.status_code)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        assert body.is_half.wait(WAIT)
        assert sender.piece(where, 0, b"b" * size).status_code == 423
        assert sender.finish(where).status_code == 409
    finally:
        body.may_go_on.set()
        thread.join(WAIT)
    assert statuses == [204]
    assert sender.piece(where, 0, b"b" * size).status_code == 409
    assert bytes_of(studio, where) == b"a" * size


def test_of_one_member_four_pieces_are_taken_at_once_and_the_next_is_asked_to_come_back(
    sender: Sender,
) -> None:
    """One alone must not hold all threads for uploads; others go on."""
    studio, statuses = sender.studio, []
    places = [sender.begun(10) for _ in range(MOST_ARRIVING + 1)]
    bodies = [Halting(b"1234567890") for _ in range(MOST_ARRIVING)]

    def send(where: str, body: Halting) -> None:
        one = Sender(studio, studio.trainer)
        answer = one.client.patch(
            where,
            input_stream=body,
            content_type=PIECE,
            headers={**one.headers, "Upload-Offset": "0"},
        )
        statuses.append(answer.status_code)

    # The fifth place is left over.
    threads = [
        threading.Thread(target=send, args=both) for both in zip(places, bodies, strict=False)
    ]
    for thread in threads:
        thread.start()
    try:
        assert all(body.is_half.wait(WAIT) for body in bodies)
        refused = sender.piece(places[-1], 0, b"1234567890")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        other = Sender(studio, studio.people.member(role="trainer"))
        assert other.piece(other.begun(10), 0, b"1234567890").status_code == 204
    finally:
        for body in bodies:
            body.may_go_on.set()
        for thread in threads:
            thread.join(WAIT)
    assert statuses == [204] * MOST_ARRIVING
    assert sender.piece(places[-1], 0, b"1234567890").status_code == 204


def test_a_piece_that_is_cut_off_is_kept_as_far_as_it_came_and_asked_for_again(
    sender: Sender,
) -> None:
    """As core/bodies.py does with the slowest: the body ends early, the connection can answer."""
    where = sender.begun(10)
    headers = {**sender.headers, "Upload-Offset": "0"}
    cut_off = sender.client.patch(
        where,
        data=b"123456",
        content_type=PIECE,
        headers=headers,
        environ_overrides={"CONTENT_LENGTH": "10"},
    )
    assert (cut_off.status_code, cut_off.headers.get("Retry-After")) == (503, "5")
    assert sender.offset(where) == 6
    assert sender.piece(where, 6, b"7890").status_code == 204
    assert bytes_of(sender.studio, where) == b"1234567890"


def test_of_many_senders_at_once_one_wins_whole(sender: Sender) -> None:
    studio, size, many = sender.studio, 2_000_000, 8
    where = sender.begun(size)
    senders = [Sender(studio, studio.trainer) for _ in range(many)]
    start = threading.Barrier(many, timeout=WAIT)
    found: dict[int, int] = {}

    def send(number: int) -> None:
        start.wait()
        data = bytes([65 + number]) * size
        found[number] = senders[number].piece(where, 0, data).status_code

    threads = [threading.Thread(target=send, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    winners = [number for number, status in found.items() if status == 204]
    assert len(winners) == 1
    assert {status for status in found.values() if status != 204} <= {409, 423}
    assert bytes_of(studio, where) == bytes([65 + winners[0]]) * size


def test_asked_many_times_at_once_an_upload_becomes_one_recording(
    sender: Sender, clips: Clips
) -> None:
    """A page that is reloaded, a proxy that asks again: one row, one file, one answer."""
    studio, data, many = sender.studio, clips["tiny.mp4"].read_bytes(), 6
    where = sender.begun(len(data), data=data)
    senders = [Sender(studio, studio.trainer) for _ in range(many)]
    start = threading.Barrier(many, timeout=WAIT)
    answers = []

    def finish(one: Sender) -> None:
        start.wait()
        answers.append(one.finish(where))

    threads = [threading.Thread(target=finish, args=(one,)) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(answers) == many
    assert {answer.status_code for answer in answers} <= {200, 423, 409}
    made = {answer.json["id"] for answer in answers if answer.status_code == 200}
    assert made == {sender.finish(where).json["id"]}
    uuid = studio.recording(made.pop()).uuid
    assert studio.files() == {f"uploads/{uuid}/source", "partial/.turn"}


def test_without_a_length_nothing_is_begun(sender: Sender) -> None:
    answer = sender.client.post("/media/tus", headers=sender.headers)
    assert answer.status_code == 400
    assert sender.studio.files() <= {"partial/.turn"}


@pytest.mark.parametrize("kind", ["partial", "final;/media/tus/../../etc/passwd", "final;"])
def test_uploads_are_not_put_together_from_others(sender: Sender, kind: str) -> None:
    said = sender.client.options("/media/tus").headers["Tus-Extension"]
    assert "concatenation" not in said
    answer = sender.begin(10, **{"Upload-Concat": kind})
    assert (answer.status_code, "Upload-Concat" in answer.json["error"]) == (400, True)
    assert sender.studio.files() <= {"partial/.turn"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%00", "A" * 32, ".turn"]
)
def test_odd_names_are_not_there_for_any_method(sender: Sender, name: str) -> None:
    client, where = sender.client, f"/media/tus/{name}"
    patch = {**sender.headers, "Upload-Offset": "0"}
    before = sender.studio.files()
    for answer in (
        client.head(where, headers=sender.headers),
        client.patch(where, data=b"x", content_type=PIECE, headers=patch),
        client.delete(where, headers=sender.headers),
        client.post(f"{where}/recording", headers=sender.headers),
        client.post(
            where,
            data=b"x",
            content_type=PIECE,
            headers={**patch, "X-HTTP-Method-Override": "PATCH"},
        ),
        client.post(where, headers={**patch, "X-HTTP-Method-Override": "DELETE"}),
    ):
        assert answer.status_code == 404
    assert sender.studio.files() == before


def test_the_address_of_an_upload_names_no_host(sender: Sender) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    said = {**sender.headers, "Upload-Length": "10", **forged}
    answer = sender.client.post("/media/tus", headers=said)
    assert answer.status_code in {201, 400, 401}  # the cookie is not for that host
    assert "evil.example" not in answer.headers.get("Location", "")
    where = sender.begun(10, **{"X-Forwarded-Host": "evil.example"})
    assert re.fullmatch(r"/media/tus/[0-9a-f]{32}", where)


NAMES = (
    "n" * 300 + ".mp4",
    "..\\..\\x.mp4",
    "con.txt",
    "film\u202e4pm.exe",
    "a\nb.mp4",
    '"quoted".mp4',
    "<img src=x onerror=alert(1)>.mp4",
    "nul\x00.mp4",
    "课程 😀.mp4",
    "cafe\u0301.mp4",
    "caf\u00e9.mp4",
    "a.pdf.html",
    "",
)


def test_whatever_a_file_is_called_it_lies_under_a_number_and_its_name_is_only_shown(
    sender: Sender, clips: Clips
) -> None:
    data, studio = clips["tiny.mp4"].read_bytes(), sender.studio
    for name in NAMES:
        where = sender.begun(len(data), name=name, data=data)
        made = sender.finish(where)
        assert made.status_code == 200, name
        shown = made.json["filename"]
        assert shown.isprintable(), name
        assert 0 < len(shown) <= 120
        assert not set(shown) & set("/\\\u202e")
    assert {re.sub("[0-9a-f]{32}", "#", name) for name in studio.files()} == {
        "uploads/#/source",
        "partial/.turn",
    }
    page = studio.client.get("/desk/recordings").get_data(as_text=True)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.mp4" in page
    assert page.count("café.mp4") >= 2  # written in two ways, shown in one


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script>\n%PDF-1.7\n" + b"1 0 obj\n" * 300,
        b"GIF89a/*" + bytes(2000) + b"*/=1;alert(1)",
        b"\xff\xd8\xff\xe0\x00\x10JFIF<script>alert(1)</script>" + bytes(2000),
        b"PK\x03\x04" + bytes(2000),
        b"\x7fELF\x02\x01\x01" + bytes(2000),
    ],
    ids=["html+pdf", "gif+script", "jpeg+html", "zip", "program"],
)
@pytest.mark.parametrize("name", ["lesson.mp4", "lesson.pdf.html"])
def test_what_only_says_that_it_is_a_film_is_refused(
    sender: Sender, data: bytes, name: str
) -> None:
    where = sender.begun(len(data), name=name, data=data)
    answer = sender.finish(where)
    assert (answer.status_code, answer.json["reason"]) == (422, "NotMedia")
    assert sender.studio.files() == {"partial/.turn"}


def test_of_a_film_that_is_a_page_too_nothing_but_the_film_is_served(
    studio: Studio, clips: Clips
) -> None:
    film = clips["plain.mp4"].read_bytes()
    page = b"<html><script>alert('CANARY')</script></html>"
    both = film + (8 + len(page)).to_bytes(4, "big") + b"free" + page
    media_id = studio.send(both, "lesson.html").json["id"]
    studio.work()
    found = studio.recording(media_id)
    assert found.is_ready
    for path in studio.version(found).iterdir():
        assert b"CANARY" not in path.read_bytes(), path


# --- room ----------------------------------------------------------------------------------------


def test_twenty_whole_files_at_once_do_not_get_past_the_quota(tmp_path: Path, clips: Clips) -> None:
    """Without tus nothing is promised beforehand: each of them fitted when it began."""
    data = clips["tiny.mp4"].read_bytes()
    with studio_with(tmp_path, upload_quota=len(data) * 3 // 2) as studio:
        clients = [studio.people.client(studio.trainer) for _ in range(20)]
        headers = [token(client) for client in clients]
        start = threading.Barrier(len(clients), timeout=WAIT)
        answers: list[tuple[int, str]] = []

        class Meeting(io.BytesIO):
            """A body whose first byte comes when all the others have been let in as well."""

            met = False

            def readinto(self, buffer) -> int:
                if not self.met:
                    self.met = True
                    start.wait()
                return super().readinto(buffer)

        def send(number: int) -> None:
            answer = clients[number].post(
                "/media/upload",
                query_string={"filename": "clip.mp4"},
                input_stream=Meeting(data),
                content_length=len(data),
                content_type="application/octet-stream",
                headers=headers[number],
            )
            answers.append((answer.status_code, (answer.json or {}).get("reason", "")))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        assert sorted(answers) == [(200, "")] + [(413, "QuotaFull")] * 19
        assert len({name for name in studio.files() if name.startswith("uploads/")}) == 1


def test_what_does_not_fit_any_more_is_kept_as_far_as_it_came(sender: Sender) -> None:
    """A file may not grow beyond 4 KB here: the writing itself fails, as on a full disk."""
    where = sender.begun(20_000, data=b"a" * 1000)
    given = {"offset": 1000, "length": 19_000, "checksum": None, "now": clock.epoch()}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(NoRoom):
            shelf(sender.studio).receive(uuid_of(where), io.BytesIO(b"b" * 19_000), **given)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = sender.offset(where)
    assert 1000 <= kept <= 4096
    assert sender.piece(where, kept, b"b" * (20_000 - kept)).status_code == 204
    assert bytes_of(sender.studio, where) == b"a" * 1000 + b"b" * 19_000


def test_uploads_are_refused_first_and_everything_else_goes_on(
    sender: Sender, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the reserve is for: courses are written and members learn while no upload is taken."""
    studio = sender.studio
    where = sender.begun(10, data=b"12345")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=3))
    full = [
        sender.begin(10),
        sender.piece(where, 5, b"67890"),
        studio.send(clips["tiny.mp4"].read_bytes()),
    ]
    for answer in full:
        assert (answer.status_code, answer.json["reason"]) == (507, "NoRoom")
        assert "disk is full" in answer.json["error"]
    html = {**sender.headers, "Accept": "text/html"}
    made = studio.client.post("/desk/themes", data={"title": "Theme"}, headers=html)
    assert made.status_code == 302
    assert "Theme" in studio.client.get("/desk/themes").get_data(as_text=True)
    assert sender.offset(where) == 5


def test_the_worker_lets_go_of_what_nobody_comes_back_for(sender: Sender, clips: Clips) -> None:
    """Begun and left: a day. Arrived, and in no lesson: a week. In a lesson: never."""
    studio, data = sender.studio, clips["tiny.mp4"].read_bytes()
    begun = [sender.begun(1000) for _ in range(2)]  # not one byte has come
    half = sender.begun(len(data), data=data[:100])
    whole = sender.begun(len(data), data=data)
    shown = studio.prepared(clips["tiny.mp4"])
    studio.show(shown)
    spare = studio.prepared(clips["plain.mp4"])

    def after(**time: float) -> set[str]:
        later = clock.now() + timedelta(**time)
        with clock.use(lambda: later):
            with studio.app.app_context(), unit_of_work():
                jobs.enqueue("media.sweep", key="media.sweep")
            studio.work()
        return {name.split("/")[1] for name in studio.files() if name.endswith(("data", "source"))}

    everything = {*map(uuid_of, (*begun, half, whole)), shown.uuid, spare.uuid}
    assert after(hours=23) == everything
    assert after(hours=25) == {uuid_of(whole), shown.uuid, spare.uuid}
    assert after(days=6, hours=23) == {uuid_of(whole), shown.uuid, spare.uuid}
    assert after(days=7, hours=1) == {shown.uuid}
    assert after(days=400) == {shown.uuid}
    assert studio.recording(shown.id).is_ready


def test_a_name_of_an_upload_is_not_to_be_guessed(sender: Sender) -> None:
    names = {uuid_of(sender.begun(10)) for _ in range(5)}
    assert len(names) == 5
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert len({name[:4] for name in names}) == 5


def test_a_colleague_who_knows_the_name_neither_takes_nor_ends_it(
    sender: Sender, clips: Clips
) -> None:
    """Nor an administrator: unfinished uploads are their owner's alone."""
    studio, data = sender.studio, clips["tiny.mp4"].read_bytes()
    where = sender.begun(len(data), data=data)
    for role in ("trainer", "administrator"):
        other = Sender(studio, studio.people.member(role=role))
        override = {**other.headers, "Upload-Offset": "0", "X-HTTP-Method-Override": "DELETE"}
        assert other.finish(where).status_code == 404
        assert other.end(where).status_code == 404
        assert other.client.post(where, headers=override).status_code == 404
        encoded = base64.b64encode(str(studio.trainer).encode()).decode()
        forged = {**other.headers, "Upload-Metadata": f"owner_id {encoded}"}
        assert other.client.head(where, headers=forged).status_code == 404
    made = sender.finish(where)
    assert made.status_code == 200
    assert studio.recording(made.json["id"]).owner_id == studio.trainer
