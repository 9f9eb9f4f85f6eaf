"""Files that players and pages fetch: playlists, segments, posters, captions, pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import cast

from flask import Response, current_app, request, send_file

from app.core import clock
from app.core.access import access
from app.core.limits import unlimited
from app.core.refusals import NotThere
from app.media import aes128, queries, service, webvtt
from app.media.access import refuse_unless_shown, refuse_unless_watchable
from app.media.rules import CAPTION_NAME, FILE_NAME, KEY_NAME, PICTURE_WIDTHS, UUID, check_link
from app.media.views import bp
from app.members.access import SIGNED_IN, reader

TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4s": "video/iso.segment",
    "webp": "image/webp",
    "vtt": "text/vtt",
}


@bp.get("/<token>/<uuid>/v<int:version>/<name>")
@access(SIGNED_IN)
@unlimited
def delivered(token: str, uuid: str, version: int, name: str) -> Response:
    """A playlist, segment, key, poster or caption track, for the member whose link it is.

    A link outlives the permission that it was made with, so that is asked for again each time.
    """
    who = reader()
    left = check_link(
        current_app.extensions["weike"].secret_key,
        token,
        uuid,
        version,
        member_id=who.id,
        now=clock.epoch(),
    )
    refuse_unless_watchable(who, uuid)
    key = KEY_NAME.fullmatch(name)
    if key:
        return _key(uuid, version, key[1])
    captions = CAPTION_NAME.fullmatch(name)
    if captions:
        return _captions(uuid, captions[1])
    if not FILE_NAME.fullmatch(name):
        raise NotThere
    path = service.media_folder().version(uuid, version) / name
    if not path.is_file():
        raise NotThere
    response = _sent(path, TYPES[path.suffix[1:]])
    # A version never changes; the address lives as long as the link.
    response.headers["Cache-Control"] = f"private, max-age={left}, immutable"
    return response


def _key(uuid: str, version: int, rendition: str) -> Response:
    """The key of one rendition: as free as its playlist, and kept nowhere on the way."""
    secret = queries.secret_by_uuid(uuid)
    header = service.media_folder().version(uuid, version) / f"{rendition}-init.mp4"
    if secret is None or not header.is_file():
        raise NotThere
    response = Response(aes128.key_of(secret, rendition), mimetype="application/octet-stream")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _sent(path: Path, mimetype: str) -> Response:
    """A file of the media folder: through the proxy where there is one that can, else by us."""
    config = current_app.extensions["weike"]
    if not config.accel:
        return send_file(path, mimetype=mimetype, conditional=True)
    inside = path.relative_to(config.media_dir).as_posix()  # names of ours: nothing to be quoted
    response = Response(mimetype=mimetype)
    response.headers["X-Accel-Redirect"] = f"{config.accel.rstrip('/')}/{inside}"
    return response


def _captions(uuid: str, language: str) -> Response:
    cues = queries.cues_by_uuid(uuid, language)
    if cues is None:
        raise NotThere
    text = webvtt.write((cue.start_ms, cue.end_ms, cue.text) for cue in cues)
    response = Response(text, mimetype="text/vtt")
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    # The trainer may correct captions at any time.
    response.headers["Cache-Control"] = "private, no-cache"
    return cast("Response", response.make_conditional(request))


@bp.get("/images/<uuid>/<int:width>.webp")
@access(SIGNED_IN)
@unlimited
def image(uuid: str, width: int) -> Response:
    if not UUID.fullmatch(uuid) or not 0 < width <= max(PICTURE_WIDTHS):
        raise NotThere
    path = service.media_folder().image(uuid, width)
    if not path.is_file():
        raise NotThere
    if queries.is_cover(uuid):
        response = _sent(path, "image/webp")
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response
    refuse_unless_shown(reader(), uuid)
    response = _sent(path, "image/webp")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/sounds/<uuid>.m4a")
@access(SIGNED_IN)
@unlimited
def sound(uuid: str) -> Response:
    if not UUID.fullmatch(uuid):
        raise NotThere
    path = service.media_folder().sound(uuid)
    if not path.is_file():
        raise NotThere
    refuse_unless_shown(reader(), uuid)
    response = send_file(path, mimetype="audio/mp4", conditional=True)
    response.headers["Cache-Control"] = "no-store"
    return response
