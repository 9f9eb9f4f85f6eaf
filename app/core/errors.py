"""Refusals and errors as answers: one calm page, or JSON for scripts, with the right status."""

from __future__ import annotations

import logging
import secrets

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.core.db import begin_again
from app.core.i18n import file_size
from app.core.refusals import Conflict, NoRoom, NotAllowed, NotThere, Refusal, TooMuch, TooOften

log = logging.getLogger(__name__)

# The most special class first: a refusal gets the status of the first row that it is.
STATUS = (
    (NotThere, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (TooMuch, 413),
    (TooOften, 429),
    (NoRoom, 507),
    (Refusal, 422),
)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return next(status for kind, status in STATUS if isinstance(refusal, kind))


def wants_json() -> bool:
    """Whether the asker is a script of ours or a program, not a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" or request.is_json


def answer(status: int, sentence: str, *, reason: str = "", incident: str = "") -> Response:
    """An error answer in the shape the asker can use."""
    if wants_json():
        body = {"error": sentence, "reason": reason}
        response = jsonify({**body, "incident": incident} if incident else body)
    elif "HX-Request" in request.headers:
        response = make_response(render_template("_refusal.html", sentence=sentence))
        # The fragment goes to the page's live region, whatever the button's own target was.
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "beforeend"
    else:
        response = make_response(
            render_template("error.html", status=status, sentence=sentence, incident=incident)
        )
    response.status_code = status
    return response


def _most() -> int:
    """The limit that a request went beyond, in bytes: of all of it, or of the fields of a form."""
    most = request.max_content_length or 0
    fields = request.max_form_memory_size or most
    return most if (request.content_length or 0) > most else min(most, fields)


def _need_no_reader() -> None:
    """Error pages are drawn as for a visitor when the database cannot say who is signed in."""
    try:
        current_user.is_authenticated  # noqa: B018 - asks the database, unless it is known already
    except SQLAlchemyError:
        g._login_user = current_app.login_manager.anonymous_user()  # type: ignore[attr-defined]  # noqa: SLF001


def no_such_number(_error: OverflowError) -> Response:
    """A number that is larger than any the database can hold is the id of nothing."""
    return answer(404, str(NotThere()))


def not_keepable(error: DataError) -> Response:
    """A number beyond what a column holds, and whatever else PostgreSQL cannot keep."""
    log.warning("the database cannot keep this at %s: %s", request.path, error.orig)
    _need_no_reader()
    return answer(400, _("The request was not understood. Reload the page and try again."))


def half_a_sign(_error: UnicodeEncodeError) -> Response:
    """JSON can hold half of a sign (\\ud800), which no database and no page can."""
    return answer(400, _("The request was not understood. Reload the page and try again."))


# What PostgreSQL says when two did at once what only one may do: unique_violation,
# foreign_key_violation, serialization_failure, deadlock_detected. SQLite lets one write at a time.
_MET = {"23505", "23503", "40001", "40P01"}


def have_met(error: DBAPIError) -> bool:
    """Whether two requests got into each other's way, so that the later one can be asked again."""
    return getattr(error.orig, "sqlstate", None) in _MET


def ask_again(error: DBAPIError) -> ResponseReturnValue:
    """Do the request once more: now it sees what the other one did, and can refuse or agree."""
    log.warning("two at once at %s: %s", request.path, type(error.orig).__name__)
    if not begin_again():
        log.exception("it cannot be asked again")
        _need_no_reader()
        return answer(409, str(Conflict()), reason="Conflict")
    view = current_app.view_functions[request.endpoint or ""]
    try:
        return current_app.ensure_sync(view)(**(request.view_args or {}))  # type: ignore[no-any-return]
    except Exception as other:  # goes where what a view raises always goes
        return current_app.handle_user_exception(other)


def busy(error: OperationalError) -> ResponseReturnValue:
    """The database cannot do it now: full, locked for long, or in the way of another request."""
    if have_met(error):
        return ask_again(error)
    text = str(error.orig)
    log.exception("the database refused: %s", text)
    _need_no_reader()
    # On a full disk SQLite has rolled back already, and going back to a savepoint then fails
    # with an error of its own that hides the first.
    first = error.__context__
    if "full" in text or (isinstance(first, SQLAlchemyError) and "full" in str(first)):
        return answer(507, str(NoRoom()))
    response = answer(503, _("The server is busy. Please try again in a moment."))
    response.headers["Retry-After"] = "5"
    return response


def init_app(app: Flask) -> None:
    app.register_error_handler(OverflowError, no_such_number)
    app.register_error_handler(DataError, not_keepable)
    app.register_error_handler(UnicodeEncodeError, half_a_sign)
    app.register_error_handler(OperationalError, busy)

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        response = answer(status_of(refusal), str(refusal), reason=type(refusal).__name__)
        if isinstance(refusal, TooOften):
            response.headers["Retry-After"] = str(refusal.facts.get("wait", 60))
        return response

    @app.errorhandler(CSRFError)
    def no_token(error: CSRFError) -> Response:
        return answer(
            400, _("This page was open for too long. Reload it and try again."), reason="csrf"
        )

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        status = error.code or 500
        sentences = {
            400: _("The request was not understood. Reload the page and try again."),
            401: _("Please sign in again."),
            403: _("You may not do this."),
            404: str(NotThere()),
            405: _("This address does not work that way."),
            413: _("This is too large to send: at most %(most)s.", most=file_size(_most())),
            415: _("This kind of content is not accepted here."),
            429: _("Too many requests. Please wait a minute and try again."),
        }
        response = answer(status, sentences.get(status, _("This did not work. Please try again.")))
        for name, value in error.get_headers():
            if name in {"Retry-After", "Allow"}:
                response.headers[name] = value
        return response

    @app.errorhandler(IntegrityError)
    def met(error: IntegrityError) -> ResponseReturnValue:
        return ask_again(error) if have_met(error) else broken(error)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        if app.testing:
            raise error
        g.incident = secrets.token_hex(4)
        log.exception("incident %s at %s %s", g.incident, request.method, request.path)
        _need_no_reader()
        return answer(
            500,
            _("Something broke on our side. Nothing you did caused it; please try again."),
            incident=g.incident,
        )
