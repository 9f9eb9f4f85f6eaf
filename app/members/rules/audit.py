"""What is written into the log of acts: a table of kinds with their words.

It is a list of words for all rooms, like the address book: it calls none of them. Who adds a way
to change something for others adds its kind here; a test finds routes that write none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import TooMuch

LONGEST_THING = 200  # characters of what something was called
LONGEST_VALUE = 200  # characters of a value before or after
LEAST_KEPT = timedelta(days=366)  # younger lines cannot be deleted, by nobody and no setting
MOST_TAKEN_AWAY = 60_000  # lines in one file
LINES_PER_PAGE = 40
SHOWN_OF_MEMBER = 5

Changes = Mapping[str, Any]


class TooManyLines(TooMuch):
    sentence = _l("That would be %(lines)s lines. Choose a shorter time or fewer kinds.")


class Group(StrEnum):
    """Kinds that belong together in the filter."""

    PEOPLE = "people"
    BRANCHES = "branches"
    SETTINGS = "settings"
    POINTS = "points"
    COURSES = "courses"
    ASSIGNMENTS = "assignments"
    LIBRARY = "library"
    CERTIFICATES = "certificates"
    TAKEN_AWAY = "taken_away"


GROUPS = {
    Group.PEOPLE: _l("Members and roles"),
    Group.BRANCHES: _l("Branches"),
    Group.SETTINGS: _l("Settings"),
    Group.POINTS: _l("Points and rewards"),
    Group.COURSES: _l("Courses and discussions"),
    Group.ASSIGNMENTS: _l("Assignments"),
    Group.LIBRARY: _l("Library and search"),
    Group.CERTIFICATES: _l("Certificates"),
    Group.TAKEN_AWAY: _l("Files taken away"),
}


class Act(StrEnum):
    """What can have been done."""

    MEMBER_ADDED = "member_added"
    MEMBER_CHANGED = "member_changed"
    MEMBER_MOVED = "member_moved"
    MEMBER_DISABLED = "member_disabled"
    MEMBER_ENABLED = "member_enabled"
    ROLE_GIVEN = "role_given"
    ROLE_TAKEN = "role_taken"
    CODE_PRINTED = "code_printed"
    CODE_RENEWED = "code_renewed"
    MEMBERS_IMPORTED = "members_imported"
    SIGN_IN_SLOWED = "sign_in_slowed"
    BRANCH_ADDED = "branch_added"
    BRANCH_RENAMED = "branch_renamed"
    BRANCH_MOVED = "branch_moved"
    BRANCH_REMOVED = "branch_removed"
    LOOK_CHANGED = "look_changed"
    WAYS_CHANGED = "ways_changed"
    WORDS_CHANGED = "words_changed"
    DEMO_PUT_AWAY = "demo_put_away"
    LOG_SHORTENED = "log_shortened"
    CLOCK_BELIEVED = "clock_believed"
    WORK_TRIED_AGAIN = "work_tried_again"
    RULES_PUBLISHED = "rules_published"
    RANKING_CHOSEN = "ranking_chosen"
    POINTS_CORRECTED = "points_corrected"
    REWARDS_SWITCHED = "rewards_switched"
    REWARD_OFFERED = "reward_offered"
    REWARD_CHANGED = "reward_changed"
    REWARD_WITHDRAWN = "reward_withdrawn"
    REWARD_HANDED = "reward_handed"
    REWARD_REFUSED = "reward_refused"
    COURSE_PUBLISHED = "course_published"
    COURSE_WITHDRAWN = "course_withdrawn"
    COURSE_REMOVED = "course_removed"
    COURSE_RESTORED = "course_restored"
    QUIZ_MARKED_ANEW = "quiz_marked_anew"
    QUIZ_MARKING_UNDONE = "quiz_marking_undone"
    THEME_REMOVED = "theme_removed"
    RECORDING_REMOVED = "recording_removed"
    PATH_PUBLISHED = "path_published"
    PATH_WITHDRAWN = "path_withdrawn"
    PRACTICE_OPENED = "practice_opened"
    PRACTICE_CLOSED = "practice_closed"
    POST_HIDDEN = "post_hidden"
    POST_SHOWN = "post_shown"
    ASSIGNMENT_MADE = "assignment_made"
    ASSIGNMENT_CHANGED = "assignment_changed"
    ASSIGNMENT_WITHDRAWN = "assignment_withdrawn"
    ASSIGNMENT_AGAIN = "assignment_again"
    MEMBER_EXEMPTED = "member_exempted"
    MEMBER_GIVEN_TIME = "member_given_time"
    RELIEF_ENDED = "relief_ended"
    DOCUMENT_REMOVED = "document_removed"
    DOCUMENT_REPLACED = "document_replaced"
    COLLECTION_REMOVED = "collection_removed"
    SEARCH_WORDS_KEPT = "search_words_kept"
    SEARCH_WORDS_REMOVED = "search_words_removed"
    CERTIFYING_BEGUN = "certifying_begun"
    CERTIFYING_STOPPED = "certifying_stopped"
    TEMPLATE_SAVED = "template_saved"
    TEMPLATE_DROPPED = "template_dropped"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_REISSUED = "certificate_reissued"
    TABLE_TAKEN = "table_taken"


@dataclass(frozen=True)
class Kind:
    """The group and the words of one act."""

    group: Group
    words: Any


KINDS = {
    Act.MEMBER_ADDED: Kind(Group.PEOPLE, _l("Member added")),
    Act.MEMBER_CHANGED: Kind(Group.PEOPLE, _l("Member’s data changed")),
    Act.MEMBER_MOVED: Kind(Group.PEOPLE, _l("Member moved to another branch")),
    Act.MEMBER_DISABLED: Kind(Group.PEOPLE, _l("Member disabled")),
    Act.MEMBER_ENABLED: Kind(Group.PEOPLE, _l("Member enabled again")),
    Act.ROLE_GIVEN: Kind(Group.PEOPLE, _l("Role given")),
    Act.ROLE_TAKEN: Kind(Group.PEOPLE, _l("Role taken away")),
    Act.CODE_PRINTED: Kind(Group.PEOPLE, _l("Activation code printed")),
    Act.CODE_RENEWED: Kind(Group.PEOPLE, _l("Code for a new password printed")),
    Act.MEMBERS_IMPORTED: Kind(Group.PEOPLE, _l("List of members imported")),
    Act.SIGN_IN_SLOWED: Kind(Group.PEOPLE, _l("Sign-in blocked for a time: wrong passwords")),
    Act.BRANCH_ADDED: Kind(Group.BRANCHES, _l("Branch added")),
    Act.BRANCH_RENAMED: Kind(Group.BRANCHES, _l("Branch renamed")),
    Act.BRANCH_MOVED: Kind(Group.BRANCHES, _l("Branch moved")),
    Act.BRANCH_REMOVED: Kind(Group.BRANCHES, _l("Branch removed")),
    Act.LOOK_CHANGED: Kind(Group.SETTINGS, _l("Name, clock or look changed")),
    Act.WAYS_CHANGED: Kind(Group.SETTINGS, _l("Ways of learning changed")),
    Act.WORDS_CHANGED: Kind(Group.SETTINGS, _l("The organisation’s own words changed")),
    Act.DEMO_PUT_AWAY: Kind(Group.SETTINGS, _l("Demo put away")),
    Act.LOG_SHORTENED: Kind(Group.SETTINGS, _l("Old lines of this log deleted")),
    Act.CLOCK_BELIEVED: Kind(Group.SETTINGS, _l("Server’s clock confirmed after a jump")),
    Act.WORK_TRIED_AGAIN: Kind(Group.SETTINGS, _l("Failed work tried again")),
    Act.RULES_PUBLISHED: Kind(Group.POINTS, _l("Rules of points published")),
    Act.RANKING_CHOSEN: Kind(Group.POINTS, _l("Who sees rankings chosen")),
    Act.POINTS_CORRECTED: Kind(Group.POINTS, _l("Points corrected")),
    Act.REWARDS_SWITCHED: Kind(Group.POINTS, _l("Rewards opened or closed")),
    Act.REWARD_OFFERED: Kind(Group.POINTS, _l("Reward offered")),
    Act.REWARD_CHANGED: Kind(Group.POINTS, _l("Reward changed")),
    Act.REWARD_WITHDRAWN: Kind(Group.POINTS, _l("Reward offered no longer")),
    Act.REWARD_HANDED: Kind(Group.POINTS, _l("Reward handed over")),
    Act.REWARD_REFUSED: Kind(Group.POINTS, _l("Order of a reward cancelled")),
    Act.COURSE_PUBLISHED: Kind(Group.COURSES, _l("Course published")),
    Act.COURSE_WITHDRAWN: Kind(Group.COURSES, _l("Course withdrawn")),
    Act.COURSE_REMOVED: Kind(Group.COURSES, _l("Draft of a course thrown away")),
    Act.COURSE_RESTORED: Kind(Group.COURSES, _l("Draft of a course put back")),
    Act.QUIZ_MARKED_ANEW: Kind(Group.COURSES, _l("Quiz marked anew")),
    Act.QUIZ_MARKING_UNDONE: Kind(Group.COURSES, _l("Marking a quiz anew undone")),
    Act.THEME_REMOVED: Kind(Group.COURSES, _l("Theme removed")),
    Act.RECORDING_REMOVED: Kind(Group.COURSES, _l("Recording removed")),
    Act.PATH_PUBLISHED: Kind(Group.COURSES, _l("Learning path published")),
    Act.PATH_WITHDRAWN: Kind(Group.COURSES, _l("Learning path withdrawn")),
    Act.PRACTICE_OPENED: Kind(Group.COURSES, _l("Questions opened for practice")),
    Act.PRACTICE_CLOSED: Kind(Group.COURSES, _l("Questions closed for practice")),
    Act.POST_HIDDEN: Kind(Group.COURSES, _l("Post hidden")),
    Act.POST_SHOWN: Kind(Group.COURSES, _l("Hidden post shown again")),
    Act.ASSIGNMENT_MADE: Kind(Group.ASSIGNMENTS, _l("Assignment made")),
    Act.ASSIGNMENT_CHANGED: Kind(Group.ASSIGNMENTS, _l("Assignment changed")),
    Act.ASSIGNMENT_WITHDRAWN: Kind(Group.ASSIGNMENTS, _l("Assignment withdrawn")),
    Act.ASSIGNMENT_AGAIN: Kind(Group.ASSIGNMENTS, _l("Withdrawn assignment asked again")),
    Act.MEMBER_EXEMPTED: Kind(Group.ASSIGNMENTS, _l("Member exempted from an assignment")),
    Act.MEMBER_GIVEN_TIME: Kind(Group.ASSIGNMENTS, _l("Member given a later day")),
    Act.RELIEF_ENDED: Kind(Group.ASSIGNMENTS, _l("Exemption or later day taken back")),
    Act.DOCUMENT_REMOVED: Kind(Group.LIBRARY, _l("Document deleted")),
    Act.DOCUMENT_REPLACED: Kind(Group.LIBRARY, _l("New version of a document")),
    Act.COLLECTION_REMOVED: Kind(Group.LIBRARY, _l("Collection deleted")),
    Act.SEARCH_WORDS_KEPT: Kind(Group.LIBRARY, _l("Words for search set")),
    Act.SEARCH_WORDS_REMOVED: Kind(Group.LIBRARY, _l("Words for search removed")),
    Act.CERTIFYING_BEGUN: Kind(Group.CERTIFICATES, _l("Certificate promised for something")),
    Act.CERTIFYING_STOPPED: Kind(Group.CERTIFICATES, _l("Certificate promised no longer")),
    Act.TEMPLATE_SAVED: Kind(Group.CERTIFICATES, _l("Template of certificates saved")),
    Act.TEMPLATE_DROPPED: Kind(Group.CERTIFICATES, _l("Template of certificates deleted")),
    Act.CERTIFICATE_REVOKED: Kind(Group.CERTIFICATES, _l("Certificate revoked")),
    Act.CERTIFICATE_REISSUED: Kind(Group.CERTIFICATES, _l("Certificate issued anew")),
    Act.TABLE_TAKEN: Kind(Group.TAKEN_AWAY, _l("Table taken away")),
}

# What a change is about. Those in HIDDEN are personal: that they changed is kept, not from what.
FIELDS = {
    "name": _l("Name"),
    "username": _l("User name"),
    "branch": _l("Branch"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "role": _l("Role"),
    "role_branch": _l("For the branch"),
    "above": _l("Belongs to"),
    "new": _l("New"),
    "changed": _l("Changed"),
    "new_branches": _l("New branches"),
    "time_zone": _l("Time zone"),
    "colour": _l("Colour"),
    "logo": _l("Logo"),
    "highest_speed": _l("Highest speed, per cent"),
    "discussions": _l("Discussions"),
    "mail_seals": _l("Seals by mail"),
    "word_branch": _l("Word for “branch”"),
    "word_member": _l("Word for “member”"),
    "word_organizer": _l("Word for “organizer”"),
    "minutes": _l("Minutes"),
    "number": _l("Its number"),
    "from_day": _l("Holds from"),
    "ranking": _l("Rankings"),
    "points": _l("Points"),
    "open": _l("Is open"),
    "reward": _l("Reward"),
    "price": _l("Price"),
    "stock": _l("Stock"),
    "most_each": _l("At most per member"),
    "title": _l("Title"),
    "assignment": _l("Assignment"),
    "due": _l("Until (day)"),
    "course": _l("Course"),
    "question": _l("Question"),
    "how": _l("How it was marked"),
    "certificate": _l("Certificate"),
    "months": _l("Months it holds"),
    "format": _l("Format"),
    "lines": _l("Lines"),
    "before_day": _l("Older than"),
    "questions": _l("Questions"),
    "work": _l("Work"),
    "notices_again": _l("Notices sent again"),
}
HIDDEN = frozenset({"email", "phone", "logo"})

# What the worker does, by the kind of its job.
WORK = {
    "media.transcode": _l("Preparing a recording"),
    "media.sweep": _l("Tidying up recordings and uploads"),
    "courses.replace": _l("Putting a new recording into a lesson"),
    "courses.hear": _l("Writing captions from what is said"),
    "library.extract": _l("Reading a document for search"),
    "library.recognise": _l("Recognising text in pictures of a document"),
    "library.cover": _l("Drawing the first page of a document"),
    "library.inbox": _l("Taking documents from the inbox folder"),
    "search.index": _l("Bringing the search index up to date"),
    "search.rebuild": _l("Building the search index anew"),
    "exams.print": _l("Papers on paper"),
    "exams.tidy": _l("Tidying up printed papers"),
    "exams.finish": _l("Handing in exams whose time is over"),
    "exams.reward_quiz": _l("Points for a quiz that waited for an exam"),
    "exams.reward": _l("Points and certificates that waited for an exam"),
    "exams.follow": _l("Telling of changed marks after an exam"),
    "exams.follow_mark": _l("Points and certificates after a mark that waited for an exam"),
    "exams.regrade": _l("Marking a quiz anew"),
    "home.certify": _l("Giving certificates to all who have earned one"),
    "notices.send": _l("Sending mails and messages to devices"),
    "notices.tidy": _l("Removing old notices"),
    "core.tidy_jobs": _l("Removing finished work of long ago"),
    "learning.remind": _l("Reminding members of assignments"),
    "learning.find_paths": _l("Telling search of learning paths"),
    "organisation.month": _l("Sending the report of a month"),
    "organisation.seal": _l("Sending the seal of a day"),
    "points.seal": _l("Sealing the ledger of points"),
    "practice.settle": _l("Settling a duel"),
    "questions.twins": _l("Looking for questions that are alike"),
    "questions.search": _l("Telling search of changed questions"),
    "questions.sweep": _l("Tidying up files that were sent as answers"),
    "members.shorten_log": _l("Deleting old lines of the log of acts"),
}

# Values that have words of their own, by field.
VALUES = {
    "work": WORK,
    "role": {
        "trainer": _l("Trainer"),
        "organizer": _l("Organizer"),
        "administrator": _l("Administrator"),
    },
    "how": {
        "new_key": _l("By the key as it is now"),
        "full_marks": _l("Full marks for everybody"),
        "leave_out": _l("The question left out"),
    },
    "ranking": {
        "off": _l("Nobody"),
        "branch": _l("Within the branch"),
        "everyone": _l("Everybody"),
    },
}


VIA = {
    "page": _l("A visitor"),
    "command": _l("Command line"),
    "worker": _l("Weike itself"),
}
_YES, _NO = _l("Yes"), _l("No")


@dataclass(frozen=True)
class Said:
    """One change in words. `before` is None for a fact, `after` None where only that counts."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.after is None:
            return self.field
        if self.before is None:
            return f"{self.field}: {self.after}"
        return f"{self.field}: {self.before} → {self.after}"


def doer(name: str, via: str) -> str:
    """Who did it: the member, or what acted without one."""
    return name or str(VIA[via])


def kind_words(act: str) -> str:
    """What an act is called; its key, when a newer Weike has written it."""
    return str(KINDS[Act(act)].words) if act in set(Act) else act


def said(changes: Changes) -> list[Said]:
    """The changes of a line, in the language of the reader."""
    found = []
    for field, values in changes.items():
        words = [_worded(field, value) for value in values]
        before = words[0] if len(words) > 1 else None
        found.append(Said(str(FIELDS.get(field, field)), before, words[-1] if words else None))
    return found


def _worded(field: str, value: Any) -> str:
    if value in {None, ""} and not isinstance(value, bool):
        return "–"
    if isinstance(value, bool):
        return str(_YES if value else _NO)
    return str(VALUES.get(field, {}).get(str(value), value))


def differences(before: Changes, after: Changes) -> dict[str, list[Any]]:
    """What differs, as {field: [before, after]}; of hidden fields only that they do: []."""
    return {
        field: [] if field in HIDDEN else [_short(before.get(field)), _short(value)]
        for field, value in after.items()
        if before.get(field) != value
    }


def facts(**values: Any) -> dict[str, list[Any]]:
    """Facts of an act that changed nothing from something: {field: [value]}."""
    return {field: [_short(value)] for field, value in values.items() if value not in {None, ""}}


def _short(value: Any) -> Any:
    return value[:LONGEST_VALUE] if isinstance(value, str) else value


def acts_of(chosen: str) -> frozenset[Act] | None:
    """What a choice of the filter means: a kind, a group, or None for all."""
    if chosen in set(Act):
        return frozenset({Act(chosen)})
    if chosen in set(Group):
        return frozenset(act for act, kind in KINDS.items() if kind.group == chosen)
    return None
