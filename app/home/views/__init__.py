"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.home.views import certificates, finding, keeping, offline, organisation, pages, setup, tour
from app.home.views import help as help_pages
from app.home.views.frame import bp

__all__ = [
    "bp",
    "certificates",
    "finding",
    "help_pages",
    "keeping",
    "offline",
    "organisation",
    "pages",
    "setup",
    "tour",
]
