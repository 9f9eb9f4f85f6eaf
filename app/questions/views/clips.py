"""Pictures and sounds for the texts of questions: what an author has sent, and sending more."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.limits import limited
from app.core.refusals import Refusal
from app.media import queries as media
from app.media import service
from app.media.rules import LARGEST_SOUND
from app.members.access import AUTHOR, reader
from app.questions.views import bp

EXTRA = 64 * 1024  # of the form around the file


@bp.url_value_preprocessor
def _more_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if endpoint == "questions.add_clip":
        request.max_content_length = LARGEST_SOUND + EXTRA


@bp.get("/desk/questions/clips")
@access(AUTHOR)
def clips() -> str:
    return _clips()


def _clips(problem: str = "", new: str = "") -> str:
    """The page; for js/questions.js only what stands in its dialog."""
    pictures, sounds = media.clips_of(reader().id)
    template = "_clips" if "HX-Request" in request.headers else "clips"
    return render_template(
        f"questions/{template}.html",
        pictures=pictures,
        sounds=sounds,
        problem=problem,
        new=new,
        only=request.args.get("only", ""),
    )


@bp.post("/desk/questions/clips")
@access(AUTHOR)
@limited("pictures", most=120, seconds=3600, burst=40)
def add_clip() -> ResponseReturnValue:
    file = request.files.get("file")
    name = (file.filename or "") if file else ""
    if file is None or not name:
        return _clips(_("Choose a picture or a sound.")), 422
    stream = cast("BinaryIO", file.stream)
    is_sound = file.mimetype.startswith(("audio/", "video/"))
    try:
        if is_sound:
            url = service.receive_sound(owner_id=reader().id, stream=stream, filename=name)
        else:
            image_id = service.receive_image(owner_id=reader().id, stream=stream)
            url = media.image_url(image_id)
    except Refusal as refusal:
        return _clips(str(refusal)), 422
    finally:
        file.close()
    if "HX-Request" in request.headers:
        return _clips(new=url)
    flash(_("It is kept. Copy its line into the text of a question."))
    return redirect(url_for("questions.clips"), 303)
