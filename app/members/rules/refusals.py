"""What is refused about people, each for its reason."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import NotAllowed, Refusal


class WrongSignIn(Refusal):
    """One text for an unknown name, a wrong password, a disabled and a not yet activated member."""

    sentence = _l("The name or the password is wrong. Look at both and try again.")


class WrongPassword(Refusal):
    sentence = _l("This is not your present password.")


class WrongCode(Refusal):
    sentence = _l("This code is not good, or not any more. Ask your organizer for a new one.")


class UsernameTaken(Refusal):
    sentence = _l("Another member has the user name “%(username)s”.")


class EmailTaken(Refusal):
    sentence = _l("Another member has the e-mail address “%(email)s”.")


class PhoneTaken(Refusal):
    sentence = _l("Another member has the phone number %(phone)s.")


class NotYourMember(NotAllowed):
    sentence = _l("Members with a role are looked after by administrators.")


class NotYourBranch(NotAllowed):
    sentence = _l("You do not organize the branch “%(name)s”.")


class LastAdministrator(Refusal):
    sentence = _l("This is the last administrator. Make another member administrator first.")


class OwnAccount(Refusal):
    sentence = _l("You cannot disable your own account. Ask another administrator to do it.")


class NeedsBranch(Refusal):
    sentence = _l("Choose the branch that the organizer is to look after.")


class RoleHeld(Refusal):
    sentence = _l("The member has this role already.")


class BranchNameTaken(Refusal):
    sentence = _l("There is a branch “%(name)s” at this place already.")


class BranchNotEmpty(Refusal):
    sentence = _l(
        "“%(name)s” still has members, branches below it, or courses for it. Move them first."
    )


class BranchInsideItself(Refusal):
    sentence = _l("“%(name)s” cannot be moved below itself.")


class RootStays(Refusal):
    sentence = _l("The branch above all others can be renamed, but not moved or removed.")


class RootExists(Refusal):
    sentence = _l("There is a branch above all others already.")


class TooDeep(Refusal):
    sentence = _l("Branches can be nested %(most)s levels deep and no deeper.")


class UnknownBranch(Refusal):
    sentence = _l("There is no branch “%(path)s”.")
