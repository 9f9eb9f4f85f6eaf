"""Papers on paper: PDF and DOCX, written from the same blocks, so that they say the same."""

from __future__ import annotations

from app.exams.sheets.block import Block
from app.exams.sheets.pdf import pdf
from app.exams.sheets.word import docx

__all__ = ["Block", "docx", "pdf"]
