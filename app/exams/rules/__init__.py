"""Decisions about quizzes and exams: how often, when, in which order, and what counts."""

from app.exams.rules.attempts import (
    AlreadySubmitted,
    NoAttemptsLeft,
    NoQuiz,
    NotOfThisPaper,
    OnlyAPreview,
    SavedElsewhere,
    TooManyFields,
    attempts_left,
    is_passed,
    percent_of,
    receipt,
    shown_percent,
    shuffled,
    total,
)

__all__ = [
    "AlreadySubmitted",
    "NoAttemptsLeft",
    "NoQuiz",
    "NotOfThisPaper",
    "OnlyAPreview",
    "SavedElsewhere",
    "TooManyFields",
    "attempts_left",
    "is_passed",
    "percent_of",
    "receipt",
    "shown_percent",
    "shuffled",
    "total",
]
