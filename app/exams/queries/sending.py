"""The files that members sent as answers, under the names that they have in an exam's archive."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import reading
from app.exams.models import Attempt, AttemptItem, Evidence, ExamEvent
from app.questions.queries import SentFile, sent_files
from app.questions.types import file

log = logging.getLogger(__name__)

AT_ONCE = 64 * 1024  # bytes of a file that are in memory
HEADER = (
    *("file", "state", "attempt_id", "item_id", "what", "id"),
    *("sent_as", "bytes", "sha256", "sent_at"),
)
WHOLE, GONE, UNREADABLE, CHANGED = "whole", "gone", "unreadable", "changed"
LATER = "later"  # sent while the archive was made, after its files were read


@dataclass(frozen=True)
class Enclosed:
    """One file of one answer; `name` is made of numbers alone, so it is safe and never twice.

    `what` is "answer", "kept_aside" (`id` of the evidence) or "replaced" (`id` of the act).
    """

    name: str
    attempt_id: int
    item_id: int
    what: str
    id: int | None
    sent: SentFile


class Filed(NamedTuple):
    """Where the file of an answer lies in the archive, and whether it is as it was sent."""

    name: str = ""
    state: str = ""


@dataclass
class Enclosing:
    """The files of an exam, read once.

    By their names: `put` has the tokens of those that lie in the archive, `states` what is wrong.
    """

    open: Callable[[str], BinaryIO]  # by token; raises OSError
    versions: Collection[int]  # those that are answered with a file
    put: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def contents(self, parts: Iterable[Sequence[int]]) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(name, content) of each file; what cannot be opened is left out, and in `states`."""
        for each in self.of(parts):
            try:
                opened = self.open(each.sent.token)
            except OSError as error:
                log.warning("file %s of an answer cannot be opened: %s", each.sent.token, error)
                is_gone = isinstance(error, FileNotFoundError)
                self.states[each.name] = GONE if is_gone else UNREADABLE
                continue
            self.put[each.name] = each.sent.token
            yield each.name, self._read(opened, each)

    def _read(self, opened: BinaryIO, each: Enclosed) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with opened:
            try:
                while piece := opened.read(AT_ONCE):
                    digest.update(piece)
                    yield piece
            except OSError as error:
                log.warning("file %s of an answer cannot be read: %s", each.sent.token, error)
                self.states[each.name] = UNREADABLE
                return
        if digest.hexdigest() != each.sent.sha256:
            log.warning("file %s of an answer is not as it was sent", each.sent.token)
            self.states[each.name] = CHANGED

    def of(self, parts: Iterable[Sequence[int]]) -> Iterator[Enclosed]:
        """The files of attempts, some attempts at a time."""
        if not self.versions:
            return
        for part in parts:
            with reading() as session:
                found = list(self._named(session, part))
                known = sent_files(token for *_rest, token in found)
                owner = select(Attempt.id, Attempt.member_id).where(Attempt.id.in_(part))
                owners = {row.id: row.member_id for row in session.execute(owner)}
            for attempt_id, item_id, what, id_, token in found:
                sent = known.get(token)
                # What came too late was never asked whose it is.
                if sent is None or sent.member_id != owners[attempt_id]:
                    continue
                end = "" if what == "answer" else f"-{what}-{id_}"
                name = f"files/{attempt_id}-{item_id}{end}.{sent.ending}"
                yield Enclosed(name, attempt_id, item_id, what, id_, sent)

    def _named(
        self, session: Session, part: Sequence[int]
    ) -> Iterator[tuple[int, int, str, int | None, str]]:
        """(attempt, item, what, id, token) wherever attempts name a file."""
        items = session.execute(
            select(AttemptItem.attempt_id, AttemptItem.id, AttemptItem.response)
            .where(AttemptItem.attempt_id.in_(part))
            .where(AttemptItem.version_id.in_(self.versions))
            .order_by(AttemptItem.attempt_id, AttemptItem.position)
        ).all()
        aside = session.execute(
            select(Evidence.attempt_id, Evidence.id, Evidence.answers)
            .where(Evidence.attempt_id.in_(part))
            .order_by(Evidence.id)
        ).all()
        counted = session.execute(
            select(ExamEvent.attempt_id, ExamEvent.id, ExamEvent.facts)
            .where(ExamEvent.attempt_id.in_(part), ExamEvent.act == "count")
            .order_by(ExamEvent.id)
        ).all()
        mine = {(attempt_id, item_id) for attempt_id, item_id, _response in items}
        for attempt_id, item_id, response in items:
            if token := file.token_of(response or []):
                yield attempt_id, item_id, "answer", None, token
        told = [(*row, "kept_aside") for row in aside]
        told += [(a, e, facts.get("before") or {}, "replaced") for a, e, facts in counted]
        for attempt_id, id_, answers, what in told:
            for item, said in answers.items():
                token = _token_in(said)
                if token and (attempt_id, int(item)) in mine:
                    yield attempt_id, int(item), what, id_, token

    def answers(self, part: Sequence[int]) -> dict[int, Filed]:
        """Where the files lie that answer items, by item."""
        return {each.item_id: self._filed(each) for each in self.of([part]) if not each.id}

    def _filed(self, each: Enclosed) -> Filed:
        is_put = self.put.get(each.name) == each.sent.token
        state = self.states.get(each.name, WHOLE if is_put else LATER)
        return Filed(each.name if is_put else "", state)

    def row(self, each: Enclosed) -> list[Any]:
        """A line of the table of files, see HEADER."""
        sent = each.sent
        return [
            *(*self._filed(each), each.attempt_id, each.item_id),
            *(each.what, each.id, sent.name, sent.size, sent.sha256, sent.sent_at),
        ]


def _token_in(said: Any) -> str:
    texts = [text for text in said or () if isinstance(text, str) and text]
    return file.token_of(texts[:1])
