"""tus 1.0.0: uploads that go on where they stopped. https://tus.io/protocols/resumable-upload"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO, cast

from flask import Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.http import http_date

from app.core.access import access
from app.core.errors import answer, status_of
from app.core.limits import limited, unlimited
from app.core.refusals import NotThere, Refusal
from app.media import service
from app.media.rules import (
    BadUpload,
    ChecksumMismatch,
    Interrupted,
    TooManyPieces,
    UploadBusy,
    UploadExpired,
    WrongVersion,
)
from app.media.rules.uploads import (
    CHECKSUMS,
    EXTENSIONS,
    LARGEST_NUMBER,
    VERSION,
    checksum,
    metadata,
    number,
)
from app.media.tus import Upload
from app.media.views import bp
from app.media.views.uploading import arrived, check_token
from app.members.access import AUTHOR, EDITOR, reader

PIECE = "application/offset+octet-stream"
SILENCE_SECONDS = 30.0  # of a sender, until its connection is given up and the upload is free again
STATUS = (
    (BadUpload, "400 Bad Request"),
    (WrongVersion, "412 Precondition Failed"),
    (UploadBusy, "423 Locked"),
    (UploadExpired, "410 Gone"),
    (ChecksumMismatch, "460 Checksum Mismatch"),
    # Whoever still listens may go on: clients of tus ask again after a 503, and after no 4xx.
    (Interrupted, "503 Service Unavailable"),
    (TooManyPieces, "503 Service Unavailable"),
)
COME_BACK = 5  # seconds


def _tus(view: Callable[..., Response]) -> Callable[..., ResponseReturnValue]:
    """Token and version first; refusals with the status that the protocol gives them."""

    @wraps(view)
    def spoken(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        try:
            if request.method != "HEAD":
                check_token()
            if request.headers.get("Tus-Resumable") != VERSION:
                raise WrongVersion(what="Tus-Resumable")
            response = view(*args, **kwargs)
        except Refusal as refusal:
            response = answer(status_of(refusal), str(refusal), reason=type(refusal).__name__)
            response.status = next(
                (status for kind, status in STATUS if isinstance(refusal, kind)), response.status
            )
            if response.status_code == 503:
                response.headers["Retry-After"] = str(COME_BACK)
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Tus-Version"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return spoken


def _about(response: Response, upload: Upload) -> Response:
    response.headers["Upload-Offset"] = str(upload.offset)
    response.headers["Upload-Expires"] = http_date(upload.expires)
    return response


def _body() -> tuple[BinaryIO, int | None]:
    """The piece as a stream, and how long its sender says it is."""
    # How much may come is known better below: what is left of this upload.
    request.max_content_length = LARGEST_NUMBER
    # A phone that changed its network leaves a dead connection behind: without a limit it would
    # hold the upload until the system notices, which takes minutes.
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_SECONDS)
    return cast("BinaryIO", request.stream), request.content_length


def _receive(uuid: str, *, offset: int) -> Upload:
    if request.mimetype != PIECE:
        raise BadUpload(what="Content-Type")
    check = checksum(request.headers.get("Upload-Checksum", ""))
    stream, length = _body()
    return service.continue_upload(
        uuid, owner_id=reader().id, stream=stream, offset=offset, length=length, checksum=check
    )


@bp.route("/tus", methods=["OPTIONS"])
@access(EDITOR)
def tus_options() -> Response:
    response = make_response("", 204)
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Checksum-Algorithm"] = ",".join(CHECKSUMS)
    response.headers["Tus-Max-Size"] = str(current_app.extensions["weike"].upload_limit)
    return response


@bp.post("/tus")
@access(EDITOR)
@limited("uploads", most=60, seconds=3600, burst=20)
@_tus
def tus_begin() -> Response:
    for not_offered in ("Upload-Defer-Length", "Upload-Concat"):
        if not_offered in request.headers:
            raise BadUpload(what=not_offered)
    length = number(request.headers.get("Upload-Length"), "Upload-Length")
    said = request.headers.get("Upload-Metadata", "")
    upload = service.begin_upload(
        owner_id=reader().id,
        filename=metadata(said).get("filename", ""),
        length=length,
        metadata=said,
    )
    if request.mimetype == PIECE:
        try:
            upload = _receive(upload.uuid, offset=0)
        except Refusal:
            service.end_upload(upload.uuid, owner_id=reader().id)
            raise
    response = make_response("", 201)
    # A path alone: whatever a Host header claims, it leads to this server.
    response.headers["Location"] = f"/media/tus/{upload.uuid}"
    return _about(response, upload)


@bp.route("/tus/<uuid>", methods=["HEAD"])
@access(EDITOR)
@unlimited
@_tus
def tus_offset(uuid: str) -> Response:
    upload = service.upload_of(uuid, owner_id=reader().id)
    response = _about(make_response("", 200), upload)
    response.headers["Upload-Length"] = str(upload.length)
    if upload.metadata:
        response.headers["Upload-Metadata"] = upload.metadata
    return response


@bp.patch("/tus/<uuid>")
@access(EDITOR)
@unlimited
@_tus
def tus_continue(uuid: str) -> Response:
    offset = number(request.headers.get("Upload-Offset"), "Upload-Offset")
    if request.mimetype != PIECE:
        return make_response("", 415)
    return _about(make_response("", 204), _receive(uuid, offset=offset))


@bp.delete("/tus/<uuid>")
@access(EDITOR)
@_tus
def tus_end(uuid: str) -> Response:
    service.end_upload(uuid, owner_id=reader().id)
    return make_response("", 204)


@bp.post("/tus/<uuid>")
@access(EDITOR)
@unlimited
def tus_override(uuid: str) -> ResponseReturnValue:
    """For networks that let only GET and POST through."""
    check_token()
    views = {"PATCH": tus_continue, "DELETE": tus_end}
    view = views.get(request.headers.get("X-HTTP-Method-Override", ""))
    if view is None:
        raise NotThere
    return view(uuid)


@bp.post("/tus/<uuid>/recording")
@access(AUTHOR)
@limited("uploads finished", most=120, seconds=3600, burst=40)
def tus_finish(uuid: str) -> Response:
    """Not of the protocol: make a recording of what has arrived, as often as one asks.

    Upload-Length, if it is there, says that no more will come than that.
    """
    check_token()
    said = request.headers.get("Upload-Length")
    length = number(said, "Upload-Length") if said is not None else None
    return arrived(service.take_over(uuid, owner_id=reader().id, length=length))


WITH_BODIES = (tus_begin, tus_continue, tus_end, tus_override, tus_finish)
