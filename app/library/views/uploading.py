"""Files coming in: one, many, a zip file of many, or a newer version of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from flask import Flask, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app.core.access import access
from app.core.db import db
from app.core.refusals import NotThere, Refusal
from app.library import queries, service
from app.library.forms import ShelvingForm
from app.library.queries import DocumentView
from app.library.rules import Kind
from app.library.shelf import Arrived
from app.library.views.frame import bp
from app.media import service as media
from app.members import queries as members
from app.members.access import EDITOR, reader


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
    return render_template("library/upload.html", form=form, document=None)


@bp.post("/upload")
@access(EDITOR)
def upload() -> ResponseReturnValue:
    form = ShelvingForm(formdata=request.args, meta={"csrf": False})
    if request.args.get("filename", "").lower().endswith(".zip"):
        return jsonify(files=_unpacked(form))
    arrived, kind, name = _received()
    return jsonify(_added(arrived, kind, name, form, folders=_folders()))


@bp.post("/upload/<upload>")
@access(EDITOR)
def take_over(upload: str) -> ResponseReturnValue:
    """Keep what has arrived by tus, which the media room receives. Asked again, the answer is the
    same: the document has the upload's name."""
    form = ShelvingForm(formdata=request.args, meta={"csrf": False})
    arrived: Arrived | None = None
    try:
        # The bytes are copied before the first query, which holds all other writers off.
        with media.arrived_file(upload, owner_id=reader().id) as (sent, file):
            if sent.filename.lower().endswith(".zip"):
                found = service.receive_many(file, length=sent.length)
                return jsonify(files=_all_added(found, form))
            arrived, kind = service.receive(file, length=sent.length, filename=sent.filename)
    except NotThere:
        known = queries.own_uuid(reader(), upload)
        if known is None:
            raise
    else:
        known = queries.own_uuid(reader(), upload)
        if known is None:
            return jsonify(
                _added(arrived, kind, sent.filename, form, folders=_folders(), uuid=upload)
            )
        arrived.path.unlink(missing_ok=True)
    return jsonify(_uploaded(queries.document_for(reader(), known)))


@bp.get("/<uuid>/replace")
@access(EDITOR)
def replace_page(uuid: str) -> str:
    found = queries.changeable_for(reader(), uuid)
    return render_template("library/upload.html", form=None, document=found)


@bp.post("/<uuid>/replace")
@access(EDITOR)
def replace(uuid: str) -> ResponseReturnValue:
    arrived, kind, name = _received()
    _replaced(uuid, arrived, kind, name)
    return jsonify(_uploaded(queries.document_for(reader(), uuid)))


@bp.post("/<uuid>/replace/<upload>")
@access(EDITOR)
def replace_with(uuid: str, upload: str) -> ResponseReturnValue:
    """The same with what has arrived by tus. The page says which version it saw: when there is a
    later one and the upload is gone, an answer was lost, and it is given again."""
    try:
        with media.arrived_file(upload, owner_id=reader().id) as (sent, file):
            arrived, kind = service.receive(file, length=sent.length, filename=sent.filename)
    except NotThere:
        found = queries.changeable_for(reader(), uuid)
        if not 0 < request.args.get("version", 0, type=int) < found.file.number:
            raise
    else:
        _replaced(uuid, arrived, kind, sent.filename)
    return jsonify(_uploaded(queries.document_for(reader(), uuid)))


def _replaced(uuid: str, arrived: Arrived, kind: Kind, filename: str) -> None:
    try:
        found = queries.changeable_for(reader(), uuid)
    except Refusal:
        arrived.path.unlink(missing_ok=True)
        raise
    service.replace(arrived, kind, document_id=found.id, by=reader(), filename=filename)


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
        inside = (*_folders(), *each.folders)
        try:
            with db.session.begin_nested():
                said = _added(each.arrived, each.kind, each.name, form, folders=inside)
        except Refusal as refusal:
            answers.append({"name": each.name, "error": str(refusal)})
        else:
            answers.append({"name": each.name, **said})
    return answers


def _added(
    arrived: Arrived,
    kind: Kind,
    filename: str,
    form: ShelvingForm,
    *,
    folders: Sequence[str],
    uuid: str = "",
) -> dict[str, str]:
    """Make a document of what has arrived, in the chosen collection or below it, where folders
    lead to."""
    chosen = request.args.get("collection", type=int) or None
    try:
        uuid = service.add(
            arrived,
            kind,
            owner=reader(),
            filename=filename,
            collection_id=service.collection_at(folders, parent_id=chosen),
            branches=_branches(form),
            uuid=uuid,
        )
    finally:
        arrived.path.unlink(missing_ok=True)
    return _uploaded(queries.document_for(reader(), uuid))


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


def _folders() -> list[str]:
    """The folders on the sender's own machine that a file stands in."""
    parts = request.args.get("folder", "").split("/")
    return [part for part in parts if part.strip() and part not in {".", ".."}]


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
