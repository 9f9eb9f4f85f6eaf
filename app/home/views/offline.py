"""Installed on a phone, and without a connection: manifest, service worker, what may be kept."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from app.core import settings
from app.core.access import access
from app.core.addresses import address
from app.core.i18n import HTML_TAGS, current_language
from app.core.limits import unlimited
from app.home.views.frame import bp, brand
from app.members.access import PUBLIC, own_token, reader_or_none

# What the service worker keeps of every site, whoever reads.
SHELL = (
    "vendor/bootstrap.css",
    "css/tokens.css",
    "css/app.css",
    "css/components.css",
    "css/forms.css",
    "css/home.css",
    "css/points.css",
    "js/app.js",
    "js/offline.js",
    "js/keeping.js",
    "js/device.js",
    "vendor/htmx.js",
    "vendor/icons.svg",
    "img/icon.svg",
)
# Pages to read, a copy of which a member's own browser may keep. Desks and administration show
# other people's data, exams must be fresh: they are never kept.
KEPT = {
    "home.index",
    "home.courses",
    "home.theme",
    "home.course",
    "home.help",
    "home.device",
    "learning.lesson",
    "library.index",
    "library.collection",
    "library.document",
    "points.mine",
}


@bp.get("/manifest.webmanifest")
@access(PUBLIC)
@unlimited
def manifest() -> Response:
    """What a phone needs to show the site as an app of the organisation."""
    static, own, name = current_app.extensions["fingerprints"].url, settings.organisation(), ""
    name = current_app.extensions["weike"].organisation
    icons = [
        {"src": static("vendor/icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("vendor/icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {
            "src": static("vendor/maskable-512.png"),
            "sizes": "512x512",
            "type": "image/png",
            "purpose": "maskable",
        },
    ]
    if own.logo:
        src = url_for("home.logo_icon", digest=own.logo)
        icons = [
            {"src": src, "sizes": "512x512", "type": "image/png", "purpose": purpose}
            for purpose in ("any", "maskable")
        ]
    response = jsonify(
        id="/",
        name=name,
        short_name=name[:12],
        lang=HTML_TAGS[current_language()],
        start_url="/",
        scope="/",
        display="standalone",
        background_color="#f7f5f2",
        theme_color=brand().colour,
        icons=icons,
        shortcuts=[
            {"name": _("Courses"), "url": address("courses")},
            {"name": _("Search"), "url": address("search")},
        ],
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/sw.js")
@access(PUBLIC)
@unlimited
def service_worker() -> Response:
    """The service worker, behind the version of the shell: another file makes another version."""
    static = current_app.extensions["fingerprints"].url
    shell = json.dumps([url_for("home.offline"), *map(static, SHELL)])
    source = _worker(Path(current_app.root_path) / "static" / "worker" / "offline.js")
    version = hashlib.sha256((shell + source).encode()).hexdigest()[:12]
    icon = json.dumps(static("vendor/icon-192.png"))
    body = f'const VERSION = "{version}";\nconst SHELL = {shell};\nconst ICON = {icon};\n{source}'
    response = Response(body, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def _worker(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@bp.get("/offline")
@access(PUBLIC)
@unlimited
def offline() -> str:
    """What is shown for a page that was not kept. The worker fetches it as a visitor."""
    return render_template("home/offline.html")


@bp.after_app_request
def say_whose(response: Response) -> Response:
    """Tell the service worker whose page this is, and whether and how long it may be kept."""
    if request.method == "GET" and response.mimetype == "text/html" and response.status_code < 500:
        if "HX-Request" in request.headers or request.endpoint == "home.offline":
            return response
        found = reader_or_none()
        response.headers["Weike-Reader"] = _label() if found else ""
        if found and request.endpoint in KEPT and response.status_code == 200:
            config = current_app.extensions["weike"]
            life = config.session_absolute_staff if found.is_staff else config.session_absolute
            response.headers["Weike-Keep"] = str(life)
    return response


def _label() -> str:
    """A name for this sign-in that tells nothing about its token."""
    return hashlib.sha256(b"kept pages of " + own_token().encode()).hexdigest()[:20]
