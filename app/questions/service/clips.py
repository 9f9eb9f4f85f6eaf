"""Pictures and sounds that come with a file of questions: kept first, registered with the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

from flask_babel import gettext as _

from app.core import clock
from app.core.refusals import Refusal
from app.media import queries as media_queries
from app.media import service as media
from app.questions import queries
from app.questions.formats import Paper, judge
from app.questions.formats.clips import SHOWN, URL, renamed, url_of, urls
from app.questions.formats.facts import Enclosed
from app.questions.rules import Kind, TooManyClips, TooMuchSound

MOST_CLIPS = 100  # pictures and sounds in one file
LONGEST_WORK = 20.0  # seconds that decoding sounds may take while a browser waits


@dataclass
class Kept:
    """What lies in the media folder and has no rows yet, by the address that stands for it."""

    images: dict[str, media.StoredImage] = field(default_factory=dict)
    sounds: dict[str, media.StoredSound] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # with the reason


def keep_clips(paper: Paper, *, store: bool = True, patience: float | None = None) -> Kept:
    """Write what came with a file into the media folder; takes long, and touches no database:
    call it before the first query. Raises TooManyClips.

    What was exported here and has come back unchanged is not written again: the questions name
    what is here. Without `store` no sound is written. When decoding sounds has taken `patience`
    seconds, the rest is refused: the command has all the time.
    """
    if len(paper.files) > MOST_CLIPS:
        raise TooManyClips(number=len(paper.files), most=MOST_CLIPS)
    kept = Kept()
    ours = {url: here for url, each in paper.files.items() if (here := _ours(each))}
    for item in paper.items:
        item.body = renamed(item.body, lambda text: URL.sub(lambda m: ours.get(m[0], m[0]), text))
    began = clock.monotonic()
    for url, each in paper.files.items():
        if url in ours or ("/sounds/" in url and not store):
            continue
        try:
            if "/sounds/" in url:
                if patience is not None and clock.monotonic() - began >= patience:
                    raise TooMuchSound
                kept.sounds[url] = media.store_sound(BytesIO(each.data), filename=each.name)
            else:
                kept.images[url] = media.store_image(BytesIO(each.data))
        except Refusal as refusal:
            kept.refused[url] = str(refusal)
    return kept


def _ours(each: Enclosed) -> str:
    """The address of a file that was exported here and has come back unchanged."""
    url = url_of(each.name)
    return url if url and media.clip_data(url) == each.data else ""


def _as_before(image: media.StoredImage, owner_id: int) -> str:
    """The address of the very same picture that a question of the owner's shows, if there is one:
    the file was read before, and its questions say the same."""
    data = media.clip_data(f"/media/images/{image.uuid}/{image.width}.webp")
    for uuid in media_queries.images_sized(owner_id, image.width, image.height):
        url = f"/media/images/{uuid}/{image.width}.webp"
        if queries.showing(uuid) and media.clip_data(url) == data:
            media.forget_image(image)
            return url
    return ""


def recall_clips(paper: Paper, kept: Kept, *, owner_id: int) -> None:
    """Name in the texts what questions of the owner's show already; it is not kept again."""
    known = {}
    for url, image in kept.images.items():
        if here := _as_before(image, owner_id):
            known[url] = here
    for url in known:
        del kept.images[url]
    for item in paper.items:
        item.body = renamed(item.body, lambda text: URL.sub(lambda m: known.get(m[0], m[0]), text))


def forget_clips(kept: Kept) -> None:
    """Take away what was kept for questions that are not taken."""
    for image in kept.images.values():
        media.forget_image(image)


def unpack_clips(paper: Paper, kept: Kept, *, owner_id: int) -> None:
    """Make the rows of what was kept, and name it in the texts of the questions."""
    recall_clips(paper, kept, owner_id=owner_id)
    known: dict[str, str] = {}
    for url, image in kept.images.items():
        known[url] = media_queries.image_url(media.register_image(image, owner_id=owner_id))
    for url, sound in kept.sounds.items():
        known[url] = media.register_sound(sound, owner_id=owner_id)

    def text(said: str) -> str:
        said = SHOWN.sub(lambda m: "" if m[2] in kept.refused else m[0], said)
        return URL.sub(lambda m: "" if m[0] in kept.refused else known.get(m[0], m[0]), said)

    for item in paper.items:
        mine = [url for url in urls(item.body) if url in paper.files]
        if not mine:
            continue
        item.body = renamed(item.body, text)
        for url in (url for url in mine if url in kept.refused):
            item.note(
                _("“%(name)s” is not taken along:", name=paper.files[url].name[:60])
                + f" {kept.refused[url]}",
                _("Put it into the question afterwards."),
            )
        if item.kind == Kind.HOTSPOT or any(url in kept.refused for url in mine):
            judge(item)
