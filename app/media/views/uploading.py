"""Sending a recording or a picture, and how far its preparation is."""

from __future__ import annotations

from typing import BinaryIO, cast
from urllib.parse import urlsplit

from flask import (
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app.core.access import access
from app.core.i18n import file_size
from app.core.limits import limited
from app.core.refusals import NotThere, TooMuch
from app.media import queries, service
from app.media.multipart import FilePart
from app.media.rules import LARGEST_SOUND, FileTooLarge, PictureTooLarge
from app.media.views import bp
from app.members.access import AUTHOR, EDITOR, reader

STOP_ASKING = 286  # htmx: the answer is shown, and what asked every few seconds stops
MULTIPART_EXTRA = 64 * 1024  # bytes of headers and small fields around an uploaded file


def check_token() -> None:
    """Refuse an unsafe request whose header has no token of this session."""
    try:
        validate_csrf(request.headers.get("X-CSRFToken", ""))
    except ValidationError as error:
        raise CSRFError(str(error.args[0])) from error


def _body(limit: int, too_large: type[TooMuch] = FileTooLarge) -> tuple[BinaryIO, str, int | None]:
    """The uploaded bytes as a stream, the file's name, and its length when that is known.

    The body is the file itself, or a form with one file in it.
    """
    if (request.content_length or 0) > limit + MULTIPART_EXTRA:
        raise too_large(limit=file_size(limit))
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
    check_token()
    stream, name, length = _body(current_app.extensions["weike"].upload_limit)
    service.look_for_quota(reader().id, length or request.content_length or 0)
    media_id = service.receive(owner_id=reader().id, filename=name, stream=stream, length=length)
    return arrived(media_id)


def arrived(media_id: int) -> Response:
    """What the page needs to know of a recording that has just been made."""
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
    check_token()
    stream, _, _ = _body(current_app.extensions["weike"].image_limit, PictureTooLarge)
    image_id = service.receive_image(owner_id=reader().id, stream=stream)
    return jsonify(id=image_id, url=queries.image_url(image_id))


@bp.post("/sounds")
@access(AUTHOR)
@limited("sounds", most=120, seconds=3600, burst=40)
def upload_sound() -> Response:
    check_token()
    stream, name, _ = _body(LARGEST_SOUND)
    return jsonify(
        url=service.receive_sound(owner_id=reader().id, stream=stream, filename=name), name=name
    )


def _looked_after(media_id: int) -> queries.Recording:
    found = queries.looked_after(reader(), media_id)
    if found is None:
        raise NotThere
    return found


def _state(media_id: int) -> Response:
    found = _looked_after(media_id)
    response = make_response(render_template("media/_state.html", recording=found))
    if found.is_finished:
        response.headers["HX-Trigger"] = f"weike:media-{found.state}"
    return response


@bp.get("/<int:media_id>/state")
@access(EDITOR)
def state(media_id: int) -> ResponseReturnValue:
    if "HX-Request" in request.headers and queries.looked_after(reader(), media_id) is None:
        # Replaced or removed while a page follows it: said once, and not asked again.
        return render_template("media/_gone.html"), STOP_ASKING
    return _state(media_id)


@bp.post("/<int:media_id>/retry")
@access(EDITOR)
def retry(media_id: int) -> ResponseReturnValue:
    service.retry(_looked_after(media_id).id)
    if "HX-Request" in request.headers:
        return _state(media_id)
    # Without a script: back to the page with the button.
    return redirect("/" + urlsplit(request.referrer or "").path.lstrip("/"))


WITH_BODIES = (upload, upload_image, upload_sound)
