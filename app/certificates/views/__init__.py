"""The doors of this room; the blueprint collects them."""

from __future__ import annotations

from app.certificates.views import managing, mine, templates
from app.certificates.views.door import bp

__all__ = ["bp", "managing", "mine", "templates"]
