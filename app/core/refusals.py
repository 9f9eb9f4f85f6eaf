"""The base of every named refusal: what a service raises when the answer to a wish is no."""

from __future__ import annotations

from math import ceil
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

IN_MINUTES = 120  # seconds to wait, from which on a sentence counts minutes


class Refusal(Exception):
    """A wish that cannot be granted, with one sentence that a person can act on.

    Subclasses give `sentence` (a lazy gettext string with %(name)s placeholders); the keyword
    arguments fill it and stay readable as attributes for tests and for views.
    """

    sentence: Any = _l("This cannot be done.")

    def __init__(self, **facts: Any) -> None:
        super().__init__(type(self).__name__)
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        text = str(self.sentence)
        return text % self.facts if self.facts else text


class NotThere(Refusal):
    """The thing does not exist, or is none of the reader's business: both look the same."""

    sentence = _l("There is nothing here. It may have been withdrawn, or the address is wrong.")


class NotAllowed(Refusal):
    """The reader may see the thing and may not do this with it."""

    sentence = _l("You may not do this. Ask an organizer of your branch if you need to.")


class Conflict(Refusal):
    """Somebody else, or another window, changed the thing first."""

    sentence = _l("This was changed in another window. Reload the page and look again.")


class TooMuch(Refusal):
    """Larger than a limit allows."""


class TooOften(Refusal):
    """More often than a limit allows; `wait` is in seconds."""

    sentence: Any = ""  # unless a subclass has another one than how long to wait

    def __str__(self) -> str:
        if self.sentence:
            return super().__str__()
        wait = int(self.facts.get("wait", 60))
        if wait < IN_MINUTES:
            return str(
                ngettext(
                    "Too many tries. Please wait %(num)s second and try again.",
                    "Too many tries. Please wait %(num)s seconds and try again.",
                    wait,
                )
            )
        return str(
            ngettext(
                "Too many tries. Please wait %(num)s minute and try again.",
                "Too many tries. Please wait %(num)s minutes and try again.",
                ceil(wait / 60),
            )
        )


class NoRoom(Refusal):
    """The server has not enough room for this: nobody's fault, and not for ever."""

    sentence = _l("The server's disk is full. Nothing was lost; tell the operator.")
