"""What every page needs: fingerprinted addresses of static files, the import map, small filters."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli
from flask import Flask, flash, request
from markupsafe import Markup

from app.core import markdown
from app.core.addresses import address
from app.core.i18n import colon

_FINGERPRINT = re.compile(r"\.([0-9a-f]{10})(\.[a-z0-9]+)$")
_FOR_EVER = "public, max-age=31536000, immutable"
Wsgi = Callable[..., Iterable[bytes]]


class Fingerprints:
    """Addresses with a hash of the content in the name, and the WSGI layer that takes it out again.

    A changed file has another address, so browsers may keep what they have for ever.
    """

    def __init__(self, root: Path, *, watch: bool) -> None:
        self.root = root
        self._hash = self._read if watch else lru_cache(maxsize=None)(self._read)

    def _read(self, name: str) -> str:
        try:
            content = (self.root / name).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"app/static/{name} is missing; `make assets` copies what comes from npm"
            ) from None
        return hashlib.sha256(content).hexdigest()[:10]

    def url(self, name: str) -> str:
        """The address of a file below app/static."""
        stem, dot, ending = name.rpartition(".")
        return f"/static/{stem}.{self._hash(name)}{dot}{ending}"

    def wrap(self, inner: Wsgi) -> Wsgi:
        """Serve /static/x.<hash>.css from x.css, with a life without end when the hash is right."""

        def layer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            found = _FINGERPRINT.search(path) if path.startswith("/static/") else None
            if found is None:
                return inner(environ, start_response)
            plain = path[: found.start()] + found.group(2)
            environ["PATH_INFO"] = plain
            name = plain.removeprefix("/static/")
            try:
                right = ".." not in name and self._hash(name) == found.group(1)
            except OSError:
                right = False

            coding = _coding(environ, name)
            if right and coding:
                body, headers = _squeezed(self.root / name, found.group(1), coding)
                start_response("200 OK", [*headers, ("Cache-Control", _FOR_EVER)])
                return [body]

            def with_life(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                if right and status.startswith(("200", "304")):
                    headers = [h for h in headers if h[0].lower() != "cache-control"]
                    headers.append(("Cache-Control", _FOR_EVER))
                return start_response(status, headers, *rest)

            return inner(environ, with_life)

        return layer


def _coding(environ: dict[str, Any], name: str) -> str:
    """The best compression that a browser asks for, of a text file as a whole; "" for none."""
    if environ.get("REQUEST_METHOD") != "GET" or "HTTP_RANGE" in environ:
        return ""
    if not name.endswith((".css", ".js", ".svg", ".webmanifest")):
        return ""
    asked = set(
        re.findall(
            r"\b(br|gzip)\b(?!\s*;\s*q=0(?:\.0*)?\b)", environ.get("HTTP_ACCEPT_ENCODING", "")
        )
    )
    return "br" if "br" in asked else "gzip" if asked else ""


@lru_cache(maxsize=256)
def _squeezed(path: Path, digest: str, coding: str) -> tuple[bytes, list[tuple[str, str]]]:
    """A text file compressed once per process and content; `digest` is part of the cache's key."""
    content = path.read_bytes()
    body = brotli.compress(content, quality=9) if coding == "br" else gzip.compress(content, 9)
    kind = mimetypes.guess_type(path.name)[0] or "text/plain"
    return body, [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Encoding", coding),
        ("Content-Length", str(len(body))),
        ("Vary", "Accept-Encoding"),
        ("ETag", f'"{digest}-{coding}"'),
        ("X-Content-Type-Options", "nosniff"),
    ]


def offer_undo(sentence: str, url: str, **fields: str) -> None:
    """Say on the next page what was done, with a button that posts to `url` to take it back."""
    flash({"text": str(sentence), "url": url, "fields": fields}, "undo")  # type: ignore[arg-type]


def init_app(app: Flask) -> None:
    static = Path(app.root_path) / "static"
    config = app.extensions["weike"]
    prints = Fingerprints(static, watch=config.debug)
    app.extensions["fingerprints"] = prints

    def import_map() -> Markup:
        """Our own modules by name ("weike/player"), so that imports are fingerprinted too."""
        modules = {
            "weike/" + path.relative_to(static / "js").as_posix().removesuffix(".js"): prints.url(
                path.relative_to(static).as_posix()
            )
            for path in sorted((static / "js").rglob("*.js"))
        }
        return Markup(json.dumps({"imports": modules}))  # noqa: S704 - our own file names

    app.jinja_env.globals.update(
        static_url=prints.url,
        colon=colon,
        address=address,  # a global, so that imported macros know it too
        import_map=import_map if config.debug else lru_cache(maxsize=1)(import_map),
        is_fragment=lambda: "HX-Request" in request.headers,
    )
    app.jinja_env.filters.update(
        markdown=markdown.render,
        markdown_with_places=markdown.with_places,
        rich=markdown.rich,
        rich_line=markdown.rich_line,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
