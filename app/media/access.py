"""Whether a member may still see a recording: said by the room that shows it, which stands above.

A signed path says that its member could see it when the page was made. What became of that since
(a course withdrawn, or meant for another branch) only that room knows; `create_app` brings both
together, as it does for who is signed in.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

from app.core.refusals import NotThere
from app.members.rules import Reader


def init_app(app: Flask, *, may_watch: Callable[[Reader, str], bool]) -> None:
    """Ask `may_watch` with the reader and the recording's public name, for every file."""
    app.extensions["may_watch"] = may_watch


def refuse_unless_watchable(reader: Reader, uuid: str) -> None:
    """Raise NotThere when the reader may not, or no more, watch the recording."""
    if not current_app.extensions["may_watch"](reader, uuid):
        raise NotThere
