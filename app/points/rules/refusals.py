"""What is refused about points, each for its reason."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, NotAllowed, Refusal


class NotANumberOfPoints(Refusal):
    """An amount that no entry can have: not a whole number, zero, or far too large."""

    sentence = _l("Points are a whole number from -%(most)s to %(most)s, and not 0.")


class TakesTooMuch(Refusal):
    """A correction would take more than the entry gave."""

    sentence = _l("This entry gave %(given)s points; no more than that can be taken back.")


class NeedsAReason(Refusal):
    """A correction without a reason."""

    sentence = _l("Say in a few words why this is corrected; the member will read it.")


class CorrectedAlready(Conflict):
    """An entry can be corrected once."""

    sentence = _l("This entry has been corrected already.")


class IsACorrection(Refusal):
    """A correction of a correction."""

    sentence = _l("A correction cannot itself be corrected.")


class OwnPoints(NotAllowed):
    """Somebody wants to correct their own points."""

    sentence = _l("Nobody corrects their own points. Ask another organizer.")


class BadRules(Refusal):
    """A book of rules that cannot be published; `line` counts from 1, 0 is the whole book."""

    sentence = _l("Rule %(line)s: %(reason)s")


class TooEarly(Refusal):
    """Rules would begin on a day for which there are entries already; `day` is the first one."""

    sentence = _l("New rules can begin on %(day)s at the earliest: a day has one set of rules.")
