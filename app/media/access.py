"""Whether a member may see a recording, a picture or a sound: said by rooms that stand above.

A signed path says that its member could see it when the page was made. What became of that since
(a course withdrawn, or meant for another branch) only the room that shows it knows; `create_app`
brings both together, as it does for who is signed in.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

from app.core.refusals import NotThere
from app.members.rules import Reader

Rule = Callable[[Reader, str], bool]


def init_app(app: Flask, *, may_watch: Rule, may_see: Rule) -> None:
    """Ask with the reader and the public name for every file: `may_watch` for recordings,
    `may_see` for pictures and sounds in texts."""
    app.extensions["may_watch"] = may_watch
    app.extensions["may_see"] = may_see


def refuse_unless_watchable(reader: Reader, uuid: str) -> None:
    """Raise NotThere when the reader may not, or no more, watch the recording."""
    if not current_app.extensions["may_watch"](reader, uuid):
        raise NotThere


def refuse_unless_shown(reader: Reader, uuid: str) -> None:
    """Raise NotThere when no text that the reader may see now shows the picture or sound."""
    if not current_app.extensions["may_see"](reader, uuid):
        raise NotThere
