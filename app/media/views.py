"""Uploading, the state of a recording, and the files that players and pages fetch."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app.core import clock
from app.core.access import access
from app.core.i18n import file_size
from app.core.limits import limited, unlimited
from app.core.refusals import NotThere
from app.media import queries, service, webvtt
from app.media.multipart import FilePart
from app.media.rules import (
    CAPTION_NAME,
    FILE_NAME,
    PICTURE_WIDTHS,
    UUID,
    FileTooLarge,
    check_link,
)
from app.members.access import AUTHOR, SIGNED_IN, reader

bp = Blueprint("media", __name__, template_folder="templates", url_prefix="/media")

TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4s": "video/iso.segment",
    "webp": "image/webp",
}
MULTIPART_EXTRA = 64 * 1024  # bytes of headers and small fields around an uploaded file


def init_app(app: Flask) -> None:
    """Let the two uploads check the token themselves, in the header: to look for it among form
    fields, as is done elsewhere, would read the whole body before the view runs.
    """
    for view in (upload, upload_image):
        app.extensions["csrf"].exempt(view)
    config = app.extensions["weike"]
    app.jinja_env.globals.update(upload_limit=config.upload_limit, image_limit=config.image_limit)


def _check_token() -> None:
    try:
        validate_csrf(request.headers.get("X-CSRFToken", ""))
    except ValidationError as error:
        raise CSRFError(str(error.args[0])) from error


def _body(limit: int) -> tuple[BinaryIO, str, int | None]:
    """The uploaded bytes as a stream, the file's name, and its length when that is known.

    The body is the file itself, or a form with one file in it.
    """
    if (request.content_length or 0) > limit + MULTIPART_EXTRA:
        raise FileTooLarge(limit=file_size(limit))
    request.max_content_length = limit + MULTIPART_EXTRA
    name = request.args.get("filename", "")
    if request.mimetype == "multipart/form-data":
        part = FilePart(request.stream, request.mimetype_params.get("boundary", ""))
        return cast("BinaryIO", part), part.filename or name, None
    return cast("BinaryIO", request.stream), name, request.content_length


@bp.post("/upload")
@access(AUTHOR)
@limited("uploads", most=60, seconds=3600, burst=20)
def upload() -> Response:
    _check_token()
    stream, name, length = _body(current_app.extensions["weike"].upload_limit)
    media_id = service.receive(owner_id=reader().id, filename=name, stream=stream, length=length)
    found = queries.recording(media_id)
    assert found is not None
    return jsonify(
        id=found.id,
        kind=found.kind,
        duration_ms=found.duration_ms,
        filename=found.filename,
        state_url=url_for("media.state", media_id=found.id),
    )


@bp.post("/images")
@access(AUTHOR)
@limited("pictures", most=120, seconds=3600, burst=40)
def upload_image() -> Response:
    _check_token()
    stream, _, _ = _body(current_app.extensions["weike"].image_limit)
    image_id = service.receive_image(owner_id=reader().id, stream=stream)
    return jsonify(id=image_id, url=queries.image_url(image_id))


def _own(media_id: int) -> queries.Recording:
    found = queries.recording_for(reader(), media_id)
    if found is None:
        raise NotThere
    return found


def _state(media_id: int) -> Response:
    found = _own(media_id)
    response = make_response(render_template("media/_state.html", recording=found))
    if found.is_finished:
        response.headers["HX-Trigger"] = f"weike:media-{found.state}"
    return response


@bp.get("/<int:media_id>/state")
@access(AUTHOR)
def state(media_id: int) -> Response:
    return _state(media_id)


@bp.post("/<int:media_id>/retry")
@access(AUTHOR)
def retry(media_id: int) -> ResponseReturnValue:
    service.retry(_own(media_id).id)
    if "HX-Request" in request.headers:
        return _state(media_id)
    # Without a script: back to the page with the button.
    return redirect("/" + urlsplit(request.referrer or "").path.lstrip("/"))


# --- what players and pages fetch -------------------------------------------------------------


@bp.get("/<token>/<uuid>/v<int:version>/<name>")
@access(SIGNED_IN)
@unlimited
def delivered(token: str, uuid: str, version: int, name: str) -> Response:
    """A playlist, segment, poster or caption track, for the member whose link it is."""
    left = check_link(
        current_app.extensions["weike"].secret_key,
        token,
        uuid,
        version,
        member_id=reader().id,
        now=clock.epoch(),
    )
    captions = CAPTION_NAME.fullmatch(name)
    if captions:
        return _captions(uuid, captions[1])
    if not FILE_NAME.fullmatch(name):
        raise NotThere
    path = service.media_folder().version(uuid, version) / name
    if not path.is_file():
        raise NotThere
    response = send_file(path, mimetype=TYPES[path.suffix[1:]], conditional=True)
    # A version never changes; the address lives as long as the link.
    response.headers["Cache-Control"] = f"private, max-age={left}, immutable"
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
    response = send_file(path, mimetype="image/webp", conditional=True)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
