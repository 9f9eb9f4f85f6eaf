"""What people type: signs that nobody sees become spaces before any view reads them.

Pasted text brings such signs along. PostgreSQL keeps no text with a NUL, and neither Word files nor
XML can hold the others: one of them in one title would break every document that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from app.core import multipart
from app.core.refusals import NotThere

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def seen(text: str) -> str:
    """A text whose control characters (all but tab and line ends) and half signs are spaces."""
    return _UNSEEN.sub(" ", text)


class _Fields(ImmutableMultiDict[str, Any]):
    """Fields of a form or an address; also the files of a form, which are left as they are."""

    def __init__(self, fields: Iterable[tuple[str, Any]] | None = None) -> None:
        pairs = fields.items(multi=True) if isinstance(fields, MultiDict) else fields or ()
        super().__init__(
            [(seen(name), seen(said) if isinstance(said, str) else said) for name, said in pairs]
        )


class _Asked(Request):
    parameter_storage_class = _Fields


def init_app(app: Flask) -> None:
    app.request_class = _Asked
    multipart.install()

    @app.before_request
    def refuse_unseen() -> None:
        """No address of ours has such a sign."""
        if _UNSEEN.search(request.path):
            raise NotThere
