"""Files coming in: one, many, a zip file of many, or a newer version of one."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Flask, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app.core.access import access
from app.core.db import db
from app.core.refusals import Refusal
from app.library import queries, service
from app.library.forms import ShelvingForm
from app.library.queries import DocumentView
from app.library.rules import Kind
from app.library.shelf import Arrived
from app.library.views.frame import bp
from app.media import service as media
from app.members import queries as members
from app.members.access import AUTHOR, EDITOR, reader


def init_app(app: Flask) -> None:
    """Take the token of uploads from the header: to look for it among form fields would read the
    whole body before the view runs."""
    for view in (upload, replace):
        app.extensions["csrf"].exempt(view)


@bp.get("/upload")
@access(EDITOR)
def upload_page() -> str:
    form = offered(ShelvingForm(formdata=None))
    form.collection.data = request.args.get("collection", 0, type=int)
    return render_template(
        "library/upload.html", form=form, document=None, resumes=reader().is_author
    )


@bp.post("/upload")
@access(EDITOR)
def upload() -> ResponseReturnValue:
    form = ShelvingForm(formdata=request.args, meta={"csrf": False})
    if request.args.get("filename", "").lower().endswith(".zip"):
        return jsonify(files=_unpacked(form))
    arrived, kind, name = _received()
    uuid = service.add(
        arrived,
        kind,
        owner=reader(),
        filename=name,
        collection_id=request.args.get("collection", type=int) or None,
        branches=_branches(form),
    )
    return jsonify(_uploaded(queries.document_for(reader(), uuid)))


@bp.post("/upload/<upload>")
@access(AUTHOR)
def take_over(upload: str) -> ResponseReturnValue:
    """Keep what has arrived by tus, which the media room receives. Asked again, the answer is the
    same: the document has the upload's name."""
    form = ShelvingForm(formdata=request.args, meta={"csrf": False})
    known = queries.own_uuid(reader(), upload)
    if known:
        return jsonify(_uploaded(queries.document_for(reader(), known)))
    with media.arrived_file(upload, owner_id=reader().id) as (sent, file):
        if sent.filename.lower().endswith(".zip"):
            found = service.receive_many(file, length=sent.length)
            return jsonify(files=_all_added(found, form))
        arrived, kind = service.receive(file, length=sent.length, filename=sent.filename)
    uuid = service.add(
        arrived,
        kind,
        owner=reader(),
        filename=sent.filename,
        collection_id=request.args.get("collection", type=int) or None,
        branches=_branches(form),
        uuid=upload,
    )
    return jsonify(_uploaded(queries.document_for(reader(), uuid)))


@bp.get("/<uuid>/replace")
@access(EDITOR)
def replace_page(uuid: str) -> str:
    found = queries.changeable_for(reader(), uuid)
    return render_template("library/upload.html", form=None, document=found)


@bp.post("/<uuid>/replace")
@access(EDITOR)
def replace(uuid: str) -> ResponseReturnValue:
    arrived, kind, name = _received()
    try:
        found = queries.changeable_for(reader(), uuid)
    except Refusal:
        arrived.path.unlink(missing_ok=True)
        raise
    service.replace(arrived, kind, document_id=found.id, by=reader(), filename=name)
    return jsonify(_uploaded(queries.document_for(reader(), uuid)))


def _unpacked(form: ShelvingForm) -> list[dict[str, str]]:
    """Each file of a zip file as a document of its own, or with the reason why it is none."""
    _open_wide()
    found = service.receive_many(cast("BinaryIO", request.stream), length=request.content_length)
    return _all_added(found, form)


def _all_added(found: list[service.Unpacked], form: ShelvingForm) -> list[dict[str, str]]:
    answers = []
    for each in found:
        if each.arrived is None or each.kind is None:
            answers.append({"name": each.name, "error": str(each.refusal)})
            continue
        try:
            with db.session.begin_nested():
                uuid = service.add(
                    each.arrived,
                    each.kind,
                    owner=reader(),
                    filename=each.name,
                    collection_id=request.args.get("collection", type=int) or None,
                    branches=_branches(form),
                )
        except Refusal as refusal:
            answers.append({"name": each.name, "error": str(refusal)})
        else:
            answers.append({"name": each.name, **_uploaded(queries.document_for(reader(), uuid))})
    return answers


def _received() -> tuple[Arrived, Kind, str]:
    _open_wide()
    name = request.args.get("filename", "")
    arrived, kind = service.receive(
        cast("BinaryIO", request.stream), length=request.content_length, filename=name
    )
    return arrived, kind, name


def _open_wide() -> None:
    """Let a document's many bytes in, whose sender has shown the page's token."""
    _check_token()
    # One more than may come: the shelf counts, and says it better.
    request.max_content_length = current_app.extensions["weike"].document_limit + 1


def _check_token() -> None:
    try:
        validate_csrf(request.headers.get("X-CSRFToken", ""))
    except ValidationError as error:
        raise CSRFError(str(error.args[0])) from error


def _branches(form: ShelvingForm) -> frozenset[int] | None:
    if request.args.get("audience") != "branches":
        return None
    return frozenset(request.args.getlist("branches", type=int))


def _uploaded(found: DocumentView) -> dict[str, str]:
    return {
        "title": found.title,
        "url": url_for("library.document", uuid=found.uuid),
        "state_url": url_for("library.state", uuid=found.uuid),
    }


def offered(form: Any) -> Any:
    """A form with the collections and branches that can be chosen."""
    form.offer(queries.collection_choices(), members.branch_choices(), none=_("No collection"))
    return form
