"""Every file that is made of a recording, asked for by everybody who may not have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import unit_of_work
from app.courses import service as courses
from app.media import service
from tests.media.conftest import Clips, Studio, fetch, studio_with

VTT = b"WEBVTT\n\n00:00.500 --> 00:01.500\nHello\n"


@dataclass
class Shelf:
    """A course for one branch with an encrypted video and a sound, and the addresses of all files
    as they are signed for one member: of the trainer, of that branch, of another branch."""

    studio: Studio
    here: int
    elsewhere: int
    addresses: Callable[[int], dict[str, list[str]]]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Made once: the tests only look at it."""
    folder = tmp_path_factory.mktemp("every-file")
    clips = Clips(folder)
    with studio_with(folder, encrypt=True) as studio:
        people = studio.people
        here, elsewhere = people.branch("Here"), people.branch("Elsewhere")
        video, sound = (studio.prepared(clips[name]) for name in ("two-rungs.mp4", "sound.mp3"))
        with studio.app.app_context(), unit_of_work():
            for one in (video, sound):
                service.attach_captions(one.id, language="en", label="English", data=VTT)
            theme = courses.create_theme(title="Theme")
            course = courses.create_course(
                author_id=studio.trainer,
                title="For one branch",
                theme_id=theme,
                language="en",
                summary="What it is about.",
            )
            courses.set_audience(course, {here})
            for one in (video, sound):
                courses.add_recording(course, title="Lesson", media_id=one.id)
            courses.publish(course)

        def addresses(member: int) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for one in (video, sound):
                base = studio.links(one.id, member).master.rpartition("/")[0]
                names = [path.name for path in studio.version(one).iterdir()]
                names += [f"{Path(name).stem}.key" for name in names if name.endswith("p.m3u8")]
                for name in [*names, "audio.key", "captions-en.vtt"]:
                    found.setdefault(kind_of(name), []).append(f"{base}/{name}")
            return found

        yield Shelf(studio, people.member(branch=here), people.member(branch=elsewhere), addresses)


def kind_of(name: str) -> str:
    """What a file is, by its name."""
    stem, _, ending = name.rpartition(".")
    if stem == "master":
        return "master playlist"
    if stem == "audio" or stem.startswith("audio-"):
        return f"audio only: {ending}"
    if stem.endswith("-init"):
        return "header"
    if stem.startswith(("poster", "storyboard", "captions", "waveform")):
        return f"{stem.partition('-')[0]}: {ending}"
    return {"m3u8": "media playlist", "m4s": "segment", "key": "key"}[ending]


KINDS = (
    "master playlist",
    "media playlist",
    "header",
    "segment",
    "key",
    "audio only: m3u8",
    "audio only: mp4",
    "audio only: m4s",
    "audio only: key",
    "poster: webp",
    "storyboard: webp",
    "storyboard: vtt",
    "waveform: webp",
    "captions: vtt",
)
PLAYER = {"Sec_Fetch_Dest": "empty"}


def test_the_table_below_names_every_kind_of_file(shelf: Shelf) -> None:
    assert set(shelf.addresses(shelf.here)) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_for_who_may_see_the_lesson_as_long_as_the_link_lives(
    shelf: Shelf, kind: str
) -> None:
    """One request of each row is answered: the same file, for the member of the branch."""
    people, now = shelf.studio.people, clock.now()
    expired = now + timedelta(hours=4, seconds=1)
    own, far = (shelf.addresses(who)[kind] for who in (shelf.here, shelf.elsewhere))
    clients: dict[str, FlaskClient] = {
        "member": people.client(shelf.here),
        "other branch": people.client(shelf.elsewhere),
        "visitor": people.client(),
        "colleague": people.client(people.member()),
    }
    table = [
        ("member", own, now, 200),
        ("visitor", own, now, 401),  # signed out
        ("other branch", own, now, 404),  # a member of another branch, with a link passed on
        ("other branch", far, now, 404),  # and with one that is signed for them
        ("colleague", own, now, 404),  # of the whole organisation
        ("member", own, now + timedelta(hours=2, minutes=55), 200),
        ("member", own, expired, 404),  # after expiry
        ("visitor", own, expired, 401),
    ]
    for who, addresses, moment, status in table:
        assert addresses
        for address in addresses:
            with clock.use(lambda moment=moment: moment):
                answer = fetch(clients[who], address, **PLAYER)
            assert answer.status_code == status, (who, address, moment)
            if status == 200:
                assert answer.data
                assert "private" in answer.headers["Cache-Control"]
            else:
                assert b"WEBP" not in answer.data
                assert "public" not in answer.headers.get("Cache-Control", "")


def test_what_was_uploaded_and_what_was_found_in_it_has_no_address(shelf: Shelf) -> None:
    """The original, which parts are cut from too, and what the page for cutting is drawn with."""
    studio = shelf.studio
    inside = {
        path.relative_to(studio.root).as_posix()
        for path in (studio.root / "uploads").rglob("*")
        if path.is_file()
    }
    assert {Path(name).name for name in inside} >= {"source", "levels", "keyframes"}
    base = shelf.addresses(studio.trainer)["master playlist"][0].rpartition("/")[0]
    assert fetch(studio.client, f"{base}/master.m3u8").status_code == 200
    for name in sorted(inside):
        uuid, file = name.split("/")[1:]
        for address in (
            f"/media/{name}",
            f"/static/{name}",
            f"/{name}",
            f"/media/{uuid}/{file}",
            f"/protected-media/{name}",
            f"{base}/{file}",
            f"{base}/../../{name}",
            f"{base}/..%2f..%2f..%2f{name.replace('/', '%2f')}",
        ):
            answer = fetch(studio.client, address)
            assert answer.status_code in {404, 308}, address


def test_the_pages_for_cutting_are_for_who_looks_after_the_recording(shelf: Shelf) -> None:
    """Waveform, keyframes and proposed cuts of a source are in the page itself."""
    studio, people = shelf.studio, shelf.studio.people
    media_id = 1
    page = f"/desk/recordings/{media_id}/split"
    others = {
        "visitor": (people.client(), {302, 401}),
        "member": (people.client(shelf.here), {404}),
        "another trainer": (people.client(people.member(role="trainer")), {404}),
        "an organizer": (people.client(people.member(organizes=people.root)), {404}),
    }
    assert studio.client.get(page).status_code == 200
    for who, (client, statuses) in others.items():
        assert client.get(page).status_code in statuses, who
