"""Weike: micro-courses of at most twenty minutes, exams and a library for organisations."""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from app.core import (
    access,
    acting,
    bodies,
    clock,
    db,
    errors,
    headers,
    i18n,
    in_use,
    lanes,
    limits,
    old_jobs,
    pages,
    settings,
    typed,
)
from app.courses.queries import may_watch
from app.exams.queries import sealed_for
from app.home.queries import may_see_clip
from app.learning import access as learning_access
from app.media import access as media_access
from app.members import access as members_access
from config import MIB, ROOT, Config

# From the ground up; each may use those before it. The import contracts say the same.
ROOMS = (
    "core",
    "members",
    "media",
    "points",
    "search",
    "notices",
    "certificates",
    "questions",
    "courses",
    "learning",
    "exams",
    "library",
    "community",
    "organisation",
    "practice",
    "home",
)
DOORS = ("views", "jobs", "cli")


def create_app(config: Config | None = None) -> Flask:
    """Build the application. Without a config it is read from the environment."""
    config = config or Config.from_env()
    for folder in (config.media_dir, config.search_dir):
        folder.mkdir(parents=True, exist_ok=True)
    # Names, phone numbers and the secret key are in it: nobody else on the machine may look.
    config.instance_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    app = Flask(__name__, static_folder="static")
    app.extensions["weike"] = config
    in_use.hold(app, config)
    app.config.update(
        SECRET_KEY=config.secret_key,
        TESTING=config.testing,
        DEBUG=config.debug,
        SQLALCHEMY_DATABASE_URI=config.database,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": db.CONNECTIONS,
            "max_overflow": 8,
            # What people typed, hashes and codes do not go to the logs with an error.
            "hide_parameters": not config.testing,
        },
        MAX_CONTENT_LENGTH=MIB,
        MAX_FORM_MEMORY_SIZE=500 * 1024,
        MAX_FORM_PARTS=1000,
        SESSION_COOKIE_NAME="__Host-sid" if config.https else "sid",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session; the page may stay open for a day
        TEMPLATES_AUTO_RELOAD=config.debug,
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=config.proxies
        )
    if not config.testing:
        clock.watch(config.instance_dir / "clock.json")
    db.init_app(app)
    settings.init_app(app)
    app.extensions["migrate"] = _Migrations(app)
    app.cli.add_command(_MigrationCommands("db", help="Migrations of the database."))
    CSRFProtect(app)
    typed.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    members_access.login_manager.init_app(app)
    access.init_app(
        app,
        is_signed_in=lambda: members_access.reader_or_none() is not None,
        sign_in_endpoint="members.sign_in",
    )
    acting.init_app(app, who=members_access.who_acts)
    # After the guard: who is sent to sign in costs nothing and is not counted.
    limits.init_app(app, member=members_access.member_id_or_none)
    learning_access.init_app(app, sealed_for=sealed_for)
    media_access.init_app(app, may_watch=may_watch, may_see=may_see_clip)
    i18n.init_app(
        app,
        chosen=members_access.chosen_language,
        is_plain=members_access.is_easy,
        rooms=ROOMS,
    )
    pages.init_app(app)
    for room in ROOMS:
        _open(app, room)
    lanes.init_app(app)
    old_jobs.init_app(app)
    _serve_static(app)
    app.wsgi_app = bodies.Bodies(app.wsgi_app)  # type: ignore[method-assign]
    return app


class _Migrations:
    """Stands where Flask-Migrate is looked for until somebody migrates: Alembic takes 10 MB."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        # It takes our place in app.extensions.
        Migrate(self._app, db.db, directory=str(ROOT / "migrations"), render_as_batch=True)
        return getattr(self._app.extensions["migrate"], name)


class _MigrationCommands(click.Command):
    """`flask db …`: Flask-Migrate's own commands, loaded when one is asked for."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        from flask_migrate.cli import db as commands

        context: click.Context = commands.make_context(*args, **more)  # it runs theirs, not ours
        return context


def _open(app: Flask, room: str) -> None:
    """Register the doors of a room: blueprint `bp` of views, commands `group` of cli, its jobs."""
    for door in DOORS:
        name = f"app.{room}.{door}"
        if find_spec(name) is None:
            continue
        module = import_module(name)
        if hasattr(module, "bp"):
            app.register_blueprint(module.bp)
        if hasattr(module, "group"):
            app.cli.add_command(module.group)
        if hasattr(module, "init_app"):
            module.init_app(app)


def _serve_static(app: Flask) -> None:
    """Fingerprinted static files, compressed beforehand, cached for ever by browsers."""
    static = Path(app.root_path) / "static"
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(static),
        prefix="static/",
        autorefresh=app.debug or app.testing,
        max_age=3600,
    )
    app.wsgi_app = app.extensions["fingerprints"].wrap(app.wsgi_app)  # type: ignore[method-assign]
    logging.getLogger("whitenoise").setLevel(logging.WARNING)
