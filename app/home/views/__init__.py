"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.home.views import organisation, pages, tour
from app.home.views.frame import bp

__all__ = ["bp", "organisation", "pages", "tour"]
