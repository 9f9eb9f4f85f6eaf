"""Every file that belongs to a recording, fetched by those who may and by those who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import unit_of_work
from app.media import service
from app.members.models import Member
from tests.conftest import make_config
from tests.media.conftest import Clips, Studio, fetch, studio_with, token

VTT = b"WEBVTT\n\n00:00.500 --> 00:01.500\nHello\n"


@pytest.fixture
def shown(studio: Studio, clips: Clips):
    """A prepared recording with captions, and a member who may watch it."""
    found = studio.prepared(clips["plain.mp4"])
    with studio.app.app_context(), unit_of_work():
        service.attach_captions(found.id, language="en", label="English", data=VTT)
    studio.show(found)
    member = studio.people.member()
    return found, member, studio.people.client(member)


def every_file(studio: Studio, found, member: int) -> list[str]:
    """The addresses of all that a player of this member would fetch."""
    links = studio.links(found.id, member)
    base = links.master.rsplit("/", 1)[0]
    names = sorted(p.name for p in studio.version(found).iterdir())
    assert {"master.m3u8", "180p.m3u8", "180p-init.mp4", "180p-00000.m4s"} <= set(names)
    assert "poster-320.webp" in names
    return [f"{base}/{name}" for name in names] + [address for *_, address in links.captions]


def test_the_member_whose_link_it_is_gets_every_file(studio: Studio, shown) -> None:
    found, member, client = shown
    kinds = {
        "m3u8": "application/vnd.apple.mpegurl",
        "mp4": "video/mp4",
        "m4s": "video/iso.segment",
        "webp": "image/webp",
        "vtt": "text/vtt",
    }
    for address in every_file(studio, found, member):
        answer = fetch(client, address)
        assert answer.status_code == 200, address
        assert answer.mimetype == kinds[address.rsplit(".", 1)[1]]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in answer.headers["Cache-Control"]
        assert answer.headers["ETag"]
        again = fetch(client, address, If_None_Match=answer.headers["ETag"])
        assert again.status_code == 304
    segment = fetch(client, every_file(studio, found, member)[0]).headers["Cache-Control"]
    assert "immutable" in segment
    assert 0 < int(segment.split("max-age=")[1].split(",")[0]) <= 4 * 3600


def test_everybody_else_gets_none_of_them(studio: Studio, shown) -> None:
    """Logged out, another member, the trainer, an administrator: the link is one member's."""
    found, member, _ = shown
    player = {"Sec_Fetch_Dest": "empty"}
    others = {
        "visitor": (studio.people.client(), 401),
        "another member": (studio.people.client(studio.people.member()), 404),
        "the trainer": (studio.client, 404),
        "an administrator": (
            studio.people.client(studio.people.member(role="administrator")),
            404,
        ),
    }
    for address in every_file(studio, found, member):
        for who, (client, status) in others.items():
            assert fetch(client, address, **player).status_code == status, (who, address)
        head = others["visitor"][0].get(address)  # typed into the address bar: to the sign-in
        assert head.status_code == 302


def test_no_file_is_given_after_the_link_has_expired(studio: Studio, shown) -> None:
    found, member, client = shown
    addresses = every_file(studio, found, member)
    now = clock.now()
    with clock.use(lambda: now + timedelta(hours=2, minutes=55)):
        assert all(fetch(client, address).status_code == 200 for address in addresses)
    with clock.use(lambda: now + timedelta(hours=4, seconds=1)):
        assert all(fetch(client, address).status_code == 404 for address in addresses)


def test_links_stay_the_same_while_a_page_is_reloaded(studio: Studio, shown) -> None:
    """So that the browser finds the segments that it has."""
    found, member, _ = shown
    start = clock.now().replace(minute=1)
    with clock.use(lambda: start):
        first = studio.links(found.id, member)
    with clock.use(lambda: start + timedelta(minutes=50)):
        assert studio.links(found.id, member) == first


def test_a_link_opens_only_its_own_recording_and_version(studio: Studio, shown, clips) -> None:
    found, member, client = shown
    other = studio.prepared(clips["tiny.mp4"])
    key = studio.links(found.id, member).master.split("/")[2]
    good = f"/media/{key}/{found.uuid}/v1/master.m3u8"
    assert fetch(client, good).status_code == 200
    for address in (
        f"/media/{key}/{other.uuid}/v1/master.m3u8",
        f"/media/{key}/{found.uuid}/v2/master.m3u8",
        f"/media/{key[:-1]}{'1' if key[-1] == '0' else '0'}/{found.uuid}/v1/master.m3u8",
        f"/media/x/{found.uuid}/v1/master.m3u8",
    ):
        assert fetch(client, address).status_code == 404, address


@pytest.mark.parametrize(
    "name",
    [
        "../v1/master.m3u8",
        "..%2f..%2f..%2fuploads%2fx%2fsource",
        "%2e%2e/%2e%2e/source",
        "....//source",
        "source",
        "master.m3u8%00.mp4",
        ".m3u8",
        "poster-source.mp4",
        "frame-01.png",
        "captions-xx.vtt",
        "captions-..%2f.vtt",
        "nothing.m4s",
    ],
)
def test_only_files_of_the_version_have_an_address(studio: Studio, shown, name: str) -> None:
    found, member, client = shown
    base = studio.links(found.id, member).master.rsplit("/", 1)[0]
    assert fetch(client, f"{base}/{name}").status_code in {404, 308}
    assert fetch(client, f"{base}/master.m3u8").status_code == 200


def test_a_range_is_a_single_part(studio: Studio, shown) -> None:
    found, member, client = shown
    base = studio.links(found.id, member).master.rsplit("/", 1)[0]
    address = f"{base}/180p-00000.m4s"
    whole = fetch(client, address).data
    part = fetch(client, address, Range="bytes=10-19")
    assert (part.status_code, part.data) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    tail = fetch(client, address, Range="bytes=-5")
    assert (tail.status_code, tail.data) == (206, whole[-5:])
    # A part of what it has, or, when that is another file by now, all of it.
    mark = fetch(client, address).headers["ETag"]
    part = fetch(client, address, Range="bytes=10-19", If_Range=mark)
    assert (part.status_code, part.data) == (206, whole[10:20])
    other = fetch(client, address, Range="bytes=10-19", If_Range='"another"')
    assert (other.status_code, other.data) == (200, whole)
    many = "bytes=" + ",".join(f"0-{n}" for n in range(1000))
    for odd in (many, "bytes=9999999-", "bytes=5-1", "bytes=--5", "lines=1-2", "bytes=a-b"):
        answer = fetch(client, address, Range=odd)
        assert answer.status_code in {200, 416}, odd
        assert len(answer.data) <= max(len(whole), 20_000)


def test_captions_are_served_clean_and_follow_their_correction(studio: Studio, shown) -> None:
    found, member, client = shown
    ((language, label, address),) = studio.links(found.id, member).captions
    assert (language, label) == ("en", "English")
    first = fetch(client, address)
    assert first.get_data(as_text=True) == ("WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nHello\n")
    with studio.app.app_context(), unit_of_work():
        new = VTT.replace(b"Hello", b"Good morning")
        service.attach_captions(found.id, language="en", label="English", data=new)
    second = fetch(client, address, If_None_Match=first.headers["ETag"])
    assert second.status_code == 200
    assert "Good morning" in second.get_data(as_text=True)


def test_a_disabled_member_watches_no_more(studio: Studio, shown) -> None:
    found, member, client = shown
    address = studio.links(found.id, member).master
    assert fetch(client, address).status_code == 200
    with studio.app.app_context(), unit_of_work() as session:
        session.get_one(Member, member).is_active = False
    assert fetch(client, address, Sec_Fetch_Dest="empty").status_code == 401


def test_the_life_of_links_is_a_setting(tmp_path) -> None:
    assert make_config(tmp_path, media_link=600).media_link == 600


# --- the state of a recording is its owner's -----------------------------------------------------


def test_the_owner_and_administrators_see_the_state(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    chief = studio.people.client(studio.people.member(role="administrator"))
    rival = studio.people.client(studio.people.member(role="trainer"))
    member = studio.people.client(studio.people.member())
    page = {"HX-Request": "true"}
    gone = studio.client.get("/media/999/state", headers=page)
    assert gone.status_code == 286  # htmx: whoever asks every two seconds is told to stop
    assert "replaced or removed" in gone.get_data(as_text=True)
    for client, status in ((studio.client, 200), (chief, 200), (rival, 404), (member, 404)):
        assert client.get(f"/media/{media_id}/state").status_code == status
    followed = rival.get(f"/media/{media_id}/state", headers=page)
    assert (followed.status_code, followed.data) == (286, gone.data)  # looks like not there
    assert studio.client.get(f"/media/{media_id}/state", headers=page).status_code == 200


def test_the_state_asks_again_until_it_is_finished(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    page = studio.client.get(f"/media/{media_id}/state")
    text = page.get_data(as_text=True)
    assert 'hx-trigger="every 2s"' in text
    assert 'data-media-state="queued"' in text
    studio.work()
    page = studio.client.get(f"/media/{media_id}/state")
    assert "every 2s" not in page.get_data(as_text=True)
    assert page.headers["HX-Trigger"] == "weike:media-ready"


def test_only_the_owner_tries_again(studio: Studio, clips: Clips) -> None:
    media_id = studio.upload(clips["tiny.mp4"])
    (studio.root / "uploads" / studio.recording(media_id).uuid / "source").unlink()
    studio.work()
    rival = studio.people.client(studio.people.member(role="trainer"))
    answer = rival.post(f"/media/{media_id}/retry", headers=token(rival))
    assert answer.status_code == 404
    assert studio.recording(media_id).state == "failed"
    form = {**studio.headers, "Accept": "text/html", "Referer": "http://localhost/desk/courses/1"}
    plain = studio.client.post(f"/media/{media_id}/retry", headers=form)
    assert (plain.status_code, plain.headers["Location"]) == (302, "/desk/courses/1")
    assert studio.recording(media_id).state == "queued"


def test_a_proxy_may_send_what_weike_has_allowed(tmp_path, clips: Clips) -> None:
    with studio_with(tmp_path, accel="/protected-media") as studio:
        recording = studio.prepared(clips["silent.mp4"])
        master = studio.links(recording.id).master
        answer = fetch(studio.client, master)
        assert answer.status_code == 200
        assert answer.get_data() == b""
        inside = f"renditions/{recording.uuid}/v{recording.version}/master.m3u8"
        assert answer.headers["X-Accel-Redirect"] == f"/protected-media/{inside}"
        assert (studio.root / inside).is_file()
        assert "private" in answer.headers["Cache-Control"]
        stranger = studio.people.client(studio.people.member())
        refused = fetch(stranger, master)
        assert refused.status_code == 404
        assert "X-Accel-Redirect" not in refused.headers
