"""What administrators decide about the organisation as a whole."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from app.certificates import service as certificates
from app.core import colours, jobs, settings, vocabulary
from app.core.vocabulary import Term
from app.courses import service as courses
from app.exams import service as exams
from app.home import queries
from app.home.rules import Task
from app.learning import service as learning
from app.library import service as library
from app.media import service as media
from app.members import queries as members_queries
from app.members import service as members
from app.members.rules.audit import Act, Changes, differences, facts

LOGO = "logo"


@dataclass(frozen=True)
class Logo:
    """The organisation's picture, made anew from what was sent: for the header and for icons."""

    mark: bytes  # WebP, at most 320 × 96
    icon: bytes  # PNG, 512 × 512, on white

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.mark + self.icon).hexdigest()[:20]


def look_at_logo(stream: BinaryIO) -> Logo:
    """Decode a picture that was sent. Touches no database: call it before the first query.

    Raises NotPicture and PictureTooLarge.
    """
    mark, icon = media.logo(stream)
    return Logo(mark, icon)


def choose_look(
    *, name: str, time_zone: str, colour: str, logo: Logo | None, drop_logo: bool = False
) -> colours.Brand | None:
    """Set name, clock, colour and logo; returns the brand when the colour had to be corrected.

    `colour` is one that the form has accepted; `logo=None` keeps the present one.
    """
    brand = colours.readable(colours.parsed(colour) or (0.0, 0.0, 0.0))
    before = settings.organisation()
    digest = "" if drop_logo else before.logo
    if logo is not None:
        digest = logo.digest
        settings.store(LOGO, {"mark": _text(logo.mark), "icon": _text(logo.icon)})
    _name_root(name)
    now = settings.Organisation.of(settings.stored(settings.ORGANISATION))
    _set(
        Act.LOOK_CHANGED,
        now,
        replace(
            now,
            name=" ".join(name.split()),
            time_zone=time_zone,
            colour=brand.seed,
            logo=digest,
        ),
    )
    return brand if brand.is_corrected else None


def _name_root(name: str) -> None:
    """The branch above all others was named after the organisation: it still is, unless renamed."""
    root = members_queries.root_branch()
    if root is not None and root.name == settings.name():
        members.rename_branch(root.id, name)


def choose_ways(*, highest_speed: int, discussions: bool, mail_seals: bool) -> None:
    """Set how people learn here: the highest speed (per cent), whether there are discussions,
    and whether seals are sent."""
    now = settings.Organisation.of(settings.stored(settings.ORGANISATION))
    _set(
        Act.WAYS_CHANGED,
        now,
        replace(now, highest_speed=highest_speed, discussions=discussions, mail_seals=mail_seals),
    )


def choose_words(words: dict[str, Term]) -> None:
    """Set the organisation's own words; their Traditional Chinese is derived."""
    full = {
        name: replace(term, zh_hant=_traditional().convert(term.zh_hans))
        for name, term in words.items()
        if any((term.en, term.zh_hans))
    }
    now = settings.Organisation.of(settings.stored(settings.ORGANISATION))
    _set(Act.WORDS_CHANGED, now, replace(now, words=full))


def _set(act: Act, before: settings.Organisation, after: settings.Organisation) -> None:
    """Set the organisation's settings, and write into the log what has changed."""
    settings.set_organisation(after)
    changes = differences(_seen(before), _seen(after))
    if changes:
        members.record(act, changes=changes)


def _seen(value: settings.Organisation) -> dict[str, Any]:
    stored = value.as_stored()
    words = stored.pop("words")
    own = {f"word_{key}": _term(Term(**words.get(key, {}))) for key in vocabulary.OURS}
    return {**stored, **own}


def _term(term: Term) -> str:
    return " / ".join(word for word in (term.zh_hans, term.en) if word)


def stored_logo(digest: str) -> Logo | None:
    """The picture with this digest; None when another one (or none) is set."""
    value: dict[str, Any] = settings.stored(LOGO)
    if not value:
        return None
    logo = Logo(base64.b64decode(value["mark"]), base64.b64decode(value["icon"]))
    return logo if logo.digest == digest else None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@cache
def _traditional() -> Any:
    from opencc import OpenCC

    return OpenCC("s2twp")


# --- setting up -----------------------------------------------------------------------------------


def skip(task: Task) -> None:
    """Leave a step of the setting up out; it can be done at any time all the same."""
    noted = settings.stored(queries.SET_UP)
    skipped = {*noted.get("skipped", []), task.value}
    settings.store(queries.SET_UP, {**noted, "skipped": sorted(skipped)})


def keep_demo() -> None:
    """Keep what the demo brought; nobody is asked again."""
    settings.store(queries.SET_UP, {**settings.stored(queries.SET_UP), "demo": "kept"})


def put_demo_away(instance: Path, *, besides: int) -> None:
    """Withdraw the demo's courses and exams, remove its documents and disable its members but one.

    The ledger keeps its entries: nothing in it is ever edited. Courses and members can be taken
    out again on the desk and in the administration; documents are gone.
    """
    people = queries.demo_members(instance)
    for course_id in queries.demo_courses(people):
        courses.withdraw(course_id)
    for exam_id in queries.demo_exams(people):
        exams.withdraw(exam_id, actor_id=besides)
    for document_id in queries.demo_documents(people):
        library.remove(document_id)
    for member_id in people:
        if member_id != besides:
            members.disable(member_id)
    settings.store(queries.SET_UP, {**settings.stored(queries.SET_UP), "demo": "put away"})
    members.record(Act.DEMO_PUT_AWAY)


# --- certificates ---------------------------------------------------------------------------------

CERTIFIED_AT_ONCE = 100  # members in one transaction of the job


def certify(*, kind: str, subject_id: int, template_id: int, months: int | None) -> None:
    """Certify something from now on, also to those who have done it already (by a job)."""
    certificates.offer(kind=kind, subject_id=subject_id, template_id=template_id, months=months)
    _record_certifying(Act.CERTIFYING_BEGUN, kind, subject_id, facts(months=months))
    jobs.enqueue(
        "home.certify", key=f"home.certify:{kind}:{subject_id}", kind_=kind, subject_id=subject_id
    )


def stop_certifying(*, kind: str, subject_id: int) -> None:
    """Certify something no longer."""
    certificates.stop_offering(kind=kind, subject_id=subject_id)
    _record_certifying(Act.CERTIFYING_STOPPED, kind, subject_id)


def _record_certifying(
    act: Act, kind: str, subject_id: int, changes: Changes | None = None
) -> None:
    things = queries.certifiable(all_=True)
    titles = (each.title for each in things if (each.kind, each.id) == (kind, subject_id))
    members.record(act, thing=(kind, subject_id), name=next(titles, ""), changes=changes)


def certify_due(kind: str, subject_id: int, *, after: int) -> int | None:
    """Certificates for some of those who have done it; the id to go on after, None at the end."""
    if kind == "exam":
        return exams.reward_due(subject_id, most=CERTIFIED_AT_ONCE, after=after)
    return learning.certify_due(kind, subject_id, most=CERTIFIED_AT_ONCE, after=after)
