"""Response headers that protect readers: content security policy and friends, cross-site checks."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request

from app.core.db import SAFE_METHODS

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; manifest-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), "
    "payment=(), usb=()",
}
RECORDING = (
    "camera=(self), microphone=(self), geolocation=(), display-capture=(self), payment=(), usb=()"
)


def allow_recording() -> None:
    """Let the page that is being answered ask for camera, microphone and screen."""
    g.may_record = True


def nonce() -> str:
    """The one value per response that lets our own inline scripts and styles run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def init_app(app: Flask) -> None:
    app.jinja_env.globals["nonce"] = nonce
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)


def _refuse_cross_site() -> None:
    """Unsafe requests must come from our own pages (the CSRF token is checked besides)."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin and origin != "null":
        allowed = {urlsplit(current_app.extensions["weike"].base_url).netloc, request.host}
        if urlsplit(origin).netloc not in allowed:
            abort(403)


def _add_headers(response: Response) -> Response:
    if g.get("may_record"):
        response.headers["Permissions-Policy"] = RECORDING
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce()))
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Cookie", "HX-Request"))
    if current_app.extensions["weike"].https:
        response.headers.setdefault(
            "Strict-Transport-Security", "max-age=63072000; includeSubDomains"
        )
    return response
