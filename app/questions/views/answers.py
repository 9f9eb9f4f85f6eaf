"""Files as answers: sending one while a paper is open, and getting one's own back."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from app.core.access import access
from app.core.limits import limited
from app.core.refusals import NotThere
from app.members.access import SIGNED_IN, reader
from app.questions import queries, rules, service
from app.questions.views import bp

EXTRA = 64 * 1024  # of the form around the file


@bp.url_value_preprocessor
def _more_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if endpoint == "questions.send_answer":
        request.max_content_length = rules.LARGEST_FILE + EXTRA


@bp.post("/answers/files")
@access(SIGNED_IN)
@limited("files as answers", most=60, seconds=3600, burst=20)
def send_answer() -> ResponseReturnValue:
    file = request.files.get("file")
    if file is None:
        raise rules.EmptyAnswerFile
    try:
        put = service.put_file(cast("BinaryIO", file.stream), filename=file.filename or "")
    finally:
        file.close()
    answer = service.keep_file(put, member_id=reader().id)
    return jsonify(answer=answer, name=put.name)


@bp.get("/answers/files/<token>")
@access(SIGNED_IN)
def own_answer(token: str) -> Response:
    return delivered(queries.sent_file(token, member_id=reader().id))


def delivered(sent: queries.SentFile, *, name: str = "") -> Response:
    """A file for somebody who may have it: always to be saved, never to be run in our pages.

    `name` is for markers who must not learn from it whose it is.
    """
    path = service.drawer().path(sent.token)
    if not path.is_file():
        raise NotThere
    response = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=name or sent.name,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    return response
