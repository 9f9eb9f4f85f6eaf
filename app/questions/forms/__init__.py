"""The forms of questions, one for each way of writing them, for the bank and for quiz editors."""

from __future__ import annotations

from app.questions.forms.arranged import MatchingForm, OrderingForm
from app.questions.forms.base import BaseForm
from app.questions.forms.choices import QuestionForm
from app.questions.forms.pictured import HotspotForm
from app.questions.forms.typed import EssayForm, FileForm, GapsForm, NumericForm, ShortForm
from app.questions.rules import Kind

FORMS: dict[str, type[BaseForm]] = {
    Kind.SINGLE: QuestionForm,
    Kind.MULTIPLE: QuestionForm,
    Kind.TRUEFALSE: QuestionForm,
    Kind.SHORT: ShortForm,
    Kind.NUMERIC: NumericForm,
    Kind.BLANKS: GapsForm,
    Kind.CLOZE: GapsForm,
    Kind.MATCHING: MatchingForm,
    Kind.ORDERING: OrderingForm,
    Kind.ESSAY: EssayForm,
    Kind.HOTSPOT: HotspotForm,
    Kind.FILE: FileForm,
}


def form_for(kind: str) -> BaseForm:
    """An editor for a question of a kind, filled with what the request sent, if anything."""
    return FORMS[kind]()


__all__ = ["BaseForm", "QuestionForm", "form_for"]
