"""Moodle XML: the kinds of Moodle, with categories, tags, feedback and per cents."""

from __future__ import annotations

from app.questions.formats.moodle.reading import CARRIES, ENDINGS, LABEL, NAME, fits, read
from app.questions.formats.moodle.writing import write

__all__ = ["CARRIES", "ENDINGS", "LABEL", "NAME", "fits", "read", "write"]
